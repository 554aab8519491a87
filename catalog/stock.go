package catalog

import (
	"context"
	"errors"
	"time"

	"sotto.chat/internal/database"
	"sotto.chat/internal/fault"
)

// Stock is a variant's count. A nil OnHand is not counted, and Available is nil then too.
type Stock struct {
	OnHand    *int64
	Held      int64
	Available *int64
}

// HoldLine is a quantity of one variant.
type HoldLine struct {
	VariantID string
	Quantity  int64
}

// The failures of stock.
var (
	ErrOutOfStock = fault.New(fault.Conflict, "out_of_stock", "There is not enough of this in stock.")
	ErrBelowHeld  = fault.New(fault.Conflict, "stock_below_held", "Orders that wait for payment hold more than this; the stock cannot be set below it.")
	ErrNotHeld    = fault.New(fault.Conflict, "not_held", "The goods of this order are not held any more.")
)

func stockOf(onHand *int64, held int64) Stock {
	s := Stock{OnHand: onHand, Held: held}
	if onHand != nil {
		free := *onHand - held
		s.Available = &free
	}
	return s
}

// SetStock sets what is on hand of a variant, named by its id or, where the product has no variants, by
// the product's. ErrBelowHeld when orders hold more than that.
func (c *Catalog) SetStock(tx database.Tx, merchant, variantOrProductID string, onHand *int64) (Stock, error) {
	return Stock{}, errors.ErrUnsupported
}

// Stock gives the count of a variant, named as in SetStock.
func (c *Catalog) Stock(ctx context.Context, merchant, variantOrProductID string) (Stock, error) {
	return Stock{}, errors.ErrUnsupported
}

// Hold keeps goods for an order until it is consumed or released; expires is for reports only. It holds
// all lines or, with ErrOutOfStock (which names the sku), none. What the order holds or has consumed
// already is not held again. Call it late in the transaction: the rows of hot goods stay locked from here to
// the commit.
func (c *Catalog) Hold(tx database.Tx, merchant, orderID string, lines []HoldLine, expires time.Time) error {
	return errors.ErrUnsupported
}

// Release gives back what the order holds. Once released or consumed, it does nothing.
func (c *Catalog) Release(tx database.Tx, merchant, orderID string) error {
	return errors.ErrUnsupported
}

// Consume takes the held goods out of stock. It does nothing when they were consumed before, and says
// ErrNotHeld when they were released or never held: then Hold again and Consume.
func (c *Catalog) Consume(tx database.Tx, merchant, orderID string) error {
	return errors.ErrUnsupported
}

// Restock puts returned goods back; variants that are not counted stay so. It is not idempotent.
func (c *Catalog) Restock(tx database.Tx, merchant string, lines []HoldLine) error {
	return errors.ErrUnsupported
}

// Audit compares stock with holds and gives a sentence for each place where they disagree. It is right at
// any moment beside a working shop.
func (c *Catalog) Audit(ctx context.Context, merchant string) ([]string, error) {
	return nil, errors.ErrUnsupported
}
