// Package senses hears voice notes and looks at photos through an endpoint that speaks OpenAI's wire format.
//
// A file is fetched when it is needed, held to what its own bytes say that it is, and kept nowhere. What comes back is words for the
// embedded understander, or goods of the shop out of a list that the server gave: nothing that a file or an endpoint says can do more.
package senses

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"time"

	"sotto.chat/bot"
	"sotto.chat/bot/llm"
	"sotto.chat/bot/words"
	"sotto.chat/inbox"
	"sotto.chat/internal/database"
	"sotto.chat/internal/outbound"
)

// Why there is nothing. The bot says then that it cannot hear or see.
var (
	ErrConfig  = errors.New("senses: the address of the endpoint, and a key where it wants one, must be set")
	ErrFile    = errors.New("senses: the file is not of a kind, or of a size, that is taken")
	ErrRefused = errors.New("senses: the answer is not allowed")
	errStatus  = errors.New("senses: the endpoint refuses")
)

// Fetch downloads what came in on a channel, of at most so many bytes.
type Fetch func(ctx context.Context, merchant, channel string, m inbox.Media, most int64) ([]byte, error)

// Config says who hears and who looks. A model that is not named is a sense that is not there.
type Config struct {
	URL        string // empty = OpenAI's own
	Key        string
	VoiceModel string
	PhotoModel string
	Fetch      Fetch
	Timeout    time.Duration // of one call; 0 = 12 seconds
	Limits     llm.Limits    // zero fields take the defaults
	Log        *slog.Logger
}

const (
	// OpenAI is the endpoint where none is named.
	OpenAI         = "https://api.openai.com/v1"
	defaultTimeout = 12 * time.Second
	fetchTime      = 8 * time.Second
)

// Senses hears and looks.
type Senses struct {
	cfg    Config
	client *outbound.Client
	gate   *llm.Gate
	book   *words.Book
	bench  chan struct{} // a place for each photo that is being unpacked
}

// New makes the senses, or says what the settings lack. They spend of the same budgets as the language model over the same database.
func New(cfg Config, db *database.DB) (*Senses, error) {
	if cfg.URL == "" && cfg.Key == "" {
		return nil, ErrConfig
	}
	if cfg.URL == "" {
		cfg.URL = OpenAI
	}
	u, err := url.Parse(cfg.URL)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return nil, fmt.Errorf("%w: this is no address", ErrConfig)
	}
	cfg.URL = strings.TrimRight(cfg.URL, "/")
	if cfg.Timeout <= 0 {
		cfg.Timeout = defaultTimeout
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	book, err := words.Open()
	if err != nil {
		return nil, err
	}
	return &Senses{cfg: cfg, book: book, client: outbound.New(outbound.Config{Timeout: cfg.Timeout}), gate: llm.NewGate(cfg.Limits, db, cfg.Log),
		bench: make(chan struct{}, unpackedAtOnce)}, nil
}

// Bot gives the bot those senses that have a model.
func (s *Senses) Bot() bot.Senses {
	out := bot.Senses{}
	if s.cfg.VoiceModel != "" {
		out.Hear = s.Hear
	}
	if s.cfg.PhotoModel != "" {
		out.See = s.See
	}
	return out
}

// fetch gets a file in a time of its own.
func (s *Senses) fetch(ctx context.Context, q bot.Question, channel string, m inbox.Media, most int64) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, fetchTime)
	defer cancel()
	raw, err := s.cfg.Fetch(ctx, q.Merchant, channel, m, most)
	if err == nil && (len(raw) == 0 || int64(len(raw)) > most) {
		return nil, ErrFile
	}
	return raw, err
}

// ask makes one call within the budget, and gives the answer's body.
func (s *Senses) ask(ctx context.Context, q bot.Question, tokens int, path, kind string, body []byte) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, s.cfg.Timeout)
	defer cancel()
	var resp outbound.Response
	err := s.gate.Pass(ctx, q.Merchant, q.Conversation, tokens, func(ctx context.Context) (used int, err error) {
		h := http.Header{"Content-Type": {kind}}
		if s.cfg.Key != "" {
			h.Set("Authorization", "Bearer "+s.cfg.Key)
		}
		if resp, err = s.client.Do(ctx, outbound.Request{Method: http.MethodPost, URL: s.cfg.URL + path, Header: h, Body: body}); err != nil {
			return 0, err
		}
		if resp.Status != http.StatusOK && !aboutTheFile(resp.Status) {
			return 0, fmt.Errorf("%w: status %d", errStatus, resp.Status)
		}
		return cost(resp.Body), nil
	})
	if err == nil && resp.Status != http.StatusOK {
		err = ErrRefused
	}
	if err != nil {
		s.cfg.Log.WarnContext(ctx, "a voice note or a photo was not understood", "path", path, "error", err) // no error quotes an answer
	}
	return resp.Body, err
}

// aboutTheFile tells a refusal of what was sent from a server that fails: somebody who sends rubbish must not have it rest for all.
func aboutTheFile(status int) bool {
	return status == http.StatusBadRequest || status == http.StatusRequestEntityTooLarge || status == http.StatusUnsupportedMediaType ||
		status == http.StatusUnprocessableEntity
}

// cost is what the provider says that a call has cost, in tokens; 0 where it does not say.
func cost(answer []byte) int {
	var told struct {
		Usage struct {
			Total int `json:"total_tokens"`
		} `json:"usage"`
	}
	if json.Unmarshal(answer, &told) != nil {
		return 0
	}
	return told.Usage.Total
}

// Sweep forgets the budgets of days long past.
func (s *Senses) Sweep(ctx context.Context) error { return s.gate.Sweep(ctx) }
