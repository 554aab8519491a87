package bench

import (
	"fmt"
	"io"
	"math"
	"os"
	"runtime"
	"slices"
	"testing"
	"text/tabwriter"
)

// row is one line of the table. With a limit the goal is about the ratio, else about the product's own figure.
type row struct {
	goal, what, unit string
	product, limit   []float64
	atMost           bool // the goal is a ceiling
	want, stretch    float64
}

// ratios of the rounds, each within its round.
func (r row) ratios() []float64 {
	list := make([]float64, min(len(r.product), len(r.limit)))
	for i := range list {
		list[i] = r.product[i] / r.limit[i]
	}
	return list
}

// judged is what the goal is compared with.
func (r row) judged() float64 {
	if len(r.limit) > 0 {
		return median(r.ratios())
	}
	return median(r.product)
}

func (r row) verdict() string {
	got := r.judged()
	reached := func(want float64) bool { return r.atMost && got <= want || !r.atMost && got >= want }
	switch {
	case r.want == 0:
		return ""
	case r.stretch > 0 && reached(r.stretch):
		return "stretch"
	case reached(r.want):
		return "met"
	}
	return "MISSED"
}

func (r row) target(n float64) string {
	if n == 0 {
		return ""
	}
	sign, unit := "≥", ""
	if r.atMost {
		sign = "≤"
	}
	if len(r.limit) == 0 {
		unit = " " + r.unit
	}
	return sign + " " + number(n) + unit
}

// add puts a row down; a goal that lost its measurement has none.
func (l *lab) add(r row) { l.rows = append(l.rows, r) }

// footnotes say what a ratio does not tell.
var footnotes = []string{
	"Every figure is the median of its rounds. Ratio = median [min–max] of product/limit within each round; only ratios count, the absolutes are this machine's.",
	"The load generators run on the same cores as what they measure, for both sides.",
	"1, 2: the limit is pgbench -M prepared replaying the statements that the server's own log shows for one Place, one a round trip; it parses no answer and decides nothing.",
	"3: the limit is one upsert in its own transaction; the product also locks the cart, checks the sku and keeps the limits of a cart, in one round trip and that of the commit.",
	"4: the limit is database/sql with one connection and prepared statements; the job row is a plain insert where the queue does its own.",
	"5: limit = Gin, HMAC, json.Unmarshal, one insert. The product without its workers: what a message starts is no part of the answer. Both as processes, 64 connections.",
	"6: floor = Gin and database/sql with the same tables and nothing else: no key, tax, hash, hold, payment or promise; its cart answers with one line, ours with the whole priced cart. The product is the shipped binary at work, " +
		"its calls spread over 64 keys and addresses because it limits the rate of each; its journey has one request more, which opens the cart.",
	"7: no limit to compare with; the goals are absolute. After load: after goal 6 on Postgres, read at once.",
}

// report prints the table.
func (l *lab) report(out io.Writer) {
	if len(l.rows) == 0 {
		return
	}
	fmt.Fprintf(out, "\nSotto beside the limit: %d rounds of %gs, %d cores, %s/%s\n\n", rounds(), cell(), runtime.NumCPU(), runtime.GOOS, runtime.GOARCH)
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "#\twhat\tproduct\tlimit\tratio\tgoal\tstretch\t")
	for _, r := range l.rows {
		limit, ratio := "", ""
		if len(r.limit) > 0 {
			limit, ratio = number(median(r.limit))+" "+r.unit, spread(r.ratios())
		}
		product := number(median(r.product)) + " " + r.unit
		if limit == "" && len(r.product) > 1 {
			product = spread(r.product) + " " + r.unit
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n", r.goal, r.what, product, limit, ratio, r.target(r.want), r.target(r.stretch), r.verdict())
	}
	_ = w.Flush() // a terminal that is gone
	fmt.Fprintln(out)
	for _, note := range footnotes {
		fmt.Fprintln(out, "- "+note)
	}
	fmt.Fprintln(out)
}

func median(list []float64) float64 {
	if len(list) == 0 {
		return math.NaN()
	}
	s := slices.Sorted(slices.Values(list))
	if n := len(s); n%2 == 0 {
		return (s[n/2-1] + s[n/2]) / 2
	}
	return s[len(s)/2]
}

func spread(list []float64) string {
	return fmt.Sprintf("%s [%s–%s]", number(median(list)), number(slices.Min(list)), number(slices.Max(list)))
}

// number keeps three figures that mean something.
func number(n float64) string {
	switch a := math.Abs(n); {
	case a >= 100:
		return fmt.Sprintf("%.0f", n)
	case a >= 10:
		return fmt.Sprintf("%.1f", n)
	}
	return fmt.Sprintf("%.2f", n)
}

func TestTheTableJudgesTheMedianOfTheRatios(t *testing.T) {
	for _, c := range []struct {
		r    row
		want string
	}{
		{row{product: []float64{50, 10, 70}, limit: []float64{100, 100, 100}, want: 0.5, stretch: 1}, "met"},
		{row{product: []float64{50, 10, 30}, limit: []float64{100, 100, 100}, want: 0.5}, "MISSED"},
		{row{product: []float64{120}, limit: []float64{100}, want: 0.5, stretch: 1}, "stretch"},
		{row{product: []float64{55, 57}, atMost: true, want: 60, stretch: 40}, "met"},
		{row{product: []float64{3}, limit: []float64{1}, atMost: true, want: 2}, "MISSED"},
	} {
		if got := c.r.verdict(); got != c.want {
			t.Errorf("%+v: %s", c.r, got)
		}
	}
	if testing.Verbose() {
		(&lab{rows: []row{{goal: "0", what: "an example", unit: "/s", product: []float64{50, 10, 70}, limit: []float64{100, 100, 100}, want: 0.5, stretch: 1}}}).report(os.Stdout)
	}
}
