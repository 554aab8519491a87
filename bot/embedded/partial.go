package embedded

import (
	"hash/fnv"
	"slices"
	"sort"
	"strings"

	"sotto.chat/catalog/search"
)

// minPrefix is the shortest beginning of a word that stands for the whole ("choc" for "chocolate").
const minPrefix = 4

// maxPostings is the most names that a word may stand in and still single out one of them.
const maxPostings = 256

// noteWords makes a phrase findable by a part of its words.
func (c *compiler) noteWords(ph int32, stems []int32) {
	c.phrases[ph].last, c.phrases[ph].size = stems[len(stems)-1], int32(len(stems))
	for i, s := range stems {
		if !slices.Contains(stems[:i], s) && len(c.byWord[s]) <= maxPostings {
			c.byWord[s] = append(c.byWord[s], ph)
		}
	}
}

// means notes what a phrase names, so that two names of one thing are known to be the same.
func (c *compiler) means(ph int32, entity uint64) {
	if e := &c.phrases[ph].entities; !slices.Contains(*e, entity) {
		*e = append(*e, entity)
	}
}

func productEntity(id int32) uint64 { return 1<<63 | uint64(uint32(id)) }

func choiceEntity(group, choice string) uint64 {
	h := fnv.New64a()
	h.Write([]byte(group + "\x00" + choice))
	return h.Sum64() &^ (1 << 63)
}

// sortVocab orders the words of the catalog, for the search by beginnings.
func sortVocab(vocab map[string]bool) []string {
	out := make([]string, 0, len(vocab))
	for w := range vocab {
		if len(w) > minPrefix && w[0] >= 'a' {
			out = append(out, w)
		}
	}
	sort.Strings(out)
	return out
}

// completion gives the one word of the catalog that starts like this; "" if there are several that differ in more than
// their ending.
func (l *Lexicon) completion(w string) string {
	if len(w) < minPrefix {
		return ""
	}
	i := sort.SearchStrings(l.sorted, w)
	if i == len(l.sorted) || !strings.HasPrefix(l.sorted[i], w) {
		return ""
	}
	first := search.Stem(l.sorted[i])
	for j := i + 1; j < len(l.sorted) && strings.HasPrefix(l.sorted[j], w); j++ {
		if search.Stem(l.sorted[j]) != first {
			return ""
		}
	}
	return l.sorted[i]
}

// part offers the name that a part of its words singles out: tokens from i on, as many as still agree on one.
func (s *segmentation) part(i int) {
	if s.forms[i].stem < 0 || len(s.tokens[i].word) < 2 || s.lang.vocab[s.tokens[i].word] || s.forms[i].fixed {
		return
	}
	var common []int32
	for j := i; j < len(s.tokens) && j < i+5; j++ {
		f := s.forms[j]
		if f.stem < 0 || j > i && s.tokens[j].brk != breakNone {
			return
		}
		postings := s.l.byWord[f.stem]
		if len(postings) == 0 || len(postings) > maxPostings {
			return
		}
		if j == i {
			common = postings
		} else {
			common = intersect(common, postings)
		}
		if j == i && unspaced(s.tokens[i].word) || j > i && s.lang.vocab[s.tokens[j].word] {
			continue // one letter is too little, and no name ends with a small word
		}
		if ph := s.l.whole(common, j+1-i); j > i && ph >= 0 && distinct(s.forms[i:j+1]) {
			s.offer(segment{from: i, to: j + 1, phrase: ph}, worthWord*float64(j+1-i)-costSegment-costOrder)
		} else if ph, ok := s.l.sole(common); ok && s.endsName(j+1, ph) && s.enough(i, j+1, common) {
			n := float64(j + 1 - i)
			s.offer(segment{from: i, to: j + 1, phrase: ph, fuzzy: true, part: true}, worthPart*n-costSegment)
		}
	}
}

// costOrder is the cost of a name whose words stand in another order.
const costOrder = 0.3

// whole finds, among names of one thing, the one with so many words.
func (l *Lexicon) whole(phrases []int32, n int) int32 {
	if _, ok := l.sole(phrases); !ok {
		return -1
	}
	for _, ph := range phrases {
		if int(l.phrases[ph].size) == n {
			return ph
		}
	}
	return -1
}

func distinct(forms []wordForms) bool {
	for i := range forms {
		for k := range forms[:i] {
			if forms[k].stem == forms[i].stem {
				return false
			}
		}
	}
	return true
}

// enough tells whether tokens i..j say enough of one of the names: its last word, which tells what the thing is, or
// half of it, or a word of it beside what the thing comes in. A product is not named in part by how another thing should
// be ("extra hot").
func (s *segmentation) enough(i, j int, phrases []int32) bool {
	if i > 0 && len(s.l.phrases[phrases[0]].products) > 0 && s.measured(i-1) {
		return false
	}
	for _, ph := range phrases {
		if p := &s.l.phrases[ph]; p.last == s.forms[j-1].stem || 2*(j-i) >= int(p.size) {
			return true
		}
	}
	return s.beside(i, j, phrases[0])
}

