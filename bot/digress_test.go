package bot_test

import (
	"fmt"
	"strings"
	"testing"

	"sotto.chat/bot"
	"sotto.chat/bot/reading"
	"sotto.chat/channels"
	"sotto.chat/internal/database"
	"sotto.chat/internal/testkit"
)

// Whoever is asked what he meant and speaks of something else is asked again, with the same buttons, which still work.
func TestAnUnclearMessageIsComeBackTo(t *testing.T) {
	testkit.Both(t, func(t *testing.T, db *database.DB, clock *testkit.Clock) {
		s := english()
		s.embedded = understander(func(q bot.Question) (reading.Reading, error) {
			r := reading.Reading{Language: "en", Confidence: 0.3, Actions: []reading.Action{{Kind: reading.Add, SKU: "COLA", Quantity: 2}}}
			if q.Text == "when are you open" {
				r.Confidence, r.Actions = 1, []reading.Action{{Kind: reading.Ask, Question: "HOURS"}}
			}
			return r, nil
		})
		w := newWorld(t, db, clock, s)
		w.says(channels.Incoming{Text: "hmm colaish twice"})
		asked := w.last()
		if len(asked.Buttons) < 2 || w.inCart() != "" {
			t.Fatalf("nothing was asked: %s", show(asked))
		}
		w.says(channels.Incoming{Text: "when are you open"})
		again := w.last()
		if !strings.Contains(again.Text, "11:00") || len(again.Buttons) == 0 || again.Buttons[0] != asked.Buttons[0] {
			t.Fatalf("the question did not come back: %s", show(again))
		}
		w.says(channels.Incoming{Tap: again.Buttons[0].Tap})
		if got := w.inCart(); got != "2 COLA" {
			t.Error(got)
		}
	})
}

// inCart names what is in the cart.
func (w *world) inCart() string {
	w.t.Helper()
	q, _ := w.cart()
	var list []string
	for _, l := range q.Lines {
		list = append(list, fmt.Sprintf("%d %s", l.Quantity, l.SKU))
	}
	return strings.Join(list, ", ")
}
