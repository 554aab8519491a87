package catalog_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"sotto.chat/catalog"
	"sotto.chat/internal/database"
	"sotto.chat/internal/fault"
	"sotto.chat/internal/jobs"
	"sotto.chat/internal/testkit"
)

const shop = "mer_1"

// room is a catalog on a database, with the news that it has promised.
type room struct {
	*catalog.Catalog
	t    testing.TB
	db   *database.DB
	desk *jobs.Desk
}

func open(t testing.TB, db *database.DB) *room {
	t.Helper()
	desk := jobs.New(db, testkit.Log(t))
	if err := desk.Open(t.Context()); err != nil {
		t.Fatal(err)
	}
	return &room{catalog.New(db, desk), t, db, desk}
}

func both(t *testing.T, f func(t *testing.T, r *room)) {
	testkit.Both(t, func(t *testing.T, db *database.DB, _ *testkit.Clock) { f(t, open(t, db)) })
}

func (r *room) tx(f func(database.Tx) error) error {
	r.t.Helper()
	return r.db.InTx(r.t.Context(), f)
}

func (r *room) must(f func(database.Tx) error) {
	r.t.Helper()
	if err := r.tx(f); err != nil {
		r.t.Fatal(err)
	}
}

func (r *room) create(n catalog.NewProduct) catalog.Product {
	r.t.Helper()
	var p catalog.Product
	r.must(func(tx database.Tx) (err error) { p, err = r.Create(tx, shop, n); return err })
	return p
}

func (r *room) patch(id string, version int64, e catalog.Edit) (catalog.Product, error) {
	r.t.Helper()
	var p catalog.Product
	err := r.tx(func(tx database.Tx) (err error) { p, err = r.Patch(tx, shop, id, version, e); return err })
	return p, err
}

func (r *room) version() int64 {
	r.t.Helper()
	v, err := r.Version(r.t.Context(), shop)
	if err != nil {
		r.t.Fatal(err)
	}
	return v
}

func ptr[T any](v T) *T { return &v }

func is(t testing.TB, err error, want *fault.Fault) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Fatalf("got %v, want %s", err, want.Code)
	}
}

func pizza() catalog.NewProduct {
	return catalog.NewProduct{SKU: "PIZZA", Name: "Pizza", Price: 1000, Currency: "USD", Synonyms: []string{"pie"},
		Groups: []catalog.NewGroup{
			{Code: "SIZE", Name: "Size", Min: 1, Max: ptr[int64](1), Choices: []catalog.NewChoice{
				{Code: "SMALL", Name: "Small"}, {Code: "LARGE", Name: "Large", Price: 300, Synonyms: []string{"big"}}}},
			{Code: "TOPPING", Name: "Topping", Max: ptr[int64](3), Amounts: true, Choices: []catalog.NewChoice{
				{Code: "CHEESE", Name: "Cheese", Price: 100, Preset: true}, {Code: "HAM", Name: "Ham", Price: 150},
				{Code: "OLIVE", Name: "Olive", Price: 50}, {Code: "TUNA", Name: "Tuna", Price: 200, Unavailable: true}}},
		}}
}

func shirt() catalog.NewProduct {
	return catalog.NewProduct{SKU: "TEE", Name: "T-shirt", Price: 2000, Currency: "USD", Category: "clothes", Variants: []catalog.NewVariant{
		{SKU: "TEE-S", Attributes: map[string]string{"size": "S"}, Stock: &catalog.Count{OnHand: ptr[int64](3)}},
		{SKU: "TEE-L", Attributes: map[string]string{"size": "L"}, Price: ptr[int64](2200), Stock: &catalog.Count{OnHand: ptr[int64](1)}}}}
}

