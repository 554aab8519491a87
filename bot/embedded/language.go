package embedded

import (
	"cmp"
	"embed"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"sync"

	"sotto.chat/catalog/search"
)

//go:embed lang/*.json
var languageFiles embed.FS

// languageFile is one language as data: phrases by concept, and the values of number and ordinal words.
type languageFile struct {
	Code     string              `json:"code"`
	Concepts map[string][]string `json:"concepts"`
	Numbers  map[string]int      `json:"numbers"`
	Ordinals map[string]int      `json:"ordinals"`
	Names    map[string][]string `json:"languages"`
	Shapes   shapes              `json:"shapes"`
	// Sounds are what people say while they think: "um".
	Sounds []string `json:"sounds"`
}

// language is a compiled language: a trie over folded words.
type language struct {
	code  string
	nodes []langNode
	vocab map[string]bool

	skippable map[string]bool // words that may stand inside any phrase: "can I please have"
	typos     *search.Spelling
	shapes    shapes
	own       map[string]bool // its own names for itself
	sounds    map[string]bool
	minor     map[string]bool // the words that any sentence may hold, whatever it is about
}

type langNode struct {
	next   map[string]int32
	senses []sense
}

// sense is what a phrase of a language can mean: a concept, with a value for numbers and a text for names.
type sense struct {
	concept concept
	value   int
	text    string
}

// languages are read once, at the first use, and never change.
var languages = sync.OnceValue(loadLanguages)

// loadLanguages compiles the embedded language files. They are part of the program, so a broken one is a panic that
// any test finds.
func loadLanguages() []*language {
	entries, err := languageFiles.ReadDir("lang")
	if err != nil {
		panic(err)
	}
	var out []*language
	for _, e := range entries {
		data, err := languageFiles.ReadFile("lang/" + e.Name())
		if err != nil {
			panic(err)
		}
		var f languageFile
		if err := json.Unmarshal(data, &f); err != nil {
			panic(fmt.Errorf("language file %s: %w", e.Name(), err))
		}
		out = append(out, compileLanguage(e.Name(), &f))
	}
	slices.SortFunc(out, func(a, b *language) int { return cmp.Compare(a.code, b.code) })
	return out
}

func compileLanguage(file string, f *languageFile) *language {
	l := &language{code: f.Code, nodes: make([]langNode, 1), vocab: map[string]bool{}, skippable: map[string]bool{},
		shapes: f.Shapes, own: map[string]bool{}, sounds: map[string]bool{}}
	for _, w := range f.Sounds {
		l.sounds[w] = true
	}
	for _, name := range f.Names[f.Code] {
		l.own[search.Fold(name)] = true
	}
	for _, w := range f.Concepts["skippable"] {
		l.skippable[search.Fold(w)] = true
	}
	for name, phrases := range f.Concepts {
		c, known := conceptNames[name]
		if !known {
			panic(fmt.Sprintf("language file %s: unknown concept %q", file, name))
		}
		for _, p := range phrases {
			l.add(p, sense{concept: c})
		}
	}
	for p, n := range f.Numbers {
		l.add(p, sense{concept: cNumber, value: n})
	}
	for p, n := range f.Ordinals {
		l.add(p, sense{concept: cOrdinal, value: n})
	}
	for code, names := range f.Names {
		for _, p := range names {
			l.add(p, sense{concept: cLanguageName, text: code})
		}
	}
	l.typos = search.NewSpelling(l.vocab, 7)
	l.minor = map[string]bool{}
	for w, next := range l.nodes[0].next {
		if senses := l.nodes[next].senses; !within(senses, topical) && within(senses, small) {
			l.minor[w] = true
		}
	}
	return l
}

// within tells whether one of the senses is in a set.
func within(senses []sense, set conceptSet) bool {
	return slices.ContainsFunc(senses, func(s sense) bool { return set.has(s.concept) })
}

// add puts a phrase into the trie; a|b in it stands for either word.
func (l *language) add(phrase string, s sense) {
	for _, alternative := range expand(phrase) {
		node := int32(0)
		for _, w := range l.shapes.wordsOf(alternative) {
			l.vocab[w] = true
			next, ok := l.nodes[node].next[w]
			if !ok {
				next = int32(len(l.nodes))
				l.nodes = append(l.nodes, langNode{})
				if l.nodes[node].next == nil {
					l.nodes[node].next = map[string]int32{}
				}
				l.nodes[node].next[w] = next
			}
			node = next
		}
		if node != 0 && !slices.Contains(l.nodes[node].senses, s) {
			l.nodes[node].senses = append(l.nodes[node].senses, s)
		}
	}
}

