package llm_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"sotto.chat/bot/llm"
)

// What the library makes of Anthropic's rarer answers is an error or a refusal, never half a reading.
func TestAnthropicsRarerAnswers(t *testing.T) {
	wrap := func(stop, content string) string {
		return `{"id":"m","type":"message","role":"assistant","model":"x","stop_reason":"` + stop + `","content":[` + content + `],"usage":{"input_tokens":1,"output_tokens":1}}`
	}
	use := `{"type":"tool_use","id":"t","name":"simple","input":{"kind":"show_cart"}}`
	for name, body := range map[string]string{
		"nothing at all":     wrap("end_turn", ""),
		"hidden thoughts":    wrap("tool_use", `{"type":"redacted_thinking","data":"eA=="},`+use),
		"cut by length":      wrap("max_tokens", use),
		"refused by itself":  wrap("refusal", `{"type":"text","text":"no"}`),
		"words alone":        wrap("end_turn", `{"type":"text","text":"It is free!"}`),
		"a call of no tool":  wrap("tool_use", strings.Replace(use, "simple", "refund", 1)),
		"a field too many":   wrap("tool_use", strings.Replace(use, `"kind"`, `"price":1,"kind"`, 1)),
		"an error in a 200":  `{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}`,
		"half of the answer": wrap("tool_use", use)[:60],
	} {
		t.Run(name, func(t *testing.T) {
			s := serve(t, says(body))
			r, err := reader(t, llm.Anthropic, s.URL, nil, llm.Limits{}).Read(t.Context(), question(t, "show my cart"))
			if err == nil || len(r.Actions) != 0 {
				t.Fatalf("%+v %v", r, err)
			}
		})
	}
	s := serve(t, says(wrap("tool_use", use)))
	if r, err := reader(t, llm.Anthropic, s.URL, nil, llm.Limits{}).Read(t.Context(), question(t, "show my cart")); err != nil || len(r.Actions) != 1 {
		t.Fatalf("the frame itself is not read: %+v %v", r, err)
	}
}

// Models that think refuse every temperature but their own, and the library always sends one; foreign servers know the
// older name of the bound alone; nothing is streamed, and every message has one part.
func TestWhatIsSentToEachKindOfModel(t *testing.T) {
	for model, want := range map[string]float64{"o4-mini": 1, "o1": 1, "gpt-4o": 0, "llama3.1": 0} {
		t.Run(model, func(t *testing.T) {
			s := serve(t, says(openAI("tool_calls", call{"simple", `{"kind":"help"}`})))
			r, err := llm.New(llm.Config{Provider: llm.OpenAI, URL: s.URL + "/v1", Model: model, Key: "k", Timeout: 5 * time.Second}, nil)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := r.Read(t.Context(), question(t, "help me please")); err != nil {
				t.Fatal(err)
			}
			sent, _ := parse(t, []byte(s.body(0))).(map[string]any)
			heat, there := sent["temperature"].(float64)
			if there && heat != want || !there && want != 1 {
				t.Errorf("temperature %v, want %v", sent["temperature"], want)
			}
			if sent["top_p"] != nil || sent["max_tokens"] == nil || sent["max_completion_tokens"] != nil || sent["stream"] == true || sent["model"] != model {
				t.Errorf("%v", sent)
			}
			if model == "o1" {
				return // the library joins both messages into one of two parts, which that model takes
			}
			list, _ := sent["messages"].([]any)
			for _, m := range list {
				if parts, ok := m.(map[string]any)["content"].([]any); ok && len(parts) != 1 {
					t.Errorf("%d parts in a message", len(parts))
				}
			}
			if len(list) != 2 {
				t.Errorf("%d messages", len(list))
			}
		})
	}
}

// Anthropic's busy answers are tried once more, its refusals are not, and no setting of the environment is read.
func TestAnthropicWhenItIsBusy(t *testing.T) {
	t.Setenv("ANTHROPIC_API_KEY", "from-the-environment")
	for status, calls := range map[int]int{529: 2, 500: 2, 400: 1, 401: 1} {
		key := make(chan string, 4)
		s := serve(t, func(w http.ResponseWriter, r *http.Request) {
			key <- r.Header.Get("X-Api-Key")
			w.WriteHeader(status)
		})
		if _, err := reader(t, llm.Anthropic, s.URL, nil, llm.Limits{}).Read(t.Context(), question(t, "show my cart")); err == nil || s.calls() != calls {
			t.Errorf("%d: %v after %d calls", status, err, s.calls())
		}
		if k := <-key; k != "test-api-key" {
			t.Errorf("the key is %q", k)
		}
	}
}

// An answer whose first half came in time is none: the library may give that half without an error.
func TestHalfAnAnswerInTimeIsNone(t *testing.T) {
	for provider, whole := range map[string]string{
		llm.OpenAI:    openAI("tool_calls", call{"simple", `{"kind":"show_cart"}`}),
		llm.Anthropic: anthropic("tool_use", call{"simple", `{"kind":"show_cart"}`}),
	} {
		s := serve(t, func(w http.ResponseWriter, r *http.Request) {
			_, _ = w.Write([]byte(whole[:len(whole)/2]))
			_ = http.NewResponseController(w).Flush()
			<-r.Context().Done()
		})
		r, err := llm.New(llm.Config{Provider: provider, URL: s.URL + "/v1", Model: "stub", Key: "k", Timeout: 150 * time.Millisecond}, nil)
		if err != nil {
			t.Fatal(err)
		}
		got, err := r.Read(t.Context(), question(t, "show my cart"))
		if !errors.Is(err, context.DeadlineExceeded) || len(got.Actions) != 0 {
			t.Errorf("%s: %+v %v", provider, got, err)
		}
	}
}

// One line of more than 64 KiB breaks the library's streams, not what is read at once.
func TestALongLineIsRead(t *testing.T) {
	body := openAI("tool_calls", call{"simple", `{"kind":"show_cart"}`})
	body = strings.Replace(body, `"content":null`, `"content":"`+strings.Repeat("x", 100<<10)+`"`, 1)
	s := serve(t, says(body))
	if r, err := reader(t, llm.OpenAI, s.URL, nil, llm.Limits{}).Read(t.Context(), question(t, "show my cart")); err != nil || len(r.Actions) != 1 {
		t.Fatalf("%+v %v", r, err)
	}
}

// No arguments at all are the arguments of a call that needs none, and of no other.
func TestACallWithoutArguments(t *testing.T) {
	for name, fine := range map[string]bool{"browse": true, "add": false, "simple": false, "search": false} {
		s := serve(t, says(openAI("tool_calls", call{name, ""})))
		if r, err := reader(t, llm.OpenAI, s.URL, nil, llm.Limits{}).Read(t.Context(), question(t, "show me all")); (err == nil) != fine {
			t.Errorf("%s: %+v %v", name, r, err)
		}
	}
}
