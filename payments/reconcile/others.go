package reconcile

import (
	"context"
	"slices"
	"time"

	"sotto.chat/internal/money"
)

// others looks at what lines say by themselves: sums that do not add up, payouts, and what is not known here.
func (c *comparison) others(ctx context.Context) error {
	var payouts []string
	for _, l := range c.lines {
		if l.At.Before(c.from) || !l.At.Before(c.to) {
			continue
		}
		if l.Amount-l.Fee != l.Net {
			x := c.differ(NetMismatch, nil, &l, money.Of(l.Amount-l.Fee, l.Currency), l.At)
			x.There = money.Of(l.Net, l.Currency)
		}
		switch l.Kind {
		case Payout:
			payouts = append(payouts, l.Payout)
		case Adjustment:
			c.differ(Adjusted, nil, &l, money.Of(0, l.Currency), l.At)
		case Payment, RefundLine, RefundReversal, DisputeLine, DisputeReversal, Fee:
		default:
			c.differ(UnknownKind, nil, &l, money.Of(0, l.Currency), l.At)
		}
	}
	if err := c.payouts(ctx, unique(payouts)); err != nil {
		return err
	}
	return c.again(ctx)
}

// again notes lines that were told differently before. That a line went out with a payout since, or that its receipt came, is nothing new
// about it.
func (c *comparison) again(ctx context.Context) error {
	before, err := toldFirst(c.desk.db.Read(ctx), c.merchant, c.provider, c.from, c.to)
	for _, old := range before {
		now, ok := c.lines[[2]string{old.Account, old.ID}]
		old.Payout, old.Gross, old.GrossCurrency = now.Payout, now.Gross, now.GrossCurrency
		if ok && !now.says(old) {
			c.differ(Restated, nil, &now, old.sum(), now.At)
		}
	}
	return err
}

// delay is how long a provider may hold money back before a payout takes it out.
const delay = 3 * 24 * time.Hour

// payouts checks that each payout is the sum of what it pays out, where the statements tell of all of that.
func (c *comparison) payouts(ctx context.Context, names []string) error {
	lines, err := linesOf(c.desk.db.Read(ctx), c.merchant, c.provider, "payout", names)
	if err != nil {
		return err
	}
	sums, parts := map[[2]string]int64{}, map[[2]string]int{}
	for _, l := range lines {
		if l.Kind != Payout {
			sums[[2]string{l.Account, l.Payout}] += l.Net
			parts[[2]string{l.Account, l.Payout}]++
		}
	}
	for _, l := range lines {
		at := [2]string{l.Account, l.Payout}
		if l.Kind != Payout || l.Net >= 0 || parts[at] == 0 || sums[at] == -l.Net {
			continue
		}
		whole, err := c.whole(ctx, l)
		if err != nil {
			return err
		}
		if whole {
			c.differ(PayoutMismatch, nil, &l, money.Of(-sums[at], l.Currency), l.At)
		}
	}
	return nil
}

// whole tells whether every line that could be in a payout was told.
func (c *comparison) whole(ctx context.Context, payout Line) (bool, error) {
	db := c.desk.db.Read(ctx)
	before, err := payoutBefore(db, c.merchant, c.provider, payout.Account, payout.At)
	if err != nil || len(before) == 0 {
		return false, err
	}
	from := before[0].At.Add(-delay)
	spans, err := spansOf(db, c.merchant, c.provider, from, payout.At)
	for _, s := range slices.SortedFunc(slices.Values(spans), func(a, b statement) int { return a.BeginsAt.Compare(b.BeginsAt) }) {
		if s.Account == payout.Account && !s.BeginsAt.After(from) && s.EndsAt.After(from) {
			from = s.EndsAt
		}
	}
	return !from.Before(payout.At), err
}
