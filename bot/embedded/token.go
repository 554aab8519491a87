package embedded

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"sotto.chat/catalog/search"
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
	minus      bool // a number below nothing
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
			tokens = append(tokens, token{word: search.Fold(text[i:end]), start: i, end: end, brk: brk, minus: below(text, i)})
			brk, i = breakNone, end
		case unicode.IsLetter(r) || unicode.IsMark(r):
			end := scanWord(text, i)
			if word := search.Fold(text[i:end]); word != "" {
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

// below tells whether a minus stands right before a number, and not a dash between two things.
func below(text string, i int) bool {
	head, minus := strings.CutSuffix(text[:i], "-")
	if !minus {
		head, minus = strings.CutSuffix(text[:i], "−")
	}
	return minus && (head == "" || strings.HasSuffix(head, " "))
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

// words gives the folded words of a catalog phrase.
func words(s string) []string {
	tokens := tokenise(s)
	out := make([]string, len(tokens))
	for i, t := range tokens {
		out[i] = t.word
	}
	return out
}
