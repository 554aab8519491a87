package bot

import "regexp"

// cardShape is thirteen to nineteen digits with the usual spaces and dashes between them.
var cardShape = regexp.MustCompile(`\d(?:[ \-]{0,2}\d){12,18}`)

// CardNumber tells whether a text holds what can be the number of a payment card: the length and the check digit fit.
// Such a message is answered with a warning and used for nothing else.
func CardNumber(text string) bool {
	for _, at := range cardShape.FindAllStringIndex(text, -1) {
		digits := make([]int, 0, 19)
		for _, r := range text[at[0]:at[1]] {
			if r >= '0' && r <= '9' {
				digits = append(digits, int(r-'0'))
			}
		}
		if luhn(digits) && digits[0] >= 2 && digits[0] <= 6 {
			return true
		}
	}
	return false
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
