package embedded

import (
	"slices"
	"unicode"
	"unicode/utf8"

	"sotto.chat/bot/reading"
)

// clause is a part of the message that says one thing.
type clause struct {
	segs      []segment
	from, to  int // tokens
	concepts  conceptSet
	named     int  // names of products and choices
	products  int  // names of products
	sure      int  // names that were said in full
	words     int  // words of it that nobody knows
	question  bool // it asks for information
	own       bool // "my phone": the customer has it already
	frame     int  // the segment that starts an order ("I would like"), -1 for none
	stranded  bool // its names hang on something that nobody knows
	complains bool // it says what is wrong with goods that were had
	fewer     int  // so many pieces of a line are too many: "one less"
	line      *reading.CartLine
}

// clauses cuts the message at sentences, and where "and", "but" or a comma is followed by something that starts anew.
func (r *reader) clauses() []clause {
	var out []clause
	start := 0
	for i := 1; i <= len(r.segs); i++ {
		if i == len(r.segs) || r.starts(i) && !r.leads(start, i) {
			if c := r.newClause(r.segs[start:i]); len(c.segs) > 0 {
				out = append(out, c)
			}
			start = i
		}
	}
	return out
}

// leads tells whether all that stands between two places is a word that leads on: "oh, …", "and …".
func (r *reader) leads(start, i int) bool {
	s := &r.segs[start]
	return i == start+1 && r.tokens[s.to].brk != breakSentence && (s.has(cAnd) || s.has(cBut) || s.has(cOpener)) && !s.has(cYes) && !s.has(cNo)
}

func (r *reader) starts(i int) bool {
	s := &r.segs[i]
	brk := r.tokens[s.from].brk
	if brk == breakSentence {
		return true
	}
	before := &r.segs[i-1]
	if s.has(cCheckout) && s.to-s.from > 1 && before.phrase >= 0 {
		return true // "a tea that's all": what is spoken has no comma
	}
	if brk != breakComma && !before.has(cAnd) && !before.has(cBut) {
		return r.startsBare(i)
	}
	for _, x := range s.senses {
		if x.concept == cQuestion && s.has(cWith) {
			continue // "that is decaf, has oat milk"
		}
		switch x.concept {
		case cWant, cQuestion, cRemove, cChange, cMake, cCancel, cPay, cCheckout, cPickup, cEatIn, cDeliveryWay, cTalk, cThanks, cBye, cTrack, cWhatHaveI, cMyAddress:
			return true
		case cNo, cYes:
			if brk == breakComma {
				return s.phrase < 0 && !s.has(cWithout)
			}
		}
	}
	return false
}

// startsBare tells whether a wish in so many words begins at a segment though no sign stands before it: "I would like".
func (r *reader) startsBare(i int) bool {
	s, before := &r.segs[i], &r.segs[i-1]
	if s.phrase >= 0 {
		return false
	}
	if s.has(cThanks) && s.to == len(r.tokens) && s.to-s.from > 1 && !before.hasAny(cOpener, cAnd) && (before.to-before.from > 1 || before.phrase >= 0) {
		return true // "it is thank you"
	}
	if s.to-s.from < 2 || !s.hasAny(cWant, cQuestion) || r.hitEnds(s.from, cTo) || i+1 == len(r.segs) || s.has(cTrack) && before.hasAny(cOrder, cMyOrder) {
		return false
	}
	if !s.has(cWant) && (s.from-start(r, i) < 3 || !r.interrogative(s.from) || r.anyHit(start(r, i), s.from, cKnow, cQuestion, cSee, cSearch, cTalk, cModal, cAux, cWant, cHelp)) {
		return false // "tell me how I …" goes on
	}
	if !s.has(cWant) {
		return !before.hasAny(cTo, cOf, cWith, cAnd, cOr, cArticle, cMy, cOnto)
	}
	return before.unknown() || before.phrase >= 0 || before.hasAny(cIt, cProblem)
}

// interrogative tells whether a word that only asks stands at a token: "how", but not "does".
func (r *reader) interrogative(at int) bool {
	return slices.ContainsFunc(r.hits, func(h hit) bool {
		return h.from == at && h.to == at+1 && h.hasAny(cQuestion) && !h.hasAny(cAux)
	})
}

// start is the first token of the sentence that a segment stands in.
func start(r *reader, i int) int {
	from := r.segs[i].from
	for from > 0 && r.tokens[from].brk != breakSentence {
		from--
	}
	return from
}

