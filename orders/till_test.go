package orders_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"sotto.chat/internal/database"
	"sotto.chat/internal/fault"
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
