package accounts

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"github.com/stripe/stripe-go/v76"
	"github.com/stripe/stripe-go/v76/form"
)

// Permission is what a restricted key needs, under the name that Stripe's dashboard has for it.
type Permission struct {
	Resource, Level, Why string
	method, path, query  string
}

// Permissions is all that a shop needs of its key, and nothing more. Each is tried by a request that changes nothing: it lists one row, or
// names an object that does not exist.
var Permissions = []Permission{
	{"Checkout Sessions", "Write", "pay links", http.MethodPost, "/v1/checkout/sessions",
		"mode=payment&success_url=https://example.com/&line_items[0][price]=price_sotto_asks&line_items[0][quantity]=1"},
	{"PaymentIntents", "Write", "what became of a payment; capture and release of held money", http.MethodPost, "/v1/payment_intents/pi_sotto_asks/cancel", ""},
	{"Charges and Refunds", "Write", "refunds", http.MethodPost, "/v1/refunds", "payment_intent=pi_sotto_asks&amount=1"},
	{"Disputes", "Write", "disputes and the evidence against them", http.MethodPost, "/v1/disputes/dp_sotto_asks", ""},
	{"Customers", "Write", "cards that customers let be kept for the next order", http.MethodDelete, "/v1/customers/cus_sotto_asks", ""},
	{"Events", "Read", "webhooks that were lost", http.MethodGet, "/v1/events", "limit=1"},
	{"Balance", "Read", "fees and payouts, for reconciliation", http.MethodGet, "/v1/balance_transactions", "limit=1"},
	{"Payouts", "Read", "what reached the bank", http.MethodGet, "/v1/payouts", "limit=1"},
}

// Verdict is what became of trying a key. Refused: Stripe does not know it any more. Lacks: what it may not do.
type Verdict struct {
	Refused bool
	Lacks   []Permission
}

// Try finds out what the first of an account's keys may do.
func Try(ctx context.Context, b stripe.Backend, a Account) (v Verdict, err error) {
	key, _, _ := strings.Cut(a.Key, " ")
	for _, p := range Permissions {
		err := p.try(ctx, b, key)
		var e *stripe.Error
		switch {
		case err == nil:
		case !errors.As(err, &e), e.HTTPStatusCode >= http.StatusInternalServerError:
			return v, err
		case e.HTTPStatusCode == http.StatusUnauthorized:
			return Verdict{Refused: true}, nil
		case e.HTTPStatusCode == http.StatusForbidden:
			v.Lacks = append(v.Lacks, p)
		}
	}
	return v, nil
}

func (p Permission) try(ctx context.Context, b stripe.Backend, key string) error {
	body := &form.Values{}
	for pair := range strings.SplitSeq(p.query, "&") {
		if name, value, ok := strings.Cut(pair, "="); ok {
			body.Add(name, value)
		}
	}
	var answer stripe.APIResource
	return Backend{b}.CallRaw(p.method, p.path, key, body, &stripe.Params{Context: ctx}, &answer)
}
