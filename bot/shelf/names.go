package shelf

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"

	"sotto.chat/catalog"
)

const maxRef = 24

// Ref is a short name for an id in a tap: the id itself where it is short and plain, else a piece of its hash.
func Ref(id string) string {
	if id != "" && len(id) <= maxRef && strings.IndexFunc(id, func(r rune) bool { return !plainRune(r) }) < 0 {
		return id
	}
	sum := sha256.Sum256([]byte(id))
	return "~" + hex.EncodeToString(sum[:6])
}

func plainRune(r rune) bool {
	return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '_' || r == '-' || r == '.'
}

// SKU finds a product or variant by its sku or by the short reference of it.
func (g *Goods) SKU(name string) (string, bool) {
	if _, ok := g.products[name]; ok {
		return name, true
	}
	sku, ok := g.refs[name]
	return sku, ok
}

// Shelf finds a category by its id or by the short reference of it.
func (g *Goods) Shelf(name string) (string, bool) {
	for id := range g.shelves {
		if id == name || Ref(id) == name {
			return id, true
		}
	}
	return "", false
}

// Namesakes gives the products that the words of a message name just as well as the one that was understood, that one
// among them: two sauces of one name, or "a tea" where two teas have that synonym. One product alone is no question.
func (g *Goods) Namesakes(sku, text string) []string {
	p, ok := g.products[sku]
	if !ok || p.SKU != sku {
		return nil
	}
	said, best := PlainWords(text), ""
	for _, name := range NamesOf(p) {
		if w := PlainWords(name); len(w) > len(best) && strings.Contains(said, w) {
			best = w
		}
	}
	if best == "" { // a name that was spelt differently, or a reading of "that one"
		best = PlainWords(p.Name)
	}
	var out []string
	for _, other := range g.named[best] {
		if !slices.Contains(out, other) {
			out = append(out, other)
		}
	}
	return out
}

// Called tells whether a text, as a whole, is the name of something in the shop.
func (g *Goods) Called(text string) bool { return len(g.named[PlainWords(text)]) > 0 }

// learnNames notes which products each name stands for.
func (g *Goods) learnNames(p *catalog.FileProduct) {
	for _, name := range NamesOf(p) {
		w := PlainWords(name)
		g.named[w] = append(g.named[w], p.SKU)
	}
}

// NamesOf gives what a product is called: its name and its synonyms.
func NamesOf(p *catalog.FileProduct) []string {
	return append([]string{p.Name}, p.Synonyms...)
}

// PlainWords gives the words of a text between spaces, without case, accents and plural endings, so that a name can be
// looked for as a whole.
func PlainWords(s string) string {
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
