package telegram

import (
	"context"
	"math"
	"strconv"
	"strings"
	"sync"
	"time"

	"sotto.chat/channels"
)

// Yes reads a switch among settings or attributes.
func Yes(s string) bool {
	switch strings.ToLower(strings.TrimSpace(s)) {
	case "true", "yes", "1", "on":
		return true
	}
	return false
}

// HasProvider tells whether a channel can take money by a payment provider.
func HasProvider(settings map[string]string) bool {
	return settings[channels.Has+providerToken] != ""
}

// DigitalAttribute is the attribute by which a product says that it is digital: "digital", or what the merchant calls it.
func DigitalAttribute(settings map[string]string) string { return first(settings[digital], "digital") }

// StarPrice is how many Stars stand for a sum in minor units, rounded up, by the merchant's own rate: so many for a hundred minor units.
// There is none where the merchant sells nothing for Stars or has set no rate.
func StarPrice(settings map[string]string, minor int64) (int64, bool) {
	rate, err := strconv.ParseInt(settings[starRate], 10, 64)
	if err != nil || !Yes(settings[stars]) || rate < 1 || minor < 1 || rate > math.MaxInt64/minor {
		return 0, false
	}
	return (minor*rate-1)/100 + 1, true
}

// StarBook remembers which requests were paid in Stars, so that to look for one does not read all transactions each time.
type StarBook struct {
	platform *Platform

	mu    sync.Mutex
	pages map[string]*starRead
}

type starRead struct {
	sync.Mutex
	paid map[string]Transaction // by our reference
	next int
	at   time.Time
}

// How long what was read is fresh, and how long a payment is remembered: nobody looks for older ones.
const (
	starFresh = 20 * time.Second
	starKept  = 7 * 24 * time.Hour
)

// NewStarBook makes an empty one.
func NewStarBook(p *Platform) *StarBook { return &StarBook{platform: p, pages: map[string]*starRead{}} }

// Paid finds the payment of a request by our reference; ok is false where none came until a moment ago.
func (b *StarBook) Paid(ctx context.Context, c channels.Credentials, channel, reference string) (t Transaction, ok bool, err error) {
	b.mu.Lock()
	r := b.pages[channel]
	if r == nil {
		r = &starRead{paid: map[string]Transaction{}}
		b.pages[channel] = r
	}
	b.mu.Unlock()
	r.Lock()
	defer r.Unlock()
	if t, ok = r.paid[reference]; ok || time.Since(r.at) < starFresh {
		return t, ok, nil
	}
	if err := r.read(ctx, b.platform, c); err != nil {
		return t, false, err
	}
	t, ok = r.paid[reference]
	return t, ok, nil
}

// read goes on where the last reading ended: Telegram lists the oldest first.
func (r *starRead) read(ctx context.Context, p *Platform, c channels.Credentials) error {
	for range starPages {
		list, err := p.Transactions(ctx, c, r.next, starPage)
		if err != nil {
			return err
		}
		r.next += len(list)
		for _, t := range list {
			if _, known := r.paid[t.Reference()]; t.In && t.Reference() != "" && !known && time.Since(t.At) < starKept {
				r.paid[t.Reference()] = t
			}
		}
		if len(list) < starPage {
			break
		}
	}
	for reference, t := range r.paid {
		if time.Since(t.At) > starKept {
			delete(r.paid, reference)
		}
	}
	r.at = time.Now()
	return nil
}
