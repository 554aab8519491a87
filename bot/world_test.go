package bot_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"sotto.chat/bot"
	"sotto.chat/bot/transcript"
	"sotto.chat/catalog"
	"sotto.chat/channels"
	"sotto.chat/inbox"
	"sotto.chat/internal/database"
	"sotto.chat/internal/testkit"
	"sotto.chat/merchants"
	"sotto.chat/orders"
)

// world is a stage whose failures end the test.
type world struct {
	*transcript.Stage
	t     testing.TB
	clock *testkit.Clock
}

// setting is what a story says about its shop.
type setting struct {
	merchants.NewMerchant
	file     string
	cash     bool
	transfer bool
	model    bot.Understander
	embedded bot.Understander
}

func newWorld(t testing.TB, db *database.DB, clock *testkit.Clock, s setting) *world {
	t.Helper()
	w := &world{t: t, clock: clock}
	stage, err := transcript.Open(t.Context(), transcript.Props{DB: db, Advance: clock.Advance, Log: testkit.Log(t), Master: []byte("0123456789abcdef0123456789abcdef"),
		Embedded: s.embedded, Model: s.model}, transcript.Shop{NewMerchant: s.NewMerchant, Goods: fileOf(t, s.file), Cash: s.cash, Transfer: s.transfer})
	w.must(err)
	w.Stage = stage
	t.Cleanup(stage.Close)
	return w
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
		_, err := w.Catalog.Create(tx, w.Merchant.ID, catalog.NewProduct{SKU: sku, Name: name, Price: price, Currency: w.Merchant.Currency})
		return err
	})
}

func (w *world) work() { w.t.Helper(); w.must(w.Work(w.t.Context())) }

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) tx(f func(tx database.Tx) error) {
	w.t.Helper()
	w.must(w.DB.InTx(w.t.Context(), f))
}

func (w *world) says(in channels.Incoming) { w.t.Helper(); w.must(w.Says(w.t.Context(), in)) }

func (w *world) burst(texts ...string) { w.t.Helper(); w.must(w.Burst(w.t.Context(), texts...)) }

func (w *world) turn() { w.t.Helper(); w.must(w.Turn(w.t.Context())) }

// botSaid gives the bot's messages, and holds their buttons to what platforms carry.
func (w *world) botSaid() []inbox.Message {
	w.t.Helper()
	list, err := w.BotSaid(w.t.Context())
	w.must(err)
	for _, m := range list {
		for _, b := range m.Content.Buttons {
			if len(b.Tap) > 60 {
				w.t.Errorf("the tap of %q is longer than platforms carry: %q", b.Label, b.Tap)
			}
		}
	}
	return list
}

func (w *world) last() channels.Content {
	w.t.Helper()
	list := w.botSaid()
	if len(list) == 0 {
		w.t.Fatal("the bot has said nothing")
	}
	return list[len(list)-1].Content
}

func show(c channels.Content) string {
	raw, _ := json.MarshalIndent(c, "", " ")
	return string(raw)
}

// cart gives the priced cart of the conversation.
func (w *world) cart() (orders.Quote, bool) {
	w.t.Helper()
	q, ok, err := w.Cart(w.t.Context())
	w.must(err)
	return q, ok
}

func (w *world) allOrders() []orders.Order {
	w.t.Helper()
	list, err := w.AllOrders(w.t.Context())
	w.must(err)
	return list
}

func (w *world) pays() { w.t.Helper(); w.must(w.Pays(w.t.Context())) }
