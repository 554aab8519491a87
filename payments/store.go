package payments

import (
	"context"
	"strings"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"sotto.chat/internal/database"
)

// TableName names the table.
func (Payment) TableName() string { return "payments" }

// TableName names the table.
func (Refund) TableName() string { return "refunds" }

func locked(db *gorm.DB) *gorm.DB { return db.Clauses(clause.Locking{Strength: "UPDATE"}) }

// found turns "no row" into a plain false.
func found(err error) (bool, error) {
	if database.NotFound(err) {
		return false, nil
	}
	return err == nil, err
}

func insertPayment(tx database.Tx, p *Payment) error {
	return tx.Later(func(db *gorm.DB) error { return db.Create(p).Error })
}

func readPayment(db *gorm.DB, merchant, id string) (p Payment, err error) {
	ok, err := found(db.Where("merchant_id = ? and id = ?", merchant, id).Take(&p).Error)
	if err == nil && !ok {
		err = ErrUnknownPay
	}
	return p, err
}

// lockPayment reads a payment and keeps others from changing it until the transaction ends. Everything that moves money
// does this first, so that it happens one after the other.
func lockPayment(tx database.Tx, merchant, id string) (Payment, error) {
	return readPayment(locked(tx.DB()), merchant, id)
}

// savePayment writes what may change of a locked payment.
func savePayment(tx database.Tx, p *Payment) error {
	p.Version++
	p.UpdatedAt = tx.Now
	return tx.DB().Exec(`update payments set status = ?, reason = ?, paid_amount = ?, refunded_amount = ?, expires_at = ?, version = ?, updated_at = ?
		where merchant_id = ? and id = ?`, p.Status, p.Reason, p.PaidAmount, p.RefundedAmount, p.ExpiresAt, p.Version, p.UpdatedAt, p.MerchantID, p.ID).Error
}

// readOfOrders reads the payments of at most 1000 orders, oldest first.
func readOfOrders(db *gorm.DB, merchant string, orders []string) (out []Payment, err error) {
	return out, db.Where("merchant_id = ? and order_id in ?", merchant, orders).Order("id").Find(&out).Error
}

func (p *Payments) list(ctx context.Context, merchant string, f Filter) (out []Payment, err error) {
	q := p.db.Read(ctx).Where("merchant_id = ?", merchant).Order("id desc").Limit(f.Limit + 1)
	if f.Status != "" {
		q = q.Where("status = ?", f.Status)
	}
	if f.OrderID != "" {
		q = q.Where("order_id = ?", f.OrderID)
	}
	if f.After != "" {
		q = q.Where("id < ?", f.After)
	}
	return out, q.Find(&out).Error
}

// receipt is money that came in.
type receipt struct {
	MerchantID string `gorm:"primaryKey"`
	ExternalID string `gorm:"primaryKey"`
	PaymentID  string
	Account    string
	Amount     int64
	Currency   string
	At         time.Time
	Method     string
	// Fee is what the provider kept, once known.
	Fee         *int64
	FeeCurrency string
}

// TableName names the table.
func (receipt) TableName() string { return "receipts" }

func readReceipt(db *gorm.DB, merchant, coin string) (r receipt, ok bool, err error) {
	ok, err = found(db.Where("merchant_id = ? and external_id = ?", merchant, coin).Take(&r).Error)
	return r, ok, err
}

// readReceiptOf finds the one receipt that a payment can have: a second coin gets a payment of its own.
func readReceiptOf(db *gorm.DB, merchant, payment string) (r receipt, ok bool, err error) {
	ok, err = found(db.Where("merchant_id = ? and payment_id = ?", merchant, payment).Take(&r).Error)
	return r, ok, err
}

// readCoinOf finds money by the provider's id in an account's books; an empty merchant asks for every merchant of the platform's account.
func readCoinOf(db *gorm.DB, merchant, account, coin string) (r receipt, ok bool, err error) {
	q := db.Where("external_id = ? and account = ?", coin, account)
	if merchant != "" {
		q = q.Where("merchant_id = ?", merchant)
	}
	ok, err = found(q.Take(&r).Error)
	return r, ok, err
}

// saveReceipt writes a sum that was put right.
func saveReceipt(tx database.Tx, r *receipt) error {
	return tx.DB().Exec("update receipts set amount = ?, currency = ?, fee = ?, fee_currency = ? where merchant_id = ? and external_id = ?",
		r.Amount, r.Currency, r.Fee, r.FeeCurrency, r.MerchantID, r.ExternalID).Error
}

