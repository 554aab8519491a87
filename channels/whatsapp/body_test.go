package whatsapp

import (
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"pgregory.net/rapid"

	"sotto.chat/channels"
	"sotto.chat/channels/fit"
	"sotto.chat/internal/testkit"
)

// metaSchema is Meta's own specification of what may be sent.
func metaSchema(t *testing.T) *jsonschema.Schema {
	f, err := os.Open(testkit.Shared(t, "fixtures", "whatsapp", "meta-openapi", "derived-messages-webhooks.schema.json"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	doc, err := jsonschema.UnmarshalJSON(f)
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("meta.json", doc); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile("meta.json#/components/schemas/Message")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

var ana = []channels.Party{{Kind: "phone", Value: "15550001"}}

// bodies renders content as it goes over the wire.
func bodies(t testing.TB, catalog string, c channels.Content) []map[string]any {
	t.Helper()
	return bodiesOf(t, map[string]string{catalogID: catalog}, ana, c)
}

func bodiesOf(t testing.TB, settings map[string]string, to []channels.Party, c channels.Content) []map[string]any {
	t.Helper()
	var list []map[string]any
	p := New("", nil)
	for _, piece := range p.Split(settings, c) {
		raw, err := json.Marshal(p.body(settings, to, piece, "dlv_1"))
		if err != nil {
			t.Fatal(err)
		}
		var b map[string]any
		if err := json.Unmarshal(raw, &b); err != nil {
			t.Fatal(err)
		}
		list = append(list, b)
	}
	return list
}

func kinds(list []map[string]any) []string {
	var out []string
	for _, b := range list {
		k := b["type"].(string)
		if i, ok := b["interactive"].(map[string]any); ok {
			k = i["type"].(string)
		}
		out = append(out, k)
	}
	return out
}

func choices(n int) []channels.Button {
	var list []channels.Button
	for i := range n {
		list = append(list, channels.Button{Label: fmt.Sprintf("A choice with quite a long name, number %d", i), Tap: fmt.Sprint("tap:", i), Detail: "$1.00"})
	}
	return list
}

func cards(n int, image, tap string) []channels.Card {
	var list []channels.Card
	for i := range n {
		c := channels.Card{SKU: fmt.Sprint("SKU-", i), Name: fmt.Sprint("Product ", i), Price: "$2.50", ImageURL: image}
		if tap != "" {
			c.Tap = fmt.Sprint(tap, i)
		}
		list = append(list, c)
	}
	return list
}

func TestBodiesValidateAgainstMetasSpecification(t *testing.T) {
	schema := metaSchema(t)
	long := strings.Repeat("A sentence of some words. ", 400)
	const picture = "https://shop.example/a.jpg"
	for _, c := range []struct {
		name, catalog string
		in            channels.Content
		want          []string
	}{
		{"text", "", channels.Content{Text: "hi"}, []string{"text"}},
		{"long text", "", channels.Content{Text: long}, []string{"text", "text", "text"}},
		{"nothing", "", channels.Content{}, []string{"text"}},
		{"three buttons", "", channels.Content{Text: "which?", Buttons: choices(3)}, []string{"button"}},
		{"long text and buttons", "", channels.Content{Text: long, Buttons: choices(1)}, []string{"text", "text", "text", "button"}},
		{"four choices", "", channels.Content{Text: "which?", Choose: "Choose one of these many", Buttons: choices(4)}, []string{"list"}},
		{"ten choices", "", channels.Content{Buttons: choices(10)}, []string{"list"}},
		{"eleven choices", "", channels.Content{Text: "which?", Buttons: choices(11)}, []string{"list", "button"}},
		{"few cards with pictures", "", channels.Content{Text: "look", Products: cards(2, picture, "add:")}, []string{"image", "image", "button"}},
		{"many cards", "", channels.Content{Text: "look", Products: cards(7, picture, "add:")}, []string{"list"}},
		{"cards without taps", "", channels.Content{Text: "look", Products: cards(7, "", "")}, []string{"text"}},
		{"one card of the catalog", "77", channels.Content{Text: "look", Products: cards(1, "", "")}, []string{"product"}},
		{"cards of the catalog", "77", channels.Content{Title: "Our lamps", Text: "look", Products: cards(31, "", ""), Buttons: choices(2)},
			[]string{"product_list", "product", "button"}},
	} {
		list := bodies(t, c.catalog, c.in)
		if got := kinds(list); !slices.Equal(got, c.want) {
			t.Errorf("%s became %v", c.name, got)
		}
		for i, b := range list {
			if err := schema.Validate(b); err != nil {
				t.Errorf("%s, message %d: %v", c.name, i+1, err)
			}
		}
	}
}

// sameShape tells where got lacks what Meta's example has, or has another kind of value there.
func sameShape(path string, want, got any) []string {
	switch w := want.(type) {
	case map[string]any:
		g, ok := got.(map[string]any)
		if !ok {
			return []string{path}
		}
		var bad []string
		for k, v := range w {
			if k == "header" || k == "footer" { // may be there
				continue
			}
			bad = append(bad, sameShape(path+"."+k, v, g[k])...)
		}
		return bad
	case string:
		if g, ok := got.(string); !ok || g == "" {
			return []string{path}
		}
	}
	return nil
}

func TestALinkHasTheShapeOfMetasExample(t *testing.T) {
	raw, err := os.ReadFile(testkit.Shared(t, "fixtures", "whatsapp", "meta-docs-examples", "kapso-mirror-2025-12", "messages__interactive-cta-url-messages__01.json"))
	if err != nil {
		t.Fatal(err)
	}
	var example map[string]any
	if err := json.Unmarshal(raw, &example); err != nil {
		t.Fatal(err)
	}
	list := bodies(t, "", channels.Content{Text: "Your order is ready.", Buttons: choices(2),
		Links: []channels.Link{{Label: "Pay twelve dollars and fifty", URL: "https://shop.example/pay/x"}, {Label: "no web address", URL: "javascript:alert(1)"}}})
	if got := kinds(list); !slices.Equal(got, []string{"button", "cta_url"}) {
		t.Fatalf("%v", got)
	}
	if bad := sameShape("", example, list[1]); len(bad) > 0 {
		t.Errorf("unlike Meta's example: %v", bad)
	}
	if bodies(t, "", channels.Content{Text: "Pay here", Links: []channels.Link{{Label: "Pay", URL: "https://shop.example/pay/x"}}})[0]["type"] != "interactive" {
		t.Error("a link alone is no button")
	}
}

func TestTheAddressAndTheEcho(t *testing.T) {
	b := New("", nil).body(nil, []channels.Party{{Kind: "bsuid", Value: "US.1"}, {Kind: "phone", Value: "15550001"}}, channels.Content{Text: "x"}, "dlv_1")
	if b["to"] != "+15550001" || b["recipient"] != "US.1" || b["biz_opaque_callback_data"] != "dlv_1" {
		t.Errorf("%v", b)
	}
}

func TestLabelsStayApartWhenCut(t *testing.T) {
	taken := map[string]bool{}
	for range 12 {
		l := distinct("Large pizza with everything", maxButton, taken)
		if fit.Units(l) > maxButton {
			t.Errorf("%q has %d", l, fit.Units(l))
		}
	}
	if len(taken) != 12 {
		t.Errorf("%v", taken)
	}
}

// Whatever the bot says, what is sent keeps every limit, loses no word of the text and no choice.
func TestLimitsHoldForAnyContent(t *testing.T) {
	word := rapid.StringMatching(`[a-zA-Zé日👍🏽👩‍🚀 .\n]{0,30}`)
	rapid.Check(t, func(r *rapid.T) {
		c := channels.Content{Title: word.Draw(r, "title"), Choose: word.Draw(r, "choose"),
			Text: strings.Join(rapid.SliceOfN(word, 0, 400).Draw(r, "text"), " ")}
		for i := range rapid.IntRange(0, 14).Draw(r, "buttons") {
			c.Buttons = append(c.Buttons, channels.Button{Label: word.Draw(r, "label"), Tap: fmt.Sprint("t", i), Detail: word.Draw(r, "detail")})
		}
		for range rapid.IntRange(0, 2).Draw(r, "links") {
			c.Links = append(c.Links, channels.Link{Label: word.Draw(r, "link"), URL: "https://x.example/"})
		}
		c.Products = cards(rapid.IntRange(0, 5).Draw(r, "cards"), "", rapid.SampledFrom([]string{"", "add:"}).Draw(r, "tap"))
		catalog := rapid.SampledFrom([]string{"", "77"}).Draw(r, "catalog")
		list := bodies(t, catalog, c)
		all := ""
		taps := map[string]bool{}
		for _, b := range list {
			walk(b, func(key, v string) {
				if most := limits[key]; most > 0 && len(utf16.Encode([]rune(v))) > most {
					r.Fatalf("%s has %d: %q", key, len(utf16.Encode([]rune(v))), v)
				}
				if (key == "title" || key == "body" || key == "text" || key == "display_text" || key == "button") && strings.TrimSpace(v) == "" {
					r.Fatalf("%s is blank in %v", key, b)
				}
				if !utf8.ValidString(v) {
					r.Fatalf("%s is cut within a character", key)
				}
				if key == "id" {
					taps[v] = true
				}
				all += " " + v
			})
		}
		have := strings.Join(strings.Fields(all), "")
		for _, w := range strings.Fields(c.Text) {
			if !strings.Contains(have, w) {
				r.Fatalf("%q is lost", w)
			}
		}
		for _, b := range c.Buttons {
			if strings.TrimSpace(b.Label) != "" && !taps[b.Tap] {
				r.Fatalf("choice %q is lost", b.Tap)
			}
		}
	})
}

var limits = map[string]int{"title": 24, "description": 72, "display_text": 20, "id": 200, "button": 20, "text": 1024, "caption": 1024}

func walk(v any, f func(key, value string)) {
	switch t := v.(type) {
	case map[string]any:
		for k, e := range t {
			if s, ok := e.(string); ok {
				f(k, s)
			} else {
				walk(e, f)
			}
		}
	case []any:
		for _, e := range t {
			walk(e, f)
		}
	}
}
