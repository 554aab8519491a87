package payments

import (
	"context"
	"strings"
	"time"

	"sotto.chat/internal/database"
	"sotto.chat/internal/fault"
	"sotto.chat/internal/money"
)

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
	return p.arrived(tx, event{MerchantID: merchant, ID: w.Method + ":" + w.Account + ":" + w.ID, Kind: w.Kind, ObjectID: w.Reference, IntentID: w.Coin,
		Facts: facts{Intent: w.Coin, Word: &w}, ReceivedAt: tx.Now})
}

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
