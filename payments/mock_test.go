package payments

import (
	"context"
	"fmt"
	"go/build"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"sotto.chat/internal/money"
	"sotto.chat/internal/testkit"
	"sotto.chat/payments/accounts"
	"sotto.chat/payments/evidence"
)

// stripeMock starts Stripe's own server made from its specification, which refuses unknown parameters, or skips the test.
func stripeMock(t *testing.T) string {
	t.Helper()
	bin, err := exec.LookPath("stripe-mock")
	if err != nil {
		bin = filepath.Join(build.Default.GOPATH, "bin", "stripe-mock")
		if _, err := os.Stat(bin); err != nil {
			t.Skip("stripe-mock is not installed: go install github.com/stripe/stripe-mock@v0.183.0")
		}
	}
	plain, secure := freePort(t), freePort(t)
	// Without an address of its own, its HTTPS side would listen on every interface.
	ctx, cancel := context.WithCancel(context.Background())
	cmd := exec.CommandContext(ctx, bin, "-http-addr", plain, "-https-addr", secure, "-strict-version-check")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cancel(); _ = cmd.Wait() })
	testkit.Eventually(t, "stripe-mock listens", func() bool {
		c, err := net.Dial("tcp", plain)
		if err == nil {
			_ = c.Close()
		}
		return err == nil
	})
	return "http://" + plain
}

func freePort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	return l.Addr().String()
}

// Every kind of request that this room sends is one that Stripe's specification of our version allows.
func TestRequestsFitTheSpecification(t *testing.T) {
	s, ctx, key := newStripe(stripeMock(t), &http.Client{Timeout: 10 * time.Second}), t.Context(), "sk_test_mock"
	r := sessionRequest{Merchant: "mer_1", Payment: "pay_1", Attempt: 1, Order: "ord_1", Language: "es-MX", Amount: money.Of(700, "EUR"),
		Items:     []Item{{Name: "Flat white", Quantity: 2, Unit: 300, Total: 600}, {Name: "Shipping", Quantity: 1, Unit: 100, Total: 100}},
		ReturnURL: "https://shop.example/pay/x", ExpiresAt: time.Now().Add(time.Hour)}
	calls := map[string]func() error{
		"a session":      func() error { got, err := s.createSession(ctx, key, r); return wants(err, got.Session) },
		"a whole sum":    func() error { r := r; r.Items = nil; _, err := s.createSession(ctx, key, r); return err },
		"read a session": func() error { got, err := s.session(ctx, key, "cs_test_1"); return wants(err, got.Session) },
		"of an intent": func() error {
			got, ok, err := s.sessionOf(ctx, key, "pi_1")
			return wants(err, got.Session, fmt.Sprint(ok))
		},
		"expire a session": func() error { return s.expireSession(ctx, key, "cs_test_1") },
		"a day's sessions": func() error {
			_, err := s.sessionsBetween(ctx, key, time.Now().Add(-time.Hour), time.Now())
			return err
		},
		"a refund": func() error {
			got, err := s.createRefund(ctx, key, "pi_1", "refund:1:1", 100, map[string]string{"refund": "ref_1"})
			return wants(err, got.ID)
		},
		"a held sum": func() error {
			r := r
			r.Manual = true
			_, err := s.createSession(ctx, key, r)
			return err
		},
		"a customer to be known": func() error {
			r := r
			r.Keep = true
			_, err := s.createSession(ctx, key, r)
			return err
		},
		"a customer who is known": func() error {
			r := r
			r.Keep, r.Customer = true, "cus_1"
			_, err := s.createSession(ctx, key, r)
			return err
		},
		"forget a customer": func() error { return accounts.Forget(ctx, s.backend, key, "cus_1") },
		"take it":           func() error { return s.capture(ctx, key, "pi_1", "capture:1", 0) },
		"take a part":       func() error { return s.capture(ctx, key, "pi_1", "capture:2", 100) },
		"let it go":         func() error { return s.release(ctx, key, "pi_1", "release:1") },
		"its statements": func() error {
			_, err := accounts.Balance(ctx, s.backend, key, time.Now().Add(-time.Hour), time.Now())
			return err
		},
		"evidence": func() error {
			e := evidence.Of(evidence.Facts{Shop: "Café", Order: "A-1", Lines: []string{"2 × cup"}, Total: "7.00 EUR", PlacedAt: time.Now(), Method: "delivery", City: "Wien", FulfilledAt: time.Now()})
			return accounts.Contest(ctx, s.backend, key, "dp_1", "evidence:1", e)
		},
		"a refund with a reason of its own": func() error {
			got, err := s.createRefund(ctx, key, "pi_1", "refund:2:1", 0, map[string]string{"refund": "ref_2", "reason": "came cold"})
			return wants(err, got.ID)
		},
		"refunds":  func() error { _, err := s.refundsOf(ctx, key, "pi_1"); return err },
		"disputes": func() error { _, err := s.disputesOf(ctx, key, "pi_1"); return err },
		"what a key may do": func() error {
			v, err := s.try(ctx, account{Key: key + "@acct_1 sk_test_old"})
			if err == nil && (v.Refused || len(v.Lacks) > 0) {
				return fmt.Errorf("%+v", v)
			}
			return err
		},
		"events": func() error { _, err := s.eventsSince(ctx, key, time.Now().Add(-time.Hour), 100); return err },
	}
	for _, kind := range handledKinds {
		if !strings.HasPrefix(kind, "checkout.") {
			calls["the intent of "+kind] = func() error { _, err := s.intentOf(ctx, key, kind, "xx_1"); return err }
		}
	}
	for name, call := range calls {
		t.Run(name, func(t *testing.T) {
			if err := call(); err != nil {
				t.Error(err)
			}
		})
	}
}

func wants(err error, ids ...string) error {
	for _, id := range ids {
		if err == nil && id == "" {
			return fmt.Errorf("an answer without an id")
		}
	}
	return err
}
