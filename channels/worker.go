package channels

import (
	"context"
	"encoding/json"
	"errors"
	"math/rand/v2"
	"time"

	"sotto.chat/internal/database"
	"sotto.chat/internal/jobs"
	"sotto.chat/privacy"
)

const (
	// sendTimeout bounds one call to a platform; it is well below unknownFor.
	sendTimeout = 25 * time.Second
	// unknownFor is how long a send without an answer waits for a status. No platform takes an idempotency key, so a
	// message whose fate is unknown is sent again only when no status has named it by then: a message twice is
	// a nuisance, a message never is a loss, and most lost answers are told by a status within seconds.
	unknownFor = time.Minute
	// maxAttempts ends the tries; with the back-off they span some hours.
	maxAttempts = 12
	maxBackoff  = time.Hour
	// windowMargin is kept from the end of a window, for the way and for clocks that differ.
	windowMargin = time.Minute
	// wakeAtOnce bounds the parties that one round of Wake promises again.
	wakeAtOnce = 500
)

// Work delivers what waits for one party, oldest first. It claims a row in one transaction, calls the platform
// outside of any, and writes the result in another.
func (c *Channels) Work(ctx context.Context, n Send) error {
	k, err := c.open(ctx, n.Channel)
	if errors.Is(err, ErrUnknown) {
		return errors.Join(jobs.ErrNever, err)
	}
	if err != nil {
		return err
	}
	p, ok := c.platforms[k.Platform]
	if !ok || k.DisabledAt != nil || k.MerchantID != n.Merchant {
		return c.db.InTx(ctx, func(tx database.Tx) error { return failOpen(tx, n, "channel_disabled") })
	}
	for {
		more, err := c.deliverOne(ctx, p, k, n)
		if err != nil || !more {
			return err
		}
	}
}

// deliverOne sends one piece; more is false when nothing is left to do now.
func (c *Channels) deliverOne(ctx context.Context, p Platform, k opened, n Send) (more bool, err error) {
	d, box, err := c.claim(ctx, p, n)
	if err != nil || d.ID == "" {
		return false, err
	}
	if d.Status != StateSending { // ended while it was claimed, e.g. by a closed window
		return true, nil
	}
	var what parcel
	if err := json.Unmarshal(box, &what); err != nil {
		return false, err
	}
	if wait := c.pace.wait(p.Pace(), n); wait > 0 {
		return false, c.postpone(ctx, d, wait, codePaced)
	}
	call, cancel := context.WithTimeout(ctx, sendTimeout)
	external, err := p.Send(call, k.credentials, what.To, what.Content, d.ID)
	cancel()
	return c.record(context.WithoutCancel(ctx), d, k.Channel, external, err)
}

// claim takes the next piece, opens it and ends it at once where it cannot be sent. No id means that nothing is to be
// done now; jobs.ErrLater says when there will be.
func (c *Channels) claim(ctx context.Context, p Platform, n Send) (d Delivery, plain []byte, err error) {
	err = c.db.InTx(ctx, func(tx database.Tx) error {
		var ok bool
		if d, ok, err = claimDelivery(tx, n, tx.Now.Add(-unknownFor)); err != nil {
			return err
		}
		if !ok {
			return c.later(tx, n)
		}
		if d.Attempts > maxAttempts {
			return c.end(tx, &d, "gave_up")
		}
		if p.Window() > 0 {
			heard, err := lastHeard(tx.DB(), n.Merchant, n.Channel, n.Party)
			if err != nil {
				return err
			}
			if tx.Now.After(heard.Add(p.Window() - windowMargin)) {
				return c.end(tx, &d, CodeWindowClosed)
			}
		}
		plain, err = c.keys.Open(tx, n.Merchant, privacy.MerchantSubject(), deliveryLabel(d.ID), d.Sealed)
		return err
	})
	return d, plain, err
}

func (c *Channels) end(tx database.Tx, d *Delivery, code string) error {
	if _, err := finish(tx, *d, result{status: StateFailed, rank: 1, code: code}); err != nil {
		return err
	}
	d.Status = StateFailed
	return nil
}

