package histories_test

import (
	"fmt"
	"slices"
	"strings"

	"sotto.chat/orders"
	"sotto.chat/payments"
)

// coin is money that came, as the bank's own books have it at the end.
type coin struct {
	session   session
	sum       int64
	currency  string
	back      int64 // what went back and stayed there
	bounced   bool  // a refund of it failed
	contested bool  // the customer's bank takes it back, or wants to
	ours      map[string]int64
}

// coins reads what came for one order.
func (p *play) coins() map[string][]*coin {
	byIntent, out := map[string]*coin{}, map[string][]*coin{}
	for _, s := range get[session](p.bank, "/v1/checkout/sessions") {
		if s.Intent != "" {
			byIntent[s.Intent] = &coin{session: s, ours: map[string]int64{}}
		}
	}
	type object struct {
		ID, Status, Currency, Failure string
		Intent                        string `json:"payment_intent"`
		Amount                        int64
		Captured                      int64 `json:"amount_captured"`
		Metadata                      map[string]string
	}
	for _, ch := range get[object](p.bank, "/v1/charges") {
		if c := byIntent[ch.Intent]; c != nil && ch.Status == "succeeded" && ch.Captured > 0 {
			c.sum, c.currency = ch.Captured, strings.ToUpper(ch.Currency)
			out[c.session.Metadata["order"]] = append(out[c.session.Metadata["order"]], c)
		}
	}
	for _, r := range get[object](p.bank, "/v1/refunds") {
		c := byIntent[r.Intent]
		if r.Status == "succeeded" {
			c.back += r.Amount
		}
		c.bounced = c.bounced || r.Status == "failed"
		if ours := r.Metadata["refund"]; ours != "" {
			c.ours[ours]++
		}
	}
	for _, d := range get[object](p.bank, "/v1/disputes") {
		c := byIntent[d.Intent]
		c.contested = c.contested || d.Status != "won"
	}
	return out
}

// state is where an order may end.
type state string

const (
	waiting state = "waits" // for money that may still come
	good    state = "good"  // the money is there and the goods are the customer's
	over    state = "over"
)

func stateOf(s orders.Status) state {
	switch s {
	case orders.AwaitingPayment:
		return waiting
	case orders.Paid, orders.Fulfilled, orders.Completed:
		return good
	}
	return over
}

// whole tells whether the coin is just what was asked for.
func (c *coin) whole(d *deal) bool { return c.sum == d.total && c.currency == "EUR" }

// must gives where the deal has to end, from the bank's books and from what people said; empty where a person's word decides between
// good and over.
func (d *deal) must(money []*coin, underWay bool) []state {
	stands, went, bounced := false, false, false
	for _, c := range money {
		bounced = bounced || c.bounced
		stands = stands || c.whole(d) && c.back < c.sum
		went = went || c.whole(d) && c.back == c.sum
	}
	switch {
	case d.accepted:
		return []state{good, over}
	case d.off || d.took:
		return []state{over}
	case stands && went, stands && bounced: // the order was called off when all its money had gone back; what came after that a person has
		return []state{good, over}
	case stands:
		return []state{good}
	case went && d.sent:
		return []state{good}
	case went:
		return []state{over}
	case underWay: // what was heard of too late is late money when it comes
		return []state{waiting, over}
	}
	return []state{over}
}

// judge compares the end of a history with the model, and gives the end in one line per deal for comparing.
func (p *play) judge() (ends []string) {
	money := p.coins()
	underWay := map[string]bool{}
	for _, s := range get[session](p.bank, "/v1/checkout/sessions") {
		if s.Status == "complete" && s.PaymentStatus == "unpaid" && p.processing(s) {
			underWay[s.Metadata["order"]] = true
		}
	}
	var gone, held int64
	var list []orders.Order
	for _, d := range p.deals {
		ord, err := p.orders.Get(p.t.Context(), p.merchant, d.id)
		p.must(err)
		list = append(list, ord)
	}
	for i, d := range p.deals {
		ord, st := list[i], stateOf(list[i].Status)
		name := fmt.Sprintf("order %d (%s)", i+1, d.id)
		want := d.must(money[d.id], underWay[d.id])
		if !slices.Contains(want, st) && !p.excused(i, list) {
			p.fail("%s is %s; by the bank's books it must be %v", name, ord.Status, want)
		}
		switch st {
		case good:
			for _, l := range ord.Lines {
				gone += l.Quantity - l.Returned
			}
		case waiting:
			held += d.quantity
		}
		p.sums(name, d, ord, money[d.id])
		p.told(name, d, ord, money[d.id])
		if len(want) > 1 || d.accepted {
			st = "either"
			ord.Payments = nil
		}
		ends = append(ends, p.endOf(ord, st))
	}
	s, err := p.cat.Stock(p.t.Context(), p.merchant, p.goods.Variants[0].ID)
	p.must(err)
	if *s.OnHand+gone != p.stock || s.Held != held {
		p.fail("%d pieces are on hand, %d with customers, %d held for %d wanted, of %d", *s.OnHand, gone, s.Held, held, p.stock)
	}
	p.asked(money)
	return ends
}

func (p *play) processing(s session) bool {
	for _, in := range get[struct{ ID, Status string }](p.bank, "/v1/payment_intents") {
		if in.ID == s.Intent {
			return in.Status == "processing"
		}
	}
	return false
}

