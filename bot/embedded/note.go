package embedded

import (
	"strings"

	"sotto.chat/bot/reading"
)

// maxNote bounds a note, which goes to the people who prepare the order.
const maxNote = 140

// notes gives what was wished for an item beyond the catalog ("with two straws", "extra hot"): the words that nobody
// knows around its names, with the amounts before them.
func (o *orderText) notes(it item) string {
	var parts []string
	for x := it.from; x <= it.to; x++ {
		segs := o.segs[o.gaps[x].lo:o.gaps[x].hi]
		switch {
		case x == it.from:
			segs = segs[lastOpening(segs):]
		case x == it.to && (x < len(o.mentions) || o.unknownThing(x) != ""):
			segs = segs[:lastOpening(segs)]
		}
		p := o.wish(segs)
		if x > it.from && x-1 != it.head {
			if kind := o.kindOf(x - 1); kind != nil {
				p = o.text[o.tokens[o.mentions[x-1].seg.from].start:o.tokens[kind.to-1].end]
			}
		}
		if amount := o.amountBeyond(it, x); amount != "" {
			p = amount
		}
		if p != "" {
			parts = append(parts, p)
		}
	}
	note := strings.Join(parts, ", ")
	return strings.ToValidUTF8(note[:min(len(note), maxNote)], "")
}

// amountBeyond gives the wish for more or less of a choice that can only be had or not: "extra oat milk" where milk is one
// kind or another.
func (o *orderText) amountBeyond(it item, x int) string {
	if x >= it.to || x == it.head || it.product < 0 {
		return ""
	}
	g, m := &o.gaps[x], &o.mentions[x]
	grp, _, offered := o.l.offers(it.product, m.seg.phrase)
	if !offered || o.l.groups[grp].amounts || g.amountOf("", false) == "" {
		return ""
	}
	for i := g.hi - 1; i >= g.lo; i-- {
		if o.segs[i].hasAny(cExtra, cLight, cWithout) || o.segs[i].phrase >= 0 {
			return o.text[o.tokens[o.segs[i].from].start:o.tokens[m.seg.to-1].end]
		}
	}
	return ""
}

// unknownThing gives the name of something that is asked for behind gap x's names, but which the shop has not got: "a tea
// and a cake" where there is no cake.
func (o *orderText) unknownThing(x int) string {
	g := &o.gaps[x]
	if x < len(o.mentions) || g.words == 0 || g.words > 3 || !g.and || g.with || g.want || !g.article && g.number == 0 {
		return ""
	}
	segs := o.segs[g.lo:g.hi]
	return o.wish(segs[lastOpening(segs):])
}

// lastOpening is where the words for the next item begin.
func lastOpening(segs []segment) int {
	for i := len(segs) - 1; i >= 0; i-- {
		s := &segs[i]
		if s.has(cNumber) || s.has(cArticle) || s.has(cAnd) || s.has(cWant) || s.has(cPut) {
			return i
		}
	}
	return 0
}

// wish cuts a note out of a gap: from the amount before the first unknown word to the last unknown word.
func (o *orderText) wish(segs []segment) string {
	first, last := -1, -1
	for i := range segs {
		if segs[i].unknown() || segs[i].phrase >= 0 && amounts(segs, i) {
			if first < 0 {
				first = i
			}
			last = i
		}
	}
	if first < 0 {
		return ""
	}
	for first > 0 && segs[first-1].measures() {
		first--
	}
	for segs[first].has(cArticle) || segs[first].has(cOf) {
		first++ // the last one is unknown, so this ends
	}
	return o.text[o.tokens[segs[first].from].start:o.tokens[segs[last].to-1].end]
}

// amounts tells whether how much is said right before a segment, or in the list that it goes on: "no rice or beans".
func amounts(segs []segment, i int) bool {
	for i--; i >= 0 && (segs[i].hasAny(cArticle, cAnd, cOr, cOf) || segs[i].phrase >= 0); i-- {
		if segs[i].hasAny(cExtra, cLight, cWithout) {
			return true
		}
	}
	return i >= 0 && segs[i].hasAny(cExtra, cLight, cWithout)
}

// measures tells whether a segment says how much of what follows, or ties it to what came before.
func (s *segment) measures() bool {
	return s.has(cExtra) || s.has(cLight) || s.has(cWithout) || s.has(cNumber) || s.has(cDouble) || s.has(cWith) || s.has(cTo) || s.has(cArticle) || s.has(cOf)
}

// remark takes a clause that nothing else understands as a note on the item ordered just before: "I want it dry".
func (r *reader) remark(c *clause) bool {
	if len(r.out) == 0 || c.words == 0 || c.words > 6 || c.question || c.frame < 0 {
		return false
	}
	last := &r.out[len(r.out)-1]
	if last.Kind != reading.Add || last.Note != "" {
		return false
	}
	segs := c.segs[c.frame+1:]
	if len(segs) == 0 {
		return false
	}
	from := r.tokens[segs[0].from].start
	last.Note = strings.ToValidUTF8(r.text[from:min(r.tokens[c.to-1].end, from+maxNote)], "")
	return true
}

// A message with this many words that nobody knows, and this share of them, is a story and no order.
const (
	storyWords = 10
	storyShare = 3
)

// calm takes back what acts where the message is a story: somebody tells or pastes something, and bits of it only look
// like wishes.
func (r *reader) calm() {
	unknown := 0
	for i := range r.segs {
		if r.segs[i].unknown() {
			unknown++
		}
	}
	if unknown < storyWords || unknown*storyShare < len(r.tokens) || r.addressed {
		return
	}
	kept := r.out[:0]
	for _, a := range r.out {
		switch a.Kind {
		case reading.Add, reading.Change, reading.Remove, reading.ClearCart, reading.CancelOrder, reading.Reorder,
			reading.ReturnOrder, reading.ApplyCode, reading.Confirm, reading.Pay, reading.Checkout, reading.Privacy:
		default:
			kept = append(kept, a)
		}
	}
	r.out = kept
}
