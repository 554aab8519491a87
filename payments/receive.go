package payments

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"sotto.chat/internal/database"
	"sotto.chat/internal/fault"
	"sotto.chat/internal/jobs"
)

// largestEvent is more than Stripe sends.
const largestEvent = 1 << 20

// ErrLargeEvent refuses a body that no event has.
var ErrLargeEvent = fault.New(fault.TooLarge, "webhook_large", "The webhook's body is larger than any event.")

// ReceiveStripe takes a webhook of a merchant's own account, or of the platform's when merchant is empty. It checks the signature over
// the raw bytes with every configured secret, the time in both directions and the mode, stores the event's ids once and announces it.
// A nil error means that it is safe here; whatever else happens is done later.
func (p *Payments) ReceiveStripe(ctx context.Context, merchant string, raw []byte, signature string) error {
	acct, err := p.receiving(ctx, merchant)
	if err != nil {
		return err
	}
	if len(raw) > largestEvent {
		return ErrLargeEvent
	}
	e, err := verify(raw, signature, acct.Secrets, p.db.Now())
	if err != nil {
		return err
	}
	if e.Live != live(acct.Key) {
		p.cfg.Log.WarnContext(ctx, "an event of the wrong mode was refused", "event", e.ID, "kind", e.Kind, "live", e.Live)
		return ErrWrongMode
	}
	return p.db.InTx(ctx, func(tx database.Tx) error { return p.keep(tx, merchant, acct, e) })
}

// receiving is the account whose secrets a webhook door uses: never another one's.
func (p *Payments) receiving(ctx context.Context, merchant string) (account, error) {
	if merchant == "" {
		return p.platform()
	}
	acct, ok, err := p.own(ctx, merchant)
	if err == nil && (!ok || len(acct.Secrets) == 0) {
		err = ErrNoWebhooks
	}
	return acct, err
}

// keep stores an event by its ids, and announces it unless it concerns nobody.
func (p *Payments) keep(tx database.Tx, merchant string, acct account, e signedEvent) error {
	row := event{MerchantID: merchant, ID: e.ID, Kind: e.Kind, ObjectID: e.Object, ReceivedAt: tx.Now}
	switch {
	case e.Account != "" && e.Account != acct.Name && acct.Name != ownAccount:
		row.HandledAt, row.Outcome = &tx.Now, "other_account"
	case !handled(e.Kind), e.Object == "":
		row.HandledAt, row.Outcome = &tx.Now, "not_needed"
	}
	return p.arrived(tx, row)
}

// arrived stores a new event and announces it; a known one is nothing new.
func (p *Payments) arrived(tx database.Tx, row event) error {
	fresh, err := insertEvent(tx, &row)
	if err != nil || !fresh || row.HandledAt != nil {
		return err
	}
	return p.desk.Announce(tx, EventArrived{row.MerchantID, row.ID})
}

// Fact is what an event turned out to mean, read at the provider. Give it to Apply.
type Fact struct {
	// Merchant, Payment and Order tell what it is about; empty when it is about nothing of ours. Who locks the order too does
	// that before Apply locks the payment, as everything else that touches both.
	Merchant, Payment, Order string

	source  string // the merchant under whom the event is stored
	event   string
	known   bool
	outcome string // set: there is nothing to apply
	account string
	live    bool
	remote  remote
}

// Resolve reads at the provider how things stand now, whatever the event said when it was made.
func (p *Payments) Resolve(ctx context.Context, merchant, eventID string) (Fact, error) {
	ev, ok, err := readEvent(p.db.Read(ctx), merchant, eventID)
	if err != nil {
		return Fact{}, err
	}
	if !ok {
		return Fact{}, fmt.Errorf("%w: no event %s", jobs.ErrNever, eventID)
	}
	f := Fact{source: merchant, event: eventID, known: ev.HandledAt != nil}
	if f.known {
		return f, nil
	}
	acct, err := p.receivingNow(ctx, merchant)
	if errors.Is(err, ErrNoAccount) || errors.Is(err, ErrOldAccount) {
		f.outcome = "account_gone"
		return f, nil
	}
	if err != nil {
		return f, err
	}
	f.account, f.live = acct.Name, live(acct.Key)
	if f.remote, f.outcome, err = p.read(ctx, acct.Key, ev); err != nil || f.outcome != "" {
		return f, err
	}
	if f.remote.Merchant == "" || f.remote.Payment == "" || merchant != "" && merchant != f.remote.Merchant {
		f.outcome = "not_ours"
		return f, nil
	}
	f.Merchant, f.Payment = f.remote.Merchant, f.remote.Payment
	pay, err := p.Get(ctx, f.Merchant, f.Payment)
	if errors.Is(err, ErrUnknownPay) {
		return f, nil // Apply says so
	}
	f.Order = pay.OrderID
	return f, err
}

// receivingNow is receiving for an event that was verified already: its secret may have gone since.
func (p *Payments) receivingNow(ctx context.Context, merchant string) (account, error) {
	if merchant == "" {
		return p.platform()
	}
	acct, ok, err := p.own(ctx, merchant)
	if err == nil && !ok {
		err = ErrOldAccount
	}
	return acct, err
}

// read finds the session that an event is about, with all that hangs on it. An outcome says that there is nothing of ours.
func (p *Payments) read(ctx context.Context, key string, ev event) (r remote, outcome string, err error) {
	if strings.HasPrefix(ev.Kind, "checkout.session.") {
		r, err = p.stripe.session(ctx, key, ev.ObjectID)
	} else {
		var intent string
		var ok bool
		if intent, err = p.stripe.intentOf(ctx, key, ev.Kind, ev.ObjectID); err == nil && intent != "" {
			r, ok, err = p.stripe.sessionOf(ctx, key, intent)
		}
		if err == nil && !ok {
			return r, "not_ours", nil
		}
	}
	switch {
	case gone(err):
		return r, "unknown_object", nil
	case err != nil:
		return r, "", ErrUpstream.Because(err)
	}
	if err := p.readMore(ctx, key, ev.Kind, &r); err != nil {
		return r, "", ErrUpstream.Because(err)
	}
	return r, "", nil
}

// readMore adds refunds and disputes where there can be any.
func (p *Payments) readMore(ctx context.Context, key, kind string, r *remote) (err error) {
	if r.Intent == "" {
		return nil
	}
	if r.Returned > 0 || strings.Contains(kind, "refund") {
		if r.Refunds, err = p.stripe.refundsOf(ctx, key, r.Intent); err != nil {
			return err
		}
	}
	if r.Disputed || strings.Contains(kind, "dispute") {
		r.Disputes, err = p.stripe.disputesOf(ctx, key, r.Intent)
	}
	return err
}

// Times of payment by slow methods.
const (
	// processingFor is how long goods wait for a transfer or a voucher.
	processingFor = 7 * 24 * time.Hour
	// shortestHold is a hold's life where the merchant's own cannot be read.
	shortestHold = 30 * time.Minute
)
