package cards

import (
	"slices"
	"unicode"
	"unicode/utf8"
)

// run is digits with nothing but gaps between them.
type run struct{ groups []group }

// group is digits without a gap, in ASCII, and where they stand.
type group struct {
	digits   string
	from, to int
	gap      gap // before it
}

// gap is what stands between two groups.
type gap int

const (
	none  gap = iota
	plain     // spaces and dashes, which people put anywhere
	odd       // other signs, lines: only in the usual places
	over      // anything else
)

// widest is the most signs of a gap.
const widest = 3

// runs parts a text into runs of digits, in any script.
func runs(text string) (list []run) {
	var now run
	var digits []byte
	var from, signs int
	last, between := 0, none
	closeGroup := func() {
		if len(digits) > 0 {
			now.groups[len(now.groups)-1].digits, now.groups[len(now.groups)-1].to = string(digits), last
			digits = digits[:0]
		}
	}
	for i, r := range text {
		d, is := digit(r)
		switch {
		case is && between == none && len(digits) > 0:
		case is:
			closeGroup()
			if from = i; between == over || len(now.groups) == 0 {
				if len(now.groups) > 0 {
					list = append(list, now)
				}
				now, between = run{}, none
			}
			now.groups = append(now.groups, group{from: from, gap: between})
		case invisible(r):
			continue
		default:
			if signs++; signs > widest {
				between = over
			}
			between = max(between, kindOf(r))
			continue
		}
		digits, between, signs, last = append(digits, d), none, 0, i+utf8.RuneLen(r)
	}
	closeGroup()
	if len(now.groups) > 0 {
		list = append(list, now)
	}
	return list
}

// digit gives the value of a decimal digit of any script as ASCII.
func digit(r rune) (byte, bool) {
	if r < utf8.RuneSelf {
		return byte(r), '0' <= r && r <= '9'
	}
	if !unicode.Is(unicode.Nd, r) {
		return 0, false
	}
	for _, t := range unicode.Nd.R16 {
		if rune(t.Lo) <= r && r <= rune(t.Hi) {
			return '0' + byte((r-rune(t.Lo))%10), true
		}
	}
	for _, t := range unicode.Nd.R32 {
		if rune(t.Lo) <= r && r <= rune(t.Hi) {
			return '0' + byte((r-rune(t.Lo))%10), true
		}
	}
	return 0, false
}

// invisible are signs without width, and what makes a digit a picture of a key.
func invisible(r rune) bool {
	return r >= utf8.RuneSelf && (unicode.Is(unicode.Cf, r) || r == 0xFE0F || r == 0x20E3)
}

// boundary stands between two messages that are read as one.
const boundary = '\x1e'

func kindOf(r rune) gap {
	switch {
	case r == ' ' || r == '\t' || r == '-' || r == boundary || r == '−' || unicode.Is(unicode.Zs, r) || unicode.Is(unicode.Pd, r):
		return plain
	case r == '\n' || r == '\r' || r == '.' || r == ',' || r == '/' || r == '_' || r == '|' || r == '*' || r == '·' || r == '•' || r == '،' || r == '٬':
		return odd
	}
	return over
}

func sortSpans(list []span) {
	slices.SortFunc(list, func(a, b span) int {
		if a.from != b.from {
			return a.from - b.from
		}
		return b.to - a.to
	})
}
