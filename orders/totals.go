package orders

import (
	"sotto.chat/internal/fault"
	"sotto.chat/internal/money"
)

// MaxTotal bounds every sum, far below where int64 arithmetic could overflow.
const MaxTotal = 1_000_000_000_000_000

// Faults of pricing.
var (
	ErrTotal = fault.New(fault.Invalid, "total_out_of_range", "The total is out of range; order fewer pieces.")
	ErrPrice = fault.New(fault.Conflict, "price_invalid", "An item has no valid price at the moment; choose another option.")
)

// Totals are the sums of a cart or an order. Total = Subtotal - Discount + Shipping, plus Tax unless the prices
// hold the tax already.
type Totals struct {
	Subtotal, Discount, Shipping, Tax, Total int64
	TaxInclusive                             bool
}

// amount is what pricing needs of a line.
type amount struct{ unit, quantity int64 }

// price is the whole pricing rule, pure, so that a fuller engine can take its place: goods at their unit price,
// one flat tax on the goods rounded once and half to even, flat shipping for method delivery alone, charged as the
// merchant set it (tax included, if any). There is no discount rule yet, so Discount is 0.
func price(lines []amount, t Terms, method Method) (Totals, error) {
	sum := Totals{TaxInclusive: t.TaxInclusive}
	for _, l := range lines {
		if l.unit < 0 {
			return Totals{}, ErrPrice
		}
		total, err := money.Mul(l.unit, l.quantity)
		if err != nil || total > MaxTotal || sum.Subtotal+total > MaxTotal {
			return Totals{}, ErrTotal
		}
		sum.Subtotal += total
	}
	if method == MethodDelivery && len(lines) > 0 {
		sum.Shipping = t.Shipping
	}
	taxed := sum.Subtotal - sum.Discount
	sum.Total = taxed + sum.Shipping
	if t.TaxInclusive {
		sum.Tax = money.MulDiv(taxed, t.TaxPPM, 1_000_000+t.TaxPPM)
	} else {
		sum.Tax = money.PPM(taxed, t.TaxPPM)
		sum.Total += sum.Tax
	}
	if sum.Total > MaxTotal {
		return Totals{}, ErrTotal
	}
	return sum, nil
}
