package bot_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"sotto.chat/bot"
	"sotto.chat/bot/reading"
	"sotto.chat/bot/shelf"
	"sotto.chat/channels"
	"sotto.chat/customers"
	"sotto.chat/inbox"
	"sotto.chat/internal/database"
	"sotto.chat/internal/testkit"
	"sotto.chat/merchants"
)

func english() setting {
	return setting{file: "shop-en.json", NewMerchant: merchants.NewMerchant{Name: "Tiny Shop", Currency: "USD", Country: "US", Language: "en",
		Settings: merchants.Settings{Pickup: true}}}
}

// understander is an outside one: what it is asked and what it says is up to the test.
type understander func(q bot.Question) (reading.Reading, error)

func (u understander) Read(_ context.Context, q bot.Question) (reading.Reading, error) { return u(q) }

func sure(actions ...reading.Action) (reading.Reading, error) {
	return reading.Reading{Language: "en", Confidence: 0.7, Actions: actions}, nil
}

func TestTurnsAtTheSameTimeGiveOneAnswer(t *testing.T) {
	testkit.Both(t, func(t *testing.T, db *database.DB, clock *testkit.Clock) {
		w := newWorld(t, db, clock, english())
		w.burst("two colas", "and a tiramisu")
		var all sync.WaitGroup
		for range 8 {
			all.Go(func() {
				if err := w.Bot.Turn(t.Context(), w.Merchant.ID, w.Conversation); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		w.turn()
		if n := len(w.botSaid()); n != 1 {
			t.Fatalf("%d answers", n)
		}
		if q, _ := w.cart(); len(q.Lines) != 2 || q.Total != 1050 {
			t.Fatalf("%+v", q.Lines)
		}
	})
}

// A turn that is cut at any moment leaves nothing behind, and the next one gives the one answer.
func TestATurnCutAnywhereAnswersOnce(t *testing.T) {
	testkit.Both(t, func(t *testing.T, db *database.DB, clock *testkit.Clock) {
		w := newWorld(t, db, clock, english())
		w.burst("two colas")
		w.turn()
		for round := range 4 {
			before := len(w.botSaid())
			w.burst("one more cola please", "and a water")
			for cut := time.Duration(round) * 250 * time.Microsecond; ; cut += time.Millisecond {
				ctx, cancel := context.WithTimeout(t.Context(), cut)
				err := w.Bot.Turn(ctx, w.Merchant.ID, w.Conversation)
				cancel()
				said := len(w.botSaid()) - before
				if said > 1 {
					t.Fatalf("%d answers", said)
				}
				if err == nil && said == 1 {
					break
				}
				if err != nil && said == 1 {
					w.turn()
					if len(w.botSaid())-before != 1 {
						t.Fatal("a second answer")
					}
					break
				}
			}
			if q, _ := w.cart(); round < 2 && (q.Lines[0].Quantity != int64(3+round) || q.Lines[1].Quantity != int64(1+round)) {
				t.Fatalf("round %d: %+v", round, q.Lines)
			}
		}
	})
}

func TestAPanicEndsInAnApologyAndAPerson(t *testing.T) {
	testkit.Both(t, func(t *testing.T, db *database.DB, clock *testkit.Clock) {
		s := english()
		s.embedded = understander(func(q bot.Question) (reading.Reading, error) {
			if q.Text == "boom" {
				panic(q.Text)
			}
			return bot.Embedded{}.Read(t.Context(), q)
		})
		w := newWorld(t, db, clock, s)
		w.says(channels.Incoming{Text: "boom"})
		if len(w.botSaid()) != 1 || !strings.Contains(w.last().Text, "went wrong on our side") {
			t.Fatal(show(w.last()))
		}
		c, err := w.Inbox.Get(t.Context(), w.Merchant.ID, w.Conversation)
		if err != nil || c.Answering != inbox.ByPerson {
			t.Fatal(c.Answering, err)
		}
	})
}

// A tap is untrusted: none of these may order, change a price or break the turn.
func TestHostileTaps(t *testing.T) {
	testkit.Both(t, func(t *testing.T, db *database.DB, clock *testkit.Clock) {
		w := newWorld(t, db, clock, english())
		w.says(channels.Incoming{Text: "a cola"})
		w.says(channels.Incoming{Text: "checkout"})
		taps := []string{"yes", "yes:", "yes:0", "yes:0000000000000000", "yes:" + strings.Repeat("f", 64), "add:COLA:-1", "add:COLA:1000000", "add:GOLD",
			"opt:SIZE:LARGE", "opt:", "rm:line_x", "rm:", "set:line_x:5", "void:ord_1", "again:ord_1", "way:rocket", "lang:xx", "cat:nothing", "cat:drinks:-5",
			"cat:drinks:99999999999", "menu:7777", "'; drop table orders; --", strings.Repeat("a", 5000), "\x00", ":", "yes\n", "confirm", "pay"}
		for _, tap := range taps {
			before := len(w.botSaid())
			w.says(channels.Incoming{Tap: tap})
			if n := len(w.botSaid()) - before; n != 1 {
				t.Errorf("%q: %d answers", tap, n)
			}
			if len(w.allOrders()) > 0 || strings.Contains(w.last().Text, "went wrong") {
				t.Fatalf("%q: %s", tap, show(w.last()))
			}
		}
	})
}

func FuzzTap(f *testing.F) {
	g := shelf.Compile(fileOf(f, "shop-en.json"), 1)
	for _, s := range []string{"add:COLA", "add:COLA:3", "add:SHIRT-M", "opt:SIZE:LARGE", "cat:drinks:8", "yes:0011223344556677", "menu", "lang:es"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, tap string) {
		a, _, ok := bot.Untap(g, tap)
		if !ok {
			return
		}
		if a.Kind == reading.Confirm || a.Quantity < 0 || a.Quantity > 100_000 || a.Number < 0 {
			t.Fatalf("%q: %+v", tap, a)
		}
		if _, known := g.Product(a.SKU); a.SKU != "" && !known {
			t.Fatalf("%q: %+v", tap, a)
		}
	})
}

// The model is asked only where the embedded reading is unsure and all allow it; it never confirms and never pays.
func TestTheModelProposesOnly(t *testing.T) {
	testkit.Both(t, func(t *testing.T, db *database.DB, clock *testkit.Clock) {
		var asked atomic.Int64
		var answer atomic.Pointer[reading.Action]
		s := english()
		s.Settings.LLM = true
		s.model = understander(func(q bot.Question) (reading.Reading, error) {
			asked.Add(1)
			if a := answer.Load(); a != nil {
				return sure(*a)
			}
			return reading.Reading{}, errors.New("no answer")
		})
		w := newWorld(t, db, clock, s)
		w.says(channels.Incoming{Text: "a cola"})
		if asked.Load() != 0 {
			t.Fatal("asked about what was clear")
		}
		answer.Store(&reading.Action{Kind: reading.Add, SKU: "TIRAMISU", Quantity: 1})
		w.says(channels.Incoming{Text: "wobblefrotz zibble"})
		if q, _ := w.cart(); asked.Load() != 1 || len(q.Lines) != 2 {
			t.Fatalf("%d %+v", asked.Load(), q.Lines)
		}
		w.says(channels.Incoming{Text: "checkout"})
		for _, kind := range []string{reading.Confirm, reading.Pay} {
			answer.Store(&reading.Action{Kind: kind})
			w.says(channels.Incoming{Text: "zorp the frobnicator"})
			if len(w.allOrders()) != 0 {
				t.Fatalf("a model's %s made an order", kind)
			}
		}
		answer.Store(nil)
		w.says(channels.Incoming{Text: "grumblewitz zonk"})
		if !strings.Contains(w.last().Text, "Shall I place") && !strings.Contains(w.last().Text, "not understand") {
			t.Fatal("the embedded reading did not stand", show(w.last()))
		}
		before := asked.Load()
		w.says(channels.Incoming{Text: "4242 4242 4242 4242 fnord"})
		if asked.Load() != before {
			t.Fatal("a card number went to the model")
		}
		c, err := w.Inbox.Get(t.Context(), w.Merchant.ID, w.Conversation)
		w.must(err)
		w.tx(func(tx database.Tx) error {
			_, err := w.People.RecordConsent(tx, w.Merchant.ID, customers.Consent{CustomerID: c.CustomerID, Purpose: "llm", Source: "test"})
			return err
		})
		w.says(channels.Incoming{Text: "blarg fizzlewump"})
		if asked.Load() != before {
			t.Fatal("asked although the customer forbade it")
		}
	})
}

// While the model thinks, the customer writes on: the turn begins anew and answers all of it once.
func TestTheCustomerWritesOnWhileTheModelThinks(t *testing.T) {
	testkit.Both(t, func(t *testing.T, db *database.DB, clock *testkit.Clock) {
		var w *world
		var once sync.Once
		s := english()
		s.Settings.LLM = true
		s.model = understander(func(bot.Question) (reading.Reading, error) {
			once.Do(func() { w.burst("and a water") })
			return sure(reading.Action{Kind: reading.Add, SKU: "COLA", Quantity: 2})
		})
		w = newWorld(t, db, clock, s)
		w.burst("zibble wobblefrotz")
		w.turn()
		w.turn()
		if q, _ := w.cart(); len(w.botSaid()) != 1 || len(q.Lines) != 2 {
			t.Fatalf("%d answers, %+v", len(w.botSaid()), q.Lines)
		}
	})
}

// A product that was made a moment ago can be asked for.
func TestTheCatalogIsFresh(t *testing.T) {
	testkit.Both(t, func(t *testing.T, db *database.DB, clock *testkit.Clock) {
		w := newWorld(t, db, clock, english())
		w.says(channels.Incoming{Text: "a cola"})
		w.create("PAELLA", "paella", 1500)
		w.says(channels.Incoming{Text: "one paella"})
		if q, _ := w.cart(); len(q.Lines) != 2 || q.Lines[1].SKU != "PAELLA" {
			t.Fatalf("%+v\n%s", q.Lines, show(w.last()))
		}
	})
}

// What comes from another conversation is not this customer's.
func TestOrdersOfOthersStayUnknown(t *testing.T) {
	testkit.Both(t, func(t *testing.T, db *database.DB, clock *testkit.Clock) {
		w := newWorld(t, db, clock, english())
		for _, text := range []string{"a cola", "checkout", "yes"} {
			w.says(channels.Incoming{Text: text})
		}
		ord := w.allOrders()[0]
		w.Visitor = "visitor-2"
		w.says(channels.Incoming{Text: "where is my order " + ord.Number})
		if strings.Contains(w.last().Text, ord.Number) || len(w.last().Links) > 0 {
			t.Fatal(show(w.last()))
		}
		w.says(channels.Incoming{Tap: "again:" + ord.ID})
		if q, ok := w.cart(); ok && len(q.Lines) > 0 {
			t.Fatalf("%+v", q)
		}
	})
}
