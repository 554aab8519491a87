package pay_test

import (
	"fmt"
	"html"
	"net/http"
	"slices"
	"strings"
	"testing"

	"sotto.chat/internal/database"
	"sotto.chat/internal/jobs"
	"sotto.chat/internal/money"
	"sotto.chat/internal/testkit"
	"sotto.chat/orders"
	"sotto.chat/payments"
	"sotto.chat/payments/byhand"
	"sotto.chat/web/webtest"
)

// counter is a shop that takes cash, and an order of 7 euros at it.
func counter(t *testing.T, db *database.DB, clock *testkit.Clock) (*webtest.Shop, orders.Order, string) {
	s, ord, link := open(t, db, clock)
	s.Must(db.InTx(t.Context(), func(tx database.Tx) error {
		return s.Payments.SetTerms(tx, s.Merchant.ID, byhand.Terms{Cash: true, Bank: true, BankDetails: "ES00"})
	}))
	return s, ord, link
}

func hand(s *webtest.Shop, payment string, cents int64) {
	s.T.Helper()
	s.Must(s.Payments.Receive(jobs.Eager(s.T.Context()), s.Merchant.ID, payment, payments.Received{Method: payments.MethodCash, Amount: money.Of(cents, "EUR")}))
}

func within(s *webtest.Shop, f func(tx database.Tx) error) {
	s.T.Helper()
	s.Must(s.DB.InTx(jobs.Eager(s.T.Context()), f))
}

func split(s *webtest.Shop, ord orders.Order, parts ...int64) {
	s.T.Helper()
	var sums []money.Money
	for _, n := range parts {
		sums = append(sums, money.Of(n, "EUR"))
	}
	within(s, func(tx database.Tx) error {
		_, err := s.Orders.Split(tx, s.Merchant.ID, ord.ID, sums, orders.Deed{Actor: "test"})
		return err
	})
}

// waiting gives the payments of an order that are still expected.
func waiting(s *webtest.Shop, ord orders.Order) (out []payments.Payment) {
	s.T.Helper()
	list, err := s.Payments.OfOrders(s.T.Context(), s.Merchant.ID, []string{ord.ID})
	s.Must(err)
	for _, p := range list {
		if p.Status == payments.Pending {
			out = append(out, p)
		}
	}
	return out
}

// settled waits until a payment is what it is to be.
func settled(s *webtest.Shop, payment string, status payments.Status) {
	s.T.Helper()
	testkit.Eventually(s.T, "the payment to be "+string(status), func() bool {
		p, err := s.Payments.Get(s.T.Context(), s.Merchant.ID, payment)
		return err == nil && p.Status == status
	})
}

// everywhere demands of a page, in every language, the texts of some keys and not those of others. What a text leaves open is not compared.
func everywhere(s *webtest.Shop, url string, status int, says, not []string) {
	s.T.Helper()
	all := texts(s.T)
	for language, words := range all {
		a := ask(s, "GET", url+"?lang="+language, "")
		body := html.UnescapeString(a.body)
		if a.status != status {
			s.T.Errorf("%s: status %d, want %d", language, a.status, status)
		}
		for _, key := range says {
			for _, piece := range hole.Split(words[key], -1) {
				if words[key] == "" || !strings.Contains(body, strings.TrimSpace(piece)) {
					s.T.Errorf("%s: the page does not say %s: %q", language, key, piece)
				}
			}
		}
		for _, key := range not {
			if slices.ContainsFunc(hole.Split(words[key], -1), func(piece string) bool { return !strings.Contains(body, strings.TrimSpace(piece)) }) {
				continue
			}
			s.T.Errorf("%s: the page says %s: %q", language, key, words[key])
		}
		noKeys(s.T, all["en"], a.body)
	}
}

