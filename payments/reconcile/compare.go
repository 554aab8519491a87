package reconcile

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"sotto.chat/internal/money"
)

// settleIn is how long a provider may take to list what it has just told: at the very end of a statement nothing is missing yet.
const settleIn = 10 * time.Minute

// Compare lists where a provider's statements and the books differ in a span of time, the oldest first. Each difference belongs to one
// moment, so the differences of a month are those of its days.
func (d *Desk) Compare(ctx context.Context, merchant, provider string, from, to time.Time) ([]Difference, error) {
	c := &comparison{desk: d, merchant: merchant, provider: provider, from: from, to: to, coins: map[string]coin{}, named: map[string]coin{},
		lines: map[[2]string]Line{}, groups: map[string]*sides{}}
	for _, step := range []func(context.Context) error{c.gather, c.complete, c.pair, c.others} {
		if err := step(ctx); err != nil {
			return nil, err
		}
	}
	for _, s := range c.groups {
		c.payments(s)
		c.refunds(s)
		c.disputes(s)
	}
	out := slices.DeleteFunc(c.out, func(x Difference) bool { return x.At.Before(from) || !x.At.Before(to) })
	slices.SortFunc(out, func(a, b Difference) int {
		return cmp.Or(a.At.Compare(b.At), cmp.Compare(a.Payment, b.Payment), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Cause, b.Cause))
	})
	return out, nil
}

// sides is what the two sides say of one coin.
type sides struct {
	coin     *coin
	lines    []Line
	refunds  []refund
	disputes []dispute
}

// comparison is one Compare at work.
type comparison struct {
	desk               *Desk
	merchant, provider string
	from, to           time.Time
	spans              []statement
	coins, named       map[string]coin // by the provider's id, and by what we wrote on it
	refundRows         map[string]refund
	disputeRows        map[string]dispute
	lines              map[[2]string]Line
	groups             map[string]*sides
	out                []Difference
}

func (c *comparison) know(list []coin) {
	for _, one := range list {
		c.coins[one.ID] = one
		if one.Reference != "" {
			c.named[one.Reference] = one
		}
	}
}

func (c *comparison) keep(list []Line) {
	for _, l := range list {
		c.lines[[2]string{l.Account, l.ID}] = l
	}
}

// gather reads what each side says of the span, and of what the other side's words in the span are about.
func (c *comparison) gather(ctx context.Context) error {
	db, m, p := c.desk.db.Read(ctx), c.merchant, c.provider
	var err error
	if c.spans, err = spansOf(db, m, p, c.from.AddDate(0, -2, 0), c.to.AddDate(0, 2, 0)); err != nil {
		return err
	}
	lines, err := linesBetween(db, m, p, c.from, c.to)
	if err != nil {
		return err
	}
	c.keep(lines)
	var names, external, ours, contested []string
	for _, l := range lines {
		names = append(names, l.Coin, l.Reference)
		external, ours, contested = append(external, l.Refund), append(ours, l.OurRefund), append(contested, l.Dispute)
	}
	names = unique(names)
	r := reading{}
	r.coins(coinsBetween(db, m, p, c.from, c.to))
	r.coins(coinsByID(db, m, p, names))
	r.coins(coinsByReference(db, m, p, names))
	r.refunds(refundsBetween(db, m, p, c.from, c.to))
	r.refunds(refundsBy(db, m, p, "external", unique(external)))
	r.refunds(refundsBy(db, m, p, "id", unique(ours)))
	r.disputes(disputesBetween(db, m, p, c.from, c.to))
	r.disputes(disputesBy(db, m, p, "id", unique(contested)))
	c.know(r.coinList)
	var owners []string
	for _, f := range r.refundList {
		owners = append(owners, f.PaymentID)
	}
	for _, x := range r.disputeList {
		owners = append(owners, x.PaymentID)
	}
	r.coins(coinsByPayment(db, m, p, unique(owners)))
	c.know(r.coinList)
	return r.err
}

// reading collects rows until the first failure.
type reading struct {
	coinList    []coin
	refundList  []refund
	disputeList []dispute
	err         error
}

func (r *reading) coins(list []coin, err error) {
	r.coinList, r.err = append(r.coinList, list...), cmp.Or(r.err, err)
}

func (r *reading) refunds(list []refund, err error) {
	r.refundList, r.err = append(r.refundList, list...), cmp.Or(r.err, err)
}

func (r *reading) disputes(list []dispute, err error) {
	r.disputeList, r.err = append(r.disputeList, list...), cmp.Or(r.err, err)
}

