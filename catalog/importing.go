package catalog

import (
	"context"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"sotto.chat/internal/database"
	"sotto.chat/internal/id"
	"sotto.chat/internal/money"
)

// Report says what an import did, or would do. Rows with problems were left out.
type Report struct {
	Created   int
	Updated   int
	Unchanged int
	Problems  []Problem
}

// ErrFileCurrency is the answer to a file whose currency does not fit.
var ErrFileCurrency = ErrCurrency.Say("The file must name the catalog's currency, an ISO 4217 code in capitals.")

// importBatch is how many rows one transaction of an import takes.
const importBatch = 500

// Import brings products, categories and questions of a file into the catalog, by sku and id; what the
// file does not name stays. It works in batches, each a transaction of its own: an import that was cut off
// is finished by running it again. With dryRun it only reports. progress (may be nil) is called after each batch.
func (c *Catalog) Import(ctx context.Context, merchant string, f File, dryRun bool, progress func(done, total int)) (Report, error) {
	m := &importer{c: c, ctx: ctx, merchant: merchant, dry: dryRun, skus: map[string]int{},
		progress: progress, total: len(f.Categories) + len(f.Products) + len(f.Questions)}
	if err := m.agreeOnCurrency(f.Currency); err != nil {
		return Report{}, err
	}
	if err := m.batch(len(f.Categories), func(r rows) (outcome, error) { return m.categories(r, f.Categories) }); err != nil {
		return m.report, err
	}
	at := 0
	for part := range slices.Chunk(f.Products, importBatch) {
		if err := m.batch(len(part), func(r rows) (outcome, error) { return m.products(r, part, at) }); err != nil {
			return m.report, err
		}
		at += len(part)
		last := at == len(f.Products)
		if grown := m.report.Created > importBatch/2; !dryRun && grown && (last || at == importBatch) {
			if err := c.analyze(ctx); err != nil {
				return m.report, fmt.Errorf("import: %w", err)
			}
		}
	}
	err := m.batch(len(f.Questions), func(r rows) (outcome, error) { return m.questions(r, f.Questions) })
	return m.report, err
}

// importer is one import on its way.
type importer struct {
	c        *Catalog
	ctx      context.Context
	merchant string
	currency string
	dry      bool
	tx       database.Tx    // of the batch; empty in a dry run
	skus     map[string]int // skus that the file has claimed, by the product's place

	done, total int
	progress    func(done, total int)
	report      Report
}

// outcome is what one batch did; it joins the report when the batch is committed.
type outcome struct {
	created, updated, unchanged int
	problems                    []Problem
	moved                       bool // something but stock
}

// batch runs f in one transaction, or on plain reads in a dry run.
func (m *importer) batch(size int, f func(rows) (outcome, error)) error {
	if size == 0 {
		return nil
	}
	var out outcome
	var err error
	if m.dry {
		out, err = f(m.c.outside(m.ctx, m.merchant))
	} else {
		err = m.c.db.InTx(m.ctx, func(tx database.Tx) error {
			m.tx = tx
			r := in(tx, m.merchant)
			if err := r.lock(); err != nil {
				return err
			}
			if out, err = f(r); err != nil || !out.moved {
				return err
			}
			return m.c.announce(tx, r)
		})
	}
	if err != nil {
		return fmt.Errorf("import: %w", err)
	}
	m.report.Created += out.created
	m.report.Updated += out.updated
	m.report.Unchanged += out.unchanged
	m.report.Problems = append(m.report.Problems, out.problems...)
	m.done += size
	if m.progress != nil {
		m.progress(m.done, m.total)
	}
	return nil
}

func (m *importer) agreeOnCurrency(code string) error {
	have, err := m.c.outside(m.ctx, m.merchant).currency("")
	if err != nil {
		return fmt.Errorf("import: %w", err)
	}
	if code == "" {
		code = have
	}
	switch {
	case have != "" && code != have:
		return ErrFileCurrency.At("currency", "must be "+have)
	case !money.Known(code):
		return ErrFileCurrency.At("currency", "must be an ISO 4217 code in capitals")
	}
	m.currency = code
	return nil
}

// products plans and saves one batch; first is the place of its first row in the file.
func (m *importer) products(r rows, list []FileProduct, first int) (outcome, error) {
	var out outcome
	var skus []string
	for _, p := range list {
		skus = append(skus, skusOf(fromFile(p, m.currency).NewProduct)...)
	}
	owners, err := r.owners(skus)
	if err != nil {
		return out, err
	}
	olds, err := r.owned(owners)
	if err != nil {
		return out, err
	}
	var changes []change
	for i, p := range list {
		w := fromFile(p, m.currency)
		var old *Product
		if had, ok := olds[p.SKU]; ok && had.SKU == p.SKU {
			old = &had
			w.keepUnwritten(had)
		}
		if why := m.refuse(w, old, owners, first+i); len(why) > 0 {
			out.problems = append(out.problems, why...)
			continue
		}
		ch := plan(old, w, m.merchant, m.tx.Now)
		out.add(old != nil, ch.moved(), len(ch.counts) > 0)
		if ch.moved() || len(ch.counts) > 0 {
			changes = append(changes, ch)
		}
	}
	if m.dry || len(changes) == 0 {
		return out, nil
	}
	refused, err := r.save(changes, m.tx.Now)
	for _, variant := range refused {
		// An order took a hold between the look and the lock.
		out.problems = append(out.problems, Problem{"products", "the stock of variant " + variant + " is below what orders hold"})
	}
	return out, err
}

