package payments_test

import (
	"testing"
	"time"

	"sotto.chat/internal/database"
	"sotto.chat/internal/jobs"
	"sotto.chat/internal/money"
	"sotto.chat/internal/testkit"
	"sotto.chat/payments"
	"sotto.chat/payments/accounts"
	"sotto.chat/payments/sandbox"
)

func (s *shop) setStripe(k accounts.Kept, forget bool) {
	s.t.Helper()
	s.in(func(tx database.Tx) error { return s.SetStripe(tx, s.merchant, k, forget) })
}

// While a key and a secret are rotated nothing is lost: webhooks of either secret count, and what was made under the old key is read and
// given back, even where the new key may not.
func TestAKeyIsRotated(t *testing.T) {
	testkit.Both(t, func(t *testing.T, db *database.DB, clock *testkit.Clock) {
		s := open(t, db, clock)
		s.stripe.SetKeys(sandbox.Key{Text: "sk_test_a", Account: "acct_own"}, sandbox.Key{Text: "rk_test_b", Account: "acct_own",
			Permissions: []string{"checkout_session_write", "payment_intent_write", "dispute_write", "customer_write", "event_read", "balance_read", "payout_read"}})
		hooks := func(secret string) {
			s.stripe.SetWebhooks([]sandbox.Endpoint{{URL: s.door.URL + "/hooks/stripe/" + s.merchant, Secret: secret, Account: "acct_own"}})
		}
		hooks("whsec_one")
		s.setStripe(accounts.Kept{SecretKey: "sk_test_a", WebhookSecrets: []string{"whsec_one", "whsec_two"}, Account: "acct_own"}, false)
		first := s.expect()
		session := s.click(first)
		hooks("whsec_two")
		s.setStripe(accounts.Kept{SecretKey: "rk_test_b", WebhookSecrets: []string{"whsec_three"}, Account: "acct_own"}, false)
		s.must(s.stripe.Approve(session)) // told with a secret from before
		s.drain()
		s.is(first, payments.Paid, "", 1250, 0)
		some := money.Of(250, "USD")
		if r, err := s.Refund(t.Context(), s.merchant, first.ID, &some, "", ""); err != nil || r.Status != payments.RefundSucceeded {
			t.Error("the old key gives back what the new one may not:", r, err)
		}
		hooks("whsec_three")
		second := s.expect()
		s.must(s.stripe.Approve(s.click(second)))
		s.drain()
		s.is(second, payments.Paid, "", 1250, 0)
		if v, err := s.TryStripe(t.Context(), s.merchant); err != nil || v.Refused || len(v.Lacks) != 1 || v.Lacks[0].Resource != "Charges and Refunds" {
			t.Error(v, err)
		}
		// The rotation is over: the new key stands alone, and what it may not do is said in words.
		s.setStripe(accounts.Kept{SecretKey: "rk_test_b", WebhookSecrets: []string{"whsec_three"}, Account: "acct_own"}, true)
		r, err := s.Refund(t.Context(), s.merchant, second.ID, &some, "", "key")
		if !is(err, payments.ErrPermission) || r.Status != payments.RefundPending {
			t.Error(r, err)
		}
		s.stripe.SetKeys(sandbox.Key{Text: "sk_test_c", Account: "acct_own"})
		if _, err := s.Refund(t.Context(), s.merchant, second.ID, &some, "", "key"); !is(err, payments.ErrKey) {
			t.Error(err)
		}
		if v, err := s.TryStripe(t.Context(), s.merchant); err != nil || !v.Refused {
			t.Error(v, err)
		}
		s.setStripe(accounts.Kept{SecretKey: "sk_test_c", WebhookSecrets: []string{"whsec_three"}, Account: "acct_own"}, false)
		if r, err := s.Refund(t.Context(), s.merchant, second.ID, &some, "", "key"); err != nil || r.Status != payments.RefundSucceeded {
			t.Error("the same promise is kept under the new key:", r, err)
		}
		s.drain()
		s.sound()
	})
}

