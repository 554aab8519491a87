package payments

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base32"
	"errors"
	"fmt"
	"maps"
	"time"

	"sotto.chat/internal/database"
	"sotto.chat/internal/fault"
	"sotto.chat/internal/money"
)

// The ways of paying.
const (
	MethodStripe   = "stripe"
	MethodTelegram = "telegram"
	MethodStars    = "stars"
	MethodWeChat   = "wechat"
	MethodWhatsApp = "whatsapp"
	MethodCash     = "cash"
	MethodBank     = "bank"
)

// Offer is one attempt at paying by a method other than Stripe's page.
type Offer struct {
	Merchant, Payment, Order string
	Attempt                  int64
	// Account is where the method takes the money: a channel's id, a WeChat mchid; empty for cash and bank transfers.
	Method, Account string
	// Reference is our name of the offer at the provider: digits and capital letters, unguessable, bound to merchant, payment, attempt,
	// method, account, amount and currency.
	Reference string
	Amount    money.Money
	Items     []Item
	Language  string
	ExpiresAt time.Time
	// Data is what the method keeps of it: a prepay_id, a code_url. Nothing of a person.
	Data map[string]string
}

// What can be wrong with an offer.
var (
	ErrWrongSum  = fault.New(fault.Conflict, "wrong_sum", "This is not the sum that the payment asks for.")
	ErrNotMethod = fault.New(fault.Invalid, "payment_method_unknown", "This is no way of paying.")
)

func knownMethod(m string) bool {
	switch m {
	case MethodStripe, MethodTelegram, MethodStars, MethodWeChat, MethodWhatsApp, MethodCash, MethodBank:
		return true
	}
	return false
}

// Offer gives the payment's live offer by a method, or a new one; ErrLinkDead when the payment cannot be paid.
func (p *Payments) Offer(tx database.Tx, merchant, paymentID, method, account string) (Offer, error) {
	if method == MethodStripe || !knownMethod(method) {
		return Offer{}, ErrNotMethod
	}
	pay, err := lockPayment(tx, merchant, paymentID)
	if err != nil {
		return Offer{}, err
	}
	if err := dead(pay, !pay.ExpiresAt.After(tx.Now)); err != nil {
		return Offer{}, err
	}
	return p.offer(tx, pay, method, account)
}

// offer is Offer for a locked payment that can be paid.
func (p *Payments) offer(tx database.Tx, pay Payment, method, account string) (Offer, error) {
	list, err := readAttempts(tx.DB(), pay.MerchantID, pay.ID)
	if err != nil {
		return Offer{}, err
	}
	for _, a := range list {
		if a.Method == method && a.Account == account && a.Status.live() && p.bound(a, pay) {
			return a.offer(pay), nil
		}
	}
	if err := p.revive(tx, &pay); err != nil {
		return Offer{}, err
	}
	a := attempt{MerchantID: pay.MerchantID, PaymentID: pay.ID, Attempt: next(list), Status: sessionOpen, Method: method, Account: account,
		Data: map[string]string{}, ExpiresAt: pay.ExpiresAt, CreatedAt: tx.Now, UpdatedAt: tx.Now}
	a.ExternalID = p.reference(a, pay)
	if p.providers[method] != nil {
		look := nextLook(tx.Now, a)
		a.LookAt = &look
	}
	return a.offer(pay), insertAttempt(tx, &a)
}

// revive has a payment whose last attempt failed wait for money again.
func (p *Payments) revive(tx database.Tx, pay *Payment) error {
	if pay.Status != Failed {
		return nil
	}
	if err := pay.move(Pending, ""); err != nil {
		return err
	}
	return savePayment(tx, pay)
}

// next is the number of the attempt after these, which are sorted from the last to the first.
func next(list []attempt) int64 {
	if len(list) == 0 {
		return 1
	}
	return list[0].Attempt + 1
}

func (a attempt) offer(pay Payment) Offer {
	return Offer{Merchant: a.MerchantID, Payment: a.PaymentID, Order: pay.OrderID, Attempt: a.Attempt, Method: a.Method, Account: a.Account,
		Reference: a.ExternalID, Amount: pay.Money(), Items: pay.Description, Language: pay.Language, ExpiresAt: pay.ExpiresAt, Data: maps.Clone(a.Data)}
}

// letters has no I, L, O and U: a customer may have to copy a reference by hand.
var letters = base32.NewEncoding("0123456789ABCDEFGHJKMNPQRSTVWXYZ").WithPadding(base32.NoPadding)

