package pix

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestTheChecksumIsTheStandardsOwn(t *testing.T) {
	if got := checksum("123456789"); got != 0x29b1 { // the check value of CRC-16/CCITT-FALSE
		t.Errorf("%04X", got)
	}
}

// The code that the central bank's manual gives as its example.
func TestTheExampleOfTheCentralBank(t *testing.T) {
	const want = "00020126580014br.gov.bcb.pix0136123e4567-e12b-12d1-a456-426655440000" +
		"5204000053039865802BR5913Fulano de Tal6008BRASILIA62070503***63041D3D"
	got, err := Code{Key: "123e4567-e12b-12d1-a456-426655440000", KeyKind: EVP, Name: "Fulano de Tal", City: "BRASILIA"}.String()
	if err != nil || got != want {
		t.Errorf("%q, %v", got, err)
	}
}

func TestKeys(t *testing.T) {
	for _, c := range []struct {
		kind, key string
		good      bool
	}{
		{CPF, "52998224725", true}, {CPF, "52998224724", false}, {CPF, "11111111111", false}, {CPF, "529.982.247-25", false},
		{CNPJ, "39580525000189", true}, {CNPJ, "39580525000188", false}, {CNPJ, "12ABC34501DE35", true}, {CNPJ, "00000000000000", false},
		{Email, "ana@example.com.br", true}, {Email, "Ana@Example.com", false}, {Email, "ana", false}, {Email, strings.Repeat("a", 80) + "@b.co", false},
		{Phone, "+5511987654321", true}, {Phone, "5511987654321", false},
		{EVP, "123e4567-e12b-12d1-a456-426655440000", true}, {EVP, "123e4567", false}, {"", "x", false}, {"IBAN", "x", false},
	} {
		if ValidKey(c.kind, c.key) != c.good {
			t.Errorf("%s %s: %v", c.kind, c.key, !c.good)
		}
	}
}

func TestWhatNoBankWouldRead(t *testing.T) {
	good := Code{Key: "39580525000189", KeyKind: CNPJ, Name: "Padaria", City: "Recife", Amount: 1, TxID: "a1"}
	if _, err := good.String(); err != nil {
		t.Fatal(err)
	}
	for want, change := range map[error]func(*Code){
		ErrKey:    func(c *Code) { c.Key = "1" },
		ErrName:   func(c *Code) { c.Name = "Pão de Açúcar" },
		ErrCity:   func(c *Code) { c.City = "Sao Jose dos Campos" },
		ErrTxID:   func(c *Code) { c.TxID = strings.Repeat("x", 26) },
		ErrAmount: func(c *Code) { c.Amount = -1 },
	} {
		c := good
		change(&c)
		if _, err := c.String(); !errors.Is(err, want) {
			t.Errorf("%v: %v", want, err)
		}
	}
}

// read takes a code apart as a bank's app would.
func read(s string) (map[string]string, error) {
	m := map[string]string{}
	for len(s) > 0 {
		if len(s) < 4 {
			return nil, errors.New("cut off")
		}
		n, err := strconv.Atoi(s[2:4])
		if err != nil || len(s) < 4+n {
			return nil, fmt.Errorf("a length of %s", s[2:4])
		}
		m[s[:2]], s = s[4:4+n], s[4+n:]
	}
	return m, nil
}

func TestEveryCodeReadsBack(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		c := Code{Key: "123e4567-e12b-12d1-a456-426655440000", KeyKind: EVP, Name: rapid.StringMatching(`[A-Za-z0-9]([A-Za-z0-9 ]{0,23}[A-Za-z0-9])?`).Draw(r, "name"),
			City: rapid.StringMatching(`[A-Z]{1,15}`).Draw(r, "city"), Amount: rapid.Int64Range(1, maxAmount).Draw(r, "amount"),
			TxID: rapid.StringMatching(`[A-Za-z0-9]{1,25}`).Draw(r, "txid")}
		s, err := c.String()
		if err != nil {
			r.Fatal(err)
		}
		m, err := read(s)
		if err != nil {
			r.Fatal(err)
		}
		account, err := read(m["26"])
		if err != nil {
			r.Fatal(err)
		}
		more, err := read(m["62"])
		if err != nil {
			r.Fatal(err)
		}
		whole, cents, _ := strings.Cut(m["54"], ".")
		sum, err := strconv.ParseInt(whole+cents, 10, 64)
		if err != nil || sum != c.Amount || len(m["54"]) > 13 || len(cents) != 2 || m["59"] != c.Name || m["60"] != c.City ||
			account["01"] != c.Key || more["05"] != c.TxID || m["53"] != "986" || m["58"] != "BR" {
			r.Fatalf("%q: %v", s, m)
		}
		if m["63"] != fmt.Sprintf("%04X", checksum(s[:len(s)-4])) {
			r.Fatalf("%q has another checksum", s)
		}
	})
}
