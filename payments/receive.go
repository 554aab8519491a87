package payments

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"sotto.chat/internal/database"
	"sotto.chat/internal/fault"
	"sotto.chat/internal/jobs"
	"sotto.chat/internal/money"
	"sotto.chat/payments/accounts"
	"sotto.chat/payments/payouts"
)

// largestEvent is more than Stripe sends.
const largestEvent = 1 << 20

// ErrLargeEvent refuses a body that no event has.
var ErrLargeEvent = fault.New(fault.TooLarge, "webhook_large", "The webhook's body is larger than any event.")

// ReceiveStripe takes a webhook of a merchant's own account, or of the platform's when merchant is empty. It checks the signature over
// the raw bytes with every configured secret, the time in both directions and the mode, stores the event once and announces it.
// A nil error means that it is safe here; whatever else happens is done later.
func (p *Payments) ReceiveStripe(ctx context.Context, merchant string, raw []byte, signature string) error {
	doors, err := p.receiving(ctx, merchant)
	if err != nil {
		return err
	}
	if len(raw) > largestEvent {
		return ErrLargeEvent
	}
	for _, acct := range doors {
		var e signedEvent
		if e, err = verify(raw, signature, acct.Secrets, p.db.Now()); errors.Is(err, ErrBadSignature) {
			continue
		}
		if err != nil {
			return err
		}
		if e.Live != live(acct.Key) {
			p.cfg.Log.WarnContext(ctx, "an event of the wrong mode was refused", "event", e.ID, "kind", e.Kind, "live", e.Live)
			return ErrWrongMode
		}
		return p.db.InTx(ctx, func(tx database.Tx) error { return p.keep(tx, merchant, acct, e) })
	}
	return err
}

// receiving are the accounts whose secrets a webhook door uses, while a rotation lasts also those before: never another merchant's.
func (p *Payments) receiving(ctx context.Context, merchant string) ([]account, error) {
	if merchant == "" {
		acct, err := p.platform()
		return []account{acct}, err
	}
	all, err := p.ownAll(ctx, merchant)
	if err == nil && !slices.ContainsFunc(all, func(a account) bool { return len(a.Secrets) > 0 }) {
		err = ErrNoWebhooks
	}
	return all, err
}

// keep stores an event's ids and facts, and announces it unless it concerns nobody.
func (p *Payments) keep(tx database.Tx, merchant string, acct account, e signedEvent) error {
	other := e.Account != "" && e.Account != acct.Name && acct.Name != accounts.Own
	if e.Facts.Account = acct.Name; other && merchant == "" && strings.HasPrefix(e.Account, "acct_") {
		e.Facts.Account, other = e.Account, false // of an account that the platform's key acts for
	}
	row := event{MerchantID: merchant, ID: e.ID, Kind: e.Kind, ObjectID: e.Object, IntentID: e.Facts.intent(e.Kind), Facts: e.Facts, ReceivedAt: tx.Now}
	switch {
	case other:
		row.HandledAt, row.Outcome = &tx.Now, "other_account"
	case !handled(e.Kind), e.Object == "":
		row.HandledAt, row.Outcome = &tx.Now, "not_needed"
	case subject(e.Kind) == aPayout: // about no payment
		row.HandledAt, row.Outcome = &tx.Now, outcomePayout
		if fresh, err := insertEvent(tx, &row); err != nil || !fresh {
			return err
		}
		return p.desk.Announce(tx, PayoutTold{merchant, e.ID})
	}
	return p.arrived(tx, row)
}

// outcomePayout is noted of an event about money on its way to the bank.
const outcomePayout = "payout"

// PayoutTold is news: the provider told of money on its way to the shop's bank. Merchant is empty for the platform's own account.
type PayoutTold struct {
	Merchant string `json:"merchant"`
	Event    string `json:"event"`
}

// NewsKind names the news.
func (PayoutTold) NewsKind() string { return "payments.payout_told" }

