package console_test

import (
	"strings"
	"testing"
	"time"

	"sotto.chat/internal/database"
	"sotto.chat/internal/money"
	"sotto.chat/internal/testkit"
	"sotto.chat/merchants"
	"sotto.chat/orders"
	"sotto.chat/payments/reconcile"
)

func TestMoney(t *testing.T) {
	testkit.Both(t, func(t *testing.T, db *database.DB, clock *testkit.Clock) {
		b := open(t, db, clock)
		if p := b.get("/console/money"); !strings.HasPrefix(p.path, "/console/login") {
			t.Errorf("a stranger is led to %s", p.path)
		}
		b.login(b.APIKey)
		if p := b.get("/console/money"); p.status != 200 || !strings.Contains(p.body, "The ledger is empty") {
			t.Errorf("an empty ledger: %d", p.status)
		}
		b.Sell("CRO", "Croissant", 350)
		ord := b.Order("CRO", 2, orders.Owner{})
		pays, err := b.Payments.OfOrders(t.Context(), b.Merchant.ID, []string{ord.ID})
		b.Must(err)
		link := b.Payments.PayURL(pays[0])
		to, err := b.Payments.Checkout(t.Context(), link[strings.LastIndex(link, "/")+1:])
		b.Must(err)
		b.Must(b.Stripe.Approve(to[strings.LastIndex(to, "/")+1:]))
		b.Must(b.Stripe.Drain(t.Context()))
		_, err = b.Payments.Refund(t.Context(), b.Merchant.ID, pays[0].ID, &money.Money{Amount: 100, Currency: "EUR"}, "", "")
		b.Must(err)
		b.Must(b.Stripe.Drain(t.Context()))
		b.Must(b.Payments.ReadStatement(t.Context(), b.Merchant.ID))
		at := clock.Now()
		_, err = b.Payments.Statements().Take(t.Context(), b.Merchant.ID, reconcile.Statement{Provider: "bank", From: at.Add(-time.Hour), To: at.Add(time.Hour),
			Lines: []reconcile.Line{{ID: "=b1", Kind: reconcile.Payment, Coin: "<b>E1</b>", Amount: 1250, Net: 1250, Currency: "EUR", At: at}}})
		b.Must(err)
		path := "/console/money?day=" + at.Format(time.DateOnly)
		p := b.get(path)
		for _, want := range []string{"€7.00", "€1.00", "€0.50", "€5.50", "missing here", "€12.50", "At stripe", "<svg", "As a table", `aria-current="page"`, "Nothing in"} {
			if strings.Contains(p.body, want) == (want == "Nothing in") {
				t.Errorf("the page and %q", want)
			}
		}
		if strings.Contains(p.body, "<b>E1") {
			t.Error("a provider's word is taken for the page's own")
		}
		if p := b.get(path + "&format=csv"); p.status != 200 || !strings.HasPrefix(p.header.Get("Content-Type"), "text/csv") || !strings.Contains(p.body, "total,margin,EUR,,,,5.50") {
			t.Errorf("the file: %d %s", p.status, p.body)
		}
		for _, odd := range []string{"?day=x&days=-4", "?days=99999", "?day=0001-01-01", "?day=2026-02-30"} {
			if p := b.get("/console/money" + odd); p.status != 200 {
				t.Errorf("%s: %d", odd, p.status)
			}
		}
		_, key, err := b.Merchants.Create(t.Context(), merchants.NewMerchant{Name: "Other", Currency: "USD", Country: "US", Language: "en"})
		b.Must(err)
		b.login(key)
		if p := b.get(path); p.status != 200 || strings.Contains(p.body, "€") {
			t.Error("another merchant's money is shown")
		}
	})
}
