package embedded

import (
	"slices"

	"sotto.chat/bot/reading"
)

// What lives on the conversation: clauses that mean nothing without what was asked, what was shown and what is in the cart.

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
		case c.concepts.has(cUnsure) && (s == nil || s.has(cWeakNo) && !s.has(cNo)): // "I do not know" is neither
		case s == nil && c.concepts.hasAny(cNo, cWeakNo):
			a.no = a.no || r.onlyGreets() && c.words == 0 && c.named == 0 && !c.question && c.matter() <= 5
		case s == nil:
			a.yes = a.yes || r.approves(c)
		case s.has(cNo) && !r.negatesGoods(c, s):
			a.no = true
		case s.has(cWeakNo):
			a.no = a.no || c.words == 0 && c.named == 0 && c.to-c.from <= 4
		case s.has(cWeakYes):
			weak = true
			a.yes = a.yes || r.approves(c) || c.agrees()
		case s.has(cYes) && !c.question && c.words <= 4 && !c.concepts.hasAny(cMyAccount) && !r.tellsOfSelf(c, s):
			a.yes, strong = true, true
		}
		asks = asks || c.question
		against = against || c.concepts.hasAny(cNo, cWeakNo, cWithout, cUnsure, cHesitation, cNevermind, cChange, cCancel)
	}
	against = against || weak && !strong && asks // "great, how much is it?" goes on talking
	a.yes = a.yes && !a.no && !against
	return a
}

// onlyGreets tells whether nothing was said yet beyond a greeting.
func (r *reader) onlyGreets() bool {
	return len(r.out) == 0 || len(r.out) == 1 && r.out[0].Kind == reading.Greet
}

// matter counts the words of a clause behind its opening courtesies.
func (c *clause) matter() int {
	for i := range c.segs {
		if !c.segs[i].hasAny(cGreet, cThanks, cOpener) {
			return c.to - c.segs[i].from
		}
	}
	return 0
}

// tellsOfSelf recognises "yes my name is …" and "yes, I am Tom": behind the yes begins something else than what was asked.
func (r *reader) tellsOfSelf(c *clause, yes *segment) bool {
	return c.words > 0 && !r.anyHit(c.from, c.to, cRight) && (r.hitAt(yes.to, cMy) || r.hitAt(yes.to, cSelf))
}

// agrees recognises a weak yes that stands alone: "ok" with nothing else to it.
func (c *clause) agrees() bool {
	return !c.question && c.words == 0 && c.named == 0 && !c.concepts.hasAny(cThanks)
}

// approves recognises a yes that does not begin with one: "everything looks right".
func (r *reader) approves(c *clause) bool {
	for i := range c.segs[:len(c.segs)-1] {
		if c.segs[i].has(cRight) && c.segs[i+1].unknown() && r.tokens[c.segs[i+1].from].brk == breakNone {
			return false // "great weather"
		}
		if !c.segs[i].has(cGreet) {
			break
		}
	}
	return r.soundsRight(c) && !c.question && c.words <= 1 && c.named == 0 && c.to-c.from <= 9 && !c.concepts.hasAny(cSearch, cTalk, cMyAccount, cPay)
}

