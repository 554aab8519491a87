package payments_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"sync"
	"testing"
	"time"

	"sotto.chat/internal/database"
	"sotto.chat/internal/jobs"
	"sotto.chat/internal/testkit"
	"sotto.chat/payments"
	"sotto.chat/payments/sandbox"
)

// body is an event as somebody signs it who has only the endpoint's secret and the ids that he saw.
func body(id, kind string, object map[string]any) []byte {
	raw, err := json.Marshal(map[string]any{"id": id, "object": "event", "type": kind, "api_version": "2023-10-16", "livemode": false, "created": 1700000000,
		"data": map[string]any{"object": object}})
	if err != nil {
		panic(err)
	}
	return raw
}

// tell signs an event and posts it.
func (s *shop) tell(id, kind string, object map[string]any) {
	s.t.Helper()
	raw := body(id, kind, object)
	s.must(s.ReceiveStripe(jobs.Eager(s.t.Context()), "", raw, sandbox.Sign(raw, hookSecret, s.clock.Now())))
}

func paidSession(id, intent string, amount int64, currency string) map[string]any {
	o := map[string]any{"id": id, "object": "checkout.session", "status": "complete", "payment_status": "paid", "amount_total": amount, "currency": currency}
	if intent != "" {
		o["payment_intent"] = intent
	}
	return o
}

func answer(status int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		_, _ = w.Write([]byte(body))
	}
}

// silences are the ways in which a stand-in has no GET; each lets the event count at once.
var silences = map[string]http.HandlerFunc{
	"not found, in words":         http.NotFound,
	"no such object":              answer(404, `{"error":{"type":"invalid_request_error","code":"resource_missing","message":"No such thing"}}`),
	"not implemented":             answer(501, "not implemented"),
	"forbidden":                   answer(403, `{"error":"forbidden"}`),
	"an empty object":             answer(200, `{}`),
	"always the same other thing": answer(200, `{"id":"cs_test_other","status":"open","payment_status":"unpaid","amount_total":1,"currency":"usd"}`),
}

