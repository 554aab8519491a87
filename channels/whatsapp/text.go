package whatsapp

import (
	"strconv"
	"strings"
	"unicode"
)

// Limits of the Cloud API, in characters. Meta does not say how it counts; UTF-16 units are never too few.
const (
	maxBody        = 4096 // text
	maxInteractive = 1024 // body of anything interactive
	maxCaption     = 1024
	maxHeader      = 60
	maxButtons     = 3
	maxButton      = 20 // title of a button, of a link, of what opens a list
	maxButtonID    = 256
	maxRows        = 10
	maxRow         = 24
	maxRowID       = 200
	maxDetail      = 72
	maxProducts    = 30
	maxSection     = 24
)

// units counts UTF-16 code units.
func units(s string) int {
	n := 0
	for _, r := range s {
		n++
		if r > 0xffff {
			n++
		}
	}
	return n
}

// joins tells runes that belong to what stands before them, so that no cut falls between.
func joins(r rune) bool {
	return unicode.Is(unicode.M, r) || r == 0x200d || (r >= 0xfe00 && r <= 0xfe0f) || (r >= 0x1f3fb && r <= 0x1f3ff)
}

// head gives the longest beginning of at most n units that ends between characters.
func head(s string, n int) string {
	used, cut, joined := 0, 0, false
	for i, r := range s {
		if used > 0 && !joins(r) && !joined {
			cut = i
		}
		used++
		if r > 0xffff {
			used++
		}
		if used > n {
			if cut == 0 { // one endless cluster: cut it anyway
				cut = i
			}
			return s[:cut]
		}
		joined = r == 0x200d
	}
	return s
}

// shorten fits a label into n units, with a sign that something is missing.
func shorten(s string, n int) string {
	s = strings.Join(strings.Fields(s), " ")
	if units(s) <= n {
		return s
	}
	return strings.TrimRight(head(s, n-1), " ") + "…"
}

// distinct is shorten for labels that must differ from those given out already.
func distinct(s string, n int, taken map[string]bool) string {
	label := shorten(s, n)
	for i := 2; label == "" || taken[label]; i++ {
		tail := " " + strconv.Itoa(i)
		label = strings.TrimSpace(shorten(s, n-len(tail)) + tail)
	}
	taken[label] = true
	return label
}

// split cuts a text into pieces of at most n units: at an empty line, a line's end, a sentence's end, a space, or
// where it must.
func split(s string, n int) []string {
	var list []string
	for s = strings.TrimSpace(s); units(s) > n; s = strings.TrimSpace(s) {
		part := head(s, n)
		for _, at := range []string{"\n\n", "\n", ". ", "。", " "} {
			if i := strings.LastIndex(part, at); i > len(part)/3 {
				part = part[:i+len(strings.TrimRight(at, " \n"))]
				break
			}
		}
		list = append(list, strings.TrimSpace(part))
		s = s[len(part):]
	}
	if s != "" {
		list = append(list, s)
	}
	return list
}

// lead cuts a text so that its end fits below something interactive; what comes before goes ahead as plain texts.
func lead(s string, n int) (before []string, end string) {
	s = strings.TrimSpace(s)
	if units(s) <= n {
		return nil, s
	}
	small := split(s, n)
	end = small[len(small)-1]
	return split(strings.TrimSuffix(s, end), maxBody), end
}
