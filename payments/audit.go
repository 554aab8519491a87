package payments

import (
	"context"
	"fmt"
	"time"

	"sotto.chat/internal/money"
)

// Audit checks that every payment says what its receipts and refunds say, and the ledger what they and the statements say. Each finding
// is a sentence; none means that all agree.
// It may run beside a shop at work: each payment is read with its sums in one statement.
func (p *Payments) Audit(ctx context.Context, merchant string) (findings []string, err error) {
	const at = 500
	for after := ""; ; {
		list, err := p.readSums(ctx, merchant, after, at)
		if err != nil {
			return findings, err
		}
		for _, s := range list {
			for _, f := range s.wrong() {
				findings = append(findings, "payment "+s.ID+": "+f)
			}
			after = s.ID
		}
		if len(list) < at {
			break
		}
	}
	for _, check := range []func(context.Context, string) ([]string, error){p.auditBooks, p.statements.Audit} {
		more, err := check(ctx, merchant)
		if findings = append(findings, more...); err != nil {
			return findings, err
		}
	}
	return findings, nil
}

// wrong says what does not agree.
func (s sums) wrong() (out []string) {
	add := func(bad bool, format string, args ...any) {
		if bad {
			out = append(out, fmt.Sprintf(format, args...))
		}
	}
	add(!s.Status.Known(), "has the unknown status %q", s.Status)
	add(s.PaidAmount != s.Received, "says that %d were paid, its receipts say %d", s.PaidAmount, s.Received)
	add(s.RefundedAmount != s.Returned, "says that %d went back, its refunds say %d", s.RefundedAmount, s.Returned)
	add(s.RefundedAmount > s.PaidAmount, "gave back %d of %d", s.RefundedAmount, s.PaidAmount)
	add(s.Coins > 1, "has %d receipts; a second coin needs a payment of its own", s.Coins)
	switch s.Status {
	case Pending, Failed, Cancelled, Authorized:
		add(s.Coins > 0, "is %s and has money", s.Status)
	case Paid:
		add(s.PaidAmount != s.Amount && s.Reason != ReasonAccepted && s.Reason != ReasonPart, "is paid with %d of %d", s.PaidAmount, s.Amount)
		add(s.RefundedAmount != 0, "is paid although %d went back", s.RefundedAmount)
	case PartiallyRefunded:
		add(s.RefundedAmount <= 0 || s.RefundedAmount >= s.PaidAmount, "is partially refunded with %d of %d", s.RefundedAmount, s.PaidAmount)
	case Refunded:
		add(s.RefundedAmount != s.PaidAmount, "is refunded with %d of %d", s.RefundedAmount, s.PaidAmount)
	}
	return out
}

// Difference is one thing that our books and the provider's say differently.
type Difference struct {
	Payment string
	Session string
	// Problem is missing_here, missing_there, paid_there_only, paid_here_only or amount.
	Problem     string
	Here, There money.Money
}

// Reconciliation compares a day's sessions (UTC) with the provider's list of them.
func (p *Payments) Reconciliation(ctx context.Context, merchant string, day time.Time) ([]Difference, error) {
	from := time.Date(day.Year(), day.Month(), day.Day(), 0, 0, 0, 0, time.UTC)
	to := from.AddDate(0, 0, 1)
	acct, err := p.account(ctx, merchant)
	if err != nil {
		return nil, err
	}
	// The clocks of the two sides differ a little, so the lists are compared with a margin: theirs wide for ours, ours wide for theirs.
	const margin = 10 * time.Minute
	theirs, err := p.stripe.sessionsBetween(ctx, acct.Key, from.Add(-margin), to.Add(margin))
	if err != nil {
		return nil, ErrUpstream.Because(err)
	}
	ours, err := p.attemptsBetween(ctx, merchant, from.Add(-margin), to.Add(margin))
	if err != nil {
		return nil, err
	}
	known := map[string]attempt{}
	for _, a := range ours {
		known[a.ExternalID] = a
	}
	there := map[string]bool{}
	var out []Difference
	for _, r := range theirs {
		if r.Merchant != merchant {
			continue // the platform's account holds other merchants' too
		}
		there[r.Session] = true
		if r.Created.Before(from) || !r.Created.Before(to) {
			continue
		}
		d, err := p.compare(ctx, merchant, r, known)
		if err != nil {
			return nil, err
		}
		if d.Problem != "" {
			out = append(out, d)
		}
	}
	for _, a := range ours {
		inDay := !a.CreatedAt.Before(from) && a.CreatedAt.Before(to)
		if inDay && a.ExternalID != "" && a.Account == acct.Name && !there[a.ExternalID] {
			out = append(out, Difference{Payment: a.PaymentID, Session: a.ExternalID, Problem: "missing_there"})
		}
	}
	return out, nil
}

// compare tells how one of the provider's sessions differs from ours.
func (p *Payments) compare(ctx context.Context, merchant string, r remote, known map[string]attempt) (Difference, error) {
	d := Difference{Payment: r.Payment, Session: r.Session, There: r.Received}
	a, ok := known[r.Session]
	if !ok {
		d.Problem = "missing_here"
		return d, nil
	}
	coin, counted, err := readReceipt(p.db.Read(ctx), merchant, r.coin())
	d.Here = money.Of(coin.Amount, coin.Currency)
	switch {
	case r.paid() && !counted:
		d.Problem = "paid_there_only"
	case !r.paid() && (counted || a.Status == sessionPaid):
		d.Problem = "paid_here_only"
	case counted && d.Here != d.There && r.Intent != "":
		d.Problem = "amount"
	}
	return d, err
}
