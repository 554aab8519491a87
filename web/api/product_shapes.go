package api

import (
	"encoding/json"

	"github.com/danielgtaylor/huma/v2"

	"sotto.chat/catalog"
	"sotto.chat/internal/money"
)

// Image is a picture of a product.
type Image struct {
	URL string `json:"url" maxLength:"2000" format:"uri-reference"`
	Alt string `json:"alt,omitempty" maxLength:"500"`
}

// Product is what a merchant sells.
type Product struct {
	ID          string            `json:"id"`
	SKU         string            `json:"sku"`
	Name        string            `json:"name"`
	Description string            `json:"description"`
	Brand       string            `json:"brand"`
	Price       money.Money       `json:"price"`
	Category    string            `json:"category"`
	Synonyms    []string          `json:"synonyms"`
	Attributes  map[string]string `json:"attributes"`
	Stock       *int64            `json:"stock" nullable:"true" doc:"What can be sold now; null where it is not counted."`
	Available   bool              `json:"available" doc:"False takes it off the menu."`
	Images      []Image           `json:"images"`
	Variants    []Variant         `json:"variants"`
	Options     []OptionGroup     `json:"options"`
	Version     int64             `json:"version"`
}

// Variant is one form of a product that is counted and priced on its own.
type Variant struct {
	ID         string            `json:"id"`
	SKU        string            `json:"sku"`
	Attributes map[string]string `json:"attributes"`
	Price      money.Money       `json:"price"`
	Stock      *int64            `json:"stock" nullable:"true"`
}

// OptionGroup is a set of choices of a product.
type OptionGroup struct {
	ID      string   `json:"id"`
	Code    string   `json:"code"`
	Name    string   `json:"name"`
	Min     int64    `json:"min"`
	Max     *int64   `json:"max" nullable:"true"`
	Amounts bool     `json:"amounts"`
	Choices []Choice `json:"choices"`
}

// Choice is one of a group; its price is added to the product's.
type Choice struct {
	ID        string      `json:"id"`
	Code      string      `json:"code"`
	Name      string      `json:"name"`
	Price     money.Money `json:"price"`
	Synonyms  []string    `json:"synonyms"`
	Default   bool        `json:"default"`
	Available bool        `json:"available"`
}

// ProductNew is a product to add.
type ProductNew struct {
	SKU         string            `json:"sku" minLength:"1" maxLength:"200"`
	Name        string            `json:"name" minLength:"1" maxLength:"500"`
	Description string            `json:"description,omitempty" maxLength:"10000"`
	Brand       string            `json:"brand,omitempty" maxLength:"200"`
	Price       money.Money       `json:"price"`
	Category    string            `json:"category,omitempty" maxLength:"200"`
	Synonyms    []string          `json:"synonyms,omitempty" maxItems:"200"`
	Attributes  map[string]string `json:"attributes,omitempty"`
	Stock       *int64            `json:"stock,omitempty" nullable:"true" minimum:"0" maximum:"1000000000"`
	Available   *bool             `json:"available,omitempty"`
	Images      []Image           `json:"images,omitempty" maxItems:"50"`
	Variants    []VariantNew      `json:"variants,omitempty" maxItems:"500"`
	Options     []OptionGroupNew  `json:"options,omitempty" maxItems:"100"`
	Position    int64             `json:"position,omitempty"`
}

// VariantNew is a variant to add; without a price it has the product's.
type VariantNew struct {
	SKU        string            `json:"sku" minLength:"1" maxLength:"200"`
	Attributes map[string]string `json:"attributes,omitempty"`
	Price      *money.Money      `json:"price,omitempty"`
	Stock      Settable[int64]   `json:"stock,omitempty"`
}

// OptionGroupNew is a group to add. Its code is what carts name; the name serves where there is none.
type OptionGroupNew struct {
	Code    string      `json:"code,omitempty" maxLength:"200"`
	Name    string      `json:"name" minLength:"1" maxLength:"200"`
	Min     int64       `json:"min,omitempty" minimum:"0" maximum:"100"`
	Max     *int64      `json:"max,omitempty" nullable:"true" minimum:"0" maximum:"1000"`
	Amounts bool        `json:"amounts,omitempty"`
	Choices []ChoiceNew `json:"choices" maxItems:"1000"`
}

// ChoiceNew is a choice to add.
type ChoiceNew struct {
	Code      string       `json:"code,omitempty" maxLength:"200"`
	Name      string       `json:"name" minLength:"1" maxLength:"200"`
	Price     *money.Money `json:"price,omitempty"`
	Synonyms  []string     `json:"synonyms,omitempty" maxItems:"200"`
	Default   bool         `json:"default,omitempty"`
	Available *bool        `json:"available,omitempty"`
}

// ProductPatch holds what is to change; what is absent stays.
type ProductPatch struct {
	SKU         *string            `json:"sku,omitempty" minLength:"1" maxLength:"200"`
	Name        *string            `json:"name,omitempty" minLength:"1" maxLength:"500"`
	Description *string            `json:"description,omitempty" maxLength:"10000"`
	Brand       *string            `json:"brand,omitempty" maxLength:"200"`
	Price       *money.Money       `json:"price,omitempty"`
	Category    *string            `json:"category,omitempty" maxLength:"200"`
	Synonyms    *[]string          `json:"synonyms,omitempty" maxItems:"200"`
	Attributes  *map[string]string `json:"attributes,omitempty"`
	Stock       Settable[int64]    `json:"stock,omitempty"`
	Available   *bool              `json:"available,omitempty"`
	Images      *[]Image           `json:"images,omitempty" maxItems:"50"`
	Variants    *[]VariantNew      `json:"variants,omitempty" maxItems:"500"`
	Options     *[]OptionGroupNew  `json:"options,omitempty" maxItems:"100"`
	Position    *int64             `json:"position,omitempty"`
}

