package orders

import (
	"errors"
	"regexp"
	"testing"

	"sotto.chat/catalog"
	"sotto.chat/internal/id"
)

func TestNothingMovesPastTheTable(t *testing.T) {
	all := []Status{None, AwaitingPayment, Paid, Fulfilled, Completed, Cancelled, Expired}
	acts := []act{actPlace, actPay, actPayLate, actExpire, actCancel, actRefund, actFulfil, actComplete, actTakeBack}
	allowed := 0
	for _, by := range acts {
		for _, from := range all {
			to, err := target(by, from)
			if err == nil {
				allowed++
				if to == None || to == from {
					t.Errorf("%s from %q leads to %q", by, from, to)
				}
			} else if !errors.Is(err, ErrMove) {
				t.Error(err)
			}
		}
	}
	// place has two rows from the same status: the second is the order without anything to pay
	if want := len(moves) - 1; allowed != want {
		t.Errorf("%d moves allowed, the table has %d", allowed, want)
	}
	if _, err := target(actCancel, Fulfilled); !errors.Is(err, ErrMove) {
		t.Error("goods that are on their way cannot be cancelled, only taken back")
	}
}

func TestNumbersAreShortRandomAndSpeakable(t *testing.T) {
	form, seen := regexp.MustCompile(`^[0-9A-HJKMNP-TV-Z]{8}$`), map[string]bool{}
	for range 10_000 {
		n, err := number8(id.New("ord"))
		if err != nil || !form.MatchString(n) || seen[n] {
			t.Fatal(n, err, seen[n])
		}
		seen[n] = true
	}
	if _, err := number8("ord_x"); err == nil {
		t.Error("a number for what is no id")
	}
}

func TestTheHashSeesEveryPart(t *testing.T) {
	base := func() Quote {
		return Quote{CartID: "cart_1", Currency: "EUR", Totals: Totals{Subtotal: 300, Tax: 3, Shipping: 5, Total: 308},
			Lines: []QuoteLine{{SKU: "a", Quantity: 2, Unit: 100, chosen: []catalog.Option{{Group: "size", Choice: "l"}}}, {SKU: "b", Quantity: 1, Unit: 100}}}
	}
	want := base().digest()
	for name, change := range map[string]func(*Quote){
		"cart":     func(q *Quote) { q.CartID = "cart_2" },
		"currency": func(q *Quote) { q.Currency = "USD" },
		"sku":      func(q *Quote) { q.Lines[0].SKU = "c" },
		"quantity": func(q *Quote) { q.Lines[0].Quantity = 3 },
		"option":   func(q *Quote) { q.Lines[0].chosen[0].Choice = "m" },
		"group":    func(q *Quote) { q.Lines[0].chosen[0] = catalog.Option{Group: "siz", Choice: "el"} },
		"amount":   func(q *Quote) { q.Lines[0].chosen[0].Amount = catalog.Extra },
		"count":    func(q *Quote) { q.Lines[0].chosen[0].Count = 2 },
		"note":     func(q *Quote) { q.Lines[1].note = []byte("x") },
		"unit":     func(q *Quote) { q.Lines[1].Unit = 101 },
		"order":    func(q *Quote) { q.Lines[0], q.Lines[1] = q.Lines[1], q.Lines[0] },
		"one less": func(q *Quote) { q.Lines = q.Lines[:1] },
		"tax":      func(q *Quote) { q.Tax++ },
		"shipping": func(q *Quote) { q.Shipping++ },
		"discount": func(q *Quote) { q.Discount++ },
		"total":    func(q *Quote) { q.Total++ },
	} {
		q := base()
		change(&q)
		if q.digest() == want {
			t.Errorf("the hash does not see the %s", name)
		}
	}
	if base().digest() != want {
		t.Error("the same quote has two hashes")
	}
}

func TestReturnsNeverGiveBackMoreThanWasBought(t *testing.T) {
	lines := []OrderLine{{ID: "a", Quantity: 3, Returned: 1}, {ID: "b", Quantity: 1}}
	for _, c := range []struct {
		name string
		in   []ReturnedLine
		back int
		left int64
		bad  bool
	}{
		{"all", nil, 2, 0, false},
		{"some", []ReturnedLine{{"a", 1}}, 1, 2, false},
		{"twice the same", []ReturnedLine{{"a", 1}, {"a", 1}}, 1, 1, false},
		{"too many", []ReturnedLine{{"a", 3}}, 0, 0, true},
		{"too many in parts", []ReturnedLine{{"a", 2}, {"a", 1}}, 0, 0, true},
		{"nothing", []ReturnedLine{{"a", 0}}, 0, 0, true},
		{"less than nothing", []ReturnedLine{{"a", -1}}, 0, 0, true},
		{"another order's", []ReturnedLine{{"z", 1}}, 0, 0, true},
	} {
		back, left, err := Returned{Lines: c.in}.apply(lines)
		if c.bad != errors.Is(err, ErrReturn) || len(back) != c.back || left != c.left {
			t.Errorf("%s: %v %d %v", c.name, back, left, err)
		}
	}
}
