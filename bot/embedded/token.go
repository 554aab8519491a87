package embedded

import (
	"slices"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"

	"sotto.chat/catalog/search"
)

// maxTokens bounds the work on one message; what follows is reported as unread.
const maxTokens = 160

// Breaks are what stands between a token and the one before it.
const (
	breakNone = iota
	breakComma
	breakSentence
)

// token is one word of a message: lower case, without marks and apostrophes. start and end point into the message.
type token struct {
	word       string
	start, end int
	brk        int
	question   bool // the sentence that it ends has a question mark
	minus      bool // a number below nothing
}

// tokenise splits a text into words. A number glued to letters is split ("2x"), a percent sign stays with its number,
// and an emoji is a word of its own.
func tokenise(text string) []token {
	tokens := make([]token, 0, 24)
	brk, i := breakNone, 0
	for i < len(text) && len(tokens) < maxTokens {
		r, size := utf8.DecodeRuneInString(text[i:])
		switch {
		case unicode.IsDigit(r):
			end := scanNumber(text, i)
			tokens = append(tokens, token{word: search.Fold(text[i:end]), start: i, end: end, brk: brk, minus: below(text, i)})
			brk, i = breakNone, end
		case unicode.IsLetter(r) || unicode.IsMark(r):
			end := scanWord(text, i)
			if word := search.Fold(text[i:end]); word != "" {
				tokens = append(tokens, token{word: word, start: i, end: end, brk: brk})
				brk = breakNone
			}
			i = end
		case unicode.Is(unicode.So, r):
			tokens = append(tokens, token{word: text[i : i+size], start: i, end: i + size, brk: brk})
			brk, i = breakNone, i+size
		default:
			if r == '&' || r == '+' || r == '#' {
				tokens = append(tokens, token{word: string(r), start: i, end: i + size, brk: brk})
				brk = breakNone
			}
			if r == '?' && len(tokens) > 0 {
				tokens[len(tokens)-1].question = true
			}
			brk = max(brk, breakOf(r))
			i += size
		}
	}
	return tokens
}

// below tells whether a minus stands right before a number, and not a dash between two things.
func below(text string, i int) bool {
	head, minus := strings.CutSuffix(text[:i], "-")
	if !minus {
		head, minus = strings.CutSuffix(text[:i], "−")
	}
	return minus && (head == "" || strings.HasSuffix(head, " "))
}

func breakOf(r rune) int {
	switch r {
	case '.', '!', '?', ';', '\n', '…', '。', '！', '？', '¿', '¡':
		return breakSentence
	case ',', ':', '(', ')', '，', '、', '•', '/', '|':
		return breakComma
	}
	return breakNone
}

func scanNumber(text string, i int) int {
	end := i
	for end < len(text) && (text[end] >= '0' && text[end] <= '9' ||
		(text[end] == '.' || text[end] == ',' || text[end] == ':') && end+1 < len(text) && text[end+1] >= '0' && text[end+1] <= '9') {
		end++
	}
	if end == i { // a digit of another script
		_, size := utf8.DecodeRuneInString(text[i:])
		end += size
	}
	if end < len(text) && text[end] == '%' {
		end++
	}
	return end
}

func scanWord(text string, i int) int {
	for i < len(text) {
		r, size := utf8.DecodeRuneInString(text[i:])
		if !unicode.IsLetter(r) && !unicode.IsMark(r) && r != '\'' && r != '’' && r != '´' && r != '`' {
			break
		}
		i += size
	}
	return i
}

// words gives the folded words of a catalog phrase.
func words(s string) []string {
	tokens := tokenise(s)
	out := make([]string, len(tokens))
	for i, t := range tokens {
		out[i] = t.word
	}
	return out
}

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
	Spellings [][2]string `json:"spellings"`
	// VerbLast tells that a verb may stand behind what it acts on.
	VerbLast bool `json:"verb_last"`
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
	written := []string{w}
	for _, pair := range s.Spellings {
		if x := strings.ReplaceAll(w, pair[0], pair[1]); x != w {
			if l.known(x, lang) {
				return x
			}
			written = append(written, x)
		}
	}
	for _, c := range s.Clitics {
		if stem, ok := strings.CutSuffix(w, c); ok && len(stem) >= minStem && l.known(stem, lang) {
			return stem
		}
	}
	for _, x := range written {
		if form := l.inflected(x, s.Endings); form != "" {
			return form
		}
	}
	return w
}

// inflected finds a word of the catalog with the same stem and another ending.
func (l *Lexicon) inflected(w string, endings []string) string {
	for _, e := range endings {
		stem, ok := strings.CutSuffix(w, e)
		if !ok || len(stem) < minStem {
			continue
		}
		for _, other := range endings {
			if other != e && l.inCatalog(stem+other) {
				return stem + other
			}
		}
	}
	return ""
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
	tokens := tokenise(phrase)
	if strings.ContainsAny(phrase, apostrophes) {
		tokens = s.elide(phrase, tokens)
	}
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
