package orders

import (
	"context"

	"sotto.chat/internal/database"
	"sotto.chat/payments"
)

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
	case p.Status != payments.Paid || p.Reason != payments.ReasonPart:
		return p.ID, nil
	}
	return o.nextPart(tx, ord, p, r)
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
