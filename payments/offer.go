package payments

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base32"
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
