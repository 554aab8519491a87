package telegram

import (
	"strconv"
	"strings"

	"sotto.chat/channels"
	"sotto.chat/channels/fit"
)

// Limits of an invoice, in characters, and how many lines of the goods are shown one by one.
const (
	maxTitle       = 32
	maxDescription = 255
	maxLabel       = 64
	maxPrices      = 12
)

// startParameter keeps the pay button from copies of an invoice that are forwarded: without one several people could pay the same
// order. Whoever presses a copy's button comes to the bot, which greets them.
const startParameter = "pay"

// invoice makes the request to pay. Its amounts are the order's own; what is written around them is for people.
func invoice(to chatID, token string, r channels.PayRequest) sendInvoice {
	w := wordsOf(r.Language)
	inv := sendInvoice{ChatID: to, Title: fit.Shorten(first(strings.TrimSpace(r.Title), w.goods), maxTitle), Description: description(r, w),
		Currency: r.Currency, StartParameter: startParameter, Payload: r.Reference}
	if r.Currency == Stars {
		inv.Prices = []price{{inv.Title, r.Total}} // Telegram takes one, and no provider
		return inv
	}
	inv.ProviderToken, inv.NeedAddress = token, r.AskAddress
	if r.AskAddress && r.Shipping > 0 { // its price is told with the address, by answerShippingQuery
		inv.Flexible, inv.Payload = true, pack(r.Reference, r.Shipping)
		r.Total -= r.Shipping
		r.Shipping = 0
	}
	inv.Prices = prices(r, w, inv.Title)
	return inv
}

func description(r channels.PayRequest, w words) string {
	var names []string
	for _, i := range r.Items {
		names = append(names, counted(i))
	}
	return fit.Shorten(first(strings.Join(names, ", "), first(strings.TrimSpace(r.Title), w.goods)), maxDescription)
}

func counted(i channels.PayItem) string {
	name := first(strings.TrimSpace(i.Name), i.SKU)
	if i.Quantity == 1 {
		return name
	}
	return strconv.FormatInt(i.Quantity, 10) + " × " + name
}

// prices lists what the total is made of. Where the lines do not make it up, the total stands alone: what is written must never be
// another sum than what is paid.
func prices(r channels.PayRequest, w words, title string) []price {
	var list []price
	var goods, sum int64
	for _, i := range r.Items {
		list = append(list, price{fit.Shorten(counted(i), maxLabel), i.Total})
		goods += i.Total
	}
	if len(list) > maxPrices {
		list = []price{{w.goods, goods}}
	}
	for _, p := range []price{{w.shipping, r.Shipping}, {w.tax, r.Tax}, {w.discount, -r.Discount}} {
		if p.Amount != 0 {
			list = append(list, p)
		}
	}
	whole := len(r.Items) > 0
	for _, p := range list {
		sum += p.Amount
		whole = whole && strings.TrimSpace(p.Label) != ""
	}
	if !whole || sum != r.Total {
		return []price{{title, r.Total}}
	}
	return list
}
