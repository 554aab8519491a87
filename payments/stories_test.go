package payments_test

import (
	"bytes"
	"testing"
	"time"

	"sotto.chat/internal/database"
	"sotto.chat/internal/jobs"
	"sotto.chat/internal/money"
	"sotto.chat/internal/testkit"
	"sotto.chat/payments"
	"sotto.chat/payments/sandbox"
)

// Each story is what customers, Stripe and the network may do to one payment of 12.50, and where it must end.
func TestStories(t *testing.T) {
	type end struct {
		status         payments.Status
		reason         string
		paid, refunded int64
		rows, moves    int
	}
	type story struct {
		faults sandbox.Faults
		act    func(s *shop, pay payments.Payment)
		end    end
	}
	stories := map[string]story{
		"paid": {act: func(s *shop, pay payments.Payment) { s.must(s.stripe.Approve(s.click(pay))) },
			end: end{payments.Paid, "", 1250, 0, 1, 1}},
		"every webhook twice": {faults: sandbox.Faults{Duplicate: -1},
			act: func(s *shop, pay payments.Payment) { s.must(s.stripe.Approve(s.click(pay))) },
			end: end{payments.Paid, "", 1250, 0, 1, 1}},
		"shuffled, refunded at Stripe's side": {faults: sandbox.Faults{Shuffle: -1, Duplicate: 3},
			act: func(s *shop, pay payments.Payment) {
				id := s.click(pay)
				s.must(s.stripe.Approve(id))
				_, err := s.stripe.Refund(id, 0)
				s.must(err)
			}, end: end{payments.Refunded, "", 1250, 1250, 1, -1}},
		"refunded in part at Stripe's side": {act: func(s *shop, pay payments.Payment) {
			id := s.click(pay)
			s.must(s.stripe.Approve(id))
			_, err := s.stripe.Refund(id, 250)
			s.must(err)
		}, end: end{payments.PartiallyRefunded, "", 1250, 250, 1, -1}},
		"a refund that fails afterwards": {act: func(s *shop, pay payments.Payment) {
			id := s.click(pay)
			s.must(s.stripe.Approve(id))
			re, err := s.stripe.Refund(id, 250)
			s.must(err)
			s.drain()
			s.must(s.stripe.FailRefund(re))
		}, end: end{payments.NeedsReview, payments.ReasonRefundFailed, 1250, 0, 1, -1}},
		"declined, then approved": {act: func(s *shop, pay payments.Payment) {
			id := s.click(pay)
			s.must(s.stripe.Decline(id, "insufficient_funds"))
			s.drain()
			if now := s.get(pay); now.Status != payments.Pending || now.Version != 1 {
				s.t.Errorf("a declined card moved the payment: %+v", now)
			}
			s.must(s.stripe.Approve(s.click(pay)))
		}, end: end{payments.Paid, "", 1250, 0, 1, 1}},
		"wrong amount": {act: func(s *shop, pay payments.Payment) {
			id := s.click(pay)
			s.must(s.stripe.Alter(id, sandbox.Lie{Amount: 1}))
			s.must(s.stripe.Approve(id))
		}, end: end{payments.NeedsReview, payments.ReasonWrongAmount, 1, 0, 1, 1}},
		"wrong currency": {act: func(s *shop, pay payments.Payment) {
			id := s.click(pay)
			s.must(s.stripe.Alter(id, sandbox.Lie{Currency: "MXN"}))
			s.must(s.stripe.Approve(id))
		}, end: end{payments.NeedsReview, payments.ReasonWrongCurrency, 0, 0, 1, 1}},
		"only an event says paid": {act: func(s *shop, pay payments.Payment) {
			id := s.click(pay)
			_, err := s.stripe.Send(id, "checkout.session.completed", sandbox.Lie{PaymentStatus: "paid"})
			s.must(err)
		}, end: end{payments.Paid, "", 1250, 0, 1, 1}},
		"only an event says paid, of another sum": {act: func(s *shop, pay payments.Payment) {
			id := s.click(pay)
			_, err := s.stripe.Send(id, "checkout.session.completed", sandbox.Lie{PaymentStatus: "paid", Amount: 1})
			s.must(err)
		}, end: end{payments.NeedsReview, payments.ReasonWrongAmount, 1, 0, 1, 1}},
		"only an event says paid, in another currency": {act: func(s *shop, pay payments.Payment) {
			id := s.click(pay)
			_, err := s.stripe.Send(id, "checkout.session.completed", sandbox.Lie{PaymentStatus: "paid", Currency: "EUR"})
			s.must(err)
		}, end: end{payments.NeedsReview, payments.ReasonWrongCurrency, 0, 0, 1, 1}},
		"an event of another sum after the end": {act: func(s *shop, pay payments.Payment) {
			id := s.click(pay)
			s.kill(payments.ReasonExpired)
			_, err := s.stripe.Send(id, "checkout.session.async_payment_succeeded", sandbox.Lie{Amount: 9900})
			s.must(err)
		}, end: end{payments.NeedsReview, payments.ReasonWrongAmount, 9900, 0, 1, 1}},
		"only an event says paid, after the end": {act: func(s *shop, pay payments.Payment) {
			id := s.click(pay)
			s.kill("cart_changed")
			_, err := s.stripe.Send(id, "checkout.session.completed", sandbox.Lie{PaymentStatus: "paid"})
			s.must(err)
		}, end: end{payments.Paid, payments.ReasonLate, 1250, 0, 1, 1}},
		"an event of another sum, where the API says paid": {act: func(s *shop, pay payments.Payment) {
			id := s.click(pay)
			s.must(s.stripe.Approve(id))
			_, err := s.stripe.Send(id, "checkout.session.completed", sandbox.Lie{Amount: 1})
			s.must(err)
		}, end: end{payments.Paid, "", 1250, 0, 1, 1}},
		"an event of another mode": {act: func(s *shop, pay payments.Payment) {
			s.stripe.SetFaults(sandbox.Faults{Drop: -1})
			id := s.click(pay)
			raw := body("evt_"+id, "checkout.session.completed", map[string]any{"id": id, "payment_status": "paid", "amount_total": 1250, "currency": "usd"})
			raw = bytes.Replace(raw, []byte(`"livemode":false`), []byte(`"livemode":true`), 1)
			if err := s.ReceiveStripe(jobs.Eager(s.t.Context()), "", raw, sandbox.Sign(raw, hookSecret, s.clock.Now())); !is(err, payments.ErrWrongMode) {
				s.t.Error(err)
			}
		}, end: end{payments.Pending, "", 0, 0, 1, 0}},
		"an event tells of expiry": {act: func(s *shop, pay payments.Payment) {
			id := s.click(pay)
			_, err := s.stripe.Send(id, "checkout.session.expired", sandbox.Lie{})
			s.must(err)
			s.drain()
			s.attempts(pay, "expired")
			again := s.click(pay)
			if again == id {
				s.t.Error("the session that ended was given again")
			}
			s.must(s.stripe.Approve(again))
		}, end: end{payments.Paid, "", 1250, 0, 1, 1}},
		"an event tells that a slow method failed": {act: func(s *shop, pay payments.Payment) {
			id := s.click(pay)
			s.must(s.stripe.Delay(id))
			s.drain()
			_, err := s.stripe.Send(id, "checkout.session.async_payment_failed", sandbox.Lie{})
			s.must(err)
		}, end: end{payments.Failed, payments.ReasonDeclined, 0, 0, 1, 2}},
		"paid, and an old event tells of expiry": {act: func(s *shop, pay payments.Payment) {
			id := s.click(pay)
			s.must(s.stripe.Approve(id))
			_, err := s.stripe.Send(id, "checkout.session.expired", sandbox.Lie{})
			s.must(err)
			_, err = s.stripe.Send(id, "checkout.session.async_payment_failed", sandbox.Lie{})
			s.must(err)
		}, end: end{payments.Paid, "", 1250, 0, 1, 1}},
		"paid late": {act: func(s *shop, pay payments.Payment) {
			id := s.click(pay)
			s.stripe.SetFaults(sandbox.Faults{API: "POST /v1/checkout/sessions/" + id, Fail: -1})
			s.kill(payments.ReasonExpired)
			s.must(s.stripe.Approve(id))
		}, end: end{payments.Paid, payments.ReasonLate, 1250, 0, 1, 1}},
		"a slow method that pays": {act: func(s *shop, pay payments.Payment) {
			id := s.click(pay)
			s.must(s.stripe.Delay(id))
			s.drain()
			s.is(pay, payments.Pending, payments.ReasonProcessing, 0, 0)
			if now := s.get(pay); now.ExpiresAt.Before(s.clock.Now().Add(24 * time.Hour)) {
				s.t.Error("the goods do not wait for the transfer")
			}
			s.must(s.stripe.Settle(id, true))
		}, end: end{payments.Paid, "", 1250, 0, 1, 2}},
		"a slow method that fails, then a card": {act: func(s *shop, pay payments.Payment) {
			id := s.click(pay)
			s.must(s.stripe.Delay(id))
			s.drain()
			s.must(s.stripe.Settle(id, false))
			s.drain()
			s.is(pay, payments.Failed, payments.ReasonDeclined, 0, 0)
			again := s.click(pay)
			if again == id {
				s.t.Error("the dead session was given again")
			}
			s.must(s.stripe.Approve(again))
		}, end: end{payments.Paid, "", 1250, 0, 1, 3}},
		"session expired over there, then a new one": {act: func(s *shop, pay payments.Payment) {
			id := s.click(pay)
			s.must(s.stripe.Expire(id))
			s.drain()
			s.must(s.stripe.Approve(s.click(pay)))
		}, end: end{payments.Paid, "", 1250, 0, 1, 1}},
		"disputed": {act: func(s *shop, pay payments.Payment) {
			id := s.click(pay)
			s.must(s.stripe.Approve(id))
			s.drain()
			_, err := s.stripe.Dispute(id, "")
			s.must(err)
		}, end: end{payments.NeedsReview, payments.ReasonDisputed, 1250, 0, 1, 2}},
		"disputed and won": {act: func(s *shop, pay payments.Payment) {
			id := s.click(pay)
			s.must(s.stripe.Approve(id))
			s.drain()
			dp, err := s.stripe.Dispute(id, "")
			s.must(err)
			s.drain()
			s.must(s.stripe.DecideDispute(dp, true))
		}, end: end{payments.Paid, "", 1250, 0, 1, 3}},
		"disputed and lost": {act: func(s *shop, pay payments.Payment) {
			id := s.click(pay)
			s.must(s.stripe.Approve(id))
			s.drain()
			dp, err := s.stripe.Dispute(id, "")
			s.must(err)
			s.drain()
			s.must(s.stripe.DecideDispute(dp, false))
		}, end: end{payments.NeedsReview, payments.ReasonDisputeLost, 1250, 0, 1, 3}},
		"no webhook comes; polled": {faults: sandbox.Faults{Drop: -1}, act: func(s *shop, pay payments.Payment) {
			s.must(s.stripe.Approve(s.click(pay)))
			s.clock.Advance(2 * time.Minute)
			s.must(s.Poll(s.t.Context()))
			testkit.Eventually(s.t, "the poll's finding is settled", func() bool { return s.get(pay).Status == payments.Paid })
		}, end: end{payments.Paid, "", 1250, 0, 1, 1}},
		"no webhook comes of a refund; recovered from the list": {faults: sandbox.Faults{Drop: -1}, act: func(s *shop, pay payments.Payment) {
			id := s.click(pay)
			s.must(s.stripe.Approve(id))
			_, err := s.stripe.Refund(id, 0)
			s.must(err)
			s.must(s.Recover(s.t.Context()))
			testkit.Eventually(s.t, "the list is settled", func() bool { return s.get(pay).Status == payments.Refunded })
			s.must(s.Recover(s.t.Context()))
		}, end: end{payments.Refunded, "", 1250, 1250, 1, -1}},
		"the answer to the making of the session is lost": {faults: sandbox.Faults{API: "POST /v1/checkout/sessions", Lose: 1},
			act: func(s *shop, pay payments.Payment) { s.must(s.stripe.Approve(s.click(pay))) },
			end: end{payments.Paid, "", 1250, 0, 1, 1}},
		"a failure that the idempotency key keeps": {faults: sandbox.Faults{API: "POST /v1/checkout/sessions", FailSaved: 1},
			act: func(s *shop, pay payments.Payment) { s.must(s.stripe.Approve(s.click(pay))) },
			end: end{payments.Paid, "", 1250, 0, 1, 1}},
		"a slow Stripe": {faults: sandbox.Faults{LatencyMS: 150},
			act: func(s *shop, pay payments.Payment) { s.must(s.stripe.Approve(s.click(pay))) },
			end: end{payments.Paid, "", 1250, 0, 1, 1}},
	}
	// One database for all, and a merchant and a sandbox for each.
	testkit.Both(t, func(t *testing.T, db *database.DB, clock *testkit.Clock) {
		for name, story := range stories {
			t.Run(name, func(t *testing.T) {
				s := open(t, db, clock)
				pay := s.expect()
				s.stripe.SetFaults(story.faults)
				story.act(s, pay)
				s.drain()
				e := story.end
				s.is(pay, e.status, e.reason, e.paid, e.refunded)
				if n := len(s.all()); n != e.rows {
					t.Errorf("%d payments of the order, want %d", n, e.rows)
				}
				if n := len(s.moved()); e.moves >= 0 && n != e.moves {
					t.Errorf("%d moves, want %d: %+v", n, e.moves, s.moved())
				}
				s.sound()
			})
		}
	})
}

