package catalog

import (
	"context"
	"slices"

	"sotto.chat/internal/database"
	"sotto.chat/internal/fault"
	"sotto.chat/internal/money"
)

// The amounts of an option; empty is the usual one.
const (
	Extra = "extra"
	Light = "light"
	None  = "none"
)

// Option is one choice of a wish. Group and Choice are codes; ids and names are understood too.
type Option struct {
	Group  string `json:"group"`
	Choice string `json:"choice"`
	Amount string `json:"amount,omitempty"`
	Count  int64  `json:"count,omitempty"`
}

// Wish is what somebody wants: so many of a sku with these options.
type Wish struct {
	SKU      string
	Quantity int64
	Options  []Option
}

// PricedOption is an option with its names and what it adds to the price of one piece.
type PricedOption struct {
	Option
	GroupName  string `json:"group_name"`
	ChoiceName string `json:"choice_name"`
	Price      int64  `json:"price"`
}

// Priced is the answer to one wish. A Problem says why it cannot be sold as it is; the other fields hold
// what is known all the same. Stock is what can be sold of the variant now, nil = not counted.
type Priced struct {
	ProductID     string
	VariantID     string
	SKU           string
	Name          string
	Options       []PricedOption
	Unit          money.Money
	Available     bool
	Stock         *int64
	MissingGroups []Group
	Problem       *fault.Fault
}

// The limits of a wish list.
const (
	MaxQuantity = 999
	MaxLines    = 100
)

// What can be wrong with a wish.
var (
	ErrUnknownSKU     = fault.New(fault.NotFound, "unknown_sku", "There is no product with this sku.")
	ErrChooseVariant  = fault.New(fault.Invalid, "choose_variant", "This product comes in variants; name the sku of one of them.")
	ErrUnavailable    = fault.New(fault.Conflict, "unavailable", "This product is not for sale at the moment.")
	ErrQuantity       = fault.New(fault.Invalid, "quantity_out_of_range", "The quantity must be 1 to 999.")
	ErrTooManyLines   = fault.New(fault.Invalid, "too_many_lines", "A list of wishes has at most 100 lines.")
	ErrUnknownOption  = fault.New(fault.Invalid, "unknown_option", "This product has no such option.")
	ErrOption         = fault.New(fault.Invalid, "option_not_possible", "This option cannot be had in this way.")
	ErrTooManyOptions = fault.New(fault.Invalid, "too_many_options", "More was chosen from an option group than it allows.")
	ErrChooseOptions  = fault.New(fault.Invalid, "choose_options", "An option of this product must be chosen first.")
	ErrPriceTooLarge  = fault.New(fault.Invalid, "price_too_large", "The price of one piece is out of range.")
)

// Price gives prices and problems for the wishes, in their order, from the database: one query, and a second
// one where a sku is no variant's. What is wrong with one wish stands in its Problem (an unknown sku too); an
// error means that nothing could be priced.
func (c *Catalog) Price(tx database.Tx, merchant string, wishes []Wish) ([]Priced, error) {
	return NewPricing(merchant, wishes).answer(tx.Together)
}

// PriceNow is Price outside a transaction, for a look that decides nothing.
func (c *Catalog) PriceNow(ctx context.Context, merchant string, wishes []Wish) ([]Priced, error) {
	return NewPricing(merchant, wishes).answer(func(asks ...database.Ask) error { return c.db.Together(ctx, asks...) })
}

// Pricing is Price as a question that travels with others: the Ask goes into a Together, then the Answer is there.
type Pricing struct {
	rows   rows
	wishes []Wish
	listed *database.Ask // gives the skus, where the wishes are not known before the answer
	found  map[string]*goods
	asked  bool
	plain  bool
}

// NewPricing asks for these wishes.
func NewPricing(merchant string, wishes []Wish) *Pricing {
	return &Pricing{rows: rows{merchant: merchant}, wishes: wishes, found: map[string]*goods{}}
}

// NewSelling is NewPricing for one who asks only whether things are sold: where a wish has no options, what could be
// chosen is not looked at, and no group is missing.
func NewSelling(merchant string, wishes []Wish) *Pricing {
	p := NewPricing(merchant, wishes)
	p.plain = !slices.ContainsFunc(wishes, func(w Wish) bool { return len(w.Options) > 0 })
	return p
}

// NewListed is NewPricing for wishes that travel in the same Together: skus is a query of one column, that of their skus, and Wish says
// what they are before the Answer.
func NewListed(merchant string, skus database.Ask) *Pricing {
	p := NewPricing(merchant, nil)
	p.listed = &skus
	return p
}

