package sandbox_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stripe/stripe-go/v76"
	"github.com/stripe/stripe-go/v76/client"

	"sotto.chat/payments/sandbox"
)

func TestReopenedSandboxGoesOn(t *testing.T) {
	hooks, dir := newReceiver(t), t.TempDir()
	inDir := func(c *sandbox.Config) { c.Dir = dir }
	sh := open(t, hooks, inDir)
	hooks.setRefuse(-1)
	p := params(700, "eur")
	p.SetIdempotencyKey("order:1")
	left, err := sh.api.CheckoutSessions.New(p)
	if err != nil {
		t.Fatal(err)
	}
	paid := sh.paid(900)
	sh.stop()

	hooks.setRefuse(0)
	sh = open(t, hooks, inDir)
	sh.drain()
	if got := hooks.types(); got != "payment_intent.created charge.succeeded payment_intent.succeeded checkout.session.completed" {
		t.Errorf("owed events came as %s", got)
	}
	if got := sh.get(paid.ID); got.PaymentStatus != "paid" || got.PaymentIntent.LatestCharge.Amount != 900 {
		t.Errorf("paid session %+v", got)
	}
	again, err := sh.api.CheckoutSessions.New(p)
	if err != nil || again.ID != left.ID {
		t.Fatalf("the key was forgotten: %+v %v", again, err)
	}
	if want := sh.server.URL + "/c/pay/" + left.ID; again.URL != want {
		t.Errorf("the replayed answer leads to %s, not %s", again.URL, want)
	}
	if res, _ := sh.press(left.ID, "approve"); res.StatusCode != 303 {
		t.Errorf("approve: %d", res.StatusCode)
	}
	sh.drain()
	if hooks.count("checkout.session.completed") != 2 {
		t.Errorf("events %s", hooks.types())
	}
}

func TestDamagedJournal(t *testing.T) {
	dir := t.TempDir()
	inDir := func(c *sandbox.Config) { c.Dir = dir }
	sh := open(t, newReceiver(t), inDir)
	sess := sh.session(700)
	sh.stop()
	path := filepath.Join(dir, "journal.jsonl")
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ name, tail string }{
		{"cut short", `{"sessions":[{"id":"cs_te`}, {"zeroes", strings.Repeat("\x00", 40) + "\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if err := os.WriteFile(path, append(append([]byte(nil), whole...), c.tail...), 0o600); err != nil {
				t.Fatal(err)
			}
			sh := open(t, newReceiver(t), inDir)
			sh.get(sess.ID)
			sh.session(800)
			sh.stop()
		})
	}
	if err := os.WriteFile(path, append([]byte("{broken\n"), whole...), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := sandbox.New(sandbox.Config{Dir: dir}); err == nil {
		t.Error("damage before the end went unnoticed")
	}
}

// TestChild is no test: TestKilledSandboxForgetsNothing runs it as the process to be killed.
func TestChild(t *testing.T) {
	dir := os.Getenv("SANDBOX_CHILD_DIR")
	if dir == "" {
		return // TestKilledSandboxForgetsNothing starts this process anew with the variable set
	}
	server := httptest.NewUnstartedServer(nil)
	s, err := sandbox.New(sandbox.Config{Dir: dir, SecretKey: secretKey, Webhooks: []sandbox.Endpoint{{URL: os.Getenv("SANDBOX_CHILD_HOOK"), Secret: hookKey}}})
	if err != nil {
		t.Fatal(err)
	}
	server.Config.Handler = s.Handler()
	server.Start()
	fmt.Println(server.URL)
	s.Run(t.Context())
}

