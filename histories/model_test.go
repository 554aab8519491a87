package histories_test

import (
	"fmt"
	"slices"
	"strings"

	"sotto.chat/orders"
	"sotto.chat/payments"
)

// coin is money that came, as the books of the bank and of the house have it at the end.
type coin struct {
	session   session
	payment   string // for which it was paid
	asked     int64  // what that payment asks for
	sum       int64
	currency  string
	back      int64 // what went back and stayed there
	bounced   bool  // a refund of it failed
	stale     bool  // it is for what the order was before staff changed it
	contested bool  // the customer's bank takes it back, or wants to
	held      int64 // how much of it
	there     bool  // it is the house's
	ours      map[string]int64
}

// coins reads what came for one order.
func (p *play) coins() map[string][]*coin {
	byIntent, out := map[string]*coin{}, map[string][]*coin{}
	for _, s := range get[session](p.bank, "/v1/checkout/sessions") {
		if s.Intent != "" {
			byIntent[s.Intent] = &coin{session: s, payment: s.Metadata["payment"], ours: map[string]int64{}}
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
		if d.Status != "won" {
			c.contested, c.held = true, c.held+d.Amount
		}
	}
	for _, s := range p.house.slips {
		if s.state != "paid" {
			continue
		}
		c := &coin{payment: s.offer.Payment, sum: s.sum, currency: "EUR", there: true, ours: map[string]int64{}}
		for _, g := range s.back {
			if g.done {
				c.back += g.sum
			}
			if g.ours != "" {
				c.ours[g.ours]++
			}
		}
		out[s.offer.Order] = append(out[s.offer.Order], c)
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

// whole tells whether the coin is just what its payment asks for, and still does.
func (c *coin) whole() bool { return c.sum == c.asked && c.currency == "EUR" && !c.stale }

// must gives where the deal may end, by the books of those who have the money and by what people said.
func (d *deal) must(money []*coin, underWay bool) []state {
	var stands int64
	went, bounced, contested, by := false, false, false, map[string]bool{}
	for _, c := range money {
		contested = contested || c.contested
		bounced = bounced || c.bounced
		went = went || c.whole() && c.back == c.sum
		if c.whole() && c.back < c.sum && !by[c.payment] {
			by[c.payment] = true
			stands += c.asked
		}
	}
	enough := stands >= d.total
	switch {
	case d.accepted, len(d.till) > 0 && len(money) > 0, d.split && (went || bounced || contested): // a part that is contested before the others come does not count
		return []state{good, over, waiting}
	case d.off || d.took:
		return []state{over}
	case enough && (went || bounced): // it was called off when all its money had gone back; what came after that a person has
		return []state{good, over}
	case enough:
		return []state{good}
	case len(d.till) > 0:
		return []state{good, over, waiting}
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
	for _, s := range p.house.slips {
		if s.state == "pending" {
			underWay[s.offer.Order] = true
		}
	}
	var gone, held int64
	var list []orders.Order
	for _, d := range p.deals {
		ord, err := p.orders.Get(p.t.Context(), p.merchant, d.id)
		p.must(err)
		list = append(list, ord)
		for _, e := range ord.Events {
			p.reasons[e.Reason]++
		}
		for _, c := range money[d.id] {
			c.stale = d.changed[c.payment]
			for _, pay := range ord.Payments {
				if pay.ID == c.payment {
					c.asked = pay.Amount
				}
			}
		}
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
		p.twice(name, d, ord)
		if len(want) > 1 || d.accepted || p.lucky(i, list) {
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
	p.booked(list, money)
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
		wanted += d.most
	}
	for _, e := range list[i].Events {
		switch e.Reason {
		case orders.ReasonLateNoGoods:
			return wanted > p.stock
		case orders.ReasonSuperseded, orders.ReasonCartChanged: // another order of the cart was paid, perhaps late
			return slices.ContainsFunc(p.deals, func(d *deal) bool { return d.id != list[i].ID && d.cart == p.deals[i].cart })
		}
	}
	return false
}

// lucky tells whether the end of an order that was paid late hung on what others did with the goods meanwhile.
func (p *play) lucky(i int, list []orders.Order) bool {
	return p.excused(i, list) || len(list) > 1 && slices.ContainsFunc(list[i].Events, func(e orders.Event) bool { return e.Reason == orders.ReasonLate })
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
	foreign := false
	for _, c := range money {
		there = append(there, fmt.Sprintf("%d of %d", c.back, c.sum))
		foreign = foreign || c.currency != "EUR"
	}
	slices.Sort(here)
	if len(d.till) == 0 && !agree(here, there, foreign) {
		p.fail("%s: %v went back by its payments, %v by the bank's books", name, here, there)
	}
	if len(money) == 1 && !d.accepted && len(d.till) == 0 {
		c := money[0]
		ask := c.back < c.sum && (c.contested || c.bounced || !c.whole() || stateOf(ord.Status) == over)
		if ask != (inReview == 1) {
			p.fail("%s: a person must look: %v; asked to look: %d", name, ask, inReview)
		}
	}
	if len(money)+len(d.till) == 0 && inReview > 0 {
		p.fail("%s: a person is asked to look at money that never came", name)
	}
	settled := 0
	for _, pay := range ord.Payments {
		switch {
		case pay.PaidAmount == 0 && !foreign && stateOf(ord.Status) != waiting && pay.Status != payments.Cancelled && pay.Status != payments.NeedsReview:
			p.fail("%s: a payment without money is %s", name, pay.Status)
		case pay.Status == payments.Paid, pay.Status == payments.PartiallyRefunded:
			settled++
		}
	}
	if settled > 1 && !d.accepted && !d.split {
		p.fail("%s was paid %d times, and nobody is asked to look", name, settled)
	}
}

// agree compares sums. One coin of another currency stands in its receipt alone.
func agree(here, there []string, foreign bool) bool {
	for skip := range there {
		if rest := slices.Sorted(slices.Values(slices.Delete(slices.Clone(there), skip, skip+1))); foreign && slices.Equal(here, rest) {
			return true
		}
	}
	return slices.Equal(here, slices.Sorted(slices.Values(there)))
}

// booked compares the ledger with the books of the bank and of the house.
func (p *play) booked(list []orders.Order, money map[string][]*coin) {
	var ids []string
	want := map[string]int64{}
	for _, ord := range list {
		for _, pay := range ord.Payments {
			ids = append(ids, pay.ID)
		}
		for _, c := range money[ord.ID] {
			purse := "provider:stripe " + c.currency
			if c.there {
				purse = "provider:wechat " + c.currency
			}
			want[purse] += c.sum - c.back - c.held
		}
	}
	if len(ids) == 0 {
		return
	}
	var rows []struct {
		Account, Currency string
		Amount            int64
	}
	p.must(p.db.Read(p.t.Context()).Raw(`select account, currency, sum(amount) as amount from ledger_lines where merchant_id = ? and subject in ?
		and account like 'provider:%' group by account, currency`, p.merchant, ids).Scan(&rows).Error)
	for _, r := range rows {
		want[r.Account+" "+r.Currency] -= r.Amount
	}
	for purse, n := range want {
		if n != 0 {
			p.fail("the ledger lacks %d in %s", n, purse)
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
