package money_test

import (
	"errors"
	"math"
	"math/big"
	"testing"

	"pgregory.net/rapid"

	"sotto.chat/internal/money"
)

func TestDecimalsAreReadExactlyOrNotAtAll(t *testing.T) {
	for _, c := range []struct {
		text, currency string
		want           int64
		err            error
	}{
		{"19.99", "USD", 1999, nil}, {"19.990", "USD", 1999, nil}, {"0.1", "EUR", 10, nil}, {"-3", "EUR", -300, nil}, {"5", "JPY", 5, nil},
		{"1.234", "KWD", 1234, nil}, {"007", "JPY", 7, nil}, {"19.999", "USD", 0, money.ErrDecimal}, {"5.5", "JPY", 0, money.ErrDecimal},
		{"", "USD", 0, money.ErrDecimal}, {".5", "USD", 0, money.ErrDecimal}, {"5.", "USD", 0, money.ErrDecimal}, {"1e3", "USD", 0, money.ErrDecimal},
		{"1,000", "USD", 0, money.ErrDecimal}, {"--1", "USD", 0, money.ErrDecimal}, {"9999999999999999", "USD", 0, money.ErrDecimal},
		{"٣", "USD", 0, money.ErrDecimal}, {"1", "XXX", 0, money.ErrCurrency}, {"1", "usd", 0, money.ErrCurrency},
	} {
		got, err := money.Parse(c.text, c.currency)
		if !errors.Is(err, c.err) || got.Amount != c.want {
			t.Errorf("%q %s: %v, %v", c.text, c.currency, got, err)
		}
	}
}

func TestWhatIsWrittenIsReadAgain(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := money.Of(rapid.Int64Range(1-1e15, 1e15-1).Draw(t, "amount"), rapid.SampledFrom([]string{"USD", "JPY", "KWD", "ISK", "CLP"}).Draw(t, "currency"))
		if got, err := money.Parse(m.Decimal(), m.Currency); err != nil || got != m {
			t.Fatalf("%v was written as %q and read as %v, %v", m, m.Decimal(), got, err)
		}
	})
}

func TestRatesRoundHalfToEven(t *testing.T) {
	for _, c := range []struct{ amount, ppm, want int64 }{
		{1000, 190_000, 190}, {25, 100_000, 2}, {35, 100_000, 4}, {-25, 100_000, -2}, {0, 500_000, 0}, {1, 0, 0}, {7, 1_000_000, 7},
	} {
		if got := money.PPM(c.amount, c.ppm); got != c.want {
			t.Errorf("%d at %d ppm is %d, want %d", c.amount, c.ppm, got, c.want)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		a, p := rapid.Int64Range(-1e15, 1e15).Draw(t, "amount"), rapid.Int64Range(0, 1_000_000).Draw(t, "ppm")
		exact := new(big.Rat).SetFrac(new(big.Int).Mul(big.NewInt(a), big.NewInt(p)), big.NewInt(1_000_000))
		off := exact.Sub(exact, new(big.Rat).SetInt64(money.PPM(a, p)))
		if off.Abs(off).Cmp(big.NewRat(1, 2)) > 0 {
			t.Fatalf("%d at %d ppm is off by %s", a, p, off)
		}
	})
}

func TestSumsRefuseToWrapAroundAndToMix(t *testing.T) {
	if _, err := money.Of(math.MaxInt64, "USD").Add(money.Of(1, "USD")); !errors.Is(err, money.ErrOverflow) {
		t.Error(err)
	}
	if _, err := money.Of(math.MinInt64, "USD").Add(money.Of(-1, "USD")); !errors.Is(err, money.ErrOverflow) {
		t.Error(err)
	}
	if _, err := money.Of(1, "USD").Add(money.Of(1, "EUR")); !errors.Is(err, money.ErrMixed) {
		t.Error(err)
	}
	if _, err := money.Of(math.MaxInt64/2, "USD").Times(3); !errors.Is(err, money.ErrOverflow) {
		t.Error(err)
	}
	if got, err := money.Of(-5, "USD").Add(money.Of(5, "USD")); err != nil || got.Amount != 0 {
		t.Error(got, err)
	}
}

// docs.stripe.com/currencies: what has other digits on Stripe's wire than in ISO 4217.
func TestStripesOwnUnits(t *testing.T) {
	for _, c := range []struct {
		in   money.Money
		want int64
		err  error
	}{
		{money.Of(1250, "USD"), 1250, nil}, {money.Of(500, "JPY"), 500, nil}, {money.Of(500, "ISK"), 50000, nil}, {money.Of(7, "UGX"), 700, nil},
		{money.Of(1250, "KWD"), 1250, nil}, {money.Of(1255, "KWD"), 0, money.ErrDecimal}, {money.Of(150, "HUF"), 0, money.ErrDecimal}, {money.Of(200, "TWD"), 200, nil},
	} {
		got, err := money.StripeUnit(c.in)
		if !errors.Is(err, c.err) || got != c.want {
			t.Errorf("%v: %d, %v", c.in, got, err)
		}
		if err != nil {
			continue
		}
		if back, err := money.FromStripe(got, c.in.Currency); err != nil || back != c.in {
			t.Errorf("%v came back as %v, %v", c.in, back, err)
		}
	}
}