// later tells when the piece in the way can be looked at again. A piece that another worker is sending needs nothing:
// that worker goes on to what follows.
func (c *Channels) later(tx database.Tx, n Send) error {
	d, ok, err := oldestOpen(tx, n)
	if err != nil || !ok {
		return err
	}
	if d.Status == StatePending && d.NotBefore != nil && d.NotBefore.After(tx.Now) {
		return jobs.ErrLater{Delay: d.NotBefore.Sub(tx.Now)}
	}
	if d.Status == StateSending && d.ErrorCode == codeUnknown && d.ClaimedAt != nil {
		return jobs.ErrLater{Delay: max(d.ClaimedAt.Add(unknownFor).Sub(tx.Now), time.Second)}
	}
	return nil
}

const (
	codeUnknown = "outcome_unknown"
	codePaced   = "paced"
)

func (c *Channels) postpone(ctx context.Context, d Delivery, wait time.Duration, code string) error {
	err := c.db.InTx(ctx, func(tx database.Tx) error {
		at := tx.Now.Add(wait)
		_, err := finish(tx, d, result{status: StatePending, code: code, notBefore: &at, untried: code == codePaced})
		return err
	})
	if err != nil {
		return err
	}
	return jobs.ErrLater{Delay: wait}
}

// record writes what became of an attempt and tells whether to go on with the next piece.
func (c *Channels) record(ctx context.Context, d Delivery, ch Channel, external string, sendErr error) (more bool, err error) {
	if sendErr == nil {
		return true, c.db.InTx(ctx, func(tx database.Tx) error {
			if _, err := finish(tx, d, result{status: StateSent, rank: ranks[StateSent], external: c.externalHash(d.MerchantID, external)}); err != nil {
				return err
			}
			if ch.Problem != "" {
				return setProblem(tx, d.MerchantID, d.ChannelID, "")
			}
			return nil
		})
	}
	var e *SendError
	if !errors.As(sendErr, &e) {
		e = &SendError{Code: codeUnknown, Unsure: true, Err: sendErr}
	}
	c.log.WarnContext(ctx, "a message could not be sent", "platform", ch.Platform, "channel", ch.ID, "delivery", d.ID,
		"code", e.Code, "attempt", d.Attempts, "retry", e.Retry || e.Unsure)
	if e.Problem != "" {
		if err := c.db.InTx(ctx, func(tx database.Tx) error { return setProblem(tx, d.MerchantID, d.ChannelID, e.Problem) }); err != nil {
			return false, err
		}
	}
	switch {
	case e.Unsure:
		open := false
		err := c.db.InTx(ctx, func(tx database.Tx) (err error) {
			open, err = finish(tx, d, result{status: StateSending, code: codeUnknown})
			return err
		})
		if err != nil || !open { // a status told its fate already: go on with the next
			return err == nil, err
		}
		return false, jobs.ErrLater{Delay: unknownFor}
	case e.Retry && d.Attempts < maxAttempts:
		return false, c.postpone(ctx, d, backoff(e, d.Attempts), e.Code)
	default:
		return true, c.db.InTx(ctx, func(tx database.Tx) error { return c.end(tx, &d, e.Code) })
	}
}

// backoff doubles, or multiplies by After where the platform wants that, with a fifth of chance on top.
func backoff(e *SendError, attempt int64) time.Duration {
	wait, factor := max(e.After, time.Second), time.Duration(2)
	if e.Grow {
		factor = max(e.After/time.Second, 2)
	}
	for i := int64(1); i < attempt && wait < maxBackoff; i++ {
		wait *= factor
	}
	wait = min(wait, maxBackoff)
	return wait + rand.N(wait/5+1)
}

// Wake promises again what a worker left unfinished, e.g. because its process was killed.
func (c *Channels) Wake(ctx context.Context) error {
	list, err := staleParties(c.db.Read(ctx), c.db.Now().Add(-unknownFor-10*time.Second), wakeAtOnce)
	if err != nil || len(list) == 0 {
		return err
	}
	return c.db.InTx(ctx, func(tx database.Tx) error {
		for _, n := range list {
			if err := c.desk.Announce(tx, n); err != nil {
				return err
			}
		}
		return nil
	})
}