// Settable tells absent from null: JSON's null is a value here ("not counted").
type Settable[T any] struct {
	Set   bool
	Value *T
}

// UnmarshalJSON notes that the field was there.
func (s *Settable[T]) UnmarshalJSON(b []byte) error {
	s.Set = true
	return json.Unmarshal(b, &s.Value)
}

// Schema is that of T, nullable.
func (s Settable[T]) Schema(r huma.Registry) *huma.Schema {
	zero := 0.0
	return &huma.Schema{Type: huma.TypeInteger, Format: "int64", Nullable: true, Minimum: &zero}
}

func (n ProductNew) toCatalog() catalog.NewProduct {
	return catalog.NewProduct{SKU: n.SKU, Name: n.Name, Description: n.Description, Brand: n.Brand, Category: n.Category,
		Price: n.Price.Amount, Currency: n.Price.Currency, Synonyms: n.Synonyms, Attributes: n.Attributes, Images: images(n.Images),
		Unavailable: n.Available != nil && !*n.Available, Position: n.Position, Stock: n.Stock, Variants: variants(n.Variants), Groups: groups(n.Options)}
}

func (p ProductPatch) toCatalog() catalog.Edit {
	e := catalog.Edit{SKU: p.SKU, Name: p.Name, Description: p.Description, Brand: p.Brand, Category: p.Category, Synonyms: p.Synonyms,
		Attributes: p.Attributes, Available: p.Available, Position: p.Position}
	if p.Price != nil {
		e.Price, e.Currency = &p.Price.Amount, &p.Price.Currency
	}
	if p.Stock.Set {
		e.Stock = &catalog.Count{OnHand: p.Stock.Value}
	}
	if p.Images != nil {
		v := images(*p.Images)
		e.Images = &v
	}
	if p.Variants != nil {
		v := variants(*p.Variants)
		e.Variants = &v
	}
	if p.Options != nil {
		v := groups(*p.Options)
		e.Groups = &v
	}
	return e
}

func images(in []Image) []catalog.Image {
	out := make([]catalog.Image, len(in))
	for i, m := range in {
		out[i] = catalog.Image(m)
	}
	return out
}

func variants(in []VariantNew) []catalog.NewVariant {
	out := make([]catalog.NewVariant, len(in))
	for i, v := range in {
		out[i] = catalog.NewVariant{SKU: v.SKU, Attributes: v.Attributes}
		if v.Price != nil {
			out[i].Price = &in[i].Price.Amount
		}
		if v.Stock.Set {
			out[i].Stock = &catalog.Count{OnHand: v.Stock.Value}
		}
	}
	return out
}

func groups(in []OptionGroupNew) []catalog.NewGroup {
	out := make([]catalog.NewGroup, len(in))
	for i, g := range in {
		out[i] = catalog.NewGroup{Code: g.Code, Name: g.Name, Min: g.Min, Max: g.Max, Amounts: g.Amounts}
		for _, c := range g.Choices {
			n := catalog.NewChoice{Code: c.Code, Name: c.Name, Synonyms: c.Synonyms, Preset: c.Default, Unavailable: c.Available != nil && !*c.Available}
			if c.Price != nil {
				n.Price = c.Price.Amount
			}
			out[i].Choices = append(out[i].Choices, n)
		}
	}
	return out
}

func showProduct(p catalog.Product) Product {
	out := Product{ID: p.ID, SKU: p.SKU, Name: p.Name, Description: p.Description, Brand: p.Brand, Price: money.Of(p.Price, p.Currency),
		Category: p.Category, Synonyms: orEmpty(p.Synonyms), Attributes: p.Attributes, Stock: p.Stock(), Available: p.Available,
		Images: []Image{}, Variants: []Variant{}, Options: []OptionGroup{}, Version: p.Version}
	if out.Attributes == nil {
		out.Attributes = map[string]string{}
	}
	for _, m := range p.Images {
		out.Images = append(out.Images, Image(m))
	}
	for _, v := range p.Variants {
		shown := Variant{ID: v.ID, SKU: v.SKU, Attributes: v.Attributes, Price: money.Of(p.PriceOf(v), p.Currency), Stock: v.Stock().Available}
		if shown.Attributes == nil {
			shown.Attributes = map[string]string{}
		}
		out.Variants = append(out.Variants, shown)
	}
	for _, g := range p.Groups {
		shown := OptionGroup{ID: g.ID, Code: g.Code, Name: g.Name, Min: g.Min, Max: g.Max, Amounts: g.Amounts, Choices: []Choice{}}
		for _, c := range g.Choices {
			shown.Choices = append(shown.Choices, Choice{ID: c.ID, Code: c.Code, Name: c.Name, Price: money.Of(c.Price, p.Currency),
				Synonyms: orEmpty(c.Synonyms), Default: c.Preset, Available: c.Available})
		}
		out.Options = append(out.Options, shown)
	}
	return out
}

func orEmpty[T any](s []T) []T {
	if s == nil {
		return []T{}
	}
	return s
}
