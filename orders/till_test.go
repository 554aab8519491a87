package orders_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"sotto.chat/internal/database"
	"sotto.chat/internal/fault"
	"sotto.chat/internal/jobs"
	"sotto.chat/internal/testkit"
	"sotto.chat/orders"
	"sotto.chat/payments"
)

// till refunds whatever it is asked to.
type till struct{ refunds int }

func (*till) Look(context.Context, payments.Offer) (*payments.Word, error) { return nil, nil }

func (*till) Close(context.Context, payments.Offer) error { return nil }

func (d *till) Refund(_ context.Context, r payments.RefundOrder) (payments.RefundWord, error) {
	d.refunds++
	return payments.RefundWord{ID: "back" + r.ID[4:], Status: payments.RefundSucceeded}, nil
}

// connect has a till take WeChat Pay.
func (w *world) connect() *till {
	d := &till{}
	w.pay.Use(payments.MethodWeChat, d)
	return d
}

func isFault(err error, want *fault.Fault) bool { return errors.Is(err, want) }

func TestRemedies(t *testing.T) {
	testkit.Both(t, func(t *testing.T, db *database.DB, clock *testkit.Clock) {
		w := newWorld(t, db, clock)
		w.sell("tea", 450, 99)
		order := func(came int64) (orders.Order, string) {
			_, ord := w.one(2)
			w.told(ord.Payments[0].ID, ord.ID, came)
			clock.Advance(45 * time.Minute) // the goods wait for the person's word
			_, err := w.orders.Sweep(t.Context())
			w.must(err)
			w.is(ord.ID, orders.AwaitingPayment)
			return ord, ord.Payments[0].ID
		}
		ord, pay := order(700)
		w.remedies(pay, orders.RemedyAskRest, orders.RemedyAccept, orders.RemedyRefund)
		w.tx(func(tx database.Tx) error { return w.orders.AskRest(tx, w.m.ID, pay, staffDeed) })
		w.fails(payments.ErrMove, func(tx database.Tx) error { return w.orders.AskRest(tx, w.m.ID, pay, staffDeed) })
		rest := w.waiting(ord.ID)
		if len(rest) != 1 || rest[0].Amount != 200 || w.orders.PayURL(w.get(ord.ID)) == "" {
			t.Fatalf("%+v", rest)
		}
		w.sound()
		w.told(rest[0].ID, "rest", 200)
		w.is(ord.ID, orders.Paid)
		w.sound()

		ord, pay = order(700)
		w.tx(func(tx database.Tx) error { return w.orders.AcceptPayment(tx, w.m.ID, pay) })
		w.is(ord.ID, orders.Paid)
		w.sound()

		ord, pay = order(1000)
		w.remedies(pay, orders.RemedyDifference, orders.RemedyAccept, orders.RemedyRefund)
		d := w.connect()
		r, err := w.orders.RefundDifference(t.Context(), w.m.ID, pay, "")
		if err != nil || r.Amount != 100 || r.Status != payments.RefundSucceeded {
			t.Fatal(r, err)
		}
		w.is(ord.ID, orders.Paid)
		w.money(pay, payments.PartiallyRefunded, payments.ReasonAccepted)
		w.remedies(pay)
		w.sound()

		_, ord = w.one(2) // money for what was cancelled: a person may have it go on
		var o payments.Offer
		w.tx(func(tx database.Tx) (err error) {
			if o, err = w.pay.Offer(tx, w.m.ID, ord.Payments[0].ID, payments.MethodWeChat, "acc"); err != nil {
				return err
			}
			return second(w.orders.Cancel(tx, w.m.ID, ord.ID, staffDeed))
		})
		w.word(o, "after the cancel", 900)
		w.money(o.Payment, payments.NeedsReview, orders.ReasonLateCancelled)
		w.remedies(o.Payment, orders.RemedyRefund, orders.RemedyAccept)
		w.sound()
		w.tx(func(tx database.Tx) error { return w.orders.AcceptPayment(tx, w.m.ID, o.Payment) })
		w.is(ord.ID, orders.Paid)
		w.sound()
		if d.refunds != 1 {
			t.Error(d.refunds)
		}
	})
}

// A voucher cannot be called back: while it may be paid, the order waits for it; whoever pays it after the end is honoured while the goods
// are there, and comes before a person when they are not.
func TestVouchersOutliveTheirLinks(t *testing.T) {
	testkit.Both(t, func(t *testing.T, db *database.DB, clock *testkit.Clock) {
		w := newWorld(t, db, clock)
		tea := w.sell("tea", 450, 2)
		voucher := func() (orders.Order, payments.Offer) {
			_, ord := w.one(2)
			var o payments.Offer
			w.tx(func(tx database.Tx) (err error) {
				o, err = w.pay.Offer(tx, w.m.ID, ord.Payments[0].ID, payments.MethodWhatsApp, "acc")
				return err
			})
			return ord, o
		}
		pending := func(o payments.Offer) {
			w.must(w.pay.HearNow(jobs.Eager(t.Context()), w.m.ID, payments.Word{ID: "printed" + o.Reference, Method: o.Method, Account: o.Account,
				Reference: o.Reference, Kind: payments.WordPending, Amount: o.Amount}))
		}
		ord, o := voucher()
		pending(o)
		for range 12 { // days after the link's end
			clock.Advance(24 * time.Hour)
			_, err := w.orders.Sweep(t.Context())
			w.must(err)
		}
		w.is(ord.ID, orders.AwaitingPayment)
		w.fails(orders.ErrOnTheWay, func(tx database.Tx) error { return second(w.orders.Cancel(tx, w.m.ID, ord.ID, staffDeed)) })
		w.sound()
		w.word(o, "boleto", 900)
		w.is(ord.ID, orders.Paid)
		w.sound()

		w.tx(func(tx database.Tx) error { return second(w.cat.SetStock(tx, w.m.ID, tea.ID, ptr(int64(2)))) })
		ord, o = voucher() // printed in the last minute, and told when all was over
		clock.Advance(31 * time.Minute)
		w.sweep(1)
		pending(o)
		w.is(ord.ID, orders.Expired)
		w.word(o, "boleto 2", 900)
		w.is(ord.ID, orders.Paid)
		w.sound()

		w.tx(func(tx database.Tx) error { return second(w.cat.SetStock(tx, w.m.ID, tea.ID, ptr(int64(2)))) })
		ord, o = voucher()
		clock.Advance(31 * time.Minute)
		w.sweep(1)
		w.tx(func(tx database.Tx) error { return second(w.cat.SetStock(tx, w.m.ID, tea.ID, ptr(int64(0)))) })
		w.word(o, "boleto 3", 900)
		w.is(ord.ID, orders.Expired)
		w.money(o.Payment, payments.NeedsReview, orders.ReasonLateNoGoods)
		w.remedies(o.Payment, orders.RemedyRefund, orders.RemedyAccept)
		w.sound()
	})
}
