package words

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"strings"
)

// cardWarnings holds the warning about card numbers in languages that have no file of their own here: who is in danger is warned in the
// language that he reads.
//
//go:embed warnings/cards.json
var cardWarnings []byte

func readWarnings() (map[string]string, error) {
	list := map[string]string{}
	if err := json.Unmarshal(cardWarnings, &list); err != nil {
		return nil, fmt.Errorf("read the warnings about card numbers: %w", err)
	}
	return list, nil
}

// CardWarning is the fixed answer to a card's number, in the first language of tags that is known for it. Where the customer's own
// languages are none of those, it is English, which more people read than the shop's language; the voice speaks where none is told.
func (v Voice) CardWarning(tags ...string) string {
	told := false
	for _, tag := range tags {
		if _, spoken := v.book.Speaks(tag); spoken {
			return v.book.Voice(v.country, v.formal, tag).Say("card_warning", nil)
		}
		code, _, _ := strings.Cut(strings.ToLower(strings.ReplaceAll(tag, "_", "-")), "-")
		if w, ok := v.book.warnings[code]; ok {
			return w
		}
		told = told || code != ""
	}
	if told {
		v = v.book.Voice(v.country, v.formal, fallback)
	}
	return v.Say("card_warning", nil)
}
