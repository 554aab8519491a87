// Package embedded reads a customer's message without a model: the merchant's catalog is its lexicon, a table per
// language its grammar.
package embedded

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"sotto.chat/bot/reading"
	"sotto.chat/catalog/search"
)

// maxText bounds the length of a message that is read; the rest is ignored.
const maxText = 4000

// ownName is what a language's own name for itself counts beside the word, more than the locale does.
const ownName = 0.6

// reader is the work on one message.
type reader struct {
	lex    *Lexicon
	lang   *language
	next   *language // the one that would be taken in its place
	state  *reading.State
	text   string
	tokens []token
	forms  []wordForms
	hits   []hit
	segs   []segment
	out    []reading.Action
	doubt  float64 // what speaks against the reading, from 0

	open      bool     // a question was asked that nothing answers
	wonders   bool     // and one that stands for itself beside an order
	topic     int32    // the product that was last talked about, -1 for none
	hinted    bool     // it asks about something whose name stands in the catalog
	left      []left   // goods that were understood and are not acted on
	addressed bool     // the message was taken as an address
	alike     float64  // how well the nearest of the merchant's questions fits
	apart     float64  // how much better than the next one
	asked     string   // the nearest of them
	lead      float64  // how much more speaks for the language than for the next one
	ahead     float64  // how much better the message is cut than in the next best way
	torn      float64  // how near the next way comes to tell which choice belongs to which product, from 0 to 1
	worth     float64  // what the way in which the message is cut is worth
	items     []place  // what the orders were read as
	either    []choice // of this or that, one is asked for
	bar       barred   // what shall not be read, to hear what else a message could mean

	heard func(segment, float64) // hears of each stretch that could be cut, with what it is worth; nil where nobody asks
}

// Read understands one message. The locale is the language to assume where the message does not tell.
func (l *Lexicon) Read(text string, s reading.State, locale string) reading.Reading {
	return l.reader(text, &s).all(locale)
}

func (l *Lexicon) reader(text string, s *reading.State) *reader {
	if len(text) > maxText {
		text = strings.ToValidUTF8(text[:maxText], "")
	}
	return &reader{lex: l, state: s, text: text, topic: -1}
}

// all reads the whole message.
func (r *reader) all(locale string) reading.Reading {
	l, text := r.lex, r.text
	r.tokens = tokenise(text)
	if r.lang, r.next, r.lead = l.detect(text, r.tokens, locale); r.bar.lang != nil {
		r.lang = r.bar.lang
	}
	out := reading.Reading{Language: r.lang.code, Actions: []reading.Action{}, Unread: []string{}}
	if len(r.tokens) == 0 {
		return out
	}
	r.lang.capitals(text, r.tokens)
	r.tokens = l.split(text, l.shaped(text, l.meant(text, r.tokens, r.lang), r.lang), r.lang)
	if len(r.tokens) == 0 {
		return out
	}
	r.forms = l.forms(r.tokens, r.lang)
	r.hits = r.lang.find(r.tokens, make([]hit, 0, 2*len(r.tokens)))
	r.segs, r.ahead = r.cut()
	r.absorb()
	r.read()
	out.Actions = append(out.Actions, r.out...)
	out.Unread = append(out.Unread, r.unread()...)
	out.Confidence = r.confidence()
	return out
}

// meant leaves out what says nothing: the sounds of thinking, and pictures that neither the language nor the shop knows.
// A break before them stands; the comma behind them is only a pause.
func (l *Lexicon) meant(text string, tokens []token, lang *language) []token {
	out, pause, sound := tokens[:0], breakNone, false
	for i, t := range tokens {
		picture := t.end-t.start > 1 && isPicture(text[t.start:t.end])
		if (picture && !lang.vocab[t.word] || lang.sounds[t.word] && !lang.pairs(tokens, i)) && !l.inCatalog(t.word) {
			if t.question && len(out) > 0 {
				out[len(out)-1].question = true
			}
			pause, sound = max(pause, t.brk), !picture
			continue
		}
		if sound && t.brk == breakComma {
			t.brk = breakNone
		}
		t.brk = max(t.brk, pause)
		out, pause, sound = append(out, t), breakNone, false
	}
	return out
}

