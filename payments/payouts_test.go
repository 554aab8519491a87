package payments_test

import (
	"encoding/json"
	"os"
	"testing"
	"time"

	"sotto.chat/internal/database"
	"sotto.chat/internal/testkit"
	"sotto.chat/payments/payouts"
)

// payouts gives what the report of these days says of money on its way to the bank.
func (s *shop) payouts() []payouts.Payout {
	s.t.Helper()
	r, err := s.Statements().Report(s.t.Context(), s.merchant, s.clock.Now().Add(-48*time.Hour), s.clock.Now().Add(48*time.Hour))
	s.must(err)
	return r.Payouts
}

// A payout is in the report and in the ledger as soon as Stripe tells of it; one that the bank sends back comes back in both.
func TestPayoutsAreSeen(t *testing.T) {
	testkit.Both(t, func(t *testing.T, db *database.DB, clock *testkit.Clock) {
		s := open(t, db, clock)
		pay := s.expect()
		s.must(s.stripe.Approve(s.click(pay)))
		s.drain()
		s.is(pay, "paid", "", 1250, 0)
		id, err := s.stripe.Payout("usd")
		s.must(err)
		s.drain()
		const fee = 66
		seen := s.payouts()
		if len(seen) != 1 || seen[0].ID != id || seen[0].Status != "paid" || seen[0].Amount != 1250-fee || seen[0].Currency != "USD" {
			t.Fatalf("%+v", seen)
		}
		s.stands(map[string]int64{"sales": -1250, "fees": fee, "bank": 1250 - fee})
		s.must(s.stripe.FailPayout(id))
		s.drain()
		if seen = s.payouts(); len(seen) != 1 || !seen[0].Back() || seen[0].Failure != "account_closed" {
			t.Fatalf("%+v", seen)
		}
		s.stands(map[string]int64{"sales": -1250, "fees": fee, "provider:stripe": 1250 - fee})
		if d := s.differences(); len(d) > 0 {
			t.Error("invented:", d)
		}
		s.sound()
	})
}

// The payout of Stripe's own specification, told in every order and more than once, comes to one state.
func TestPayoutsAreToldInAnyOrder(t *testing.T) {
	raw, err := os.ReadFile(testkit.Shared(t, "fixtures", "stripe", "openapi-2023-10-16", "fixtures3.json"))
	if err != nil {
		t.Fatal(err)
	}
	var recorded struct{ Resources map[string]json.RawMessage }
	if err := json.Unmarshal(raw, &recorded); err != nil {
		t.Fatal(err)
	}
	testkit.Both(t, func(t *testing.T, db *database.DB, clock *testkit.Clock) {
		s := open(t, db, clock)
		told := 0
		tell := func(id, kind, status string) {
			var object map[string]any
			s.must(json.Unmarshal(recorded.Resources["payout"], &object))
			object["id"], object["status"], object["created"], object["arrival_date"] = id, status, clock.Now().Unix(), clock.Now().Unix()
			if status == "failed" {
				object["failure_code"], object["failure_message"] = "account_closed", "The bank account of Canary Lane 4242 has been closed"
			}
			for range 2 {
				s.hearBody(map[string]any{"type": kind, "data": map[string]any{"object": object}}, told, "payout")
			}
			told++
		}
		all := [][2]string{{"payout.created", "in_transit"}, {"payout.updated", "in_transit"}, {"payout.paid", "paid"}, {"payout.failed", "failed"}}
		for order, name := range map[string]string{"0123": "po_a", "3210": "po_b", "2031": "po_c", "1320": "po_d"} {
			for _, at := range order {
				one := all[at-'0']
				tell(name, one[0], one[1])
			}
		}
		tell("po_e", "payout.canceled", "canceled")
		tell("po_e", "payout.created", "pending")
		got := map[string]string{}
		for _, p := range s.payouts() {
			got[p.ID] = p.Status + p.Failure
			if p.Amount != 1100 || p.Currency != "USD" {
				t.Errorf("%+v", p)
			}
		}
		for id, want := range map[string]string{"po_a": "failedaccount_closed", "po_b": "failedaccount_closed", "po_c": "failedaccount_closed", "po_d": "failedaccount_closed", "po_e": "canceled"} {
			if got[id] != want {
				t.Errorf("%s is %q, want %q", id, got[id], want)
			}
		}
		s.stands(map[string]int64{}) // the statement knows of none
		s.sound()
	})
}
