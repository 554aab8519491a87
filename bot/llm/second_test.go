package llm_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"sotto.chat/bot/llm"
	"sotto.chat/channels"
	"sotto.chat/internal/database"
	"sotto.chat/internal/testkit"
	"sotto.chat/merchants"
)

// read gives how often two readings agreed, differed, or the second had no answer.
func (s *shop) read() string {
	s.t.Helper()
	list, err := s.Lessons.Counts(s.t.Context(), s.Merchant.ID, 1)
	s.must(err)
	var agreed, differed, unanswered int64
	for _, c := range list {
		agreed, differed, unanswered = agreed+c.Agreed, differed+c.Differed, unanswered+c.Unanswered
	}
	return fmt.Sprint(agreed, differed, unanswered)
}

// A second reading is a call as every other: it costs of the same budgets, rests with the same breaker, and its prompt
// does not ask for words.
func TestSecondReadingsAreCalls(t *testing.T) {
	testkit.Both(t, func(t *testing.T, db *database.DB, clock *testkit.Clock) {
		model := serve(t, says(openAI("tool_calls", call{"add", `{"sku":"COLA","quantity":1}`})))
		s := open(t, db, clock, model.URL, fileOf(t), merchants.Settings{Pickup: true, LLM: true, LLMWording: true, LLMShadow: true}, wideLimits(llm.Limits{ConversationCalls: 2}))
		s.must(s.Work(t.Context()))
		s.says(channels.Incoming{Text: "a cola"})
		testkit.Eventually(t, "the first is read twice", func() bool { return s.read() == "1 0 0" })
		s.says(channels.Incoming{Text: "a cola"})
		testkit.Eventually(t, "the second too", func() bool { return s.read() == "2 0 0" })
		if body := model.body(1); strings.Contains(body, "other words") {
			t.Error("words are asked for that nobody says", body)
		}
		s.says(channels.Incoming{Text: "a water"})
		testkit.Eventually(t, "the budget is used up", func() bool { return s.read() == "2 0 1" })
		s.riddle()
		if model.calls() != 2 {
			t.Error("asked beyond the budget", model.calls())
		}
	})
	testkit.Both(t, func(t *testing.T, db *database.DB, clock *testkit.Clock) {
		model := serve(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusUnauthorized) })
		s := open(t, db, clock, model.URL, fileOf(t), merchants.Settings{Pickup: true, LLM: true, LLMShadow: true}, llm.Limits{})
		s.must(s.Work(t.Context()))
		for i := range 7 {
			s.says(channels.Incoming{Text: "a cola"})
			testkit.Eventually(t, "it has no answer", func() bool { return s.read() == fmt.Sprintf("0 0 %d", i+1) })
		}
		if model.calls() != 5 {
			t.Error("the breaker does not rest", model.calls())
		}
	})
}