// pairs tells whether a word makes a phrase with one of its neighbours: "uh huh" is no mere sound.
func (l *language) pairs(tokens []token, i int) bool {
	return i+1 < len(tokens) && l.follows(tokens[i].word, tokens[i+1].word) || i > 0 && l.follows(tokens[i-1].word, tokens[i].word)
}

// follows tells whether a phrase of the language begins with two words.
func (l *language) follows(a, b string) bool {
	first, ok := l.nodes[0].next[a]
	if !ok {
		return false
	}
	_, ok = l.nodes[first].next[b]
	return ok
}

func isPicture(s string) bool {
	r, _ := utf8.DecodeRuneInString(s)
	return unicode.Is(unicode.So, r)
}

// detect picks the language with the most words of the message; the locale decides where they are equal. A language that
// is named by its own name is likely to be spoken: "em português". It also gives the next one and how far that
// stays behind.
func (l *Lexicon) detect(text string, tokens []token, locale string) (best, next *language, lead float64) {
	locale, _, _ = strings.Cut(strings.ToLower(locale), "-")
	elided, spoken := strings.ContainsAny(text, apostrophes), l.spoken.speaks(tokens)
	bestScore, nextScore := -1.0, -1.0
	for k, lang := range l.languages {
		switch score := l.speaksFor(k, text, tokens, spoken, locale, elided); {
		case score > bestScore:
			best, bestScore, next, nextScore = lang, score, best, bestScore
		case score > nextScore:
			next, nextScore = lang, score
		}
	}
	return best, next, bestScore - nextScore
}

// speaksFor tells how much speaks for one of the languages.
func (l *Lexicon) speaksFor(k int, text string, tokens []token, spoken []uint32, locale string, elided bool) float64 {
	lang, score := l.languages[k], 0.0
	for i := range tokens {
		t := &tokens[i]
		switch {
		case spoken[i]&(1<<k) != 0:
			score++
			if lang.own[t.word] {
				score += ownName
			}
		case elided && len(lang.shapes.Elisions) > 0:
			if at := lang.shapes.elision(text[t.start:t.end]); at > 0 && lang.vocab[search.Fold(text[t.start+at:t.end])] {
				score++
			}
		}
	}
	switch lang.code {
	case locale:
		score += 0.5
	case "en":
		score += 0.25
	}
	return score
}

// read goes through the clauses; neighbouring orders are read together, since one may go on about the other.
func (r *reader) read() {
	clauses := r.clauses()
	for i := 0; i < len(clauses); {
		from := i
		for i < len(clauses) && clauses[i].orders() && !r.opensQuestion(clauses, i) {
			r.courtesy(&clauses[i], i == 0)
			i++
		}
		if i > from {
			r.order(clauses[from:i])
			continue
		}
		r.courtesy(&clauses[i], i == 0)
		r.say(&clauses[i])
		i++
	}
	r.reply(r.answer(clauses))
	r.calm()
	r.askMerchant()
}

// left is a stretch of tokens that was understood and is not acted on.
type left struct{ from, to int }

// unread lists the words that nothing knows, and what was left.
func (r *reader) unread() []string {
	var out []string
	for _, l := range r.left {
		t := &r.tokens[l.from]
		start := t.start
		if t.minus {
			start = strings.LastIndexByte(r.text[:start], ' ') + 1
		}
		out = append(out, r.text[start:r.tokens[l.to-1].end])
	}
	last := -1
	for i := range r.segs {
		s := &r.segs[i]
		if s.unknown() && !slices.ContainsFunc(r.left, func(l left) bool { return l.from <= s.from && s.to <= l.to }) {
			t := &r.tokens[s.from]
			if unspaced(t.word) && last == t.start {
				out[len(out)-1] += r.text[t.start:t.end] // letters without a space are one word
			} else {
				out = append(out, r.text[t.start:t.end])
			}
			last = t.end
		}
	}
	return out
}

