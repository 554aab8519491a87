package pay_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"sotto.chat/customers"
	"sotto.chat/internal/database"
	"sotto.chat/internal/testkit"
	"sotto.chat/orders"
	"sotto.chat/web/door"
	"sotto.chat/web/pay"
	"sotto.chat/web/webtest"
)

type answer struct {
	status int
	body   string
	header http.Header
}

func ask(s *webtest.Shop, method, url, language string, form ...string) answer {
	s.T.Helper()
	req, err := http.NewRequestWithContext(s.T.Context(), method, url, strings.NewReader(strings.Join(form, "&")))
	s.Must(err)
	if len(form) > 0 {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	req.Header.Set("Accept-Language", language)
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	resp, err := client.Do(req)
	s.Must(err)
	defer func() { _ = resp.Body.Close() }()
	raw, err := io.ReadAll(resp.Body)
	s.Must(err)
	return answer{resp.StatusCode, string(raw), resp.Header}
}

func open(t *testing.T, db *database.DB, clock *testkit.Clock) (*webtest.Shop, orders.Order, string) {
	return openLimited(t, db, clock, nil, nil)
}

func openLimited(t *testing.T, db *database.DB, clock *testkit.Clock, clicks, guesses *door.Limiter) (*webtest.Shop, orders.Order, string) {
	s := webtest.Open(t, db, clock)
	pay.Mount(s.Router, pay.Deps{Clicks: clicks, Guesses: guesses, Payments: s.Payments, Orders: s.Orders, PublicURL: s.URL, Now: clock.Now, CheckoutOrigins: []string{"https://checkout.stripe.com"}, Log: testkit.Log(t),
		ByHand: func(ctx context.Context, merchant, payment, method string) error {
			return db.InTx(ctx, func(tx database.Tx) error {
				_, err := s.Orders.PayBy(tx, merchant, payment, method, orders.Deed{Actor: "customer"})
				return err
			})
		},
		Consent: func(ctx context.Context, merchant, customer string, given bool) error {
			return db.InTx(ctx, func(tx database.Tx) error {
				if !given {
					if err := s.Payments.Forget(tx, merchant, customer); err != nil {
						return err
					}
				}
				_, err := s.People.RecordConsent(tx, merchant, customers.Consent{CustomerID: customer, Purpose: "saved_payment", Given: given, Source: "test"})
				return err
			})
		}})
	s.Sell("CRO", "Croissant <b>", 350)
	ord := s.Order("CRO", 2, orders.Owner{ConversationID: "cnv_1"})
	return s, ord, s.Orders.PayURL(ord)
}

// session goes on to the checkout and gives the sandbox's id of it.
func session(s *webtest.Shop, url string) string {
	s.T.Helper()
	a := ask(s, "POST", url, "en")
	to := a.header.Get("Location")
	_, id, ok := strings.Cut(to, "/c/pay/")
	if a.status != http.StatusSeeOther || !ok {
		s.T.Fatalf("the button leads to %d %q", a.status, to)
	}
	id, _, _ = strings.Cut(id, "#")
	return id
}

func has(t *testing.T, a answer, status int, words ...string) {
	t.Helper()
	if a.status != status {
		t.Errorf("status %d, want %d", a.status, status)
	}
	for _, w := range words {
		if !strings.Contains(a.body, w) {
			t.Errorf("the page lacks %q", w)
		}
	}
}

func TestPaying(t *testing.T) {
	testkit.Both(t, func(t *testing.T, db *database.DB, clock *testkit.Clock) {
		s, ord, url := open(t, db, clock)
		a := ask(s, "GET", url, "en")
		has(t, a, 200, "Café Quiet", "Croissant &lt;b&gt;", "2 × €3.50", "Pay €7.00 with Stripe", "more minutes", `method="post"`)
		for name, want := range map[string]string{"Referrer-Policy": "no-referrer", "Cache-Control": "no-store", "X-Robots-Tag": "noindex",
			"Content-Security-Policy": "form-action 'self' https://checkout.stripe.com"} {
			if !strings.Contains(a.header.Get(name), want) {
				t.Errorf("%s is %q, want %q", name, a.header.Get(name), want)
			}
		}
		has(t, ask(s, "GET", url, "es-ES"), 200, "Pagar 7,00\u00a0€ con Stripe")
		if a := ask(s, "HEAD", url, "en"); a.status != 200 || a.body != "" {
			t.Errorf("HEAD: %d", a.status)
		}
		id := session(s, url)
		if again := session(s, url); again != id {
			t.Errorf("a second click gave another session: %s and %s", id, again)
		}
		has(t, ask(s, "GET", url+"/done", "en"), 200, "being confirmed")
		has(t, ask(s, "GET", url+"?back=paid", "en"), 200, "being confirmed")
		if r := ask(s, "GET", url+"/done", "en").header.Get("Refresh"); !strings.Contains(r, "/done?look=1") {
			t.Errorf("the page does not look again: %q", r)
		}
		if r := ask(s, "GET", url+"/done?look=40", "en").header.Get("Refresh"); r != "" {
			t.Errorf("the page looks for ever: %q", r)
		}
		s.Must(s.Stripe.Approve(id))
		testkit.Eventually(t, "the payment", func() bool {
			o, err := s.Orders.Get(t.Context(), s.Merchant.ID, ord.ID)
			return err == nil && o.Status == orders.Paid
		})
		has(t, ask(s, "GET", url+"/done", "en"), 200, "Thank you, it is paid", "/chat/"+s.Merchant.Slug)
		has(t, ask(s, "GET", url, "en"), 200, "nothing more to pay")
		if a := ask(s, "POST", url, "en"); a.status != http.StatusConflict || a.header.Get("Location") != "" || strings.Contains(a.body, "cs_") {
			t.Errorf("a paid link leads on: %d %q", a.status, a.header.Get("Location"))
		}
	})
}

func TestDeadLinks(t *testing.T) {
	testkit.Both(t, func(t *testing.T, db *database.DB, clock *testkit.Clock) {
		s, ord, url := open(t, db, clock)
		other := s.Order("CRO", 1, orders.Owner{ConversationID: "cnv_2"})
		cancelled := s.Orders.PayURL(other)
		s.Must(s.DB.InTx(t.Context(), func(tx database.Tx) error {
			_, err := s.Orders.Cancel(tx, s.Merchant.ID, other.ID, orders.Deed{})
			return err
		}))
		has(t, ask(s, "GET", cancelled, "en"), http.StatusGone, "This order was cancelled", "Ask for a new link", "/chat/"+s.Merchant.Slug)
		clock.Advance(2 * time.Hour)
		has(t, ask(s, "GET", url, "es"), http.StatusGone, "Este enlace ha caducado", "/chat/"+s.Merchant.Slug)
		has(t, ask(s, "GET", url+"/done", "en"), 200, "This link has expired")
		for _, dead := range []string{url, cancelled} {
			if a := ask(s, "POST", dead, "en"); a.status != http.StatusConflict || strings.Contains(a.body, "cs_") {
				t.Errorf("a dead link leads on: %d", a.status)
			}
		}
		for _, wrong := range []string{url + "x", s.URL + "/pay/" + strings.Repeat("A", 64), s.URL + "/pay/%00"} {
			if a := ask(s, "GET", wrong, "en"); a.status != http.StatusNotFound || !strings.Contains(a.body, "No such pay link") {
				t.Errorf("%s: %d", wrong, a.status)
			}
		}
		_ = ord
	})
}

// Nobody is known again who did not tick the box; who did reads so, and takes it back with one button.
func TestTheCustomerDecidesWhetherStripeKnowsThemAgain(t *testing.T) {
	testkit.Both(t, func(t *testing.T, db *database.DB, clock *testkit.Clock) {
		s, ord, url := open(t, db, clock)
		consents := func() string {
			list, err := s.People.Consents(t.Context(), s.Merchant.ID, ord.CustomerID)
			s.Must(err)
			said := ""
			for _, c := range list {
				said += fmt.Sprint(c.Purpose, c.Given, " ")
			}
			return said
		}
		page := ask(s, "GET", url, "de")
		has(t, page, 200, `name="keep" value="yes"`, "jederzeit widerrufen")
		if strings.Contains(page.body, "checked") {
			t.Error("the box is ticked already")
		}
		session(s, url)
		if said := consents(); said != "" {
			t.Errorf("consent nobody gave: %s", said)
		}
		if a := ask(s, "POST", url, "de", "keep=yes"); a.status != http.StatusSeeOther {
			t.Fatalf("%d", a.status)
		}
		has(t, ask(s, "GET", url, "de"), 200, "Dort vergessen")
		if said := consents(); said != "saved_paymenttrue " {
			t.Errorf("%q", said)
		}
		if a := ask(s, "POST", url, "de", "way=forget"); a.status != http.StatusSeeOther || strings.Contains(a.header.Get("Location"), "/c/pay/") {
			t.Fatalf("%d %s", a.status, a.header.Get("Location"))
		}
		has(t, ask(s, "GET", url, "de"), 200, `name="keep"`)
		if said := consents(); said != "saved_paymentfalse saved_paymenttrue " {
			t.Errorf("%q", said)
		}
	})
}
