package catalog_test

import (
	"reflect"
	"testing"

	"pgregory.net/rapid"

	"sotto.chat/catalog"
	"sotto.chat/internal/database"
	"sotto.chat/internal/fault"
)

func (r *room) price(wishes ...catalog.Wish) []catalog.Priced {
	r.t.Helper()
	var list []catalog.Priced
	r.must(func(tx database.Tx) (err error) { list, err = r.Price(tx, shop, wishes); return err })
	return list
}

func TestOptionsArePricedAndChecked(t *testing.T) {
	type o = catalog.Option
	large, ham := o{Group: "SIZE", Choice: "LARGE"}, o{Group: "TOPPING", Choice: "HAM"}
	with := func(more ...o) []o { return append([]o{large}, more...) }
	cases := map[string]struct {
		options []o
		unit    int64
		problem *fault.Fault
		missing int
	}{
		"as it comes":                {[]o{{Group: "SIZE", Choice: "SMALL"}}, 1000, nil, 0},
		"large":                      {with(), 1300, nil, 0},
		"with ham":                   {with(ham), 1450, nil, 0},
		"extra ham":                  {with(o{Group: "TOPPING", Choice: "HAM", Amount: "extra"}), 1450, nil, 0},
		"light ham":                  {with(o{Group: "TOPPING", Choice: "HAM", Amount: "light"}), 1450, nil, 0},
		"ham twice over":             {with(o{Group: "TOPPING", Choice: "HAM", Count: 2}), 1600, nil, 0},
		"no ham":                     {with(o{Group: "TOPPING", Choice: "HAM", Amount: "none"}), 1300, nil, 0},
		"the preset by name":         {with(o{Group: "TOPPING", Choice: "CHEESE"}), 1300, nil, 0},
		"extra of the preset":        {with(o{Group: "TOPPING", Choice: "CHEESE", Amount: "extra"}), 1400, nil, 0},
		"the preset twice":           {with(o{Group: "TOPPING", Choice: "CHEESE", Count: 2}), 1400, nil, 0},
		"without the preset":         {with(o{Group: "TOPPING", Choice: "CHEESE", Amount: "none"}, o{Group: "TOPPING", Choice: "HAM", Count: 3}), 1750, nil, 0},
		"by names in any case":       {[]o{{Group: "size", Choice: "BIG"}, {Group: "Topping", Choice: "ham"}}, 1450, nil, 0},
		"no size":                    {[]o{ham}, 1150, catalog.ErrChooseOptions, 1},
		"two sizes":                  {with(o{Group: "SIZE", Choice: "SMALL"}), 1300, catalog.ErrTooManyOptions, 0},
		"too many with the preset":   {with(o{Group: "TOPPING", Choice: "HAM", Count: 3}), 1750, catalog.ErrTooManyOptions, 0},
		"an unknown group":           {with(o{Group: "DRINK", Choice: "HAM"}), 1300, catalog.ErrUnknownOption, 0},
		"an unknown choice":          {with(o{Group: "TOPPING", Choice: "SNAIL"}), 1300, catalog.ErrUnknownOption, 0},
		"nothing":                    {with(o{}), 1300, catalog.ErrUnknownOption, 0},
		"a strange amount":           {with(o{Group: "TOPPING", Choice: "HAM", Amount: "much"}), 1450, catalog.ErrOption, 0},
		"an amount of a size":        {[]o{{Group: "SIZE", Choice: "LARGE", Amount: "extra"}}, 1300, catalog.ErrOption, 0},
		"named twice":                {with(ham, ham), 1600, catalog.ErrOption, 0},
		"a negative count":           {with(o{Group: "TOPPING", Choice: "HAM", Count: -5}), 1300, catalog.ErrOption, 0},
		"a count beyond measure":     {with(o{Group: "TOPPING", Choice: "HAM", Count: 1 << 60}), 1300 + 99*150, catalog.ErrOption, 0},
		"what is not to be had":      {with(o{Group: "TOPPING", Choice: "TUNA"}), 1500, catalog.ErrUnavailable, 0},
		"leaving out what is not":    {with(o{Group: "TOPPING", Choice: "TUNA", Amount: "none"}), 1300, nil, 0},
		"a choice of another group":  {with(o{Group: "SIZE", Choice: "HAM"}), 1300, catalog.ErrUnknownOption, 0},
		"only the preset's leaving":  {with(o{Group: "TOPPING", Choice: "CHEESE", Amount: "none"}), 1300, nil, 0},
		"both sorts of the same one": {with(ham, o{Group: "TOPPING", Choice: "HAM", Amount: "none"}), 1450, catalog.ErrOption, 0},
	}
	both(t, func(t *testing.T, r *room) {
		r.create(pizza())
		for name, c := range cases {
			t.Run(name, func(t *testing.T) {
				p := r.price(catalog.Wish{SKU: "PIZZA", Quantity: 1, Options: c.options})[0]
				if p.Unit.Amount != c.unit || p.Unit.Currency != "USD" || len(p.MissingGroups) != c.missing {
					t.Errorf("%+v, want %d", p, c.unit)
				}
				if c.problem == nil && p.Problem != nil || c.problem != nil && (p.Problem == nil || !p.Problem.Is(c.problem)) {
					t.Errorf("problem %v, want %v", p.Problem, c.problem)
				}
			})
		}
	})
}

