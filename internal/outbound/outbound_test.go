package outbound_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"sotto.chat/internal/outbound"
)

func server(t *testing.T, f http.HandlerFunc) string {
	s := httptest.NewServer(f)
	t.Cleanup(s.Close)
	return s.URL
}

func get(url string) outbound.Request { return outbound.Request{Method: http.MethodGet, URL: url} }

func TestOnlyPublicAddressesAreDialled(t *testing.T) {
	inner := server(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("inner")) })
	port := inner[strings.LastIndexByte(inner, ':')+1:]
	c := outbound.New(outbound.Config{PublicOnly: true, Timeout: 3 * time.Second})
	for _, u := range []string{"http://127.0.0.1:" + port, "http://localhost:" + port, "http://[::1]:" + port, "http://[::ffff:127.0.0.1]:" + port,
		"http://0.0.0.0:" + port, "http://[64:ff9b::7f00:1]:" + port, "http://169.254.169.254:80", "http://100.100.100.200:80",
		"http://[fd00:ec2::254]:80", "http://168.63.129.16", "http://10.0.0.1", "http://[::127.0.0.1]:" + port} {
		if r, err := c.Do(t.Context(), get(u)); err == nil {
			t.Errorf("%s was let through: %d", u, r.Status)
		}
	}
	if r, err := outbound.New(outbound.Config{}).Do(t.Context(), get(inner)); err != nil || string(r.Body) != "inner" {
		t.Error("without the guard:", err)
	}
	for a, public := range map[string]bool{"8.8.8.8": true, "2606:4700::1": true, "192.168.1.1": false, "100.64.0.1": false, "2002::1": false, "fe80::1": false, "240.0.0.1": false} {
		if outbound.Public(netip.MustParseAddr(a)) != public {
			t.Error(a)
		}
	}
}

func TestRetriesNeedAnIdempotencyKey(t *testing.T) {
	var calls atomic.Int64
	url := server(t, func(w http.ResponseWriter, r *http.Request) {
		if calls.Add(1) < 3 {
			w.Header().Set("Retry-After", "0")
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		_, _ = w.Write([]byte(r.Header.Get("Idempotency-Key")))
	})
	c := outbound.New(outbound.Config{})
	if r, err := c.Do(t.Context(), get(url)); err != nil || r.Status != 503 || calls.Load() != 1 {
		t.Error("tried again without a key", r.Status, err, calls.Load())
	}
	calls.Store(0)
	r, err := c.Do(t.Context(), outbound.Request{Method: http.MethodPost, URL: url, IdempotencyKey: "k1", Body: []byte("{}")})
	if err != nil || string(r.Body) != "k1" || calls.Load() != 3 {
		t.Error(r.Status, err, calls.Load())
	}
}

func TestAnswersAreBounded(t *testing.T) {
	big := server(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(make([]byte, 2000)) })
	if _, err := outbound.New(outbound.Config{MaxBody: 1000}).Do(t.Context(), get(big)); !errors.Is(err, outbound.ErrTooLarge) {
		t.Error(err)
	}
	moved := server(t, func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, big, http.StatusFound) })
	if r, err := outbound.New(outbound.Config{}).Do(t.Context(), get(moved)); err != nil || r.Status != http.StatusFound {
		t.Error("a redirect was followed", r.Status, err)
	}
	end := make(chan struct{})
	defer close(end)
	slow := server(t, func(_ http.ResponseWriter, r *http.Request) {
		select {
		case <-r.Context().Done():
		case <-end:
		}
	})
	_, err := outbound.New(outbound.Config{Timeout: 50 * time.Millisecond}).Do(t.Context(), get(slow))
	var e *outbound.Error
	if !errors.As(err, &e) || !e.Sent {
		t.Error("a request without an answer counts as not sent:", err)
	}
}

func TestTheBreakerLeavesADeadHostAlone(t *testing.T) {
	c := outbound.New(outbound.Config{})
	dead := httptest.NewServer(http.NotFoundHandler())
	dead.Close()
	var err error
	for range 20 {
		_, err = c.Do(t.Context(), get(dead.URL))
		var e *outbound.Error
		if !errors.As(err, &e) || e.Sent {
			t.Fatal("a request that never left counts as sent:", err)
		}
	}
	if !errors.Is(err, outbound.ErrOpen) {
		t.Error(err)
	}
	alive := server(t, func(http.ResponseWriter, *http.Request) {})
	if _, err := c.Do(t.Context(), get(alive)); err != nil {
		t.Error("one dead host closed another:", err)
	}
	if _, err := c.Do(t.Context(), get("file:///etc/passwd")); err == nil {
		t.Error("not every address is one for calls")
	}
}

// A file's address comes from outside: it may lead into somebody's network only where the API is a stand-in there.
func TestFilesComeFromWhereTheAPIIs(t *testing.T) {
	inner := server(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("file")) })
	if _, err := outbound.Files("https://graph.facebook.com/v23.0", 100).Do(t.Context(), get(inner)); !errors.Is(err, outbound.ErrNotPublic) {
		t.Error(err)
	}
	for _, base := range []string{inner, "http://localhost:1", "http://[::1]:1"} {
		if r, err := outbound.Files(base, 100).Do(t.Context(), get(inner)); err != nil || string(r.Body) != "file" {
			t.Error(base, err)
		}
	}
	if _, err := outbound.Files(inner, 3).Do(t.Context(), get(inner)); !errors.Is(err, outbound.ErrTooLarge) {
		t.Error(err)
	}
}
