package channels

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"maps"
	"net/url"

	"sotto.chat/internal/database"
	"sotto.chat/internal/id"
)

// newToken makes a verify token of 32 letters and digits: WeChat takes no longer ones and no other signs.
func newToken() string {
	b := make([]byte, 16)
	_, _ = rand.Read(b) // crypto/rand never fails since Go 1.24
	return hex.EncodeToString(b)
}

// Get reads one channel.
func (c *Channels) Get(ctx context.Context, merchant, channel string) (Channel, error) {
	return findChannel(c.db.Read(ctx), merchant, channel)
}

// Find reads one channel inside a transaction.
func (c *Channels) Find(tx database.Tx, merchant, channel string) (Channel, error) {
	return findChannel(tx.DB(), merchant, channel)
}

// List reads a merchant's channels, the web chat among them once it was opened.
func (c *Channels) List(ctx context.Context, merchant string) ([]Channel, error) {
	return listChannels(c.db.Read(ctx), merchant)
}

// ByID finds a channel by its id alone; it is the door through which a webhook finds its merchant.
func (c *Channels) ByID(ctx context.Context, channel string) (Channel, error) {
	k, err := c.open(ctx, channel)
	return k.Channel, err
}

// Change is what Update may change; empty means unchanged.
type Change struct {
	Name        string
	Credentials Credentials
	Enabled     *bool
	Version     int64 // 0 skips the check
}

// Update changes a channel. A replaced app secret stays good beside the new one until the next replacement, because
// the platform signs with both for a while.
func (c *Channels) Update(ctx context.Context, merchant, channel string, ch Change) (Channel, error) {
	secrets := Credentials{}
	if len(ch.Credentials) > 0 {
		if _, err := c.register.Credential(ctx, merchant, credentialKind(channel), &secrets); err != nil {
			return Channel{}, err
		}
	}
	var n Channel
	err := c.db.InTx(ctx, func(tx database.Tx) error {
		old, err := findChannel(tx.DB(), merchant, channel)
		if err != nil {
			return err
		}
		if ch.Version != 0 && ch.Version != old.Version {
			return ErrStale
		}
		n = old
		if ch.Name != "" {
			n.Name = ch.Name
		}
		if ch.Enabled != nil {
			n.DisabledAt = nil
			if !*ch.Enabled {
				n.DisabledAt = &tx.Now
			}
		}
		if len(ch.Credentials) > 0 {
			if n, err = c.replace(tx, n, secrets, ch.Credentials); err != nil {
				return err
			}
		}
		n.Version++
		if err := updateChannel(tx, n, old.Version); err != nil || len(ch.Credentials) == 0 && ch.Enabled == nil {
			return err
		}
		return c.promiseConnect(tx, n)
	})
	c.known.forget(channel)
	return n, err
}

func (c *Channels) replace(tx database.Tx, n Channel, all, given Credentials) (Channel, error) {
	p, ok := c.platforms[n.Platform]
	if !ok {
		return n, ErrPlatform
	}
	settings, secrets, err := sort(p, given, n.Settings, false)
	if err != nil {
		return n, err
	}
	merged := maps.Clone(n.Settings)
	if merged == nil {
		merged = map[string]string{}
	}
	maps.Copy(merged, settings)
	n.Settings, n.ExternalID, n.Problem = merged, p.Account(merged), ""
	if err := c.accountFree(tx, n); err != nil {
		return n, err
	}
	all = maps.Clone(all)
	for name, v := range secrets {
		if all[name] != "" && all[name] != v {
			all[previous+name] = all[name]
		}
		all[name] = v
	}
	return n, c.register.SetCredential(tx, n.MerchantID, credentialKind(n.ID), all)
}

const previous = "previous_"

// Secrets gives the values of a secret that are good now: the present one and the one before it.
func (c Credentials) Secrets(name string) []string {
	var list []string
	for _, n := range []string{name, previous + name} {
		if c[n] != "" {
			list = append(list, c[n])
		}
	}
	return list
}

// Disable stops a channel: its webhooks are refused and nothing is sent.
func (c *Channels) Disable(ctx context.Context, merchant, channel string) error {
	no := false
	_, err := c.Update(ctx, merchant, channel, Change{Enabled: &no})
	return err
}

// WebChannel gives the merchant's web chat, which every shop has.
func (c *Channels) WebChannel(ctx context.Context, merchant string) (Channel, error) {
	b, err := id.Bytes("mer", merchant)
	if err != nil {
		return Channel{}, ErrUnknown
	}
	k, err := c.open(ctx, id.From("chn", b))
	if err == nil && k.Channel.MerchantID == merchant {
		return k.Channel, nil
	}
	ch := Channel{MerchantID: merchant, ID: id.From("chn", b), Platform: Web, Name: "Web chat", Settings: map[string]string{}, Version: 1}
	err = c.db.InTx(ctx, func(tx database.Tx) error {
		if _, err := c.register.Find(tx, merchant); err != nil {
			return err
		}
		ch.CreatedAt = tx.Now
		return insertChannel(tx, ch)
	})
	return ch, err
}

// Challenge answers a platform's check of the webhook's address.
func (c *Channels) Challenge(ctx context.Context, channel string, query url.Values) (string, error) {
	k, err := c.open(ctx, channel)
	if err != nil {
		return "", err
	}
	p, ok := c.platforms[k.Platform]
	if !ok || k.DisabledAt != nil {
		return "", ErrUnknown
	}
	answer, ok := p.Challenge(k.credentials, query)
	if !ok {
		return "", ErrChallenge
	}
	return answer, nil
}
