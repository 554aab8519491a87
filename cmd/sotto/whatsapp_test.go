package main

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"sotto.chat/channels/standin"
	"sotto.chat/internal/testkit"
)

// waShop is a shop with a number at the stand-in for WhatsApp.
type waShop struct {
	*served
	wa *standin.Server
}

// startWAShop opens a shop in a currency, with settings for payments inside the chat.
func startWAShop(t *testing.T, engine, currency, country string, settings map[string]string) waShop {
	t.Helper()
	w := waShop{wa: standin.New(standin.Config{AccessToken: "EAAsystem", AppSecret: "system", PhoneNumberID: "100200300", Log: testkit.Log(t)})}
	api := httptest.NewServer(w.wa.Handler())
	t.Cleanup(api.Close)
	w.served = startServe(t, engine, "SOTTO_WHATSAPP_API_URL="+api.URL)
	var made struct{ Merchant, APIKey string }
	out := must(t, w.env, "", "merchant", "create", "--name", "Far Things", "--currency", currency, "--country", country, "--json")
	if err := json.Unmarshal([]byte(strings.ReplaceAll(out, "api_key", "apikey")), &made); err != nil {
		t.Fatal(err)
	}
	w.merchant, w.key = made.Merchant, made.APIKey
	raw, err := os.ReadFile("testdata/goods.json")
	if err != nil {
		t.Fatal(err)
	}
	goods := filepath.Join(t.TempDir(), "goods.json")
	if err := os.WriteFile(goods, bytes.ReplaceAll(raw, []byte("USD"), []byte(currency)), 0o600); err != nil {
		t.Fatal(err)
	}
	must(t, w.env, "", "import", "--merchant", w.merchant, goods)
	all := map[string]string{"app_secret": "system", "access_token": "EAAsystem", "phone_number_id": "100200300", "waba_id": "1"}
	for k, v := range settings {
		all[k] = v
	}
	var channel struct {
		WebhookURL string `json:"webhook_url"`
	}
	w.do(t, http.MethodPost, "/v1/channels", map[string]any{"platform": "whatsapp", "name": "WhatsApp", "credentials": all}, &channel)
	w.wa.SetWebhook(channel.WebhookURL)
	return w
}

// heard gives the bodies of what the shop said to somebody with these words in it.
func (w waShop) heard(who standin.Customer, words string) (list []string) {
	for _, s := range w.wa.Sent(who.Phone) {
		if strings.Contains(string(s.Body), words) {
			list = append(list, string(s.Body))
		}
	}
	return list
}

// orders goes from a wish to the order.
func (w waShop) orders(t *testing.T, who standin.Customer, wish string) bought {
	t.Helper()
	say := func(text, words string) {
		t.Helper()
		n := len(w.heard(who, words))
		if _, err := w.wa.Text(t.Context(), who, text); err != nil {
			t.Fatal(err)
		}
		waits(t, "the bot answers "+text, func() bool { return len(w.heard(who, words)) > n })
	}
	say(wish, "Added")
	say("checkout", "Shall I place")
	say("yes", "is placed")
	var newest bought
	for _, o := range every[bought](t, w.shop, "/v1/orders") {
		if o.Status == "awaiting_payment" && (newest.ID == "" || o.ID > newest.ID) {
			newest = o
		}
	}
	waits(t, "the pay link", func() bool { return len(w.heard(who, *newest.PayURL)) > 0 })
	return newest
}

// bill waits for the request for money that came for an order.
func (w waShop) bill(t *testing.T, who standin.Customer, o bought) standin.Bill {
	t.Helper()
	var list []standin.Bill
	waits(t, "the request for money", func() bool {
		list = w.wa.Bills(who.Phone)
		return len(list) > 0 && list[len(list)-1].Order == "pending" && list[len(list)-1].Total == o.Total.Amount
	})
	return list[len(list)-1]
}

// told waits until WhatsApp was told exactly these statuses of an order.
func (w waShop) told(t *testing.T, reference string, statuses ...string) standin.Bill {
	t.Helper()
	var is standin.Bill
	waits(t, "WhatsApp is told "+strings.Join(statuses, ", "), func() bool {
		for _, b := range w.wa.Bills("") {
			if b.Reference == reference {
				is = b
			}
		}
		return slices.Equal(is.Told, statuses)
	})
	return is
}

func (w waShop) moneyIs(t *testing.T, order string, states ...string) {
	t.Helper()
	waits(t, "the payments are "+strings.Join(states, ", "), func() bool {
		var is []string
		for _, p := range w.order(t, order).Payments {
			is = append(is, p.Status)
		}
		slices.Sort(is)
		return slices.Equal(is, states)
	})
}

