package search_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"sotto.chat/catalog"
	"sotto.chat/catalog/search"
)

func shop() catalog.File {
	return catalog.File{
		Currency:   "EUR",
		Categories: []catalog.FileCategory{{ID: "ware", Name: "tableware", Synonyms: []string{"crockery"}}},
		Products: []catalog.FileProduct{
			{SKU: "POT", Name: "Blue Enamel Teapot", Synonyms: []string{"tea kettle"}, Category: "ware", Brand: "Norrland", Price: 1},
			{SKU: "CUP", Name: "Porcelain Cup", Category: "ware", Price: 1, Attributes: map[string]string{"colour": "sea green"}},
			{SKU: "TEA", Name: "Earl Grey Tea", Description: "Black tea with bergamot, loose leaves.", Price: 1},
			{SKU: "MINT", Name: "Té de menta", Synonyms: []string{"mint tea"}, Price: 1},
			{SKU: "GYO", Name: "玉露茶", Synonyms: []string{"gyokuro"}, Price: 1},
			{SKU: "WATCH", Name: "Smart Watch Pro", Price: 1},
			{SKU: "CASE", Name: "Case for Watch", Description: "A case.", Price: 1},
		},
	}
}

func TestSearch(t *testing.T) {
	index := search.Build(shop())
	for query, want := range map[string]string{
		"teapot":          "POT",
		"teapots":         "POT",
		"TEAPOT!":         "POT",
		"blue teapots":    "POT",
		"tepaot":          "POT",
		"kettle":          "POT",
		"norrland":        "POT",
		"crockery":        "POT CUP",
		"green cup":       "CUP",
		"bergamot":        "TEA",
		"earl grey":       "TEA",
		"menta":           "MINT",
		"te de menta":     "MINT",
		"玉露":              "GYO",
		"茶":               "",
		"smartwatch":      "WATCH CASE",
		"watch case":      "CASE WATCH",
		"tea pot":         "POT",
		"porcel":          "CUP",
		"lawnmower":       "",
		"":                "",
		"?!":              "",
		"the mint tea of": "MINT TEA POT",
	} {
		var got []string
		for _, hit := range index.Search(query, 10) {
			got = append(got, hit.SKU)
		}
		if found := strings.Join(got, " "); found != want && !strings.HasPrefix(found, want+" ") || want == "" && found != "" {
			t.Errorf("%q: want first %q, got %q", query, want, found)
		}
	}
}

func TestSearchLimits(t *testing.T) {
	index := search.Build(shop())
	if hits := index.Search("tea", 1); len(hits) != 1 {
		t.Errorf("want one hit, got %v", hits)
	}
	if hits := index.Search("tea", 0); len(hits) != 0 {
		t.Errorf("want no hit, got %v", hits)
	}
	if hits := search.Build(catalog.File{}).Search("tea", 5); len(hits) != 0 {
		t.Errorf("want nothing of an empty shop, got %v", hits)
	}
	first := index.Search(strings.Repeat("tea watch cup ", 40), 10)
	for range 5 {
		if again := search.Build(shop()).Search(strings.Repeat("tea watch cup ", 40), 10); !slices.Equal(first, again) {
			t.Fatalf("the order depends on chance: %v, then %v", first, again)
		}
	}
}

func TestStem(t *testing.T) {
	for one, many := range map[string]string{"fry": "fries", "tomato": "tomatoes", "cookie": "cookies", "dish": "dishes", "tomate": "tomates",
		"limon": "limones", "cup": "cups", "latte": "lattes", "glass": "glasses"} {
		if search.Stem(one) != search.Stem(many) {
			t.Errorf("%s is %q, %s is %q", one, search.Stem(one), many, search.Stem(many))
		}
	}
}

// A slip of the finger is a letter, in every script: what differs by more is another word.
func TestSpellingCountsLetters(t *testing.T) {
	words := map[string]bool{"برتقال": true, "شاي": true, "كبير": true, "orange": true, "апельсин": true}
	for written, want := range map[string]string{"برقتال": "برتقال", "برتقا": "برتقال", "كبار": "", "شاب": "", "شا": "", "ornage": "orange", "апельсн": "апельсин", "апел": ""} {
		if got, _ := search.NewSpelling(words, 6).Nearest(written); got != want {
			t.Errorf("%s is taken for %q, want %q", written, got, want)
		}
	}
}

func FuzzSearch(f *testing.F) {
	index := search.Build(shop())
	f.Add("blue teapots")
	f.Add("茶茶茶 \xff")
	f.Fuzz(func(t *testing.T, query string) {
		for _, hit := range index.Search(query, 5) {
			if hit.SKU == "" || hit.Score <= 0 {
				t.Errorf("%q: a broken hit %+v", query, hit)
			}
		}
	})
}

func BenchmarkSearch(b *testing.B) {
	f := catalog.File{}
	for i := range 20000 {
		f.Products = append(f.Products, catalog.FileProduct{SKU: fmt.Sprint(i), Name: fmt.Sprintf("word%d thing%d item%d", i%97, i%1009, i%13), Price: 1})
	}
	index := search.Build(f)
	for b.Loop() {
		index.Search("word5 thing77 itm3", 10)
	}
}
