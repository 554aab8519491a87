package console_test

import (
	"context"
	"net/url"
	"strings"
	"testing"

	"sotto.chat/internal/database"
	"sotto.chat/internal/testkit"
	"sotto.chat/rehearsals"
	"sotto.chat/web/console"
	"sotto.chat/web/webtest"
)

// The page tells what has changed, and keeps and removes conversations.
func TestRehearsalsInTheConsole(t *testing.T) {
	testkit.Both(t, func(t *testing.T, db *database.DB, clock *testkit.Clock) {
		var room *rehearsals.Rehearsals
		s := webtest.Open(t, db, clock, func(s *webtest.Shop) {
			room = rehearsals.New(s.DB, s.Keys, s.Desk, testkit.Log(t), rehearsals.Stage{Check: func(string, string) error { return nil },
				Play: func(_ context.Context, _ string, own []rehearsals.Script) (out []rehearsals.Outcome, _ int64, _ error) {
					for _, o := range own {
						out = append(out, rehearsals.Outcome{Name: o.Name, Outcome: rehearsals.Failed, Line: 2, Step: "cart: <i>", Message: "it is: empty", Talk: "bot: <u>"})
					}
					return out, 1, nil
				}})
		})
		console.Mount(s.Router, console.Deps{DB: db, Inbox: s.Inbox, Orders: s.Orders, Payments: s.Payments, Customers: s.People, Merchants: s.Merchants, Hub: s.Hub,
			Rehearsals: room, PublicURL: s.URL, Log: testkit.Log(t)})
		b := &browser{s, newClient(s)}
		b.login(s.APIKey)
		if p := b.get("/console/rehearsals"); p.status != 200 || !strings.Contains(p.body, "There was no rehearsal yet") {
			t.Error(p.status, p.body)
		}
		same := []string{"Sec-Fetch-Site", "same-origin"}
		if p := b.post("/console/rehearsals", nil, same...); !strings.Contains(p.body, "Nothing has changed") {
			t.Error(p.status, p.body)
		}
		if p := b.post("/console/rehearsals/scripts", url.Values{"name": {"mine"}, "text": {"customer: a\r\ncart: b"}}, same...); p.status != 200 || !strings.Contains(p.body, "customer: a\ncart: b") {
			t.Error(p.status, p.body)
		}
		if p := b.post("/console/rehearsals", nil, same...); !strings.Contains(p.body, "not there → failed") || !strings.Contains(p.body, "cart: &lt;i&gt;") || !strings.Contains(p.body, "bot: &lt;u&gt;") {
			t.Error(p.status, p.body)
		}
		kept, err := room.Scripts(t.Context(), s.Merchant.ID)
		s.Must(err)
		if p := b.post("/console/rehearsals/scripts/"+kept[0].ID+"/remove", nil, same...); p.status != 200 || !strings.Contains(p.body, "None yet") {
			t.Error(p.status, p.body)
		}
	})
}
