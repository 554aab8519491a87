package orders_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"sotto.chat/catalog"
	"sotto.chat/customers"
	"sotto.chat/internal/database"
	"sotto.chat/internal/id"
	"sotto.chat/internal/jobs"
	"sotto.chat/internal/money"
	"sotto.chat/internal/testkit"
	"sotto.chat/merchants"
	"sotto.chat/orders"
	"sotto.chat/payments"
	"sotto.chat/payments/sandbox"
	"sotto.chat/privacy"
)

const (
	stripeKey  = "sk_test_orders"
	hookSecret = "whsec_orders"
)

// world is a shop with every room that an order needs, and the Stripe sandbox behind it.
type world struct {
	t      testing.TB
	db     *database.DB
	clock  *testkit.Clock
	desk   *jobs.Desk
	cat    *catalog.Catalog
	people *customers.People
	pay    *payments.Payments
	orders *orders.Orders
	bank   *sandbox.Sandbox
	m      merchants.Merchant

	register *merchants.Register
	eager    bool // webhooks are settled before they are answered, without the queue

	mu    sync.Mutex
	heard []orders.Changed
	terms orders.Terms
}

func newWorld(t testing.TB, db *database.DB, clock *testkit.Clock) *world {
	t.Helper()
	w := &world{t: t, db: db, clock: clock}
	keys, err := privacy.New(db, []byte("0123456789abcdef0123456789abcdef"))
	w.must(err)
	register := merchants.New(db, keys)
	w.register = register
	w.desk = jobs.New(db, testkit.Log(t))
	w.cat, w.people = catalog.New(db, w.desk), customers.New(db, keys)
	url := w.openBank()
	w.pay = payments.New(db, register, w.desk, payments.Config{StripeURL: url, PlatformKey: stripeKey, PlatformSecrets: []string{hookSecret},
		PublicURL: "http://127.0.0.1:1", LinkKey: keys.Derive("pay-links"), Keys: keys, Log: testkit.Log(t)})
	w.orders = orders.New(db, w.cat, w.people, w.pay, w.desk, func(merchant string, into *orders.Terms) database.Ask {
		return merchants.Asking(merchant, func(merchants.Conditions) {
			w.mu.Lock()
			defer w.mu.Unlock()
			*into = w.terms
		})
	})
	jobs.On(w.desk, "test.heard", func(_ context.Context, c orders.Changed) error {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.heard = append(w.heard, c)
		return nil
	})
	w.must(w.desk.Open(t.Context()))
	w.terms = orders.Terms{Currency: "EUR", TaxPPM: 190_000, TaxInclusive: true, Shipping: 490, HoldMinutes: 30}
	w.newMerchant()
	return w
}

func (w *world) newMerchant() {
	w.t.Helper()
	var err error
	w.m, _, err = w.register.Create(w.t.Context(), merchants.NewMerchant{Name: "Quiet", Currency: "EUR", Country: "DE", Language: "en"})
	w.must(err)
}

// openBank starts the sandbox, and the door at which its webhooks arrive.
func (w *world) openBank() string {
	door := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		raw, _ := io.ReadAll(r.Body)
		ctx := r.Context()
		if w.eager {
			ctx = jobs.Eager(ctx)
		}
		if err := w.pay.ReceiveStripe(ctx, "", raw, r.Header.Get("Stripe-Signature")); err != nil {
			rw.WriteHeader(http.StatusBadRequest)
		}
	}))
	var server *httptest.Server
	var err error
	w.bank, err = sandbox.New(sandbox.Config{SecretKey: stripeKey, BaseURL: func() string { return server.URL }, Now: w.clock.Now,
		Webhooks: []sandbox.Endpoint{{URL: door.URL, Secret: hookSecret}}, Retry: []time.Duration{10 * time.Millisecond}})
	w.must(err)
	server = httptest.NewServer(w.bank.Handler())
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { w.bank.Run(ctx); close(done) }()
	w.t.Cleanup(func() {
		stop()
		<-done
		door.Close()
		server.Close()
		_ = w.bank.Close()
	})
	return server.URL
}

// work starts the job queue.
func (w *world) work() *world {
	w.t.Helper()
	w.must(w.desk.Start(w.t.Context()))
	w.t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		_ = w.desk.Stop(ctx)
	})
	return w
}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) tx(f func(tx database.Tx) error) {
	w.t.Helper()
	w.must(w.try(f))
}

func (w *world) try(f func(tx database.Tx) error) error { return w.db.InTx(w.t.Context(), f) }

// fails runs f in a transaction and wants this fault.
func (w *world) fails(want error, f func(tx database.Tx) error) {
	w.t.Helper()
	if err := w.try(f); !errors.Is(err, want) {
		w.t.Fatalf("%v, want %v", err, want)
	}
}

func ptr[T any](v T) *T { return &v }

// sell puts a product into the catalog; stock below 0 is not counted.
func (w *world) sell(sku string, price, stock int64) catalog.Product {
	w.t.Helper()
	n := catalog.NewProduct{SKU: sku, Name: "The " + sku, Price: price, Currency: "EUR"}
	if stock >= 0 {
		n.Stock = &stock
	}
	return w.create(n)
}