func TestAProductIsKeptWhole(t *testing.T) {
	both(t, func(t *testing.T, r *room) {
		cola := r.create(catalog.NewProduct{SKU: "COLA", Name: "Cola", Price: 250, Currency: "USD", Stock: ptr[int64](7),
			Attributes: map[string]string{"colour": "black"}, Images: []catalog.Image{{URL: "https://shop.example/cola.png", Alt: "a can"}}})
		if !cola.Single() || cola.Variants[0].SKU != "COLA" || *cola.Stock() != 7 || !cola.Available || cola.Version != 1 {
			t.Fatalf("%+v", cola)
		}
		p, tee := r.create(pizza()), r.create(shirt())
		if len(p.Groups) != 2 || len(p.Groups[1].Choices) != 4 || !p.Groups[1].Choices[0].Preset || p.Stock() != nil {
			t.Fatalf("%+v", p)
		}
		if tee.Single() || *tee.Stock() != 4 || tee.PriceOf(tee.Variants[1]) != 2200 || tee.PriceOf(tee.Variants[0]) != 2000 {
			t.Fatalf("%+v", tee)
		}
		got, err := r.BySKU(t.Context(), shop, "TEE-L")
		if err != nil || got.ID != tee.ID || len(got.Variants) != 2 {
			t.Fatalf("%+v %v", got, err)
		}
		_, err = r.Get(t.Context(), "mer_2", cola.ID)
		is(t, err, catalog.ErrNotFound)
		_, err = r.BySKU(t.Context(), "mer_2", "COLA")
		is(t, err, catalog.ErrUnknownSKU)
		if v := r.version(); v != 3 {
			t.Fatalf("version %d after three products", v)
		}
	})
}

func TestWhatAProductMayNotBe(t *testing.T) {
	long := strings.Repeat("x", 400)
	cases := map[string]struct {
		n    catalog.NewProduct
		want *fault.Fault
		at   string
	}{
		"no sku":            {catalog.NewProduct{Name: "x", Currency: "USD"}, catalog.ErrInvalid, "sku"},
		"no name":           {catalog.NewProduct{SKU: "x", Currency: "USD"}, catalog.ErrInvalid, "name"},
		"a long name":       {catalog.NewProduct{SKU: "x", Name: long, Currency: "USD"}, catalog.ErrInvalid, "name"},
		"NUL":               {catalog.NewProduct{SKU: "x", Name: "a\x00b", Currency: "USD"}, catalog.ErrInvalid, "name"},
		"a negative price":  {catalog.NewProduct{SKU: "x", Name: "x", Price: -1, Currency: "USD"}, catalog.ErrInvalid, "price"},
		"a huge price":      {catalog.NewProduct{SKU: "x", Name: "x", Price: catalog.MaxPrice + 1, Currency: "USD"}, catalog.ErrInvalid, "price"},
		"a strange money":   {catalog.NewProduct{SKU: "x", Name: "x", Currency: "ZZZ"}, catalog.ErrInvalid, "price.currency"},
		"another money":     {catalog.NewProduct{SKU: "x", Name: "x", Currency: "EUR"}, catalog.ErrCurrency, "price.currency"},
		"a negative stock":  {catalog.NewProduct{SKU: "x", Name: "x", Stock: ptr[int64](-1)}, catalog.ErrInvalid, "stock"},
		"a taken sku":       {catalog.NewProduct{SKU: "COLA", Name: "x"}, catalog.ErrSKUTaken, "sku"},
		"a taken variant":   {catalog.NewProduct{SKU: "x", Name: "x", Variants: []catalog.NewVariant{{SKU: "COLA"}}}, catalog.ErrSKUTaken, "sku"},
		"its own sku twice": {catalog.NewProduct{SKU: "x", Name: "x", Variants: []catalog.NewVariant{{SKU: "x"}}}, catalog.ErrInvalid, "variants[0].sku"},
		"a script":          {catalog.NewProduct{SKU: "x", Name: "x", Images: []catalog.Image{{URL: "javascript:alert(1)"}}}, catalog.ErrInvalid, "images[0].url"},
		"a hidden host":     {catalog.NewProduct{SKU: "x", Name: "x", Images: []catalog.Image{{URL: "//evil.example/x"}}}, catalog.ErrInvalid, "images[0].url"},
		"max below min":     {catalog.NewProduct{SKU: "x", Name: "x", Groups: []catalog.NewGroup{{Name: "g", Min: 2, Max: ptr[int64](1)}}}, catalog.ErrInvalid, "options[0].max"},
		"a choice unnamed":  {catalog.NewProduct{SKU: "x", Name: "x", Groups: []catalog.NewGroup{{Name: "g", Choices: []catalog.NewChoice{{Code: "A"}}}}}, catalog.ErrInvalid, "options[0].choices[0].name"},
		"a group unnamed":   {catalog.NewProduct{SKU: "x", Name: "x", Groups: []catalog.NewGroup{{}}}, catalog.ErrInvalid, "options[0].name"},
	}
	both(t, func(t *testing.T, r *room) {
		r.create(catalog.NewProduct{SKU: "COLA", Name: "Cola", Price: 250, Currency: "USD"})
		for name, c := range cases {
			t.Run(name, func(t *testing.T) {
				err := r.tx(func(tx database.Tx) error { _, err := r.Create(tx, shop, c.n); return err })
				is(t, err, c.want)
				if f, _ := fault.Of(err); len(f.Fields) == 0 || f.Fields[0].Location != c.at {
					t.Fatalf("fields %v, want %s", f.Fields, c.at)
				}
			})
		}
		if v := r.version(); v != 1 {
			t.Fatalf("refusals moved the version to %d", v)
		}
	})
}

