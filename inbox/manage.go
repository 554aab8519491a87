package inbox

import (
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

// Assign names who of the staff looks after a conversation; empty is nobody.
func (i *Inbox) Assign(tx database.Tx, c *Conversation, staff string) error {
	c.AssignedTo = staff
	i.nudge(tx, *c)
	return save(tx, c)
}

// Close ends a conversation for the staff; the customer's next message opens it again, and the bot answers.
func (i *Inbox) Close(tx database.Tx, c *Conversation) error {
	if err := markAnswered(tx, c.MerchantID, c.ID, c.LastSeq); err != nil {
		return err
	}
	c.ClosedAt, c.Answering, c.AssignedTo, c.Misread = &tx.Now, ByBot, "", 0
	i.nudge(tx, *c)
	return save(tx, c)
}

// Forget forgets all the conversations of a customer, and of those found to be the same person. Call it before the
// customer is erased: it needs to know who was the same.
func (i *Inbox) Forget(tx database.Tx, merchant, customer string) error {
	same, err := i.people.Same(tx, merchant, customer)
	if err != nil {
		return err
	}
	ids, err := conversationsOf(tx.DB(), merchant, append(same, customer))
	if err != nil {
		return err
	}
	for _, id := range ids {
		if err := i.ForgetConversation(tx, merchant, id); err != nil {
			return err
		}
	}
	return nil
}

// ForgetConversation destroys a conversation's key and what else would tell what was said. The rows stay, empty. The
// person's next message begins a new conversation.
func (i *Inbox) ForgetConversation(tx database.Tx, merchant, conversation string) error {
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
	c.Party, c.Address, c.Memory, c.ClosedAt, c.Answering = retired+c.ID, nil, nil, &tx.Now, ByBot
	i.nudge(tx, c)
	if err := i.desk.Announce(tx, Forgotten{Merchant: merchant, Conversation: conversation}); err != nil {
		return err
	}
	if err := setParty(tx, c); err != nil {
		return err
	}
	return save(tx, &c)
}

// retired stands before the party of a forgotten conversation, so that nobody meets it again.
const retired = "forgotten:"
