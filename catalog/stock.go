package catalog

import (
	"context"
	"fmt"
	"slices"
	"strings"
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
	ErrOnHand     = fault.New(fault.Invalid, "stock_out_of_range", "The stock must be 0 to 1,000,000,000, or null where it is not counted.")
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
	if onHand != nil && (*onHand < 0 || *onHand > MaxOnHand) {
		return Stock{}, ErrOnHand
	}
	r := in(tx, merchant)
	variant, err := r.countedVariant(variantOrProductID)
	if err != nil {
		return Stock{}, err
	}
	switch _, live, err := r.stock(variant); {
	case err != nil:
		return Stock{}, err
	case !live:
		return Stock{}, ErrVariantNotFound
	}
	s, done, err := r.setOnHand(variant, onHand)
	if err != nil || done {
		return s, err
	}
	if s, _, err = r.stock(variant); err != nil {
		return Stock{}, err
	}
	return s, ErrBelowHeld.Say("Orders that wait for payment hold %d; the stock cannot be set below it.", s.Held)
}

// Stock gives the count of a variant, named as in SetStock.
func (c *Catalog) Stock(ctx context.Context, merchant, variantOrProductID string) (Stock, error) {
	r := c.outside(ctx, merchant)
	variant, err := r.countedVariant(variantOrProductID)
	if err != nil {
		return Stock{}, err
	}
	s, found, err := r.stock(variant)
	if err == nil && !found {
		err = ErrVariantNotFound
	}
	return s, err
}

// countedVariant turns a product's id into that of its one variant.
func (r rows) countedVariant(variantOrProduct string) (string, error) {
	if !strings.HasPrefix(variantOrProduct, "prod_") {
		return variantOrProduct, nil
	}
	ids, single, err := r.variantsOf(variantOrProduct)
	switch {
	case err != nil:
		return "", err
	case len(ids) == 0:
		return "", ErrNotFound
	case !single:
		return "", ErrChooseVariant.Say("This product comes in variants; set the stock of each of them.")
	}
	return ids[0], nil
}

// Hold keeps goods for an order until it is consumed or released; expires is for reports only. It holds
// all lines or, with ErrOutOfStock (which names the sku), none. What the order holds or has consumed
// already is not held again. Call it late in the transaction: the rows of hot goods stay locked from here to
// the commit.
func (c *Catalog) Hold(tx database.Tx, merchant, orderID string, lines []HoldLine, expires time.Time) error {
	wanted, err := gather(lines)
	if err != nil || len(wanted) == 0 {
		return err
	}
	r := in(tx, merchant)
	h, err := r.keepHolds(tx, orderID, wanted, expires)
	if err != nil {
		return fmt.Errorf("hold: %w", err)
	}
	short := slices.IndexFunc(wanted, func(l HoldLine) bool { return h.fresh[l.VariantID] && !h.taken[l.VariantID] })
	if err := r.giveBack(wanted, h, short >= 0); err != nil {
		return fmt.Errorf("hold: %w", err)
	}
	if short < 0 {
		return nil
	}
	return r.undoHold(orderID, wanted, h, wanted[short])
}

// held is what an attempt to hold came to, by variant: whose hold was not there before, and of which enough was free.
type held struct{ fresh, taken map[string]bool }

// giveBack frees what was taken for holds that were there before, or for all.
func (r rows) giveBack(wanted []HoldLine, h held, all bool) error {
	for _, l := range wanted {
		if h.taken[l.VariantID] && (all || !h.fresh[l.VariantID]) {
			if err := r.free(l); err != nil {
				return err
			}
		}
	}
	return nil
}

// undoHold takes back the holds that this call wrote down before one turned out to be short.
func (r rows) undoHold(orderID string, wanted []HoldLine, h held, short HoldLine) error {
	var ids []string
	for _, l := range wanted {
		if h.fresh[l.VariantID] {
			ids = append(ids, l.VariantID)
		}
	}
	if _, err := r.dropHolds(orderID, ids); err != nil {
		return fmt.Errorf("undo a hold: %w", err)
	}
	sku, err := r.skuOf(short.VariantID)
	if err != nil {
		return fmt.Errorf("undo a hold: %w", err)
	}
	return ErrOutOfStock.At("sku", sku)
}

// Release gives back what the order holds. Once released or consumed, it does nothing.
func (c *Catalog) Release(tx database.Tx, merchant, orderID string) error {
	r := in(tx, merchant)
	lines, err := r.dropHolds(orderID, nil)
	if err == nil {
		err = each(lines, r.free)
	}
	if err != nil {
		return fmt.Errorf("release: %w", err)
	}
	return nil
}

// Consume takes the held goods out of stock. It does nothing when they were consumed before, and says
// ErrNotHeld when they were released or never held: then Hold again and Consume.
func (c *Catalog) Consume(tx database.Tx, merchant, orderID string) error {
	r := in(tx, merchant)
	lines, err := r.consumeHolds(orderID, tx.Now)
	if err == nil {
		err = each(lines, r.leave)
	}
	if err != nil {
		return fmt.Errorf("consume: %w", err)
	}
	if len(lines) > 0 {
		return nil
	}
	consumed, err := r.hasHolds(orderID)
	if err == nil && !consumed {
		err = ErrNotHeld
	}
	return err
}

// Restock puts returned goods back; variants that are not counted stay so. It is not idempotent.
func (c *Catalog) Restock(tx database.Tx, merchant string, lines []HoldLine) error {
	back, err := gather(lines)
	if err == nil {
		err = each(back, in(tx, merchant).comeBack)
	}
	if err != nil {
		return fmt.Errorf("restock: %w", err)
	}
	return nil
}

// Audit compares stock with holds and gives a sentence for each place where they disagree. It is right at
// any moment beside a working shop.
func (c *Catalog) Audit(ctx context.Context, merchant string) ([]string, error) {
	return c.outside(ctx, merchant).disagreements()
}

// gather adds up the lines of one variant and sorts them: everybody locks variants in this order.
func gather(lines []HoldLine) ([]HoldLine, error) {
	sum := map[string]int64{}
	for _, l := range lines {
		if l.Quantity < 1 || l.Quantity > MaxOnHand {
			return nil, ErrQuantity
		}
		sum[l.VariantID] += l.Quantity
	}
	list := make([]HoldLine, 0, len(sum))
	for variant, quantity := range sum {
		list = append(list, HoldLine{variant, quantity})
	}
	sortLines(list)
	return list, nil
}

func sortLines(lines []HoldLine) {
	slices.SortFunc(lines, func(a, b HoldLine) int { return strings.Compare(a.VariantID, b.VariantID) })
}

// each does f for the lines in the common order.
func each(lines []HoldLine, f func(HoldLine) error) error {
	sortLines(lines)
	for _, l := range lines {
		if err := f(l); err != nil {
			return err
		}
	}
	return nil
}
