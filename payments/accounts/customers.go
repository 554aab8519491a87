package accounts

import (
	"context"

	"github.com/stripe/stripe-go/v76"
	"github.com/stripe/stripe-go/v76/customer"
)

// Forget has Stripe delete a customer with all cards that are kept for them.
func Forget(ctx context.Context, b stripe.Backend, keys, id string) error {
	_, err := customer.Client{B: b, Key: keys}.Del(id, &stripe.CustomerParams{Params: stripe.Params{Context: ctx}})
	return err
}

// Remember has Stripe keep the card of who pays, for orders at which they are there to say yes; other methods stay as they are. id is what Stripe
// calls the customer, if it knows them already.
func Remember(params *stripe.CheckoutSessionParams, id string) {
	if id != "" {
		params.Customer = &id
	} else {
		params.CustomerCreation = stripe.String("always")
	}
	params.PaymentMethodOptions = &stripe.CheckoutSessionPaymentMethodOptionsParams{
		Card: &stripe.CheckoutSessionPaymentMethodOptionsCardParams{SetupFutureUsage: stripe.String("on_session")}}
}
