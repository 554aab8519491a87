// Package search finds products of a catalog by words, in memory, forgiving typos and word forms.
package search
