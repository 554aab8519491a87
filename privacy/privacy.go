// Package privacy keeps the keys that seal words and personal data, forgets by destroying them, and logs who looked.
//
// Three layers: the master key (a setting) wraps one key for each merchant, which wraps one key for each
// subject: a customer, a conversation. Destroying a subject's key forgets all that it sealed, in backups of
// the other tables too; destroying the merchant's forgets the merchant.
package privacy

import (
	"context"
	"errors"
	"fmt"

	"github.com/maypok86/otter/v2"
	"github.com/tink-crypto/tink-go/v2/tink"

	"sotto.chat/internal/database"
	"sotto.chat/internal/fault"
)

// ErrForgotten says that the key of what was to be read or written has been destroyed.
var ErrForgotten = fault.New(fault.NotFound, "forgotten", "This was forgotten: its key has been destroyed.")

// Mistakes of the program or of the operator; no door explains them to people outside.
var (
	ErrNoKey   = errors.New("privacy: the subject has no key; Create comes first")
	ErrDamaged = errors.New("privacy: the sealed bytes are damaged or stood in another place")
	ErrMaster  = errors.New("privacy: SOTTO_MASTER_KEY is not the key that this database was sealed with")
)

// MasterLength is the length of the master key in bytes.
const MasterLength = 32

// Subject names what one key belongs to.
type Subject string

// MerchantSubject is the merchant itself: its credentials, and what belongs to no person.
func MerchantSubject() Subject { return "merchant" }

// CustomerSubject is one customer.
func CustomerSubject(id string) Subject { return Subject("customer:" + id) }

// ConversationSubject is one conversation.
func ConversationSubject(id string) Subject { return Subject("conversation:" + id) }

// Keys seals and opens. It is safe for use by many at once, and by many replicas of one database.
type Keys struct {
	db     *database.DB
	master []byte
	kek    tink.AEAD // wraps the merchants' keys
	opened *otter.Cache[place, opened]
}

// New takes the master key. The same master key must come back at every start: it roots the merchants' keys,
// the blind indexes and the signed links.
func New(db *database.DB, master []byte) (*Keys, error) {
	if len(master) != MasterLength {
		return nil, fmt.Errorf("SOTTO_MASTER_KEY: want %d bytes, got %d", MasterLength, len(master))
	}
	k := &Keys{db: db, master: append([]byte(nil), master...)}
	var err error
	if k.kek, err = rawAEAD(k.Derive("wrap merchants' keys")); err != nil {
		return nil, err
	}
	if k.opened, err = newCache(); err != nil {
		return nil, err
	}
	return k, nil
}

// Create makes the subject's key. The merchant's own comes first. Of many that create at once one wins, and
// all use its key. A destroyed key is never made again: ErrForgotten.
func (k *Keys) Create(tx database.Tx, merchant string, s Subject) error {
	wrapping := k.kek
	if s != MerchantSubject() {
		parent, err := k.open(tx.DB(), merchant, MerchantSubject())
		if err != nil {
			return err
		}
		wrapping = parent.aead
	}
	wrapped, err := newKeyset(wrapping, merchant, s)
	if err != nil {
		return err
	}
	made, err := insertKey(tx, merchant, s, wrapped)
	if err != nil || made {
		return err
	}
	_, err = k.open(tx.DB(), merchant, s)
	return err
}

// Seal encrypts plain for one place: label is "table.column:row id", and Open wants the same one.
func (k *Keys) Seal(tx database.Tx, merchant string, s Subject, label string, plain []byte) ([]byte, error) {
	b, err := k.Box(tx, merchant, s)
	if err != nil {
		return nil, err
	}
	return b.Seal(label, plain)
}

// Open decrypts what Seal made for the same subject and label.
func (k *Keys) Open(tx database.Tx, merchant string, s Subject, label string, sealed []byte) ([]byte, error) {
	b, err := k.Box(tx, merchant, s)
	if err != nil {
		return nil, err
	}
	return b.Open(label, sealed)
}

// SealNow is Seal outside a transaction.
func (k *Keys) SealNow(ctx context.Context, merchant string, s Subject, label string, plain []byte) ([]byte, error) {
	b, err := k.BoxNow(ctx, merchant, s)
	if err != nil {
		return nil, err
	}
	return b.Seal(label, plain)
}

// OpenNow is Open outside a transaction.
func (k *Keys) OpenNow(ctx context.Context, merchant string, s Subject, label string, sealed []byte) ([]byte, error) {
	b, err := k.BoxNow(ctx, merchant, s)
	if err != nil {
		return nil, err
	}
	return b.Open(label, sealed)
}

// Destroy forgets what the subject's key sealed, for good, and leaves a row that says when. Without a key it
// leaves that row too, so that none is made later.
func (k *Keys) Destroy(tx database.Tx, merchant string, s Subject) error {
	if err := destroyKey(tx, merchant, s); err != nil {
		return err
	}
	gone := func() { k.opened.Invalidate(place{merchant, s}) }
	gone()
	tx.AfterCommit(func(context.Context) { gone() }) // a reader beside us may have kept it again meanwhile
	return nil
}

// Rotate gives the subject a fresh key for what is sealed from now on; what was sealed before stays readable.
func (k *Keys) Rotate(tx database.Tx, merchant string, s Subject) error {
	row, err := lockKey(tx, merchant, s)
	if err != nil {
		return err
	}
	wrapping, err := k.wrappingOf(merchant, s, row)
	if err != nil {
		return err
	}
	wrapped, err := addKey(wrapping, merchant, s, row.Wrapped)
	if err != nil {
		return err
	}
	return replaceKey(tx, merchant, s, wrapped)
}

// Check tells whether the master key opens the merchant's key: nil, ErrMaster, or what else is wrong.
func (k *Keys) Check(ctx context.Context, merchant string) error {
	_, err := k.BoxNow(ctx, merchant, MerchantSubject())
	return err
}
