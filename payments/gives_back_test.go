package payments_test

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"
	"testing"

	"sotto.chat/internal/database"
	"sotto.chat/internal/testkit"
	"sotto.chat/payments"
)

// A charge's own sum of refunds counts as the greatest ever told, and makes room for refunds told by name; in any order, however often.
func TestAChargeGivesBack(t *testing.T) {
	charge := func(id string, back int64) map[string]any {
		return map[string]any{"id": "ch_" + id, "payment_intent": "pi_" + id, "amount": 1250, "amount_captured": 1250, "amount_refunded": back, "currency": "usd"}
	}
	refund := func(id string, n, amount int64) map[string]any {
		return map[string]any{"id": fmt.Sprintf("re_%d_%s", n, id), "charge": "ch_" + id, "payment_intent": "pi_" + id, "amount": amount, "status": "succeeded", "currency": "usd"}
	}
	type word struct {
		kind   string
		object map[string]any
	}
	// Either way two refunds are left at most: one made up for each sum that was told, or the two that have names.
	const rows = 2
	testkit.Both(t, func(t *testing.T, db *database.DB, clock *testkit.Clock) {
		s := open(t, db, clock)
		s.deafen(http.NotFound)
		for round := range 12 {
			pay := s.expect()
			id := s.click(pay)
			words := []word{{"checkout.session.completed", paidSession(id, "pi_"+id, 1250, "usd")},
				{"payment_intent.succeeded", map[string]any{"id": "pi_" + id, "amount_received": 1250, "currency": "usd"}},
				{"charge.refunded", charge(id, 100)}, {"charge.refunded", charge(id, 100)}, {"charge.refunded", charge(id, 250)}, {"charge.refunded", charge(id, 0)}}
			if round%2 == 1 {
				words = append(words, word{"charge.refund.updated", refund(id, 1, 100)}, word{"refund.created", refund(id, 2, 150)}, word{"refund.updated", refund(id, 2, 150)})
			}
			rand.Shuffle(len(words), func(i, j int) { words[i], words[j] = words[j], words[i] })
			var told []string
			for i, w := range words {
				s.tell(fmt.Sprintf("evt_%d_%s", i, id), w.kind, w.object)
				told = append(told, w.kind)
			}
			s.settled()
			s.is(pay, payments.PartiallyRefunded, "", 1250, 250)
			list, err := s.Refunds(t.Context(), s.merchant, pay.ID)
			s.must(err)
			for _, r := range list {
				if round%2 == 1 && !strings.HasPrefix(r.ExternalID, "re_") {
					t.Errorf("a refund without a name is left: %+v", r)
				}
			}
			if len(list) > rows || t.Failed() {
				t.Fatalf("%d refunds after %v", len(list), told)
			}
			s.tell("evt_all_"+id, "charge.refunded", charge(id, 1250))
			s.is(pay, payments.Refunded, "", 1250, 1250)
			s.tell("evt_more_"+id, "charge.refunded", charge(id, 5000))
			s.is(pay, payments.NeedsReview, payments.ReasonWrongAmount, 1250, 1250)
		}
		s.sound()
	})
}

// Where the API tells of the refunds, a charge's sum adds what it does not know yet.
func TestAChargeGivesBackMoreThanTheAPIKnows(t *testing.T) {
	testkit.Both(t, func(t *testing.T, db *database.DB, clock *testkit.Clock) {
		s := open(t, db, clock)
		pay := s.expect()
		id := s.click(pay)
		s.must(s.stripe.Approve(id))
		_, err := s.stripe.Refund(id, 200)
		s.must(err)
		s.drain()
		s.is(pay, payments.PartiallyRefunded, "", 1250, 200)
		var intent string
		s.must(db.Read(t.Context()).Raw("select external_id from receipts where payment_id = ?", pay.ID).Scan(&intent).Error)
		for i := range 2 {
			s.tell(fmt.Sprintf("evt_%d", i), "charge.refunded", map[string]any{"id": "ch_1", "payment_intent": intent, "amount_captured": 1250, "amount_refunded": 500, "currency": "usd"})
			s.is(pay, payments.PartiallyRefunded, "", 1250, 500)
		}
		// The API catches up.
		_, err = s.stripe.Refund(id, 300)
		s.must(err)
		s.drain()
		s.is(pay, payments.PartiallyRefunded, "", 1250, 500)
		s.tell("evt_dispute", "charge.dispute.created", map[string]any{"id": "dp_1", "payment_intent": intent, "amount": 750, "status": "needs_response", "currency": "usd"})
		s.is(pay, payments.NeedsReview, payments.ReasonDisputed, 1250, 500)
		s.tell("evt_won", "charge.dispute.closed", map[string]any{"id": "dp_1", "payment_intent": intent, "amount": 750, "status": "won", "currency": "usd"})
		s.tell("evt_old", "charge.dispute.updated", map[string]any{"id": "dp_1", "payment_intent": intent, "amount": 750, "status": "under_review", "currency": "usd"})
		s.is(pay, payments.PartiallyRefunded, "", 1250, 500)
		s.sound()
	})
}