// Two sessions of one payment, both paid: the first stands, the second is a payment of its own before a person.
func TestPaidTwice(t *testing.T) {
	testkit.Both(t, func(t *testing.T, db *database.DB, clock *testkit.Clock) {
		s := open(t, db, clock)
		pay := s.expect()
		first := s.click(pay)
		// We are told that it expired while it did not: the webhook is of another session's expiry, the truth is re-read.
		s.must(db.Read(t.Context()).Exec("update payment_sessions set status = 'expired', look_at = null").Error)
		second := s.click(pay)
		if first == second {
			t.Fatal("one session")
		}
		s.must(s.stripe.Approve(first))
		s.must(s.stripe.Approve(second))
		s.drain()
		s.is(pay, payments.Paid, "", 1250, 0)
		list := s.all()
		if len(list) != 2 || list[1].Status != payments.NeedsReview || list[1].Reason != payments.ReasonDouble || list[1].PaidAmount != 1250 {
			t.Fatalf("%+v", list)
		}
		moves := s.moved()
		if len(moves) != 2 {
			t.Errorf("%+v", moves)
		}
		for _, m := range moves {
			if m.Double != (m.Payment.ID == list[1].ID) || m.Paid != (m.Payment.ID == pay.ID) {
				t.Errorf("%+v", m)
			}
		}
		if r, err := s.Refund(t.Context(), s.merchant, list[1].ID, nil, "paid twice", ""); err != nil || r.Status != payments.RefundSucceeded || r.Amount != 1250 {
			t.Fatal(r, err)
		}
		s.drain()
		s.is(list[1], payments.Refunded, payments.ReasonDouble, 1250, 1250)
		s.is(pay, payments.Paid, "", 1250, 0)
		s.sound()
	})
}

