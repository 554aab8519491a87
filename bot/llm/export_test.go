package llm

import (
	"github.com/tmc/langchaingo/llms"

	"sotto.chat/bot"
	"sotto.chat/bot/reading"
)

// Decode reads one call as an answer would bring it.
func Decode(q bot.Question, name, arguments string) []reading.Action {
	h := hide(q.Text, q.Known)
	answer := &llms.ContentResponse{Choices: []*llms.ContentChoice{{ToolCalls: []llms.ToolCall{{FunctionCall: &llms.FunctionCall{Name: name, Arguments: arguments}}}}}}
	r, err := decode(answer, q, candidates(q, h.text), h)
	if err != nil {
		return nil
	}
	return r.Actions
}

// Rules is what the model is told before anything else.
const Rules = rules
