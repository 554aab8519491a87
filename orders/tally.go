package orders

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"sotto.chat/internal/database"
	"sotto.chat/internal/money"
	"sotto.chat/payments"
)

// worth is what a payment counts towards its order: what it asked for, once its money was taken as good, and what came where a person
// took too little as a part.
func worth(ord Order, p payments.Payment) int64 {
	if p.Status != payments.Paid && p.Status != payments.PartiallyRefunded || p.Currency != ord.Currency {
		return 0
	}
	if p.Reason == payments.ReasonPart {
		return p.PaidAmount
	}
	return p.Amount
}

// expectedStill tells whether the payment is waited for.
func expectedStill(p payments.Payment) bool {
	return p.Status == payments.Pending || p.Status == payments.Failed || p.Status == payments.Authorized
}

// tally is an order's good money.
type tally struct {
	sum     int64
	live    []payments.Payment
	surplus []payments.Payment // more than the order asks for: for a person
}

// count sorts an order's payments by their facts alone, so that it does not matter which of them came first. What a person took as
// good stays; of the others, those that were asked for to the end go before those that had been called off.
func count(ord Order, list []payments.Payment) (t tally) {
	var open []payments.Payment
	for _, p := range list {
		switch {
		case expectedStill(p):
			t.live = append(t.live, p)
		case worth(ord, p) == 0:
		case p.Reason == payments.ReasonAccepted || p.Reason == payments.ReasonPart:
			t.sum += worth(ord, p)
		default:
			open = append(open, p)
		}
	}
	onTime := t.sum
	for _, p := range open {
		if p.Reason != payments.ReasonLate {
			onTime += worth(ord, p)
		}
	}
	exact := onTime == ord.Total
	slices.SortFunc(open, func(a, b payments.Payment) int {
		if late := cmp.Compare(lateness(a), lateness(b)); exact && late != 0 {
			return late
		}
		return cmp.Or(cmp.Compare(worth(ord, b), worth(ord, a)), cmp.Compare(a.ID, b.ID))
	})
	var tooMuch []payments.Payment
	for _, p := range open {
		if n := worth(ord, p); t.sum+n <= ord.Total {
			t.sum += n
		} else {
			tooMuch = append(tooMuch, p)
		}
	}
	for _, p := range slices.Backward(tooMuch) { // the smallest that are needed to fill up
		if t.sum < ord.Total {
			t.sum += worth(ord, p)
		} else {
			t.surplus = append(t.surplus, p)
		}
	}
	return t
}

func lateness(p payments.Payment) int {
	if p.Reason == payments.ReasonLate {
		return 1
	}
	return 0
}

// open is what is neither paid nor expected.
func (t tally) open(ord Order) money.Money { return money.Of(ord.Total-t.sum, ord.Currency) }

// tallied reads an order's payments and counts them.
func (o *Orders) tallied(tx database.Tx, ord Order) (tally, error) {
	list, err := o.pay.OfOrder(tx, ord.MerchantID, ord.ID)
	return count(ord, list), err
}

// Open is what is still to be paid of the order, whether somebody is asked for it or not.
func (ord Order) Open() money.Money {
	switch ord.Status {
	case Cancelled, Expired:
		return money.Of(0, ord.Currency)
	}
	m := count(ord, ord.Payments).open(ord)
	m.Amount = max(m.Amount, 0)
	return m
}

// forgotten tells whether the order waits for money that nobody is asked for, and no person has to look at.
func (ord Order) forgotten() bool {
	return ord.Status == AwaitingPayment && ord.ExpiresAt != nil && nobodyAsked(ord, ord.Payments)
}

// nobodyAsked tells whether money is missing of the order, of which none is expected and none is before a person.
func nobodyAsked(ord Order, list []payments.Payment) bool {
	t := count(ord, list)
	review := slices.ContainsFunc(list, func(p payments.Payment) bool { return p.Status == payments.NeedsReview })
	return t.sum < ord.Total && len(t.live) == 0 && !review
}

// PayLink is where a part of an order is paid.
type PayLink struct {
	URL    string
	Amount money.Money
}

// PayLinks are the links with which an order that waits for its money is paid: one, or one for each part.
func (o *Orders) PayLinks(ord Order) (out []PayLink) {
	if ord.Status != AwaitingPayment {
		return nil
	}
	for _, p := range ord.Payments {
		if p.Status != payments.Pending && p.Status != payments.Failed {
			continue
		}
		if url := o.pay.PayURL(p); url != "" {
			out = append(out, PayLink{url, p.Money()})
		}
	}
	return out
}

