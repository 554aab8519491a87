package llm

import (
	"context"
	"errors"
	"sync"
	"time"
)

const (
	breakAfter = 5
	restFor    = 30 * time.Second
)

// breaker rests after failures in a row, then lets one call through to see.
type breaker struct {
	mu       sync.Mutex
	failures int
	until    time.Time
	probing  bool
}

func newBreaker() *breaker { return &breaker{} }

func (b *breaker) allow(now time.Time) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.failures < breakAfter {
		return true
	}
	if now.Before(b.until) || b.probing {
		return false
	}
	b.probing = true
	return true
}

// done notes how a call went. A caller who left says nothing about the server.
func (b *breaker) done(now time.Time, err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.probing = false
	switch {
	case err == nil:
		b.failures = 0
	case errors.Is(err, context.Canceled):
	default:
		b.failures++
		b.until = now.Add(restFor)
	}
}