func TestPatchKeepsIdsAndRefusesTheStale(t *testing.T) {
	both(t, func(t *testing.T, r *room) {
		p := r.create(pizza())
		groups := pizza().Groups
		groups[0].Choices = append(groups[0].Choices, catalog.NewChoice{Name: "Extra large!", Price: 500})
		groups[1].Code = p.Groups[1].ID // an id stands for the group as well
		groups[1].Choices = groups[1].Choices[1:]
		q, err := r.patch(p.ID, p.Version, catalog.Edit{Name: ptr("Pizza pie"), Groups: &groups})
		if err != nil {
			t.Fatal(err)
		}
		if q.Version != 2 || q.Name != "Pizza pie" || q.SKU != "PIZZA" || q.Variants[0].ID != p.Variants[0].ID {
			t.Fatalf("%+v", q)
		}
		if q.Groups[0].ID != p.Groups[0].ID || q.Groups[0].Choices[1].ID != p.Groups[0].Choices[1].ID || q.Groups[0].Choices[2].Code != "EXTRA_LARGE" {
			t.Fatalf("%+v", q.Groups[0])
		}
		if q.Groups[1].ID != p.Groups[1].ID || q.Groups[1].Code != "TOPPING" || len(q.Groups[1].Choices) != 3 || q.Groups[1].Choices[0].ID != p.Groups[1].Choices[1].ID {
			t.Fatalf("%+v", q.Groups[1])
		}
		_, err = r.patch(p.ID, p.Version, catalog.Edit{Name: ptr("late")})
		is(t, err, catalog.ErrStale)
		before := r.version()
		same, err := r.patch(p.ID, q.Version, catalog.Edit{Name: ptr("Pizza pie"), Groups: &groups})
		if err != nil || same.Version != q.Version || r.version() != before {
			t.Fatalf("a patch that changes nothing moved to %d, %v", same.Version, err)
		}
		_, err = r.patch("prod_none", 0, catalog.Edit{})
		is(t, err, catalog.ErrNotFound)
		if err := r.tx(func(tx database.Tx) error {
			_, err := r.Patch(tx, "mer_2", p.ID, 0, catalog.Edit{Name: ptr("mine")})
			return err
		}); !errors.Is(err, catalog.ErrNotFound) {
			t.Fatalf("another merchant changed it: %v", err)
		}
	})
}

func TestPatchOfVariantsAndStock(t *testing.T) {
	both(t, func(t *testing.T, r *room) {
		p := r.create(shirt())
		variants := []catalog.NewVariant{{SKU: "TEE-L", Attributes: map[string]string{"size": "L"}}, {SKU: "TEE-XL", Stock: &catalog.Count{OnHand: ptr[int64](9)}}}
		q, err := r.patch(p.ID, 0, catalog.Edit{Variants: &variants})
		if err != nil {
			t.Fatal(err)
		}
		if len(q.Variants) != 2 || q.Variants[0].ID != p.Variants[1].ID || *q.Variants[0].OnHand != 1 || q.Variants[0].Price != nil || *q.Variants[1].OnHand != 9 {
			t.Fatalf("%+v", q.Variants)
		}
		_, err = r.patch(p.ID, 0, catalog.Edit{Stock: &catalog.Count{OnHand: ptr[int64](1)}})
		is(t, err, catalog.ErrChooseVariant)
		q, err = r.patch(p.ID, 0, catalog.Edit{Variants: &[]catalog.NewVariant{}, Stock: &catalog.Count{OnHand: ptr[int64](4)}, SKU: ptr("SHIRT")})
		if err != nil || !q.Single() || q.Variants[0].SKU != "SHIRT" || *q.Stock() != 4 {
			t.Fatalf("%+v %v", q, err)
		}
		q, err = r.patch(p.ID, 0, catalog.Edit{SKU: ptr("TEE")})
		if err != nil || q.Variants[0].SKU != "TEE" || *q.Stock() != 4 {
			t.Fatalf("%+v %v", q, err)
		}
		version, moves := q.Version, r.version()
		q, err = r.patch(p.ID, 0, catalog.Edit{Stock: &catalog.Count{}})
		if err != nil || q.Stock() != nil || q.Version != version || r.version() != moves {
			t.Fatalf("stock must move no version: %+v %v", q, err)
		}
	})
}

