package search

import (
	"math/bits"
	"strings"
)

func onesCount(x uint32) int { return bits.OnesCount32(x) }

// match finds the terms of the index that a query means: the words themselves, two of them written as one, one of them
// written as two, and the nearest word where one is misspelt.
func (ix *Index) match(terms []string) []wanted {
	var out []wanted
	for i, t := range terms {
		id, known := ix.terms[t]
		if known {
			out = append(out, wanted{id, 1, i})
		}
		joined := false
		if i+1 < len(terms) {
			joined = ix.join(&out, t+terms[i+1], i)
		}
		if known || joined || i > 0 && ix.has(terms[i-1]+t) {
			continue
		}
		if ix.takeApart(&out, t, i) {
			continue
		}
		if near, _ := ix.spelling.Nearest(t); near != "" {
			out = append(out, wanted{ix.terms[near], fixedWord, i})
		} else if whole := ix.beginning(t); whole >= 0 {
			out = append(out, wanted{whole, fixedWord, i})
		}
	}
	return out
}

func (ix *Index) has(t string) bool {
	_, ok := ix.terms[t]
	return ok
}

// join looks for two neighbours of the query as one word of the index ("smart watch" for "smartwatch").
func (ix *Index) join(out *[]wanted, both string, i int) bool {
	id, ok := ix.terms[both]
	if ok {
		*out = append(*out, wanted{id, joinedWord, i}, wanted{id, joinedWord, i + 1})
	}
	return ok
}

// takeApart looks for a word of the query as two of the index.
func (ix *Index) takeApart(out *[]wanted, t string, i int) bool {
	for cut := 3; cut+3 <= len(t); cut++ {
		a, ok := ix.terms[t[:cut]]
		b, too := ix.terms[t[cut:]]
		if ok && too {
			*out = append(*out, wanted{a, joinedWord / 2, i}, wanted{b, joinedWord / 2, i})
			return true
		}
	}
	return false
}

// beginning finds the most frequent term that starts with a word of at least four letters.
func (ix *Index) beginning(t string) int32 {
	best := int32(-1)
	if len(t) < MinTypo {
		return best
	}
	for term, id := range ix.terms {
		if strings.HasPrefix(term, t) && (best < 0 || len(ix.postings[id]) > len(ix.postings[best]) || len(ix.postings[id]) == len(ix.postings[best]) && id < best) {
			best = id
		}
	}
	return best
}
