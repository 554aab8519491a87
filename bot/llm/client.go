package llm

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"strconv"
	"time"
)

const (
	maxAnswer  = 1 << 20
	patience   = 2 * time.Second // the longest Retry-After that is worth waiting for
	retryPause = 200 * time.Millisecond
)

var errTooLarge = errors.New("llm: the answer is too large")

// newClient is an HTTP client that follows nothing, waits for nothing beyond its time, and reads a bounded answer.
func newClient(timeout time.Duration, way http.RoundTripper) *http.Client {
	return &http.Client{
		Timeout:       timeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport:     &careful{way},
	}
}

func overNetwork(timeout time.Duration) http.RoundTripper {
	return &http.Transport{
		Proxy:                 nil,
		DialContext:           (&net.Dialer{Timeout: 3 * time.Second}).DialContext,
		TLSHandshakeTimeout:   3 * time.Second,
		ResponseHeaderTimeout: timeout,
		MaxIdleConnsPerHost:   atOnce,
		IdleConnTimeout:       time.Minute,
		DisableCompression:    true,
		ForceAttemptHTTP2:     true,
	}
}

// mustCall tells an Anthropic that only calls are an answer, which the library has no way to say.
type mustCall struct{ next http.RoundTripper }

const anyTool = `,"tool_choice":{"type":"any"}}`

// RoundTrip adds the choice behind the last field of the body.
func (m *mustCall) RoundTrip(req *http.Request) (*http.Response, error) {
	raw, err := io.ReadAll(req.Body)
	_ = req.Body.Close()
	if err != nil {
		return nil, err
	}
	if cut, whole := bytes.CutSuffix(bytes.TrimSpace(raw), []byte("}")); whole {
		raw = append(bytes.Clone(cut), anyTool...)
	}
	told := req.Clone(req.Context())
	told.ContentLength = int64(len(raw))
	told.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(raw)), nil }
	told.Body, _ = told.GetBody()
	return m.next.RoundTrip(told)
}

// careful bounds the body and tries once more where that can help. It sits below the library, which loses Retry-After.
type careful struct{ next http.RoundTripper }

// RoundTrip does one request, twice at most.
func (c *careful) RoundTrip(req *http.Request) (*http.Response, error) {
	resp, err := c.next.RoundTrip(req)
	if wait, again := retry(resp, err); again && req.GetBody != nil && req.Context().Err() == nil {
		if resp != nil {
			_, _ = io.Copy(io.Discard, io.LimitReader(resp.Body, 4096))
			_ = resp.Body.Close()
		}
		timer := time.NewTimer(wait + rand.N(retryPause))
		defer timer.Stop()
		select {
		case <-req.Context().Done():
			return nil, req.Context().Err()
		case <-timer.C:
		}
		second := req.Clone(req.Context())
		if second.Body, err = req.GetBody(); err != nil {
			return nil, err
		}
		resp, err = c.next.RoundTrip(second)
	}
	if err != nil {
		return nil, err
	}
	resp.Body = &bounded{body: resp.Body, left: maxAnswer}
	return resp, nil
}

// retry tells whether a second try may help, and after how long.
func retry(resp *http.Response, err error) (time.Duration, bool) {
	if err != nil {
		var dial *net.OpError
		return retryPause, errors.As(err, &dial) && dial.Op == "dial"
	}
	if resp.StatusCode != http.StatusTooManyRequests && resp.StatusCode < 500 {
		return 0, false
	}
	wait := retryPause
	if s := resp.Header.Get("Retry-After"); s != "" {
		n, err := strconv.Atoi(s)
		if err != nil || n < 0 {
			return 0, false
		}
		wait = time.Duration(n) * time.Second
	}
	return wait, wait <= patience
}

type bounded struct {
	body io.ReadCloser
	left int
}

// Read fails past the bound, so that a cut answer is never taken for a whole one.
func (b *bounded) Read(p []byte) (int, error) {
	n, err := b.body.Read(p)
	if b.left -= n; b.left < 0 {
		return 0, errTooLarge
	}
	return n, err
}

// Close closes the body.
func (b *bounded) Close() error { return b.body.Close() }
