package bot_test

import (
	"strings"
	"testing"

	"sotto.chat/channels"
	"sotto.chat/inbox"
	"sotto.chat/internal/database"
	"sotto.chat/internal/money"
	"sotto.chat/internal/testkit"
	"sotto.chat/orders"
)

// ordered brings a customer to a pay link.
func (w *world) ordered(texts ...string) orders.Order {
	w.t.Helper()
	for _, text := range texts {
		w.says(channels.Incoming{Text: text})
	}
	list := w.allOrders()
	if len(list) == 0 {
		w.t.Fatal(show(w.last()))
	}
	return list[0]
}

func (w *world) hears(words string) {
	w.t.Helper()
	testkit.Eventually(w.t, "the bot says "+words, func() bool { return strings.Contains(w.last().Text, words) })
}

func (w *world) countSaid(words string) int {
	n := 0
	for _, m := range w.botSaid() {
		if strings.Contains(m.Content.Text, words) {
			n++
		}
	}
	return n
}

// What becomes of an order is said in its conversation, in the customer's language, once, also while a person answers.
func TestTheLifeOfAnOrderIsTold(t *testing.T) {
	testkit.Both(t, func(t *testing.T, db *database.DB, clock *testkit.Clock) {
		w := newWorld(t, db, clock, english())
		ord := w.ordered("a cola", "checkout", "yes")
		w.tx(func(tx database.Tx) error {
			c, err := w.inbox.Lock(tx, w.m.ID, w.conv)
			if err != nil {
				return err
			}
			return w.inbox.Handoff(tx, &c, inbox.ByPerson)
		})
		w.pays()
		w.hears("is paid: $2.50")
		n := orders.Changed{Merchant: w.m.ID, Order: ord.ID, From: orders.AwaitingPayment, To: orders.Paid, Fact: "another name of it", Reason: orders.ReasonPaid}
		for range 3 {
			w.must(w.bot.Notify(t.Context(), n))
		}
		if c := w.countSaid("paid"); c != 1 {
			t.Fatalf("said %d times", c)
		}
		w.tx(func(tx database.Tx) error {
			_, err := w.orders.Fulfil(tx, w.m.ID, ord.ID, orders.Deed{Actor: "staff"})
			return err
		})
		w.hears("ready for you")
		half := money.Of(100, "USD")
		_, err := w.orders.RefundOrder(t.Context(), w.m.ID, ord.ID, orders.Refunding{Amount: &half, IdempotencyKey: "k1"})
		w.must(err)
		w.hears("Refunded: $1.00")
	})
}

// Words for every kind of news: none is silence where money is concerned, and none holds a number without a fact.
func TestEveryNewsHasWords(t *testing.T) {
	testkit.Both(t, func(t *testing.T, db *database.DB, clock *testkit.Clock) {
		s := english()
		s.Language = "es"
		w := newWorld(t, db, clock, s)
		ord := w.ordered("a cola", "checkout", "yes")
		say := func(from, to orders.Status, reason, want string) {
			t.Helper()
			w.must(w.bot.Notify(t.Context(), orders.Changed{Merchant: w.m.ID, Order: ord.ID, From: from, To: to, Reason: reason, Fact: reason + string(to)}))
			if !strings.Contains(w.last().Text, want) {
				t.Errorf("%s %s: %s", to, reason, show(w.last()))
			}
		}
		say(orders.AwaitingPayment, orders.AwaitingPayment, orders.ReasonProcessing, "on its way")
		say(orders.AwaitingPayment, orders.AwaitingPayment, orders.ReasonFailed, "did not go through")
		say(orders.AwaitingPayment, orders.AwaitingPayment, "wrong_amount", "A person from our team")
		say(orders.Expired, orders.Expired, orders.ReasonLateNoGoods, "A person from our team")
		say(orders.Paid, orders.Paid, orders.ReasonReturned, "return")
		say(orders.AwaitingPayment, orders.Cancelled, orders.ReasonCancelled, "was cancelled")
		say(orders.AwaitingPayment, orders.Cancelled, orders.ReasonCartChanged, "no longer works")
		before := len(w.botSaid())
		w.must(w.bot.Notify(t.Context(), orders.Changed{Merchant: w.m.ID, Order: ord.ID, From: orders.None, To: orders.AwaitingPayment, Reason: orders.ReasonPlaced, Fact: "placed"}))
		if len(w.botSaid()) != before {
			t.Error("the placing was said twice")
		}
	})
}
