package channels

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"sotto.chat/internal/database"
	"sotto.chat/privacy"
)

// seenNews is the promise to show a person that their message was read.
type seenNews struct {
	Merchant string `json:"merchant"`
	Channel  string `json:"channel"`
	Event    string `json:"event"`
}

// NewsKind names the promise.
func (seenNews) NewsKind() string { return "channels.seen" }

// seenFor is how long the sign is worth anything; an answer is there by then.
const seenFor = 20 * time.Second

// Seen promises that the person sees the event's message as read, and that an answer is being written. Call it after
// Handled: it keeps no more of the event than the platform's id. It is best effort: a failure is forgotten.
func (c *Channels) Seen(tx database.Tx, merchant string, ch string, e Event) error {
	if e.Incoming.ExternalID == "" {
		return nil
	}
	plain, err := json.Marshal(Incoming{ExternalID: e.Incoming.ExternalID})
	if err != nil {
		return err
	}
	sealed, err := c.keys.Seal(tx, merchant, privacy.MerchantSubject(), eventLabel(e.ID), plain)
	if err != nil {
		return err
	}
	if err := keepSealed(tx, merchant, e.ID, sealed); err != nil {
		return err
	}
	return c.desk.Announce(tx, seenNews{merchant, ch, e.ID})
}

func (c *Channels) showSeen(ctx context.Context, n seenNews) error {
	k, err := c.open(ctx, n.Channel)
	if errors.Is(err, ErrUnknown) {
		return nil
	}
	if err != nil {
		return err
	}
	row, err := eventByID(c.db.Read(ctx), n.Merchant, n.Event)
	if err != nil || len(row.Sealed) == 0 {
		return ignoreMissing(err)
	}
	if p, ok := c.platforms[k.Platform]; ok && k.DisabledAt == nil && c.db.Now().Sub(row.ReceivedAt) < seenFor {
		plain, err := c.keys.OpenNow(ctx, n.Merchant, privacy.MerchantSubject(), eventLabel(n.Event), row.Sealed)
		var in Incoming
		if err == nil && json.Unmarshal(plain, &in) == nil {
			call, cancel := context.WithTimeout(ctx, seenFor/2)
			if err := p.Seen(call, k.credentials, in.ExternalID); err != nil {
				c.log.DebugContext(ctx, "the read receipt was not taken", "platform", k.Platform, "channel", k.ID)
			}
			cancel()
		}
	}
	return c.db.InTx(ctx, func(tx database.Tx) error { return keepSealed(tx, n.Merchant, n.Event, nil) })
}

func ignoreMissing(err error) error {
	if database.NotFound(err) {
		return nil
	}
	return err
}
