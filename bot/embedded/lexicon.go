package embedded

import (
	"slices"
	"strconv"
	"strings"

	"sotto.chat/bot/reading"
	"sotto.chat/catalog"
	"sotto.chat/catalog/search"
)

// Lexicon is a merchant's catalog made ready for reading, with the languages. It never changes after Compile, so any
// number of readers may share it.
type Lexicon struct {
	languages []*language
	spoken    *detection
	products  []product
	groups    []group
	nodes     []int32 // the phrase that ends at each node of the trie, or -1
	edges     map[uint64]int32
	stems     map[string]int32
	phrases   []phrase
	typos     *search.Spelling
	byWord    map[int32][]int32  // stem → phrases that hold it
	lastWords map[uint64][]int32 // product or choice → the stems that its longer names end with
	sorted    []string           // the words of the catalog, by alphabet
	skus      map[string]int32
	questions *questionIndex
}

type product struct {
	sku      string
	groups   []int32
	variants []variant
}

// variant is known by the phrases of its attributes' values.
type variant struct {
	sku     string
	phrases []int32
}

// group is an option group. Products that offer the very same group share it.
type group struct {
	id      string
	single  bool // at most one choice
	amounts bool
	choices []string
	byName  map[int32]int32 // phrase → choice
}

// phrase is a sequence of stems that names something of the catalog.
type phrase struct {
	products   []int32
	categories []string
	choice     bool
	attribute  bool
	groupName  bool
	counted    bool     // a choice that may be asked several times: "two sugars"
	last       int32    // its last stem
	size       int32    // how many words it has
	owners     []int32  // products that offer a choice of this name, counted up to ownerLimit
	entities   []uint64 // the products and choices that it names
}

// maxPhrase is the longest name, in words, that is matched as a whole.
const maxPhrase = 12

// ownerLimit bounds the owners that are kept of a choice: only whether there is one or several matters.
const ownerLimit = 64

// Compile prepares a catalog for reading.
func Compile(f catalog.File) *Lexicon {
	c := &compiler{Lexicon: &Lexicon{
		languages: languages(),
		nodes:     []int32{-1},
		edges:     make(map[uint64]int32, 8*len(f.Products)),
		stems:     make(map[string]int32, 4*len(f.Products)),
		byWord:    make(map[int32][]int32, 4*len(f.Products)),
		lastWords: map[uint64][]int32{},
		skus:      make(map[string]int32, len(f.Products)),
	}, vocab: map[string]bool{}, groupKeys: map[string]int32{}, links: map[string]bool{}}
	c.spoken = detected()
	c.findLinks()
	for i := range f.Products {
		c.product(&f.Products[i])
	}
	for _, category := range f.Categories {
		for _, name := range append([]string{category.Name}, category.Synonyms...) {
			for _, p := range c.phrase(name) {
				if !slices.Contains(c.phrases[p].categories, category.ID) {
					c.phrases[p].categories = append(c.phrases[p].categories, category.ID)
				}
			}
		}
	}
	c.typos = search.NewSpelling(c.vocab, 6)
	c.sorted = sortVocab(c.vocab)
	c.questions = c.compileQuestions(f.Questions)
	return c.Lexicon
}

type compiler struct {
	*Lexicon
	vocab     map[string]bool
	groupKeys map[string]int32
	links     map[string]bool
}

// findLinks collects the small words that people leave out of names: "and", "with", "of", articles.
func (c *compiler) findLinks() {
	for _, l := range c.languages {
		for w, next := range l.nodes[0].next {
			for _, s := range l.nodes[next].senses {
				if slices.Contains(l.shapes.Elisions, w) {
					break // a letter alone is a size
				}
				if s.concept == cAnd || s.concept == cArticle || s.concept == cWith || s.concept == cOf && len(w) < 4 {
					c.links[w] = true
				}
			}
		}
	}
}

