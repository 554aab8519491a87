package catalog_test

import (
	"bytes"
	"testing"

	"sotto.chat/catalog"
	"sotto.chat/internal/database"
	"sotto.chat/internal/fault"
)

func TestCategoriesAndTheirProducts(t *testing.T) {
	both(t, func(t *testing.T, r *room) {
		put := func(k catalog.Category) (got catalog.Category, err error) {
			err = r.tx(func(tx database.Tx) (err error) { got, err = r.PutCategory(tx, shop, k); return err })
			return got, err
		}
		hot, err := put(catalog.Category{Name: "Hot drinks", Position: 2})
		if err != nil || hot.Code != "hot_drinks" {
			t.Fatalf("%+v %v", hot, err)
		}
		cold, err := put(catalog.Category{Name: "Cold", Code: "cold", Synonyms: []string{"iced"}, Position: 1})
		if err != nil {
			t.Fatal(err)
		}
		if twin, err := put(catalog.Category{Name: "HOT, drinks"}); err != nil || twin.Code != "hot_drinks_2" {
			t.Fatalf("%+v %v", twin, err)
		}
		_, err = put(catalog.Category{Name: "x", Code: "cold"})
		is(t, err, catalog.ErrCodeTaken)
		_, err = put(catalog.Category{Name: " "})
		is(t, err, catalog.ErrInvalidShelf)
		_, err = put(catalog.Category{ID: "cat_none", Name: "x"})
		is(t, err, catalog.ErrCategoryNotFound)
		list, err := r.Categories(t.Context(), shop)
		if err != nil || len(list) != 3 || list[1].ID != cold.ID || list[2].ID != hot.ID {
			t.Fatalf("%+v %v", list, err)
		}

		tea := r.create(catalog.NewProduct{SKU: "TEA", Name: "Tea", Currency: "USD", Category: hot.ID})
		if tea.Category != "hot_drinks" {
			t.Fatalf("the id was not understood: %+v", tea)
		}
		hot.Code = "warm"
		if _, err = put(hot); err != nil {
			t.Fatal(err)
		}
		if tea, _ = r.Get(t.Context(), shop, tea.ID); tea.Category != "warm" || tea.Version != 2 {
			t.Fatalf("%+v", tea)
		}
		found, _, err := r.List(t.Context(), shop, catalog.Page{}, catalog.Filter{Category: hot.ID})
		if err != nil || len(found) != 1 {
			t.Fatalf("%+v %v", found, err)
		}
		drop := func(merchant string) error {
			return r.tx(func(tx database.Tx) error { return r.DeleteCategory(tx, merchant, hot.ID) })
		}
		is(t, drop("mer_2"), catalog.ErrCategoryNotFound)
		if err := drop(shop); err != nil {
			t.Fatal(err)
		}
		is(t, drop(shop), catalog.ErrCategoryNotFound)
		if tea, _ = r.Get(t.Context(), shop, tea.ID); tea.Category != "" || tea.ArchivedAt != nil {
			t.Fatalf("%+v", tea)
		}
		if got, err := r.Category(t.Context(), shop, "cold"); err != nil || got.ID != cold.ID || got.Synonyms[0] != "iced" {
			t.Fatalf("%+v %v", got, err)
		}
	})
}

func TestQuestions(t *testing.T) {
	both(t, func(t *testing.T, r *room) {
		put := func(q catalog.Question) (got catalog.Question, err error) {
			err = r.tx(func(tx database.Tx) (err error) { got, err = r.PutQuestion(tx, shop, q); return err })
			return got, err
		}
		q, err := put(catalog.Question{Code: "HOURS", Answer: "Nine to five.", Examples: []string{"open?"}})
		if err != nil {
			t.Fatal(err)
		}
		q.Answer = "Ten to six."
		if _, err = put(q); err != nil {
			t.Fatal(err)
		}
		_, err = put(catalog.Question{Code: "HOURS"})
		is(t, err, catalog.ErrCodeTaken)
		_, err = put(catalog.Question{})
		is(t, err, catalog.ErrInvalidShelf)
		_, err = put(catalog.Question{ID: "qst_none", Code: "X"})
		is(t, err, catalog.ErrQuestionNotFound)
		list, err := r.Questions(t.Context(), shop)
		if err != nil || len(list) != 1 || list[0].Answer != "Ten to six." || r.version() != 2 {
			t.Fatalf("%+v %v", list, err)
		}
		drop := func() error {
			return r.tx(func(tx database.Tx) error { return r.DeleteQuestion(tx, shop, q.ID) })
		}
		if err := drop(); err != nil {
			t.Fatal(err)
		}
		is(t, drop(), catalog.ErrQuestionNotFound)
	})
}

func TestPicturesAreKnownByTheirBytes(t *testing.T) {
	png := []byte("\x89PNG\r\n\x1a\n" + "rest")
	cases := map[string]struct {
		body []byte
		kind string
		want *fault.Fault
	}{
		"png":       {png, "image/png", nil},
		"jpeg":      {[]byte("\xff\xd8\xff\xe0rest"), "image/jpeg", nil},
		"gif":       {[]byte("GIF89arest"), "image/gif", nil},
		"webp":      {[]byte("RIFF\x10\x00\x00\x00WEBPVP8 rest"), "image/webp", nil},
		"svg":       {[]byte(`<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>`), "", catalog.ErrPictureKind},
		"html":      {[]byte("<html>"), "", catalog.ErrPictureKind},
		"nothing":   {nil, "", catalog.ErrPictureKind},
		"too large": {append(png, bytes.Repeat([]byte{0}, catalog.MaxPicture)...), "", catalog.ErrPictureSize},
	}
	both(t, func(t *testing.T, r *room) {
		for name, c := range cases {
			t.Run(name, func(t *testing.T) {
				var id string
				err := r.tx(func(tx database.Tx) (err error) { id, err = r.PutPicture(tx, shop, c.body); return err })
				if c.want != nil {
					is(t, err, c.want)
					return
				}
				kind, body, err2 := r.Picture(t.Context(), shop, id)
				if err != nil || err2 != nil || kind != c.kind || !bytes.Equal(body, c.body) {
					t.Fatalf("%s %v %v", kind, err, err2)
				}
				_, _, err = r.Picture(t.Context(), "mer_2", id)
				is(t, err, catalog.ErrPictureNotFound)
			})
		}
	})
}
