// Package money holds amounts as whole minor units with their currency, and reads and writes them exactly.
package money

import (
	"errors"
	"fmt"
	"math"
	"math/bits"
	"strings"
)

// Money is an amount in the currency's minor unit: {1250, "USD"} is 12.50 dollars. Never a float.
type Money struct {
	Amount   int64  `json:"amount"`
	Currency string `json:"currency"`
}

// Errors of this package.
var (
	ErrCurrency = errors.New("unknown currency")
	ErrMixed    = errors.New("two currencies in one sum")
	ErrOverflow = errors.New("amount out of range")
	ErrDecimal  = errors.New("not an exact decimal amount")
)

// Of makes an amount.
func Of(amount int64, currency string) Money { return Money{amount, currency} }

// Add sums two amounts of one currency.
func (m Money) Add(o Money) (Money, error) {
	if m.Currency != o.Currency {
		return Money{}, ErrMixed
	}
	s := m.Amount + o.Amount
	if (s > m.Amount) != (o.Amount > 0) && o.Amount != 0 {
		return Money{}, ErrOverflow
	}
	return Money{s, m.Currency}, nil
}

// Times multiplies by a count.
func (m Money) Times(n int64) (Money, error) {
	a, err := Mul(m.Amount, n)
	return Money{a, m.Currency}, err
}

// Mul multiplies and refuses overflow.
func Mul(a, b int64) (int64, error) {
	if a == 0 || b == 0 {
		return 0, nil
	}
	p := a * b
	if p/b != a || (a == -1 && b == math.MinInt64) || (b == -1 && a == math.MinInt64) {
		return 0, ErrOverflow
	}
	return p, nil
}

// PPM gives amount × ppm ÷ 1,000,000, rounded half to even; for taxes and rates. ppm is at least 0.
func PPM(amount, ppm int64) int64 { return MulDiv(amount, ppm, 1_000_000) }

// MulDiv gives a × b ÷ c rounded half to even without overflow in between; b ≥ 0, c > 0.
// It panics when the result does not fit, which amounts checked at the door cannot cause.
func MulDiv(a, b, c int64) int64 {
	neg := a < 0
	u := uint64(a)
	if neg {
		u = uint64(-a)
	}
	hi, lo := bits.Mul64(u, uint64(b))
	q, r := bits.Div64(hi, lo, uint64(c))
	if double := r * 2; double > uint64(c) || (double == uint64(c) && q&1 == 1) {
		q++
	}
	if neg {
		return -int64(q)
	}
	return int64(q)
}

// Digits gives the number of minor digits (ISO 4217), e.g. 2 for USD, 0 for JPY, 3 for KWD.
func Digits(currency string) (int, error) {
	d, ok := digits[currency]
	if !ok {
		return 0, fmt.Errorf("%w %q", ErrCurrency, currency)
	}
	return d, nil
}

// Known tells whether currency is a current ISO 4217 code in capitals.
func Known(currency string) bool { _, ok := digits[currency]; return ok }

// Parse reads an exact decimal like "19.99" in the currency's major unit; "19.990" is fine, "19.999" is refused for USD.
func Parse(text, currency string) (Money, error) {
	d, err := Digits(currency)
	if err != nil {
		return Money{}, err
	}
	s, neg := strings.CutPrefix(text, "-")
	whole, frac, dot := strings.Cut(s, ".")
	if whole == "" || (dot && frac == "") || len(whole) > 15 || len(frac) > 20 {
		return Money{}, ErrDecimal
	}
	frac = strings.TrimRight(frac, "0")
	if len(frac) > d {
		return Money{}, ErrDecimal
	}
	var n int64
	for _, c := range whole + frac + strings.Repeat("0", d-len(frac)) {
		if c < '0' || c > '9' || n > (math.MaxInt64-9)/10 {
			return Money{}, ErrDecimal
		}
		n = n*10 + int64(c-'0')
	}
	if neg {
		n = -n
	}
	return Money{n, currency}, nil
}

// Decimal writes the amount in the major unit with a point: "12.50". For protocols, not for people.
func (m Money) Decimal() string {
	d := digits[m.Currency]
	s, sign := fmt.Sprintf("%d", m.Amount), ""
	if m.Amount < 0 {
		s, sign = s[1:], "-"
	}
	if d == 0 {
		return sign + s
	}
	if len(s) <= d {
		s = strings.Repeat("0", d-len(s)+1) + s
	}
	return sign + s[:len(s)-d] + "." + s[len(s)-d:]
}
