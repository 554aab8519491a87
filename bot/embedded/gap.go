package embedded

import (
	"slices"

	"sotto.chat/bot/reading"
)

// gap is what the language says between two names of the catalog.
type gap struct {
	number    int // 0 where none is said
	article   bool
	another   bool
	with      bool
	and       bool
	or        bool
	but       bool
	comma     bool
	sentence  bool
	want      bool
	without   bool
	extra     bool
	light     bool
	double    int
	one       bool // "one", "ones": the product goes without saying
	other     bool
	noun      bool // a category or the name of an option group
	of        bool
	times     bool // "x" before the number
	last      bool // the number is the last word of the gap
	remove    bool
	change    bool
	make      bool
	instead   bool // "instead of": what follows is given up
	to        bool
	onto      bool // "on the": what came before goes with what comes after
	only      bool
	counts    bool // the number is about what follows: "with two lemons"
	no        bool
	each      bool   // what follows is for all items: "both large"
	corrected int    // "no, three": the number that holds instead
	listed    bool   // "with" comes after the number: "one with lemon"
	off       bool   // "take the … off"
	lo, hi    int    // its segments
	words     int    // words that nobody knows
	unfit     bool   // an amount that nothing is sold in: "half a", "-3", "0"
	placed    bool   // it tells where something is, or which of several: "on the", "the first"
	within    bool   // "on the left of": what follows only tells where
	taken     bool   // the amount was of something that nobody knows
	turn      bool   // "change it to": what comes takes the place of what is there
	amount    string // how much of the choice before it is wanted: "cheeni kam"
}

// mention is a name of the catalog in the message.
type mention struct {
	seg    segment
	head   bool // may be a product
	choice bool // may be a choice of an option group
}

// order is the raw material of an order: names, and the gaps before, between and after them.
type orderText struct {
	l        *Lexicon
	text     string
	segs     []segment
	tokens   []token
	mentions []mention
	gaps     []gap   // one more than mentions
	bar      []place // items that shall not be read
}

// maxMentions bounds the search for the best attachment, which grows with its cube.
const maxMentions = 40

// newOrderText splits the segments of an order into names and gaps.
func newOrderText(r *reader, segs []segment) *orderText {
	l, tokens := r.lex, r.tokens
	o := &orderText{l: l, text: r.text, segs: segs, tokens: tokens, bar: r.bar.items, gaps: make([]gap, 1, 16)}
	for i := range segs {
		s := &segs[i]
		g := &o.gaps[len(o.gaps)-1]
		g.breaks(tokens[s.from].brk)
		g.hi = i
		if s.phrase >= 0 {
			p := &l.phrases[s.phrase]
			if g.within && g.number == 0 && len(p.products) > 0 && !p.choice {
				g.hi = i + 1
				continue // "on the middle row of shelves"
			}
			m := mention{seg: *s, head: len(p.products) > 0, choice: p.choice || p.attribute}
			if g.heads(segs, i, tokens) {
				g.hi = i + 1
				g.takeNoun(true)
				continue
			}
			if m.choice && doubles(r.lang, l, segs, i, tokens) {
				g.hi, g.extra = i+1, true
				continue
			}
			if m.head || m.choice {
				if len(o.mentions) == maxMentions {
					break
				}
				o.mentions = append(o.mentions, m)
				o.gaps = append(o.gaps, gap{lo: i + 1, hi: i + 1})
				continue
			}
			g.hi = i + 1
			g.takeNoun(p.groupName)
			continue
		}
		g.hi = i + 1
		if amount := o.behind(r.lang, i, g.lo); amount != "" {
			g.amount, g.off = amount, s.has(cOff)
			continue
		}
		if s.has(cNumber) && i+1 < len(segs) && segs[i+1].phrase < 0 && !segs[i+1].hasAny(cTimes, cOf) && !unspaced(tokens[segs[i+1].from].word) && tokens[s.to-1].end == tokens[segs[i+1].from].start {
			continue // "12oz" is a measure, "7am" a time
		}
		if g.misfits(&tokens[s.from], s, len(o.mentions) == 0) {
			g.unfit, g.last = true, false
			if !s.has(cWithout) {
				continue
			}
		}
		g.read(s)
	}
	return o
}

// heads tells whether a name only says what follows: "for veggies I want …".
func (g *gap) heads(segs []segment, i int, tokens []token) bool {
	if i == 0 || i+1 >= len(segs) || g.number > 0 || g.article || segs[i].to-segs[i].from > 1 {
		return false
	}
	return segs[i-1].has(cTo) && !segs[i-1].has(cWant) && segs[i+1].has(cWant) && tokens[segs[i+1].from].brk != breakSentence
}

// doubles tells whether a choice is only how much of another one: "double the milk" where a double may be chosen too.
func doubles(lang *language, l *Lexicon, segs []segment, i int, tokens []token) bool {
	if i+2 >= len(segs) || segs[i].to-segs[i].from > 1 || !segs[i+1].has(cArticle) || segs[i+2].phrase < 0 {
		return false
	}
	next, ok := lang.nodes[0].next[tokens[segs[i].from].word]
	other := &l.phrases[segs[i+2].phrase]
	return ok && other.choice && len(other.products) == 0 && slices.ContainsFunc(lang.nodes[next].senses, func(s sense) bool { return s.concept == cDouble })
}

