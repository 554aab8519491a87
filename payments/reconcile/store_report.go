package reconcile

import (
	"time"

	"gorm.io/gorm"
)

// margins reads what is left of each order for which money moved in a span of time.
func margins(db *gorm.DB, merchant string, from, to time.Time, limit int) (out []Margin, err error) {
	return out, db.Raw(`select p.order_id, l.currency,
			-sum(case when l.account = 'sales' then l.amount else 0 end) as sales,
			-sum(case when l.account = 'unsettled' then l.amount else 0 end) as unsettled,
			sum(case when l.account = 'refunds' then l.amount else 0 end) as refunds,
			sum(case when l.account = 'disputes_lost' then l.amount else 0 end) as lost,
			sum(case when l.account = 'fees' then l.amount else 0 end) as fees
		from payments p join ledger_lines l on l.merchant_id = p.merchant_id and l.subject = p.id
		where p.merchant_id = ? and p.order_id in (select q.order_id from ledger_entries e join payments q on q.merchant_id = e.merchant_id and q.id = e.subject
			where e.merchant_id = ? and e.at >= ? and e.at < ?)
		group by p.order_id, l.currency order by p.order_id, l.currency limit ?`, merchant, merchant, from, to, limit).Scan(&out).Error
}

// waiting reads the payments that need a person.
func waiting(db *gorm.DB, merchant string, limit int) (out []Waiting, err error) {
	return out, db.Raw(`select id as payment_id, order_id, reason, amount, paid_amount as paid, currency, updated_at as since from payments
		where merchant_id = ? and (status = 'needs_review' or status = 'authorized' and reason = 'hold_ends') order by updated_at, id limit ?`, merchant, limit).Scan(&out).Error
}
