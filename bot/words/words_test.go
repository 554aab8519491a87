package words_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"

	"sotto.chat/bot/words"
	"sotto.chat/internal/money"
)

func open(t *testing.T) *words.Book {
	t.Helper()
	b, err := words.Open()
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestAmountsAreInTheLocalesOwnForm(t *testing.T) {
	for _, c := range []struct {
		language, country string
		amount            int64
		currency, want    string
	}{
		{"en", "US", 1250, "USD", "$12.50"},
		{"en", "US", 123456789, "USD", "$1,234,567.89"},
		{"en", "GB", 5, "GBP", "£0.05"},
		{"en", "US", -1250, "USD", "-$12.50"},
		{"en", "US", 1200, "JPY", "¥1,200"},
		{"en", "CA", 1250, "CAD", "$12.50"},
		{"en", "US", 1250, "CAD", "CA$12.50"},
		{"en", "CH", 1250, "CHF", "CHF 12.50"},
		{"en", "KW", 1250, "KWD", "KWD 1.250"},
		{"es", "ES", 1250, "EUR", "12,50 €"},
		{"es", "ES", 123456, "EUR", "1234,56 €"},
		{"es", "ES", 1234567, "EUR", "12.345,67 €"},
		{"es", "ES", 1200, "JPY", "1200 ¥"},
		{"es", "ES", 1250, "CHF", "12,50 CHF"},
		{"es", "MX", 123456, "MXN", "$1,234.56"},
		{"es", "US", 1250, "USD", "$12.50"},
		{"es", "AR", 123456, "ARS", "$ 1.234,56"},
		{"es", "ES", 0, "EUR", "0,00 €"},
		{"de", "DE", 123456, "EUR", "1.234,56 €"},
		{"de", "AT", 1250, "EUR", "€ 12,50"},
		{"de", "CH", 123456, "CHF", "CHF 1’234.56"},
		{"fr", "FR", 123456, "EUR", "1\u202f234,56\u00a0€"},
		{"fr", "CA", 1250, "CAD", "12,50\u00a0$"},
		{"id", "ID", 2500000, "IDR", "Rp25.000,00"},
		{"pt", "BR", 123456, "BRL", "R$ 1.234,56"},
		{"pt", "PT", 123456, "EUR", "1234,56 €"},
		{"hi", "IN", 12345678, "INR", "₹1,23,456.78"},
		{"hi", "IN", 123456789012, "INR", "₹1,23,45,67,890.12"},
		{"hi", "IN", 4000, "INR", "₹40.00"},
		{"zh", "CN", 123456, "CNY", "¥1,234.56"},
		{"zh", "CN", 1250, "USD", "US$12.50"},
		{"zh", "CN", 1200, "JPY", "JP¥1,200"},
		{"ar", "SA", 123456, "SAR", "1,234.56 ر.س"},
		{"ar", "EG", 1250, "USD", "12.50 $"},
		{"ar", "KW", 1250, "KWD", "1.250 د.ك"},
	} {
		got := open(t).Voice(c.country, false, c.language).Money(money.Of(c.amount, c.currency))
		if got != c.want {
			t.Errorf("%+v: %q", c, got)
		}
	}
}

func TestVoices(t *testing.T) {
	b := open(t)
	for _, c := range []struct {
		tags []string
		want string
	}{{[]string{"es-MX"}, "es"}, {[]string{"", "ES_ar"}, "es"}, {[]string{"xx", "es"}, "es"}, {[]string{"xx"}, "en"}, {nil, "en"}} {
		if got := b.Voice("", false, c.tags...).Language(); got != c.want {
			t.Errorf("%v: %s", c.tags, got)
		}
	}
	if s := b.Voice("ES", true, "es").Say("ready", nil); s != "¿Qué desea?" {
		t.Error(s)
	}
	if s := b.Voice("ES", false, "es").Say("ready", nil); s != "¿Qué te apetece?" {
		t.Error(s)
	}
	en := b.Voice("US", false, "en")
	for n, want := range map[int64]string{1: "Sorry, we only have 1 × tea left.", 2: "Sorry, we only have 2 × tea left."} {
		if s := en.Say("only_left", words.Facts{"n": n, "product": "tea"}); s != want {
			t.Error(s)
		}
	}
	if s := en.List([]string{"a", "b", "c"}); s != "a, b and c" {
		t.Error(s)
	}
	if s := en.Say("greet", words.Facts{"shop": "{total} {shop}"}); !strings.Contains(s, "{total} {shop}") {
		t.Error("a fact was read as a template:", s)
	}
	if s := b.Voice("", false, "es").Say("paid", words.Facts{"number": "A", "total": money.Of(100, "EUR")}); !strings.Contains(s, "pagado") {
		t.Error(s)
	}
}

var holes = regexp.MustCompile(`\{[a-z_]+\}`)

// Every language says everything, with the same facts, and no template has a number of its own.
func TestLanguagesSayTheSame(t *testing.T) {
	files, err := filepath.Glob("*.json")
	if err != nil || len(files) < 2 {
		t.Fatal(files, err)
	}
	said := map[string]map[string][]string{}
	for _, f := range files {
		raw, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		var l struct{ Texts map[string]any }
		if err := json.Unmarshal(raw, &l); err != nil {
			t.Fatal(err)
		}
		said[f] = map[string][]string{}
		for key, value := range l.Texts {
			for _, s := range leaves(value) {
				if strings.ContainsAny(s, "0123456789$€£¥") {
					t.Errorf("%s: %s has a number of its own: %q", f, key, s)
				}
				if strings.TrimSpace(s) == "" {
					t.Errorf("%s: %s is empty", f, key)
				}
				said[f][key] = facts(t, f, key, said[f][key], s)
			}
		}
	}
	for _, f := range files[1:] {
		for key, want := range said[files[0]] {
			if got, ok := said[f][key]; !ok || !slices.Equal(want, got) {
				t.Errorf("%s in %s has %v, in %s %v", key, f, got, files[0], want)
			}
		}
		if len(said[f]) != len(said[files[0]]) {
			t.Errorf("%s has %d texts, %s %d", f, len(said[f]), files[0], len(said[files[0]]))
		}
	}
}

// facts gives the placeholders of a text, which all forms of it share.
func facts(t *testing.T, file, key string, before []string, s string) []string {
	found := holes.FindAllString(s, -1)
	slices.Sort(found)
	found = append([]string{}, slices.Compact(found)...)
	if before != nil && !slices.Equal(before, found) {
		t.Errorf("%s: the forms of %s differ in their facts", file, key)
	}
	return found
}

func leaves(v any) []string {
	switch x := v.(type) {
	case string:
		return []string{x}
	case map[string]any:
		var out []string
		for _, part := range x {
			out = append(out, leaves(part)...)
		}
		return out
	}
	return nil
}

var spoken = regexp.MustCompile(`(?:[sS]ay|add|word|offer|first|handOff)\("([a-z_]*[a-z])"`)

// What the bot says in its code stands in the language files.
func TestWhatTheCodeSaysIsWritten(t *testing.T) {
	v := open(t).Voice("", false, "en")
	files, err := filepath.Glob("../*.go")
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, f := range files {
		raw, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range spoken.FindAllStringSubmatch(string(raw), -1) {
			n++
			if v.Say(m[1], nil) == "" {
				t.Errorf("%s says %q, which no language knows", f, m[1])
			}
		}
	}
	if n < 50 {
		t.Errorf("only %d texts were found in the code", n)
	}
	for _, key := range []string{"thanks", "bye", "method_delivery", "method_pickup", "method_eat_in", "status_paid", "status_fulfilled",
		"status_completed", "status_cancelled", "status_expired", "option_extra", "option_light", "option_none", "held_hours", "held_minutes"} {
		if v.Say(key, nil) == "" {
			t.Errorf("%q is not written", key)
		}
	}
}

// Only the one message after the money says that something is paid.
func TestPaidIsSaidInOnePlace(t *testing.T) {
	for file, word := range map[string]string{"en.json": "paid", "es.json": "pagado", "pt.json": "pago", "de.json": "bezahlt", "fr.json": "payé", "id.json": "lunas",
		"zh.json": "已付清", "hi.json": "paid", "ar.json": "مدفوع"} {
		raw, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var l struct{ Texts map[string]any }
		if err := json.Unmarshal(raw, &l); err != nil {
			t.Fatal(err)
		}
		for key, value := range l.Texts {
			for _, s := range leaves(value) {
				if strings.Contains(strings.ToLower(s), word) != (key == "paid") {
					t.Errorf("%s: %s: %q", file, key, s)
				}
			}
		}
	}
}

// The warning about card numbers is said in the customer's language, also in those that the bot does not speak.
func TestCardWarnings(t *testing.T) {
	b, said := open(t), map[string]string{}
	for _, code := range append(b.Languages(), "zh", "ar", "hi") {
		for _, tag := range []string{code, strings.ToUpper(code) + "_XX"} {
			w := b.Voice("", false, tag).CardWarning(tag)
			if w == "" || strings.ContainsAny(w, "0123456789") || said[w] != "" && said[w] != code {
				t.Errorf("%s: %q", tag, w)
			}
			said[w] = code
		}
	}
	if w := b.Voice("", false, "").CardWarning("", "de"); said[w] != "de" {
		t.Errorf("the second choice gives %q", w)
	}
	if w := b.Voice("", false, "es").CardWarning("es", "de"); said[w] != "es" {
		t.Errorf("a language that is spoken gives %q", w)
	}
	for _, tags := range [][]string{{"xx"}, {"", "xx"}, {"sw-KE"}, {"x-unknown", "yy"}, {"und"}} {
		if w := b.Voice("", false, "es").CardWarning(tags...); said[w] != "en" {
			t.Errorf("the unknown languages %v give %q", tags, w)
		}
	}
	if w := b.Voice("", false, "es").CardWarning("", ""); said[w] != "es" {
		t.Errorf("where no language is told, the voice says %q", w)
	}
	files, err := filepath.Glob("*.json")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if code := strings.TrimSuffix(f, ".json"); said[b.Voice("", false, "es").CardWarning(code)] != code {
			t.Errorf("%s has no warning of its own", f)
		}
	}
}

