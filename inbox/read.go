package inbox

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"sotto.chat/internal/database"
	"sotto.chat/privacy"
)

// Get reads one conversation.
func (i *Inbox) Get(ctx context.Context, merchant, conversation string) (Conversation, error) {
	return findConversation(i.db.Read(ctx), merchant, conversation)
}

// Lock reads one conversation and keeps it from every other turn until the transaction ends.
func (i *Inbox) Lock(tx database.Tx, merchant, conversation string) (Conversation, error) {
	return lockConversation(tx, merchant, conversation)
}

// Filter narrows a list; empty fields narrow nothing.
type Filter struct {
	Answering  string
	AssignedTo string
	CustomerID string
	Open       bool
	After      string // a conversation's id: go on after it
	Limit      int
}

// List reads conversations, the one that changed last first; next is the After of the next page, or empty.
func (i *Inbox) List(ctx context.Context, merchant, after string, max int) (list []Conversation, next string, err error) {
	return i.Search(ctx, merchant, Filter{After: after, Limit: max})
}

// Search is List for those that fit the filter.
func (i *Inbox) Search(ctx context.Context, merchant string, f Filter) (list []Conversation, next string, err error) {
	n := limit(f.Limit)
	f.Limit = n + 1
	list, err = listConversations(i.db.Read(ctx), merchant, f)
	if len(list) > n {
		list = list[:n]
		next = list[n-1].ID
	}
	return list, next, err
}

func limit(n int) int {
	if n <= 0 {
		return 50
	}
	return min(n, 200)
}

// Messages reads a conversation from its start, oldest first, or what follows the message whose id is after.
func (i *Inbox) Messages(ctx context.Context, merchant, conversation, after string, max int) ([]Message, error) {
	var seq int64
	if after != "" {
		m, err := messageByID(i.db.Read(ctx), merchant, conversation, after)
		if database.NotFound(err) {
			return nil, ErrCursor
		}
		if err != nil {
			return nil, err
		}
		seq = m.Seq
	}
	rows, err := messagesAfter(i.db.Read(ctx), merchant, conversation, seq, limit(max))
	if err != nil || len(rows) == 0 {
		return nil, err
	}
	box, err := i.keys.BoxNow(ctx, merchant, privacy.ConversationSubject(conversation))
	if errors.Is(err, privacy.ErrForgotten) {
		return forgotten(rows), nil
	}
	if err != nil {
		return nil, err
	}
	return openAll(box, rows)
}

// StaffMessages is Messages for one of the staff: that they looked is written down first, for the customer to read.
func (i *Inbox) StaffMessages(ctx context.Context, merchant, conversation, actor, after string, max int) ([]Message, error) {
	if _, err := i.Get(ctx, merchant, conversation); err != nil {
		return nil, err
	}
	err := i.db.InTx(ctx, func(tx database.Tx) error {
		return i.keys.Looked(tx, merchant, privacy.ConversationSubject(conversation), actor, "messages.read")
	})
	if err != nil {
		return nil, err
	}
	return i.Messages(ctx, merchant, conversation, after, max)
}

// StaffMessage gives one of the staff one message, and nothing else of the conversation. That they looked is written down
// first, for the customer to read.
func (i *Inbox) StaffMessage(ctx context.Context, merchant, conversation, message, actor string) (Message, error) {
	row, err := messageByID(i.db.Read(ctx), merchant, conversation, message)
	if database.NotFound(err) {
		return Message{}, ErrUnknown
	}
	if err != nil {
		return Message{}, err
	}
	err = i.db.InTx(ctx, func(tx database.Tx) error {
		return i.keys.Looked(tx, merchant, privacy.ConversationSubject(conversation), actor, "messages.misunderstood")
	})
	if err != nil {
		return Message{}, err
	}
	return i.openOne(ctx, merchant, row)
}

// Message reads one message for the house itself: nobody looks at it.
func (i *Inbox) Message(ctx context.Context, merchant, conversation, message string) (Message, error) {
	row, err := messageByID(i.db.Read(ctx), merchant, conversation, message)
	if database.NotFound(err) {
		return Message{}, ErrUnknown
	}
	if err != nil {
		return Message{}, err
	}
	return i.openOne(ctx, merchant, row)
}

func (i *Inbox) openOne(ctx context.Context, merchant string, row messageRow) (Message, error) {
	box, err := i.keys.BoxNow(ctx, merchant, privacy.ConversationSubject(row.ConversationID))
	if errors.Is(err, privacy.ErrForgotten) {
		return forgotten([]messageRow{row})[0], nil
	}
	if err != nil {
		return Message{}, err
	}
	list, err := openAll(box, []messageRow{row})
	if err != nil {
		return Message{}, err
	}
	return list[0], nil
}