func TestOptionsComeBackWithCodesAndNames(t *testing.T) {
	both(t, func(t *testing.T, r *room) {
		p := r.create(pizza())
		g := p.Groups[1]
		got := r.price(catalog.Wish{SKU: "PIZZA", Quantity: 2, Options: []catalog.Option{
			{Group: p.Groups[0].ID, Choice: p.Groups[0].Choices[1].ID, Count: 1}, {Group: g.ID, Choice: g.Choices[1].ID, Amount: "extra"}}})[0]
		want := []catalog.PricedOption{
			{Option: catalog.Option{Group: "SIZE", Choice: "LARGE"}, GroupName: "Size", ChoiceName: "Large", Price: 300},
			{Option: catalog.Option{Group: "TOPPING", Choice: "HAM", Amount: "extra"}, GroupName: "Topping", ChoiceName: "Ham", Price: 150}}
		if len(got.Options) != 2 || got.Options[0] != want[0] || got.Options[1] != want[1] || got.Problem != nil || got.ProductID != p.ID || got.VariantID != p.Variants[0].ID {
			t.Fatalf("%+v", got)
		}
	})
}

func TestAPresetSizeGivesWayToTheNamedOne(t *testing.T) {
	both(t, func(t *testing.T, r *room) {
		n := catalog.NewProduct{SKU: "TEA", Name: "Tea", Price: 300, Currency: "USD", Groups: []catalog.NewGroup{{Name: "Cup", Min: 1, Max: ptr[int64](1),
			Choices: []catalog.NewChoice{{Name: "Medium", Preset: true}, {Name: "Large", Price: 50}}}}}
		r.create(n)
		list := r.price(catalog.Wish{SKU: "TEA", Quantity: 1},
			catalog.Wish{SKU: "TEA", Quantity: 1, Options: []catalog.Option{{Group: "CUP", Choice: "LARGE"}}},
			catalog.Wish{SKU: "TEA", Quantity: 1, Options: []catalog.Option{{Group: "CUP", Choice: "MEDIUM", Amount: "none"}}})
		if list[0].Problem != nil || list[0].Unit.Amount != 300 || list[1].Problem != nil || list[1].Unit.Amount != 350 {
			t.Fatalf("%+v", list)
		}
		if list[2].Problem == nil || len(list[2].MissingGroups) != 1 {
			t.Fatalf("a tea without a cup: %+v", list[2])
		}
	})
}

