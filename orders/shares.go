package orders

import (
	"slices"
	"strconv"
	"time"

	"sotto.chat/internal/database"
	"sotto.chat/internal/fault"
	"sotto.chat/internal/money"
	"sotto.chat/payments"
)

// Faults of shares.
var (
	ErrParts   = fault.New(fault.Invalid, "parts_invalid", "The parts must be 1 to 20 sums of the order's currency that add up to what is still open.")
	ErrMissing = fault.New(fault.Conflict, "payment_outstanding", "The order is not paid yet.")
	errCash    = ErrMissing.Say("The order is not paid yet; register the cash first: POST /v1/payments/{id}/receive.")
)

// maxParts bounds into how many payments an order is split.
const maxParts = 20

// reviewFor is how long goods wait for a person's word about money that is not what was asked for.
const reviewFor = 72 * time.Hour

// Split has what is still open of an order be paid in parts: the link of before dies, and each part has its own. The order is paid when
// the parts are. What was paid already stays.
func (o *Orders) Split(tx database.Tx, merchant, order string, parts []money.Money, d Deed) (Order, error) {
	ord, err := lockDeal(tx, merchant, order)
	if err != nil {
		return Order{}, err
	}
	if ord.Status != AwaitingPayment || ord.ExpiresAt == nil {
		return Order{}, ErrMove.Say("The order is %s; only one that waits for its money can be split.", ord.Status)
	}
	if err := o.notOnItsWay(tx, ord); err != nil {
		return Order{}, err
	}
	t, err := o.tallied(tx, ord)
	if err != nil {
		return Order{}, err
	}
	if err := fitting(parts, t.open(ord)); err != nil {
		return Order{}, err
	}
	if len(parts) == 1 && t.sum == 0 && len(t.live) > 0 {
		return Order{}, ErrParts.Say("Nothing of the order is paid yet: split it into two parts at least.")
	}
	if err := o.pay.Kill(tx, merchant, order, ReasonSplit); err != nil {
		return Order{}, err
	}
	for _, part := range parts {
		if err := o.expectShare(tx, ord, part, language(t.live)); err != nil {
			return Order{}, err
		}
	}
	h := happening{reason: ReasonSplit, remark: d.Remark, actor: d.Actor, fact: ReasonSplit + ":" + ord.ID + ":" + strconv.FormatInt(ord.Version, 10)}
	if err := o.stay(tx, &ord, h); err != nil {
		return Order{}, err
	}
	return o.Find(tx, merchant, order)
}

// fitting checks parts against what they must add up to.
func fitting(parts []money.Money, open money.Money) error {
	sum := money.Of(0, open.Currency)
	if len(parts) < 1 || len(parts) > maxParts {
		return ErrParts
	}
	for _, p := range parts {
		var err error
		if sum, err = sum.Add(p); err != nil || p.Amount < 1 {
			return ErrParts
		}
	}
	if sum != open {
		return ErrParts.Say("The parts add up to %s %s, and %s %s is open.", sum.Decimal(), sum.Currency, open.Decimal(), open.Currency)
	}
	return nil
}

// language is the one in which the payments of before were asked for.
func language(list []payments.Payment) string {
	if len(list) == 0 {
		return ""
	}
	return list[0].Language
}

// expectShare asks for a part of the order's money, under the order's number: in no language, and of no count that a later part would make wrong.
func (o *Orders) expectShare(tx database.Tx, ord Order, part money.Money, language string) error {
	_, err := o.pay.Expect(tx, ord.MerchantID, payments.Expected{OrderID: ord.ID, Customer: ord.CustomerID, Amount: part, ExpiresAt: *ord.ExpiresAt, Language: language,
		Items: []payments.Item{{Name: ord.Number, Quantity: 1, Unit: part.Amount, Total: part.Amount}}})
	return err
}

// AskRest takes too little as a part, and asks for the rest by another payment; both together pay the order.
func (o *Orders) AskRest(tx database.Tx, merchant, payment string, d Deed) error {
	p, err := o.pay.Find(tx, merchant, payment)
	if err != nil {
		return err
	}
	ord, err := lockDeal(tx, merchant, p.OrderID)
	if err != nil {
		return err
	}
	if ord.Status != AwaitingPayment || ord.ExpiresAt == nil {
		return ErrMove.Say("The order is %s; the rest is asked for while it waits for its money.", ord.Status)
	}
	told := happening{reason: ReasonAskRest, remark: d.Remark, actor: d.Actor, fact: ReasonAskRest + ":" + payment}
	list, err := o.pay.OfOrder(tx, merchant, ord.ID)
	if err != nil {
		return err
	}
	if worth(ord, p) > 0 && nobodyAsked(ord, list) {
		if err := o.askForgotten(tx, &ord, p.Language); err != nil {
			return err
		}
		told.fact += ":" + strconv.FormatInt(ord.Version, 10)
		return o.stay(tx, &ord, told)
	}
	if paid, err := o.partly(tx, &ord, payment); err != nil || paid {
		return err
	}
	return o.stay(tx, &ord, told)
}

