package payments

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"fmt"
	"time"

	"sotto.chat/internal/database"
	"sotto.chat/internal/fault"
	"sotto.chat/internal/id"
	"sotto.chat/internal/money"
)

// ErrUnpayable refuses a sum that no provider can take.
var ErrUnpayable = fault.New(fault.Invalid, "amount_unpayable", "This amount cannot be paid in this currency.")

// ReasonExpired is what Kill is told when the time was over; the pay page then says so.
const ReasonExpired = "expired"

// Expect writes down that an order is to be paid. A sum of zero is paid at once. The link's life is that of the quote and the hold:
// the caller gives one moment to all three.
func (p *Payments) Expect(tx database.Tx, merchant string, e Expected) (Payment, error) {
	if _, err := money.StripeUnit(e.Amount); err != nil || e.Amount.Amount < 0 || !money.Known(e.Amount.Currency) {
		return Payment{}, ErrUnpayable
	}
	pay := Payment{MerchantID: merchant, ID: id.New("pay"), OrderID: e.OrderID, CustomerID: e.Customer, Status: Pending, Amount: e.Amount.Amount, Currency: e.Amount.Currency,
		Description: e.Items, Language: e.Language, ExpiresAt: e.ExpiresAt.UTC().Truncate(time.Microsecond), Version: 1, CreatedAt: tx.Now, UpdatedAt: tx.Now}
	if pay.Description == nil {
		pay.Description = []Item{}
	}
	if pay.Amount == 0 {
		pay.Status, pay.Reason = Paid, ReasonNothingDue
	}
	return pay, insertPayment(tx, &pay)
}

// Kill cancels what is still unpaid for the order, lets go what is held for it, and promises that its links die at the provider too. Money that comes all the
// same is told by Apply as late.
func (p *Payments) Kill(tx database.Tx, merchant, orderID, reason string) error {
	list, err := readOfOrders(locked(tx.DB()), merchant, []string{orderID})
	if err != nil {
		return err
	}
	for _, pay := range list {
		if pay.Status != Pending && pay.Status != Failed && pay.Status != Authorized {
			continue
		}
		if pay.Status == Authorized {
			if err := p.desk.Announce(tx, HeldMoney{merchant, pay.ID}); err != nil {
				return err
			}
		}
		if err := pay.move(Cancelled, reason); err != nil {
			return err
		}
		if err := savePayment(tx, &pay); err != nil {
			return err
		}
		if err := p.desk.Announce(tx, SessionsToClose{merchant, pay.ID}); err != nil {
			return err
		}
	}
	return nil
}

// Review puts a payment before a person: its goods are gone, or something else that no rule decides.
func (p *Payments) Review(tx database.Tx, merchant, paymentID, reason string) error {
	pay, err := lockPayment(tx, merchant, paymentID)
	if err != nil {
		return err
	}
	if pay.Status == NeedsReview && pay.Reason == reason {
		return nil
	}
	if err := pay.move(NeedsReview, reason); err != nil {
		return err
	}
	if err := savePayment(tx, &pay); err != nil {
		return err
	}
	return p.book(tx, merchant, paymentID, "review")
}

// Accept is a person's word that the money of a payment under review is good as it is.
func (p *Payments) Accept(tx database.Tx, merchant, paymentID string) (Move, error) {
	return p.judge(tx, merchant, paymentID, func(pay *Payment) error {
		if pay.Status != NeedsReview || pay.PaidAmount == 0 {
			return ErrMove.Say("Only a payment under review, with money in it, can be accepted.")
		}
		if pay.Reason == ReasonPartly {
			return ErrMove.Say("This is a part of the money for an order that has ended; it can go back, or wait for the rest.")
		}
		return pay.move(pay.settled(), ReasonAccepted)
	})
}

// TakePart is a person's word that too little is good as a part: whoever calls it expects the rest.
func (p *Payments) TakePart(tx database.Tx, merchant, paymentID string) (Move, error) {
	return p.judge(tx, merchant, paymentID, func(pay *Payment) error {
		if !pay.Short() {
			return ErrMove.Say("The rest is asked for where less came than the payment asked for, and nothing went back.")
		}
		return pay.move(Paid, ReasonPart)
	})
}

// Short tells whether a person has a payment of which too little came, and nothing went back.
func (p Payment) Short() bool {
	return p.Status == NeedsReview && p.Reason == ReasonWrongAmount && p.PaidAmount > 0 && p.PaidAmount < p.Amount && p.RefundedAmount == 0
}

// Over is by how much too much came, while a person has to decide about it.
func (p Payment) Over() int64 {
	if p.Status != NeedsReview || p.Reason != ReasonWrongAmount || p.RefundedAmount > 0 {
		return 0
	}
	return max(0, p.PaidAmount-p.Amount)
}

