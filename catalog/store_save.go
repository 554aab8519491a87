package catalog

import (
	"context"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"

	"gorm.io/gorm/clause"

	"sotto.chat/internal/database"
)

// batch bounds the rows of one INSERT, so that its parameters stay below SQLite's 32,766.
const batch = 500

// save writes changes of several products with few statements; the catalog is locked. It gives the
// variants whose count could not be set because orders hold more; the caller decides what that means.
func (r rows) save(changes []change, now time.Time) ([]string, error) {
	var d diff
	for i := range changes {
		d.take(&changes[i])
	}
	steps := []func() error{
		func() error { return r.lockVariants(d.touched) },
		func() error { return r.drop("choices", d.lostChoices) },
		func() error { return r.drop("option_groups", d.lostGroups) },
		func() error { return r.retire(d.lostVariants, now) },
		func() error {
			return upsert(r, d.products, "sku", "name", "description", "brand", "category", "price", "currency", "synonyms",
				"attributes", "images", "available", "position", "version", "updated_at")
		},
		// Neither on_hand nor held: they move beside this transaction.
		func() error {
			return upsert(r, d.variants, "sku", "main", "attributes", "price", "position")
		},
		func() error { return upsert(r, d.groups, "code", "name", "min", "max", "amounts", "position") },
		func() error {
			return upsert(r, d.choices, "code", "name", "price", "synonyms", "preset", "available", "position")
		},
	}
	for _, step := range steps {
		if err := step(); err != nil {
			return nil, fmt.Errorf("save products: %w", err)
		}
	}
	return r.count(d.counts)
}

// diff is the rows that changes write and lose.
type diff struct {
	products []Product
	variants []Variant
	groups   []Group
	choices  []Choice
	counts   []counted

	lostVariants, lostGroups, lostChoices []string
	touched                               []string // variants that exist and change
}

func (d *diff) take(c *change) {
	d.counts = append(d.counts, c.counts...)
	for _, n := range c.counts {
		d.touched = append(d.touched, n.variant)
	}
	if !c.moved() {
		return
	}
	d.products = append(d.products, c.next)
	var old Product
	if c.old != nil {
		old = *c.old
	}
	fresh, kept, lost := compare(old.Variants, c.next.Variants, func(v Variant) string { return v.ID })
	d.variants, d.lostVariants = append(append(d.variants, fresh...), kept...), append(d.lostVariants, lost...)
	for _, v := range kept {
		d.touched = append(d.touched, v.ID)
	}
	d.touched = append(d.touched, lost...)
	groups, changed, gone := compare(old.Groups, c.next.Groups, func(g Group) string { return g.ID })
	d.groups, d.lostGroups = append(append(d.groups, groups...), changed...), append(d.lostGroups, gone...)
	added, other, left := compare(choicesOf(old), choicesOf(c.next), func(h Choice) string { return h.ID })
	d.choices, d.lostChoices = append(append(d.choices, added...), other...), append(d.lostChoices, left...)
}

func choicesOf(p Product) []Choice {
	var list []Choice
	for _, g := range p.Groups {
		list = append(list, g.Choices...)
	}
	return list
}

// compare gives what is new, what is changed, and the ids of what is gone.
func compare[T any](old, next []T, key func(T) string) (fresh, changed []T, gone []string) {
	had := make(map[string]T, len(old))
	for _, o := range old {
		had[key(o)] = o
	}
	for _, n := range next {
		o, ok := had[key(n)]
		delete(had, key(n))
		switch {
		case !ok:
			fresh = append(fresh, n)
		case !reflect.DeepEqual(o, n):
			changed = append(changed, n)
		}
	}
	for k := range had {
		gone = append(gone, k)
	}
	return fresh, changed, gone
}

func (r rows) drop(table string, ids []string) error {
	for part := range slices.Chunk(ids, chunk) {
		if err := r.db.Exec(`delete from `+table+` where merchant_id = ? and id in ?`, r.merchant, part).Error; err != nil {
			return err
		}
	}
	return nil
}

func (r rows) retire(variants []string, now time.Time) error {
	for part := range slices.Chunk(variants, chunk) {
		if err := r.db.Exec(`update variants set archived_at = ? where merchant_id = ? and id in ?`, now, r.merchant, part).Error; err != nil {
			return err
		}
	}
	return nil
}

// lockVariants locks the rows in the order in which Hold takes them, so that the two cannot block each other for good.
func (r rows) lockVariants(ids []string) error {
	slices.Sort(ids)
	for part := range slices.Chunk(slices.Compact(ids), chunk) {
		var locked []string
		err := r.db.Model(&Variant{}).Clauses(clause.Locking{Strength: "UPDATE"}).Where("merchant_id = ? and id in ?", r.merchant, part).
			Order("id").Pluck("id", &locked).Error
		if err != nil {
			return err
		}
	}
	return nil
}

// count sets counts where holds allow it, and gives the variants where they do not.
func (r rows) count(list []counted) (refused []string, err error) {
	slices.SortFunc(list, func(a, b counted) int { return strings.Compare(a.variant, b.variant) })
	for _, n := range list {
		_, done, err := r.setOnHand(n.variant, n.onHand)
		if err != nil {
			return nil, err
		}
		if !done {
			refused = append(refused, n.variant)
		}
	}
	return refused, nil
}

// analyze tells Postgres how large the catalog has become. Autovacuum does so within a minute, but until then the
// planner believes in a tiny table and looks up skus by reading all of it.
func (c *Catalog) analyze(ctx context.Context) error {
	if c.db.Engine != database.Postgres {
		return nil
	}
	return c.db.Read(ctx).Exec(`analyze products, variants, option_groups, choices`).Error
}
