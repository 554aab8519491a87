package embedded

import (
	"slices"
	"strings"
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
			tokens = append(tokens, token{word: search.Fold(strings.Replace(text[i:end], " %", "%", 1)), start: i, end: end, brk: brk, minus: below(text, i)})
			brk, i = breakNone, end
		case unicode.IsLetter(r) || unicode.IsMark(r):
			end := scanWord(text, i, search.Unspaced(r))
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
			if (r == '?' || r == '？' || r == '؟') && len(tokens) > 0 {
				tokens[len(tokens)-1].question = true
			}
			if b := breakOf(r); r != '.' || !strings.HasPrefix(text[i+size:], ",") { // "decaf.," is shortened
				brk = max(brk, b, spaced(text, i, size))
			}
			i += size
		}
	}
	return tokens
}

// spaced is the break that a space makes: between letters of a script without spaces it does what a comma does.
func spaced(text string, i, size int) int {
	before, _ := utf8.DecodeLastRuneInString(text[:i])
	after, _ := utf8.DecodeRuneInString(text[i+size:])
	if text[i] == ' ' && search.Unspaced(before) && search.Unspaced(after) {
		return breakComma
	}
	return breakNone
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
	case '.', '!', '?', ';', '\n', '…', '。', '！', '？', '；', '؟', '؛', '۔', '¿', '¡':
		return breakSentence
	case ',', ':', '(', ')', '，', '、', '：', '،', '（', '）', '•', '/', '|':
		return breakComma
	}
	return breakNone
}

func scanNumber(text string, i int) int {
	end := scanDigits(text, i)
	for end+1 < len(text) {
		r, size := utf8.DecodeRuneInString(text[end:])
		next := scanDigits(text, end+size)
		if r != '.' && r != ',' && r != ':' && r != '٫' && r != '٬' || next == end+size {
			break
		}
		end = next
	}
	if strings.HasPrefix(text[end:], "%") {
		return end + 1
	}
	if strings.HasPrefix(text[end:], " %") {
		return end + 2
	}
	return end
}

// scanDigits gives the end of the digits at i, of any script.
func scanDigits(text string, i int) int {
	for i < len(text) {
		r, size := utf8.DecodeRuneInString(text[i:])
		if !unicode.IsDigit(r) {
			break
		}
		i += size
	}
	return i
}

// scanWord gives the end of the word at i. In a script without spaces every letter is a word, and the phrases of the
// catalog and the language put them together.
func scanWord(text string, i int, unspaced bool) int {
	for from := i; i < len(text); {
		r, size := utf8.DecodeRuneInString(text[i:])
		letter := unicode.IsLetter(r) && search.Unspaced(r) == unspaced && (!unspaced || i == from)
		if !letter && !unicode.IsMark(r) && (unspaced || r != '\'' && r != '’' && r != '´' && r != '`') {
			break
		}
		i += size
	}
	return i
}

// unspaced tells whether a word is a letter of a script without spaces.
func unspaced(w string) bool {
	r, _ := utf8.DecodeRuneInString(w)
	return search.Unspaced(r)
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
	// Spellings are ways to write a letter without its mark, and the letter without it: "ue" for "ü"; also the plurals that no
	// ending makes: "mice" for "mouse".
	Spellings [][2]string `json:"spellings"`
	// VerbLast tells that a verb may stand behind what it acts on.
	VerbLast bool `json:"verb_last"`
	// Doubled tells that a word may be said twice, with a dash between: "kue-kue".
	Doubled bool `json:"doubled"`
	// Leaning are little words that are written at the beginning of the next one: "وشاي".
	Leaning []string `json:"leaning"`
	// Prefixes are written at the beginning of a word and mean nothing for an order: "الشاي".
	Prefixes []string `json:"prefixes"`
	// Duals are endings that make two of a thing, with the ending of one: "قهوتين" is two of "قهوة".
	Duals [][2]string `json:"duals"`
	// Asking are words that make a question of what they end: "有茶吗".
	Asking []string `json:"asking"`
	// Lacking are words in front of what a thing is without, and FreeOf words behind it: "non fat milk", "fat free milk".
	Lacking []string `json:"lacking"`
	FreeOf  []string `json:"free_of"`
	// Looks are words that stand right before goods of all sorts: "black", "large".
	Looks []string `json:"looks"`
	// AmountsBehind tells that how much of a choice is wanted may stand behind it: "cheeni kam".
	AmountsBehind bool `json:"amounts_behind"`
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
	s.mark(tokens)
	if len(s.Endings)+len(s.Clitics)+len(s.Spellings)+len(s.Prefixes) == 0 {
		return tokens
	}
	if len(s.Leaning) > 0 {
		tokens = l.unlean(tokens, lang)
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
	for _, p := range s.Prefixes {
		if stem, ok := strings.CutPrefix(w, p); ok && l.known(stem, lang) {
			return stem
		}
		if l.inCatalog(p + w) {
			return p + w
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

// mark notes the sentences that end with a word of asking.
func (s *shapes) mark(tokens []token) {
	for i := range tokens {
		if (i+1 == len(tokens) || tokens[i+1].brk != breakNone) && slices.Contains(s.Asking, tokens[i].word) {
			tokens[i].question = true
		}
	}
}

// unlean cuts the little words off that are written at the beginning of a known one, and says "two" before what has the
// ending of two.
func (l *Lexicon) unlean(tokens []token, lang *language) []token {
	out := make([]token, 0, len(tokens)+4)
	for _, t := range tokens {
		for depth := 0; depth < 2 && !l.known(t.word, lang); depth++ {
			head, rest := l.leaning(t.word, lang)
			if head == "" {
				break
			}
			lead := t
			lead.word, lead.end, lead.question = head, t.start, false
			if head != "2" {
				lead.end = min(t.start+len(head), t.end)
			}
			t.word, t.start, t.brk, t.minus = rest, lead.end, breakNone, false
			out = append(out, lead)
		}
		out = append(out, t)
	}
	return out
}

// leaning gives the little word that a word begins with and what is left of it, or the two that its ending means.
func (l *Lexicon) leaning(w string, lang *language) (head, rest string) {
	s := &lang.shapes
	for _, head := range s.Leaning {
		if rest, ok := strings.CutPrefix(w, head); ok && len(rest) >= minStem && (l.known(rest, lang) || l.reshaped(rest, lang) != rest || l.twin(rest, lang) != "") {
			return head, rest
		}
	}
	if one := l.twin(w, lang); one != "" {
		return "2", one
	}
	return "", ""
}

// twin gives the one of which a word says two, "" for none.
func (l *Lexicon) twin(w string, lang *language) string {
	for _, d := range lang.shapes.Duals {
		if stem, ok := strings.CutSuffix(w, d[0]); ok && len(stem) >= minStem && l.known(stem+d[1], lang) {
			return stem + d[1]
		}
	}
	return ""
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
