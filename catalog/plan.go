package catalog

import (
	"maps"
	"reflect"
	"slices"
	"strings"
	"time"

	"sotto.chat/internal/id"
)

// wanted is the whole of a product as it shall be; a nil count keeps the stock of a product without variants.
type wanted struct {
	NewProduct
	count *Count
}

// change is the way from old (nil = new) to next, with the counts to set on variants that exist already.
type change struct {
	old    *Product
	next   Product
	counts []counted
}

type counted struct {
	variant string
	onHand  *int64
}

// plan works out the change; w is checked already. Ids stay where sku or code match.
func plan(old *Product, w wanted, merchant string, now time.Time) change {
	c := change{old: old, next: Product{MerchantID: merchant, CreatedAt: now, UpdatedAt: now, Version: 1}}
	if old != nil {
		c.next = *old
	} else {
		c.next.ID = id.New("prod")
	}
	p := &c.next
	p.SKU, p.Name, p.Description, p.Brand, p.Category = w.SKU, w.Name, w.Description, w.Brand, w.Category
	p.Price, p.Currency, p.Available, p.Position = w.Price, w.Currency, !w.Unavailable, w.Position
	p.Synonyms, p.Images, p.Attributes = tidy(w.Synonyms), tidy(w.Images), tidyMap(w.Attributes)
	c.planVariants(w)
	c.planGroups(w.Groups)
	if old != nil && c.moved() {
		p.Version, p.UpdatedAt = old.Version+1, now
	}
	return c
}

// moved tells whether anything but stock differs.
func (c change) moved() bool { return c.old == nil || !reflect.DeepEqual(*c.old, c.next) }

func (c *change) planVariants(w wanted) {
	had := map[string]Variant{}
	var main *Variant
	if c.old != nil {
		for _, v := range c.old.Variants {
			if v.Main {
				main = &v
			} else {
				had[v.SKU] = v
			}
		}
	}
	c.next.Variants = make([]Variant, 0, max(1, len(w.Variants)))
	if len(w.Variants) == 0 {
		c.addVariant(main, Variant{SKU: w.SKU, Main: true, Attributes: map[string]string{}}, w.count)
		return
	}
	for i, n := range w.Variants {
		var old *Variant
		if v, ok := had[n.SKU]; ok {
			old = &v
		}
		c.addVariant(old, Variant{SKU: n.SKU, Attributes: tidyMap(n.Attributes), Price: n.Price, Position: int64(i)}, n.Stock)
	}
}

// addVariant puts v in the place of old. A variant that exists keeps its count here: counts are set by
// a statement that looks at what is held.
func (c *change) addVariant(old *Variant, v Variant, count *Count) {
	v.MerchantID, v.ProductID = c.next.MerchantID, c.next.ID
	switch {
	case old == nil:
		v.ID = id.New("var")
		if count != nil {
			v.OnHand = count.OnHand
		}
	default:
		v.ID, v.OnHand, v.Held = old.ID, old.OnHand, old.Held
		if count != nil && !same(old.OnHand, count.OnHand) {
			c.counts = append(c.counts, counted{v.ID, count.OnHand})
		}
	}
	c.next.Variants = append(c.next.Variants, v)
}

func (c *change) planGroups(list []NewGroup) {
	var olds []Group
	if c.old != nil {
		olds = c.old.Groups
	}
	groups := make([]Group, 0, len(list))
	used := map[string]bool{}
	for i, n := range list {
		g := Group{MerchantID: c.next.MerchantID, ProductID: c.next.ID, Position: int64(i),
			Name: n.Name, Min: n.Min, Max: n.Max, Amounts: n.Amounts}
		old, code := match(olds, used, "grp", n.Code, n.Name)
		g.Code = code
		if old != nil {
			g.ID = old.ID
		} else {
			g.ID = id.New("grp")
		}
		if g.Name == "" {
			g.Name = g.Code
		}
		g.Choices = planChoices(g, old, n.Choices)
		groups = append(groups, g)
	}
	c.next.Groups = groups
}

