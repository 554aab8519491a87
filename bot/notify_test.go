package bot_test

import (
	"strings"
	"testing"

	"sotto.chat/channels"
	"sotto.chat/inbox"
	"sotto.chat/internal/database"
	"sotto.chat/internal/jobs"
	"sotto.chat/internal/money"
	"sotto.chat/internal/testkit"
	"sotto.chat/orders"
	"sotto.chat/payments"
	"sotto.chat/payments/byhand"
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
			c, err := w.Inbox.Lock(tx, w.Merchant.ID, w.Conversation)
			if err != nil {
				return err
			}
			return w.Inbox.Handoff(tx, &c, inbox.ByPerson)
		})
		w.pays()
		w.hears("is paid: $2.50")
		n := orders.Changed{Merchant: w.Merchant.ID, Order: ord.ID, From: orders.AwaitingPayment, To: orders.Paid, Fact: "another name of it", Reason: orders.ReasonPaid}
		for range 3 {
			w.must(w.Bot.Notify(t.Context(), n))
		}
		if c := w.countSaid("paid"); c != 1 {
			t.Fatalf("said %d times", c)
		}
		w.tx(func(tx database.Tx) error {
			_, err := w.Orders.Fulfil(tx, w.Merchant.ID, ord.ID, orders.Deed{Actor: "staff"})
			return err
		})
		w.hears("ready for you")
		half := money.Of(100, "USD")
		_, err := w.Orders.RefundOrder(t.Context(), w.Merchant.ID, ord.ID, orders.Refunding{Amount: &half, IdempotencyKey: "k1"})
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
			w.must(w.Bot.Notify(t.Context(), orders.Changed{Merchant: w.Merchant.ID, Order: ord.ID, From: from, To: to, Reason: reason, Fact: reason + string(to)}))
			if !strings.Contains(w.last().Text, want) {
				t.Errorf("%s %s: %s", to, reason, show(w.last()))
			}
		}
		say(orders.AwaitingPayment, orders.AwaitingPayment, orders.ReasonProcessing, "cannot be called back")
		say(orders.AwaitingPayment, orders.AwaitingPayment, orders.ReasonFailed, "did not go through")
		say(orders.AwaitingPayment, orders.AwaitingPayment, orders.ReasonHoldEnded, "let go of the money")
		say(orders.AwaitingPayment, orders.AwaitingPayment, orders.ReasonEdited, "The shop has changed order")
		say(orders.AwaitingPayment, orders.AwaitingPayment, "wrong_amount", "A person from our team")
		say(orders.Expired, orders.Expired, orders.ReasonLateNoGoods, "the goods are gone")
		say(orders.Cancelled, orders.Cancelled, orders.ReasonLateCancelled, "was over already")
		say(orders.Expired, orders.Expired, orders.ReasonSuperseded, "or your money back")
		say(orders.Expired, orders.Expired, orders.ReasonPartly, "not all of the money came")
		say(orders.Paid, orders.Paid, orders.ReasonDouble, "more money has arrived")
		say(orders.AwaitingPayment, orders.AwaitingPayment, orders.ReasonSplit, "is split now")
		say(orders.AwaitingPayment, orders.AwaitingPayment, orders.ReasonPart, "is still open")
		say(orders.AwaitingPayment, orders.AwaitingPayment, orders.ReasonOnDelivery, "in cash")
		say(orders.Paid, orders.Paid, orders.ReasonReturned, "return")
		say(orders.AwaitingPayment, orders.Cancelled, orders.ReasonCancelled, "was cancelled")
		say(orders.AwaitingPayment, orders.Cancelled, orders.ReasonCartChanged, "no longer works")
		before := len(w.botSaid())
		w.must(w.Bot.Notify(t.Context(), orders.Changed{Merchant: w.Merchant.ID, Order: ord.ID, From: orders.None, To: orders.AwaitingPayment, Reason: orders.ReasonPlaced, Fact: "placed"}))
		if len(w.botSaid()) != before {
			t.Error("the placing was said twice")
		}
	})
}

// Money that comes by hand or in parts is told with its sums and links, each once.
func TestMoneyByHandIsTold(t *testing.T) {
	testkit.Both(t, func(t *testing.T, db *database.DB, clock *testkit.Clock) {
		w := newWorld(t, db, clock, english())
		w.tx(func(tx database.Tx) error {
			return w.Payments.SetTerms(tx, w.Merchant.ID, byhand.Terms{Cash: true, Bank: true, BankDetails: "IBAN GB33 BUKB 2020 1555 5555 55", BankDays: 4})
		})
		ord := w.ordered("a cola", "checkout", "yes")
		w.work()
		deed := orders.Deed{Actor: "staff"}
		pay := ord.Payments[0].ID
		w.tx(func(tx database.Tx) error {
			_, err := w.Orders.PayBy(tx, w.Merchant.ID, pay, payments.MethodBank, deed)
			return err
		})
		w.hears("IBAN GB33 BUKB 2020 1555 5555 55")
		if text := w.last().Text; !strings.Contains(text, "Please transfer $2.50") || !strings.Contains(text, "cannot be called back") {
			t.Error(text)
		}
		w.tx(func(tx database.Tx) error {
			_, err := w.Orders.Split(tx, w.Merchant.ID, ord.ID, []money.Money{money.Of(100, "USD"), money.Of(150, "USD")}, deed)
			return err
		})
		w.hears("is split now")
		if links := w.last().Links; len(links) != 2 || links[0].URL == links[1].URL || links[0].Label != "Pay $1.00" || links[1].Label != "Pay $1.50" {
			t.Errorf("%+v", links)
		}
		var parts []string
		now, err := w.Orders.Get(t.Context(), w.Merchant.ID, ord.ID)
		w.must(err)
		for _, p := range now.Payments {
			if p.Status == payments.Pending {
				parts = append(parts, p.ID)
			}
		}
		got := func(i int, n int64) {
			t.Helper()
			w.must(w.Payments.Receive(jobs.Eager(t.Context()), w.Merchant.ID, parts[i], payments.Received{Method: payments.MethodBank, Amount: money.Of(n, "USD")}))
		}
		got(0, 100)
		w.hears("$1.00 for order " + ord.Number + " has arrived. $1.50 is still open.")
		got(1, 150)
		w.hears("is paid: $2.50")
		if n := w.countSaid("is paid"); n != 1 {
			t.Error(n)
		}
	})
}
