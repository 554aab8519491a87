// Package words holds what the bot says, one data file per language, and writes amounts in the locale's own form.
package words

import (
	"embed"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"

	"sotto.chat/internal/money"
)

//go:embed *.json
var files embed.FS

// fallback is spoken where a customer's language has no file.
const fallback = "en"

// Book holds all languages. It never changes after Open.
type Book struct {
	languages map[string]*language
	commands  map[string]string // words, folded → tap
	warnings  map[string]string // about card numbers, by language
	claims    *claims
}

type language struct {
	Code   string    `json:"code"`
	Name   string    `json:"name"`
	Plural string    `json:"plural"`
	Money  moneyForm `json:"money"`
	// Commands are the words that our own texts and buttons promise to understand, by the tap that they stand for. "[a|b|] c" stands
	// for "a c", "b c" and "c".
	Commands map[string][]string `json:"commands"`
	Texts    map[string]text     `json:"texts"`
	rule     func(int64) string
}

// Facts are the values of a text's placeholders: a string, a whole number or money.
type Facts map[string]any

// Open gives the book of every language file, which is read once; a new language is one more file.
func Open() (*Book, error) { return opened() }

var opened = sync.OnceValues(read)

func read() (*Book, error) {
	entries, err := files.ReadDir(".")
	if err != nil {
		return nil, fmt.Errorf("list the languages: %w", err)
	}
	b := &Book{languages: map[string]*language{}, commands: map[string]string{}}
	if b.warnings, err = readWarnings(); err != nil {
		return nil, err
	}
	if b.claims, err = readClaims(); err != nil {
		return nil, err
	}
	for _, entry := range entries {
		raw, err := files.ReadFile(entry.Name())
		if err != nil {
			return nil, fmt.Errorf("read %s: %w", entry.Name(), err)
		}
		l := &language{}
		if err := json.Unmarshal(raw, l); err != nil {
			return nil, fmt.Errorf("read %s: %w", entry.Name(), err)
		}
		if l.rule = pluralRule(l.Plural); l.rule == nil {
			return nil, fmt.Errorf("read %s: unknown plural rule %q", entry.Name(), l.Plural)
		}
		b.languages[l.Code] = l
		for tap, list := range l.Commands {
			for _, phrase := range list {
				for _, words := range spread(phrase) {
					b.commands[fold(words)] = tap
				}
			}
		}
	}
	if b.languages[fallback] == nil {
		return nil, fmt.Errorf("the language %q is missing", fallback)
	}
	return b, nil
}

// Languages lists the codes that are spoken, sorted.
func (b *Book) Languages() []string { return slices.Sorted(maps.Keys(b.languages)) }

// Speaks finds the code of a spoken language in a tag such as "es", "es-MX" or "ES_mx".
func (b *Book) Speaks(tag string) (string, bool) {
	code, _, _ := strings.Cut(strings.ReplaceAll(strings.ToLower(tag), "_", "-"), "-")
	_, ok := b.languages[code]
	return code, ok
}

// Name gives a language's own name for itself.
func (b *Book) Name(code string) string {
	if l := b.languages[code]; l != nil {
		return l.Name
	}
	return code
}

// Voice is one language in one manner, for one country.
type Voice struct {
	book    *Book
	lang    *language
	country string
	formal  bool
}

// Voice picks the first language that is spoken among tags. The country shapes amounts only.
func (b *Book) Voice(country string, formal bool, tags ...string) Voice {
	for _, tag := range append(tags, fallback) {
		if code, ok := b.Speaks(tag); ok {
			return Voice{b, b.languages[code], strings.ToUpper(country), formal}
		}
	}
	return Voice{}
}

// Language is the code of the voice's language.
func (v Voice) Language() string { return v.lang.Code }

// Say fills a text's placeholders. A text that depends on a number has it as the fact "n".
func (v Voice) Say(key string, facts Facts) string {
	t, ok := v.lang.Texts[key]
	if !ok {
		t = v.book.languages[fallback].Texts[key]
	}
	out := t.pick(v.formal, v.lang.rule, facts)
	if len(facts) == 0 {
		return out
	}
	pairs := make([]string, 0, 2*len(facts))
	for name, value := range facts {
		pairs = append(pairs, "{"+name+"}", v.Write(value))
	}
	return strings.NewReplacer(pairs...).Replace(out)
}

// Write gives one fact as it stands in a text.
func (v Voice) Write(value any) string {
	switch x := value.(type) {
	case string:
		return x
	case int:
		return strconv.Itoa(x)
	case int64:
		return strconv.FormatInt(x, 10)
	case money.Money:
		return v.Money(x)
	}
	return ""
}

// List joins names the way that the language does: "a, b and c".
func (v Voice) List(names []string) string {
	switch len(names) {
	case 0:
		return ""
	case 1:
		return names[0]
	}
	last := len(names) - 1
	return v.Say("list", Facts{"first": strings.Join(names[:last], ", "), "last": names[last]})
}
