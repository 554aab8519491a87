package main

import (
	"context"
	"errors"
	"time"

	"sotto.chat/channels"
	"sotto.chat/channels/telegram"
	"sotto.chat/internal/database"
	"sotto.chat/internal/fault"
	"sotto.chat/internal/money"
	"sotto.chat/orders"
	"sotto.chat/payments"
	"sotto.chat/payments/wechatpay"
)

// platformMethods are the ways of paying that belong to one platform's chats.
var platformMethods = map[string]string{"telegram": payments.MethodTelegram, "whatsapp": payments.MethodWhatsApp, "wechat": payments.MethodWeChat}

// connectTills tells the payments who is asked about money that comes inside chats.
func (h *house) connectTills() {
	h.wechat = wechatpay.New(h.DB, h.Merchants, h.Payments, h.desk, wechatpay.Config{PublicURL: h.PublicURL, Log: h.log,
		Addresses: wechatpay.Addresses{Pay: h.settings.WeChatPayURL, OA: h.settings.WeChatURL}})
	h.Payments.Use(payments.MethodTelegram, telegramTill{house: h, platform: h.telegram})
	h.Payments.Use(payments.MethodStars, telegramTill{house: h, platform: h.telegram, stars: telegram.NewStarBook(h.telegram)})
	h.Payments.Use(payments.MethodWhatsApp, whatsappTill{house: h})
}

// wordKinds translate what a platform says of money.
var wordKinds = map[string]string{channels.MoneyPaid: payments.WordPaid, channels.MoneyPending: payments.WordPending,
	channels.MoneyFailed: payments.WordFailed, channels.MoneyReturned: payments.WordReturned}

// hearMoney takes a platform's word about money to the payments. What cannot be about money of ours is kept as an event and ends there:
// to refuse it would only have it told again.
func (h *house) hearMoney(tx database.Tx, merchant, channel, platform string, w channels.MoneyWord, at time.Time) error {
	word := payments.Word{ID: w.ID, Method: platformMethods[platform], Account: channel, Reference: w.Reference, Kind: wordKinds[w.Status],
		Coin: w.Coin, Refund: w.Refund, Amount: w.Amount, At: at}
	if w.Amount.Currency == telegram.Stars {
		var err error
		if word, err = h.starWord(tx.Context(), word); err != nil {
			return err
		}
	}
	err := h.Payments.Hear(tx, merchant, word)
	if f, ok := fault.Of(err); ok && f.Is(payments.ErrBadWord) {
		h.log.ErrorContext(tx.Context(), "a platform says of money what cannot be", "platform", platform, "channel", channel, "kind", w.Status)
		return nil
	}
	return err
}

// mayPay answers a platform that asks whether a request may be paid now: one indexed read, two for Stars.
func (h *house) mayPay(ctx context.Context, reference string, amount money.Money) error {
	if amount.Currency == "" || amount.Currency == telegram.Stars {
		o, _, err := h.Payments.OfferBy(ctx, reference)
		if err != nil {
			return err
		}
		if amount.Currency != "" && !starred(o, amount) {
			return payments.ErrWrongSum
		}
		amount = o.Amount
	}
	return h.Payments.Ready(ctx, reference, amount)
}

// payIn makes the request to pay an order inside its chat; nil where only the pay link leads to the money: where the platform
// cannot, the channel has no provider, or the payment waits for nothing any more.
func (h *house) payIn(tx database.Tx, merchant, channel, platform string, ord orders.Order) (*channels.PayRequest, error) {
	if platformMethods[platform] == "" || ord.Status != orders.AwaitingPayment {
		return nil, nil
	}
	ch, err := h.Channels.Find(tx, merchant, channel)
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
		r, err = h.payInTelegram(tx, ch, ord, pay)
	case "whatsapp":
		r, err = h.payInWhatsApp(tx, ch, ord, pay)
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
func (h *house) request(ord orders.Order, pay payments.Payment, o payments.Offer) *channels.PayRequest {
	r := &channels.PayRequest{Reference: o.Reference, Method: o.Method, Title: ord.Number, Language: o.Language, Currency: o.Amount.Currency,
		Total: o.Amount.Amount, Subtotal: o.Amount.Amount, URL: h.Payments.PayURL(pay), ExpiresAt: o.ExpiresAt}
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
