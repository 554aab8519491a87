package catalog

import (
	"context"
	"fmt"

	"sotto.chat/internal/database"
)

// fromFile reads a row of a file; its stock is what shall be on hand.
func fromFile(p FileProduct, currency string) wanted {
	w := wanted{NewProduct: NewProduct{SKU: p.SKU, Name: p.Name, Description: p.Description, Brand: p.Brand,
		Category: p.Category, Price: p.Price, Currency: currency, Synonyms: p.Synonyms, Attributes: p.Attributes, Stock: p.Stock},
		count: &Count{p.Stock}}
	for _, i := range p.Images {
		w.Images = append(w.Images, Image(i))
	}
	for _, v := range p.Variants {
		w.Variants = append(w.Variants, NewVariant{v.SKU, v.Attributes, v.Price, &Count{v.Stock}})
	}
	for _, g := range p.Options {
		n := NewGroup{Code: g.ID, Name: g.Name, Min: int64(g.Min), Amounts: g.Amounts}
		if g.Max != nil {
			most := int64(*g.Max)
			n.Max = &most
		}
		for _, h := range g.Choices {
			n.Choices = append(n.Choices, NewChoice{Code: h.ID, Name: h.Name, Price: h.Price, Synonyms: h.Synonyms, Preset: h.Default})
		}
		w.Groups = append(w.Groups, n)
	}
	return w
}

// keepUnwritten keeps what a file has no place for: position, and what was taken off the menu.
func (w *wanted) keepUnwritten(old Product) {
	w.Unavailable, w.Position = !old.Available, old.Position
	for i := range w.Groups {
		g := find(old.Groups, w.Groups[i].Code, Group.coded)
		if g == nil {
			continue
		}
		for j := range w.Groups[i].Choices {
			if h := find(g.Choices, w.Groups[i].Choices[j].Code, Choice.coded); h != nil {
				w.Groups[i].Choices[j].Unavailable = !h.Available
			}
		}
	}
}

func (g Group) coded(s string) (bool, bool)  { return g.Code == s, false }
func (h Choice) coded(s string) (bool, bool) { return h.Code == s, false }

// File gives the live catalog as a file and the version that it has. Stock in it is as of the moment of the call:
// it does not move the version.
func (c *Catalog) File(ctx context.Context, merchant string) (File, int64, error) {
	r := c.outside(ctx, merchant)
	for range 3 {
		before, err := r.version()
		if err != nil {
			return File{}, 0, fmt.Errorf("export: %w", err)
		}
		f, err := r.file()
		if err != nil {
			return File{}, 0, fmt.Errorf("export: %w", err)
		}
		after, err := r.version()
		if err != nil {
			return File{}, 0, fmt.Errorf("export: %w", err)
		}
		if before == after { // else somebody wrote in between, and the parts may not fit
			return f, after, nil
		}
	}
	var f File
	var version int64
	err := c.db.InTx(ctx, func(tx database.Tx) error {
		r := in(tx, merchant)
		err := r.lock()
		if err == nil {
			version, err = r.version()
		}
		if err == nil {
			f, err = r.file()
		}
		return err
	})
	return f, version, err
}

// Version is a number that moves with every change of the catalog except stock.
func (c *Catalog) Version(ctx context.Context, merchant string) (int64, error) {
	return c.outside(ctx, merchant).version()
}

func (r rows) file() (File, error) {
	f := File{Products: []FileProduct{}, Categories: []FileCategory{}, Questions: []FileQuestion{}}
	products, err := r.all()
	if err != nil {
		return f, err
	}
	for _, p := range products {
		f.Currency = p.Currency
		f.Products = append(f.Products, p.file())
	}
	categories, err := r.categories()
	if err != nil {
		return f, err
	}
	for _, k := range categories {
		f.Categories = append(f.Categories, FileCategory{k.Code, k.Name, untidy(k.Synonyms)})
	}
	questions, err := r.questions()
	for _, q := range questions {
		f.Questions = append(f.Questions, FileQuestion{q.Code, q.Answer, untidy(q.Examples)})
	}
	return f, err
}

func (p Product) file() FileProduct {
	f := FileProduct{SKU: p.SKU, Name: p.Name, Synonyms: untidy(p.Synonyms), Description: p.Description, Category: p.Category,
		Brand: p.Brand, Price: p.Price, Attributes: untidyMap(p.Attributes)}
	for _, i := range p.Images {
		f.Images = append(f.Images, FileImage(i))
	}
	for _, v := range p.Variants {
		if v.Main {
			f.Stock = v.OnHand
			continue
		}
		f.Variants = append(f.Variants, FileVariant{v.SKU, untidyMap(v.Attributes), v.Price, v.OnHand})
	}
	for _, g := range p.Groups {
		n := FileGroup{ID: g.Code, Name: g.Name, Min: int(g.Min), Amounts: g.Amounts}
		if g.Max != nil {
			most := int(*g.Max)
			n.Max = &most
		}
		for _, h := range g.Choices {
			n.Choices = append(n.Choices, FileChoice{h.Code, h.Name, untidy(h.Synonyms), h.Price, h.Preset})
		}
		f.Options = append(f.Options, n)
	}
	return f
}

// untidy makes empty nil, as a file that says nothing.
func untidy(list []string) []string {
	if len(list) == 0 {
		return nil
	}
	return list
}

func untidyMap(m map[string]string) map[string]string {
	if len(m) == 0 {
		return nil
	}
	return m
}
