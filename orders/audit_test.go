package orders_test

import (
	"strings"
	"testing"

	"sotto.chat/internal/database"
	"sotto.chat/internal/testkit"
	"sotto.chat/orders"
)

func TestTheAuditFindsWhatDoesNotAgree(t *testing.T) {
	testkit.Both(t, func(t *testing.T, db *database.DB, clock *testkit.Clock) {
		w := newWorld(t, db, clock)
		w.sell("tea", 450, 50)
		_, waiting := w.one(2)
		_, paid := w.one(1)
		w.eager = true
		w.must(w.bank.Approve(w.session(paid)))
		w.becomes(paid.ID, orders.Paid)
		_, over := w.one(1)
		w.tx(func(tx database.Tx) error { return second(w.orders.Cancel(tx, w.m.ID, over.ID, orders.Deed{})) })
		w.sound()
		for _, x := range []struct{ do, undo, id, says string }{
			{"update orders set total = total + 1 where id = ?", "update orders set total = total - 1 where id = ?", waiting.ID, "its parts sum to"},
			{"update orders set subtotal = subtotal + 1 where id = ?", "update orders set subtotal = subtotal - 1 where id = ?", waiting.ID, "its lines sum to"},
			{"update order_lines set unit_price = unit_price + 1 where order_id = ?", "update order_lines set unit_price = unit_price - 1 where order_id = ?", waiting.ID, "quantity × unit price"},
			{"update payments set status = 'cancelled' where order_id = ?", "update payments set status = 'pending' where order_id = ?", waiting.ID, "no payment is expected"},
			{"update payments set status = 'paid' where order_id = ?", "update payments set status = 'pending' where order_id = ?", waiting.ID, "waits for money that has come"},
			{"update payments set status = 'cancelled' where order_id = ?", "update payments set status = 'paid' where order_id = ?", paid.ID, "no payment brought the money"},
			{"update payments set status = 'pending' where order_id = ?", "update payments set status = 'cancelled' where order_id = ?", over.ID, "a payment is still expected"},
			{"update payments set status = 'paid' where order_id = ?", "update payments set status = 'cancelled' where order_id = ?", over.ID, "neither refunded nor before a person"},
			{"update payments set order_id = 'ord_gone' where order_id = ?", "update payments set order_id = ? where order_id = 'ord_gone'", waiting.ID, "an order that does not exist"},
			{"update holds set quantity = quantity + 1 where order_id = ?", "update holds set quantity = quantity - 1 where order_id = ?", waiting.ID, "but 3 are held"},
			{"update holds set consumed_at = null where order_id = ?", "update holds set consumed_at = '2026-01-01' where order_id = ?", paid.ID, "but 1 are held"},
			{"update holds set order_id = 'ord_gone' where order_id = ?", "update holds set order_id = ? where order_id = 'ord_gone'", waiting.ID, "goods are held for order ord_gone"},
			{"update order_events set to_status = 'expired' where order_id = ?", "update order_events set to_status = 'awaiting_payment' where order_id = ?", waiting.ID, "its history does not know"},
			{"update carts set status = 'open' where id = ?", "update carts set status = 'ordered' where id = ?", waiting.CartID, "is open while an order of it waits"},
			{"update carts set status = 'ordered' where id = ?", "update carts set status = 'closed' where id = ?", over.CartID, "no order of it waits for money"},
		} {
			w.must(db.Read(t.Context()).Exec(x.do, x.id).Error)
			found, err := w.orders.Audit(t.Context(), w.m.ID)
			w.must(err)
			if all := strings.Join(found, "\n"); !strings.Contains(all, x.says) {
				t.Errorf("%s\nfound %q, want %q", x.do, all, x.says)
			}
			w.must(db.Read(t.Context()).Exec(x.undo, x.id).Error)
			if found, err := w.orders.Audit(t.Context(), w.m.ID); err != nil || len(found) > 0 {
				t.Fatal(x.undo, found, err)
			}
		}
	})
}
