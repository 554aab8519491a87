package payments

import (
	"context"
	"strings"

	"gorm.io/gorm"
)

// bookRow is one fact that the ledger follows, or one balance in it. Word is the payment's status, the receipt's method, the refund's or
// dispute's status, or the ledger's account.
type bookRow struct {
	Kind, PaymentID, Word, More string
	Amount                      int64
	Currency                    string
	Fee                         int64
	FeeCurrency                 string
}

// which says of which payments the books are read; ID stands for the column.
type which struct {
	condition string
	values    []any
}

func onePayment(id string) which { return which{"ID = ?", []any{id}} }

// lastPayment comes after the id of every payment.
const lastPayment = "pay_z"

func paymentsFrom(after, to string) which { return which{"ID > ? and ID <= ?", []any{after, to}} }

// readBooks reads payments with all their facts and balances in one statement, so that it sees one moment.
func readBooks(db *gorm.DB, merchant string, w which) (out []bookRow, err error) {
	parts := []struct{ id, sql string }{
		{"id", `select 'payment' as kind, id as payment_id, status as word, reason as more, amount, currency, 0 as fee, '' as fee_currency
			from payments where merchant_id = ? and `},
		{"payment_id", `select 'receipt', payment_id, method, '', amount, currency, coalesce(fee, 0), fee_currency from receipts where merchant_id = ? and `},
		{"payment_id", `select 'refund', payment_id, status, '', amount, currency, 0, '' from refunds where merchant_id = ? and `},
		{"payment_id", `select 'dispute', payment_id, status, '', amount, currency, 0, '' from disputes where merchant_id = ? and `},
		{"subject", `select 'ledger', subject, account, '', cast(sum(amount) as bigint), currency, 0, '' from ledger_lines where merchant_id = ? and `},
	}
	var sql []string
	var values []any
	for _, part := range parts {
		sql = append(sql, part.sql+strings.ReplaceAll(w.condition, "ID", part.id))
		values = append(append(values, merchant), w.values...)
	}
	return out, db.Raw(strings.Join(sql, " union all ")+" group by subject, account, currency", values...).Scan(&out).Error
}

// paymentAfter gives the id of the payment so many places after another, or lastPayment where there are fewer.
func (p *Payments) paymentAfter(ctx context.Context, merchant, after string, places int) (string, error) {
	var id string
	err := p.db.Read(ctx).Raw("select id from payments where merchant_id = ? and id > ? order by id limit 1 offset ?", merchant, after, places-1).Scan(&id).Error
	if id == "" {
		id = lastPayment
	}
	return id, err
}