// Whatever becomes of a payment is known from the events alone, where Stripe's API does not tell.
func TestTheAPIDoesNotTell(t *testing.T) {
	type end struct {
		status         payments.Status
		reason         string
		paid, refunded int64
	}
	stories := map[string]struct {
		act func(s *shop, pay payments.Payment, id string)
		end end
	}{
		"paid": {func(s *shop, _ payments.Payment, id string) { s.must(s.stripe.Approve(id)) }, end{payments.Paid, "", 1250, 0}},
		"shuffled, twice, refunded in parts": {func(s *shop, _ payments.Payment, id string) {
			s.stripe.SetFaults(sandbox.Faults{Shuffle: -1, Duplicate: -1})
			s.must(s.stripe.Approve(id))
			for _, sum := range []int64{100, 150} {
				_, err := s.stripe.Refund(id, sum)
				s.must(err)
			}
		}, end{payments.PartiallyRefunded, "", 1250, 250}},
		"refunded": {func(s *shop, _ payments.Payment, id string) {
			s.must(s.stripe.Approve(id))
			_, err := s.stripe.Refund(id, 0)
			s.must(err)
		}, end{payments.Refunded, "", 1250, 1250}},
		"a refund that fails afterwards": {func(s *shop, _ payments.Payment, id string) {
			s.must(s.stripe.Approve(id))
			re, err := s.stripe.Refund(id, 250)
			s.must(err)
			s.drain()
			s.must(s.stripe.FailRefund(re))
		}, end{payments.NeedsReview, payments.ReasonRefundFailed, 1250, 0}},
		"refunded by the shop": {func(s *shop, pay payments.Payment, id string) {
			s.must(s.stripe.Approve(id))
			s.drain()
			r, err := s.Refund(s.t.Context(), s.merchant, pay.ID, nil, "", "")
			if err != nil || r.Status != payments.RefundSucceeded {
				s.t.Error(r, err)
			}
		}, end{payments.Refunded, "", 1250, 1250}},
		"disputed and lost, shuffled": {func(s *shop, _ payments.Payment, id string) {
			s.stripe.SetFaults(sandbox.Faults{Shuffle: -1})
			s.must(s.stripe.Approve(id))
			dp, err := s.stripe.Dispute(id, "")
			s.must(err)
			s.must(s.stripe.DecideDispute(dp, false))
		}, end{payments.NeedsReview, payments.ReasonDisputeLost, 1250, 0}},
		"a slow method": {func(s *shop, pay payments.Payment, id string) {
			s.must(s.stripe.Delay(id))
			s.drain()
			s.is(pay, payments.Pending, payments.ReasonProcessing, 0, 0)
			s.must(s.stripe.Settle(id, true))
		}, end{payments.Paid, "", 1250, 0}},
		"a slow method that fails": {func(s *shop, _ payments.Payment, id string) {
			s.must(s.stripe.Delay(id))
			s.must(s.stripe.Settle(id, false))
			s.drain()
		}, end{payments.Failed, payments.ReasonDeclined, 0, 0}},
		"another sum": {func(s *shop, _ payments.Payment, id string) {
			s.must(s.stripe.Alter(id, sandbox.Lie{Amount: 1}))
			s.must(s.stripe.Approve(id))
		}, end{payments.NeedsReview, payments.ReasonWrongAmount, 1, 0}},
		"late": {func(s *shop, _ payments.Payment, id string) {
			s.kill("cart_changed")
			s.tell("evt_late_"+id, "checkout.session.completed", paidSession(id, "pi_"+id, 1250, "usd"))
		}, end{payments.Paid, payments.ReasonLate, 1250, 0}},
		"nothing but the session's id, and without an intent": {func(s *shop, pay payments.Payment, id string) {
			s.tell("evt_1_"+id, "checkout.session.completed", paidSession(id, "", 1250, "usd"))
			s.is(pay, payments.Paid, "", 1250, 0)
			s.tell("evt_2_"+id, "checkout.session.completed", paidSession(id, "pi_"+id, 1250, "usd"))
			s.tell("evt_3_"+id, "payment_intent.succeeded", map[string]any{"id": "pi_" + id, "amount_received": 1250, "currency": "usd"})
		}, end{payments.Paid, "", 1250, 0}},
		"shown in another currency": {func(s *shop, _ payments.Payment, id string) {
			o := paidSession(id, "pi_"+id, 1800, "cad")
			o["currency_conversion"] = map[string]any{"source_currency": "usd", "amount_total": 1250, "fx_rate": "1.44"}
			s.tell("evt_"+id, "checkout.session.completed", o)
		}, end{payments.Paid, "", 1250, 0}},
		"a sum that cannot be read": {func(s *shop, _ payments.Payment, id string) {
			o := paidSession(id, "pi_"+id, 0, "usd")
			o["amount_total"] = "1250"
			s.tell("evt_"+id, "checkout.session.completed", o)
		}, end{payments.NeedsReview, payments.ReasonWrongAmount, 0, 0}},
	}
	kinds := []http.HandlerFunc{}
	for _, f := range silences {
		kinds = append(kinds, f)
	}
	testkit.Both(t, func(t *testing.T, db *database.DB, clock *testkit.Clock) {
		for name, story := range stories {
			t.Run(name, func(t *testing.T) {
				s := open(t, db, clock)
				pay := s.expect()
				id := s.click(pay)
				s.deafen(kinds[rand.IntN(len(kinds))])
				story.act(s, pay, id)
				s.drain()
				s.settled()
				e := story.end
				s.is(pay, e.status, e.reason, e.paid, e.refunded)
				if n := len(s.all()); n != 1 {
					t.Errorf("%d payments", n)
				}
				s.sound()
			})
		}
		for name, f := range silences {
			t.Run(name, func(t *testing.T) {
				s := open(t, db, clock)
				pay := s.expect()
				id := s.click(pay)
				s.deafen(f)
				s.must(s.stripe.Approve(id))
				s.drain()
				s.is(pay, payments.Paid, "", 1250, 0)
			})
		}
	})
}

// settled waits until nothing is left to look at.
func (s *shop) settled() {
	s.t.Helper()
	testkit.Eventually(s.t, "every event is handled", func() bool {
		var n int
		s.must(s.db.Read(s.t.Context()).Raw("select count(*) from payment_events where handled_at is null").Scan(&n).Error)
		return n == 0
	})
}