// partly takes too little as a part and expects the rest; paid tells that this made the order whole, with what had come beside it.
func (o *Orders) partly(tx database.Tx, ord *Order, payment string) (paid bool, err error) {
	m, err := o.pay.TakePart(tx, ord.MerchantID, payment)
	if err != nil {
		return false, err
	}
	rest := money.Of(m.Payment.Amount-m.Payment.PaidAmount, m.Payment.Currency)
	if err := o.askMore(tx, ord, rest, m.Payment.Language); err != nil {
		return false, err
	}
	t, err := o.tallied(tx, *ord)
	if err != nil {
		return false, err
	}
	if t.sum >= ord.Total { // another part that nobody waited for has come meanwhile
		return true, o.follow(tx, m)
	}
	return false, o.askOnce(tx, *ord, t)
}

// askMore expects more money of an order, and gives it the time to be paid.
func (o *Orders) askMore(tx database.Tx, ord *Order, rest money.Money, language string) error {
	terms, err := o.termsNow(tx, ord.MerchantID)
	if err != nil {
		return err
	}
	if end := tx.Now.Add(time.Duration(terms.HoldMinutes) * time.Minute); ord.ExpiresAt.Before(end) {
		if err := o.lastUntil(tx, ord, end); err != nil {
			return err
		}
	}
	return o.expectShare(tx, *ord, rest, language)
}

// askForgotten expects what is missing of an order, where nobody is asked for it.
func (o *Orders) askForgotten(tx database.Tx, ord *Order, language string) error {
	list, err := o.pay.OfOrder(tx, ord.MerchantID, ord.ID)
	if err != nil || ord.ExpiresAt == nil || !nobodyAsked(*ord, list) {
		return err
	}
	return o.askMore(tx, ord, count(*ord, list).open(*ord), language)
}

// askOnce sees to it that no more is expected than what is open: where it is, one payment asks for just that.
func (o *Orders) askOnce(tx database.Tx, ord Order, t tally) error {
	var asked int64
	for _, p := range t.live {
		asked += p.Amount
	}
	if open := t.open(ord); asked > open.Amount {
		if err := o.pay.Kill(tx, ord.MerchantID, ord.ID, ReasonSplit); err != nil {
			return err
		}
		return o.expectShare(tx, ord, open, language(t.live))
	}
	return nil
}

// PayBy has a payment of an order wait for cash at the door or for a bank transfer. The order's life becomes that of the payment, and its
// cart is done with.
func (o *Orders) PayBy(tx database.Tx, merchant, payment, method string, d Deed) (payments.Offer, error) {
	p, err := o.pay.Find(tx, merchant, payment)
	if err != nil {
		return payments.Offer{}, err
	}
	ord, err := lockDeal(tx, merchant, p.OrderID)
	if err != nil {
		return payments.Offer{}, err
	}
	return o.payBy(tx, &ord, payment, method, d.Actor)
}

func (o *Orders) payBy(tx database.Tx, ord *Order, payment, method, actor string) (payments.Offer, error) {
	if ord.Status != AwaitingPayment {
		return payments.Offer{}, ErrMove.Say("The order is %s; it does not wait for money.", ord.Status)
	}
	p, offer, err := o.pay.ByHand(tx, ord.MerchantID, payment, method)
	if err != nil {
		return offer, err
	}
	if err := o.sameLife(tx, ord, p); err != nil {
		return offer, err
	}
	offer.ExpiresAt = *ord.ExpiresAt
	if err := closeCart(tx, ord.MerchantID, ord.CartID); err != nil {
		return offer, err
	}
	return offer, o.stay(tx, ord, happening{reason: p.Reason, actor: actor, fact: p.Reason + ":" + payment})
}

// fulfillable refuses to hand over what is neither paid nor held nor to be paid at the door. Money that is held is promised to be taken.
func (o *Orders) fulfillable(tx database.Tx, ord Order, take *money.Money) error {
	t, err := o.tallied(tx, ord)
	if err != nil {
		return err
	}
	var held []payments.Payment
	for _, p := range t.live {
		if p.Status == payments.Authorized {
			held = append(held, p)
		}
	}
	switch {
	case !t.covered(ord):
		return ErrMissing
	case take != nil && len(held) != 1:
		return payments.ErrNotHeld
	}
	for _, p := range held {
		if _, err := o.pay.PromiseCapture(tx, ord.MerchantID, p.ID, take); err != nil {
			return err
		}
	}
	return nil
}

// settledInFull refuses to complete an order of which money is still expected.
func (o *Orders) settledInFull(tx database.Tx, ord Order) error {
	list, err := o.pay.OfOrder(tx, ord.MerchantID, ord.ID)
	switch {
	case err != nil:
		return err
	case slices.ContainsFunc(list, payments.Payment.PromisedCash):
		return errCash
	case slices.ContainsFunc(list, expectedStill):
		return ErrMissing
	}
	return nil
}
