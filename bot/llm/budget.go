package llm

import (
	"encoding/json"
	"unicode/utf8"

	"github.com/tmc/langchaingo/llms"
)

// Limits bound what reading may cost. Days are UTC days.
type Limits struct {
	MessageTokens                 int
	ConversationCalls             int
	ConversationTokens            int
	MerchantCalls, MerchantTokens int
}

func (l Limits) orDefault() Limits {
	for _, f := range []struct {
		field *int
		value int
	}{{&l.MessageTokens, 8_000}, {&l.ConversationCalls, 40}, {&l.ConversationTokens, 160_000},
		{&l.MerchantCalls, 2_000}, {&l.MerchantTokens, 6_000_000}} {
		if *f.field == 0 {
			*f.field = f.value
		}
	}
	return l
}

// estimate counts a token for every four letters: the library's own counter fetches a table from the internet.
func estimate(messages []llms.MessageContent, offered []llms.Tool) int {
	n := answerTokens
	if raw, err := json.Marshal(offered); err == nil {
		n += len(raw) / 4
	}
	for _, m := range messages {
		for _, p := range m.Parts {
			if t, ok := p.(llms.TextContent); ok {
				n += utf8.RuneCountInString(t.Text)/4 + 1
			}
		}
	}
	return n
}

// used is what the provider says that the call cost. Anthropic repeats the same figures on every choice.
func used(answer *llms.ContentResponse) int {
	info := answer.Choices[0].GenerationInfo
	for _, keys := range [][2]string{{"PromptTokens", "CompletionTokens"}, {"InputTokens", "OutputTokens"}} {
		in, ok := info[keys[0]].(int)
		out, _ := info[keys[1]].(int)
		if ok {
			return in + out
		}
	}
	return 0
}
