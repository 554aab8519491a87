package privacy

import (
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
)

// Blind turns a value into a text that finds it again and tells nothing without the master key: equal values
// of one merchant and kind give equal texts, those of two merchants never do. Callers normalise the value first.
func (k *Keys) Blind(merchant, kind, value string) string {
	m := hmac.New(sha256.New, k.Derive("blind:"+merchant))
	m.Write([]byte(kind))
	m.Write([]byte{0}) // no kind holds a zero, so no two pairs make one text
	m.Write([]byte(value))
	return hex.EncodeToString(m.Sum(nil))
}

// Derive gives 32 bytes for one purpose, always the same for the same master key: for signing links and tokens.
func (k *Keys) Derive(purpose string) []byte {
	b, err := hkdf.Key(sha256.New, k.master, nil, "sotto "+purpose, 32)
	if err != nil {
		panic("privacy: hkdf refused a fixed length: " + err.Error())
	}
	return b
}
