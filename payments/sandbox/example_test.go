package sandbox_test

import (
	"fmt"
	"net/http/httptest"

	"github.com/stripe/stripe-go/v76"
	"github.com/stripe/stripe-go/v76/client"

	"sotto.chat/payments/sandbox"
)

// A shop talks to the sandbox with stripe-go; only the URL differs.
func Example() {
	var server *httptest.Server
	s, err := sandbox.New(sandbox.Config{BaseURL: func() string { return server.URL }})
	if err != nil {
		panic(err)
	}
	defer s.Close()
	server = httptest.NewServer(s.Handler())
	defer server.Close()

	backend := stripe.GetBackendWithConfig(stripe.APIBackend, &stripe.BackendConfig{URL: stripe.String(server.URL)})
	shop := client.New("sk_test_any", &stripe.Backends{API: backend, Connect: backend, Uploads: backend})

	session, err := shop.CheckoutSessions.New(params(700, "eur"))
	if err != nil {
		panic(err)
	}
	fmt.Println(session.Status, session.PaymentStatus)
	if err := s.Approve(session.ID); err != nil {
		panic(err)
	}
	session, err = shop.CheckoutSessions.Get(session.ID, nil)
	if err != nil {
		panic(err)
	}
	fmt.Println(session.Status, session.PaymentStatus)
	// Output:
	// open unpaid
	// complete paid
}
