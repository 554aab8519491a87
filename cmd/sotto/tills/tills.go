// Package tills takes money inside chats: what a platform says of it goes to the payments, what is to be paid goes to the platform.
//
// It belongs to the wiring, because no room knows both.
package tills

import (
	"context"
	"errors"
	"time"

	"sotto.chat/channels"
	"sotto.chat/channels/telegram"
	"sotto.chat/channels/whatsapp"
	"sotto.chat/internal/database"
	"sotto.chat/internal/fault"
	"sotto.chat/internal/money"
	"sotto.chat/orders"
	"sotto.chat/payments"
	"sotto.chat/web/api"
)

// platformMethods are the ways of paying that belong to one platform's chats.
var platformMethods = map[string]string{"telegram": payments.MethodTelegram, "whatsapp": payments.MethodWhatsApp, "wechat": payments.MethodWeChat}

// Desk stands between chats and the payments.
type Desk struct {
	*api.Rooms
	telegram *telegram.Platform
	whatsapp *whatsapp.Platform
}

// New makes a desk over the rooms, which may be opened later than it.
func New(rooms *api.Rooms, t *telegram.Platform, w *whatsapp.Platform) *Desk {
	return &Desk{rooms, t, w}
}

// Connect tells the payments who is asked about money that comes inside chats.
func (d *Desk) Connect() {
	d.Payments.Use(payments.MethodTelegram, telegramTill{desk: d, platform: d.telegram})
	d.Payments.Use(payments.MethodStars, telegramTill{desk: d, platform: d.telegram, stars: telegram.NewStarBook(d.telegram)})
	d.Payments.Use(payments.MethodWhatsApp, whatsappTill{desk: d})
}

// wordKinds translate what a platform says of money.
var wordKinds = map[string]string{channels.MoneyPaid: payments.WordPaid, channels.MoneyPending: payments.WordPending,
	channels.MoneyFailed: payments.WordFailed, channels.MoneyReturned: payments.WordReturned}

// Hear takes a platform's word about money to the payments. What cannot be about money of ours is kept as an event and ends there:
// to refuse it would only have it told again.
func (d *Desk) Hear(tx database.Tx, merchant, channel, platform string, w channels.MoneyWord, at time.Time) error {
	word := payments.Word{ID: w.ID, Method: platformMethods[platform], Account: channel, Reference: w.Reference, Kind: wordKinds[w.Status],
		Coin: w.Coin, Refund: w.Refund, Amount: w.Amount, At: at}
	if w.Amount.Currency == telegram.Stars {
		o, err := d.Payments.FindOffer(tx, w.Reference)
		if err != nil && !errors.Is(err, payments.ErrUnknownLink) {
			return err
		}
		word = starWord(word, o)
	}
	err := d.Payments.Hear(tx, merchant, word)
	if f, ok := fault.Of(err); ok && f.Is(payments.ErrBadWord) {
		d.Log.Error("a platform says of money what cannot be", "platform", platform, "channel", channel, "kind", w.Status)
		return nil
	}
	return err
}

// MayPay answers a platform that asks whether a request may be paid now: one indexed read, two for Stars.
func (d *Desk) MayPay(ctx context.Context, reference string, amount money.Money) error {
	if amount.Currency == "" || amount.Currency == telegram.Stars {
		o, _, err := d.Payments.OfferBy(ctx, reference)
		if err != nil {
			return err
		}
		if amount.Currency != "" && !starred(o, amount) {
			return payments.ErrWrongSum
		}
		amount = o.Amount
	}
	return d.Payments.Ready(ctx, reference, amount)
}

// Ask makes the request to pay an order inside its chat; nil where only the pay link leads to the money: where the platform
// cannot, the channel has no provider, or the payment waits for nothing any more.
func (d *Desk) Ask(tx database.Tx, merchant, channel, platform string, ord orders.Order) (*channels.PayRequest, error) {
	if platformMethods[platform] == "" || ord.Status != orders.AwaitingPayment {
		return nil, nil
	}
	ch, err := d.Channels.Find(tx, merchant, channel)
	if err != nil || ch.DisabledAt != nil {
		return nil, err
	}
	pay, ok := openPayment(ord)
	if !ok {
		return nil, nil
	}
	var r *channels.PayRequest
	switch platform {
	case "telegram":
		r, err = d.payInTelegram(tx, ch, ord, pay)
	case "whatsapp":
		r, err = d.payInWhatsApp(tx, ch, ord, pay)
	}
	if errors.Is(err, payments.ErrLinkDead) {
		return nil, nil
	}
	return r, err
}

// openPayment is the payment that an order waits for.
func openPayment(ord orders.Order) (payments.Payment, bool) {
	for _, p := range ord.Payments {
		if p.Status == payments.Pending || p.Status == payments.Failed {
			return p, true
		}
	}
	return payments.Payment{}, false
}

// request words an offer for a chat. Where the offer is about a part of the order, the part stands alone: an order's lines would add
// up to another sum.
func (d *Desk) request(ord orders.Order, pay payments.Payment, o payments.Offer) *channels.PayRequest {
	r := &channels.PayRequest{Reference: o.Reference, Method: o.Method, Title: ord.Number, Language: o.Language, Currency: o.Amount.Currency,
		Total: o.Amount.Amount, Subtotal: o.Amount.Amount, URL: d.Payments.PayURL(pay), ExpiresAt: o.ExpiresAt}
	if o.Amount != money.Of(ord.Total, ord.Currency) {
		return r
	}
	r.Subtotal, r.Shipping, r.Discount = ord.Subtotal, ord.Shipping, ord.Discount
	if !ord.TaxInclusive {
		r.Tax = ord.Tax
	}
	for _, l := range ord.Lines {
		r.Items = append(r.Items, channels.PayItem{SKU: l.SKU, Name: l.Name, Quantity: l.Quantity, Unit: l.UnitPrice, Total: l.Total})
	}
	return r
}
