package payments_test

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"sotto.chat/internal/database"
	"sotto.chat/internal/fault"
	"sotto.chat/internal/jobs"
	"sotto.chat/internal/money"
	"sotto.chat/internal/testkit"
	"sotto.chat/merchants"
	"sotto.chat/payments"
	"sotto.chat/payments/sandbox"
	"sotto.chat/privacy"
)

const (
	testKey    = "sk_test_sandbox"
	hookSecret = "whsec_sandbox"
	oldSecret  = "whsec_before_the_roll"
)

// shop is the room at work between a sandbox and a listener that settles as orders do.
type shop struct {
	*payments.Payments
	t        *testing.T
	db       *database.DB
	clock    *testkit.Clock
	register *merchants.Register
	keys     *privacy.Keys
	merchant string
	stripe   *sandbox.Sandbox
	api      *httptest.Server
	door     *httptest.Server

	mu    sync.Mutex
	moves []payments.Move
	posts int              // requests that ask the sandbox for a session
	deaf  http.HandlerFunc // answers every GET in place of the sandbox
}

func open(t *testing.T, db *database.DB, clock *testkit.Clock) *shop {
	t.Helper()
	keys, err := privacy.New(db, bytes.Repeat([]byte{7}, 32))
	if err != nil {
		t.Fatal(err)
	}
	s := &shop{t: t, db: db, clock: clock, keys: keys, register: merchants.New(db, keys)}
	m, _, err := s.register.Create(t.Context(), merchants.NewMerchant{Name: "Café Quiet", Currency: "USD", Country: "US", Language: "en"})
	if err != nil {
		t.Fatal(err)
	}
	s.merchant = m.ID
	s.door = httptest.NewServer(http.HandlerFunc(s.receive))
	t.Cleanup(s.door.Close)
	s.openSandbox()
	s.Payments = s.room(t)
	return s
}

func (s *shop) openSandbox() {
	var err error
	s.stripe, err = sandbox.New(sandbox.Config{SecretKey: testKey, BaseURL: func() string { return s.api.URL }, Now: s.clock.Now, Strict: true,
		Webhooks: []sandbox.Endpoint{{URL: s.door.URL + "/hooks/stripe", Secret: hookSecret}}, Retry: []time.Duration{50 * time.Millisecond}})
	if err != nil {
		s.t.Fatal(err)
	}
	inner := s.stripe.Handler()
	s.api = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost && r.URL.Path == "/v1/checkout/sessions" {
			s.mu.Lock()
			s.posts++
			s.mu.Unlock()
		}
		if deaf := s.deafness(); deaf != nil && r.Method == http.MethodGet {
			deaf(w, r)
			return
		}
		inner.ServeHTTP(w, r)
	}))
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { s.stripe.Run(ctx); close(done) }()
	s.t.Cleanup(func() { cancel(); <-done; s.api.Close() })
}

func (s *shop) deafness() http.HandlerFunc {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.deaf
}

// deafen has every GET to Stripe answered by f; nil gives the sandbox back.
func (s *shop) deafen(f http.HandlerFunc) {
	s.mu.Lock()
	s.deaf = f
	s.mu.Unlock()
}

// room is one process of the shop: several may share the database.
func (s *shop) room(t *testing.T) *payments.Payments {
	t.Helper()
	desk := jobs.New(s.db, testkit.Log(t))
	p := payments.New(s.db, s.register, desk, payments.Config{StripeURL: s.api.URL, PlatformKey: testKey, PlatformSecrets: []string{oldSecret, hookSecret},
		PublicURL: "https://shop.example/", LinkKey: []byte("link key"), Keys: s.keys, Log: testkit.Log(t)})
	jobs.On(desk, "test.settle", func(ctx context.Context, n payments.EventArrived) error { return s.settle(ctx, p, n) })
	desk.ByHand() // a look at Stripe that comes unasked would find what the test is about to tell
	if err := desk.Open(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := desk.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
		defer cancel()
		if err := desk.Stop(ctx); err != nil {
			t.Log(err)
		}
	})
	return p
}

func (s *shop) settle(ctx context.Context, p *payments.Payments, n payments.EventArrived) error {
	f, err := p.Resolve(ctx, n.Merchant, n.Event)
	if err != nil {
		return err
	}
	return s.db.InTx(ctx, func(tx database.Tx) error {
		m, err := p.Apply(tx, f)
		if err == nil && m.Changed {
			tx.AfterCommit(func(context.Context) {
				s.mu.Lock()
				s.moves = append(s.moves, m)
				s.mu.Unlock()
			})
		}
		return err
	})
}

