package catalog

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"gorm.io/gorm"

	"sotto.chat/internal/database"
)

// chunk bounds the length of an IN list.
const chunk = 1000

// rows is one merchant's rows, inside a transaction or outside.
type rows struct {
	db       *gorm.DB
	merchant string
}

func in(tx database.Tx, merchant string) rows { return rows{tx.DB(), merchant} }

func (c *Catalog) outside(ctx context.Context, merchant string) rows {
	return rows{c.db.Read(ctx), merchant}
}

// lock makes this merchant's catalog writers queue until the transaction ends; take it before any other row.
func (r rows) lock() error {
	return r.db.Exec(`insert into catalog_versions (merchant_id, version) values (?, 0)
		on conflict (merchant_id) do update set version = catalog_versions.version`, r.merchant).Error
}

// bump moves the version, and locks as lock does.
func (r rows) bump() error {
	return r.db.Exec(`insert into catalog_versions (merchant_id, version) values (?, 1)
		on conflict (merchant_id) do update set version = catalog_versions.version + 1`, r.merchant).Error
}

func (r rows) version() (int64, error) {
	var n int64
	err := r.db.Raw(`select version from catalog_versions where merchant_id = ?`, r.merchant).Scan(&n).Error
	return n, err
}

// product gives one product with all its parts.
func (r rows) product(id string) (Product, error) {
	list, err := r.products(r.db.Where("merchant_id = ? and id = ?", r.merchant, id).Limit(1))
	if err != nil {
		return Product{}, fmt.Errorf("load a product: %w", err)
	}
	if len(list) == 0 {
		return Product{}, ErrNotFound
	}
	return list[0], r.fill(list)
}

// all gives the live catalog in the merchant's order.
func (r rows) all() ([]Product, error) {
	list, err := r.products(r.db.Where("merchant_id = ? and archived_at is null", r.merchant).Order("position, id"))
	if err != nil {
		return nil, fmt.Errorf("load the products: %w", err)
	}
	return list, r.fill(list)
}

func (r rows) page(p Page, f Filter) ([]Product, error) {
	q := r.db.Where("merchant_id = ? and id > ?", r.merchant, p.After)
	if f.Archived {
		q = q.Where("archived_at is not null")
	} else {
		q = q.Where("archived_at is null")
	}
	if f.Category != "" {
		q = q.Where("category = ?", f.Category)
	}
	if f.Brand != "" {
		q = q.Where("brand = ?", f.Brand)
	}
	if f.Available != nil {
		q = q.Where("available = ?", *f.Available)
	}
	if f.SKU != "" {
		q = q.Where(`(sku = ? or id in (select product_id from variants where merchant_id = ? and sku = ? and archived_at is null))`,
			f.SKU, r.merchant, f.SKU)
	}
	list, err := r.products(q.Order("id").Limit(p.Limit + 1))
	if err != nil {
		return nil, fmt.Errorf("list the products: %w", err)
	}
	return list, r.fill(list[:min(len(list), p.Limit)])
}

// fill loads variants, groups and choices of the products, in three queries for each thousand.
func (r rows) fill(list []Product) error {
	at := make(map[string]*Product, len(list))
	ids := make([]string, 0, len(list))
	for i := range list {
		p := &list[i]
		p.Synonyms, p.Images, p.Attributes = tidy(p.Synonyms), tidy(p.Images), tidyMap(p.Attributes)
		p.Variants, p.Groups = []Variant{}, []Group{}
		at[p.ID], ids = p, append(ids, p.ID)
	}
	for part := range slices.Chunk(ids, chunk) {
		if err := r.fillPart(at, part); err != nil {
			return fmt.Errorf("load the parts of products: %w", err)
		}
	}
	return nil
}

func (r rows) fillPart(at map[string]*Product, ids []string) error {
	of := func() *gorm.DB {
		return r.db.Where("merchant_id = ? and product_id in ?", r.merchant, ids).Order("position, id")
	}
	variants, err := r.variants(of())
	if err != nil {
		return err
	}
	groups, err := r.groups(of())
	if err != nil {
		return err
	}
	var choices []Choice
	if len(groups) > 0 {
		if choices, err = r.choices(of()); err != nil {
			return err
		}
	}
	for _, v := range variants {
		// An archived product shows the variants that were archived with it.
		if p := at[v.ProductID]; v.ArchivedAt == nil || (p.ArchivedAt != nil && p.ArchivedAt.Equal(*v.ArchivedAt)) {
			v.Attributes = tidyMap(v.Attributes)
			p.Variants = append(p.Variants, v)
		}
	}
	byGroup := map[string][]Choice{}
	for _, h := range choices {
		h.Synonyms = tidy(h.Synonyms)
		byGroup[h.GroupID] = append(byGroup[h.GroupID], h)
	}
	for _, g := range groups {
		g.Choices = tidy(byGroup[g.ID])
		at[g.ProductID].Groups = append(at[g.ProductID].Groups, g)
	}
	return nil
}

// owners tells which live product has each of the skus, as its own or as a variant's.
func (r rows) owners(skus []string) (map[string]string, error) {
	owners := map[string]string{}
	for part := range slices.Chunk(skus, chunk) {
		var found []struct{ SKU, ProductID string }
		err := r.db.Raw(`select sku, id as product_id from products where merchant_id = ? and archived_at is null and sku in ?
			union select sku, product_id from variants where merchant_id = ? and archived_at is null and sku in ?`,
			r.merchant, part, r.merchant, part).Scan(&found).Error
		if err != nil {
			return nil, fmt.Errorf("look up skus: %w", err)
		}
		for _, f := range found {
			owners[f.SKU] = f.ProductID
		}
	}
	return owners, nil
}

