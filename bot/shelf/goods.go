// Package shelf holds a merchant's catalog as the bot talks about it: goods by their names and short references, searched and read by.
package shelf

import (
	"maps"
	"slices"
	"strings"

	"sotto.chat/bot/embedded"
	"sotto.chat/catalog"
	"sotto.chat/catalog/search"
)

// Goods is a merchant's catalog of one version, made ready for talking about. It never changes; prices and stock in it
// are for choosing words, never for promises: those come from the database.
type Goods struct {
	Version int64
	File    catalog.File
	Lexicon *embedded.Lexicon

	index     *search.Index
	products  map[string]*catalog.FileProduct // by the product's sku and by its variants'
	byShelf   map[string][]*catalog.FileProduct
	shelves   map[string]*catalog.FileCategory
	questions map[string]*catalog.FileQuestion
	refs      map[string]string   // short reference → sku
	named     map[string][]string // plain name → skus
	stocked   []string            // the shelves that hold products, in the merchant's order
}

// Compile compiles a catalog.
func Compile(f catalog.File, version int64) *Goods {
	g := &Goods{Version: version, File: f, Lexicon: embedded.Compile(f), index: search.Build(f),
		products: make(map[string]*catalog.FileProduct, len(f.Products)), byShelf: map[string][]*catalog.FileProduct{},
		shelves: map[string]*catalog.FileCategory{}, questions: map[string]*catalog.FileQuestion{},
		refs: make(map[string]string, len(f.Products)), named: make(map[string][]string, 2*len(f.Products))}
	for i := range f.Products {
		p := &f.Products[i]
		g.know(p, p.SKU)
		g.learnNames(p)
		for _, v := range p.Variants {
			g.know(p, v.SKU)
		}
		g.byShelf[p.Category] = append(g.byShelf[p.Category], p)
	}
	for i := range f.Categories {
		g.shelves[f.Categories[i].ID] = &f.Categories[i]
		if len(g.byShelf[f.Categories[i].ID]) > 0 {
			g.stocked = append(g.stocked, f.Categories[i].ID)
		}
	}
	for i := range f.Questions {
		g.questions[f.Questions[i].ID] = &f.Questions[i]
	}
	return g
}

func (g *Goods) know(p *catalog.FileProduct, sku string) {
	if g.products[sku] == nil {
		g.products[sku], g.refs[Ref(sku)] = p, sku
	}
}

// Product finds a product by its sku or by a variant's.
func (g *Goods) Product(sku string) (*catalog.FileProduct, bool) {
	p, ok := g.products[sku]
	return p, ok
}

// Variant finds the variant that a sku names; false where it names a product.
func (g *Goods) Variant(sku string) (*catalog.FileVariant, bool) {
	if p := g.products[sku]; p != nil {
		for i := range p.Variants {
			if p.Variants[i].SKU == sku {
				return &p.Variants[i], true
			}
		}
	}
	return nil, false
}

// Category finds a shelf by its id.
func (g *Goods) Category(id string) (*catalog.FileCategory, bool) {
	c, ok := g.shelves[id]
	return c, ok
}

// Question finds one of the merchant's own questions.
func (g *Goods) Question(id string) (*catalog.FileQuestion, bool) {
	q, ok := g.questions[id]
	return q, ok
}

// Search gives the skus of the products that fit some words, the best first.
func (g *Goods) Search(words string, top int) []string {
	hits := g.index.Search(words, top)
	skus := make([]string, 0, len(hits))
	for _, h := range hits {
		if g.products[h.SKU] != nil {
			skus = append(skus, h.SKU)
		}
	}
	return skus
}

// Group finds an option group of a product, and a choice in it where choice is not empty.
func (g *Goods) Group(sku, group string) (*catalog.FileGroup, bool) {
	if p := g.products[sku]; p != nil {
		for i := range p.Options {
			if p.Options[i].ID == group {
				return &p.Options[i], true
			}
		}
	}
	return nil, false
}

// Offers tells whether a product has the choice in the group.
func (g *Goods) Offers(sku, group, choice string) bool {
	found, ok := g.Group(sku, group)
	if !ok {
		return false
	}
	for _, c := range found.Choices {
		if c.ID == choice {
			return true
		}
	}
	return false
}

// Neighbours gives other products of the same shelf, and where it has none, products of a like name.
func (g *Goods) Neighbours(sku string, top int) []string {
	p, ok := g.products[sku]
	if !ok {
		return nil
	}
	var out []string
	for _, other := range g.Search(p.Name, top+1) {
		if o := g.products[other]; o != p && o.Category == p.Category && len(out) < top {
			out = append(out, o.SKU)
		}
	}
	for _, other := range g.byShelf[p.Category] {
		if len(out) < top && other != p && !slices.Contains(out, other.SKU) {
			out = append(out, other.SKU)
		}
	}
	return out
}

// All gives the skus of all products, in the merchant's order.
func (g *Goods) All() []string {
	out := make([]string, len(g.File.Products))
	for i := range g.File.Products {
		out[i] = g.File.Products[i].SKU
	}
	return out
}

// OnShelf gives the skus of a category.
func (g *Goods) OnShelf(id string) []string {
	var out []string
	for _, p := range g.byShelf[id] {
		out = append(out, p.SKU)
	}
	return out
}

// Stocked gives the ids of the categories that hold products, in the merchant's order.
func (g *Goods) Stocked() []string { return g.stocked }

// Title is a product's own name, also where the sku is a variant's; nothing for an unknown sku.
func (g *Goods) Title(sku string) string {
	if p, ok := g.products[sku]; ok {
		return p.Name
	}
	return ""
}

// Name is how a product is called, with the attributes of the variant that a sku names.
func (g *Goods) Name(sku string) string {
	p, ok := g.products[sku]
	if !ok {
		return sku
	}
	if v, ok := g.Variant(sku); ok {
		return WithAttributes(p.Name, v)
	}
	return p.Name
}

// WithAttributes gives a product's name with a variant's values behind it.
func WithAttributes(name string, v *catalog.FileVariant) string {
	values := attributes(v)
	if len(values) == 0 {
		return name
	}
	return name + " (" + strings.Join(values, ", ") + ")"
}

// attributes gives a variant's values in the order of their names.
func attributes(v *catalog.FileVariant) []string {
	var out []string
	for _, key := range slices.Sorted(maps.Keys(v.Attributes)) {
		out = append(out, v.Attributes[key])
	}
	return out
}
