// Package guard is the last look at what the bot says: nothing leaves that no fact stands behind.
package guard

import (
	"errors"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"sotto.chat/bot/words"
	"sotto.chat/inbox"
	"sotto.chat/internal/money"
)

// ErrUnbacked stops a message that says what nothing in the outcome stands behind.
var ErrUnbacked = errors.New("guard: a claim in the answer is not backed by a fact")

// Facts are what an outcome is made of, gathered where they come from: from the quote, the order, the product, the
// customer's own words. Of the words that they are put together with, only those count that the outcome chose.
type Facts struct {
	amounts []money.Money
	counts  []int64
	texts   []string
	claims  []string // the senses that the outcome's own templates claim: sold out, the minutes that goods are held
}

// Amount vouches for sums of money.
func (f *Facts) Amount(m ...money.Money) { f.amounts = append(f.amounts, m...) }

// Count vouches for numbers that are no money.
func (f *Facts) Count(n ...int64) { f.counts = append(f.counts, n...) }

// Text vouches for words that came from the merchant's data or the customer, whatever they claim.
func (f *Facts) Text(s ...string) {
	for _, t := range s {
		if strings.TrimSpace(t) != "" {
			f.texts = append(f.texts, t)
		}
	}
}

// Template vouches for the words around the facts, as they stand in the language file.
func (f *Facts) Template(v words.Voice, bare string) { f.claims = append(f.claims, v.Claims(bare)...) }

// Check is the last look at what leaves: every number, amount, date, discount and word about stock in it must be one of
// the facts, in the form that the voice writes it, and every card must show the price that it carries.
func (f *Facts) Check(c inbox.Content, v words.Voice) error {
	for _, card := range c.Products {
		if card.Price != v.Money(card.Money) || !slices.Contains(f.amounts, card.Money) {
			return ErrUnbacked
		}
	}
	known := f.written(v)
	for _, s := range spoken(c) {
		if !backed(s, known, f.claims, v) {
			return ErrUnbacked
		}
	}
	return nil
}

// spoken lists every text that a customer reads.
func spoken(c inbox.Content) []string {
	out := []string{c.Title, c.Text, c.Choose}
	for _, b := range c.Buttons {
		out = append(out, b.Label, b.Detail)
	}
	for _, l := range c.Links {
		out = append(out, l.Label)
	}
	for _, p := range c.Products {
		out = append(out, p.Name)
	}
	return out
}

// fact is one that may stand in a text. A number is looked at more closely: what stands beside it can make another of it.
type fact struct {
	text   string
	number bool
}

// written gives the facts as they may stand in a text, the longest first, so that a short one never eats a piece of
// a long one.
func (f *Facts) written(v words.Voice) []fact {
	var out []fact
	for _, t := range f.texts {
		if strings.ContainsFunc(t, Figure) || len(v.Claims(t)) > 0 {
			out = append(out, fact{t, false})
		}
	}
	for _, m := range f.amounts {
		out = append(out, fact{v.Money(m), true})
	}
	for _, n := range f.counts {
		out = append(out, fact{v.Write(n), true})
	}
	slices.SortStableFunc(out, func(a, b fact) int { return len(b.text) - len(a.text) })
	return slices.Compact(out)
}

// backed takes every fact out of the text where it stands as a whole, and looks for what is left.
func backed(text string, known []fact, claims []string, v words.Voice) bool {
	for _, f := range known {
		text = takeOut(text, f)
	}
	if strings.ContainsFunc(text, Figure) {
		return false
	}
	return !slices.ContainsFunc(v.Claims(text), func(sense string) bool { return !slices.Contains(claims, sense) })
}

// Figure tells the signs that numbers and amounts are made of, in any script: ٣ and ½ and Ⅳ are numbers, too.
func Figure(r rune) bool {
	return unicode.IsNumber(r) || unicode.Is(unicode.Sc, r) || strings.ContainsRune("%‰‱٪﹪％", r)
}

