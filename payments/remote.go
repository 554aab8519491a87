package payments

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"sotto.chat/internal/database"
	"sotto.chat/internal/fault"
	"sotto.chat/internal/money"
	"sotto.chat/payments/accounts"
)

// signedEvent is what is read of a webhook. The object itself is read anew, so that neither the order of arrival nor an old snapshot
// can mislead; its facts count where they tell more.
type signedEvent struct {
	ID, Kind, Object, Account string
	Live                      bool
	Created                   time.Time
	Facts                     facts
}

// remote is one session as it stands at the provider, with all that hangs on it.
type remote struct {
	Session, Status, PaymentStatus, URL string
	Live                                bool
	Created                             time.Time
	// Merchant, Payment and Attempt are what we wrote on it.
	Merchant, Payment string
	Attempt           int64
	// Asked is what the customer was asked for, in the currency that we named; Received what came; Shown what the page said, in the
	// provider's units. Odd marks an amount that has no exact form here.
	Asked, Received, Shown money.Money
	Odd                    bool
	// Told marks money that an event told of and the provider's API did not.
	Told                 bool
	Intent, IntentStatus string
	Customer             string // what the provider calls who paid, where it was asked to know them
	Disputed             bool
	Returned             int64 // without Released: what was held and never taken counts as refunded at the provider
	Released             int64
	Refunds              []remoteRefund
	Disputes             []remoteDispute
	// Back is all that ever went back of a charge, when an event told it.
	Back *givenBack
}

// givenBack is a charge's own sum of what went back.
type givenBack struct {
	Charge string
	Sum    money.Money
	Grain  int64 // by how much Sum may be off, where it stands for another currency
}

type remoteRefund struct {
	ID, Ours, Status string
	Amount           money.Money
	Unit             int64 // in the provider's units, as it says
	Created          time.Time
	// nameless marks a refund that the provider does not tell our own id of.
	nameless bool
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

// came is what came. A session without an intent took what it asked for.
func (r remote) came() money.Money {
	if r.Intent == "" {
		return r.Asked
	}
	return r.Received
}

// state is the session's state in our words.
func (r remote) state() sessionState {
	switch {
	case r.paid():
		return sessionPaid
	case r.Status == "expired":
		return sessionExpired
	case r.Status != "complete":
		return sessionOpen
	case r.IntentStatus == "requires_payment_method" || r.IntentStatus == "canceled":
		return sessionFailed
	}
	return sessionProcessing // a transfer under way, a voucher printed and not yet paid, money held
}

// inOneForm gives refusals that are not in Stripe's form (of a proxy, of a stand-in without that address) the form that the library
// reads, so that their status is not lost and their text goes nowhere.
func inOneForm(client *http.Client) *http.Client {
	one := *client
	one.Transport = oneForm{client.Transport}
	return &one
}

type oneForm struct{ next http.RoundTripper }

// RoundTrip makes one request.
func (t oneForm) RoundTrip(req *http.Request) (*http.Response, error) {
	next := t.next
	if next == nil {
		next = http.DefaultTransport
	}
	res, err := next.RoundTrip(req)
	if err != nil || res.StatusCode < 400 {
		return res, err
	}
	body, err := io.ReadAll(io.LimitReader(res.Body, 1<<20))
	_ = res.Body.Close()
	var known struct{ Error *struct{} }
	if err != nil || json.Unmarshal(body, &known) != nil || known.Error == nil {
		body = []byte(`{"error":{"type":"api_error"}}`)
	}
	res.Body, res.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	return res, nil
}

// errUnreadable stands for an answer without sense; the library's own error would quote it.
var errUnreadable = errors.New("stripe's answer cannot be read")

// wordless lets errors of the network and of time pass.
func wordless(err error) error {
	if _, network := errors.AsType[*url.Error](err); err == nil || network || errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) {
		return err
	}
	return errUnreadable
}

// account is a Stripe account: the platform's (named "") or a merchant's own.
type account = accounts.Account

