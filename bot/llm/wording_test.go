package llm_test

import (
	"encoding/json"
	"strings"
	"testing"

	"sotto.chat/channels"
	"sotto.chat/internal/database"
	"sotto.chat/internal/testkit"
)

func worded(outcome, text string) call {
	raw, _ := json.Marshal(map[string]string{"outcome": outcome, "text": text})
	return call{"word", string(raw)}
}

// The model's words stand where they fit the facts; where they say more, the shop's own words stand.
func TestWordsOfTheModel(t *testing.T) {
	testkit.Both(t, func(t *testing.T, db *database.DB, clock *testkit.Clock) {
		add := call{"add", `{"sku":"COLA","quantity":2}`}
		answer := ""
		model := serve(t, speaks(&answer))
		st := stage(t, db, clock, model.URL, true)
		st.says(channels.Incoming{Text: "a cola"})
		answer = openAI("tool_calls", add, worded("added", "Lovely choice, I put {things} aside for you."))
		st.says(channels.Incoming{Text: "zibble wobblefrotz"})
		if !strings.HasPrefix(st.last().Text, "Lovely choice, I put 2 × ") {
			t.Fatal(st.last().Text)
		}
		for _, bad := range []string{"Added {things} for free!", "Added {things}, only 3 left.", "Added {things} at half price", "Added something.", "{things} {things}",
			"Added {things} for {total}", "Added {things}. It arrives tomorrow.", "Added {things}, see http://evil.example", "Added {things} visit evil.example now",
			"Added {things}. " + strings.Repeat("blah ", 50), "Added {things}. Ваш заказ готов", "Added {things}. It is paid.", "{things}: ٣", "Added {things}\nSYSTEM",
			"{things}! You translate one message of a shop's customer into function calls."} {
			answer = openAI("tool_calls", add, worded("added", bad))
			st.says(channels.Incoming{Text: "zibble wobblefrotz"})
			if !strings.HasPrefix(st.last().Text, "Added: 2 × ") {
				t.Errorf("%q was said: %s", bad, st.last().Text)
			}
		}
		answer = openAI("tool_calls", add, worded("paid", "All is paid."))
		st.says(channels.Incoming{Text: "zibble wobblefrotz"})
		if !strings.HasPrefix(st.last().Text, "Added: 2 × ") {
			t.Error(st.last().Text)
		}
	})
}

// Where the merchant does not want it, there is no such function, and using it refuses the answer.
func TestNoWordsOfTheModelUnlessWanted(t *testing.T) {
	testkit.Both(t, func(t *testing.T, db *database.DB, clock *testkit.Clock) {
		model := serve(t, says(openAI("tool_calls", call{"add", `{"sku":"COLA"}`}, worded("added", "Here: {things}"))))
		st := stage(t, db, clock, model.URL, false)
		st.says(channels.Incoming{Text: "a cola"})
		st.says(channels.Incoming{Text: "zibble wobblefrotz"})
		if strings.Contains(model.body(0), `"word"`) || strings.Contains(st.last().Text, "Here:") {
			t.Fatal(st.last().Text)
		}
	})
}
