package privacy

import (
	"bytes"
	"context"
	"time"

	"github.com/maypok86/otter/v2"
	"github.com/tink-crypto/tink-go/v2/tink"

	"sotto.chat/internal/database"
)

// Box is one subject's opened key, for many values at once without a query for each. It does not notice that
// the key is destroyed later: keep it no longer than the transaction or the request it was opened for.
type Box struct{ aead tink.AEAD }

// Seal encrypts plain for the place that label names.
func (b Box) Seal(label string, plain []byte) ([]byte, error) {
	return b.aead.Encrypt(plain, []byte(label))
}

// Open decrypts what was sealed for the place that label names.
func (b Box) Open(label string, sealed []byte) ([]byte, error) {
	plain, err := b.aead.Decrypt(sealed, []byte(label))
	if err != nil {
		return nil, ErrDamaged
	}
	return plain, nil
}

// place is where a key stands.
type place struct {
	merchant string
	subject  Subject
}

// opened is an unwrapped key beside the wrapped bytes that it came from: it serves only while the row still
// has these bytes, so another replica's Destroy or Rotate is seen at the next use.
type opened struct {
	wrapped []byte
	aead    tink.AEAD
	trusted time.Time // until then a merchant's key is used without looking at its row
}

const (
	cachedKeys = 20_000
	// idleKey bounds how long a key that nobody asks for, perhaps destroyed elsewhere, stays in memory.
	idleKey = 5 * time.Minute
	// merchantGrace saves one query for each webhook. A merchant's key dies only when the merchant leaves.
	merchantGrace = time.Second
)

func newCache() (*otter.Cache[place, opened], error) {
	return otter.New(&otter.Options[place, opened]{
		MaximumSize: cachedKeys, ExpiryCalculator: otter.ExpiryAccessing[place, opened](idleKey)})
}

// Box opens the subject's key for several values of one transaction.
func (k *Keys) Box(tx database.Tx, merchant string, s Subject) (Box, error) {
	if o, ok := k.trusted(merchant, s); ok {
		return Box{o.aead}, nil
	}
	o, err := k.open(tx.DB(), merchant, s)
	if err != nil {
		return Box{}, err
	}
	if s == MerchantSubject() { // trusted only once it is surely committed
		tx.AfterCommit(func(context.Context) { k.trust(merchant, o) })
	}
	return Box{o.aead}, nil
}

// BoxNow opens the subject's key for several values of one request, outside a transaction.
func (k *Keys) BoxNow(ctx context.Context, merchant string, s Subject) (Box, error) {
	if o, ok := k.trusted(merchant, s); ok {
		return Box{o.aead}, nil
	}
	o, err := k.open(k.db.Read(ctx), merchant, s)
	if err != nil {
		return Box{}, err
	}
	if s == MerchantSubject() {
		k.trust(merchant, o)
	}
	return Box{o.aead}, nil
}

// BoxesNow opens the keys of many subjects with one query, for lists. Those forgotten are not in the answer.
func (k *Keys) BoxesNow(ctx context.Context, merchant string, subjects []Subject) (map[Subject]Box, error) {
	rows, err := findKeys(k.db.Read(ctx), merchant, subjects)
	if err != nil {
		return nil, err
	}
	boxes := make(map[Subject]Box, len(rows))
	for _, row := range rows {
		o, err := k.unwrapped(merchant, row.Subject, row)
		if err != nil {
			return nil, err
		}
		boxes[row.Subject] = Box{o.aead}
	}
	return boxes, nil
}

func (k *Keys) trusted(merchant string, s Subject) (opened, bool) {
	if s != MerchantSubject() {
		return opened{}, false
	}
	o, ok := k.opened.GetIfPresent(place{merchant, s})
	return o, ok && k.db.Now().Before(o.trusted)
}

func (k *Keys) trust(merchant string, o opened) {
	o.trusted = k.db.Now().Add(merchantGrace)
	k.opened.Set(place{merchant, MerchantSubject()}, o)
}

// open reads the subject's row and gives its key.
func (k *Keys) open(q query, merchant string, s Subject) (opened, error) {
	row, err := findKey(q, merchant, s)
	if err != nil {
		k.opened.Invalidate(place{merchant, s})
		return opened{}, err
	}
	return k.unwrapped(merchant, s, row)
}

// unwrapped gives the row's key, unwrapped again only when the row has changed.
func (k *Keys) unwrapped(merchant string, s Subject, row keyRow) (opened, error) {
	if o, ok := k.opened.GetIfPresent(place{merchant, s}); ok && bytes.Equal(o.wrapped, row.Wrapped) {
		return o, nil
	}
	wrapping, err := k.wrappingOf(merchant, s, row)
	if err != nil {
		return opened{}, err
	}
	aead, err := unwrap(wrapping, merchant, s, row.Wrapped)
	if err != nil {
		return opened{}, err
	}
	o := opened{wrapped: row.Wrapped, aead: aead}
	k.opened.Set(place{merchant, s}, o)
	return o, nil
}

// wrappingOf gives the key that wraps the subject's: the master's for the merchant, the merchant's for others.
func (k *Keys) wrappingOf(merchant string, s Subject, row keyRow) (tink.AEAD, error) {
	if s == MerchantSubject() {
		return k.kek, nil
	}
	at := place{merchant, MerchantSubject()}
	if o, ok := k.opened.GetIfPresent(at); ok && bytes.Equal(o.wrapped, row.Parent) {
		return o.aead, nil
	}
	aead, err := unwrap(k.kek, merchant, MerchantSubject(), row.Parent)
	if err != nil {
		return nil, err
	}
	k.opened.Set(at, opened{wrapped: row.Parent, aead: aead})
	return aead, nil
}
