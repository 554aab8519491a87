package search

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// Fold gives the form in which words are compared.
func Fold(s string) string {
	ascii := true
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c >= utf8.RuneSelf || c >= 'A' && c <= 'Z' || c == '\'' || c == '`' {
			ascii = false
			break
		}
	}
	if ascii {
		return s
	}
	var b strings.Builder
	for _, r := range norm.NFKD.String(strings.ToLower(s)) {
		if !unicode.IsMark(r) && r != '\'' && r != '’' && r != '´' && r != '`' && r != tatweel {
			b.WriteRune(plain(r))
		}
	}
	return b.String()
}

// tatweel only makes an Arabic word longer to look at.
const tatweel = 'ـ'

// plain gives the letter or digit that a variant of it is compared as.
func plain(r rune) rune {
	switch {
	case r < utf8.RuneSelf:
		return r
	case r == 'ة':
		return 'ه'
	case r == 'ى', r == 'ی':
		return 'ي'
	case r == 'ک':
		return 'ك'
	case unicode.Is(unicode.Nd, r):
		return digit(r)
	}
	return r
}

// digit gives a decimal digit of any script as the common one. The digits of a script stand together, from zero on.
func digit(r rune) rune {
	zero := r
	for r-zero < 9 && unicode.Is(unicode.Nd, zero-1) {
		zero--
	}
	return '0' + r - zero
}

// Unspaced tells whether a letter belongs to a script that writes no spaces between words.
func Unspaced(r rune) bool {
	return r >= 0x0e00 && unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Thai)
}

// Stem takes away the endings of number, so that one and many are the same word. It is not a word of any language:
// "fries" and "fry" meet in "fry", "tomates" and "tomate" in "tomat".
func Stem(w string) string {
	if len(w) < 3 || w[0] < 'a' {
		return w
	}
	if n := len(w); w[n-1] == 's' && w[n-2] != 's' && w[n-2] != 'u' && n > 3 {
		w = w[:n-1]
	}
	n := len(w)
	if n > 3 && strings.HasSuffix(w, "ie") {
		return w[:n-2] + "y"
	}
	if n > 3 && w[n-1] == 'e' {
		return w[:n-1]
	}
	return w
}

// Terms gives what a text is found by: its words as stems, and of scripts without spaces every two neighbours.
func Terms(text string) []string {
	var out []string
	for _, w := range strings.FieldsFunc(text, func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !unicode.IsMark(r) && r != '\'' && r != '’'
	}) {
		if w = Fold(w); w == "" {
			continue
		}
		if first, _ := utf8.DecodeRuneInString(w); unspaced(first) {
			out = append(out, bigrams(w)...)
		} else {
			out = append(out, Stem(w))
		}
	}
	return out
}

func unspaced(r rune) bool {
	return unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Thai, unicode.Hangul)
}

func bigrams(w string) []string {
	runes := []rune(w)
	if len(runes) == 1 {
		return []string{w}
	}
	out := make([]string, 0, len(runes)-1)
	for i := 0; i+1 < len(runes); i++ {
		out = append(out, string(runes[i:i+2]))
	}
	return out
}
