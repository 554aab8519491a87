package payments_test

import (
	"bytes"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"sotto.chat/internal/database"
	"sotto.chat/internal/money"
	"sotto.chat/internal/testkit"
	"sotto.chat/payments"
	"sotto.chat/payments/sandbox"
)

// paid makes a payment that is paid.
func (s *shop) paid() payments.Payment {
	s.t.Helper()
	pay := s.expect()
	s.must(s.stripe.Approve(s.click(pay)))
	s.drain()
	testkit.Eventually(s.t, "the payment is paid", func() bool { return s.get(pay).Status == payments.Paid })
	s.is(pay, payments.Paid, "", 1250, 0)
	return pay
}

func TestRefunds(t *testing.T) {
	testkit.Both(t, func(t *testing.T, db *database.DB, clock *testkit.Clock) {
		s, ctx := open(t, db, clock), t.Context()
		unpaid := s.expect()
		if _, err := s.Refund(ctx, s.merchant, unpaid.ID, nil, "", ""); !is(err, payments.ErrNoMoney) {
			t.Error(err)
		}
		pay := s.paid()
		part, much, none, euro := money.Of(250, "USD"), money.Of(1251, "USD"), money.Of(0, "USD"), money.Of(250, "EUR")
		for want, bad := range map[error]*money.Money{payments.ErrRefundTooMuch: &much, payments.ErrRefundCurrency: &euro} {
			if _, err := s.Refund(ctx, s.merchant, pay.ID, bad, "", ""); !errors.Is(err, want) {
				t.Errorf("%v: %v", bad, err)
			}
		}
		if _, err := s.Refund(ctx, s.merchant, pay.ID, &none, "", ""); !is(err, payments.ErrRefundSum) {
			t.Error(err)
		}
		if _, err := s.Refund(ctx, "mer_other", pay.ID, nil, "", ""); !is(err, payments.ErrUnknownPay) {
			t.Error(err)
		}
		first, err := s.Refund(ctx, s.merchant, pay.ID, &part, "broken cup", "key-1")
		if err != nil || first.Status != payments.RefundSucceeded || first.Reason != "broken cup" {
			t.Fatal(first, err)
		}
		if len(first.Words) == 0 || bytes.Contains(first.Words, []byte("cup")) {
			t.Errorf("what was said of a refund is not sealed: %q", first.Words)
		}
		s.is(pay, payments.PartiallyRefunded, "", 1250, 250)
		again, err := s.Refund(ctx, s.merchant, pay.ID, &part, "broken cup", "key-1")
		if err != nil || again.ID != first.ID {
			t.Error(again, err)
		}
		if _, err := s.Refund(ctx, s.merchant, pay.ID, &money.Money{Amount: 300, Currency: "USD"}, "", "key-1"); !is(err, payments.ErrRefundKey) {
			t.Error(err)
		}
		rest, err := s.Refund(ctx, s.merchant, pay.ID, nil, "", "key-2")
		if err != nil || rest.Amount != 1000 {
			t.Error(rest, err)
		}
		s.drain()
		s.is(pay, payments.Refunded, "", 1250, 1250)
		if _, err := s.Refund(ctx, s.merchant, pay.ID, nil, "", "key-3"); !is(err, payments.ErrNoMoney) {
			t.Error(err)
		}
		if list, err := s.Refunds(ctx, s.merchant, pay.ID); err != nil || len(list) != 2 {
			t.Error(list, err)
		}
		s.sound()
	})
}

// Fifty at once want a tenth each: ten get it.
func TestRefundsAtOnce(t *testing.T) {
	testkit.Both(t, func(t *testing.T, db *database.DB, clock *testkit.Clock) {
		s := open(t, db, clock)
		pay := s.paid()
		tenth := money.Of(125, "USD")
		var good atomic.Int64
		var wg sync.WaitGroup
		for range 50 {
			wg.Go(func() {
				switch r, err := s.Refund(t.Context(), s.merchant, pay.ID, &tenth, "", ""); {
				case err == nil && r.Status == payments.RefundSucceeded:
					good.Add(1)
				case !is(err, payments.ErrNoMoney) && !is(err, payments.ErrRefundTooMuch):
					t.Error(r, err)
				}
			})
		}
		wg.Wait()
		s.drain()
		if good.Load() != 10 {
			t.Errorf("%d refunds", good.Load())
		}
		s.is(pay, payments.Refunded, "", 1250, 1250)
		s.sound()
	})
}

