package orders

import (
	"context"
	"slices"
	"strconv"

	"sotto.chat/catalog"
	"sotto.chat/internal/database"
	"sotto.chat/internal/fault"
	"sotto.chat/internal/jobs"
	"sotto.chat/internal/money"
	"sotto.chat/payments"
)

// Faults of an order's life.
var (
	ErrReturn   = fault.New(fault.Invalid, "return_invalid", "More cannot be returned than was bought and not returned before.")
	ErrNoMoney  = fault.New(fault.Conflict, "nothing_to_refund", "There is no money of this order that could be refunded.")
	ErrOnTheWay = fault.New(fault.Conflict, "payment_on_its_way", "A payment of this order is on its way; wait until it has arrived or failed.")
)

// Deed says who does something to an order, and in which words.
type Deed struct {
	Actor  string // "customer", "bot", a staff or key id
	Remark string // a person's own words, for the history alone
	// Take is how much of held money is taken when the goods go out; nil is all of it. What is less lets the rest go.
	Take *money.Money
}

// Cancel ends an order that is not fulfilled. An unpaid one loses its link and its goods at once, and money that is held for it is let go,
// unless money is on its way, which nobody can stop. A paid one gives its goods back to the stock; its money is not refunded here but put
// before a person, until RefundOrder is called.
func (o *Orders) Cancel(tx database.Tx, merchant, order string, d Deed) (Order, error) {
	ord, err := lockDeal(tx, merchant, order)
	if err != nil {
		return Order{}, err
	}
	h := happening{reason: ReasonCancelled, remark: d.Remark, actor: d.Actor}
	if ord.Status == AwaitingPayment {
		if err := o.notOnItsWay(tx, ord); err != nil {
			return Order{}, err
		}
		if err := o.giveUp(tx, &ord, actCancel, h); err != nil {
			return Order{}, err
		}
		if err := closeCart(tx, merchant, ord.CartID); err != nil {
			return Order{}, err
		}
	} else if err := o.callOff(tx, &ord, actCancel, h); err != nil {
		return Order{}, err
	}
	return o.Find(tx, merchant, order)
}

// Fulfil says that the goods of a paid order are on their way.
func (o *Orders) Fulfil(tx database.Tx, merchant, order string, d Deed) (Order, error) {
	return o.step(tx, merchant, order, actFulfil, d)
}

// Complete says that the customer has the goods.
func (o *Orders) Complete(tx database.Tx, merchant, order string, d Deed) (Order, error) {
	return o.step(tx, merchant, order, actComplete, d)
}

func (o *Orders) step(tx database.Tx, merchant, order string, by act, d Deed) (Order, error) {
	ord, err := lockOrder(tx, merchant, order)
	if err != nil {
		return Order{}, err
	}
	to, err := target(by, ord.Status)
	if err != nil {
		return Order{}, err
	}
	if by == actFulfil && ord.Status == AwaitingPayment {
		if err = o.fulfillable(tx, ord, d.Take); err == nil {
			err = o.cat.Consume(tx, merchant, order)
		}
	} else if d.Take != nil {
		err = payments.ErrNotHeld
	} else if by == actComplete {
		err = o.settledInFull(tx, ord)
	}
	if err != nil {
		return Order{}, err
	}
	if err := o.move(tx, &ord, by, happening{reason: string(to), remark: d.Remark, actor: d.Actor}); err != nil {
		return Order{}, err
	}
	return o.Find(tx, merchant, order)
}

// Returned is what comes back; no lines means everything that has not come back before. Restock tells whether the
// goods can be sold again.
type Returned struct {
	Lines   []ReturnedLine
	Restock bool
	Deed
}

// ReturnedLine is so many pieces of one line of the order.
type ReturnedLine struct {
	LineID   string
	Quantity int64
}

// Return takes goods back. The order is cancelled when nothing of it is left with the customer; the money is
// refunded with RefundOrder.
func (o *Orders) Return(tx database.Tx, merchant, order string, r Returned) (Order, error) {
	ord, err := lockOrder(tx, merchant, order)
	if err != nil {
		return Order{}, err
	}
	if _, err := target(actTakeBack, ord.Status); err != nil {
		return Order{}, err
	}
	if ord.Lines, err = orderLines(tx.DB(), merchant, []string{order}); err != nil {
		return Order{}, err
	}
	back, left, err := r.apply(ord.Lines)
	if err != nil {
		return Order{}, err
	}
	if err := saveReturned(tx, back); err != nil {
		return Order{}, err
	}
	if r.Restock {
		if err := o.cat.Restock(tx, merchant, comingBack(back)); err != nil {
			return Order{}, err
		}
	}
	h := happening{reason: ReasonReturned, remark: r.Remark, actor: r.Actor}
	if left > 0 {
		h.fact = ReasonReturned + ":" + ord.ID + ":" + strconv.FormatInt(ord.Version, 10)
		err = o.stay(tx, &ord, h)
	} else if err = o.pay.Kill(tx, merchant, order, ReasonReturned); err == nil { // cash that was to be paid at the door
		if err = o.reviewMoney(tx, ord, ReasonReturned); err == nil {
			err = o.move(tx, &ord, actTakeBack, h)
		}
	}
	if err != nil {
		return Order{}, err
	}
	return o.Find(tx, merchant, order)
}

// comeBack is a line of which some pieces come back now.
type comeBack struct {
	line OrderLine
	now  int64
}

