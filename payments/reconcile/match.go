package reconcile

import (
	"strings"
	"time"

	"sotto.chat/internal/money"
)

func (s *sides) of(kinds ...string) (out []Line) {
	for _, l := range s.lines {
		for _, k := range kinds {
			if l.Kind == k {
				out = append(out, l)
			}
		}
	}
	return out
}

// payments compares the money that came.
func (c *comparison) payments(s *sides) {
	lines := s.of(Payment)
	if s.coin == nil {
		for _, l := range lines {
			c.differ(MissingHere, s, &l, money.Money{}, l.At)
		}
		return
	}
	here := money.Of(s.coin.Amount, s.coin.Currency)
	if len(lines) == 0 {
		if c.told(s.coin.Account, s.coin.At) {
			c.differ(MissingThere, s, nil, here, s.coin.At)
		}
		return
	}
	first := lines[0]
	for _, l := range lines[1:] {
		c.differ(DoubleThere, s, &l, here, l.At)
	}
	if !c.sameAccount(first.Account, s.coin.Account) {
		c.differ(WrongAccount, s, &first, here, first.At)
	}
	if otherDay(first.At, s.coin.At) {
		c.differ(OtherDay, s, &first, here, first.At)
	}
	switch there := first.sum(); {
	case there.Currency != here.Currency:
		c.differ(Currency, s, &first, here, first.At)
	case there.Amount != here.Amount:
		c.differ(Amount, s, &first, here, first.At)
	case s.coin.Fee != nil && (*s.coin.Fee != first.Fee || first.Fee != 0 && s.coin.FeeCurrency != first.Currency):
		x := c.differ(FeeChanged, s, &first, money.Of(*s.coin.Fee, s.coin.FeeCurrency), first.At)
		x.There = money.Of(first.Fee, first.Currency)
	}
}

// given is one refund as the statement has it: what went, and what of it came back.
type given struct {
	lines []Line
	sum   money.Money // what is gone in the end, without a sign
	taken bool
}

// refunds compares the money that went back.
func (c *comparison) refunds(s *sides) {
	there := c.givenBack(s)
	here := s.refunds
	pair := func(fits func(f refund, g *given) bool) {
		var rest []refund
		for _, f := range here {
			found := false
			for _, g := range there {
				if found = !g.taken && fits(f, g); found {
					g.taken = true
					c.refund(s, f, g)
					break
				}
			}
			if !found {
				rest = append(rest, f)
			}
		}
		here = rest
	}
	pair(func(f refund, g *given) bool {
		l := g.lines[0]
		return f.External != "" && f.External == l.Refund || f.ID == l.OurRefund
	})
	if c.filled(here, there) {
		return
	}
	pair(func(f refund, g *given) bool {
		return (nameless(f) || g.lines[0].Refund == "") && f.Status != "failed" && g.sum == money.Of(f.Amount, f.Currency)
	})
	pair(func(f refund, g *given) bool {
		return (nameless(f) || g.lines[0].Refund == "") && f.Status != "failed" && g.sum.Amount > 0
	})
	for _, g := range there {
		if l := g.lines[0]; !g.taken && g.sum.Amount != 0 {
			c.differ(RefundMissingHere, s, &l, money.Money{}, l.At)
		}
	}
	for _, f := range here {
		if f.Status == "succeeded" && c.told(s.account(), f.At) {
			x := c.differ(RefundMissingThere, s, nil, money.Of(f.Amount, f.Currency), f.At)
			x.OurRefund, x.Refund = f.ID, f.External
		}
	}
}

func (s *sides) account() string {
	if s.coin == nil {
		return ""
	}
	return s.coin.Account
}

// nameless tells whether a refund stands for what was told without a name: made up by us, it has a colon or says that it is whole.
func nameless(f refund) bool {
	return f.External == "" || strings.Contains(f.External, ":") || strings.HasPrefix(f.External, "back-")
}

