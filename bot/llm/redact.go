package llm

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"sotto.chat/bot"
)

// hidden is a text with typed tokens in place of personal data, and the way back.
type hidden struct {
	text  string
	words map[string]string // token → what it stands for
}

var (
	longNumber = regexp.MustCompile(`\+?\d(?:[ \-.()/]{0,2}\d){6,24}`)
	email      = regexp.MustCompile(`[\p{L}\p{N}._%+\-]+@[\p{L}\p{N}.\-]+\.\p{L}{2,}`)
)

// minKnown is the shortest known word that is hidden: shorter ones would tear other words apart.
const minKnown = 3

// hide replaces cards, emails, phones and what the session knows of the customer.
func hide(text string, known []bot.Known) hidden {
	h := hidden{words: map[string]string{}}
	counts := map[string]int{}
	put := func(kind, word string) string {
		for token, w := range h.words {
			if w == word {
				return token
			}
		}
		counts[kind]++
		token := "[" + kind + "_" + strconv.Itoa(counts[kind]) + "]"
		h.words[token] = word
		return token
	}
	text = email.ReplaceAllStringFunc(text, func(s string) string { return put("EMAIL", s) })
	text = longNumber.ReplaceAllStringFunc(text, func(s string) string {
		if bot.CardNumber(s) {
			return put("CARD", s)
		}
		return put("PHONE", s)
	})
	for _, k := range longestFirst(known) {
		text = replaceWord(text, k.Value, func(s string) string { return put(strings.ToUpper(k.Kind), s) })
	}
	h.text = text
	return h
}

// replaceWord replaces a word in any case where it stands alone: the name Ana is no part of a banana.
func replaceWord(text, word string, put func(string) string) string {
	find := regexp.MustCompile(`(?i)` + regexp.QuoteMeta(strings.TrimSpace(word)))
	var b strings.Builder
	from := 0
	for _, at := range find.FindAllStringIndex(text, -1) {
		before, _ := utf8.DecodeLastRuneInString(text[:at[0]])
		after, _ := utf8.DecodeRuneInString(text[at[1]:])
		if inWord(before) || inWord(after) {
			continue
		}
		b.WriteString(text[from:at[0]] + put(text[at[0]:at[1]]))
		from = at[1]
	}
	return b.String() + text[from:]
}

func inWord(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) || r == '_' }

// longestFirst adds the parts of names, and orders so that a whole is hidden before its parts.
func longestFirst(known []bot.Known) []bot.Known {
	var out []bot.Known
	for _, k := range known {
		out = append(out, k)
		if k.Kind == "name" {
			for _, part := range strings.Fields(k.Value) {
				out = append(out, bot.Known{Kind: k.Kind, Value: part})
			}
		}
	}
	out = slices.DeleteFunc(out, func(k bot.Known) bool { return len([]rune(strings.TrimSpace(k.Value))) < minKnown })
	slices.SortStableFunc(out, func(a, b bot.Known) int { return len(b.Value) - len(a.Value) })
	return out
}

// restore puts the words back in one pass, so that a restored word is never read again.
func (h hidden) restore(s string) string {
	pairs := make([]string, 0, 2*len(h.words))
	for token, word := range h.words {
		pairs = append(pairs, token, word)
	}
	return strings.NewReplacer(pairs...).Replace(s)
}
