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

// Staff open the words of one message, say what it meant, and teach it, with three buttons.
func TestLessonsInTheConsole(t *testing.T) {
	testkit.Both(t, func(t *testing.T, db *database.DB, clock *testkit.Clock) {
		var taught *lessons.Lessons
		s := webtest.Open(t, db, clock, func(s *webtest.Shop) { taught = lessons.New(s.DB, s.Keys, s.Catalog, s.Inbox, s.Desk) })
		console.Mount(s.Router, console.Deps{DB: db, Inbox: s.Inbox, Orders: s.Orders, Payments: s.Payments, Customers: s.People, Merchants: s.Merchants, Hub: s.Hub,
			Catalog: s.Catalog, Lessons: taught, PublicURL: s.URL, Log: testkit.Log(t)})
		b := &browser{s, newClient(s)}
		b.login(s.APIKey)
		s.Must(db.InTx(t.Context(), func(tx database.Tx) error {
			_, err := s.Catalog.Create(tx, s.Merchant.ID, catalog.NewProduct{SKU: "COLA", Name: "cola", Price: 250, Currency: "EUR"})
			return err
		}))
		con, m, err := s.Inbox.HearWeb(t.Context(), s.Merchant.ID, "visitor", channels.Incoming{Kind: channels.KindMessage, DedupKey: "m", Text: "a <fizzy> thing", At: db.Now()})
		s.Must(err)
		s.Must(db.InTx(t.Context(), func(tx database.Tx) error { return taught.Note(tx, s.Merchant.ID, con.ID, m.ID, lessons.Unread, "en") }))
		list, _, err := taught.List(t.Context(), s.Merchant.ID, "", true, 10)
		s.Must(err)
		path := "/console/lessons/" + list[0].ID
		if p := b.get("/console/lessons"); p.status != 200 || strings.Contains(p.body, "fizzy") || !strings.Contains(p.body, path+"/open") {
			t.Error(p.status, p.body)
		}
		same := []string{"Sec-Fetch-Site", "same-origin"}
		if p := b.post(path+"/open", nil, same...); p.status != 200 || !strings.Contains(p.body, "a &lt;fizzy&gt; thing") || !strings.Contains(p.body, `value="COLA"`) {
			t.Error(p.status, p.body)
		}
		if looks, err := s.Keys.Looks(t.Context(), s.Merchant.ID, privacy.ConversationSubject(con.ID), 10); err != nil || len(looks) != 1 {
			t.Error(looks, err)
		}
		if p := b.post(path+"/meant", url.Values{"as": {"product"}, "sku": {"COLA"}, "words": {"fizzy"}}, same...); p.path != "/console/lessons" || !strings.Contains(p.body, "fizzy") || !strings.Contains(p.body, "Everything was understood") {
			t.Error(p.path, p.body)
		}
		offers, _, err := taught.Suggestions(t.Context(), s.Merchant.ID, "", 10)
		s.Must(err)
		if p := b.post("/console/lessons/suggestions/"+offers[0].ID+"/accept", nil, same...); p.status != 200 || strings.Contains(p.body, "fizzy") {
			t.Error(p.status, p.body)
		}
		if p, err := s.Catalog.BySKU(t.Context(), s.Merchant.ID, "COLA"); err != nil || len(p.Synonyms) != 1 {
			t.Error(p.Synonyms, err)
		}
		if p := b.post("/console/lessons/suggestions/"+offers[0].ID+"/accept", nil, "Sec-Fetch-Site", "cross-site"); p.status != 403 {
			t.Error(p.status)
		}
		if p := b.post("/console/questions", url.Values{"code": {"OPEN"}, "answer": {"At <nine>."}, "examples": {"when do you open\r\nfrom when\r\n"}}, same...); p.status != 200 || !strings.Contains(p.body, "At &lt;nine&gt;.") || !strings.Contains(p.body, "<li>from when</li>") {
			t.Error(p.status, p.body)
		}
		faq := url.Values{"text": {"## Do you deliver?\n\nYes."}, "do": {"look"}}
		if p := b.post("/console/questions/import", faq, same...); p.status != 200 || !strings.Contains(p.body, "Take them") || !strings.Contains(p.body, "created") {
			t.Error(p.status, p.body)
		}
		faq.Set("do", "take")
		if p := b.post("/console/questions/import", faq, same...); p.path != "/console/questions" || !strings.Contains(p.body, "<li>Do you deliver?</li>") {
			t.Error(p.status, p.body)
		}
	})
}
