package accounts

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/stripe/stripe-go/v76"
	"github.com/stripe/stripe-go/v76/balancetransaction"

	"sotto.chat/internal/money"
	"sotto.chat/payments/reconcile"
)

// Line is one of Stripe's balance transactions, with the merchant whose mark is on what it is about, if one is.
type Line struct {
	reconcile.Line
	Merchant string
}

// Balance lists an account's balance transactions of a span of time; those of a payout that took others out name it there.
func Balance(ctx context.Context, b stripe.Backend, key string, from, to time.Time) ([]Line, error) {
	lines, err := balance(ctx, b, key, &stripe.BalanceTransactionListParams{ListParams: page(ctx),
		CreatedRange: &stripe.RangeQueryParams{GreaterThanOrEqual: from.Unix(), LesserThan: to.Unix()}}, "")
	if err != nil {
		return nil, err
	}
	for _, l := range slices.Clone(lines) {
		if l.Kind != reconcile.Payout || l.Net >= 0 {
			continue
		}
		part, err := balance(ctx, b, key, &stripe.BalanceTransactionListParams{ListParams: page(ctx), Payout: &l.Payout}, l.Payout)
		var refused *stripe.Error
		if errors.As(err, &refused) && refused.HTTPStatusCode == http.StatusBadRequest {
			continue // made by hand: Stripe does not say what is in it
		}
		if err != nil {
			return nil, err
		}
		for _, one := range part {
			if i := slices.IndexFunc(lines, func(l Line) bool { return l.ID == one.ID }); i >= 0 {
				lines[i] = one
			} else {
				lines = append(lines, one)
			}
		}
	}
	return lines, nil
}

func balance(ctx context.Context, b stripe.Backend, key string, params *stripe.BalanceTransactionListParams, payout string) (out []Line, err error) {
	params.AddExpand("data.source")
	it := balancetransaction.Client{B: b, Key: key}.List(params)
	for it.Next() {
		l := readBalance(it.BalanceTransaction())
		if payout != "" {
			l.Payout = payout
		}
		out = append(out, l)
	}
	return out, it.Err()
}

// balanceKinds are Stripe's words for what we know. What came back of a payment without anybody's refund counts as one.
var balanceKinds = map[stripe.BalanceTransactionType]string{
	"charge": reconcile.Payment, "payment": reconcile.Payment,
	"refund": reconcile.RefundLine, "payment_refund": reconcile.RefundLine, "payment_failure_refund": reconcile.RefundLine, "payment_reversal": reconcile.RefundLine,
	"refund_failure": reconcile.RefundReversal,
	"payout":         reconcile.Payout, "payout_cancel": reconcile.Payout, "payout_failure": reconcile.Payout,
	"stripe_fee": reconcile.Fee, "stripe_fx_fee": reconcile.Fee, "application_fee": reconcile.Fee, "tax_fee": reconcile.Fee, "network_cost": reconcile.Fee,
	"adjustment": reconcile.Adjustment,
}

func readBalance(v *stripe.BalanceTransaction) Line {
	currency := upper(v.Currency)
	in := func(n int64) int64 { return ours(n, currency) }
	l := Line{Line: reconcile.Line{ID: v.ID, Kind: balanceKinds[v.Type], Word: string(v.Type), Amount: in(v.Amount), Fee: in(v.Fee), Net: in(v.Net),
		Currency: currency, At: time.Unix(v.Created, 0).UTC()}}
	if l.Kind == "" {
		l.Kind = reconcile.Unknown
	}
	shown := func(n int64, c stripe.Currency) {
		if upper(c) != currency {
			l.Gross, l.GrossCurrency = ours(n, upper(c)), upper(c)
		}
	}
	switch src := v.Source; {
	case src == nil:
	case src.Charge != nil:
		l.Coin, l.Reference, l.Merchant = intentID(src.Charge.PaymentIntent), src.Charge.Metadata["payment"], src.Charge.Metadata["merchant"]
		shown(src.Charge.AmountCaptured, src.Charge.Currency)
	case src.Refund != nil:
		l.Coin, l.Refund, l.OurRefund = intentID(src.Refund.PaymentIntent), src.Refund.ID, src.Refund.Metadata["refund"]
		l.Reference, l.Merchant = src.Refund.Metadata["payment"], src.Refund.Metadata["merchant"]
		shown(sign(v.Amount)*src.Refund.Amount, src.Refund.Currency)
	case src.Dispute != nil:
		l.Coin, l.Dispute = intentID(src.Dispute.PaymentIntent), src.Dispute.ID
		if l.Kind = reconcile.DisputeLine; v.Amount > 0 {
			l.Kind = reconcile.DisputeReversal
		}
		shown(sign(v.Amount)*src.Dispute.Amount, src.Dispute.Currency)
	case src.Payout != nil:
		l.Payout = src.Payout.ID
	}
	return l
}

// ours gives an amount of Stripe's in minor units; what has no exact form stands as it is.
func ours(n int64, currency string) int64 {
	if m, err := money.FromStripe(n, currency); err == nil {
		return m.Amount
	}
	return n
}

func sign(n int64) int64 {
	if n < 0 {
		return -1
	}
	return 1
}

func intentID(v *stripe.PaymentIntent) string {
	if v == nil {
		return ""
	}
	return v.ID
}

func page(ctx context.Context) stripe.ListParams {
	return stripe.ListParams{Context: ctx, Limit: stripe.Int64(100)}
}

func upper(c stripe.Currency) string { return strings.ToUpper(string(c)) }
