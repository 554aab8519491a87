package embedded

import (
	"slices"

	"sotto.chat/catalog/search"
)

// What a wish hangs on. A name in a message is wanted only where it stands in the place of what is wanted: not as the
// purpose of something else ("a basket for the scones"), not as a verb ("I need to milk the goats"), and not where it
// is to be put into something that is no order ("put butter in the pan").

// stranded tells whether the names of a clause hang on something that the shop does not know.
func (r *reader) stranded(c *clause) bool {
	first, last := c.names()
	if first < 0 {
		return false
	}
	return r.servesStranger(c) || r.isVerb(c, first) || r.isPlace(c, first) || r.isStatement(c, first) || r.goesElsewhere(c, last)
}

// names gives the first and the last segment that name something of the catalog, -1 for none.
func (c *clause) names() (first, last int) {
	first, last = -1, -1
	for i := range c.segs {
		if c.segs[i].phrase >= 0 {
			if first < 0 {
				first = i
			}
			last = i
		}
	}
	return first, last
}

// servesStranger finds "a basket for a tea" and "a note to buy milk": a thing that nobody knows, tied by "to" or "for" to
// a name, or to the verb that would ask for it.
func (r *reader) servesStranger(c *clause) bool {
	if c.concepts.has(cChange) {
		return false // "change the drink to a tea"
	}
	stranger, tied, things, verb := false, false, false, false
	for i := range c.segs {
		s := &c.segs[i]
		if i > 0 && r.tokens[s.from].brk != breakNone {
			stranger, tied = false, false
		}
		switch {
		case s.unknown() && tied && !verb && c.segs[i-1].has(cTo):
			verb = true // "a song to bake scones"
		case s.unknown():
			stranger, tied = stranger || c.isThing(i), false
			things = things || stranger
		case tied && s.hasAny(cAnd, cWith, cNumber):
			stranger, tied = false, false
		case s.phrase >= 0:
			if tied && r.goods(s) {
				return true
			}
			stranger = false
		case s.has(cWant):
			stranger, tied = false, false
		case stranger && (s.has(cTo) || s.has(cOnto) && r.hitAt(s.from, cTo)):
			tied = true
		case things && c.frame == i+1 && s.has(cTo):
			tied = true // "put a slip on the tray to buy milk": the only wish is a purpose
		case stranger && s.to-s.from > 1 && s.has(cFiller) && r.hitAt(s.from, cTo):
			tied = i+1 < len(c.segs) && c.segs[i+1].phrase >= 0 // "a mug to drink tea"
		case stranger && (s.has(cOf) || s.has(cWith)) && i+1 < len(c.segs) && c.segs[i+1].has(cPut):
			tied = true // "un aviso de comprar té"
		}
	}
	return false
}

// isThing tells whether an unknown word stands where a thing does: behind an article, a number or another such word, or
// right behind the wish.
func (c *clause) isThing(i int) bool {
	i--
	for i > 0 && c.segs[i].has(cRight) {
		i-- // "a good …"
	}
	if i < 0 {
		return false
	}
	s := &c.segs[i]
	return s.unknown() || s.hasAny(cArticle, cMy, cNumber, cAnother, cWant, cPut, cCancel, cRemove)
}

// goods tells whether a segment names a product or a choice, and not only a kind of them.
func (r *reader) goods(s *segment) bool {
	p := &r.lex.phrases[s.phrase]
	return len(p.products) > 0 || p.choice
}

// isVerb finds a name in the place of a verb: bare behind "I want to", or bare at the very beginning, and with something
// to act on behind it ("milk the goats").
func (r *reader) isVerb(c *clause, first int) bool {
	if first+1 >= len(c.segs) || c.segs[first].to-c.segs[first].from > 1 {
		return false
	}
	next := &c.segs[first+1]
	if r.tokens[next.from].brk != breakNone {
		return false
	}
	if c.frame >= 0 && c.frame < first {
		return first-c.frame <= 2 && r.hitEnds(c.segs[first].from, cTo) && (next.hasAny(cArticle, cNumber, cMy) || next.unknown())
	}
	if first > 0 && c.segs[first-1].has(cFiller) && c.segs[first-1].to-c.segs[first-1].from > 1 && r.hitEnds(c.segs[first].from, cTo) {
		return next.hasAny(cArticle, cMy, cNumber) || next.unknown() // "I would like to …"
	}
	for i := range c.segs[:first] {
		if !c.segs[i].hasAny(cOpener, cGreet) {
			return false
		}
	}
	return next.hasAny(cArticle, cMy) && first+2 < len(c.segs) && c.segs[first+2].unknown()
}

