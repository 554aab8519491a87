package bot

import (
	"regexp"
	"strings"
)

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
