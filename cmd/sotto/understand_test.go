package main

import (
	"bytes"
	"strings"
	"testing"

	"sotto.chat/bot/embedded"
	"sotto.chat/bot/reading"
	"sotto.chat/catalog"
	"sotto.chat/catalog/search"
	"sotto.chat/cmd/sotto/demo_assets"
)

// echo reads every message as a wish for what it says.
func echo(text string, s reading.State) readingLine {
	return readingLine{Reading: reading.Reading{Language: "en", Confidence: 1, Unread: []string{},
		Actions: []reading.Action{{Kind: reading.Search, Query: text, Number: len(s.Cart)}}}}
}

func TestUnderstandLines(t *testing.T) {
	in := "two teas\n" +
		`{"id": "7", "text": "make that two", "state": {"cart": [{"line": "l1", "sku": "TEA", "quantity": 1}]}}` + "\n" +
		"{broken\n" +
		"\n" +
		strings.Repeat("x", maxLine+1) + "\n" +
		"no newline at the end"
	want := []string{
		`{"language":"en","confidence":1,"actions":[{"kind":"search","query":"two teas"}],"unread":[]}`,
		`{"id":"7","language":"en","confidence":1,"actions":[{"kind":"search","query":"make that two","number":1}],"unread":[]}`,
		`{"language":"","confidence":0,"actions":[],"unread":[]}`,
		`{"language":"en","confidence":1,"actions":[{"kind":"search"}],"unread":[]}`,
		`{"language":"","confidence":0,"actions":[],"unread":[]}`,
		`{"language":"en","confidence":1,"actions":[{"kind":"search","query":"no newline at the end"}],"unread":[]}`,
	}
	var out bytes.Buffer
	if err := understand(strings.NewReader(in), &out, echo); err != nil {
		t.Fatal(err)
	}
	got := strings.Split(strings.TrimSpace(out.String()), "\n")
	if len(got) != len(want) {
		t.Fatalf("want %d answers, got %d:\n%s", len(want), len(got), out.String())
	}
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("line %d\n  want %s\n  got  %s", i, want[i], got[i])
		}
	}
}

func TestSearchLines(t *testing.T) {
	find := func(query string) []search.Hit {
		if query == "tea" {
			return []search.Hit{{SKU: "TEA", Score: 1.5}}
		}
		return nil
	}
	var out bytes.Buffer
	if err := searchLines(strings.NewReader("tea\r\ncoal\n"), &out, find); err != nil {
		t.Fatal(err)
	}
	want := `{"query":"tea","results":[{"sku":"TEA","score":1.5}]}` + "\n" + `{"query":"coal","results":[]}` + "\n"
	if out.String() != want {
		t.Errorf("want %s, got %s", want, out.String())
	}
}

// What the demo's goods are called for short, also with the variant behind it.
func TestTheDemosShortNames(t *testing.T) {
	f, problems, err := catalog.DecodeFile(bytes.NewReader(demo_assets.Catalog))
	if err != nil || len(problems) > 0 {
		t.Fatal(err, problems)
	}
	lexicon := embedded.Compile(f)
	for _, text := range []string{"one cup and one tote natural", "a mug and a natural tote", "una taza y una bolsa natural"} {
		r := lexicon.Read(text, reading.State{}, "en")
		if a := r.Actions; len(a) != 2 || a[0].SKU != "CUP" || a[1].SKU != "TOTE-NATURAL" || len(r.Unread) > 0 {
			t.Errorf("%s: %+v", text, r)
		}
	}
}
