package inbox

import (
	"context"
	"errors"

	"sotto.chat/channels"
	"sotto.chat/customers"
	"sotto.chat/internal/database"
	"sotto.chat/internal/jobs"
	"sotto.chat/privacy"
)

var errNotTaken = errors.New("the visitor's message waits, but was not taken yet")

func webParty(visitor string) []channels.Party {
	return []channels.Party{{Kind: customers.Web, Value: visitor}}
}

// OpenWeb gives the web conversation of a visitor, and begins it if there is none. visitor is the hash of the token
// that the browser keeps.
func (i *Inbox) OpenWeb(ctx context.Context, merchant, visitor string) (Conversation, error) {
	ch, err := i.channels.WebChannel(ctx, merchant)
	if err != nil {
		return Conversation{}, err
	}
	n := channels.Arrived{Merchant: merchant, Channel: ch.ID, Party: i.channels.PartyOf(merchant, webParty(visitor))}
	c, err := findByParty(i.db.Read(ctx), n.Merchant, n.Channel, n.Party)
	if !errors.Is(err, ErrUnknown) {
		return c, err
	}
	err = i.db.InTx(ctx, func(tx database.Tx) (err error) {
		in := channels.Incoming{Parties: webParty(visitor)}
		if c, err = i.conversation(tx, n, identities(in.Parties), in); err != nil || len(c.Address) > 0 {
			return err
		}
		box, err := i.keys.Box(tx, merchant, privacy.ConversationSubject(c.ID))
		if err != nil {
			return err
		}
		if err := i.knowAs(tx, &c, box, in); err != nil {
			return err
		}
		return save(tx, &c)
	})
	return c, err
}

// HearWeb takes what a visitor said, has it worked on at once and gives the message as stored. The same DedupKey gives
// the same message again.
func (i *Inbox) HearWeb(ctx context.Context, merchant, visitor string, in channels.Incoming) (Conversation, Message, error) {
	ch, err := i.channels.WebChannel(ctx, merchant)
	if err != nil {
		return Conversation{}, Message{}, err
	}
	in.Parties = webParty(visitor)
	party := i.channels.PartyOf(merchant, in.Parties)
	event, err := i.channels.ReceiveWeb(jobs.Eager(ctx), ch, party, in)
	if err != nil {
		return Conversation{}, Message{}, err
	}
	m, err := i.byEvent(ctx, merchant, event)
	if database.NotFound(err) { // the work at once failed, or another replica has it in hand
		if err = i.Drain(jobs.Eager(ctx), channels.Arrived{Merchant: merchant, Channel: ch.ID, Party: party}); err == nil {
			m, err = i.byEvent(ctx, merchant, event)
		}
	}
	if database.NotFound(err) {
		err = errNotTaken
	}
	if err != nil {
		return Conversation{}, Message{}, err
	}
	c, err := i.Get(ctx, merchant, m.ConversationID)
	return c, m, err
}

func (i *Inbox) byEvent(ctx context.Context, merchant, event string) (Message, error) {
	row, err := messageByEvent(i.db.Read(ctx), merchant, event)
	if err != nil {
		return Message{}, err
	}
	box, err := i.keys.BoxNow(ctx, merchant, privacy.ConversationSubject(row.ConversationID))
	if err != nil {
		return Message{}, err
	}
	list, err := openAll(box, []messageRow{row})
	if err != nil {
		return Message{}, err
	}
	return list[0], nil
}
