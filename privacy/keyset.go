package privacy

import (
	"bytes"
	"fmt"

	"github.com/tink-crypto/tink-go/v2/aead"
	"github.com/tink-crypto/tink-go/v2/aead/subtle"
	"github.com/tink-crypto/tink-go/v2/keyset"
	"github.com/tink-crypto/tink-go/v2/tink"
)

// A key is a Tink keyset: it can hold several AES-256-GCM keys, the newest seals, each sealed value names its own.
// Wrapped, it is encrypted by the key above it and bound to its own row.

func rawAEAD(key []byte) (tink.AEAD, error) { return subtle.NewAESGCM(key) }

func rowLabel(merchant string, s Subject) []byte {
	return []byte("data_keys.wrapped:" + merchant + ":" + string(s))
}

func newKeyset(wrapping tink.AEAD, merchant string, s Subject) ([]byte, error) {
	h, err := keyset.NewHandle(aead.AES256GCMKeyTemplate())
	if err != nil {
		return nil, fmt.Errorf("make a key: %w", err)
	}
	return wrap(wrapping, merchant, s, h)
}

func wrap(wrapping tink.AEAD, merchant string, s Subject, h *keyset.Handle) ([]byte, error) {
	var b bytes.Buffer
	if err := h.WriteWithAssociatedData(keyset.NewBinaryWriter(&b), wrapping, rowLabel(merchant, s)); err != nil {
		return nil, fmt.Errorf("wrap a key: %w", err)
	}
	return b.Bytes(), nil
}

func readKeyset(wrapping tink.AEAD, merchant string, s Subject, wrapped []byte) (*keyset.Handle, error) {
	h, err := keyset.ReadWithAssociatedData(keyset.NewBinaryReader(bytes.NewReader(wrapped)), wrapping, rowLabel(merchant, s))
	switch {
	case err == nil:
		return h, nil
	case s == MerchantSubject():
		return nil, ErrMaster
	}
	return nil, ErrDamaged
}

func unwrap(wrapping tink.AEAD, merchant string, s Subject, wrapped []byte) (tink.AEAD, error) {
	h, err := readKeyset(wrapping, merchant, s, wrapped)
	if err != nil {
		return nil, err
	}
	return aead.New(h)
}

// addKey puts a fresh key into the keyset and has it seal from now on.
func addKey(wrapping tink.AEAD, merchant string, s Subject, wrapped []byte) ([]byte, error) {
	h, err := readKeyset(wrapping, merchant, s, wrapped)
	if err != nil {
		return nil, err
	}
	m := keyset.NewManagerFromHandle(h)
	fresh, err := m.Add(aead.AES256GCMKeyTemplate())
	if err != nil {
		return nil, fmt.Errorf("add a key: %w", err)
	}
	if err := m.SetPrimary(fresh); err != nil {
		return nil, fmt.Errorf("add a key: %w", err)
	}
	if h, err = m.Handle(); err != nil {
		return nil, fmt.Errorf("add a key: %w", err)
	}
	return wrap(wrapping, merchant, s, h)
}
