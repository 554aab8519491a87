package catalog

import (
	"fmt"
	"net/url"
	"strings"
	"unicode"
	"unicode/utf8"

	"sotto.chat/internal/fault"
	"sotto.chat/internal/money"
)

// The limits of a product; they keep every page and message small and every sum within 64 bits.
const (
	MaxPrice    = 100_000_000_000 // in minor units
	MaxOnHand   = 1_000_000_000
	maxName     = 300
	maxText     = 20_000
	maxCode     = 120
	maxURL      = 2_000
	maxSynonyms = 500
	maxImages   = 50
	maxVariants = 1_000
	maxGroups   = 100
	maxChoices  = 500
)

// check gathers what is wrong with a product; locations are those of the JSON shape.
type check struct{ fields []fault.Field }

func (c *check) add(where, format string, args ...any) {
	c.fields = append(c.fields, fault.Field{Location: where, Message: fmt.Sprintf(format, args...)})
}

func (c *check) text(where, s string, longest int, required bool) {
	switch {
	case required && strings.TrimSpace(s) == "":
		c.add(where, "must not be empty")
	case len(s) > longest && utf8.RuneCountInString(s) > longest:
		c.add(where, "must have at most %d characters", longest)
	case !utf8.ValidString(s) || strings.ContainsRune(s, 0):
		c.add(where, "must be valid UTF-8 text without NUL")
	}
}

func (c *check) texts(where string, list []string) {
	if len(list) > maxSynonyms {
		c.add(where, "must have at most %d entries", maxSynonyms)
		return
	}
	for i, s := range list {
		c.text(fmt.Sprintf("%s[%d]", where, i), s, maxName, false)
	}
}

func (c *check) attributes(where string, m map[string]string) {
	if len(m) > maxSynonyms {
		c.add(where, "must have at most %d entries", maxSynonyms)
		return
	}
	for k, v := range m {
		c.text(where, k, maxName, true)
		c.text(where+"."+k, v, maxText, false)
	}
}

func (c *check) price(where string, p int64) {
	if p < 0 || p > MaxPrice {
		c.add(where, "must be 0 to %d", int64(MaxPrice))
	}
}

func (c *check) onHand(where string, n *int64) {
	if n != nil && (*n < 0 || *n > MaxOnHand) {
		c.add(where, "must be 0 to %d", MaxOnHand)
	}
}

// product checks everything that can be seen without the database.
func (c *check) product(n NewProduct) {
	c.text("sku", n.SKU, maxCode, true)
	c.text("name", n.Name, maxName, true)
	c.text("description", n.Description, maxText, false)
	c.text("brand", n.Brand, maxName, false)
	c.text("category", n.Category, maxCode, false)
	c.price("price", n.Price)
	if n.Currency != "" && !money.Known(n.Currency) {
		c.add("price.currency", "must be an ISO 4217 code in capitals")
	}
	c.texts("synonyms", n.Synonyms)
	c.attributes("attributes", n.Attributes)
	c.images(n.Images)
	c.onHand("stock", n.Stock)
	c.variants(n)
	c.groups(n.Groups)
}

func (c *check) images(list []Image) {
	if len(list) > maxImages {
		c.add("images", "must have at most %d entries", maxImages)
		return
	}
	for i, image := range list {
		at := fmt.Sprintf("images[%d]", i)
		c.text(at+".alt", image.Alt, maxName, false)
		c.text(at+".url", image.URL, maxURL, true)
		if !pictureAddress(image.URL) {
			c.add(at+".url", "must be an http or https address, or a path that starts with /")
		}
	}
}

// pictureAddress refuses javascript:, data: and the like, and the //host form, which hides a foreign host in a path.
func pictureAddress(s string) bool {
	u, err := url.Parse(s)
	if err != nil {
		return false
	}
	if u.Scheme == "" && u.Host == "" {
		return strings.HasPrefix(s, "/")
	}
	return (u.Scheme == "http" || u.Scheme == "https") && u.Host != ""
}

func (c *check) variants(n NewProduct) {
	if len(n.Variants) > maxVariants {
		c.add("variants", "must have at most %d entries", maxVariants)
		return
	}
	seen := map[string]bool{n.SKU: true}
	for i, v := range n.Variants {
		at := fmt.Sprintf("variants[%d]", i)
		c.text(at+".sku", v.SKU, maxCode, true)
		if seen[v.SKU] {
			c.add(at+".sku", "the sku %q is used twice in this product", v.SKU)
		}
		seen[v.SKU] = true
		c.attributes(at+".attributes", v.Attributes)
		if v.Price != nil {
			c.price(at+".price", *v.Price)
		}
		if v.Stock != nil {
			c.onHand(at+".stock", v.Stock.OnHand)
		}
	}
}

func (c *check) groups(list []NewGroup) {
	if len(list) > maxGroups {
		c.add("options", "must have at most %d entries", maxGroups)
		return
	}
	codes := map[string]bool{}
	for i, g := range list {
		at := fmt.Sprintf("options[%d]", i)
		c.code(at+".id", g.Code, codes)
		// A group without a name shows its code.
		c.text(at+".name", g.Name, maxName, g.Code == "")
		if g.Min < 0 || g.Min > maxCount {
			c.add(at+".min", "must be 0 to %d", maxCount)
		}
		if g.Max != nil && (*g.Max < max(g.Min, 1)) {
			c.add(at+".max", "must be at least 1 and not below min")
		}
		c.choices(at, g.Choices)
	}
}

func (c *check) choices(where string, list []NewChoice) {
	if len(list) > maxChoices {
		c.add(where+".choices", "must have at most %d entries", maxChoices)
		return
	}
	codes := map[string]bool{}
	for i, h := range list {
		at := fmt.Sprintf("%s.choices[%d]", where, i)
		c.code(at+".id", h.Code, codes)
		c.text(at+".name", h.Name, maxName, true)
		c.price(at+".price", h.Price)
		c.texts(at+".synonyms", h.Synonyms)
	}
}

func (c *check) code(where, code string, seen map[string]bool) {
	c.text(where, code, maxCode, false)
	if code != "" && seen[code] {
		c.add(where, "the id %q is used twice", code)
	}
	seen[code] = true
}

// codeFrom makes a code from a name: its letters and digits, in capitals, joined by _. taken says which codes are not free.
func codeFrom(name string, taken func(string) bool) string {
	words := strings.FieldsFunc(strings.ToUpper(name), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !unicode.IsMark(r) })
	base := strings.Join(words, "_")
	if r := []rune(base); len(r) > 60 {
		base = string(r[:60])
	}
	if base == "" {
		base = "X"
	}
	code := base
	for n := 2; taken(code); n++ {
		code = fmt.Sprintf("%s_%d", base, n)
	}
	return code
}
