package api_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/gin-gonic/gin"

	"sotto.chat/catalog"
	"sotto.chat/channels"
	"sotto.chat/internal/database"
	"sotto.chat/internal/testkit"
	"sotto.chat/lessons"
	"sotto.chat/merchants"
	"sotto.chat/web/api"
	"sotto.chat/web/door"
	"sotto.chat/web/webtest"
)

// What was not understood is listed without words, opened one by one, and taught only when somebody accepts it.
func TestLessonsOverREST(t *testing.T) {
	testkit.Both(t, func(t *testing.T, db *database.DB, clock *testkit.Clock) {
		var taught *lessons.Lessons
		s := webtest.Open(t, db, clock, func(s *webtest.Shop) { taught = lessons.New(s.DB, s.Keys, s.Catalog, s.Inbox, s.Desk) })
		api.Mount(s.Router, []gin.HandlerFunc{door.Keyed(testkit.Log(t), s.Merchants)}, api.Rooms{DB: db, Log: testkit.Log(t), PublicURL: s.URL, Keys: s.Keys,
			Merchants: s.Merchants, Customers: s.People, Catalog: s.Catalog, Channels: s.Channels, Payments: s.Payments, Orders: s.Orders, Inbox: s.Inbox, Lessons: taught})
		c := caller{s}
		s.Must(db.InTx(t.Context(), func(tx database.Tx) error {
			_, err := s.Catalog.Create(tx, s.Merchant.ID, catalog.NewProduct{SKU: "COLA", Name: "cola", Price: 250, Currency: "EUR"})
			return err
		}))
		var first string
		for i, text := range []string{"a fizzy brown thing", "what is this", "gone"} {
			con, m, err := s.Inbox.HearWeb(t.Context(), s.Merchant.ID, "visitor-"+string(rune('a'+i)), channels.Incoming{Kind: channels.KindMessage, DedupKey: "m" + string(rune('a'+i)), Text: text, At: db.Now()})
			s.Must(err)
			s.Must(db.InTx(t.Context(), func(tx database.Tx) error { return taught.Note(tx, s.Merchant.ID, con.ID, m.ID, lessons.Unread, "en") }))
			if first == "" {
				first = con.ID
			}
		}
		type entry struct{ ID, Conversation, Why, Meant string }
		var page struct {
			Data []entry
			Next *string
		}
		status, raw := c.call("GET", "/v1/misunderstood?limit=2", "", &page)
		if status != 200 || len(page.Data) != 2 || page.Next == nil || strings.Contains(raw, "gone") || strings.Contains(raw, "fizzy") {
			t.Fatal(status, raw)
		}
		next := *page.Next
		page.Data, page.Next = nil, nil
		if status, raw = c.call("GET", "/v1/misunderstood?limit=2&after="+next, "", &page); status != 200 || len(page.Data) != 1 || page.Next != nil || page.Data[0].Conversation != first {
			t.Fatal(status, raw)
		}
		mine := "/v1/misunderstood/" + page.Data[0].ID
		if status, raw = c.call("GET", mine+"/message", "", nil); status != 200 || !strings.Contains(raw, "a fizzy brown thing") {
			t.Error(status, raw)
		}
		if status, raw = c.call("POST", mine+"/meant", `{"as":"product","target":"COLA","words":"fizzy brown 12"}`, nil); status != 200 || !strings.Contains(raw, `"meant":"product"`) {
			t.Error(status, raw)
		}
		if status, raw = c.call("POST", mine+"/meant", `{"as":"nothing"}`, nil); status != http.StatusConflict {
			t.Error(status, raw)
		}
		if _, raw = c.call("GET", "/v1/misunderstood?open=true", "", nil); strings.Contains(raw, page.Data[0].ID) {
			t.Error("what is settled is still open", raw)
		}
		var list struct{ Data []struct{ ID, Words string } }
		if status, raw = c.call("GET", "/v1/suggestions", "", &list); status != 200 || len(list.Data) != 1 || list.Data[0].Words != "fizzy brown" {
			t.Fatal(status, raw)
		}
		var agent string
		s.Must(db.InTx(t.Context(), func(tx database.Tx) (err error) {
			_, agent, err = s.Merchants.NewKey(tx, s.Merchant.ID, "agent", merchants.Agent, nil)
			return err
		}))
		accept, owner := "/v1/suggestions/"+list.Data[0].ID+"/accept", s.APIKey
		s.APIKey = agent
		if status, raw = c.call("POST", accept, "", nil); status != http.StatusForbidden {
			t.Error("an agent taught the bot", status, raw)
		}
		s.APIKey = owner
		if status, raw = c.call("POST", accept, "", nil); status != 200 || !strings.Contains(raw, `"state":"accepted"`) {
			t.Error(status, raw)
		}
		if p, err := s.Catalog.BySKU(t.Context(), s.Merchant.ID, "COLA"); err != nil || len(p.Synonyms) != 1 || p.Synonyms[0] != "fizzy brown" {
			t.Error(p.Synonyms, err)
		}
		if status, _ = c.call("GET", "/v1/misunderstood/mis_nothing/message", "", nil); status != http.StatusNotFound {
			t.Error(status)
		}
		if status, raw = c.call("POST", "/v1/questions/import", `{"markdown":"## Do you deliver?\n\nYes.","dry_run":true}`, nil); status != 200 || !strings.Contains(raw, `"becomes":"created"`) {
			t.Error(status, raw)
		}
		if _, raw = c.call("GET", "/v1/questions", "", nil); strings.Contains(raw, "deliver") {
			t.Error("a dry run has changed something", raw)
		}
		if status, raw = c.call("POST", "/v1/questions/import", `{"html":"<h2>Do you deliver?</h2><p>Yes.</p>"}`, nil); status != 200 {
			t.Error(status, raw)
		}
		if status, raw = c.call("POST", "/v1/questions/import", `{"url":"http://127.0.0.1:1/"}`, nil); status != http.StatusBadGateway {
			t.Error(status, raw)
		}
		if status, raw = c.call("POST", "/v1/questions/import", `{}`, nil); status != 422 || !strings.Contains(raw, "one_page") {
			t.Error(status, raw)
		}
		var kept struct{ ID string }
		for _, answer := range []string{"At nine.", "At ten."} {
			if status, raw = c.call("POST", "/v1/questions", `{"code":"OPEN","answer":"`+answer+`","examples":["when do you open"]}`, &kept); status != 201 {
				t.Error(status, raw)
			}
		}
		if _, raw = c.call("GET", "/v1/questions", "", nil); strings.Contains(raw, "At nine.") || !strings.Contains(raw, "At ten.") || !strings.Contains(raw, "Do you deliver?") {
			t.Error(raw)
		}
		if status, raw = c.call("DELETE", "/v1/questions/"+kept.ID, "", nil); status != 204 {
			t.Error(status, raw)
		}
	})
}