// apply gives what comes back now, and how many pieces stay with the customer.
func (r Returned) apply(lines []OrderLine) (back []comeBack, left int64, err error) {
	wanted := map[string]int64{}
	for _, l := range r.Lines {
		if l.Quantity < 1 || l.Quantity > MaxQuantity {
			return nil, 0, ErrReturn
		}
		wanted[l.LineID] += l.Quantity
	}
	for _, l := range lines {
		n := wanted[l.ID]
		if len(r.Lines) == 0 {
			n = l.Quantity - l.Returned
		}
		if n > l.Quantity-l.Returned {
			return nil, 0, ErrReturn
		}
		delete(wanted, l.ID)
		left += l.Quantity - l.Returned - n
		if n > 0 {
			back = append(back, comeBack{l, n})
		}
	}
	if len(wanted) > 0 || len(back) == 0 {
		return nil, 0, ErrReturn
	}
	return back, left, nil
}

func comingBack(back []comeBack) []catalog.HoldLine {
	lines := make([]OrderLine, len(back))
	for i, b := range back {
		lines[i] = OrderLine{VariantID: b.line.VariantID, Quantity: b.now}
	}
	return pieces(lines)
}

// Refunding asks for money to go back. No amount is all that is left; no payment is the one that a person would
// mean: money that waits for a decision before money that counts.
type Refunding struct {
	PaymentID      string
	Amount         *money.Money
	Reason         string
	IdempotencyKey string
}

// RefundOrder sends money of an order back. A refund in full of an order whose goods are still here cancels it.
func (o *Orders) RefundOrder(ctx context.Context, merchant, order string, r Refunding) (payments.Refund, error) {
	ord, err := o.Get(ctx, merchant, order)
	if err != nil {
		return payments.Refund{}, err
	}
	if r.PaymentID == "" {
		if r.PaymentID, err = o.refundedBefore(ctx, ord, r.IdempotencyKey); err != nil {
			return payments.Refund{}, err
		}
	}
	if r.PaymentID == "" {
		if r.PaymentID = refundable(ord.Payments); r.PaymentID == "" {
			return payments.Refund{}, ErrNoMoney
		}
	}
	// eager: the order follows before the caller has its answer
	return o.pay.Refund(jobs.Eager(ctx), merchant, r.PaymentID, r.Amount, r.Reason, r.IdempotencyKey)
}

// refundedBefore gives the payment that this key has a refund of: asked again, the same is meant, whatever one would choose by now.
func (o *Orders) refundedBefore(ctx context.Context, ord Order, key string) (string, error) {
	if key == "" {
		return "", nil
	}
	for _, p := range ord.Payments {
		if p.PaidAmount == 0 && p.Status != payments.NeedsReview {
			continue
		}
		list, err := o.pay.Refunds(ctx, ord.MerchantID, p.ID)
		if err != nil {
			return "", err
		}
		if slices.ContainsFunc(list, func(r payments.Refund) bool { return r.IdempotencyKey == key }) {
			return p.ID, nil
		}
	}
	return "", nil
}

func refundable(list []payments.Payment) string {
	found := ""
	for _, p := range list {
		if p.PaidAmount <= p.RefundedAmount {
			continue
		}
		if p.Status == payments.NeedsReview {
			return p.ID
		}
		found = p.ID
	}
	return found
}

// giveUp ends an order that waits for its money: its link dies and its goods are free in this transaction.
func (o *Orders) giveUp(tx database.Tx, ord *Order, by act, h happening) error {
	if err := o.pay.Kill(tx, ord.MerchantID, ord.ID, h.reason); err != nil {
		return err
	}
	if err := o.cat.Release(tx, ord.MerchantID, ord.ID); err != nil {
		return err
	}
	if err := o.reviewMoney(tx, *ord, partly(h.reason)); err != nil {
		return err
	}
	return o.move(tx, ord, by, h)
}

// partly is why the parts that had come of an order's money are before a person after its end.
func partly(reason string) string {
	if reason == ReasonExpired {
		return payments.ReasonPartly
	}
	return reason
}

// notOnItsWay refuses to end an order whose money comes without anybody doing anything more.
func (o *Orders) notOnItsWay(tx database.Tx, ord Order) error {
	list, err := o.pay.OfOrder(tx, ord.MerchantID, ord.ID)
	if err == nil && slices.ContainsFunc(list, payments.Payment.Processing) {
		err = ErrOnTheWay
	}
	return err
}

// callOff ends a paid order whose goods are still here: they go back to the stock, its money to a person.
func (o *Orders) callOff(tx database.Tx, ord *Order, by act, h happening) error {
	if err := o.move(tx, ord, by, h); err != nil {
		return err
	}
	lines, err := orderLines(tx.DB(), ord.MerchantID, []string{ord.ID})
	if err != nil {
		return err
	}
	var back []comeBack
	for _, l := range lines {
		if n := l.Quantity - l.Returned; n > 0 {
			back = append(back, comeBack{l, n})
		}
	}
	if err := o.cat.Restock(tx, ord.MerchantID, comingBack(back)); err != nil {
		return err
	}
	return o.reviewMoney(tx, *ord, h.reason)
}

// reviewMoney puts before a person what was paid for an order that is no more, unless it went back already.
func (o *Orders) reviewMoney(tx database.Tx, ord Order, reason string) error {
	list, err := o.pay.OfOrder(tx, ord.MerchantID, ord.ID)
	if err != nil {
		return err
	}
	for _, p := range list {
		if p.Status == payments.Paid || p.Status == payments.PartiallyRefunded {
			if err := o.pay.Review(tx, ord.MerchantID, p.ID, reason); err != nil {
				return err
			}
		}
	}
	return nil
}
