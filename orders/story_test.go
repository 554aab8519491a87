package orders_test

import (
	"testing"

	"sotto.chat/internal/database"
	"sotto.chat/internal/testkit"
	"sotto.chat/orders"
	"sotto.chat/payments"
)

func TestFromTheCartToThePaidOrder(t *testing.T) {
	testkit.Both(t, func(t *testing.T, db *database.DB, clock *testkit.Clock) {
		w := newWorld(t, db, clock).work()
		tea, cup := w.sell("tea", 450, 10), w.sell("cup", 1200, -1)
		owner := w.customer()
		c := w.cart(owner, want{"tea", 2}, want{"cup", 1}, want{"tea", 1})
		q := w.quote(c.ID)
		if len(q.Lines) != 2 || q.Lines[0].Quantity != 3 || q.Total != 2550 || q.Tax != 407 || len(q.Problems) != 0 {
			t.Fatalf("%+v", q)
		}
		ord := w.place(c.ID)
		if ord.Status != orders.AwaitingPayment || len(ord.Number) != 8 || ord.Total != 2550 || w.orders.PayURL(ord) == "" || ord.ConversationID != owner.ConversationID {
			t.Fatalf("%+v", ord)
		}
		if _, held := w.stock(tea); held != 3 {
			t.Fatal("held", held)
		}
		w.sound()
		again := w.place(c.ID) // a second yes is the same order
		if again.ID != ord.ID {
			t.Fatal("two orders of one cart")
		}
		w.must(w.bank.Approve(w.session(ord)))
		paid := w.becomes(ord.ID, orders.Paid)
		if p, ok := paid.Payment(); !ok || p.Status != payments.Paid || w.orders.PayURL(paid) != "" || paid.ExpiresAt != nil {
			t.Fatalf("%+v", paid)
		}
		if onHand, held := w.stock(tea); onHand != 7 || held != 0 {
			t.Fatal(onHand, held)
		}
		if n := w.news(ord.ID, orders.Paid); n != 1 {
			t.Fatal("told", n, "times")
		}
		w.fails(orders.ErrCartOrdered, func(tx database.Tx) error {
			_, err := w.orders.AddLine(tx, w.m.ID, c.ID, orders.LineInput{SKU: "cup", Quantity: 1})
			return err
		})
		if next := w.cart(owner); next.ID == c.ID {
			t.Fatal("a new cart begins after the payment")
		}
		byNumber, err := w.orders.ByNumber(t.Context(), w.m.ID, " "+ord.Number)
		w.must(err)
		if byNumber.ID != ord.ID || len(byNumber.Lines) != 2 || byNumber.Lines[1].Name != cup.Name || len(byNumber.Events) != 2 {
			t.Fatalf("%+v", byNumber)
		}
		w.sound()
	})
}

func TestAFreeOrderIsPaidAtOnce(t *testing.T) {
	testkit.Both(t, func(t *testing.T, db *database.DB, clock *testkit.Clock) {
		w := newWorld(t, db, clock)
		gift := w.sell("gift", 0, 3)
		ord := w.place(w.cart(w.customer(), want{"gift", 2}).ID)
		if ord.Status != orders.Paid || len(ord.Payments) != 0 || w.orders.PayURL(ord) != "" {
			t.Fatalf("%+v", ord)
		}
		if onHand, held := w.stock(gift); onHand != 1 || held != 0 {
			t.Fatal(onHand, held)
		}
		w.sound()
	})
}