// Failures of accounts.
var (
	ErrNoAccount    = fault.New(fault.Unavailable, "payments_off", "This merchant cannot take payments: no Stripe key is configured.")
	ErrKey          = fault.New(fault.Upstream, "stripe_key_refused", "Stripe does not take this shop's key any more: put a new one into the settings.")
	ErrPermission   = fault.New(fault.Upstream, "stripe_permission_missing", "This shop's Stripe key lacks a permission: give it to the key at Stripe, or take another key.")
	ErrOldAccount   = fault.New(fault.Conflict, "payment_account_gone", "This was paid into a Stripe account that is no longer connected here.")
	ErrUpstream     = fault.New(fault.Upstream, "payment_provider_failed", "The payment provider did not answer as it should; please try again in a moment.")
	ErrNoWebhooks   = fault.New(fault.NotFound, "webhooks_off", "No webhook secret is configured here.")
	ErrUnknownPay   = fault.New(fault.NotFound, "payment_not_found", "There is no such payment.")
	ErrUnknownLink  = fault.New(fault.NotFound, "pay_link_unknown", "This pay link is not one of ours.")
	ErrBadSignature = fault.New(fault.Invalid, "webhook_signature", "The webhook is not signed with a secret that is configured here.")
	ErrBadEvent     = fault.New(fault.Invalid, "webhook_event", "The webhook is no event that can be read.")
	ErrWrongMode    = fault.New(fault.Invalid, "webhook_mode", "Test events do not belong on a live account, nor live ones on a test account.")
)

// ownAll reads a merchant's accounts, the one in use first; none when it has none.
func (p *Payments) ownAll(ctx context.Context, merchant string) ([]account, error) {
	var kept accounts.Kept
	ok, err := p.register.Credential(ctx, merchant, "stripe", &kept)
	if err != nil || !ok {
		return nil, err
	}
	return kept.All(p.cfg.PlatformKey), nil
}

// own reads the account of a merchant that is in use; ok is false when it has none.
func (p *Payments) own(ctx context.Context, merchant string) (account, bool, error) {
	all, err := p.ownAll(ctx, merchant)
	if err != nil || len(all) == 0 {
		return account{}, false, err
	}
	return all[0], true, nil
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
	all, err := p.ownAll(ctx, merchant)
	for _, a := range all {
		if a.Name == name {
			return a, nil
		}
	}
	if err == nil {
		err = ErrOldAccount
	}
	return account{}, err
}

// SetStripe gives a merchant an own Stripe account, or a new key or new secrets of it. What was used before is kept while the rotation
// lasts, so that no webhook and no refund is lost; with forget it goes at once.
func (p *Payments) SetStripe(tx database.Tx, merchant string, next accounts.Kept, forget bool) error {
	if err := next.Check(); err != nil {
		return err
	}
	var old accounts.Kept
	if _, err := p.register.FindCredential(tx, merchant, "stripe", &old); err != nil {
		return err
	}
	return p.register.SetCredential(tx, merchant, "stripe", next.After(old, forget))
}

// TryStripe finds out what the key of the account that a merchant's money goes to may do.
func (p *Payments) TryStripe(ctx context.Context, merchant string) (accounts.Verdict, error) {
	acct, err := p.account(ctx, merchant)
	if err != nil {
		return accounts.Verdict{}, err
	}
	return p.stripe.try(ctx, acct)
}

// What a word can say.
const (
	WordPaid     = "word.paid"
	WordPending  = "word.pending"  // a slow method is on its way
	WordFailed   = "word.failed"   // it did not bring the money
	WordReturned = "word.returned" // money went back, or failed to: see Word.Status
)

// Word is what a provider other than Stripe, or a member of staff, says about money. Whoever gives it has verified it: its signature,
// its merchant and its account.
type Word struct {
	// ID is the provider's own id of this telling: the same twice is one.
	ID string
	// Reference is the offer's; without one, money that was counted before is found by its Coin.
	Method, Account, Reference string
	Kind                       string
	// Coin is the provider's own id of the money, unique in the account; without one the reference counts as such.
	Coin string
	// Refund is the provider's id of the refund, OurRefund ours if the provider tells it. Status is one of the Refund states; empty is RefundSucceeded.
	Refund, OurRefund, Status string
	Amount                    money.Money
	// Fee is what the provider kept, if it tells.
	Fee *money.Money
	At  time.Time
}

// ErrBadWord refuses a word that cannot be about money of ours.
var ErrBadWord = fault.New(fault.Invalid, "word_invalid", "This says nothing about money that can be understood.")

func (w Word) check() error {
	switch w.Kind {
	case WordPaid, WordPending, WordFailed, WordReturned:
	default:
		return ErrBadWord
	}
	if w.ID == "" || w.Method == MethodStripe || !knownMethod(w.Method) || w.Reference == "" && w.Coin == "" {
		return ErrBadWord
	}
	if w.Amount.Amount < 0 || w.Amount.Amount > largestSum || (w.Kind == WordPaid || w.Kind == WordReturned) && w.Amount.Currency == "" {
		return ErrBadWord
	}
	return nil
}