// beside tells whether a number of things stands before tokens i..j and nothing behind, or what the thing comes in stands
// before or behind: "two totes", "tote natural".
func (s *segmentation) beside(i, j int, product int32) bool {
	last := j == len(s.tokens) || s.tokens[j].brk != breakNone
	if len(s.l.phrases[product].products) == 0 {
		return false
	}
	if i > 0 && s.tokens[i].brk == breakNone {
		if s.lang.counts(s.tokens[i-1].word) && (last || s.lang.vocab[s.tokens[j].word]) || s.l.comesIn(product, s.named(i-1)) {
			return true
		}
	}
	return !last && s.l.comesIn(product, s.named(j))
}

// named gives the name that a token alone is, -1 for none.
func (s *segmentation) named(i int) int32 {
	if s.forms[i].stem < 0 {
		return -1
	}
	next, ok := s.l.edges[edge(0, s.forms[i].stem)]
	if !ok {
		return -1
	}
	return s.l.nodes[next]
}

// measured tells whether a token says how much, or how something that was named before should be ("it really hot").
func (s *segmentation) measured(i int) bool {
	next, ok := s.lang.nodes[0].next[s.tokens[i].word]
	if !ok {
		return false
	}
	for _, x := range s.lang.nodes[next].senses {
		switch x.concept {
		case cOnly:
			return false
		case cExtra, cLight, cWithout, cIt:
			return true
		}
	}
	return s.lang.skippable[s.tokens[i].word]
}

// endsName tells whether a name said in part may end before token j. Before another word of the catalog it may not, for
// the two belong together ("sweet tea" is no "sweet corn"), but a choice may stand in front of its product, and behind a
// product what that product comes in ("tote natural").
func (s *segmentation) endsName(j int, ph int32) bool {
	if j >= len(s.tokens) || s.tokens[j].brk != breakNone || s.forms[j].stem < 0 || s.lang.vocab[s.tokens[j].word] {
		return true
	}
	next, ok := s.l.edges[edge(0, s.forms[j].stem)]
	if !ok {
		return len(s.l.byWord[s.forms[j].stem]) == 0
	}
	after := s.l.nodes[next]
	if after < 0 {
		return false
	}
	return s.l.phrases[ph].choice && len(s.l.phrases[after].products) > 0 || s.l.comesIn(ph, after)
}

// comesIn tells whether a phrase says how the product that another one names may be, and names no product itself.
func (l *Lexicon) comesIn(product, ph int32) bool {
	if ph < 0 || len(l.phrases[product].products) != 1 || len(l.phrases[ph].products) > 0 {
		return false
	}
	_, _, offered := l.offers(l.phrases[product].products[0], ph)
	return offered || l.describes(l.phrases[product].products[0], ph)
}

// sole gives the phrase to stand for a list of phrases, if all of them name one and the same thing.
func (l *Lexicon) sole(phrases []int32) (int32, bool) {
	if len(phrases) == 0 {
		return 0, false
	}
	first := l.phrases[phrases[0]].entities
	if len(first) == 0 {
		return 0, false
	}
	for _, ph := range phrases {
		e := l.phrases[ph].entities
		if len(e) != 1 || e[0] != first[0] {
			return 0, false
		}
	}
	return phrases[0], true
}

func intersect(a, b []int32) []int32 {
	var out []int32
	for _, x := range a {
		if slices.Contains(b, x) {
			out = append(out, x)
		}
	}
	return out
}

// isA tells whether a merchant's own names call this choice by the word: "cheddar" is a "cheese" where it is also named
// "cheddar cheese". Then the word behind the name says nothing new.
func (l *Lexicon) isA(ph, word int32) bool {
	for _, e := range l.phrases[ph].entities {
		if slices.Contains(l.lastWords[e], word) {
			return true
		}
	}
	return false
}

// absorb drops names that only repeat the one before: "cheddar cheese" is one choice, "pizza pie" one product.
func (r *reader) absorb() {
	out := r.segs[:0]
	for _, s := range r.segs {
		if n := len(out); n > 0 && s.phrase >= 0 && out[n-1].phrase >= 0 && r.tokens[s.from].brk == breakNone && r.repeats(&out[n-1], &s) {
			out[n-1].to = s.to
			continue
		}
		if n := len(out); n > 1 && s.phrase >= 0 && out[n-1].has(cOf) && out[n-2].phrase >= 0 && r.same(&out[n-2], &s) {
			s.from = out[n-2].from // "loaves of rye"
			out[n-2], out = s, out[:n-1]
			continue
		}
		out = append(out, s)
	}
	r.segs = out
	r.shorten()
}

