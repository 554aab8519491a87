package reconcile

import (
	"context"
	"fmt"

	"sotto.chat/internal/database"
	"sotto.chat/payments/ledger"
)

// post enters a line into the ledger. What payments, refunds and disputes did stands there by themselves; a line adds what only the
// provider knows.
func post(tx database.Tx, l Line) error {
	if l.Revision == 0 {
		return ledger.Post(tx, l.MerchantID, l.subject(), "statement:"+l.Kind, ledger.Missing(l.balances(), nil))
	}
	return ledger.Level(tx, l.MerchantID, l.subject(), "statement:"+l.Kind, l.balances())
}

// balances is what the line adds to the ledger. The fee of a payment belongs to its receipt.
func (l Line) balances() (out []ledger.Balance) {
	purse := ledger.Provider(l.Provider)
	move := func(to, currency string, amount int64) {
		if amount != 0 {
			out = append(out, ledger.Balance{Account: purse, Currency: currency, Amount: -amount}, ledger.Balance{Account: to, Currency: currency, Amount: amount})
		}
	}
	if l.Kind != Payment {
		move(ledger.Fees, l.Currency, l.Fee)
	}
	switch l.Kind {
	case Fee:
		move(ledger.Fees, l.Currency, -l.Amount)
	case Payout:
		move(ledger.Bank, l.Currency, -l.Amount)
	case Adjustment, Unknown:
		move(ledger.Differences, l.Currency, -l.Amount)
	case Payment, RefundLine, RefundReversal:
		if l.GrossCurrency != "" && l.GrossCurrency != l.Currency {
			move(ledger.Exchange, l.GrossCurrency, l.Gross)
			move(ledger.Exchange, l.Currency, -l.Amount)
		}
	}
	return out
}

// Audit checks that each line of a statement stands in the ledger as it was told last.
func (d *Desk) Audit(ctx context.Context, merchant string) (findings []string, err error) {
	err = d.eachLine(ctx, merchant, func(l Line, have []ledger.Balance) {
		for _, m := range ledger.Missing(l.balances(), have) {
			findings = append(findings, fmt.Sprintf("statement line %s of %s: %s is off by %d %s in the ledger", l.ID, l.Provider, m.Account, m.Amount, m.Currency))
		}
	})
	return findings, err
}
