package llm

import (
	"context"
	"encoding/json"
	"time"
	"unicode/utf8"

	"github.com/tmc/langchaingo/llms"

	"sotto.chat/bot"
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

// reserve takes the estimated cost before the call: over any limit there is no call.
func (r *Reader) reserve(ctx context.Context, q bot.Question, tokens int) error {
	if tokens > r.limits.MessageTokens {
		return ErrBudget
	}
	if r.ledger == nil || q.Merchant == "" {
		return nil
	}
	return r.ledger.take(ctx, q.Merchant, []allowance{
		{q.Conversation, r.limits.ConversationCalls, r.limits.ConversationTokens},
		{"", r.limits.MerchantCalls, r.limits.MerchantTokens},
	}, tokens)
}

// settle corrects the estimate by what was used. Losing it costs only accuracy.
func (r *Reader) settle(ctx context.Context, q bot.Question, difference int) {
	if r.ledger == nil || q.Merchant == "" || difference == 0 {
		return
	}
	if err := r.ledger.correct(ctx, q.Merchant, []string{q.Conversation, ""}, difference); err != nil {
		r.log.WarnContext(ctx, "the budget could not be corrected", "error", err)
	}
}

// Sweep forgets the counts of days long past.
func (r *Reader) Sweep(ctx context.Context) error {
	if r.ledger == nil {
		return nil
	}
	return r.ledger.forget(ctx, r.ledger.db.Now().Add(-3*24*time.Hour))
}