func TestACustomerPaysInWhatsAppInIndia(t *testing.T) {
	t.Parallel()
	engines(t, func(t *testing.T, engine string) {
		w := startWAShop(t, engine, "INR", "IN", map[string]string{"pay_region": "in", "pay_methods": "razorpay", "pay_configuration": "prod", "pay_goods": "digital",
			"country_of_origin": "India", "importer_name": "Far Things", "importer_address_line1": "One BKC", "importer_city": "Mumbai",
			"importer_zone_code": "MH", "importer_postal_code": "400051", "importer_country_code": "IN"})
		ana := standin.Customer{Phone: "919000090000", Name: "Ana"}

		// a try that fails, and one that brings the money, told twice; then the goods go out
		o := w.orders(t, ana, "two green teas")
		b := w.bill(t, ana, o)
		for _, outcome := range []string{"pending", "failed", "captured", "captured"} {
			if err := w.wa.Pay(t.Context(), b.Reference, outcome, false); err != nil {
				t.Fatal(err)
			}
		}
		w.settles(t, o.ID, "paid")
		w.moneyIs(t, o.ID, "paid")
		w.told(t, b.Reference, "processing")
		waits(t, "the bot says paid", func() bool { return len(w.heard(ana, "is paid")) == 1 })
		w.do(t, http.MethodPost, "/v1/orders/"+o.ID+"/fulfil", map[string]string{}, nil)
		waits(t, "the bot says that it is ready", func() bool { return len(w.heard(ana, "Good news")) == 1 })

		// part of it goes back; the answer is lost, and all the same it goes back once
		payment := w.order(t, o.ID).Payments[0].ID
		w.wa.Break(standin.Fault{Lost: true})
		w.do(t, http.MethodPost, "/v1/orders/"+o.ID+"/refund", map[string]any{"amount": cash{100, "INR"}}, nil)
		w.moneyIs(t, o.ID, "partially_refunded")
		w.refundsAre(t, payment, "succeeded")
		if back := w.told(t, b.Reference, w.wa.Bills("")[0].Told...).Refunds; len(back) != 1 || back[0].Amount != 100 {
			t.Errorf("%+v went back", back)
		}

		a := w.ask(t, http.MethodPost, "/v1/channels", map[string]any{"platform": "whatsapp", "name": "Two", "credentials": map[string]string{"app_secret": "x",
			"access_token": "x", "phone_number_id": "2", "waba_id": "1", "pay_region": "us"}})
		if a.status != http.StatusUnprocessableEntity || !strings.Contains(string(a.body), "credentials.pay_region") {
			t.Errorf("a region that is none: %d %s", a.status, a.body)
		}

		// cancelled while nobody had paid
		o = w.orders(t, ana, "a green tea")
		b = w.bill(t, ana, o)
		w.do(t, http.MethodPost, "/v1/orders/"+o.ID+"/cancel", map[string]string{"reason": "closed"}, nil)
		w.told(t, b.Reference, "canceled")
		if err := w.wa.Pay(t.Context(), b.Reference, "captured", false); err != nil {
			t.Fatal(err)
		}
		w.moneyIs(t, o.ID, "needs_review")

		// paid in the last moment, and nobody told us: who ends the offer asks first
		o = w.orders(t, ana, "a carrot cake")
		b = w.bill(t, ana, o)
		if err := w.wa.Pay(t.Context(), b.Reference, "captured", true); err != nil {
			t.Fatal(err)
		}
		w.do(t, http.MethodPost, "/v1/orders/"+o.ID+"/cancel", map[string]string{"reason": "closed"}, nil)
		w.moneyIs(t, o.ID, "needs_review")

		// as Meta's own documents write it: the short form promises, the long one counts, and a refund made at the gateway is heard of
		o = w.orders(t, ana, "two green teas")
		b = w.bill(t, ana, o)
		w.tells(t, b, "captured", o.Total.Amount, "short")
		w.tells(t, b, "captured", o.Total.Amount, "long", "success", "pending")
		w.settles(t, o.ID, "paid")
		w.moneyIs(t, o.ID, "paid")
		w.tells(t, b, "captured", o.Total.Amount, "long", "success", "success")
		w.moneyIs(t, o.ID, "partially_refunded")
		o = w.orders(t, ana, "a green tea")
		b = w.bill(t, ana, o)
		n := len(w.heard(ana, "did not go through"))
		w.tells(t, b, "pending", o.Total.Amount, "long", "failed", "pending")
		waits(t, "the bot says that it did not go through", func() bool { return len(w.heard(ana, "did not go through")) == n+1 })
		w.tells(t, b, "captured", o.Total.Amount-1, "long", "success", "pending")
		w.moneyIs(t, o.ID, "needs_review") // less than was asked for

		// who is not of the country gets the link alone
		ben := standin.Customer{Phone: "15557770002", Name: "Ben"}
		w.orders(t, ben, "a green tea")
		if n := len(w.wa.Bills(ben.Phone)); n != 0 {
			t.Errorf("%d requests for money went abroad", n)
		}
		audit(t, w.env)
	})
}

