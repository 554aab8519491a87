// Package byhand keeps which ways of paying without a provider a merchant offers: cash on delivery, and bank transfers with a reference.
package byhand

import (
	"context"
	"strings"
	"time"

	"sotto.chat/internal/database"
	"sotto.chat/internal/fault"
)

// Terms are a merchant's conditions. The zero value offers nothing.
type Terms struct {
	Cash bool
	Bank bool
	// BankDetails is what customers need to make a transfer: it is shown to them as it stands.
	BankDetails string
	// BankDays is how long goods wait for a transfer.
	BankDays int64
}

// Limits of terms.
const (
	DefaultDays = 7
	maxDays     = 60
	maxDetails  = 1000
)

// ErrTerms refuses terms that a customer could not pay by.
var ErrTerms = fault.New(fault.Invalid, "payment_terms_invalid", "A bank transfer needs details of at most 1,000 signs and 1 to 60 days.")

// Wait is how long goods wait for a transfer.
func (t Terms) Wait() time.Duration { return time.Duration(t.BankDays) * 24 * time.Hour }

// Find reads a merchant's terms inside a transaction.
func Find(tx database.Tx, merchant string) (Terms, error) { return readTerms(tx.DB(), merchant) }

// Get reads a merchant's terms.
func Get(ctx context.Context, db *database.DB, merchant string) (Terms, error) {
	return readTerms(db.Read(ctx), merchant)
}

// Set changes a merchant's terms.
func Set(tx database.Tx, merchant string, t Terms) error {
	t.BankDetails = strings.TrimSpace(t.BankDetails)
	if t.BankDays == 0 {
		t.BankDays = DefaultDays
	}
	if t.BankDays < 1 || t.BankDays > maxDays || len(t.BankDetails) > maxDetails || t.Bank && t.BankDetails == "" {
		return ErrTerms
	}
	return putTerms(tx, merchant, t)
}
