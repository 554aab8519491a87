package main

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	botapi "sotto.chat/channels/telegram/standin"
	"sotto.chat/internal/testkit"
)

// botShop is a shop with a bot at the stand-in for Telegram.
type botShop struct {
	*served
	bot     *botapi.Server
	channel string
	hook    string
}

const (
	testBotToken      = "7000000001:system"
	testProviderToken = "2051251535:TEST:system"
)

func startBotShop(t *testing.T, engine string) botShop {
	t.Helper()
	b := botShop{bot: botapi.New(botapi.Config{BotToken: testBotToken, ProviderToken: testProviderToken, Log: testkit.Log(t)})}
	api := httptest.NewServer(b.bot.Handler())
	t.Cleanup(api.Close)
	b.served = startServe(t, engine, "SOTTO_TELEGRAM_API_URL="+api.URL)
	var made struct {
		ID         string            `json:"id"`
		WebhookURL string            `json:"webhook_url"`
		Settings   map[string]string `json:"settings"`
	}
	b.do(t, http.MethodPost, "/v1/channels", map[string]any{"platform": "telegram", "name": "Bot", "credentials": map[string]string{"bot_token": testBotToken,
		"provider_token": testProviderToken, "stars": "true", "stars_per_hundred": "60"}}, &made)
	b.channel, b.hook = made.ID, made.WebhookURL
	for _, secret := range []string{testBotToken, testProviderToken} {
		for _, v := range made.Settings {
			if v == secret {
				t.Error("a token came back")
			}
		}
	}
	waits(t, "the bot is told where the shop is", func() bool { url, secret := b.bot.Webhook(); return url == made.WebhookURL && secret != "" })
	return b
}

// message is what the bot sent, as far as the tests look at it.
type botMessage struct {
	Text     string `json:"text"`
	Payload  string `json:"payload"`
	Currency string `json:"currency"`
	Prices   []struct {
		Amount int64 `json:"amount"`
	} `json:"prices"`
	Markup struct {
		Rows [][]struct {
			Data string `json:"callback_data"`
			URL  string `json:"url"`
		} `json:"inline_keyboard"`
	} `json:"reply_markup"`
	id int64
}

func (b botShop) heard(t *testing.T, who int64, method, words string) (list []botMessage) {
	t.Helper()
	for _, s := range b.bot.Sent(who) {
		var m botMessage
		if err := json.Unmarshal(s.Body, &m); err != nil {
			t.Fatal(err)
		}
		if m.id = s.ID; s.Method == method && strings.Contains(m.Text, words) {
			list = append(list, m)
		}
	}
	return list
}

// buys goes from a wish to the invoice, and gives the order.
func (b botShop) buys(t *testing.T, c botapi.Customer, wish string) (botMessage, bought) {
	t.Helper()
	say := func(text, words string) {
		n := len(b.heard(t, c.ID, "sendMessage", words))
		if _, err := b.bot.Text(t.Context(), c, text); err != nil {
			t.Fatal(err)
		}
		waits(t, "the bot answers "+text, func() bool { return len(b.heard(t, c.ID, "sendMessage", words)) > n })
	}
	invoices := len(b.heard(t, c.ID, "sendInvoice", ""))
	say(wish, "Added")
	say("checkout", "Shall I place")
	say("yes", "is placed")
	waits(t, "the invoice", func() bool { return len(b.heard(t, c.ID, "sendInvoice", "")) > invoices })
	list := b.heard(t, c.ID, "sendInvoice", "")
	said := b.heard(t, c.ID, "sendMessage", "is placed")
	last := said[len(said)-1]
	if len(last.Markup.Rows) != 1 || !strings.Contains(last.Markup.Rows[0][0].URL, "/pay/") {
		t.Fatalf("the pay link does not stand beside the invoice: %+v", last)
	}
	return list[len(list)-1], b.orderOf(t, last.Markup.Rows[0][0].URL)
}

