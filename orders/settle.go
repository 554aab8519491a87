package orders

import (
	"context"
	"errors"
	"strconv"

	"sotto.chat/catalog"
	"sotto.chat/internal/database"
	"sotto.chat/payments"
)

// settle hears that something may have happened to money: the provider is asked outside of any transaction; then
// payment, order, goods and news move in one.
func (o *Orders) settle(ctx context.Context, e payments.EventArrived) error {
	fact, err := o.pay.Resolve(ctx, e.Merchant, e.Event)
	if err != nil {
		return err
	}
	return o.db.InTx(ctx, func(tx database.Tx) error {
		m, err := o.pay.Apply(tx, fact)
		if err != nil {
			return err
		}
		return o.follow(tx, m)
	})
}

// heardMove hears of a move that no event brought, such as a refund that the shop made itself.
func (o *Orders) heardMove(ctx context.Context, n payments.Moved) error {
	return o.db.InTx(ctx, func(tx database.Tx) error {
		p, err := o.pay.Find(tx, n.Merchant, n.Payment)
		if err != nil {
			return err
		}
		if n.To != p.Status {
			n.From = p.Status // it has moved on, and whoever moved it told of that
		}
		return o.follow(tx, payments.Move{Payment: p, From: n.From, To: p.Status, Changed: true})
	})
}

// AcceptPayment takes money that waited for a person as good, and lets its order go on.
func (o *Orders) AcceptPayment(tx database.Tx, merchant, payment string) error {
	m, err := o.pay.Accept(tx, merchant, payment)
	if err != nil {
		return err
	}
	return o.follow(tx, m)
}

// follow moves the order after its payment. It runs in the transaction that moved the payment.
func (o *Orders) follow(tx database.Tx, m payments.Move) error {
	if !m.Changed || m.Payment.OrderID == "" {
		return nil
	}
	ord, err := lockDeal(tx, m.Payment.MerchantID, m.Payment.OrderID)
	if err != nil {
		return err
	}
	switch {
	case m.Double:
		return o.tell(tx, &ord, m, payments.ReasonDouble)
	case m.Processing, m.To == payments.Authorized:
		return o.wait(tx, &ord, m)
	case m.To == payments.Paid, m.To == payments.PartiallyRefunded && m.From == payments.NeedsReview && m.Payment.Reason == payments.ReasonAccepted:
		return o.paid(tx, &ord, m)
	case m.Paid && m.To == payments.PartiallyRefunded: // the first that was heard of it: it came, and some of it went back
		if err := o.paid(tx, &ord, m); err != nil {
			return err
		}
		return o.refunded(tx, &ord, m)
	case m.To == payments.Refunded, m.To == payments.PartiallyRefunded:
		return o.refunded(tx, &ord, m)
	case m.To == payments.NeedsReview:
		return o.puzzle(tx, &ord, m)
	case m.To == payments.Failed:
		if err := o.sameLife(tx, &ord, m.Payment); err != nil {
			return err
		}
		if m.Payment.Reason == payments.ReasonHoldEnded {
			return o.tell(tx, &ord, m, ReasonHoldEnded)
		}
		return o.tell(tx, &ord, m, ReasonFailed)
	}
	return nil
}

// paid lets the goods go once all the money is here. An order that had ended is brought back, if it can be. Money by a link from before a
// change of the order is for something else: a person looks.
func (o *Orders) paid(tx database.Tx, ord *Order, m payments.Move) error {
	if m.Late && m.Was == ReasonEdited {
		return o.review(tx, ord, m, ReasonEdited)
	}
	if ord.Status == AwaitingPayment && m.Payment.Amount == ord.Total && !m.Late && m.From != payments.NeedsReview {
		return o.release(tx, ord) // the one payment that was asked for
	}
	t, err := o.tallied(tx, *ord)
	if err != nil {
		return err
	}
	if err := o.tooMuch(tx, ord, t); err != nil {
		return err
	}
	switch ord.Status {
	case AwaitingPayment:
		if t.sum < ord.Total {
			if err := o.askOnce(tx, *ord, t); err != nil {
				return err
			}
			if m.Payment.Reason == payments.ReasonAccepted {
				if err := o.askForgotten(tx, ord, m.Payment.Language); err != nil {
					return err
				}
			}
			return o.tell(tx, ord, m, ReasonPart)
		}
		if err := o.pay.Kill(tx, ord.MerchantID, ord.ID, ReasonPaid); err != nil {
			return err
		}
		return o.release(tx, ord)
	case Fulfilled, Completed:
		if t.sum >= ord.Total && len(t.surplus) == 0 && m.From != payments.NeedsReview {
			return o.stay(tx, ord, happening{reason: ReasonPaid, actor: "payments", fact: ReasonPaid + ":" + ord.ID})
		}
	case Expired, Cancelled:
		return o.afterTheEnd(tx, ord, m)
	}
	return nil
}

