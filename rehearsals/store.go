package rehearsals

import (
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"sotto.chat/internal/database"
)

func insertRun(tx database.Tx, r Run) error { return tx.DB().Create(&r).Error }

func findRun(q *gorm.DB, merchant, run string) (r Run, err error) {
	err = q.Take(&r, "merchant_id = ? and id = ?", merchant, run).Error
	return r, err
}

func lastRun(q *gorm.DB, merchant string) (r Run, err error) {
	err = q.Where("merchant_id = ?", merchant).Order("id desc").Take(&r).Error
	return r, err
}

// runs gives the newest first, those before the run after.
func runs(q *gorm.DB, merchant, after string, limit int) (list []Run, err error) {
	q = q.Where("merchant_id = ?", merchant)
	if after != "" {
		q = q.Where("id < ?", after)
	}
	err = q.Order("id desc").Limit(limit).Find(&list).Error
	return list, err
}

func dropRuns(tx database.Tx, merchant string, before time.Time) error {
	return tx.DB().Delete(&Run{}, "merchant_id = ? and started_at < ?", merchant, before).Error
}

func scripts(q *gorm.DB, merchant string) (list []Script, err error) {
	err = q.Where("merchant_id = ?", merchant).Order("name").Limit(2 * MaxScripts).Find(&list).Error
	return list, err
}

func saveScript(tx database.Tx, s Script) error {
	return tx.DB().Clauses(clause.OnConflict{Columns: []clause.Column{{Name: "merchant_id"}, {Name: "id"}},
		DoUpdates: clause.AssignmentColumns([]string{"body", "sealed", "updated_at"})}).Create(&s).Error
}

func dropScript(tx database.Tx, merchant, script string) (bool, error) {
	done := tx.DB().Delete(&Script{}, "merchant_id = ? and id = ?", merchant, script)
	return done.RowsAffected > 0, done.Error
}

// inClear gives what an earlier version kept without a seal.
func inClear(q *gorm.DB, merchant string) (written []Script, played []Run, err error) {
	if err := q.Where("merchant_id = ? and body <> ''", merchant).Find(&written).Error; err != nil {
		return nil, nil, err
	}
	err = q.Where("merchant_id = ? and sealed is null", merchant).Find(&played).Error
	return written, played, err
}

// sealScript puts the seal in the place of the body, unless somebody has written another meanwhile.
func sealScript(tx database.Tx, s Script, body string) error {
	return tx.DB().Model(&Script{}).Where("merchant_id = ? and id = ? and body = ?", s.MerchantID, s.ID, body).
		Updates(map[string]any{"body": "", "sealed": s.Sealed}).Error
}

func sealRun(tx database.Tx, r Run) error {
	return tx.DB().Model(&Run{}).Where("merchant_id = ? and id = ? and sealed is null", r.MerchantID, r.ID).
		Updates(map[string]any{"outcomes": "[]", "sealed": r.Sealed}).Error
}