// A provider that cannot be reached is asked again for a while, then its event counts alone.
func TestTheAPICannotBeReached(t *testing.T) {
	outages := map[string]http.HandlerFunc{
		"broken":       answer(500, ""),
		"overloaded":   answer(429, "<html>"),
		"without form": answer(200, "<html>"),
		"cut":          func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
	}
	testkit.Both(t, func(t *testing.T, db *database.DB, clock *testkit.Clock) {
		for name, f := range outages {
			t.Run(name, func(t *testing.T) {
				s := open(t, db, clock)
				s.stripe.SetFaults(sandbox.Faults{Drop: -1})
				pay := s.expect()
				id := s.click(pay)
				s.deafen(f)
				s.tell("evt_"+id, "checkout.session.completed", paidSession(id, "pi_1"+id, 1250, "usd"))
				s.is(pay, payments.Pending, "", 0, 0)
				clock.Advance(2 * time.Minute)
				s.must(s.settle(t.Context(), s.Payments, payments.EventArrived{Event: "evt_" + id}))
				s.is(pay, payments.Paid, "", 1250, 0)
				s.sound()
			})
		}
	})
}

// A provider that never answers is waited for so long that time is left to do without it.
func TestTheAPIHangs(t *testing.T) {
	clock := &testkit.Clock{}
	s := open(t, testkit.Open(t, testkit.URL(t, database.SQLite), clock), clock)
	s.stripe.SetFaults(sandbox.Faults{Drop: -1})
	pay := s.expect()
	id := s.click(pay)
	stop := make(chan struct{})
	t.Cleanup(func() { close(stop) })
	s.deafen(func(_ http.ResponseWriter, r *http.Request) {
		select {
		case <-r.Context().Done():
		case <-stop:
		}
	})
	raw := body("evt_1", "checkout.session.completed", paidSession(id, "pi_1", 1250, "usd"))
	s.must(s.ReceiveStripe(t.Context(), "", raw, sandbox.Sign(raw, hookSecret, clock.Now())))
	clock.Advance(2 * time.Minute)
	start := time.Now()
	s.must(s.settle(t.Context(), s.Payments, payments.EventArrived{Event: "evt_1"}))
	if took := time.Since(start); took > 20*time.Second {
		t.Error(took)
	}
	s.is(pay, payments.Paid, "", 1250, 0)
}

// An event that names another intent than the API's tells of a second coin.
func TestAnEventTellsOfASecondCoin(t *testing.T) {
	testkit.Both(t, func(t *testing.T, db *database.DB, clock *testkit.Clock) {
		for name, drop := range map[string]int{"the first was counted": 0, "both at once": -1} {
			t.Run(name, func(t *testing.T) {
				s := open(t, db, clock)
				pay := s.expect()
				id := s.click(pay)
				s.stripe.SetFaults(sandbox.Faults{Drop: drop})
				s.must(s.stripe.Approve(id))
				s.drain()
				for i := range 3 {
					s.tell(fmt.Sprintf("evt_%s_%d", id, i), "checkout.session.completed", paidSession(id, "pi_second"+id, 1250, "usd"))
				}
				s.settled()
				s.is(pay, payments.Paid, "", 1250, 0)
				list := s.all()
				if len(list) != 2 || list[1].Status != payments.NeedsReview || list[1].Reason != payments.ReasonDouble || list[1].PaidAmount != 1250 {
					t.Fatalf("%+v", list)
				}
				// What happens to the second coin is told by its intent alone.
				s.tell("evt_back"+id, "charge.refunded", map[string]any{"id": "ch_2" + id, "payment_intent": "pi_second" + id, "amount": 1250,
					"amount_captured": 1250, "amount_refunded": 1250, "refunded": true, "currency": "usd"})
				s.is(list[1], payments.Refunded, payments.ReasonDouble, 1250, 1250)
				s.is(pay, payments.Paid, "", 1250, 0)
				s.sound()
			})
		}
	})
}

