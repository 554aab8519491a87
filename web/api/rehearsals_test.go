package api_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/gin-gonic/gin"

	"sotto.chat/internal/database"
	"sotto.chat/internal/testkit"
	"sotto.chat/rehearsals"
	"sotto.chat/web/api"
	"sotto.chat/web/door"
	"sotto.chat/web/webtest"
)

// Written conversations are kept, played and told of, over REST.
func TestRehearsalsOverREST(t *testing.T) {
	testkit.Both(t, func(t *testing.T, db *database.DB, clock *testkit.Clock) {
		var room *rehearsals.Rehearsals
		s := webtest.Open(t, db, clock, func(s *webtest.Shop) {
			room = rehearsals.New(s.DB, s.Keys, s.Desk, testkit.Log(t), rehearsals.Stage{
				Check: func(_, body string) error {
					if body == "bad" {
						return errors.New("mine:1: nobody knows what it means")
					}
					return nil
				},
				Play: func(_ context.Context, _ string, own []rehearsals.Script) ([]rehearsals.Outcome, int64, error) {
					out := []rehearsals.Outcome{{Name: "buy", Outcome: rehearsals.Passed}}
					for _, o := range own {
						out = append(out, rehearsals.Outcome{Name: o.Name, Outcome: rehearsals.Failed, Line: 2, Step: "cart: 2 <b>", Message: "it is: empty"})
					}
					return out, 1, nil
				}})
		})
		rooms := api.Rooms{DB: db, Log: testkit.Log(t), PublicURL: s.URL, Keys: s.Keys, Merchants: s.Merchants, Customers: s.People, Catalog: s.Catalog,
			Channels: s.Channels, Payments: s.Payments, Orders: s.Orders, Inbox: s.Inbox, Rehearsals: room}
		api.Mount(s.Router, []gin.HandlerFunc{door.Keyed(testkit.Log(t), s.Merchants)}, rooms)
		c := caller{s}
		if status, raw := c.call("POST", "/v1/rehearsals", "", nil); status != 201 || !strings.Contains(raw, `"changes":[]`) {
			t.Error(status, raw)
		}
		if status, raw := c.call("POST", "/v1/conversation_tests", `{"name":"mine","text":"bad"}`, nil); status != 422 || !strings.Contains(raw, "mine:1") {
			t.Error(status, raw)
		}
		var kept struct{ ID string }
		if status, raw := c.call("POST", "/v1/conversation_tests", `{"name":"mine","text":"customer: hi"}`, &kept); status != 201 {
			t.Error(status, raw)
		}
		if status, raw := c.call("GET", "/v1/conversation_tests", "", nil); status != 200 || !strings.Contains(raw, `"text":"customer: hi"`) {
			t.Error(status, raw)
		}
		var run struct {
			ID      string
			Changes []struct{ Name, After, Message string }
		}
		if status, raw := c.call("POST", "/v1/rehearsals", "", &run); status != 201 || len(run.Changes) != 1 || run.Changes[0].Name != "mine" || run.Changes[0].After != "failed" {
			t.Error(status, raw)
		}
		if status, raw := c.call("GET", "/v1/rehearsals/"+run.ID, "", nil); status != 200 || !strings.Contains(raw, `"failed":1`) {
			t.Error(status, raw)
		}
		if status, raw := c.call("GET", "/v1/rehearsals?limit=1", "", nil); status != 200 || !strings.Contains(raw, run.ID) || strings.Contains(raw, `"next":null`) {
			t.Error(status, raw)
		}
		if status, raw := c.call("DELETE", "/v1/conversation_tests/"+kept.ID, "", nil); status != 204 {
			t.Error(status, raw)
		}
		if status, _ := c.call("DELETE", "/v1/conversation_tests/"+kept.ID, "", nil); status != 404 {
			t.Error(status)
		}
	})
}
