// Package webtest opens a whole shop on a test's database, with the payments sandbox and a bot that the test writes, for the tests of web's doors.
package webtest

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/gin-gonic/gin"

	"sotto.chat/catalog"
	"sotto.chat/channels"
	"sotto.chat/customers"
	"sotto.chat/inbox"
	"sotto.chat/internal/database"
	"sotto.chat/internal/jobs"
	"sotto.chat/internal/live"
	"sotto.chat/internal/testkit"
	"sotto.chat/merchants"
	"sotto.chat/orders"
	"sotto.chat/payments"
	"sotto.chat/payments/sandbox"
	"sotto.chat/privacy"
)

// StripeKey opens the sandbox behind a test's shop.
const StripeKey = "sk_test_web"

const hookSecret = "whsec_web"

// Bot answers what a customer said. The customer's words come as typed, or the tap.
type Bot func(ctx context.Context, said string) channels.Content

// Shop is every room, open and at work.
type Shop struct {
	T         testing.TB
	DB        *database.DB
	Clock     *testkit.Clock
	Desk      *jobs.Desk
	Keys      *privacy.Keys
	Merchants *merchants.Register
	People    *customers.People
	Catalog   *catalog.Catalog
	Payments  *payments.Payments
	Orders    *orders.Orders
	Channels  *channels.Channels
	Inbox     *inbox.Inbox
	Hub       *live.Hub
	Stripe    *sandbox.Sandbox

	Merchant merchants.Merchant
	APIKey   string
	// Router and URL are the shop's own server, to which a test mounts doors.
	Router *gin.Engine
	URL    string

	mu  sync.Mutex
	bot Bot
}

// Open makes the shop "Café Quiet" and starts everything; the test's end stops it. What connect does comes before anything is at work.
func Open(t testing.TB, db *database.DB, clock *testkit.Clock, connect ...func(*Shop)) *Shop {
	t.Helper()
	gin.SetMode(gin.TestMode)
	s := &Shop{T: t, DB: db, Clock: clock, Router: gin.New(), bot: Echo}
	server := httptest.NewServer(s.Router)
	t.Cleanup(server.Close)
	s.URL = server.URL
	var err error
	s.Keys, err = privacy.New(db, bytes.Repeat([]byte{3}, privacy.MasterLength))
	s.Must(err)
	s.Merchants, s.People, s.Desk, s.Hub = merchants.New(db, s.Keys), customers.New(db, s.Keys), jobs.New(db, testkit.Log(t)), live.New(db, testkit.Log(t))
	s.Catalog = catalog.New(db, s.Desk)
	stripe := s.openStripe()
	s.Payments = payments.New(db, s.Merchants, s.Desk, payments.Config{StripeURL: stripe, PlatformKey: StripeKey, PlatformSecrets: []string{hookSecret},
		PublicURL: s.URL, LinkKey: s.Keys.Derive("pay-links"), Keys: s.Keys, Log: testkit.Log(t)})
	s.Orders = orders.New(db, s.Catalog, s.People, s.Payments, s.Desk, terms)
	s.Channels = channels.New(db, s.Merchants, s.Keys, s.Desk, nil, channels.Config{Log: testkit.Log(t)})
	s.Inbox = inbox.New(db, s.Channels, s.People, s.Merchants, s.Keys, s.Desk, s.Hub)
	jobs.On(s.Desk, "webtest.bot", s.answer)
	for _, f := range connect {
		f(s)
	}
	s.Desk.ByHand() // what the clock would do unasked is not what these tests are about
	s.Must(s.Desk.Open(t.Context()))
	s.Must(s.Desk.Start(t.Context()))
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
		defer cancel()
		_ = s.Desk.Stop(ctx) // the database goes with the test
	})
	s.Merchant, s.APIKey, err = s.Merchants.Create(t.Context(), merchants.NewMerchant{Name: "Café Quiet", Currency: "EUR", Country: "ES", Language: "en"})
	s.Must(err)
	return s
}

// Must ends the test at an error.
func (s *Shop) Must(err error) {
	s.T.Helper()
	if err != nil {
		s.T.Fatal(err)
	}
}

