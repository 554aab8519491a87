package embedded

import (
	"math"
	"slices"
	"strconv"
	"unicode/utf8"

	"sotto.chat/catalog/search"
)

// segment is a stretch of the message with one meaning: a name of the catalog, a phrase of the language, or unknown.
type segment struct {
	from, to int
	phrase   int32 // of the catalog, -1 for none
	senses   []sense
	fuzzy    bool
	part     bool // only a part of the name was said
}

func (s *segment) has(c concept) bool {
	for _, x := range s.senses {
		if x.concept == c {
			return true
		}
	}
	return false
}

// like tells whether two segments are the same words with the same meaning.
func (s *segment) like(o segment) bool {
	return s.from == o.from && s.to == o.to && s.phrase == o.phrase
}

// hasAny tells whether the segment may mean one of the concepts.
func (s *segment) hasAny(cs ...concept) bool { return slices.ContainsFunc(cs, s.has) }

func (s *segment) unknown() bool { return s.phrase < 0 && len(s.senses) == 0 }

// What a stretch is worth. Longer stretches win over the same words one by one, the catalog over the language, and a
// word that is spelt right over one that is corrected.
const (
	worthWord     = 2.0
	worthPart     = 1.5
	worthLanguage = 1.8
	costSegment   = 0.9
	costFuzzy     = 0.55
	bonusExact    = 0.05
)

// wordForms is what one token may stand for in the catalog.
type wordForms struct {
	exact, stem int32 // -1 where the catalog has no such word
	fixed       bool  // stem comes of a corrected spelling
	mended      bool  // the word is one of the language, spelt right again
}

// forms looks up every token, and corrects what neither the catalog nor the language knows.
func (l *Lexicon) forms(tokens []token, lang *language) []wordForms {
	out := make([]wordForms, len(tokens))
	for i := range tokens {
		t := &tokens[i]
		f := wordForms{exact: l.id("=" + t.word), stem: l.id(search.Stem(t.word))}
		if f.stem < 0 && !lang.vocab[t.word] && len(t.word) == 3 && t.word[2] == 's' {
			f.stem = l.id(t.word[:2]) // too short for a stem: "tés"
		}
		if f.stem < 0 && !lang.vocab[t.word] {
			f = l.correct(t, lang)
		}
		if n := lang.number(t.word); f.stem < 0 && n > 0 {
			f.stem, f.fixed = l.id(strconv.Itoa(n)), true // "five litres" is "5 litres"
		}
		out[i] = f
	}
	return out
}

// correct takes the nearest word of the catalog or, where that is nearer, of the language.
func (l *Lexicon) correct(t *token, lang *language) wordForms {
	inCatalog, d := l.typos.Nearest(t.word)
	if single := search.Stem(t.word); inCatalog == "" && single != t.word {
		inCatalog, d = l.typos.Nearest(single)
	}
	inLanguage, e := lang.typos.Nearest(t.word)
	if inLanguage != "" && sameStart(inLanguage, t.word) && e == 1 && (inCatalog == "" || e < d) && (len(t.word) > search.MinTypo || sameLetters(inLanguage, t.word)) {
		t.word = inLanguage
		return wordForms{exact: l.id("=" + t.word), stem: l.id(search.Stem(t.word)), mended: true}
	}
	if whole := l.completion(t.word); whole != "" {
		return wordForms{exact: -1, stem: l.id(search.Stem(whole))}
	}
	if inCatalog != "" {
		return wordForms{exact: -1, stem: l.id(search.Stem(inCatalog)), fixed: true}
	}
	return wordForms{exact: -1, stem: -1}
}

// sameStart tells whether two words begin alike, but for two letters that changed places. A first letter that is missing
// or too many makes another word more often than a slip ("apagar" is not "pagar").
func sameStart(a, b string) bool {
	return a[0] == b[0] || len(a) == len(b) && a[0] == b[1] && a[1] == b[0]
}

// sameLetters tells whether two words differ in the order of their letters alone.
func sameLetters(a, b string) bool {
	x, y := []byte(a), []byte(b)
	slices.Sort(x)
	slices.Sort(y)
	return slices.Equal(x, y)
}

func (l *Lexicon) id(word string) int32 {
	if id, ok := l.stems[word]; ok {
		return id
	}
	return -1
}

// split takes apart words that were written together ("thankyou"), where both halves are known and the whole is not.
func (l *Lexicon) split(text string, tokens []token, lang *language) []token {
	for i := 0; i < len(tokens); i++ {
		w := tokens[i].word
		if len(w) < 6 || len(w) > 30 || l.known(w, lang) || i+1 < len(tokens) && tokens[i+1].start == tokens[i].end && tokens[i+1].word[0] <= '9' {
			continue // a word with a number on it is a code
		}
		cut := l.seamOf(text[tokens[i].start:tokens[i].end], w, lang)
		if cut == 0 {
			continue
		}
		a, b := w[:cut], w[cut:]
		if stem, ok := l.compound(a, b, lang); ok {
			a = stem
		}
		half := tokens[i]
		half.word, half.brk, half.start = l.form(b, lang), breakNone, min(half.start+cut, half.end)
		tokens[i].word, tokens[i].end, tokens[i].question = l.form(a, lang), half.start, false
		tokens = slices.Insert(tokens, i+1, half)
	}
	return tokens
}