// Explanation is how a message came to its reading.
type Explanation struct {
	Languages  []Weighed // what speaks for each language, the most first
	Words      []string  // the words as they are compared, after spelling was mended
	Stretches  []Stretch // all that could be cut out of the message, in its order
	Question   Weighed   // the merchant's own question that is the nearest, and how near
	Understood reading.Reading
	Others     []Other   // what else the whole message could mean
	Signs      []Weighed // what moved the confidence most
}

// Weighed is a name with its weight.
type Weighed struct {
	Name   string
	Weight float64
}

// Stretch is some words of the message with one thing that they may mean.
type Stretch struct {
	Text, Meaning string
	Weight        float64
	Chosen        bool
}

// Explain understands a message as Read does, and tells how.
func (l *Lexicon) Explain(text string, s reading.State, locale string) Explanation {
	var e Explanation
	type heard struct {
		seg   segment
		worth float64
	}
	var all []heard
	r := l.reader(text, &s)
	text, r.heard = r.text, func(seg segment, worth float64) { all = append(all, heard{seg, worth}) }
	e.Understood = r.all(locale)
	e.Others, e.Signs = l.Others(text, s, locale), r.reasons()
	base, _, _ := strings.Cut(strings.ToLower(locale), "-")
	for k, lang := range l.languages {
		e.Languages = append(e.Languages, Weighed{lang.code, l.speaksFor(k, text, tokenise(text), l.spoken.speaks(tokenise(text)), base, strings.ContainsAny(text, apostrophes))})
	}
	slices.SortStableFunc(e.Languages, func(a, b Weighed) int { return cmp.Compare(b.Weight, a.Weight) })
	for i := range r.tokens {
		e.Words = append(e.Words, r.tokens[i].word)
	}
	slices.SortStableFunc(all, func(a, b heard) int {
		return cmp.Or(cmp.Compare(a.seg.from, b.seg.from), cmp.Compare(b.worth, a.worth))
	})
	for i := range all {
		seg := &all[i].seg
		chosen := slices.ContainsFunc(r.segs, func(o segment) bool { return o.from == seg.from && o.to == seg.to && o.phrase == seg.phrase })
		st := Stretch{text[r.tokens[seg.from].start:r.tokens[seg.to-1].end], l.meaning(seg), all[i].worth, chosen}
		if !slices.ContainsFunc(e.Stretches, func(o Stretch) bool { return o.Text == st.Text && o.Meaning == st.Meaning }) {
			e.Stretches = append(e.Stretches, st)
		}
	}
	e.Question.Name, e.Question.Weight, _ = l.questions.find(r.tokens, r.lang, r.hits, "")
	return e
}

// mostNamed is how many goods of one name a meaning lists.
const mostNamed = 3

// meaning says what a stretch stands for.
func (l *Lexicon) meaning(s *segment) string {
	var out []string
	if s.phrase >= 0 {
		p := &l.phrases[s.phrase]
		for i, k := range p.products {
			if i == mostNamed {
				out = append(out, "…")
				break
			}
			out = append(out, "product "+l.products[k].sku)
		}
		for _, c := range p.categories {
			out = append(out, "category "+c)
		}
		for name, is := range map[string]bool{"choice": p.choice, "attribute": p.attribute, "option group": p.groupName} {
			if is {
				out = append(out, name)
			}
		}
		slices.Sort(out)
	}
	for _, x := range s.senses {
		out = append(out, x.String())
	}
	return strings.Join(out, ", ")
}

// String names what a phrase of a language can mean.
func (x sense) String() string {
	for name, c := range conceptNames {
		if c == x.concept {
			return name
		}
	}
	if x.text != "" {
		return "language " + x.text
	}
	return "number " + strconv.Itoa(x.value)
}
