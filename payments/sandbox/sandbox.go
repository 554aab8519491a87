// Package sandbox is a small server that speaks Stripe's API well enough for the shop to take pretended money with the code that takes real money.
package sandbox

import (
	"context"
	"errors"
	"html/template"
	"log/slog"
	"net/http"
	"os"
	"strings"
	"sync"
	"time"
)

// APIVersion is the Stripe API version that the answers and events follow; stripe-go v76.25.0 refuses events of any other.
const APIVersion = "2023-10-16"

// Endpoint is one receiver of webhooks. Events restricts it to those types; none means all. Account is whose events it hears: by default those
// of the account without a name, and "connected" hears of all others, as an endpoint of Stripe Connect does.
// Undelivered webhooks are kept by the endpoint's place in the list, so a new URL or secret inherits them.
type Endpoint struct {
	URL     string
	Secret  string
	Events  []string
	Account string
}

// Config says how a sandbox is reached, where it remembers and whom it tells. The zero value works, in memory, without webhooks.
type Config struct {
	// Dir is the folder of the journal, owned by one process at a time. Empty: memory alone.
	Dir string
	// BaseURL is the address under which Handler is reached; it is asked anew each time, so a port may change between two runs.
	BaseURL func() string
	// Webhooks receive the events. SetWebhooks changes them later.
	Webhooks []Endpoint
	// SecretKey is the only key accepted. Empty: any test key. A live key is always refused.
	SecretKey string
	// Keys are accepted beside SecretKey. SetKeys changes them later.
	Keys []Key
	// ShopName is who sells, on the hosted page.
	ShopName string
	// Format writes an amount of minor units for people. Nil: a plain built-in form.
	Format func(amount int64, currency string) string
	// SettleAfter is how long a delayed payment takes to succeed by itself. Zero: only by hand.
	SettleAfter time.Duration
	// Retry holds the waits between attempts to deliver a webhook; the last one repeats for three days. Nil: half a second, doubling to half a minute.
	Retry []time.Duration
	// Strict adds Stripe's smallest amounts and its rule that three-decimal amounts end in zero.
	Strict bool
	Now    func() time.Time
	Log    *slog.Logger
	// Client delivers the webhooks.
	Client *http.Client
}

// Sandbox holds the pretended money. Its methods may be called from many goroutines.
type Sandbox struct {
	cfg  Config
	page *template.Template

	mu       sync.Mutex // guards all below; never held during a network call
	state    state
	journal  *journal
	hooks    []Endpoint
	keys     []Key
	faults   Faults
	inFlight map[string]bool // idempotency keys being worked on
	queue    queue
	turn     chan struct{} // closed and made anew whenever a delivery ended
	kick     chan struct{}
}

// New opens a sandbox and replays the journal in cfg.Dir. It fails when the folder cannot be written or the journal is
// damaged before its last line; a last line cut short by a crash is forgotten, as its answer was never given.
func New(cfg Config) (*Sandbox, error) {
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	if cfg.Client == nil {
		// A redirect is a failed delivery at Stripe, too.
		cfg.Client = &http.Client{Timeout: 20 * time.Second, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	}
	if cfg.BaseURL == nil {
		cfg.BaseURL = func() string { return "http://127.0.0.1:12111" }
	}
	if cfg.Format == nil {
		cfg.Format = formatMoney
	}
	if cfg.ShopName == "" {
		cfg.ShopName = "Sandbox shop"
	}
	if len(cfg.Retry) == 0 {
		cfg.Retry = []time.Duration{500 * time.Millisecond, time.Second, 2 * time.Second, 4 * time.Second, 8 * time.Second, 15 * time.Second, 30 * time.Second}
	}
	page, err := parsePage()
	if err != nil {
		return nil, err
	}
	s := &Sandbox{
		cfg: cfg, page: page, hooks: append([]Endpoint(nil), cfg.Webhooks...), keys: append([]Key(nil), cfg.Keys...),
		state: newState(), inFlight: map[string]bool{}, queue: newQueue(), turn: make(chan struct{}), kick: make(chan struct{}, 1),
	}
	if cfg.Dir == "" {
		return s, nil
	}
	if err := os.MkdirAll(cfg.Dir, 0o700); err != nil {
		return nil, err
	}
	s.journal, err = openJournal(cfg.Dir, &s.state, cfg.Now())
	if err != nil {
		return nil, err
	}
	for _, d := range s.state.deliveries.all() {
		s.queue.push(d, d.Due)
	}
	return s, nil
}

// SetWebhooks replaces the receivers. Webhooks still undelivered go to the new ones, place by place.
func (s *Sandbox) SetWebhooks(hooks []Endpoint) {
	s.mu.Lock()
	s.hooks = append([]Endpoint(nil), hooks...)
	s.queue.hurry(s.cfg.Now())
	s.mu.Unlock()
	s.wake()
}

// Close gives the journal back. Requests after it fail with a 500.
func (s *Sandbox) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.journal.close()
}

func (s *Sandbox) base() string { return strings.TrimRight(s.cfg.BaseURL(), "/") }

func (s *Sandbox) wake() {
	select {
	case s.kick <- struct{}{}:
	default:
	}
}

// errNothing ends a change that found nothing to do.
var errNothing = errors.New("nothing to change")

// do runs fn alone, with a view of the state on which it may stage changes. When fn returns nil they are written to the
// journal as one line and become visible together; when it returns an error none of them happened.
func (s *Sandbox) do(fn func(c *change) error) error {
	s.mu.Lock()
	if err := s.sweep(); err != nil {
		s.mu.Unlock()
		return err
	}
	c := s.newChange()
	if err := fn(c); err != nil {
		s.mu.Unlock()
		if errors.Is(err, errNothing) {
			return nil
		}
		return err
	}
	ticket, err := s.commit(c)
	j := s.journal
	s.mu.Unlock()
	if err != nil {
		return err
	}
	// Waiting for the disk happens outside the lock, so that many changes share one fsync.
	return j.sync(ticket)
}

// commit writes c's record and applies it. The caller holds the lock.
func (s *Sandbox) commit(c *change) (int64, error) {
	if c.rec.empty() {
		return 0, nil
	}
	ticket, err := s.journal.append(&c.rec)
	if err != nil {
		return 0, err
	}
	s.state.apply(&c.rec)
	for _, d := range c.rec.Deliveries {
		s.queue.push(d, d.Due)
	}
	s.state.trim()
	if len(c.rec.Deliveries) > 0 {
		s.wake()
	}
	return ticket, nil
}

// sweep lets the clock act: sessions that ran out expire, delayed payments settle. The caller holds the lock.
func (s *Sandbox) sweep() error {
	now := s.cfg.Now()
	for {
		id, ok := s.state.clock.due(now)
		if !ok {
			return nil
		}
		s.state.clock.pop()
		c := s.newChange()
		if sess := c.session(id); sess != nil {
			switch {
			case sess.Status == "open" && sess.ExpiresAt <= now.Unix():
				c.expire(sess)
			case sess.Status == "complete" && sess.SettleAt != 0 && sess.SettleAt <= now.UnixMilli():
				c.settle(sess, true)
			case sess.HoldUntil != 0 && sess.HoldUntil <= now.Unix():
				c.letGo(c.editIntent(sess.Intent), "automatic")
			}
		}
		if _, err := s.commit(c); err != nil {
			s.state.clock.push(id, now)
			return err
		}
	}
}

// Run delivers webhooks and lets sessions expire until ctx ends; it then returns once nothing is in flight.
func (s *Sandbox) Run(ctx context.Context) { s.deliver(ctx) }
