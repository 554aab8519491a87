package payments

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"time"

	"sotto.chat/internal/database"
	"sotto.chat/internal/jobs"
)

// closeSessions ends at the provider what a dead payment left open. A payment that lives, or was given more time, is let be.
func (p *Payments) closeSessions(ctx context.Context, n SessionsToClose) error {
	pay, err := p.Get(ctx, n.Merchant, n.Payment)
	if errors.Is(err, ErrUnknownPay) {
		return nil
	}
	if err != nil {
		return err
	}
	now := p.db.Now()
	if dead(pay, !pay.ExpiresAt.After(now)) == nil {
		if wait := pay.ExpiresAt.Sub(now); wait < time.Minute {
			return jobs.ErrLater{Delay: wait + time.Second}
		}
		return nil
	}
	list, err := readLiveAttempts(p.db.Read(ctx), n.Merchant, n.Payment)
	if err != nil {
		return err
	}
	var all error
	for _, a := range list {
		all = errors.Join(all, p.closeOne(ctx, pay, a))
	}
	return all
}

func (p *Payments) closeOne(ctx context.Context, pay Payment, a attempt) error {
	if a.Method != MethodStripe {
		return p.closeOffer(ctx, pay, a)
	}
	if !a.ExpiresAt.After(p.db.Now()) && a.Status == sessionClaimed {
		return p.end(ctx, a, sessionExpired)
	}
	acct, err := p.accountNamed(ctx, a.MerchantID, a.Account)
	if errors.Is(err, ErrOldAccount) {
		return p.end(ctx, a, sessionDead)
	}
	if err != nil {
		return err
	}
	if a.Status == sessionClaimed {
		return p.findAndClose(ctx, pay, a, acct)
	}
	err = p.stripe.expireSession(ctx, acct.Key, a.ExternalID)
	answer := refusal(err)
	switch {
	case err == nil:
		return p.end(ctx, a, sessionExpired)
	case gone(err):
		return p.end(ctx, a, sessionDead)
	case answer != nil && answer.Status == http.StatusBadRequest:
		return p.tell(ctx, a) // not open any more: paid in the last moment, or expired; the reading tells
	}
	return err
}

// findAndClose ends an attempt whose making was cut off by a crash. The provider may have the session: the same key and body give
// it back, or refuse it for good.
func (p *Payments) findAndClose(ctx context.Context, pay Payment, a attempt, acct account) error {
	r, err := p.stripe.createSession(ctx, acct.Key, p.request(pay, a))
	if answer := refusal(err); answer != nil && answer.final() {
		return p.end(ctx, a, sessionDead)
	}
	if err != nil {
		return err
	}
	if err := p.opened(ctx, a, r); err != nil && !errors.Is(err, ErrLinkDead) {
		return err
	}
	return nil // opened has promised the closing of what it found
}

// How often a session is asked about when no event comes.
const (
	lookSoonest    = time.Minute
	lookLatest     = 10 * time.Minute
	lookProcessing = time.Hour
	lookAtOnce     = 200 // per merchant and beat
)

// nextLook waits longer the older a session is, and looks soon after its end.
func nextLook(now time.Time, a attempt) time.Time {
	if a.Status == sessionProcessing {
		return now.Add(lookProcessing)
	}
	next := now.Add(min(max(now.Sub(a.CreatedAt)/2, lookSoonest), lookLatest))
	if end := a.ExpiresAt.Add(15 * time.Second); a.ExpiresAt.After(now) && next.After(end) {
		next = end
	}
	return next
}

// Poll asks how open sessions stand, so that a lost webhook loses nothing: what it finds takes the same way as an event.
func (p *Payments) Poll(ctx context.Context) error {
	now := p.db.Now()
	list, err := p.merchantsToLook(ctx, now)
	if err != nil {
		return err
	}
	for _, merchant := range list {
		due, err := p.attemptsToLook(ctx, merchant, now, lookAtOnce)
		if err != nil {
			return err
		}
		for _, a := range due {
			if err := p.look(ctx, a); err != nil {
				if ctx.Err() != nil {
					return err
				}
				p.cfg.Log.WarnContext(ctx, "a session could not be looked at", "payment", a.PaymentID, "attempt", a.Attempt, "error", err)
			}
		}
	}
	return nil
}

func (p *Payments) look(ctx context.Context, a attempt) error {
	if err := p.postpone(ctx, a); err != nil {
		return err
	}
	pay, err := p.Get(ctx, a.MerchantID, a.PaymentID)
	if err != nil {
		return err
	}
	over := dead(pay, !pay.ExpiresAt.After(p.db.Now())) != nil
	if a.Method != MethodStripe {
		return p.lookOffer(ctx, pay, a, over)
	}
	if a.Status == sessionClaimed {
		if over || !a.ExpiresAt.After(p.db.Now()) {
			return p.closeOne(ctx, pay, a)
		}
		return nil // the next click resumes it
	}
	acct, err := p.accountNamed(ctx, a.MerchantID, a.Account)
	if errors.Is(err, ErrOldAccount) {
		p.cfg.Log.WarnContext(ctx, "a session is in an account that is no longer connected; nobody watches it now", "payment", a.PaymentID, "session", a.ExternalID)
		return p.end(ctx, a, sessionDead)
	}
	if err != nil {
		return err
	}
	r, err := p.stripe.session(ctx, acct.Key, a.ExternalID)
	switch {
	case gone(err):
		return p.end(ctx, a, sessionDead)
	case err != nil:
		return err
	case r.state() != a.Status:
		return p.tell(ctx, a)
	case over && r.state() == sessionOpen:
		return p.closeOne(ctx, pay, a)
	}
	return nil
}

// postpone sets the next look first, so that a session which cannot be read does not keep others from their turn.
func (p *Payments) postpone(ctx context.Context, a attempt) error {
	return p.db.InTx(ctx, func(tx database.Tx) error {
		if _, err := lockPayment(tx, a.MerchantID, a.PaymentID); err != nil {
			return err
		}
		now, ok, err := readAttempt(tx.DB(), a.MerchantID, a.PaymentID, a.Attempt)
		if err != nil || !ok || now.LookAt == nil {
			return err
		}
		next := nextLook(tx.Now, now)
		now.LookAt = &next
		return saveAttempt(tx, &now)
	})
}

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
		all, err := p.ownAll(ctx, m.ID)
		if err != nil {
			return err
		}
		for _, acct := range all { // while a rotation lasts, also those before
			source := m.ID
			if acct.Connected {
				source = "" // its events come through the platform's door
			}
			p.recoverFrom(ctx, source, acct)
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
