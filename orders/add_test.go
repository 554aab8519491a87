package orders_test

import (
	"errors"
	"fmt"
	"testing"

	"sotto.chat/catalog"
	"sotto.chat/internal/database"
	"sotto.chat/internal/fault"
	"sotto.chat/internal/money"
	"sotto.chat/internal/testkit"
	"sotto.chat/orders"
)

// Adding with a quote ends as adding and then asking for a quote does, whatever is added to whatever cart; what is refused changes nothing.
func TestAddingWithAQuote(t *testing.T) {
	tea := want{"tea", 1}
	for name, c := range map[string]struct {
		cart []want
		in   orders.LineInput
		want error
	}{
		"into an empty cart":             {nil, orders.LineInput{SKU: "tea", Quantity: 2}, nil},
		"beside another line":            {[]want{tea}, orders.LineInput{SKU: "cup", Quantity: 1}, nil},
		"the same again":                 {[]want{tea}, orders.LineInput{SKU: "tea", Quantity: 2}, nil},
		"with options":                   {[]want{tea}, orders.LineInput{SKU: "pizza", Quantity: 1, Options: []catalog.Option{opt("size", "l")}}, nil},
		"with an option to be chosen":    {[]want{tea}, orders.LineInput{SKU: "pizza", Quantity: 1}, nil},
		"with a note":                    {[]want{tea}, orders.LineInput{SKU: "tea", Quantity: 1, Note: "hot"}, nil},
		"by the product's name":          {[]want{tea}, orders.LineInput{SKU: "shirt", Quantity: 1}, nil},
		"by the product's, again":        {[]want{tea, {"shirt-m", 1}}, orders.LineInput{SKU: "shirt", Quantity: 2}, nil},
		"which of two is not said":       {[]want{tea}, orders.LineInput{SKU: "hat", Quantity: 1}, catalog.ErrChooseVariant},
		"more than there are":            {[]want{tea}, orders.LineInput{SKU: "cup", Quantity: 9}, nil},
		"more than a line holds":         {[]want{{"tea", 998}}, orders.LineInput{SKU: "tea", Quantity: 2}, orders.ErrQuantity},
		"nothing that is sold":           {[]want{tea}, orders.LineInput{SKU: "gold", Quantity: 1}, catalog.ErrUnknownSKU},
		"an option that there is not":    {[]want{tea}, orders.LineInput{SKU: "pizza", Quantity: 1, Options: []catalog.Option{opt("size", "xxl")}}, catalog.ErrUnknownOption},
		"a piece too little":             {[]want{tea}, orders.LineInput{SKU: "tea"}, orders.ErrQuantity},
		"an option of what has no group": {[]want{tea}, orders.LineInput{SKU: "tea", Quantity: 1, Options: []catalog.Option{opt("size", "l")}}, catalog.ErrUnknownOption},
	} {
		t.Run(name, func(t *testing.T) {
			testkit.Both(t, func(t *testing.T, db *database.DB, clock *testkit.Clock) {
				w := newWorld(t, db, clock)
				w.sell("tea", 450, -1)
				w.sell("cup", 900, 5)
				w.pizza()
				w.create(catalog.NewProduct{SKU: "shirt", Name: "Shirt", Price: 2000, Currency: "EUR", Variants: []catalog.NewVariant{{SKU: "shirt-m", Attributes: map[string]string{"size": "M"}}}})
				w.create(catalog.NewProduct{SKU: "hat", Name: "Hat", Price: 1500, Currency: "EUR", Variants: []catalog.NewVariant{
					{SKU: "hat-s", Attributes: map[string]string{"size": "S"}}, {SKU: "hat-m", Attributes: map[string]string{"size": "M"}}}})
				one, two := w.cart(w.customer(), c.cart...), w.cart(w.customer(), c.cart...)
				before := shown(w.quote(one.ID))
				var stepwise, atOnce orders.Quote
				errStep := w.try(func(tx database.Tx) error {
					_, err := w.orders.AddLine(tx, w.m.ID, one.ID, c.in)
					if err == nil {
						stepwise, err = w.orders.Quote(tx, w.m.ID, one.ID)
					}
					return err
				})
				var line orders.CartLine
				errOnce := w.try(func(tx database.Tx) (err error) {
					line, atOnce, err = w.orders.AddAndQuote(tx, w.m.ID, two.ID, c.in)
					if _, refused := fault.Of(err); refused { // as the bot does: it says why, and the talk goes on in the same transaction
						w.must(second(w.orders.Quote(tx, w.m.ID, two.ID)))
					}
					return err
				})
				if !errors.Is(errStep, c.want) || !errors.Is(errOnce, c.want) {
					t.Fatalf("%v and %v, want %v", errStep, errOnce, c.want)
				}
				if c.want != nil {
					if after := shown(w.quote(two.ID)); after != before {
						t.Errorf("%s has become %s", before, after)
					}
					return
				}
				if shown(atOnce) != shown(stepwise) || shown(atOnce) != shown(w.quote(two.ID)) || shown(atOnce) == before {
					t.Errorf("%s\nstep by step %s\nafterwards %s", shown(atOnce), shown(stepwise), shown(w.quote(two.ID)))
				}
				if l := mustCart(w, two.ID).Lines; l[len(l)-1].ID != line.ID && l[0].ID != line.ID && l[1].ID != line.ID {
					t.Errorf("no line is %s", line.ID)
				}
			})
		})
	}
}

// shown is a quote without ids.
func shown(q orders.Quote) string {
	out := fmt.Sprint(q.Status, " ", money.Of(q.Total, q.Currency), " ")
	for _, l := range q.Lines {
		problem := ""
		if l.Problem != nil {
			problem = l.Problem.Code
		}
		out += fmt.Sprint(l.Quantity, " ", l.SKU, " ", l.Name, " ", l.Options, " ", l.Note, " ", l.Unit, " ", l.Total, " ", problem, "; ")
	}
	return out
}
