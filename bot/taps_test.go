package bot_test

import (
	"encoding/json"
	"os"
	"strings"
	"testing"

	"sotto.chat/bot"
	"sotto.chat/bot/shelf"
)

// Every word that a language promises to understand stands for a tap that works.
func TestCommandsAreTaps(t *testing.T) {
	g := shelf.Compile(fileOf(t, "shop-en.json"), 1)
	for _, language := range []string{"en", "es"} {
		raw, err := os.ReadFile("words/" + language + ".json")
		if err != nil {
			t.Fatal(err)
		}
		var l struct{ Commands map[string][]string }
		if err := json.Unmarshal(raw, &l); err != nil {
			t.Fatal(err)
		}
		for tap, list := range l.Commands {
			if _, _, ok := bot.Untap(g, tap); !ok || len(list) == 0 || strings.HasPrefix(tap, "yes") {
				t.Errorf("%s: %s", language, tap)
			}
		}
	}
}