// How many bytes of the MAC a reference holds: 32 signs, or 10 where people must write them.
const (
	referenceBytes = 20
	byHandSigns    = 10
)

// reference is the MAC over all that an offer must not be carried away from.
func (p *Payments) reference(a attempt, pay Payment) string {
	h := hmac.New(sha256.New, p.cfg.LinkKey)
	_, _ = fmt.Fprintf(h, "offer|%s|%s|%d|%s|%s|%d|%s", a.MerchantID, a.PaymentID, a.Attempt, a.Method, a.Account, pay.Amount, pay.Currency)
	s := letters.EncodeToString(h.Sum(nil)[:referenceBytes])
	if a.Method == MethodBank {
		return s[:byHandSigns]
	}
	return s
}

// bound tells whether an attempt's reference is the one that we gave to just this payment and sum.
func (p *Payments) bound(a attempt, pay Payment) bool {
	return subtle.ConstantTimeCompare([]byte(a.ExternalID), []byte(p.reference(a, pay))) == 1
}

// OfferBy finds an offer and its payment by the reference; ErrUnknownLink for whatever is not exactly one of ours.
func (p *Payments) OfferBy(ctx context.Context, reference string) (Offer, Payment, error) {
	a, pay, err := p.byReference(ctx, reference)
	return a.offer(pay), pay, err
}

// FindOffer is OfferBy inside a transaction.
func (p *Payments) FindOffer(tx database.Tx, reference string) (Offer, error) {
	row, ok, err := readOffered(tx.DB(), reference)
	if err == nil && (!ok || !p.bound(row.attempt(), row.Payment)) {
		err = ErrUnknownLink
	}
	return row.attempt().offer(row.Payment), err
}

func (p *Payments) byReference(ctx context.Context, reference string) (attempt, Payment, error) {
	if !likeReference(reference) {
		return attempt{}, Payment{}, ErrUnknownLink
	}
	row, ok, err := readOffered(p.db.Read(ctx), reference)
	if err == nil && (!ok || !p.bound(row.attempt(), row.Payment)) {
		err = ErrUnknownLink
	}
	if err != nil {
		return attempt{}, Payment{}, err
	}
	return row.attempt(), row.Payment, nil
}

func likeReference(s string) bool {
	if len(s) < byHandSigns || len(s) > 32 {
		return false
	}
	for _, r := range s {
		if !alphanumeric(r) {
			return false
		}
	}
	return true
}

// KeepOffer stores what the method keeps of an offer: its Data.
func (p *Payments) KeepOffer(ctx context.Context, o Offer) error {
	return p.db.InTx(ctx, func(tx database.Tx) error { return saveOfferData(tx, o.Merchant, o.Payment, o.Attempt, o.Data) })
}

// NoteOffer is KeepOffer for who makes the offer in this transaction.
func (p *Payments) NoteOffer(tx database.Tx, o Offer) error {
	return saveOfferData(tx, o.Merchant, o.Payment, o.Attempt, o.Data)
}

// Offers gives a payment's offers by a method, dead ones too, the last first.
func (p *Payments) Offers(tx database.Tx, merchant, paymentID, method string) ([]Offer, error) {
	pay, err := p.Find(tx, merchant, paymentID)
	if err != nil {
		return nil, err
	}
	list, err := readAttempts(tx.DB(), merchant, paymentID)
	var out []Offer
	for _, a := range list {
		if a.Method == method {
			out = append(out, a.offer(pay))
		}
	}
	return out, err
}

// Ready answers the question that a platform asks before it takes the money: nil, ErrLinkDead or ErrWrongSum. One indexed read, and
// nobody outside is asked.
func (p *Payments) Ready(ctx context.Context, reference string, amount money.Money) error {
	a, pay, err := p.byReference(ctx, reference)
	if err != nil {
		return err
	}
	if err := dead(pay, !pay.ExpiresAt.After(p.db.Now())); err != nil {
		return err
	}
	if !a.Status.live() {
		return ErrLinkDead.At("state", string(a.Status))
	}
	if amount != pay.Money() {
		return ErrWrongSum
	}
	return nil
}

// Provider is a way of paying beside Stripe that this house can ask, close and refund by.
type Provider interface {
	// Look tells how an offer stands; nil where nothing is known.
	Look(ctx context.Context, o Offer) (*Word, error)
	// Close ends an offer at the provider's side; nil also where there is nothing to close.
	Close(ctx context.Context, o Offer) error
	// Refund sends money back. The same order's id is the same act, however often it is asked for.
	Refund(ctx context.Context, r RefundOrder) (RefundWord, error)
}

