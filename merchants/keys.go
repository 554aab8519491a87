package merchants

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"time"

	"sotto.chat/internal/database"
	"sotto.chat/internal/fault"
	"sotto.chat/internal/id"
)

// What can be wrong with a key.
var (
	ErrBadKey     = fault.New(fault.Unauthorized, "key_invalid", "Send a valid API key: Authorization: Bearer sk_…")
	ErrKeyExpired = fault.New(fault.Unauthorized, "key_expired", "This API key has expired: make a new one.")
	ErrNoKey      = fault.New(fault.NotFound, "key_not_found", "There is no such API key.")
	ErrKeyTime    = fault.New(fault.Invalid, "key_expiry_invalid", "Let the key expire in the future.")
)

// Key is an API key without its text, of which only the SHA-256 is kept: 32 random bytes need no salt.
type Key struct {
	MerchantID string
	ID         string
	Name       string
	Role       Role
	Hash       string
	Last4      string `gorm:"column:last4"`
	StaffID    *string
	CreatedAt  time.Time
	ExpiresAt  *time.Time
	RevokedAt  *time.Time
}

// TableName is the table of the keys.
func (Key) TableName() string { return "api_keys" }

const (
	keyPrefix = "sk_"
	keyBytes  = 32
)

// NewKey makes a key and gives its text, which is never shown again. Without expires it lives until revoked.
func (r *Register) NewKey(tx database.Tx, merchant, name string, role Role, expires *time.Time) (Key, string, error) {
	return newKey(tx, merchant, name, role, nil, expires)
}

func newKey(tx database.Tx, merchant, name string, role Role, staff *string, expires *time.Time) (Key, string, error) {
	name = strings.TrimSpace(name)
	switch {
	case !nameOK(name):
		return Key{}, "", ErrName
	case !role.Known():
		return Key{}, "", ErrRole
	case expires != nil && !expires.After(tx.Now):
		return Key{}, "", ErrKeyTime
	}
	if expires != nil {
		at := expires.UTC().Truncate(time.Microsecond)
		expires = &at
	}
	b := make([]byte, keyBytes)
	rand.Read(b) // never fails since Go 1.24
	secret := keyPrefix + hex.EncodeToString(b)
	k := Key{MerchantID: merchant, ID: id.New("key"), Name: name, Role: role, Hash: hashKey(secret), Last4: secret[len(secret)-4:],
		StaffID: staff, CreatedAt: tx.Now, ExpiresAt: expires}
	if err := insertKey(tx, k); err != nil {
		return Key{}, "", err
	}
	return k, secret, nil
}

// Keys lists the merchant's keys, the newest first, revoked ones too.
func (r *Register) Keys(ctx context.Context, merchant string) ([]Key, error) {
	return findKeys(r.db.Read(ctx), merchant)
}

// RevokeKey ends a key at once and for good.
func (r *Register) RevokeKey(tx database.Tx, merchant, key string) error {
	return revokeKey(tx, merchant, key)
}

// Authenticate tells who a bearer text is: one query by a unique index, none for what cannot be a key.
func (r *Register) Authenticate(ctx context.Context, bearer string) (Actor, error) {
	if len(bearer) != len(keyPrefix)+2*keyBytes || !strings.HasPrefix(bearer, keyPrefix) {
		return Actor{}, ErrBadKey
	}
	k, err := findKeyByHash(ctx, r.db, hashKey(bearer))
	switch {
	case err != nil:
		return Actor{}, err
	case k.RevokedAt != nil:
		return Actor{}, ErrBadKey
	case k.ExpiresAt != nil && !r.db.Now().Before(*k.ExpiresAt):
		return Actor{}, ErrKeyExpired
	}
	a := Actor{MerchantID: k.MerchantID, KeyID: k.ID, Name: k.Name, Role: k.Role}
	if k.StaffID != nil {
		a.StaffID = *k.StaffID
	}
	return a, nil
}

func hashKey(secret string) string {
	sum := sha256.Sum256([]byte(secret))
	return hex.EncodeToString(sum[:])
}