// givenBack puts the lines about one refund together. A second line that takes the same refund out again is a double.
func (c *comparison) givenBack(s *sides) (out []*given) {
	at := map[string]*given{}
	for _, l := range s.of(RefundLine, RefundReversal) {
		name := l.Refund
		if name == "" {
			name = l.OurRefund
		}
		g := at[name]
		if g == nil || name == "" {
			g = &given{}
			out = append(out, g)
			at[name] = g
		} else if l.Kind == RefundLine && g.sum.Amount > 0 {
			c.differ(DoubleThere, s, &l, g.sum, l.At)
			continue
		}
		m := l.sum()
		g.lines, g.sum = append(g.lines, l), money.Of(g.sum.Amount-m.Amount, m.Currency)
	}
	return out
}

// filled tells whether refunds without a name here are together just what is left there: one sum may stand for several.
func (c *comparison) filled(here []refund, there []*given) bool {
	sums := map[string]int64{}
	some := false
	for _, f := range here {
		if f.Status == "failed" || f.Status == "pending" {
			continue
		}
		if !nameless(f) {
			return false
		}
		sums[f.Currency] += f.Amount
		some = true
	}
	for _, g := range there {
		if !g.taken {
			sums[g.sum.Currency] -= g.sum.Amount
		}
	}
	for _, n := range sums {
		if n != 0 {
			return false
		}
	}
	return some
}

// refund compares one refund that both sides know.
func (c *comparison) refund(s *sides, f refund, g *given) {
	last, here := g.lines[len(g.lines)-1], money.Of(f.Amount, f.Currency)
	switch {
	case f.Status == "failed" && g.sum.Amount != 0:
		if !c.told(s.account(), f.DecidedAt) {
			return // it may come back yet
		}
		c.differ(RefundMissingHere, s, &last, money.Of(0, f.Currency), last.At)
	case f.Status == "failed":
	case g.sum.Amount == 0 && f.Status == "succeeded":
		c.differ(RefundMissingThere, s, &last, here, last.At)
	case g.sum.Amount == 0:
	case g.sum.Currency != f.Currency:
		c.differ(Currency, s, &last, here, last.At)
	case g.sum != here:
		c.differ(RefundAmount, s, &last, here, last.At)
	case otherDay(g.lines[0].At, f.At):
		c.differ(OtherDay, s, &g.lines[0], here, last.At)
	}
}

// disputes compares what banks took and gave back.
func (c *comparison) disputes(s *sides) {
	there := map[string][]Line{}
	for _, l := range s.of(DisputeLine, DisputeReversal) {
		there[l.Dispute] = append(there[l.Dispute], l)
	}
	for _, d := range s.disputes {
		lines := there[d.ID]
		if lines == nil && len(s.disputes) == 1 {
			lines = there[""] // a statement that does not name disputes
			delete(there, "")
		}
		delete(there, d.ID)
		c.dispute(s, d, lines)
	}
	for _, lines := range there {
		var net int64
		for _, l := range lines {
			net += l.Amount
		}
		if first := lines[0]; net != 0 {
			c.differ(DisputeMissingHere, s, &first, money.Money{}, first.At)
		}
	}
}

// dispute compares one dispute that is known here with its lines.
func (c *comparison) dispute(s *sides, d dispute, lines []Line) {
	here := money.Of(d.Amount, d.Currency)
	note := func(cause string, l *Line, at time.Time) { c.differ(cause, s, l, here, at).DisputedBy = d.ID }
	takes := d.Status == "lost" || d.Status == "needs_response" || d.Status == "under_review"
	if len(lines) == 0 {
		if takes && c.told(s.account(), d.At) {
			note(DisputeMissing, nil, d.At)
		}
		return
	}
	var gone int64
	out := 0
	for i, l := range lines {
		gone -= l.sum().Amount
		if l.Kind == DisputeLine {
			if out++; out > 1 {
				note(DoubleThere, &lines[i], l.At)
				gone += l.sum().Amount
			}
		}
	}
	last := lines[len(lines)-1]
	switch {
	case takes && gone == 0:
		note(DisputeMissingHere, &last, last.At) // decided there, and not told here
	case takes && gone != d.Amount:
		note(DisputeAmount, &last, last.At)
	case !takes && gone != 0 && c.told(s.account(), d.DecidedAt):
		note(DisputeMissing, &last, last.At)
	}
}
