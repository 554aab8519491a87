// Package llm asks a language model what a message means, through langchaingo: the model proposes, code disposes.
//
// One call a message, no streaming, no history, a closed set of actions over candidates that the server chose. The
// answer is validated against the catalog and refused whole when anything in it is not allowed; the caller then stays
// with the embedded reading. There is no action that confirms, pays, or names a price, so no text can cause one.
package llm

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/tmc/langchaingo/llms"
	"github.com/tmc/langchaingo/llms/anthropic"
	"github.com/tmc/langchaingo/llms/openai"

	"sotto.chat/bot"
	"sotto.chat/bot/reading"
	"sotto.chat/internal/database"
)

// The providers. OpenAI stands for every server that speaks its wire format.
const (
	OpenAI    = "openai"
	Anthropic = "anthropic"
)

// Why there is no reading. The caller falls back on each of them.
var (
	ErrConfig  = errors.New("llm: provider, model and key must be set")
	ErrBusy    = errors.New("llm: too many calls at once")
	ErrOpen    = errors.New("llm: resting after failures")
	ErrBudget  = errors.New("llm: the budget is used up")
	ErrStopped = errors.New("llm: the answer is not complete")
	ErrRefused = errors.New("llm: the answer is not allowed")
)

// Config says where the model is. Everything is explicit: the library's own look at the environment is never used.
type Config struct {
	Provider string
	URL      string // empty = the provider's own
	Model    string
	Key      string
	Timeout  time.Duration // of one reading; 0 = 8 seconds
	Limits   Limits        // zero fields take the defaults
	Log      *slog.Logger
}

const (
	defaultTimeout = 8 * time.Second
	answerTokens   = 600
	atOnce         = 8
)

// Reader is the understander that asks a model.
type Reader struct {
	model   llms.Model
	options []llms.CallOption
	timeout time.Duration
	log     *slog.Logger
	gate    *Gate
}

// New makes a reader, or says what the settings lack. db keeps the budget; nil, for the command line, means no budget.
func New(cfg Config, db *database.DB) (*Reader, error) { return over(cfg, db, overNetwork) }

// wires makes the way that a provider's requests go.
type wires func(timeout time.Duration) http.RoundTripper

func over(cfg Config, db *database.DB, way wires) (*Reader, error) {
	if cfg.Model == "" || cfg.Key == "" && cfg.URL == "" {
		return nil, ErrConfig
	}
	if cfg.Key == "" {
		cfg.Key = "none" // local servers want none, the library wants one
	}
	if cfg.Timeout <= 0 {
		cfg.Timeout = defaultTimeout
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	model, options, err := open(cfg, newClient(cfg.Timeout, way(cfg.Timeout)))
	if err != nil {
		return nil, err
	}
	return &Reader{model: model, options: options, timeout: cfg.Timeout, log: cfg.Log, gate: NewGate(cfg.Limits, db, cfg.Log)}, nil
}

func open(cfg Config, client *http.Client) (llms.Model, []llms.CallOption, error) {
	options := []llms.CallOption{llms.WithMaxTokens(answerTokens), llms.WithTemperature(0)}
	switch cfg.Provider {
	case OpenAI:
		base := cfg.URL
		if base == "" {
			base = "https://api.openai.com/v1"
		}
		if u, err := url.Parse(base); err != nil || u.Host == "" {
			return nil, nil, fmt.Errorf("%w: SOTTO_LLM_URL is not an address", ErrConfig)
		} else if u.Host != "api.openai.com" {
			options = append(options, openai.WithLegacyMaxTokensField())
		}
		if onlyOwnTemperature(cfg.Model) {
			options = append(options, llms.WithTemperature(1))
		}
		options = append(options, llms.WithToolChoice("required"))
		model, err := openai.New(openai.WithToken(cfg.Key), openai.WithBaseURL(base), openai.WithModel(cfg.Model),
			openai.WithOrganization(""), openai.WithHTTPClient(client))
		return model, options, err
	case Anthropic:
		base := cfg.URL
		if base == "" {
			base = "https://api.anthropic.com/v1"
		}
		client.Transport = &mustCall{client.Transport}
		model, err := anthropic.New(anthropic.WithToken(cfg.Key), anthropic.WithBaseURL(base), anthropic.WithModel(cfg.Model),
			anthropic.WithHTTPClient(client))
		return model, options, err
	}
	return nil, nil, fmt.Errorf("%w: SOTTO_LLM_PROVIDER is openai or anthropic", ErrConfig)
}

// onlyOwnTemperature tells the reasoning models: the library always sends a temperature, and they refuse any but 1.
func onlyOwnTemperature(model string) bool {
	return len(model) > 1 && model[0] == 'o' && model[1] >= '0' && model[1] <= '9' || strings.HasPrefix(model, "gpt-5")
}

// Read asks the model once. Every error means: use another reading.
func (r *Reader) Read(ctx context.Context, q bot.Question) (reading.Reading, error) {
	ctx, cancel := context.WithTimeout(ctx, r.timeout)
	defer cancel()
	hidden := hide(q)
	menu := candidates(q, q.Text) // looked for in the house
	messages, offered := prompt(q, hidden.text, menu), tools(menu)
	var answer *llms.ContentResponse
	err := r.gate.Pass(ctx, q.Merchant, q.Conversation, estimate(messages, offered), func(ctx context.Context) (n int, err error) {
		if answer, err = r.call(ctx, messages, offered); err != nil {
			r.log.WarnContext(ctx, "the model gave no answer", "error", safe(err))
			return 0, err
		}
		return used(answer), nil
	})
	if err != nil {
		return reading.Reading{}, err
	}
	out, err := decode(answer, q, menu, hidden)
	if err != nil {
		r.log.WarnContext(ctx, "the model's answer was refused", "error", err)
	}
	return out, err
}

// call makes the one request. The library may give half an answer without an error when time runs out, so the context
// has the last word.
func (r *Reader) call(ctx context.Context, messages []llms.MessageContent, offered []llms.Tool) (*llms.ContentResponse, error) {
	options := append([]llms.CallOption{llms.WithTools(offered)}, r.options...)
	answer, err := r.model.GenerateContent(ctx, messages, options...)
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	if err != nil {
		if strings.Contains(err.Error(), "deadline") { // the library's own words; its error wraps nothing
			return nil, context.DeadlineExceeded
		}
		return nil, err
	}
	if len(answer.Choices) == 0 {
		return nil, ErrStopped
	}
	for _, c := range answer.Choices {
		switch c.StopReason {
		case "stop", "tool_calls", "end_turn", "tool_use":
		default:
			return nil, ErrStopped
		}
	}
	return answer, nil
}

// safe keeps what a server wrote out of the log: it may echo the prompt.
func safe(err error) string {
	for _, known := range []error{context.DeadlineExceeded, context.Canceled, ErrStopped, errTooLarge} {
		if errors.Is(err, known) {
			return known.Error()
		}
	}
	return "the call failed"
}
