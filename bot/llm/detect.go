package llm

import (
	"cmp"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"sotto.chat/bot/embedded"
	"sotto.chat/catalog/search"
)

// found is a piece of a text that says who somebody is or where: its words from..to.
type found struct {
	kind     string
	from, to int
}

// scene is a message in which names and addresses are looked for, in which nobody has said that there are any.
type scene struct {
	*secrets
	text   string
	terms  []embedded.Term
	hidden []bool // words of tokens that stand for something already
	caps   bool   // capitals tell something
	spoken []string
	out    []found
}

var standIn = regexp.MustCompile(`\[[A-Z]+_\d+\]`)

// detect gives the pieces of a text to hide. Words of the catalog are never among them: a shop must hear its own names.
func detect(text, locale string, lex *embedded.Lexicon) []found {
	s := &scene{secrets: givenAway(), text: text, terms: lex.Terms(text)}
	s.hidden = make([]bool, len(s.terms))
	tokens := standIn.FindAllStringIndex(text, -1)
	for i, t := range s.terms {
		s.hidden[i] = slices.ContainsFunc(tokens, func(at []int) bool { return at[0] <= t.Start && t.End <= at[1] })
	}
	s.listen(locale)
	s.caps = s.capitals()
	for i := range s.terms {
		if s.hidden[i] {
			continue
		}
		for _, c := range s.cues[s.terms[i].Word] {
			if s.stands(c, i) {
				s.follow(c, i, i+len(c.words))
			}
		}
		s.glue(i)
	}
	s.alone()
	return s.merged()
}

// listen finds the language of the message: the conversation's, and the one whose small words it has most of.
func (s *scene) listen(locale string) {
	counts, best := map[string]int{}, 0
	for _, t := range s.terms {
		for code := range s.function {
			if s.function[code][t.Word] || s.common[code][t.Word] || slices.Contains(t.Spoken, code) {
				counts[code]++
				best = max(best, counts[code])
			}
		}
	}
	s.spoken = []string{locale}
	for code, n := range counts {
		if n == best && code != locale {
			s.spoken = append(s.spoken, code)
		}
	}
}

// capitals tells whether capitals mark names here: where the words that everybody knows have them too, they mark nothing.
func (s *scene) capitals() bool {
	high, all := 0, 0
	for i, t := range s.terms {
		r, _ := utf8.DecodeRuneInString(s.written(i))
		if !unicode.IsLetter(r) || s.hidden[i] || len(t.Word) < 3 || s.unknown(i) {
			continue
		}
		all++
		if unicode.IsUpper(r) {
			high++
		}
	}
	return high < 2 || high*3 <= all*2
}

func (s *scene) written(i int) string { return s.text[s.terms[i].Start:s.terms[i].End] }

// stands tells whether all words of a cue stand at i, with nothing that parts them.
func (s *scene) stands(c cue, i int) bool {
	if i+len(c.words) > len(s.terms) {
		return false
	}
	for k, w := range c.words {
		if s.terms[i+k].Word != w || k > 0 && strings.ContainsAny(s.gap(i+k), ",;!?\n") {
			return false
		}
	}
	return true
}

// gap is what stands before a word.
func (s *scene) gap(i int) string {
	if i == 0 {
		return s.text[:s.terms[0].Start]
	}
	return s.text[s.terms[i-1].End:s.terms[i].Start]
}

// joined tells whether a word goes on with the one before it.
func (s *scene) joined(i int) bool {
	if i <= 0 || i >= len(s.terms) || s.hidden[i] {
		return false
	}
	g := s.gap(i)
	initial := len([]rune(s.terms[i-1].Word)) <= 3
	return g == "" || strings.Trim(g, " \u00a0-’'") == "" || initial && strings.Trim(g, " .") == ""
}

// follows tells whether a word is what a cue before it speaks of.
func (s *scene) follows(i int) bool {
	return i < len(s.terms) && !s.hidden[i] && strings.Trim(s.gap(i), " \u00a0:,-–\"'„“«(：，،.\n") == ""
}

func (s *scene) capital(i int) bool {
	r, _ := utf8.DecodeRuneInString(s.written(i))
	return s.caps && unicode.IsUpper(r)
}

func (s *scene) letters(i int) bool {
	r, _ := utf8.DecodeRuneInString(s.terms[i].Word)
	return unicode.IsLetter(r)
}

func (s *scene) number(i int) bool {
	if i < 0 || i >= len(s.terms) || s.hidden[i] {
		return false
	}
	r, _ := utf8.DecodeRuneInString(s.terms[i].Word)
	return unicode.IsDigit(r)
}

// han tells a letter of a script without spaces.
func (s *scene) han(i int) bool {
	if i < 0 || i >= len(s.terms) || s.hidden[i] {
		return false
	}
	r, _ := utf8.DecodeRuneInString(s.terms[i].Word)
	return search.Unspaced(r)
}

// unknown tells a word that nothing of the shop and of the language knows.
func (s *scene) unknown(i int) bool {
	t := s.terms[i]
	return s.letters(i) && !s.hidden[i] && !t.Catalog && !s.common.has(t.Word, s.spoken...) && !s.function.has(t.Word, s.spoken...) &&
		!s.units.has(t.Word, s.spoken...) && !slices.ContainsFunc(t.Spoken, func(code string) bool { return slices.Contains(s.spoken, code) })
}