// isPlace finds a name that is only where to: "take me to the tea house".
func (r *reader) isPlace(c *clause, first int) bool {
	if first == 0 || c.named > 1 || c.concepts.has(cChange) || len(r.lex.phrases[c.segs[first].phrase].products) == 0 || r.inCart(c.segs[first].phrase) {
		return false
	}
	s := &c.segs[first-1]
	return s.has(cOnto) && r.hitAt(s.from, cTo)
}

// isStatement finds "the tea is cold": it tells how something is and asks for nothing.
func (r *reader) isStatement(c *clause, first int) bool {
	return c.frame < 0 && first+2 < len(c.segs) && c.segs[first+1].has(cAux) && !c.concepts.hasAny(cWant, cMake, cChange, cRight)
}

// goesElsewhere finds the place that a product is put into, where that is not the order: "put butter on my to do list".
func (r *reader) goesElsewhere(c *clause, last int) bool {
	if p := &r.lex.phrases[c.segs[last].phrase]; len(p.products) == 0 || p.choice && r.productBefore(c.from) {
		return false
	}
	if r.inCartPlace(c) {
		return false
	}
	if c.moves(last) {
		return true
	}
	for i := last + 1; i+1 < len(c.segs); i++ {
		s := &c.segs[i]
		if s.hasAny(cOnto, cCart) && (r.hitEnds(s.to, cMy) || s.has(cCart) || c.puts() && r.hitAt(s.from, cTo) && c.segs[i+1].unknown()) {
			return !r.anyHit(s.from, c.to, cOrder, cMyOrder, cIt, cOne, cOrdinal, cOther)
		}
	}
	return false
}

// moves recognises "put the phone on silent": what is there already is put somewhere that nobody knows. Goods that are
// wanted are some, or counted.
func (c *clause) moves(last int) bool {
	if !c.puts() || !c.segs[c.frame].has(cMove) || c.frame > last || c.concepts.hasAny(cIndefinite, cNumber, cAnother, cChange, cInstead) {
		return false
	}
	return last+2 < len(c.segs) && c.segs[last+1].has(cFiller) && c.segs[last+2].unknown() && !c.segs[last+1].hasAny(cOpener, cIt)
}

// puts tells whether the wish of a clause is to put something somewhere.
func (c *clause) puts() bool {
	return c.frame >= 0 && c.segs[c.frame].has(cPut) && !c.segs[c.frame].has(cWant)
}

// inCartPlace tells whether a clause speaks of the cart: of "my list", but not of "my list of chores".
func (r *reader) inCartPlace(c *clause) bool {
	for i := range r.hits {
		h := &r.hits[i]
		if h.from < c.from || h.to > c.to || !h.hasAny(cCart) {
			continue
		}
		of := false
		for j := range c.segs {
			if s := &c.segs[j]; s.from == h.to {
				of = s.hasAny(cOf, cOnto) && j+1 < len(c.segs) && c.segs[j+1].unknown()
			}
		}
		if !of {
			return true
		}
	}
	return false
}

// productBefore tells whether a product is named before a token.
func (r *reader) productBefore(to int) bool {
	return slices.ContainsFunc(r.segs, func(s segment) bool {
		return s.to <= to && s.phrase >= 0 && len(r.lex.phrases[s.phrase].products) > 0
	})
}

// anyHit tells whether some phrase with one of the concepts stands between two tokens, also inside a longer one.
func (r *reader) anyHit(from, to int, wanted ...concept) bool {
	return slices.ContainsFunc(r.hits, func(h hit) bool { return h.from >= from && h.to <= to && h.hasAny(wanted...) })
}

// hitEnds tells whether some phrase with this concept ends before a token.
func (r *reader) hitEnds(to int, want concept) bool {
	return slices.ContainsFunc(r.hits, func(h hit) bool { return h.to == to && h.hasAny(want) })
}

// strangeObject tells whether a phrase with one of the concepts acts on something that nobody knows: "cancel my gym
// class", "pay a fine", "finished with my lessons". What stands between may be small words only.
func (r *reader) strangeObject(c *clause, verbs ...concept) bool {
	for i := range r.hits {
		h := &r.hits[i]
		if h.from < c.from || h.to > c.to || r.covered(i) || !h.hasAny(verbs...) {
			continue
		}
		if r.strangeBehind(c, h.to) || r.lang.shapes.VerbLast && strangeBefore(c, h.from) {
			return true
		}
	}
	return false
}

