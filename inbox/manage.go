package inbox

import (
	"context"

	"sotto.chat/internal/database"
	"sotto.chat/privacy"
)

// Save keeps what a turn changed in the conversation itself: Language, Misread, AssignedTo. The caller holds the lock.
func (i *Inbox) Save(tx database.Tx, c *Conversation) error { return save(tx, c) }

// Handoff gives a conversation to the bot or to a person. The bot takes up what is unanswered.
func (i *Inbox) Handoff(tx database.Tx, c *Conversation, to string) error {
	if to != ByBot && to != ByPerson {
		return ErrAnswering
	}
	c.Answering = to
	if to == ByBot {
		c.AssignedTo, c.Misread = "", 0
	}
	if err := save(tx, c); err != nil {
		return err
	}
	i.nudge(tx, *c)
	if to != ByBot {
		return nil
	}
	rows, err := unanswered(tx.DB(), c.MerchantID, c.ID)
	if err != nil || len(rows) == 0 {
		return err
	}
	return i.desk.Announce(tx, Spoke{c.MerchantID, c.ID})
}

// HandTo is Handoff in a transaction of its own.
func (i *Inbox) HandTo(ctx context.Context, merchant, conversation, to string) (Conversation, error) {
	return i.change(ctx, merchant, conversation, func(tx database.Tx, c *Conversation) error { return i.Handoff(tx, c, to) })
}

// Assign names who of the staff looks after a conversation; empty is nobody.
func (i *Inbox) Assign(ctx context.Context, merchant, conversation, staff string) (Conversation, error) {
	return i.change(ctx, merchant, conversation, func(tx database.Tx, c *Conversation) error {
		c.AssignedTo = staff
		i.nudge(tx, *c)
		return save(tx, c)
	})
}

// Close ends a conversation for the staff; the customer's next message opens it again, and the bot answers.
func (i *Inbox) Close(ctx context.Context, merchant, conversation string) (Conversation, error) {
	return i.change(ctx, merchant, conversation, func(tx database.Tx, c *Conversation) error {
		if err := markAnswered(tx, merchant, conversation, c.LastSeq); err != nil {
			return err
		}
		c.ClosedAt, c.Answering, c.AssignedTo, c.Misread = &tx.Now, ByBot, "", 0
		i.nudge(tx, *c)
		return save(tx, c)
	})
}

func (i *Inbox) change(ctx context.Context, merchant, conversation string, f func(database.Tx, *Conversation) error) (Conversation, error) {
	var c Conversation
	err := i.db.InTx(ctx, func(tx database.Tx) (err error) {
		if c, err = i.Lock(tx, merchant, conversation); err != nil {
			return err
		}
		return f(tx, &c)
	})
	return c, err
}

// Forget destroys a conversation's key and what else would tell what was said. The rows stay, empty. The person's next
// message begins a new conversation.
func (i *Inbox) Forget(tx database.Tx, merchant, conversation string) error {
	c, err := i.Lock(tx, merchant, conversation)
	if err != nil {
		return err
	}
	if err := i.keys.Destroy(tx, merchant, privacy.ConversationSubject(c.ID)); err != nil {
		return err
	}
	if err := i.channels.Forget(tx, merchant, c.ChannelID, c.Party); err != nil {
		return err
	}
	if err := emptyMessages(tx, merchant, conversation); err != nil {
		return err
	}
	c.Party, c.Address, c.Memory, c.ClosedAt, c.Answering = "forgotten:"+c.ID, nil, nil, &tx.Now, ByBot
	i.nudge(tx, c)
	if err := setParty(tx, c); err != nil {
		return err
	}
	return save(tx, &c)
}

// ForgetCustomer forgets all the conversations of a customer, whose merged ids are given, and tells how many.
func (i *Inbox) ForgetCustomer(tx database.Tx, merchant string, customers []string) (int, error) {
	ids, err := conversationsOf(tx.DB(), merchant, customers)
	if err != nil {
		return 0, err
	}
	for _, id := range ids {
		if err := i.Forget(tx, merchant, id); err != nil {
			return 0, err
		}
	}
	return len(ids), nil
}