// About gives the payment that a piece of news is about.
func (ord Order) About(n Changed) (payments.Payment, bool) {
	for _, p := range ord.Payments {
		if strings.Contains(n.Fact, p.ID) {
			return p, true
		}
	}
	return payments.Payment{}, false
}

// Arrived is the good money of the order and what waits for a person, in its currency.
func (ord Order) Arrived() money.Money {
	sum := money.Of(0, ord.Currency)
	for _, p := range ord.Payments {
		if p.Currency == ord.Currency {
			sum.Amount += p.PaidAmount - p.RefundedAmount
		}
	}
	return sum
}

// InReview tells whether a person looks at money of the order.
func (ord Order) InReview() bool {
	return slices.ContainsFunc(ord.Payments, func(p payments.Payment) bool { return p.Status == payments.NeedsReview })
}

// OnItsWay tells whether money may still come without anybody doing anything more.
func (ord Order) OnItsWay() bool { return slices.ContainsFunc(ord.Payments, onItsWay) }

// ByTransfer gives the payment of the order that waits for a bank transfer.
func (ord Order) ByTransfer() (payments.Payment, bool) {
	for _, p := range ord.Payments {
		if p.Status == payments.Pending && p.Reason == payments.ReasonTransfer {
			return p, true
		}
	}
	return payments.Payment{}, false
}

// Transfer gives what a customer needs to pay an order by a bank transfer: the reference to write, and the shop's details. Both are empty
// where nobody chose that way.
func (o *Orders) Transfer(tx database.Tx, ord Order) (reference, details string, err error) {
	if p, ok := ord.ByTransfer(); ok {
		return o.pay.TransferFor(tx, p)
	}
	return "", "", nil
}

// The ways of paying by hand, as PayBy takes them.
const (
	ByCash = payments.MethodCash
	ByBank = payments.MethodBank
)

// AskedOnce gives the payment that an order waits for, where it is one and nothing of it is under way.
func (ord Order) AskedOnce() (payments.Payment, bool) {
	var asked []payments.Payment
	for _, p := range ord.Payments {
		if expectedStill(p) {
			asked = append(asked, p)
		}
	}
	if ord.Status != AwaitingPayment || len(asked) != 1 || ord.OnItsWay() || ord.InReview() {
		return payments.Payment{}, false
	}
	return asked[0], true
}

// ByHand tells which ways of paying the merchant offers beside the link.
func (o *Orders) ByHand(tx database.Tx, merchant string) (cash, bank bool, err error) {
	terms, err := o.pay.FindTerms(tx, merchant)
	return terms.Cash, terms.Bank, err
}

// GivenBack is one refund as its customer is told of it: Amount is what went back with it, or, where InAll is set, what went back of that
// payment up to now. It is in the currency in which the money came.
type GivenBack struct {
	Amount money.Money
	InAll  bool
	Cash   bool
}

// GivenBack reads a piece of news about a refund, of an order with its history. The zero value says that no sum is known.
func (o *Orders) GivenBack(tx database.Tx, ord Order, n Changed) (out GivenBack, err error) {
	p, ok := ord.About(n)
	if !ok || n.Reason != ReasonRefunded {
		return out, nil
	}
	back, err := o.pay.GivenBack(tx, p.MerchantID, p.ID)
	if err != nil {
		return out, err
	}
	sum, before, again := refundedBy(ord, p.ID, n.Fact)
	out.Cash = back.Method == payments.MethodCash
	if back.Sum.Currency != "" && back.Sum.Currency != p.Currency {
		out.Amount, out.InAll = back.Sum, again
	} else {
		out.Amount = money.Of(max(sum-before, 0), p.Currency)
	}
	return out, nil
}

// refundedBy gives what had gone back of a payment by a fact of the history, and by the fact before it, if there is one.
func refundedBy(ord Order, payment, fact string) (sum, before int64, again bool) {
	of := ReasonRefunded + ":" + payment + ":"
	told, ok := strings.CutPrefix(fact, of)
	if !ok {
		return 0, 0, false
	}
	sum, _ = strconv.ParseInt(told, 10, 64)
	for _, e := range ord.Events {
		if e.Fact == fact {
			break
		}
		if earlier, ok := strings.CutPrefix(e.Fact, of); ok {
			before, _ = strconv.ParseInt(earlier, 10, 64)
			again = true
		}
	}
	return sum, before, again
}

// covered tells whether all that is still open is held, or expected in cash when the goods are handed over.
func (t tally) covered(ord Order) bool {
	for _, p := range t.live {
		if p.PromisedCash() || p.Status == payments.Authorized {
			t.sum += p.Amount
		}
	}
	return t.sum >= ord.Total
}
