package channels

import (
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// pacer keeps each process below the platforms' rates. It is a courtesy that spares refused calls: the platform's own
// answer counts, and is obeyed.
type pacer struct {
	mu       sync.Mutex
	accounts map[string]*rate.Limiter
	pairs    map[string]*rate.Limiter
}

// pacedAtMost bounds the memory; a forgotten pair starts with a full bucket.
const pacedAtMost = 10000

func newPacer() *pacer {
	return &pacer{accounts: map[string]*rate.Limiter{}, pairs: map[string]*rate.Limiter{}}
}

// wait takes one send from both buckets and gives 0, or takes nothing and tells how long to wait.
func (p *pacer) wait(pace Pace, n Send) time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := time.Now()
	var taken []*rate.Reservation
	for _, l := range []*rate.Limiter{
		limiter(p.accounts, n.Channel, rate.Limit(pace.PerSecond), pace.PerSecond),
		limiter(p.pairs, n.Channel+n.Party, rate.Every(pace.PairEvery), pace.PairBurst),
	} {
		if l == nil {
			continue
		}
		r := l.ReserveN(now, 1)
		taken = append(taken, r)
		if d := r.DelayFrom(now); d > 0 {
			for _, t := range taken {
				t.CancelAt(now)
			}
			return d
		}
	}
	return 0
}

func limiter(of map[string]*rate.Limiter, key string, limit rate.Limit, burst int) *rate.Limiter {
	if limit <= 0 || burst <= 0 || limit == rate.Inf {
		return nil
	}
	l := of[key]
	if l == nil {
		if len(of) >= pacedAtMost {
			clear(of)
		}
		l = rate.NewLimiter(limit, burst)
		of[key] = l
	}
	return l
}
