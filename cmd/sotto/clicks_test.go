package main

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"sotto.chat/internal/database"
	"sotto.chat/payments/sandbox"
)

// replicas gives the addresses of the product: two processes on Postgres, which they share; one on SQLite, which has one writer.
func (s *served) replicas(t testing.TB, engine string) []string {
	t.Helper()
	if engine == database.SQLite {
		return []string{s.base}
	}
	listen := freePort(t)
	env := append([]string(nil), s.env...)
	for i, setting := range env {
		if strings.HasPrefix(setting, "SOTTO_LISTEN=") {
			env[i] = "SOTTO_LISTEN=" + listen
		}
		if strings.HasPrefix(setting, "SOTTO_DATA=") {
			env[i] = "SOTTO_DATA=" + t.TempDir()
		}
	}
	second := start(t, env, "serve")
	second.ready(t, "http://"+listen)
	return []string{s.base, "http://" + listen}
}

// told is a webhook as Stripe sent it.
type told struct {
	kind      string
	body      []byte
	signature string
}

// overhear has Stripe's webhooks kept here in place of the shop.
func (s *served) overhear(t testing.TB) func() []told {
	t.Helper()
	var mu sync.Mutex
	var list []told
	ear := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		raw, err := io.ReadAll(r.Body)
		var e struct{ Type string }
		if err == nil {
			err = json.Unmarshal(raw, &e)
		}
		if err != nil {
			t.Error(err)
		}
		mu.Lock()
		list = append(list, told{e.Type, raw, r.Header.Get("Stripe-Signature")})
		mu.Unlock()
	}))
	t.Cleanup(ear.Close)
	s.bank.SetWebhooks([]sandbox.Endpoint{{URL: ear.URL, Secret: testHookSecret}})
	return func() []told {
		mu.Lock()
		defer mu.Unlock()
		return append([]told(nil), list...)
	}
}

// crowd is a client for many at once.
func crowd() *http.Client {
	c := calling()
	c.Transport = &http.Transport{MaxIdleConnsPerHost: 256, MaxConnsPerHost: 256}
	return c
}

// atOnce calls f so many times at the same moment.
func atOnce(n int, f func(i int)) {
	start := make(chan struct{})
	var all sync.WaitGroup
	for i := range n {
		all.Go(func() { <-start; f(i) })
	}
	close(start)
	all.Wait()
}

// A thousand clicks at once on one link lead to one session, which can be paid once; two hundred copies at once of the event that says so
// have one effect: one payment, one move of the order, one word to the customer.
func TestAThousandClicksAndTwoHundredCopies(t *testing.T) {
	t.Parallel()
	engines(t, func(t *testing.T, engine string) {
		s := startServe(t, engine)
		v := s.visitor("en")
		link := payLink(t, v.lastVase(t))
		placed := s.orderOf(t, link)
		heard := s.overhear(t)
		houses := s.replicas(t, engine)
		client := crowd()

		hosted := make([]string, 1000)
		atOnce(len(hosted), func(i int) {
			a, err := send(client, http.MethodPost, houses[i%len(houses)]+strings.TrimPrefix(link, s.base), nil, nil)
			if err != nil || a.status != http.StatusSeeOther {
				t.Errorf("a click: %d %v", a.status, err)
				return
			}
			hosted[i] = a.header.Get("Location")
		})
		for _, to := range hosted {
			if to != hosted[0] || to == "" {
				t.Fatalf("the clicks lead to %q and %q", hosted[0], to)
			}
		}
		if n := s.liveSessions(t); n != 1 {
			t.Errorf("%d sessions are live", n)
		}
		id, err := press(s.client, hosted[0], "approve")
		if err != nil {
			t.Fatal(err)
		}
		if s.bank.Approve(id) == nil {
			t.Error("the session can be paid twice")
		}
		waits(t, "Stripe tells of the payment", func() bool { return len(paidEvents(heard())) > 0 })
		event := paidEvents(heard())[0]
		atOnce(200, func(i int) {
			a, err := send(client, http.MethodPost, houses[i%len(houses)]+"/hooks/stripe", event.body, map[string]string{"Stripe-Signature": event.signature})
			if err != nil || a.status/100 != 2 {
				t.Errorf("a copy: %d %s %v", a.status, a.body, err)
			}
		})
		order := s.settles(t, placed.ID, "paid")
		v.hears(t, "is paid")
		atOnce(20, func(i int) { // stragglers, after all is done
			if a, err := send(client, http.MethodPost, houses[i%len(houses)]+"/hooks/stripe", event.body, map[string]string{"Stripe-Signature": event.signature}); err != nil || a.status/100 != 2 {
				t.Errorf("a late copy: %d %v", a.status, err)
			}
			if a, err := send(client, http.MethodPost, houses[i%len(houses)]+strings.TrimPrefix(link, s.base), nil, nil); err != nil || a.status != http.StatusConflict {
				t.Errorf("a click on what is paid: %d %v", a.status, err)
			}
		})
		if n := len(v.bot(t, "is paid")); n != 1 {
			t.Errorf("the customer hears %d times that it is paid", n)
		}
		if n := len(order.Payments); n != 1 || order.Payments[0].Status != "paid" {
			t.Errorf("payments: %+v", order.Payments)
		}
		if n := s.rows(t, "receipts"); n != 1 {
			t.Errorf("%d receipts for one coin", n)
		}
		if n := s.rows(t, "payment_sessions"); n != 1 {
			t.Errorf("%d attempts at paying for a thousand clicks", n)
		}
		if n := s.rows(t, "orders where status = 'paid'"); n != 1 {
			t.Errorf("%d paid orders", n)
		}
		if n := s.rows(t, "order_events where to_status = 'paid'"); n != 1 {
			t.Errorf("the order became paid %d times", n)
		}
		s.stockIs(t, 2, 0, 2)
		audit(t, s.env)
	})
}

func paidEvents(list []told) (paid []told) {
	for _, e := range list {
		if e.kind == "checkout.session.completed" {
			paid = append(paid, e)
		}
	}
	return paid
}

// liveSessions counts what can be paid at Stripe.
func (s *served) liveSessions(t testing.TB) (n int) {
	t.Helper()
	a, err := send(s.client, http.MethodGet, s.bankURL+"/v1/checkout/sessions?limit=100", nil, map[string]string{"Authorization": "Bearer " + testStripeKey})
	if err != nil || a.status != http.StatusOK {
		t.Fatalf("%d %v", a.status, err)
	}
	var list struct{ Data []struct{ Status string } }
	a.read(t, &list)
	if bytes.Contains(a.body, []byte(`"has_more":true`)) {
		t.Error("more than a hundred sessions")
	}
	for _, one := range list.Data {
		if one.Status == "open" {
			n++
		}
	}
	return n
}

// rows counts in the database beside the working shop.
func (s *served) rows(t testing.TB, from string) (n int) {
	t.Helper()
	db, err := database.Open(t.Context(), s.databaseURL, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	if err := db.Read(t.Context()).Raw("select count(*) from " + from).Scan(&n).Error; err != nil {
		t.Fatal(err)
	}
	return n
}
