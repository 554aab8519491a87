package tills

import (
	"context"
	"errors"
	"strconv"
	"strings"

	"sotto.chat/channels"
	"sotto.chat/channels/telegram"
	"sotto.chat/internal/database"
	"sotto.chat/internal/money"
	"sotto.chat/orders"
	"sotto.chat/payments"
)

// starPrice is where an offer in Telegram Stars keeps how many it asks for.
const starPrice = "stars"

// payInTelegram offers what Telegram allows: Stars alone for digital goods, a provider for all others. An order of both is paid by
// its link.
func (d *Desk) payInTelegram(tx database.Tx, ch channels.Channel, ord orders.Order, pay payments.Payment) (*channels.PayRequest, error) {
	digital, err := d.digital(tx, ord, telegram.DigitalAttribute(ch.Settings))
	if err != nil {
		return nil, err
	}
	switch {
	case digital == 0 && telegram.HasProvider(ch.Settings):
		o, err := d.Payments.Offer(tx, ch.MerchantID, pay.ID, payments.MethodTelegram, ch.ID)
		if err != nil {
			return nil, err
		}
		return d.request(ord, pay, o), nil
	case digital == len(ord.Lines) && digital > 0:
		n, ok := telegram.StarPrice(ch.Settings, pay.Amount)
		if !ok {
			return nil, nil
		}
		return d.payInStars(tx, ch, ord, pay, n)
	}
	return nil, nil
}

// payInStars asks for Stars. The price is kept with the offer: a rate that the merchant changes later does not change what was asked for.
func (d *Desk) payInStars(tx database.Tx, ch channels.Channel, ord orders.Order, pay payments.Payment, n int64) (*channels.PayRequest, error) {
	o, err := d.Payments.Offer(tx, ch.MerchantID, pay.ID, payments.MethodStars, ch.ID)
	if err != nil {
		return nil, err
	}
	if old, ok := asked(o); ok {
		n = old
	} else {
		o.Data = map[string]string{starPrice: strconv.FormatInt(n, 10)}
		if err := d.Payments.NoteOffer(tx, o); err != nil {
			return nil, err
		}
	}
	r := d.request(ord, pay, o)
	r.Currency, r.Total, r.Subtotal, r.Tax, r.Shipping, r.Discount = telegram.Stars, n, n, 0, 0, 0
	for i := range r.Items {
		r.Items[i].Unit, r.Items[i].Total = 0, 0 // what a line costs in Stars, nobody said
	}
	return r, nil
}

// digital counts the lines that are digital goods, by an attribute of the product.
func (d *Desk) digital(tx database.Tx, ord orders.Order, attribute string) (int, error) {
	var skus []string
	for _, l := range ord.Lines {
		skus = append(skus, l.SKU)
	}
	goods, err := d.Catalog.FindSKUs(tx, ord.MerchantID, skus)
	n := 0
	for _, sku := range skus {
		if telegram.Yes(goods[sku].Attributes[attribute]) {
			n++
		}
	}
	return n, err
}

func asked(o payments.Offer) (int64, bool) {
	n, err := strconv.ParseInt(o.Data[starPrice], 10, 64)
	return n, err == nil && n > 0 && o.Method == payments.MethodStars
}

// starred tells whether a sum is the Stars that an offer asked for.
func starred(o payments.Offer, sum money.Money) bool {
	n, ok := asked(o)
	return ok && sum == money.Of(n, telegram.Stars)
}

// starWord gives a word about Stars the sum of the offer that they were asked for by. Another number of Stars keeps its own currency, and so
// comes before a person.
func starWord(w payments.Word, o payments.Offer) payments.Word {
	if w.Method = payments.MethodStars; starred(o, w.Amount) {
		w.Amount = o.Amount
	}
	return w
}

// telegramTill asks Telegram about money. A provider's payments can neither be asked for nor sent back through the Bot API.
type telegramTill struct {
	desk     *Desk
	platform *telegram.Platform
	stars    *telegram.StarBook // nil for payments by a provider
}

// Look finds a payment in Stars whose webhook was lost.
func (t telegramTill) Look(ctx context.Context, o payments.Offer) (*payments.Word, error) {
	if t.stars == nil {
		return nil, nil
	}
	var paid telegram.Transaction
	found := false
	err := t.desk.Channels.Lend(ctx, o.Merchant, o.Account, func(c channels.Credentials) (err error) {
		paid, found, err = t.stars.Paid(ctx, c, o.Account, o.Reference)
		return err
	})
	if err != nil || !found {
		return nil, gone(err)
	}
	w := starWord(payments.Word{ID: channels.MoneyPaid + ":" + paid.Charge, Account: o.Account, Reference: o.Reference, Kind: payments.WordPaid,
		Coin: paid.Charge, Amount: money.Of(paid.Stars, telegram.Stars), At: paid.At}, o)
	return &w, nil
}

// gone makes nothing of a channel that is no more: nobody can be asked by it.
func gone(err error) error {
	if errors.Is(err, channels.ErrUnknown) {
		return nil
	}
	return err
}

// Close has nothing to do: an invoice stays in the chat, and the question before it is paid is answered with no.
func (t telegramTill) Close(context.Context, payments.Offer) error { return nil }

// errWhole refuses what Telegram cannot give back.
var errWhole = payments.ErrRefundRefused.Say("Telegram Stars go back as a whole: refund all of the payment.")

// Refund gives Stars back, whole. A provider's money the Bot API cannot send back: staff do so at the provider, and confirm it.
func (t telegramTill) Refund(ctx context.Context, r payments.RefundOrder) (payments.RefundWord, error) {
	switch {
	case t.stars == nil:
		return r.ByStaff(), nil
	case r.Amount != r.Paid:
		return payments.RefundWord{}, errWhole
	}
	err := t.desk.Channels.Lend(ctx, r.Merchant, r.Account, func(c channels.Credentials) error { return t.platform.RefundStars(ctx, c, r.Coin) })
	var refused *channels.SendError
	if errors.Is(err, telegram.ErrNoCharge) || errors.As(err, &refused) && strings.HasPrefix(refused.Code, "400") {
		return payments.RefundWord{}, payments.ErrRefundRefused.Because(err)
	}
	return payments.RefundWord{Status: payments.RefundSucceeded}, err
}