// What is written in one script is not answered in another: Hindi, for one, is written in Latin letters here.
func TestALanguageKeepsToItsScript(t *testing.T) {
	for _, code := range open(t).Languages() {
		raw, err := os.ReadFile(code + ".json")
		if err != nil {
			t.Fatal(err)
		}
		var l struct{ Texts map[string]any }
		if err := json.Unmarshal(raw, &l); err != nil {
			t.Fatal(err)
		}
		own := unicode.Latin
		for _, script := range []*unicode.RangeTable{unicode.Han, unicode.Arabic} {
			if strings.ContainsFunc(l.Texts["button_yes"].(string), func(r rune) bool { return unicode.Is(script, r) }) {
				own = script
			}
		}
		for key, value := range l.Texts {
			for _, s := range leaves(value) {
				for _, r := range holes.ReplaceAllString(s, "") {
					if unicode.IsLetter(r) && !unicode.In(r, own, unicode.Common) {
						t.Errorf("%s: %s: %q has a letter of another script", code, key, s)
						break
					}
				}
			}
		}
	}
}

// Whoever asks whether the shop delivers is heard; a question about money or offers chooses nothing.
func TestQuestionsThatAreCommands(t *testing.T) {
	b := open(t)
	for text, want := range map[string]string{"do you deliver?": "way:delivery", "Könnt ihr das auch liefern?": "way:delivery", "vous livrez ?": "way:delivery",
		"¿me lo traéis a casa?": "way:delivery", "可以外送吗？": "way:delivery", "فيه توصيل؟": "way:delivery", "bisa diantar gak?": "way:delivery", "delivery": "way:delivery",
		"vocês entregam?": "way:delivery", "delivery hai kya?": "way:delivery", "?": "help", "cash?": "", "stop?": "", "pay by card?": "", "cash": "by:cash", "": ""} {
		if tap, ok := b.Command(text); tap != want || ok != (want != "") {
			t.Errorf("%q is %q", text, tap)
		}
	}
}
