package llm

import (
	"slices"
	"strings"
	"unicode/utf8"
)

// maxPlace is the longest address, in words.
const maxPlace = 16

// place marks the address that a cue says comes next: to the end of its sentence, or to the first word that is none of it.
func (s *scene) place(from int) {
	if !s.follows(from) {
		return
	}
	to, digits, names := from, false, 0
	for k := from; k < len(s.terms) && k < from+maxPlace && !s.hidden[k] && (k == from || s.within(k)); k++ {
		t := s.terms[k]
		switch {
		case s.number(k):
			digits = true
		case k > from && s.unit(k):
		case s.han(k) && strings.ContainsAny(s.gap(k), ",，") || t.Catalog || !s.partOfPlace(k):
			k = len(s.terms)
			continue
		case s.capital(k) || s.han(k) || s.unknown(k):
			names++
		}
		to = k + 1
	}
	to = s.trimmed(from, to)
	strong := digits && names > 0
	if han := s.han(from); han && names > 1 && (digits || to == len(s.terms) || s.ends(to-1)) {
		strong = true
	}
	for k := from; k < to; k++ {
		strong = strong || s.capital(k) && s.unknown(k) && !s.terms[k].Near
	}
	if to > from && strong {
		s.out = append(s.out, found{"ADDRESS", from, to})
	}
}

// within tells whether an address may go on over what stands before a word.
func (s *scene) within(k int) bool {
	g := s.gap(k)
	return strings.Trim(g, " \u00a0,.-–/#:()'’º°،，：") == "" && (!strings.Contains(g, ". ") || utf8.RuneCountInString(s.terms[k-1].Word) <= 4)
}

// partOfPlace tells whether a word may stand in an address.
func (s *scene) partOfPlace(k int) bool {
	w := s.terms[k].Word
	if s.han(k) {
		return !s.function.has(w, s.spoken...)
	}
	return s.capital(k) && !s.function.has(w, s.spoken...) || s.unknown(k) || s.units.any(w) || s.joints.any(w) || w == "#" || s.isStreet(k)
}

func (s *scene) isStreet(k int) bool {
	return slices.ContainsFunc(s.cues[s.terms[k].Word], func(c cue) bool { return c.role == roleStreet || c.role == roleLane })
}

// trimmed takes what belongs to the next thing off the end: a number before goods, a small word.
func (s *scene) trimmed(from, to int) int {
	goods := to < len(s.terms) && (s.terms[to].Catalog || len(s.terms[to].Spoken) > 0) && s.joined(to)
	if goods && to-1 > from && s.number(to-1) && !s.units.any(s.terms[to-2].Word) {
		to--
	}
	for to > from && !s.han(to-1) && (s.joints.any(s.terms[to-1].Word) || s.terms[to-1].Word == "and") && !s.number(to-1) && !s.capital(to-1) {
		to--
	}
	return to
}

// lane marks an address whose street is named before the word for it: "12 Mill Lane".
func (s *scene) lane(at, next int) {
	if s.terms[at].Catalog {
		return
	}
	if s.han(at) {
		s.hanLane(at, next)
		return
	}
	from, names, numbered := at, 0, false
	for k := at - 1; k >= max(0, at-4) && s.joined(k+1); k-- {
		if s.number(k) {
			from, numbered = k, true
			break
		}
		ordinal := k > 0 && s.number(k-1) && s.gap(k) == "" // "5th"
		known := !ordinal && !s.unknown(k) && !(s.capital(k) && k > 0)
		if s.terms[k].Catalog || known && !s.between(k, at) {
			break
		}
		names++
		if from = k; !s.capital(k) && !ordinal && names > 2 {
			break
		}
	}
	for k := from; k < at && !numbered; k++ {
		if !s.capital(k) || !s.unknown(k) {
			from = k + 1
		}
	}
	if names == 0 || from >= at || !numbered && !s.capital(at) {
		return
	}
	if from > 1 && s.number(from-1) && strings.ContainsAny(s.gap(from), "-/") {
		from--
	}
	s.out = append(s.out, found{"ADDRESS", from, s.beyond(next)})
}

// between tells a word that everybody knows between a number and a word that says street alone: "119 main street".
func (s *scene) between(k, at int) bool {
	return k+1 == at && s.number(k-1) && s.joined(k) && len(s.terms[at].Spoken) == 0 && !s.function.has(s.terms[k].Word, s.spoken...)
}

