package bot

import (
	"context"
	"errors"
	"strings"
	"time"

	"sotto.chat/bot/shadow"
	"sotto.chat/customers"
	"sotto.chat/internal/database"
	"sotto.chat/internal/jobs"
	"sotto.chat/lessons"
)

const (
	// secondsAtOnce bounds how many second readings one process makes at a time: those whose customers wait come first.
	secondsAtOnce = 2
	// secondPause is how long one waits for its turn.
	secondPause = 2 * time.Second
)

// ReadAgain has the model read a message that was answered by the embedded understander alone, and compares the two. Whatever
// forbids asking a model by now forbids it here, and it is asked once, also where this is done again.
func (b *Bot) ReadAgain(ctx context.Context, n lessons.SecondDue) error {
	if b.model == nil || b.lessons == nil {
		return nil
	}
	select {
	case b.seconds <- struct{}{}:
		defer func() { <-b.seconds }()
	default:
		return jobs.ErrLater{Delay: secondPause}
	}
	c, ok, err := b.lessons.Awaiting(ctx, n)
	if err != nil || !ok {
		return err
	}
	q, ok, err := b.askedAgain(ctx, c)
	if err != nil {
		return err
	}
	if !ok {
		return b.lessons.Leave(ctx, n)
	}
	if mine, err := b.lessons.Claim(ctx, n); err != nil || !mine {
		return err
	}
	r, err := b.model.Read(ctx, q)
	if c.Silent = err != nil && !errors.Is(err, ErrNoAction); !c.Silent {
		c.Kind, c.Same = shadow.Same(shadow.Actions(c.Twice.Embedded), r.Actions, q.State)
		c.Twice.Model = shadow.Deeds(r.Actions)
	}
	err = b.db.InTx(ctx, func(tx database.Tx) error { return b.lessons.Answered(tx, c) })
	if errors.Is(err, customers.ErrForgotten) {
		return nil
	}
	return err
}

// askedAgain gives what the model is asked after the answer; false where it may not be asked.
func (b *Bot) askedAgain(ctx context.Context, c lessons.Comparison) (q Question, ok bool, err error) {
	shop, err := b.shop(ctx, c.Merchant)
	if err != nil || !shop.Model || !shop.Shadow {
		return q, false, err
	}
	talk, err := b.inbox.Get(ctx, c.Merchant, c.Conversation)
	if err != nil {
		return q, false, err
	}
	m, err := b.inbox.Message(ctx, c.Merchant, c.Conversation, c.Message)
	if err != nil {
		return q, false, err
	}
	was, text := shadow.Then(c.Twice.Before), strings.TrimSpace(m.Content.Text)
	if !mayGo(m, text, was.State.Asked) {
		return q, false, nil
	}
	known, allowed := b.known(ctx, talk)
	if !allowed {
		return q, false, nil
	}
	goods, err := b.goods.Get(ctx, c.Merchant)
	return Question{Merchant: c.Merchant, Conversation: c.Conversation, Text: text, Locale: was.Locale, State: was.State, Goods: goods, Known: known}, err == nil, err
}
