package orders

import (
	"context"
	"slices"

	"sotto.chat/internal/database"
	"sotto.chat/internal/jobs"
	"sotto.chat/internal/money"
	"sotto.chat/payments"
)

// What a person can do about a payment, each in one step.
const (
	RemedyAccept     = "accept"            // the money is good as it is; the order goes on
	RemedyRefund     = "refund"            // all that is left goes back
	RemedyDifference = "refund_difference" // the money is good; what is too much goes back
	RemedyAskRest    = "ask_rest"          // too little is good as a part; another payment asks for the rest
	RemedyReceive    = "receive"           // the cash, or the transfer, is here
	RemedyConfirm    = "confirm_refund"    // the transfer back was made
	RemedyCapture    = "capture"           // held money is taken
	RemedyUnsent     = "refund_unsent"     // the transfer back could not be made
)

// Remedy is one of them, with the sum that it is about. Refund is set where it is about a refund.
type Remedy struct {
	Code   string
	Amount money.Money
	Method string
	Refund string
}

// Remedies lists what a person can do about a payment now; the one that most would choose comes first.
func (o *Orders) Remedies(ctx context.Context, merchant, payment string) ([]Remedy, error) {
	p, err := o.pay.Get(ctx, merchant, payment)
	if err != nil {
		return nil, err
	}
	ord, err := o.Get(ctx, merchant, p.OrderID)
	if err != nil {
		return nil, err
	}
	refunds, err := o.pay.Refunds(ctx, merchant, payment)
	if err != nil {
		return nil, err
	}
	left, err := o.pay.Left(ctx, merchant, payment)
	if err != nil {
		return nil, err
	}
	var out []Remedy
	switch {
	case p.Status != payments.NeedsReview && worth(ord, p) > 0 && ord.forgotten():
		out = append(out, Remedy{Code: RemedyAskRest, Amount: ord.Open()})
	case p.Status == payments.NeedsReview && left.Amount > 0:
		out = judgements(ord, p, left, refunds)
	case p.Takeable():
		out = append(out, Remedy{Code: RemedyCapture, Amount: p.Money()})
	case p.PromisedCash():
		out = append(out, Remedy{Code: RemedyReceive, Amount: p.Money(), Method: payments.MethodCash})
	case p.Status == payments.Pending && p.Reason == payments.ReasonTransfer:
		out = append(out, Remedy{Code: RemedyReceive, Amount: p.Money(), Method: payments.MethodBank})
	}
	for _, r := range refunds {
		if r.Status == payments.RefundPending && r.ByStaff() {
			sum := money.Of(r.Amount, r.Currency)
			out = append(out, Remedy{Code: RemedyConfirm, Amount: sum, Refund: r.ID}, Remedy{Code: RemedyUnsent, Amount: sum, Refund: r.ID})
		}
	}
	return out, nil
}

// judgements are the ways out of a review.
func judgements(ord Order, p payments.Payment, left money.Money, refunds []payments.Refund) []Remedy {
	back := Remedy{Code: RemedyRefund, Amount: left}
	good := Remedy{Code: RemedyAccept, Amount: left}
	switch {
	case p.PaidAmount == 0, p.Reason == payments.ReasonPartly:
		return []Remedy{again(p, back, refunds)} // money of another currency, or a part without the rest, pays nothing
	case p.Over() > 0:
		return []Remedy{{Code: RemedyDifference, Amount: money.Of(p.Over(), p.Currency)}, good, back}
	case p.Short() && ord.Status == AwaitingPayment:
		return []Remedy{{Code: RemedyAskRest, Amount: money.Of(p.Amount-p.PaidAmount, p.Currency)}, good, back}
	case p.Reason == payments.ReasonDouble && ord.Status == AwaitingPayment && ord.Arrived().Amount <= ord.Total:
		return []Remedy{good, back} // a part of what is still to come
	case p.Reason == payments.ReasonRefundFailed:
		return []Remedy{again(p, back, refunds), good}
	case slices.Contains([]string{payments.ReasonDouble, ReasonLateNoGoods, ReasonSuperseded, ReasonLateCancelled,
		ReasonCancelled, ReasonReturned, ReasonCartChanged}, p.Reason):
		return []Remedy{back, good}
	}
	return []Remedy{good, back}
}

// again is the refund that failed, once more: just what was meant to go back.
func again(p payments.Payment, back Remedy, refunds []payments.Refund) Remedy {
	for _, r := range slices.Backward(refunds) {
		if p.Reason == payments.ReasonRefundFailed && r.Status == payments.RefundFailed && r.Currency == back.Amount.Currency && r.Amount < back.Amount.Amount {
			back.Amount.Amount = r.Amount
			break
		}
	}
	return back
}

