package bot

import (
	"slices"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"

	"sotto.chat/catalog"
)

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
