// Package id makes and checks the ids of rows: a short prefix and a UUIDv7, "ord_0192f0c1…".
package id

import (
	"encoding/hex"
	"errors"
	"strings"

	"github.com/google/uuid"
)

// ErrForm says that a text is no id of the wanted prefix.
var ErrForm = errors.New("not an id")

// New gives a fresh id. Its order follows time, so it serves as a cursor too.
func New(prefix string) string {
	u := uuid.Must(uuid.NewV7())
	return prefix + "_" + hex.EncodeToString(u[:])
}

// Check tells whether s is an id of this prefix; use it before a query on outside input.
func Check(prefix, s string) error {
	_, err := Bytes(prefix, s)
	return err
}

// Bytes gives the sixteen bytes inside an id of this prefix.
func Bytes(prefix, s string) ([]byte, error) {
	rest, ok := strings.CutPrefix(s, prefix+"_")
	if !ok || len(rest) != 32 || strings.ToLower(rest) != rest {
		return nil, ErrForm
	}
	b, err := hex.DecodeString(rest)
	if err != nil {
		return nil, ErrForm
	}
	return b, nil
}

// From puts a prefix before sixteen bytes that Bytes gave.
func From(prefix string, b []byte) string { return prefix + "_" + hex.EncodeToString(b) }