// kindOf tells whether a choice is only said to be of a kind by the name behind it, which others of its group end with:
// "ranch dressing" where there is a "caesar dressing", and "jalapeno peppers", where one stands before many, though
// peppers may be chosen too.
func (r *reader) kindOf(a, b *segment) bool {
	p, q := &r.lex.phrases[a.phrase], &r.lex.phrases[b.phrase]
	if a.part || !p.choice || !q.choice || len(p.products)+len(q.products) > 0 || !r.lex.sameGroup(a.phrase, b.phrase) {
		return false
	}
	one, many := r.tokens[a.to-1].word, r.tokens[b.from].word
	if b.part {
		return true
	}
	alone := r.lex.id("="+one) < 0 && (r.lex.id("="+one+"s") >= 0 || r.lex.id("="+one+"es") >= 0)
	return alone && strings.HasSuffix(many, "s") && search.Stem(one) != search.Stem(many)
}

// sameGroup tells whether some product offers two choices in one group.
func (l *Lexicon) sameGroup(a, b int32) bool {
	for _, p := range l.phrases[a].owners {
		for _, g := range l.products[p].groups {
			_, first := l.groups[g].byName[a]
			if _, second := l.groups[g].byName[b]; first && second {
				return true
			}
		}
	}
	return false
}

// shorten finds what short names are short for: behind "two teas", or "a green tea", "one black" is a black tea. What
// several names end with is the noun.
func (r *reader) shorten() {
	noun, at, listed := int32(-1), 0, 0
	for i := range r.segs {
		s := &r.segs[i]
		stem := r.lex.id(search.Stem(r.tokens[s.to-1].word))
		switch {
		case stem < 0 || s.phrase < 0 && !s.unknown():
		case s.unknown() && i > 1 && r.segs[i-1].has(cArticle) && r.nameHolds(r.segs[:i], stem):
			s.senses = []sense{{concept: cFiller}} // "the earl grey, the lavender one"
		case s.phrase >= 0 && !s.part && len(r.lex.phrases[s.phrase].products) > 0 || s.unknown() && r.lex.endsNames(stem):
			noun, at, listed = stem, i, 0
		case noun >= 0 && i > 0 && s.to-s.from == 1 && (r.segs[i-1].hasAny(cNumber, cArticle, cAnother, cOther) ||
			(s.phrase < 0 || s.part) && r.segs[at].phrase < 0 && (r.segs[i-1].has(cAnd) || r.tokens[s.from].brk == breakComma)):
			if ph, ok := r.lex.sole(intersect(r.lex.byWord[stem], r.lex.byWord[noun])); ok && len(r.lex.phrases[ph].products) > 0 && r.lex.phrases[ph].last == noun {
				s.phrase, s.part, s.fuzzy = ph, false, false
				if !r.segs[i-1].has(cNumber) {
					listed++
				}
				if n := &r.segs[at]; n.phrase < 0 {
					n.senses = []sense{{concept: cFiller}}
				}
				if at > 0 && listed > 1 && r.number(&clause{segs: r.segs[at-1 : at]}) == listed {
					r.segs[at-1].senses = []sense{{concept: cFiller}} // "two rolls: salmon and tuna"
				}
			}
		}
	}
}

// nameHolds tells whether a word stands in the name of a product that was said before.
func (r *reader) nameHolds(said []segment, stem int32) bool {
	for i := range said {
		if said[i].phrase < 0 || len(r.lex.phrases[said[i].phrase].products) != 1 {
			continue
		}
		for _, ph := range r.lex.byWord[stem] {
			if slices.Equal(r.lex.phrases[ph].products, r.lex.phrases[said[i].phrase].products) {
				return true
			}
		}
	}
	return false
}

// endsNames tells whether the names of several products end with a word.
func (l *Lexicon) endsNames(stem int32) bool {
	n := 0
	for _, ph := range l.byWord[stem] {
		if p := &l.phrases[ph]; p.last == stem && len(p.products) > 0 {
			n++
		}
	}
	return n > 1
}

// same tells whether two names are of one thing.
func (r *reader) same(a, b *segment) bool {
	e := r.lex.phrases[b.phrase].entities
	return len(e) > 0 && slices.Equal(e, r.lex.phrases[a.phrase].entities)
}

func (r *reader) repeats(a, b *segment) bool {
	if b.to-b.from != 1 {
		return false
	}
	if r.same(a, b) || r.kindOf(a, b) {
		return true
	}
	if len(r.lex.phrases[b.phrase].products) > 0 && len(r.lex.phrases[a.phrase].products) == 0 {
		return false
	}
	id := r.lex.id(search.Stem(r.tokens[b.from].word))
	return r.lex.isA(a.phrase, id) && r.lex.id(search.Stem(r.tokens[a.to-1].word)) != id
}
