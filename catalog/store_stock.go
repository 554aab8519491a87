package catalog

import (
	"fmt"
	"strings"
	"time"

	"sotto.chat/internal/database"
)

// setOnHand gives the new stock, or false where orders hold more than onHand.
func (r rows) setOnHand(variant string, onHand *int64) (Stock, bool, error) {
	condition, args := `merchant_id = ? and id = ?`, []any{onHand, r.merchant, variant}
	if onHand != nil {
		condition, args = condition+` and held <= ?`, append(args, *onHand)
	}
	return r.oneStock(`update variants set on_hand = ? where `+condition+` returning on_hand, held`, args...)
}

func (r rows) stock(variant string) (Stock, bool, error) {
	return r.oneStock(`select on_hand, held from variants where merchant_id = ? and id = ? and archived_at is null`, r.merchant, variant)
}

func (r rows) oneStock(query string, args ...any) (Stock, bool, error) {
	var found []struct {
		OnHand *int64
		Held   int64
	}
	if err := r.db.Raw(query, args...).Scan(&found).Error; err != nil {
		return Stock{}, false, fmt.Errorf("stock: %w", err)
	}
	if len(found) == 0 {
		return Stock{}, false, nil
	}
	return stockOf(found[0].OnHand, found[0].Held), true, nil
}

// variantsOf gives the live variants of a product: their ids, and whether it has none of its own.
func (r rows) variantsOf(product string) (ids []string, single bool, err error) {
	var found []struct {
		ID   string
		Main bool
	}
	err = r.db.Raw(`select id, main from variants where merchant_id = ? and product_id = ? and archived_at is null`, r.merchant, product).Scan(&found).Error
	for _, f := range found {
		ids = append(ids, f.ID)
	}
	return ids, len(found) == 1 && found[0].Main, err
}

// keepHolds writes hold rows and takes what they are for, all in one round trip. It takes for holds that were there before
// too, which the caller gives back.
func (r rows) keepHolds(tx database.Tx, order string, lines []HoldLine, expires time.Time) (held, error) {
	h := held{map[string]bool{}, map[string]bool{}}
	note := func(in map[string]bool) func(func(...any) error) error {
		return func(scan func(...any) error) error {
			var variant string
			err := scan(&variant)
			in[variant] = true
			return err
		}
	}
	var q strings.Builder
	q.WriteString(`insert into holds (merchant_id, order_id, variant_id, quantity, expires_at) values `)
	args := make([]any, 0, 5*len(lines))
	for i, l := range lines {
		if i > 0 {
			q.WriteString(", ")
		}
		q.WriteString("(?, ?, ?, ?, ?)")
		args = append(args, r.merchant, order, l.VariantID, l.Quantity, expires.UTC())
	}
	q.WriteString(` on conflict (merchant_id, order_id, variant_id) do nothing returning variant_id`)
	asks := []database.Ask{{SQL: q.String(), Args: args, Row: note(h.fresh)}}
	for _, l := range lines {
		ask := r.take(l)
		ask.Row = note(h.taken)
		asks = append(asks, ask)
	}
	return h, tx.Together(asks...)
}

// take adds to what is held where enough is free; one statement decides and counts, so nothing is sold twice.
// An archived variant can still be held: late money for goods that are there is honoured.
func (r rows) take(l HoldLine) database.Ask {
	return database.Ask{SQL: `update variants set held = held + ? where merchant_id = ? and id = ?
		and (on_hand is null or on_hand - held >= ?) returning id`, Args: []any{l.Quantity, r.merchant, l.VariantID, l.Quantity}}
}

// dropHolds deletes the order's open holds, all of them or those of the named variants.
func (r rows) dropHolds(order string, variants []string) ([]HoldLine, error) {
	query, args := `delete from holds where merchant_id = ? and order_id = ? and consumed_at is null`, []any{r.merchant, order}
	if variants != nil {
		query, args = query+` and variant_id in ?`, append(args, variants)
	}
	return r.holdLines(query+` returning variant_id, quantity`, args...)
}