// excused tells whether an order that had ended could not be honoured when its money came: its goods were gone, or its cart was
// bought again.
func (p *play) excused(i int, list []orders.Order) bool {
	if stateOf(list[i].Status) != over {
		return false
	}
	var wanted int64
	for _, d := range p.deals {
		wanted += d.quantity
	}
	for _, e := range list[i].Events {
		switch e.Reason {
		case orders.ReasonLateNoGoods:
			return wanted > p.stock
		case orders.ReasonSuperseded:
			return slices.ContainsFunc(p.deals, func(d *deal) bool { return d.id != list[i].ID && d.cart == p.deals[i].cart })
		}
	}
	return false
}

// sums compares the payments of an order with its coins.
func (p *play) sums(name string, d *deal, ord orders.Order, money []*coin) {
	var here, there []string
	inReview := 0
	for _, pay := range ord.Payments {
		if pay.PaidAmount > 0 {
			here = append(here, fmt.Sprintf("%d of %d", pay.RefundedAmount, pay.PaidAmount))
		}
		if pay.Status == payments.NeedsReview {
			inReview++
		}
	}
	foreign := 0
	for _, c := range money {
		if c.currency != "EUR" && len(money) == 1 {
			foreign++
			continue
		}
		there = append(there, fmt.Sprintf("%d of %d", c.back, c.sum))
	}
	slices.Sort(here)
	slices.Sort(there)
	if !slices.Equal(here, there) {
		p.fail("%s: %v went back by its payments, %v by the bank's books", name, here, there)
	}
	if len(money) == 1 && !d.accepted {
		c := money[0]
		ask := c.back < c.sum && (c.contested || c.bounced || !c.whole(d) || stateOf(ord.Status) == over)
		if ask != (inReview == 1) {
			p.fail("%s: a person must look: %v; asked to look: %d", name, ask, inReview)
		}
	}
	if len(money) == 0 && inReview > 0 {
		p.fail("%s: a person is asked to look at money that never came", name)
	}
	settled := 0
	for _, pay := range ord.Payments {
		switch {
		case pay.PaidAmount == 0 && foreign == 0 && stateOf(ord.Status) != waiting && pay.Status != payments.Cancelled && pay.Status != payments.NeedsReview:
			p.fail("%s: a payment without money is %s", name, pay.Status)
		case pay.Status == payments.Paid, pay.Status == payments.PartiallyRefunded:
			settled++
		}
	}
	if settled > 1 && !d.accepted {
		p.fail("%s was paid %d times, and nobody is asked to look", name, settled)
	}
}

// told checks that the news of an order are true, complete, and each told once.
func (p *play) told(name string, d *deal, ord orders.Order, money []*coin) {
	facts, paid := map[string]bool{}, map[string]bool{}
	p.world.mu.Lock()
	for _, c := range p.heard {
		if c.Order != ord.ID {
			continue
		}
		facts[c.Fact] = true
		if c.To == orders.Paid && c.From != orders.Paid {
			paid[c.Fact] = true
		}
	}
	p.world.mu.Unlock()
	for _, e := range ord.Events {
		if !facts[e.Fact] {
			p.fail("%s: nobody was told of %s", name, e.Fact)
		}
		delete(facts, e.Fact)
	}
	for f := range facts {
		p.fail("%s: %s was told and did not happen", name, f)
	}
	came := slices.ContainsFunc(money, func(c *coin) bool { return c.whole(d) })
	if n := len(paid); n > 1 || n == 1 && !came && !d.accepted || n == 0 && stateOf(ord.Status) == good {
		p.fail("%s is %s, money came: %v; that it is paid was told %d times", name, ord.Status, came, n)
	}
	for _, pay := range ord.Payments {
		if pay.RefundedAmount == 0 {
			continue
		}
		fact := fmt.Sprintf("%s:%s:%d", orders.ReasonRefunded, pay.ID, pay.RefundedAmount)
		n := 0
		for _, e := range ord.Events {
			if e.Fact == fact {
				n++
			}
		}
		if n != 1 && pay.Status != payments.NeedsReview {
			p.fail("%s: that %d went back was told %d times", name, pay.RefundedAmount, n)
		}
	}
}

// asked wants no refund made twice, and none that nobody asked for.
func (p *play) asked(money map[string][]*coin) {
	for _, d := range p.deals {
		made := 0
		for _, c := range money[d.id] {
			for ref, n := range c.ours {
				made++
				if n > 1 {
					p.fail("refund %s was made %d times", ref, n)
				}
			}
		}
		if made > d.refunds {
			p.fail("%d refunds of order %s were asked for, %d were made", d.refunds, d.id, made)
		}
	}
}

// endOf is what must be equal in whatever order the webhooks came. Of several coins, the one that was heard of first carries the order.
func (p *play) endOf(ord orders.Order, st state) string {
	n, review, paid, back := 0, 0, int64(0), int64(0)
	for _, pay := range ord.Payments {
		if pay.PaidAmount > 0 || pay.Status == payments.NeedsReview {
			n, paid, back = n+1, paid+pay.PaidAmount, back+pay.RefundedAmount
		}
		if pay.Status == payments.NeedsReview {
			review++
		}
	}
	if n > 1 {
		review = min(review, 1)
	}
	return fmt.Sprintf("%s, %d payments, %d paid, %d back, %d in review", st, n, paid, back, review)
}
