package payments

import (
	"context"
	"errors"
	"fmt"
	"time"

	"sotto.chat/internal/fault"
	"sotto.chat/internal/money"
)

// Provider is a way of paying beside Stripe that this house can ask, close and refund by.
type Provider interface {
	// Look tells how an offer stands; nil where nothing is known.
	Look(ctx context.Context, o Offer) (*Word, error)
	// Close ends an offer at the provider's side; nil also where there is nothing to close.
	Close(ctx context.Context, o Offer) error
	// Refund sends money back. The same order's id is the same act, however often it is asked for.
	Refund(ctx context.Context, r RefundOrder) (RefundWord, error)
}

// RefundOrder is what a provider is asked to send back. Paid is all that came with the coin.
type RefundOrder struct {
	Merchant, Account, Reference, Coin, ID string
	Amount, Paid                           money.Money
	Reason                                 string
}

// RefundWord is the provider's answer: its id of the refund, and one of the Refund states.
type RefundWord struct {
	ID     string
	Status string
}

// ErrNoProvider refuses what only a provider that is not connected here could do.
var ErrNoProvider = fault.New(fault.Unavailable, "payment_method_off", "This way of paying is not connected here.")

// Use connects a provider for a method. The wiring calls it before the desk opens.
func (p *Payments) Use(method string, pr Provider) { p.providers[method] = pr }

// lookOffer asks an offer's provider how it stands. What it says goes the way of every word.
func (p *Payments) lookOffer(ctx context.Context, pay Payment, a attempt, over bool) error {
	pr := p.providers[a.Method]
	if pr == nil {
		if over {
			return p.end(ctx, a, sessionExpired)
		}
		return nil
	}
	w, err := pr.Look(ctx, a.offer(pay))
	if err != nil {
		return err
	}
	if w != nil {
		return p.HearNow(ctx, a.MerchantID, *w)
	}
	if over && a.Status.live() {
		return p.closeOffer(ctx, pay, a)
	}
	return nil
}

// closeOffer ends an offer at the provider's side. One that cannot be closed may have been paid in the last moment: the provider is asked.
func (p *Payments) closeOffer(ctx context.Context, pay Payment, a attempt) error {
	pr := p.providers[a.Method]
	if pr == nil {
		return p.end(ctx, a, sessionExpired)
	}
	err := pr.Close(ctx, a.offer(pay))
	if err == nil {
		return p.end(ctx, a, sessionExpired)
	}
	w, bad := pr.Look(ctx, a.offer(pay))
	if bad != nil || w == nil || w.Kind != WordPaid {
		return err
	}
	return p.HearNow(ctx, a.MerchantID, *w)
}

// Withdraw ends an offer at its provider and here, so that the next one is new: some providers' orders cannot be changed. Where the
// money came in the last moment, that is heard, and ErrLinkDead says so.
func (p *Payments) Withdraw(ctx context.Context, o Offer) error {
	a, pay, err := p.byReference(ctx, o.Reference)
	if err != nil || !a.Status.live() {
		return err
	}
	if err := p.closeOffer(ctx, pay, a); err != nil {
		return err
	}
	if a, _, err = p.byReference(ctx, o.Reference); err == nil && a.Status.live() {
		err = ErrLinkDead.At("state", "processing")
	}
	return err
}

// refundAgain is when a provider that has not finished a refund is asked again.
const refundAgain = 10 * time.Minute

// refundBy has the method's provider send money back, and writes down what became of it.
func (p *Payments) refundBy(ctx context.Context, row Refund, coin receipt) (Refund, error) {
	if byHand(coin.Method) {
		return p.refundByHand(ctx, row, coin)
	}
	pr := p.providers[coin.Method]
	if pr == nil {
		return row, ErrNoProvider
	}
	a, _, err := readAttemptOfCoin(p.db.Read(ctx), coin)
	if err != nil {
		return row, err
	}
	w, err := pr.Refund(ctx, RefundOrder{Merchant: row.MerchantID, Account: coin.Account, Reference: a.ExternalID, Coin: coin.ExternalID, ID: row.ID,
		Amount: money.Of(row.Amount, row.Currency), Paid: money.Of(coin.Amount, coin.Currency), Reason: row.Reason})
	if err != nil {
		if !errors.Is(err, ErrRefundRefused) {
			return row, err
		}
		failed, bad := p.ended(ctx, coin, remoteRefund{Ours: row.ID, Status: RefundFailed})
		return failed, errors.Join(bad, err)
	}
	switch w.Status {
	case RefundPending, RefundSucceeded, RefundFailed:
	default:
		return row, fmt.Errorf("the provider of %s gives a refund the unknown state %q", coin.Method, w.Status)
	}
	if w.ID == "" {
		w.ID = wholeRefund(coin.ExternalID)
	}
	return p.ended(ctx, coin, remoteRefund{ID: w.ID, Ours: row.ID, Status: w.Status, Amount: money.Of(row.Amount, row.Currency)})
}