func takeOut(text string, f fact) string {
	var b strings.Builder
	for {
		at := strings.Index(text, f.text)
		if at < 0 {
			return b.String() + text
		}
		end := at + len(f.text)
		if whole(text, at, end) && (!f.number || alone(text[:at], f.text, text[end:])) {
			b.WriteString(text[:at] + "\x00")
		} else {
			b.WriteString(text[:end])
		}
		text = text[end:]
	}
}

// whole tells whether the piece from at to end is not the middle of a longer number or amount.
func whole(text string, at, end int) bool {
	before, size := utf8.DecodeLastRuneInString(text[:at])
	after, width := utf8.DecodeRuneInString(text[end:])
	if size > 0 && (Figure(before) || strings.ContainsRune(minus, before) || joins(before) && endsInDigit(text[:at-size])) {
		return false
	}
	if width > 0 && (Figure(after) || joins(after) && startsWithDigit(text[end+width:])) {
		return false
	}
	rest := strings.TrimLeft(text[end:], blanks)
	next, wide := utf8.DecodeRuneInString(rest)
	if !unicode.Is(unicode.Sc, next) {
		return true
	}
	// "2 €" is an amount; in "2 €10.00" and "2 € 10,00" the sign belongs to what follows it, which is looked at by itself.
	return startsWithDigit(strings.TrimLeft(rest[wide:], blanks))
}

// alone tells whether a number stands for itself: "2k" is another one, "2 USD" an amount, in "12 500" it is a piece.
func alone(before, number, after string) bool {
	last, _ := utf8.DecodeLastRuneInString(before)
	next, _ := utf8.DecodeRuneInString(after)
	if grows(last) || grows(next) || unicode.Is(unicode.Sc, lastOf(strings.TrimRight(before, blanks))) && strings.TrimRight(before, blanks) != before {
		return false
	}
	return !money.Known(strings.ToUpper(edgeWord(after, false))) && !money.Known(strings.ToUpper(edgeWord(before, true))) &&
		!thousands(before, number, after)
}

// grows tells a letter that makes one word with the number beside it. Scripts without spaces have none; "2x" is how people count.
func grows(r rune) bool {
	return unicode.In(r, unicode.Latin, unicode.Cyrillic, unicode.Greek, unicode.Arabic, unicode.Devanagari) && unicode.ToLower(r) != 'x'
}

func lastOf(s string) rune {
	r, _ := utf8.DecodeLastRuneInString(s)
	return r
}

// edgeWord is the word next to a number, across blanks.
func edgeWord(s string, before bool) string {
	letter := func(r rune) bool { return !unicode.IsLetter(r) }
	if before {
		s = strings.TrimRight(s, blanks)
		return s[strings.LastIndexFunc(s, letter)+1:]
	}
	s = strings.TrimLeft(s, blanks)
	if at := strings.IndexFunc(s, letter); at >= 0 {
		return s[:at]
	}
	return s
}

// thousands tells whether the number is one group of a longer one that is written with blanks.
func thousands(before, number, after string) bool {
	return endsInDigit(number) && groupAfter.MatchString(after) || groupFirst.MatchString(number) && groupBefore.MatchString(before)
}

var (
	groupAfter  = regexp.MustCompile(`^[ \x{a0}\x{202f}\x{2009}]\d{3}(\D|$)`)
	groupFirst  = regexp.MustCompile(`^\d{3}(\D|$)`)
	groupBefore = regexp.MustCompile(`(^|[^\d.,])\d{1,3}[ \x{a0}\x{202f}\x{2009}]$`)
)

const (
	// blanks may stand between an amount and its sign.
	blanks = " \u00a0\u202f\u2009"
	// minus is every sign that turns an amount into its opposite.
	minus = "-−‐‑‒–"
)

func joins(r rune) bool { return strings.ContainsRune(".,'’:/-−–·٫٬", r) }

func endsInDigit(s string) bool { return unicode.IsNumber(lastOf(s)) }

func startsWithDigit(s string) bool {
	r, _ := utf8.DecodeRuneInString(s)
	return unicode.IsNumber(r)
}