func (o *outcome) add(existed, moved, counted bool) {
	o.moved = o.moved || moved
	switch {
	case !existed:
		o.created++
	case moved || counted:
		o.updated++
	default:
		o.unchanged++
	}
}

// refuse says why a row cannot be taken.
func (m *importer) refuse(w wanted, old *Product, owners map[string]string, place int) []Problem {
	at := fmt.Sprintf("products[%d]", place)
	var ck check
	ck.product(w.NewProduct)
	self := ""
	if old != nil {
		self = old.ID
	}
	for _, sku := range skusOf(w.NewProduct) {
		if owner, ok := owners[sku]; ok && owner != self {
			ck.add("sku", "the sku %q belongs to another product of the catalog", sku)
		}
		if other, ok := m.skus[sku]; ok && other != place {
			ck.add("sku", "the sku %q is already used at products[%d]", sku, other)
		}
	}
	ck.counts(w, old)
	if len(ck.fields) == 0 {
		for _, sku := range skusOf(w.NewProduct) {
			m.skus[sku] = place
		}
	}
	var list []Problem
	for _, f := range ck.fields {
		list = append(list, Problem{at + "." + f.Location, f.Message})
	}
	return list
}

// counts refuses a stock below what orders hold.
func (c *check) counts(w wanted, old *Product) {
	if old == nil {
		return
	}
	low := func(where string, n *int64, v Variant) {
		if n != nil && *n < v.Held {
			c.add(where, "the stock %d is below the %d that orders hold", *n, v.Held)
		}
	}
	if len(w.Variants) == 0 && old.Single() {
		low("stock", w.count.OnHand, old.Variants[0])
	}
	for i, n := range w.Variants {
		for _, v := range old.Variants {
			if v.SKU == n.SKU && !v.Main {
				low(fmt.Sprintf("variants[%d].stock", i), n.Stock.OnHand, v)
			}
		}
	}
}

func (m *importer) categories(r rows, list []FileCategory) (outcome, error) {
	olds, err := r.categories()
	if err != nil {
		return outcome{}, err
	}
	next := make([]Category, len(list))
	for i, f := range list {
		next[i] = Category{MerchantID: m.merchant, ID: id.New("cat"), Code: f.ID, Name: f.Name, Synonyms: tidy(f.Synonyms), Position: int64(i)}
	}
	out, save := merge("categories", olds, next, func(k *Category) (*string, string) { return &k.ID, k.Code },
		func(ck *check, k Category) { ck.text("id", k.Code, maxCode, true); ck.category(k) })
	if m.dry {
		return out, nil
	}
	return out, r.saveCategories(save)
}

func (m *importer) questions(r rows, list []FileQuestion) (outcome, error) {
	olds, err := r.questions()
	if err != nil {
		return outcome{}, err
	}
	next := make([]Question, len(list))
	for i, f := range list {
		next[i] = Question{MerchantID: m.merchant, ID: id.New("qst"), Code: f.ID, Answer: f.Answer, Examples: tidy(f.Examples)}
	}
	out, save := merge("questions", olds, next, func(q *Question) (*string, string) { return &q.ID, q.Code }, (*check).question)
	if m.dry {
		return out, nil
	}
	return out, r.saveQuestions(save)
}

// merge gives the rows to save: those of next that are new, and those that differ from the old one of their code, under its id.
func merge[T any](list string, olds, next []T, names func(*T) (id *string, code string), rule func(*check, T)) (outcome, []T) {
	var out outcome
	var save []T
	had, seen := map[string]T{}, map[string]bool{}
	for _, o := range olds {
		_, code := names(&o)
		had[code] = o
	}
	for i, n := range next {
		rowID, code := names(&n)
		var ck check
		rule(&ck, n)
		if out.refuse(fmt.Sprintf("%s[%d]", list, i), ck, seen[code]) {
			continue
		}
		seen[code] = true
		old, exists := had[code]
		if exists {
			oldID, _ := names(&old)
			*rowID = *oldID
		}
		moved := !exists || !reflect.DeepEqual(old, n)
		if out.add(exists, moved, false); moved {
			save = append(save, n)
		}
	}
	return out, save
}

// refuse notes the problems of a category or question.
func (o *outcome) refuse(where string, ck check, twice bool) bool {
	if twice {
		ck.add("id", "is used twice")
	}
	for _, f := range ck.fields {
		o.problems = append(o.problems, Problem{where + "." + strings.Replace(f.Location, "code", "id", 1), f.Message})
	}
	return len(ck.fields) > 0
}
