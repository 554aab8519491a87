package console_test

import (
	"context"
	"net/url"
	"strings"
	"testing"

	"sotto.chat/internal/database"
	"sotto.chat/internal/testkit"
	"sotto.chat/lessons"
	"sotto.chat/web/console"
	"sotto.chat/web/webtest"
)

// A message is tried without a trace: not in an address, not in the session, not in the page of the next look.
func TestAMessageIsTried(t *testing.T) {
	testkit.Both(t, func(t *testing.T, db *database.DB, clock *testkit.Clock) {
		s := webtest.Open(t, db, clock)
		var asked []string
		console.Mount(s.Router, console.Deps{DB: db, Inbox: s.Inbox, Orders: s.Orders, Payments: s.Payments, Customers: s.People, Merchants: s.Merchants, Hub: s.Hub,
			PublicURL: s.URL, Log: testkit.Log(t),
			Try: func(_ context.Context, merchant, text, locale, open string) (lessons.Trial, error) {
				asked = append(asked, merchant, text, locale, open)
				return lessons.Trial{Language: "en", Confidence: 0.5, Unread: []string{"<b>"}, Why: []string{"Because of <i>."},
					Actions: []lessons.TrialDeed{{Kind: "show_cart", Deed: `{"kind":"show_cart"}`}}, Stretches: []lessons.Stretch{{Text: "two", Meaning: "number 2", Weight: 0.9, Chosen: true}},
					Others: []lessons.TrialDeed{{Kind: "clear_cart", Deed: `[{"kind":"clear_cart"}]`, Weight: 0.21}}, Asks: true}, nil
			}})
		b := &browser{s, newClient(s)}
		if p := b.get("/console/try"); p.path != "/console/login?next=%2Fconsole%2Ftry" {
			t.Error(p.path)
		}
		b.login(s.APIKey)
		if p := b.get("/console/try"); p.status != 200 || !strings.Contains(p.body, "<textarea") || !strings.Contains(p.body, `for="text"`) {
			t.Error(p.status, p.body)
		}
		p := b.post("/console/try", url.Values{"text": {"a very private thing"}, "locale": {"en"}, "asked": {"nonsense"}}, "Sec-Fetch-Site", "same-origin")
		for _, want := range []string{"show cart", "number 2", "0.90", "Because of &lt;i&gt;.", "It could also mean", "clear cart", "(0.21)", "The bot asks", "&lt;b&gt;", "a very private thing"} {
			if !strings.Contains(p.body, want) {
				t.Errorf("no %q in %s", want, p.body)
			}
		}
		if want := []string{s.Merchant.ID, "a very private thing", "en", "none"}; strings.Join(asked, "|") != strings.Join(want, "|") {
			t.Error(asked)
		}
		if p.path != "/console/try" || p.header.Get("Cache-Control") != "no-store" || strings.Contains(b.get("/console/try").body, "private") {
			t.Error("what was typed is kept", p.path, p.header)
		}
		if p := b.post("/console/try", url.Values{"text": {strings.Repeat("x", 4001)}}, "Sec-Fetch-Site", "same-origin"); p.status != 422 {
			t.Error(p.status)
		}
		if p := b.post("/console/try", url.Values{"text": {"x"}}, "Sec-Fetch-Site", "cross-site"); p.status != 403 {
			t.Error(p.status)
		}
	})
}
