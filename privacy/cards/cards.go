// Package cards finds the numbers of payment cards in what people write, and masks them before anything is kept.
//
// A number that is missed would be kept for good, one masked in error can be written again: in doubt it is masked.
package cards

import (
	"strings"
	"sync"
	"unicode/utf8"
)

// The lengths of card numbers.
const (
	shortest = 13
	longest  = 19
)

// dots stand for what was taken out.
const dots = "•••"

// Mask replaces each card number by dots and its last four digits, and takes out the code and the date near it. found tells whether
// there was a number.
func Mask(text string) (masked string, found bool) {
	if !mayHold(text) {
		return text, false
	}
	numbers := find(text)
	if len(numbers) == 0 {
		return text, false
	}
	return replace(text, append(numbers, besides(text, numbers)...)), true
}

// Has tells whether a text holds the number of a card.
func Has(text string) bool { return mayHold(text) && len(find(text)) > 0 }

// mayHold tells whether there are digits enough for a number, at the cost of one look.
func mayHold(text string) bool {
	n := 0
	for i := 0; i < len(text); i++ {
		if text[i]-'0' < 10 {
			n++
		} else if text[i] >= utf8.RuneSelf {
			n++ // a digit of another script has at least two such bytes
		}
		if n >= shortest {
			return true
		}
	}
	return false
}

// span is a piece of a text and what stands in its place.
type span struct {
	from, to int
	by       string
}

func replace(text string, list []span) string {
	sortSpans(list)
	var b strings.Builder
	at := 0
	for _, s := range list {
		if s.from < at {
			continue
		}
		b.WriteString(text[at:s.from])
		b.WriteString(s.by)
		at = s.to
	}
	b.WriteString(text[at:])
	return b.String()
}

// maskOf is what stands in place of a number.
func maskOf(number string) string { return "•••• " + number[len(number)-min(4, len(number)):] }

// find gives the numbers of a text.
func find(text string) (list []span) {
	innocent := sync.OnceValue(func() []span { return innocents(text) })
	for _, r := range runs(text) {
		for from := 0; from < len(r.groups); {
			n, number, to := r.numberAt(text, from, innocent)
			if n == 0 {
				from++
				continue
			}
			list = append(list, span{r.groups[from].from, to, maskOf(number)})
			from += n
		}
	}
	return list
}

// order is the order in which lengths are tried: the usual ones first, so that a code behind a number is not taken for a part of it.
var order = [...]int{16, 15, 19, 18, 17, 14, 13}

// numberAt looks for a number that begins with a group; it gives how many groups it takes, its digits and its end.
func (r run) numberAt(text string, from int, innocent func() []span) (groups int, number string, to int) {
	var ends [longest + 1]int // by length: how many groups
	digits := ""
	for k, g := range r.groups[from:] {
		if len(digits)+len(g.digits) > longest {
			break
		}
		digits += g.digits
		ends[len(digits)] = k + 1
	}
	for _, length := range order {
		n := ends[length]
		if n == 0 || !isNumber(digits[:length]) || !r.plausible(text, from, n, length, innocent) {
			continue
		}
		if groups == 0 {
			number = digits[:length]
		}
		groups = max(groups, n) // what may be a longer number too is taken out whole
	}
	if groups > 0 {
		return groups, number, r.groups[from+groups-1].to
	}
	return r.glued(from, innocent)
}

// glued finds a number whose date and code follow without a gap.
func (r run) glued(from int, innocent func() []span) (groups int, number string, to int) {
	g := r.groups[from]
	for _, length := range [...]int{16, 15} {
		if len(g.digits) <= length+2 || len(g.digits) > length+8 || !isNumber(g.digits[:length]) || within(g.from, g.to, innocent()) {
			continue
		}
		if tail := g.digits[length:]; isCode(tail) || isDate(tail) || isDate(tail[:min(4, len(tail))]) && isCode(tail[min(4, len(tail)):]) ||
			isDate(tail[max(0, len(tail)-4):]) && isCode(tail[:max(0, len(tail)-4)]) {
			return 1, g.digits[:length], g.to
		}
	}
	return 0, "", 0
}

func isCode(s string) bool { return len(s) == 3 || len(s) == 4 }

// isDate tells whether four digits are a month and a year that a card may end in.
func isDate(s string) bool {
	return len(s) == 4 && s >= "0100" && s < "1300" && s[2:] >= "20" && s[2:] < "60"
}

// isNumber tells whether digits can be a card's number: an issuer's range, its length and the check digit.
func isNumber(digits string) bool { return issued(digits) && luhn(digits) }

func luhn(digits string) bool {
	sum := 0
	for i := range len(digits) {
		d := int(digits[len(digits)-1-i] - '0')
		if i%2 == 1 {
			if d *= 2; d > 9 {
				d -= 9
			}
		}
		sum += d
	}
	return sum%10 == 0
}