// RefundDifference takes too much as good and sends back what is too much. After a crash between the two the promise goes on.
func (o *Orders) RefundDifference(ctx context.Context, merchant, payment, reason string) (payments.Refund, error) {
	var promised payments.Refund
	err := o.db.InTx(ctx, func(tx database.Tx) error {
		p, err := o.pay.Find(tx, merchant, payment)
		if err != nil {
			return err
		}
		over := p.Over()
		if over < 1 {
			return payments.ErrMove.Say("Only where more came than the payment asked for is there a difference to refund.")
		}
		if err := o.AcceptPayment(tx, merchant, payment); err != nil {
			return err
		}
		sum := money.Of(over, p.Currency)
		promised, err = o.pay.PromiseRefund(tx, merchant, payment, &sum, reason, "difference")
		return err
	})
	if err != nil {
		return promised, err
	}
	return o.pay.EndRefund(jobs.Eager(ctx), merchant, promised)
}

// Receive registers money that staff have at a payment, and gives the payment that has it then. Where too little came before, what is
// registered at the same payment is a further part, as long as the parts do not come to more than was asked for.
func (o *Orders) Receive(ctx context.Context, merchant, payment string, r payments.Received) (string, error) {
	at := payment
	err := o.db.InTx(ctx, func(tx database.Tx) error {
		p, err := o.pay.Find(tx, merchant, payment)
		if err != nil {
			return err
		}
		ord, err := lockDeal(tx, merchant, p.OrderID)
		if err != nil {
			return err
		}
		if at, err = o.takes(tx, &ord, payment, r); err != nil {
			return err
		}
		fact, err := o.pay.TakeIn(tx, merchant, at, r)
		if err != nil {
			return err
		}
		m, err := o.pay.Apply(tx, fact) // at once: who registers more after this sees what came
		if err != nil {
			return err
		}
		return o.follow(tx, m)
	})
	if err != nil {
		return "", err
	}
	return o.pay.Holder(ctx, merchant, at, r)
}

// takes finds the payment of the order that money is for which staff registered at one of them.
func (o *Orders) takes(tx database.Tx, ord *Order, payment string, r payments.Received) (string, error) {
	p, err := o.pay.Find(tx, ord.MerchantID, payment)
	if err != nil {
		return "", err
	}
	siblings, err := o.pay.OfOrder(tx, ord.MerchantID, ord.ID)
	if err != nil {
		return "", err
	}
	if at, known, err := o.pay.RegisteredAmong(tx, siblings, p, r); err != nil || known || r.Amount.Currency != p.Currency || r.Amount.Amount < 1 {
		return at, err
	}
	switch {
	case p.Short() && ord.Status == AwaitingPayment && ord.ExpiresAt != nil && r.Amount.Amount <= p.Amount-p.PaidAmount:
		if paid, err := o.partly(tx, ord, p.ID); err != nil || paid {
			return p.ID, err
		}
	case p.Status != payments.Paid:
		return p.ID, nil
	case p.Reason != payments.ReasonPart:
		return partOf(ord, siblings, p, r.Amount), nil
	}
	return o.nextPart(tx, ord, p, r)
}

// partOf finds the part of a split order that still waits for just this sum, where the one at which it is registered has its money.
func partOf(ord *Order, siblings []payments.Payment, p payments.Payment, sum money.Money) string {
	for _, q := range siblings {
		waits := q.Status == payments.Pending && !q.Processing() || q.Status == payments.Failed
		if ord.Status == AwaitingPayment && waits && q.PaidAmount == 0 && q.Money() == sum {
			return q.ID
		}
	}
	return p.ID
}

// nextPart finds where further money for a payment goes that was taken as a part: to the one that has it already, to the one that asks
// for just this, or to the smallest that asks for more.
func (o *Orders) nextPart(tx database.Tx, ord *Order, p payments.Payment, r payments.Received) (string, error) {
	list, err := o.pay.OfOrder(tx, ord.MerchantID, ord.ID)
	if err != nil {
		return "", err
	}
	best := payments.Payment{}
	for _, q := range list {
		if known, err := o.pay.Registered(tx, q, r); err != nil || known {
			return q.ID, err
		}
		missing := q.Amount - q.PaidAmount
		asks := q.Status == payments.Pending && !q.Processing() || q.Status == payments.Failed || q.Short()
		if asks && r.Amount.Amount <= missing && (best.ID == "" || missing < best.Amount-best.PaidAmount) {
			best = q
		}
	}
	switch {
	case best.ID == "" || ord.Status != AwaitingPayment:
		return p.ID, nil
	case best.Short():
		return o.takes(tx, ord, best.ID, r)
	}
	return best.ID, nil
}
