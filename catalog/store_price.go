package catalog

import (
	"database/sql"
	"encoding/json"
	"fmt"

	"sotto.chat/internal/database"
)

// goodsQuery gives everything that a price needs in one round trip; a row is one choice of one variant's product.
const goodsQuery = `select ` + plainColumns + `,
	g.id, g.code, g.name, g.min, g.max, g.amounts,
	c.id, c.code, c.name, c.price, c.synonyms, c.preset, c.available
	` + plainFrom + `
	left join option_groups g on g.merchant_id = p.merchant_id and g.product_id = p.id
	left join choices c on c.merchant_id = g.merchant_id and c.product_id = g.product_id and c.group_id = g.id
	` + forSale

// plainQuery is goodsQuery without what could be chosen; a row is a variant.
const plainQuery = `select ` + plainColumns + ` ` + plainFrom + ` ` + forSale

const (
	plainColumns = `v.id, v.sku, v.attributes, v.price, v.on_hand, v.held, p.id, p.sku, p.name, p.price, p.currency, p.available`
	plainFrom    = `from variants v join products p on p.merchant_id = v.merchant_id and p.id = v.product_id`
	forSale      = `where v.merchant_id = ? and v.archived_at is null and p.archived_at is null `
)

// named finds goods by the sku of a variant, which nearly all name, and main by that of a product.
func (r rows) named(skus []string, plain bool, take func(*goods)) database.Ask {
	return r.goodsWhere(`and v.sku in ?`, []any{skus}, plain, take)
}

func (r rows) main(skus []string, plain bool, take func(*goods)) database.Ask {
	return r.goodsWhere(`and v.product_id in (select m.id from products m where m.merchant_id = ? and m.sku in ?)`, []any{r.merchant, skus}, plain, take)
}

// listed finds goods by the sku of a variant, of those that a query gives.
func (r rows) listed(skus database.Ask, take func(*goods)) database.Ask {
	return r.goodsWhere(`and v.sku in (`+skus.SQL+`)`, skus.Args, false, take)
}

// byVariant has the rows of a variant follow each other. It is no plain column: without statistics SQLite would walk through all variants
// of the merchant, which lie in that order, rather than look the few up that are asked for and sort them.
const byVariant = ` order by v.id || ''`

// goodsWhere asks for goods; take gets each when its first row is read, and the rest of it grows until the last.
func (r rows) goodsWhere(where string, args []any, plain bool, take func(*goods)) database.Ask {
	query := goodsQuery + where + byVariant + `, g.position, g.id, c.position, c.id`
	if plain {
		query = plainQuery + where + byVariant
	}
	var last *goods
	return database.Ask{SQL: query, Args: append([]any{r.merchant}, args...), Row: func(scan func(...any) error) error {
		g, err := scanGoods(scan, plain, last)
		if err != nil {
			return fmt.Errorf("price: %w", err)
		}
		if g != last {
			last = g
			take(g)
		}
		return nil
	}}
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

// scanGoods reads one row into last, or into a new one where another variant begins.
func scanGoods(scan func(...any) error, plain bool, last *goods) (*goods, error) {
	f := goodsRow{goods: goods{many: 1}}
	v, p, g, c := &f.variant, &f.product, &f.group, &f.choice
	into := []any{&v.ID, &v.SKU, &f.attributes, &v.Price, &v.OnHand, &v.Held, &p.ID, &p.SKU, &p.Name, &p.Price, &p.Currency, &p.Available}
	if !plain {
		into = append(into, &g.id, &g.code, &g.name, &g.min, &g.max, &g.amounts,
			&c.id, &c.code, &c.name, &c.price, &c.synonyms, &c.preset, &c.available)
	}
	if err := scan(into...); err != nil {
		return nil, err
	}
	if last == nil || last.variant.ID != v.ID {
		if f.attributes != "{}" {
			if err := json.Unmarshal([]byte(f.attributes), &v.Attributes); err != nil {
				return nil, err
			}
		}
		last = &f.goods
	}
	return last, f.addOption(&last.product)
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
