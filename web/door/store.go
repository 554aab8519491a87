package door

import (
	"context"
	"time"

	"gorm.io/gorm/clause"

	"sotto.chat/internal/database"
	"sotto.chat/internal/id"
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
	// Claim names the request that is at work under the key; ActedAt is set in the transaction of its act.
	Claim   string
	ActedAt *time.Time
}

// TableName names the table.
func (keyRow) TableName() string { return "idempotency_keys" }

func (row keyRow) label() string { return "idempotency_keys.sealed:" + row.KeyID + ":" + row.Key }

const keyIs = "merchant_id = ? and key_id = ? and key = ?"

// claim inserts the row (true), or loads the finished one (false). A claim that has not acted after a while is taken over: should
// its request still be alive, its act fails at the fence.
func (s *Repeats) claim(ctx context.Context, row *keyRow) (first bool, err error) {
	err = s.DB.InTx(ctx, func(tx database.Tx) error {
		row.CreatedAt, row.Headers, row.Claim = tx.Now, "{}", id.New("clm")
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
		age := tx.Now.Sub(old.CreatedAt)
		switch {
		case age > keepKeys:
			first = true
		case old.RequestHash != row.RequestHash:
			return ErrKeyReused
		case old.FinishedAt != nil:
			*row = old
			return nil
		case old.ActedAt == nil && age > staleClaim:
			first = true
		case old.ActedAt != nil && age > longestRequest:
			return ErrAnswerLost
		default:
			return ErrKeyInFlight
		}
		return tx.DB().Model(&keyRow{}).Where(keyIs, row.MerchantID, row.KeyID, row.Key).Updates(map[string]any{"request_hash": row.RequestHash,
			"created_at": tx.Now, "finished_at": nil, "acted_at": nil, "claim": row.Claim, "status": 0, "sealed": nil}).Error
	})
	return first, err
}

// fence marks the claim as acted upon, or fails when another request has taken it over.
func (row keyRow) fence(tx database.Tx) error {
	done := tx.DB().Model(&keyRow{}).Where(keyIs+" and claim = ?", row.MerchantID, row.KeyID, row.Key, row.Claim).Update("acted_at", tx.Now)
	if done.Error == nil && done.RowsAffected == 0 {
		return ErrKeyInFlight
	}
	return done.Error
}

// keep stores the answer, sealed: answers hold personal data and new keys. It is the fence too.
func (s *Repeats) keep(tx database.Tx, row keyRow, body []byte) error {
	sealed, err := s.Keys.Seal(tx, row.MerchantID, privacy.MerchantSubject(), row.label(), body)
	if err != nil {
		return err
	}
	done := tx.DB().Model(&keyRow{}).Where(keyIs+" and claim = ?", row.MerchantID, row.KeyID, row.Key, row.Claim).
		Updates(map[string]any{"status": row.Status, "headers": row.Headers, "sealed": sealed, "acted_at": tx.Now, "finished_at": tx.Now})
	if done.Error == nil && done.RowsAffected == 0 {
		return ErrKeyInFlight
	}
	return done.Error
}

func (s *Repeats) drop(ctx context.Context, row keyRow) error {
	return s.DB.InTx(ctx, func(tx database.Tx) error {
		return tx.DB().Where(keyIs+" and claim = ?", row.MerchantID, row.KeyID, row.Key, row.Claim).Delete(&keyRow{}).Error
	})
}

// Sweep forgets answers that are a day old.
func (s *Repeats) Sweep(ctx context.Context) error {
	return s.DB.InTx(ctx, func(tx database.Tx) error {
		return tx.DB().Where("created_at < ?", tx.Now.Add(-keepKeys)).Delete(&keyRow{}).Error
	})
}