func (b botShop) pays(t *testing.T, c botapi.Customer, inv botMessage) botapi.Outcome {
	t.Helper()
	got, err := b.bot.Pay(t.Context(), c, inv.id)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func TestACustomerPaysInTelegram(t *testing.T) {
	t.Parallel()
	engines(t, func(t *testing.T, engine string) {
		b := startBotShop(t, engine)
		ana, ben := botapi.Customer{ID: 42, Name: "Ana"}, botapi.Customer{ID: 43, Name: "Ben", Language: "es"}

		inv, o := b.buys(t, ana, "a vase")
		if len(inv.Prices) == 0 || inv.Currency != o.Total.Currency || sumOf(inv) != o.Total.Amount {
			t.Fatalf("the invoice %+v is not the order's %+v", inv, o.Total)
		}
		got := b.pays(t, ana, inv)
		if !got.Paid {
			t.Fatalf("the payment was refused: %s", got.Refused)
		}
		b.settles(t, o.ID, "paid")
		waits(t, "the bot says paid", func() bool { return len(b.heard(t, ana.ID, "sendMessage", "is paid")) == 1 })

		// what was said twice counts once
		for range 20 {
			if _, err := b.bot.Message(t.Context(), ana, paidBy(got.Charge, inv, o.Total.Amount)); err != nil {
				t.Fatal(err)
			}
		}
		if again := b.pays(t, ben, inv); again.Paid || !strings.Contains(again.Refused, "pagado") {
			t.Errorf("a paid order can be paid by somebody else: %+v", again)
		}

		// two pay copies of one invoice at the same moment: one is for the order, the other before a person
		inv, o = b.buys(t, ana, "a vase")
		for i, c := range []botapi.Customer{ana, ben} {
			if _, err := b.bot.Message(t.Context(), c, paidBy([]string{"tch_a", "tch_b"}[i], inv, o.Total.Amount)); err != nil {
				t.Fatal(err)
			}
		}
		waits(t, "one payment is good and one before a person", func() bool {
			return slices.Equal(b.moneyOf(t, o.ID), []string{"needs_review", "paid"})
		})
		if s := b.order(t, o.ID).Status; s != "paid" {
			t.Errorf("the order is %s", s)
		}

		// too late: the order was cancelled while the button stood there
		inv, o = b.buys(t, ana, "a vase")
		b.do(t, http.MethodPost, "/v1/orders/"+o.ID+"/cancel", map[string]string{"reason": "closed"}, nil)
		if late := b.pays(t, ana, inv); late.Paid || late.Refused == "" {
			t.Errorf("a cancelled order can be paid: %+v", late)
		}
		if _, err := b.bot.Message(t.Context(), ana, paidBy("tch_late", inv, o.Total.Amount)); err != nil {
			t.Fatal(err)
		}
		waits(t, "late money is before a person", func() bool { return slices.Contains(b.moneyOf(t, o.ID), "needs_review") })

		b.forged(t, inv)
		if n := len(b.heard(t, ana.ID, "sendMessage", "is paid")); n != 2 {
			t.Errorf("the bot said %d times that one of two orders is paid", n)
		}
		audit(t, b.env)
	})
}

// paidBy is Telegram's word that an invoice was paid.
func paidBy(charge string, inv botMessage, amount int64) map[string]any {
	return map[string]any{"successful_payment": map[string]any{"currency": inv.Currency, "total_amount": amount, "invoice_payload": inv.Payload,
		"telegram_payment_charge_id": charge, "provider_payment_charge_id": "p" + charge}}
}

func sumOf(inv botMessage) (n int64) {
	for _, p := range inv.Prices {
		n += p.Amount
	}
	return n
}

// moneyOf lists the states of an order's payments.
func (b botShop) moneyOf(t *testing.T, order string) (states []string) {
	t.Helper()
	for _, p := range b.order(t, order).Payments {
		states = append(states, p.Status)
	}
	slices.Sort(states)
	return states
}

// forged asks what nobody asks by chance: with another secret, another sum, another currency, an invented reference.
func (b botShop) forged(t *testing.T, inv botMessage) {
	t.Helper()
	_, secret := b.bot.Webhook()
	for _, bad := range []string{"", "x", secret[1:], secret + "x"} {
		a, err := send(b.client, http.MethodPost, b.hook, map[string]any{"update_id": 1}, map[string]string{"X-Telegram-Bot-Api-Secret-Token": bad})
		if err != nil || a.status != http.StatusUnauthorized {
			t.Errorf("the secret %q: %d, %v", bad, a.status, err)
		}
	}
	for name, q := range map[string]map[string]any{
		"another sum":      {"currency": inv.Currency, "total_amount": 1, "invoice_payload": inv.Payload},
		"another currency": {"currency": "XTR", "total_amount": sumOf(inv), "invoice_payload": inv.Payload},
		"invented":         {"currency": inv.Currency, "total_amount": sumOf(inv), "invoice_payload": strings.Repeat("A", 32)},
		"nothing":          {"currency": inv.Currency, "total_amount": sumOf(inv), "invoice_payload": ""},
	} {
		q["id"], q["from"] = "9", map[string]any{"id": 7, "is_bot": false, "first_name": "Mallory"}
		raw, err := b.bot.Update(t.Context(), map[string]any{"pre_checkout_query": q})
		if err != nil || !strings.Contains(string(raw), `"ok":false`) || !strings.Contains(string(raw), "error_message") {
			t.Errorf("%s: %s, %v", name, raw, err)
		}
	}
}

func TestDigitalGoodsArePaidInStars(t *testing.T) {
	t.Parallel()
	engines(t, func(t *testing.T, engine string) {
		b := startBotShop(t, engine)
		b.do(t, http.MethodPost, "/v1/products", map[string]any{"sku": "EBOOK", "name": "Ebook", "price": cash{999, b.currency(t)},
			"attributes": map[string]string{"digital": "yes"}}, nil)
		ana := botapi.Customer{ID: 42, Name: "Ana"}
		inv, o := b.buys(t, ana, "an ebook")
		if inv.Currency != "XTR" || len(inv.Prices) != 1 || sumOf(inv) != 600 { // 9.99 at 60 Stars for 1.00, rounded up
			t.Fatalf("the invoice is %+v", inv)
		}
		if got := b.pays(t, ana, inv); !got.Paid {
			t.Fatalf("refused: %s", got.Refused)
		}
		b.settles(t, o.ID, "paid")

		part := b.ask(t, http.MethodPost, "/v1/orders/"+o.ID+"/refund", map[string]any{"amount": cash{100, o.Total.Currency}})
		if part.status/100 == 2 {
			t.Errorf("a part of Stars went back: %s", part.body)
		}
		b.do(t, http.MethodPost, "/v1/orders/"+o.ID+"/refund", map[string]any{"amount": o.Total}, nil)
		waits(t, "the Stars went back", func() bool { return slices.Contains(b.moneyOf(t, o.ID), "refunded") })

		// Telegram tells of it as well, later, and twice
		back := map[string]any{"currency": "XTR", "total_amount": 600, "invoice_payload": inv.Payload, "telegram_payment_charge_id": b.chargeOf(t)}
		for range 2 {
			if _, err := b.bot.Message(t.Context(), ana, map[string]any{"refunded_payment": back}); err != nil {
				t.Fatal(err)
			}
		}
		// another number of Stars than what was asked for comes before a person
		inv, o = b.buys(t, ana, "an ebook")
		if _, err := b.bot.Message(t.Context(), ana, paidBy("tch_few", inv, 1)); err != nil {
			t.Fatal(err)
		}
		waits(t, "the wrong sum is before a person", func() bool { return slices.Contains(b.moneyOf(t, o.ID), "needs_review") })
		audit(t, b.env)
	})
}

func (b botShop) currency(t *testing.T) string {
	t.Helper()
	var list struct {
		Data []struct {
			Price cash `json:"price"`
		} `json:"data"`
	}
	b.do(t, http.MethodGet, "/v1/products?limit=1", nil, &list)
	return list.Data[0].Price.Currency
}

func (b botShop) chargeOf(t *testing.T) string {
	t.Helper()
	for _, a := range b.bot.Charges() {
		return a
	}
	t.Fatal("no Stars came")
	return ""
}

// The answer before a payment comes within a second while the shop is busy with everything else. It prints how long it took.
func TestTheQuestionBeforeAPaymentIsAnsweredAtOnce(t *testing.T) {
	t.Parallel()
	engines(t, func(t *testing.T, engine string) {
		b := startBotShop(t, engine)
		ana := botapi.Customer{ID: 42, Name: "Ana"}
		inv, _ := b.buys(t, ana, "a vase")
		stop := make(chan struct{})
		var busy sync.WaitGroup
		for i := range 4 { // others talk, so that writers, the queue and the bot have work
			busy.Go(func() {
				for n := 0; ; n++ {
					select {
					case <-stop:
						return
					default:
					}
					_, _ = b.bot.Text(t.Context(), botapi.Customer{ID: int64(1000 + i*1000 + n)}, "two croissants") // it is work, whatever becomes of it
				}
			})
		}
		var took []time.Duration
		for range 200 {
			start := time.Now()
			raw, err := b.bot.Update(t.Context(), map[string]any{"pre_checkout_query": map[string]any{"id": "1", "from": map[string]any{"id": 42, "is_bot": false, "first_name": "Ana"},
				"currency": inv.Currency, "total_amount": sumOf(inv), "invoice_payload": inv.Payload}})
			took = append(took, time.Since(start))
			if err != nil || !strings.Contains(string(raw), `"ok":true`) {
				t.Fatalf("answered %s, %v", raw, err)
			}
		}
		close(stop)
		busy.Wait()
		slices.Sort(took)
		t.Logf("%s: the answer before a payment, beside other talks: p50 %v, p99 %v, of 1s", engine, took[len(took)/2], took[len(took)*99/100])
	})
}

// What a provider took in the chat goes back at the provider: staff send it there and confirm it, and only then is it told.
func TestAProvidersMoneyGoesBackByStaff(t *testing.T) {
	t.Parallel()
	engines(t, func(t *testing.T, engine string) {
		b := startBotShop(t, engine)
		ana := botapi.Customer{ID: 42, Name: "Ana"}
		inv, o := b.buys(t, ana, "a vase")
		if got := b.pays(t, ana, inv); !got.Paid {
			t.Fatalf("refused: %s", got.Refused)
		}
		b.settles(t, o.ID, "paid")
		var refunded struct {
			Refunds []struct{ ID, Status string } `json:"refunds"`
		}
		payment := "/v1/payments/" + b.order(t, o.ID).Payments[0].ID
		back := func(n int64) string {
			t.Helper()
			b.do(t, http.MethodPost, payment+"/refund", map[string]any{"amount": cash{n, o.Total.Currency}}, &refunded)
			var p struct {
				Remedies []struct {
					Code, Path string
					Body       map[string]any
				}
			}
			b.do(t, http.MethodGet, payment, nil, &p)
			for _, r := range p.Remedies {
				if r.Code == "confirm_refund" {
					return r.Path
				}
			}
			t.Fatalf("staff are not told to send the money back: %+v", p)
			return ""
		}
		confirm := back(100)
		if s := b.order(t, o.ID).Payments[0].Status; s != "paid" || len(b.heard(t, ana.ID, "sendMessage", "Refunded")) > 0 {
			t.Errorf("before anybody sent it the payment is %s", s)
		}
		for range 2 {
			b.do(t, http.MethodPost, confirm, map[string]any{"made": true}, nil)
		}
		waits(t, "a part went back", func() bool { return slices.Contains(b.moneyOf(t, o.ID), "partially_refunded") })
		waits(t, "the customer hears of it", func() bool { return len(b.heard(t, ana.ID, "sendMessage", "Refunded")) == 1 })
		confirm = back(200)
		b.do(t, http.MethodPost, confirm, map[string]any{"made": false}, nil)
		waits(t, "what could not be sent is before a person", func() bool { return slices.Contains(b.moneyOf(t, o.ID), "needs_review") })
		confirm = back(o.Total.Amount - 100)
		b.do(t, http.MethodPost, confirm, map[string]any{"made": true}, nil)
		waits(t, "the rest went back", func() bool { return slices.Contains(b.moneyOf(t, o.ID), "refunded") })
		if s := b.order(t, o.ID).Status; s != "cancelled" {
			t.Errorf("the order is %s", s)
		}
		audit(t, b.env)
	})
}
