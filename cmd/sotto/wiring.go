package main

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"time"

	"sotto.chat/channels"
	"sotto.chat/channels/telegram"
	"sotto.chat/channels/wechat"
	"sotto.chat/channels/whatsapp"
	"sotto.chat/cmd/sotto/tills"
	"sotto.chat/internal/database"
	"sotto.chat/internal/outbound"
	"sotto.chat/merchants"
	"sotto.chat/orders"
	"sotto.chat/payments/wechatpay"
)

// stripePages is where the real Stripe's hosted pages are.
const stripePages = "https://checkout.stripe.com"

// terms are a merchant's taxes and shipping; orders may not enter merchants.
func terms(merchant string, into *orders.Terms) database.Ask {
	return merchants.Asking(merchant, func(c merchants.Conditions) { *into = orders.Terms(c) })
}

// pending counts promises for the metrics; a database that does not answer gives minus one.
func (h *house) pending() float64 {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	n, err := h.desk.Pending(ctx)
	if err != nil {
		return -1
	}
	return float64(n)
}

// platforms are the translators, each told where its platform is.
func (h *house) platforms() map[string]channels.Platform {
	w := whatsapp.New(h.settings.WhatsAppURL, outbound.New(outbound.Config{}))
	t := telegram.New(h.settings.TelegramURL, outbound.New(outbound.Config{}))
	c := wechat.New(h.settings.WeChatURL, outbound.New(outbound.Config{}))
	h.tills = tills.New(&h.Rooms, t, w)
	h.Boleto = h.tills.Boleto
	return map[string]channels.Platform{w.Name(): w, t.Name(): t, c.Name(): c}
}

// connectTills tells the payments who is asked about money that comes by others than Stripe.
func (h *house) connectTills() {
	h.wechat = wechatpay.New(h.DB, h.Merchants, h.Payments, h.desk, wechatpay.Config{PublicURL: h.PublicURL, Log: h.log,
		Addresses: wechatpay.Addresses{Pay: h.settings.WeChatPayURL, OA: h.settings.WeChatURL}})
	h.tills.Connect()
}

// hookURL is where a channel's webhooks come to.
func (h *house) hookURL(c channels.Channel) string {
	return h.PublicURL + "/hooks/" + c.Platform + "/" + c.ID
}

// payOrigins are where the pay page may send a customer on to.
func (h *house) payOrigins() []string {
	if h.settings.StripeURL == "" {
		return []string{stripePages}
	}
	u, err := url.Parse(h.settings.StripeURL)
	if err != nil {
		return nil
	}
	return []string{u.Scheme + "://" + u.Host}
}

// local tells whether the shop itself is on the loopback address, where merchants' endpoints may be too.
func (h *house) local() bool {
	u, err := url.Parse(h.PublicURL)
	return err == nil && (strings.HasPrefix(u.Hostname(), "127.") || u.Hostname() == "localhost" || u.Hostname() == "::1")
}

// callOut is the client for addresses that merchants give: public ones only, unless the shop is local itself.
func (h *house) callOut() *http.Client {
	return outbound.New(outbound.Config{Timeout: 10 * time.Second, PublicOnly: !h.local()}).HTTP()
}

// stripeSecret is the first webhook secret of the installation's own account.
func (h *house) stripeSecret() string {
	if list := splitList(h.settings.StripeSecrets); len(list) > 0 {
		return list[0]
	}
	return ""
}
