package payments

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"sotto.chat/internal/database"
	"sotto.chat/internal/money"
	"sotto.chat/payments/ledger"
)

// book brings the ledger level with what one payment's receipts, refunds, disputes and status say now. Whoever changes any of these calls
// it in the same transaction, after the change and under the payment's lock. One read, and two inserts where something moved.
func (p *Payments) book(tx database.Tx, merchant, paymentID, cause string) error {
	rows, err := readBooks(tx.DB(), merchant, onePayment(paymentID))
	if err != nil {
		return err
	}
	for _, b := range inBooks(rows) {
		if err := ledger.Post(tx, merchant, b.id, cause, b.missing()); err != nil {
			return err
		}
	}
	return nil
}

// books is one payment as the ledger sees it: the facts, and what stands there.
type books struct {
	id, status, reason string
	coins, refunds     []bookRow
	disputes           []bookRow
	have               []ledger.Balance
}

// inBooks sorts rows by their payments.
func inBooks(rows []bookRow) (out []*books) {
	at := map[string]*books{}
	for _, r := range rows {
		b := at[r.PaymentID]
		if b == nil {
			b = &books{id: r.PaymentID}
			at[r.PaymentID], out = b, append(out, b)
		}
		switch r.Kind {
		case "payment":
			b.status, b.reason = r.Word, r.More
		case "receipt":
			b.coins = append(b.coins, r)
		case "refund":
			b.refunds = append(b.refunds, r)
		case "dispute":
			b.disputes = append(b.disputes, r)
		case "ledger":
			b.have = append(b.have, ledger.Balance{Account: r.Word, Currency: r.Currency, Amount: r.Amount})
		}
	}
	return out
}

func (b *books) missing() []ledger.Balance { return ledger.Missing(b.want(), b.have) }

// want derives the balances from the facts alone, so that neither their order nor their repetition matters.
func (b *books) want() (out []ledger.Balance) {
	if len(b.coins) == 0 {
		return nil
	}
	move := func(from, to, currency string, amount int64) {
		out = append(out, ledger.Balance{Account: from, Currency: currency, Amount: -amount}, ledger.Balance{Account: to, Currency: currency, Amount: amount})
	}
	from, back := ledger.Sales, ledger.Refunds
	if !b.earned() {
		from, back = ledger.Unsettled, ledger.Unsettled
	}
	for _, c := range b.coins {
		move(from, purse(c.Word), c.Currency, c.Amount)
		if c.Fee != 0 {
			move(purse(c.Word), ledger.Fees, c.FeeCurrency, c.Fee)
		}
	}
	place := purse(b.coins[0].Word)
	for _, r := range b.refunds {
		switch r.Word {
		case RefundPending:
			move(ledger.RefundsPending, back, r.Currency, r.Amount)
		case RefundSucceeded:
			move(place, back, r.Currency, r.Amount)
		}
	}
	for _, d := range b.disputes {
		switch {
		case d.Word == "lost":
			move(place, ledger.DisputesLost, d.Currency, d.Amount)
		case withdrawn(d.Word):
			move(place, ledger.Disputed, d.Currency, d.Amount)
		}
	}
	return out
}

// earned tells whether the money is the shop's: not what waits for a person, nor what went back without ever having been taken as good.
func (b *books) earned() bool {
	switch Status(b.status) {
	case Paid, PartiallyRefunded:
		return true
	case NeedsReview:
		return slices.Contains([]string{ReasonDisputed, ReasonDisputeLost, ReasonRefundFailed}, b.reason)
	case Refunded:
		return slices.Contains([]string{"", ReasonLate, ReasonAccepted, ReasonCaptured}, b.reason)
	}
	return false
}

// withdrawn tells whether the bank has taken the money of an undecided dispute. A mere inquiry takes none.
func withdrawn(status string) bool { return open(status) && !strings.HasPrefix(status, "warning_") }

// purse is the account in which the money of a method stands.
func purse(method string) string {
	switch method {
	case MethodCash:
		return ledger.Cash
	case MethodBank:
		return ledger.Bank
	}
	return ledger.Provider(method)
}

// feeOf puts what a provider's statement says that it kept on a coin, once, and has the ledger follow.
func (p *Payments) feeOf(tx database.Tx, merchant, coinID string, fee money.Money) (bool, error) {
	coin, ok, err := readReceipt(tx.DB(), merchant, coinID)
	if err != nil || !ok {
		return false, err
	}
	if _, err := lockPayment(tx, merchant, coin.PaymentID); err != nil {
		return false, err
	}
	if coin, ok, err = readReceipt(tx.DB(), merchant, coinID); err != nil || !ok || coin.Fee != nil {
		return false, err
	}
	coin.Fee, coin.FeeCurrency = &fee.Amount, fee.Currency
	if err := saveReceipt(tx, &coin); err != nil {
		return false, err
	}
	return true, p.book(tx, merchant, coin.PaymentID, "fee")
}

// auditBooks checks that the ledger is whole, and that each payment stands in it as its facts say now.
func (p *Payments) auditBooks(ctx context.Context, merchant string) ([]string, error) {
	findings, err := ledger.Audit(ctx, p.db, merchant)
	if err != nil {
		return findings, err
	}
	err = p.eachBooks(ctx, merchant, func(b *books) error {
		for _, m := range b.missing() {
			findings = append(findings, fmt.Sprintf("payment %s: %s is off by %d %s in the ledger", b.id, m.Account, m.Amount, m.Currency))
		}
		return nil
	})
	return findings, err
}

// eachBooks walks through all payments of a merchant; each page sees one moment of a shop at work.
func (p *Payments) eachBooks(ctx context.Context, merchant string, f func(*books) error) error {
	const at = 500
	for after := "pay_"; ; {
		to, err := p.paymentAfter(ctx, merchant, after, at)
		if err != nil {
			return err
		}
		rows, err := readBooks(p.db.Read(ctx), merchant, paymentsFrom(after, to))
		if err != nil {
			return err
		}
		for _, b := range inBooks(rows) {
			if err := f(b); err != nil {
				return err
			}
		}
		if to == lastPayment {
			return nil
		}
		after = to
	}
}

// bookEvery is how often payments are looked for that a version without a ledger took money for.
const bookEvery = 24 * time.Hour

// bookOld enters into the ledger what was paid before there was one. A payment that stands in it in any way is let be: if that is wrong,
// the audit shall say so.
func (p *Payments) bookOld(ctx context.Context) error {
	all, err := p.register.All(ctx)
	if err != nil {
		return err
	}
	for _, m := range all {
		err := p.eachBooks(ctx, m.ID, func(b *books) error {
			if len(b.have) > 0 || len(b.missing()) == 0 {
				return nil
			}
			return p.db.InTx(ctx, func(tx database.Tx) error {
				if _, err := lockPayment(tx, m.ID, b.id); err != nil {
					return err
				}
				return p.book(tx, m.ID, b.id, "opening")
			})
		})
		if err != nil {
			return err
		}
	}
	return nil
}

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
		add(s.PaidAmount != s.Amount && !slices.Contains([]string{ReasonAccepted, ReasonPart, ReasonCaptured}, s.Reason), "is paid with %d of %d", s.PaidAmount, s.Amount)
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
		return nil, upstream(err)
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