// The API tells the sum of what only an event had told before: it is put right.
func TestTheAPIPutsRight(t *testing.T) {
	testkit.Both(t, func(t *testing.T, db *database.DB, clock *testkit.Clock) {
		s := open(t, db, clock)
		pay := s.expect()
		id := s.click(pay)
		s.deafen(http.NotFound)
		s.tell("evt_lie", "checkout.session.completed", paidSession(id, "", 7, "mxn"))
		s.is(pay, payments.NeedsReview, payments.ReasonWrongCurrency, 0, 0)
		s.deafen(nil)
		s.must(s.stripe.Approve(id))
		s.drain()
		s.is(pay, payments.Paid, "", 1250, 0)
		if moves := s.moved(); len(moves) != 2 || !moves[1].Paid {
			t.Errorf("%+v", moves)
		}
		// It was counted under the session; its money goes back by the intent.
		if r, err := s.Refund(t.Context(), s.merchant, pay.ID, nil, "", ""); err != nil || r.Status != payments.RefundSucceeded {
			t.Error(r, err)
		}
		s.sound()
	})
}

// Sessions that nobody here made come to nothing, and are noted.
func TestStrangersEvents(t *testing.T) {
	testkit.Both(t, func(t *testing.T, db *database.DB, clock *testkit.Clock) {
		s := open(t, db, clock)
		other := open(t, db, clock)
		pay := s.expect()
		s.click(pay)
		s.tell("evt_cs", "checkout.session.completed", paidSession("cs_test_stranger", "pi_stranger", 1250, "usd"))
		s.tell("evt_pi", "payment_intent.succeeded", map[string]any{"id": "pi_stranger2", "amount_received": 1250, "currency": "usd"})
		s.tell("evt_ch", "charge.refunded", map[string]any{"id": "ch_stranger", "amount_refunded": 1250, "currency": "usd"})
		// A merchant's own account cannot speak of what another merchant, or the platform, is owed.
		s.in(func(tx database.Tx) error {
			return s.register.SetCredential(tx, other.merchant, "stripe", map[string]any{"secret_key": testKey, "webhook_secrets": []string{"whsec_o"}, "account": "acct_o"})
		})
		for i, merchant := range []string{s.merchant, other.merchant} {
			o := paidSession("cs_test_mine", "pi_mine", 1250, "usd")
			o["metadata"] = map[string]string{"merchant": merchant, "payment": pay.ID, "attempt": "1"}
			raw := body(fmt.Sprintf("evt_foreign_%d", i), "checkout.session.completed", o)
			s.must(s.ReceiveStripe(jobs.Eager(t.Context()), other.merchant, raw, sandbox.Sign(raw, "whsec_o", clock.Now())))
		}
		s.settled()
		for id, want := range map[string]string{"evt_cs": "unknown_object", "evt_pi": "not_ours", "evt_ch": "unknown_object",
			"evt_foreign_0": "not_ours", "evt_foreign_1": "unknown_payment"} {
			if got := s.outcome(id); got != want {
				t.Errorf("%s: outcome %q, want %q", id, got, want)
			}
		}
		s.is(pay, payments.Pending, "", 0, 0)
		if len(s.moved())+len(other.moved()) != 0 {
			t.Error(s.moved())
		}
		// Our own marks on a session that we do not know are our money.
		o := paidSession("cs_test_copied", "pi_copied", 1250, "usd")
		o["metadata"] = map[string]string{"merchant": s.merchant, "payment": pay.ID, "attempt": "1"}
		s.tell("evt_ours", "checkout.session.completed", o)
		s.is(pay, payments.Paid, "", 1250, 0)
	})
}

// Two hundred tell the same at once, under one id and under many, where only events speak: one effect.
func TestToldAtOnce(t *testing.T) {
	testkit.Both(t, func(t *testing.T, db *database.DB, clock *testkit.Clock) {
		s := open(t, db, clock)
		pay := s.expect()
		id := s.click(pay)
		s.deafen(http.NotFound)
		var wg sync.WaitGroup
		for i := range 200 {
			wg.Go(func() {
				raw := body(fmt.Sprintf("evt_%d", max(0, i-100)), "checkout.session.completed", paidSession(id, "pi_1", 1250, "usd"))
				if err := s.ReceiveStripe(jobs.Eager(t.Context()), "", raw, sandbox.Sign(raw, hookSecret, clock.Now())); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		s.settled()
		s.is(pay, payments.Paid, "", 1250, 0)
		if moves := s.moved(); len(moves) != 1 || len(s.all()) != 1 {
			t.Errorf("%d moves, %d payments", len(moves), len(s.all()))
		}
		s.sound()
	})
}
