package channels

import (
	"context"
	"maps"
	"sync"
	"time"

	"sotto.chat/internal/id"
)

// Webhooks come by the hundred a second, so an opened channel is kept for a moment. Another replica's change
// takes effect after keepOpen at the latest.
const (
	keepOpen   = 3 * time.Second
	keepAtMost = 4096
)

type opened struct {
	Channel
	credentials Credentials
	until       time.Time
}

type known struct {
	mu   sync.Mutex
	byID map[string]opened
}

func newKnown() *known { return &known{byID: map[string]opened{}} }

func (k *known) get(channel string) (opened, bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	o, ok := k.byID[channel]
	return o, ok && time.Now().Before(o.until)
}

func (k *known) put(o opened) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if len(k.byID) >= keepAtMost {
		clear(k.byID)
	}
	o.until = time.Now().Add(keepOpen)
	k.byID[o.ID] = o
}

func (k *known) forget(channel string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	delete(k.byID, channel)
}

// open reads a channel with its credentials, or takes it from the last moment's memory.
func (c *Channels) open(ctx context.Context, channel string) (opened, error) {
	if o, ok := c.known.get(channel); ok {
		return o, nil
	}
	if id.Check("chn", channel) != nil {
		return opened{}, ErrUnknown
	}
	ch, err := channelByID(c.db.Read(ctx), channel)
	if err != nil {
		return opened{}, err
	}
	o := opened{Channel: ch, credentials: Credentials{}}
	if ch.Platform != Web {
		if _, err := c.register.Credential(ctx, ch.MerchantID, credentialKind(ch.ID), &o.credentials); err != nil {
			return opened{}, err
		}
	}
	maps.Copy(o.credentials, ch.Settings)
	c.known.put(o)
	return o, nil
}
