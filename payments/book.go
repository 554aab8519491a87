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
		return slices.Contains([]string{"", ReasonLate, ReasonAccepted}, b.reason)
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
