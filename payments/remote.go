package payments

import (
	"context"
	"slices"
	"time"

	"sotto.chat/internal/fault"
	"sotto.chat/internal/money"
)

// signedEvent is what is kept of a webhook: its ids. The object itself is read anew, so that neither the order of arrival nor an
// old snapshot nor another version of the API can mislead.
type signedEvent struct {
	ID, Kind, Object, Account string
	Live                      bool
	Created                   time.Time
}

// handledKinds are the events that lead to a new reading. All others are noted and left.
// payment_intent.payment_failed is not among them: it is one attempt inside a session that stays open.
var handledKinds = []string{
	"checkout.session.completed", "checkout.session.async_payment_succeeded", "checkout.session.async_payment_failed", "checkout.session.expired",
	"payment_intent.succeeded", "payment_intent.processing", "payment_intent.canceled",
	"charge.refunded", "charge.refund.updated", "refund.created", "refund.updated", "refund.failed",
	"charge.dispute.created", "charge.dispute.updated", "charge.dispute.funds_withdrawn", "charge.dispute.funds_reinstated", "charge.dispute.closed",
}

// pollKind is the kind of an event that we made ourselves after looking.
const pollKind = "checkout.session.looked_at"

func handled(kind string) bool { return kind == pollKind || slices.Contains(handledKinds, kind) }

// remote is one session as it stands at the provider, with all that hangs on it.
type remote struct {
	Session, Status, PaymentStatus, URL string
	Live                                bool
	Created                             time.Time
	// Merchant, Payment and Attempt are what we wrote on it.
	Merchant, Payment string
	Attempt           int64
	// Asked is what the customer was asked for, in the currency that we named; Received what came. Odd marks an amount that
	// has no exact form here.
	Asked, Received      money.Money
	Odd                  bool
	Intent, IntentStatus string
	Disputed             bool
	Returned             int64
	Refunds              []remoteRefund
	Disputes             []remoteDispute
}

type remoteRefund struct {
	ID, Ours, Status string
	Amount           money.Money
	Created          time.Time
}

type remoteDispute struct {
	ID, Status, Reason string
	Amount             money.Money
	Created            time.Time
}

// paid tells whether the money is here.
func (r remote) paid() bool {
	return r.PaymentStatus == "paid" || r.PaymentStatus == "no_payment_required" || r.IntentStatus == "succeeded"
}

// coin is the id under which the money counts, once.
func (r remote) coin() string {
	if r.Intent != "" {
		return r.Intent
	}
	return r.Session
}

// state is the session's state in our words.
func (r remote) state() sessionState {
	switch {
	case r.paid():
		return sessionPaid
	case r.Status == "open":
		return sessionOpen
	case r.Status == "expired":
		return sessionExpired
	case r.IntentStatus == "requires_payment_method" || r.IntentStatus == "canceled":
		return sessionFailed
	}
	return sessionProcessing // a transfer under way, a voucher printed and not yet paid, money held
}

// account is a Stripe account: the platform's (named "") or a merchant's own.
type account struct {
	Name    string
	Key     string
	Secrets []string
}

// credential is how a merchant's own account is kept, sealed, by the room merchants under the kind "stripe".
type credential struct {
	SecretKey      string   `json:"secret_key"`
	WebhookSecrets []string `json:"webhook_secrets"`
	Account        string   `json:"account"`
}

// ownAccount is the name of a merchant's account whose id was not given.
const ownAccount = "own"

// Failures of accounts.
var (
	ErrNoAccount    = fault.New(fault.Unavailable, "payments_off", "This merchant cannot take payments: no Stripe key is configured.")
	ErrOldAccount   = fault.New(fault.Conflict, "payment_account_gone", "This was paid into a Stripe account that is no longer connected here.")
	ErrUpstream     = fault.New(fault.Upstream, "payment_provider_failed", "The payment provider did not answer as it should; please try again in a moment.")
	ErrNoWebhooks   = fault.New(fault.NotFound, "webhooks_off", "No webhook secret is configured here.")
	ErrUnknownPay   = fault.New(fault.NotFound, "payment_not_found", "There is no such payment.")
	ErrUnknownLink  = fault.New(fault.NotFound, "pay_link_unknown", "This pay link is not one of ours.")
	ErrBadSignature = fault.New(fault.Invalid, "webhook_signature", "The webhook is not signed with a secret that is configured here.")
	ErrBadEvent     = fault.New(fault.Invalid, "webhook_event", "The webhook is no event that can be read.")
	ErrWrongMode    = fault.New(fault.Invalid, "webhook_mode", "Test events do not belong on a live account, nor live ones on a test account.")
)

// own reads a merchant's account; ok is false when it has none.
func (p *Payments) own(ctx context.Context, merchant string) (account, bool, error) {
	var c credential
	ok, err := p.register.Credential(ctx, merchant, "stripe", &c)
	if err != nil || !ok || c.SecretKey == "" {
		return account{}, false, err
	}
	if c.Account == "" {
		c.Account = ownAccount
	}
	return account{Name: c.Account, Key: c.SecretKey, Secrets: c.WebhookSecrets}, true, nil
}

func (p *Payments) platform() (account, error) {
	if p.cfg.PlatformKey == "" {
		return account{}, ErrNoAccount
	}
	return account{Key: p.cfg.PlatformKey, Secrets: p.cfg.PlatformSecrets}, nil
}

// account is where a merchant's new money goes.
func (p *Payments) account(ctx context.Context, merchant string) (account, error) {
	if merchant != "" {
		if a, ok, err := p.own(ctx, merchant); ok || err != nil {
			return a, err
		}
	}
	return p.platform()
}

// accountNamed is the account in which something was made before.
func (p *Payments) accountNamed(ctx context.Context, merchant, name string) (account, error) {
	if name == "" {
		return p.platform()
	}
	a, ok, err := p.own(ctx, merchant)
	if err == nil && (!ok || a.Name != name) {
		err = ErrOldAccount
	}
	return a, err
}