// tooMuch puts before a person what the order does not ask for.
func (o *Orders) tooMuch(tx database.Tx, ord *Order, t tally) error {
	for _, p := range t.surplus {
		if err := o.review(tx, ord, payments.Move{Payment: p}, payments.ReasonDouble); err != nil {
			return err
		}
	}
	return nil
}

// release gives the goods of an order whose money is here.
func (o *Orders) release(tx database.Tx, ord *Order) error {
	if err := o.cat.Consume(tx, ord.MerchantID, ord.ID); err != nil {
		return err
	}
	if err := closeCart(tx, ord.MerchantID, ord.CartID); err != nil {
		return err
	}
	return o.move(tx, ord, actPay, happening{reason: ReasonPaid, actor: "payments"})
}

// afterTheEnd answers money for an order that is over. All of it must be here before the order can come back.
func (o *Orders) afterTheEnd(tx database.Tx, ord *Order, m payments.Move) error {
	accepted := m.Payment.Reason == payments.ReasonAccepted
	switch had, err := wasPaid(tx, *ord); {
	case err != nil:
		return err
	case had && accepted:
		return nil // its goods went back to the stock when it was called off: that is not undone by money
	case had:
		return o.review(tx, ord, m, ReasonLateCancelled)
	}
	list, err := o.pay.OfOrder(tx, ord.MerchantID, ord.ID)
	if err != nil {
		return err
	}
	var sum int64
	for _, p := range list {
		if p.Status == payments.NeedsReview && p.Reason == payments.ReasonPartly {
			p.Status, p.Reason = payments.Paid, ""
		}
		sum += worth(*ord, p)
	}
	switch {
	case sum < ord.Total:
		return o.review(tx, ord, m, payments.ReasonPartly)
	case ord.Status == Cancelled && !accepted: // somebody said that it shall not be; money does not overrule them, another person may
		return o.review(tx, ord, m, ReasonLateCancelled)
	}
	return o.late(tx, ord, m)
}

// late answers money for an order that had ended. The goods are there: the order is honoured, and what was paid
// leaves the customer's cart. They are gone, or were bought again meanwhile: a person decides, and the chat is told.
func (o *Orders) late(tx database.Tx, ord *Order, m payments.Move) error {
	twice, err := boughtAgain(tx, *ord)
	if err != nil {
		return err
	}
	if twice {
		return o.review(tx, ord, m, ReasonSuperseded)
	}
	if ord.Lines, err = orderLines(tx.DB(), ord.MerchantID, []string{ord.ID}); err != nil {
		return err
	}
	err = tx.Try(func(tx database.Tx) error {
		if err := o.leaveCart(tx, *ord); err != nil {
			return err
		}
		return o.cat.Hold(tx, ord.MerchantID, ord.ID, pieces(ord.Lines), tx.Now)
	})
	if errors.Is(err, catalog.ErrOutOfStock) || errors.Is(err, catalog.ErrUnavailable) {
		return o.review(tx, ord, m, ReasonLateNoGoods)
	}
	if err != nil {
		return err
	}
	if err := o.cat.Consume(tx, ord.MerchantID, ord.ID); err != nil {
		return err
	}
	if err := o.pay.Reunite(tx, ord.MerchantID, ord.ID); err != nil {
		return err
	}
	if err := o.move(tx, ord, actPayLate, happening{reason: ReasonLate, actor: "payments"}); err != nil {
		return err
	}
	t, err := o.tallied(tx, *ord)
	if err != nil {
		return err
	}
	return o.tooMuch(tx, ord, t)
}

func (o *Orders) review(tx database.Tx, ord *Order, m payments.Move, reason string) error {
	if err := o.pay.Review(tx, ord.MerchantID, m.Payment.ID, reason); err != nil {
		return err
	}
	return o.tell(tx, ord, m, reason)
}

// leaveCart takes what was paid late out of the cart that it came from, when that cart is still in use. If another
// order of the cart waits for money, the cart has changed under it, and it goes the way of such orders.
func (o *Orders) leaveCart(tx database.Tx, ord Order) error {
	c, err := o.touch(tx, ord.MerchantID, ord.CartID)
	if errors.Is(err, ErrCartOrdered) || errors.Is(err, ErrNoCart) {
		return nil
	}
	if err != nil {
		return err
	}
	if c.Lines, err = cartLines(tx, ord.MerchantID, c.ID); err != nil {
		return err
	}
	left := map[string]int64{}
	for _, l := range ord.Lines {
		left[l.Kind] += l.Quantity
	}
	remain := false
	for _, l := range c.Lines {
		key := kind(l.SKU, l.Options)
		take := min(left[key], l.Quantity)
		left[key] -= take
		switch {
		case take == 0:
			remain = true
		case take == l.Quantity:
			err = removeLine(tx, ord.MerchantID, c.ID, l.ID)
		default:
			remain = true
			err = setQuantity(tx, ord.MerchantID, c.ID, l.ID, l.Quantity-take)
		}
		if err != nil {
			return err
		}
	}
	if !remain {
		return closeCart(tx, ord.MerchantID, c.ID)
	}
	return nil
}