func TestArchiveFreesTheSKU(t *testing.T) {
	both(t, func(t *testing.T, r *room) {
		p := r.create(shirt())
		if err := r.hold("ord_1", catalog.HoldLine{VariantID: p.Variants[0].ID, Quantity: 1}); err != nil {
			t.Fatal(err)
		}
		r.must(func(tx database.Tx) error { return r.Archive(tx, shop, p.ID, p.Version) })
		if err := r.consume("ord_1"); err != nil { // its order goes on
			t.Fatal(err)
		}
		r.sound()
		is(t, r.tx(func(tx database.Tx) error { return r.Archive(tx, shop, p.ID, 0) }), catalog.ErrNotFound)
		_, err := r.BySKU(t.Context(), shop, "TEE-L")
		is(t, err, catalog.ErrUnknownSKU)
		old, err := r.Get(t.Context(), shop, p.ID)
		if err != nil || old.ArchivedAt == nil || len(old.Variants) != 2 {
			t.Fatalf("%+v %v", old, err)
		}
		if again := r.create(shirt()); again.ID == p.ID {
			t.Fatal("the archived product came back")
		}
		live, _, err := r.List(t.Context(), shop, catalog.Page{}, catalog.Filter{})
		gone, _, err2 := r.List(t.Context(), shop, catalog.Page{}, catalog.Filter{Archived: true})
		if err != nil || err2 != nil || len(live) != 1 || len(gone) != 1 || gone[0].ID != p.ID {
			t.Fatalf("%d live, %d archived, %v %v", len(live), len(gone), err, err2)
		}
	})
}

func TestListTurnsPages(t *testing.T) {
	both(t, func(t *testing.T, r *room) {
		for _, sku := range []string{"A", "B", "C", "D", "E"} {
			r.create(catalog.NewProduct{SKU: sku, Name: sku, Currency: "USD", Brand: "brand " + sku, Unavailable: sku == "B", Category: "letters"})
		}
		r.create(shirt())
		var seen []string
		page := catalog.Page{Limit: 2}
		for {
			list, next, err := r.List(t.Context(), shop, page, catalog.Filter{Category: "letters"})
			if err != nil {
				t.Fatal(err)
			}
			for _, p := range list {
				seen = append(seen, p.SKU)
				if len(p.Variants) != 1 {
					t.Fatalf("%s came without its variant", p.SKU)
				}
			}
			if page.After = next; next == "" {
				break
			}
		}
		if got := strings.Join(seen, ""); got != "ABCDE" {
			t.Fatalf("pages gave %s", got)
		}
		for want, f := range map[string]catalog.Filter{"B": {Available: ptr(false)}, "C": {Brand: "brand C"}, "TEE": {SKU: "TEE-S"}, "A": {SKU: "A"}} {
			list, next, err := r.List(t.Context(), shop, catalog.Page{}, f)
			if err != nil || next != "" || len(list) != 1 || list[0].SKU != want {
				t.Fatalf("%+v gave %d products, %v", f, len(list), err)
			}
		}
		_, _, err := r.List(t.Context(), shop, catalog.Page{After: "' or 1=1"}, catalog.Filter{})
		is(t, err, catalog.ErrCursor)
	})
}

func TestChangesAreAnnouncedWithTheTransaction(t *testing.T) {
	both(t, func(t *testing.T, r *room) {
		jobs.On(r.desk, "test.changed", func(context.Context, catalog.Changed) error { return nil })
		undone := errors.New("undone")
		err := r.tx(func(tx database.Tx) error {
			if _, err := r.Create(tx, shop, pizza()); err != nil {
				return err
			}
			return undone
		})
		if n, _ := r.desk.Pending(t.Context()); !errors.Is(err, undone) || n != 0 || r.version() != 0 {
			t.Fatalf("%d promises, version %d, %v", n, r.version(), err)
		}
		p := r.create(pizza())
		r.must(func(tx database.Tx) error { _, err := r.SetStock(tx, shop, p.ID, ptr[int64](3)); return err })
		if n, err := r.desk.Pending(t.Context()); err != nil || n != 1 || r.version() != 1 {
			t.Fatalf("%d promises, version %d, %v", n, r.version(), err)
		}
	})
}