func TestWishesAreAnsweredInTheirOrder(t *testing.T) {
	both(t, func(t *testing.T, r *room) {
		r.create(shirt())
		r.create(catalog.NewProduct{SKU: "OFF", Name: "Off", Price: 1, Currency: "USD", Unavailable: true})
		r.create(catalog.NewProduct{SKU: "ONE", Name: "One", Price: 5, Currency: "USD", Variants: []catalog.NewVariant{{SKU: "ONE-1"}}})
		gone := r.create(catalog.NewProduct{SKU: "GONE", Name: "Gone", Price: 1, Currency: "USD"})
		r.must(func(tx database.Tx) error { return r.Archive(tx, shop, gone.ID, 0) })
		wishes := []catalog.Wish{{SKU: "TEE-S", Quantity: 2}, {SKU: "TEE", Quantity: 1}, {SKU: "NONE", Quantity: 1}, {SKU: "TEE-S", Quantity: 2},
			{SKU: "TEE-L", Quantity: 1}, {SKU: "OFF", Quantity: 1}, {SKU: "TEE-L", Quantity: 0}, {SKU: "TEE-L", Quantity: 1000}, {SKU: "GONE", Quantity: 1}, {SKU: "ONE", Quantity: 1}}
		want := []*fault.Fault{nil, catalog.ErrChooseVariant, catalog.ErrUnknownSKU, catalog.ErrOutOfStock,
			nil, catalog.ErrUnavailable, catalog.ErrQuantity, catalog.ErrQuantity, catalog.ErrUnknownSKU, nil}
		list := r.price(wishes...)
		if now, err := r.PriceNow(t.Context(), shop, wishes); err != nil || !reflect.DeepEqual(now, list) {
			t.Errorf("outside a transaction: %+v %v", now, err)
		}
		for _, skus := range []string{"select sku from variants where merchant_id = ?", "select sku from variants where merchant_id = ? and sku = 'TEE-S'", "select sku from variants where merchant_id = ? and sku = ''"} {
			var listed []catalog.Priced
			r.must(func(tx database.Tx) error { // whatever the list has or no longer has, what is wished is answered
				p := catalog.NewListed(shop, database.Ask{SQL: skus, Args: []any{shop}})
				err := tx.Together(p.Ask())
				if p.Wish(wishes); err == nil {
					listed, err = p.Answer(tx)
				}
				return err
			})
			if !reflect.DeepEqual(listed, list) {
				t.Errorf("%s: %+v", skus, listed)
			}
		}
		for i, p := range list {
			if want[i] == nil && p.Problem != nil || want[i] != nil && (p.Problem == nil || !p.Problem.Is(want[i])) {
				t.Errorf("wish %d: problem %v, want %v", i, p.Problem, want[i])
			}
		}
		if p := list[0]; p.Name != "T-shirt (S)" || p.Unit.Amount != 2000 || !p.Available || *p.Stock != 3 {
			t.Errorf("%+v", p)
		}
		if p := list[4]; p.Unit.Amount != 2200 || p.Name != "T-shirt (L)" || list[3].Available || list[5].Available {
			t.Errorf("%+v", p)
		}
		if p := list[9]; p.SKU != "ONE-1" || p.VariantID == "" || p.Unit.Amount != 5 {
			t.Errorf("%+v", p)
		}
		if err := r.tx(func(tx database.Tx) error { _, err := r.Price(tx, shop, make([]catalog.Wish, 101)); return err }); err == nil {
			t.Error("101 lines were priced")
		} else {
			is(t, err, catalog.ErrTooManyLines)
		}
		r.must(func(tx database.Tx) error {
			foreign, err := r.Price(tx, "mer_2", []catalog.Wish{{SKU: "TEE-S", Quantity: 1}})
			if err == nil && !foreign[0].Problem.Is(catalog.ErrUnknownSKU) {
				t.Errorf("another merchant sells it: %+v", foreign)
			}
			return err
		})
		if list := r.price(); len(list) != 0 {
			t.Error("prices for nothing")
		}
	})
}

func TestNoOptionsMakeAPriceFall(t *testing.T) {
	both(t, func(t *testing.T, r *room) {
		r.create(pizza())
		word := rapid.OneOf(rapid.SampledFrom([]string{"SIZE", "TOPPING", "SMALL", "LARGE", "CHEESE", "HAM", "OLIVE", "TUNA", "extra", "light", "none", ""}), rapid.String())
		option := rapid.Custom(func(rt *rapid.T) catalog.Option {
			return catalog.Option{Group: word.Draw(rt, "group"), Choice: word.Draw(rt, "choice"), Amount: word.Draw(rt, "amount"), Count: rapid.Int64().Draw(rt, "count")}
		})
		rapid.Check(t, func(rt *rapid.T) {
			w := catalog.Wish{SKU: "PIZZA", Quantity: rapid.Int64().Draw(rt, "quantity"), Options: rapid.SliceOfN(option, 0, 8).Draw(rt, "options")}
			p := r.price(w)[0]
			sum := int64(1000)
			for _, o := range p.Options {
				sum += o.Price
			}
			if p.Unit.Amount < 1000 || p.Unit.Amount != sum {
				rt.Fatalf("%+v", p)
			}
		})
	})
}
