package orders_test

import (
	"testing"

	"sotto.chat/internal/database"
	"sotto.chat/internal/testkit"
	"sotto.chat/orders"
)

// Round trips are what the time of buying goes to: the commit is one, and the cart, the terms and the prices are read in
// another, together with what is done to the cart. Who needs one more has a reason, and says it here.
func TestRoundTripsOfBuying(t *testing.T) {
	clock := &testkit.Clock{}
	w := newWorld(t, testkit.Open(t, testkit.URL(t, database.Postgres), clock), clock)
	w.sell("tea", 450, 50)
	w.sell("cup", 900, 50)
	owner := w.customer()
	c := w.cart(owner, want{"tea", 1})
	trips := func(what string, most int64, f func(database.Tx) error) {
		t.Helper()
		ctx, made := database.Counted(t.Context())
		w.must(w.db.InTx(ctx, f))
		if made.Made() > most || made.Made() == 0 {
			t.Errorf("%s takes %d round trips to Postgres, at most %d are wanted", what, made.Made(), most)
		}
	}
	add := func(sku string) func(database.Tx) error {
		return func(tx database.Tx) error {
			_, err := w.orders.AddLine(tx, w.m.ID, c.ID, orders.LineInput{SKU: sku, Quantity: 1})
			return err
		}
	}
	trips("a new line", 2, add("cup"))
	trips("one piece more", 2, add("tea"))
	trips("a line with a quote", 2, func(tx database.Tx) error {
		_, _, err := w.orders.AddAndQuote(tx, w.m.ID, c.ID, orders.LineInput{SKU: "tea", Quantity: 1})
		return err
	})
	trips("a quote", 2, func(tx database.Tx) error { _, err := w.orders.Quote(tx, w.m.ID, c.ID); return err })
	if q := w.quote(c.ID); len(q.Lines) != 2 || q.Total == 0 {
		t.Errorf("%+v", q)
	}
}
