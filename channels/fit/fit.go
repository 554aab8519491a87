// Package fit cuts words to the limits of the platforms, which count in UTF-16 code units.
package fit

import (
	"strings"
	"unicode"
)

// Units counts UTF-16 code units, in which the platforms count.
func Units(s string) int {
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

// Head gives the longest beginning of at most n units that ends between characters.
func Head(s string, n int) string {
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

// Shorten fits a label into n units, with a sign that something is missing.
func Shorten(s string, n int) string {
	s = strings.Join(strings.Fields(s), " ")
	if Units(s) <= n {
		return s
	}
	return strings.TrimRight(Head(s, n-1), " ") + "…"
}

// Chop cuts a text into pieces of at most n units: at an empty line, a line's end, a sentence's end, a space, or
// where it must.
func Chop(s string, n int) []string {
	var list []string
	for s = strings.TrimSpace(s); Units(s) > n; s = strings.TrimSpace(s) {
		part := Head(s, n)
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
