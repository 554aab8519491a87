package orders_test

import (
	"testing"

	"sotto.chat/customers"
	"sotto.chat/internal/database"
	"sotto.chat/internal/testkit"
	"sotto.chat/orders"
	"sotto.chat/payments"
)

func (w *world) edits(order string, e orders.Edit) orders.Order {
	w.t.Helper()
	e.Deed = staffDeed
	w.tx(func(tx database.Tx) error { return second(w.orders.Edit(tx, w.m.ID, order, e)) })
	return w.get(order)
}

func ofLine(line string, n int64) []orders.EditLine {
	return []orders.EditLine{{LineID: line, LineInput: orders.LineInput{Quantity: n}}}
}

// A change of an order holds just what it says, asks for just that, and is told; it leaves no trace where it cannot be.
func TestStaffChangeWhatIsOrdered(t *testing.T) {
	testkit.Both(t, func(t *testing.T, db *database.DB, clock *testkit.Clock) {
		w := newWorld(t, db, clock).work()
		w.offersByHand()
		tea, cup := w.sell("tea", 450, 5), w.sell("cup", 900, 1)
		_, ord := w.one(3)
		line := ord.Lines[0].ID
		changed := w.edits(ord.ID, orders.Edit{Lines: append(ofLine(line, 5), orders.EditLine{LineInput: orders.LineInput{SKU: "cup", Quantity: 1, Note: "wrap it"}})})
		if _, held := w.stock(tea); held != 5 {
			t.Errorf("%d teas are held", held)
		}
		if _, held := w.stock(cup); held != 1 || changed.Total != 5*450+900 || changed.Lines[0].ID != line {
			t.Errorf("%d cups are held: %+v", held, changed)
		}
		if note, err := w.orders.NoteOf(t.Context(), changed, changed.Lines[1]); err != nil || note != "wrap it" {
			t.Error(note, err)
		}
		w.sound()
		w.fails(orders.ErrStale, func(tx database.Tx) error {
			return second(w.orders.Edit(tx, w.m.ID, ord.ID, orders.Edit{Version: ord.Version, Deed: staffDeed}))
		})
		for _, bad := range [][]orders.EditLine{ofLine("oli_x", 1), ofLine(line, 0), append(ofLine(line, 1), ofLine(line, 1)...), {}} {
			if err := w.try(func(tx database.Tx) error {
				return second(w.orders.Edit(tx, w.m.ID, ord.ID, orders.Edit{Lines: bad, Deed: staffDeed}))
			}); err == nil {
				t.Errorf("%+v was taken", bad)
			}
		}
		if err := w.try(func(tx database.Tx) error {
			return second(w.orders.Edit(tx, w.m.ID, ord.ID, orders.Edit{Lines: ofLine(line, 6), Deed: staffDeed}))
		}); err == nil {
			t.Error("more than there is was sold")
		}
		if now := w.get(ord.ID); now.Total != changed.Total || now.Version != changed.Version {
			t.Errorf("a refused change left a trace: %+v", now)
		}
		w.fails(orders.ErrNoAddress, func(tx database.Tx) error {
			return second(w.orders.Edit(tx, w.m.ID, ord.ID, orders.Edit{Delivery: orders.Delivery{Method: orders.MethodDelivery}, Deed: staffDeed}))
		})
		sent := w.edits(ord.ID, orders.Edit{Lines: ofLine(line, 2), Delivery: orders.Delivery{Method: orders.MethodDelivery, Address: &customers.Address{Text: "2 Quiet Lane"}}})
		if sent.Total != 2*450+490 || sent.Shipping != 490 || len(sent.Lines) != 1 {
			t.Errorf("%+v", sent)
		}
		if _, held := w.stock(cup); held != 0 {
			t.Error("a cup is still held")
		}
		w.must(w.bank.Approve(w.session(sent)))
		w.becomes(ord.ID, orders.Paid)
		w.fails(orders.ErrEdit, func(tx database.Tx) error {
			return second(w.orders.Edit(tx, w.m.ID, ord.ID, orders.Edit{Lines: ofLine(line, 1), Deed: staffDeed}))
		})

		_, door := w.one(1)
		w.payBy(door, payments.MethodCash)
		door = w.edits(door.ID, orders.Edit{Lines: ofLine(door.Lines[0].ID, 2)})
		if p := w.waiting(door.ID); len(p) != 1 || !p[0].PromisedCash() || p[0].Amount != 900 {
			t.Errorf("%+v", p)
		}
		w.sound()
	})
}

// Money by a link from before the change is put before a person, also where it is the first that comes.
func TestMoneyForWhatTheOrderWas(t *testing.T) {
	testkit.Both(t, func(t *testing.T, db *database.DB, clock *testkit.Clock) {
		w := newWorld(t, db, clock).work()
		w.sell("tea", 450, 50)
		for _, n := range []int64{1, 3} { // the order becomes smaller, or larger
			_, ord := w.one(2)
			old := w.session(ord)
			w.must(w.bank.DelayBy(old, "boleto"))
			w.has(ord.ID, orders.ReasonProcessing)
			w.fails(orders.ErrOnTheWay, func(tx database.Tx) error {
				return second(w.orders.Edit(tx, w.m.ID, ord.ID, orders.Edit{Lines: ofLine(ord.Lines[0].ID, n), Deed: staffDeed}))
			})
			_, ord = w.one(2)
			receivable := ord.Payments[0].ID
			ord = w.edits(ord.ID, orders.Edit{Lines: ofLine(ord.Lines[0].ID, n)})
			w.receive(receivable, payments.MethodBank, 900, "from before")
			late := w.has(ord.ID, orders.ReasonEdited)
			testkit.Eventually(t, "a person looks at it", func() bool { late = w.get(ord.ID); return late.InReview() })
			if late.Status != orders.AwaitingPayment || late.Payments[0].Reason != orders.ReasonEdited {
				t.Errorf("%s %+v", late.Status, late.Payments)
			}
			w.remedies(receivable, orders.RemedyAccept, orders.RemedyRefund)
			w.must(w.bank.Approve(w.session(late)))
			w.becomes(ord.ID, orders.Paid)
		}
		w.sound()
	})
}
