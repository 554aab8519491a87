package transcript

import (
	"embed"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
	"unicode"

	"sotto.chat/bot/words"
	"sotto.chat/catalog"
	"sotto.chat/internal/money"
)

//go:embed starter
var starterFiles embed.FS

// firstLanguage is the one whose starter set plays where the shop's language has none.
const firstLanguage = "en"

// Starter gives the set of scripts that comes with the program, in the shop's language. They name no goods: their places
// are filled from whatever catalog they play over.
func Starter(language string) ([]Script, error) {
	code, _, _ := strings.Cut(strings.ToLower(language), "-")
	if _, err := fs.Stat(starterFiles, path.Join("starter", code)); err != nil {
		code = firstLanguage
	}
	names, err := fs.Glob(starterFiles, path.Join("starter", code, "*.chat"))
	if err != nil {
		return nil, err
	}
	var out []Script
	for _, name := range names {
		f, err := starterFiles.Open(name)
		if err != nil {
			return nil, err
		}
		s, err := Parse(name, f)
		if _ = f.Close(); err != nil { // a part of the program
			return nil, err
		}
		out = append(out, s)
	}
	return out, nil
}

// StarterFiles gives the set as files, for who wants to write one like it.
func StarterFiles() fs.FS { return starterFiles }

// places gives the names in braces of a text.
func places(text string) []string {
	var out []string
	for {
		_, rest, found := strings.Cut(text, "{")
		name, after, closed := strings.Cut(rest, "}")
		if !found || !closed {
			return out
		}
		out = append(out, name)
		text = after
	}
}

// fill puts the shop's own goods into the places; why says what the shop lacks.
func (s Script) fill(have map[string]string) (filled Script, why string) {
	for _, name := range s.needs {
		if have[name] == "" {
			return s, "the shop has nothing for {" + name + "}"
		}
	}
	steps := slices.Clone(s.Steps)
	for i := range steps {
		for _, name := range places(steps[i].Text) {
			value, known := have[name]
			if known {
				steps[i].Text = strings.ReplaceAll(steps[i].Text, "{"+name+"}", value)
			}
		}
	}
	s.Steps = steps
	return s, ""
}

// Places are the names that a script can put into braces, with what stands there then.
func Places() []Word {
	return []Word{
		{"product", "{product}", "the name of a product that needs no choice and is there"},
		{"sku", "{sku}", "its sku"},
		{"price", "{price}", "its price, as the bot writes it"},
		{"other", "{other}", "another such product"},
		{"other sku", "{other sku}", "its sku"},
		{"category", "{category}", "the name of a category with goods in it"},
		{"in category", "{in category}", "the sku of a product there"},
		{"sold out", "{sold out}", "the name of a product that is sold out"},
		{"pickup", "{pickup}", "there where goods can be fetched"},
		{"delivery only", "{delivery only}", "there where goods are always sent"},
	}
}

// enough is the stock from which a product counts as there.
const enough = 5

func placesOf(shop *Shop) map[string]string {
	have := map[string]string{}
	if shop.Settings.Pickup {
		have["pickup"] = "yes"
	} else if shop.Settings.Delivery {
		have["delivery only"] = "yes"
	}
	var plain []*catalog.FileProduct
	for i := range shop.Goods.Products {
		p := &shop.Goods.Products[i]
		if !easy(p) || !alone(shop.Goods.Products, p) {
			continue
		}
		if p.Stock != nil && *p.Stock == 0 && have["sold out"] == "" {
			have["sold out"] = p.Name
		}
		if (p.Stock == nil || *p.Stock >= enough) && p.Price > 0 && len(plain) < 2 {
			plain = append(plain, p)
		}
		if len(plain) == 2 && have["sold out"] != "" {
			break
		}
	}
	if len(plain) > 0 {
		have["product"], have["sku"] = plain[0].Name, plain[0].SKU
		if book, err := words.Open(); err == nil {
			have["price"] = book.Voice(shop.Country, false, shop.Language).Money(money.Of(plain[0].Price, shop.Currency))
		}
	}
	if len(plain) > 1 {
		have["other"], have["other sku"] = plain[1].Name, plain[1].SKU
	}
	shelf(&shop.Goods, have)
	return have
}

// mostShelf is how many goods of a category the bot shows at once.
const mostShelf = 8

func shelf(f *catalog.File, have map[string]string) {
	for _, c := range f.Categories {
		var in []string
		for i := range f.Products {
			if f.Products[i].Category == c.ID {
				in = append(in, f.Products[i].SKU)
			}
		}
		named := slices.ContainsFunc(f.Products, func(p catalog.FileProduct) bool { return strings.EqualFold(p.Name, c.Name) })
		if len(in) > 0 && len(in) <= mostShelf && !named && lettersOnly(c.Name) {
			have["category"], have["in category"] = c.Name, in[0]
			return
		}
	}
}

// easy tells whether a product can be asked for by its name alone.
func easy(p *catalog.FileProduct) bool {
	for _, g := range p.Options {
		if g.Min > 0 {
			return false
		}
	}
	return len(p.Variants) == 0 && lettersOnly(p.Name) && len(strings.Fields(p.Name)) <= 3
}

func lettersOnly(s string) bool {
	return s != "" && strings.IndexFunc(s, func(r rune) bool { return !unicode.IsLetter(r) && r != ' ' }) < 0
}

// alone tells whether no other product's name or synonym holds the name or is held by it.
func alone(all []catalog.FileProduct, p *catalog.FileProduct) bool {
	name := spaced(p.Name)
	for i := range all {
		o := &all[i]
		if o == p {
			continue
		}
		for _, other := range append([]string{o.Name}, o.Synonyms...) {
			if other = spaced(other); strings.Contains(other, name) || strings.Contains(name, other) {
				return false
			}
		}
	}
	return true
}

func spaced(s string) string { return fmt.Sprintf(" %s ", strings.ToLower(s)) }
