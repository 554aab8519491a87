package bot

import (
	"sotto.chat/bot/words"
	"sotto.chat/internal/money"
	"sotto.chat/orders"
)

// moneyIn tells whether money of an order is with the shop already, as good or before a person.
func moneyIn(ord orders.Order) bool { return ord.Arrived().Amount > 0 || ord.InReview() }

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
		if ord.InReview() {
			t.out.say("needs_review", f)
		}
		return nil
	}
	switch {
	case here.Amount > 0:
	case ord.InReview():
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
	if ord.InReview() {
		t.out.say("needs_review", f)
		return nil
	}
	here, rest := ord.Arrived(), ord.Open()
	part := here.Amount > 0 && rest.Amount > 0
	if part {
		t.out.facts.amount(here, rest)
		f["amount"], f["rest"] = here, rest
		t.out.say("paid_in_part", f)
	}
	if ord.OnItsWay() {
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

// waysToPay says how the shop can be paid, and gives the link of an order that waits for its money.
func (t *talk) waysToPay() error {
	t.out.say("ways_link", nil)
	cash, bank, err := t.b.orders.ByHand(t.tx, t.c.MerchantID)
	if err != nil {
		return err
	}
	if cash {
		t.out.add("ways_cash", nil)
	}
	if bank {
		t.out.add("ways_bank", nil)
	}
	if t.touched {
		return nil
	}
	last, ok, err := t.order("")
	if err != nil || !ok || last.Status != orders.AwaitingPayment {
		return err
	}
	t.answered = true
	return t.owing(last, true)
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
	if p, ok := ord.ByTransfer(); ok {
		sum = p.Money()
	}
	d.facts.amount(sum)
	d.facts.text(ord.Number, d.reference, d.details)
	d.say("bank_transfer", words.Facts{"number": ord.Number, "total": sum, "reference": d.reference, "details": d.details})
}