// Whatever is lost on the way, the money goes back once.
func TestARefundGoesOnce(t *testing.T) {
	for name, faults := range map[string]sandbox.Faults{
		"every answer lost":                {API: "POST /v1/refunds", Lose: -1},
		"answers lost and webhooks too":    {API: "POST /v1/refunds", Lose: -1, Drop: -1},
		"Stripe is down":                   {API: "/v1/refunds", Fail: -1, FailStatus: 503},
		"a failure kept under the key":     {API: "POST /v1/refunds", FailSaved: 1},
		"a failure and then a good answer": {API: "POST /v1/refunds", Fail: 1},
	} {
		t.Run(name, func(t *testing.T) {
			testkit.Both(t, func(t *testing.T, db *database.DB, clock *testkit.Clock) {
				s := open(t, db, clock)
				pay := s.paid()
				s.stripe.SetFaults(faults)
				r, err := s.Refund(t.Context(), s.merchant, pay.ID, nil, "", "k")
				if err != nil {
					t.Fatal(err)
				}
				s.stripe.SetFaults(sandbox.Faults{})
				s.must(payments.FinishRefund(s.Payments, t.Context(), payments.RefundPromised{Merchant: s.merchant, Refund: r.ID}))
				s.drain()
				s.is(pay, payments.Refunded, "", 1250, 1250)
				if again, err := s.Refund(t.Context(), s.merchant, pay.ID, nil, "", "k"); err != nil || again.ID != r.ID || again.Status != payments.RefundSucceeded {
					t.Error(again, err)
				}
				if list, err := s.Refunds(t.Context(), s.merchant, pay.ID); err != nil || len(list) != 1 {
					t.Error(list, err)
				}
				s.sound()
			})
		})
	}
}

// Stripe refuses: the refund is failed, the money is where it was, and can be asked for again.
func TestARefusedRefund(t *testing.T) {
	testkit.Both(t, func(t *testing.T, db *database.DB, clock *testkit.Clock) {
		s := open(t, db, clock)
		pay := s.expect()
		id := s.click(pay)
		s.must(s.stripe.Approve(id))
		s.drain()
		s.stripe.SetFaults(sandbox.Faults{Drop: -1})
		_, err := s.stripe.Dispute(id, "")
		s.must(err)
		r, err := s.Refund(t.Context(), s.merchant, pay.ID, nil, "", "")
		if !is(err, payments.ErrRefundRefused) || r.Status != payments.RefundFailed {
			t.Error(r, err)
		}
		s.is(pay, payments.Paid, "", 1250, 0)
		s.sound()
	})
}

// Our books and Stripe's of one day.
func TestReconciliation(t *testing.T) {
	testkit.Both(t, func(t *testing.T, db *database.DB, clock *testkit.Clock) {
		s := open(t, db, clock)
		s.paid()
		lost := s.expect()
		id := s.click(lost)
		s.stripe.SetFaults(sandbox.Faults{Drop: -1})
		s.must(s.stripe.Approve(id))
		diff, err := s.Reconciliation(t.Context(), s.merchant, clock.Now())
		if err != nil || len(diff) != 1 || diff[0].Problem != "paid_there_only" || diff[0].Payment != lost.ID || diff[0].There != money.Of(1250, "USD") {
			t.Errorf("%+v %v", diff, err)
		}
		s.must(db.Read(t.Context()).Exec("delete from payment_sessions where payment_id = ?", lost.ID).Error)
		if diff, err = s.Reconciliation(t.Context(), s.merchant, clock.Now()); err != nil || len(diff) != 1 || diff[0].Problem != "missing_here" {
			t.Errorf("%+v %v", diff, err)
		}
		if diff, err = s.Reconciliation(t.Context(), s.merchant, clock.Now().Add(-72*time.Hour)); err != nil || len(diff) != 0 {
			t.Errorf("%+v %v", diff, err)
		}
	})
}

// The audit finds books that were cooked.
func TestAuditFinds(t *testing.T) {
	testkit.Both(t, func(t *testing.T, db *database.DB, clock *testkit.Clock) {
		s := open(t, db, clock)
		s.paid()
		s.sound()
		for _, cooked := range []string{"update payments set paid_amount = 1", "update payments set refunded_amount = 5", "update payments set status = 'refunded'",
			"update payments set status = 'pending'", "update payments set status = 'odd'", "update payments set status = 'partially_refunded'"} {
			var before struct {
				Status                     string
				PaidAmount, RefundedAmount int64
			}
			s.must(db.Read(t.Context()).Raw("select status, paid_amount, refunded_amount from payments").Scan(&before).Error)
			s.must(db.Read(t.Context()).Exec(cooked).Error)
			if findings, err := s.Audit(t.Context(), s.merchant); err != nil || len(findings) == 0 {
				t.Error(cooked, findings, err)
			}
			s.must(db.Read(t.Context()).Exec("update payments set status = ?, paid_amount = ?, refunded_amount = ?", before.Status, before.PaidAmount, before.RefundedAmount).Error)
		}
		s.sound()
	})
}
