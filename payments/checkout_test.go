package payments_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"sotto.chat/internal/database"
	"sotto.chat/internal/fault"
	"sotto.chat/internal/money"
	"sotto.chat/internal/testkit"
	"sotto.chat/payments"
	"sotto.chat/payments/sandbox"
)

func is(err error, want *fault.Fault) bool { return errors.Is(err, want) }

// A thousand clicks in two processes make one session.
func TestAThousandClicks(t *testing.T) {
	testkit.Both(t, func(t *testing.T, db *database.DB, clock *testkit.Clock) {
		s := open(t, db, clock)
		rooms := []*payments.Payments{s.Payments, s.room(t)}
		pay := s.expect()
		token := s.token(pay)
		urls := make([]string, 1000)
		var wg sync.WaitGroup
		for i := range urls {
			wg.Go(func() {
				var err error
				if urls[i], err = rooms[i%2].Checkout(t.Context(), token); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		for _, u := range urls {
			if u != urls[0] {
				t.Fatalf("two sessions: %s, %s", urls[0], u)
			}
		}
		if n := s.sessions(); n != 1 {
			t.Errorf("%d sessions at Stripe", n)
		}
		if n := s.asked(); n > 4 {
			t.Errorf("the making was asked for %d times", n)
		}
	})
}

func (s *shop) sessions() int {
	s.t.Helper()
	diff, err := s.Reconciliation(s.t.Context(), s.merchant, s.clock.Now())
	s.must(err)
	if len(diff) != 0 {
		s.t.Errorf("%+v", diff)
	}
	var n int
	s.must(s.db.Read(s.t.Context()).Raw("select count(*) from payment_sessions where external_id <> ''").Scan(&n).Error)
	return n
}

// The process dies after the claim: the next click goes on with the same attempt and key.
func TestACrashAfterTheClaim(t *testing.T) {
	testkit.Both(t, func(t *testing.T, db *database.DB, clock *testkit.Clock) {
		s := open(t, db, clock)
		pay := s.expect()
		s.stripe.SetFaults(sandbox.Faults{API: "POST /v1/checkout/sessions", Fail: -1, FailStatus: 503})
		if _, err := s.Checkout(t.Context(), s.token(pay)); !is(err, payments.ErrUpstream) {
			t.Fatal(err)
		}
		s.stripe.SetFaults(sandbox.Faults{})
		clock.Advance(30 * time.Second)
		s.click(pay)
		s.attempts(pay, "open")
		// Too late for the same attempt: Stripe wants thirty minutes, so a new one is made.
		late := s.expect()
		s.stripe.SetFaults(sandbox.Faults{API: "POST /v1/checkout/sessions", Fail: -1, FailStatus: 503})
		if _, err := s.Checkout(t.Context(), s.token(late)); !is(err, payments.ErrUpstream) {
			t.Fatal(err)
		}
		s.stripe.SetFaults(sandbox.Faults{})
		clock.Advance(20 * time.Minute)
		s.click(late)
		s.attempts(late, "dead open")
	})
}

func (s *shop) attempts(pay payments.Payment, want string) {
	s.t.Helper()
	var list []string
	s.must(s.db.Read(s.t.Context()).Raw("select status from payment_sessions where payment_id = ? order by attempt", pay.ID).Scan(&list).Error)
	if got := strings.Join(list, " "); got != want {
		s.t.Errorf("attempts are %q, want %q", got, want)
	}
}

// A link lives as long as its payment; a click at the last moment gets a session that outlives the link and is closed with it.
func TestOneLife(t *testing.T) {
	testkit.Both(t, func(t *testing.T, db *database.DB, clock *testkit.Clock) {
		s := open(t, db, clock)
		pay := s.expect()
		clock.Advance(29 * time.Minute)
		id := s.click(pay)
		clock.Advance(2 * time.Minute)
		if _, err := s.Checkout(t.Context(), s.token(pay)); !is(err, payments.ErrLinkDead) {
			t.Error(err)
		}
		if page, err := s.ByToken(t.Context(), s.token(pay)); err != nil || page.State != "expired" || page.Merchant != "Café Quiet" {
			t.Error(page, err)
		}
		s.must(payments.CloseSessions(s.Payments, t.Context(), payments.SessionsToClose{Merchant: s.merchant, Payment: pay.ID}))
		s.attempts(pay, "expired")
		if err := s.stripe.Approve(id); err == nil {
			t.Error("the session could still be paid")
		}
		s.is(pay, payments.Pending, "", 0, 0)
		s.kill(payments.ReasonExpired)
		s.is(pay, payments.Cancelled, payments.ReasonExpired, 0, 0)
		s.drain()
		s.sound()
	})
}

// A changed cart kills the payment; the job ends the session at Stripe.
func TestKillEndsTheSession(t *testing.T) {
	testkit.Both(t, func(t *testing.T, db *database.DB, clock *testkit.Clock) {
		s := open(t, db, clock)
		pay := s.expect()
		id := s.click(pay)
		s.kill("cart_changed")
		testkit.Eventually(t, "the session is over", func() bool { return s.attemptIs(pay, "expired") })
		if s.stripe.Approve(id) == nil {
			t.Error("the session could still be paid")
		}
		_, err := s.Checkout(t.Context(), s.token(pay))
		if f, _ := fault.Of(err); !is(err, payments.ErrLinkDead) || f.Fields[0].Message != "cancelled" {
			t.Error(err)
		}
		// Cut off after the claim, then killed: the session that Stripe may have is found by its key and ended.
		lost := s.expect()
		s.stripe.SetFaults(sandbox.Faults{API: "POST /v1/checkout/sessions", Lose: -1})
		if _, err := s.Checkout(t.Context(), s.token(lost)); err == nil {
			t.Fatal("an answer")
		}
		s.stripe.SetFaults(sandbox.Faults{})
		s.kill("cart_changed")
		testkit.Eventually(t, "the lost session is over", func() bool { return s.attemptIs(lost, "expired") })
	})
}

func (s *shop) attemptIs(pay payments.Payment, want string) bool {
	var got string
	s.must(s.db.Read(s.t.Context()).Raw("select status from payment_sessions where payment_id = ? order by attempt desc limit 1", pay.ID).Scan(&got).Error)
	return got == want
}

func TestDeadLinks(t *testing.T) {
	testkit.Both(t, func(t *testing.T, db *database.DB, clock *testkit.Clock) {
		s := open(t, db, clock)
		pay := s.expect()
		token := s.token(pay)
		if len(token) != 64 {
			t.Errorf("a token of %d characters", len(token))
		}
		other := s.expectSum(99, "USD")
		swapped := s.token(other)[:43] + token[43:]
		for _, bad := range []string{"", "x", token[:63], token + "A", strings.ToLower(token), swapped, flip(token)} {
			if _, err := s.ByToken(t.Context(), bad); !is(err, payments.ErrUnknownLink) {
				t.Errorf("%q: %v", bad, err)
			}
			if _, err := s.Checkout(t.Context(), bad); !is(err, payments.ErrUnknownLink) {
				t.Errorf("%q: %v", bad, err)
			}
		}
		s.must(db.Read(t.Context()).Exec("update payments set amount = 1 where id = ?", pay.ID).Error)
		if _, err := s.ByToken(t.Context(), token); !is(err, payments.ErrUnknownLink) {
			t.Error("the link was good for another amount")
		}
		s.must(s.stripe.Approve(s.click(other)))
		s.drain()
		if _, err := s.Checkout(t.Context(), s.token(other)); !is(err, payments.ErrLinkDead) {
			t.Error(err)
		}
		var free payments.Payment
		s.in(func(tx database.Tx) (err error) {
			free, err = s.Expect(tx, s.merchant, payments.Expected{OrderID: "ord_free", Amount: other.Money(), ExpiresAt: tx.Now})
			return err
		})
		if _, err := s.Checkout(t.Context(), s.token(free)); !is(err, payments.ErrLinkDead) {
			t.Error(err)
		}
	})
}

func flip(token string) string {
	b := []byte(token)
	if b[50]++; b[50] > 'y' {
		b[50] = 'a'
	}
	return string(b)
}

// Clicks of customers who left do not stop the making, and one who leaves gets his own error.
func TestAClickerWhoLeaves(t *testing.T) {
	testkit.Both(t, func(t *testing.T, db *database.DB, clock *testkit.Clock) {
		s := open(t, db, clock)
		pay := s.expect()
		s.stripe.SetFaults(sandbox.Faults{API: "POST /v1/checkout/sessions", LatencyMS: 300})
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		defer cancel()
		if _, err := s.Checkout(ctx, s.token(pay)); !errors.Is(err, context.DeadlineExceeded) {
			t.Error(err)
		}
		s.click(pay)
		s.attempts(pay, "open")
		if n := s.asked(); n != 1 {
			t.Errorf("asked %d times", n)
		}
	})
}

// Without webhooks a click on a paid link must not lead to a second payment.
func TestAClickOnWhatWasPaid(t *testing.T) {
	testkit.Both(t, func(t *testing.T, db *database.DB, clock *testkit.Clock) {
		s := open(t, db, clock)
		pay := s.expect()
		s.stripe.SetFaults(sandbox.Faults{Drop: -1})
		s.must(s.stripe.Approve(s.click(pay)))
		clock.Advance(time.Minute)
		if _, err := s.Checkout(t.Context(), s.token(pay)); !is(err, payments.ErrLinkDead) {
			t.Fatal(err)
		}
		testkit.Eventually(t, "the click's finding is settled", func() bool { return s.get(pay).Status == payments.Paid })
		s.sound()
	})
}

// The cart changes while Stripe is still making the session: it is not given away, and is ended.
func TestKilledWhileBeingMade(t *testing.T) {
	testkit.Both(t, func(t *testing.T, db *database.DB, clock *testkit.Clock) {
		s := open(t, db, clock)
		pay := s.expect()
		s.stripe.SetFaults(sandbox.Faults{API: "POST /v1/checkout/sessions", LatencyMS: 400})
		done := make(chan error, 1)
		go func() { _, err := s.Checkout(t.Context(), s.token(pay)); done <- err }()
		testkit.Eventually(t, "the request is under way", func() bool { return s.asked() > 0 })
		s.kill("cart_changed")
		if err := <-done; !is(err, payments.ErrLinkDead) {
			t.Error(err)
		}
		testkit.Eventually(t, "the session is over", func() bool { return s.attemptIs(pay, "expired") })
		s.drain()
		s.is(pay, payments.Cancelled, "cart_changed", 0, 0)
	})
}

// A link made on one merchant's shop lists under no other, and pages follow each other.
func TestLists(t *testing.T) {
	testkit.Both(t, func(t *testing.T, db *database.DB, clock *testkit.Clock) {
		s, ctx := open(t, db, clock), t.Context()
		var want []string
		for range 5 {
			want = append(want, s.expect().ID)
		}
		s.kill("cart_changed")
		want = append(want, s.expect().ID)
		var got []string
		for after := ""; ; {
			page, next, err := s.List(ctx, s.merchant, payments.Filter{Limit: 4, After: after})
			s.must(err)
			for _, p := range page {
				got = append(got, p.ID)
			}
			if after = next; next == "" {
				break
			}
		}
		slices.Reverse(got)
		if !slices.Equal(got, want) {
			t.Errorf("%v, want %v", got, want)
		}
		if page, _, err := s.List(ctx, s.merchant, payments.Filter{Status: payments.Pending, OrderID: "ord_1"}); err != nil || len(page) != 1 || page[0].ID != want[5] {
			t.Error(page, err)
		}
		if page, _, err := s.List(ctx, "mer_other", payments.Filter{}); err != nil || len(page) != 0 {
			t.Error(page, err)
		}
		if _, err := s.Get(ctx, "mer_other", want[0]); !is(err, payments.ErrUnknownPay) {
			t.Error(err)
		}
		s.in(func(tx database.Tx) error {
			one, err := s.Find(tx, s.merchant, want[0])
			list, bad := s.OfOrder(tx, s.merchant, "ord_1")
			if one.Status != payments.Cancelled || len(list) != 6 {
				t.Error(one, len(list))
			}
			return errors.Join(err, bad)
		})
		for amount, currency := range map[int64]string{-1: "USD", 1: "XXX", 150: "HUF"} {
			err := db.InTx(ctx, func(tx database.Tx) error {
				_, err := s.Expect(tx, s.merchant, payments.Expected{OrderID: "ord_2", Amount: money.Of(amount, currency), ExpiresAt: tx.Now})
				return err
			})
			if !is(err, payments.ErrUnpayable) {
				t.Error(amount, currency, err)
			}
		}
	})
}
