package bot

import (
	"context"

	"sotto.chat/bot/reading"
)

// Understander makes a reading of a message. There are two: Embedded, and llm.Reader.
type Understander interface {
	Read(ctx context.Context, q Question) (reading.Reading, error)
}

// Question is one message with everything that its meaning may depend on.
type Question struct {
	Merchant     string
	Conversation string
	Text         string
	Locale       string // the language to assume where the message does not tell
	State        reading.State
	Goods        *Goods
	// Known are pieces of personal data that the session knows; they must not reach a model as they are.
	Known []Known
}

// Known is a piece of personal data: Kind is name, phone, email or address.
type Known struct{ Kind, Value string }

// Embedded reads with the merchant's lexicon: in microseconds, without cost, and without data leaving the house.
type Embedded struct{}

// Read never fails.
func (Embedded) Read(_ context.Context, q Question) (reading.Reading, error) {
	return q.Goods.Lexicon.Read(q.Text, q.State, q.Locale), nil
}

// sureEnough is the confidence from which the embedded reading needs no second opinion.
const sureEnough = 0.6

// unsure tells whether a second reading is worth asking for.
func unsure(r reading.Reading) bool {
	return len(r.Actions) == 0 || r.Confidence < sureEnough || len(r.Unread) > 0
}
