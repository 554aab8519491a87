package bot

import (
	"context"
	"errors"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode"

	"golang.org/x/text/unicode/norm"

	"sotto.chat/bot/embedded"
	"sotto.chat/catalog"
	"sotto.chat/catalog/search"
)

// Goods is a merchant's catalog of one version, made ready for talking about. It never changes; prices and stock in it
// are for choosing words, never for promises: those come from the database.
type Goods struct {
	Version int64
	File    catalog.File
	Lexicon *embedded.Lexicon

	index     *search.Index
	products  map[string]*catalog.FileProduct // by the product's sku and by its variants'
	byShelf   map[string][]*catalog.FileProduct
	shelves   map[string]*catalog.FileCategory
	questions map[string]*catalog.FileQuestion
	refs      map[string]string   // short reference → sku
	named     map[string][]string // plain name → skus
	stocked   []string            // the shelves that hold products, in the merchant's order
}

// NewGoods compiles a catalog.
func NewGoods(f catalog.File, version int64) *Goods {
	g := &Goods{Version: version, File: f, Lexicon: embedded.Compile(f), index: search.Build(f),
		products: make(map[string]*catalog.FileProduct, len(f.Products)), byShelf: map[string][]*catalog.FileProduct{},
		shelves: map[string]*catalog.FileCategory{}, questions: map[string]*catalog.FileQuestion{},
		refs: make(map[string]string, len(f.Products)), named: make(map[string][]string, 2*len(f.Products))}
	for i := range f.Products {
		p := &f.Products[i]
		g.know(p, p.SKU)
		g.learnNames(p)
		for _, v := range p.Variants {
			g.know(p, v.SKU)
		}
		g.byShelf[p.Category] = append(g.byShelf[p.Category], p)
	}
	for i := range f.Categories {
		g.shelves[f.Categories[i].ID] = &f.Categories[i]
		if len(g.byShelf[f.Categories[i].ID]) > 0 {
			g.stocked = append(g.stocked, f.Categories[i].ID)
		}
	}
	for i := range f.Questions {
		g.questions[f.Questions[i].ID] = &f.Questions[i]
	}
	return g
}

func (g *Goods) know(p *catalog.FileProduct, sku string) {
	if g.products[sku] == nil {
		g.products[sku], g.refs[ref(sku)] = p, sku
	}
}

// Product finds a product by its sku or by a variant's.
func (g *Goods) Product(sku string) (*catalog.FileProduct, bool) {
	p, ok := g.products[sku]
	return p, ok
}

// Variant finds the variant that a sku names; false where it names a product.
func (g *Goods) Variant(sku string) (*catalog.FileVariant, bool) {
	if p := g.products[sku]; p != nil {
		for i := range p.Variants {
			if p.Variants[i].SKU == sku {
				return &p.Variants[i], true
			}
		}
	}
	return nil, false
}

// Category finds a shelf by its id.
func (g *Goods) Category(id string) (*catalog.FileCategory, bool) {
	c, ok := g.shelves[id]
	return c, ok
}

// Question finds one of the merchant's own questions.
func (g *Goods) Question(id string) (*catalog.FileQuestion, bool) {
	q, ok := g.questions[id]
	return q, ok
}

// Search gives the skus of the products that fit some words, the best first.
func (g *Goods) Search(words string, top int) []string {
	hits := g.index.Search(words, top)
	skus := make([]string, 0, len(hits))
	for _, h := range hits {
		if g.products[h.SKU] != nil {
			skus = append(skus, h.SKU)
		}
	}
	return skus
}

// Group finds an option group of a product, and a choice in it where choice is not empty.
func (g *Goods) Group(sku, group string) (*catalog.FileGroup, bool) {
	if p := g.products[sku]; p != nil {
		for i := range p.Options {
			if p.Options[i].ID == group {
				return &p.Options[i], true
			}
		}
	}
	return nil, false
}

// Offers tells whether a product has the choice in the group.
func (g *Goods) Offers(sku, group, choice string) bool {
	found, ok := g.Group(sku, group)
	if !ok {
		return false
	}
	for _, c := range found.Choices {
		if c.ID == choice {
			return true
		}
	}
	return false
}

// neighbours gives other products of the same shelf, and where it has none, products of a like name.
func (g *Goods) neighbours(sku string, top int) []string {
	p, ok := g.products[sku]
	if !ok {
		return nil
	}
	var out []string
	for _, other := range g.Search(p.Name, top+1) {
		if o := g.products[other]; o != p && o.Category == p.Category && len(out) < top {
			out = append(out, o.SKU)
		}
	}
	for _, other := range g.byShelf[p.Category] {
		if len(out) < top && other != p && !slices.Contains(out, other.SKU) {
			out = append(out, other.SKU)
		}
	}
	return out
}

// all gives the skus of all products, in the merchant's order.
func (g *Goods) all() []string {
	out := make([]string, len(g.File.Products))
	for i := range g.File.Products {
		out[i] = g.File.Products[i].SKU
	}
	return out
}

// onShelf gives the skus of a category.
func (g *Goods) onShelf(id string) []string {
	var out []string
	for _, p := range g.byShelf[id] {
		out = append(out, p.SKU)
	}
	return out
}

// name is how a product is called, with the attributes of the variant that a sku names.
func (g *Goods) name(sku string) string {
	p, ok := g.products[sku]
	if !ok {
		return sku
	}
	if v, ok := g.Variant(sku); ok {
		return withAttributes(p.Name, v)
	}
	return p.Name
}

