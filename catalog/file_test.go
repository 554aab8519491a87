package catalog_test

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"sotto.chat/catalog"
)

const soundFile = `{
  "currency": "EUR",
  "products": [
    {"sku": "TEA", "name": "tea", "price": 300, "stock": null,
     "options": [{"id": "SIZE", "name": "size", "min": 0, "max": 1, "choices": [{"id": "L", "name": "large", "price": 100}]}]},
    {"sku": "CUP", "name": "cup", "price": 1200, "stock": 4,
     "variants": [{"sku": "CUP-W", "attributes": {"colour": "white"}}]}],
  "categories": [{"id": "drinks", "name": "drinks", "synonyms": ["beverages"]}],
  "questions": [{"id": "HOURS", "answer": "Nine to five.", "examples": ["when are you open"]}]}`

func TestDecodeSoundFile(t *testing.T) {
	f, problems, err := catalog.DecodeFile(strings.NewReader(soundFile))
	if err != nil || len(problems) > 0 {
		t.Fatal(err, problems)
	}
	if len(f.Products) != 2 || len(f.Categories) != 1 || len(f.Questions) != 1 {
		t.Fatalf("rows are missing: %+v", f)
	}
	if tea := f.Products[0]; tea.Stock != nil || *tea.Options[0].Max != 1 || tea.Options[0].Choices[0].Price != 100 {
		t.Errorf("the tea was read wrongly: %+v", tea)
	}
	if cup := f.Products[1]; *cup.Stock != 4 || cup.Variants[0].Attributes["colour"] != "white" {
		t.Errorf("the cup was read wrongly: %+v", cup)
	}
}

// TestDecodeProblems holds that every bad row is named with its place, and that the good ones are still read.
func TestDecodeProblems(t *testing.T) {
	for row, want := range map[string][]string{
		`{"sku": "A", "name": "a", "price": -1}`:                                                               {"products[1].price: must not be negative"},
		`{"sku": "A", "name": "a", "price": 1.5}`:                                                              {"products[1].price: must be a whole number"},
		`{"sku": "A", "name": "a", "price": "12"}`:                                                             {"products[1].price: must be a whole number, not a text"},
		`{"sku": "", "name": " ", "price": 1}`:                                                                 {"products[1].name: must not be empty", "products[1].sku: must not be empty"},
		`{"sku": "TEA", "name": "tea again", "price": 1}`:                                                      {`products[1].sku: the sku "TEA" is already used at products[0].sku`},
		`{"sku": "A", "name": "a", "prize": 1}`:                                                                {`products[1].prize: unknown field "prize"`},
		`{"sku": "A", "name": "a", "price": 1, "variants": [{"sku": "TEA"}]}`:                                  {`products[1].variants[0].sku: the sku "TEA" is already used at products[0].sku`},
		`{"sku": "A", "name": "a", "price": 1, "options": [{"id": "G", "name": "g", "max": 0}]}`:               {"products[1].options[0].max: must be at least 1 and not below min"},
		`{"sku": "A", "name": "a", "price": 1, "options": [{"id": "G", "choices": [{"id": "C", "cost": 1}]}]}`: {`products[1].options[0].choices[0].cost: unknown field "cost"`},
		`{"sku": "A", "name": "a", "price": 1, "synonyms": "b"}`:                                               {"products[1].synonyms: must be a list"},
		`[]`: {"products[1]: must be an object"},
	} {
		file := `{"currency": "EUR", "products": [{"sku": "TEA", "name": "tea", "price": 3}, ` + row + `]}`
		f, problems, err := catalog.DecodeFile(strings.NewReader(file))
		if err != nil {
			t.Errorf("%s: %v", row, err)
			continue
		}
		var got []string
		for _, p := range problems {
			got = append(got, p.String())
		}
		slices.Sort(got)
		if !slices.Equal(got, want) {
			t.Errorf("%s\n  want %q\n  got  %q", row, want, got)
		}
		if len(f.Products) != 1 || f.Products[0].SKU != "TEA" {
			t.Errorf("%s: want the sound row alone, got %+v", row, f.Products)
		}
	}
}

func TestDecodeUnreadableFile(t *testing.T) {
	for file, want := range map[string]string{
		``:                          "EOF",
		`{"products": [`:            "unexpected EOF",
		`{"produkts": []}`:          `unknown field "produkts"`,
		`{"products": []} {"a": 1}`: "something follows",
		`"menu"`:                    "cannot unmarshal string",
	} {
		if _, _, err := catalog.DecodeFile(strings.NewReader(file)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: want an error with %q, got %v", file, want, err)
		}
	}
}

// FuzzDecodeFile holds that no file makes the decoder panic, and that what it accepts it accepts again.
func FuzzDecodeFile(f *testing.F) {
	f.Add([]byte(soundFile))
	f.Add([]byte(`{"products": [{"sku": "A", "name": "a", "price": 1, "stock": -3}, 7, null]}`))
	f.Add([]byte("\ufeff{}"))
	f.Fuzz(func(t *testing.T, data []byte) {
		file, _, err := catalog.DecodeFile(bytes.NewReader(data))
		if err != nil {
			return
		}
		again, err := json.Marshal(file)
		if err != nil {
			t.Fatal(err)
		}
		back, problems, err := catalog.DecodeFile(bytes.NewReader(again))
		if err != nil || len(problems) > 0 || len(back.Products) != len(file.Products) {
			t.Fatalf("what was accepted is refused: %v %v\n%s", err, problems, again)
		}
	})
}