// moveCoin gives a coin, with its refunds and disputes, to another payment.
func moveCoin(tx database.Tx, merchant, coin, from, to string) error {
	err := tx.DB().Exec("update receipts set payment_id = ? where merchant_id = ? and external_id = ?", to, merchant, coin).Error
	for _, table := range []string{"refunds", "disputes"} {
		if err == nil {
			err = tx.DB().Exec("update "+table+" set payment_id = ? where merchant_id = ? and payment_id = ?", to, merchant, from).Error
		}
	}
	return err
}

func insertReceipt(tx database.Tx, r *receipt) error { return tx.DB().Create(r).Error }

func insertRefund(tx database.Tx, r *Refund) error { return tx.DB().Create(r).Error }

func readRefundRow(db *gorm.DB, merchant, id string) (r Refund, ok bool, err error) {
	ok, err = found(db.Where("merchant_id = ? and id = ?", merchant, id).Take(&r).Error)
	return r, ok, err
}

func readRefundByKey(db *gorm.DB, merchant, payment, key string) (r Refund, ok bool, err error) {
	ok, err = found(db.Where("merchant_id = ? and payment_id = ? and idempotency_key = ?", merchant, payment, key).Take(&r).Error)
	return r, ok, err
}

func readRefunds(db *gorm.DB, merchant, payment string) (out []Refund, err error) {
	return out, db.Where("merchant_id = ? and payment_id = ?", merchant, payment).Order("id").Find(&out).Error
}

func saveRefund(tx database.Tx, r *Refund) error {
	r.UpdatedAt = tx.Now
	return tx.DB().Exec("update refunds set status = ?, external_id = ?, attempt = ?, updated_at = ? where merchant_id = ? and id = ?",
		r.Status, r.ExternalID, r.Attempt, r.UpdatedAt, r.MerchantID, r.ID).Error
}

// resizeRefund changes the sum of a refund that stands for what is not known by name; nothing left is no refund.
func resizeRefund(tx database.Tx, r *Refund, amount int64) error {
	if amount == 0 {
		return tx.DB().Exec("delete from refunds where merchant_id = ? and id = ?", r.MerchantID, r.ID).Error
	}
	r.Amount, r.UpdatedAt = amount, tx.Now
	return tx.DB().Exec("update refunds set amount = ?, updated_at = ? where merchant_id = ? and id = ?", r.Amount, r.UpdatedAt, r.MerchantID, r.ID).Error
}

// Dispute is a customer's bank taking money back, as the provider reports it.
type Dispute struct {
	MerchantID string `gorm:"primaryKey"`
	ID         string `gorm:"primaryKey"`
	PaymentID  string
	Amount     int64
	Currency   string
	Status     string
	Reason     string
	CreatedAt  time.Time `gorm:"autoCreateTime:false"`
	UpdatedAt  time.Time `gorm:"autoUpdateTime:false"`
}

// TableName names the table.
func (Dispute) TableName() string { return "disputes" }

func readDisputes(db *gorm.DB, merchant, payment string) (out []Dispute, err error) {
	return out, db.Where("merchant_id = ? and payment_id = ?", merchant, payment).Order("id").Find(&out).Error
}

func putDispute(tx database.Tx, d *Dispute) error {
	return tx.DB().Clauses(clause.OnConflict{Columns: []clause.Column{{Name: "merchant_id"}, {Name: "id"}},
		DoUpdates: clause.AssignmentColumns([]string{"status", "amount", "updated_at"})}).Create(d).Error
}

// sums is a payment beside what its receipts and refunds say.
type sums struct {
	Payment
	Received, Returned, Coins int64
}

// readSums reads each payment with its sums in one statement, so that it sees one moment of a shop at work.
func (p *Payments) readSums(ctx context.Context, merchant, after string, limit int) (out []sums, err error) {
	return out, p.db.Read(ctx).Raw(`select p.*,
		(select coalesce(sum(r.amount), 0) from receipts r where r.merchant_id = p.merchant_id and r.payment_id = p.id and r.currency = p.currency) as received,
		(select count(*) from receipts r where r.merchant_id = p.merchant_id and r.payment_id = p.id) as coins,
		(select coalesce(sum(f.amount), 0) from refunds f where f.merchant_id = p.merchant_id and f.payment_id = p.id
			and f.currency = p.currency and f.status = 'succeeded') as returned
		from payments p where p.merchant_id = ? and p.id > ? order by p.id limit ?`, merchant, after, limit).Scan(&out).Error
}

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