// strangeBefore looks for the object right before a verb at the end: "ein Bußgeld bezahlen".
func strangeBefore(c *clause, to int) bool {
	for i := 1; i < len(c.segs); i++ {
		if c.segs[i].to == to {
			return c.segs[i].unknown() && c.isThing(i)
		}
	}
	return false
}

// strangeBehind looks for the object from a token on: a thing nobody knows, that does not go on into one known here.
func (r *reader) strangeBehind(c *clause, from int) bool {
	small, unknown := r.hitEnds(from, cMy), false
	for i := range c.segs {
		s := &c.segs[i]
		if s.from < from {
			continue
		}
		switch {
		case !small && !unknown && r.tokens[s.from].brk != breakNone:
			return false
		case (s.unknown() || s.has(cRight)) && small:
			unknown = true
		case unknown:
			return !s.hasAny(cOrder, cMyOrder, cCart, cMyAccount, cData) && s.phrase < 0
		case s.hasAny(cArticle, cMy, cNumber):
			small = true
		case s.hasAny(cOff, cOnto) && s.from == from:
			small = small || r.hitEnds(s.to, cMy)
		case s.has(cWith) && s.from == from:
			if i+1 < len(c.segs) && (c.segs[i+1].has(cMy) || c.segs[i+1].unknown()) && !r.anyHit(s.to, c.to, cOrder, cMyOrder, cCart) {
				return true // "done with my …"
			}
		default:
			return false
		}
	}
	return unknown
}

// tellsOfOrder recognises "I bought a tea", which asks for none.
func (c *clause) tellsOfOrder(i int) bool {
	s := &c.segs[i]
	return s.has(cOrder) && !s.hasAny(cPut, cWant, cOf) && i > 0 && !c.segs[i-1].hasAny(cYes, cNo, cAnd, cBut)
}

// strangeVerb tells whether an unknown word stands where a verb does: before an object, and not behind "for" or "to".
func (c *clause) strangeVerb(i int) bool {
	if !c.segs[i].unknown() || i+1 == len(c.segs) || !c.segs[i+1].hasAny(cArticle, cMy, cNumber) {
		return false
	}
	return i == 0 || !c.segs[i-1].has(cTo) && !(c.segs[i-1].has(cFiller) && c.segs[i-1].to-c.segs[i-1].from > 1)
}

// strangers counts the unknown words before the frame, and between the frame and the first name.
func (c *clause) strangers() (before, between int) {
	seen := false
	for i := range c.segs {
		s := &c.segs[i]
		seen = seen || s.phrase >= 0
		if s.unknown() {
			if i < c.frame {
				before++
			} else if !seen {
				between++
			}
		}
	}
	return before, between
}

// complains recognises "the tea is cold" and "one tea is missing": what is wrong with certain goods, and no wish for any.
// "Cold tea" may be one.
func (r *reader) complains(c *clause) bool {
	if c.named == 0 || c.question || !c.concepts.has(cProblem) {
		return false
	}
	wish := c.to // where a wish begins
	if c.frame >= 0 {
		wish = c.segs[c.frame].from
	}
	for i := range r.hits {
		h := &r.hits[i]
		if h.from < c.from || h.to > wish || !h.hasAny(cProblem) || r.covered(i) || r.named(h) {
			continue
		}
		if h.to-h.from > 1 || h.to < c.to && r.anyHit(h.to, h.to+1, cNumber, cArticle) {
			return true // "never arrived" says so by itself, and so does "missing" before what is counted
		}
	}
	return c.frame < 0 && !c.concepts.hasAny(cNumber, cAnother, cIndefinite) && (c.concepts.has(cArticle) || r.definite(c))
}

// definite tells whether goods are meant that both sides know, in a language that says so at the word itself: "tehnya".
func (r *reader) definite(c *clause) bool {
	shapes := &r.lang.shapes
	for i := range c.segs {
		if c.segs[i].phrase < 0 {
			continue
		}
		for _, t := range r.tokens[c.segs[i].from:c.segs[i].to] {
			written := search.Fold(r.text[t.start:t.end])
			for _, x := range shapes.Clitics {
				if written == t.word+x {
					return true
				}
			}
			for _, x := range shapes.Prefixes {
				if written == x+t.word {
					return true
				}
			}
		}
	}
	return false
}
