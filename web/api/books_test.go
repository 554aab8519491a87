package api_test

import (
	"encoding/csv"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"sotto.chat/internal/database"
	"sotto.chat/internal/testkit"
	"sotto.chat/orders"
	"sotto.chat/web/api"
)

// receive has staff say that money came for an order's first payment.
func (c caller) receive(ord orders.Order, amount int64, method string) {
	c.T.Helper()
	list, err := c.Payments.OfOrders(c.T.Context(), c.Merchant.ID, []string{ord.ID})
	c.Must(err)
	if status, raw := c.call(http.MethodPost, "/v1/payments/"+list[0].ID+"/receive",
		fmt.Sprintf(`{"amount":{"amount":%d,"currency":"EUR"},"method":%q}`, amount, method), nil); status != 200 {
		c.T.Fatal(status, raw)
	}
}

// TestReportAgreesWithItself: what the orders sum up to is the total, what waits for a person is in neither, and a transfer is no payout.
func TestReportAgreesWithItself(t *testing.T) {
	testkit.Both(t, func(t *testing.T, db *database.DB, clock *testkit.Clock) {
		c := open(t, db, clock)
		c.Sell("TEA", "Tea", 1000)
		whole, short, card := c.Order("TEA", 1, orders.Owner{}), c.Order("TEA", 2, orders.Owner{}), c.Order("TEA", 3, orders.Owner{})
		c.receive(whole, whole.Total, "bank")
		c.receive(short, 300, "bank")
		c.pay(card)
		day := clock.Now().Format(time.DateOnly)
		file := "id,kind,amount,currency,at\nq1,payment,7.00,EUR," + day + "\np1,payout,-4.00,EUR," + day + "\n"
		if status, raw := c.call("POST", "/v1/payments/statements?provider=telegram", file, nil, "Content-Type", "text/csv"); status != 200 {
			t.Fatal(status, raw)
		}
		var r api.Report
		if status, raw := c.call("GET", "/v1/payments/report?day="+day, "", &r); status != 200 || len(r.Totals) != 1 || len(r.Orders) != 3 {
			t.Fatalf("%d %s", status, raw)
		}
		var sales, unsettled, margin int64
		for _, o := range r.Orders {
			sales, unsettled, margin = sales+o.Sales, unsettled+o.Unsettled, margin+o.Margin
		}
		total := r.Totals[0]
		if sold := whole.Total + card.Total; sales != sold || total.Sales != sold || unsettled != 300 || total.Unsettled != 300 || margin != total.Margin ||
			total.Payouts != 400 || !strings.Contains(r.Note, "sales, a minus") {
			t.Errorf("%+v %+v", r.Orders, total)
		}
		_, raw := c.call("GET", "/v1/payments/report?format=csv&day="+day, "", nil)
		rows, err := csv.NewReader(strings.NewReader(raw)).ReadAll()
		c.Must(err)
		found := false
		for _, row := range rows {
			if row[0] == "difference" && row[1] == "missing_here" {
				found = found || row[7] == "" && row[8] == "7.00"
			}
		}
		if !found {
			t.Error(raw)
		}

		// Without a provider all of them are compared.
		var list struct{ Data []api.Difference }
		if status, raw := c.call("GET", "/v1/payments/reconciliation?day="+day, "", &list); status != 200 || len(list.Data) != len(r.Difference) {
			t.Errorf("%d %s\n%+v", status, raw, r.Difference)
		}
		if status, raw := c.call("GET", "/v1/payments/reconciliation?provider=stripe&day="+day, "", &list); status != 200 || len(list.Data) != 0 {
			t.Errorf("%d %s", status, raw)
		}
		for _, ask := range []string{"report?day=", "reconciliation?day=", "statements?provider=bank&from="} {
			method := map[bool]string{true: "POST", false: "GET"}[strings.HasPrefix(ask, "statements")]
			if status, raw := c.call(method, "/v1/payments/"+ask+"2999-01-01", strings.Repeat("x", len(method)-3), nil, "Content-Type", "text/csv"); status != 422 || !strings.Contains(raw, "in the future") {
				t.Errorf("%s: %d %s", ask, status, raw)
			}
		}
		var taken api.List[api.Statement]
		twice := "id,kind,amount,currency,at\nt9,payment,1.00,EUR," + day + "\nt9,payment,2.00,EUR," + day + "\n"
		if status, raw := c.call("POST", "/v1/payments/statements?provider=bank", twice, &taken, "Content-Type", "text/csv"); status != 200 || len(taken.Data) != 1 ||
			len(taken.Data[0].Warnings) != 1 || taken.Data[0].Stored != 2 {
			t.Error(status, raw)
		}
		for file, says := range map[string]string{"id,kind,amount,currency,at\n": "has no lines", `{"lines":[]}`: "has no lines",
			"id,kind,amount,currency,at\n1,payment,5.005,EUR," + day: "5.005", "id,kind,amount,currency,at\n1,payment,5.00,EUR,2999-01-01": "in the future",
			"id,kind,amount,currency,at\n1,payment,5.00,EUR,2150-01-01": "in the future"} {
			if status, raw := c.call("POST", "/v1/payments/statements?provider=bank", file, nil, "Content-Type", "text/csv"); status != 422 || !strings.Contains(raw, says) {
				t.Errorf("%q: %d %s", file, status, raw)
			}
		}
		if findings, err := c.Payments.Audit(t.Context(), c.Merchant.ID); err != nil || len(findings) > 0 {
			t.Error(findings, err)
		}
	})
}
