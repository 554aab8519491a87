package catalog_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"sotto.chat/catalog"
	"sotto.chat/internal/database"
	"sotto.chat/internal/testkit"
)

func menu() catalog.File {
	return catalog.File{Currency: "USD",
		Products: []catalog.FileProduct{
			{SKU: "PIZZA", Name: "pizza", Synonyms: []string{"pie"}, Category: "pizzas", Price: 1200, Attributes: map[string]string{"colour": "red"},
				Images: []catalog.FileImage{{URL: "/pictures/1", Alt: "a pizza"}},
				Options: []catalog.FileGroup{
					{ID: "SIZE", Name: "size", Min: 1, Max: ptr(1), Choices: []catalog.FileChoice{{ID: "L", Name: "large", Synonyms: []string{"big"}, Price: 200, Default: true}}},
					{ID: "TOPPING", Name: "topping", Amounts: true, Choices: []catalog.FileChoice{{ID: "HAM", Name: "ham", Price: 150}}}}},
			{SKU: "COLA", Name: "cola", Description: "cold", Brand: "Cola & Co", Price: 250, Stock: ptr[int64](8)},
			{SKU: "TEE", Name: "shirt", Price: 2000, Variants: []catalog.FileVariant{
				{SKU: "TEE-S", Attributes: map[string]string{"size": "S"}, Stock: ptr[int64](2)}, {SKU: "TEE-L", Price: ptr[int64](2200)}}},
		},
		Categories: []catalog.FileCategory{{ID: "pizzas", Name: "Pizza", Synonyms: []string{"pies"}}, {ID: "drinks", Name: "Drinks"}},
		Questions:  []catalog.FileQuestion{{ID: "HOURS", Answer: "Nine to five.", Examples: []string{"when are you open"}}, {ID: "WHERE"}}}
}

func (r *room) importFile(f catalog.File, dry bool) catalog.Report {
	r.t.Helper()
	report, err := r.Import(r.t.Context(), shop, f, dry, nil)
	if err != nil {
		r.t.Fatal(err)
	}
	return report
}

func (r *room) export() catalog.File {
	r.t.Helper()
	f, version, err := r.File(r.t.Context(), shop)
	if err != nil || version != r.version() {
		r.t.Fatal(version, err)
	}
	return f
}

func wantReport(t *testing.T, got catalog.Report, created, updated, unchanged, problems int) {
	t.Helper()
	if got.Created != created || got.Updated != updated || got.Unchanged != unchanged || len(got.Problems) != problems {
		t.Fatalf("%+v, want %d created, %d updated, %d unchanged, %d problems", got, created, updated, unchanged, problems)
	}
}

func TestAFileMakesTheRoundTrip(t *testing.T) {
	both(t, func(t *testing.T, r *room) {
		wantReport(t, r.importFile(menu(), true), 7, 0, 0, 0)
		if r.version() != 0 || len(r.export().Products) != 0 {
			t.Fatal("a dry run wrote")
		}
		wantReport(t, r.importFile(menu(), false), 7, 0, 0, 0)
		version := r.version()
		got := r.export()
		if !reflect.DeepEqual(got, menu()) {
			t.Fatalf("came back as\n%+v", got)
		}
		wantReport(t, r.importFile(got, true), 0, 0, 7, 0)
		wantReport(t, r.importFile(got, false), 0, 0, 7, 0)
		if r.version() != version {
			t.Fatal("an import that changes nothing moved the version")
		}
		raw, err := json.Marshal(got)
		if err != nil {
			t.Fatal(err)
		}
		read, problems, err := catalog.DecodeFile(bytes.NewReader(raw))
		if err != nil || len(problems) > 0 || !reflect.DeepEqual(read, menu()) {
			t.Fatalf("the file reads as %+v %v %v", read, problems, err)
		}
	})
}

func TestAnImportUpdatesBySKUAndKeepsIdsHoldsAndTheRest(t *testing.T) {
	both(t, func(t *testing.T, r *room) {
		r.importFile(menu(), false)
		before, err := r.BySKUs(t.Context(), shop, []string{"PIZZA", "COLA", "TEE"})
		if err != nil {
			t.Fatal(err)
		}
		cola := before["COLA"].Variants[0]
		if err := r.hold("ord_1", catalog.HoldLine{VariantID: cola.ID, Quantity: 3}); err != nil {
			t.Fatal(err)
		}
		if _, err := r.patch(before["PIZZA"].ID, 0, catalog.Edit{Available: ptr(false), Position: ptr[int64](9)}); err != nil {
			t.Fatal(err)
		}
		f := menu()
		f.Products[0].Price = 1300
		f.Products[0].Options[1].Choices[0].Price = 175
		f.Products[1].Stock = ptr[int64](4)
		f.Categories[0].Name = "Pizze"
		f.Questions = f.Questions[:1]
		wantReport(t, r.importFile(f, true), 0, 3, 3, 0)
		wantReport(t, r.importFile(f, false), 0, 3, 3, 0)
		after, err := r.BySKU(t.Context(), shop, "PIZZA")
		if err != nil || after.ID != before["PIZZA"].ID || after.Price != 1300 || after.Available || after.Position != 9 || after.Version != 3 ||
			after.Groups[1].Choices[0].ID != before["PIZZA"].Groups[1].Choices[0].ID || after.Groups[1].Choices[0].Price != 175 {
			t.Fatalf("%+v %v", after, err)
		}
		r.wantStock(cola.ID, 4, 3)
		f.Products[1].Stock = ptr[int64](2)
		wantReport(t, r.importFile(f, true), 0, 0, 5, 1)
		wantReport(t, r.importFile(f, false), 0, 0, 5, 1)
		r.wantStock(cola.ID, 4, 3)
		f.Products[1].Stock = nil
		wantReport(t, r.importFile(f, false), 0, 1, 5, 0)
		r.wantStock(cola.ID, -1, 3)
		if q, err := r.Questions(t.Context(), shop); err != nil || len(q) != 2 {
			t.Fatalf("what the file does not name is gone: %v %v", q, err)
		}
		r.sound()
	})
}