func (w *world) create(n catalog.NewProduct) (p catalog.Product) {
	w.t.Helper()
	w.tx(func(tx database.Tx) (err error) {
		p, err = w.cat.Create(tx, w.m.ID, n)
		return err
	})
	return p
}

func (w *world) stock(p catalog.Product) (onHand, held int64) {
	w.t.Helper()
	s, err := w.cat.Stock(w.t.Context(), w.m.ID, p.Variants[0].ID)
	w.must(err)
	return *s.OnHand, s.Held
}

// customer makes a customer in a conversation.
func (w *world) customer() orders.Owner {
	w.t.Helper()
	o := orders.Owner{ConversationID: id.New("con")}
	w.tx(func(tx database.Tx) error {
		c, err := w.people.Make(tx, w.m.ID, customers.Details{Name: "Ada"})
		o.CustomerID = c.ID
		return err
	})
	return o
}

type want struct {
	sku string
	n   int64
}

// cart opens the owner's cart and puts things into it.
func (w *world) cart(owner orders.Owner, wants ...want) (c orders.Cart) {
	w.t.Helper()
	w.tx(func(tx database.Tx) (err error) {
		if c, err = w.orders.OpenCart(tx, w.m.ID, owner, ""); err != nil {
			return err
		}
		for _, x := range wants {
			if _, err := w.orders.AddLine(tx, w.m.ID, c.ID, orders.LineInput{SKU: x.sku, Quantity: x.n}); err != nil {
				return err
			}
		}
		return nil
	})
	return c
}

func (w *world) quote(cart string) orders.Quote {
	w.t.Helper()
	q, err := w.orders.QuoteNow(w.t.Context(), w.m.ID, cart)
	w.must(err)
	return q
}

// place quotes the cart and says yes.
func (w *world) place(cart string) orders.Order {
	w.t.Helper()
	ord, err := w.orders.PlaceNow(w.t.Context(), w.m.ID, orders.Placing{CartID: cart, Hash: w.quote(cart).Hash, Actor: "customer"})
	w.must(err)
	return ord
}

func (w *world) get(order string) orders.Order {
	w.t.Helper()
	ord, err := w.orders.Get(w.t.Context(), w.m.ID, order)
	w.must(err)
	return ord
}

// session clicks the pay link and gives the sandbox's session.
func (w *world) session(ord orders.Order) string {
	w.t.Helper()
	link := w.orders.PayURL(ord)
	url, err := w.pay.Checkout(w.t.Context(), link[strings.LastIndex(link, "/")+1:])
	w.must(err)
	_, rest, _ := strings.Cut(url, "/cs_")
	name, _, _ := strings.Cut("cs_"+rest, "#")
	return name
}

// becomes waits until the order has the status.
func (w *world) becomes(order string, s orders.Status) orders.Order {
	w.t.Helper()
	testkit.Eventually(w.t, "the order is "+string(s), func() bool { return w.get(order).Status == s })
	return w.get(order)
}

// has waits until the history holds the reason.
func (w *world) has(order, reason string) orders.Order {
	w.t.Helper()
	testkit.Eventually(w.t, "the history holds "+reason, func() bool { return count(w.get(order), reason) > 0 })
	return w.get(order)
}

func count(ord orders.Order, reason string) int {
	n := 0
	for _, e := range ord.Events {
		if e.Reason == reason {
			n++
		}
	}
	return n
}

// news waits until it was told that the order came to a status, and counts how often.
func (w *world) news(order string, to orders.Status) int {
	w.t.Helper()
	n := 0
	testkit.Eventually(w.t, "news of "+string(to), func() bool {
		w.mu.Lock()
		defer w.mu.Unlock()
		facts := map[string]bool{} // a listener may hear twice: a fact is what happened once
		for _, c := range w.heard {
			if c.Order == order && c.To == to && c.From != to {
				facts[c.Fact] = true
			}
		}
		n = len(facts)
		return n > 0
	})
	return n
}

// sound wants every audit to find nothing.
func (w *world) sound() {
	w.t.Helper()
	for _, f := range w.audit() {
		w.t.Error(f)
	}
}

// audit runs the audits of all rooms that have one.
func (w *world) audit() (found []string) {
	w.t.Helper()
	for _, audit := range []func(context.Context, string) ([]string, error){w.orders.Audit, w.cat.Audit, w.pay.Audit} {
		list, err := audit(w.t.Context(), w.m.ID)
		w.must(err)
		found = append(found, list...)
	}
	return found
}

func eur(n int64) *money.Money { m := money.Of(n, "EUR"); return &m }

// remark is what a person wrote about a step of an order's life.
func (w *world) remark(ord orders.Order, step int) string {
	w.t.Helper()
	words, err := w.orders.RemarkOf(w.t.Context(), ord, ord.Events[step])
	w.must(err)
	return words
}
