package payments_test

import (
	"testing"

	"sotto.chat/internal/database"
	"sotto.chat/internal/testkit"
	"sotto.chat/payments"
	"sotto.chat/payments/evidence"
	"sotto.chat/payments/ledger"
	"sotto.chat/payments/sandbox"
)

// Evidence is handed in once; while the bank looks, the money stays frozen in the books.
func TestADisputeIsContested(t *testing.T) {
	testkit.Both(t, func(t *testing.T, db *database.DB, clock *testkit.Clock) {
		s := open(t, db, clock)
		pay := s.expect()
		id := s.click(pay)
		s.must(s.stripe.Approve(id))
		s.drain()
		pack := evidence.Of(evidence.Facts{Shop: "Café Quiet", Order: "A-7", Total: "12.50 USD", Hash: "abc"})
		if err := s.Contest(t.Context(), s.merchant, pay.ID, pack); !is(err, payments.ErrNoDispute) {
			t.Error(err)
		}
		dispute, err := s.stripe.Dispute(id, "product_not_received")
		s.must(err)
		s.drain()
		s.is(pay, payments.NeedsReview, payments.ReasonDisputed, 1250, 0)
		s.stands(map[string]int64{ledger.Provider("stripe"): 0, ledger.Sales: -1250, ledger.Disputed: 1250})
		s.stripe.SetFaults(sandbox.Faults{API: "POST /v1/disputes", Lose: 1})
		s.must(s.Contest(t.Context(), s.merchant, pay.ID, pack)) // the library asks again under the same key
		s.drain()
		if got := s.stripe.Evidence(dispute); got["uncategorized_text"] != pack.UncategorizedText || got["product_description"] != pack.ProductDescription {
			t.Error(got)
		}
		list, err := s.Disputes(t.Context(), s.merchant, pay.ID)
		if err != nil || len(list) != 1 || list[0].Status != "under_review" {
			t.Error(list, err)
		}
		if err := s.Contest(t.Context(), s.merchant, pay.ID, pack); !is(err, payments.ErrNoDispute) {
			t.Error("twice:", err)
		}
		s.is(pay, payments.NeedsReview, payments.ReasonDisputed, 1250, 0)
		s.must(s.stripe.DecideDispute(dispute, true))
		s.drain()
		s.is(pay, payments.Paid, "", 1250, 0)
		s.sound()
	})
}
