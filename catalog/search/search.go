package search

import (
	"cmp"
	"math"
	"slices"
	"strings"

	"sotto.chat/catalog"
)

// Hit is a product that was found. A higher score is a better match; scores of different queries do not compare.
type Hit struct {
	SKU   string  `json:"sku"`
	Score float64 `json:"score"`
}

// Index is a catalog made ready for searching. It never changes after Build, so any number of searches may share it.
type Index struct {
	skus     []string
	terms    map[string]int32
	postings [][]posting
	spelling *Spelling
}

// posting is how much a product has of a term, over all its fields.
type posting struct {
	product int32
	weight  float32
	named   bool // the term stands in the product's name
}

// field is a part of a product, and how much its words count.
type field struct {
	weight  float64
	typical float64 // words that such a field usually has; in a longer one each word counts less
}

var (
	nameField        = field{weight: 3, typical: 8}
	synonymField     = field{weight: 3, typical: 4}
	brandField       = field{weight: 1.5, typical: 2}
	categoryField    = field{weight: 2, typical: 2}
	attributeField   = field{weight: 0.2, typical: 20}
	descriptionField = field{weight: 1.5, typical: 20}
)

const (
	saturation   = 1.5 // BM25's k1: how soon a repeated word stops to count
	lengthEffect = 0.5 // BM25's b
	wholeQuery   = 1.5 // how much more a product counts that has all words of the query
	fixedWord    = 0.6 // what a corrected word counts
	joinedWord   = 0.8 // what a word counts that was found joined or taken apart
)

// Build prepares a catalog for searching.
func Build(f catalog.File) *Index {
	ix := &Index{terms: make(map[string]int32, 4*len(f.Products))}
	shelves := map[string]string{}
	for _, c := range f.Categories {
		shelves[c.ID] = c.Name + " " + strings.Join(c.Synonyms, " ")
	}
	for i := range f.Products {
		ix.add(int32(i), &f.Products[i], shelves)
	}
	words := make(map[string]bool, len(ix.terms))
	for t := range ix.terms {
		words[t] = true
	}
	ix.spelling = NewSpelling(words, 6)
	return ix
}

func (ix *Index) add(id int32, p *catalog.FileProduct, shelves map[string]string) {
	ix.skus = append(ix.skus, p.SKU)
	sum := map[int32]*posting{}
	ix.read(sum, nameField, p.Name, true)
	for _, s := range p.Synonyms {
		ix.read(sum, synonymField, s, true)
	}
	ix.read(sum, brandField, p.Brand, false)
	ix.read(sum, categoryField, p.Category+" "+shelves[p.Category], false)
	ix.read(sum, descriptionField, p.Description, false)
	for _, key := range sortedKeys(p.Attributes) {
		ix.read(sum, attributeField, p.Attributes[key], false)
	}
	for _, v := range p.Variants {
		for _, key := range sortedKeys(v.Attributes) {
			ix.read(sum, attributeField, v.Attributes[key], false)
		}
	}
	for t, x := range sum {
		x.product = id
		ix.postings[t] = append(ix.postings[t], *x)
	}
}

func sortedKeys(m map[string]string) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

// read counts the words of one field into the product's sum.
func (ix *Index) read(sum map[int32]*posting, f field, text string, named bool) {
	terms := Terms(text)
	each := f.weight / (1 - lengthEffect + lengthEffect*float64(len(terms))/f.typical)
	for _, t := range terms {
		id, ok := ix.terms[t]
		if !ok {
			id = int32(len(ix.postings))
			ix.terms[t] = id
			ix.postings = append(ix.postings, nil)
		}
		x := sum[id]
		if x == nil {
			x = &posting{}
			sum[id] = x
		}
		x.weight += float32(each)
		x.named = x.named || named
	}
}

// wanted is a word of the query as a term of the index, with what it counts.
type wanted struct {
	term   int32
	counts float64
	part   int // the place in the query
}

// Search gives the best products for a query, best first.
func (ix *Index) Search(query string, top int) []Hit {
	terms := Terms(query)
	if len(terms) > maxQuery {
		terms = terms[:maxQuery]
	}
	found := ix.match(terms)
	if len(found) == 0 || top <= 0 {
		return nil
	}
	scores := make([]float64, len(ix.skus))
	parts := make([]uint32, len(ix.skus))
	for _, w := range found {
		rare := math.Log(1 + (float64(len(ix.skus))-float64(len(ix.postings[w.term]))+0.5)/(float64(len(ix.postings[w.term]))+0.5))
		for _, p := range ix.postings[w.term] {
			s := rare * w.counts * float64(p.weight) * (saturation + 1) / (float64(p.weight) + saturation)
			scores[p.product] += s
			parts[p.product] |= 1 << w.part
		}
	}
	return ix.best(scores, parts, len(terms), top)
}

// maxQuery bounds the words of a query.
const maxQuery = 24

// best picks the products with the highest scores; of equal ones the first in the catalog.
func (ix *Index) best(scores []float64, parts []uint32, words, top int) []Hit {
	var hits []Hit
	for p, s := range scores {
		if s == 0 {
			continue
		}
		share := float64(onesCount(parts[p])) / float64(words)
		hits = append(hits, Hit{SKU: ix.skus[p], Score: s * math.Pow(share, wholeQuery)})
	}
	slices.SortStableFunc(hits, func(a, b Hit) int { return cmp.Compare(b.Score, a.Score) })
	for i := range hits[:min(top, len(hits))] {
		hits[i].Score = math.Round(1000*hits[i].Score) / 1000
	}
	return hits[:min(top, len(hits))]
}
