package catalog

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"
)

// fileCheck gathers what is wrong with a catalog file. skus remembers where each sku stood first.
type fileCheck struct {
	problems []Problem
	skus     map[string]string
}

func (c *fileCheck) add(where, format string, args ...any) {
	c.problems = append(c.problems, Problem{Location: where, Message: fmt.Sprintf(format, args...)})
}

func (c *fileCheck) product(where string, p *FileProduct) {
	c.sku(where+".sku", p.SKU)
	c.required(where+".name", p.Name)
	c.notNegative(where+".price", &p.Price)
	c.notNegative(where+".stock", p.Stock)
	for i, v := range p.Variants {
		at := fmt.Sprintf("%s.variants[%d]", where, i)
		c.sku(at+".sku", v.SKU)
		c.notNegative(at+".price", v.Price)
		c.notNegative(at+".stock", v.Stock)
	}
	groups := map[string]bool{}
	for i, g := range p.Options {
		at := fmt.Sprintf("%s.options[%d]", where, i)
		c.unique(at+".id", g.ID, groups)
		c.group(at, &g)
	}
	for i, image := range p.Images {
		c.required(fmt.Sprintf("%s.images[%d].url", where, i), image.URL)
	}
}

func (c *fileCheck) group(where string, g *FileGroup) {
	if g.Min < 0 {
		c.add(where+".min", "must not be negative")
	}
	if g.Max != nil && *g.Max < max(g.Min, 1) {
		c.add(where+".max", "must be at least 1 and not below min")
	}
	choices := map[string]bool{}
	for i := range g.Choices {
		at := fmt.Sprintf("%s.choices[%d]", where, i)
		c.unique(at+".id", g.Choices[i].ID, choices)
		c.required(at+".name", g.Choices[i].Name)
		c.notNegative(at+".price", &g.Choices[i].Price)
	}
}

func (c *fileCheck) category(where string, row *FileCategory) {
	c.required(where+".id", row.ID)
	c.required(where+".name", row.Name)
}

func (c *fileCheck) question(where string, row *FileQuestion) { c.required(where+".id", row.ID) }

func (c *fileCheck) sku(where, sku string) {
	if c.required(where, sku); sku == "" {
		return
	}
	if first, taken := c.skus[sku]; taken {
		c.add(where, "the sku %q is already used at %s", sku, first)
		return
	}
	c.skus[sku] = where
}

func (c *fileCheck) unique(where, id string, seen map[string]bool) {
	c.required(where, id)
	if id != "" && seen[id] {
		c.add(where, "the id %q is used twice", id)
	}
	seen[id] = true
}

func (c *fileCheck) required(where, s string) {
	if strings.TrimSpace(s) == "" {
		c.add(where, "must not be empty")
	}
}

func (c *fileCheck) notNegative(where string, n *int64) {
	if n != nil && *n < 0 {
		c.add(where, "must not be negative")
	}
}

// locate finds the places that made a row unreadable, which the decoder's own error does not tell. Where it finds
// none, that error stands for the whole row.
func (c *fileCheck) locate(where string, raw json.RawMessage, row any, err error) {
	before := len(c.problems)
	var loose any
	if json.Unmarshal(raw, &loose) == nil {
		c.compare(where, loose, reflect.TypeOf(row))
	}
	if len(c.problems) == before {
		c.add(where, "%s", strings.TrimPrefix(err.Error(), "json: "))
	}
}

// compare walks a JSON value beside the type that it should fill.
func (c *fileCheck) compare(where string, value any, t reflect.Type) {
	if value == nil {
		return
	}
	switch t.Kind() {
	case reflect.Pointer:
		c.compare(where, value, t.Elem())
	case reflect.Struct:
		c.compareObject(where, value, t)
	case reflect.Slice:
		list, ok := value.([]any)
		if !ok {
			c.add(where, "must be a list")
		}
		for i, v := range list {
			c.compare(fmt.Sprintf("%s[%d]", where, i), v, t.Elem())
		}
	case reflect.Map:
		object, ok := value.(map[string]any)
		if !ok {
			c.add(where, "must be an object")
		}
		for _, key := range sortedKeys(object) {
			c.compare(where+"."+key, object[key], t.Elem())
		}
	default:
		c.compareScalar(where, value, t.Kind())
	}
}

func (c *fileCheck) compareObject(where string, value any, t reflect.Type) {
	object, ok := value.(map[string]any)
	if !ok {
		c.add(where, "must be an object")
	}
	fields := map[string]reflect.Type{}
	for field := range t.Fields() {
		name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
		fields[name] = field.Type
	}
	for _, key := range sortedKeys(object) {
		if field, known := fields[key]; known {
			c.compare(where+"."+key, object[key], field)
		} else {
			c.add(where+"."+key, "unknown field %q", key)
		}
	}
}

func (c *fileCheck) compareScalar(where string, value any, kind reflect.Kind) {
	switch v := value.(type) {
	case string:
		if kind != reflect.String {
			c.add(where, "must be a %s, not a text", kindWord(kind))
		}
	case bool:
		if kind != reflect.Bool {
			c.add(where, "must be a %s", kindWord(kind))
		}
	case float64:
		if kind == reflect.String || kind == reflect.Bool {
			c.add(where, "must be a %s", kindWord(kind))
		} else if v != float64(int64(v)) {
			c.add(where, "must be a whole number")
		}
	default:
		c.add(where, "must be a %s", kindWord(kind))
	}
}

func kindWord(kind reflect.Kind) string {
	switch kind {
	case reflect.String:
		return "text"
	case reflect.Bool:
		return "yes or no (true, false)"
	default:
		return "whole number"
	}
}

func sortedKeys(object map[string]any) []string {
	keys := make([]string, 0, len(object))
	for key := range object {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	return keys
}
