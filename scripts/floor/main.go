// Command floor holds the figures of understanding above the floors that were reached before: it runs the outside scorers on
// ./sotto, prints their table and fails where a figure fell. With -raise it writes the floors anew.
package main

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// floor is what a figure may not fall below or, where it counts what must not happen, not rise above.
type floor struct {
	Set     string   `json:"set"`
	Figure  string   `json:"figure"`
	N       int      `json:"n"` // of how many lines it was made
	Least   *float64 `json:"least,omitempty"`
	Highest *float64 `json:"highest,omitempty"`
}

// row is a figure of the table that the scorers print.
type row struct {
	Set    string  `json:"set"`
	Figure string  `json:"figure"`
	N      int     `json:"n"`
	Value  float64 `json:"value"`
}

type table struct {
	Rows    []row    `json:"rows"`
	Crashes []string `json:"crashes"`
	Money   int      `json:"money_fields"`
}

func main() {
	raise := flag.Bool("raise", false, "write the floors anew, as the figures are")
	path := flag.String("floors", "scripts/floors.json", "the file of the floors")
	sotto := flag.String("sotto", "./sotto", "the program to score")
	flag.Parse()
	if err := run(*path, *sotto, *raise); err != nil {
		fmt.Println("FAIL  floors:", err)
		os.Exit(1)
	}
}

func run(path, sotto string, raise bool) error {
	python, scorers, missing := tools()
	if missing != "" {
		fmt.Println("skip  floors:", missing)
		return nil
	}
	program, err := filepath.Abs(sotto)
	if err != nil {
		return err
	}
	cmd := exec.Command(python, filepath.Join(scorers, "score", "all.py"), "--sotto", program, "--data", filepath.Join(scorers, "data"), "--json")
	cmd.Env = append(os.Environ(), "PYTHONDONTWRITEBYTECODE=1")
	cmd.Stderr = os.Stderr
	out, scored := cmd.Output()
	var t table
	if err := json.Unmarshal(out, &t); err != nil {
		return fmt.Errorf("the scorers gave no table: %w", errors.Join(scored, err))
	}
	if raise {
		return write(path, &t)
	}
	raw, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	var floors []floor
	if err := json.Unmarshal(raw, &floors); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return hold(&t, floors)
}

// tools finds Python and the scorers; missing is the sentence that says what is absent.
func tools() (python, shared, missing string) {
	shared = os.Getenv("SOTTO_SHARED")
	if shared == "" {
		shared = filepath.Join("..", "shared")
	}
	if _, err := os.Stat(filepath.Join(shared, "score", "all.py")); err != nil {
		return "", "", "no scorers under " + shared + ": set SOTTO_SHARED to the folder of the shared data"
	}
	for _, name := range []string{"python3", "python3.11", "python"} {
		if exec.Command(name, "-c", "import sys; sys.exit(sys.version_info < (3, 11))").Run() == nil {
			return name, shared, ""
		}
	}
	return "", "", "the scorers need Python 3.11, which is absent"
}

// hold prints the table and tells what fell. Figures of other data than those that the floors were made of say nothing.
func hold(t *table, floors []floor) error {
	known, kept := map[string]row{}, map[string]string{}
	for _, r := range t.Rows {
		known[r.Set+"\x00"+r.Figure] = r
	}
	var fell []string
	held := 0
	for _, f := range floors {
		r, ok := known[f.Set+"\x00"+f.Figure]
		switch {
		case !ok || r.N != f.N:
			fmt.Printf("skip  floors: %s, %s: the lines that the floor was made of are absent\n", f.Set, f.Figure)
			continue
		case f.Least != nil && r.Value < *f.Least:
			fell = append(fell, fmt.Sprintf("%s, %s: %.4f is below %.4f", f.Set, f.Figure, r.Value, *f.Least))
		case f.Highest != nil && r.Value > *f.Highest:
			fell = append(fell, fmt.Sprintf("%s, %s: %.4f is above %.4f", f.Set, f.Figure, r.Value, *f.Highest))
		}
		held++
		kept[f.Set+"\x00"+f.Figure] = f.String()
	}
	for _, r := range t.Rows {
		fmt.Printf("%-24s %6d  %.4f  %-18s %s\n", r.Set, r.N, r.Value, kept[r.Set+"\x00"+r.Figure], r.Figure)
	}
	if len(t.Crashes) > 0 || t.Money > 0 {
		fell = append(fell, fmt.Sprintf("%d crashes, %d readings with money", len(t.Crashes), t.Money))
	}
	if len(fell) > 0 {
		return fmt.Errorf("%s", strings.Join(fell, "\n      "))
	}
	fmt.Printf("%d of %d floors held\n", held, len(floors))
	return nil
}

func (f *floor) String() string {
	switch {
	case f.Least != nil:
		return fmt.Sprintf("(least %.4f)", *f.Least)
	case f.Highest != nil:
		return fmt.Sprintf("(highest %.4f)", *f.Highest)
	}
	return ""
}

// write makes floors of the figures.
func write(path string, t *table) error {
	var floors []floor
	for _, r := range t.Rows {
		f := floor{Set: r.Set, Figure: r.Figure, N: r.N}
		if unwanted(r.Figure) {
			highest := math.Ceil(r.Value*10000) / 10000
			f.Highest = &highest
		} else {
			least := math.Floor(r.Value*10000) / 10000
			f.Least = &least
		}
		floors = append(floors, f)
	}
	lines := make([]string, len(floors))
	for i := range floors {
		line, err := json.Marshal(&floors[i])
		if err != nil {
			return err
		}
		lines[i] = "  " + string(line)
	}
	return os.WriteFile(path, []byte("[\n"+strings.Join(lines, ",\n")+"\n]\n"), 0o644)
}

// unwanted tells the figures that count what must not happen.
func unwanted(figure string) bool {
	return strings.HasPrefix(figure, "false-action") || strings.HasPrefix(figure, "no read as yes") ||
		strings.HasPrefix(figure, "maybe read as yes") || strings.HasPrefix(figure, "other later turns read as yes")
}
