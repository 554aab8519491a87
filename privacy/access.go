package privacy

import (
	"context"
	"time"

	"sotto.chat/internal/database"
	"sotto.chat/internal/id"
)

// Look is one time that somebody looked at what belongs to a subject. The customer can read this log, and it
// outlives the subject's key. Actor is an id and Action a fixed word, never what a person wrote.
type Look struct {
	MerchantID string
	ID         string
	Subject    Subject
	Actor      string
	Action     string
	At         time.Time
}

// TableName is the table of the log.
func (Look) TableName() string { return "access_log" }

// Looked writes one line into the log, in the transaction that shows what was asked for.
func (k *Keys) Looked(tx database.Tx, merchant string, s Subject, actor, action string) error {
	return insertLook(tx, Look{merchant, id.New("log"), s, actor, action, tx.Now})
}

// Looks lists who looked at the subject, the newest first; at most limit lines, 1 to 1000.
func (k *Keys) Looks(ctx context.Context, merchant string, s Subject, limit int) ([]Look, error) {
	return findLooks(k.db.Read(ctx), merchant, s, min(max(limit, 1), 1000))
}