// Wish says what is asked, where that was not known before.
func (p *Pricing) Wish(wishes []Wish) { p.wishes = wishes }

// Ask is what goes to the database.
func (p *Pricing) Ask() database.Ask {
	p.asked = true
	if p.listed != nil {
		return p.rows.listed(*p.listed, p.take)
	}
	return p.rows.named(p.missing(), p.plain, p.take)
}

func (p *Pricing) take(g *goods) { p.found[g.variant.SKU] = g }

// Answer gives what Price gives; where a sku is no variant's it asks again.
func (p *Pricing) Answer(tx database.Tx) ([]Priced, error) { return p.answer(tx.Together) }

func (p *Pricing) answer(together func(...database.Ask) error) ([]Priced, error) {
	if len(p.wishes) > MaxLines {
		return nil, ErrTooManyLines
	}
	if !p.asked && len(p.wishes) > 0 {
		if err := together(p.Ask()); err != nil {
			return nil, err
		}
	}
	if missing := p.missing(); len(missing) > 0 && p.listed != nil { // what the list no longer had when the goods were read
		if err := together(p.rows.named(missing, p.plain, p.take)); err != nil {
			return nil, err
		}
	}
	if missing := p.missing(); len(missing) > 0 {
		err := together(p.rows.main(missing, p.plain, func(g *goods) {
			if had := p.found[g.product.SKU]; had != nil {
				had.many++
			} else {
				p.found[g.product.SKU] = g
			}
		}))
		if err != nil {
			return nil, err
		}
	}
	list := make([]Priced, len(p.wishes))
	asked := map[string]int64{} // by variant: lines of the same goods share the stock
	for i, w := range p.wishes {
		list[i] = priceOne(p.found[w.SKU], w, asked)
	}
	return list, nil
}

// missing are the skus of which nothing is known yet, each once and in one order.
func (p *Pricing) missing() []string {
	var skus []string
	for _, w := range p.wishes {
		if p.found[w.SKU] == nil {
			skus = append(skus, w.SKU)
		}
	}
	slices.Sort(skus)
	return slices.Compact(skus)
}

// goods is what is for sale under one sku. Many counts the variants among which somebody must choose.
type goods struct {
	product Product
	variant Variant
	many    int
}

// priceOne answers one wish. The first problem that is found stands; g is nil for an unknown sku.
func priceOne(g *goods, w Wish, asked map[string]int64) Priced {
	p := Priced{SKU: w.SKU}
	if g == nil {
		p.Problem = ErrUnknownSKU.At("sku", "is not in the catalog")
		return p
	}
	p.ProductID, p.Name = g.product.ID, g.product.Name
	p.Unit = money.Of(g.product.Price, g.product.Currency)
	if g.many > 1 {
		p.Problem = ErrChooseVariant
		return p
	}
	p.VariantID, p.SKU = g.variant.ID, g.variant.SKU
	p.Name = displayName(g.product.Name, g.variant.Attributes)
	p.Stock = g.variant.Stock().Available
	chosen := choose(g.product.Groups, w.Options)
	p.Options, p.MissingGroups = chosen.options, chosen.missing
	p.Unit.Amount = g.product.PriceOf(g.variant) + chosen.price
	enough := w.Quantity < 1 || w.Quantity > MaxQuantity || p.reserve(w.Quantity, asked)
	p.Available = g.product.Available && enough
	switch {
	case !g.product.Available:
		p.Problem = ErrUnavailable
	case w.Quantity < 1 || w.Quantity > MaxQuantity:
		p.Problem = ErrQuantity.At("quantity", "must be 1 to 999")
	case chosen.problem != nil:
		p.Problem = chosen.problem
	case !enough:
		p.Problem = ErrOutOfStock.At("sku", p.SKU)
	case len(p.MissingGroups) > 0:
		p.Problem = ErrChooseOptions.Say("Something must be chosen first: %s.", p.MissingGroups[0].Name)
	case p.Unit.Amount > MaxPrice:
		p.Problem = ErrPriceTooLarge
	}
	return p
}

// reserve counts the quantity against the stock, together with earlier lines of the same goods.
func (p Priced) reserve(quantity int64, asked map[string]int64) bool {
	asked[p.VariantID] += quantity
	return p.Stock == nil || asked[p.VariantID] <= *p.Stock
}
