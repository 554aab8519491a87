package payments

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"fmt"

	"sotto.chat/internal/fault"
	"sotto.chat/internal/id"
)

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
	if page.State != "open" {
		return page, nil
	}
	if page.ByHand, err = p.Terms(ctx, pay.MerchantID); err != nil || pay.Reason != ReasonTransfer {
		return page, err
	}
	page.Reference, err = p.ReferenceOf(ctx, pay)
	return page, err
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
