package catalog

import (
	"context"
	"maps"
	"slices"

	"sotto.chat/internal/database"
	"sotto.chat/internal/fault"
	"sotto.chat/internal/id"
)

// The failures of products.
var (
	ErrNotFound        = fault.New(fault.NotFound, "product_not_found", "There is no such product.")
	ErrVariantNotFound = fault.New(fault.NotFound, "variant_not_found", "There is no such variant.")
	ErrStale           = fault.New(fault.Stale, "version_mismatch", "The product was changed meanwhile; read it again.")
	ErrInvalid         = fault.New(fault.Invalid, "invalid_product", "The product is not valid.")
	ErrSKUTaken        = fault.New(fault.Conflict, "sku_taken", "Another product or variant has this sku.")
	ErrCurrency        = fault.New(fault.Invalid, "catalog_currency", "All products of a catalog have one currency.")
)

// Create adds a product.
func (c *Catalog) Create(tx database.Tx, merchant string, n NewProduct) (Product, error) {
	r := in(tx, merchant)
	if err := r.lock(); err != nil {
		return Product{}, err
	}
	return c.put(tx, r, nil, wanted{n, &Count{n.Stock}})
}

// Patch changes parts of a product. version is the one that the caller has read, 0 = any; ErrStale when
// it has moved.
func (c *Catalog) Patch(tx database.Tx, merchant, productID string, version int64, e Edit) (Product, error) {
	r := in(tx, merchant)
	old, err := r.editable(productID, version)
	if err != nil {
		return Product{}, err
	}
	w := old.wanted()
	w.apply(e)
	if e.Stock != nil && len(w.Variants) > 0 {
		return Product{}, ErrChooseVariant.Say("This product comes in variants; set the stock of each of them.").At("stock", "belongs to the variants")
	}
	return c.put(tx, r, &old, w)
}

// put checks w against rules and rows and writes it; the catalog is locked.
func (c *Catalog) put(tx database.Tx, r rows, old *Product, w wanted) (Product, error) {
	var ck check
	if ck.product(w.NewProduct); len(ck.fields) > 0 {
		return Product{}, invalid(ck.fields)
	}
	self := ""
	if old != nil {
		self = old.ID
	}
	if err := r.agreeOnCurrency(&w.NewProduct, self); err != nil {
		return Product{}, err
	}
	if err := r.freeSKUs(w.NewProduct, self); err != nil {
		return Product{}, err
	}
	var err error
	if w.Category, err = r.categoryCode(w.Category); err != nil {
		return Product{}, err
	}
	ch := plan(old, w, r.merchant, tx.Now)
	refused, err := r.save([]change{ch}, tx.Now)
	if err != nil {
		return Product{}, err
	}
	if len(refused) > 0 {
		return Product{}, ErrBelowHeld
	}
	if ch.moved() {
		if err := c.announce(tx, r); err != nil {
			return Product{}, err
		}
	}
	return r.product(ch.next.ID)
}

func invalid(fields []fault.Field) error {
	f := *ErrInvalid
	f.Fields = fields
	return &f
}

// announce moves the version and tells who listens.
func (c *Catalog) announce(tx database.Tx, r rows) error {
	if err := r.bump(); err != nil {
		return err
	}
	return c.desk.Announce(tx, Changed{r.merchant})
}

// agreeOnCurrency fills in the catalog's currency and refuses a second one.
func (r rows) agreeOnCurrency(n *NewProduct, self string) error {
	code, err := r.currency(self)
	if err != nil {
		return err
	}
	switch {
	case n.Currency == "" && code == "":
		return invalid([]fault.Field{{Location: "price.currency", Message: "the first product must say its currency"}})
	case n.Currency == "":
		n.Currency = code
	case code != "" && n.Currency != code:
		return ErrCurrency.Say("All products of a catalog have one currency; this one has %s.", code).At("price.currency", "must be "+code)
	}
	return nil
}