// What came is said, not what was asked for; and what of the order is still open.
func TestThePageSaysWhatCame(t *testing.T) {
	testkit.Both(t, func(t *testing.T, db *database.DB, clock *testkit.Clock) {
		s, ord, link := counter(t, db, clock)
		first := ord.Payments[0].ID
		hand(s, first, 500)
		settled(s, first, payments.NeedsReview)
		within(s, func(tx database.Tx) error {
			return s.Orders.AskRest(tx, s.Merchant.ID, first, orders.Deed{Actor: "test"})
		})
		has(t, ask(s, "GET", link, "en"), 200, "€5.00 has arrived at Café Quiet.", "This part is paid; €2.00 of the order is still open.", "Part 1 of 2")
		everywhere(s, link, 200, []string{"rest_open"}, []string{"all_paid"})
		has(t, ask(s, "GET", link+"/done", "en"), 200, "has received €5.00. This part is paid; €2.00")
		rest := waiting(s, ord)
		if len(rest) != 1 {
			t.Fatalf("%d payments are waited for", len(rest))
		}
		other := s.Payments.PayURL(rest[0])
		has(t, ask(s, "GET", other, "en"), 200, "Pay €2.00", "Part 2 of order "+ord.Number)
		has(t, ask(s, "GET", other, "de"), 200, "Teil 2 der Bestellung "+ord.Number)
		everywhere(s, other, 200, []string{"part_of"}, nil)
		hand(s, rest[0].ID, 200)
		settled(s, rest[0].ID, payments.Paid)
		testkit.Eventually(t, "the order to be paid", func() bool {
			return strings.Contains(ask(s, "GET", link, "en").body, "€5.00 has arrived at Café Quiet. There is nothing more to pay.")
		})
		everywhere(s, other, 200, []string{"text_paid", "all_paid"}, []string{"rest_open"})

		for _, came := range []int64{600, 900} { // too little and too much, taken as it is
			next := s.Order("CRO", 2, orders.Owner{ConversationID: "cnv_1"})
			id := next.Payments[0].ID
			hand(s, id, came)
			settled(s, id, payments.NeedsReview)
			within(s, func(tx database.Tx) error { return s.Orders.AcceptPayment(tx, s.Merchant.ID, id) })
			has(t, ask(s, "GET", s.Payments.PayURL(next.Payments[0]), "en"), 200, fmt.Sprintf("€%d.00 has arrived at Café Quiet. There is nothing more to pay.", came/100))
		}
	})
}

// Money for another part that a person looks at is neither open nor settled: the page of the part that is paid says just that.
func TestAPartBesideOneThatAPersonLooksAt(t *testing.T) {
	testkit.Both(t, func(t *testing.T, db *database.DB, clock *testkit.Clock) {
		s, ord, _ := counter(t, db, clock)
		split(s, ord, 300, 400)
		parts := waiting(s, ord)
		hand(s, parts[0].ID, 300)
		settled(s, parts[0].ID, payments.Paid)
		hand(s, parts[1].ID, 450)
		settled(s, parts[1].ID, payments.NeedsReview)
		link := s.Payments.PayURL(parts[0])
		has(t, ask(s, "GET", link, "en"), 200, "A person at Café Quiet looks at money for another part of this order.")
		everywhere(s, link, 200, []string{"part_looked_at"}, []string{"rest_open", "all_paid"})
	})
}

// A link that a split replaced says so, and leads to the parts; it never says that the order was cancelled while it was not.
func TestTheLinkThatWasSplit(t *testing.T) {
	testkit.Both(t, func(t *testing.T, db *database.DB, clock *testkit.Clock) {
		s, ord, link := counter(t, db, clock)
		split(s, ord, 300, 400)
		parts := waiting(s, ord)
		has(t, ask(s, "GET", link, "en"), http.StatusGone, "This sum was split", s.Payments.PayURL(parts[0]), s.Payments.PayURL(parts[1]), "Open the part of €3.00")
		everywhere(s, link, http.StatusGone, []string{"title_split", "text_split", "split_links"}, []string{"title_cancelled", "not_taken", "start_again"})
		everywhere(s, s.Payments.PayURL(parts[1]), 200, []string{"part_of"}, nil)
		if a := ask(s, "GET", s.Payments.PayURL(parts[1]), "en"); !strings.Contains(a.body, "Part 2 of order "+ord.Number) || strings.Contains(a.body, "2/2") {
			t.Error("the part is counted in two ways")
		}
		for i, p := range parts {
			hand(s, p.ID, []int64{300, 400}[i])
			settled(s, p.ID, payments.Paid)
		}
		testkit.Eventually(t, "the order to be paid", func() bool { return strings.Contains(ask(s, "GET", link, "en").body, "All parts are paid") })
		everywhere(s, link, http.StatusGone, []string{"text_split", "split_paid"}, []string{"title_cancelled", "not_taken", "split_links"})
		set("cancelled", orders.ReasonPaid)(s, ord.Payments[0])
		everywhere(s, link, http.StatusGone, []string{"title_settled", "text_settled"}, []string{"title_cancelled", "not_taken", "start_again", "still_here"})
	})
}

