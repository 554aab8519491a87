package orders_test

import (
	"testing"
	"time"

	"sotto.chat/internal/database"
	"sotto.chat/internal/jobs"
	"sotto.chat/internal/testkit"
	"sotto.chat/orders"
	"sotto.chat/payments"
)

// Held money is taken when the goods go out, in part where they go out in part; a cancelled order lets it go; before the bank does, a
// person hears of it.
func TestHeldMoneyFollowsTheGoods(t *testing.T) {
	testkit.Both(t, func(t *testing.T, db *database.DB, clock *testkit.Clock) {
		w := newWorld(t, db, clock).work()
		m, err := w.register.Get(t.Context(), w.m.ID)
		w.must(err)
		m.Settings.ManualCapture = true
		w.tx(func(tx database.Tx) error { _, err := w.register.Update(tx, m); return err })
		w.sell("mug", 900, 20)
		held := func() orders.Order {
			ord := w.place(w.cart(w.customer(), want{sku: "mug", n: 2}).ID)
			w.must(w.bank.Approve(w.session(ord)))
			testkit.Eventually(t, "the money is held", func() bool { p, _ := w.get(ord.ID).Payment(); return p.Status == payments.Authorized })
			return w.get(ord.ID)
		}
		fulfil := func(ord orders.Order, d orders.Deed) {
			w.must(db.InTx(jobs.Eager(t.Context()), func(tx database.Tx) error { return second(w.orders.Fulfil(tx, w.m.ID, ord.ID, d)) }))
		}
		taken := func(ord orders.Order, reason string, sum int64) {
			t.Helper()
			testkit.Eventually(t, "the money is taken", func() bool { p, _ := w.get(ord.ID).Payment(); return p.Status == payments.Paid })
			if p, _ := w.get(ord.ID).Payment(); p.Reason != reason || p.PaidAmount != sum {
				t.Errorf("%+v", p)
			}
			w.has(ord.ID, orders.ReasonPaid)
			w.tx(func(tx database.Tx) error { return second(w.orders.Complete(tx, w.m.ID, ord.ID, staffDeed)) })
		}
		whole, part, off, old := held(), held(), held(), held()
		w.fails(payments.ErrTakeTooMuch, func(tx database.Tx) error {
			return second(w.orders.Fulfil(tx, w.m.ID, whole.ID, orders.Deed{Take: eur(whole.Total + 1)}))
		})
		fulfil(whole, staffDeed)
		taken(whole, "", whole.Total)
		fulfil(part, orders.Deed{Actor: "staff", Take: eur(900)})
		taken(part, payments.ReasonCaptured, 900)
		w.tx(func(tx database.Tx) error { return second(w.orders.Cancel(tx, w.m.ID, off.ID, staffDeed)) })
		w.becomes(off.ID, orders.Cancelled)
		clock.Advance(6*24*time.Hour + time.Hour)
		if _, err := w.orders.Sweep(t.Context()); err != nil {
			t.Error(err)
		}
		w.has(old.ID, orders.ReasonHoldEnds)
		warned := w.get(old.ID).Payments[0]
		if warned.Status != payments.Authorized || warned.Reason != payments.ReasonHoldEnds {
			t.Errorf("%+v", warned)
		}
		w.remedies(warned.ID, orders.RemedyCapture)
		if r, err := w.pay.Statements().Report(t.Context(), w.m.ID, clock.Now(), clock.Now().Add(time.Hour)); err != nil || len(r.Waiting) != 1 || r.Waiting[0].PaymentID != warned.ID {
			t.Errorf("nobody is told of the hold that ends: %+v %v", r.Waiting, err)
		}
		fulfil(old, staffDeed)
		taken(old, "", old.Total)
		lost := w.place(w.cart(w.customer(), want{sku: "mug", n: 2}).ID)
		session := w.session(lost)
		w.must(w.bank.Approve(session))
		testkit.Eventually(t, "the money is held", func() bool { p, _ := w.get(lost.ID).Payment(); return p.Status == payments.Authorized })
		clock.Advance(6*24*time.Hour + time.Hour)
		if _, err := w.orders.Sweep(t.Context()); err != nil {
			t.Error(err)
		}
		w.has(lost.ID, orders.ReasonHoldEnds)
		w.must(w.bank.LetGo(session))
		gone := w.has(lost.ID, orders.ReasonHoldEnded)
		if p := gone.Payments[0]; gone.Status != orders.AwaitingPayment || p.Status != payments.Failed || w.orders.PayURL(gone) == "" {
			t.Errorf("%s %+v", gone.Status, p)
		}
		w.sound()
	})
}
