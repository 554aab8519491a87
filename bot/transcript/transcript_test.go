package transcript_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"sotto.chat/bot/transcript"
	"sotto.chat/catalog"
	"sotto.chat/internal/testkit"
	"sotto.chat/merchants"
)

func goods(t *testing.T, path string) catalog.File {
	t.Helper()
	in, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = in.Close() }()
	f, problems, err := catalog.DecodeFile(in)
	if err != nil || len(problems) > 0 {
		t.Fatal(err, problems)
	}
	return f
}

func shop(t *testing.T, path, language, country string) transcript.Shop {
	t.Helper()
	f := goods(t, path)
	return transcript.Shop{Goods: f, NewMerchant: merchants.NewMerchant{Name: "Shop", Currency: f.Currency, Country: country, Language: language,
		Settings: merchants.Settings{Pickup: true, Delivery: true}}}
}

func played(t *testing.T, s transcript.Shop, scripts ...transcript.Script) []transcript.Result {
	t.Helper()
	theatre := &transcript.Theatre{Shop: &s, Log: testkit.Log(t)}
	results, err := theatre.Play(t.Context(), scripts)
	if err != nil || len(results) != len(scripts) {
		t.Fatal(len(results), err)
	}
	return results
}

// The starter set holds over catalogs that it does not know, in each language.
func TestTheStarterSet(t *testing.T) {
	least := map[string]int{"en": 8, "es": 8, "pt": 7, "de": 7, "fr": 3, "id": 8, "hi": 8, "zh": 8, "ar": 8}
	countries := map[string]string{"en": "US", "es": "ES", "pt": "BR", "de": "DE", "fr": "FR", "id": "ID", "hi": "IN", "zh": "CN", "ar": "SA"}
	for language, country := range countries {
		t.Run(language, func(t *testing.T) {
			scripts, err := transcript.Starter(language)
			if err != nil {
				t.Fatal(err)
			}
			passed := 0
			for _, r := range played(t, shop(t, "../testdata/shop-"+language+".json", language, country), scripts...) {
				if r.Problem != nil {
					t.Errorf("%s\n%s\n%s", r.Problem, r.Step, r.Talk)
				}
				if r.Passed() {
					passed++
				}
			}
			if passed < least[language] {
				t.Errorf("only %d were played", passed)
			}
		})
	}
	t.Run("the demo's", func(t *testing.T) {
		scripts, err := transcript.Starter("en-GB")
		if err != nil {
			t.Fatal(err)
		}
		s := shop(t, "../../cmd/sotto/demo_assets/catalog.json", "en", "US")
		s.Settings.Pickup = false
		for _, r := range played(t, s, scripts...) {
			if r.Problem != nil {
				t.Errorf("%s\n%s\n%s", r.Problem, r.Step, r.Talk)
			}
			if strings.HasSuffix(r.Name, "deliver.chat") && !r.Passed() {
				t.Error("a shop that always sends was not tried:", r.Skipped)
			}
		}
	})
}

func parse(t *testing.T, text string) transcript.Script {
	t.Helper()
	s, err := transcript.Parse("mine.chat", strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// What is not as written is told with its line, for every kind of check.
func TestADifferenceIsTold(t *testing.T) {
	const order = "customer: two colas\n"
	scripts := map[string]string{
		order + "cart: 3 COLA":                     "mine.chat:2: it is: 2 COLA",
		order + "cart: 2 COLA = $4.99":             "mine.chat:2: it is: 2 COLA = $5.00",
		order + "cart: empty":                      "mine.chat:2: it is: 2 COLA",
		order + "bot: lemonade":                    "mine.chat:2: the bot did not say that",
		order + "bot never: cola":                  "mine.chat:2: the bot said that",
		order + "orders: paid":                     "mine.chat:2: it is: none",
		order + "paid: $5.00":                      "mine.chat:2: it is: $0.00",
		order + "left: WATER 2":                    "mine.chat:2: it is: 3",
		order + "left: COLA 2":                     "mine.chat:2: it is: -",
		order + "left: NOTHING 2":                  "mine.chat:2: the catalog has no such sku",
		order + "answers: 2":                       "mine.chat:2: it is: 1",
		order + "once: lemonade":                   "mine.chat:2: 0 messages have these words",
		order + "person":                           "mine.chat:2: the bot still has the conversation",
		order + "pays":                             "mine.chat:2: there is no pay link in the talk",
		order + "dead: link 1":                     "mine.chat:2: there are 0 links",
		order + "buttons: Nobody":                  `mine.chat:2: "Nobody" is not among`,
		order + "cards: WATER":                     `mine.chat:2: "WATER" is not among`,
		order + "customer: [Nobody]":               `mine.chat:2: there is no button "Nobody"`,
		order + "customer: checkout\norders: none": "",
		order + "customer: checkout\ncustomer: yes\npays\npaid: $5.00\nstock: WATER 9\nleft: WATER 9": "",
	}
	var texts []string
	var all []transcript.Script
	for text := range scripts {
		texts, all = append(texts, text), append(all, parse(t, text))
	}
	for i, r := range played(t, shop(t, "../testdata/shop-en.json", "en", "US"), all...) {
		text, want, got := texts[i], scripts[texts[i]], ""
		if r.Problem != nil {
			got = r.Problem.Error()
		}
		if !strings.HasPrefix(got, want) || want == "" && got != "" {
			t.Errorf("%s\nwant %q, got %q", text, want, got)
		}
		if want != "" && !strings.Contains(r.Talk, "two colas") {
			t.Errorf("%s\nthe talk is not told: %q", text, r.Talk)
		}
	}
}

func TestAScriptThatCannotBeRead(t *testing.T) {
	for text, want := range map[string]string{
		"customer: hi\ncustomr: hi":         "mine.chat:2: nobody knows what",
		"# nothing":                         "mine.chat:1: there is nothing in it",
		"later: soon":                       "mine.chat:1: \"soon\" cannot be read here; it is written like this: later: 20m",
		"customer:":                         "mine.chat:1: \"\" cannot be read here",
		"customer: a\nshop: x, USD, US, en": "mine.chat:2: the shop is said once",
		"shop: x":                           "mine.chat:1: a shop needs",
		"shop: x, USD, US, en, vip":         "mine.chat:1: a shop cannot be \"vip\"",
		"stock: COLA many":                  "mine.chat:1: \"COLA many\" cannot be read",
		"basket: COLA 2":                    "mine.chat:1: \"COLA 2\" cannot be read",
		strings.Repeat("person\n", 401):     "mine.chat:401: a script has at most 400 steps",
	} {
		_, err := transcript.Parse("mine.chat", strings.NewReader(text))
		var p *transcript.Problem
		if !errors.As(err, &p) || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%.40q: want %q, got %v", text, want, err)
		}
	}
}

// A theatre leaves nothing behind, and one script nothing for the next.
func TestScriptsDoNotSeeEachOther(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	s := parse(t, "left: WATER 3\ncustomer: two water\ncart: 2 WATER\ncustomer: checkout\ncustomer: yes\nleft: WATER 1")
	for _, r := range played(t, shop(t, "../testdata/shop-en.json", "en", "US"), s, s) {
		if !r.Passed() {
			t.Error(r.Problem)
		}
	}
	if left, err := filepath.Glob(filepath.Join(os.TempDir(), "*")); err != nil || len(left) > 0 {
		t.Error(left, err)
	}
}