func (r *reader) newClause(segs []segment) clause {
	c := clause{segs: segs, from: segs[0].from, to: segs[len(segs)-1].to, frame: -1}
	for i := range segs {
		s := &segs[i]
		switch {
		case s.phrase >= 0:
			p := &r.lex.phrases[s.phrase]
			if len(p.products) > 0 {
				c.products++
			}
			if len(p.products) > 0 || p.choice || p.attribute {
				c.named++
				if !s.part && (!s.fuzzy || s.to-s.from > 1 || i > 0 && segs[i-1].hasAny(cArticle, cNumber, cAnother)) {
					c.sure++
				}
			}
		case s.unknown():
			c.words++
		}
		if c.frame < 0 && (s.has(cWant) || s.has(cPut) || s.has(cMake) || s.has(cTake)) {
			c.frame = i
		}
		c.own = c.own || i > 0 && s.phrase >= 0 && r.hitEnds(s.from, cMy) && !r.inCart(s.phrase)
	}
	for i, h := range r.hits {
		if h.from >= c.from && h.to <= c.to && !r.covered(i) && !r.named(&h) {
			for _, s := range h.senses {
				c.concepts.add(s.concept)
			}
		}
	}
	c.question = r.asks(&c)
	c.stranded = c.named > 0 && r.stranded(&c)
	c.complains = r.complains(&c)
	if c.concepts.has(cFewer) && len(r.state.Cart) > 0 {
		r.lessens(&c)
	}
	return c
}

// covered tells whether a longer phrase of the language holds this one: "check out" is no "check".
func (r *reader) covered(i int) bool {
	h := &r.hits[i]
	for j := range r.hits {
		o := &r.hits[j]
		if o.from <= h.from && o.to >= h.to && o.to-o.from > h.to-h.from {
			return true
		}
	}
	return false
}

// named tells whether a phrase of the language is a part of a name: "ticket" means nothing special where tickets are sold.
func (r *reader) named(h *hit) bool {
	for i := range r.segs {
		if s := &r.segs[i]; s.phrase >= 0 && !s.part && s.from <= h.from && h.to <= s.to {
			return true
		}
	}
	return false
}

// inCart tells whether a name means a product that is in the cart.
func (r *reader) inCart(ph int32) bool {
	for _, p := range r.lex.phrases[ph].products {
		if r.lineOf(p) != nil {
			return true
		}
	}
	return len(r.lex.phrases[ph].products) == 0
}

// asks tells whether a clause wants to know something. "Can I get" asks for a thing, not for knowledge.
func (r *reader) asks(c *clause) bool {
	for i := range c.segs {
		s := &c.segs[i]
		if s.has(cModal) && i+1 < len(c.segs) && c.segs[i+1].phrase >= 0 {
			return true // "would tea go with it"
		}
		if s.has(cWant) || s.has(cMake) || s.phrase >= 0 || r.hitAt(s.from, cWant) {
			break
		}
		if s.to-s.from > 1 && s.has(cOpener) && !s.has(cQuestion) {
			continue // a courtesy may begin like a question
		}
		if s.to-s.from > 1 && s.hasAny(cPickup, cEatIn, cDeliveryWay, cRemove) && !s.hasAny(cQuestion, cAux) {
			break // "es para llevar" says how, though "es" may ask
		}
		if !s.has(cGreet) && !s.has(cYes) && (r.hitAt(s.from, cQuestion) || r.hitAt(s.from, cAux)) {
			return true
		}
		if s.unknown() || !(s.has(cOpener) || s.has(cGreet) || s.has(cYes) || s.has(cNo) || s.has(cThanks) || s.has(cAnd) || s.has(cBut)) {
			break
		}
	}
	if r.tokens[c.to-1].question && r.needs(c) {
		return true // "do I need an umbrella?" asks for advice
	}
	if last := &c.segs[len(c.segs)-1]; (c.frame < 0 || !c.segs[c.frame].has(cWant)) && c.named > 0 && last.has(cQuestion) {
		return true // "the kettle should be cleaned when"
	}
	return c.concepts.has(cKnow) || r.tokens[c.to-1].question && c.frame < 0 && c.named < len(c.segs)
}

// opensQuestion tells whether a clause is only what the next one asks about: "in a poached egg, how much salt is there".
func (r *reader) opensQuestion(clauses []clause, i int) bool {
	c := &clauses[i]
	return c.frame < 0 && c.words > 0 && i+1 < len(clauses) && clauses[i+1].question && r.tokens[clauses[i+1].from].brk == breakComma
}

func (r *reader) needs(c *clause) bool {
	for i := c.from; i < c.to; i++ {
		if r.hitAt(i, cNeed) {
			return true
		}
	}
	return false
}

// hitAt tells whether some phrase with this concept starts at a token.
func (r *reader) hitAt(from int, want concept) bool {
	return slices.ContainsFunc(r.hits, func(h hit) bool { return h.from == from && h.hasAny(want) })
}