// SetBot has b answer from now on.
func (s *Shop) SetBot(b Bot) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.bot = b
}

// Echo is the bot of a shop unless the test gives another.
func Echo(_ context.Context, said string) channels.Content {
	return channels.Content{Text: "You said: " + said, Buttons: []channels.Button{{Label: "Yes", Tap: "yes:1"}}}
}

// answer is one turn: it thinks outside the transaction and speaks inside.
func (s *Shop) answer(ctx context.Context, n inbox.Spoke) error {
	_, waiting, _, err := s.Inbox.Peek(ctx, n.Merchant, n.Conversation)
	if err != nil || len(waiting) == 0 {
		return err
	}
	s.mu.Lock()
	bot := s.bot
	s.mu.Unlock()
	last := waiting[len(waiting)-1]
	content := bot(ctx, last.Content.Text+last.Tap)
	return s.DB.InTx(ctx, func(tx database.Tx) error {
		c, err := s.Inbox.Lock(tx, n.Merchant, n.Conversation)
		if err != nil {
			return err
		}
		left, err := s.Inbox.Unanswered(tx, n.Merchant, n.Conversation)
		if err != nil || len(left) == 0 || left[0].Seq > last.Seq {
			return err
		}
		if err := s.Inbox.Answered(tx, n.Merchant, n.Conversation, last.Seq); err != nil {
			return err
		}
		_, err = s.Inbox.Say(tx, &c, inbox.Bot, "", content)
		return err
	})
}

func terms(merchant string, into *orders.Terms) database.Ask {
	return merchants.Asking(merchant, func(c merchants.Conditions) { *into = orders.Terms(c) })
}

func (s *Shop) openStripe() string {
	door := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		raw, err := io.ReadAll(r.Body)
		if err == nil {
			err = s.Payments.ReceiveStripe(jobs.Eager(r.Context()), "", raw, r.Header.Get("Stripe-Signature"))
		}
		if err != nil {
			http.Error(w, "refused", http.StatusBadRequest)
		}
	}))
	var api *httptest.Server
	var err error
	s.Stripe, err = sandbox.New(sandbox.Config{SecretKey: StripeKey, BaseURL: func() string { return api.URL }, Now: s.Clock.Now,
		Webhooks: []sandbox.Endpoint{{URL: door.URL, Secret: hookSecret}}, Retry: []time.Duration{50 * time.Millisecond}})
	s.Must(err)
	api = httptest.NewServer(s.Stripe.Handler())
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { s.Stripe.Run(ctx); close(done) }()
	s.T.Cleanup(func() { cancel(); <-done; api.Close(); door.Close() })
	return api.URL
}

// Sell puts a product without options on the shelf.
func (s *Shop) Sell(sku, name string, price int64) {
	s.T.Helper()
	s.Must(s.DB.InTx(s.T.Context(), func(tx database.Tx) error {
		_, err := s.Catalog.Create(tx, s.Merchant.ID, catalog.NewProduct{SKU: sku, Name: name, Price: price, Currency: s.Merchant.Currency})
		return err
	}))
}

// Order places an order for so many of a sku, from a conversation if one is given, to be fetched.
func (s *Shop) Order(sku string, quantity int64, owner orders.Owner) orders.Order {
	s.T.Helper()
	var ord orders.Order
	s.Must(s.DB.InTx(s.T.Context(), func(tx database.Tx) error {
		cart, err := s.Orders.OpenCart(tx, s.Merchant.ID, owner, "")
		if err != nil {
			return err
		}
		if _, err := s.Orders.AddLine(tx, s.Merchant.ID, cart.ID, orders.LineInput{SKU: sku, Quantity: quantity}); err != nil {
			return err
		}
		q, err := s.Orders.Quote(tx, s.Merchant.ID, cart.ID)
		if err != nil {
			return err
		}
		ord, err = s.Orders.Place(tx, s.Merchant.ID, orders.Placing{CartID: cart.ID, Hash: q.Hash, Delivery: orders.Delivery{Method: orders.MethodPickup}, Actor: "test"})
		return err
	}))
	ord, err := s.Orders.Get(s.T.Context(), s.Merchant.ID, ord.ID)
	s.Must(err)
	return ord
}
