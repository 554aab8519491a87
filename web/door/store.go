package door

import (
	"context"
	"time"

	"gorm.io/gorm/clause"

	"sotto.chat/internal/database"
	"sotto.chat/privacy"
)

type keyRow struct {
	MerchantID, KeyID, Key string
	RequestHash            string
	Status                 int64
	Headers                string
	Sealed                 []byte
	CreatedAt              time.Time
	FinishedAt             *time.Time
}

// TableName names the table.
func (keyRow) TableName() string { return "idempotency_keys" }

func (r keyRow) label() string { return "idempotency_keys.sealed:" + r.KeyID + ":" + r.Key }

const keyIs = "merchant_id = ? and key_id = ? and key = ?"

// claim inserts the row (true), or loads the finished one (false).
func (s *Repeats) claim(ctx context.Context, row *keyRow) (first bool, err error) {
	err = s.DB.InTx(ctx, func(tx database.Tx) error {
		row.CreatedAt, row.Headers = tx.Now, "{}"
		done := tx.DB().Clauses(clause.OnConflict{DoNothing: true}).Create(row)
		if done.Error != nil || done.RowsAffected == 1 {
			first = done.Error == nil
			return done.Error
		}
		first = false
		var old keyRow
		if err := tx.DB().Clauses(clause.Locking{Strength: "UPDATE"}).Where(keyIs, row.MerchantID, row.KeyID, row.Key).Take(&old).Error; err != nil {
			return err
		}
		switch {
		case tx.Now.Sub(old.CreatedAt) > keepKeys, old.FinishedAt == nil && tx.Now.Sub(old.CreatedAt) > staleClaim:
			first = true
			return tx.DB().Model(&keyRow{}).Where(keyIs, row.MerchantID, row.KeyID, row.Key).
				Updates(map[string]any{"request_hash": row.RequestHash, "created_at": tx.Now, "finished_at": nil, "status": 0, "sealed": nil}).Error
		case old.RequestHash != row.RequestHash:
			return ErrKeyReused
		case old.FinishedAt == nil:
			return ErrKeyInFlight
		}
		*row = old
		return nil
	})
	return first, err
}

func (s *Repeats) finish(ctx context.Context, row keyRow, body []byte) error {
	return s.DB.InTx(ctx, func(tx database.Tx) error {
		sealed, err := s.Keys.Seal(tx, row.MerchantID, privacy.MerchantSubject(), row.label(), body)
		if err != nil {
			return err
		}
		return tx.DB().Model(&keyRow{}).Where(keyIs, row.MerchantID, row.KeyID, row.Key).
			Updates(map[string]any{"status": row.Status, "headers": row.Headers, "sealed": sealed, "finished_at": tx.Now}).Error
	})
}

func (s *Repeats) drop(ctx context.Context, row keyRow) error {
	return s.DB.InTx(ctx, func(tx database.Tx) error {
		return tx.DB().Where(keyIs, row.MerchantID, row.KeyID, row.Key).Delete(&keyRow{}).Error
	})
}

// Sweep forgets answers that are a day old.
func (s *Repeats) Sweep(ctx context.Context) error {
	return s.DB.InTx(ctx, func(tx database.Tx) error {
		return tx.DB().Where("created_at < ?", tx.Now.Add(-keepKeys)).Delete(&keyRow{}).Error
	})
}
