package payments_test

import (
	"net/http"
	"testing"
	"time"

	"sotto.chat/internal/database"
	"sotto.chat/internal/jobs"
	"sotto.chat/internal/money"
	"sotto.chat/internal/testkit"
	"sotto.chat/payments"
	"sotto.chat/payments/ledger"
	"sotto.chat/payments/sandbox"
)

// manual has the shop hold the money first.
func (s *shop) manual() {
	s.t.Helper()
	m, err := s.register.Get(s.t.Context(), s.merchant)
	s.must(err)
	m.Settings.ManualCapture = true
	s.in(func(tx database.Tx) error { _, err := s.register.Update(tx, m); return err })
}

func (s *shop) capture(pay payments.Payment, amount *money.Money) error {
	return s.db.InTx(jobs.Eager(s.t.Context()), func(tx database.Tx) error {
		_, err := s.PromiseCapture(tx, s.merchant, pay.ID, amount)
		return err
	})
}

func usd(n int64) *money.Money { m := money.Of(n, "USD"); return &m }

// Money is held when the customer pays and taken later: all of it or a part; or let go.
func TestHeldMoney(t *testing.T) {
	testkit.Both(t, func(t *testing.T, db *database.DB, clock *testkit.Clock) {
		s := open(t, db, clock)
		s.manual()
		whole, part, off, late := s.expect(), s.expect(), s.expect(), s.expect()
		for _, pay := range []payments.Payment{whole, part, off, late} {
			s.must(s.stripe.Approve(s.click(pay)))
			s.drain()
			s.is(pay, payments.Authorized, "", 0, 0)
			if left := s.get(pay).ExpiresAt.Sub(clock.Now()); left < 5*24*time.Hour || left > 7*24*time.Hour {
				t.Error("the goods wait for", left)
			}
		}
		s.stands(map[string]int64{})
		s.must(s.capture(whole, nil))
		s.must(s.capture(whole, nil))
		s.must(s.capture(part, usd(1000)))
		for name, err := range map[string]error{"another sum": s.capture(whole, usd(3)), "more": s.capture(off, usd(1251)), "nothing": s.capture(off, usd(0)),
			"of another currency": s.capture(off, &money.Money{Amount: 1, Currency: "EUR"})} {
			if err == nil {
				t.Error(name)
			}
		}
		s.drain()
		s.is(whole, payments.Paid, "", 1250, 0)
		s.is(part, payments.Paid, payments.ReasonCaptured, 1000, 0)
		if r, err := s.Refund(t.Context(), s.merchant, part.ID, usd(300), "", ""); err != nil || r.Status != payments.RefundSucceeded {
			t.Error(r, err)
		}
		s.drain()
		s.is(part, payments.PartiallyRefunded, payments.ReasonCaptured, 1000, 300)
		if r, err := s.Refund(t.Context(), s.merchant, part.ID, nil, "", ""); err != nil || r.Amount != 700 {
			t.Error("what was never taken cannot go back:", r, err)
		}
		s.drain()
		s.is(part, payments.Refunded, payments.ReasonCaptured, 1000, 1000)
		clock.Advance(8 * 24 * time.Hour) // the bank lets go what nobody took
		testkit.Eventually(t, "it is let go", func() bool { return s.get(off).Status == payments.Failed && s.get(late).Status == payments.Failed })
		s.drain()
		for _, pay := range []payments.Payment{off, late} {
			s.is(pay, payments.Failed, payments.ReasonHoldEnded, 0, 0)
		}
		s.must(s.stripe.Approve(s.click(late))) // and a new link is possible
		s.drain()
		s.is(late, payments.Authorized, "", 0, 0)
		if err := s.capture(off, nil); !is(err, payments.ErrNotHeld) {
			t.Error(err)
		}
		s.must(s.capture(late, nil))
		s.drain()
		s.is(late, payments.Paid, "", 1250, 0)
		if list, err := s.Refunds(t.Context(), s.merchant, late.ID); err != nil || len(list) != 0 {
			t.Error(list, err)
		}
		s.must(s.ReadStatement(t.Context(), s.merchant)) // also of a part, the provider takes a fee
		s.stands(map[string]int64{ledger.Provider("stripe"): 2500 - 191, ledger.Sales: -3500, ledger.Refunds: 1000, ledger.Fees: 191})
		s.sound()
	})
}

// Whoever cancels lets the held money go; what is held for what is over, or a second time, too.
func TestHeldMoneyIsLetGo(t *testing.T) {
	testkit.Both(t, func(t *testing.T, db *database.DB, clock *testkit.Clock) {
		s := open(t, db, clock)
		s.manual()
		pay := s.expect()
		id := s.click(pay)
		s.must(s.stripe.Approve(id))
		s.drain()
		s.must(s.db.InTx(jobs.Eager(t.Context()), func(tx database.Tx) error { return s.Kill(tx, s.merchant, "ord_1", "order_cancelled") }))
		s.drain()
		s.is(pay, payments.Cancelled, "order_cancelled", 0, 0)
		if err := s.stripe.LetGo(id); err == nil {
			t.Error("the money is still held")
		}
		// Paid in the last moment, after the end.
		late := s.expect()
		id = s.click(late)
		s.stripe.SetFaults(sandbox.Faults{API: "POST /v1/checkout/sessions/" + id, Fail: -1, FailStatus: http.StatusServiceUnavailable})
		s.kill("expired")
		s.must(s.stripe.Approve(id))
		s.stripe.SetFaults(sandbox.Faults{})
		s.drain()
		testkit.Eventually(t, "it is let go", func() bool { return s.stripe.LetGo(id) != nil })
		s.drain()
		s.is(late, payments.Cancelled, "expired", 0, 0)
		if len(s.all()) != 2 {
			t.Error(s.all())
		}
		s.sound()
	})
}

