package histories_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
)

// step is one thing that somebody does. Its numbers are drawn before anything has happened; what they choose among is seen when the
// step is taken, so a history stays playable when steps are taken out of it.
type step struct {
	Do   string
	A, B int
}

func (s step) String() string { return fmt.Sprintf("%s(%d,%d)", s.Do, s.A, s.B) }

// deeds is what may happen, and how often beside the others.
var deeds = []struct {
	name string
	part int
}{
	{"order", 14}, {"click", 10}, {"pay", 26}, {"decline", 3}, {"slowly", 6}, {"arrive", 5}, {"fail", 4}, {"alter", 2}, {"copy", 2},
	{"give back", 7}, {"bounce", 3}, {"dispute", 4}, {"decide", 5},
	{"edit", 4}, {"change", 4}, {"cancel", 5}, {"fulfil", 4}, {"complete", 2}, {"return", 3}, {"refund", 7}, {"accept", 4},
	{"offer", 8}, {"pay there", 10}, {"slowly there", 2}, {"fail there", 2}, {"give back there", 3},
	{"split", 4}, {"receive", 4}, {"by transfer", 2}, {"confirm", 2}, {"ask rest", 4}, {"difference", 4},
	{"wait", 12}, {"storm", 4}, {"hear", 6}, {"work", 6}, {"look", 4},
}

// beginnings is how histories begin; most that happens to money needs some first.
var beginnings = [][]string{
	{"order", "click", "pay"}, {"order", "click", "pay"}, {"order", "click", "pay"}, {"order", "offer", "pay there"}, {"order", "offer", "pay there"},
	{"order", "click", "slowly"}, {"order", "click", "decline", "pay"}, {"order", "click", "alter", "pay"}, {"order", "click"},
	{"order", "split", "click", "pay", "click", "pay"}, {"order", "split", "offer", "pay there", "pay there"},
	{"order", "click", "storm", "pay", "long wait", "order"}, {"order", "offer", "storm", "pay there", "long wait", "order"},
	{"order", "click", "change", "pay"}, {"order", "click", "storm", "pay", "change", "click", "pay"},
	{"order", "click", "storm", "pay", "give back"}, {"order", "click", "storm", "pay", "dispute"},
}

// draw makes a history.
func draw(r *rand.Rand) (list []step) {
	all := 0
	for _, d := range deeds {
		all += d.part
	}
	for _, name := range beginnings[r.IntN(len(beginnings))] {
		list = append(list, step{name, r.IntN(1000), r.IntN(1000)})
	}
	for range 1 + r.IntN(7) {
		n := r.IntN(all)
		for _, d := range deeds {
			if n -= d.part; n < 0 {
				list = append(list, step{d.name, r.IntN(1000), r.IntN(1000)})
				break
			}
		}
	}
	return list
}

func written(list []step) string {
	var b strings.Builder
	for i, s := range list {
		fmt.Fprintf(&b, "  %2d. %s\n", i+1, s)
	}
	return b.String()
}
