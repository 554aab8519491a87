package channels

import (
	"context"
	"errors"

	"sotto.chat/internal/database"
	"sotto.chat/internal/jobs"
)

// Connecting is a platform that must be told where its webhooks go.
type Connecting interface {
	Connect(ctx context.Context, c Credentials, webhook string) error
}

// connectNews is the promise to tell it.
type connectNews struct {
	Merchant string `json:"merchant"`
	Channel  string `json:"channel"`
}

// NewsKind names the promise.
func (connectNews) NewsKind() string { return "channels.connect" }

func (c *Channels) promiseConnect(tx database.Tx, ch Channel) error {
	if _, ok := c.platforms[ch.Platform].(Connecting); !ok || c.hookURL == nil || ch.DisabledAt != nil {
		return nil
	}
	return c.desk.Announce(tx, connectNews{ch.MerchantID, ch.ID})
}

// connect keeps the promise; what the platform refuses stands as the channel's problem until it is mended.
func (c *Channels) connect(ctx context.Context, n connectNews) error {
	err := c.Connect(ctx, n.Merchant, n.Channel)
	var e *SendError
	if errors.As(err, &e) && !e.Retry && !e.Unsure {
		return errors.Join(jobs.ErrNever, err)
	}
	return err
}

// Connect tells the channel's platform where its webhooks go, for platforms that want to be told; for others it does nothing.
func (c *Channels) Connect(ctx context.Context, merchant, channel string) error {
	c.known.forget(channel) // another process may have changed the credentials just now
	k, err := c.open(ctx, channel)
	if errors.Is(err, ErrUnknown) {
		return errors.Join(jobs.ErrNever, err)
	}
	p, ok := c.platforms[k.Platform].(Connecting)
	if err != nil || !ok || c.hookURL == nil || k.MerchantID != merchant || k.DisabledAt != nil {
		return err
	}
	err = p.Connect(ctx, k.credentials, c.hookURL(k.Channel))
	problem := ""
	var e *SendError
	if errors.As(err, &e) {
		problem = e.Problem
	}
	if err != nil && problem == "" || problem == k.Problem {
		return err
	}
	return errors.Join(err, c.db.InTx(ctx, func(tx database.Tx) error { return setProblem(tx, merchant, channel, problem) }))
}

// Lend gives a channel's credentials to one call of its platform that this room knows nothing of, e.g. one about money. They go nowhere else.
func (c *Channels) Lend(ctx context.Context, merchant, channel string, call func(Credentials) error) error {
	k, err := c.open(ctx, channel)
	switch {
	case err != nil:
		return err
	case k.MerchantID != merchant || k.DisabledAt != nil:
		return ErrUnknown
	}
	return call(k.credentials)
}
