package saved

import (
	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"sotto.chat/internal/database"
)

// TableName names the table.
func (row) TableName() string { return "saved_customers" }

func found(err error) (bool, error) {
	if database.NotFound(err) {
		return false, nil
	}
	return err == nil, err
}

func find(db *gorm.DB, merchant, account, customer string) (r row, ok bool, err error) {
	ok, err = found(db.Where("merchant_id = ? and account = ? and customer_id = ? and dropped_at is null", merchant, account, customer).Take(&r).Error)
	return r, ok, err
}

func findDropped(db *gorm.DB, merchant, id string) (r row, ok bool, err error) {
	ok, err = found(db.Where("merchant_id = ? and id = ? and dropped_at is not null", merchant, id).Take(&r).Error)
	return r, ok, err
}

func ofCustomer(tx database.Tx, merchant, customer string) (out []row, err error) {
	return out, tx.DB().Clauses(clause.Locking{Strength: "UPDATE"}).Where("merchant_id = ? and customer_id = ? and dropped_at is null", merchant, customer).
		Order("id").Find(&out).Error
}

func insert(tx database.Tx, r row) error {
	return tx.DB().Clauses(clause.OnConflict{DoNothing: true}).Create(&r).Error
}

func save(tx database.Tx, r row) error {
	return tx.DB().Exec("update saved_customers set customer_id = ?, sealed = ?, dropped_at = ? where merchant_id = ? and id = ?",
		r.CustomerID, r.Sealed, r.DroppedAt, r.MerchantID, r.ID).Error
}

func remove(tx database.Tx, merchant, id string) error {
	return tx.DB().Exec("delete from saved_customers where merchant_id = ? and id = ?", merchant, id).Error
}