// seamOf finds where two words were glued to one that nobody knows, 0 for nowhere: where both are surely known, else
// where the most of it is known.
func (l *Lexicon) seamOf(raw, w string, lang *language) int {
	if near, _ := l.typos.Nearest(w); near != "" {
		return 0
	}
	for cut := len(w) - 3; cut >= 3; cut-- {
		if _, ok := l.compound(w[:cut], w[cut:], lang); ok || w[cut] < 0x80 && (seam(raw, cut) || l.glued(w[:cut], w[cut:], lang)) {
			return cut
		}
	}
	if near, _ := lang.typos.Nearest(w); near != "" || l.questions.written[w] || w[0] >= utf8.RuneSelf {
		return 0
	}
	best, most := 0, 0
	for cut := len(w) - minGlued; cut >= minGlued; cut-- {
		if n := l.looselyGlued(w[:cut], w[cut:], lang); n > most {
			best, most = cut, n
		}
	}
	return best
}

// Letters that a word of the language has at least, and the whole, where the other half is not known.
const (
	minLoose = 6
	minWhole = 11
)

// looselyGlued gives how many letters of a glued word are known: in both halves, where one is a word of the merchant's
// questions or says how goods look, or in one alone where it is a long word of the language.
func (l *Lexicon) looselyGlued(a, b string, lang *language) int {
	asked := l.questions.written[a] || l.questions.written[b]
	first, second := lang.vocab[a] || l.questions.written[a], lang.vocab[b] || l.questions.written[b]
	switch {
	case asked && first && second, slices.Contains(lang.shapes.Looks, a) && (l.inCatalog(b) || second):
		return len(a) + len(b)
	case len(a)+len(b) < minWhole:
		return 0
	case lang.vocab[b] && len(b) >= minLoose:
		return len(b)
	case lang.vocab[a] && len(a) >= minLoose:
		return len(a)
	}
	return 0
}

// form gives the word as the language and the catalog write it.
func (l *Lexicon) form(w string, lang *language) string {
	if len(w) <= minStem || l.known(w, lang) {
		return w
	}
	return l.reshaped(w, lang)
}

// seam tells whether a capital stands right behind a small letter: "twoTeas".
func seam(raw string, at int) bool {
	return at < len(raw) && raw[at] >= 'A' && raw[at] <= 'Z' && raw[at-1] >= 'a' && raw[at-1] <= 'z'
}

// minGlued is the shortest word of the language that may be glued to one of the catalog: shorter ones are too often a
// part of another word.
const minGlued = 4

// glued tells whether two halves of a word are two words that lost the space between them. Beside a word of the catalog
// the other may be a small one of ordering only: "withmilk", but not "checkbook".
func (l *Lexicon) glued(a, b string, lang *language) bool {
	a, b = l.form(a, lang), l.form(b, lang)
	switch {
	case l.inCatalog(a) && l.inCatalog(b), lang.vocab[a] && lang.vocab[b]:
		return true
	case l.inCatalog(b):
		return lang.counts(a) || len(a) >= minGlued && lang.small(a)
	}
	return len(b) >= minGlued && l.inCatalog(a) && lang.small(b)
}

// small tells whether a word is one of those that stand between the names of an order.
func (l *language) small(w string) bool {
	next, ok := l.nodes[0].next[w]
	if !ok {
		return false
	}
	if l.binds(next) {
		return true
	}
	for _, longer := range l.nodes[next].next {
		if l.binds(longer) {
			return true // "along with"
		}
	}
	return false
}

// binds tells whether what ends at a node is said between the names of an order.
func (l *language) binds(node int32) bool {
	for _, s := range l.nodes[node].senses {
		switch s.concept {
		case cWith, cWithout, cAnd, cOr, cBut, cArticle, cWant, cPut, cExtra, cLight, cOf, cAnother, cTo, cOnly, cDouble, cNumber, cFiller:
			return true
		}
	}
	return false
}

func (l *Lexicon) known(w string, lang *language) bool {
	return lang.vocab[w] || l.inCatalog(w)
}

func (l *Lexicon) inCatalog(w string) bool {
	_, ok := l.stems[search.Stem(w)]
	return ok
}

