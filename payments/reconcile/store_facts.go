package reconcile

import (
	"slices"
	"time"

	"gorm.io/gorm"
)

// coin is money as it is written down here. Reference is what we wrote on its offer, or the intent of a session that was told without it.
type coin struct {
	ID, PaymentID, OrderID, Account, Reference string
	Amount                                     int64
	Currency                                   string
	Fee                                        *int64
	FeeCurrency                                string
	At                                         time.Time
}

// refund is money that went back, as it is written down here.
type refund struct {
	ID, PaymentID, Coin, External string
	Amount                        int64
	Currency, Status              string
	At, DecidedAt                 time.Time
}

// dispute is a bank's claim, as it is written down here.
type dispute struct {
	ID, PaymentID, Coin string
	Amount              int64
	Currency, Status    string
	At, DecidedAt       time.Time
}

// coins finish each question about coins: r are the receipts.
const coins = `select r.external_id as id, r.payment_id, p.order_id, r.account, r.amount, r.currency, r.fee, r.fee_currency, r.at,
	coalesce((select min(case when r.method = 'stripe' then s.intent_id else s.external_id end) from payment_sessions s
		where s.merchant_id = r.merchant_id and s.payment_id = r.payment_id and s.method = r.method
		and (s.external_id = r.external_id or r.method <> 'stripe' and s.account = r.account and s.status = 'paid')), '') as reference
	from receipts r join payments p on p.merchant_id = r.merchant_id and p.id = r.payment_id where r.merchant_id = ? and `

func coinsBetween(db *gorm.DB, merchant, method string, from, to time.Time) (out []coin, err error) {
	return out, db.Raw(coins+"r.method = ? and r.at >= ? and r.at < ? order by r.at, r.external_id", merchant, method, from, to).Scan(&out).Error
}

func coinsByID(db *gorm.DB, merchant, method string, ids []string) ([]coin, error) {
	return inParts(ids, func(part []string) (out []coin, err error) {
		return out, db.Raw(coins+"r.method = ? and r.external_id in ?", merchant, method, part).Scan(&out).Error
	})
}

func coinsByPayment(db *gorm.DB, merchant, method string, payments []string) ([]coin, error) {
	return inParts(payments, func(part []string) (out []coin, err error) {
		return out, db.Raw(coins+"r.method = ? and r.payment_id in ?", merchant, method, part).Scan(&out).Error
	})
}

// coinsByReference finds coins by what we wrote on the offer, or on the session of a coin that was told without its intent.
func coinsByReference(db *gorm.DB, merchant, method string, references []string) ([]coin, error) {
	return inParts(references, func(part []string) (out []coin, err error) {
		return out, db.Raw(coins+`r.method = ? and exists (select 1 from payment_sessions s where s.merchant_id = r.merchant_id and s.payment_id = r.payment_id
			and s.method = r.method and (s.external_id in ? and r.method <> 'stripe' or s.intent_id in ? and s.external_id = r.external_id))`,
			merchant, method, part, part).Scan(&out).Error
	})
}

// coinOf finds the coin that a line names.
func coinOf(db *gorm.DB, l Line) (c coin, ok bool, err error) {
	var none []string
	list, err := coinsByID(db, l.MerchantID, l.Provider, append(none, l.Coin))
	if err == nil && len(list) == 0 {
		list, err = coinsByReference(db, l.MerchantID, l.Provider, append(none, l.Coin))
	}
	if err != nil || len(list) == 0 {
		return c, false, err
	}
	return list[0], true, nil
}

// untold is a coin whose fee is not written down, with the fee that a statement tells.
type untold struct {
	Coin, Currency string
	Fee            int64
}

// unlearnt finds coins whose fee a statement has told and nobody has written down. Of two lines about one coin, either one does: the other is a difference.
func unlearnt(db *gorm.DB, merchant, provider string) (out []untold, err error) {
	const ask = `select r.external_id as coin, l.fee, l.currency from receipts r `
	const rest = ` and l.kind = 'payment' and l.amount > 0 and ` + newest + ` where r.merchant_id = ? and r.method = ? and r.fee is null `
	return out, db.Raw(`select coin, fee, currency from (`+
		ask+`join statement_lines l on l.merchant_id = r.merchant_id and l.provider = r.method and l.coin = r.external_id`+rest+` union `+
		ask+`join payment_sessions s on s.merchant_id = r.merchant_id and s.payment_id = r.payment_id and s.external_id = r.external_id and s.intent_id <> ''
			join statement_lines l on l.merchant_id = r.merchant_id and l.provider = r.method and l.coin = s.intent_id`+rest+`) x limit 5000`,
		merchant, provider, merchant, provider).Scan(&out).Error
}

const refunds = `select f.id, f.payment_id, r.external_id as coin, f.external_id as external, f.amount, f.currency, f.status, f.created_at as at, f.updated_at as decided_at
	from refunds f join receipts r on r.merchant_id = f.merchant_id and r.payment_id = f.payment_id where f.merchant_id = ? and r.method = ? and `

func refundsBetween(db *gorm.DB, merchant, method string, from, to time.Time) (out []refund, err error) {
	return out, db.Raw(refunds+"f.created_at >= ? and f.created_at < ? order by f.id", merchant, method, from, to).Scan(&out).Error
}

func refundsBy(db *gorm.DB, merchant, method, column string, values []string) ([]refund, error) {
	by := map[string]string{"payment": "f.payment_id in ?", "id": "f.id in ?", "external": "f.external_id in ?"}[column]
	return inParts(values, func(part []string) (out []refund, err error) {
		return out, db.Raw(refunds+by+" order by f.id", merchant, method, part).Scan(&out).Error
	})
}

const disputes = `select d.id, d.payment_id, r.external_id as coin, d.amount, d.currency, d.status, d.created_at as at, d.updated_at as decided_at
	from disputes d join receipts r on r.merchant_id = d.merchant_id and r.payment_id = d.payment_id where d.merchant_id = ? and r.method = ? and `

func disputesBetween(db *gorm.DB, merchant, method string, from, to time.Time) (out []dispute, err error) {
	return out, db.Raw(disputes+"(d.created_at >= ? and d.created_at < ? or d.updated_at >= ? and d.updated_at < ?) order by d.id",
		merchant, method, from, to, from, to).Scan(&out).Error
}

func disputesBy(db *gorm.DB, merchant, method, column string, values []string) ([]dispute, error) {
	by := map[string]string{"payment": "d.payment_id in ?", "id": "d.id in ?"}[column]
	return inParts(values, func(part []string) (out []dispute, err error) {
		return out, db.Raw(disputes+by+" order by d.id", merchant, method, part).Scan(&out).Error
	})
}

// unique leaves each value once, and none that is empty.
func unique(values []string) []string {
	slices.Sort(values)
	return slices.DeleteFunc(slices.Compact(values), func(s string) bool { return s == "" })
}