// A merchant who moves to another account goes on hearing of the one before, and gives back from it.
func TestAnAccountIsChanged(t *testing.T) {
	testkit.Both(t, func(t *testing.T, db *database.DB, clock *testkit.Clock) {
		s := open(t, db, clock)
		s.stripe.SetKeys(sandbox.Key{Text: "sk_test_a", Account: "acct_a"}, sandbox.Key{Text: "sk_test_b", Account: "acct_b"})
		door := s.door.URL + "/hooks/stripe/" + s.merchant
		s.stripe.SetWebhooks([]sandbox.Endpoint{{URL: door, Secret: "whsec_a", Account: "acct_a"}, {URL: door, Secret: "whsec_b", Account: "acct_b"}})
		s.setStripe(accounts.Kept{SecretKey: "sk_test_a", WebhookSecrets: []string{"whsec_a"}, Account: "acct_a"}, false)
		before := s.expect()
		session := s.click(before)
		s.setStripe(accounts.Kept{SecretKey: "sk_test_b", WebhookSecrets: []string{"whsec_b"}, Account: "acct_b"}, false)
		after := s.expect()
		s.must(s.stripe.Approve(session))
		s.must(s.stripe.Approve(s.click(after)))
		s.drain()
		s.is(before, payments.Paid, "", 1250, 0)
		s.is(after, payments.Paid, "", 1250, 0)
		for _, pay := range []payments.Payment{before, after} {
			if r, err := s.Refund(t.Context(), s.merchant, pay.ID, nil, "", ""); err != nil || r.Status != payments.RefundSucceeded {
				t.Error(r, err)
			}
		}
		// A webhook of the account before is lost; its list of events tells.
		lost := s.expect()
		s.setStripe(accounts.Kept{SecretKey: "sk_test_a", WebhookSecrets: []string{"whsec_a"}, Account: "acct_a"}, false)
		id := s.click(lost)
		s.setStripe(accounts.Kept{SecretKey: "sk_test_b", WebhookSecrets: []string{"whsec_b"}, Account: "acct_b"}, false)
		s.stripe.SetFaults(sandbox.Faults{Drop: -1})
		s.must(s.stripe.Approve(id))
		s.must(s.Recover(jobs.Eager(t.Context())))
		testkit.Eventually(t, "the lost event is found", func() bool { return s.get(lost).Status == payments.Paid })
		s.sound()
	})
}

// The secret of another merchant's endpoint opens no door but that one's.
func TestAnotherEndpointsSecret(t *testing.T) {
	testkit.Both(t, func(t *testing.T, db *database.DB, clock *testkit.Clock) {
		s := open(t, db, clock)
		s.setStripe(accounts.Kept{SecretKey: testKey, WebhookSecrets: []string{"whsec_own"}}, false)
		raw := eventBody("evt_1", "checkout.session.completed", "cs_test_none", false, "2023-10-16")
		for secret, merchant := range map[string]string{hookSecret: s.merchant, "whsec_own": ""} {
			if err := s.ReceiveStripe(t.Context(), merchant, raw, sandbox.Sign(raw, secret, clock.Now())); !is(err, payments.ErrBadSignature) {
				t.Errorf("%s: %v", secret, err)
			}
		}
		s.must(s.ReceiveStripe(t.Context(), s.merchant, raw, sandbox.Sign(raw, "whsec_own", clock.Now())))
	})
}

// Stripe Connect: the installation's key acts for the merchant's account, whose events come through the installation's door.
func TestAConnectedAccount(t *testing.T) {
	testkit.Both(t, func(t *testing.T, db *database.DB, clock *testkit.Clock) {
		s := open(t, db, clock)
		s.stripe.SetWebhooks([]sandbox.Endpoint{{URL: s.door.URL + "/hooks/stripe", Secret: hookSecret, Account: "connected"}})
		s.setStripe(accounts.Kept{Account: "acct_theirs"}, false)
		pay := s.expect()
		id := s.click(pay)
		s.must(s.stripe.Approve(id))
		s.drain()
		s.is(pay, payments.Paid, "", 1250, 0)
		some := money.Of(250, "USD")
		if r, err := s.Refund(t.Context(), s.merchant, pay.ID, &some, "", ""); err != nil || r.Status != payments.RefundSucceeded {
			t.Error(r, err)
		}
		_, err := s.stripe.Dispute(id, "")
		s.must(err)
		s.drain()
		s.is(pay, payments.NeedsReview, payments.ReasonDisputed, 1250, 250)
		// In silence the poll finds the money, and so does the list of events.
		quiet := s.expect()
		s.stripe.SetFaults(sandbox.Faults{Drop: -1})
		s.must(s.stripe.Approve(s.click(quiet)))
		clock.Advance(2 * time.Minute)
		s.must(s.Poll(jobs.Eager(t.Context())))
		testkit.Eventually(t, "the poll finds the money", func() bool { return s.get(quiet).Status == payments.Paid })
		s.must(s.Recover(jobs.Eager(t.Context())))
		s.must(s.ReadStatement(t.Context(), s.merchant))
		if len(s.all()) != 2 {
			t.Error(s.all())
		}
		s.sound()
	})
}
