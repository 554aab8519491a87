package console

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"time"

	"github.com/alexedwards/scs/v2"
	"gorm.io/gorm/clause"

	"sotto.chat/internal/database"
)

// row is one session. Only the hash of its token is stored: a leaked table opens no session.
type row struct {
	Token  string `gorm:"primaryKey"`
	Data   []byte
	Expiry time.Time
}

// TableName names the table.
func (row) TableName() string { return "sessions" }

// store keeps sessions in the database, so that any replica serves any request.
type store struct{ db *database.DB }

var _ scs.CtxStore = store{}

func hash(token string) string {
	sum := sha256.Sum256([]byte(token))
	return hex.EncodeToString(sum[:])
}

// FindCtx gives a session that has not ended.
func (s store) FindCtx(ctx context.Context, token string) ([]byte, bool, error) {
	var r row
	err := s.db.Read(ctx).Take(&r, "token = ? and expiry > ?", hash(token), s.db.Now()).Error
	if database.NotFound(err) {
		return nil, false, nil
	}
	return r.Data, err == nil, err
}

// CommitCtx writes a session, and clears away some that have ended.
func (s store) CommitCtx(ctx context.Context, token string, data []byte, expiry time.Time) error {
	return s.db.InTx(ctx, func(tx database.Tx) error {
		if err := tx.DB().Where("expiry < ?", tx.Now.Add(-time.Hour)).Delete(&row{}).Error; err != nil {
			return err
		}
		return tx.DB().Clauses(clause.OnConflict{Columns: []clause.Column{{Name: "token"}}, DoUpdates: clause.AssignmentColumns([]string{"data", "expiry"})}).
			Create(&row{hash(token), data, expiry.UTC()}).Error
	})
}

// DeleteCtx ends a session.
func (s store) DeleteCtx(ctx context.Context, token string) error {
	return s.db.InTx(ctx, func(tx database.Tx) error { return tx.DB().Delete(&row{}, "token = ?", hash(token)).Error })
}

// Find is FindCtx for scs, which prefers that one.
func (s store) Find(token string) ([]byte, bool, error) {
	return s.FindCtx(context.Background(), token)
}

// Commit is CommitCtx for scs, which prefers that one.
func (s store) Commit(token string, data []byte, expiry time.Time) error {
	return s.CommitCtx(context.Background(), token, data, expiry)
}

// Delete is DeleteCtx for scs, which prefers that one.
func (s store) Delete(token string) error { return s.DeleteCtx(context.Background(), token) }