// seePayout is the job behind a payout's event: it notes how the payout stands, and reads the statement, which alone counts in the ledger.
func (p *Payments) seePayout(ctx context.Context, n PayoutTold) error {
	ev, ok, err := readEvent(p.db.Read(ctx), n.Merchant, n.Event)
	if err != nil || !ok {
		return err
	}
	acct, owners, err := p.holders(ctx, n.Merchant, ev.Facts.Account)
	if errors.Is(err, ErrNoAccount) || errors.Is(err, ErrOldAccount) || err == nil && len(owners) == 0 {
		return nil
	}
	if err != nil {
		return err
	}
	f, owner := ev.Facts, ""
	if len(owners) == 1 {
		owner = owners[0]
	}
	sum, err := money.FromStripe(orNone(f.Amount), f.Currency)
	if err != nil || f.ID == "" || f.Status == "" {
		p.cfg.Log.WarnContext(ctx, "a payout's event cannot be read", "event", n.Event)
		return nil
	}
	err = p.db.InTx(ctx, func(tx database.Tx) error {
		_, err := payouts.Tell(tx, payouts.Payout{MerchantID: owner, Account: acct.Name, ID: f.ID, Amount: sum.Amount, Currency: sum.Currency, Status: f.Status,
			Failure: f.Reason, ArrivesAt: time.Unix(f.Arrives, 0).UTC(), CreatedAt: time.Unix(f.Created, 0).UTC()})
		return err
	})
	if err != nil {
		return err
	}
	return p.takeBalance(ctx, acct, owners)
}

// holders gives the account of an event that was verified already, and the merchants whose money is in it.
func (p *Payments) holders(ctx context.Context, merchant, name string) (acct account, owners []string, err error) {
	switch {
	case merchant != "":
		acct, err = p.receivingNow(ctx, merchant, name)
		return acct, []string{merchant}, err
	case name == "":
		if acct, err = p.platform(); err == nil {
			owners, err = p.guests(ctx)
		}
		return acct, owners, err
	}
	all, err := p.register.All(ctx)
	for _, m := range all {
		if acct, err = p.accountNamed(ctx, m.ID, name); err == nil {
			return acct, []string{m.ID}, nil
		}
	}
	return acct, nil, orElse(err, ErrOldAccount)
}

// arrived stores a new event and announces it; a known one is nothing new.
func (p *Payments) arrived(tx database.Tx, row event) error {
	fresh, err := insertEvent(tx, &row)
	if err != nil || !fresh || row.HandledAt != nil {
		return err
	}
	return p.desk.Announce(tx, EventArrived{row.MerchantID, row.ID})
}

// Fact is what an event turned out to mean: what was read at the provider, and what the event itself says. Give it to Apply.
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
	kind    string
	told    facts
	method  string
	word    *Word  // set: it speaks for itself
	remote  remote // without a session: the provider did not tell
}

// Resolve reads at the provider how things stand now, whenever the event was made. Where the provider does not tell, the event's own
// facts are left to speak.
func (p *Payments) Resolve(ctx context.Context, merchant, eventID string) (Fact, error) {
	ev, ok, err := readEvent(p.db.Read(ctx), merchant, eventID)
	if err != nil {
		return Fact{}, err
	}
	if !ok {
		return Fact{}, fmt.Errorf("%w: no event %s", jobs.ErrNever, eventID)
	}
	f := Fact{source: merchant, event: eventID, known: ev.HandledAt != nil, kind: ev.Kind, told: ev.Facts, method: MethodStripe}
	if f.known {
		return f, nil
	}
	if aWordOf(ev.Kind) {
		return f, p.resolveWord(ctx, ev, &f)
	}
	acct, err := p.receivingNow(ctx, merchant, ev.Facts.Account)
	if errors.Is(err, ErrNoAccount) || errors.Is(err, ErrOldAccount) {
		f.outcome = "account_gone"
		return f, nil
	}
	if err != nil {
		return f, err
	}
	f.account, f.live = acct.Name, live(acct.Key)
	if err := p.ask(ctx, acct, ev, &f); err != nil || f.outcome != "" {
		return f, err
	}
	pay, err := p.Get(ctx, f.Merchant, f.Payment)
	if errors.Is(err, ErrUnknownPay) {
		return f, nil // Apply says so
	}
	f.Order = pay.OrderID
	return f, err
}

// receivingNow is the account of an event that was verified already: its secret may have gone since, and its account another one's before.
func (p *Payments) receivingNow(ctx context.Context, merchant, name string) (account, error) {
	switch {
	case merchant == "" && name == "":
		return p.platform()
	case merchant == "":
		acct, err := p.platform()
		return accounts.Of(name, acct.Key, nil), err
	case name != "":
		return p.accountNamed(ctx, merchant, name)
	}
	acct, ok, err := p.own(ctx, merchant)
	if err == nil && !ok {
		err = ErrOldAccount
	}
	return acct, err
}

