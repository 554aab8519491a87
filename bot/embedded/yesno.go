package embedded

import (
	"slices"

	"sotto.chat/bot/reading"
)

// courtesy reads what any clause may hold beside its matter: greetings, thanks, farewells, how the order is fetched.
func (r *reader) courtesy(c *clause, first bool) {
	if first && c.segs[0].has(cGreet) {
		r.put(reading.Action{Kind: reading.Greet})
	}
	if c.concepts.has(cThanks) {
		r.put(reading.Action{Kind: reading.Thanks})
	}
	if c.concepts.has(cBye) && c.words <= 3 {
		r.put(reading.Action{Kind: reading.Bye})
	}
	if c.question && c.frame < 0 {
		return
	}
	switch {
	case c.concepts.has(cEatIn):
		r.put(reading.Action{Kind: reading.SetDelivery, Method: reading.EatIn})
	case c.concepts.has(cPickup) && c.words <= 2:
		r.put(reading.Action{Kind: reading.SetDelivery, Method: reading.Pickup})
	case c.concepts.has(cDeliveryWay) && c.words <= 2:
		r.put(reading.Action{Kind: reading.SetDelivery, Method: reading.Delivery})
	}
}

// answer is whether a message says yes or no. In doubt it is neither: a no must never be read as a yes.
type answer struct {
	yes, no bool
}

// answer looks at how the clauses begin, and at everything that speaks against a yes.
func (r *reader) answer(clauses []clause) answer {
	var a answer
	against, weak, strong, asks := false, false, false, false
	for i := range clauses {
		c := &clauses[i]
		s := r.opening(c)
		if s != nil && s.has(cConsent) && (c.words > 0 || c.concepts.has(cHypothetical) || c.goesOn() && i+1 < len(clauses) && clauses[i+1].words > 0) {
			continue // "confirm the doors", "go ahead and dance": a verb with something of its own to act on
		}
		switch {
		case s == nil && c.concepts.hasAny(cNo, cWeakNo):
			a.no = a.no || len(r.out) == 0 && c.words == 0 && c.named == 0 && !c.question && c.to-c.from <= 5
		case s == nil:
			a.yes = a.yes || r.approves(c)
		case s.has(cNo) && !r.negatesGoods(c, s):
			a.no = true
		case s.has(cWeakNo):
			a.no = a.no || c.words == 0 && c.named == 0 && c.to-c.from <= 4
		case s.has(cWeakYes):
			weak = true
			a.yes = a.yes || r.approves(c) || c.agrees()
		case s.has(cYes) && !c.question && c.words <= 4 && !c.concepts.hasAny(cMyAccount):
			a.yes, strong = true, true
		}
		asks = asks || c.question
		against = against || c.concepts.hasAny(cNo, cWeakNo, cWithout, cUnsure, cHesitation, cNevermind, cChange, cCancel)
	}
	against = against || weak && !strong && asks // "great, how much is it?" goes on talking
	a.yes = a.yes && !a.no && !against
	return a
}

// agrees recognises a weak yes that stands alone: "ok" with nothing else to it.
func (c *clause) agrees() bool {
	return !c.question && c.words == 0 && c.named == 0 && !c.concepts.hasAny(cThanks)
}

// approves recognises a yes that does not begin with one: "everything looks right".
func (r *reader) approves(c *clause) bool {
	if c.segs[0].has(cRight) && len(c.segs) > 1 && c.segs[1].unknown() && r.tokens[c.segs[1].from].brk == breakNone {
		return false // "great weather"
	}
	return c.concepts.has(cRight) && !c.question && c.words <= 1 && c.named == 0 && c.to-c.from <= 9 && !c.concepts.hasAny(cSearch, cTalk, cMyAccount, cPay)
}

// goesOn tells whether a clause ends with an "and".
func (c *clause) goesOn() bool { return c.segs[len(c.segs)-1].has(cAnd) }

// opening is the first segment of a clause that is no mere courtesy.
func (r *reader) opening(c *clause) *segment {
	for i := range c.segs {
		s := &c.segs[i]
		switch {
		case s.has(cYes) || s.has(cNo) || s.has(cWeakNo):
			return s
		case s.has(cGreet), s.has(cAnd), s.has(cBut), s.has(cOpener), s.has(cThanks):
		default:
			return nil
		}
	}
	return nil
}

// negatesGoods tells whether a no belongs to the name behind it: "no onions" is no refusal.
func (r *reader) negatesGoods(c *clause, no *segment) bool {
	if !no.has(cWithout) {
		return false
	}
	for i := range c.segs {
		s := &c.segs[i]
		if s.from < no.to {
			continue
		}
		if s.phrase >= 0 {
			return r.tokens[s.from].brk == breakNone
		}
		if !s.has(cArticle) && !s.has(cExtra) && !s.has(cOf) {
			return false
		}
	}
	return false
}

// reply adds the yes or no of the message. A yes counts only as the answer to the question whether to order, and not
// where the same message changes what would be ordered.
func (r *reader) reply(a answer) {
	if a.yes && r.asking(reading.AskedConfirm) && r.restates() {
		r.out = slices.DeleteFunc(r.out, func(x reading.Action) bool { return x.Kind == reading.Add })
	}
	switch {
	case a.no:
		r.out = append([]reading.Action{{Kind: reading.Deny}}, r.out...)
	case a.yes && r.asking(reading.AskedConfirm) && !r.acts():
		r.out = append([]reading.Action{{Kind: reading.Confirm}}, r.out...)
	}
}

// restates tells whether all that a message adds is in the cart already: "yes, just the tea".
func (r *reader) restates() bool {
	for i := range r.out {
		a := &r.out[i]
		if a.Kind != reading.Add {
			continue
		}
		p, ok := r.lex.skus[a.SKU]
		line := r.lineOf(p)
		if !ok || line == nil || a.Quantity > 1 && a.Quantity != line.Quantity {
			return false
		}
		for _, o := range a.Options {
			if !slices.Contains(line.Options, o) {
				return false
			}
		}
	}
	return true
}

// acts tells whether the reading so far changes a cart or an order.
func (r *reader) acts() bool {
	for i := range r.out {
		switch r.out[i].Kind {
		case reading.Add, reading.Change, reading.Remove, reading.ClearCart, reading.CancelOrder, reading.Reorder,
			reading.ReturnOrder, reading.ApplyCode, reading.SetAddress, reading.SetDelivery, reading.Deny:
			return true
		}
	}
	return false
}
