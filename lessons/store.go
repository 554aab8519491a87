package lessons

import (
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"sotto.chat/internal/database"
)

// TableName is the table of what could not be read.
func (Entry) TableName() string { return "misunderstood" }

// TableName is the table of what may be taught.
func (row) TableName() string { return "suggestions" }

// row is a suggestion as it is kept.
type row struct {
	MerchantID, ID, Kind, Target, Mark string
	Words                              []byte
	Source                             string
	Seen                               int64
	State, DecidedBy                   string
	DecidedAt                          *time.Time
	CreatedAt                          time.Time
}

func insertEntry(tx database.Tx, e Entry) error {
	return tx.DB().Clauses(clause.OnConflict{Columns: []clause.Column{{Name: "merchant_id"}, {Name: "message_id"}}, DoNothing: true}).Create(&e).Error
}

func findEntry(q *gorm.DB, merchant, id string) (e Entry, err error) {
	err = q.Take(&e, "merchant_id = ? and id = ?", merchant, id).Error
	return e, err
}

// listEntries gives the newest first; only what nobody has settled where open is set.
func listEntries(q *gorm.DB, merchant, after string, open bool, limit int) (list []Entry, err error) {
	q = q.Where("merchant_id = ?", merchant)
	if after != "" {
		q = q.Where("id < ?", after)
	}
	if open {
		q = q.Where("settled_at is null")
	}
	err = q.Order("id desc").Limit(limit).Find(&list).Error
	return list, err
}

func settleEntry(tx database.Tx, e Entry) error {
	return tx.DB().Model(&Entry{}).Where("merchant_id = ? and id = ?", e.MerchantID, e.ID).
		Updates(map[string]any{"meant": e.Meant, "target": e.Target, "settled_by": e.SettledBy, "settled_at": e.SettledAt}).Error
}

func dropConversation(tx database.Tx, merchant, conversation string) error {
	if err := tx.DB().Delete(&Disagreement{}, "merchant_id = ? and conversation_id = ?", merchant, conversation).Error; err != nil {
		return err
	}
	return tx.DB().Delete(&Entry{}, "merchant_id = ? and conversation_id = ?", merchant, conversation).Error
}

// wipe forgets what is older than it may become, of all merchants.
func wipe(tx database.Tx, entries, suggestions, waiting time.Time) error {
	if err := tx.DB().Where("created_at < ?", entries).Delete(&Entry{}).Error; err != nil {
		return err
	}
	if err := tx.DB().Where("created_at < ? or created_at < ? and state <> ?", entries, waiting, differs).Delete(&Disagreement{}).Error; err != nil {
		return err
	}
	if err := tx.DB().Exec("delete from second_reading_counts where day < ?", day(entries)).Error; err != nil {
		return err
	}
	return tx.DB().Where("created_at < ?", suggestions).Delete(&row{}).Error
}

// putSuggestion adds a suggestion, or counts once more the one of the same words for the same thing.
func putSuggestion(tx database.Tx, r row) error {
	return tx.DB().Clauses(clause.OnConflict{Columns: []clause.Column{{Name: "merchant_id"}, {Name: "mark"}},
		DoUpdates: clause.Assignments(map[string]any{"seen": gorm.Expr("suggestions.seen + 1")})}).Create(&r).Error
}

func findSuggestion(q *gorm.DB, merchant, id string) (r row, err error) {
	err = q.Take(&r, "merchant_id = ? and id = ?", merchant, id).Error
	return r, err
}

func listSuggestions(q *gorm.DB, merchant, after string, limit int) (list []row, err error) {
	q = q.Where("merchant_id = ? and state = ?", merchant, Undecided)
	if after != "" {
		q = q.Where("id < ?", after)
	}
	err = q.Order("id desc").Limit(limit).Find(&list).Error
	return list, err
}

// decide moves a suggestion that nobody has decided; false where somebody has.
func decide(tx database.Tx, r row) (bool, error) {
	done := tx.DB().Model(&row{}).Where("merchant_id = ? and id = ? and state = ?", r.MerchantID, r.ID, Undecided).
		Updates(map[string]any{"state": r.State, "decided_by": r.DecidedBy, "decided_at": r.DecidedAt, "words": r.Words})
	return done.RowsAffected == 1, done.Error
}
