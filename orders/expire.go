package orders

import (
	"context"
	"errors"
	"time"

	"sotto.chat/internal/database"
	"sotto.chat/internal/jobs"
	"sotto.chat/payments"
)

// A payment that is on its way gets this much more whenever its order's time is up.
const moreTime = 24 * time.Hour

// sweepBatch bounds how many orders one sweep takes; the next one takes the rest.
const sweepBatch = 500

// expireDue keeps the appointment that Place made.
func (o *Orders) expireDue(ctx context.Context, d due) error {
	var wait time.Duration
	err := o.db.InTx(ctx, func(tx database.Tx) (err error) {
		wait, err = o.expire(tx, d.Merchant, d.Order)
		return err
	})
	if err == nil && wait > 0 {
		return jobs.ErrLater{Delay: wait}
	}
	return err
}

// Sweep expires every order whose time is up and whose appointment was missed, and counts them.
func (o *Orders) Sweep(ctx context.Context) (int, error) {
	list, err := overdue(o.db.Read(ctx), o.db.Now(), sweepBatch)
	if err != nil {
		return 0, err
	}
	var failed []error
	for _, d := range list {
		if err := o.db.InTx(ctx, func(tx database.Tx) error {
			_, err := o.expire(tx, d.Merchant, d.Order)
			return err
		}); err != nil {
			failed = append(failed, err)
		}
	}
	return len(list) - len(failed), errors.Join(failed...)
}

// expire ends an order that nobody paid in time: its link dies, its goods are free, and its cart is open again. It
// gives how long there is still to wait, 0 when there is nothing to do any more.
func (o *Orders) expire(tx database.Tx, merchant, order string) (time.Duration, error) {
	ord, err := lockDeal(tx, merchant, order)
	if err != nil {
		return 0, err
	}
	if ord.Status != AwaitingPayment || ord.ExpiresAt == nil {
		return 0, nil
	}
	if wait := ord.ExpiresAt.Sub(tx.Now); wait > 0 {
		return wait, nil
	}
	list, err := o.pay.OfOrder(tx, merchant, order)
	if err != nil {
		return 0, err
	}
	for _, p := range list {
		if p.Status == payments.Authorized { // a day is left to take it, then the bank lets it go
			if err := o.stay(tx, &ord, happening{reason: ReasonHoldEnds, actor: "clock", fact: ReasonHoldEnds + ":" + p.ID}); err != nil {
				return 0, err
			}
			if err := o.pay.HoldEnds(tx, merchant, p.ID); err != nil {
				return 0, err
			}
		}
		if onItsWay(p) {
			return moreTime, o.lastUntil(tx, &ord, tx.Now.Add(moreTime))
		}
	}
	if err := o.giveUp(tx, &ord, actExpire, happening{reason: ReasonExpired, actor: "clock"}); err != nil {
		return 0, err
	}
	return 0, reopenCart(tx, merchant, ord.CartID)
}

// lastUntil moves the appointment at which an unpaid order expires.
func (o *Orders) lastUntil(tx database.Tx, ord *Order, at time.Time) error {
	ord.ExpiresAt, ord.UpdatedAt = &at, tx.Now
	if err := saveOrder(tx, ord); err != nil {
		return err
	}
	return o.desk.Announce(tx, due{Merchant: ord.MerchantID, Order: ord.ID}, jobs.At(at))
}

// onItsWay tells whether money may still come without anybody doing anything more.
func onItsWay(p payments.Payment) bool { return p.Processing() || p.Status == payments.Authorized }