func TestBadRowsAreNamedAndTheOthersTaken(t *testing.T) {
	both(t, func(t *testing.T, r *room) {
		r.create(catalog.NewProduct{SKU: "OWNED", Name: "x", Currency: "USD", Variants: []catalog.NewVariant{{SKU: "OWNED-1"}}})
		f := catalog.File{Currency: "USD", Products: []catalog.FileProduct{
			{SKU: "GOOD", Name: "good"}, {SKU: "GOOD", Name: "again"}, {SKU: "", Name: "nameless"}, {SKU: "NEG", Name: "neg", Price: -1},
			{SKU: "OWNED-1", Name: "of another"}, {SKU: "V", Name: "v", Variants: []catalog.FileVariant{{SKU: "OWNED"}}}, {SKU: "FINE", Name: "fine"}},
			Categories: []catalog.FileCategory{{ID: "A", Name: "a"}, {ID: "A", Name: "b"}, {ID: "", Name: "c"}},
			Questions:  []catalog.FileQuestion{{ID: ""}, {ID: "Q"}}}
		for _, dry := range []bool{true, false} {
			report := r.importFile(f, dry)
			var where []string
			for _, p := range report.Problems {
				where = append(where, p.Location)
			}
			want := "categories[1].id categories[2].id products[1].sku products[2].sku products[3].price products[4].sku products[5].sku questions[0].id"
			if got := strings.Join(where, " "); got != want || report.Created != 4 {
				t.Fatalf("%d created, problems at\n%s, want\n%s", report.Created, got, want)
			}
		}
		_, err := r.Import(t.Context(), shop, catalog.File{Currency: "EUR"}, false, nil)
		is(t, err, catalog.ErrCurrency)
		_, err = r.Import(t.Context(), "mer_2", catalog.File{}, false, nil)
		is(t, err, catalog.ErrCurrency)
	})
}

func TestTenThousandProducts(t *testing.T) {
	size := 10_000
	if testing.Short() || testkit.Race {
		size = 2_000
	}
	both(t, func(t *testing.T, r *room) {
		f := catalog.File{Currency: "USD"}
		for i := range size {
			p := menu().Products[i%3]
			p.SKU = fmt.Sprintf("P%05d", i)
			p.Variants = append([]catalog.FileVariant(nil), p.Variants...)
			for j := range p.Variants {
				p.Variants[j].SKU = fmt.Sprintf("%s-%d", p.SKU, j)
			}
			f.Products = append(f.Products, p)
		}
		steps := 0
		run := func(what string, dry bool) catalog.Report {
			start, last := time.Now(), 0
			report, err := r.Import(t.Context(), shop, f, dry, func(done, total int) {
				if steps++; done <= last || done > total || total != size {
					t.Errorf("progress %d of %d after %d", done, total, last)
				}
				last = done
			})
			if err != nil || last != size {
				t.Fatal(last, err)
			}
			t.Logf("%s: %v", what, time.Since(start))
			return report
		}
		wantReport(t, run("dry", true), size, 0, 0, 0)
		wantReport(t, run("first", false), size, 0, 0, 0)
		wantReport(t, run("second", false), 0, 0, size, 0)
		for i := range f.Products {
			f.Products[i].Price++
			if f.Products[i].Stock != nil {
				f.Products[i].Stock = ptr(*f.Products[i].Stock + 1)
			}
		}
		wantReport(t, run("changed", false), 0, size, 0, 0)
		if steps < 4*size/1000 {
			t.Errorf("progress was told %d times", steps)
		}
		start := time.Now()
		if got := r.export(); len(got.Products) != size {
			t.Fatal(len(got.Products))
		}
		t.Logf("export: %v", time.Since(start))
	})
}

func TestAnImportBesideBuyersSellsNothingTwice(t *testing.T) {
	both(t, func(t *testing.T, r *room) {
		f := catalog.File{Currency: "USD"}
		for i := range 20 {
			f.Products = append(f.Products, catalog.FileProduct{SKU: fmt.Sprintf("P%d", i), Name: "p", Price: 1, Stock: ptr[int64](5)})
		}
		r.importFile(f, false)
		var lines []catalog.HoldLine
		for _, p := range f.Products {
			got, err := r.BySKU(t.Context(), shop, p.SKU)
			if err != nil {
				t.Fatal(err)
			}
			lines = append(lines, catalog.HoldLine{VariantID: got.Variants[0].ID, Quantity: 1})
		}
		done := make(chan struct{})
		go func() {
			defer close(done)
			for i := range 10 {
				order := fmt.Sprintf("ord_%d", i)
				if err := r.hold(order, lines...); err != nil {
					continue
				}
				if err := r.db.InTx(t.Context(), func(tx database.Tx) error { return r.Consume(tx, shop, order) }); err != nil {
					t.Error(err)
				}
			}
		}()
		for i := range 10 {
			for j := range f.Products {
				f.Products[j].Price, f.Products[j].Stock = int64(i), ptr[int64](int64(3+i%3))
			}
			r.importFile(f, false)
		}
		<-done
		r.sound()
	})
}