func (r rows) consumeHolds(order string, now time.Time) ([]HoldLine, error) {
	return r.holdLines(`update holds set consumed_at = ? where merchant_id = ? and order_id = ? and consumed_at is null
		returning variant_id, quantity`, now, r.merchant, order)
}

func (r rows) hasHolds(order string) (bool, error) {
	var n int64
	err := r.db.Raw(`select count(*) from holds where merchant_id = ? and order_id = ?`, r.merchant, order).Scan(&n).Error
	return n > 0, err
}

func (r rows) free(l HoldLine) error {
	return r.db.Exec(`update variants set held = held - ? where merchant_id = ? and id = ?`, l.Quantity, r.merchant, l.VariantID).Error
}

func (r rows) leave(l HoldLine) error {
	return r.db.Exec(`update variants set held = held - ?, on_hand = on_hand - ? where merchant_id = ? and id = ?`,
		l.Quantity, l.Quantity, r.merchant, l.VariantID).Error
}

func (r rows) comeBack(l HoldLine) error {
	return r.db.Exec(`update variants set on_hand = on_hand + ? where merchant_id = ? and id = ?`, l.Quantity, r.merchant, l.VariantID).Error
}

func (r rows) holdLines(query string, args ...any) ([]HoldLine, error) {
	found, err := r.db.Raw(query, args...).Rows()
	if err != nil {
		return nil, err
	}
	defer func() { _ = found.Close() }()
	var lines []HoldLine
	for found.Next() {
		var l HoldLine
		if err := found.Scan(&l.VariantID, &l.Quantity); err != nil {
			return nil, err
		}
		lines = append(lines, l)
	}
	return lines, found.Err()
}

func (r rows) skuOf(variant string) (string, error) {
	var sku string
	err := r.db.Raw(`select sku from variants where merchant_id = ? and id = ?`, r.merchant, variant).Scan(&sku).Error
	return sku, err
}

// disagreements compares stock with holds. Each query is one statement, so it sees one moment of the shop.
func (r rows) disagreements() ([]string, error) {
	open := `select variant_id, sum(quantity) as quantity from holds where merchant_id = ? and consumed_at is null group by variant_id`
	var counts []struct {
		ID, SKU   string
		OnHand    *int64
		Held, Sum int64
	}
	err := r.db.Raw(`select v.id, v.sku, v.on_hand, v.held, coalesce(h.quantity, 0) as sum from variants v
		left join (`+open+`) h on h.variant_id = v.id
		where v.merchant_id = ? and (v.held <> coalesce(h.quantity, 0) or v.held < 0 or v.on_hand < 0 or v.on_hand < v.held)
		order by v.id`, r.merchant, r.merchant).Scan(&counts).Error
	if err != nil {
		return nil, fmt.Errorf("audit the stock: %w", err)
	}
	var list []string
	for _, n := range counts {
		if n.Held != n.Sum {
			list = append(list, fmt.Sprintf("variant %s (sku %s) says %d held, its holds sum to %d", n.ID, n.SKU, n.Held, n.Sum))
		}
		if n.Held < 0 || (n.OnHand != nil && (*n.OnHand < 0 || *n.OnHand < n.Held)) {
			list = append(list, fmt.Sprintf("variant %s (sku %s) has %s on hand with %d held", n.ID, n.SKU, counting(n.OnHand), n.Held))
		}
	}
	var lost []struct{ OrderID, VariantID string }
	err = r.db.Raw(`select h.order_id, h.variant_id from holds h left join variants v on v.merchant_id = h.merchant_id and v.id = h.variant_id
		where h.merchant_id = ? and v.id is null order by h.order_id, h.variant_id`, r.merchant).Scan(&lost).Error
	if err != nil {
		return nil, fmt.Errorf("audit the holds: %w", err)
	}
	for _, l := range lost {
		list = append(list, fmt.Sprintf("order %s holds variant %s, which does not exist", l.OrderID, l.VariantID))
	}
	return list, nil
}

func counting(n *int64) string {
	if n == nil {
		return "an uncounted number"
	}
	return fmt.Sprint(*n)
}
