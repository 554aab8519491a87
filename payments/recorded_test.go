package payments_test

import (
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"sotto.chat/internal/database"
	"sotto.chat/internal/jobs"
	"sotto.chat/internal/testkit"
	"sotto.chat/payments"
	"sotto.chat/payments/sandbox"
)

// effect is what a recorded event comes to, where it is about one of our payments and the API does not tell.
type effect struct {
	status payments.Status
	reason string
}

// effects are those of the recorded bodies that move anything. All others are noted and left.
var effects = map[string]effect{
	"checkout.session.completed":               {payments.Paid, ""},
	"payment_intent.succeeded":                 {payments.Paid, ""},
	"payment_intent.amount_capturable_updated": {payments.Authorized, ""},
	"charge.captured":                          {payments.Paid, ""},
	"charge.refunded":                          {payments.Refunded, ""},
	"charge.refund.updated":                    {payments.Refunded, ""},
	"charge.dispute.created":                   {payments.NeedsReview, payments.ReasonDisputed},
	"charge.dispute.updated":                   {payments.NeedsReview, payments.ReasonDisputed},
	"charge.dispute.funds_withdrawn":           {payments.NeedsReview, payments.ReasonDisputed},
	"charge.dispute.funds_reinstated":          {payments.NeedsReview, payments.ReasonDisputed}, // recorded before the dispute was closed
	"charge.dispute.closed":                    {payments.Paid, ""},
}

// about makes a recorded object one of ours.
func about(kind string, object map[string]any, pay payments.Payment, session string) {
	intent := "pi_ofTheRecording"
	object["metadata"] = map[string]any{"merchant": pay.MerchantID, "payment": pay.ID, "attempt": "1", "order": pay.OrderID}
	for _, name := range []string{"amount", "amount_total", "amount_received", "amount_captured", "amount_refunded"} {
		if n, ok := object[name].(float64); ok && n > 0 {
			object[name] = pay.Amount
		}
	}
	object["currency"] = strings.ToLower(pay.Currency)
	switch {
	case strings.HasPrefix(kind, "checkout.session."):
		object["id"], object["payment_intent"] = session, intent
	case strings.HasPrefix(kind, "payment_intent."):
		object["id"] = intent
	default:
		object["id"], object["payment_intent"] = "xx_ofTheRecording", intent
	}
}

// Every recorded body is read and has its effect, the same for every API version that it was recorded with.
func TestRecordedEventsHaveTheirEffect(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(testkit.Shared(t, "fixtures", "stripe", "stripe-ruby-mock"), "*.json"))
	if err != nil || len(files) == 0 {
		t.Fatal("no recordings", err)
	}
	others, err := filepath.Glob(filepath.Join(testkit.Shared(t, "fixtures", "stripe", "dj-stripe"), "event_*.json"))
	if err != nil || len(others) == 0 {
		t.Fatal("no recordings", err)
	}
	testkit.Both(t, func(t *testing.T, db *database.DB, clock *testkit.Clock) {
		s := open(t, db, clock)
		seen := map[string]bool{}
		for i, file := range append(files, others...) {
			raw, err := os.ReadFile(file)
			s.must(err)
			var e map[string]any
			s.must(json.Unmarshal(raw, &e))
			kind := e["type"].(string)
			object := e["data"].(map[string]any)["object"].(map[string]any)
			want, moves := effects[kind]
			if object["mode"] == "setup" {
				want, moves = effect{}, false
			}
			seen[kind] = true
			pay := s.expect()
			session := s.click(pay)
			s.deafen(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNotImplemented) })
			if !moves {
				want = effect{payments.Pending, ""}
			}
			if object["mode"] != "setup" {
				about(kind, object, pay, session)
			}
			if strings.HasPrefix(kind, "charge.dispute.") || strings.HasPrefix(kind, "charge.refund") {
				paid := map[string]any{"amount": pay.Amount, "amount_received": pay.Amount, "status": "succeeded"}
				about("payment_intent.succeeded", paid, pay, session)
				s.hearBody(map[string]any{"type": "payment_intent.succeeded", "data": map[string]any{"object": paid}}, i, "paid")
			}
			e["livemode"] = false
			s.hearBody(e, i, "recorded")
			if now := s.get(pay); now.Status != want.status || now.Reason != want.reason {
				t.Errorf("%s: %s %q, want %s %q (%s)", filepath.Base(file), now.Status, now.Reason, want.status, want.reason, s.outcome(eventID(i, "recorded")))
			}
			s.deafen(nil)
			s.in(func(tx database.Tx) error { // the next recording has the same coin
				for _, table := range []string{"receipts", "refunds", "disputes"} {
					if err := tx.DB().Exec("delete from " + table).Error; err != nil {
						return err
					}
				}
				return tx.DB().Exec("update payment_sessions set intent_id = ''").Error
			})
		}
		for kind := range effects {
			if !seen[kind] {
				t.Errorf("no recording of %s", kind)
			}
		}
	})
}

func eventID(i int, what string) string {
	return "evt_" + what + string(rune('a'+i/26)) + string(rune('a'+i%26))
}

// hearBody delivers an event under an id of its own.
func (s *shop) hearBody(e map[string]any, i int, what string) {
	s.t.Helper()
	e["id"] = eventID(i, what)
	raw, err := json.Marshal(e)
	s.must(err)
	s.must(s.ReceiveStripe(jobs.Eager(s.t.Context()), "", raw, sandbox.Sign(raw, hookSecret, s.clock.Now())))
}
