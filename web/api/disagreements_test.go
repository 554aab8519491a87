package api_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/gin-gonic/gin"

	"sotto.chat/channels"
	"sotto.chat/internal/database"
	"sotto.chat/internal/testkit"
	"sotto.chat/lessons"
	"sotto.chat/merchants"
	"sotto.chat/privacy"
	"sotto.chat/web/api"
	"sotto.chat/web/door"
	"sotto.chat/web/webtest"
)

// Where two readings differ is listed without words, filtered, counted, opened one by one, and judged; it needs the rights of the talk.
func TestDisagreementsOverREST(t *testing.T) {
	testkit.Both(t, func(t *testing.T, db *database.DB, clock *testkit.Clock) {
		var taught *lessons.Lessons
		s := webtest.Open(t, db, clock, func(s *webtest.Shop) { taught = lessons.New(s.DB, s.Keys, s.Catalog, s.Inbox, s.Desk) })
		api.Mount(s.Router, []gin.HandlerFunc{door.Keyed(testkit.Log(t), s.Merchants)}, api.Rooms{DB: db, Log: testkit.Log(t), PublicURL: s.URL, Keys: s.Keys,
			Merchants: s.Merchants, Customers: s.People, Catalog: s.Catalog, Channels: s.Channels, Payments: s.Payments, Orders: s.Orders, Inbox: s.Inbox, Lessons: taught})
		c := caller{s}
		if status, raw := c.call("GET", "/v1/settings", "", nil); status != 200 || !strings.Contains(raw, `"llm_shadow":false`) {
			t.Error(status, raw)
		}
		if status, raw := c.call("PATCH", "/v1/settings", `{"llm_shadow":true}`, nil); status != 200 || !strings.Contains(raw, `"llm_shadow":true`) {
			t.Error(status, raw)
		}
		con, m, err := s.Inbox.HearWeb(t.Context(), s.Merchant.ID, "visitor", channels.Incoming{Kind: channels.KindMessage, DedupKey: "m", Text: "the fizzy one", At: db.Now()})
		s.Must(err)
		compared := func(message, acted, kind string, same bool) {
			s.Must(db.InTx(t.Context(), func(tx database.Tx) error {
				return taught.Compared(tx, lessons.Comparison{SecondDue: lessons.SecondDue{Merchant: s.Merchant.ID, Conversation: con.ID, Message: message}, Acted: acted, Kind: kind, Language: "en", Same: same,
					Twice: lessons.Twice{Embedded: []lessons.TrialDeed{{Kind: "add", Deed: `{"kind":"add","note":"fizzy"}`}}, Model: []lessons.TrialDeed{{Kind: "help", Deed: `{"kind":"help"}`}}}})
			}))
		}
		compared(m.ID, lessons.ByEmbedded, "add", false)
		compared("msg_2", lessons.ByModel, "search", false)
		compared("msg_3", lessons.ByModel, "search", false)
		compared("msg_3", lessons.ByModel, "search", false)
		compared("msg_4", lessons.ByEmbedded, "add", true)
		var page struct {
			Data []struct{ ID, Message, Acted, Kind string }
			Next *string
		}
		status, raw := c.call("GET", "/v1/disagreements?limit=2", "", &page)
		if status != 200 || len(page.Data) != 2 || page.Next == nil || page.Data[0].Message != "msg_3" || strings.Contains(raw, "fizzy") {
			t.Fatal(status, raw)
		}
		next := *page.Next
		page.Data, page.Next = nil, nil
		if status, raw = c.call("GET", "/v1/disagreements?limit=2&after="+next, "", &page); status != 200 || len(page.Data) != 1 || page.Next != nil || page.Data[0].Message != m.ID {
			t.Fatal(status, raw)
		}
		mine := "/v1/disagreements/" + page.Data[0].ID
		for query, want := range map[string]int{"acted=model": 2, "acted=embedded": 1, "kind=search": 2, "kind=add": 1, "kind=help": 0, "open=true": 3} {
			page.Data = nil
			if status, raw = c.call("GET", "/v1/disagreements?"+query, "", &page); status != 200 || len(page.Data) != want {
				t.Error(query, status, raw)
			}
		}
		if status, raw = c.call("GET", "/v1/disagreements?after=mis_1", "", nil); status != 422 {
			t.Error(status, raw)
		}
		if status, raw = c.call("GET", "/v1/disagreements/counts?days=1", "", nil); status != 200 || !strings.Contains(raw, `{"kind":"add","agreed":1,"differed":1,"unanswered":0},{"kind":"search","agreed":0,"differed":2,"unanswered":0}`) {
			t.Error(status, raw)
		}
		if status, raw = c.call("GET", mine+"/readings", "", nil); status != 200 || !strings.Contains(raw, "the fizzy one") || !strings.Contains(raw, `"embedded":[{"kind":"add","action":{"kind":"add","note":"fizzy"}}]`) {
			t.Error(status, raw)
		}
		if looks, err := s.Keys.Looks(t.Context(), s.Merchant.ID, privacy.ConversationSubject(con.ID), 10); err != nil || len(looks) != 1 {
			t.Error("the look is not written down", looks, err)
		}
		owner := s.APIKey
		s.Must(db.InTx(t.Context(), func(tx database.Tx) (err error) {
			_, s.APIKey, err = s.Merchants.NewKey(tx, s.Merchant.ID, "reader", merchants.ReadOnly, nil)
			return err
		}))
		if status, raw = c.call("POST", mine+"/judge", `{"right":"model"}`, nil); status != http.StatusForbidden {
			t.Error("one who may only read has judged", status, raw)
		}
		s.APIKey = owner
		var judged struct{ Right, Misunderstood string }
		if status, raw = c.call("POST", mine+"/judge", `{"right":"model"}`, &judged); status != 200 || judged.Right != "model" || judged.Misunderstood == "" {
			t.Fatal(status, raw)
		}
		if status, raw = c.call("POST", mine+"/judge", `{"right":"model"}`, nil); status != http.StatusConflict {
			t.Error(status, raw)
		}
		if status, raw = c.call("GET", "/v1/misunderstood?open=true", "", nil); status != 200 || !strings.Contains(raw, judged.Misunderstood) || !strings.Contains(raw, `"why":"disagreed"`) {
			t.Error(status, raw)
		}
		if status, raw = c.call("POST", "/v1/misunderstood/"+judged.Misunderstood+"/meant", `{"as":"nothing"}`, nil); status != 200 {
			t.Error(status, raw)
		}
		s.Must(db.InTx(t.Context(), func(tx database.Tx) error {
			return s.Keys.Destroy(tx, s.Merchant.ID, privacy.ConversationSubject(con.ID))
		}))
		if status, raw = c.call("GET", mine+"/readings", "", nil); status != http.StatusNotFound || strings.Contains(raw, "fizzy") {
			t.Error("readable without the key", status, raw)
		}
	})
}
