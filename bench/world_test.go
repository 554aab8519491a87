package bench

import (
	"context"
	"encoding/hex"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"sotto.chat/catalog"
	"sotto.chat/channels"
	"sotto.chat/channels/whatsapp"
	"sotto.chat/customers"
	"sotto.chat/inbox"
	"sotto.chat/internal/database"
	"sotto.chat/internal/jobs"
	"sotto.chat/internal/live"
	"sotto.chat/internal/outbound"
	"sotto.chat/merchants"
	"sotto.chat/orders"
	"sotto.chat/payments"
	"sotto.chat/privacy"
	"sotto.chat/web/api"
	"sotto.chat/web/events"
)

const (
	products = 1000
	// The goods have these numbers, so that pgbench can name them at random: SKU-1000 and var_1000 to SKU-1999 and var_1999.
	firstNumber = 1000
	// clients is how many buy at once.
	clients = 16
	// offices is how many keys and addresses the calls of a load are spread over.
	offices = 64

	appSecret = "the app secret of the benchmark"
	number1   = "100000001"
)

// master opens the keys of every database here, also for the shipped binary.
var master = []byte(strings.Repeat("k", privacy.MasterLength))

func masterText() string { return hex.EncodeToString(master) }

// rooms is the wired program without its bot, and with workers that nobody has started.
type rooms struct {
	api.Rooms
	desk *jobs.Desk
	hub  *live.Hub
}

// openRooms wires what cmd/sotto wires.
func openRooms(ctx context.Context, url string, log *slog.Logger) (*rooms, error) {
	db, err := database.Open(ctx, url, nil)
	if err != nil {
		return nil, err
	}
	r := &rooms{desk: jobs.New(db, log), hub: live.New(db, log)}
	r.DB, r.Log, r.PublicURL, r.Version = db, log, "http://127.0.0.1", "bench"
	if r.Keys, err = privacy.New(db, master); err != nil {
		return nil, err
	}
	wa := whatsapp.New("http://127.0.0.1:9", outbound.New(outbound.Config{}))
	r.Merchants = merchants.New(db, r.Keys)
	r.Customers = customers.New(db, r.Keys)
	r.Catalog = catalog.New(db, r.desk)
	r.Payments = payments.New(db, r.Merchants, r.desk, payments.Config{PublicURL: r.PublicURL, LinkKey: r.Keys.Derive("pay-links"), Keys: r.Keys, Log: log})
	r.Channels = channels.New(db, r.Merchants, r.Keys, r.desk, map[string]channels.Platform{wa.Name(): wa}, channels.Config{Log: log})
	r.Inbox = inbox.New(db, r.Channels, r.Customers, r.Merchants, r.Keys, r.desk, r.hub)
	r.Orders = orders.New(db, r.Catalog, r.Customers, r.Payments, r.desk, func(merchant string, into *orders.Terms) database.Ask {
		return merchants.Asking(merchant, func(c merchants.Conditions) { *into = orders.Terms(c) })
	})
	r.Events = events.New(db, r.Keys, r.desk, outbound.New(outbound.Config{}).HTTP(), true, log)
	return r, r.desk.Open(ctx)
}

// world is a shop with a thousand goods, some customers, and keys and a channel for its doors.
type world struct {
	*rooms
	url, merchant string
	customers     []string
	keys          []string
	channel       string
}

// newWorld fills a migrated database.
func newWorld(b testing.TB, url string) *world {
	b.Helper()
	ctx := context.Background()
	w := &world{url: url, rooms: reopen(b, url)}
	m, _, err := w.Merchants.Create(ctx, merchants.NewMerchant{Name: "Bench", Currency: "EUR", Country: "DE", Language: "en", TaxPPM: 190_000, TaxInclusive: true})
	must(b, err)
	w.merchant = m.ID
	file := catalog.File{Currency: "EUR"}
	for i := range products {
		stock := int64(1_000_000)
		file.Products = append(file.Products, catalog.FileProduct{SKU: sku(i), Name: fmt.Sprintf("Product %d", i), Price: int64(100 + i), Stock: &stock})
	}
	_, err = w.Catalog.Import(ctx, w.merchant, file, false, func(int, int) {})
	must(b, err)
	must(b, w.DB.InTx(ctx, w.people))
	// no other row names a variant yet
	w.exec(b, "update variants set id = 'var_' || substr(sku, 5)")
	w.exec(b, "analyze")
	return w
}

// reopen is another program on the same database.
func reopen(b testing.TB, url string) *rooms {
	b.Helper()
	r, err := openRooms(context.Background(), url, slog.New(slog.DiscardHandler))
	must(b, err)
	b.Cleanup(func() { _ = r.DB.Close() })
	return r
}

