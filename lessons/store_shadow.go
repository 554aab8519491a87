package lessons

import (
	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"sotto.chat/internal/database"
)

// TableName is the table of messages that are read twice.
func (Disagreement) TableName() string { return "second_readings" }

// insertSecond adds a message, once.
func insertSecond(tx database.Tx, d Disagreement) (bool, error) {
	done := tx.DB().Clauses(clause.OnConflict{Columns: []clause.Column{{Name: "merchant_id"}, {Name: "message_id"}}, DoNothing: true}).Create(&d)
	return done.RowsAffected == 1, done.Error
}

func findSecond(q *gorm.DB, merchant, message string) (d Disagreement, err error) {
	err = q.Take(&d, "merchant_id = ? and message_id = ?", merchant, message).Error
	return d, err
}

// moveSecond moves a message on from a state; false where it is in another, or not there.
func moveSecond(tx database.Tx, merchant, message, from, to string) (bool, error) {
	done := tx.DB().Model(&Disagreement{}).Where("merchant_id = ? and message_id = ? and state = ?", merchant, message, from).Update("state", to)
	return done.RowsAffected == 1, done.Error
}

func dropSecond(tx database.Tx, merchant, message, state string) (bool, error) {
	done := tx.DB().Delete(&Disagreement{}, "merchant_id = ? and message_id = ? and state = ?", merchant, message, state)
	return done.RowsAffected == 1, done.Error
}

func findDisagreement(q *gorm.DB, merchant, id string) (d Disagreement, err error) {
	err = q.Take(&d, "merchant_id = ? and id = ? and state = ?", merchant, id, differs).Error
	return d, err
}

func listSeconds(q *gorm.DB, merchant string, f DisagreementFilter) (list []Disagreement, err error) {
	q = q.Where("merchant_id = ? and state = ?", merchant, differs)
	if f.After != "" {
		q = q.Where("id < ?", f.After)
	}
	if f.Acted != "" {
		q = q.Where("acted = ?", f.Acted)
	}
	if f.Kind != "" {
		q = q.Where("kind = ?", f.Kind)
	}
	if f.Open {
		q = q.Where("settled_at is null")
	}
	err = q.Order("id desc").Limit(f.Limit).Find(&list).Error
	return list, err
}

func settleSecond(tx database.Tx, d Disagreement) (bool, error) {
	done := tx.DB().Model(&Disagreement{}).Where("merchant_id = ? and id = ? and settled_at is null", d.MerchantID, d.ID).
		Updates(map[string]any{"verdict": d.Verdict, "settled_by": d.SettledBy, "settled_at": d.SettledAt})
	return done.RowsAffected == 1, done.Error
}

func addCount(tx database.Tx, merchant, day string, c Count) error {
	return tx.DB().Exec(`insert into second_reading_counts (merchant_id, day, kind, agreed, differed, unanswered) values (?, ?, ?, ?, ?, ?)
		on conflict (merchant_id, day, kind) do update set agreed = second_reading_counts.agreed + excluded.agreed,
		differed = second_reading_counts.differed + excluded.differed, unanswered = second_reading_counts.unanswered + excluded.unanswered`,
		merchant, day, c.Kind, c.Agreed, c.Differed, c.Unanswered).Error
}

func sumCounts(q *gorm.DB, merchant, since string) (list []Count, err error) {
	err = q.Raw(`select kind, cast(sum(agreed) as bigint) as agreed, cast(sum(differed) as bigint) as differed, cast(sum(unanswered) as bigint) as unanswered from second_reading_counts
		where merchant_id = ? and day >= ? group by kind order by kind`, merchant, since).Scan(&list).Error
	return list, err
}

func entryOf(q *gorm.DB, merchant, message string) (e Entry, err error) {
	err = q.Take(&e, "merchant_id = ? and message_id = ?", merchant, message).Error
	return e, err
}