func withAttributes(name string, v *catalog.FileVariant) string {
	values := attributes(v)
	if len(values) == 0 {
		return name
	}
	return name + " (" + join(values) + ")"
}

// attributes gives a variant's values in the order of their names.
func attributes(v *catalog.FileVariant) []string {
	var out []string
	for _, key := range slices.Sorted(maps.Keys(v.Attributes)) {
		out = append(out, v.Attributes[key])
	}
	return out
}

func join(list []string) string { return strings.Join(list, ", ") }

// namesakes gives the products that the words of a message name just as well as the one that was understood, that one
// among them: two sauces of one name, or "a tea" where two teas have that synonym. One product alone is no question.
func (g *Goods) namesakes(sku, text string) []string {
	p, ok := g.products[sku]
	if !ok || p.SKU != sku {
		return nil
	}
	said, best := plainWords(text), ""
	for _, name := range namesOf(p) {
		if w := plainWords(name); len(w) > len(best) && strings.Contains(said, w) {
			best = w
		}
	}
	if best == "" { // a name that was spelt differently, or a reading of "that one"
		best = plainWords(p.Name)
	}
	var out []string
	for _, other := range g.named[best] {
		if !slices.Contains(out, other) {
			out = append(out, other)
		}
	}
	return out
}

// learnNames notes which products each name stands for.
func (g *Goods) learnNames(p *catalog.FileProduct) {
	for _, name := range namesOf(p) {
		w := plainWords(name)
		g.named[w] = append(g.named[w], p.SKU)
	}
}

func namesOf(p *catalog.FileProduct) []string {
	return append([]string{p.Name}, p.Synonyms...)
}

// plainWords gives the words of a text between spaces, without case, accents and plural endings, so that a name can be
// looked for as a whole.
func plainWords(s string) string {
	var b strings.Builder
	b.WriteByte(' ')
	for _, w := range strings.FieldsFunc(strings.ToLower(norm.NFD.String(s)), func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !unicode.Is(unicode.Mn, r)
	}) {
		w = strings.Map(func(r rune) rune {
			if unicode.Is(unicode.Mn, r) {
				return -1
			}
			return r
		}, w)
		if len(w) > 3 {
			w = strings.TrimSuffix(strings.TrimSuffix(w, "s"), "e")
		}
		b.WriteString(w)
		b.WriteByte(' ')
	}
	return b.String()
}

const (
	// maxShelves bounds how many merchants' goods are kept ready.
	maxShelves = 128
	// freshWait is how long a turn waits for a changed catalog before it talks about the old one.
	freshWait = 500 * time.Millisecond
)

var errBuild = errors.New("bot: the catalog could not be compiled")

// shelfCache keeps compiled goods by merchant. One build of a merchant's goods runs at a time; while a new version is
// built, the old one serves.
type shelfCache struct {
	cat *catalog.Catalog
	log *slog.Logger

	mu      sync.Mutex
	entries map[string]*shelfEntry
}

type shelfEntry struct {
	goods *Goods
	used  time.Time
	build *building
}

// building is a build under way; done is closed at its end.
type building struct {
	done  chan struct{}
	goods *Goods
	err   error
}

func newShelfCache(cat *catalog.Catalog, log *slog.Logger) *shelfCache {
	return &shelfCache{cat: cat, log: log, entries: map[string]*shelfEntry{}}
}

// get gives the goods of a merchant, of the version that is current or, for a moment, of the one before.
func (s *shelfCache) get(ctx context.Context, merchant string) (*Goods, error) {
	version, err := s.cat.Version(ctx, merchant)
	if err != nil {
		return nil, err
	}
	old, b := s.entry(merchant, version)
	if b == nil {
		return old, nil
	}
	if old == nil {
		select {
		case <-b.done:
			return b.goods, b.err
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	timer := time.NewTimer(freshWait)
	defer timer.Stop()
	select {
	case <-b.done:
		if b.err == nil {
			return b.goods, nil
		}
	case <-timer.C:
	case <-ctx.Done():
	}
	return old, nil
}

// entry gives what is kept and, where that is not the version, the build that is under way.
func (s *shelfCache) entry(merchant string, version int64) (*Goods, *building) {
	s.mu.Lock()
	defer s.mu.Unlock()
	e := s.entries[merchant]
	if e == nil {
		s.makeRoom()
		e = &shelfEntry{}
		s.entries[merchant] = e
	}
	e.used = time.Now()
	if e.goods != nil && e.goods.Version >= version {
		return e.goods, nil
	}
	if e.build == nil {
		e.build = &building{done: make(chan struct{})}
		go s.run(merchant, e, e.build)
	}
	return e.goods, e.build
}

// run builds outside any request, so that one who gives up waiting costs the others nothing.
func (s *shelfCache) run(merchant string, e *shelfEntry, b *building) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	defer func() {
		if r := recover(); r != nil {
			s.log.Error("a catalog could not be compiled", "merchant", merchant, "panic", r)
			b.goods, b.err = nil, errBuild
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		if b.err == nil {
			e.goods = b.goods
		}
		e.build = nil
		close(b.done)
	}()
	f, version, err := s.cat.File(ctx, merchant)
	if err != nil {
		b.err = err
		return
	}
	b.goods = NewGoods(f, version)
}

// makeRoom drops what was used the longest ago. The lock is held.
func (s *shelfCache) makeRoom() {
	if len(s.entries) < maxShelves {
		return
	}
	oldest := ""
	for merchant, e := range s.entries {
		if e.build == nil && (oldest == "" || e.used.Before(s.entries[oldest].used)) {
			oldest = merchant
		}
	}
	delete(s.entries, oldest)
}
