// Package outbound makes every HTTP call that leaves the house: bounded in time and size, without redirects, and never
// to a private address when the address came from outside.
package outbound

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/netip"
	"net/url"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/failsafe-go/failsafe-go/circuitbreaker"
)

// Errors of a call that got no answer.
var (
	ErrOpen     = errors.New("this host fails too often; it is left alone for a moment")
	ErrTooLarge = errors.New("the answer is larger than allowed")
)

// Error is a call without an answer. Sent tells whether the request may have reached the other side.
type Error struct {
	Sent bool
	Err  error
}

// Error gives the cause.
func (e *Error) Error() string { return "call out: " + e.Err.Error() }

// Unwrap gives the cause.
func (e *Error) Unwrap() error { return e.Err }

// Config shapes a client; zero values are sensible.
type Config struct {
	Timeout time.Duration // of one try, 15 s when zero
	MaxBody int64         // of an answer, 1 MiB when zero
	// PublicOnly refuses addresses that are not on the public internet: for addresses that merchants set.
	PublicOnly bool
}

// Client makes calls. It is safe for use by many at once.
type Client struct {
	http    *http.Client
	maxBody int64

	mu       sync.Mutex
	breakers map[string]circuitbreaker.CircuitBreaker[any]
}

const (
	tries        = 3
	longestWait  = 30 * time.Second
	hostsAtMost  = 4096
	breakerOpen  = 5 * time.Second
	failuresOpen = 10
	callsLooked  = 20
)

// New makes a client.
func New(cfg Config) *Client {
	if cfg.Timeout == 0 {
		cfg.Timeout = 15 * time.Second
	}
	if cfg.MaxBody == 0 {
		cfg.MaxBody = 1 << 20
	}
	d := &net.Dialer{Timeout: min(cfg.Timeout, 10*time.Second), KeepAlive: 30 * time.Second}
	t := &http.Transport{DialContext: d.DialContext, Proxy: http.ProxyFromEnvironment, MaxIdleConnsPerHost: 16,
		IdleConnTimeout: 60 * time.Second, TLSHandshakeTimeout: 10 * time.Second, ForceAttemptHTTP2: true,
		MaxResponseHeaderBytes: 64 << 10}
	if cfg.PublicOnly {
		d.Control, t.Proxy = onlyPublic, nil // a proxy would do the dialling in our place
	}
	return &Client{maxBody: cfg.MaxBody, breakers: map[string]circuitbreaker.CircuitBreaker[any]{},
		http: &http.Client{Transport: t, Timeout: cfg.Timeout,
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}
}

// Files makes a client for files to which the answers of an API lead. Such an address comes from outside, so it must be a public one,
// unless the API itself is on the loopback address, as a stand-in is.
func Files(base string, maxBody int64) *Client {
	u, err := url.Parse(base)
	local := err == nil && u.Hostname() == "localhost"
	if err == nil && !local {
		a, bad := netip.ParseAddr(u.Hostname())
		local = bad == nil && a.IsLoopback()
	}
	return New(Config{Timeout: 10 * time.Second, MaxBody: maxBody, PublicOnly: !local})
}

// HTTP gives the bare client, for libraries that make their own calls: timeout, no redirects and the guard hold there
// too; the breaker and the size cap do not.
func (c *Client) HTTP() *http.Client { return c.http }

// Request is one call. With an IdempotencyKey, which goes out as the header of that name, it is tried again.
type Request struct {
	Method         string
	URL            string
	Header         http.Header
	Body           []byte
	IdempotencyKey string
}

// Response is an answer, whatever its status.
type Response struct {
	Status int
	Header http.Header
	Body   []byte
}

// RetryAfter reads the header: how long the other side asks to wait, or 0.
func (r Response) RetryAfter(now time.Time) time.Duration {
	v := r.Header.Get("Retry-After")
	if s, err := strconv.Atoi(v); err == nil && s > 0 {
		return time.Duration(min(s, 24*3600)) * time.Second
	}
	if at, err := http.ParseTime(v); err == nil && at.After(now) {
		return min(at.Sub(now), 24*time.Hour)
	}
	return 0
}

// Do makes the call. Any status is an answer; the error is an *Error when there was none.
func (c *Client) Do(ctx context.Context, r Request) (Response, error) {
	u, err := url.Parse(r.URL)
	if err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") {
		return Response{}, &Error{Err: errors.New("not an http address")}
	}
	for try := 1; ; try++ {
		resp, err := c.once(ctx, u, r)
		if r.IdempotencyKey == "" || try == tries || !again(resp, err) {
			return resp, err
		}
		wait := resp.RetryAfter(time.Now())
		if wait == 0 {
			wait = time.Duration(try) * 200 * time.Millisecond
			wait += rand.N(wait)
		}
		if wait > longestWait || !pause(ctx, wait) {
			return resp, err
		}
	}
}

func again(r Response, err error) bool {
	if err != nil {
		return !errors.Is(err, ErrOpen) && !errors.Is(err, ErrTooLarge) && !errors.Is(err, ErrNotPublic)
	}
	return r.Status == http.StatusTooManyRequests || r.Status >= 500 && r.Status != http.StatusNotImplemented
}

func (c *Client) once(ctx context.Context, u *url.URL, r Request) (Response, error) {
	b := c.breaker(u.Host)
	if !b.TryAcquirePermit() {
		return Response{}, &Error{Err: ErrOpen}
	}
	var sent atomic.Bool
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{WroteHeaders: func() { sent.Store(true) }})
	resp, err := c.call(ctx, u, r)
	switch {
	case err != nil && errors.Is(ctx.Err(), context.Canceled):
		b.RecordSuccess() // we left, they did not fail; the permit goes back
	case err != nil || resp.Status >= 500:
		b.RecordFailure()
	default:
		b.RecordSuccess()
	}
	if err != nil {
		return Response{}, &Error{Sent: sent.Load(), Err: plain(err)}
	}
	return resp, nil
}

func (c *Client) call(ctx context.Context, u *url.URL, r Request) (Response, error) {
	req, err := http.NewRequestWithContext(ctx, r.Method, u.String(), bytes.NewReader(r.Body))
	if err != nil {
		return Response{}, err
	}
	for name, values := range r.Header {
		req.Header[name] = values
	}
	if r.IdempotencyKey != "" {
		req.Header.Set("Idempotency-Key", r.IdempotencyKey)
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return Response{}, err
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(io.LimitReader(resp.Body, c.maxBody+1))
	if err != nil {
		return Response{}, err
	}
	if int64(len(body)) > c.maxBody {
		return Response{}, ErrTooLarge
	}
	return Response{resp.StatusCode, resp.Header, body}, nil
}

// plain drops the address that the library puts before every error: it may hold a token.
func plain(err error) error {
	var u *url.Error
	if errors.As(err, &u) {
		if u.Timeout() {
			return fmt.Errorf("timed out: %w", u.Err)
		}
		return u.Err
	}
	return err
}

// breaker gives the host's own breaker: half of twenty calls failed, then silence for some seconds.
func (c *Client) breaker(host string) circuitbreaker.CircuitBreaker[any] {
	c.mu.Lock()
	defer c.mu.Unlock()
	b := c.breakers[host]
	if b == nil {
		if len(c.breakers) >= hostsAtMost {
			clear(c.breakers)
		}
		b = circuitbreaker.NewBuilder[any]().WithFailureThresholdRatio(failuresOpen, callsLooked).WithDelay(breakerOpen).Build()
		c.breakers[host] = b
	}
	return b
}

func pause(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-t.C:
		return true
	}
}