// orders tells whether a clause asks for goods: it opens like an order, or it is nothing but names and small words.
func (c *clause) orders() bool {
	if c.named == 0 || c.question || c.own || c.stranded || c.complains || c.fewer > 0 || c.concepts.hasAny(cHypothetical, cInfo, cAbout, cMyAccount) || c.products == 0 && c.concepts.has(cAnythingWith) {
		return false
	}
	if c.tells() || c.frame < 0 && c.concepts.has(cPrice) {
		return false
	}
	if c.concepts.has(cSearch) && !c.concepts.has(cNumber) || c.concepts.has(cHelp) && c.words > 0 {
		return false
	}
	if c.sure == 0 && c.words > 0 {
		return false // only parts of names, among words that nobody knows
	}
	first, _ := c.names()
	if c.frame < 0 && !c.opensBare() {
		return false
	}
	if c.frame < 0 || c.frame > first && !c.segs[c.frame].hasAny(cWant, cTake, cMake) {
		small := c.concepts.hasAny(cArticle, cNumber, cOf)
		return c.words == 0 || !c.concepts.has(cQuestion) && (c.words == 1 && c.named > 1 || small && c.words <= min(c.named, 2) || c.opensWithName() && c.words <= 3)
	}
	before, between := c.strangers()
	if c.concepts.has(cTake) && before == 0 && between <= 2 {
		return true
	}
	return before <= 2 && between <= 2 && c.words <= 2+(c.to-c.from)/5
}

// tells recognises "I like tea", which says what one likes and asks for nothing: no article, no number, no choice.
func (c *clause) tells() bool {
	return c.concepts.has(cTaste) && c.products == c.named && !c.concepts.hasAny(cNumber, cAnother, cArticle, cTo, cOnly, cYes, cPut, cTake)
}

// opensWithName tells whether a clause begins with a product, after a number or an article: "a tea with two spoons".
func (c *clause) opensWithName() bool {
	if len(c.segs) > 1 && c.segs[0].phrase >= 0 && !c.segs[0].part && c.products > 0 && c.segs[1].has(cWith) {
		return true // "latte with …"
	}
	if s := &c.segs[0]; !s.has(cNumber) && !s.has(cArticle) && !s.has(cAnother) {
		return false
	}
	return len(c.segs) > 1 && c.segs[1].phrase >= 0 && !c.segs[1].part
}

// opensBare tells whether a clause without a wish begins like a list of goods: not with a verb that nobody knows ("glue a
// teapot"), not with one of looking or talking ("read me a book") nor, where names are said only in part, with any verb at
// all ("set an alarm" asks for no alarm clock).
func (c *clause) opensBare() bool {
	if c.concepts.has(cCart) {
		return true
	}
	for i := range c.segs {
		s := &c.segs[i]
		switch {
		case c.strangeVerb(i):
			return false
		case c.sure > 0 && s.has(cFiller), s.hasAny(cOpener, cGreet, cYes, cNo, cThanks, cAnd, cBut):
		case c.sure > 0:
			return !s.hasAny(cTalk, cSee, cExport, cPayment) && !c.tellsOfOrder(i)
		default:
			return s.phrase >= 0 || s.hasAny(cArticle, cNumber, cAnother, cOf, cWith, cWithout, cExtra, cLight, cDouble, cOnly, cMake, cChange, cRemove, cIt, cOne)
		}
	}
	return true
}

// capitals notes where a capital says that a sentence begins, though no sign does: "a tea please Could you …". Only words
// that sentences begin with count, and not where most words have one.
func (l *language) capitals(text string, tokens []token) {
	large := func(t *token) bool {
		first, size := utf8.DecodeRuneInString(text[t.start:])
		second, _ := utf8.DecodeRuneInString(text[t.start+size:])
		return unicode.IsUpper(first) && unicode.IsLower(second)
	}
	n := 0
	for i := range tokens {
		if large(&tokens[i]) {
			n++
		}
	}
	if n == 0 || mostCapitals*n > len(tokens)+mostCapitals {
		return
	}
	for i := 2; i < len(tokens); i++ {
		t, before := &tokens[i], &tokens[i-1]
		first, _ := utf8.DecodeRuneInString(text[before.start:])
		dated := i+1 < len(tokens) && tokens[i+1].word[0] <= '9' || tokens[i-2].end == before.start // "May 5", "5th May"
		if t.brk == breakNone && large(t) && unicode.IsLower(first) && !dated && l.starts(t.word) {
			t.brk = breakSentence
		}
	}
}

// mostCapitals is the share of words, one in so many, that may have a capital where one says something.
const mostCapitals = 4

// starts tells whether a phrase that sentences begin with starts with a word.
func (l *language) starts(w string) bool {
	next, ok := l.nodes[0].next[w]
	if !ok {
		return false
	}
	if slices.ContainsFunc(l.nodes[next].senses, func(s sense) bool { return s.concept == cSelf }) {
		return false // "Im" has its capital anywhere
	}
	for _, longer := range l.nodes[next].next {
		if l.opens(longer) {
			return true
		}
	}
	return l.opens(next)
}

func (l *language) opens(node int32) bool {
	for _, s := range l.nodes[node].senses {
		switch s.concept {
		case cQuestion, cWant, cAux, cModal, cSearch, cChange, cMake, cIt:
			return true
		}
	}
	return false
}
