package words

import (
	"embed"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

//go:embed claims/*.json
var claimFiles embed.FS

// claims finds words that say something of stock, dates, discounts or sums without a digit: "free", "tomorrow", "sold out".
type claims struct {
	languages map[string]*lexicon
	// everywhere holds what is told apart in any language: long words, and those of another script.
	everywhere *lexicon
}

// lexicon is the phrases of one language, by their first word. Chinese has no spaces, so its phrases are searched for.
type lexicon struct {
	phrases map[string][]phrase
	pieces  []phrase
}

type phrase struct {
	words []string
	sense string
}

// distinct is the length in letters from which a word means the same in every text.
const distinct = 6

func readClaims() (*claims, error) {
	entries, err := claimFiles.ReadDir("claims")
	if err != nil {
		return nil, fmt.Errorf("list the claims: %w", err)
	}
	c := &claims{map[string]*lexicon{}, newLexicon()}
	for _, entry := range entries {
		raw, err := claimFiles.ReadFile("claims/" + entry.Name())
		if err != nil {
			return nil, fmt.Errorf("read the claims of %s: %w", entry.Name(), err)
		}
		var senses map[string][]string
		if err := json.Unmarshal(raw, &senses); err != nil {
			return nil, fmt.Errorf("read the claims of %s: %w", entry.Name(), err)
		}
		code := strings.TrimSuffix(entry.Name(), ".json")
		c.languages[code] = newLexicon()
		for _, sense := range slices.Sorted(maps.Keys(senses)) {
			for _, words := range senses[sense] {
				c.languages[code].put(words, sense)
				if utf8.RuneCountInString(words) >= distinct || !latin(words) {
					c.everywhere.put(words, sense)
				}
			}
		}
	}
	return c, nil
}

func newLexicon() *lexicon { return &lexicon{phrases: map[string][]phrase{}} }

func (l *lexicon) put(words, sense string) {
	words = flat(words)
	if strings.ContainsFunc(words, han) {
		l.pieces = append(l.pieces, phrase{[]string{words}, sense})
		return
	}
	list := split(words)
	l.phrases[list[0]] = append(l.phrases[list[0]], phrase{list, sense})
}

// Claims lists the senses that a text claims in the voice's language, and those that are plain in any language.
func (v Voice) Claims(text string) []string {
	text = flat(text)
	list, chinese := split(text), strings.ContainsFunc(text, han)
	var out []string
	for _, l := range []*lexicon{v.book.claims.languages[v.Language()], v.book.claims.everywhere} {
		if l != nil {
			out = l.find(out, text, list, chinese)
		}
	}
	return out
}

func (l *lexicon) find(out []string, text string, list []string, chinese bool) []string {
	for i, word := range list {
		for _, p := range l.phrases[word] {
			if len(list)-i >= len(p.words) && slices.Equal(list[i:i+len(p.words)], p.words) && !slices.Contains(out, p.sense) {
				out = append(out, p.sense)
			}
		}
	}
	if !chinese {
		return out
	}
	for _, p := range l.pieces {
		if strings.Contains(text, p.words[0]) && !slices.Contains(out, p.sense) {
			out = append(out, p.sense)
		}
	}
	return out
}

// flat takes away what makes the same word look different: width, capitals, signs that nobody sees.
func flat(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case 'A' <= r && r <= 'Z':
			return r + 'a' - 'A'
		case r < utf8.RuneSelf:
			return r
		case r == '’':
			return '\''
		case unicode.Is(unicode.Cf, r):
			return -1
		}
		return unicode.ToLower(r)
	}, norm.NFKC.String(s))
}

// split gives the words of a text, without what stands between them. No phrase goes on in the next paragraph, nor beyond
// a fact or the place for one.
func split(s string) (out []string) {
	for i, piece := range strings.FieldsFunc(strings.ReplaceAll(s, "\n\n", "\x00"), func(r rune) bool { return r == 0 || r == '{' || r == '}' }) {
		if i > 0 {
			out = append(out, "")
		}
		out = append(out, strings.FieldsFunc(piece, func(r rune) bool { return r != '\'' && !unicode.IsLetter(r) && !unicode.IsMark(r) })...)
	}
	return out
}

func han(r rune) bool { return unicode.Is(unicode.Han, r) }

func latin(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return unicode.IsLetter(r) && !unicode.Is(unicode.Latin, r) })
}
