package channels

import (
	"context"
	"net/http"
	"time"

	"sotto.chat/internal/money"
)

// answerWithin bounds what an answer in the webhook's own response may wait for; the platform's patience is longer, the way
// back needs the rest.
const answerWithin = 800 * time.Millisecond

// Asking is a platform that asks while a customer waits, and takes the answer from the webhook's own response: there is no time for
// a promise.
type Asking interface {
	// Ask reads such a question; false where raw holds none.
	Ask(raw []byte) (Question, bool)
}

// Question is what a platform asks about a payment that is about to be made.
type Question struct {
	// Keep says that raw holds events to be received as any; once they are safe the answer is given, and nobody is asked.
	Keep bool
	// Reference is ours, as in PayRequest; Amount is what the customer would pay, none where nothing is about to be paid yet.
	Reference string
	Amount    money.Money
	// Answer words the response's body; err is nil where it may go on, ErrUnsure where nobody could tell in time.
	Answer func(err error) []byte
}

// Respond is Receive for platforms that want answers: what it gives is the body of the response, nothing where an empty one will do.
// A question is answered at once and not kept: it changes nothing.
func (c *Channels) Respond(ctx context.Context, channel string, raw []byte, h http.Header) ([]byte, error) {
	k, p, err := c.verified(ctx, channel, raw, h)
	if err == nil {
		raw, err = unsealed(p, k.credentials, raw)
	}
	if err != nil {
		return nil, err
	}
	asking, _ := p.(Asking)
	var q Question
	asked := false
	if asking != nil {
		q, asked = asking.Ask(raw)
	}
	if asked && !q.Keep {
		return q.Answer(c.mayPay(ctx, q)), nil
	}
	b, err := c.batch(ctx, k.Channel, p.Parse(raw))
	if err == nil {
		err = c.commit(ctx, b)
	}
	if err != nil || !asked {
		return nil, err
	}
	return q.Answer(nil), nil
}

// mayPay asks the house. Silence is no yes: whoever cannot be told in time does not pay.
func (c *Channels) mayPay(ctx context.Context, q Question) error {
	if c.ready == nil {
		return ErrUnsure
	}
	ctx, cancel := context.WithTimeout(ctx, answerWithin)
	defer cancel()
	said := make(chan error, 1)
	go func() { said <- c.ready(ctx, q.Reference, q.Amount) }()
	select {
	case err := <-said:
		return err
	case <-ctx.Done():
		return ErrUnsure
	}
}
