package inbox

import (
	"context"
	"encoding/json"
	"errors"
	"slices"

	"sotto.chat/channels"
	"sotto.chat/customers"
	"sotto.chat/internal/database"
	"sotto.chat/internal/id"
	"sotto.chat/privacy"
)

// Drain takes what waits from one party into its conversation, in order, under the conversation's lock. A burst of
// messages becomes one announcement, and so one turn.
func (i *Inbox) Drain(ctx context.Context, n channels.Arrived) error {
	return i.db.InTx(ctx, func(tx database.Tx) error {
		c, err := lockByParty(tx, n.Merchant, n.Channel, n.Party)
		if database.NotFound(err) {
			var met bool
			if c, met, err = i.meet(tx, n); err == nil && !met {
				return nil
			}
		}
		if err != nil {
			return err
		}
		events, err := i.channels.Waiting(tx, n.Merchant, n.Channel, n.Party)
		if err != nil || len(events) == 0 {
			return err
		}
		return i.take(tx, &c, events)
	})
}

// drainMany drains each party; one that fails does not keep the others waiting, and is tried again with the promise.
func (i *Inbox) drainMany(ctx context.Context, n channels.Arrivals) error {
	var failed error
	for _, a := range n.List {
		failed = errors.Join(failed, i.Drain(ctx, a))
	}
	return failed
}

// meet finds or makes the conversation of a party that has none by this name yet.
func (i *Inbox) meet(tx database.Tx, n channels.Arrived) (Conversation, bool, error) {
	events, err := i.channels.Waiting(tx, n.Merchant, n.Channel, n.Party)
	if err != nil || len(events) == 0 {
		return Conversation{}, false, err
	}
	first := events[0].Incoming
	ids := identities(first.Parties)
	if first.Kind == channels.KindMoved {
		if ids, err = i.formerly(tx, n, first); err != nil {
			return Conversation{}, false, err
		}
	}
	c, err := i.conversation(tx, n, ids, first)
	if errors.Is(err, customers.ErrIdentity) { // named in a way that nobody can be found by: there is no way to answer
		return Conversation{}, false, i.channels.Refuse(tx, n.Merchant, eventIDs(events))
	}
	return c, err == nil, err
}

func eventIDs(events []channels.Event) []string {
	list := make([]string, 0, len(events))
	for _, e := range events {
		list = append(list, e.ID)
	}
	return list
}

// conversation finds the conversation of the person whom ids name, or begins one, and locks it.
func (i *Inbox) conversation(tx database.Tx, n channels.Arrived, ids []customers.Identity, in channels.Incoming) (Conversation, error) {
	person, err := i.people.Recognize(tx, n.Merchant, ids, customers.Hint{Name: in.Name, Language: in.Language})
	if err != nil {
		return Conversation{}, err
	}
	same, err := i.people.Same(tx, n.Merchant, person.ID)
	if err != nil {
		return Conversation{}, err
	}
	if !slices.Contains(same, person.ID) {
		same = append(same, person.ID)
	}
	c, err := lockByCustomer(tx, n.Merchant, n.Channel, same)
	if err == nil && c.Platform != channels.Web { // the same person, by a new name; a browser is a talk of its own
		c.Party, c.CustomerID = n.Party, person.ID
		return c, setParty(tx, c)
	}
	if err != nil && !database.NotFound(err) {
		return Conversation{}, err
	}
	return i.begin(tx, n, person, in)
}

func (i *Inbox) begin(tx database.Tx, n channels.Arrived, person customers.Customer, in channels.Incoming) (Conversation, error) {
	ch, err := i.channels.Find(tx, n.Merchant, n.Channel)
	if err != nil {
		return Conversation{}, err
	}
	c := Conversation{MerchantID: n.Merchant, ID: id.New("con"), ChannelID: n.Channel, Platform: ch.Platform, Party: n.Party,
		CustomerID: person.ID, Answering: ByBot, Language: in.Language, Version: 1, CreatedAt: tx.Now, UpdatedAt: tx.Now}
	if c.Language == "" {
		m, err := i.register.Find(tx, n.Merchant)
		if err != nil {
			return Conversation{}, err
		}
		c.Language = m.Language
	}
	fresh, err := insertConversation(tx, c)
	if err != nil {
		return Conversation{}, err
	}
	if fresh {
		if err := i.keys.Create(tx, n.Merchant, privacy.ConversationSubject(c.ID)); err != nil {
			return Conversation{}, err
		}
	}
	return lockByParty(tx, n.Merchant, n.Channel, n.Party)
}