// A lost answer, a failure kept under the key, and a bank that let go meanwhile: held money is taken once, or a person must look.
func TestHeldMoneyInTrouble(t *testing.T) {
	testkit.Both(t, func(t *testing.T, db *database.DB, clock *testkit.Clock) {
		s := open(t, db, clock)
		s.manual()
		for name, f := range map[string]sandbox.Faults{"lost": {Lose: 1}, "kept": {FailSaved: 1}, "down": {Fail: 3}} {
			pay := s.expect()
			s.must(s.stripe.Approve(s.click(pay)))
			s.drain()
			f.API = "POST /v1/payment_intents"
			s.stripe.SetFaults(f)
			s.must(s.capture(pay, usd(1100)))
			testkit.Eventually(t, name, func() bool { s.stripe.SetFaults(sandbox.Faults{}); return s.get(pay).Status == payments.Paid })
			s.drain()
			s.is(pay, payments.Paid, payments.ReasonCaptured, 1100, 0)
		}
		gone := s.expect()
		id := s.click(gone)
		s.must(s.stripe.Approve(id))
		s.drain()
		s.stripe.SetFaults(sandbox.Faults{Drop: -1})
		s.must(s.stripe.LetGo(id))
		s.must(s.capture(gone, nil))
		s.drain()
		testkit.Eventually(t, "a person looks", func() bool { return s.get(gone).Status == payments.NeedsReview })
		s.is(gone, payments.NeedsReview, payments.ReasonCaptureFailed, 0, 0)
		s.sound()
	})
}

// Signed events alone tell the whole story of held money where the API is silent.
func TestHeldMoneyByEventsAlone(t *testing.T) {
	testkit.Both(t, func(t *testing.T, db *database.DB, clock *testkit.Clock) {
		s := open(t, db, clock)
		s.manual()
		pay, off := s.expect(), s.expect()
		paid, over := s.click(pay), s.click(off)
		s.deafen(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNotImplemented) })
		s.must(s.stripe.Approve(paid))
		s.must(s.stripe.Approve(over))
		s.drain()
		s.is(pay, payments.Authorized, "", 0, 0)
		s.must(s.stripe.LetGo(over))
		s.must(s.capture(pay, usd(900)))
		s.drain()
		s.is(off, payments.Failed, payments.ReasonHoldEnded, 0, 0)
		testkit.Eventually(t, "taken", func() bool { return s.get(pay).Status == payments.Paid })
		s.drain()
		s.is(pay, payments.Paid, payments.ReasonCaptured, 900, 0)
		s.sound()
	})
}

// A customer who paid in another currency gets the same part of that back, and in the end all of it.
func TestAnotherCurrencyGoesBack(t *testing.T) {
	testkit.Both(t, func(t *testing.T, db *database.DB, clock *testkit.Clock) {
		s := open(t, db, clock)
		for _, c := range []struct {
			currency string
			shown    int64
		}{{"EUR", 1147}, {"JPY", 1937}, {"KWD", 3840}, {"HUF", 451900}} {
			pay := s.expect()
			id := s.click(pay)
			s.must(s.stripe.Convert(id, c.shown, c.currency))
			s.must(s.stripe.Approve(id))
			s.drain()
			s.is(pay, payments.Paid, "", 1250, 0)
			for _, n := range []int64{333, 1, 416} {
				if r, err := s.Refund(t.Context(), s.merchant, pay.ID, usd(n), "", ""); err != nil || r.Status != payments.RefundSucceeded {
					t.Fatal(c, n, r, err)
				}
				s.drain()
			}
			s.is(pay, payments.PartiallyRefunded, "", 1250, 750)
			if r, err := s.Refund(t.Context(), s.merchant, pay.ID, nil, "", ""); err != nil || r.Amount != 500 {
				t.Error(c, r, err)
			}
			s.drain()
			s.is(pay, payments.Refunded, "", 1250, 1250)
			if _, err := s.stripe.Refund(id, 1); err == nil {
				t.Error(c, "something of what was paid is left")
			}
		}
		s.sound()
	})
}

// Slow methods end days later, as they end; the goods wait meanwhile, and no other link is given.
func TestSlowMethods(t *testing.T) {
	testkit.Both(t, func(t *testing.T, db *database.DB, clock *testkit.Clock) {
		s := open(t, db, clock)
		for _, c := range []struct {
			method string
			days   int
		}{{"sepa_debit", 5}, {"boleto", 3}, {"customer_balance", 6}, {"pix", 0}, {"us_bank_account", 4}} {
			for _, arrives := range []bool{true, false} {
				pay := s.expect()
				id := s.click(pay)
				s.must(s.stripe.DelayBy(id, c.method))
				s.drain()
				s.is(pay, payments.Pending, payments.ReasonProcessing, 0, 0)
				if _, err := s.Checkout(t.Context(), s.token(pay)); !is(err, payments.ErrLinkDead) {
					t.Error(c.method, err)
				}
				clock.Advance(time.Duration(c.days)*24*time.Hour + time.Minute)
				s.must(s.stripe.Settle(id, arrives))
				s.drain()
				if arrives {
					s.is(pay, payments.Paid, "", 1250, 0)
					continue
				}
				s.is(pay, payments.Failed, payments.ReasonDeclined, 0, 0)
				s.must(s.stripe.Approve(s.click(pay))) // another link, another method
				s.drain()
				s.is(pay, payments.Paid, "", 1250, 0)
			}
		}
		s.sound()
	})
}