// soundsRight tells whether a clause calls something right, also within a longer yes: "it all looks right".
func (r *reader) soundsRight(c *clause) bool {
	return c.concepts.has(cRight) || slices.ContainsFunc(c.segs, func(s segment) bool {
		return s.to-s.from > 1 && s.has(cYes) && r.anyHit(s.from, s.to, cRight)
	})
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
	case a.no && r.says(reading.Deny):
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

// anaphora reads clauses that name no goods and mean what is in the cart or was just shown: "make that two", "take it
// off", "the second one", "another of each".
func (r *reader) anaphora(c *clause) bool {
	if c.named > 0 || c.question || c.words > 2 && !c.concepts.has(cTake) || c.concepts.hasAny(cAddress, cLanguageName, cCode, cMyAccount, cData) {
		return false
	}
	if c.words > 0 && !c.concepts.has(cTake) && !(c.concepts.has(cMoreOfIt) && c.forSomebody()) {
		return r.chooses(c, r.number(c), r.value(c, cOrdinal))
	}
	n, ordinal := r.bareNumber(c), r.value(c, cOrdinal)
	line, shown := r.meantLine(ordinal), r.state.Shown
	switch {
	case c.concepts.has(cOfEach) && line != nil:
		for i := range r.state.Cart {
			r.addAgain(&r.state.Cart[i], max(n, 1))
		}
	case c.concepts.hasAny(cMoreOfIt, cAnother) && line != nil && !c.concepts.hasAny(cOrder, cTakeOff, cChange):
		r.addAgain(line, max(n, 1))
	case c.concepts.has(cTakeOff) && line != nil && (c.concepts.hasAny(cIt, cOne) || ordinal != 0) && !c.concepts.has(cWant):
		a := reading.Action{Kind: reading.Remove, Line: line.Line}
		if n > 0 && n < line.Quantity && !c.concepts.has(cOne) {
			a.Quantity = n
		}
		r.put(a)
	case r.asking(reading.AskedQuantity) && n > 0:
		r.setQuantity(line, n)
	case r.chooses(c, n, ordinal):
	case n > 0 && len(r.out) > 0 && r.out[len(r.out)-1].Kind == reading.Add && c.concepts.hasAny(cMake, cChange, cNo):
		r.out[len(r.out)-1].Quantity = n // it corrects what was said just before
	case n > 0 && line != nil && c.concepts.hasAny(cMake, cChange, cNo):
		r.setQuantity(line, n)
	case n > 0 && c.frame < 0 && c.countsIt():
		return r.takeOfIt(line, n)
	case n > 0 && c.frame >= 0 && r.topic >= 0 && !c.concepts.hasAny(cMake, cChange):
		r.put(reading.Action{Kind: reading.Add, SKU: r.lex.products[r.topic].sku, Quantity: n}) // "do you have mugs? I'd like two"
	case n > 0 && c.frame >= 0 && len(shown) == 1:
		r.put(reading.Action{Kind: reading.Add, SKU: shown[0], Quantity: n})
	case n > 0 && c.frame >= 0 && line != nil && c.to-c.from <= 6:
		r.addAgain(line, n)
		r.doubt += 0.2
	default:
		return false
	}
	return true
}

// forSomebody tells whether all that nobody knows in a clause is whom it is for: "the same for my friend".
func (c *clause) forSomebody() bool {
	for i := range c.segs {
		if c.segs[i].unknown() && !(i > 0 && c.segs[i-1].has(cTo)) && !(i > 1 && c.segs[i-1].has(cMy) && c.segs[i-2].has(cTo)) {
			return false
		}
	}
	return true
}

// bareNumber gives the only number of a clause, if it counts nothing that nobody knows; else 0.
func (r *reader) bareNumber(c *clause) int {
	n := 0
	for i := range c.segs {
		if !c.segs[i].has(cNumber) {
			continue
		}
		if c.segs[i].has(cOne) && (i > 0 && c.segs[i-1].has(cIndefinite) || i > 1 && c.segs[i-2].has(cIndefinite)) {
			return 0 // "a new one"
		}
		if n > 0 && !c.segs[i].has(cOne) || r.tokens[c.segs[i].from].minus || i+1 < len(c.segs) && c.segs[i+1].unknown() {
			return 0 // "add 5 and 7" is a sum, "add a towel" is no number
		}
		n = r.number(&clause{segs: c.segs[i : i+1]})
	}
	return n
}

// meantLine is the line of the cart that a customer means without naming it: by its place, else the last one.
func (r *reader) meantLine(ordinal int) *reading.CartLine {
	n := len(r.state.Cart)
	switch {
	case n == 0 || ordinal > n:
		return nil
	case ordinal > 0:
		return &r.state.Cart[ordinal-1]
	}
	return &r.state.Cart[n-1]
}

func (r *reader) addAgain(line *reading.CartLine, n int) {
	r.put(reading.Action{Kind: reading.Add, SKU: line.SKU, Quantity: n, Options: line.Options})
}

func (r *reader) setQuantity(line *reading.CartLine, n int) {
	switch {
	case line != nil:
		r.put(reading.Action{Kind: reading.Change, Line: line.Line, Quantity: n})
	case len(r.state.Shown) > 0:
		r.put(reading.Action{Kind: reading.Add, SKU: r.state.Shown[0], Quantity: n})
	}
}

// countsIt recognises "two of them" and "a couple of those".
func (c *clause) countsIt() bool {
	for i := range c.segs {
		s := &c.segs[i]
		if !s.has(cNumber) {
			continue
		}
		of := s.to-s.from > 1
		if i+1 < len(c.segs) && c.segs[i+1].has(cOf) {
			of, i = true, i+1
		}
		return of && i+1 < len(c.segs) && c.segs[i+1].has(cIt)
	}
	return false
}

// takeOfIt reads "two of them": that many of what was shown, or of the line that it is in the cart.
func (r *reader) takeOfIt(line *reading.CartLine, n int) bool {
	if shown := r.state.Shown; len(shown) == 1 {
		for i := range r.state.Cart {
			if r.state.Cart[i].SKU == shown[0] {
				r.setQuantity(&r.state.Cart[i], n)
				return true
			}
		}
		line = nil
	}
	if line == nil && len(r.state.Shown) != 1 {
		return false
	}
	r.setQuantity(line, n)
	return true
}

// chooses reads the pick of one of the products that were shown.
func (r *reader) chooses(c *clause, n, ordinal int) bool {
	shown := r.state.Shown
	picking := r.asking(reading.AskedProduct) || r.asking(reading.AskedOption)
	buys := c.frame >= 0 || c.concepts.has(cWant)
	pick := ordinal
	if pick == 0 && picking && !buys && c.to-c.from <= 3 {
		pick = n
	}
	if pick < 0 {
		pick = len(shown)
	}
	switch {
	case pick > 0 && pick <= len(shown) && buys:
		r.put(reading.Action{Kind: reading.Add, SKU: shown[pick-1], Quantity: 1})
	case pick > 0 && (pick <= len(shown) || picking && len(shown) == 0):
		a := reading.Action{Kind: reading.Choose, Number: pick}
		if pick <= len(shown) {
			a.SKU = shown[pick-1]
		}
		r.put(a)
	case (buys || picking) && len(shown) > 0 && c.concepts.has(cBoth):
		for _, sku := range shown[:min(2, len(shown))] {
			r.put(reading.Action{Kind: reading.Add, SKU: sku, Quantity: 1})
		}
	case (c.concepts.has(cTake) || buys && c.concepts.has(cOne)) && len(shown) > 0 && (picking || len(shown) == 1 && c.to-c.from <= 5) && c.concepts.hasAny(cIt, cOne, cCart) && !c.concepts.hasAny(cSearch, cInfo, cKnow):
		r.put(reading.Action{Kind: reading.Add, SKU: shown[0], Quantity: max(n, 1)})
		if len(shown) > 1 {
			r.doubt += 0.5
		}
	default:
		return false
	}
	return true
}

// onlyCourteous tells whether nothing was said beyond greetings and thanks.
func (r *reader) onlyCourteous() bool {
	return !slices.ContainsFunc(r.out, func(a reading.Action) bool {
		return a.Kind != reading.Greet && a.Kind != reading.Thanks && a.Kind != reading.Bye
	})
}
