package events

import (
	"crypto/sha256"
	"encoding/hex"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"sotto.chat/internal/database"
	"sotto.chat/internal/id"
	"sotto.chat/orders"
)

// eventID is the same for the same news, however often it is heard.
func eventID(n orders.Changed) string {
	sum := sha256.Sum256([]byte(n.Merchant + "\x00" + n.Order + "\x00" + n.Fact + "\x00" + string(n.From) + "\x00" + string(n.To)))
	return "evn_" + hex.EncodeToString(sum[:16])
}

func insertEvent(tx database.Tx, e Event) (fresh bool, err error) {
	r := tx.DB().Clauses(clause.OnConflict{DoNothing: true}).Create(&e)
	return r.RowsAffected == 1, r.Error
}

func active(db *gorm.DB, merchant string) ([]Endpoint, error) {
	var list []Endpoint
	err := db.Where("merchant_id = ? and disabled_at is null", merchant).Order("id").Find(&list).Error
	return list, err
}

func load(db *gorm.DB, n call) (e Event, p Endpoint, err error) {
	if err = db.Where("merchant_id = ? and id = ?", n.Merchant, n.Event).Take(&e).Error; err != nil {
		return e, p, err
	}
	err = db.Where("merchant_id = ? and id = ?", n.Merchant, n.Endpoint).Take(&p).Error
	return e, p, err
}

func insertEndpoint(tx database.Tx, p Endpoint) error {
	var n int64
	if err := tx.DB().Model(&Endpoint{}).Where("merchant_id = ? and disabled_at is null", p.MerchantID).Count(&n).Error; err != nil {
		return err
	}
	if n >= maxEndpoints {
		return ErrTooMany
	}
	return tx.DB().Create(&p).Error
}

func disable(tx database.Tx, merchant, endpoint string) error {
	r := tx.DB().Model(&Endpoint{}).Where("merchant_id = ? and id = ? and disabled_at is null", merchant, endpoint).Update("disabled_at", tx.Now)
	if r.Error == nil && r.RowsAffected == 0 {
		return ErrNoEndpoint
	}
	return r.Error
}

func listEvents(db *gorm.DB, merchant, after string, limit int) ([]Event, error) {
	var list []Event
	q := db.Where("merchant_id = ?", merchant)
	if after != "" {
		var last Event
		if id.Check("evn", after) != nil {
			return nil, ErrCursor
		}
		err := db.Where("merchant_id = ? and id = ?", merchant, after).Take(&last).Error
		if database.NotFound(err) {
			return nil, ErrCursor
		}
		if err != nil {
			return nil, err
		}
		q = q.Where("at > ? or (at = ? and id > ?)", last.At, last.At, last.ID)
	}
	err := q.Order("at, id").Limit(limit).Find(&list).Error
	return list, err
}
