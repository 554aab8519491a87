package orders

import (
	"errors"
	"testing"

	"pgregory.net/rapid"

	"sotto.chat/internal/money"
)

func TestPriceByHand(t *testing.T) {
	lines := []amount{{1250, 2}, {99, 3}} // 2797
	for _, c := range []struct {
		name   string
		terms  Terms
		method Method
		want   Totals
	}{
		{"no tax", Terms{}, MethodPickup, Totals{Subtotal: 2797, Total: 2797}},
		{"exclusive", Terms{TaxPPM: 82_500}, "", Totals{Subtotal: 2797, Tax: 231, Total: 3028}},                                          // 230.7525
		{"inclusive", Terms{TaxPPM: 190_000, TaxInclusive: true}, "", Totals{Subtotal: 2797, Tax: 447, Total: 2797, TaxInclusive: true}}, // 446.58
		{"shipping", Terms{Shipping: 490}, MethodDelivery, Totals{Subtotal: 2797, Shipping: 490, Total: 3287}},
		{"no shipping to the table", Terms{Shipping: 490}, MethodEatIn, Totals{Subtotal: 2797, Total: 2797}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := price(lines, c.terms, c.method)
			if err != nil || got != c.want {
				t.Fatalf("%+v %v, want %+v", got, err, c.want)
			}
		})
	}
}

func TestPriceRoundsHalfToEven(t *testing.T) {
	for _, c := range []struct{ unit, tax int64 }{{10, 0}, {30, 2}, {50, 2}, {70, 4}} { // 5 %: 0.5, 1.5, 2.5, 3.5
		got, err := price([]amount{{c.unit, 1}}, Terms{TaxPPM: 50_000}, "")
		if err != nil || got.Tax != c.tax {
			t.Errorf("tax on %d: %d %v, want %d", c.unit, got.Tax, err, c.tax)
		}
	}
}

func TestPriceAlwaysAddsUp(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		lines := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) amount {
			return amount{rapid.Int64Range(-5, 1_000_000_000_000).Draw(t, "unit"), rapid.Int64Range(1, MaxQuantity).Draw(t, "quantity")}
		}), 0, MaxLines).Draw(t, "lines")
		terms := Terms{TaxPPM: rapid.Int64Range(0, 1_000_000).Draw(t, "ppm"), TaxInclusive: rapid.Bool().Draw(t, "inclusive"),
			Shipping: rapid.Int64Range(0, 1_000_000).Draw(t, "shipping")}
		method := rapid.SampledFrom([]Method{"", MethodPickup, MethodDelivery, MethodEatIn}).Draw(t, "method")
		got, err := price(lines, terms, method)
		if err != nil {
			if !errors.Is(err, ErrTotal) && !errors.Is(err, ErrPrice) {
				t.Fatal(err)
			}
			return
		}
		var sum int64
		for _, l := range lines {
			sum += l.unit * l.quantity
		}
		want := sum - got.Discount + got.Shipping
		if !terms.TaxInclusive {
			want += money.PPM(sum, terms.TaxPPM)
		}
		if got.Subtotal != sum || got.Total != want || got.Total > MaxTotal {
			t.Fatalf("%+v, want subtotal %d, total %d", got, sum, want)
		}
		for _, n := range []int64{got.Subtotal, got.Tax, got.Shipping, got.Discount, got.Total} {
			if n < 0 {
				t.Fatalf("negative: %+v", got)
			}
		}
		if terms.TaxInclusive && got.Tax > got.Subtotal {
			t.Fatalf("more tax than price: %+v", got)
		}
		if method != MethodDelivery && got.Shipping != 0 {
			t.Fatalf("shipping for %q: %+v", method, got)
		}
	})
}
