package embedded_test

import (
	"bufio"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"sotto.chat/bot/embedded"
	"sotto.chat/bot/reading"
	"sotto.chat/catalog"
)

// openMenu compiles the small shop of the tests.
func openMenu(t testing.TB) *embedded.Lexicon { return openShop(t, "testdata/menu.json") }

func openShop(t testing.TB, path string) *embedded.Lexicon {
	t.Helper()
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	f, problems, err := catalog.DecodeFile(file)
	if err != nil || len(problems) > 0 {
		t.Fatal(path, err, problems)
	}
	return embedded.Compile(f)
}

// TestRead goes through the tables in testdata, which anyone who knows the shop can read and extend.
func TestRead(t *testing.T) {
	for locale, name := range tables {
		readTable(t, openMenuIn(t, locale), "testdata/"+name+".txt", locale)
	}
}

// TestReadElsewhere goes through the tables of other shops: what holds for one kind of goods holds for every other.
func TestReadElsewhere(t *testing.T) {
	shops, err := filepath.Glob("testdata/shops/*.json")
	if err != nil || len(shops) == 0 {
		t.Fatal("no other shops", err)
	}
	for _, shop := range shops {
		readTable(t, openShop(t, shop), strings.TrimSuffix(shop, ".json")+".txt", "en")
	}
}

func readTable(t *testing.T, lexicon *embedded.Lexicon, path, locale string) {
	t.Helper()
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	lines := bufio.NewScanner(file)
	for n := 1; lines.Scan(); n++ {
		line := strings.TrimSpace(lines.Text())
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		message, want, found := strings.Cut(line, "=>")
		if !found {
			t.Fatalf("%s:%d: no => in the line", path, n)
		}
		text, state := parseState(t, strings.TrimSpace(message))
		if got := brief(lexicon.Read(text, state, locale)); got != strings.TrimSpace(want) {
			t.Errorf("%s:%d: %s\n  want %s\n  got  %s", path, n, strings.TrimSpace(message), strings.TrimSpace(want), got)
		}
	}
}

// groups tells in which option group of the test shops a choice stands.
var groups = map[string]string{"SMALL": "SIZE", "LARGE": "SIZE", "LEMON": "ADD", "HONEY": "ADD", "MINT": "ADD", "MILK": "ADD",
	"BUTTER": "SPREAD", "JAM": "SPREAD", "CREAM": "SPREAD", "OAT": "MILK", "WHOLE": "MILK", "NUTS": "TOP"}

func parseState(t *testing.T, message string) (string, reading.State) {
	t.Helper()
	var s reading.State
	if !strings.HasPrefix(message, "{") {
		return message, s
	}
	fields, text, _ := strings.Cut(message[1:], "}")
	for _, field := range strings.Fields(fields) {
		key, value, _ := strings.Cut(field, "=")
		switch key {
		case "asked":
			s.Asked = value
		case "shown":
			s.Shown = strings.Split(value, ",")
		case "cart":
			for i, line := range strings.Split(value, "/") {
				s.Cart = append(s.Cart, parseLine(i+1, line))
			}
		default:
			t.Fatalf("unknown state %q", field)
		}
	}
	return strings.TrimSpace(text), s
}

func parseLine(n int, text string) reading.CartLine {
	parts := strings.Split(text, "+")
	sku, quantity, found := strings.Cut(parts[0], "*")
	line := reading.CartLine{Line: "l" + strconv.Itoa(n), SKU: sku, Quantity: 1}
	if found {
		line.Quantity, _ = strconv.Atoi(quantity)
	}
	for _, choice := range parts[1:] {
		line.Options = append(line.Options, reading.Option{Group: groups[choice], Choice: choice})
	}
	return line
}

// brief writes a reading in the form of the tables.
func brief(r reading.Reading) string {
	var out []string
	for _, a := range r.Actions {
		words := []string{a.Kind}
		switch a.Kind {
		case reading.Add, reading.Change, reading.Remove:
			item := a.SKU + a.Line
			if a.Quantity > 1 || a.Quantity == 1 && a.Kind != reading.Add {
				item += fmt.Sprintf("*%d", a.Quantity)
			}
			words = append(words, item+options(a.Options))
		case reading.Choose:
			words = append(words, strconv.Itoa(a.Number), a.SKU)
		case reading.Rate:
			words = append(words, strconv.Itoa(a.Score))
		case reading.ReportProblem:
		default:
			words = append(words, a.SKU+a.Category+a.Question+a.Order+a.Code+a.Method+a.Language+a.About)
		}
		out = append(out, strings.TrimSpace(strings.Join(words, " ")))
	}
	return strings.Join(out, "; ")
}

func options(list []reading.Option) string {
	out := ""
	for _, o := range list {
		out += "+" + o.Choice
		if o.Amount != "" {
			out += ":" + o.Amount
		}
		if o.Count > 0 {
			out += fmt.Sprintf("#%d", o.Count)
		}
	}
	return out
}
