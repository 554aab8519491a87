package channels

import (
	"context"
	"encoding/json"
	"net/http"
	"time"

	"sotto.chat/internal/database"
	"sotto.chat/internal/id"
	"sotto.chat/privacy"
	"sotto.chat/privacy/cards"
)

// Arrived is the news that a party said something; the inbox listens.
type Arrived struct {
	Merchant string `json:"merchant"`
	Channel  string `json:"channel"`
	Party    string `json:"party"`
}

// NewsKind names the news.
func (Arrived) NewsKind() string { return "channels.arrived" }

// Event is one thing that came in and waits to be handled.
type Event struct {
	ID         string
	ReceivedAt time.Time
	Incoming   Incoming
}

// waitingAtOnce bounds what one look at the waiting events gives; the rest is promised again.
const waitingAtOnce = 200

func eventLabel(event string) string { return "inbound_events.sealed:" + event }

// Receive takes one webhook body: it checks the signature over the raw bytes, writes each event down once and promises
// the work, in one transaction. Nothing else is done before the answer.
func (c *Channels) Receive(ctx context.Context, channel string, raw []byte, h http.Header) error {
	_, err := c.Respond(ctx, channel, raw, h)
	return err
}

// verified finds the channel and its platform, and refuses what the platform did not send.
func (c *Channels) verified(ctx context.Context, channel string, raw []byte, h http.Header) (opened, Platform, error) {
	if len(raw) > MaxBody {
		return opened{}, nil, ErrTooLarge
	}
	k, err := c.open(ctx, channel)
	if err != nil {
		return opened{}, nil, err
	}
	p, ok := c.platforms[k.Platform]
	if !ok || k.DisabledAt != nil {
		return opened{}, nil, ErrUnknown
	}
	if !p.Verify(k.credentials, raw, h) {
		return opened{}, nil, ErrSignature
	}
	return k, p, nil
}

// ReceiveWeb takes what a visitor of the web chat said; party is what PartyOf gives for the visitor. The event's id
// comes back, also when the same DedupKey was taken before. With a context from jobs.Eager the answer is under way
// when it returns.
func (c *Channels) ReceiveWeb(ctx context.Context, channel Channel, party string, in Incoming) (string, error) {
	if in.DedupKey == "" {
		in.DedupKey = id.New("web")
	}
	in.DedupKey, in.Kind = party+":"+in.DedupKey, KindMessage
	if in.At.IsZero() {
		in.At = c.db.Now()
	}
	b, err := c.batch(ctx, channel, []Incoming{in})
	if err != nil {
		return "", err
	}
	event := b.rows[0]
	err = c.db.InTx(ctx, func(tx database.Tx) error {
		n, err := c.keep(tx, b)
		if err != nil || n > 0 {
			return err
		}
		event, err = eventByKey(tx.DB(), channel.MerchantID, channel.ID, b.rows[0].DedupKey)
		return err
	})
	return event.ID, err
}

// PartyOf gives the name under which a party's events and deliveries stand in columns: a hash of the surest of ids.
func (c *Channels) PartyOf(merchant string, ids []Party) string {
	if len(ids) == 0 {
		return ""
	}
	return c.keys.Blind(merchant, "party."+ids[0].Kind, ids[0].Value)
}

// batch is what one webhook body becomes: rows, and what came in beside each.
type batch struct {
	rows      []eventRow
	incoming  []Incoming
	platforms []string
}

// batch seals and hashes before the transaction, to keep that short.
func (c *Channels) batch(ctx context.Context, ch Channel, list []Incoming) (batch, error) {
	b := batch{}
	if len(list) == 0 {
		return b, nil
	}
	box, err := c.keys.BoxNow(ctx, ch.MerchantID, privacy.MerchantSubject())
	if err != nil {
		return b, err
	}
	homes, err := c.homes(ctx, ch, list)
	if err != nil {
		return b, err
	}
	seen, now := map[string]bool{}, c.db.Now()
	for _, in := range list {
		home, ours := homes[in.Account]
		if !ours {
			home, in.Kind = ch.ID, KindOther
		}
		in = masked(in)
		row := eventRow{MerchantID: ch.MerchantID, ChannelID: home, ID: id.New("evt"), Kind: in.Kind, ReceivedAt: now,
			DedupKey: c.keys.Blind(ch.MerchantID, "event."+ch.Platform, in.Kind+":"+in.DedupKey),
			Party:    c.PartyOf(ch.MerchantID, in.Parties), SaidAt: said(in.At, now)}
		switch {
		case row.Kind == KindStatus, row.Kind == KindMoney && in.Money != nil: // what they say is done when they are kept
			row.HandledAt = &now
		case row.Kind == KindOther, row.Kind == KindMoney, row.Party == "":
			row.HandledAt, row.Kind = &now, KindOther
		}
		if key := row.ChannelID + row.DedupKey; seen[key] {
			continue
		} else {
			seen[key] = true
		}
		plain, err := json.Marshal(in)
		if err != nil {
			return b, err
		}
		if row.Sealed, err = box.Seal(eventLabel(row.ID), plain); err != nil {
			return b, err
		}
		b.rows, b.incoming, b.platforms = append(b.rows, row), append(b.incoming, in), append(b.platforms, ch.Platform)
	}
	return b, nil
}

// said keeps a platform's clock within reason: nobody speaks in the future, or before there were chats.
func said(at, now time.Time) time.Time {
	if at.After(now) || at.Year() < 2009 {
		return now
	}
	return at.UTC().Truncate(time.Microsecond)
}

