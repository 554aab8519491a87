package bot_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"sotto.chat/bot"
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

const (
	stripeKey  = "sk_test_bot"
	hookSecret = "whsec_bot"
)

// world is a shop with every room that an answer needs, real ones, and the Stripe sandbox behind it.
type world struct {
	t       testing.TB
	db      *database.DB
	clock   *testkit.Clock
	desk    *jobs.Desk
	cat     *catalog.Catalog
	people  *customers.People
	pay     *payments.Payments
	orders  *orders.Orders
	chans   *channels.Channels
	inbox   *inbox.Inbox
	bot     *bot.Bot
	bank    *sandbox.Sandbox
	m       merchants.Merchant
	visitor string
	conv    string
	sent    atomic.Int64
	started bool
}

// setting is what a story says about its shop.
type setting struct {
	merchants.NewMerchant
	file     string
	model    bot.Understander
	embedded bot.Understander
}

func newWorld(t testing.TB, db *database.DB, clock *testkit.Clock, s setting) *world {
	t.Helper()
	w := &world{t: t, db: db, clock: clock, visitor: "visitor-1"}
	keys, err := privacy.New(db, []byte("0123456789abcdef0123456789abcdef"))
	w.must(err)
	register := merchants.New(db, keys)
	log := testkit.Log(t)
	w.desk = jobs.New(db, log)
	w.cat, w.people = catalog.New(db, w.desk), customers.New(db, keys)
	w.pay = payments.New(db, register, w.desk, payments.Config{StripeURL: w.openBank(), PlatformKey: stripeKey, PlatformSecrets: []string{hookSecret},
		PublicURL: "http://127.0.0.1:1", LinkKey: keys.Derive("pay-links"), Log: log})
	w.orders = orders.New(db, w.cat, w.people, w.pay, w.desk, func(tx database.Tx, merchant string) (orders.Terms, error) {
		m, err := register.Find(tx, merchant)
		return orders.Terms{Currency: m.Currency, TaxPPM: m.TaxPPM, TaxInclusive: m.TaxInclusive, Shipping: m.ShippingAmount, HoldMinutes: m.HoldMinutes}, err
	})
	w.chans = channels.New(db, register, keys, w.desk, nil, channels.Config{Log: log})
	w.inbox = inbox.New(db, w.chans, w.people, register, keys, w.desk, live.New(db, log))
	if s.embedded == nil {
		s.embedded = bot.Embedded{}
	}
	w.bot, err = bot.New(db, w.inbox, w.orders, w.cat, w.people, w.desk, func(ctx context.Context, merchant string) (bot.Shop, error) {
		m, err := register.Get(ctx, merchant)
		return bot.Shop{Name: m.Name, Currency: m.Currency, Country: m.Country, Language: m.Language, Formal: m.Settings.Formal,
			Pickup: m.Settings.Pickup, Delivery: m.Settings.Delivery, Model: m.Settings.LLM}, err
	}, s.embedded, s.model, log)
	w.must(err)
	w.must(w.desk.Open(t.Context()))
	w.m, _, err = register.Create(t.Context(), s.NewMerchant)
	w.must(err)
	w.load(s.file)
	return w
}

func (w *world) load(file string) {
	w.t.Helper()
	_, err := w.cat.Import(w.t.Context(), w.m.ID, fileOf(w.t, file), false, nil)
	w.must(err)
}

func fileOf(t testing.TB, name string) catalog.File {
	t.Helper()
	raw, err := os.Open(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = raw.Close() }()
	f, problems, err := catalog.DecodeFile(raw)
	if err != nil || len(problems) > 0 {
		t.Fatal(err, problems)
	}
	return f
}

// create puts one more product into the catalog.
func (w *world) create(sku, name string, price int64) {
	w.t.Helper()
	w.tx(func(tx database.Tx) error {
		_, err := w.cat.Create(tx, w.m.ID, catalog.NewProduct{SKU: sku, Name: name, Price: price, Currency: w.m.Currency})
		return err
	})
}

// openBank starts the sandbox, and the door at which its webhooks arrive.
func (w *world) openBank() string {
	door := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		raw, _ := io.ReadAll(r.Body)
		if err := w.pay.ReceiveStripe(r.Context(), "", raw, r.Header.Get("Stripe-Signature")); err != nil {
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

// work starts the job queue, which money and time need.
func (w *world) work() {
	w.t.Helper()
	if w.started {
		return
	}
	w.started = true
	w.must(w.desk.Start(w.t.Context()))
	w.t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		_ = w.desk.Stop(ctx)
	})
}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) tx(f func(tx database.Tx) error) {
	w.t.Helper()
	w.must(w.db.InTx(w.t.Context(), f))
}

