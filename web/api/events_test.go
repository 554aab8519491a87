package api_test

import (
	"strings"
	"testing"

	"sotto.chat/internal/database"
	"sotto.chat/internal/testkit"
	"sotto.chat/orders"
	"sotto.chat/web/api"
)

// TestEventsAfter: a page goes on where the one before ended, and a cursor that no page has given is refused.
func TestEventsAfter(t *testing.T) {
	testkit.Both(t, func(t *testing.T, db *database.DB, clock *testkit.Clock) {
		c := open(t, db, clock)
		c.Sell("TEA", "Tea", 1000)
		c.pay(c.Order("TEA", 1, orders.Owner{}))
		var all, page api.List[api.Event]
		testkit.Eventually(t, "events", func() bool {
			c.call("GET", "/v1/events", "", &all)
			return len(all.Data) >= 2
		})
		c.call("GET", "/v1/events?limit=1", "", &page)
		if len(page.Data) != 1 || page.Next == nil || *page.Next != all.Data[0].ID {
			t.Fatalf("%+v", page)
		}
		c.call("GET", "/v1/events?limit=1&after="+*page.Next, "", &page)
		if len(page.Data) != 1 || page.Data[0] != all.Data[1] {
			t.Errorf("%+v", page)
		}
		for _, after := range []string{"zzz", "evn_" + strings.Repeat("0", 32), "ord_" + strings.Repeat("0", 32), "%00"} {
			if status, raw := c.call("GET", "/v1/events?after="+after, "", nil); status != 422 || !strings.Contains(raw, "bad_cursor") {
				t.Errorf("%s: %d %s", after, status, raw)
			}
		}
	})
}
