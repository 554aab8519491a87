// Package standin plays WhatsApp's Cloud API on the loopback, for the demo and for tests: it takes what the shop sends,
// checks it against the documented limits, and lets one write as a customer.
//
// It keeps all in memory and proves the shape of what is sent, not how Meta decides.
package standin

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"log/slog"
	"net/http"
	"sync"
	"time"
)

// Config makes the stand-in one business account with one number.
type Config struct {
	AccessToken   string
	AppSecret     string
	PhoneNumberID string
	Log           *slog.Logger
	// Silent keeps it from reporting statuses on its own.
	Silent bool
}

// keepAtMost bounds what is remembered of each kind.
const keepAtMost = 5000

// Server is the stand-in.
type Server struct {
	cfg    Config
	client *http.Client

	mu      sync.Mutex
	webhook string
	sent    []Sent
	media   map[string]file
	files   int
	heard   map[string]time.Time // when a customer wrote last, by number
	talks   map[string][]line
	faults  []Fault
	reads   []string
	bills   map[string]*Bill // by reference
	billed  []string         // in their order
}

// Sent is one message that the shop sent. Body is the request as it came.
type Sent struct {
	ID     string          `json:"id"`
	To     string          `json:"to"`
	Type   string          `json:"type"`
	Opaque string          `json:"opaque"`
	Body   json.RawMessage `json:"body"`
	At     time.Time       `json:"at"`
}

type file struct {
	mediaType string
	body      []byte
}

// line is one line of a talk as a customer sees it.
type line struct {
	mine bool
	text string
	show shown
}

// New makes a stand-in. SetWebhook tells it where the shop listens.
func New(cfg Config) *Server {
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	return &Server{cfg: cfg, client: &http.Client{Timeout: 30 * time.Second}, media: map[string]file{}, heard: map[string]time.Time{},
		talks: map[string][]line{}, bills: map[string]*Bill{}}
}

// SetWebhook says where the shop listens.
func (s *Server) SetWebhook(url string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.webhook = url
}

// Sent lists what was sent to a number, or to all when it is empty, oldest first.
func (s *Server) Sent(to string) []Sent {
	s.mu.Lock()
	defer s.mu.Unlock()
	var list []Sent
	for _, m := range s.sent {
		if to == "" || m.To == to {
			list = append(list, m)
		}
	}
	return list
}

// Reads lists the ids of the messages that the shop marked as read.
func (s *Server) Reads() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]string(nil), s.reads...)
}

// Fault is what goes wrong with the next calls.
type Fault struct {
	// Status and Code are answered in place of success; a Status of 0 lets the call succeed.
	Status     int           `json:"status,omitempty"`
	Code       int           `json:"code,omitempty"`
	RetryAfter int           `json:"retry_after,omitempty"`
	Slow       time.Duration `json:"slow,omitempty"`
	// Lost takes the message and loses the answer.
	Lost bool `json:"lost,omitempty"`
	// Mute has no status reported for a message that was taken.
	Mute bool `json:"mute,omitempty"`
	// Times is how many calls it hits, 1 when zero.
	Times int `json:"times,omitempty"`
}

// Break has a fault hit the next calls.
func (s *Server) Break(f Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for range max(f.Times, 1) {
		s.faults = append(s.faults, f)
	}
}

func (s *Server) fault() Fault {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.faults) == 0 {
		return Fault{}
	}
	f := s.faults[0]
	s.faults = s.faults[1:]
	return f
}

func newID() string {
	b := make([]byte, 18)
	_, _ = rand.Read(b) // crypto/rand never fails since Go 1.24
	return "wamid." + base64.StdEncoding.EncodeToString(b)
}

// keep remembers a message and what the customer sees of it.
func (s *Server) keep(m Sent, show shown) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sent = append(s.sent, m)
	if len(s.sent) > keepAtMost {
		s.sent = s.sent[len(s.sent)-keepAtMost:]
	}
	s.say(m.To, line{show: show, text: show.Text})
}

// say adds a line to a talk; the lock is held.
func (s *Server) say(number string, l line) {
	if len(s.talks) > keepAtMost {
		clear(s.talks)
	}
	s.talks[number] = append(s.talks[number], l)
	if n := len(s.talks[number]); n > 500 {
		s.talks[number] = s.talks[number][n-500:]
	}
}

// report tells the shop, as Meta does, that a message was sent and delivered, or that it failed after all.
func (s *Server) report(m Sent, failure int) {
	if s.cfg.Silent && failure == 0 {
		return
	}
	go func() {
		ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
		defer cancel()
		list := []string{"sent", "delivered"}
		if failure != 0 {
			list = []string{"failed"}
		}
		for _, status := range list {
			if err := s.Status(ctx, m, status, failure); err != nil {
				s.cfg.Log.Warn("the WhatsApp stand-in could not report a status", "error", err)
				return
			}
		}
	}()
}
