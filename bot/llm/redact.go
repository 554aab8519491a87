package llm

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"sotto.chat/bot"
	"sotto.chat/bot/shelf"
	"sotto.chat/catalog"
	"sotto.chat/catalog/search"
	"sotto.chat/privacy/cards"
)

// hidden is a text with typed tokens in place of personal data, and the way back.
type hidden struct {
	text  string
	words map[string]string // token → what it stands for
}

var (
	longNumber = regexp.MustCompile(`\+?\p{Nd}(?:[ \-.()/]{0,2}\p{Nd}){6,24}`)
	// orderLike is a number of an order as people type it, known to this session or not.
	orderLike = regexp.MustCompile(`(?i)\b[0-9A-HJKMNP-TV-Z]{8}\b`)
	email     = regexp.MustCompile(`[\p{L}\p{N}._%+\-]+@[\p{L}\p{N}.\-]+\.\p{L}{2,}`)
	link      = regexp.MustCompile(`(?i)\b(?:https?://|www\.)[^\s<>"]+[^\s<>".,;:!?)\]]`)
	// account is the form of an IBAN, in one piece or in fours.
	account = regexp.MustCompile(`\b[A-Z]{2}\d{2}(?:[A-Z0-9]{11,30}|(?: [A-Z0-9]{4}){2,7}(?: \d{1,3})?)\b`)
)

// minKnown is the shortest known word that is hidden: shorter ones would tear other words apart.
const minKnown = 3

// minDigits is how many digits an account has at least.
const minDigits = 8

func digitsIn(s string) (n int) {
	for _, r := range s {
		if unicode.IsDigit(r) {
			n++
		}
	}
	return n
}

// hide replaces cards, accounts, links, emails, phones, order numbers, what the session knows of the customer, and what the
// words themselves give away as somebody's name or address.
func hide(q bot.Question) hidden {
	text, h := q.Text, hidden{words: map[string]string{}}
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
	text = link.ReplaceAllStringFunc(text, func(s string) string { return put("LINK", s) })
	text = account.ReplaceAllStringFunc(text, func(s string) string {
		if digitsIn(s) < minDigits {
			return s
		}
		return put("ACCOUNT", s)
	})
	text = email.ReplaceAllStringFunc(text, func(s string) string { return put("EMAIL", s) })
	order := func(text string, letters bool) string {
		return orderLike.ReplaceAllStringFunc(text, func(s string) string {
			if !strings.ContainsAny(s, "0123456789") || letters && !strings.ContainsFunc(s, unicode.IsLetter) {
				return s
			}
			return put("ORDER", s)
		})
	}
	text = order(text, true) // before phones: such a number may have seven digits in a row
	text = longNumber.ReplaceAllStringFunc(text, func(s string) string {
		if cards.Has(norm.NFKC.String(strings.Map(european, s))) {
			return put("CARD", s)
		}
		return put("PHONE", s)
	})
	for _, k := range longestFirst(q.Known) {
		text = replaceWord(text, k.Value, func(s string) string { return put(strings.ToUpper(k.Kind), s) })
	}
	text = order(text, false)
	locale, _, _ := strings.Cut(q.Locale, "-")
	from := 0
	for _, f := range detect(text, locale, q.Goods.Lexicon) {
		if f.kind == "NAME" && isBrand(q.Goods, text[f.from:f.to]) {
			continue
		}
		h.text += text[from:f.from] + put(f.kind, text[f.from:f.to])
		from = f.to
	}
	h.text += text[from:]
	return h
}

// isBrand tells whether a name is that of something in the shop.
func isBrand(g *shelf.Goods, name string) bool {
	name = search.Fold(name)
	return slices.ContainsFunc(g.File.Products, func(p catalog.FileProduct) bool {
		return p.Brand != "" && strings.Contains(" "+search.Fold(p.Brand)+" ", " "+name+" ")
	})
}

// replaceWord replaces a word in any case where it stands alone: the name Ana is no part of a banana.
func replaceWord(text, word string, put func(string) string) string {
	find := regexp.MustCompile(`(?i)` + regexp.QuoteMeta(strings.TrimSpace(word)))
	var b strings.Builder
	from := 0
	for _, at := range find.FindAllStringIndex(text, -1) {
		before, _ := utf8.DecodeLastRuneInString(text[:at[0]])
		after, _ := utf8.DecodeRuneInString(text[at[1]:])
		if (inWord(before) || inWord(after)) && !leaning(text[at[0]:at[1]]) {
			continue
		}
		b.WriteString(text[from:at[0]] + put(text[at[0]:at[1]]))
		from = at[1]
	}
	return b.String() + text[from:]
}

// leaning tells names of scripts in which other words stand right before and behind them.
func leaning(word string) bool {
	return strings.ContainsFunc(word, func(r rune) bool {
		return unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Hangul, unicode.Thai, unicode.Arabic)
	})
}

// european gives a digit of any script as ours.
func european(r rune) rune {
	if r < utf8.RuneSelf || !unicode.IsDigit(r) {
		return r
	}
	for d := rune(0); d < 10; d++ {
		if !unicode.IsDigit(r-d-1) || d == 9 {
			return '0' + d
		}
	}
	return r
}

func inWord(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) || r == '_' }

// longestFirst adds the parts of names and addresses, and orders so that a whole is hidden before its parts.
func longestFirst(known []bot.Known) []bot.Known {
	var out []bot.Known
	for _, k := range known {
		out = append(out, k)
		var parts []string
		switch k.Kind {
		case "name":
			parts = strings.Fields(k.Value)
		case "address":
			parts = strings.FieldsFunc(k.Value, func(r rune) bool { return unicode.IsDigit(r) || r == ',' || r == '،' || r == '，' || r == '\n' })
		}
		for _, part := range parts {
			out = append(out, bot.Known{Kind: k.Kind, Value: strings.TrimSpace(part)})
		}
	}
	out = slices.DeleteFunc(out, func(k bot.Known) bool {
		least := minKnown
		if leaning(k.Value) {
			least--
		}
		return utf8.RuneCountInString(strings.TrimSpace(k.Value)) < least
	})
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