// tells posts Meta's example of a payment's webhook, filled for a bill.
func (w waShop) tells(t *testing.T, b standin.Bill, status string, amount int64, form ...string) {
	t.Helper()
	raw := `{"object":"whatsapp_business_account","entry":[{"id":"1","changes":[{"field":"messages","value":{"metadata":{"phone_number_id":"100200300"},
		"statuses":[{"id":"wamid.ID","from":"` + b.To + `","type":"payment","status":"` + status + `","payment":{"reference_id":"` + b.Reference + `"},"timestamp":"1722445231"}]}}]}]}`
	if form[0] == "long" {
		example, err := os.ReadFile(testkit.Shared(t, "fixtures", "whatsapp", "meta-docs-examples", "kapso-mirror-2025-12", "payments__payments-in__pg__07.json"))
		if err != nil {
			t.Fatal(err)
		}
		refund := `"status":"` + form[2] + `"`
		raw = strings.NewReplacer("[TRANSACTION_STATUS]", status, `"success/failed"`, `"`+form[1]+`"`, "[REFERENCE_ID]", b.Reference, "[PHONE_NUMBER_ID]", "100200300",
			"[PHONE_NUMBER]", b.To, "[PG-ORDER-ID]", "order_"+b.Reference+form[1], "[REFUND-ID]", "rfnd_"+b.Reference, `"status": "success"`, refund, `"status":"success"`, refund,
			"21000", strconv.FormatInt(amount, 10), `"messages": [`, `"none": [`, `"messages":[`, `"none":[`).Replace(string(example))
	}
	if err := w.wa.Post(t.Context(), []byte(raw)); err != nil {
		t.Fatal(err)
	}
}

// refundsAre waits until the refunds of a payment have these states.
func (w waShop) refundsAre(t *testing.T, payment string, states ...string) {
	t.Helper()
	waits(t, "the refunds are "+strings.Join(states, ", "), func() bool {
		var p struct {
			Refunds []struct {
				Status string `json:"status"`
			} `json:"refunds"`
		}
		w.do(t, http.MethodGet, "/v1/payments/"+payment, nil, &p)
		var is []string
		for _, r := range p.Refunds {
			is = append(is, r.Status)
		}
		return slices.Equal(is, states)
	})
}

// boleto has the shop's bank make a voucher after the order was placed.
func (w waShop) boleto(t *testing.T, who standin.Customer) {
	t.Helper()
	const line = "03399026944140000002628346101018898510000008848"
	w.do(t, http.MethodPut, "/v1/payments/methods", map[string]any{"cash": false, "bank": true, "bank_details": "Banco do Norte, 1234", "bank_days": 3}, nil)
	o := w.orders(t, who, "a carrot cake")
	first := w.bill(t, who, o)
	for range 2 { // told twice is one
		w.do(t, http.MethodPost, "/v1/payments/"+o.Payments[0].ID+"/boleto", map[string]string{"line": line}, nil)
	}
	waits(t, "the boleto", func() bool { return len(w.heard(who, line)) == 1 })
	second := w.bill(t, who, o)
	if second.Reference != first.Reference+"-2" {
		t.Errorf("the boleto goes as %s after %s", second.Reference, first.Reference)
	}
	w.do(t, http.MethodPost, "/v1/payments/"+o.Payments[0].ID+"/receive", map[string]any{"amount": o.Total, "method": "bank", "reference": "B1"}, nil)
	w.settles(t, o.ID, "paid")
	w.told(t, second.Reference, "processing")
	if a := w.ask(t, http.MethodPost, "/v1/payments/"+o.Payments[0].ID+"/boleto", map[string]string{"line": "1"}); a.status != http.StatusUnprocessableEntity {
		t.Errorf("no boleto: %d %s", a.status, a.body)
	}
}

// In Brazil the bank tells the shop, and the shop tells WhatsApp.
func TestACustomerPaysByPixInWhatsApp(t *testing.T) {
	t.Parallel()
	engines(t, func(t *testing.T, engine string) {
		w := startWAShop(t, engine, "BRL", "BR", map[string]string{"pay_region": "br", "pay_methods": "pix,payment_link,boleto", "pix_key": "39580525000189",
			"pix_key_type": "CNPJ", "pix_name": "Far Things", "pix_city": "RECIFE"})
		ana := standin.Customer{Phone: "5511987654321", Name: "Ana"}
		o := w.orders(t, ana, "two green teas")
		b := w.bill(t, ana, o)
		asked := w.heard(ana, "order_details")
		if len(asked) != 1 || !strings.Contains(asked[0], "br.gov.bcb.pix") || !strings.Contains(asked[0], b.Reference[:25]) || !strings.Contains(asked[0], *o.PayURL) {
			t.Fatalf("%v", asked)
		}
		w.do(t, http.MethodPost, "/v1/payments/"+o.Payments[0].ID+"/receive", map[string]any{"amount": o.Total, "method": "bank", "reference": "E123"}, nil)
		w.settles(t, o.ID, "paid")
		if is := w.told(t, b.Reference, "processing"); !is.Captured {
			t.Error("WhatsApp was not told that the money came")
		}
		w.do(t, http.MethodPost, "/v1/orders/"+o.ID+"/fulfil", map[string]string{}, nil)
		waits(t, "the bot says that it is ready", func() bool { return len(w.heard(ana, "Good news")) == 1 })
		if n := len(w.heard(ana, "is paid")); n != 1 {
			t.Errorf("paid was said %d times", n)
		}
		w.boleto(t, ana)
		w.told(t, b.Reference, "processing") // it waits at the counter: nothing that WhatsApp has a word for
		audit(t, w.env)
	})
}
