package channels

import (
	"context"
	"encoding/json"
	"time"

	"sotto.chat/internal/database"
	"sotto.chat/internal/id"
	"sotto.chat/privacy"
)

// States of a delivery. After sent the platform's own word stands: delivered, read, played.
const (
	StatePending = "pending"
	StateSending = "sending"
	StateSent    = "sent"
	StateFailed  = "failed"
)

// CodeWindowClosed is the error of what could not be sent because the person was silent for too long.
const CodeWindowClosed = "window_closed"

// Send is the promise to deliver what waits for a party.
type Send struct {
	Merchant string `json:"merchant"`
	Channel  string `json:"channel"`
	Party    string `json:"party"`
}

// NewsKind names the promise.
func (Send) NewsKind() string { return "channels.send" }

// Delivery is one piece of a message on its way to a platform.
type Delivery struct {
	MerchantID string
	ID         string
	ChannelID  string
	Party      string
	MessageID  string
	Part       int64
	Sealed     []byte
	Status     string
	Rank       int64
	Attempts   int64
	ExternalID string
	ErrorCode  string
	CreatedAt  time.Time
	ClaimedAt  *time.Time
	NotBefore  *time.Time
	UpdatedAt  time.Time
}

// parcel is what a delivery row seals: where to, and what.
type parcel struct {
	To      []Party `json:"to"`
	Content Content `json:"content"`
}

func deliveryLabel(delivery string) string { return "deliveries.sealed:" + delivery }

// Deliver promises that content reaches the party, in order after what was promised before. Content too large for one
// message of the platform becomes several.
func (c *Channels) Deliver(tx database.Tx, merchant, channel, party string, to []Party, message string, content Content) error {
	ch, err := findChannel(tx.DB(), merchant, channel)
	if err != nil || ch.Platform == Web {
		return err
	}
	p, ok := c.platforms[ch.Platform]
	if !ok {
		return ErrPlatform
	}
	box, err := c.keys.Box(tx, merchant, privacy.MerchantSubject())
	if err != nil {
		return err
	}
	for i, piece := range p.Split(ch.Settings, content) {
		d := Delivery{MerchantID: merchant, ID: id.New("dlv"), ChannelID: channel, Party: party, MessageID: message, Part: int64(i),
			Status: StatePending, CreatedAt: tx.Now, UpdatedAt: tx.Now}
		plain, err := json.Marshal(parcel{to, piece})
		if err != nil {
			return err
		}
		if d.Sealed, err = box.Seal(deliveryLabel(d.ID), plain); err != nil {
			return err
		}
		if err := insertDelivery(tx, d); err != nil {
			return err
		}
	}
	return c.desk.Announce(tx, Send{merchant, channel, party})
}

// Fate tells how a message fared: the least advanced of its pieces.
type Fate struct {
	Status    string
	ErrorCode string
}

// Fates gives the fate of each of the messages that went to a platform.
func (c *Channels) Fates(ctx context.Context, merchant string, messages []string) (map[string]Fate, error) {
	fates := map[string]Fate{}
	ranks := map[string]int64{}
	for start := 0; start < len(messages); start += chunk {
		list, err := deliveriesOf(c.db.Read(ctx), merchant, messages[start:min(start+chunk, len(messages))])
		if err != nil {
			return nil, err
		}
		for _, d := range list {
			r := d.Rank
			if d.Status == StateFailed {
				r = -1
			}
			if old, ok := ranks[d.MessageID]; !ok || r < old {
				ranks[d.MessageID], fates[d.MessageID] = r, Fate{d.Status, d.ErrorCode}
			}
		}
	}
	return fates, nil
}

// Window tells until when a free answer may be sent to a party; open is true where the platform has no such window.
func (c *Channels) Window(ctx context.Context, merchant, channel, party string) (open bool, until time.Time, err error) {
	k, err := c.open(ctx, channel)
	if err != nil || k.MerchantID != merchant {
		return false, time.Time{}, ErrUnknown
	}
	p, ok := c.platforms[k.Platform]
	if !ok || p.Window() == 0 {
		return true, time.Time{}, nil
	}
	heard, err := lastHeard(c.db.Read(ctx), merchant, channel, party)
	if err != nil || heard.IsZero() {
		return false, time.Time{}, err
	}
	until = heard.Add(p.Window())
	return c.db.Now().Before(until.Add(-windowMargin)), until, nil
}

// Forget wipes what this room still holds of a party's words.
func (c *Channels) Forget(tx database.Tx, merchant, channel, party string) error {
	return forgetParty(tx, merchant, channel, party)
}

// keepHandled is how long the words of what was handled, or only kept, stay.
const keepHandled = 7 * 24 * time.Hour

// Wipe empties events that were handled some days ago. The rows stay, so that what is told again is known.
func (c *Channels) Wipe(ctx context.Context) error {
	return c.db.InTx(ctx, func(tx database.Tx) error { return wipeEvents(tx, tx.Now.Add(-keepHandled)) })
}
