package llm

import (
	"fmt"
	"slices"
	"strings"
	"unicode"

	"sotto.chat/bot/reading"
)

// word is the call that proposes other words for one of the bot's texts.
const word = "word"

// quoted is how many words in a row make a quotation of the prompt.
const quoted = 4

// wording keeps other words for a text. Words that are not fit are left out, and the bot says its own; whether they fit
// the facts is the bot's to judge.
func wording(out *reading.Reading, raw string, s *menu) error {
	p, err := arguments(raw)
	if err != nil {
		return fmt.Errorf("%w: arguments of %s", ErrRefused, word)
	}
	if !slices.Contains(s.texts, p.Outcome) || p.Text == "" || len(p.Text) > maxWords || quotes(rules, p.Text) {
		return nil
	}
	if out.Wordings == nil {
		out.Wordings = map[string]string{}
	}
	out.Wordings[p.Outcome] = p.Text
	return nil
}

// quotes tells whether a text repeats some words in a row of another.
func quotes(of, text string) bool {
	source, list := " "+strings.Join(bareWords(of), " ")+" ", bareWords(text)
	for i := 0; i+quoted <= len(list); i++ {
		if strings.Contains(source, " "+strings.Join(list[i:i+quoted], " ")+" ") {
			return true
		}
	}
	return false
}

func bareWords(s string) []string {
	return strings.FieldsFunc(strings.ToLower(s), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
}
