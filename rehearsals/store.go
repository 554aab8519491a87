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
		DoUpdates: clause.AssignmentColumns([]string{"body", "updated_at"})}).Create(&s).Error
}

func dropScript(tx database.Tx, merchant, script string) (bool, error) {
	done := tx.DB().Delete(&Script{}, "merchant_id = ? and id = ?", merchant, script)
	return done.RowsAffected > 0, done.Error
}