// follow marks what stands behind a cue, or before it.
func (s *scene) follow(c cue, at, next int) {
	switch {
	case c.role == rolePlace:
		s.place(next)
	case c.role == roleStreet:
		s.street(c, at, next)
	case c.role == roleLane:
		s.lane(at, next)
	case c.role == roleBehind:
		s.behind(c, at)
	case s.han(next):
		s.hanName(c, next)
	default:
		s.name(c, next)
	}
}

// maxName is the longest name, in words.
const maxName = 4

// name marks the name behind a cue.
func (s *scene) name(c cue, from int) {
	if !s.follows(from) || strings.ContainsAny(s.gap(from), ".\n") && c.role < roleTitle && !s.capital(from) {
		return
	}
	to := from
	for k := from; k < len(s.terms) && k < from+maxName && (k == from || s.joined(k)); k++ {
		joint := k > from && s.joints.any(s.terms[k].Word) && !s.terms[k].Catalog && k+1 < len(s.terms) && s.joined(k+1) && s.capital(k+1)
		if !joint && !s.nameable(c, k, k == from) {
			break
		}
		to = k + 1
	}
	if to > from {
		s.out = append(s.out, found{"NAME", from, to})
	}
}

// nameable tells whether a word may be a part of the name behind a cue.
func (s *scene) nameable(c cue, k int, first bool) bool {
	t := s.terms[k]
	if s.hidden[k] || t.Catalog || !s.letters(k) || s.han(k) || s.size(k) && first {
		return false
	}
	heard := slices.Contains(s.spoken, c.lang)
	little := s.function.has(t.Word, s.spoken...) || s.function.has(t.Word, c.lang)
	switch {
	case s.capital(k) && c.role >= roleKin:
		return !little && (c.role >= roleTitle || !s.common.has(t.Word, s.spoken...))
	case s.capital(k):
		return s.unknown(k) && !t.Near
	case c.role >= roleKin && first && !cased(t.Word):
		return heard && !little && !s.common.has(t.Word, s.spoken...)
	case c.role == roleNear:
		return !cased(t.Word) && s.unknown(k) && s.ends(k)
	case c.role == roleNamed && first && len(c.words) > 1:
		return heard && !little
	}
	return heard && s.unknown(k)
}

// size tells a letter that stands alone, as sizes do, and no initial before a name.
func (s *scene) size(k int) bool {
	return len(s.terms[k].Word) == 1 && !(k+1 < len(s.terms) && s.joined(k+1) && strings.Contains(s.gap(k+1), ".") && s.capital(k+1))
}

// cased tells whether a word is of a script with capitals.
func cased(word string) bool {
	return strings.ContainsFunc(word, func(r rune) bool { return unicode.ToUpper(r) != r || unicode.ToLower(r) != r })
}

// ends tells whether a word is the last of its sentence.
func (s *scene) ends(k int) bool {
	return k+1 == len(s.terms) || strings.ContainsAny(s.gap(k+1), ".,;!?،؛؟\n")
}

// behind marks the name before a title.
func (s *scene) behind(c cue, at int) {
	from := at
	if s.han(at) {
		for k := at - 1; k >= max(0, at-3) && s.hanLetter(k, true) && s.gap(k+1) == ""; k-- {
			if s.surnames[s.terms[k].Word] {
				from = k
			}
		}
	} else {
		for k := at - 1; k >= max(0, at-2) && s.joined(k+1) && s.unknown(k) && !s.terms[k].Near && (s.capital(k) || slices.Contains(s.spoken, c.lang) && k == at-1); k-- {
			from = k
		}
	}
	if from < at {
		s.out = append(s.out, found{"NAME", from, at})
	}
}

// alone marks names that nothing introduces: two capitals in a row that nobody knows, or one beside a number to call.
func (s *scene) alone() {
	for i := 0; i < len(s.terms); i++ {
		to := i
		for to < len(s.terms) && (to == i || s.joined(to)) && s.capital(to) && s.unknown(to) && !s.terms[to].Near && !s.size(to) {
			to++
		}
		nouns := slices.ContainsFunc(s.spoken, func(code string) bool { return s.nouns[code] })
		beside := s.contact(i-1, i) || s.contact(to, to)
		if to-i >= 2 && to-i <= maxName && !nouns || to > i && beside {
			s.out = append(s.out, found{"NAME", i, to})
		}
		i = max(i, to-1)
	}
}

// contact tells whether the word at i belongs to a token, with no more than a mark between it and its neighbour at.
func (s *scene) contact(i, at int) bool {
	return i >= 0 && i < len(s.terms) && at < len(s.terms) && s.hidden[i] && utf8.RuneCountInString(strings.Trim(s.gap(at), " []_")) <= 1
}

// merged puts what overlaps together, in the order of the text.
func (s *scene) merged() (out []found) {
	slices.SortFunc(s.out, func(a, b found) int { return cmp.Or(a.from-b.from, b.to-a.to, strings.Compare(a.kind, b.kind)) })
	for _, f := range s.out {
		if last := len(out) - 1; last >= 0 && f.from < out[last].to {
			out[last].to = max(out[last].to, f.to)
			if f.kind == "ADDRESS" {
				out[last].kind = f.kind
			}
			continue
		}
		out = append(out, f)
	}
	for i := range out {
		out[i].from, out[i].to = s.terms[out[i].from].Start, s.terms[out[i].to-1].End
	}
	return out
}
