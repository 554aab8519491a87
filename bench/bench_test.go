// Package bench measures the product beside the physical limit, in one run, and prints ratios.
//
// Each goal of the speed list is one sub-benchmark. Product and limit take turns in interleaved rounds on the same
// machine, so that whatever else the machine does hits both; only ratios count. Nothing fails for being slow.
//
//	BENCH_ROUNDS   rounds of each pair, 5 by default
//	BENCH_SECONDS  length of one measurement, 3 by default
//	BENCH_PROFILE  a folder for CPU profiles of the product's side
//
// One goal alone: go test -tags nomsgpack -run '^$' -bench 'Goals/4' -benchtime 1x ./bench
package bench

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime/pprof"
	"strconv"
	"testing"
	"time"
)

// A child of this test binary is one of the servers that are measured; see floor_test.go and hooks_test.go.
func TestMain(m *testing.M) {
	switch role := os.Getenv(roleVariable); role {
	case "":
		os.Exit(m.Run())
	default:
		if err := serve(role); err != nil {
			fmt.Fprintln(os.Stderr, role, err)
			os.Exit(1)
		}
	}
}

// BenchmarkGoals measures every goal and prints the table.
func BenchmarkGoals(b *testing.B) {
	l := &lab{b: b, dir: b.TempDir()}
	for _, goal := range []struct {
		name string
		run  func(*testing.B, *lab)
	}{
		{"1_place", place}, {"2_hot_goods", placeHot}, {"3_add_line", addLine}, {"4_sqlite", placeEmbedded},
		{"5_webhook", webhook}, {"6_http", overHTTP}, {"7_process", process}, {"8_understand", understand},
	} {
		b.Run(goal.name, func(b *testing.B) {
			b.ReportMetric(0, "ns/op") // the table tells
			goal.run(b, l)
		})
	}
	l.report(os.Stdout)
}

// lab is what the goals share: the server, the binary, and the table that grows.
type lab struct {
	b    *testing.B
	dir  string
	pg   *server
	exe  string
	rows []row
}

// side is one party of a comparison. measure works for about so many seconds and gives its figures.
type side struct {
	name    string
	measure func(seconds float64) figures
}

// figures are what one measurement gives, by name: "rate", "p50", "p99".
type figures map[string]float64

// duel measures the sides in interleaved rounds, after a short one that warms up and does not count. They take turns at
// being first.
func duel(b *testing.B, what string, sides ...side) [][]figures {
	b.Helper()
	got := make([][]figures, len(sides))
	for round := range rounds() + 1 {
		line := fmt.Sprintf("  %s, round %d/%d:", what, round, rounds())
		for k := range sides {
			i := (k + round) % len(sides)
			seconds := cell()
			if round == 0 {
				seconds = min(1, seconds)
			}
			f := sides[i].measure(seconds)
			if b.Failed() {
				b.FailNow()
			}
			if round > 0 {
				got[i] = append(got[i], f)
			}
			line += fmt.Sprintf("  %s %.0f/s", sides[i].name, f["rate"])
		}
		if round > 0 {
			say("%s", line)
		}
	}
	return got
}

// of takes one figure out of every round.
func of(rounds []figures, name string) []float64 {
	list := make([]float64, len(rounds))
	for i, f := range rounds {
		list[i] = f[name]
	}
	return list
}

func rounds() int { return int(setting("BENCH_ROUNDS", 5)) }

func cell() float64 { return setting("BENCH_SECONDS", 3) }

func setting(name string, usual float64) float64 {
	if n, err := strconv.ParseFloat(os.Getenv(name), 64); err == nil && n > 0 {
		return n
	}
	return usual
}

// say shows progress, away from the table.
func say(format string, args ...any) { fmt.Fprintf(os.Stderr, format+"\n", args...) }

// pause waits by the clock; only for what the operating system does in its own time.
func pause(d time.Duration) { <-time.After(d) }

// profiled keeps a CPU profile of f under the name where BENCH_PROFILE is set.
func profiled(name string, f func()) {
	dir := os.Getenv("BENCH_PROFILE")
	if dir == "" {
		f()
		return
	}
	file, err := os.Create(filepath.Join(dir, name+".pprof"))
	if err != nil {
		say("no profile: %v", err)
		f()
		return
	}
	defer func() { _ = file.Close() }()
	if err := pprof.StartCPUProfile(file); err == nil {
		defer pprof.StopCPUProfile()
	}
	f()
}

func must(b testing.TB, err error) {
	b.Helper()
	if err != nil {
		b.Fatal(err)
	}
}