// byIDs gives live products, by id.
func (r rows) byIDs(ids []string) (map[string]Product, error) {
	found := map[string]Product{}
	for part := range slices.Chunk(ids, chunk) {
		list, err := r.products(r.db.Where("merchant_id = ? and archived_at is null and id in ?", r.merchant, part))
		if err == nil {
			err = r.fill(list)
		}
		if err != nil {
			return nil, fmt.Errorf("load products: %w", err)
		}
		for _, p := range list {
			found[p.ID] = p
		}
	}
	return found, nil
}

// currency gives the currency of the live catalog without one product; empty where nothing else is live.
func (r rows) currency(without string) (string, error) {
	var code string
	err := r.db.Raw(`select currency from products where merchant_id = ? and archived_at is null and id <> ? limit 1`,
		r.merchant, without).Scan(&code).Error
	return code, err
}

// archive ends a product and its variants.
func (r rows) archive(p Product, tx database.Tx) error {
	err := r.db.Exec(`update products set archived_at = ?, updated_at = ?, version = version + 1 where merchant_id = ? and id = ?`,
		tx.Now, tx.Now, r.merchant, p.ID).Error
	if err == nil {
		err = r.db.Exec(`update variants set archived_at = ? where merchant_id = ? and product_id = ? and archived_at is null`,
			tx.Now, r.merchant, p.ID).Error
	}
	if err != nil {
		return fmt.Errorf("archive a product: %w", err)
	}
	return nil
}

// categoryCode turns a category's id into its code; anything else is a code already.
func (r rows) categoryCode(s string) (string, error) {
	if !strings.HasPrefix(s, "cat_") {
		return s, nil
	}
	k, err := r.category(s)
	if ErrCategoryNotFound.Is(err) {
		return s, nil
	}
	return k.Code, err
}

// Lists of goods are read by hand: by reflection the reading cost more than the query, and the list of products is what
// pages ask for most.
const (
	productColumns = `id, sku, name, description, brand, category, price, currency, synonyms, attributes, images,
		available, position, version, created_at, updated_at, archived_at`
	variantColumns = `id, product_id, sku, main, attributes, price, on_hand, held, position, archived_at`
	groupColumns   = `id, product_id, code, name, min, max, amounts, position`
	choiceColumns  = `id, group_id, product_id, code, name, price, synonyms, preset, available, position`
)

// products runs a query for rows of products.
func (r rows) products(q *gorm.DB) ([]Product, error) {
	return scanAll(q.Table("products").Select(productColumns), func(row *sql.Rows, p *Product) error {
		p.MerchantID = r.merchant
		var synonyms, attributes, images string
		err := row.Scan(&p.ID, &p.SKU, &p.Name, &p.Description, &p.Brand, &p.Category, &p.Price, &p.Currency, &synonyms, &attributes, &images,
			&p.Available, &p.Position, &p.Version, &p.CreatedAt, &p.UpdatedAt, &p.ArchivedAt)
		if err == nil {
			err = decode(synonyms, "[]", &p.Synonyms)
		}
		if err == nil {
			err = decode(attributes, "{}", &p.Attributes)
		}
		if err == nil {
			err = decode(images, "[]", &p.Images)
		}
		return err
	})
}

func (r rows) variants(q *gorm.DB) ([]Variant, error) {
	return scanAll(q.Table("variants").Select(variantColumns), func(row *sql.Rows, v *Variant) error {
		v.MerchantID = r.merchant
		var attributes string
		if err := row.Scan(&v.ID, &v.ProductID, &v.SKU, &v.Main, &attributes, &v.Price, &v.OnHand, &v.Held, &v.Position, &v.ArchivedAt); err != nil {
			return err
		}
		return decode(attributes, "{}", &v.Attributes)
	})
}

func (r rows) groups(q *gorm.DB) ([]Group, error) {
	return scanAll(q.Table("option_groups").Select(groupColumns), func(row *sql.Rows, g *Group) error {
		g.MerchantID = r.merchant
		return row.Scan(&g.ID, &g.ProductID, &g.Code, &g.Name, &g.Min, &g.Max, &g.Amounts, &g.Position)
	})
}

func (r rows) choices(q *gorm.DB) ([]Choice, error) {
	return scanAll(q.Table("choices").Select(choiceColumns), func(row *sql.Rows, h *Choice) error {
		h.MerchantID = r.merchant
		var synonyms string
		if err := row.Scan(&h.ID, &h.GroupID, &h.ProductID, &h.Code, &h.Name, &h.Price, &synonyms, &h.Preset, &h.Available, &h.Position); err != nil {
			return err
		}
		return decode(synonyms, "[]", &h.Synonyms)
	})
}

// scanAll reads every row of a query.
func scanAll[T any](q *gorm.DB, scan func(*sql.Rows, *T) error) ([]T, error) {
	found, err := q.Rows()
	if err != nil {
		return nil, err
	}
	defer func() { _ = found.Close() }()
	var list []T
	for found.Next() {
		var one T
		if err := scan(found, &one); err != nil {
			return nil, err
		}
		list = append(list, one)
	}
	return list, found.Err()
}

// decode reads a JSON column; most are empty, which needs no reading.
func decode(text, empty string, into any) error {
	if text == empty {
		return nil
	}
	return json.Unmarshal([]byte(text), into)
}
