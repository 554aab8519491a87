package orders_test

import (
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"sotto.chat/catalog"
	"sotto.chat/internal/database"
	"sotto.chat/internal/testkit"
	"sotto.chat/orders"
	"sotto.chat/payments/sandbox"
)

func TestFiftyBuyersOfThreePieces(t *testing.T) {
	testkit.Both(t, func(t *testing.T, db *database.DB, clock *testkit.Clock) {
		w := newWorld(t, db, clock)
		rare, other := w.sell("rare", 450, 3), w.sell("other", 100, 1000)
		yes := make([]orders.Placing, 50)
		for i := range yes {
			wants := []want{{"rare", 1}, {"other", 2}}
			if i%2 == 1 { // the other way round: who locks in the order of the lines would deadlock
				wants[0], wants[1] = wants[1], wants[0]
			}
			c := w.cart(w.customer(), wants...)
			yes[i] = orders.Placing{CartID: c.ID, Hash: w.quote(c.ID).Hash}
		}
		var sold, missed atomic.Int64
		var all sync.WaitGroup
		for i, p := range yes {
			all.Go(func() {
				var err error
				if i%3 == 0 { // within a larger transaction that goes on after a refusal
					err = db.InTx(t.Context(), func(tx database.Tx) error {
						_, err := w.orders.Place(tx, w.m.ID, p)
						if errors.Is(err, catalog.ErrOutOfStock) {
							missed.Add(1)
							return nil
						}
						if err == nil {
							sold.Add(1)
						}
						return err
					})
				} else if _, err = w.orders.PlaceNow(t.Context(), w.m.ID, p); err == nil {
					sold.Add(1)
				} else if errors.Is(err, catalog.ErrOutOfStock) {
					missed.Add(1)
					err = nil
				}
				if err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		if sold.Load() != 3 || missed.Load() != 47 {
			t.Fatal(sold.Load(), "sold,", missed.Load(), "missed")
		}
		list, err := w.orders.List(t.Context(), w.m.ID, orders.Filter{Limit: 100})
		w.must(err)
		if len(list) != 3 {
			t.Fatal(len(list), "orders")
		}
		if onHand, held := w.stock(rare); onHand != 3 || held != 3 {
			t.Fatal(onHand, held)
		}
		if _, held := w.stock(other); held != 6 {
			t.Fatal(held)
		}
		w.sound()
	})
}

func TestOneCartPlacedByManyIsOneOrder(t *testing.T) {
	testkit.Both(t, func(t *testing.T, db *database.DB, clock *testkit.Clock) {
		w := newWorld(t, db, clock)
		tea := w.sell("tea", 450, 100)
		c := w.cart(w.customer(), want{"tea", 2})
		p := orders.Placing{CartID: c.ID, Hash: w.quote(c.ID).Hash}
		seen := make([]string, 30)
		var all sync.WaitGroup
		for i := range seen {
			all.Go(func() {
				ord, err := w.orders.PlaceNow(t.Context(), w.m.ID, p)
				if err != nil {
					t.Error(err)
				}
				seen[i] = ord.ID
			})
		}
		all.Wait()
		for _, s := range seen {
			if s != seen[0] {
				t.Fatal("two orders of one cart")
			}
		}
		if _, held := w.stock(tea); held != 2 {
			t.Fatal(held)
		}
		w.sound()
	})
}

// Whoever changes a cart while others place it and money comes in must not end in a state that no story knows.
func TestChangingPlacingAndPayingAtOnce(t *testing.T) {
	testkit.Both(t, func(t *testing.T, db *database.DB, clock *testkit.Clock) {
		w := newWorld(t, db, clock).work()
		w.sell("tea", 450, 50)
		c := w.cart(w.customer(), want{"tea", 1})
		ord := w.place(c.ID)
		session := w.session(ord)
		var all sync.WaitGroup
		all.Go(func() { _ = w.bank.Approve(session) })
		for range 6 {
			all.Go(func() {
				err := w.try(func(tx database.Tx) error {
					_, err := w.orders.AddLine(tx, w.m.ID, c.ID, orders.LineInput{SKU: "tea", Quantity: 1})
					return err
				})
				if err != nil && !errors.Is(err, orders.ErrCartOrdered) {
					t.Error(err)
				}
				q, err := w.orders.QuoteNow(t.Context(), w.m.ID, c.ID)
				if err == nil {
					_, err = w.orders.PlaceNow(t.Context(), w.m.ID, orders.Placing{CartID: c.ID, Hash: q.Hash})
				}
				for _, fine := range []error{orders.ErrCartOrdered, orders.ErrCartChanged, orders.ErrCartEmpty} {
					if errors.Is(err, fine) {
						return
					}
				}
				if err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		testkit.Eventually(t, "the webhooks are delivered", func() bool { return len(w.bank.Undelivered()) == 0 })
		testkit.Eventually(t, "all that can be done is done", func() bool {
			list, err := w.orders.List(t.Context(), w.m.ID, orders.Filter{})
			w.must(err)
			waiting := 0
			for _, o := range list {
				if o.Status == orders.AwaitingPayment {
					waiting++
				}
			}
			n, err := w.desk.Pending(t.Context())
			return err == nil && waiting <= 1 && n <= len(list)+2
		})
		w.sound()
	})
}

func TestTwoHundredTimesTheSameMoneyIsPaidOnce(t *testing.T) {
	testkit.Both(t, func(t *testing.T, db *database.DB, clock *testkit.Clock) {
		w := newWorld(t, db, clock)
		tea := w.sell("tea", 450, 9)
		_, ord := w.one(2)
		session := w.session(ord)
		w.must(w.bank.Approve(session))
		for range 100 { // the same event again, and other events of the same money
			event, err := w.bank.Send(session, "checkout.session.completed", sandbox.Lie{})
			w.must(err)
			w.must(w.bank.Resend(event))
		}
		w.work()
		testkit.Eventually(t, "all webhooks are in", func() bool { return len(w.bank.Undelivered()) == 0 })
		w.becomes(ord.ID, orders.Paid)
		testkit.Eventually(t, "all events are settled", func() bool { n, err := w.desk.Pending(t.Context()); return err == nil && n <= 2 })
		paid := w.get(ord.ID)
		if onHand, held := w.stock(tea); onHand != 7 || held != 0 || len(paid.Payments) != 1 || len(paid.Events) != 2 {
			t.Fatalf("%d %d %+v", onHand, held, paid)
		}
		told := 0
		w.mu.Lock()
		for _, c := range w.heard {
			if strings.HasPrefix(c.Fact, "paid:") {
				told++
			}
		}
		w.mu.Unlock()
		if told != 1 {
			t.Fatal("told", told, "times")
		}
		w.sound()
	})
}