// receive is the webhook door, as web has it; somebody waits, so the work is done at once.
func (s *shop) receive(w http.ResponseWriter, r *http.Request) {
	raw, err := io.ReadAll(r.Body)
	if err == nil {
		merchant := strings.Trim(strings.TrimPrefix(r.URL.Path, "/hooks/stripe"), "/")
		err = s.ReceiveStripe(jobs.Eager(r.Context()), merchant, raw, r.Header.Get("Stripe-Signature"))
	}
	switch f, known := fault.Of(err); {
	case known:
		http.Error(w, f.Code, http.StatusBadRequest)
	case err != nil:
		s.t.Log(err)
		w.WriteHeader(http.StatusInternalServerError)
	}
}

func (s *shop) in(f func(database.Tx) error) {
	s.t.Helper()
	if err := s.db.InTx(s.t.Context(), f); err != nil {
		s.t.Fatal(err)
	}
}

// expect makes a payment of twelve dollars fifty, for half an hour.
func (s *shop) expect() payments.Payment { return s.expectSum(1250, "USD") }

func (s *shop) expectSum(amount int64, currency string) (pay payments.Payment) {
	s.t.Helper()
	s.in(func(tx database.Tx) (err error) {
		pay, err = s.Expect(tx, s.merchant, payments.Expected{OrderID: "ord_1", Amount: money.Of(amount, currency), ExpiresAt: tx.Now.Add(30 * time.Minute),
			Language: "pt-BR", Items: []payments.Item{{Name: "Flat white", Quantity: 2, Unit: amount / 2, Total: amount / 2 * 2}}})
		return err
	})
	return pay
}

func (s *shop) token(pay payments.Payment) string {
	return strings.TrimPrefix(s.PayURL(pay), "https://shop.example/pay/")
}

// click follows the pay link and gives the session's id.
func (s *shop) click(pay payments.Payment) string {
	s.t.Helper()
	to, err := s.Checkout(s.t.Context(), s.token(pay))
	if err != nil {
		s.t.Fatal(err)
	}
	return sessionID(s.t, to)
}

func sessionID(t testing.TB, to string) string {
	t.Helper()
	u, err := url.Parse(to)
	if err != nil {
		t.Fatal(err)
	}
	return u.Path[strings.LastIndex(u.Path, "/")+1:]
}

func (s *shop) must(err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
}

// drain waits until the sandbox has told all it has to tell, and until what is due is done.
func (s *shop) drain() {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(s.t.Context(), 60*time.Second)
	defer cancel()
	s.must(s.stripe.Drain(ctx))
	testkit.Eventually(s.t, "the work that is due is done", func() bool {
		var due int
		s.must(s.db.Read(ctx).Raw("select count(*) from river_job where kind = 'promise' and state in ('available', 'running')").Scan(&due).Error)
		return due == 0
	})
}

func (s *shop) get(pay payments.Payment) payments.Payment {
	s.t.Helper()
	now, err := s.Get(s.t.Context(), s.merchant, pay.ID)
	s.must(err)
	return now
}

// all gives the payments of the test's order, oldest first.
func (s *shop) all() []payments.Payment {
	s.t.Helper()
	list, err := s.OfOrders(s.t.Context(), s.merchant, []string{"ord_1"})
	s.must(err)
	return list
}

func (s *shop) moved() []payments.Move {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]payments.Move(nil), s.moves...)
}

func (s *shop) asked() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.posts
}

func (s *shop) kill(reason string) {
	s.t.Helper()
	s.in(func(tx database.Tx) error { return s.Kill(tx, s.merchant, "ord_1", reason) })
}

// sound fails when the books do not agree.
func (s *shop) sound() {
	s.t.Helper()
	findings, err := s.Audit(s.t.Context(), s.merchant)
	s.must(err)
	for _, f := range findings {
		s.t.Error(f)
	}
}

func (s *shop) is(pay payments.Payment, status payments.Status, reason string, paid, refunded int64) {
	s.t.Helper()
	now := s.get(pay)
	if now.Status != status || now.Reason != reason || now.PaidAmount != paid || now.RefundedAmount != refunded {
		s.t.Errorf("payment is %s %q, paid %d, refunded %d; want %s %q, %d, %d", now.Status, now.Reason, now.PaidAmount, now.RefundedAmount,
			status, reason, paid, refunded)
	}
}
