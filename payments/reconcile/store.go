package reconcile

import (
	"context"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"sotto.chat/internal/database"
	"sotto.chat/payments/ledger"
)

// insertLines tells how many of the lines are new.
func insertLines(tx database.Tx, lines []Line) (int, error) {
	r := tx.DB().Clauses(clause.OnConflict{DoNothing: true}).Create(&lines)
	return int(r.RowsAffected), r.Error
}

func insertStatement(tx database.Tx, s statement) error { return tx.DB().Create(&s).Error }

// newest leaves out what was told differently later; l names the lines.
const newest = ` not exists (select 1 from statement_lines n where n.merchant_id = l.merchant_id and n.provider = l.provider and n.account = l.account
	and n.id = l.id and n.revision > l.revision)`

// knownLines finds the last telling of each of the lines.
func knownLines(tx database.Tx, merchant, provider, account string, lines []Line) (map[string]Line, error) {
	ids := make([]string, len(lines))
	for i, l := range lines {
		ids[i] = l.ID
	}
	var list []Line
	err := tx.DB().Where("merchant_id = ? and provider = ? and account = ? and id in ?", merchant, provider, account, ids).Order("revision").Find(&list).Error
	out := make(map[string]Line, len(list))
	for _, l := range list {
		out[l.ID] = l
	}
	return out, err
}

// linesBetween reads the lines of a provider in a span of time.
func linesBetween(db *gorm.DB, merchant, provider string, from, to time.Time) (out []Line, err error) {
	return out, db.Raw(`select l.* from statement_lines l where l.merchant_id = ? and l.provider = ? and l.at >= ? and l.at < ? and `+newest+`
		order by l.at, l.account, l.id`, merchant, provider, from, to).Scan(&out).Error
}

// atATime is how many values go into one list.
const atATime = 500

// inParts asks for values in lists that any database takes.
func inParts[T any](values []string, ask func(part []string) ([]T, error)) (out []T, err error) {
	for len(values) > 0 {
		n := min(len(values), atATime)
		some, err := ask(values[:n])
		if err != nil {
			return out, err
		}
		out, values = append(out, some...), values[n:]
	}
	return out, nil
}

// linesOf reads the lines whose coin, reference or payout is among the values.
func linesOf(db *gorm.DB, merchant, provider, column string, values []string) ([]Line, error) {
	by := map[string]string{"coin": "l.coin in ?", "reference": "l.reference in ?", "payout": "l.payout in ?", "refund": "l.refund in ?"}[column]
	return inParts(values, func(part []string) (out []Line, err error) {
		return out, db.Raw(`select l.* from statement_lines l where l.merchant_id = ? and l.provider = ? and `+by+` and `+newest+` order by l.at, l.account, l.id`,
			merchant, provider, part).Scan(&out).Error
	})
}

// payoutBefore reads the last payout of an account before a moment.
func payoutBefore(db *gorm.DB, merchant, provider, account string, at time.Time) (out []Line, err error) {
	return out, db.Raw(`select l.* from statement_lines l where l.merchant_id = ? and l.provider = ? and l.account = ? and l.kind = 'payout' and l.at < ? and `+newest+`
		order by l.at desc limit 1`, merchant, provider, account, at).Scan(&out).Error
}

// toldFirst reads the first telling of the lines of a span that were told again since.
func toldFirst(db *gorm.DB, merchant, provider string, from, to time.Time) (out []Line, err error) {
	return out, db.Raw(`select f.* from statement_lines l join statement_lines f on f.merchant_id = l.merchant_id and f.provider = l.provider
			and f.account = l.account and f.id = l.id and f.revision = 0
		where l.merchant_id = ? and l.provider = ? and l.at >= ? and l.at < ? and l.revision > 0 and `+newest, merchant, provider, from, to).Scan(&out).Error
}

// spansOf reads the spans that a provider has told about, of those that touch a span of time.
func spansOf(db *gorm.DB, merchant, provider string, from, to time.Time) (out []statement, err error) {
	return out, db.Where("merchant_id = ? and provider = ? and begins_at < ? and ends_at > ?", merchant, provider, to, from).
		Order("begins_at").Find(&out).Error
}

// providersOf lists whose money a merchant has taken, and whose statements.
func providersOf(db *gorm.DB, merchant string) (out []string, err error) {
	return out, db.Raw(`select method from receipts where merchant_id = ? union select provider from statements where merchant_id = ? order by 1`,
		merchant, merchant).Scan(&out).Error
}

// inLedger is a line with one of its lines in the ledger, if it has any.
type inLedger struct {
	Line
	InAccount, InCurrency *string
	InAmount              *int64
}

// eachLine gives every line with what stands of it in the ledger; each page sees one moment.
func (d *Desk) eachLine(ctx context.Context, merchant string, f func(Line, []ledger.Balance)) error {
	const at = 500
	provider, account, id := "", "", ""
	for {
		var rows []inLedger
		err := d.db.Read(ctx).Raw(`select l.*, g.account as in_account, g.currency as in_currency, g.amount as in_amount
			from (select * from statement_lines l where l.merchant_id = ? and (l.provider, l.account, l.id) > (?, ?, ?) and `+newest+`
				order by l.provider, l.account, l.id limit ?) l
			left join ledger_lines g on g.merchant_id = l.merchant_id and g.subject = 'line:' || l.provider || ':' || l.account || ':' || l.id
			order by l.provider, l.account, l.id`, merchant, provider, account, id, at).Scan(&rows).Error
		if err != nil {
			return err
		}
		lines := 0
		for i := 0; i < len(rows); lines++ {
			l := rows[i].Line
			var have []ledger.Balance
			for ; i < len(rows) && rows[i].subject() == l.subject(); i++ {
				if r := rows[i]; r.InAccount != nil {
					have = append(have, ledger.Balance{Account: *r.InAccount, Currency: *r.InCurrency, Amount: *r.InAmount})
				}
			}
			f(l, have)
			provider, account, id = l.Provider, l.Account, l.ID
		}
		if lines < at {
			return nil
		}
	}
}