// complete reads all that either side ever said of the coins that were found.
func (c *comparison) complete(ctx context.Context) error {
	db, m, p := c.desk.db.Read(ctx), c.merchant, c.provider
	var names, owners, external []string
	for id, one := range c.coins {
		names, owners = append(names, id, one.Reference), append(owners, one.PaymentID)
	}
	names, owners = unique(names), unique(owners)
	r := reading{}
	r.refunds(refundsBy(db, m, p, "payment", owners))
	r.disputes(disputesBy(db, m, p, "payment", owners))
	c.refundRows, c.disputeRows = map[string]refund{}, map[string]dispute{}
	for _, f := range r.refundList {
		c.refundRows[f.ID] = f
		external = append(external, f.External)
	}
	for _, x := range r.disputeList {
		c.disputeRows[x.ID] = x
	}
	if r.err != nil {
		return r.err
	}
	for column, values := range map[string][]string{"coin": names, "reference": names, "refund": unique(external)} {
		more, err := linesOf(db, m, p, column, values)
		if err != nil {
			return err
		}
		c.keep(more)
	}
	return nil
}

// pair puts lines and facts together by their coins. Lines whose coin is not known here stay together under the provider's name of it.
func (c *comparison) pair(context.Context) error {
	external := map[string]refund{}
	for _, f := range c.refundRows {
		external[f.External] = f
		s := c.group(f.Coin)
		s.refunds = append(s.refunds, f)
	}
	for _, x := range c.disputeRows {
		s := c.group(x.Coin)
		s.disputes = append(s.disputes, x)
	}
	for id, one := range c.coins {
		c.group(id).coin = &one
	}
	for _, l := range c.lines {
		switch l.Kind {
		case Payment, RefundLine, RefundReversal, DisputeLine, DisputeReversal:
			s := c.group(c.coinOf(l, external))
			s.lines = append(s.lines, l)
		}
	}
	for _, s := range c.groups {
		slices.SortFunc(s.lines, func(a, b Line) int { return cmp.Or(a.At.Compare(b.At), cmp.Compare(a.ID, b.ID)) })
		slices.SortFunc(s.refunds, func(a, b refund) int { return cmp.Compare(a.ID, b.ID) })
	}
	return nil
}

func (c *comparison) group(name string) *sides {
	if c.groups[name] == nil {
		c.groups[name] = &sides{}
	}
	return c.groups[name]
}

// coinOf names the group of a line. The provider's own id of the money decides; what we wrote on it only where there is none, because a
// second person may have paid by the same invoice.
func (c *comparison) coinOf(l Line, external map[string]refund) string {
	for _, name := range []string{l.Coin, l.Reference} {
		if one, ok := c.coins[name]; ok && name != "" {
			return one.ID
		}
	}
	name := l.Coin
	if name == "" {
		name = l.Reference
	}
	if one, ok := c.named[name]; ok && name != "" {
		return one.ID
	}
	if f, ok := c.refundRows[l.OurRefund]; ok {
		return f.Coin
	}
	if f, ok := external[l.Refund]; ok && l.Refund != "" {
		return f.Coin
	}
	if x, ok := c.disputeRows[l.Dispute]; ok {
		return x.Coin
	}
	return "unknown:" + cmp.Or(l.Coin, l.Refund, l.Dispute, l.Account+":"+l.ID)
}

// told tells whether the provider has spoken about that moment, and long enough after it.
func (c *comparison) told(account string, at time.Time) bool {
	covers := func(at time.Time) bool {
		return slices.ContainsFunc(c.spans, func(s statement) bool {
			return !s.BeginsAt.After(at) && s.EndsAt.After(at) && c.sameAccount(s.Account, account)
		})
	}
	return covers(at) && covers(at.Add(settleIn))
}

// sameAccount compares accounts. Stripe's platform account has no name; elsewhere a file may simply not say whose it is.
func (c *comparison) sameAccount(a, b string) bool {
	return a == b || c.provider != "stripe" && (a == "" || b == "")
}

// differ notes a difference between a line and what is here; either may be missing.
func (c *comparison) differ(cause string, s *sides, l *Line, here money.Money, at time.Time) *Difference {
	x := Difference{Cause: cause, Provider: c.provider, Here: here, At: at}
	if s != nil && s.coin != nil {
		x.Payment, x.Order, x.Coin, x.Account = s.coin.PaymentID, s.coin.OrderID, s.coin.ID, s.coin.Account
	}
	if l != nil {
		x.Line, x.Account, x.There, x.At = l.ID, l.Account, l.sum(), l.At
		x.Refund, x.OurRefund, x.DisputedBy = l.Refund, l.OurRefund, l.Dispute
		if x.Coin == "" {
			x.Coin = l.Coin
		}
		if x.Payment == "" && strings.HasPrefix(l.Reference, "pay_") {
			x.Payment = l.Reference // our mark is on it
		}
	}
	c.out = append(c.out, x)
	return &c.out[len(c.out)-1]
}