func (w *world) people(tx database.Tx) error {
	for range 50 {
		c, err := w.Customers.Make(tx, w.merchant, customers.Details{Name: "Somebody"})
		if err != nil {
			return err
		}
		w.customers = append(w.customers, c.ID)
	}
	for i := range offices {
		_, key, err := w.Merchants.NewKey(tx, w.merchant, fmt.Sprintf("office %d", i), merchants.Owner, nil)
		if err != nil {
			return err
		}
		w.keys = append(w.keys, key)
	}
	ch, _, err := w.Channels.Create(tx, w.merchant, channels.NewChannel{Platform: "whatsapp", Name: "WhatsApp",
		Credentials: channels.Credentials{"app_secret": appSecret, "access_token": "token", "phone_number_id": number1, "waba_id": "1"}})
	w.channel = ch.ID
	return err
}

// exec does what no room offers.
func (w *world) exec(b testing.TB, sql string, args ...any) {
	b.Helper()
	_, err := w.DB.SQL.ExecContext(context.Background(), sql, args...)
	must(b, err)
}

func sku(i int) string { return fmt.Sprintf("SKU-%d", firstNumber+i) }

// pair picks two goods, the lower number first.
type pair func() (one, two int)

// anyPair is two of all goods, drawn as the pgbench scripts draw them; samePair is what everybody wants.
func anyPair() (int, int) {
	one := rand.IntN(products - 1)
	return one, one + 1 + rand.IntN(products-1-one)
}

func samePair() (int, int) { return 0, 1 }

// readyCart is a cart with the hash that a yes needs.
type readyCart struct{ id, hash string }

// cart fills a cart with one piece of each of two goods.
func (w *world) cart(tx database.Tx, one, two int) (readyCart, error) {
	c, err := w.Orders.OpenCart(tx, w.merchant, orders.Owner{CustomerID: w.customers[rand.IntN(len(w.customers))]}, "")
	if err != nil {
		return readyCart{}, err
	}
	for _, i := range []int{one, two} {
		if _, err := w.Orders.AddLine(tx, w.merchant, c.ID, orders.LineInput{SKU: sku(i), Quantity: 1}); err != nil {
			return readyCart{}, err
		}
	}
	q, err := w.Orders.Quote(tx, w.merchant, c.ID)
	return readyCart{c.ID, q.Hash}, err
}

// carts fills n carts before a measurement, many in one transaction.
func (w *world) carts(b testing.TB, n int, pick pair) []readyCart {
	b.Helper()
	const batch = 50
	var mu sync.Mutex
	var out []readyCart
	var left atomic.Int64
	left.Store(int64(n))
	crowd(b, 4, func(int) bool {
		size := min(batch, left.Add(-batch)+batch)
		if size <= 0 {
			return false
		}
		var some []readyCart
		err := w.DB.InTx(context.Background(), func(tx database.Tx) error {
			some = some[:0]
			for range size {
				one, two := pick()
				c, err := w.cart(tx, one, two)
				if err != nil {
					return err
				}
				some = append(some, c)
			}
			return nil
		})
		if err != nil {
			b.Error(err)
			return false
		}
		mu.Lock()
		defer mu.Unlock()
		out = append(out, some...)
		return true
	})
	if b.Failed() {
		b.FailNow()
	}
	return out
}

// placeOne is the whole of the product's side: a yes to a cart.
func (w *world) placeOne(c readyCart) error {
	return w.DB.InTx(context.Background(), func(tx database.Tx) error {
		_, err := w.Orders.Place(tx, w.merchant, orders.Placing{CartID: c.id, Hash: c.hash, Actor: "bench"})
		return err
	})
}

// placeAll orders all carts and gives orders a second.
func (w *world) placeAll(b testing.TB, list []readyCart) float64 {
	return rush(b, list, w.placeOne)
}

// rush has the clients share a list of carts and gives orders a second.
func rush(b testing.TB, list []readyCart, place func(readyCart) error) float64 {
	b.Helper()
	var next atomic.Int64
	start := time.Now()
	crowd(b, clients, func(int) bool {
		i := int(next.Add(1)) - 1
		if i >= len(list) {
			return false
		}
		if err := place(list[i]); err != nil {
			b.Error(err)
			return false
		}
		return true
	})
	return float64(len(list)) / time.Since(start).Seconds()
}

// crowd has n workers do f until it says that it is enough.
func crowd(b testing.TB, n int, f func(worker int) bool) {
	b.Helper()
	var wg sync.WaitGroup
	for k := range n {
		wg.Go(func() {
			for f(k) {
			}
		})
	}
	wg.Wait()
}
