package door

import (
	"math"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/maypok86/otter/v2"
	"golang.org/x/time/rate"
)

// Limiter hands each caller a bucket. Buckets are per replica and forgotten when idle: a limit against floods, not an account.
type Limiter struct {
	buckets *otter.Cache[string, *rate.Limiter]
	every   rate.Limit
	burst   int
}

// NewLimiter lets each caller do perSecond on average and burst at once.
func NewLimiter(perSecond float64, burst int) *Limiter {
	return &Limiter{every: rate.Limit(perSecond), burst: burst, buckets: otter.Must(&otter.Options[string, *rate.Limiter]{
		MaximumSize: 100_000, ExpiryCalculator: otter.ExpiryAccessing[string, *rate.Limiter](10 * time.Minute)})}
}

// Allow takes one from the caller's bucket, or says in how many seconds to come again.
func (l *Limiter) Allow(caller string) (retryAfter int, ok bool) {
	b, _ := l.buckets.ComputeIfAbsent(caller, func() (*rate.Limiter, bool) { return rate.NewLimiter(l.every, l.burst), false })
	r := b.Reserve()
	if d := r.Delay(); d > 0 {
		r.Cancel()
		return int(math.Ceil(d.Seconds())), false
	}
	return 0, true
}

// Limited applies l to each caller that who names.
func Limited(l *Limiter, who func(*gin.Context) string) gin.HandlerFunc {
	return func(c *gin.Context) {
		if after, ok := l.Allow(who(c)); !ok {
			TooMany(c.Writer, c.Request, after)
			c.Abort()
			return
		}
		c.Next()
	}
}

// TooMany answers 429 with Retry-After in seconds.
func TooMany(w http.ResponseWriter, r *http.Request, after int) {
	p := problem(http.StatusTooManyRequests, "rate_limited", "Too many requests; come again after the seconds in Retry-After.", nil)
	p.retryAfter = max(after, 1)
	Write(w, r, p)
}
