package bot

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

// errUnbacked stops a message that holds a number which nothing in the outcome stands behind.
var errUnbacked = errors.New("bot: a number in the answer is not backed by a fact")

// facts are what an outcome is made of, gathered where they come from: from the quote, the order, the product, the
// customer's own words. What the words are put together from does not count.
type facts struct {
	amounts []money.Money
	counts  []int64
	texts   []string
}

func (f *facts) amount(m ...money.Money) { f.amounts = append(f.amounts, m...) }
func (f *facts) count(n ...int64)        { f.counts = append(f.counts, n...) }

// text vouches for words that came from the merchant's data or the customer, where digits may stand in names.
func (f *facts) text(s ...string) {
	for _, t := range s {
		if strings.ContainsFunc(t, unicode.IsDigit) {
			f.texts = append(f.texts, t)
		}
	}
}

// guard is the last look at what leaves: every number in it must be one of the facts, in the form that the voice
// writes it, and every card must show the price that it carries.
func guard(c inbox.Content, f *facts, v words.Voice) error {
	for _, card := range c.Products {
		if card.Price != v.Money(card.Money) || !slices.Contains(f.amounts, card.Money) {
			return errUnbacked
		}
	}
	known := f.written(v)
	for _, s := range spoken(c) {
		if !backed(s, known) {
			return errUnbacked
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

// written gives the facts as they may stand in a text, the longest first, so that a short one never eats a piece of
// a long one.
func (f *facts) written(v words.Voice) []string {
	out := slices.Clone(f.texts)
	for _, m := range f.amounts {
		out = append(out, v.Money(m))
	}
	for _, n := range f.counts {
		out = append(out, v.Write(n))
	}
	slices.SortFunc(out, func(a, b string) int { return len(b) - len(a) })
	return slices.Compact(out)
}

// amountSign stands next to a fact only when both are part of another number.
var amountSign = regexp.MustCompile(`[\p{Sc}\d]`)

// backed takes every fact out of the text where it stands as a whole, and looks for what is left.
func backed(text string, known []string) bool {
	for _, fact := range known {
		text = takeOut(text, fact)
	}
	return !strings.ContainsFunc(text, func(r rune) bool { return unicode.IsDigit(r) || unicode.Is(unicode.Sc, r) })
}

func takeOut(text, fact string) string {
	var b strings.Builder
	for {
		at := strings.Index(text, fact)
		if at < 0 {
			return b.String() + text
		}
		end := at + len(fact)
		if whole(text, at, end) {
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
	if size > 0 && (amountSign.MatchString(string(before)) || before == '-' || joins(before) && endsInDigit(text[:at-size])) {
		return false
	}
	if width > 0 && (amountSign.MatchString(string(after)) || after == '%' || joins(after) && startsWithDigit(text[end+width:])) {
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

// blanks may stand between an amount and its sign.
const blanks = " \u00a0\u202f"

func joins(r rune) bool { return r == '.' || r == ',' || r == '\'' }

func endsInDigit(s string) bool {
	r, _ := utf8.DecodeLastRuneInString(s)
	return unicode.IsDigit(r)
}

func startsWithDigit(s string) bool {
	r, _ := utf8.DecodeRuneInString(s)
	return unicode.IsDigit(r)
}

// digitRun is digits with the spaces and dashes that people put between them.
var digitRun = regexp.MustCompile(`\d(?:[ \-./]{0,2}\d){12,60}`)

// The lengths of card numbers.
const (
	minCard = 13
	maxCard = 19
)

// CardNumber tells whether a text holds what can be the number of a payment card: the length and the check digit fit.
// A date or a code may stand right behind it. Such a message is answered with a warning and used for nothing else.
func CardNumber(text string) bool {
	for _, run := range digitRun.FindAllString(text, -1) {
		groups := strings.FieldsFunc(run, func(r rune) bool { return r < '0' || r > '9' })
		for from := range groups {
			digits := ""
			for _, g := range groups[from:] {
				if digits += g; cardLike(digits) {
					return true
				}
			}
		}
	}
	return false
}

func cardLike(s string) bool {
	if len(s) < minCard || len(s) > maxCard || s[0] < '2' || s[0] > '6' {
		return false
	}
	digits := make([]int, len(s))
	for i := range s {
		digits[i] = int(s[i] - '0')
	}
	return luhn(digits)
}

func luhn(digits []int) bool {
	sum := 0
	for i := range digits {
		d := digits[len(digits)-1-i]
		if i%2 == 1 {
			if d *= 2; d > 9 {
				d -= 9
			}
		}
		sum += d
	}
	return sum%10 == 0
}
