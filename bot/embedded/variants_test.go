package embedded_test

import (
	"strings"
	"testing"

	"sotto.chat/bot/embedded"
	"sotto.chat/bot/reading"
	"sotto.chat/catalog"
)

// wares is a shop whose things come in colours, not all in all of them.
const wares = `{"currency": "EUR", "products": [
	{"sku": "MUG", "name": "cup", "price": 900, "variants": [{"sku": "MUG-B", "attributes": {"colour": "black"}}, {"sku": "MUG-W", "attributes": {"colour": "white"}}]},
	{"sku": "BAG", "name": "tote", "price": 1500, "variants": [{"sku": "BAG-N", "attributes": {"colour": "natural"}}, {"sku": "BAG-B", "attributes": {"colour": "black"}}]}]}`

// A colour belongs to the thing that comes in it.
func TestColoursFindTheirThing(t *testing.T) {
	f, problems, err := catalog.DecodeFile(strings.NewReader(wares))
	if err != nil || len(problems) > 0 {
		t.Fatal(err, problems)
	}
	lexicon := embedded.Compile(f)
	for message, want := range map[string]string{
		"one cup and one tote natural":   "add MUG; add BAG-N",
		"one cup and one tote, natural":  "add MUG; add BAG-N",
		"one natural tote and one cup":   "add BAG-N; add MUG",
		"a cup and a natural tote":       "add MUG; add BAG-N",
		"one white cup and one tote":     "add MUG-W; add BAG",
		"a tote and a cup, both black":   "add BAG-B; add MUG-B",
		"two cups, one white, one black": "add MUG-W; add MUG-B",
	} {
		if got := brief(lexicon.Read(message, reading.State{}, "en")); got != want {
			t.Errorf("%s\n  want %s\n  got  %s", message, want, got)
		}
	}
}
