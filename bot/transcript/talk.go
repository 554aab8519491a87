package transcript

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"sotto.chat/channels"
	"sotto.chat/customers"
	"sotto.chat/inbox"
	"sotto.chat/internal/database"
	"sotto.chat/orders"
)

// patience is how long something that must come is waited for.
const patience = 15 * time.Second

// pause is how long is waited between two looks.
const pause = 10 * time.Millisecond

var (
	errPatience = errors.New("it did not happen within 15 seconds")
	errNoLink   = errors.New("there is no pay link in the talk")
)

// eventually waits for a fact.
func eventually(ctx context.Context, fact func() (bool, error)) error {
	end := time.NewTimer(patience)
	defer end.Stop()
	again := time.NewTicker(pause)
	defer again.Stop()
	for {
		if ok, err := fact(); ok || err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-end.C:
			return errPatience
		case <-again.C:
		}
	}
}

// Says has the customer say something, and the bot answer at once, the way that the web chat works.
func (s *Stage) Says(ctx context.Context, in channels.Incoming) error {
	in.Kind, in.DedupKey, in.At = channels.KindMessage, "m"+strconv.FormatInt(s.sent.Add(1), 10), s.DB.Now()
	c, _, err := s.Inbox.HearWeb(ctx, s.Merchant.ID, s.Visitor, in)
	if err != nil {
		return err
	}
	s.Conversation = c.ID
	if !s.started {
		return nil
	}
	// A worker may have taken the message up a moment before the visitor's own request did.
	return eventually(ctx, func() (bool, error) {
		_, open, _, err := s.Inbox.Peek(ctx, s.Merchant.ID, s.Conversation)
		return len(open) == 0, err
	})
}

// Burst has several messages arrive before the bot gets to answer.
func (s *Stage) Burst(ctx context.Context, texts ...string) error {
	ch, err := s.Channels.WebChannel(ctx, s.Merchant.ID)
	if err != nil {
		return err
	}
	parties := []channels.Party{{Kind: customers.Web, Value: s.Visitor}}
	party := s.Channels.PartyOf(s.Merchant.ID, parties)
	for _, text := range texts {
		if _, err := s.Channels.ReceiveWeb(ctx, ch, party, channels.Incoming{Kind: channels.KindMessage,
			DedupKey: "b" + strconv.FormatInt(s.sent.Add(1), 10), Parties: parties, Text: text, At: s.DB.Now()}); err != nil {
			return err
		}
	}
	if err := s.Inbox.Drain(ctx, channels.Arrived{Merchant: s.Merchant.ID, Channel: ch.ID, Party: party}); err != nil {
		return err
	}
	c, err := s.Inbox.OpenWeb(ctx, s.Merchant.ID, s.Visitor)
	s.Conversation = c.ID
	return err
}

// Turn has the bot answer what is unanswered.
func (s *Stage) Turn(ctx context.Context) error {
	return s.Bot.Turn(ctx, s.Merchant.ID, s.Conversation)
}

// mostMessages bounds the talk that is looked at.
const mostMessages = 200

// Talk gives all messages.
func (s *Stage) Talk(ctx context.Context) ([]inbox.Message, error) {
	if s.Conversation == "" {
		return nil, nil
	}
	return s.Inbox.Messages(ctx, s.Merchant.ID, s.Conversation, "", mostMessages)
}

// BotSaid gives the bot's messages.
func (s *Stage) BotSaid(ctx context.Context) ([]inbox.Message, error) {
	all, err := s.Talk(ctx)
	var out []inbox.Message
	for _, m := range all {
		if m.Sender == inbox.Bot {
			out = append(out, m)
		}
	}
	return out, err
}

// Tap presses the button of the newest answers that has this label; false where there is none.
func (s *Stage) Tap(ctx context.Context, label string) (bool, error) {
	list, err := s.BotSaid(ctx)
	for i := len(list) - 1; i >= 0 && err == nil; i-- {
		for _, b := range list[i].Content.Buttons {
			if b.Label == label {
				return true, s.Says(ctx, channels.Incoming{Tap: b.Tap})
			}
		}
	}
	return false, err
}

// Cart gives the priced cart of the conversation.
func (s *Stage) Cart(ctx context.Context) (q orders.Quote, ok bool, err error) {
	err = s.DB.InTx(ctx, func(tx database.Tx) error {
		c, found, err := s.Orders.CartOf(tx, s.Merchant.ID, s.Conversation)
		if ok = found; err != nil || !found {
			return err
		}
		q, err = s.Orders.Quote(tx, s.Merchant.ID, c.ID)
		return err
	})
	return q, ok, err
}

// AllOrders gives the orders of the conversation, the newest first.
func (s *Stage) AllOrders(ctx context.Context) (list []orders.Order, err error) {
	err = s.DB.InTx(ctx, func(tx database.Tx) (err error) {
		list, err = s.Orders.OfConversation(tx, s.Merchant.ID, s.Conversation, 20)
		return err
	})
	return list, err
}

// Link gives the newest pay link of the talk.
func (s *Stage) Link(ctx context.Context) (string, error) {
	list, err := s.BotSaid(ctx)
	for i := len(list) - 1; i >= 0 && err == nil; i-- {
		if l := list[i].Content.Links; len(l) > 0 {
			return l[0].URL, nil
		}
	}
	if err == nil {
		err = errNoLink
	}
	return "", err
}

// Session clicks a pay link and gives the pretended bank's session.
func (s *Stage) Session(ctx context.Context, link string) (string, error) {
	url, err := s.Payments.Checkout(ctx, link[strings.LastIndex(link, "/")+1:])
	if err != nil {
		return "", err
	}
	_, rest, _ := strings.Cut(url, "/cs_")
	name, _, _ := strings.Cut("cs_"+rest, "#")
	return name, nil
}

// Pays has the customer pay with the newest link, and waits until the bot speaks of it.
func (s *Stage) Pays(ctx context.Context) error {
	if err := s.Work(ctx); err != nil {
		return err
	}
	link, err := s.Link(ctx)
	if err != nil {
		return err
	}
	session, err := s.Session(ctx, link)
	if err != nil {
		return fmt.Errorf("the pay link: %w", err)
	}
	before, err := s.BotSaid(ctx)
	if err != nil {
		return err
	}
	if err := s.Bank.Approve(session); err != nil {
		return err
	}
	return eventually(ctx, func() (bool, error) {
		now, err := s.BotSaid(ctx)
		return len(now) > len(before), err
	})
}
