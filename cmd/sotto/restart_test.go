package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"sotto.chat/internal/database"
	"sotto.chat/internal/testkit"
)

// The demo goes on with its data: also after kill -9, also between a payment and its webhook.
func TestTheDemoGoesOnAfterAKill(t *testing.T) {
	t.Parallel()
	engines(t, func(t *testing.T, engine string) {
		demo := startDemoOn(t, engine)
		s := demo.shop()
		v := s.visitor("en")
		link := v.buys(t, "two croissants", "yes")
		hosted, err := checkout(s.client, link)
		if err != nil {
			t.Fatal(err)
		}
		other := s.visitor("en")
		otherLink := other.buys(t, "an espresso", "yes")

		// It dies with the customer on the hosted page. The same page, opened before, still takes the money; as the shop is
		// killed right then, the webhook is still owed.
		demo.process.kill()
		demo = demo.again(t)
		if got := demo.shop(); got.merchant != s.merchant || got.base != s.base {
			t.Fatalf("another shop: %s at %s, it was %s at %s", got.merchant, got.base, s.merchant, s.base)
		}
		if s.ask(t, http.MethodGet, "/v1/orders", nil).status != http.StatusOK || demo.APIKey == "" {
			t.Error("the key of before works no more")
		}
		s = demo.shop()
		if _, err := press(s.client, hosted, "approve"); err != nil {
			t.Fatal(err)
		}
		demo.process.kill()
		demo = demo.again(t)

		o := s.orderOfNumber(t, v)
		s.settles(t, o, "paid")
		v.hears(t, "is paid") // with the visitor token of before
		if n := len(v.bot(t, "is paid")); n != 1 {
			t.Errorf("the bot said %d times that the order is paid", n)
		}
		dead(t, s.client, link)
		pays(t, s.client, otherLink, "approve") // a link of two lives ago
		other.hears(t, "is paid")

		// Asked to end, it ends, and goes on as well.
		if err := demo.process.stop(t); err != nil {
			t.Errorf("asked to end, the demo ended badly: %v", err)
		}
		demo = demo.again(t)
		if m := v.says(t, "hi"); m.Text == "" {
			t.Error("no answer after the third start")
		}
		audit(t, demo.settings())
	})
}

// orderOfNumber finds the order of a visitor who has one, by the conversation that holds their words.
func (s shop) orderOfNumber(t testing.TB, v *visitor) string {
	t.Helper()
	list, err := v.talk("")
	if err != nil {
		t.Fatal(err)
	}
	for _, o := range every[bought](t, s, "/v1/orders") {
		for _, m := range list {
			if strings.Contains(m.Text, o.Number) {
				return o.ID
			}
		}
	}
	t.Fatal("no order's number stands in the talk")
	return ""
}

// Nobody can set the clock of another process, so the rows are made to look as if the time had passed.
func TestAnExpiredLinkIsDeadAndFreesItsGoods(t *testing.T) {
	t.Parallel()
	engines(t, func(t *testing.T, engine string) {
		s := startServe(t, engine)
		v := s.visitor("en")
		m := v.lastVase(t)
		link := payLink(t, m)
		hosted, err := checkout(s.client, link)
		if err != nil {
			t.Fatal(err)
		}
		o := s.orderOf(t, link)
		s.stockIs(t, 3, 1, 2)
		s.process.kill()
		db := testkit.Open(t, s.databaseURL, &testkit.Clock{})
		if err := db.InTx(t.Context(), func(tx database.Tx) error {
			past := tx.Now.Add(-time.Second)
			for _, table := range []string{"orders", "payments", "holds"} {
				if err := tx.DB().Exec("update "+table+" set expires_at = ?", past).Error; err != nil {
					return err
				}
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		s.serve(t)
		s.settles(t, o.ID, "expired")
		dead(t, s.client, link)
		s.stockIs(t, 3, 0, 3)
		v.hears(t, "kept")
		waits(t, "the session is closed at the provider too", func() bool {
			_, err := press(s.client, hosted, "decline")
			return err != nil
		})
		audit(t, s.env)
	})
}

// whatsAppAPI is where the demo's stand-in for WhatsApp listens; it keeps the port.
func (d demoInfo) whatsAppAPI(t testing.TB) string {
	t.Helper()
	memory, err := loadDemo(d.Dir)
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("http://127.0.0.1:%d", memory.WhatsAppPort)
}

// inWhatsApp is a customer who writes in WhatsApp, by way of the demo's stand-in.
type inWhatsApp struct {
	demo  demoInfo
	shop  shop
	api   string
	phone string
	name  string
	seen  int // how much had been sent when the customer wrote last
}

func (w *inWhatsApp) says(t testing.TB, body map[string]string) {
	t.Helper()
	w.seen = len(w.sent(t, ""))
	body["from"], body["name"] = w.phone, w.name
	a, err := send(w.shop.client, http.MethodPost, w.api+"/standin/say", body, nil)
	if err != nil || a.status != http.StatusOK {
		t.Fatal(err, a.status, string(a.body))
	}
}

// hears waits for an answer that holds some words and gives it as it was sent.
func (w *inWhatsApp) hears(t testing.TB, words string) (found string) {
	t.Helper()
	waits(t, "WhatsApp is sent "+words, func() bool {
		for _, m := range w.sent(t, "")[w.seen:] {
			if strings.Contains(m, words) {
				found = m
			}
		}
		return found != ""
	})
	return found
}

func (w *inWhatsApp) sent(t testing.TB, words string) (list []string) {
	t.Helper()
	a, err := send(w.shop.client, http.MethodGet, w.api+"/standin/sent?to="+url.QueryEscape(w.phone), nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	var page struct {
		Data []struct {
			Body json.RawMessage `json:"body"`
		} `json:"data"`
	}
	a.read(t, &page)
	for _, m := range page.Data {
		if strings.Contains(string(m.Body), words) {
			list = append(list, string(m.Body))
		}
	}
	return list
}

// A customer in WhatsApp buys by the signed webhook, gets the pay link as a button, and hears once that it is paid.
func TestACustomerBuysInWhatsApp(t *testing.T) {
	t.Parallel()
	engines(t, func(t *testing.T, engine string) {
		demo := startDemoOn(t, engine)
		w := &inWhatsApp{demo: demo, shop: demo.shop(), api: demo.whatsAppAPI(t), phone: "34600111222", name: "Ana"}
		w.says(t, map[string]string{"text": "quiero dos croissants"})
		w.hears(t, "Croissant")
		w.says(t, map[string]string{"tap": "checkout", "text": "Pagar"})
		w.hears(t, "way:delivery") // the question whether to order
		w.says(t, map[string]string{"text": "sí"})
		sent := w.hears(t, "cta_url")
		var m struct {
			Interactive struct {
				Action struct {
					Parameters struct{ URL string } `json:"parameters"`
				} `json:"action"`
			} `json:"interactive"`
		}
		if err := json.Unmarshal([]byte(sent), &m); err != nil {
			t.Fatal(err)
		}
		link := m.Interactive.Action.Parameters.URL
		if !strings.HasPrefix(link, demo.BaseURL+"/pay/") {
			t.Fatalf("the button leads to %q", link)
		}
		o := w.shop.orderOf(t, link)
		pays(t, w.shop.client, link, "approve")
		w.shop.settles(t, o.ID, "paid")
		w.hears(t, "pagado")
		audit(t, demo.settings())
		if n := len(w.sent(t, "pagado")); n != 1 {
			t.Errorf("WhatsApp was told %d times that the order is paid", n)
		}
	})
}