// RefundOrder is what a provider is asked to send back. Paid is all that came with the coin.
type RefundOrder struct {
	Merchant, Account, Reference, Coin, ID string
	Amount, Paid                           money.Money
	Reason                                 string
}

// RefundWord is the provider's answer: its id of the refund, and one of the Refund states.
type RefundWord struct {
	ID     string
	Status string
}

// ErrNoProvider refuses what only a provider that is not connected here could do.
var ErrNoProvider = fault.New(fault.Unavailable, "payment_method_off", "This way of paying is not connected here.")

// Use connects a provider for a method. The wiring calls it before the desk opens.
func (p *Payments) Use(method string, pr Provider) { p.providers[method] = pr }

// lookOffer asks an offer's provider how it stands. What it says goes the way of every word.
func (p *Payments) lookOffer(ctx context.Context, pay Payment, a attempt, over bool) error {
	pr := p.providers[a.Method]
	if pr == nil {
		if over {
			return p.end(ctx, a, sessionExpired)
		}
		return nil
	}
	w, err := pr.Look(ctx, a.offer(pay))
	if err != nil {
		return err
	}
	if w != nil {
		return p.HearNow(ctx, a.MerchantID, *w)
	}
	if over && a.Status.live() {
		return p.closeOffer(ctx, pay, a)
	}
	return nil
}

// closeOffer ends an offer at the provider's side. One that cannot be closed may have been paid in the last moment: the provider is asked.
func (p *Payments) closeOffer(ctx context.Context, pay Payment, a attempt) error {
	pr := p.providers[a.Method]
	if pr == nil {
		return p.end(ctx, a, sessionExpired)
	}
	err := pr.Close(ctx, a.offer(pay))
	if err == nil {
		return p.end(ctx, a, sessionExpired)
	}
	w, bad := pr.Look(ctx, a.offer(pay))
	if bad != nil || w == nil || w.Kind != WordPaid {
		return err
	}
	return p.HearNow(ctx, a.MerchantID, *w)
}

// Withdraw ends an offer at its provider and here, so that the next one is new: some providers' orders cannot be changed. Where the
// money came in the last moment, that is heard, and ErrLinkDead says so.
func (p *Payments) Withdraw(ctx context.Context, o Offer) error {
	a, pay, err := p.byReference(ctx, o.Reference)
	if err != nil || !a.Status.live() {
		return err
	}
	if err := p.closeOffer(ctx, pay, a); err != nil {
		return err
	}
	if a, _, err = p.byReference(ctx, o.Reference); err == nil && a.Status.live() {
		err = ErrLinkDead.At("state", "processing")
	}
	return err
}

// refundAgain is when a provider that has not finished a refund is asked again.
const refundAgain = 10 * time.Minute

// refundBy has the method's provider send money back, and writes down what became of it.
func (p *Payments) refundBy(ctx context.Context, row Refund, coin receipt) (Refund, error) {
	if byHand(coin.Method) {
		return p.refundByHand(ctx, row, coin)
	}
	if row.ByStaff() {
		return row, nil
	}
	pr := p.providers[coin.Method]
	if pr == nil {
		return row, ErrNoProvider
	}
	a, _, err := readAttemptOfCoin(p.db.Read(ctx), coin)
	if err != nil {
		return row, err
	}
	if row.Reason, err = p.reasonOf(ctx, row); err != nil {
		return row, err
	}
	w, err := pr.Refund(ctx, RefundOrder{Merchant: row.MerchantID, Account: coin.Account, Reference: a.ExternalID, Coin: coin.ExternalID, ID: row.ID,
		Amount: money.Of(row.Amount, row.Currency), Paid: money.Of(coin.Amount, coin.Currency), Reason: row.Reason})
	if err != nil {
		if !errors.Is(err, ErrRefundRefused) {
			return row, err
		}
		failed, bad := p.ended(ctx, coin, remoteRefund{Ours: row.ID, Status: RefundFailed})
		return failed, errors.Join(bad, err)
	}
	switch w.Status {
	case RefundPending, RefundSucceeded, RefundFailed:
	default:
		return row, fmt.Errorf("the provider of %s gives a refund the unknown state %q", coin.Method, w.Status)
	}
	if w.ID == "" {
		w.ID = wholeRefund(coin.ExternalID)
	}
	return p.ended(ctx, coin, remoteRefund{ID: w.ID, Ours: row.ID, Status: w.Status, Amount: money.Of(row.Amount, row.Currency)})
}
