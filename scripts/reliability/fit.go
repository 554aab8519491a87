package main

import (
	"math"
	"slices"
)

// line is one reading that was judged.
type line struct {
	Set        string             `json:"set"`
	Right      float64            `json:"right"` // 0 or 1; between them where several lines of one text share a fault
	Confidence float64            `json:"confidence"`
	Read       bool               `json:"read"`
	Acts       bool               `json:"acts"`
	Asks       bool               `json:"asks"`
	Signs      map[string]float64 `json:"signs"`

	x []float64
}

// How the numbers are found: no set counts for more than so many lines, one whose labels its own scorer calls noisy for fewer, and no
// weight grows beyond what the data ask for.
const (
	mostOfASet   = 800
	mostOfNoise  = 200
	ridge        = 2.0
	rounds       = 30
	noisy        = "multidogo_fastfood dev"
	longestSteps = 1.0
)

// direction is where a sign may push: what a reading does may push either way, likeness to a question only up, and everything else,
// which is there because it makes doubtful, only down. So a chance of one set cannot make strange words a good sign.
func direction(sign string) float64 {
	switch {
	case slices.Contains([]string{"orders", "edits", "yes", "no", "serves", "looks", "open", "asks"}, sign):
		return 0
	case sign == "alike", sign == "ahead":
		return 1
	}
	return -1
}

// fit finds the weights of a logistic regression, the bias last, with a penalty on the square of each, one weight at a time.
func fit(lines []line, names []string) []float64 {
	share := map[string]float64{}
	for i := range lines {
		share[lines[i].Set]++
	}
	for set, n := range share {
		most := float64(mostOfASet)
		if set == noisy {
			most = mostOfNoise
		}
		share[set] = min(1, most/n)
	}
	w, z := make([]float64, len(names)+1), make([]float64, len(lines))
	columns := make([][]int, len(w)) // the lines that have each sign
	for i := range lines {
		for at, x := range lines[i].x {
			if x != 0 {
				columns[at] = append(columns[at], i)
			}
		}
	}
	for range rounds {
		for at, column := range columns {
			slope, curve := 0.0, 1e-9
			if at < len(names) {
				slope, curve = -ridge*w[at], ridge
			}
			for _, i := range column {
				l := &lines[i]
				p, x := sigmoid(z[i]), l.x[at]
				slope += share[l.Set] * (l.Right - p) * x
				curve += share[l.Set] * p * (1 - p) * x * x
			}
			next := w[at] + min(max(slope/curve, -longestSteps), longestSteps)
			if at < len(names) && next*direction(names[at]) < 0 {
				next = 0
			}
			for _, i := range column {
				z[i] += (next - w[at]) * lines[i].x[at]
			}
			w[at] = next
		}
	}
	return w
}

func sigmoid(z float64) float64 { return 1 / (1 + math.Exp(-z)) }

// right is how likely the weights say that a line is right.
func right(w, x []float64) float64 {
	z := 0.0
	for i, v := range x {
		z += w[i] * v
	}
	return sigmoid(z)
}
