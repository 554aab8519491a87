package payouts

import (
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"sotto.chat/internal/database"
)

// TableName names the table.
func (Payout) TableName() string { return "payouts" }

func insert(tx database.Tx, p Payout) (bool, error) {
	r := tx.DB().Clauses(clause.OnConflict{DoNothing: true}).Create(&p)
	return r.RowsAffected == 1, r.Error
}

func lock(tx database.Tx, p Payout) (old Payout, err error) {
	return old, tx.DB().Clauses(clause.Locking{Strength: "UPDATE"}).Where("merchant_id = ? and account = ? and id = ?", p.MerchantID, p.Account, p.ID).Take(&old).Error
}

func save(tx database.Tx, p Payout) error {
	return tx.DB().Exec("update payouts set status = ?, failure = ?, arrives_at = ?, updated_at = ? where merchant_id = ? and account = ? and id = ?",
		p.Status, p.Failure, p.ArrivesAt, p.UpdatedAt, p.MerchantID, p.Account, p.ID).Error
}

func between(db *gorm.DB, merchant string, from, to time.Time) (out []Payout, err error) {
	return out, db.Where("merchant_id = ? and (created_at >= ? and created_at < ? or status in ('failed', 'canceled') and updated_at >= ? and updated_at < ?)",
		merchant, from, to, from, to).Order("created_at, id").Find(&out).Error
}
