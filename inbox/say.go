package inbox

import (
	"context"
	"encoding/json"

	"sotto.chat/channels"
	"sotto.chat/internal/database"
	"sotto.chat/internal/id"
	"sotto.chat/privacy"
	"sotto.chat/privacy/cards"
)

// body is what a message row seals.
type body struct {
	Content     channels.Content     `json:"content"`
	Order       []channels.OrderItem `json:"order,omitempty"`
	Tap         string               `json:"tap,omitempty"`
	Product     string               `json:"product,omitempty"`
	Unsupported string               `json:"unsupported,omitempty"`
	Form        json.RawMessage      `json:"form,omitempty"`
	Card        bool                 `json:"card,omitempty"`
	Sensed      *Sensed              `json:"sensed,omitempty"`
}

func bodyLabel(message string) string { return "messages.body:" + message }

// store gives a message its number and writes it sealed. The caller holds the conversation's lock and saves it.
func (i *Inbox) store(tx database.Tx, c *Conversation, box privacy.Box, m *Message, event string) error {
	m.ID, m.ConversationID, m.Seq, m.At = id.New("msg"), c.ID, c.LastSeq+1, tx.Now
	sealed, err := seal(box, *m)
	if err != nil {
		return err
	}
	if err := insertMessage(tx, messageRow{MerchantID: c.MerchantID, ConversationID: c.ID, ID: m.ID, Seq: m.Seq, Sender: m.Sender,
		Author: m.Author, Body: sealed, EventID: event, CreatedAt: tx.Now}); err != nil {
		return err
	}
	c.LastSeq = m.Seq
	return nil
}

// Say adds a message of the bot or the staff and promises its delivery. The caller holds the lock that Lock gave.
func (i *Inbox) Say(tx database.Tx, c *Conversation, sender, author string, content channels.Content) (Message, error) {
	if content.Text == "" && len(content.Buttons) == 0 && len(content.Links) == 0 && len(content.Products) == 0 {
		return Message{}, ErrEmpty
	}
	box, err := i.keys.Box(tx, c.MerchantID, privacy.ConversationSubject(c.ID))
	if err != nil {
		return Message{}, err
	}
	m := Message{Sender: sender, Author: author, Content: content}
	if err := i.store(tx, c, box, &m, ""); err != nil {
		return Message{}, err
	}
	if content.Note = ""; c.Platform != channels.Web {
		var to []channels.Party
		if len(c.Address) > 0 {
			plain, err := box.Open(addressLabel(c.ID), c.Address)
			if err != nil {
				return Message{}, err
			}
			if err := json.Unmarshal(plain, &to); err != nil {
				return Message{}, err
			}
		}
		if err := i.channels.Deliver(tx, c.MerchantID, c.ChannelID, c.Party, to, m.ID, content); err != nil {
			return Message{}, err
		}
	}
	i.nudge(tx, *c)
	return m, save(tx, c)
}

// SayOnce says content as the bot, unless something was said about this fact before. A fact is an outside id and what
// happened to it, e.g. a payment's id and "paid".
func (i *Inbox) SayOnce(tx database.Tx, c *Conversation, fact string, content channels.Content) (bool, error) {
	fresh, err := insertNotice(tx, c.MerchantID, fact)
	if err != nil || !fresh {
		return false, err
	}
	m, err := i.Say(tx, c, Bot, "", content)
	if err != nil {
		return false, err
	}
	return true, setNotice(tx, c.MerchantID, fact, m.ID)
}

// Noted keeps that a message, which was said anyway, tells of a fact, so that SayOnce does not tell of it again.
func (i *Inbox) Noted(tx database.Tx, c *Conversation, fact string, m Message) error {
	fresh, err := insertNotice(tx, c.MerchantID, fact)
	if err != nil || !fresh {
		return err
	}
	return setNotice(tx, c.MerchantID, fact, m.ID)
}

// maxStaffText bounds what staff write at once.
const maxStaffText = 20000

// StaffSay says text as one of the staff. The bot falls silent in the same transaction, and what was unanswered counts
// as answered by this.
func (i *Inbox) StaffSay(ctx context.Context, merchant, conversation, actor, text string) (Message, error) {
	switch {
	case text == "":
		return Message{}, ErrEmpty
	case len(text) > maxStaffText:
		return Message{}, ErrLong
	}
	text, _ = cards.Mask(text)
	var m Message
	err := i.db.InTx(ctx, func(tx database.Tx) error {
		c, err := i.Lock(tx, merchant, conversation)
		if err != nil {
			return err
		}
		if err := i.Answered(tx, merchant, conversation, c.LastSeq); err != nil {
			return err
		}
		c.Answering, c.ClosedAt = ByPerson, nil
		if c.AssignedTo == "" {
			c.AssignedTo = actor
		}
		m, err = i.Say(tx, &c, Staff, actor, channels.Content{Text: text})
		return err
	})
	return m, err
}

// nudge tells open pages after the commit.
func (i *Inbox) nudge(tx database.Tx, c Conversation) {
	tx.AfterCommit(func(context.Context) {
		i.hub.Publish(Topic(c.ID))
		i.hub.Publish(TopicOfAll(c.MerchantID))
	})
}