// take stores events as messages and promises an answer.
func (i *Inbox) take(tx database.Tx, c *Conversation, events []channels.Event) error {
	box, err := i.keys.Box(tx, c.MerchantID, privacy.ConversationSubject(c.ID))
	if err != nil {
		return err
	}
	var done []string
	var last *channels.Event
	for k := range events {
		e := &events[k]
		done = append(done, e.ID)
		if err := i.knowAs(tx, c, box, e.Incoming); err != nil {
			return err
		}
		if e.Incoming.Kind != channels.KindMessage {
			continue
		}
		m := fromIncoming(*c, e.Incoming)
		if err := i.hideParts(tx, c, box, &m); err != nil {
			return err
		}
		if err := i.store(tx, c, box, &m, e.ID); err != nil {
			return err
		}
		if m.Card && c.Answering != ByBot {
			if err := i.desk.Announce(tx, CardTyped{c.MerchantID, c.ID, m.ID}); err != nil {
				return err
			}
		}
		last = e
	}
	if err := i.channels.Handled(tx, c.MerchantID, done); err != nil {
		return err
	}
	if last != nil {
		at := last.Incoming.At
		c.LastCustomerAt, c.ClosedAt = &at, nil
		if c.Answering == ByBot {
			if err := i.promise(tx, c, *last); err != nil {
				return err
			}
		}
	}
	i.nudge(tx, *c)
	return save(tx, c)
}

func (i *Inbox) promise(tx database.Tx, c *Conversation, last channels.Event) error {
	if c.Platform != channels.Web {
		if err := i.channels.Seen(tx, c.MerchantID, c.ChannelID, last); err != nil {
			return err
		}
	}
	return i.desk.Announce(tx, Spoke{c.MerchantID, c.ID})
}

func fromIncoming(c Conversation, in channels.Incoming) Message {
	return Message{ConversationID: c.ID, Sender: Customer, Content: channels.Content{Text: in.Text, Media: in.Media}, Order: in.Order,
		Tap: in.Tap, Product: in.Product, Unsupported: in.Unsupported, Form: in.Form, Card: in.Card}
}

// knowAs keeps how the platform names the person now, which is where answers go.
func (i *Inbox) knowAs(tx database.Tx, c *Conversation, box privacy.Box, in channels.Incoming) error {
	plain, err := json.Marshal(in.Parties)
	if err != nil {
		return err
	}
	if len(c.Address) > 0 {
		old, err := box.Open(addressLabel(c.ID), c.Address)
		if err != nil {
			return err
		}
		if string(old) == string(plain) {
			return nil
		}
		n := channels.Arrived{Merchant: c.MerchantID, Channel: c.ChannelID, Party: c.Party}
		ids := identities(in.Parties)
		if in.Kind == channels.KindMoved {
			if ids, err = i.formerly(tx, n, in); err != nil {
				return err
			}
		}
		person, err := i.people.Recognize(tx, c.MerchantID, ids, customers.Hint{Name: in.Name, Language: in.Language})
		if errors.Is(err, customers.ErrIdentity) {
			return nil // answers go on to the address that is known
		}
		if err != nil {
			return err
		}
		c.CustomerID = person.ID
	}
	c.Address, err = box.Seal(addressLabel(c.ID), plain)
	return err
}

// formerly gathers all the names of a person who moved: those told, and those known of the old ones' customer, so
// that the new ones join the same customer.
func (i *Inbox) formerly(tx database.Tx, n channels.Arrived, in channels.Incoming) ([]customers.Identity, error) {
	ids := append(identities(in.Parties), identities(in.Formerly)...)
	for k := range in.Formerly {
		c, err := lockByParty(tx, n.Merchant, n.Channel, i.channels.PartyOf(n.Merchant, in.Formerly[k:]))
		if database.NotFound(err) {
			continue
		}
		if err != nil {
			return nil, err
		}
		known, err := i.people.Identities(tx, n.Merchant, c.CustomerID)
		if err != nil {
			return nil, err
		}
		return append(ids, known...), nil
	}
	return ids, nil
}

func identities(parties []channels.Party) []customers.Identity {
	list := make([]customers.Identity, 0, len(parties))
	for _, p := range parties {
		list = append(list, customers.Identity{Kind: p.Kind, Value: p.Value})
	}
	return list
}

func addressLabel(conversation string) string { return "conversations.address:" + conversation }
