package ledger

import (
	"context"
	"fmt"
	"strings"
	"time"

	"gorm.io/gorm"

	"sotto.chat/internal/database"
)

// TableName names the table.
func (entry) TableName() string { return "ledger_entries" }

// TableName names the table.
func (line) TableName() string { return "ledger_lines" }

// insert is all that is ever done to the tables; triggers refuse anything else.
func insert(tx database.Tx, e entry, lines []line) error {
	if err := tx.DB().Create(&e).Error; err != nil {
		return err
	}
	return tx.DB().Create(&lines).Error
}

func readOf(db *gorm.DB, merchant, subject string) (out []Balance, err error) {
	return out, db.Raw(`select account, currency, sum(amount) as amount from ledger_lines where merchant_id = ? and subject = ?
		group by account, currency having sum(amount) <> 0 order by account, currency`, merchant, subject).Scan(&out).Error
}

// Of reads the balances of one subject.
func Of(ctx context.Context, db *database.DB, merchant, subject string) ([]Balance, error) {
	return readOf(db.Read(ctx), merchant, subject)
}

// Balances reads what stands in each account.
func Balances(ctx context.Context, db *database.DB, merchant string) (out []Balance, err error) {
	return out, db.Read(ctx).Raw(`select account, currency, sum(amount) as amount from ledger_lines where merchant_id = ?
		group by account, currency order by account, currency`, merchant).Scan(&out).Error
}

// Turnovers reads what became of each account from one moment up to another.
func Turnovers(ctx context.Context, db *database.DB, merchant string, from, to time.Time) (out []Turnover, err error) {
	return out, db.Read(ctx).Raw(`select account, currency,
		sum(case when at < ? then amount else 0 end) as opening,
		sum(case when at >= ? and amount > 0 then amount else 0 end) as debit,
		-sum(case when at >= ? and amount < 0 then amount else 0 end) as credit,
		sum(amount) as closing
		from ledger_lines where merchant_id = ? and at < ? group by account, currency order by account, currency`,
		from, from, from, merchant, to).Scan(&out).Error
}

// Moved reads what the subjects whose name begins with prefix did to an account from one moment up to another.
func Moved(ctx context.Context, db *database.DB, merchant, account, prefix string, from, to time.Time) (out []Balance, err error) {
	return out, db.Read(ctx).Raw(`select account, currency, sum(amount) as amount from ledger_lines
		where merchant_id = ? and account = ? and at >= ? and at < ? and substr(subject, 1, ?) = ? group by account, currency order by currency`,
		merchant, account, from, to, len(prefix), prefix).Scan(&out).Error
}

// Statement reads an account's movements in a span of time, at most limit of them after the entry named, each with the balance after it.
func Statement(ctx context.Context, db *database.DB, merchant, account, currency string, from, to time.Time, limit int) (out []Movement, err error) {
	return out, db.Read(ctx).Raw(`select l.entry_id, l.subject, e.cause, l.at, l.amount,
		sum(l.amount) over (order by l.at, l.entry_id) + coalesce((select sum(b.amount) from ledger_lines b
			where b.merchant_id = l.merchant_id and b.account = l.account and b.currency = l.currency and b.at < ?), 0) as balance
		from ledger_lines l join ledger_entries e on e.merchant_id = l.merchant_id and e.id = l.entry_id
		where l.merchant_id = ? and l.account = ? and l.currency = ? and l.at >= ? and l.at < ? order by l.at, l.entry_id limit ?`,
		from, merchant, account, currency, from, to, limit).Scan(&out).Error
}

// Audit checks that every entry has lines and every line an entry, and that each entry sums to zero in every currency. It may run beside
// a shop at work: an entry and its lines appear together, and each question is one statement.
func Audit(ctx context.Context, db *database.DB, merchant string) (findings []string, err error) {
	var off []struct {
		EntryID, Currency string
		Sum               int64
	}
	err = db.Read(ctx).Raw(`select entry_id, currency, sum(amount) as sum from ledger_lines where merchant_id = ?
		group by entry_id, currency having sum(amount) <> 0 order by entry_id`, merchant).Scan(&off).Error
	if err != nil {
		return nil, err
	}
	for _, e := range off {
		findings = append(findings, fmt.Sprintf("ledger entry %s is off by %d %s", e.EntryID, e.Sum, e.Currency))
	}
	var torn []string
	err = db.Read(ctx).Raw(`select e.id from ledger_entries e left join ledger_lines l on l.merchant_id = e.merchant_id and l.entry_id = e.id
		where e.merchant_id = ? and l.entry_id is null
		union select l.entry_id from ledger_lines l left join ledger_entries e on e.merchant_id = l.merchant_id and e.id = l.entry_id
		where l.merchant_id = ? and (e.id is null or e.subject <> l.subject or e.at <> l.at)`, merchant, merchant).Scan(&torn).Error
	for _, e := range torn {
		findings = append(findings, fmt.Sprintf("ledger entry %s and its lines do not belong together", e))
	}
	return findings, err
}

// Days reads what was moved in an account on each of so many days from a moment on.
func Days(ctx context.Context, db *database.DB, merchant, account, currency string, from time.Time, days int) ([]int64, error) {
	var sql []string
	var values []any
	for n := range days {
		sql = append(sql, fmt.Sprintf(`select %d as n, coalesce(sum(amount), 0) as amount from ledger_lines
			where merchant_id = ? and account = ? and currency = ? and at >= ? and at < ?`, n))
		values = append(values, merchant, account, currency, from.AddDate(0, 0, n), from.AddDate(0, 0, n+1))
	}
	var rows []struct {
		N      int
		Amount int64
	}
	out := make([]int64, days)
	err := db.Read(ctx).Raw(strings.Join(sql, " union all "), values...).Scan(&rows).Error
	for _, r := range rows {
		out[r.N] = r.Amount
	}
	return out, err
}
