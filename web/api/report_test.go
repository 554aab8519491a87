package api_test

import (
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gin-gonic/gin"

	"sotto.chat/internal/database"
	"sotto.chat/internal/money"
	"sotto.chat/internal/testkit"
	"sotto.chat/orders"
	"sotto.chat/payments"
	"sotto.chat/web/api"
	"sotto.chat/web/door"
	"sotto.chat/web/events"
	"sotto.chat/web/webtest"
)

type caller struct{ *webtest.Shop }

func open(t *testing.T, db *database.DB, clock *testkit.Clock) caller {
	var teller *events.Teller
	s := webtest.Open(t, db, clock, func(s *webtest.Shop) {
		teller = events.New(s.DB, s.Keys, s.Desk, http.DefaultClient, true, testkit.Log(t))
	})
	api.Mount(s.Router, []gin.HandlerFunc{door.Keyed(testkit.Log(t), s.Merchants)}, api.Rooms{DB: db, Log: testkit.Log(t), PublicURL: s.URL, Keys: s.Keys,
		Merchants: s.Merchants, Customers: s.People, Catalog: s.Catalog, Channels: s.Channels, Payments: s.Payments, Orders: s.Orders, Inbox: s.Inbox, Events: teller})
	return caller{s}
}

// call sends a request and reads its answer into out, if that is given.
func (c caller) call(method, path, body string, out any, header ...string) (int, string) {
	c.T.Helper()
	req, err := http.NewRequestWithContext(c.T.Context(), method, c.URL+path, strings.NewReader(body))
	c.Must(err)
	req.Header.Set("Authorization", "Bearer "+c.APIKey)
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	res, err := http.DefaultClient.Do(req)
	c.Must(err)
	defer func() { _ = res.Body.Close() }()
	raw, err := io.ReadAll(res.Body)
	c.Must(err)
	if out != nil {
		if err := json.Unmarshal(raw, out); err != nil {
			c.T.Fatalf("%s %s: %d %s", method, path, res.StatusCode, raw)
		}
	}
	return res.StatusCode, string(raw)
}

// pay pays an order at the sandbox.
func (c caller) pay(ord orders.Order) {
	c.T.Helper()
	list, err := c.Payments.OfOrders(c.T.Context(), c.Merchant.ID, []string{ord.ID})
	c.Must(err)
	link := c.Payments.PayURL(list[0])
	to, err := c.Payments.Checkout(c.T.Context(), link[strings.LastIndex(link, "/")+1:])
	c.Must(err)
	c.Must(c.Stripe.Approve(to[strings.LastIndex(to, "/")+1:]))
	c.Must(c.Stripe.Drain(c.T.Context()))
}

func TestReportAndReconciliation(t *testing.T) {
	testkit.Both(t, func(t *testing.T, db *database.DB, clock *testkit.Clock) {
		c := open(t, db, clock)
		c.Sell("TEA", "Tea", 1000)
		ord := c.Order("TEA", 2, orders.Owner{})
		c.pay(ord)
		list, err := c.Payments.OfOrders(t.Context(), c.Merchant.ID, []string{ord.ID})
		c.Must(err)
		if list[0].Status != payments.Paid {
			t.Fatal(list[0].Status)
		}
		if _, err := c.Payments.Refund(t.Context(), c.Merchant.ID, list[0].ID, &money.Money{Amount: 500, Currency: "EUR"}, "", ""); err != nil {
			t.Fatal(err)
		}
		c.Must(c.Stripe.Drain(t.Context()))
		day := clock.Now().Format(time.DateOnly)

		var found struct{ Data []api.Difference }
		if status, raw := c.call("GET", "/v1/payments/reconciliation?day="+day, "", &found); status != 200 || len(found.Data) != 0 {
			t.Errorf("%d %s", status, raw)
		}
		var r api.Report
		if status, raw := c.call("GET", "/v1/payments/report?day="+day, "", &r); status != 200 || len(r.Totals) != 1 || len(r.Orders) != 1 {
			t.Fatalf("%d %s", status, raw)
		}
		total := list[0].Amount
		fee := (total*29+500)/1000 + 30
		want := api.Totals{Currency: "EUR", Sales: total, Refunds: 500, Fees: fee, Margin: total - 500 - fee}
		if r.Totals[0] != want || r.Orders[0] != (api.OrderMargin{Order: ord.ID, Currency: "EUR", Sales: total, Refunds: 500, Fees: fee, Margin: want.Margin}) {
			t.Errorf("%+v\n%+v", r.Totals, r.Orders)
		}
		var sum int64
		for _, a := range r.Accounts {
			if sum += a.Closing; a.Opening+a.Added-a.Taken != a.Closing {
				t.Errorf("%+v", a)
			}
		}
		if sum != 0 {
			t.Error("the accounts are off by", sum)
		}
		for _, ask := range [][]string{{"?format=csv"}, {"", "Accept", "text/csv"}} {
			if status, raw := c.call("GET", "/v1/payments/report"+ask[0], "", nil, ask[1:]...); status != 200 || !strings.HasPrefix(raw, "section,name,currency,") ||
				!strings.Contains(raw, "total,refunds,EUR,,,,5.00") {
				t.Errorf("%d %s", status, raw)
			}
		}

		const bank = "kind;id;coin;amount;currency;at\npayment;b1;E1;12.50;EUR;%s 10:00:00\nmystery;b2;;-1;EUR;%s 11:00:00\n"
		file := strings.ReplaceAll(bank, "%s", day)
		var taken struct{ Data []api.Statement }
		for try, stored := range []int{2, 0} {
			if status, raw := c.call("POST", "/v1/payments/statements?provider=bank", file, &taken, "Content-Type", "text/csv"); status != 200 || len(taken.Data) != 1 ||
				taken.Data[0].Stored != stored || taken.Data[0].Known != 2-stored {
				t.Fatalf("upload %d: %d %s", try, status, raw)
			}
		}
		c.call("GET", "/v1/payments/reconciliation?provider=bank&day="+day, "", &found)
		var causes []string
		for _, d := range found.Data {
			causes = append(causes, d.Problem+" "+d.Line)
			if d.Explanation == "" || d.Provider != "bank" {
				t.Errorf("%+v", d)
			}
		}
		if !slices.Equal(causes, []string{"missing_here b1", "unknown_kind b2"}) {
			t.Error(causes)
		}
		for body, status := range map[string]int{"": 422, "id,amount\n1,2": 422, "{": 422, "kind,amount,currency,at\npayment,x,EUR,2026-01-01": 422} {
			if got, raw := c.call("POST", "/v1/payments/statements?provider=bank", body, nil, "Content-Type", "text/csv"); got != status && got != 400 {
				t.Errorf("%q: %d %s", body, got, raw)
			}
		}
		if findings, err := c.Payments.Audit(t.Context(), c.Merchant.ID); err != nil || len(findings) > 0 {
			t.Error(findings, err)
		}
	})
}
