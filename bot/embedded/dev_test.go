package embedded_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"sotto.chat/bot/embedded"
	"sotto.chat/bot/reading"
	"sotto.chat/catalog"
)

// devLine is a message with what stood when it came.
type devLine struct {
	ID    string        `json:"id"`
	Text  string        `json:"text"`
	State reading.State `json:"state"`
}

// devBatch is messages to one shop.
type devBatch struct {
	name    string
	locale  string
	lexicon *embedded.Lexicon
	lines   []devLine
}

// ownBatches are the messages of our own tables.
func ownBatches(t *testing.T) []devBatch {
	t.Helper()
	var out []devBatch
	for locale, name := range tables {
		file, err := os.Open("testdata/" + name + ".txt")
		if err != nil {
			t.Fatal(err)
		}
		defer file.Close()
		b := devBatch{name: name, locale: locale, lexicon: openMenuIn(t, locale)}
		for lines := bufio.NewScanner(file); lines.Scan(); {
			line := strings.TrimSpace(lines.Text())
			if line == "" || strings.HasPrefix(line, "#") {
				continue
			}
			message, _, _ := strings.Cut(line, "=>")
			text, state := parseState(t, strings.TrimSpace(message))
			b.lines = append(b.lines, devLine{Text: text, State: state})
		}
		out = append(out, b)
	}
	slices.SortFunc(out, func(a, b devBatch) int { return strings.Compare(a.name, b.name) })
	return out
}

// recorded names the folder where what the scorers ask is kept.
const recorded = "SOTTO_TEST_RECORDED"

// TestMain lets the outside scorers run the tests' program in the place of sotto, to keep what they ask.
func TestMain(m *testing.M) {
	if folder := os.Getenv(recorded); folder != "" {
		if err := record(folder, os.Args[1:]); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// record keeps the catalog and the messages of `sotto understand`, and answers that nothing was understood.
func record(folder string, args []string) error {
	at := slices.Index(args, "--catalog")
	if at < 0 || args[0] != "understand" {
		return nil
	}
	shop, err := os.ReadFile(args[at+1])
	if err != nil {
		return err
	}
	lines, err := io.ReadAll(os.Stdin)
	if err != nil {
		return err
	}
	locale := "en"
	if at := slices.Index(args, "--locale"); at >= 0 {
		locale = args[at+1]
	}
	into, err := os.MkdirTemp(folder, fmt.Sprintf("%d-", len(lines)))
	if err != nil {
		return err
	}
	for name, data := range map[string][]byte{"catalog.json": shop, "lines": lines, "locale": []byte(locale)} {
		if err := os.WriteFile(filepath.Join(into, name), data, 0o600); err != nil {
			return err
		}
	}
	out := bufio.NewWriter(os.Stdout)
	for line := range strings.Lines(string(lines)) {
		var m devLine
		_ = json.Unmarshal([]byte(line), &m)
		_ = json.NewEncoder(out).Encode(map[string]any{"id": m.ID, "actions": []any{}})
	}
	return out.Flush()
}

// devBatches are the messages that the outside scorers ask, one batch for each shop; none where they are absent.
func devBatches(t testing.TB, sets string) []devBatch {
	t.Helper()
	shared := os.Getenv("SOTTO_SHARED")
	if shared == "" {
		shared = filepath.Join("..", "..", "..", "shared")
	}
	shared, err := filepath.Abs(shared)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(shared, "score", "all.py")); err != nil {
		t.Logf("only our own lines are read: set SOTTO_SHARED to the folder of the shared data for the others")
		return nil
	}
	if exec.Command("python3", "-c", "import sys; sys.exit(sys.version_info < (3, 11))").Run() != nil {
		t.Logf("only our own lines are read: the scorers under SOTTO_SHARED need Python 3.11")
		return nil
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	folder := t.TempDir()
	cmd := exec.Command("python3", filepath.Join(shared, "score", "all.py"), "--data", filepath.Join(shared, "data"), "--only", sets,
		"--sotto", self)
	cmd.Env = append(os.Environ(), recorded+"="+folder, "PYTHONDONTWRITEBYTECODE=1")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out[max(0, len(out)-2000):])
	}
	batches, err := filepath.Glob(filepath.Join(folder, "*"))
	if err != nil || len(batches) == 0 {
		t.Fatal("the scorers asked nothing", err)
	}
	var out []devBatch
	for _, b := range batches {
		out = append(out, openBatch(t, b))
	}
	return out
}

func openBatch(t testing.TB, folder string) devBatch {
	t.Helper()
	file, err := os.Open(filepath.Join(folder, "catalog.json"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	f, _, err := catalog.DecodeFile(file)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := os.ReadFile(filepath.Join(folder, "lines"))
	if err != nil {
		t.Fatal(err)
	}
	locale, err := os.ReadFile(filepath.Join(folder, "locale"))
	if err != nil {
		t.Fatal(err)
	}
	b := devBatch{name: fmt.Sprintf("%d products, %d questions", len(f.Products), len(f.Questions)), locale: string(locale), lexicon: embedded.Compile(f)}
	for line := range strings.Lines(string(raw)) {
		var m devLine
		if err := json.Unmarshal([]byte(line), &m); err != nil {
			t.Fatal(err)
		}
		b.lines = append(b.lines, m)
	}
	return b
}
