package bot_test

import (
	"strings"
	"testing"

	"sotto.chat/bot/words"
	"sotto.chat/catalog"
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

// voice is how the shop's bot speaks English.
func voice(t testing.TB) words.Voice {
	t.Helper()
	b, err := words.Open()
	if err != nil {
		t.Fatal(err)
	}
	return b.Voice("US", false, "en")
}

var deed = orders.Deed{Actor: "staff"}

// priced is an order of one thing at this price.
func (w *world) priced(amount int64) orders.Order {
	w.t.Helper()
	w.create("VASE", "vase", amount)
	ord := w.ordered("a vase", "checkout", "yes")
	w.work()
	return ord
}

func (w *world) order() orders.Order {
	w.t.Helper()
	ord, err := w.Orders.Get(w.t.Context(), w.Merchant.ID, w.allOrders()[0].ID)
	w.must(err)
	return ord
}

func (w *world) byHand() {
	w.t.Helper()
	w.tx(func(tx database.Tx) error {
		return w.Payments.SetTerms(tx, w.Merchant.ID, byhand.Terms{Cash: true, Bank: true, BankDetails: "IBAN GB33 BUKB 2020 1555 5555 55", BankDays: 4})
	})
}

func (w *world) receives(payment, method string, n int64, reference string) {
	w.t.Helper()
	w.must(w.Payments.Receive(jobs.Eager(w.t.Context()), w.Merchant.ID, payment, payments.Received{Method: method, Amount: money.Of(n, w.Merchant.Currency), Reference: reference}))
}

// split has the order asked for in two parts, of which the first arrives.
func (w *world) split(ord orders.Order, here, rest int64) {
	w.t.Helper()
	w.tx(func(tx database.Tx) error {
		_, err := w.Orders.Split(tx, w.Merchant.ID, ord.ID, []money.Money{money.Of(here, w.Merchant.Currency), money.Of(rest, w.Merchant.Currency)}, deed)
		return err
	})
	for _, p := range w.order().Payments {
		if p.Status == payments.Pending && p.Amount == here {
			w.receives(p.ID, payments.MethodBank, here, "part")
			break
		}
	}
	w.hears("is still open")
}

// answers has the customer say something, and wants these words in the answer and those not.
func (w *world) answers(text, want string, never ...string) {
	w.t.Helper()
	w.says(channels.Incoming{Text: text})
	last := show(w.last())
	if !strings.Contains(last, want) {
		w.t.Errorf("%q: no %q in %s", text, want, last)
	}
	for _, n := range never {
		if strings.Contains(last, n) {
			w.t.Errorf("%q: %q in %s", text, n, last)
		}
	}
}

// A sum that is not the one asked for is told with both sums, whatever language and currency.
func TestAWrongSumIsToldInEveryLanguage(t *testing.T) {
	book, err := words.Open()
	if err != nil {
		t.Fatal(err)
	}
	for country, shop := range map[string]struct{ currency, file string }{"US": {"USD", "shop-en.json"}, "AT": {"EUR", "shop-es.json"}} {
		t.Run(country, func(t *testing.T) {
			testkit.Both(t, func(t *testing.T, db *database.DB, clock *testkit.Clock) {
				s := english()
				s.Currency, s.Country, s.file = shop.currency, country, shop.file
				w := newWorld(t, db, clock, s)
				ord := w.priced(2500)
				pay := ord.Payments[0].ID
				w.receives(pay, payments.MethodBank, 1000, "")
				testkit.Eventually(t, "the money is before a person", func() bool { return w.order().Payments[0].Status == payments.NeedsReview })
				for _, code := range book.Languages() {
					w.says(channels.Incoming{Tap: "lang:" + code})
					w.must(w.Bot.Notify(t.Context(), orders.Changed{Merchant: w.Merchant.ID, Order: ord.ID, From: orders.AwaitingPayment, To: orders.AwaitingPayment,
						Reason: orders.ReasonWrongAmount, Fact: "wrong_amount:" + pay + ":" + code}))
					v := book.Voice(country, false, code)
					for _, n := range []int64{1000, 2500} {
						if want := v.Money(money.Of(n, shop.currency)); !strings.Contains(w.last().Text, want) {
							t.Errorf("%s: no %s in %s", code, want, show(w.last()))
						}
					}
				}
			})
		})
	}
}

// A notice that the guard refuses is not tried again and again in silence.
func TestARefusedNoticeIsSaidPlainly(t *testing.T) {
	testkit.Both(t, func(t *testing.T, db *database.DB, clock *testkit.Clock) {
		w := newWorld(t, db, clock, english())
		c, err := w.Bot.Vouched(voice(t), "Total: $99.00", orders.Order{Number: "7K3M9QXA"})
		if err != nil || strings.Contains(c.Text, "99") || !strings.Contains(c.Text, "A person from our team") || !strings.Contains(c.Text, "7K3M9QXA") {
			t.Fatal(err, show(c))
		}
	})
}

// Each refund is told with its own sum, and cash with no bank.
func TestEachRefundIsToldWithItsOwnSum(t *testing.T) {
	for _, c := range []struct {
		method string
		days   bool
	}{{payments.MethodBank, true}, {payments.MethodCash, false}} {
		t.Run(c.method, func(t *testing.T) {
			testkit.Both(t, func(t *testing.T, db *database.DB, clock *testkit.Clock) {
				w := newWorld(t, db, clock, english())
				w.byHand()
				ord := w.priced(2500)
				w.receives(ord.Payments[0].ID, c.method, 2500, "")
				w.hears("is paid")
				for i, n := range []int64{180, 50, 130} {
					amount := money.Of(n, "USD")
					r, err := w.Orders.RefundOrder(t.Context(), w.Merchant.ID, ord.ID, orders.Refunding{Amount: &amount, IdempotencyKey: string(rune('a' + i))})
					w.must(err)
					if r.Status == payments.RefundPending {
						_, err = w.Payments.ConfirmRefund(t.Context(), w.Merchant.ID, r.ID, true)
						w.must(err)
					}
					want := "Refunded: " + voice(t).Money(amount)
					w.hears(want)
					if text := w.last().Text; strings.Contains(text, "bank shows it") != c.days {
						t.Error(text)
					}
				}
			})
		})
	}
}

// Money that is here is spoken of: the customer is asked for what is open, and a person gives back what came.
func TestPartOfTheMoneyIsHere(t *testing.T) {
	testkit.Both(t, func(t *testing.T, db *database.DB, clock *testkit.Clock) {
		w := newWorld(t, db, clock, english())
		ord := w.priced(2500)
		w.split(ord, 1000, 1500)
		for _, text := range []string{"where is my order?", "I paid", "pay"} {
			w.answers(text, "$10.00 for order "+ord.Number+" has arrived. $15.00 is still open.", "$25.00")
			if links := w.last().Links; len(links) != 1 || links[0].Label != "Pay $15.00" {
				t.Error(show(w.last()))
			}
		}
		w.answers("cancel my order", "a person takes care of cancelling it")
		if now := w.order(); now.Status != orders.AwaitingPayment {
			t.Fatal(now.Status)
		}
		w.tx(func(tx database.Tx) error {
			c, err := w.Inbox.Lock(tx, w.Merchant.ID, w.Conversation)
			if err != nil {
				return err
			}
			return w.Inbox.Handoff(tx, &c, inbox.ByBot)
		})
		w.tx(func(tx database.Tx) error {
			_, err := w.Orders.Cancel(tx, w.Merchant.ID, ord.ID, deed)
			return err
		})
		w.hears("$10.00 is here: a person from our team writes to you about it.")
		w.answers("where is my order?", "$10.00 is here", "Order again")
	})
}

// Who asks while a person looks at the money is not asked for more of it.
func TestNobodyIsAskedToPayWhileAPersonLooks(t *testing.T) {
	testkit.Both(t, func(t *testing.T, db *database.DB, clock *testkit.Clock) {
		w := newWorld(t, db, clock, english())
		ord := w.priced(2500)
		w.receives(ord.Payments[0].ID, payments.MethodBank, 1000, "")
		w.hears("$10.00 has arrived for order " + ord.Number + ", and $25.00 was asked for.")
		for _, text := range []string{"where is my order?", "I paid", "pay"} {
			w.answers(text, "A person from our team has a look", "/pay/", "waits for its payment")
		}
		w.answers("cancel my order", "a person takes care of cancelling it")
	})
}

// Who pays by hand hears where and how, as often as he asks.
func TestTheWayByHandIsSaidAgain(t *testing.T) {
	testkit.Both(t, func(t *testing.T, db *database.DB, clock *testkit.Clock) {
		w := newWorld(t, db, clock, english())
		w.byHand()
		ord := w.priced(2500)
		by := func(method string) {
			w.tx(func(tx database.Tx) error {
				_, err := w.Orders.PayBy(tx, w.Merchant.ID, ord.Payments[0].ID, method, deed)
				return err
			})
		}
		by(payments.MethodBank)
		w.hears("IBAN GB33 BUKB 2020 1555 5555 55")
		_, rest, _ := strings.Cut(w.last().Text, "the reference ")
		reference, _, _ := strings.Cut(rest, ",")
		for _, text := range []string{"where is my order?", "i paid"} {
			w.answers(text, "Please transfer $25.00", "waits for its payment")
			if said := w.last().Text; reference == "" || !strings.Contains(said, reference) || !strings.Contains(said, "IBAN GB33 BUKB 2020 1555 5555 55") {
				t.Error(said)
			}
		}
		w.answers("pay", "Pay $25.00")
	})
}

// Questions about paying are answered from what the shop offers, and never with another answer of the merchant that sounds alike.
func TestQuestionsAboutPaying(t *testing.T) {
	testkit.Both(t, func(t *testing.T, db *database.DB, clock *testkit.Clock) {
		w := newWorld(t, db, clock, english())
		const street = "Harbour Lane"
		w.tx(func(tx database.Tx) error {
			_, err := w.Catalog.PutQuestion(tx, w.Merchant.ID, catalog.Question{Code: "WHERE", Answer: "We are in " + street + ".",
				Examples: []string{"where are you", "how do I get to you", "did you get my parcel", "what is your address"}})
			return err
		})
		w.byHand()
		w.answers("how do I pay?", "the link that comes with your order", street)
		w.answers("can I pay cash?", "in cash when you get the order", street)
		ord := w.priced(2500)
		for _, text := range []string{"did my payment arrive?", "have you received my payment?", "did you get my money?", "is it paid?",
			"send me the link again", "how do I pay?"} {
			w.answers(text, "Pay $25.00", street)
			if !strings.Contains(w.last().Text, ord.Number) {
				t.Error(text, show(w.last()))
			}
		}
	})
}
