package histories_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"

	"sotto.chat/internal/database"
	"sotto.chat/payments/sandbox"
)

// life is a process at one piece of work. It may die at any step of it, before or after a commit or an outside call; from then on
// nothing that it does has any effect.
type life struct {
	mu    sync.Mutex
	steps int
	end   int // dies at this half of a step: 2n before the nth, 2n+1 after it; below 0 never
	dead  bool
	sky   *sky
}

var errDead = errors.New("the process has died")

type lifeKey struct{}

// live gives a context whose transactions and calls are those of this life.
func (l *life) live(ctx context.Context) context.Context {
	return context.WithValue(database.Witnessed(ctx, l.commit), lifeKey{}, l)
}

// begin is the moment before a step; it tells whether the process dies there, or dies after it.
func (l *life) begin() (dead, after bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.dead {
		return true, false
	}
	n := l.steps
	l.steps++
	l.dead = l.end == 2*n
	return l.dead, l.end == 2*n+1
}

func (l *life) die() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.dead = true
}

func (l *life) died() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.dead
}

func (l *life) commit(tx database.Tx) error {
	dead, after := l.begin()
	if dead {
		return errDead
	}
	if after {
		tx.AfterCommit(func(context.Context) { l.die() })
	}
	return nil
}

// sky is the weather over calls to the bank.
type sky struct {
	mu   sync.Mutex
	draw func(n int) int
	deaf int  // of a hundred readings fail
	lost int  // of a hundred calls are made, and made again because the answer was lost
	mute bool // the bank never lists its events: what it told and nobody heard must be found by looking
}

func (s *sky) chance(percent int) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return percent > 0 && s.draw(100) < percent
}

// bank is the other side of Stripe.
type bank struct {
	*sandbox.Sandbox
	api http.Handler
	w   *world
}

func (w *world) client() *http.Client { return &http.Client{Transport: wire{w}} }

// wire carries calls to the bank without a socket.
type wire struct{ w *world }

// RoundTrip makes one call, unless the caller dies before it; the answer does not reach a caller who dies after it.
func (t wire) RoundTrip(r *http.Request) (*http.Response, error) {
	l, ok := r.Context().Value(lifeKey{}).(*life)
	if !ok {
		l = &life{end: -1, sky: &sky{}}
	}
	dead, after := l.begin()
	if dead {
		return silence(r), nil
	}
	if r.Method == http.MethodGet && (l.sky.chance(l.sky.deaf) || l.sky.mute && r.URL.Path == "/v1/events") {
		return silence(r), nil
	}
	var body []byte
	if r.Body != nil {
		body, _ = io.ReadAll(r.Body)
	}
	t.w.mu.Lock()
	b := t.w.bank
	t.w.mu.Unlock()
	res := b.call(r, body)
	if l.sky.chance(l.sky.lost) {
		res = b.call(r, body)
	}
	if after {
		l.die()
		return silence(r), nil
	}
	return res, nil
}

func (b *bank) call(r *http.Request, body []byte) *http.Response {
	again := r.Clone(r.Context())
	again.Body = io.NopCloser(bytes.NewReader(body))
	again.RequestURI = ""
	rec := httptest.NewRecorder()
	b.api.ServeHTTP(rec, again)
	res := rec.Result()
	res.Request = r
	return res
}

// silence is what a caller sees of a bank that does not answer; the library is told not to wait for a better moment.
func silence(r *http.Request) *http.Response {
	return &http.Response{StatusCode: http.StatusServiceUnavailable, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Request: r,
		Header: http.Header{"Stripe-Should-Retry": {"false"}, "Content-Type": {"application/json"}},
		Body:   io.NopCloser(bytes.NewReader([]byte(`{"error":{"type":"api_error"}}`)))}
}

// get reads a list of the bank's own truth, past all weather.
func get[T any](b *bank, path string, more ...string) []T {
	r := httptest.NewRequest(http.MethodGet, path+"?"+strings.Join(append(more, "limit=100"), "&"), nil)
	r.Header.Set("Authorization", "Bearer "+stripeKey)
	rec := httptest.NewRecorder()
	b.api.ServeHTTP(rec, r)
	var list struct {
		Data []T
		More bool `json:"has_more"`
	}
	if err := json.Unmarshal(rec.Body.Bytes(), &list); err != nil || rec.Code != http.StatusOK || list.More {
		panic("the bank cannot be read: " + rec.Body.String())
	}
	return list.Data
}

// post does something at the bank, past all weather.
func (b *bank) post(path string, form url.Values) (id string) {
	r := httptest.NewRequest(http.MethodPost, path, bytes.NewReader([]byte(form.Encode())))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Authorization", "Bearer "+stripeKey)
	rec := httptest.NewRecorder()
	b.api.ServeHTTP(rec, r)
	var object struct{ ID string }
	if err := json.Unmarshal(rec.Body.Bytes(), &object); err != nil || rec.Code != http.StatusOK {
		panic("the bank refuses: " + rec.Body.String())
	}
	return object.ID
}