// Money of a wrong currency goes back in that currency, and a person may take a wrong amount as good.
func TestWhatAPersonDoes(t *testing.T) {
	testkit.Both(t, func(t *testing.T, db *database.DB, clock *testkit.Clock) {
		s := open(t, db, clock)
		pay := s.expect()
		id := s.click(pay)
		s.must(s.stripe.Alter(id, sandbox.Lie{Currency: "EUR", Amount: 2000}))
		s.must(s.stripe.Approve(id))
		s.drain()
		usd := money.Of(100, "USD")
		if _, err := s.Refund(t.Context(), s.merchant, pay.ID, &usd, "", ""); !is(err, payments.ErrRefundCurrency) {
			t.Error(err)
		}
		r, err := s.Refund(t.Context(), s.merchant, pay.ID, nil, "", "")
		if err != nil || r.Currency != "EUR" || r.Amount != 2000 {
			t.Fatal(r, err)
		}
		s.is(pay, payments.Refunded, payments.ReasonWrongCurrency, 0, 0)

		other := s.expect()
		id = s.click(other)
		s.must(s.stripe.Alter(id, sandbox.Lie{Amount: 1200}))
		s.must(s.stripe.Approve(id))
		s.drain()
		s.in(func(tx database.Tx) error {
			m, err := s.Accept(tx, s.merchant, other.ID)
			if m.From != payments.NeedsReview || m.To != payments.Paid || !m.Changed {
				t.Errorf("%+v", m)
			}
			return err
		})
		s.is(other, payments.Paid, payments.ReasonAccepted, 1200, 0)
		s.in(func(tx database.Tx) error { return s.Review(tx, s.merchant, other.ID, "goods_gone") })
		s.is(other, payments.NeedsReview, "goods_gone", 1200, 0)
		s.sound()
	})
}