// "Nothing was taken" is said only where nothing came for the order.
func TestTheOtherPartOfACancelledOrder(t *testing.T) {
	testkit.Both(t, func(t *testing.T, db *database.DB, clock *testkit.Clock) {
		s, ord, link := counter(t, db, clock)
		split(s, ord, 300, 400)
		parts := waiting(s, ord)
		second := s.Payments.PayURL(parts[1])
		hand(s, parts[0].ID, 300)
		settled(s, parts[0].ID, payments.Paid)
		within(s, func(tx database.Tx) error {
			_, err := s.Orders.Cancel(tx, s.Merchant.ID, ord.ID, orders.Deed{Actor: "test"})
			return err
		})
		has(t, ask(s, "GET", second, "en"), http.StatusGone, "This order was cancelled", "€3.00 that was paid for this order is with Café Quiet")
		everywhere(s, second, http.StatusGone, []string{"title_cancelled", "still_here"}, []string{"not_taken"})
		everywhere(s, link, http.StatusGone, []string{"title_cancelled"}, []string{"not_taken", "text_split"})

		free := s.Order("CRO", 1, orders.Owner{ConversationID: "cnv_2"})
		within(s, func(tx database.Tx) error {
			_, err := s.Orders.Cancel(tx, s.Merchant.ID, free.ID, orders.Deed{Actor: "test"})
			return err
		})
		everywhere(s, s.Payments.PayURL(free.Payments[0]), http.StatusGone, []string{"title_cancelled", "not_taken", "start_again"}, []string{"still_here"})
	})
}

// No bank shows cash.
func TestCashThatWentBack(t *testing.T) {
	testkit.Both(t, func(t *testing.T, db *database.DB, clock *testkit.Clock) {
		s, ord, link := counter(t, db, clock)
		id := ord.Payments[0].ID
		hand(s, id, 700)
		settled(s, id, payments.Paid)
		set("refunded", "")(s, ord.Payments[0])
		everywhere(s, link, 200, []string{"title_refunded", "text_refunded_cash", "ask_cash"}, []string{"bank_shows", "ask_refund"})
		other := s.Order("CRO", 1, orders.Owner{ConversationID: "cnv_2"})
		set("refunded", "")(s, other.Payments[0])
		everywhere(s, s.Payments.PayURL(other.Payments[0]), 200, []string{"text_refunded", "bank_shows", "ask_refund"}, []string{"ask_cash"})
	})
}

// Who bought without a chat reads nothing of one.
func TestAnOrderWithoutAChat(t *testing.T) {
	testkit.Both(t, func(t *testing.T, db *database.DB, clock *testkit.Clock) {
		s, _, _ := counter(t, db, clock)
		headless := s.Order("CRO", 1, orders.Owner{})
		p := headless.Payments[0]
		link := s.Payments.PayURL(p)
		chat := []string{"back", "ask_new", "bank_news", "genuine_1", "wait", "meanwhile", "details"}
		nothing := func(state string) {
			t.Helper()
			everywhere(s, link, map[bool]int{true: 410, false: 200}[state == "cancelled" || state == "expired" || state == "changed"], nil, chat)
			for _, l := range []string{"en", "es", "fr", "de", "id", "pt", "hi", "zh", "ar"} {
				for _, at := range []string{"", "/done"} {
					body := strings.ToLower(ask(s, "GET", link+at+"?lang="+l, "").body)
					for _, word := range []string{"chat ", "chat.", "chat,", "/chat/", "discussion", "聊天", "محادثة"} {
						if strings.Contains(body, word) {
							t.Errorf("%s%s in %s: the page speaks of a chat: %q", state, at, l, word)
						}
					}
				}
			}
		}
		nothing("open")
		everywhere(s, link, 200, []string{"genuine_1_alone"}, nil)
		if a := send(s, link, "bank"); a.status != 303 {
			t.Fatalf("bank: %d", a.status)
		}
		nothing("open")
		everywhere(s, link, 200, []string{"steps_bank", "bank_news_alone", "bank_late"}, nil)
		for state, make := range map[string]func(*webtest.Shop, payments.Payment){
			"cancelled": set("cancelled", "by_customer"), "changed": set("cancelled", "cart_changed"), "expired": set("cancelled", "expired"),
			"processing": set("pending", "processing"), "paid": set("paid", ""), "refunded": set("refunded", ""), "review": set("needs_review", "wrong_amount"),
		} {
			make(s, p)
			nothing(state)
		}
	})
}