func planChoices(g Group, old *Group, list []NewChoice) []Choice {
	var olds []Choice
	if old != nil {
		olds = old.Choices
	}
	choices := make([]Choice, 0, len(list))
	used := map[string]bool{}
	for i, n := range list {
		h := Choice{MerchantID: g.MerchantID, ProductID: g.ProductID, GroupID: g.ID, Position: int64(i), Name: n.Name,
			Price: n.Price, Synonyms: tidy(n.Synonyms), Preset: n.Preset, Available: !n.Unavailable}
		had, code := match(olds, used, "chc", n.Code, n.Name)
		h.Code = code
		if had != nil {
			h.ID = had.ID
		} else {
			h.ID = id.New("chc")
		}
		choices = append(choices, h)
	}
	return choices
}

// match finds the one of olds that a written code (an id, a code, or nothing) stands for, and the code to use.
func match[T interface{ names() (id, code string) }](olds []T, used map[string]bool, prefix, code, name string) (*T, string) {
	if id.Check(prefix, code) == nil {
		at := slices.IndexFunc(olds, func(o T) bool { have, _ := o.names(); return have == code })
		code = "" // an id of another product says nothing here
		if at >= 0 {
			_, code = olds[at].names()
		}
	}
	if code == "" || used[code] {
		code = codeFrom(name, func(s string) bool { return used[s] })
	}
	used[code] = true
	for i := range olds {
		if _, have := olds[i].names(); have == code {
			return &olds[i], code
		}
	}
	return nil, code
}

func (g Group) names() (string, string)  { return g.ID, g.Code }
func (h Choice) names() (string, string) { return h.ID, h.Code }

// wanted gives the product as somebody would write it, to be edited.
func (p Product) wanted() wanted {
	w := wanted{NewProduct: NewProduct{SKU: p.SKU, Name: p.Name, Description: p.Description, Brand: p.Brand,
		Category: p.Category, Price: p.Price, Currency: p.Currency, Synonyms: p.Synonyms, Attributes: p.Attributes,
		Images: p.Images, Unavailable: !p.Available, Position: p.Position}}
	for _, v := range p.Variants {
		if !v.Main {
			w.Variants = append(w.Variants, NewVariant{SKU: v.SKU, Attributes: v.Attributes, Price: v.Price})
		}
	}
	for _, g := range p.Groups {
		n := NewGroup{Code: g.Code, Name: g.Name, Min: g.Min, Max: g.Max, Amounts: g.Amounts}
		for _, h := range g.Choices {
			n.Choices = append(n.Choices, NewChoice{Code: h.Code, Name: h.Name, Price: h.Price, Synonyms: h.Synonyms,
				Preset: h.Preset, Unavailable: !h.Available})
		}
		w.Groups = append(w.Groups, n)
	}
	return w
}

// apply changes what e names.
func (w *wanted) apply(e Edit) {
	set(&w.SKU, e.SKU)
	set(&w.Name, e.Name)
	set(&w.Description, e.Description)
	set(&w.Brand, e.Brand)
	set(&w.Category, e.Category)
	set(&w.Price, e.Price)
	set(&w.Currency, e.Currency)
	set(&w.Synonyms, e.Synonyms)
	set(&w.Attributes, e.Attributes)
	set(&w.Images, e.Images)
	set(&w.Position, e.Position)
	set(&w.Variants, e.Variants)
	set(&w.Groups, e.Groups)
	if e.Available != nil {
		w.Unavailable = !*e.Available
	}
	if e.Stock != nil {
		w.count, w.Stock = e.Stock, e.Stock.OnHand
	}
}

func set[T any](at *T, value *T) {
	if value != nil {
		*at = *value
	}
}

// displayName is the product's name, with what sets the variant apart.
func displayName(product string, attributes map[string]string) string {
	if len(attributes) == 0 {
		return product
	}
	var words []string
	for _, k := range slices.Sorted(maps.Keys(attributes)) {
		words = append(words, attributes[k])
	}
	return product + " (" + strings.Join(words, ", ") + ")"
}

// tidy makes nil and empty the same, as the database does.
func tidy[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}

func tidyMap(m map[string]string) map[string]string {
	if m == nil {
		return map[string]string{}
	}
	return m
}

func same(a, b *int64) bool { return a == b || (a != nil && b != nil && *a == *b) }
