// Package pix writes BR Codes: the text behind a Pix QR code, which a Brazilian bank's app reads as whom to pay, how much and for what.
package pix

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"unicode/utf8"
)

// Kinds of keys under which a Pix account is known.
const (
	CPF   = "CPF"
	CNPJ  = "CNPJ"
	Email = "EMAIL"
	Phone = "PHONE"
	EVP   = "EVP"
)

// Failures of a code.
var (
	ErrKey    = errors.New("the Pix key does not fit its kind")
	ErrName   = errors.New("the name must be 1 to 25 plain letters, digits and spaces, without accents")
	ErrCity   = errors.New("the city must be 1 to 15 plain letters, digits and spaces, without accents")
	ErrTxID   = errors.New("the transaction id must be 1 to 25 letters and digits")
	ErrAmount = errors.New("the amount must be above zero and below ten billion")
)

// Limits of the fields, by the central bank's manual.
const (
	MaxName = 25
	MaxCity = 15
	MaxTxID = 25
	// maxAmount is what thirteen characters of field 54 hold, in centavos.
	maxAmount = 999_999_999_999
)

// anyTxID says that the payer's bank may name the transaction.
const anyTxID = "***"

// Code is one BR Code. The zero Amount lets the payer say how much; an empty TxID names no transaction.
type Code struct {
	Key     string
	KeyKind string
	Name    string
	City    string
	Amount  int64 // centavos
	TxID    string
}

// String writes the code with its checksum.
func (c Code) String() (string, error) {
	if err := c.check(); err != nil {
		return "", err
	}
	txid := c.TxID
	if txid == "" {
		txid = anyTxID
	}
	var b strings.Builder
	b.WriteString(field("00", "01"))
	b.WriteString(field("26", field("00", "br.gov.bcb.pix")+field("01", c.Key)))
	b.WriteString(field("52", "0000"))
	b.WriteString(field("53", "986")) // the real, by ISO 4217
	if c.Amount > 0 {
		b.WriteString(field("54", fmt.Sprintf("%d.%02d", c.Amount/100, c.Amount%100)))
	}
	b.WriteString(field("58", "BR"))
	b.WriteString(field("59", c.Name))
	b.WriteString(field("60", c.City))
	b.WriteString(field("62", field("05", txid)))
	b.WriteString("6304") // the checksum covers its own head
	return b.String() + fmt.Sprintf("%04X", checksum(b.String())), nil
}

func (c Code) check() error {
	switch {
	case !ValidKey(c.KeyKind, c.Key):
		return ErrKey
	case !plain(c.Name, MaxName):
		return ErrName
	case !plain(c.City, MaxCity):
		return ErrCity
	case c.TxID != "" && !txid.MatchString(c.TxID):
		return ErrTxID
	case c.Amount < 0 || c.Amount > maxAmount:
		return ErrAmount
	}
	return nil
}

// field writes one field: id, length, value. No value of ours is longer than 99 bytes.
func field(id, value string) string { return fmt.Sprintf("%s%02d%s", id, len(value), value) }

// checksum is CRC-16/CCITT-FALSE.
func checksum(s string) uint16 {
	crc := uint16(0xffff)
	for i := range len(s) {
		crc ^= uint16(s[i]) << 8
		for range 8 {
			if crc&0x8000 != 0 {
				crc = crc<<1 ^ 0x1021
			} else {
				crc <<= 1
			}
		}
	}
	return crc
}

var (
	txid  = regexp.MustCompile(`^[A-Za-z0-9]{1,25}$`)
	evp   = regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$`)
	phone = regexp.MustCompile(`^\+[1-9][0-9]{7,13}$`)
	email = regexp.MustCompile(`^[a-z0-9.!#$&'*+/=?^_{|}~-]+@[a-z0-9-]+(\.[a-z0-9-]+)+$`)
	cnpj  = regexp.MustCompile(`^[0-9A-Z]{12}[0-9]{2}$`)
	cpf   = regexp.MustCompile(`^[0-9]{11}$`)
)

// maxEmail is the longest address that can be a key.
const maxEmail = 77

// ValidKey tells whether a key has the form of its kind, with right check digits where the kind has them.
func ValidKey(kind, key string) bool {
	switch kind {
	case CPF:
		return cpf.MatchString(key) && checkDigit(key[:9], 10) == key[9] && checkDigit(key[:10], 11) == key[10] && !same(key)
	case CNPJ:
		return cnpj.MatchString(key) && checkDigit(key[:12], 9) == key[12] && checkDigit(key[:13], 9) == key[13] && !same(key)
	case Email:
		return len(key) <= maxEmail && email.MatchString(key)
	case Phone:
		return phone.MatchString(key)
	case EVP:
		return evp.MatchString(key)
	}
	return false
}

// checkDigit weighs the characters from the right with 2, 3, 4 … and begins again at 2 after the greatest weight. Letters, which a
// CNPJ may have since 2026, count by their place in ASCII, as digits do.
func checkDigit(s string, greatest int) byte {
	sum, weight := 0, 2
	for i := len(s) - 1; i >= 0; i-- {
		sum += int(s[i]-'0') * weight
		if weight++; weight > greatest {
			weight = 2
		}
	}
	if rest := sum % 11; rest >= 2 {
		return byte('0' + 11 - rest)
	}
	return '0'
}

// same tells a number of one digit alone: its check digits fit, and it is nobody's.
func same(s string) bool { return strings.Trim(s, s[:1]) == "" }

func plain(s string, most int) bool {
	if s == "" || len(s) > most || !utf8.ValidString(s) || strings.TrimSpace(s) != s {
		return false
	}
	for _, r := range s {
		if r < ' ' || r > '~' {
			return false
		}
	}
	return true
}

// ValidName tells whether a name can stand in a code.
func ValidName(s string) bool { return plain(s, MaxName) }

// ValidCity tells whether a city can stand in a code.
func ValidCity(s string) bool { return plain(s, MaxCity) }
