package histories_test

import (
	"fmt"
	"slices"
	"strings"

	"sotto.chat/orders"
)

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
	came := len(d.till) > 0 || slices.ContainsFunc(money, func(c *coin) bool { return c.whole() })
	if n := len(paid); n > 1 || n == 1 && !came && !d.accepted || n == 0 && stateOf(ord.Status) == good {
		p.fail("%s is %s, money came: %v; that it is paid was told %d times", name, ord.Status, came, n)
	}
	for _, pay := range ord.Payments {
		if pay.RefundedAmount == 0 || pay.Currency != "EUR" {
			continue // what went back of strange money is for staff
		}
		n, own := 0, false
		for _, e := range ord.Events { // money that made way for better was told of under the payment that it was for first
			if strings.HasPrefix(e.Fact, orders.ReasonRefunded+":") && strings.HasSuffix(e.Fact, fmt.Sprintf(":%d", pay.RefundedAmount)) {
				n, own = n+1, own || strings.Contains(e.Fact, pay.ID)
			}
		}
		if n == 0 || n > 1 && !own {
			p.fail("%s: that %d went back was told %d times", name, pay.RefundedAmount, n)
		}
	}
}

// twice wants nothing told again of a payment while nothing has changed. A second dispute is something new, and so is a second slow payment.
func (p *play) twice(name string, d *deal, ord orders.Order) {
	if d.accepted {
		return // whoever is asked to look may say what cannot be, and is asked again
	}
	last := map[string]string{}
	for _, e := range ord.Events {
		reason, rest, _ := strings.Cut(e.Fact, ":")
		pay, _, _ := strings.Cut(rest, ":")
		if reason == orders.ReasonRefunded || reason == orders.ReasonProcessing || !strings.HasPrefix(pay, "pay_") || len(p.claims) > 1 {
			continue
		}
		if last[pay] == reason {
			p.fail("%s: %s was told again", name, e.Fact)
		}
		last[pay] = reason
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

// annals gives what the orders' own histories say, for whoever reads of a failure.
func (p *play) annals() string {
	var b strings.Builder
	for i, d := range p.deals {
		ord, err := p.orders.Get(p.t.Context(), p.merchant, d.id)
		p.must(err)
		fmt.Fprintf(&b, "order %d is %s:\n", i+1, ord.Status)
		for _, e := range ord.Events {
			fmt.Fprintf(&b, "  %s %s→%s %s\n", e.At.Sub(p.began).Round(1e9), e.FromStatus, e.ToStatus, e.Fact)
		}
		for _, pay := range ord.Payments {
			fmt.Fprintf(&b, "  %s %s %q: %d paid of %d %s, %d back\n", pay.ID, pay.Status, pay.Reason, pay.PaidAmount, pay.Amount, pay.Currency, pay.RefundedAmount)
			back, err := p.pay.Refunds(p.t.Context(), p.merchant, pay.ID)
			p.must(err)
			for _, r := range back {
				fmt.Fprintf(&b, "    %s %s %d %s %s\n", r.ID, r.Status, r.Amount, r.Currency, r.ExternalID)
			}
		}
	}
	return b.String()
}
