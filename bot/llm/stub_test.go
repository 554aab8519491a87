package llm_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"sync"
	"testing"
	"time"

	"sotto.chat/bot"
	"sotto.chat/bot/llm"
	"sotto.chat/bot/reading"
	"sotto.chat/bot/shelf"
	"sotto.chat/catalog"
	"sotto.chat/internal/database"
	"sotto.chat/internal/testkit"
)

// stub is a model server on the loopback that does what a test says, and keeps what it was sent.
type stub struct {
	*httptest.Server
	mu     sync.Mutex
	bodies []string
	paths  []string
}

func serve(t *testing.T, f http.HandlerFunc) *stub {
	t.Helper()
	s := &stub{}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		s.mu.Lock()
		s.bodies, s.paths = append(s.bodies, string(body)), append(s.paths, r.URL.Path)
		s.mu.Unlock()
		f(w, r)
	}))
	t.Cleanup(s.Close)
	return s
}

func (s *stub) calls() int { s.mu.Lock(); defer s.mu.Unlock(); return len(s.bodies) }

func (s *stub) body(i int) string { s.mu.Lock(); defer s.mu.Unlock(); return s.bodies[i] }

// call is one tool call of an answer.
type call struct{ name, arguments string }

// openAI words an answer in OpenAI's wire format.
func openAI(finish string, calls ...call) string {
	list := make([]map[string]any, 0, len(calls))
	for i, c := range calls {
		list = append(list, map[string]any{"id": fmt.Sprintf("c%d", i), "type": "function", "function": map[string]any{"name": c.name, "arguments": c.arguments}})
	}
	raw, _ := json.Marshal(map[string]any{"id": "chatcmpl-1", "object": "chat.completion", "created": 1755695200, "model": "stub",
		"choices": []any{map[string]any{"index": 0, "finish_reason": finish, "logprobs": nil,
			"message": map[string]any{"role": "assistant", "content": nil, "refusal": nil, "tool_calls": list}}},
		"usage": map[string]any{"prompt_tokens": 100, "completion_tokens": 10, "total_tokens": 110}})
	return string(raw)
}

// anthropic words an answer in Anthropic's: a text, then the calls, which the library spreads over several choices.
func anthropic(stop string, calls ...call) string {
	content := []any{map[string]any{"type": "text", "text": "Let me see."}}
	for i, c := range calls {
		content = append(content, map[string]any{"type": "tool_use", "id": fmt.Sprintf("t%d", i), "name": c.name, "input": json.RawMessage(c.arguments)})
	}
	raw, _ := json.Marshal(map[string]any{"id": "m", "type": "message", "role": "assistant", "model": "x", "stop_reason": stop, "stop_sequence": nil,
		"content": content, "usage": map[string]any{"input_tokens": 100, "output_tokens": 10}})
	return string(raw)
}

func reader(t *testing.T, provider, url string, db *database.DB, limits llm.Limits) *llm.Reader {
	t.Helper()
	r, err := llm.New(llm.Config{Provider: provider, URL: url + "/v1", Model: "stub", Key: "test-api-key", Timeout: 5 * time.Second,
		Limits: limits, Log: testkit.Log(t)}, db)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func goods(t testing.TB) *shelf.Goods {
	t.Helper()
	f, err := os.Open("../testdata/shop-en.json")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	file, problems, err := catalog.DecodeFile(f)
	if err != nil || len(problems) > 0 {
		t.Fatal(err, problems)
	}
	return shelf.Compile(file, 1)
}

func question(t testing.TB, text string) bot.Question {
	return bot.Question{Merchant: "mer_1", Conversation: "con_1", Text: text, Locale: "en", Goods: goods(t),
		State: reading.State{Asked: reading.AskedConfirm, Shown: []string{"COLA", "WATER"},
			Cart: []reading.CartLine{{Line: "l1", SKU: "MARGHERITA", Quantity: 1}}}}
}

func says(body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, body)
	}
}

// speaks says what stands in body by then. A test changes it only between two messages.
func speaks(body *string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) { says(*body)(w, r) }
}
