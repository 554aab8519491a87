package payments_test

import (
	"slices"
	"testing"
	"time"

	"sotto.chat/internal/database"
	"sotto.chat/internal/money"
	"sotto.chat/internal/testkit"
	"sotto.chat/payments/ledger"
	"sotto.chat/payments/reconcile"
)

// stands checks what stands in an account of the ledger.
func (s *shop) stands(want map[string]int64) {
	s.t.Helper()
	list, err := ledger.Balances(s.t.Context(), s.db, s.merchant)
	s.must(err)
	got := map[string]int64{}
	for _, b := range list {
		if b.Currency != "USD" {
			s.t.Errorf("%+v", b)
		}
		if b.Amount != 0 {
			got[b.Account] = b.Amount
		}
	}
	for account, n := range want {
		if got[account] != n {
			s.t.Errorf("%s is %d, want %d", account, got[account], n)
		}
		delete(got, account)
	}
	if len(got) > 0 {
		s.t.Errorf("more stands in the ledger: %v", got)
	}
}

func (s *shop) differences() []string {
	s.t.Helper()
	s.must(s.ReadStatement(s.t.Context(), s.merchant))
	list, err := s.Statements().Compare(s.t.Context(), s.merchant, "stripe", s.clock.Now().Add(-48*time.Hour), s.clock.Now().Add(48*time.Hour))
	s.must(err)
	var out []string
	for _, d := range list {
		out = append(out, d.Cause)
	}
	slices.Sort(out)
	return out
}

// Payments, refunds, disputes, fees and payouts at Stripe agree with the books to the last cent, and what is off is named.
func TestStatementsOfStripe(t *testing.T) {
	testkit.Both(t, func(t *testing.T, db *database.DB, clock *testkit.Clock) {
		s := open(t, db, clock)
		var sessions []string
		buy := func(amount int64) (id string) {
			pay := s.expectSum(amount, "USD")
			session := s.click(pay)
			s.must(s.stripe.Approve(session))
			s.drain()
			sessions = append(sessions, session)
			return pay.ID
		}
		plain, back, lost, won := buy(1000), buy(2000), buy(3000), buy(4000)
		s.differences() // the statement is also read by the room itself, whenever it likes
		s.stands(map[string]int64{"provider:stripe": 10000 - 410, "sales": -10000, "fees": 410})
		if _, err := s.Refund(t.Context(), s.merchant, back, &money.Money{Amount: 500, Currency: "USD"}, "", ""); err != nil {
			t.Fatal(err)
		}
		gone, err := s.stripe.Dispute(sessions[2], "")
		s.must(err)
		kept, err := s.stripe.Dispute(sessions[3], "")
		s.must(err)
		s.drain()
		if d := s.differences(); len(d) > 0 {
			t.Error("invented:", d)
		}
		s.stands(map[string]int64{"provider:stripe": 2500 - 3410, "sales": -10000, "refunds": 500, "disputed": 7000, "fees": 3410})
		s.must(s.stripe.DecideDispute(gone, false))
		s.must(s.stripe.DecideDispute(kept, true))
		s.drain()
		_, err = s.stripe.Payout("usd")
		s.must(err)
		if d := s.differences(); len(d) > 0 {
			t.Error("invented:", d)
		}
		const fees = 59 + 88 + 117 + 146 + 1500 // of the four, and of the dispute that was lost
		s.stands(map[string]int64{"sales": -10000, "refunds": 500, "disputes_lost": 3000, "fees": fees, "bank": 10000 - 500 - 3000 - fees})
		s.sound()
		again := s.differences()
		s.stands(map[string]int64{"sales": -10000, "refunds": 500, "disputes_lost": 3000, "fees": fees, "bank": 10000 - 500 - 3000 - fees})
		if len(again) > 0 {
			t.Error("the second reading:", again)
		}

		_, err = s.stripe.Book("adjustment", -70, 0, "usd")
		s.must(err)
		_, err = s.stripe.Book("climate_order_purchase", -30, 0, "usd")
		s.must(err)
		_, err = s.stripe.Book("stripe_fee", -5, 0, "usd")
		s.must(err)
		s.in(func(tx database.Tx) error {
			return tx.DB().Exec("update receipts set amount = amount + 1 where merchant_id = ? and payment_id = ?", s.merchant, plain).Error
		})
		if d := s.differences(); !slices.Equal(d, []string{reconcile.Adjusted, reconcile.Amount, reconcile.UnknownKind}) {
			t.Error(d)
		}
		s.stands(map[string]int64{"sales": -10000, "refunds": 500, "disputes_lost": 3000, "fees": fees + 5, "bank": 10000 - 500 - 3000 - fees,
			"differences": 100, "provider:stripe": -105})
		findings, err := s.Audit(t.Context(), s.merchant)
		if err != nil || len(findings) != 3 { // the payment itself, and two accounts of the ledger
			t.Error(findings, err)
		}
		_, _ = won, lost
	})
}