// segmentation is the best way to cut a message into segments.
type segmentation struct {
	l      *Lexicon
	tokens []token
	forms  []wordForms
	lang   *language
	heard  func(segment, float64)
	best   []float64
	second []float64 // what the next best way is worth
	choice []segment
	bar    []segment // what shall not be read so
}

// cut finds the segments of a message, best covering first to last, and by how much it is better than the next best way.
func (r *reader) cut() ([]segment, float64) {
	l, tokens, hits, n := r.lex, r.tokens, r.hits, len(r.tokens)
	worths := make([]float64, 2*n+2)
	s := &segmentation{l: l, tokens: tokens, forms: r.forms, lang: r.lang, heard: r.heard, bar: r.bar.segs, best: worths[:n+1], second: worths[n+1:], choice: make([]segment, n)}
	s.second[n] = math.Inf(-1)
	next := len(hits)
	for i := n - 1; i >= 0; i-- {
		s.best[i], s.second[i] = s.best[i+1]-0.1, s.second[i+1]-0.1
		s.choice[i] = segment{from: i, to: i + 1, phrase: -1}
		for next > 0 && hits[next-1].from == i {
			next--
			h := hits[next]
			s.offer(segment{from: h.from, to: h.to, phrase: -1, senses: h.senses}, worthLanguage*float64(h.to-h.from)-costSegment)
		}
		s.walk(i, i, 0, walkState{exact: true})
		s.part(i)
	}
	var out []segment
	for i := 0; i < n; i = s.choice[i].to {
		out = append(out, s.choice[i])
	}
	r.worth = s.best[0]
	return out, s.best[0] - s.second[0]
}

func (s *segmentation) offer(seg segment, worth float64) {
	if s.heard != nil {
		s.heard(seg, worth)
	}
	if len(s.bar) > 0 && slices.ContainsFunc(s.bar, seg.like) {
		return
	}
	i, total, next := seg.from, worth+s.best[seg.to], worth+s.second[seg.to]
	had := s.choice[i]
	switch same := seg.phrase >= 0 && had.phrase == seg.phrase && had.to == seg.to; {
	case total > s.best[i] && same:
		s.best[i], s.choice[i] = total, seg
	case total > s.best[i]:
		next = max(next, s.best[i])
		s.best[i], s.choice[i] = total, seg
	case !same: // the same name again, found by its stems, is no other way
		next = max(next, total)
	}
	s.second[i] = max(s.second[i], next)
}

// walkState is how a path through the trie was found: word for word, or by stems and corrections.
type walkState struct {
	exact bool
	fixed int
}

// walk follows the trie of names from token i on, standing at node before token j.
func (s *segmentation) walk(i, j int, node int32, w walkState) {
	if node != 0 {
		if ph := s.l.nodes[node]; ph >= 0 {
			s.offer(s.name(i, j, ph, w))
		}
	}
	if j >= len(s.tokens) || j-i >= maxPhrase || j > i && s.tokens[j].brk == breakSentence {
		return
	}
	f := s.forms[j]
	if w.exact && f.exact >= 0 {
		if next, ok := s.l.edges[edge(node, f.exact)]; ok {
			s.walk(i, j+1, next, w)
		}
	}
	if node != 0 && w.exact {
		return // a path by stems starts at the root
	}
	loose := walkState{fixed: w.fixed}
	if f.stem >= 0 {
		if next, ok := s.l.edges[edge(node, f.stem)]; ok {
			if f.fixed {
				loose.fixed++
			}
			s.walk(i, j+1, next, loose)
		}
	}
	if j+1 < len(s.tokens) && s.tokens[j+1].brk == breakNone {
		s.walkJoined(i, j, node, w)
	}
}

// walkJoined tries two tokens as one word of the catalog ("pepper jack" for "pepperjack").
func (s *segmentation) walkJoined(i, j int, node int32, w walkState) {
	a, b := s.tokens[j].word, s.tokens[j+1].word
	if len(a)+len(b) < 5 || a[0] < 'a' {
		return
	}
	var buffer [48]byte
	if len(a)+len(b) > len(buffer) {
		return
	}
	joined := search.Stem(string(append(append(buffer[:0], a...), b...)))
	if id, ok := s.l.stems[joined]; ok {
		if next, ok := s.l.edges[edge(node, id)]; ok {
			s.walk(i, j+2, next, walkState{fixed: w.fixed})
		}
	}
}

func (s *segmentation) name(from, to int, ph int32, w walkState) (segment, float64) {
	worth := worthWord*float64(to-from) - costSegment - costFuzzy*float64(w.fixed)
	if w.exact {
		worth += bonusExact
	}
	p := &s.l.phrases[ph]
	if len(p.products) == 0 && !p.choice && (p.groupName || len(p.categories) > 0 || p.attribute) {
		worth -= 0.3
	}
	return segment{from: from, to: to, phrase: ph, fuzzy: w.fixed > 0}, worth
}
