package privacy

import (
	"fmt"
	"slices"

	"gorm.io/gorm"

	"sotto.chat/internal/database"
)

// query is a handle inside or outside a transaction; only reads take it.
type query = *gorm.DB

// keyRow is a living key, still wrapped, and the merchant's key that wraps it.
type keyRow struct {
	Subject                    Subject
	Wrapped, Parent            []byte
	Destroyed, ParentDestroyed bool
}

const selectKeys = `select s.subject as subject, s.wrapped as wrapped, s.destroyed_at is not null as destroyed,
 m.wrapped as parent, m.destroyed_at is not null as parent_destroyed
 from data_keys s join data_keys m on m.merchant_id = s.merchant_id and m.subject = ?
 where s.merchant_id = ? and s.subject in ?`

// findKey reads by primary key, so that a destroyed key is noticed at every use.
func findKey(q query, merchant string, s Subject) (keyRow, error) {
	var row keyRow
	r := q.Raw(selectKeys, MerchantSubject(), merchant, []Subject{s}).Scan(&row)
	switch {
	case r.Error != nil:
		return keyRow{}, fmt.Errorf("read a key: %w", r.Error)
	case r.RowsAffected == 0:
		return keyRow{}, fmt.Errorf("%w: %s", ErrNoKey, s)
	case row.Destroyed, row.ParentDestroyed:
		return keyRow{}, ErrForgotten
	}
	return row, nil
}

// findKeys reads the living ones among many.
func findKeys(q query, merchant string, subjects []Subject) ([]keyRow, error) {
	var rows []keyRow
	for part := range slices.Chunk(subjects, 1000) {
		var some []keyRow
		err := q.Raw(selectKeys+" and s.destroyed_at is null and m.destroyed_at is null", MerchantSubject(), merchant, part).Scan(&some).Error
		if err != nil {
			return nil, fmt.Errorf("read keys: %w", err)
		}
		rows = append(rows, some...)
	}
	return rows, nil
}

// insertKey tells false where the subject has a row already.
func insertKey(tx database.Tx, merchant string, s Subject, wrapped []byte) (bool, error) {
	r := tx.DB().Exec(`insert into data_keys (merchant_id, subject, wrapped, created_at) values (?, ?, ?, ?)
 on conflict (merchant_id, subject) do nothing`, merchant, s, wrapped, tx.Now)
	if r.Error != nil {
		return false, fmt.Errorf("store a key: %w", r.Error)
	}
	return r.RowsAffected == 1, nil
}

func destroyKey(tx database.Tx, merchant string, s Subject) error {
	err := tx.DB().Exec(`insert into data_keys (merchant_id, subject, wrapped, created_at, destroyed_at) values (?, ?, null, ?, ?)
 on conflict (merchant_id, subject) do update set wrapped = null, destroyed_at = coalesce(data_keys.destroyed_at, excluded.destroyed_at)`,
		merchant, s, tx.Now, tx.Now).Error
	if err != nil {
		return fmt.Errorf("destroy a key: %w", err)
	}
	return nil
}

// lockKey keeps the row from others until the transaction ends. The empty update locks on both engines.
func lockKey(tx database.Tx, merchant string, s Subject) (keyRow, error) {
	err := tx.DB().Exec("update data_keys set created_at = created_at where merchant_id = ? and subject = ?", merchant, s).Error
	if err != nil {
		return keyRow{}, fmt.Errorf("lock a key: %w", err)
	}
	return findKey(tx.DB(), merchant, s)
}

func replaceKey(tx database.Tx, merchant string, s Subject, wrapped []byte) error {
	err := tx.DB().Exec("update data_keys set wrapped = ? where merchant_id = ? and subject = ? and destroyed_at is null", wrapped, merchant, s).Error
	if err != nil {
		return fmt.Errorf("replace a key: %w", err)
	}
	return nil
}

func insertLook(tx database.Tx, l Look) error {
	if err := tx.DB().Create(&l).Error; err != nil {
		return fmt.Errorf("log a look: %w", err)
	}
	return nil
}

func findLooks(q query, merchant string, s Subject, limit int) ([]Look, error) {
	var list []Look
	err := q.Where("merchant_id = ? and subject = ?", merchant, s).Order("id desc").Limit(limit).Find(&list).Error
	if err != nil {
		return nil, fmt.Errorf("read the access log: %w", err)
	}
	for i := range list {
		list[i].At = list[i].At.UTC()
	}
	return list, nil
}

// anyMerchant names a merchant with a living key, if there is one.
func anyMerchant(q query) (merchant string, found bool, err error) {
	r := q.Raw("select merchant_id from data_keys where subject = ? and destroyed_at is null limit 1", MerchantSubject()).Scan(&merchant)
	return merchant, r.RowsAffected == 1, r.Error
}
