package accounts

import (
	"context"

	"github.com/stripe/stripe-go/v76"
	"github.com/stripe/stripe-go/v76/dispute"

	"sotto.chat/payments/evidence"
)

// Contest hands evidence in for good: Stripe passes it on to the bank, once.
func Contest(ctx context.Context, b stripe.Backend, keys, id, idempotency string, e evidence.Pack) error {
	text := func(s string) *string {
		if s == "" {
			return nil
		}
		return &s
	}
	_, err := dispute.Client{B: b, Key: keys}.Update(id, &stripe.DisputeParams{
		Params: stripe.Params{Context: ctx, IdempotencyKey: &idempotency}, Submit: stripe.Bool(true),
		Evidence: &stripe.DisputeEvidenceParams{ProductDescription: text(e.ProductDescription), AccessActivityLog: text(e.AccessActivityLog),
			ServiceDate: text(e.ServiceDate), ShippingDate: text(e.ShippingDate), ShippingAddress: text(e.ShippingAddress),
			RefundPolicyDisclosure: text(e.RefundPolicyDisclosure), UncategorizedText: text(e.UncategorizedText)}})
	return err
}