// behind reads the amount of a choice from right behind it, where the language puts it there and no other name follows.
func (o *orderText) behind(lang *language, i, lo int) string {
	s, n := &o.segs[i], len(o.mentions)
	if !lang.shapes.AmountsBehind || n == 0 || i != lo || !o.mentions[n-1].choice || o.tokens[s.from].brk != breakNone {
		return ""
	}
	if i+1 < len(o.segs) && o.segs[i+1].phrase >= 0 && o.tokens[o.segs[i+1].from].brk == breakNone {
		return ""
	}
	switch {
	case s.has(cOff):
		return reading.None
	case s.has(cLight):
		return reading.Light
	case s.has(cExtra):
		return reading.Extra
	}
	return ""
}

func (g *gap) breaks(brk int) {
	g.comma = g.comma || brk == breakComma
	if brk != breakNone {
		g.placed, g.within = false, false
	}
	if brk == breakSentence {
		g.sentence, g.without, g.extra, g.light = true, false, false, false
	}
}

// misfits tells whether a segment is an amount that nothing is sold in. Behind a name a minus is a dash ("tea -2").
func (g *gap) misfits(t *token, s *segment, first bool) bool {
	if s.has(cFraction) {
		return true
	}
	if s.has(cNumber) {
		return t.minus && (first || g.want || g.and || g.comma)
	}
	return s.unknown() && t.word[0] >= '0' && t.word[0] <= '9'
}

// read takes in one segment of the language. An amount holds until the next "and" or break, so the last one counts.
func (g *gap) read(s *segment) {
	if s.unknown() {
		g.words++
		g.last, g.taken = false, g.without || g.extra || g.light
		return // a number before an unknown word counts something else
	}
	number := 0
	if s.hasAny(cAnd, cOr, cBut, cWant) {
		g.placed, g.within = false, false
	}
	if g.taken && s.has(cAnd) {
		g.without, g.extra, g.light, g.taken = false, false, false, false // "no napkins and a tea"
	}
	for _, x := range s.senses {
		switch x.concept {
		case cNumber:
			number = x.value
		case cArticle:
			g.article, g.unfit = true, false
		case cNo:
			g.no = true
		case cAnother, cMoreOfIt, cSame:
			g.another = true
		case cWith:
			g.with, g.without, g.extra, g.light = true, false, false, false
			g.listed = g.number > 0
		case cAnd:
			g.and = true
		case cOr:
			g.or = true
		case cBut:
			g.but = true
		case cWithout:
			g.without = true
		case cExtra:
			g.extra = true
		case cLight:
			g.light = true
		case cDouble:
			g.double = 2
		case cOne:
			g.one = true
		case cOther:
			g.other = true
		case cEach:
			g.each = true
		case cOf:
			g.of, g.within = true, g.placed
		case cTimes:
			g.times = true
		case cWant, cPut, cTake:
			if !s.has(cWithout) {
				g.want, g.without = true, false
			}
		case cRemove:
			g.remove = true
			g.want = g.want && (s.has(cWant) || s.has(cPut) || s.has(cWithout)) // "I want to remove": the later word counts
		case cChange:
			g.change = true
		case cMake:
			g.make = true
			g.without = g.without && s.has(cWithout)
		case cTurnInto:
			g.turn = true
		case cInsteadOf:
			g.instead = true
		case cTo:
			g.to = true
		case cOnto:
			g.onto, g.placed = true, true
		case cOrdinal:
			g.placed = true
		case cOff:
			g.off = true
		case cOnly:
			g.only = true
		}
	}
	if number > 0 {
		g.unfit = false
		g.number, g.last, g.counts = number, true, g.with
		if g.no || g.make {
			g.corrected = number
		}
	}
}

// takeNoun notes a category or group name; in "two topping pizza" the number counts the group's choices.
func (g *gap) takeNoun(group bool) {
	g.noun, g.without = true, false // "no sides" refuses the noun, not what comes next
	if group && g.last {
		g.number, g.last = 0, false
	}
}

// opens tells how much a gap looks like the start of another item.
func (g *gap) opens() float64 {
	score := 0.0
	if g.number > 0 && !g.times {
		score += 2
	}
	if g.article && !g.without {
		score += 1.5
	}
	if g.another || g.other {
		score += 2
	}
	if g.want {
		score += 1.6
	}
	if g.sentence {
		score += 1.2
	}
	if g.of {
		score += 1
	}
	if g.comma {
		score += 0.5
	}
	if g.and {
		score += 0.4
	}
	if g.noun {
		score += 0.3
	}
	return score
}

// inFront tells how well the words before and after this gap go together in front of a product ("large thin crust").
func (g *gap) inFront() float64 {
	if g.onto && !g.with && !g.want && !g.sentence && g.number == 0 {
		return 0.8
	}
	score := 0.35
	if g.number > 0 {
		score -= 2
	}
	if g.article || g.another {
		score -= 2.5
	}
	if g.with {
		score -= 3
	}
	if g.want || g.sentence {
		score -= 4
	}
	if g.without || g.but {
		score -= 2
	}
	if g.comma {
		score -= 0.9
	}
	if g.and {
		score -= 0.9
	}
	return score
}

// behind tells how well a choice after this gap goes with the product before it.
func (g *gap) behind(single bool) float64 {
	score := 0.0
	if g.want {
		score--
	}
	if g.sentence {
		score--
	}
	if g.with {
		score += 0.6
	}
	if g.without || g.extra || g.light || g.double > 0 {
		score += 0.5
	}
	if g.article && !g.with && !g.light && !g.without && !g.extra {
		score -= 1.2
	}
	if g.number > 0 && !g.times {
		if single {
			score -= 1.5
		} else {
			score -= 0.4
		}
	}
	return score
}
