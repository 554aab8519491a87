package search

import "unicode/utf8"

// Spelling finds the word of a vocabulary that a misspelt word was meant to be. Words stand in buckets by first
// letter and length, so that a look-up compares with few of them.
type Spelling struct {
	buckets map[uint32][]spelt
	plain   int // in words shorter than this, a letter changed for another makes another word
}

// spelt is a word with its letters at one byte each, so that letters are counted and compared in every script.
type spelt struct{ word, letters string }

// letters writes a word with one byte for each letter: the lowest of its code, which tells the letters of a script apart.
func letters(w string) string {
	for i := range len(w) {
		if w[i] >= utf8.RuneSelf {
			out := make([]byte, 0, len(w))
			for _, r := range w {
				out = append(out, byte(r))
			}
			return string(out)
		}
	}
	return w
}

// MinTypo is the shortest word that is corrected; shorter ones are too often another word.
const MinTypo = 4

func NewSpelling(words map[string]bool, plain int) *Spelling {
	ix := &Spelling{buckets: map[uint32][]spelt{}, plain: plain}
	for w := range words {
		ix.add(w)
	}
	return ix
}

func (ix *Spelling) add(w string) {
	if l := letters(w); len(l) >= MinTypo && w[0] >= 'a' {
		at := bucket(l[0], len(l))
		ix.buckets[at] = append(ix.buckets[at], spelt{w, l})
	}
}

func bucket(first byte, length int) uint32 { return uint32(first)<<16 | uint32(min(length, 0xffff)) }

// Nearest gives the closest word within the distance that its length allows, and that distance; "" if none is near.
// Of equally close words the alphabet decides, so that the answer never depends on chance.
func (ix *Spelling) Nearest(w string) (string, int) {
	l := letters(w)
	if len(l) < MinTypo || len(l) > 40 || w[0] < 'a' {
		return "", 0
	}
	best, bestDistance := "", allowed(len(l))+1
	for _, first := range [2]byte{l[0], l[1]} {
		for n := len(l) - 2; n <= len(l)+2; n++ {
			for i := range ix.buckets[bucket(first, n)] {
				candidate := &ix.buckets[bucket(first, n)][i]
				d := editDistance(l, candidate.letters, bestDistance)
				if d == 1 && n == len(l) && n < ix.plain && !swapped(l, candidate.letters) {
					continue
				}
				if d < bestDistance && d <= allowed(min(len(l), n)) || d == bestDistance && best != "" && candidate.word < best {
					best, bestDistance = candidate.word, d
				}
			}
		}
		if l[0] == l[1] {
			break
		}
	}
	if best == "" {
		return "", 0
	}
	return best, bestDistance
}

// swapped tells whether two words differ in the order of two neighbours.
func swapped(a, b string) bool {
	for i := 0; i+1 < len(a); i++ {
		if a[i] != b[i] {
			return a[i] == b[i+1] && a[i+1] == b[i] && a[i+2:] == b[i+2:]
		}
	}
	return false
}

// allowed is how many slips of the finger a word of this length may have.
func allowed(length int) int {
	switch {
	case length < MinTypo:
		return 0
	case length < 8:
		return 1
	default:
		return 2
	}
}

// editDistance counts insertions, deletions, changes and swaps of neighbours; it gives up above limit.
func editDistance(a, b string, limit int) int {
	if diff := len(a) - len(b); diff > limit || -diff > limit {
		return limit + 1
	}
	if len(b) > 63 {
		return limit + 1
	}
	var rows [3][64]int
	prev2, prev, row := &rows[0], &rows[1], &rows[2]
	for j := 0; j <= len(b); j++ {
		prev[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row[0] = i
		least := i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			d := min(prev[j]+1, row[j-1]+1, prev[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				d = min(d, prev2[j-2]+1)
			}
			row[j] = d
			least = min(least, d)
		}
		if least > limit {
			return limit + 1
		}
		prev2, prev, row = prev, row, prev2
	}
	return prev[len(b)]
}
