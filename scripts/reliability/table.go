package main

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"
)

// edges are the bins of the table: where readings are many, they are narrow.
func edges() []float64 { return []float64{0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 1.01} }

// bin is what was said and what was right of some readings.
type bin struct{ n, said, right float64 }

// off is how far what was said is from what was right, on average over the readings, and the bins that it was made of.
func off(lines []line, said []float64, keep func(*line) bool) (float64, []bin) {
	cuts := edges()
	bins, n := make([]bin, len(cuts)-1), 0.0
	for i := range lines {
		if !keep(&lines[i]) {
			continue
		}
		b := &bins[slices.IndexFunc(cuts[1:], func(edge float64) bool { return said[i] < edge })]
		b.n, b.said, b.right = b.n+1, b.said+said[i], b.right+lines[i].Right
		n++
	}
	sum := 0.0
	for _, b := range bins {
		sum += math.Abs(b.said - b.right)
	}
	return sum / max(n, 1), bins
}

// show prints the tables, and tells where confidence does not mean what it says.
func show(lines []line, fresh []float64, sets bool) error {
	said := make([]float64, len(lines))
	for i := range lines {
		said[i] = lines[i].Confidence
	}
	var fell []string
	for _, table := range []struct {
		name string
		said []float64
		keep func(*line) bool
		most float64
	}{
		{"all readings, as the program says", said, func(*line) bool { return true }, mostOff},
		{"readings that act, as the program says", said, func(l *line) bool { return l.Acts }, mostOff},
		{"all readings, of sets left out", fresh, func(*line) bool { return true }, mostOffUnseen},
		{"readings that act, of sets left out", fresh, func(l *line) bool { return l.Acts }, mostOffActing},
	} {
		gap, bins := off(lines, table.said, table.keep)
		fmt.Printf("\n%s\n  said         on average   right       n\n", table.name)
		for k, b := range bins {
			if b.n > 0 {
				fmt.Printf("  %.2f - %.2f        %.3f   %.3f  %6.0f\n", edges()[k], min(edges()[k+1], 1), b.said/b.n, b.right/b.n, b.n)
			}
		}
		fmt.Printf("  expected calibration error %.4f (most %.4f), ranks right above wrong %.3f\n", gap, table.most, ranks(lines, table.said, table.keep))
		if gap > table.most {
			fell = append(fell, fmt.Sprintf("%s: %.4f is above %.4f", table.name, gap, table.most))
		}
	}
	asked(lines)
	if sets {
		showSets(lines, said, fresh)
	}
	if len(fell) > 0 {
		return fmt.Errorf("%s", strings.Join(fell, "\n      "))
	}
	return nil
}

// asked prints how many of the readings that act the bot asks about first, of the right ones and of the wrong ones.
func asked(lines []line) {
	var n, hits [2]float64
	for i := range lines {
		if l := &lines[i]; l.Acts {
			for k, share := range []float64{l.Right, 1 - l.Right} {
				n[k] += share
				if l.Asks {
					hits[k] += share
				}
			}
		}
	}
	fmt.Printf("\nthe bot asks what was meant at %.1f %% of the right readings that act (%.0f of %.0f) and at %.1f %% of the wrong ones (%.0f of %.0f)\n",
		100*hits[0]/n[0], hits[0], n[0], 100*hits[1]/n[1], hits[1], n[1])
}

// showSets prints for each set what was said and right of it.
func showSets(lines []line, said, fresh []float64) {
	of := map[string]*[5]float64{}
	var names []string
	for i := range lines {
		s := of[lines[i].Set]
		if s == nil {
			s = &[5]float64{}
			of[lines[i].Set] = s
			names = append(names, lines[i].Set)
		}
		for k, v := range []float64{1, lines[i].Right, said[i], fresh[i]} {
			s[k] += v
		}
	}
	fmt.Printf("\n  %-24s %6s  right   said  said when left out  ranks\n", "set", "n")
	for _, name := range names {
		s := of[name]
		fmt.Printf("  %-24s %6.0f  %.3f  %.3f  %.3f               %.3f\n", name, s[0], s[1]/s[0], s[2]/s[0], s[3]/s[0],
			ranks(lines, fresh, func(l *line) bool { return l.Set == name }))
	}
}

// ranks is how often a right reading is said to be likelier than a wrong one; a half is chance.
func ranks(lines []line, said []float64, keep func(*line) bool) float64 {
	var order []int
	for i := range lines {
		if keep(&lines[i]) {
			order = append(order, i)
		}
	}
	slices.SortFunc(order, func(a, b int) int { return cmp.Compare(said[a], said[b]) })
	rights, wrongs, won := 0.0, 0.0, 0.0
	for i := 0; i < len(order); {
		r, w, j := 0.0, 0.0, i
		for ; j < len(order) && said[order[j]] == said[order[i]]; j++ {
			r += lines[order[j]].Right
			w += 1 - lines[order[j]].Right
		}
		won += r * (wrongs + w/2)
		rights, wrongs, i = rights+r, wrongs+w, j
	}
	return won / max(rights*wrongs, 1)
}
