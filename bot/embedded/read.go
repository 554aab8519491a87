// Package embedded reads a customer's message without a model: the merchant's catalog is its lexicon, a table per
// language its grammar.
package embedded

import (
	"slices"
	"strings"

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
	state  *reading.State
	text   string
	tokens []token
	hits   []hit
	segs   []segment
	out    []reading.Action
	doubt  float64 // what speaks against the reading, from 0

	open      bool    // a question was asked that nothing answers
	topic     int32   // the product that was last talked about, -1 for none
	hinted    bool    // it asks about something whose name stands in the catalog
	left      []left  // goods that were understood and are not acted on
	addressed bool    // the message was taken as an address
	alike     float64 // how well one of the merchant's questions fits
}

// Read understands one message. The locale is the language to assume where the message does not tell.
func (l *Lexicon) Read(text string, s reading.State, locale string) reading.Reading {
	if len(text) > maxText {
		text = strings.ToValidUTF8(text[:maxText], "")
	}
	r := &reader{lex: l, state: &s, text: text, topic: -1}
	r.tokens = tokenise(text)
	r.lang = l.detect(text, r.tokens, locale)
	out := reading.Reading{Language: r.lang.code, Actions: []reading.Action{}, Unread: []string{}}
	if len(r.tokens) == 0 {
		return out
	}
	r.tokens = l.split(l.shaped(text, r.tokens, r.lang), r.lang)
	forms := l.forms(r.tokens, r.lang)
	r.hits = r.lang.find(r.tokens, make([]hit, 0, 2*len(r.tokens)))
	r.segs = l.cut(r.tokens, forms, r.hits, r.lang)
	r.absorb()
	r.read()
	out.Actions = append(out.Actions, r.out...)
	out.Unread = append(out.Unread, r.unread()...)
	out.Confidence = r.confidence()
	return out
}

// detect picks the language with the most words of the message; the locale decides where they are equal. A language that
// is named by its own name is likely to be spoken: "em português".
func (l *Lexicon) detect(text string, tokens []token, locale string) *language {
	locale, _, _ = strings.Cut(strings.ToLower(locale), "-")
	elided := strings.ContainsAny(text, apostrophes)
	best, bestScore := l.languages[0], -1.0
	for k, lang := range l.languages {
		score := 0.0
		for i := range tokens {
			t := &tokens[i]
			switch {
			case l.spoken[t.word]&(1<<k) != 0:
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
		if score > bestScore {
			best, bestScore = lang, score
		}
	}
	return best
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

// confidence is how much of the message was understood, less the doubts.
func (r *reader) confidence() float64 {
	if len(r.out) == 0 {
		return 0
	}
	known := 0
	for i := range r.segs {
		if !r.segs[i].unknown() {
			known += r.segs[i].to - r.segs[i].from
		}
	}
	c := max(0.98*float64(known)/float64(len(r.tokens)), r.alike) - r.doubt
	return float64(int(100*min(max(c, 0.05), 0.99))) / 100
}