// says has the customer say something, and the bot answer at once, the way that the web chat works.
func (w *world) says(in channels.Incoming) {
	w.t.Helper()
	in.Kind, in.DedupKey, in.At = channels.KindMessage, "m"+strconv.FormatInt(w.sent.Add(1), 10), w.clock.Now()
	c, _, err := w.inbox.HearWeb(w.t.Context(), w.m.ID, w.visitor, in)
	w.must(err)
	w.conv = c.ID
	if !w.started {
		return
	}
	// A worker may have taken the message up a moment before the visitor's own request did.
	testkit.Eventually(w.t, "the message is answered", func() bool {
		_, open, _, err := w.inbox.Peek(w.t.Context(), w.m.ID, w.conv)
		w.must(err)
		return len(open) == 0
	})
}

// burst has several messages arrive before the bot gets to answer.
func (w *world) burst(texts ...string) {
	w.t.Helper()
	ch, err := w.chans.WebChannel(w.t.Context(), w.m.ID)
	w.must(err)
	parties := []channels.Party{{Kind: customers.Web, Value: w.visitor}}
	for _, text := range texts {
		_, err := w.chans.ReceiveWeb(w.t.Context(), ch, w.chans.PartyOf(w.m.ID, parties), channels.Incoming{Kind: channels.KindMessage,
			DedupKey: "b" + strconv.FormatInt(w.sent.Add(1), 10), Parties: parties, Text: text, At: w.clock.Now()})
		w.must(err)
	}
	w.must(w.inbox.Drain(w.t.Context(), channels.Arrived{Merchant: w.m.ID, Channel: ch.ID, Party: w.chans.PartyOf(w.m.ID, parties)}))
	c, err := w.inbox.OpenWeb(w.t.Context(), w.m.ID, w.visitor)
	w.must(err)
	w.conv = c.ID
}

func (w *world) turn() { w.t.Helper(); w.must(w.bot.Turn(w.t.Context(), w.m.ID, w.conv)) }

// talk gives all messages.
func (w *world) talk() []inbox.Message {
	w.t.Helper()
	list, err := w.inbox.Messages(w.t.Context(), w.m.ID, w.conv, "", 200)
	w.must(err)
	return list
}

// botSaid gives the bot's messages.
func (w *world) botSaid() []inbox.Message {
	var out []inbox.Message
	for _, m := range w.talk() {
		if m.Sender == inbox.Bot {
			out = append(out, m)
		}
	}
	return out
}

func (w *world) last() channels.Content {
	w.t.Helper()
	list := w.botSaid()
	if len(list) == 0 {
		w.t.Fatal("the bot has said nothing")
	}
	return list[len(list)-1].Content
}

// tapLabel presses the button of the last answers that has this label.
func (w *world) tapLabel(label string) {
	w.t.Helper()
	list := w.botSaid()
	for i := len(list) - 1; i >= 0; i-- {
		for _, b := range list[i].Content.Buttons {
			if b.Label == label {
				if len(b.Tap) > 60 {
					w.t.Errorf("the tap of %q is longer than platforms carry: %q", label, b.Tap)
				}
				w.says(channels.Incoming{Tap: b.Tap})
				return
			}
		}
	}
	w.t.Fatalf("there is no button %q; the last answer: %s", label, show(w.last()))
}

func show(c channels.Content) string {
	raw, _ := json.MarshalIndent(c, "", " ")
	return string(raw)
}

// cart gives the priced cart of the conversation.
func (w *world) cart() (q orders.Quote, ok bool) {
	w.t.Helper()
	w.tx(func(tx database.Tx) error {
		c, found, err := w.orders.CartOf(tx, w.m.ID, w.conv)
		if ok = found; err != nil || !found {
			return err
		}
		q, err = w.orders.Quote(tx, w.m.ID, c.ID)
		return err
	})
	return q, ok
}

func (w *world) allOrders() (list []orders.Order) {
	w.t.Helper()
	w.tx(func(tx database.Tx) (err error) {
		list, err = w.orders.OfConversation(tx, w.m.ID, w.conv, 20)
		return err
	})
	return list
}

// link gives the newest pay link of the talk.
func (w *world) link() string {
	list := w.botSaid()
	for i := len(list) - 1; i >= 0; i-- {
		if l := list[i].Content.Links; len(l) > 0 {
			return l[0].URL
		}
	}
	w.t.Fatal("there is no pay link in the talk")
	return ""
}

// session clicks a pay link and gives the sandbox's session.
func (w *world) session(link string) (string, error) {
	url, err := w.pay.Checkout(w.t.Context(), link[strings.LastIndex(link, "/")+1:])
	if err != nil {
		return "", err
	}
	_, rest, _ := strings.Cut(url, "/cs_")
	name, _, _ := strings.Cut("cs_"+rest, "#")
	return name, nil
}

func (w *world) pays() {
	w.t.Helper()
	w.work()
	session, err := w.session(w.link())
	w.must(err)
	before := len(w.botSaid())
	w.must(w.bank.Approve(session))
	testkit.Eventually(w.t, "the bot speaks of the money", func() bool { return len(w.botSaid()) > before })
}
