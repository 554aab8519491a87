package console_test

import (
	"net/url"
	"strings"
	"testing"

	"sotto.chat/catalog"
	"sotto.chat/channels"
	"sotto.chat/internal/database"
	"sotto.chat/internal/testkit"
	"sotto.chat/lessons"
	"sotto.chat/privacy"
	"sotto.chat/web/console"
	"sotto.chat/web/webtest"
)

// Staff open both readings of one message, and with one click go on to say what it meant.
func TestDisagreementsInTheConsole(t *testing.T) {
	testkit.Both(t, func(t *testing.T, db *database.DB, clock *testkit.Clock) {
		var taught *lessons.Lessons
		s := webtest.Open(t, db, clock, func(s *webtest.Shop) { taught = lessons.New(s.DB, s.Keys, s.Catalog, s.Inbox, s.Desk) })
		console.Mount(s.Router, console.Deps{DB: db, Inbox: s.Inbox, Orders: s.Orders, Payments: s.Payments, Customers: s.People, Merchants: s.Merchants, Hub: s.Hub,
			Catalog: s.Catalog, Lessons: taught, PublicURL: s.URL, Log: testkit.Log(t)})
		b := &browser{s, newClient(s)}
		b.login(s.APIKey)
		con, m, err := s.Inbox.HearWeb(t.Context(), s.Merchant.ID, "visitor", channels.Incoming{Kind: channels.KindMessage, DedupKey: "m", Text: "a <fizzy> thing", At: db.Now()})
		s.Must(err)
		s.Must(db.InTx(t.Context(), func(tx database.Tx) error {
			for _, sku := range []string{"APPLE", "COLA"} {
				if _, err := s.Catalog.Create(tx, s.Merchant.ID, catalog.NewProduct{SKU: sku, Name: strings.ToLower(sku), Price: 250, Currency: "EUR"}); err != nil {
					return err
				}
			}
			return taught.Compared(tx, lessons.Comparison{SecondDue: lessons.SecondDue{Merchant: s.Merchant.ID, Conversation: con.ID, Message: m.ID}, Acted: lessons.ByEmbedded, Kind: "add", Language: "en",
				Twice: lessons.Twice{Embedded: []lessons.TrialDeed{{Kind: "search", Deed: `{"kind":"search","query":"<fizzy>"}`}}, Model: []lessons.TrialDeed{{Kind: "add", Deed: `{"kind":"add","sku":"COLA"}`}}}})
		}))
		list, _, err := taught.Disagreements(t.Context(), s.Merchant.ID, lessons.DisagreementFilter{Limit: 10})
		s.Must(err)
		path := "/console/disagreements/" + list[0].ID
		if p := b.get("/console/disagreements?kind=add"); p.status != 200 || strings.Contains(p.body, "fizzy") || !strings.Contains(p.body, path+"/open?kind=add") || !strings.Contains(p.body, "llm_shadow") || !strings.Contains(p.body, "Agreed") {
			t.Error(p.status, p.body)
		}
		if p := b.get("/console/disagreements?kind=help"); p.status != 200 || strings.Contains(p.body, path) {
			t.Error(p.status, p.body)
		}
		same := []string{"Sec-Fetch-Site", "same-origin"}
		if p := b.post(path+"/open?kind=add", nil, same...); p.status != 200 || !strings.Contains(p.body, "a &lt;fizzy&gt; thing") || strings.Contains(p.body, "<fizzy>") || !strings.Contains(p.body, `name="target" value="COLA"`) {
			t.Error(p.status, p.body)
		}
		if looks, err := s.Keys.Looks(t.Context(), s.Merchant.ID, privacy.ConversationSubject(con.ID), 10); err != nil || len(looks) != 1 {
			t.Error(looks, err)
		}
		if p := b.post(path+"/judge", url.Values{"right": {"model"}, "target": {"COLA"}}, "Sec-Fetch-Site", "cross-site"); p.status != 403 {
			t.Error(p.status)
		}
		if p := b.post(path+"/judge", url.Values{"right": {"model"}, "target": {"COLA"}}, same...); p.status != 200 || !strings.Contains(p.body, "This product") || !strings.Contains(p.body, `value="COLA" selected`) || strings.Contains(p.body, `value="APPLE" selected`) {
			t.Error(p.status, p.body)
		}
		if p := b.get("/console/disagreements"); p.status != 200 || strings.Contains(p.body, path) || !strings.Contains(p.body, "somebody has said who was right") {
			t.Error(p.status, p.body)
		}
	})
}
