package embedded

// strangeObject tells whether a phrase with one of the concepts acts on something that nobody knows: "cancel my gym
// class", "pay a fine", "finished with my lessons". What stands between may be small words only.
func (r *reader) strangeObject(c *clause, verbs ...concept) bool {
	for i := range r.hits {
		h := &r.hits[i]
		if h.from < c.from || h.to > c.to || r.covered(i) || !h.hasAny(verbs...) {
			continue
		}
		if r.strangeBehind(c, h.to) {
			return true
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
