package sandbox_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stripe/stripe-go/v76"
	"github.com/stripe/stripe-go/v76/client"
	"github.com/stripe/stripe-go/v76/webhook"

	"sotto.chat/payments/sandbox"
)

const (
	secretKey = "sk_test_sandbox"
	hookKey   = "whsec_sandbox"
)

// receiver is a shop's webhook door: it checks every signature with stripe-go and keeps what came.
type receiver struct {
	*httptest.Server
	mu     sync.Mutex
	events []stripe.Event
	bad    []error
	refuse int // answer 500 this many times; -1 always
}

func newReceiver(t *testing.T) *receiver {
	r := &receiver{}
	r.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		body, err := io.ReadAll(req.Body)
		r.mu.Lock()
		defer r.mu.Unlock()
		if r.refuse != 0 {
			if r.refuse > 0 {
				r.refuse--
			}
			w.WriteHeader(http.StatusInternalServerError)
			return
		}
		event, wrong := webhook.ConstructEvent(body, req.Header.Get("Stripe-Signature"), hookKey)
		if err != nil || wrong != nil {
			r.bad = append(r.bad, err, wrong)
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		r.events = append(r.events, event)
	}))
	t.Cleanup(r.Close)
	return r
}

func (r *receiver) setRefuse(n int) {
	r.mu.Lock()
	r.refuse = n
	r.mu.Unlock()
}

func (r *receiver) all() []stripe.Event {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]stripe.Event(nil), r.events...)
}

// types lists what came, in order, as one line.
func (r *receiver) types() string {
	var out []string
	for _, e := range r.all() {
		out = append(out, string(e.Type))
	}
	return strings.Join(out, " ")
}

func (r *receiver) count(kind string) int {
	n := 0
	for _, e := range r.all() {
		if string(e.Type) == kind {
			n++
		}
	}
	return n
}

// shop is a sandbox at work, with the stripe-go client and the webhook door of a shop.
type shop struct {
	*sandbox.Sandbox
	t      *testing.T
	server *httptest.Server
	hooks  *receiver
	api    *client.API
	stop   func()
}

// open starts a sandbox. change may alter its configuration.
func open(t *testing.T, hooks *receiver, change func(*sandbox.Config)) *shop {
	t.Helper()
	sh := &shop{t: t, hooks: hooks}
	cfg := sandbox.Config{
		SecretKey: secretKey, ShopName: "Café Quiet", BaseURL: func() string { return sh.server.URL },
		Webhooks: []sandbox.Endpoint{{URL: hooks.URL, Secret: hookKey}},
		Retry:    []time.Duration{time.Millisecond, 5 * time.Millisecond},
	}
	if change != nil {
		change(&cfg)
	}
	var err error
	if sh.Sandbox, err = sandbox.New(cfg); err != nil {
		t.Fatal(err)
	}
	sh.server = httptest.NewServer(sh.Handler())
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { sh.Run(ctx); close(done) }()
	var once sync.Once
	sh.stop = func() {
		once.Do(func() {
			cancel()
			<-done
			sh.server.Close()
			if err := sh.Close(); err != nil {
				t.Error(err)
			}
		})
	}
	t.Cleanup(sh.stop)
	sh.api = &client.API{}
	backend := stripe.GetBackendWithConfig(stripe.APIBackend, &stripe.BackendConfig{
		URL: stripe.String(sh.server.URL), MaxNetworkRetries: stripe.Int64(0), LeveledLogger: &stripe.LeveledLogger{Level: 0},
	})
	sh.api.Init(secretKey, &stripe.Backends{API: backend, Connect: backend, Uploads: backend})
	return sh
}

func params(amount int64, currency string) *stripe.CheckoutSessionParams {
	return &stripe.CheckoutSessionParams{
		Mode:              stripe.String("payment"),
		SuccessURL:        stripe.String("https://shop.example/done?s={CHECKOUT_SESSION_ID}"),
		CancelURL:         stripe.String("https://shop.example/back"),
		ClientReferenceID: stripe.String("ord_1"),
		Metadata:          map[string]string{"order": "ord_1"},
		PaymentIntentData: &stripe.CheckoutSessionPaymentIntentDataParams{Metadata: map[string]string{"order": "ord_1"}},
		LineItems: []*stripe.CheckoutSessionLineItemParams{{
			Quantity: stripe.Int64(1),
			PriceData: &stripe.CheckoutSessionLineItemPriceDataParams{
				Currency: stripe.String(currency), UnitAmount: stripe.Int64(amount),
				ProductData: &stripe.CheckoutSessionLineItemPriceDataProductDataParams{Name: stripe.String("Flat white")},
			},
		}},
	}
}

func (sh *shop) session(amount int64) *stripe.CheckoutSession {
	sh.t.Helper()
	sess, err := sh.api.CheckoutSessions.New(params(amount, "eur"))
	if err != nil {
		sh.t.Fatal(err)
	}
	return sess
}

func (sh *shop) get(id string) *stripe.CheckoutSession {
	sh.t.Helper()
	p := &stripe.CheckoutSessionParams{}
	p.AddExpand("payment_intent.latest_charge")
	sess, err := sh.api.CheckoutSessions.Get(id, p)
	if err != nil {
		sh.t.Fatal(err)
	}
	return sess
}

// press submits one of the page's forms as a browser would, without following where it leads.
func (sh *shop) press(id, act string) (*http.Response, string) {
	sh.t.Helper()
	browser := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	res, err := browser.PostForm(sh.server.URL+"/c/pay/"+id+"/"+act, url.Values{})
	if err != nil {
		sh.t.Fatal(err)
	}
	defer res.Body.Close()
	body, _ := io.ReadAll(res.Body)
	return res, string(body)
}

func (sh *shop) page(path string) (int, string, http.Header) {
	sh.t.Helper()
	res, err := http.Get(sh.server.URL + path)
	if err != nil {
		sh.t.Fatal(err)
	}
	defer res.Body.Close()
	body, _ := io.ReadAll(res.Body)
	return res.StatusCode, string(body), res.Header
}

func (sh *shop) drain() {
	sh.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	if err := sh.Drain(ctx); err != nil {
		sh.t.Fatalf("webhooks stayed undelivered: %v %+v", err, sh.Undelivered())
	}
}

// approves presses the button where the other side may die meanwhile.
func (sh *shop) approves(id string) bool {
	browser := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	res, err := browser.PostForm(sh.server.URL+"/c/pay/"+id+"/approve", url.Values{})
	if err != nil {
		return false
	}
	res.Body.Close()
	return res.StatusCode == http.StatusSeeOther
}

// post makes a session without a network between, and returns its id.
func post(h http.Handler, form url.Values) string {
	req := httptest.NewRequest("POST", "/v1/checkout/sessions", strings.NewReader(form.Encode()))
	req.Header.Set("Authorization", "Bearer "+secretKey)
	w := httptest.NewRecorder()
	h.ServeHTTP(w, req)
	var made struct{ ID string }
	if err := json.Unmarshal(w.Body.Bytes(), &made); err != nil {
		panic(err)
	}
	return made.ID
}
