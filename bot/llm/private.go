package llm

import (
	"cmp"
	"embed"
	"encoding/json"
	"slices"
	"strings"
	"sync"

	"sotto.chat/bot/embedded"
	"sotto.chat/catalog"
)

//go:embed private/*.json
var privateFiles embed.FS

// tongue is how one language gives names and addresses away, as its data file says.
type tongue struct {
	Code         string   `json:"code"`
	Named        []string `json:"named"`         // what says that a name follows
	Near         []string `json:"near"`          // what may stand before a name, and before much else
	Titles       []string `json:"titles"`        // what a name has before it
	TitlesBehind []string `json:"titles_behind"` // and behind it
	Kin          []string `json:"kin"`           // who somebody is to the customer
	Address      []string `json:"address"`       // what says that an address follows
	Before       []string `json:"before"`        // kinds of streets, before their names
	Behind       []string `json:"behind"`        // and behind them
	Glued        []string `json:"glued"`         // and at their ends
	Units        []string `json:"units"`         // what stands beside the numbers of an address
	Joints       []string `json:"joints"`        // small words inside names
	Function     []string `json:"function"`      // words that begin no name
	Common       []string `json:"common"`        // words that are none, in capitals either
	Surnames     string   `json:"surnames"`      // letters that begin a name, in a script without spaces
	Nouns        bool     `json:"nouns"`         // every noun has a capital
}

// What a cue says of the words behind it, the surest last.
type role int

const (
	roleNear role = iota
	roleKin
	roleTitle
	roleNamed
	rolePlace
	roleStreet // the name of the street follows
	roleLane   // the name of the street stands before
	roleBehind // the name stands before it: "ji"
)

// cue is a phrase that gives something away.
type cue struct {
	words []string
	role  role
	lang  string
}

// words are sets of small words, one for each language.
type wordSets map[string]map[string]bool

// secrets is what the data of all languages come to.
type secrets struct {
	cues                            map[string][]cue // by the first word, longer ones first
	units, joints, function, common wordSets
	glued                           []string
	surnames                        map[string]bool
	nouns                           map[string]bool
}

var givenAway = sync.OnceValue(readPrivate)

// readPrivate reads the data files. They are part of the program, so a broken one is a panic that any test finds.
func readPrivate() *secrets {
	entries, err := privateFiles.ReadDir("private")
	if err != nil {
		panic(err)
	}
	s := &secrets{cues: map[string][]cue{}, units: wordSets{}, joints: wordSets{}, function: wordSets{}, common: wordSets{},
		surnames: map[string]bool{}, nouns: map[string]bool{}}
	split := embedded.Compile(catalog.File{})
	for _, e := range entries {
		raw, err := privateFiles.ReadFile("private/" + e.Name())
		if err != nil {
			panic(err)
		}
		var t tongue
		if err := json.Unmarshal(raw, &t); err != nil {
			panic("private/" + e.Name() + ": " + err.Error())
		}
		s.learn(&t, split)
	}
	for _, list := range s.cues {
		slices.SortStableFunc(list, func(a, b cue) int {
			return cmp.Or(len(b.words)-len(a.words), int(b.role-a.role), strings.Compare(a.lang, b.lang))
		})
	}
	return s
}

func (s *secrets) learn(t *tongue, split *embedded.Lexicon) {
	wordsOf := func(phrase string) (out []string) {
		for _, term := range split.Terms(phrase) {
			out = append(out, term.Word)
		}
		return out
	}
	for r, phrases := range map[role][]string{roleNamed: t.Named, roleNear: t.Near, roleTitle: t.Titles, roleBehind: t.TitlesBehind,
		roleKin: t.Kin, rolePlace: t.Address, roleStreet: t.Before, roleLane: t.Behind} {
		for _, p := range phrases {
			words := wordsOf(p)
			s.cues[words[0]] = append(s.cues[words[0]], cue{words, r, t.Code})
		}
	}
	for sets, list := range map[*wordSets][]string{&s.units: t.Units, &s.joints: t.Joints, &s.function: t.Function, &s.common: t.Common} {
		(*sets)[t.Code] = map[string]bool{}
		for _, phrase := range list {
			for _, w := range wordsOf(phrase) {
				(*sets)[t.Code][w] = true
			}
		}
	}
	for _, suffix := range t.Glued {
		s.glued = append(s.glued, strings.Join(wordsOf(suffix), ""))
	}
	for _, letter := range t.Surnames {
		s.surnames[string(letter)] = true
	}
	s.nouns[t.Code] = t.Nouns
}

// has tells whether a word is in the set of one of the languages.
func (w wordSets) has(word string, languages ...string) bool {
	for _, l := range languages {
		if w[l][word] {
			return true
		}
	}
	return false
}

// any tells whether a word is in the set of any language.
func (w wordSets) any(word string) bool {
	for _, set := range w {
		if set[word] {
			return true
		}
	}
	return false
}
