// Command reliability shows whether confidence means what it says: the outside scorers judge every reading of ./sotto, and a table sets
// what was said beside what was right.
//
// The second table says it of messages of sets that the numbers were not fitted to: each set in turn is left out, and judged by
// numbers that all the others gave. With -fit it writes the numbers anew.
package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
)

// The most that what is said may be off from what is right, on average over all readings: as the program stands, and on sets
// that it was not fitted to. A reading that acts is held by its own.
const (
	mostOff       = 0.02
	mostOffUnseen = 0.05
	linesHeld     = 19822 // messages that the ceilings were made of: of others they say nothing
	mostOffActing = 0.10  // of sets left out, where it acts: how often a shop is right is not known before
)

func main() {
	sotto := flag.String("sotto", "./sotto", "the program to judge")
	numbers := flag.String("odds", "bot/embedded/odds/odds.json", "the file of the numbers")
	write := flag.Bool("fit", false, "write the numbers anew")
	sets := flag.Bool("sets", false, "also print one row for each set")
	flag.Parse()
	if err := run(*sotto, *numbers, *write, *sets); err != nil {
		fmt.Println("FAIL  reliability:", err)
		os.Exit(1)
	}
}

func run(sotto, numbers string, write, sets bool) error {
	shared := os.Getenv("SOTTO_SHARED")
	if shared == "" {
		shared = filepath.Join("..", "shared")
	}
	if _, err := os.Stat(filepath.Join(shared, "score", "common.py")); err != nil {
		fmt.Println("skip  reliability: no scorers under " + shared + ": set SOTTO_SHARED to the folder of the shared data")
		return nil
	}
	if exec.Command("python3", "-c", "import sys; sys.exit(sys.version_info < (3, 11))").Run() != nil {
		fmt.Println("skip  reliability: the scorers need Python 3.11, which is absent")
		return nil
	}
	names, err := signNames(numbers)
	if err != nil {
		return err
	}
	all, err := judge(sotto, shared)
	if err != nil {
		return err
	}
	judged := len(all)
	lines := slices.DeleteFunc(all, func(l line) bool { return !l.Read })
	for i := range lines {
		lines[i].x = vector(lines[i].Signs, names)
	}
	if write {
		return save(numbers, names, fit(lines, names))
	}
	err = show(lines, unseen(lines, names), sets)
	if err != nil && judged != linesHeld {
		fmt.Printf("skip  reliability: %d messages were judged, and the ceilings were made of %d others\n", judged, linesHeld)
		return nil
	}
	return err
}

// judge has the scorers judge every reading.
func judge(sotto, shared string) ([]line, error) {
	program, err := filepath.Abs(sotto)
	if err != nil {
		return nil, err
	}
	cmd := exec.Command("python3", "scripts/reliability/judge.py", filepath.Join(shared, "score"), program, filepath.Join(shared, "data"))
	cmd.Env = append(os.Environ(), "PYTHONDONTWRITEBYTECODE=1")
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	var lines []line
	rows := bufio.NewScanner(out)
	rows.Buffer(nil, 1<<20)
	for rows.Scan() {
		var l line
		if err := json.Unmarshal(rows.Bytes(), &l); err != nil {
			return nil, errors.Join(err, cmd.Wait())
		}
		lines = append(lines, l)
	}
	return lines, errors.Join(rows.Err(), cmd.Wait())
}

// signNames gives the names of the signs, as the program knows them.
func signNames(path string) ([]string, error) {
	raw, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var file numbers
	if err := json.Unmarshal(raw, &file); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	var names []string
	for name := range file.Weights {
		names = append(names, name)
	}
	slices.Sort(names)
	return names, nil
}

// numbers is the file of the numbers.
type numbers struct {
	Bias    float64            `json:"bias"`
	Weights map[string]float64 `json:"weights"`
}

func save(path string, names []string, w []float64) error {
	short := func(x float64) float64 { return math.Round(x*1000) / 1000 }
	file := numbers{Bias: short(w[len(names)]), Weights: map[string]float64{}}
	for i, name := range names {
		file.Weights[name] = short(w[i])
	}
	raw, err := json.MarshalIndent(file, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(path, append(raw, '\n'), 0o644)
}

// vector lays signs out in the order of their names, and a one for the bias.
func vector(signs map[string]float64, names []string) []float64 {
	x := make([]float64, len(names)+1)
	for i, name := range names {
		x[i] = signs[name]
	}
	x[len(names)] = 1
	return x
}

// unseen says of each line how likely it is right by numbers from all sets but its own.
func unseen(lines []line, names []string) []float64 {
	out := make([]float64, len(lines))
	done := map[string]bool{}
	for i := range lines {
		set := lines[i].Set
		if done[set] {
			continue
		}
		done[set] = true
		w := fit(slices.DeleteFunc(slices.Clone(lines), func(l line) bool { return l.Set == set }), names)
		for j := range lines {
			if lines[j].Set == set {
				out[j] = right(w, lines[j].x)
			}
		}
	}
	return out
}
