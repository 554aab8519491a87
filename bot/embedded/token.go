package embedded

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// maxTokens bounds the work on one message; what follows is reported as unread.
const maxTokens = 160

// Breaks are what stands between a token and the one before it.
const (
	breakNone = iota
	breakComma
	breakSentence
)

// token is one word of a message: lower case, without marks and apostrophes. start and end point into the message.
type token struct {
	word       string
	start, end int
	brk        int
	question   bool // the sentence that it ends has a question mark
}

// tokenise splits a text into words. A number glued to letters is split ("2x"), a percent sign stays with its number,
// and an emoji is a word of its own.
func tokenise(text string) []token {
	tokens := make([]token, 0, 24)
	brk, i := breakNone, 0
	for i < len(text) && len(tokens) < maxTokens {
		r, size := utf8.DecodeRuneInString(text[i:])
		switch {
		case unicode.IsDigit(r):
			end := scanNumber(text, i)
			tokens = append(tokens, token{word: fold(text[i:end]), start: i, end: end, brk: brk})
			brk, i = breakNone, end
		case unicode.IsLetter(r) || unicode.IsMark(r):
			end := scanWord(text, i)
			if word := fold(text[i:end]); word != "" {
				tokens = append(tokens, token{word: word, start: i, end: end, brk: brk})
				brk = breakNone
			}
			i = end
		case unicode.Is(unicode.So, r):
			tokens = append(tokens, token{word: text[i : i+size], start: i, end: i + size, brk: brk})
			brk, i = breakNone, i+size
		default:
			if r == '&' || r == '+' || r == '#' {
				tokens = append(tokens, token{word: string(r), start: i, end: i + size, brk: brk})
				brk = breakNone
			}
			if r == '?' && len(tokens) > 0 {
				tokens[len(tokens)-1].question = true
			}
			brk = max(brk, breakOf(r))
			i += size
		}
	}
	return tokens
}

func breakOf(r rune) int {
	switch r {
	case '.', '!', '?', ';', '\n', '…', '。', '！', '？', '¿', '¡':
		return breakSentence
	case ',', ':', '(', ')', '，', '、', '•', '/', '|':
		return breakComma
	}
	return breakNone
}

func scanNumber(text string, i int) int {
	end := i
	for end < len(text) && (text[end] >= '0' && text[end] <= '9' ||
		(text[end] == '.' || text[end] == ',' || text[end] == ':') && end+1 < len(text) && text[end+1] >= '0' && text[end+1] <= '9') {
		end++
	}
	if end == i { // a digit of another script
		_, size := utf8.DecodeRuneInString(text[i:])
		end += size
	}
	if end < len(text) && text[end] == '%' {
		end++
	}
	return end
}

func scanWord(text string, i int) int {
	for i < len(text) {
		r, size := utf8.DecodeRuneInString(text[i:])
		if !unicode.IsLetter(r) && !unicode.IsMark(r) && r != '\'' && r != '’' && r != '´' && r != '`' {
			break
		}
		i += size
	}
	return i
}

// fold gives the form in which words are compared.
func fold(s string) string {
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
		if !unicode.IsMark(r) && r != '\'' && r != '’' && r != '´' && r != '`' {
			b.WriteRune(r)
		}
	}
	return b.String()
}

// stem takes away the endings of number, so that one and many are the same word. It is not a word of any language:
// "fries" and "fry" meet in "fry", "tomates" and "tomate" in "tomat".
func stem(w string) string {
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

// words gives the folded words of a catalog phrase.
func words(s string) []string {
	tokens := tokenise(s)
	out := make([]string, len(tokens))
	for i, t := range tokens {
		out[i] = t.word
	}
	return out
}