// homes finds the channel for each of the accounts that a body speaks of: this one, or the merchant's other channel on
// the platform. A body for an account of nobody's is kept with this channel and not acted upon.
func (c *Channels) homes(ctx context.Context, ch Channel, list []Incoming) (map[string]string, error) {
	homes := map[string]string{"": ch.ID, ch.ExternalID: ch.ID}
	strangers := map[string]bool{}
	for _, in := range list {
		if _, ok := homes[in.Account]; ok || strangers[in.Account] {
			continue
		}
		other, err := findByAccount(c.db.Read(ctx), ch.MerchantID, ch.Platform, in.Account)
		switch {
		case database.NotFound(err):
			strangers[in.Account] = true
		case err != nil:
			return nil, err
		default:
			homes[in.Account] = other.ID
		}
	}
	return homes, nil
}

// keep writes the batch, applies statuses and promises work for what is new; it tells how many were new.
func (c *Channels) keep(tx database.Tx, b batch) (int, error) {
	fresh, err := insertEvents(tx, b.rows)
	if err != nil {
		return 0, err
	}
	var news []Arrived
	told := map[Arrived]bool{}
	for i, r := range b.rows {
		if !fresh[r.ID] {
			continue
		}
		switch r.Kind {
		case KindMessage, KindMoved:
			if n := (Arrived{r.MerchantID, r.ChannelID, r.Party}); !told[n] {
				told[n] = true
				news = append(news, n)
			}
		case KindStatus:
			if s := b.incoming[i].Status; s != nil {
				if err := c.status(tx, r.MerchantID, r.ChannelID, *s); err != nil {
					return 0, err
				}
			}
		case KindMoney:
			if err := c.hear(tx, r, b.platforms[i], *b.incoming[i].Money); err != nil {
				return 0, err
			}
		}
	}
	return len(fresh), c.announce(tx, news)
}

// hear tells the house what a platform said of money. The order of arrival is not the order of events: whoever listens
// must not care for it.
func (c *Channels) hear(tx database.Tx, r eventRow, platform string, w MoneyWord) error {
	if c.money == nil {
		return nil
	}
	if w.ID == "" {
		w.ID = r.DedupKey
	}
	return c.money(tx, r.MerchantID, r.ChannelID, platform, w, r.SaidAt)
}

// Waiting gives a party's events that were not handled yet, in the order in which they came. Call it under the lock
// that keeps two turns of one conversation apart.
func (c *Channels) Waiting(tx database.Tx, merchant, channel, party string) ([]Event, error) {
	rows, err := waitingEvents(tx, merchant, channel, party, waitingAtOnce)
	if err != nil || len(rows) == 0 {
		return nil, err
	}
	box, err := c.keys.Box(tx, merchant, privacy.MerchantSubject())
	if err != nil {
		return nil, err
	}
	list := make([]Event, 0, len(rows))
	for _, r := range rows {
		e := Event{ID: r.ID, ReceivedAt: r.ReceivedAt.UTC()}
		plain, err := box.Open(eventLabel(r.ID), r.Sealed)
		if err != nil {
			return nil, err
		}
		if err := json.Unmarshal(plain, &e.Incoming); err != nil {
			return nil, err
		}
		e.Incoming.At = r.SaidAt.UTC()
		list = append(list, e)
	}
	if len(rows) == waitingAtOnce {
		return list, c.desk.Announce(tx, Arrived{merchant, channel, party})
	}
	return list, nil
}

// Handled marks events as done; their words are wiped here, for they live in the conversation now.
func (c *Channels) Handled(tx database.Tx, merchant string, events []string) error {
	return handleEvents(tx, merchant, events)
}

// Refuse keeps events as what cannot be acted upon.
func (c *Channels) Refuse(tx database.Tx, merchant string, events []string) error {
	return refuseEvents(tx, merchant, events)
}

// masked takes the numbers of payment cards out of what came in. It comes before everything that keeps or logs: nothing behind it has
// ever seen one.
func masked(in Incoming) Incoming {
	in.Text = in.hide(in.Text)
	if !offered(in.Tap) {
		in.Tap = in.hide(in.Tap)
	}
	if len(in.Media) > 0 {
		in.Media = append([]Media(nil), in.Media...)
		for i := range in.Media {
			in.Media[i].Name = in.hide(in.Media[i].Name)
		}
	}
	if form, found := cards.MaskJSON(in.Form); found {
		in.Form, in.Card = form, true
	}
	in.Name, _ = cards.Mask(in.Name)
	raw, found := cards.MaskJSON(in.Raw)
	if found && in.Unsupported != "" && len(in.Media) == 0 && json.Valid(in.Raw) {
		in.Card = true // in what nobody here reads, such as somebody's contact card: that it came is answered all the same
	}
	if in.Card && !found {
		raw = nil // it is written there in a way that only the platform's translator reads
	}
	in.Raw = raw
	return in
}

func (in *Incoming) hide(text string) string {
	text, found := cards.Mask(text)
	in.Card = in.Card || found
	return text
}

// offered tells whether a tap has the form of those that our own buttons send: nobody types them, and the numbers of articles in them
// must come back as they went.
func offered(tap string) bool {
	for _, r := range tap {
		switch {
		case r == ':':
			return true
		case (r < 'a' || r > 'z') && r != '_':
			return false
		}
	}
	return false
}
