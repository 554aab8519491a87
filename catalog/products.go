package catalog

import (
	"context"
	"errors"

	"sotto.chat/internal/database"
	"sotto.chat/internal/fault"
)

// The failures of products.
var (
	ErrNotFound = fault.New(fault.NotFound, "product_not_found", "There is no such product.")
	ErrStale    = fault.New(fault.Stale, "version_mismatch", "The product was changed meanwhile; read it again.")
	ErrInvalid  = fault.New(fault.Invalid, "invalid_product", "The product is not valid.")
	ErrSKUTaken = fault.New(fault.Conflict, "sku_taken", "Another product or variant has this sku.")
	ErrCurrency = fault.New(fault.Invalid, "catalog_currency", "All products of a catalog have one currency.")
)

// Create adds a product.
func (c *Catalog) Create(tx database.Tx, merchant string, n NewProduct) (Product, error) {
	return Product{}, errors.ErrUnsupported
}

// Patch changes parts of a product. version is the one that the caller has read, 0 = any; ErrStale when
// it has moved.
func (c *Catalog) Patch(tx database.Tx, merchant, id string, version int64, e Edit) (Product, error) {
	return Product{}, errors.ErrUnsupported
}

// Archive takes a product out of the catalog for good; its sku is free then. Holds stay until their
// orders end.
func (c *Catalog) Archive(tx database.Tx, merchant, id string, version int64) error {
	return errors.ErrUnsupported
}

// Get gives a product, an archived one too.
func (c *Catalog) Get(ctx context.Context, merchant, id string) (Product, error) {
	return Product{}, errors.ErrUnsupported
}

// Find is Get inside a transaction.
func (c *Catalog) Find(tx database.Tx, merchant, id string) (Product, error) {
	return Product{}, errors.ErrUnsupported
}

// BySKU gives the live product that has this sku or a variant with it.
func (c *Catalog) BySKU(ctx context.Context, merchant, sku string) (Product, error) {
	return Product{}, errors.ErrUnsupported
}

// BySKUs gives the live products that have these skus, or variants with them, by the sku asked for.
func (c *Catalog) BySKUs(ctx context.Context, merchant string, skus []string) (map[string]Product, error) {
	return nil, errors.ErrUnsupported
}

// FindSKUs is BySKUs inside a transaction.
func (c *Catalog) FindSKUs(tx database.Tx, merchant string, skus []string) (map[string]Product, error) {
	return nil, errors.ErrUnsupported
}

// List gives products in the order of their ids, and the cursor of the next page, empty at the end.
func (c *Catalog) List(ctx context.Context, merchant string, p Page, f Filter) ([]Product, string, error) {
	return nil, "", errors.ErrUnsupported
}