// Reunite takes the parts of an order that had ended as good again, now that all its money is here.
func (p *Payments) Reunite(tx database.Tx, merchant, orderID string) error {
	list, err := readOfOrders(locked(tx.DB()), merchant, []string{orderID})
	if err != nil {
		return err
	}
	for _, pay := range list {
		if pay.Status != NeedsReview || pay.Reason != ReasonPartly {
			continue
		}
		reason := ReasonLate
		if pay.PaidAmount != pay.Amount {
			reason = ReasonAccepted // somebody took another sum as good before
		}
		_, err := p.judge(tx, merchant, pay.ID, func(pay *Payment) error { return pay.move(pay.settled(), reason) })
		if err != nil {
			return err
		}
	}
	return nil
}

func (p *Payments) judge(tx database.Tx, merchant, paymentID string, word func(*Payment) error) (Move, error) {
	pay, err := lockPayment(tx, merchant, paymentID)
	if err != nil {
		return Move{}, err
	}
	from, was := pay.Status, pay.Reason
	if err := word(&pay); err != nil {
		return Move{}, err
	}
	if err := savePayment(tx, &pay); err != nil {
		return Move{}, err
	}
	if err := p.book(tx, merchant, paymentID, pay.Reason); err != nil {
		return Move{}, err
	}
	return Move{Payment: pay, From: from, To: pay.Status, Changed: true, Was: was}, nil
}

// LastUntil gives all that is still expected for an order one more moment of life: its links end together.
func (p *Payments) LastUntil(tx database.Tx, merchant, orderID string, at time.Time) error {
	list, err := readOfOrders(locked(tx.DB()), merchant, []string{orderID})
	if err != nil {
		return err
	}
	for _, pay := range list {
		if pay.Status != Pending && pay.Status != Failed || pay.ExpiresAt.Equal(at) {
			continue
		}
		pay.ExpiresAt = at
		if err := savePayment(tx, &pay); err != nil {
			return err
		}
	}
	return nil
}

// Get reads one payment.
func (p *Payments) Get(ctx context.Context, merchant, paymentID string) (Payment, error) {
	return readPayment(p.db.Read(ctx), merchant, paymentID)
}

// Find reads one payment inside a transaction.
func (p *Payments) Find(tx database.Tx, merchant, paymentID string) (Payment, error) {
	return readPayment(tx.DB(), merchant, paymentID)
}

// OfOrder reads an order's payments, oldest first.
func (p *Payments) OfOrder(tx database.Tx, merchant, orderID string) ([]Payment, error) {
	return readOfOrders(tx.DB(), merchant, []string{orderID})
}

// OfOrders reads the payments of many orders.
func (p *Payments) OfOrders(ctx context.Context, merchant string, orderIDs []string) (out []Payment, err error) {
	for len(orderIDs) > 0 {
		n := min(len(orderIDs), 1000)
		some, err := readOfOrders(p.db.Read(ctx), merchant, orderIDs[:n])
		if err != nil {
			return nil, err
		}
		out, orderIDs = append(out, some...), orderIDs[n:]
	}
	return out, nil
}

// Filter narrows List. Limit is 1 to 100, else 20; After is the id where the page before ended.
type Filter struct {
	Status  Status
	OrderID string
	After   string
	Limit   int
}

// List gives payments, newest first, and the cursor of the next page, empty at the end.
func (p *Payments) List(ctx context.Context, merchant string, f Filter) ([]Payment, string, error) {
	if f.Limit < 1 || f.Limit > 100 {
		f.Limit = 20
	}
	out, err := p.list(ctx, merchant, f)
	if err != nil || len(out) <= f.Limit {
		return out, "", err
	}
	out = out[:f.Limit]
	return out, out[f.Limit-1].ID, nil
}

// Receipt is money that came in.
type Receipt struct {
	ID, Method string
	Amount     money.Money
	Fee        *money.Money
	At         time.Time
}

// Receipts gives the money that came for a payment.
func (p *Payments) Receipts(ctx context.Context, merchant, paymentID string) ([]Receipt, error) {
	r, ok, err := readReceiptOf(p.db.Read(ctx), merchant, paymentID)
	if err != nil || !ok {
		return nil, err
	}
	out := Receipt{ID: r.ExternalID, Method: r.Method, Amount: money.Of(r.Amount, r.Currency), At: r.At}
	if r.Fee != nil {
		fee := money.Of(*r.Fee, r.FeeCurrency)
		out.Fee = &fee
	}
	return []Receipt{out}, nil
}

// Left is how much of a payment's money may still go back, in the currency in which it came.
func (p *Payments) Left(ctx context.Context, merchant, paymentID string) (money.Money, error) {
	coin, ok, err := readReceiptOf(p.db.Read(ctx), merchant, paymentID)
	if err != nil || !ok {
		return money.Money{}, err
	}
	refunds, err := readRefunds(p.db.Read(ctx), merchant, paymentID)
	return left(coin, refunds), err
}

// Disputes lists a payment's disputes, oldest first.
func (p *Payments) Disputes(ctx context.Context, merchant, paymentID string) ([]Dispute, error) {
	return readDisputes(p.db.Read(ctx), merchant, paymentID)
}

