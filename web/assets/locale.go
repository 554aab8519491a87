package assets

import (
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"sotto.chat/internal/money"
)

// Languages are those that our pages are written in; the first is the fallback.
var languages = [...]string{"en", "es", "pt", "de", "fr", "id", "hi", "zh", "ar"}

// Language chooses one of the pages' languages: the first known among tags ("es-MX", or a whole Accept-Language header).
func Language(tags ...string) string {
	if code, ok := Choose(languages[:], tags...); ok {
		return code
	}
	return languages[0]
}

// Choose is Language for a page with languages of its own; false where none of the tags is among them.
func Choose(known []string, tags ...string) (string, bool) {
	for _, header := range tags {
		for _, part := range preferred(header) {
			code, _, _ := strings.Cut(strings.ToLower(part), "-")
			if slices.Contains(known, code) {
				return code, true
			}
		}
	}
	return "", false
}

// Direction is the way in which a language is written, told by its own name for itself: "rtl" or "ltr".
func Direction(name string) string {
	for _, r := range name {
		if unicode.In(r, unicode.Arabic, unicode.Hebrew, unicode.Syriac, unicode.Thaana) {
			return "rtl"
		}
		if unicode.IsLetter(r) {
			break
		}
	}
	return "ltr"
}

// preferred splits an Accept-Language header, best first. At most eight entries are looked at.
func preferred(header string) []string {
	type choice struct{ tag, q string }
	var list []choice
	for _, part := range strings.SplitN(header, ",", 9) {
		tag, q, weighted := strings.Cut(strings.TrimSpace(part), ";q=")
		if !weighted {
			q = "1"
		}
		if tag != "" && len(list) < 8 && !strings.HasPrefix(q, "0.0") && q != "0" {
			list = append(list, choice{strings.ReplaceAll(tag, "_", "-"), q})
		}
	}
	slices.SortStableFunc(list, func(a, b choice) int { return strings.Compare(b.q, a.q) }) // "1" > "0.9" > "0.85"
	out := make([]string, len(list))
	for i, c := range list {
		out[i] = c.tag
	}
	return out
}

// symbols are signs that nobody takes for another currency; a dollar that is not the American one keeps its code.
var symbols = map[string]string{"USD": "$", "EUR": "€", "GBP": "£", "JPY": "¥", "INR": "₹", "KRW": "₩", "ILS": "₪", "PHP": "₱", "VND": "₫", "UAH": "₴",
	"NGN": "₦", "BRL": "R$"}

// Spaces that do not break.
const (
	hard   = "\u00a0"
	narrow = "\u202f"
)

// form is how a language writes numbers and amounts.
type form struct {
	point, group string
	before       bool // the sign stands before the amount
	gap          bool // with a space between, also where it stands before
	pairs        bool // above the thousands two digits make a group: "12,34,567"
	own          map[string]string
}

var (
	english   = form{point: ".", group: ",", before: true}
	spanish   = form{point: ",", group: "."}
	brazilian = form{point: ",", group: ".", before: true, gap: true}
	// forms hold languages, and regions that write otherwise.
	forms = map[string]form{"en": english, "es": spanish, "pt": brazilian, "pt-pt": {point: ",", group: hard}, "de": spanish,
		"de-ch": {point: ".", group: "’", before: true, gap: true}, "de-at": brazilian, "fr": {point: ",", group: narrow},
		"id": {point: ",", group: ".", before: true, gap: true, own: map[string]string{"IDR": "Rp"}},
		"hi": {point: ".", group: ",", before: true, pairs: true}, "zh": {point: ".", group: ",", before: true, own: map[string]string{"CNY": "¥", "JPY": "JP¥", "USD": "US$"}},
		"ar": {point: ".", group: ","}}
)

func formOf(tag string) form {
	tag = strings.ToLower(strings.ReplaceAll(tag, "_", "-"))
	code, region, _ := strings.Cut(tag, "-")
	if code == "es" && american(region) {
		return english
	}
	if f, ok := forms[tag]; ok {
		return f
	}
	if f, ok := forms[code]; ok {
		return f
	}
	return english
}

// Money writes an amount for people: "€1,234.50" in English, "1.234,50 €" in Spanish, "$1,234.50" in American Spanish.
func Money(tag string, m money.Money) string {
	f := formOf(tag)
	decimal, negative := strings.CutPrefix(m.Decimal(), "-")
	whole, fraction, cut := strings.Cut(decimal, ".")
	amount := f.grouped(whole)
	if cut {
		amount += f.point + fraction
	}
	sign, known := f.own[m.Currency]
	if !known {
		sign, known = symbols[m.Currency]
	}
	if !known {
		sign = m.Currency
	}
	switch {
	case !f.before:
		amount += hard + sign
	case known && !f.gap:
		amount = sign + amount
	default:
		amount = sign + hard + amount
	}
	if negative {
		return "−" + amount
	}
	return amount
}

// Number writes a whole number for people.
func Number(tag string, n int64) string {
	digits, negative := strings.CutPrefix(strconv.FormatInt(n, 10), "-")
	out := formOf(tag).grouped(digits)
	if negative {
		return "−" + out
	}
	return out
}

// american tells the regions whose Spanish writes a point before the cents.
func american(region string) bool {
	return slices.Contains([]string{"MX", "US", "419", "GT", "HN", "SV", "NI", "PA", "DO", "PR", "PE"}, strings.ToUpper(region))
}

func (f form) grouped(whole string) string {
	later := 3
	if f.pairs {
		later = 2
	}
	var b strings.Builder
	for i, r := range whole {
		if left := len(whole) - i; i > 0 && (left == 3 || left > 3 && (left-3)%later == 0) {
			b.WriteString(f.group)
		}
		b.WriteRune(r)
	}
	return b.String()
}

// Clock writes a time of day in UTC, said so: pages without a script cannot know the reader's zone.
func Clock(t time.Time) string { return t.UTC().Format("15:04") + " UTC" }

// Moment is Clock with the day, for times that are not today's: in the one form that every reader can take for no other day.
func Moment(t time.Time) string { return t.UTC().Format("2006-01-02 15:04") + " UTC" }
