// Command summary reads `go test -json` and prints what failed, what was skipped and the totals.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
)

// event is a line of test2json.
type event struct {
	Action, Package, Test, Output string
	Elapsed                       float64
}

func main() {
	output := map[string][]string{}
	var failed, skipped []string
	passed := 0
	in := bufio.NewScanner(os.Stdin)
	in.Buffer(nil, 16<<20)
	for in.Scan() {
		var e event
		if json.Unmarshal(in.Bytes(), &e) != nil {
			fmt.Println(in.Text())
			continue
		}
		name := e.Package + " " + e.Test
		switch e.Action {
		case "output", "build-output":
			output[name] = append(output[name], e.Output)
		case "pass":
			if e.Test == "" {
				fmt.Printf("ok    %-40s %6.1fs\n", e.Package, e.Elapsed)
			} else {
				passed++
			}
			delete(output, name)
		case "fail", "build-fail":
			failed = append(failed, name)
			fmt.Printf("FAIL  %s\n%s", name, strings.Join(output[name], ""))
		case "skip":
			if e.Test != "" {
				skipped = append(skipped, name+reason(output[name]))
			}
			delete(output, name)
		}
	}
	slices.Sort(skipped)
	for _, s := range skipped {
		fmt.Println("skip ", s)
	}
	fmt.Printf("%d passed, %d failed, %d skipped\n", passed, len(failed), len(skipped))
	if len(failed) > 0 || in.Err() != nil || (os.Getenv("CI") == "true" && slices.ContainsFunc(skipped, unexcused)) {
		os.Exit(1)
	}
}

// reason is the sentence of a skip.
func reason(lines []string) string {
	for _, l := range lines {
		if _, why, ok := strings.Cut(l, ".go:"); ok {
			if _, sentence, ok := strings.Cut(why, ": "); ok {
				return ": " + strings.TrimSpace(sentence)
			}
		}
	}
	return ""
}

// unexcused tells skips that CI must not have: only the absent outside specifications are excused.
func unexcused(s string) bool { return !strings.Contains(s, "SOTTO_SHARED") }
