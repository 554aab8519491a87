package embedded

import (
	"cmp"
	"math"
	"reflect"
	"slices"
	"sync"

	"sotto.chat/bot/embedded/odds"
	"sotto.chat/bot/reading"
)

// likelihood is read once, at the first use, and never changes.
var likelihood = sync.OnceValue(odds.Fitted)

// eitherSure is the most that a reading can be sure of where one thing or another is asked for: nobody knows yet which.
const eitherSure = 0.4

// confidence is the likelihood that the whole reading is right, with two digits. It is never certain.
func (r *reader) confidence() float64 {
	if len(r.out) == 0 {
		return 0
	}
	signs, most := r.signs(), 0.99
	if len(r.either) > 0 {
		most = eitherSure
	}
	return math.Round(100*min(max(likelihood().Right(&signs), 0.01), most)) / 100
}

// Signs understands a message as Read does, and gives what its confidence was made of.
func (l *Lexicon) Signs(text string, s reading.State, locale string) (reading.Reading, odds.Signs) {
	r := l.reader(text, &s)
	out := r.all(locale)
	if len(out.Actions) == 0 {
		return out, odds.Signs{}
	}
	return out, r.signs()
}

// kindSign tells which sign the kinds of action give; courtesies give none.
func kindSign(kind string) (odds.Sign, bool) {
	switch kind {
	case reading.Add, reading.Reorder:
		return odds.Orders, true
	case reading.Change, reading.Remove, reading.ClearCart:
		return odds.Edits, true
	case reading.Confirm, reading.Pay, reading.Checkout:
		return odds.Yes, true
	case reading.Deny:
		return odds.No, true
	case reading.Search, reading.Browse, reading.ShowProduct, reading.ShowCart, reading.Choose:
		return odds.Looks, true
	case reading.Ask:
		return odds.Asks, true
	case reading.Greet, reading.Thanks, reading.Bye, reading.Help, reading.Human, reading.Repeat, reading.Rate:
		return 0, false
	}
	return odds.Serves, true
}

// signs gathers what the reading shows of itself.
func (r *reader) signs() odds.Signs {
	var s odds.Signs
	options := r.signsOfActions(&s)
	words, unknown := float64(len(r.tokens)), 0.0
	for i := range r.segs {
		if r.segs[i].unknown() {
			unknown += float64(r.segs[i].to - r.segs[i].from)
		}
	}
	switch {
	case s[odds.Orders]+s[odds.Edits] > 0:
		s[odds.UnknownOrder], s[odds.Strange] = unknown/words, math.Log1p(unknown)
		r.signsOfOrder(&s, options)
	case s[odds.Yes] > 0:
		s[odds.WordyYes], s[odds.StrangeYes] = math.Log(words), math.Log1p(unknown)
	case s[odds.No] > 0:
		s[odds.WordyNo] = math.Log(words)
	default:
		s[odds.Unknown] = unknown / words
	}
	switch {
	case s[odds.Asks] > 0:
		s[odds.Alike], s[odds.Ahead] = r.alike, min(r.apart, 0.3)
	case s[odds.Orders]+s[odds.Edits]+s[odds.Yes] == 0:
		s[odds.Beside] = r.alike
	}
	return s
}

// signsOfActions looks at what the reading does, and counts the options in it.
func (r *reader) signsOfActions(s *odds.Signs) (options int) {
	for i := range r.out {
		a := &r.out[i]
		options += len(a.Options)
		if a.Note != "" {
			s[odds.Noted] = 1
		}
		sign, ok := kindSign(a.Kind)
		if a.Kind == reading.Ask && a.Question == "" {
			sign = odds.Open
		}
		if ok && s[sign] == 0 {
			s[sign] = 1
			s[odds.Mixed]++
		}
	}
	s[odds.Mixed] = max(0, s[odds.Mixed]-1)
	if s[odds.Orders]+s[odds.Edits] == 0 {
		s[odds.Noted], s[odds.Mixed] = 0, s[odds.Mixed]*s[odds.Yes]
	}
	return options
}

// signsOfOrder looks at how the names of an order were read.
func (r *reader) signsOfOrder(s *odds.Signs, options int) {
	goods, named := 0, 0
	for i := range r.out {
		if a := &r.out[i]; a.SKU != "" || a.Line != "" || a.Category != "" || a.Query != "" {
			goods++
		}
	}
	for i := range r.segs {
		g := &r.segs[i]
		if g.phrase < 0 {
			continue
		}
		p := &r.lex.phrases[g.phrase]
		if len(p.products) > 0 || p.choice || p.attribute {
			named++
		}
		if i > 0 && len(p.products) > 0 && r.segs[i-1].unknown() && r.tokens[g.from].brk == breakNone {
			s[odds.Narrowed]++
		}
		if len(p.products) > 1 {
			s[odds.Several]++
		}
		if g.part {
			s[odds.Part]++
		}
	}
	for i := range r.forms {
		if r.forms[i].fixed || r.forms[i].mended {
			s[odds.Mended]++
		}
	}
	if named == 0 {
		s[odds.Pointed] = 1
	}
	for i := range r.tokens {
		if r.tokens[i].question || r.open {
			s[odds.Asking] = 1
		}
	}
	for _, x := range []odds.Sign{odds.Several, odds.Part, odds.Mended, odds.Narrowed} {
		s[x] = math.Log1p(s[x])
	}
	s[odds.Idle], s[odds.Left] = math.Log1p(float64(max(0, named-goods-options))), math.Log1p(float64(len(r.left)))
	s[odds.Doubt], s[odds.Close], s[odds.Torn] = min(r.doubt, 1), math.Exp(-r.ahead), r.torn
}

