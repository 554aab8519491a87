package embedded

import (
	"slices"
	"strings"
	"sync"

	"sotto.chat/catalog/search"
)

// shapes are the ways in which a language changes, joins and cuts its words, as the language file gives them.
type shapes struct {
	// Elisions are little words that lean on the next one with an apostrophe: "l'eau", "d'un".
	Elisions []string `json:"elisions"`
	// Clitics are little words written at the end of another, which mean nothing for an order: "tehnya".
	Clitics []string `json:"clitics"`
	// Endings may stand for each other behind the same stem: "große", "großen"; "" is no ending.
	Endings []string `json:"endings"`
	// Joints stand between the two halves of a compound.
	Joints []string `json:"joints"`
	// Spellings are ways to write a letter without its mark, and the letter without it: "ue" for "ü".
	Spellings map[string]string `json:"spellings"`
	// Doubled tells that a word may be said twice, with a dash between: "kue-kue".
	Doubled bool `json:"doubled"`
}

// minStem is the least that an ending or a clitic leaves of a word.
const minStem = 3

// shaped gives the words of a message as the language and the catalog write them.
func (l *Lexicon) shaped(text string, tokens []token, lang *language) []token {
	s := &lang.shapes
	if len(s.Elisions) > 0 && strings.ContainsAny(text, apostrophes) {
		tokens = s.elide(text, tokens)
	}
	if s.Doubled {
		tokens = undouble(text, tokens)
	}
	if len(s.Endings)+len(s.Clitics)+len(s.Spellings) == 0 {
		return tokens
	}
	for i := range tokens {
		if w := tokens[i].word; len(w) > minStem && w[0] >= 'a' && !l.known(w, lang) {
			tokens[i].word = l.reshaped(w, lang)
		}
	}
	return tokens
}

// reshaped finds the known word that an unknown one is a form of, or gives it back.
func (l *Lexicon) reshaped(w string, lang *language) string {
	s := &lang.shapes
	for long, short := range s.Spellings {
		if x := strings.ReplaceAll(w, long, short); x != w && l.known(x, lang) {
			return x
		}
	}
	for _, c := range s.Clitics {
		if stem, ok := strings.CutSuffix(w, c); ok && len(stem) >= minStem && l.known(stem, lang) {
			return stem
		}
	}
	for _, e := range s.Endings {
		stem, ok := strings.CutSuffix(w, e)
		if !ok || len(stem) < minStem {
			continue
		}
		for _, other := range s.Endings {
			if other != e && l.inCatalog(stem+other) {
				return stem + other
			}
		}
	}
	return w
}

// apostrophes are the signs that people use for one.
const apostrophes = "'’´`"

// elide cuts "l'eau" in two.
func (s *shapes) elide(text string, tokens []token) []token {
	out := make([]token, 0, len(tokens)+4)
	for _, t := range tokens {
		at := s.elision(text[t.start:t.end])
		if at == 0 {
			out = append(out, t)
			continue
		}
		head, tail := t, t
		head.end, head.question = t.start+at, false
		head.word = search.Fold(text[head.start:head.end])
		tail.start, tail.brk, tail.minus = head.end, breakNone, false
		tail.word = search.Fold(text[tail.start:tail.end])
		out = append(out, head, tail)
	}
	return out
}

// elision gives where the second word begins in one that was elided, 0 for none.
func (s *shapes) elision(w string) int {
	at := strings.IndexAny(w, apostrophes)
	if at <= 0 || !slices.Contains(s.Elisions, search.Fold(w[:at])) {
		return 0
	}
	rest := strings.TrimLeft(w[at:], apostrophes)
	if search.Fold(rest) == "" {
		return 0
	}
	return len(w) - len(rest)
}

// undouble makes one word of two alike with a dash between.
func undouble(text string, tokens []token) []token {
	out := tokens[:0]
	for _, t := range tokens {
		if n := len(out); n > 0 && out[n-1].word == t.word && text[out[n-1].end:t.start] == "-" {
			out[n-1].end, out[n-1].question = t.end, t.question
			continue
		}
		out = append(out, t)
	}
	return out
}

// wordsOf gives the folded words of a phrase, its elisions cut.
func (s *shapes) wordsOf(phrase string) []string {
	tokens := s.elide(phrase, tokenise(phrase))
	out := make([]string, len(tokens))
	for i, t := range tokens {
		out[i] = t.word
	}
	return out
}

// compound takes apart a word that is two words of the catalog, with or without a joint between them.
func (l *Lexicon) compound(a, b string, lang *language) (string, bool) {
	if !l.inCatalog(b) {
		return "", false
	}
	for _, joint := range lang.shapes.Joints {
		if stem, ok := strings.CutSuffix(a, joint); ok && len(stem) >= minStem && l.inCatalog(stem) {
			return stem, true
		}
	}
	return "", false
}

// detection tells for each word in which languages it is one, as a bit set over the sorted languages.
type detection map[string]uint32

func newDetection(all []*language) detection {
	d := detection{}
	for i, l := range all {
		for w := range l.vocab {
			d[w] |= 1 << i
		}
	}
	return d
}

// detected is made once, of all languages.
var detected = sync.OnceValue(func() detection { return newDetection(languages()) })