// Limits of asking.
const (
	// readFor bounds the reading of one event's object, so that time is left to do without it.
	readFor = 10 * time.Second
	// patience is how long an event waits for a provider that cannot be reached, before it counts on its own.
	patience = 2 * time.Minute
)

// ask reads an event's object at the provider and finds whose it is: by what we wrote on it, else by our own rows.
func (p *Payments) ask(ctx context.Context, acct account, ev event, f *Fact) error {
	reading, cancel := context.WithTimeout(ctx, readFor)
	defer cancel()
	var silent error
	if subject(ev.Kind) != aSession && ev.IntentID == "" {
		ev.IntentID, silent = p.stripe.intentOf(reading, acct.Key, ev.Kind, ev.ObjectID)
		f.told.Intent = ev.IntentID
	}
	at, err := p.locate(ctx, acct.Name, ev)
	if err != nil {
		return err
	}
	if silent == nil {
		f.remote, silent = p.read(reading, acct.Key, ev, at.ExternalID)
	}
	if silent != nil {
		if err := p.doWithout(ctx, ev, silent); err != nil {
			return err
		}
	}
	r := &f.remote
	if r.Merchant == "" || r.Payment == "" {
		r.Merchant, r.Payment, r.Attempt = at.MerchantID, at.PaymentID, at.Attempt
	}
	switch {
	case gone(silent) && (r.Payment == "" || ev.Kind == pollKind):
		f.outcome = outcomeUnknown
	case r.Payment == "" || ev.MerchantID != "" && ev.MerchantID != r.Merchant:
		f.outcome = outcomeNotOurs
	case r.Session == "" && ev.Kind == pollKind:
		f.outcome = "unreadable" // the next look asks again
	default:
		f.Merchant, f.Payment = r.Merchant, r.Payment
	}
	return nil
}

// doWithout lets an event go on without what the provider's API did not tell: at once when it will not tell, else after some patience.
func (p *Payments) doWithout(ctx context.Context, ev event, silent error) error {
	answer := refusal(silent)
	if (answer == nil || !answer.untold()) && (ctx.Err() != nil || p.db.Now().Sub(ev.ReceivedAt) < patience) {
		return ErrUpstream.Because(silent)
	}
	if !gone(silent) {
		p.cfg.Log.WarnContext(ctx, "the provider's API does not tell; its signed event counts alone", "event", ev.ID, "kind", ev.Kind, "error", silent)
	}
	return nil
}

// locate finds an event's object among our own rows: its session or its intent, else the payment whose marks the event bears. What is
// known as money alone (a second coin has no attempt) comes back without an attempt's number.
func (p *Payments) locate(ctx context.Context, account string, ev event) (a attempt, err error) {
	db, session := p.db.Read(ctx), ""
	if subject(ev.Kind) == aSession {
		session = ev.ObjectID
	}
	a, ok, err := readAttemptOf(db, ev.MerchantID, account, session, ev.IntentID)
	if err != nil || ok {
		return a, err
	}
	if session == "" && ev.IntentID != "" {
		coin, ok, err := readCoinOf(db, ev.MerchantID, account, ev.IntentID)
		if err != nil || ok {
			return attempt{MerchantID: coin.MerchantID, PaymentID: coin.PaymentID}, err
		}
	}
	f := ev.Facts
	if f.Merchant == "" || f.Payment == "" {
		return attempt{}, nil
	}
	a, ok, err = readAttempt(db, f.Merchant, f.Payment, f.Attempt)
	if err != nil || ok {
		return a, err
	}
	if a, ok, err = readLastAttempt(db, f.Merchant, f.Payment); !ok {
		a = attempt{MerchantID: f.Merchant, PaymentID: f.Payment} // Apply says how little is known of it
	}
	return a, err
}

// read finds the session that an event is about, with all that hangs on it; none without an error when there is none.
func (p *Payments) read(ctx context.Context, key string, ev event, session string) (r remote, err error) {
	if subject(ev.Kind) == aSession {
		session = ev.ObjectID
	}
	switch {
	case session != "":
		r, err = p.stripe.session(ctx, key, session)
	case ev.IntentID != "":
		r, _, err = p.stripe.sessionOf(ctx, key, ev.IntentID)
	}
	if err == nil && r.Session != "" {
		err = p.readMore(ctx, key, ev.Kind, &r)
	}
	return r, err
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
		r.dropReleased()
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
