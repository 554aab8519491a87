package payments_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"sotto.chat/internal/database"
	"sotto.chat/internal/money"
	"sotto.chat/internal/testkit"
	"sotto.chat/payments"
	"sotto.chat/privacy"
)

// owes makes a payment of a customer's own order.
func (s *shop) owes(customer, order string) (pay payments.Payment) {
	s.t.Helper()
	s.in(func(tx database.Tx) (err error) {
		pay, err = s.Expect(tx, s.merchant, payments.Expected{OrderID: order, Customer: customer, Amount: money.Of(700, "USD"), ExpiresAt: tx.Now.Add(30 * time.Minute)})
		return err
	})
	return pay
}

// pays approves the payment's session.
func (s *shop) pays(pay payments.Payment) {
	s.t.Helper()
	s.must(s.stripe.Approve(s.click(pay)))
	s.drain()
	s.is(pay, payments.Paid, "", 700, 0)
}

func (s *shop) agrees(pay payments.Payment) {
	s.t.Helper()
	merchant, customer, err := s.Remember(s.t.Context(), s.token(pay))
	if err != nil || merchant != s.merchant || customer != pay.CustomerID {
		s.t.Fatal(merchant, customer, err)
	}
}

// keeps wants the sandbox to know so many customers with so many cards.
func (s *shop) keeps(people, cards int) {
	s.t.Helper()
	testkit.Eventually(s.t, fmt.Sprintf("Stripe keeps %d customers with %d cards", people, cards), func() bool {
		p, c := s.stripe.Customers()
		return p == people && c == cards
	})
}

// Stripe knows a customer again who agreed to that, until they take it back or are forgotten.
func TestACustomerWhoAgreedIsKnownAgain(t *testing.T) {
	testkit.Both(t, func(t *testing.T, db *database.DB, clock *testkit.Clock) {
		s := open(t, db, clock)
		for _, one := range []string{"cus_ann", "cus_bob"} {
			s.in(func(tx database.Tx) error { return s.keys.Create(tx, s.merchant, privacy.CustomerSubject(one)) })
		}
		s.pays(s.owes("cus_ann", "ord_a1"))
		s.keeps(0, 0) // nobody agreed
		asked := s.owes("cus_ann", "ord_a2")
		s.agrees(asked)
		s.agrees(asked)
		s.pays(asked)
		s.keeps(1, 1)
		s.pays(s.owes("cus_ann", "ord_a3"))
		s.keeps(1, 2) // the same one
		s.pays(s.owes("cus_bob", "ord_b1"))
		s.keeps(1, 2)
		part, other := s.owes("cus_ann", "ord_a4"), s.owes("cus_ann", "ord_a4")
		s.pays(part) // a link that somebody else may have
		s.pays(other)
		s.keeps(1, 2)

		var stored struct{ Sealed []byte }
		s.must(db.Read(t.Context()).Raw("select sealed from saved_customers where customer_id = 'cus_ann'").Scan(&stored).Error)
		if len(stored.Sealed) == 0 || strings.Contains(string(stored.Sealed), "cus_") {
			t.Errorf("what Stripe calls a customer is not sealed: %q", stored.Sealed)
		}

		late := s.owes("cus_bob", "ord_b2")
		s.agrees(late)
		session := s.click(late)
		s.in(func(tx database.Tx) error { return s.Forget(tx, s.merchant, "cus_bob") }) // before paying
		s.must(s.stripe.Approve(session))
		s.drain()
		s.keeps(1, 2)

		s.in(func(tx database.Tx) error {
			if err := s.Forget(tx, s.merchant, "cus_ann"); err != nil {
				return err
			}
			return s.keys.Destroy(tx, s.merchant, privacy.CustomerSubject("cus_ann"))
		})
		s.keeps(0, 0)
		testkit.Eventually(t, "nothing is left of it here", func() bool {
			var n int64
			s.must(db.Read(t.Context()).Raw("select count(*) from saved_customers where merchant_id = ?", s.merchant).Scan(&n).Error)
			return n == 0
		})
		s.pays(s.owes("cus_ann", "ord_a5"))
		s.keeps(0, 0)
		s.sound()
	})
}

// A customer whom Stripe has deleted is made anew at the next order.
func TestACustomerWhomStripeDeletedIsMadeAnew(t *testing.T) {
	testkit.Both(t, func(t *testing.T, db *database.DB, clock *testkit.Clock) {
		s := open(t, db, clock)
		s.in(func(tx database.Tx) error { return s.keys.Create(tx, s.merchant, privacy.CustomerSubject("cus_ann")) })
		first := s.owes("cus_ann", "ord_a1")
		s.agrees(first)
		s.pays(first)
		s.keeps(1, 1)
		s.stripe.DeleteCustomers()
		s.pays(s.owes("cus_ann", "ord_a2"))
		s.keeps(1, 1)
		s.sound()
	})
}
