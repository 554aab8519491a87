package words

import (
	"encoding/json"
	"errors"
)

// text is one template: plain, or by manner (formal, familiar), or by plural category, or by manner and then category.
type text struct {
	plain  string
	manner map[string]text // formal, familiar
	plural map[string]string
}

var errText = errors.New("a text is a string, or an object of formal and familiar, or of plural categories with other")

// UnmarshalJSON reads any of the shapes.
func (t *text) UnmarshalJSON(raw []byte) error {
	if json.Unmarshal(raw, &t.plain) == nil {
		return nil
	}
	var parts map[string]json.RawMessage
	if err := json.Unmarshal(raw, &parts); err != nil {
		return errText
	}
	if _, ok := parts["familiar"]; ok {
		if _, ok := parts["formal"]; !ok || len(parts) != 2 {
			return errText
		}
		return json.Unmarshal(raw, &t.manner)
	}
	if _, ok := parts["other"]; !ok {
		return errText
	}
	return json.Unmarshal(raw, &t.plural)
}

func (t text) pick(formal bool, rule func(int64) string, facts Facts) string {
	if t.manner != nil {
		manner := "familiar"
		if formal {
			manner = "formal"
		}
		return t.manner[manner].pick(formal, rule, facts)
	}
	if t.plural == nil {
		return t.plain
	}
	if s, ok := t.plural[rule(number(facts["n"]))]; ok {
		return s
	}
	return t.plural["other"]
}

func number(value any) int64 {
	switch n := value.(type) {
	case int:
		return int64(n)
	case int64:
		return n
	}
	return 0
}

// pluralRule gives the category of a count, after CLDR; the name stands in the language file.
func pluralRule(name string) func(int64) string {
	switch name {
	case "one": // English, Spanish, German, Italian …
		return func(n int64) string { return one(n == 1) }
	case "zero_one": // French, Portuguese
		return func(n int64) string { return one(n == 0 || n == 1) }
	case "none": // Chinese, Japanese, Korean …
		return func(int64) string { return "other" }
	case "arabic":
		return arabic
	case "slavic": // Russian, Ukrainian
		return slavic
	}
	return nil
}

func one(is bool) string {
	if is {
		return "one"
	}
	return "other"
}

func slavic(n int64) string {
	last, tens := n%10, n%100
	switch {
	case last == 1 && tens != 11:
		return "one"
	case last >= 2 && last <= 4 && (tens < 12 || tens > 14):
		return "few"
	}
	return "many"
}

func arabic(n int64) string {
	switch rest := n % 100; {
	case n == 0:
		return "zero"
	case n == 1:
		return "one"
	case n == 2:
		return "two"
	case rest >= 3 && rest <= 10:
		return "few"
	case rest >= 11:
		return "many"
	}
	return "other"
}