// street marks an address whose street is named behind the word for it: "calle Mayor 8", "12 rue de la Paix".
func (s *scene) street(c cue, at, next int) {
	if s.terms[at].Catalog || next >= len(s.terms) {
		return
	}
	to, names := next, 0
	for k := next; k < len(s.terms) && k < next+5 && s.joined(k); k++ {
		w := s.terms[k].Word
		joint := s.joints.has(w, c.lang) && k+1 < len(s.terms)
		if s.number(k) || s.terms[k].Catalog || !joint && !s.capital(k) && (!s.unknown(k) || s.units.any(w)) {
			break
		}
		if !joint {
			names++
		}
		to = k + 1
	}
	for to > next && s.joints.has(s.terms[to-1].Word, c.lang) && !s.capital(to-1) {
		to--
	}
	end := s.beyond(to)
	from := at
	if before := at - 1; before >= 0 && s.units.has(s.terms[before].Word, c.lang) && s.number(before-1) {
		from = before - 1 // "12 bis rue"
	} else if s.number(before) && strings.Trim(s.gap(at), " ,") == "" {
		from = before
	}
	numbered := from < at
	for k := to; k < end; k++ {
		numbered = numbered || s.number(k)
	}
	if names > 0 && (numbered || s.capital(next) || s.capital(to-1) || !cased(s.terms[next].Word)) || names == 0 && end > to && s.number(to) && s.capital(at) {
		s.out = append(s.out, found{"ADDRESS", from, end})
	}
}

// minGlue is the least that stands before the word for a street at the end of its name.
const minGlue = 3

// glue marks an address whose street ends with the word for it: "Lindenstraße 5".
func (s *scene) glue(i int) {
	t := s.terms[i]
	if t.Catalog {
		return
	}
	for _, suffix := range s.glued {
		stem, ok := strings.CutSuffix(t.Word, suffix)
		numbered := i+1 < len(s.terms) && s.number(i+1) && s.joined(i+1)
		if ok && len(stem) >= minGlue && (numbered && (s.capital(i) || len(suffix) > 4) || s.capital(i) && len(suffix) > 5) {
			s.out = append(s.out, found{"ADDRESS", i, s.beyond(i + 1)})
			return
		}
	}
}

// beyond gives the end of an address whose street ends before the word at k: its number, its flat, its code and its town.
func (s *scene) beyond(k int) int {
	numbers := 0
	for k < len(s.terms) && !s.hidden[k] && s.within(k) {
		w, comma := s.terms[k].Word, strings.ContainsAny(s.gap(k), ",،，")
		next := k+1 < len(s.terms) && s.within(k+1)
		switch {
		case s.number(k) && !s.counts(k) && (numbers == 0 || comma || len(w) > 3 || strings.ContainsAny(s.gap(k), "-/")):
			numbers++
		case s.number(k-1) && s.gap(k) == "" && len(w) == 1, w == "#" && next && s.number(k+1):
		case s.unit(k) || s.units.any(w) && !s.terms[k].Catalog && next && (s.number(k+1) || len(s.terms[k+1].Word) == 1 || s.units.any(s.terms[k+1].Word)):
			numbers = 0
			if !s.number(k + 1) {
				k++
			}
		case s.capital(k) && s.unknown(k) && (comma || numbers > 0 && s.joined(k)) && !s.terms[k].Near:
		case s.capital(k) && s.joints.any(w) && (comma || numbers > 0) && next && s.joined(k+1) && s.capital(k+1) && !s.terms[k+1].Catalog:
			k++
		case !cased(w) && !s.han(k) && s.unknown(k) && comma && s.ends(k):
		default:
			return k
		}
		k++
	}
	return k
}

// unit tells a little word that says what the number behind it is, even where goods have one like it: "no. 9".
func (s *scene) unit(k int) bool {
	w := s.terms[k].Word
	return s.units.any(w) && (len(w) <= 3 || !s.terms[k].Catalog) && s.number(k+1) && s.within(k+1)
}

// counts tells whether a number counts goods: "2 colas".
func (s *scene) counts(k int) bool {
	return k+1 < len(s.terms) && s.joined(k+1) && s.gap(k+1) != "" && (s.terms[k+1].Catalog || s.terms[k+1].Near)
}

// hanLetter tells whether a letter may stand in a name.
func (s *scene) hanLetter(k int, counted bool) bool {
	return s.han(k) && !s.terms[k].Catalog && !s.function.any(s.terms[k].Word) && (!counted || !s.common.any(s.terms[k].Word))
}

// hanName marks the letters of a name behind a cue, in a script without spaces.
func (s *scene) hanName(c cue, from int) {
	if !s.follows(from) || s.gap(from) != "" && c.role < roleNamed || c.role != roleNamed && !s.surnames[s.terms[from].Word] {
		return
	}
	to := from
	for to < from+maxName && s.hanLetter(to, c.role != roleNamed) && (to == from || s.gap(to) == "") {
		to++
	}
	if to == from+maxName {
		to-- // names of four letters are rare, and a letter more is one of something else
	}
	if to-from > 1 {
		s.out = append(s.out, found{"NAME", from, to})
	}
}

// hanLane marks a street and its numbers, in a script without spaces.
func (s *scene) hanLane(at, next int) {
	from := at
	for k := at - 1; k >= max(0, at-maxPlace) && s.hanLetter(k, false) && s.gap(k+1) == ""; k-- {
		from = k
	}
	to, numbered := next, false
	for to < len(s.terms) && !s.hidden[to] && strings.Trim(s.gap(to), " ，,-") == "" && (s.number(to) && !s.counts(to) || s.units.any(s.terms[to].Word) && !s.terms[to].Catalog) {
		numbered = numbered || s.number(to)
		to++
	}
	if from < at && numbered {
		s.out = append(s.out, found{"ADDRESS", from, to})
	}
}
