package reconcile

import (
	"cmp"
	"context"
	"slices"
	"time"

	"sotto.chat/payments/ledger"
	"sotto.chat/payments/payouts"
)

// Report is what became of a merchant's money from one moment up to another.
type Report struct {
	From, To time.Time
	Accounts []ledger.Turnover
	Totals   []Total
	// Orders are those that money moved for, at most mostOrders of them; Whole is false when there were more.
	Orders []Margin
	Whole  bool
	// Waiting are the payments that need a person now, the oldest first.
	Waiting     []Waiting
	Told        []Told
	Differences []Difference
	// Payouts were made in these days, or came back in them.
	Payouts []payouts.Payout
}

// Total is the span in one currency. Revenue is what was sold less what went back and what banks took; Margin is that less the fees. What
// the goods cost is not known here, so it is not taken off. Payouts is what providers paid out: what customers transferred is no payout.
type Total struct {
	Currency                                                                        string
	Sales, Refunds, Unsettled, Disputed, DisputesLost, Fees, Payouts, Other, Margin int64
}

// Margin is what is left of one order, over all of its life so far. Unsettled is money that came for it and waits for a person: it is in no
// other sum.
type Margin struct {
	OrderID, Currency                     string
	Sales, Refunds, Lost, Fees, Unsettled int64
}

// Left is the margin: what was sold, less what went back, what banks took, and the fees.
func (m Margin) Left() int64 { return m.Sales - m.Refunds - m.Lost - m.Fees }

// Waiting is a payment that needs a person.
type Waiting struct {
	PaymentID, OrderID, Reason string
	Amount, Paid               int64
	Currency                   string
	Since                      time.Time
}

// Told says of a provider whether it has spoken about the whole span.
type Told struct {
	Provider string
	Whole    bool
	Until    time.Time
}

const mostOrders = 500

// Report makes the report of a span of time, with the differences of every provider that has spoken about it.
func (d *Desk) Report(ctx context.Context, merchant string, from, to time.Time) (r Report, err error) {
	r = Report{From: from, To: to}
	if r.Accounts, err = ledger.Turnovers(ctx, d.db, merchant, from, to); err != nil {
		return r, err
	}
	paidOut, err := ledger.Moved(ctx, d.db, merchant, ledger.Bank, linePrefix, from, to)
	if err != nil {
		return r, err
	}
	r.Totals = totals(r.Accounts, paidOut)
	db := d.db.Read(ctx)
	if r.Orders, err = margins(db, merchant, from, to, mostOrders+1); err != nil {
		return r, err
	}
	if r.Whole = len(r.Orders) <= mostOrders; !r.Whole {
		r.Orders = r.Orders[:mostOrders]
	}
	if r.Waiting, err = waiting(db, merchant, mostOrders); err != nil {
		return r, err
	}
	if r.Payouts, err = payouts.Between(ctx, d.db, merchant, from, to); err != nil {
		return r, err
	}
	providers, err := providersOf(db, merchant)
	if err != nil {
		return r, err
	}
	for _, p := range providers {
		told, err := d.Told(ctx, merchant, p, from, to)
		if err != nil {
			return r, err
		}
		r.Told = append(r.Told, told)
		more, err := d.Compare(ctx, merchant, p, from, to)
		if err != nil {
			return r, err
		}
		r.Differences = append(r.Differences, more...)
	}
	slices.SortStableFunc(r.Differences, func(a, b Difference) int { return a.At.Compare(b.At) })
	return r, nil
}

// Providers lists whose money a merchant has taken, and who has told statements.
func (d *Desk) Providers(ctx context.Context, merchant string) ([]string, error) {
	return providersOf(d.db.Read(ctx), merchant)
}

// Told tells how far a provider has spoken about a span: without a gap from its begin, in any one account.
func (d *Desk) Told(ctx context.Context, merchant, provider string, from, to time.Time) (Told, error) {
	spans, err := spansOf(d.db.Read(ctx), merchant, provider, from, to)
	until := from
	for _, s := range spans {
		if !s.BeginsAt.After(until) && s.EndsAt.After(until) {
			until = s.EndsAt
		}
	}
	return Told{Provider: provider, Whole: !until.Before(to), Until: until}, err
}

// totals adds the accounts up by currencies.
func totals(accounts []ledger.Turnover, payouts []ledger.Balance) []Total {
	by := map[string]*Total{}
	for _, a := range accounts {
		t := by[a.Currency]
		if t == nil {
			t = &Total{Currency: a.Currency}
			by[a.Currency] = t
		}
		moved := a.Closing - a.Opening
		switch a.Account {
		case ledger.Sales:
			t.Sales -= moved
		case ledger.Refunds:
			t.Refunds += moved
		case ledger.Unsettled:
			t.Unsettled -= moved
		case ledger.Disputed:
			t.Disputed += moved
		case ledger.DisputesLost:
			t.DisputesLost += moved
		case ledger.Fees:
			t.Fees += moved
		case ledger.Differences, ledger.Exchange:
			t.Other += moved
		}
	}
	for _, p := range payouts {
		if t := by[p.Currency]; t != nil {
			t.Payouts += p.Amount
		}
	}
	var out []Total
	for _, t := range by {
		t.Margin = t.Sales - t.Refunds - t.DisputesLost - t.Fees
		out = append(out, *t)
	}
	slices.SortFunc(out, func(a, b Total) int { return cmp.Compare(a.Currency, b.Currency) })
	return out
}

// SalesOf gives what was sold on each of so many days from a moment on, in one currency.
func (d *Desk) SalesOf(ctx context.Context, merchant, currency string, from time.Time, days int) ([]int64, error) {
	list, err := ledger.Days(ctx, d.db, merchant, ledger.Sales, currency, from, days)
	for i := range list {
		list[i] = -list[i]
	}
	return list, err
}
