package payments

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/stripe/stripe-go/v76"
	"github.com/stripe/stripe-go/v76/balancetransaction"

	"sotto.chat/internal/database"
	"sotto.chat/internal/money"
	"sotto.chat/payments/reconcile"
)

// balanceLine is one of Stripe's balance transactions, with the merchant whose mark is on what it is about, if one is.
type balanceLine struct {
	reconcile.Line
	merchant string
}

// balanceBetween lists an account's balance transactions of a span of time; those of a payout that took others out name it there.
func (s *stripeAPI) balanceBetween(ctx context.Context, key string, from, to time.Time) ([]balanceLine, error) {
	lines, err := s.balance(ctx, key, &stripe.BalanceTransactionListParams{ListParams: page(ctx, 100),
		CreatedRange: &stripe.RangeQueryParams{GreaterThanOrEqual: from.Unix(), LesserThan: to.Unix()}}, "")
	if err != nil {
		return nil, err
	}
	for _, l := range slices.Clone(lines) {
		if l.Kind != reconcile.Payout || l.Net >= 0 {
			continue
		}
		part, err := s.balance(ctx, key, &stripe.BalanceTransactionListParams{ListParams: page(ctx, 100), Payout: &l.Payout}, l.Payout)
		if answer := refusal(err); answer != nil && answer.Status == 400 {
			continue // made by hand: Stripe does not say what is in it
		}
		if err != nil {
			return nil, err
		}
		for _, one := range part {
			if i := slices.IndexFunc(lines, func(l balanceLine) bool { return l.ID == one.ID }); i >= 0 {
				lines[i] = one
			} else {
				lines = append(lines, one)
			}
		}
	}
	return lines, nil
}

func (s *stripeAPI) balance(ctx context.Context, key string, params *stripe.BalanceTransactionListParams, payout string) (out []balanceLine, err error) {
	params.AddExpand("data.source")
	it := balancetransaction.Client{B: s.backend, Key: key}.List(params)
	for it.Next() {
		l := readBalance(it.BalanceTransaction())
		if payout != "" {
			l.Payout = payout
		}
		out = append(out, l)
	}
	return out, told(it.Err())
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

func readBalance(v *stripe.BalanceTransaction) balanceLine {
	currency := upper(v.Currency)
	in := func(n int64) int64 { return ours(n, currency) }
	l := balanceLine{Line: reconcile.Line{ID: v.ID, Kind: balanceKinds[v.Type], Word: string(v.Type), Amount: in(v.Amount), Fee: in(v.Fee), Net: in(v.Net),
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
		l.Coin, l.Reference, l.merchant = intentID(src.Charge.PaymentIntent), src.Charge.Metadata["payment"], src.Charge.Metadata["merchant"]
		shown(src.Charge.AmountCaptured, src.Charge.Currency)
	case src.Refund != nil:
		l.Coin, l.Refund, l.OurRefund = intentID(src.Refund.PaymentIntent), src.Refund.ID, src.Refund.Metadata["refund"]
		l.Reference, l.merchant = src.Refund.Metadata["payment"], src.Refund.Metadata["merchant"]
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

// How Stripe's statements are read.
const (
	statementsEvery   = 6 * time.Hour
	statementsOverlap = 10 * time.Minute
	statementsFirst   = 35 * 24 * time.Hour // how far back the first reading goes
)

// ReadStatements takes Stripe's statements up to now, of every account that is used here.
func (p *Payments) ReadStatements(ctx context.Context) error {
	all, err := p.register.All(ctx)
	if err != nil {
		return err
	}
	var guests []string
	for _, m := range all {
		all, err := p.ownAll(ctx, m.ID)
		if err != nil {
			return err
		}
		if len(all) == 0 {
			guests = append(guests, m.ID)
		}
		for _, acct := range all {
			p.readStatements(ctx, acct, []string{m.ID})
		}
	}
	if acct, err := p.platform(); err == nil && len(guests) > 0 {
		p.readStatements(ctx, acct, guests)
	}
	return ctx.Err()
}

// ReadStatement takes Stripe's statement of the account that a merchant's money goes to, up to now.
func (p *Payments) ReadStatement(ctx context.Context, merchant string) error {
	acct, err := p.account(ctx, merchant)
	if err != nil {
		return err
	}
	if acct.Name != "" {
		return p.takeBalance(ctx, acct, []string{merchant})
	}
	guests, err := p.guests(ctx)
	if err != nil {
		return err
	}
	return p.takeBalance(ctx, acct, guests)
}

// guests are the merchants whose money goes to the platform's account.
func (p *Payments) guests(ctx context.Context) (out []string, err error) {
	all, err := p.register.All(ctx)
	if err != nil {
		return nil, err
	}
	for _, m := range all {
		_, ok, err := p.own(ctx, m.ID)
		if err != nil {
			return nil, err
		}
		if !ok {
			out = append(out, m.ID)
		}
	}
	return out, nil
}

// readStatements leaves a failure of one account to the next beat: its cursor stays.
func (p *Payments) readStatements(ctx context.Context, acct account, merchants []string) {
	if err := p.takeBalance(ctx, acct, merchants); err != nil {
		p.cfg.Log.WarnContext(ctx, "the provider's statement could not be read", "account", acct.Name, "error", err)
	}
}

// takeBalance reads what an account has listed since it was read last, and gives each merchant their lines. In an account of one merchant
// alone all lines are theirs; in one of several, those that bear a merchant's mark or are about money that is counted here.
func (p *Payments) takeBalance(ctx context.Context, acct account, merchants []string) error {
	holder := ""
	if acct.Name != "" {
		holder = merchants[0]
	}
	cursor := "balance:" + acct.Name
	from, ok, err := p.readCursor(ctx, holder, cursor)
	if err != nil {
		return err
	}
	to := p.db.Now().Truncate(time.Second)
	if !ok {
		from = to.Add(-statementsFirst)
	}
	from = from.Add(-statementsOverlap)
	lines, err := p.stripe.balanceBetween(ctx, acct.Key, from, to.Add(time.Second))
	if err != nil {
		return upstream(err)
	}
	theirs := map[string][]reconcile.Line{}
	for _, l := range lines {
		owner, err := p.ownerOf(ctx, acct, merchants, l)
		if err != nil {
			return err
		}
		theirs[owner] = append(theirs[owner], l.Line)
	}
	for _, m := range merchants {
		if _, err := p.statements.Take(ctx, m, reconcile.Statement{Provider: MethodStripe, Account: acct.Name, From: from, To: to, Lines: theirs[m]}); err != nil {
			return err
		}
	}
	return p.db.InTx(ctx, func(tx database.Tx) error { return putCursor(tx, holder, cursor, to) })
}

// ownerOf tells whose a line of a statement is; nobody's in an account of several whose mark is not on it.
func (p *Payments) ownerOf(ctx context.Context, acct account, merchants []string, l balanceLine) (string, error) {
	if len(merchants) == 1 {
		return merchants[0], nil
	}
	if strings.HasPrefix(l.merchant, "mer_") || l.Coin == "" {
		return l.merchant, nil
	}
	coin, _, err := readCoinOf(p.db.Read(ctx), "", acct.Name, l.Coin)
	return coin.MerchantID, err
}
