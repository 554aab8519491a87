// Package standin plays Telegram's Bot API on the loopback, for the demo and for tests: it takes what the shop sends, checks it against
// the documented limits, and lets one write, tap and pay as a customer.
//
// It keeps all in memory and proves the shape of what is sent, not how Telegram decides.
package standin

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strconv"
	"sync"
	"time"
)

// Config makes the stand-in one bot.
type Config struct {
	BotToken      string
	ProviderToken string
	Log           *slog.Logger
}

// keepAtMost bounds what is remembered of each kind.
const keepAtMost = 5000

// Server is the stand-in.
type Server struct {
	cfg    Config
	client *http.Client

	mu      sync.Mutex
	webhook string
	secret  string
	next    int64 // of updates, messages and queries
	sent    []Sent
	talks   map[int64][]line
	faults  []Fault
	stars   []object
	files   map[string][]byte // by path
	answers []json.RawMessage // what stood in the webhooks' own responses
}

// Sent is one call that the shop made. Body is the request as it came.
type Sent struct {
	ID     int64           `json:"id"`
	To     int64           `json:"to"`
	Method string          `json:"method"`
	Body   json.RawMessage `json:"body"`
	At     time.Time       `json:"at"`
}

// Fault is the answer to the next call instead of the real one.
type Fault struct {
	Status      int    `json:"status"`
	Description string `json:"description"`
	RetryAfter  int    `json:"retry_after"`
	Lost        bool   `json:"lost"` // the call is taken, the answer is not given
}

type line struct {
	mine bool
	call outgoing
	text string
	id   int64
}

type object = map[string]any

// New makes a stand-in. Until it is told by setWebhook or SetWebhook, it knows of no shop.
func New(cfg Config) *Server {
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	return &Server{cfg: cfg, client: &http.Client{Timeout: 15 * time.Second}, next: 1000, talks: map[int64][]line{},
		files: map[string][]byte{}}
}

// SetWebhook tells where the shop listens, and its secret.
func (s *Server) SetWebhook(url, secret string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.webhook, s.secret = url, secret
}

// Webhook is where the shop listens by now.
func (s *Server) Webhook() (url, secret string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.webhook, s.secret
}

// Break puts faults before the next calls.
func (s *Server) Break(faults ...Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = append(s.faults, faults...)
}

// Sent lists what the shop sent to a person, or to all for 0, oldest first.
func (s *Server) Sent(to int64) []Sent {
	s.mu.Lock()
	defer s.mu.Unlock()
	list := []Sent{}
	for _, m := range s.sent {
		if to == 0 || m.To == to {
			list = append(list, m)
		}
	}
	return list
}

// Answers lists what stood in the responses to webhooks.
func (s *Server) Answers() []json.RawMessage {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]json.RawMessage(nil), s.answers...)
}

func (s *Server) number() int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.next++
	return s.next
}

func (s *Server) note(user int64, l line) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.talks[user]) >= 500 || len(s.talks) >= keepAtMost {
		delete(s.talks, user)
	}
	s.talks[user] = append(s.talks[user], l)
}

// Customer is somebody who writes to the bot.
type Customer struct {
	ID       int64
	Name     string
	Language string
}

func (c Customer) user() object {
	return object{"id": c.ID, "is_bot": false, "first_name": orElse(c.Name, "Customer"), "language_code": orElse(c.Language, "en")}
}

func orElse(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

// Text has a customer write, and gives the message's id.
func (s *Server) Text(ctx context.Context, c Customer, text string) (int64, error) {
	id, err := s.Message(ctx, c, object{"text": text})
	return id, err
}

// Message has a customer send any kind of message; m lacks only who and when.
func (s *Server) Message(ctx context.Context, c Customer, m object) (int64, error) {
	id := s.number()
	m["message_id"], m["from"], m["date"] = id, c.user(), time.Now().Unix()
	m["chat"] = object{"id": c.ID, "type": "private", "first_name": orElse(c.Name, "Customer")}
	text, _ := m["text"].(string)
	s.note(c.ID, line{mine: true, text: text})
	_, err := s.Update(ctx, object{"message": m})
	return id, err
}

// Tap has a customer press a button.
func (s *Server) Tap(ctx context.Context, c Customer, data string) error {
	s.note(c.ID, line{mine: true, text: "[" + data + "]"})
	_, err := s.Update(ctx, object{"callback_query": object{"id": strconv.FormatInt(s.number(), 10), "from": c.user(), "data": data,
		"chat_instance": "1", "message": object{"message_id": 1, "date": 0, "chat": object{"id": c.ID, "type": "private"}}}})
	return err
}

// Update sends an update that lacks only its number, and gives what stands in the response.
func (s *Server) Update(ctx context.Context, u object) (json.RawMessage, error) {
	u["update_id"] = s.number()
	raw, err := json.Marshal(u)
	if err != nil {
		return nil, err
	}
	return s.Post(ctx, raw)
}

// Post sends a body with the secret. Like Telegram it tries again when the shop fails.
func (s *Server) Post(ctx context.Context, raw []byte) (json.RawMessage, error) {
	url, secret := s.Webhook()
	if url == "" {
		return nil, errors.New("the shop's webhook is not known yet")
	}
	for try := 1; ; try++ {
		answer, err := s.postOnce(ctx, url, secret, raw)
		if err == nil || try == 5 || ctx.Err() != nil {
			return answer, err
		}
		select {
		case <-ctx.Done():
		case <-time.After(time.Duration(try) * 300 * time.Millisecond):
		}
	}
}

func (s *Server) postOnce(ctx context.Context, url, secret string, raw []byte) (json.RawMessage, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(raw))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("X-Telegram-Bot-Api-Secret-Token", secret)
	resp, err := s.client.Do(req)
	if err != nil {
		return nil, err
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(io.LimitReader(resp.Body, 1<<20))
	if err != nil {
		return nil, err
	}
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("the shop answered %d to a webhook", resp.StatusCode)
	}
	if len(body) > 0 {
		s.mu.Lock()
		s.answers = append(s.answers[max(0, len(s.answers)-keepAtMost+1):], body)
		s.mu.Unlock()
	}
	return body, nil
}
