package main

import (
	"context"
	"encoding/json"
	"net/http/httptest"
	"path/filepath"
	"testing"
	"time"

	"sotto.chat/internal/testkit"
	"sotto.chat/payments/sandbox"
)

const (
	testStripeKey  = "sk_test_system"
	testHookSecret = "whsec_system"
	testMasterKey  = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="
)

// served is sotto serve on a fresh database, with Stripe's sandbox in the process of the test: the product alone can die.
type served struct {
	shop
	bank        *sandbox.Sandbox
	bankURL     string
	databaseURL string
	env         []string
	process     *process
}

// startServe opens a merchant with the goods of testdata and serves it. More settings may be given.
func startServe(t testing.TB, engine string, more ...string) *served {
	t.Helper()
	listen := freePort(t)
	s := &served{shop: shop{base: "http://" + listen, client: calling()}, databaseURL: testkit.URL(t, engine)}
	s.openBank(t)
	s.env = append([]string{"SOTTO_DATABASE_URL=" + s.databaseURL, "SOTTO_DATA=" + t.TempDir(), "SOTTO_LISTEN=" + listen, "SOTTO_PUBLIC_URL=" + s.base,
		"SOTTO_MASTER_KEY=" + testMasterKey, "SOTTO_STRIPE_API_URL=" + s.bankURL, "SOTTO_STRIPE_KEY=" + testStripeKey,
		"SOTTO_STRIPE_WEBHOOK_SECRETS=" + testHookSecret, // and no platform: nothing of a test may leave the machine
		"SOTTO_WHATSAPP_API_URL=http://127.0.0.1:1", "SOTTO_TELEGRAM_API_URL=http://127.0.0.1:1", "SOTTO_WECHAT_API_URL=http://127.0.0.1:1",
		"SOTTO_WECHATPAY_API_URL=http://127.0.0.1:1"}, more...)
	s.merchant, s.key = s.newMerchant(t, "Quiet Things")
	goods, err := filepath.Abs("testdata/goods.json")
	if err != nil {
		t.Fatal(err)
	}
	must(t, s.env, "", "import", "--merchant", s.merchant, goods)
	s.serve(t)
	return s
}

func (s *served) newMerchant(t testing.TB, name string) (id, key string) {
	t.Helper()
	var made struct {
		Merchant string `json:"merchant"`
		APIKey   string `json:"api_key"`
	}
	if err := json.Unmarshal([]byte(must(t, s.env, "", "merchant", "create", "--name", name, "--json")), &made); err != nil {
		t.Fatal(err)
	}
	return made.Merchant, made.APIKey
}

// serve starts the product, also again after it died.
func (s *served) serve(t testing.TB) {
	t.Helper()
	s.process = start(t, s.env, "serve")
	s.process.ready(t, s.base)
}

// openBank starts the sandbox.
func (s *served) openBank(t testing.TB) {
	t.Helper()
	var server *httptest.Server
	var err error
	s.bank, err = sandbox.New(sandbox.Config{SecretKey: testStripeKey, BaseURL: func() string { return server.URL },
		Webhooks: []sandbox.Endpoint{{URL: s.base + "/hooks/stripe", Secret: testHookSecret}}, Retry: []time.Duration{150 * time.Millisecond}})
	if err != nil {
		t.Fatal(err)
	}
	server = httptest.NewServer(s.bank.Handler())
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { s.bank.Run(ctx); close(done) }()
	t.Cleanup(func() { stop(); <-done; server.Close(); _ = s.bank.Close() })
	s.bankURL = server.URL
}