// counts tells whether a word is a number.
func (l *language) counts(w string) bool { return l.number(w) > 0 }

// number gives the value of a word that is a number, 0 for others.
func (l *language) number(w string) int {
	if next, ok := l.nodes[0].next[w]; ok {
		for _, s := range l.nodes[next].senses {
			if s.concept == cNumber {
				return s.value
			}
		}
	}
	return 0
}

// expand resolves [a|b|] groups in a phrase: "[can|could] i get" is two phrases, and an empty part is "or nothing".
func expand(phrase string) []string {
	open := slices.Index([]byte(phrase), '[')
	if open < 0 {
		return []string{phrase}
	}
	end := open + slices.Index([]byte(phrase[open:]), ']')
	if end < open {
		return []string{phrase}
	}
	var out []string
	start := open + 1
	for i := start; i <= end; i++ {
		if phrase[i] == '|' || i == end {
			out = append(out, expand(phrase[:open]+phrase[start:i]+phrase[end+1:])...)
			start = i + 1
		}
	}
	return out
}

// hit is a phrase of the language found in a message, tokens from..to.
type hit struct {
	from, to int
	senses   []sense
}

// hasAny tells whether the phrase may mean one of the concepts.
func (h *hit) hasAny(cs ...concept) bool {
	return slices.ContainsFunc(h.senses, func(x sense) bool { return slices.Contains(cs, x.concept) })
}

// find gives all phrases of the language in a message, also overlapping ones.
func (l *language) find(tokens []token, hits []hit) []hit {
	for i := range tokens {
		if n, err := strconv.Atoi(tokens[i].word); err == nil && n > 0 && n < 1000 {
			hits = append(hits, hit{from: i, to: i + 1, senses: []sense{{concept: cNumber, value: n}}})
		}
		node := int32(0)
		for j := i; j < len(tokens); j++ {
			next, ok := l.nodes[node].next[tokens[j].word]
			if j > i && tokens[j].brk == breakSentence {
				break
			}
			if !ok && j > i && l.skippable[tokens[j].word] {
				continue
			}
			if !ok {
				break
			}
			node = next
			if s := l.nodes[node].senses; len(s) > 0 {
				hits = append(hits, hit{from: i, to: j + 1, senses: s})
			}
		}
	}
	return hits
}

// detection tells which languages a word speaks for, as bit sets over the sorted languages: those where it says something
// by itself, and those where it does so only beside the word before or behind it. "You" is no word of a language that has
// taken over "thank you".
type detection struct {
	words map[string]spoken
	pairs map[uint64]uint32
}

type spoken struct {
	id    int32
	alone uint32
}

func newDetection(all []*language) *detection {
	d := &detection{words: map[string]spoken{}, pairs: map[uint64]uint32{}}
	for i, l := range all {
		d.learn(l, 0, -1, 1<<i)
	}
	return d
}

// learn goes through the phrases of a language from a node on, which the word before leads to.
func (d *detection) learn(l *language, node, before int32, bit uint32) {
	for w, next := range l.nodes[node].next {
		known, ok := d.words[w]
		if !ok {
			known.id = int32(len(d.words))
		}
		if before < 0 && len(l.nodes[next].senses) > 0 {
			known.alone |= bit
		}
		d.words[w] = known
		if before >= 0 {
			d.pairs[edge(before, known.id)] |= bit
		}
		d.learn(l, next, known.id, bit)
	}
}

// speaks gives the languages that each word of a message speaks for.
func (d *detection) speaks(tokens []token) []uint32 {
	out := make([]uint32, len(tokens))
	before, known := spoken{}, false
	for i := range tokens {
		word, ok := d.words[tokens[i].word]
		if ok {
			out[i] |= word.alone
		}
		if ok && known {
			pair := d.pairs[edge(before.id, word.id)]
			out[i-1] |= pair
			out[i] |= pair
		}
		before, known = word, ok
	}
	return out
}

// detected is made once, of all languages.
var detected = sync.OnceValue(func() *detection { return newDetection(languages()) })

// lacking gives the other ways to say that a thing is without something: "non fat milk" is "no fat milk" and "fat free milk".
func (s *shapes) lacking(ws []string) [][]string {
	if len(ws) < 2 {
		return nil
	}
	core := ws[1:]
	if !slices.Contains(s.Lacking, ws[0]) {
		if !slices.Contains(s.FreeOf, ws[1]) {
			return nil
		}
		core = append([]string{ws[0]}, ws[2:]...)
	}
	var out [][]string
	for _, w := range s.Lacking {
		out = append(out, append([]string{w}, core...))
	}
	for _, w := range s.FreeOf {
		out = append(out, append([]string{core[0], w}, core[1:]...))
	}
	return out
}