func (c *compiler) product(f *catalog.FileProduct) {
	id := int32(len(c.products))
	p := product{sku: f.SKU}
	c.skus[f.SKU] = id
	for _, name := range append([]string{f.Name}, f.Synonyms...) {
		for _, ph := range c.named(name, productEntity(id)) {
			if !slices.Contains(c.phrases[ph].products, id) {
				c.phrases[ph].products = append(c.phrases[ph].products, id)
			}
		}
	}
	for i := range f.Options {
		g := c.group(&f.Options[i])
		p.groups = append(p.groups, g)
		for ph := range c.groups[g].byName {
			if o := &c.phrases[ph].owners; len(*o) < ownerLimit && !slices.Contains(*o, id) {
				*o = append(*o, id)
			}
		}
	}
	for _, v := range f.Variants {
		p.variants = append(p.variants, c.variant(v))
		c.skus[v.SKU] = id
	}
	c.products = append(c.products, p)
}

func (c *compiler) variant(f catalog.FileVariant) variant {
	v := variant{sku: f.SKU}
	for _, value := range f.Attributes {
		for _, ph := range c.phrase(value) {
			c.phrases[ph].attribute = true
			v.phrases = append(v.phrases, ph)
		}
	}
	return v
}

func (c *compiler) group(f *catalog.FileGroup) int32 {
	key := groupKey(f)
	if g, ok := c.groupKeys[key]; ok {
		return g
	}
	g := group{id: f.ID, amounts: f.Amounts, single: f.Max != nil && *f.Max == 1, byName: map[int32]int32{}}
	for i, choice := range f.Choices {
		g.choices = append(g.choices, choice.ID)
		for _, name := range append([]string{choice.Name}, choice.Synonyms...) {
			for _, ph := range c.named(name, choiceEntity(f.ID, choice.ID)) {
				c.phrases[ph].choice = true
				c.phrases[ph].counted = c.phrases[ph].counted || f.Amounts
				if _, taken := g.byName[ph]; !taken {
					g.byName[ph] = int32(i)
				}
			}
		}
	}
	for _, ph := range c.phrase(f.Name) {
		c.phrases[ph].groupName = true
	}
	c.groups = append(c.groups, g)
	c.groupKeys[key] = int32(len(c.groups) - 1)
	return int32(len(c.groups) - 1)
}

func groupKey(f *catalog.FileGroup) string {
	var b strings.Builder
	b.WriteString(f.ID + "\x00" + f.Name + "\x00" + strconv.FormatBool(f.Amounts))
	if f.Max != nil {
		b.WriteString(strconv.Itoa(*f.Max))
	}
	for _, choice := range f.Choices {
		b.WriteString("\x01" + choice.ID + "\x00" + choice.Name + "\x00" + strings.Join(choice.Synonyms, "\x00"))
	}
	return b.String()
}

// phrase adds a name to the trie and gives what it is known by: the words as they are written, and their stems. Two
// names that differ in number alone ("pepper", "peppers") stay apart in the first and meet in the second. A name is
// also known without its small words: "salt & pepper" may be said "salt pepper".
func (c *compiler) phrase(name string) []int32 {
	out := c.phraseOf(words(name))
	if len(out) == 0 || !strings.ContainsAny(name, apostrophes) {
		return out
	}
	for _, l := range c.languages {
		if ws := l.shapes.wordsOf(name); len(ws) > len(words(name)) {
			out = append(out, c.phraseOf(ws)...)
		}
	}
	return out
}

func (c *compiler) phraseOf(ws []string) []int32 {
	if len(ws) == 0 || len(ws) > maxPhrase {
		return nil
	}
	exact, stems := make([]int32, len(ws)), make([]int32, len(ws))
	var shortened []int32
	for i, w := range ws {
		c.vocab[w] = true
		exact[i], stems[i] = c.stem("="+w), c.stem(search.Stem(w))
		if !c.links[w] {
			shortened = append(shortened, stems[i])
		}
	}
	out := []int32{c.insert(exact), c.insert(stems)}
	if len(shortened) > 1 && len(shortened) < len(ws) {
		out = append(out, c.insert(shortened))
	}
	return out
}

// named adds a name of a product or choice, which may also be said in part.
func (c *compiler) named(name string, entity uint64) []int32 {
	out := c.phrase(name)
	if len(out) == 0 {
		return nil
	}
	said := words(name)
	for _, l := range c.languages {
		for _, ws := range l.shapes.lacking(said) {
			out = append(out, c.phraseOf(ws)...)
		}
	}
	for _, ph := range out {
		c.means(ph, entity)
	}
	var stems []int32
	for _, w := range said {
		stems = append(stems, c.stem(search.Stem(w)))
	}
	c.noteWords(out[1], stems)
	if last := stems[len(stems)-1]; len(stems) > 1 && !slices.Contains(c.lastWords[entity], last) {
		c.lastWords[entity] = append(c.lastWords[entity], last)
	}
	return out
}