// wait gives the order the time that a slow method needs. Its cart is done with, as after a payment.
func (o *Orders) wait(tx database.Tx, ord *Order, m payments.Move) error {
	if ord.Status != AwaitingPayment {
		return nil
	}
	if err := o.sameLife(tx, ord, m.Payment); err != nil {
		return err
	}
	if err := closeCart(tx, ord.MerchantID, ord.CartID); err != nil {
		return err
	}
	return o.tell(tx, ord, m, ReasonProcessing)
}

// sameLife gives the order the expiry of its payment: quote, hold and link end together. Of several payments the longest life counts, for all.
func (o *Orders) sameLife(tx database.Tx, ord *Order, p payments.Payment) error {
	if ord.Status != AwaitingPayment || ord.ExpiresAt == nil || p.ExpiresAt.Equal(*ord.ExpiresAt) {
		return nil
	}
	end := p.ExpiresAt
	if p.Amount != ord.Total {
		t, err := o.tallied(tx, *ord)
		if err != nil {
			return err
		}
		for _, other := range t.live {
			if other.ExpiresAt.After(end) {
				end = other.ExpiresAt
			}
		}
		if err := o.pay.LastUntil(tx, ord.MerchantID, ord.ID, end); err != nil {
			return err
		}
	}
	return o.lastUntil(tx, ord, end)
}

// puzzle puts money before a person, and keeps the goods until there is a word about it. What went back of it is told as of any money; why
// a person must look is not told again.
func (o *Orders) puzzle(tx database.Tx, ord *Order, m payments.Move) error {
	if m.Payment.RefundedAmount > 0 {
		if err := o.refunded(tx, ord, m); err != nil {
			return err
		}
	}
	if m.From == payments.NeedsReview {
		if last, err := toldLast(tx, *ord, m.Payment.ID); err != nil || last == m.Payment.Reason {
			return err
		}
	}
	reason := m.Payment.Reason
	if end := tx.Now.Add(reviewFor); reason == payments.ReasonWrongAmount && ord.Status == AwaitingPayment && ord.ExpiresAt != nil && ord.ExpiresAt.Before(end) {
		if err := o.pay.LastUntil(tx, ord.MerchantID, ord.ID, end); err != nil {
			return err
		}
		if err := o.lastUntil(tx, ord, end); err != nil {
			return err
		}
	}
	return o.tell(tx, ord, m, reason)
}

// refunded follows money that went back. All of it, before the goods went out: there is no deal any more.
func (o *Orders) refunded(tx database.Tx, ord *Order, m payments.Move) error {
	h := happening{reason: ReasonRefunded, actor: "payments",
		fact: ReasonRefunded + ":" + m.Payment.ID + ":" + strconv.FormatInt(m.Payment.RefundedAmount, 10)}
	if m.To != payments.Refunded || ord.Status != Paid && ord.Status != AwaitingPayment {
		return o.stay(tx, ord, h)
	}
	others, err := o.pay.OfOrder(tx, ord.MerchantID, ord.ID)
	if err != nil {
		return err
	}
	for _, p := range others {
		if p.ID != m.Payment.ID && carries(*ord, p) {
			return o.stay(tx, ord, h)
		}
	}
	if ord.Status == Paid {
		return o.callOff(tx, ord, actRefund, h)
	}
	if err := o.giveUp(tx, ord, actRefund, h); err != nil {
		return err
	}
	return reopenCart(tx, ord.MerchantID, ord.CartID)
}

// carries tells whether an order goes on by a payment when another was given back. A paid one does so by money that would have paid it
// alone, or with others; not by what came beside it in a wrong sum or currency, whichever of the two came first.
func carries(ord Order, p payments.Payment) bool {
	switch {
	case p.Status == payments.Refunded || p.Status == payments.Cancelled:
		return false
	case ord.Status != Paid || p.Status != payments.NeedsReview:
		return true
	case p.Reason == payments.ReasonDouble:
		return p.Currency == ord.Currency && p.PaidAmount == ord.Total
	}
	return p.Reason != payments.ReasonWrongAmount && p.Reason != payments.ReasonWrongCurrency && p.Reason != payments.ReasonWrongMode
}

// tell writes and announces what happened to money while the order stands where it is.
func (o *Orders) tell(tx database.Tx, ord *Order, m payments.Move, reason string) error {
	return o.stay(tx, ord, happening{reason: reason, actor: "payments",
		fact: reason + ":" + m.Payment.ID + ":" + strconv.FormatInt(m.Payment.Version, 10)})
}

// stay notes a happening that leaves the status alone. A fact that stands in the history is not told again.
func (o *Orders) stay(tx database.Tx, ord *Order, h happening) error {
	if known, err := hasFact(tx, *ord, h.fact); err != nil || known {
		return err
	}
	ord.UpdatedAt = tx.Now
	ord.Version++
	if err := saveOrder(tx, ord); err != nil {
		return err
	}
	return o.note(tx, ord, ord.Status, h)
}