// A token is the payment's and the merchant's sixteen bytes and as many of a MAC, in base64url: 64 characters. The MAC binds order,
// amount and currency too, so that a link cannot be carried to another sum or another order. Nothing of it is stored.
const (
	idBytes    = 16
	tokenBytes = 3 * idBytes
)

// PayURL is the link that a customer gets: short, on the shop's own address, and good until the payment ends.
// It is empty for a payment whose ids this house did not make.
func (p *Payments) PayURL(pay Payment) string {
	token := p.token(pay)
	if token == "" {
		return ""
	}
	return p.cfg.PublicURL + "/pay/" + token
}

func (p *Payments) token(pay Payment) string {
	m, err := id.Bytes("mer", pay.MerchantID)
	y, bad := id.Bytes("pay", pay.ID)
	if err != nil || bad != nil {
		return ""
	}
	raw := append(append(append(make([]byte, 0, tokenBytes), m...), y...), p.mac(pay)...)
	return base64.RawURLEncoding.EncodeToString(raw)
}

func (p *Payments) mac(pay Payment) []byte {
	h := hmac.New(sha256.New, p.cfg.LinkKey)
	_, _ = fmt.Fprintf(h, "pay-link|%s|%s|%s|%d|%s", pay.MerchantID, pay.ID, pay.OrderID, pay.Amount, pay.Currency)
	return h.Sum(nil)[:idBytes]
}

// ids reads a token's ids without believing them.
func (p *Payments) ids(token string) (merchant, payment string, mac []byte, ok bool) {
	if len(token) != base64.RawURLEncoding.EncodedLen(tokenBytes) { // the decoder passes over line ends: one link would have many names
		return "", "", nil, false
	}
	raw, err := base64.RawURLEncoding.Strict().DecodeString(token)
	if err != nil || len(raw) != tokenBytes {
		return "", "", nil, false
	}
	return id.From("mer", raw[:idBytes]), id.From("pay", raw[idBytes:2*idBytes]), raw[2*idBytes:], true
}

// byToken finds the payment of a link; ErrUnknownLink for whatever is not exactly one of ours.
func (p *Payments) byToken(ctx context.Context, token string) (Payment, error) {
	merchant, payment, mac, ok := p.ids(token)
	if !ok {
		return Payment{}, ErrUnknownLink
	}
	pay, err := readPayment(p.db.Read(ctx), merchant, payment)
	if f, known := fault.Of(err); known && f.Kind == fault.NotFound {
		return Payment{}, ErrUnknownLink
	}
	if err != nil {
		return Payment{}, err
	}
	if subtle.ConstantTimeCompare(mac, p.mac(pay)) != 1 {
		return Payment{}, ErrUnknownLink
	}
	return pay, nil
}

// ByToken gives what the pay page shows. It changes nothing: robots that preview links may call it.
func (p *Payments) ByToken(ctx context.Context, token string) (Page, error) {
	pay, err := p.byToken(ctx, token)
	if err != nil {
		return Page{}, err
	}
	m, err := p.register.Get(ctx, pay.MerchantID)
	if err != nil {
		return Page{}, err
	}
	page := Page{Payment: pay, Merchant: m.Name, Slug: m.Slug, State: pay.state(!pay.ExpiresAt.After(p.db.Now()))}
	if page.Part, page.Parts, err = p.partOf(ctx, pay); err != nil || page.State != "open" {
		return page, err
	}
	if acct, err := p.account(ctx, pay.MerchantID); err == nil && pay.CustomerID != "" && page.Parts == 0 {
		if _, page.Keeps, err = p.saved.Known(ctx, pay.MerchantID, acct.Name, pay.CustomerID); err != nil {
			return page, err
		}
		page.MayKeep = true
	}
	if page.ByHand, err = p.Terms(ctx, pay.MerchantID); err != nil || pay.Reason != ReasonTransfer {
		return page, err
	}
	page.Reference, err = p.ReferenceOf(ctx, pay)
	return page, err
}

// partOf tells which of how many payments of its order this one is. What was cancelled, or came twice, is no part.
func (p *Payments) partOf(ctx context.Context, pay Payment) (part, parts int, err error) {
	list, err := p.OfOrders(ctx, pay.MerchantID, []string{pay.OrderID})
	for _, one := range list {
		if one.Status == Cancelled || one.Reason == ReasonDouble {
			continue
		}
		if parts++; one.ID == pay.ID {
			part = parts
		}
	}
	if parts < 2 || part == 0 {
		return 0, 0, err
	}
	return part, parts, err
}

// state is the payment's state in the words of the pay page.
func (p Payment) state(over bool) string {
	switch p.Status {
	case Paid, Authorized, PartiallyRefunded:
		return "paid"
	case Refunded:
		return "refunded"
	case NeedsReview:
		return "review"
	case Cancelled:
		if p.Reason == ReasonExpired {
			return "expired"
		}
		return "cancelled"
	}
	switch {
	case p.Processing():
		return "processing"
	case over:
		return "expired"
	}
	return "open"
}
