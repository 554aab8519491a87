package catalog

import (
	"database/sql"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
)

// goodsQuery gives everything that a price needs in one round trip; a row is one choice of one variant's product.
const goodsQuery = `select v.id, v.sku, v.attributes, v.price, v.on_hand, v.held,
	p.id, p.sku, p.name, p.price, p.currency, p.available,
	g.id, g.code, g.name, g.min, g.max, g.amounts,
	c.id, c.code, c.name, c.price, c.synonyms, c.preset, c.available
	from variants v
	join products p on p.merchant_id = v.merchant_id and p.id = v.product_id
	left join option_groups g on g.merchant_id = p.merchant_id and g.product_id = p.id
	left join choices c on c.merchant_id = g.merchant_id and c.product_id = g.product_id and c.group_id = g.id
	where v.merchant_id = ? and v.archived_at is null and p.archived_at is null `

// goods finds what the wishes name, by sku. Variants first, since that is what nearly all name.
func (r rows) goods(wishes []Wish) (map[string]*goods, error) {
	missing := map[string]bool{}
	for _, w := range wishes {
		missing[w.SKU] = true
	}
	if len(missing) == 0 {
		return nil, nil
	}
	found := map[string]*goods{}
	skus := slices.Sorted(maps.Keys(missing))
	list, err := r.goodsWhere(`and v.sku in ? order by v.id, g.position, g.id, c.position, c.id`, skus)
	if err != nil {
		return nil, err
	}
	for _, g := range list {
		found[g.variant.SKU] = g
		delete(missing, g.variant.SKU)
	}
	if len(missing) == 0 {
		return found, nil
	}
	skus = slices.Sorted(maps.Keys(missing))
	list, err = r.goodsWhere(`and p.sku in ? order by v.id, g.position, g.id, c.position, c.id`, skus)
	if err != nil {
		return nil, err
	}
	for _, g := range list {
		if had := found[g.product.SKU]; had != nil {
			had.many++
		} else {
			found[g.product.SKU] = g
		}
	}
	return found, nil
}

func (r rows) goodsWhere(where string, skus []string) ([]*goods, error) {
	found, err := r.db.Raw(goodsQuery+where, r.merchant, skus).Rows()
	if err != nil {
		return nil, fmt.Errorf("price: %w", err)
	}
	defer func() { _ = found.Close() }()
	var list []*goods
	for found.Next() {
		if list, err = scanGoods(found, list); err != nil {
			return nil, fmt.Errorf("price: %w", err)
		}
	}
	return list, found.Err()
}

// goodsRow is one row of goodsQuery; group and choice are absent where the product has none.
type goodsRow struct {
	goods
	attributes string

	group struct {
		id, code, name sql.NullString
		min            sql.NullInt64
		max            *int64
		amounts        sql.NullBool
	}
	choice struct {
		id, code, name, synonyms sql.NullString
		price                    sql.NullInt64
		preset, available        sql.NullBool
	}
}

// scanGoods reads one row into the last of list, or into a new one where another variant begins.
func scanGoods(row *sql.Rows, list []*goods) ([]*goods, error) {
	f := goodsRow{goods: goods{many: 1}}
	v, p, g, c := &f.variant, &f.product, &f.group, &f.choice
	err := row.Scan(&v.ID, &v.SKU, &f.attributes, &v.Price, &v.OnHand, &v.Held,
		&p.ID, &p.SKU, &p.Name, &p.Price, &p.Currency, &p.Available,
		&g.id, &g.code, &g.name, &g.min, &g.max, &g.amounts,
		&c.id, &c.code, &c.name, &c.price, &c.synonyms, &c.preset, &c.available)
	if err != nil {
		return nil, err
	}
	if n := len(list); n == 0 || list[n-1].variant.ID != v.ID {
		if f.attributes != "{}" {
			if err := json.Unmarshal([]byte(f.attributes), &v.Attributes); err != nil {
				return nil, err
			}
		}
		list = append(list, &f.goods)
	}
	return list, f.addOption(&list[len(list)-1].product)
}

// addOption adds the row's group and choice to the product.
func (f *goodsRow) addOption(p *Product) error {
	g, c := &f.group, &f.choice
	if !g.id.Valid {
		return nil
	}
	if n := len(p.Groups); n == 0 || p.Groups[n-1].ID != g.id.String {
		p.Groups = append(p.Groups, Group{ID: g.id.String, Code: g.code.String, Name: g.name.String,
			Min: g.min.Int64, Max: g.max, Amounts: g.amounts.Bool})
	}
	if !c.id.Valid {
		return nil
	}
	h := Choice{ID: c.id.String, Code: c.code.String, Name: c.name.String, Price: c.price.Int64,
		Preset: c.preset.Bool, Available: c.available.Bool}
	if c.synonyms.String != "[]" {
		if err := json.Unmarshal([]byte(c.synonyms.String), &h.Synonyms); err != nil {
			return err
		}
	}
	last := &p.Groups[len(p.Groups)-1]
	last.Choices = append(last.Choices, h)
	return nil
}
