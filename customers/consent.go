package customers

import (
	"context"
	"time"

	"sotto.chat/internal/database"
	"sotto.chat/internal/fault"
	"sotto.chat/internal/id"
)

// ErrConsent says that a consent lacks what makes it a proof.
var ErrConsent = fault.New(fault.Invalid, "consent_invalid", "Name the purpose and the source of the consent, each up to 200 characters on one line.")

// Consent is one time that a customer allowed or forbade something. The ledger only grows, and it outlives
// erasure as proof, so nothing in it may tell who it was.
type Consent struct {
	MerchantID string
	ID         string
	CustomerID string
	Purpose    string // a fixed word: "marketing", "llm"
	Given      bool   // false: withdrawn
	Source     string // where and to which wording, by a fixed word or an id: "checkout:v2", never the customer's text
	At         time.Time
}

// RecordConsent adds to the ledger; id and time are set here.
func (p *People) RecordConsent(tx database.Tx, merchant string, c Consent) (Consent, error) {
	if c.Purpose == "" || c.Source == "" || !plainLine(c.Purpose, maxName) || !plainLine(c.Source, maxName) {
		return Consent{}, ErrConsent
	}
	owner, err := lockCustomer(tx, merchant, c.CustomerID)
	if err != nil {
		return Consent{}, err
	}
	if owner.ErasedAt != nil {
		return Consent{}, ErrForgotten
	}
	c.MerchantID, c.ID, c.At = merchant, id.New("cns"), tx.Now
	return c, insertConsent(tx, c)
}

// Consents gives the person's ledger, merged customers' too, the newest first: the first of a purpose is what holds.
func (p *People) Consents(ctx context.Context, merchant, customer string) ([]Consent, error) {
	q := p.db.Read(ctx)
	c, err := findCustomer(q, merchant, customer)
	if err != nil {
		return nil, err
	}
	same, err := sameAs(q, merchant, c.head())
	if err != nil {
		return nil, err
	}
	return findConsents(q, merchant, same)
}