// Confirming gives one of the staff the exchange around a moment, and nothing else of the conversation: what the customer said last before it,
// what was said to that, and what was asked before. That it was looked at is written down first, for the customer to read.
func (i *Inbox) Confirming(ctx context.Context, merchant, conversation, actor string, at time.Time) ([]Message, error) {
	var rows []messageRow
	err := i.db.InTx(ctx, func(tx database.Tx) (err error) {
		if rows, err = messagesAround(tx.DB(), merchant, conversation, at); err != nil || len(rows) == 0 {
			return err
		}
		return i.keys.Looked(tx, merchant, privacy.ConversationSubject(conversation), actor, "messages.evidence")
	})
	if err != nil || len(rows) == 0 {
		return nil, err
	}
	box, err := i.keys.BoxNow(ctx, merchant, privacy.ConversationSubject(conversation))
	if errors.Is(err, privacy.ErrForgotten) {
		return forgotten(rows), nil
	}
	if err != nil {
		return nil, err
	}
	return openAll(box, rows)
}

func openAll(box privacy.Box, rows []messageRow) ([]Message, error) {
	list := make([]Message, 0, len(rows))
	for _, r := range rows {
		m := r.message()
		if len(r.Body) == 0 {
			m.Forgotten = true
			list = append(list, m)
			continue
		}
		plain, err := box.Open(bodyLabel(r.ID), r.Body)
		if err != nil {
			return nil, err
		}
		var b body
		if err := json.Unmarshal(plain, &b); err != nil {
			return nil, errors.New("a message's body cannot be read") // the library's words may quote it
		}
		m.Content, m.Order, m.Tap, m.Product, m.Unsupported, m.Form, m.Card = b.Content, b.Order, b.Tap, b.Product, b.Unsupported, b.Form, b.Card
		m.Sensed = b.Sensed
		list = append(list, m)
	}
	return list, nil
}

func forgotten(rows []messageRow) []Message {
	list := make([]Message, 0, len(rows))
	for _, r := range rows {
		m := r.message()
		m.Forgotten = true
		list = append(list, m)
	}
	return list
}

// Unanswered gives what the customer said and the bot did not answer, oldest first; nothing while a person answers.
// Call it under the lock.
func (i *Inbox) Unanswered(tx database.Tx, merchant, conversation string) ([]Message, error) {
	rows, err := unanswered(tx.DB(), merchant, conversation)
	if err != nil || len(rows) == 0 {
		return nil, err
	}
	box, err := i.keys.Box(tx, merchant, privacy.ConversationSubject(conversation))
	if err != nil {
		return nil, err
	}
	return openAll(box, rows)
}

// Answered marks the customer's messages up to a number as answered.
func (i *Inbox) Answered(tx database.Tx, merchant, conversation string, upToSeq int64) error {
	return markAnswered(tx, merchant, conversation, upToSeq)
}

// Peek reads a conversation, what is unanswered in it and the bot's memory, without a lock: for work that must not
// happen inside a transaction. What it found may be stale when the lock is taken.
func (i *Inbox) Peek(ctx context.Context, merchant, conversation string) (Conversation, []Message, []byte, error) {
	c, err := i.Get(ctx, merchant, conversation)
	if err != nil {
		return c, nil, nil, err
	}
	rows, err := unanswered(i.db.Read(ctx), merchant, conversation)
	if err != nil {
		return c, nil, nil, err
	}
	box, err := i.keys.BoxNow(ctx, merchant, privacy.ConversationSubject(conversation))
	if err != nil {
		return c, nil, nil, err
	}
	list, err := openAll(box, rows)
	if err != nil || len(c.Memory) == 0 {
		return c, list, nil, err
	}
	memory, err := box.Open(memoryLabel(c.ID), c.Memory)
	return c, list, memory, err
}

func memoryLabel(conversation string) string { return "conversations.memory:" + conversation }

// Memory opens what the bot keeps between turns; nil when there is nothing yet.
func (i *Inbox) Memory(tx database.Tx, c *Conversation) ([]byte, error) {
	if len(c.Memory) == 0 {
		return nil, nil
	}
	return i.keys.Open(tx, c.MerchantID, privacy.ConversationSubject(c.ID), memoryLabel(c.ID), c.Memory)
}

// SetMemory seals what the bot keeps between turns.
func (i *Inbox) SetMemory(tx database.Tx, c *Conversation, plain []byte) error {
	sealed, err := i.keys.Seal(tx, c.MerchantID, privacy.ConversationSubject(c.ID), memoryLabel(c.ID), plain)
	if err != nil {
		return err
	}
	c.Memory = sealed
	return save(tx, c)
}
