package embedded

import "sotto.chat/bot/reading"

// anaphora reads clauses that name no goods and mean what is in the cart or was just shown: "make that two", "take it
// off", "the second one", "another of each".
func (r *reader) anaphora(c *clause) bool {
	if c.named > 0 || c.question || c.words > 2 && !c.concepts.has(cTake) || c.concepts.hasAny(cAddress, cLanguageName, cCode, cMyAccount, cData) {
		return false
	}
	if c.words > 0 && !c.concepts.has(cTake) {
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

// bareNumber gives the only number of a clause, if it counts nothing that nobody knows; else 0.
func (r *reader) bareNumber(c *clause) int {
	n := 0
	for i := range c.segs {
		if !c.segs[i].has(cNumber) {
			continue
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
	case (c.concepts.has(cTake) || buys && c.concepts.has(cOne)) && len(shown) > 0 && picking && c.concepts.hasAny(cIt, cOne, cCart) && !c.concepts.hasAny(cSearch, cInfo, cKnow):
		r.put(reading.Action{Kind: reading.Add, SKU: shown[0], Quantity: max(n, 1)})
		if len(shown) > 1 {
			r.doubt += 0.5
		}
	default:
		return false
	}
	return true
}
