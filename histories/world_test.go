package histories_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"sotto.chat/catalog"
	"sotto.chat/customers"
	"sotto.chat/internal/database"
	"sotto.chat/internal/jobs"
	"sotto.chat/internal/testkit"
	"sotto.chat/merchants"
	"sotto.chat/orders"
	"sotto.chat/payments"
	"sotto.chat/payments/byhand"
	"sotto.chat/payments/sandbox"
	"sotto.chat/privacy"
)

const (
	stripeKey  = "sk_test_histories"
	hookSecret = "whsec_histories"
	price      = 500
)

// world is a shop with every room that money passes through. One goroutine plays its histories, one after another; nothing in it
// moves unless that goroutine says so.
type world struct {
	t        *testing.T
	db       *database.DB
	desk     *jobs.Desk
	register *merchants.Register
	cat      *catalog.Catalog
	people   *customers.People
	pay      *payments.Payments
	orders   *orders.Orders

	merchant string
	customer string
	terms    orders.Terms
	last     int64          // the row of the queue that was read last
	reasons  map[string]int // how often what was written into the history of an order
	mine     []string       // the orders of the history

	mu    sync.Mutex
	now   time.Time
	bank  *bank
	house *house
	heard []orders.Changed
}

// open makes a shop on a fresh database of the engine.
func open(t *testing.T, engine string) *world {
	t.Helper()
	w := &world{t: t, reasons: map[string]int{}, now: time.Now().UTC().Add(24 * time.Hour).Truncate(time.Second)} // never before what the queue takes from the machine's clock
	url := testkit.URL(t, engine)
	if engine == database.SQLite {
		url = inMemory(t, url)
	}
	var err error
	w.db, err = database.Open(t.Context(), url, w.clock)
	w.must(err)
	t.Cleanup(func() { _ = w.db.Close() })
	keys, err := privacy.New(w.db, []byte("0123456789abcdef0123456789abcdef"))
	w.must(err)
	quiet := slog.New(slog.DiscardHandler)
	w.register = merchants.New(w.db, keys)
	w.desk = jobs.New(w.db, quiet)
	w.cat, w.people = catalog.New(w.db, w.desk), customers.New(w.db, keys)
	w.pay = payments.New(w.db, w.register, w.desk, payments.Config{StripeURL: "http://stripe.test", PlatformKey: stripeKey, PlatformSecrets: []string{hookSecret},
		PublicURL: "http://shop.test", LinkKey: keys.Derive("pay-links"), Keys: keys, Log: quiet, Client: w.client()})
	w.orders = orders.New(w.db, w.cat, w.people, w.pay, w.desk, func(merchant string, into *orders.Terms) database.Ask {
		return merchants.Asking(merchant, func(merchants.Conditions) { *into = w.terms })
	})
	w.pay.Use(payments.MethodWeChat, teller{w})
	jobs.On(w.desk, "histories.heard", func(_ context.Context, c orders.Changed) error {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.heard = append(w.heard, c)
		return nil
	})
	w.must(w.desk.Open(t.Context()))
	w.terms = orders.Terms{Currency: "EUR", TaxPPM: 190_000, TaxInclusive: true, HoldMinutes: 30}
	return w
}

// inMemory moves a database file to where no disk slows it, if the machine has such a place.
func inMemory(t *testing.T, url string) string {
	t.Helper()
	dir, err := os.MkdirTemp("/dev/shm", "sotto-histories-")
	if err != nil {
		return url
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	image, err := os.ReadFile(strings.TrimPrefix(url, "sqlite:"))
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, "shop.db")
	if err := os.WriteFile(file, image, 0o600); err != nil {
		t.Fatal(err)
	}
	return "sqlite:" + file
}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) clock() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.now
}

func (w *world) advance(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.now = w.now.Add(d)
}

// newMerchant begins a batch of histories: audits go over one merchant.
func (w *world) newMerchant() {
	m, _, err := w.register.Create(w.t.Context(), merchants.NewMerchant{Name: "Quiet", Currency: "EUR", Country: "DE", Language: "en"})
	w.must(err)
	w.merchant = m.ID
	w.must(w.db.InTx(w.t.Context(), func(tx database.Tx) error {
		c, err := w.people.Make(tx, w.merchant, customers.Details{Name: "Ada"})
		w.customer = c.ID
		if err != nil {
			return err
		}
		return w.pay.SetTerms(tx, w.merchant, byhand.Terms{Cash: true, Bank: true, BankDetails: "IBAN"})
	}))
}

// promised is one promise, as the queue's table holds it.
type promised struct {
	id       int64
	args     json.RawMessage
	listener string
	at       time.Time
	tries    int
	failed   error // of the last try that ended in one
}

// promises reads what was promised since the last reading.
func (w *world) promises() (out []*promised) {
	args, at := "json(args)", "strftime('%s', scheduled_at)"
	if w.db.Engine == database.Postgres {
		args, at = "args::text", "extract(epoch from scheduled_at)::bigint"
	}
	rows, err := w.db.Read(w.t.Context()).Raw("select id, "+args+", cast("+at+" as bigint) from river_job where id > ? and kind = 'promise' order by id", w.last).Rows()
	w.must(err)
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		p := &promised{}
		var text string
		var seconds int64
		w.must(rows.Scan(&p.id, &text, &seconds))
		var name struct{ Listener string }
		w.must(json.Unmarshal([]byte(text), &name))
		p.args, p.listener, p.at = json.RawMessage(text), name.Listener, time.Unix(seconds+1, 0)
		if p.at.Before(w.clock().Add(-time.Hour)) {
			p.at = time.Time{}
		}
		w.last = p.id
		out = append(out, p)
	}
	w.must(rows.Err())
	return out
}

// audit runs the audits of all rooms that have one.
func (w *world) audit() (found []string) {
	for _, audit := range []func(context.Context, string) ([]string, error){w.orders.Audit, w.cat.Audit, w.pay.Audit} {
		list, err := audit(w.t.Context(), w.merchant)
		w.must(err)
		found = append(found, list...)
	}
	return found
}

// forget drops the news of the history before.
func (w *world) forget() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.heard = nil
}

func (w *world) newBank() *bank {
	s, err := sandbox.New(sandbox.Config{SecretKey: stripeKey, BaseURL: func() string { return "http://stripe.test" }, Now: w.clock})
	if err != nil {
		panic(fmt.Sprint("the sandbox does not open: ", err))
	}
	b := &bank{Sandbox: s, api: s.Handler(), w: w}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.bank = b
	return b
}