// freeSKUs refuses skus that another live product has.
func (r rows) freeSKUs(n NewProduct, self string) error {
	skus := skusOf(n)
	owners, err := r.owners(skus)
	if err != nil {
		return err
	}
	var taken *fault.Fault
	for _, sku := range skus {
		if owner, ok := owners[sku]; ok && owner != self {
			if taken == nil {
				taken = ErrSKUTaken
			}
			taken = taken.At("sku", "the sku "+sku+" belongs to another product")
		}
	}
	if taken == nil {
		return nil
	}
	return taken
}

func skusOf(n NewProduct) []string {
	skus := []string{n.SKU}
	for _, v := range n.Variants {
		skus = append(skus, v.SKU)
	}
	return skus
}

// editable locks the catalog and gives a live product of the version that the caller knows.
func (r rows) editable(productID string, version int64) (Product, error) {
	if err := r.lock(); err != nil {
		return Product{}, err
	}
	p, err := r.product(productID)
	switch {
	case err != nil:
		return Product{}, err
	case p.ArchivedAt != nil:
		return Product{}, ErrNotFound
	case version != 0 && version != p.Version:
		return Product{}, ErrStale
	}
	return p, nil
}

// Archive takes a product out of the catalog for good; its sku is free then. Holds stay until their
// orders end.
func (c *Catalog) Archive(tx database.Tx, merchant, productID string, version int64) error {
	r := in(tx, merchant)
	p, err := r.editable(productID, version)
	if err != nil {
		return err
	}
	if err := r.archive(p, tx); err != nil {
		return err
	}
	return c.announce(tx, r)
}

// Get gives a product, an archived one too.
func (c *Catalog) Get(ctx context.Context, merchant, productID string) (Product, error) {
	return c.outside(ctx, merchant).product(productID)
}

// Find is Get inside a transaction.
func (c *Catalog) Find(tx database.Tx, merchant, productID string) (Product, error) {
	return in(tx, merchant).product(productID)
}

// BySKU gives the live product that has this sku or a variant with it.
func (c *Catalog) BySKU(ctx context.Context, merchant, sku string) (Product, error) {
	found, err := c.BySKUs(ctx, merchant, []string{sku})
	if err != nil {
		return Product{}, err
	}
	p, ok := found[sku]
	if !ok {
		return Product{}, ErrUnknownSKU
	}
	return p, nil
}

// BySKUs gives the live products that have these skus, or variants with them, by the sku asked for.
func (c *Catalog) BySKUs(ctx context.Context, merchant string, skus []string) (map[string]Product, error) {
	return c.outside(ctx, merchant).bySKUs(skus)
}

// FindSKUs is BySKUs inside a transaction.
func (c *Catalog) FindSKUs(tx database.Tx, merchant string, skus []string) (map[string]Product, error) {
	return in(tx, merchant).bySKUs(skus)
}

func (r rows) bySKUs(skus []string) (map[string]Product, error) {
	owners, err := r.owners(skus)
	if err != nil {
		return nil, err
	}
	return r.owned(owners)
}

// owned loads the products that owners names, by the skus.
func (r rows) owned(owners map[string]string) (map[string]Product, error) {
	ids := slices.Sorted(maps.Values(owners))
	products, err := r.byIDs(slices.Compact(ids))
	if err != nil {
		return nil, err
	}
	found := make(map[string]Product, len(owners))
	for sku, owner := range owners {
		if p, ok := products[owner]; ok {
			found[sku] = p
		}
	}
	return found, nil
}

// ErrCursor is the answer to an After that no list has given.
var ErrCursor = fault.New(fault.Invalid, "bad_cursor", "The cursor is not one that a list has given.")

// List gives products in the order of their ids, and the cursor of the next page, empty at the end.
func (c *Catalog) List(ctx context.Context, merchant string, p Page, f Filter) ([]Product, string, error) {
	if p.Limit < 1 || p.Limit > 200 {
		p.Limit = 50
	}
	if p.After != "" && id.Check("prod", p.After) != nil {
		return nil, "", ErrCursor
	}
	r := c.outside(ctx, merchant)
	var err error
	if f.Category, err = r.categoryCode(f.Category); err != nil {
		return nil, "", err
	}
	list, err := r.page(p, f)
	if err != nil || len(list) <= p.Limit {
		return list, "", err
	}
	list = list[:p.Limit]
	return list, list[len(list)-1].ID, nil
}