// attached notes what an order was read as, and how near the next way comes.
func (r *reader) attached(o *orderText, items []item, ahead float64) {
	r.torn = max(r.torn, math.Exp(-ahead))
	for i := range items {
		for x := max(items[i].from, 1); x < items[i].to; x++ {
			if o.gaps[x].or && !o.gaps[x].and && !slices.ContainsFunc(o.gaps[items[max(0, i-1)].from:x+1], func(g gap) bool { return g.without }) {
				r.either = append(r.either, o.either(&items[i], x, len(r.items)))
			}
		}
		r.items = append(r.items, o.place(&items[i]))
	}
}

// choice is one thing or another of which a message asks for one: two items, of which the second is named, or two choices of it.
type choice struct {
	item    int
	options [2]reading.Option // empty where the items are what is to be chosen from
}

// either gives what mention x of an item is said in the place of.
func (o *orderText) either(it *item, x, at int) choice {
	c := choice{item: at}
	for k := range c.options {
		if x > it.from && it.product >= 0 {
			if g, ch, ok := o.l.offers(it.product, o.mentions[x-1+k].seg.phrase); ok {
				c.options[k] = reading.Option{Group: o.l.groups[g].id, Choice: o.l.groups[g].choices[ch]}
			}
		}
	}
	return c
}

// eithers gives the readings that keep just one of what was said to be this or that.
func (r *reader) eithers(won reading.Reading) []reading.Reading {
	var adds []int
	for i := range won.Actions {
		if won.Actions[i].Kind == reading.Add {
			adds = append(adds, i)
		}
	}
	if len(adds) != len(r.items) {
		return nil
	}
	var out []reading.Reading
	for _, c := range r.either {
		for k, o := range c.options {
			one, at := won, adds[c.item]
			one.Actions = slices.Clone(won.Actions)
			switch {
			case o.Choice != "":
				one.Actions[at].Options = slices.DeleteFunc(slices.Clone(one.Actions[at].Options), func(x reading.Option) bool {
					return x.Group == o.Group && x.Choice == o.Choice
				})
			case c.item > 0:
				at = adds[c.item-k]
				one.Actions = slices.Delete(one.Actions, at, at+1)
			}
			out = append(out, one)
		}
	}
	return out
}

// barred is what shall not be read, and the language that shall be taken; nothing and none for a message as it is.
type barred struct {
	segs     []segment
	items    []place
	lang     *language
	question string // of the merchant's
}

// mostReasons bounds how many signs are named.
const mostReasons = 3

// reasons gives the signs that moved the confidence most.
func (r *reader) reasons() []Weighed {
	if len(r.out) == 0 {
		return nil
	}
	signs := r.signs()
	var out []Weighed
	for name, w := range likelihood().Moved(&signs) {
		out = append(out, Weighed{name, w})
	}
	slices.SortFunc(out, func(a, b Weighed) int {
		return cmp.Or(cmp.Compare(math.Abs(b.Weight), math.Abs(a.Weight)), cmp.Compare(a.Name, b.Name))
	})
	return out[:min(len(out), mostReasons)]
}

// Other is something else that a whole message could mean.
type Other struct {
	Reading reading.Reading
	Weight  float64 // of one; the reading that won has its confidence
	odds    float64
}

// mostTries bounds how often a message is read again to hear what else it could mean.
const mostTries = 12

// oddsOfOne is what each of two things is given of which just one is asked for.
const oddsOfOne = 3.0

// Others gives what else a message could mean as a whole, the likeliest first: each is the best reading without one of the
// names that the first was made of. What they and the first leave of one is for whatever nobody thought of.
func (l *Lexicon) Others(text string, s reading.State, locale string) []Other {
	first := l.reader(text, &s)
	won := first.all(locale)
	if len(won.Actions) == 0 {
		return nil
	}
	var out []Other
	offer := func(read reading.Reading, odds float64) {
		if len(read.Actions) > 0 && !sameActions(read, won) && !slices.ContainsFunc(out, func(o Other) bool { return sameActions(o.Reading, read) }) {
			out = append(out, Other{Reading: read, odds: odds})
		}
	}
	for _, read := range first.eithers(won) {
		offer(read, oddsOfOne)
	}
	for _, bar := range first.bars() {
		r := l.reader(text, &s)
		r.bar = bar
		read := r.all(locale)
		sure := min(max(read.Confidence, 0.01), 0.99)
		offer(read, sure/(1-sure)*math.Exp(-max(0, first.worth-r.worth)))
	}
	all := 1.0
	for i := range out {
		all += out[i].odds
	}
	for i := range out {
		out[i].Weight = (1 - won.Confidence) * out[i].odds / all
	}
	slices.SortStableFunc(out, func(a, b Other) int { return cmp.Compare(b.Weight, a.Weight) })
	return out
}

func sameActions(a, b reading.Reading) bool { return reflect.DeepEqual(a.Actions, b.Actions) }

// bars lists what to leave out, one at a time: the names that were taken, what belonged to what, the language, the
// merchant's question.
func (r *reader) bars() []barred {
	var out []barred
	for _, p := range r.items {
		out = append(out, barred{items: []place{p}})
	}
	for i := range r.segs {
		if r.segs[i].phrase >= 0 {
			out = append(out, barred{segs: r.segs[i : i+1]})
		}
	}
	if r.says(reading.Ask) {
		out = append(out, barred{question: r.asked})
	}
	if r.next != nil && r.lead < 1 {
		out = append(out, barred{lang: r.next})
	}
	return out[:min(len(out), mostTries)]
}