func TestKilledSandboxForgetsNothing(t *testing.T) {
	hooks, dir := newReceiver(t), t.TempDir()
	child := exec.Command(os.Args[0], "-test.run=^TestChild$")
	child.Env = append(os.Environ(), "SANDBOX_CHILD_DIR="+dir, "SANDBOX_CHILD_HOOK="+hooks.URL)
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	url := strings.TrimSpace(line)
	api := &client.API{}
	backend := stripe.GetBackendWithConfig(stripe.APIBackend, &stripe.BackendConfig{URL: &url, MaxNetworkRetries: stripe.Int64(0), LeveledLogger: &stripe.LeveledLogger{}})
	api.Init(secretKey, &stripe.Backends{API: backend, Connect: backend, Uploads: backend})
	var (
		mu   sync.Mutex
		made []string
		all  sync.WaitGroup
	)
	browser := &shop{t: t, server: &httptest.Server{URL: url}}
	enough := make(chan struct{})
	for range 4 {
		all.Go(func() {
			for {
				sess, err := api.CheckoutSessions.New(params(700, "eur"))
				if err != nil {
					return // killed
				}
				if !browser.approves(sess.ID) {
					return
				}
				mu.Lock()
				if made = append(made, sess.ID); len(made) == 40 {
					close(enough)
				}
				mu.Unlock()
			}
		})
	}
	<-enough
	if err := child.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	all.Wait()
	child.Wait() // it was killed: the error says no more

	sh := open(t, hooks, func(c *sandbox.Config) { c.Dir = dir })
	for _, id := range made {
		if got := sh.get(id); got.PaymentStatus != "paid" {
			t.Errorf("session %s was answered as paid and is %s", id, got.PaymentStatus)
		}
	}
	sh.drain()
	told := map[string]bool{}
	for _, e := range hooks.all() {
		var sess stripe.CheckoutSession
		if e.Type == "checkout.session.completed" && json.Unmarshal(e.Data.Raw, &sess) == nil {
			told[sess.ID] = true
		}
	}
	for _, id := range made {
		if !told[id] {
			t.Errorf("nobody was told of %s", id)
		}
	}
}

// hands is a clock that a test moves.
type hands struct {
	mu sync.Mutex
	at time.Time
}

func (h *hands) now() time.Time {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.at
}

func (h *hands) move(d time.Duration) {
	h.mu.Lock()
	h.at = h.at.Add(d)
	h.mu.Unlock()
}

func TestSessionsExpireByTheClock(t *testing.T) {
	clock := &hands{at: time.Now()}
	sh := open(t, newReceiver(t), func(c *sandbox.Config) { c.Now = clock.now })
	p := params(700, "eur")
	p.ExpiresAt = stripe.Int64(clock.now().Add(time.Hour).Unix())
	short, err := sh.api.CheckoutSessions.New(p)
	if err != nil {
		t.Fatal(err)
	}
	long := sh.session(800)
	clock.move(time.Hour + time.Minute)
	if got := sh.get(short.ID); got.Status != "expired" || got.URL != "" {
		t.Errorf("after its hour: %+v", got)
	}
	if got := sh.get(long.ID); got.Status != "open" {
		t.Errorf("the longer one: %+v", got)
	}
	if _, page, _ := sh.page("/c/pay/" + short.ID); !strings.Contains(page, "expired") || strings.Contains(page, "<form") {
		t.Error("the page of an expired session offers to pay")
	}
	sh.drain()
	if got := sh.hooks.types(); got != "checkout.session.expired" {
		t.Errorf("events %s", got)
	}
}

func TestDelayedPaymentSettlesByItself(t *testing.T) {
	clock := &hands{at: time.Now()}
	sh := open(t, newReceiver(t), func(c *sandbox.Config) { c.Now, c.SettleAfter = clock.now, time.Minute })
	sess := sh.session(700)
	if err := sh.Delay(sess.ID); err != nil {
		t.Fatal(err)
	}
	sh.drain()
	clock.move(2 * time.Minute)
	if got := sh.get(sess.ID); got.PaymentStatus != "paid" {
		t.Errorf("after two minutes: %+v", got)
	}
	sh.drain()
	if sh.hooks.count("checkout.session.async_payment_succeeded") != 1 {
		t.Errorf("events %s", sh.hooks.types())
	}
}
