package embedded_test

import (
	"bufio"
	"encoding/json"
	"os"
	"slices"
	"strings"
	"testing"

	"sotto.chat/bot/embedded"
	"sotto.chat/catalog"
)

// openFile compiles a catalog file, with other names where there are some.
func openFile(t *testing.T, path string, names map[string][]string) *embedded.Lexicon {
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
	if names != nil {
		rename(&f, names)
	}
	return embedded.Compile(f)
}

// TestPeople reads what people write in eight languages as a clerk would, in the café of the demo and at a street kitchen
// with the names of the place. A line that begins with ~ is not read as it should be yet: it is counted and shown.
func TestPeople(t *testing.T) {
	raw, err := os.ReadFile("testdata/people/names.json")
	if err != nil {
		t.Fatal(err)
	}
	var names map[string]map[string][]string
	if err := json.Unmarshal(raw, &names); err != nil {
		t.Fatal(err)
	}
	for locale, language := range tables {
		if names[locale] == nil {
			continue
		}
		shops := map[string]*embedded.Lexicon{
			"cafe":   openFile(t, "../../cmd/sotto/demo_assets/catalog.json", nil),
			"street": openFile(t, "testdata/people/street.json", names[locale]),
		}
		readPeople(t, "testdata/people/"+language+".txt", locale, shops)
	}
}

// readPeople goes through one table; "# shop: NAME" tells where the people stand.
func readPeople(t *testing.T, path, locale string, shops map[string]*embedded.Lexicon) {
	t.Helper()
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	var lexicon *embedded.Lexicon
	read, missed := 0, 0
	lines := bufio.NewScanner(file)
	for n := 1; lines.Scan(); n++ {
		line := strings.TrimSpace(lines.Text())
		if shop, ok := strings.CutPrefix(line, "# shop: "); ok {
			if lexicon = shops[shop]; lexicon == nil {
				t.Fatalf("%s:%d: no shop is called %s", path, n, shop)
			}
		}
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		line, open := strings.CutPrefix(line, "~")
		message, want, _ := strings.Cut(line, "=>")
		text, state := parseState(t, strings.TrimSpace(message))
		got, want := inOrder(brief(lexicon.Read(text, state, locale))), inOrder(want)
		switch {
		case open && got == want:
			read++
			t.Logf("%s:%d: %s\n  is read right now: the ~ may go", path, n, strings.TrimSpace(message))
		case open:
			missed++
			t.Logf("%s:%d: not read yet: %s\n  want %s\n  got  %s", path, n, strings.TrimSpace(message), want, got)
		case got != want:
			t.Errorf("%s:%d: %s\n  want %s\n  got  %s", path, n, strings.TrimSpace(message), want, got)
		default:
			read++
		}
	}
	t.Logf("%s: %d of %d read as a clerk would", path, read, read+missed)
}

// inOrder sorts the actions of a reading, since it is all the same which of them stands first.
func inOrder(brief string) string {
	actions := strings.Split(strings.TrimSpace(brief), "; ")
	slices.Sort(actions)
	return strings.Join(actions, "; ")
}
