package llm

import (
	"net/http"
	"time"

	"github.com/tmc/langchaingo/llms"

	"sotto.chat/bot"
	"sotto.chat/bot/reading"
)

// Decode reads one call as an answer would bring it.
func Decode(q bot.Question, name, arguments string) []reading.Action {
	h := hide(q)
	answer := &llms.ContentResponse{Choices: []*llms.ContentChoice{{ToolCalls: []llms.ToolCall{{FunctionCall: &llms.FunctionCall{Name: name, Arguments: arguments}}}}}}
	r, err := decode(answer, q, candidates(q, h.text), h)
	if err != nil {
		return nil
	}
	return r.Actions
}

// Rules is what the model is told before anything else.
const Rules = rules

// NewOver is a reader whose requests go where a test wants them, under the addresses of the providers.
func NewOver(cfg Config, way http.RoundTripper) (*Reader, error) {
	return over(cfg, nil, func(time.Duration) http.RoundTripper { return way })
}

// Hear gives what a model hears of a message, and what its copy of all that comes back as.
func Hear(q bot.Question) (heard, back string) {
	h := hide(q)
	return h.text, h.restore(h.text)
}