// insert walks and grows the trie, and gives the phrase at its end.
func (c *compiler) insert(ids []int32) int32 {
	node := int32(0)
	for _, id := range ids {
		key := edge(node, id)
		next, ok := c.edges[key]
		if !ok {
			next = int32(len(c.nodes))
			c.nodes = append(c.nodes, -1)
			c.edges[key] = next
		}
		node = next
	}
	if c.nodes[node] < 0 {
		c.nodes[node] = int32(len(c.phrases))
		c.phrases = append(c.phrases, phrase{})
	}
	return c.nodes[node]
}

func (c *compiler) stem(s string) int32 {
	id, ok := c.stems[s]
	if !ok {
		id = int32(len(c.stems))
		c.stems[s] = id
	}
	return id
}

func edge(node, stem int32) uint64 { return uint64(uint32(node))<<32 | uint64(uint32(stem)) }

// has tells whether a product offers this very choice.
func (l *Lexicon) has(p int32, o reading.Option) bool {
	return slices.ContainsFunc(l.products[p].groups, func(g int32) bool {
		return l.groups[g].id == o.Group && slices.Contains(l.groups[g].choices, o.Choice)
	})
}

// offers finds what a phrase chooses in a product: the group and the choice's place in it.
func (l *Lexicon) offers(p, ph int32) (g, choice int32, ok bool) {
	for _, g := range l.products[p].groups {
		if choice, ok := l.groups[g].byName[ph]; ok {
			return g, choice, true
		}
	}
	return 0, 0, false
}

// Term is one word of a message, and who knows it.
type Term struct {
	Start, End int      // bytes of the message
	Word       string   // lower case, without marks
	Catalog    bool     // a word of the merchant's names, in any of its forms
	Near       bool     // a misspelling of one, perhaps
	Spoken     []string // the languages in which people order with it
}

// Terms gives every word of a message, however long it is. Of a script without spaces each letter is one, and is the
// merchant's where it stands in one of its names.
func (l *Lexicon) Terms(text string) []Term {
	var out []Term
	for from := 0; from < len(text); {
		tokens := tokenise(text[from:])
		for i := range tokens {
			t := &tokens[i]
			term := Term{Start: from + t.start, End: from + t.end, Word: t.word}
			if !unspaced(t.word) {
				l.recognise(&term)
			}
			out = append(out, term)
		}
		if len(tokens) < maxTokens {
			break
		}
		from += tokens[len(tokens)-1].end
	}
	for i := range out {
		for j := i + l.nameAt(out[i:]); j > i; j-- {
			out[j-1].Catalog = true
		}
	}
	return out
}

// recognise looks a word up, as it is and in the shapes that each language gives it.
func (l *Lexicon) recognise(t *Term) {
	near, _ := l.typos.Nearest(t.Word)
	t.Catalog, t.Near = l.inCatalog(t.Word), near != "" || l.completion(t.Word) != ""
	for _, lang := range l.languages {
		w := t.Word
		for _, little := range lang.shapes.Leaning {
			if rest, ok := strings.CutPrefix(w, little); ok && l.known(l.reshaped(rest, lang), lang) {
				w = rest
			}
		}
		if one := l.twin(w, lang); one != "" {
			w = one
		} else if len(w) > minStem && !l.known(w, lang) {
			w = l.reshaped(w, lang)
		}
		t.Catalog = t.Catalog || l.inCatalog(w)
		if lang.vocab[w] {
			t.Spoken = append(t.Spoken, lang.code)
		}
	}
}

// nameAt gives how many letters at the beginning of the terms are one of the merchant's names in a script without spaces.
func (l *Lexicon) nameAt(terms []Term) (longest int) {
	node := int32(0)
	for i := 0; i < len(terms) && i < maxPhrase && unspaced(terms[i].Word); i++ {
		id := l.id(terms[i].Word)
		next, ok := l.edges[edge(node, id)]
		if id < 0 || !ok {
			break
		}
		if node = next; l.nodes[node] >= 0 {
			longest = i + 1
		}
	}
	return longest
}
