package bot

import (
	"slices"

	"sotto.chat/bot/words"
	"sotto.chat/internal/money"
	"sotto.chat/orders"
	"sotto.chat/payments"
)

// moneyIn tells whether money of an order is with the shop already, as good or before a person.
func moneyIn(ord orders.Order) bool { return ord.Arrived().Amount > 0 || inReview(ord) }

// inReview tells whether a person looks at money of the order.
func inReview(ord orders.Order) bool {
	return slices.ContainsFunc(ord.Payments, func(p payments.Payment) bool { return p.Status == payments.NeedsReview })
}

// status says how an order stands, and where its money is.
func (t *talk) status(ord orders.Order) error {
	total := money.Of(ord.Total, ord.Currency)
	t.out.facts.text(ord.Number)
	t.out.facts.amount(total)
	f := words.Facts{"number": ord.Number, "total": total}
	here := ord.Arrived()
	switch ord.Status {
	case orders.AwaitingPayment:
		return t.owing(ord, false)
	case orders.Cancelled:
		t.out.say("status_cancelled", f)
		t.out.moneyHere(ord)
	case orders.Expired:
		if here.Amount > 0 {
			t.out.facts.amount(here)
			f["amount"] = here
			t.out.say("expired_partly", f)
			return nil
		}
		t.out.say("status_expired", f)
	default:
		t.out.say("status_"+string(ord.Status), f)
		if inReview(ord) {
			t.out.say("needs_review", f)
		}
		return nil
	}
	switch {
	case here.Amount > 0:
	case inReview(ord):
		t.out.say("needs_review", f)
	default:
		t.out.offer("button_again", tapTo(tapAgain, ord.ID))
	}
	return nil
}

// owing says what is still to be paid of an order that waits for its money, and how. While a person looks at money of it, or money is on
// its way, nobody is asked to pay. Who has chosen a way without a link gets the link only where it is asked for.
func (t *talk) owing(ord orders.Order, link bool) error {
	t.out.facts.text(ord.Number)
	f := words.Facts{"number": ord.Number}
	if inReview(ord) {
		t.out.say("needs_review", f)
		return nil
	}
	onItsWay := slices.ContainsFunc(ord.Payments, func(p payments.Payment) bool { return p.Processing() || p.Status == payments.Authorized })
	here, rest := ord.Arrived(), ord.Open()
	part := here.Amount > 0 && rest.Amount > 0
	if part {
		t.out.facts.amount(here, rest)
		f["amount"], f["rest"] = here, rest
		t.out.say("paid_in_part", f)
	}
	if onItsWay {
		t.out.say("payment_processing", f)
		return nil
	}
	byHand, err := t.byHand(ord)
	switch {
	case err != nil || byHand && !link:
		return err
	case byHand || part:
		return t.payHere(ord)
	}
	return t.ordered(ord, "pay_again")
}

// byHand says what to do for money that comes by a bank transfer or in cash; false where neither was chosen.
func (t *talk) byHand(ord orders.Order) (bool, error) {
	for _, p := range ord.Payments {
		if p.PromisedCash() {
			t.out.facts.amount(p.Money())
			t.out.say("on_delivery", words.Facts{"number": ord.Number, "total": p.Money()})
			return true, nil
		}
	}
	reference, details, err := t.b.orders.Transfer(t.tx, ord)
	if err != nil || reference == "" {
		return false, err
	}
	t.out.reference, t.out.details = reference, details
	t.out.transfer(ord)
	return true, nil
}

// transfer says where to transfer the money of an order, and under which reference.
func (d *draft) transfer(ord orders.Order) {
	sum := money.Of(ord.Total, ord.Currency)
	for _, p := range ord.Payments {
		if p.Status == payments.Pending && p.Reason == payments.ReasonTransfer {
			sum = p.Money()
			break
		}
	}
	d.facts.amount(sum)
	d.facts.text(ord.Number, d.reference, d.details)
	d.say("bank_transfer", words.Facts{"number": ord.Number, "total": sum, "reference": d.reference, "details": d.details})
}
