package payments

import (
	"context"
	"slices"
	"time"

	"sotto.chat/internal/database"
)

// How the provider's own list of events is read.
const (
	recoverEvery   = 5 * time.Minute
	recoverOverlap = 10 * time.Minute // events may be listed a little after their time
	recoverFirst   = time.Hour        // how far back the first reading goes
	recoverLimit   = 10000
	keepEvents     = 45 * 24 * time.Hour // longer than the provider lists or repeats them
)

// Recover reads the provider's list of events and takes in those whose webhook never came, of every kind: a refund or a dispute
// made over there is found too. It also forgets events that are old and done.
func (p *Payments) Recover(ctx context.Context) error {
	list, err := p.register.All(ctx)
	if err != nil {
		return err
	}
	for _, m := range list {
		acct, ok, err := p.own(ctx, m.ID)
		if err != nil {
			return err
		}
		if ok {
			p.recoverFrom(ctx, m.ID, acct)
		}
	}
	if acct, err := p.platform(); err == nil {
		p.recoverFrom(ctx, "", acct)
	}
	return ctx.Err()
}

// recoverFrom leaves a failure of one account to the next beat: its cursor stays.
func (p *Payments) recoverFrom(ctx context.Context, merchant string, acct account) {
	if err := p.recoverEvents(ctx, merchant, acct); err != nil {
		p.cfg.Log.WarnContext(ctx, "the provider's events could not be listed", "merchant", merchant, "error", err)
	}
}

func (p *Payments) recoverEvents(ctx context.Context, merchant string, acct account) error {
	now := p.db.Now()
	since, ok, err := p.readCursor(ctx, merchant, acct.Name)
	if err != nil {
		return err
	}
	if !ok {
		since = now.Add(-recoverFirst)
	}
	events, err := p.stripe.eventsSince(ctx, acct.Key, since.Add(-recoverOverlap), recoverLimit)
	if err != nil {
		return err
	}
	if len(events) >= recoverLimit {
		p.cfg.Log.WarnContext(ctx, "more events than can be read at once; the oldest are left to the poll", "merchant", merchant)
	}
	for chunk := range slices.Chunk(events, 500) {
		if err := p.takeIn(ctx, merchant, acct, chunk); err != nil {
			return err
		}
	}
	return p.db.InTx(ctx, func(tx database.Tx) error {
		if err := forgetEvents(tx, merchant, now.Add(-keepEvents)); err != nil {
			return err
		}
		return putCursor(tx, merchant, acct.Name, now)
	})
}

// takeIn keeps those events of a chunk that are new.
func (p *Payments) takeIn(ctx context.Context, merchant string, acct account, chunk []signedEvent) error {
	var ids []string
	for _, e := range chunk {
		ids = append(ids, e.ID)
	}
	list, err := p.knownEvents(ctx, merchant, ids)
	if err != nil {
		return err
	}
	known := map[string]bool{}
	for _, e := range list {
		known[e] = true
	}
	for _, e := range slices.Backward(chunk) {
		if known[e.ID] || e.Live != live(acct.Key) {
			continue
		}
		if err := p.db.InTx(ctx, func(tx database.Tx) error { return p.keep(tx, merchant, acct, e) }); err != nil {
			return err
		}
	}
	return nil
}