// Hear stores a word once and announces it: it goes the way of a signed event of Stripe's, and nobody outside is asked about it.
func (p *Payments) Hear(tx database.Tx, merchant string, w Word) error {
	if err := w.check(); err != nil {
		return err
	}
	return p.arrived(tx, event{MerchantID: merchant, ID: w.event(), Kind: w.Kind, ObjectID: w.Reference, IntentID: w.Coin, Facts: w.facts(), ReceivedAt: tx.Now})
}

// event is the id under which the word is stored.
func (w Word) event() string { return w.Method + ":" + w.Account + ":" + w.ID }

func (w Word) facts() facts { return facts{Intent: w.Coin, Word: &w} }

// HearNow is Hear in a transaction of its own.
func (p *Payments) HearNow(ctx context.Context, merchant string, w Word) error {
	return p.db.InTx(ctx, func(tx database.Tx) error { return p.Hear(tx, merchant, w) })
}

// What is noted of a word that does not fit what we gave out.
const outcomeForged = "forged_reference"

func aWordOf(kind string) bool { return strings.HasPrefix(kind, "word.") }

// resolveWord finds whose a word is, among our own rows alone.
func (p *Payments) resolveWord(ctx context.Context, ev event, f *Fact) error {
	w, db := ev.Facts.Word, p.db.Read(ctx)
	if w == nil {
		f.outcome = outcomeUnknown
		return nil
	}
	f.word, f.method, f.account = w, w.Method, w.Account
	a, pay, ok, err := p.offerOf(ctx, ev.MerchantID, w.Reference)
	if err != nil {
		return err
	}
	if ok && (a.Method != w.Method || a.Account != w.Account || !p.bound(a, pay)) {
		f.outcome, f.remote.Payment = outcomeForged, pay.ID
		p.cfg.Log.ErrorContext(ctx, "a word about money does not fit what was offered", "payment", pay.ID, "method", w.Method, "kind", w.Kind)
		return nil
	}
	if !ok {
		coin, known, err := readCoinOf(db, ev.MerchantID, w.Account, w.Coin)
		if err != nil {
			return err
		}
		if !known || coin.Method != w.Method {
			f.outcome = outcomeUnknown
			if w.Kind == WordPaid {
				p.cfg.Log.ErrorContext(ctx, "money came for what is not known here", "merchant", ev.MerchantID, "method", w.Method)
			}
			return nil
		}
		a = attempt{MerchantID: ev.MerchantID, PaymentID: coin.PaymentID, Method: w.Method, Account: w.Account}
	}
	f.Merchant, f.Payment, f.remote = ev.MerchantID, a.PaymentID, w.remote(a)
	f.Order = pay.OrderID
	return nil
}

func (p *Payments) offerOf(ctx context.Context, merchant, reference string) (attempt, Payment, bool, error) {
	if reference == "" {
		return attempt{}, Payment{}, false, nil
	}
	row, ok, err := readOffered(p.db.Read(ctx), reference)
	if err != nil || !ok || row.MerchantID != merchant {
		return attempt{}, Payment{}, false, err
	}
	return row.attempt(), row.Payment, true, nil
}

// remote gives a word the form in which Stripe's tellings are settled.
func (w Word) remote(a attempt) remote {
	r := remote{Session: a.ExternalID, Status: "open", Merchant: a.MerchantID, Payment: a.PaymentID, Attempt: a.Attempt, Intent: w.Coin, Told: true}
	switch w.Kind {
	case WordPaid:
		r.Status, r.PaymentStatus, r.Asked, r.Received = "complete", "paid", w.Amount, w.Amount
	case WordPending:
		r.Status, r.IntentStatus = "complete", "processing"
	case WordFailed:
		r.Status, r.IntentStatus = "complete", "requires_payment_method"
	case WordReturned:
		if r.Intent == "" {
			r.Intent = a.IntentID
		}
		r.Refunds = []remoteRefund{w.refund(r.coin())}
	}
	return r
}

// feeOf puts the fee that a word tells on its coin, and tells whether that is new.
func (f Fact) feeOf(coin *receipt) bool {
	if f.word == nil || f.word.Kind != WordPaid || f.word.Fee == nil || coin.Fee != nil {
		return false
	}
	coin.Fee, coin.FeeCurrency = &f.word.Fee.Amount, f.word.Fee.Currency
	return true
}

func (w Word) refund(coin string) remoteRefund {
	r := remoteRefund{ID: w.Refund, Ours: w.OurRefund, Status: w.Status, Amount: w.Amount, Created: w.At.UTC(), nameless: w.OurRefund == ""}
	if r.ID == "" {
		r.ID = wholeRefund(coin)
	}
	if r.Status == "" {
		r.Status = RefundSucceeded
	}
	return r
}

// wholeRefund names a refund that the provider has no id for: such go back whole, once.
func wholeRefund(coin string) string { return "back-" + coin }
