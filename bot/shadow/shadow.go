// Package shadow compares two readings of one message by what they would bring about.
package shadow

import (
	"cmp"
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"sotto.chat/bot/reading"
	"sotto.chat/lessons"
)

// None is the kind of a reading that has no action.
const None = "none"

// Worth tells whether a model may do any of this at all: what only the customer's own words can do has nothing to be compared with.
func Worth(list []reading.Action) bool {
	return slices.ContainsFunc(list, func(a reading.Action) bool { return !own(a) })
}

func own(a reading.Action) bool { return a.Kind == reading.Confirm || a.Kind == reading.Pay }

// Same tells whether two readings would bring about the same in this state, and gives the kind of action in which they
// differ first, or else the first that they share. acted is the one that the bot followed.
func Same(acted, other []reading.Action, before reading.State) (kind string, same bool) {
	a, b := effects(acted, before), effects(other, before)
	left := counted(b)
	for _, e := range a {
		if left[e.what] == 0 {
			return e.kind, false
		}
		left[e.what]--
	}
	for _, e := range b {
		if left[e.what] > 0 {
			return e.kind, false
		}
	}
	if len(a) == 0 {
		return None, true
	}
	return a[0].kind, true
}

// effect is one thing that a reading brings about, written the same however it was read.
type effect struct{ kind, what string }

func counted(list []effect) map[string]int {
	n := map[string]int{}
	for _, e := range list {
		n[e.what]++
	}
	return n
}

func effects(list []reading.Action, before reading.State) []effect {
	out := make([]effect, 0, len(list))
	for _, a := range emptied(joined(plain(list, before)), before) {
		raw, err := json.Marshal(a)
		if err == nil { // it holds nothing that cannot be written
			out = append(out, effect{a.Kind, string(raw)})
		}
	}
	return out
}

// plain leaves out what is no deed, and writes each other one in one way.
func plain(list []reading.Action, before reading.State) []reading.Action {
	var deeds, talk []reading.Action
	for _, a := range list {
		switch a.Kind {
		case reading.Confirm, reading.Pay:
		case reading.Greet, reading.Thanks, reading.Bye:
			talk = append(talk, reading.Action{Kind: a.Kind})
		default:
			deeds = append(deeds, bare(a, before))
		}
	}
	if len(deeds) == 0 {
		return talk
	}
	return deeds
}

// bare keeps of an action what counts for its kind.
func bare(a reading.Action, before reading.State) reading.Action {
	out := reading.Action{Kind: a.Kind}
	switch a.Kind {
	case reading.Add:
		out.SKU, out.Quantity, out.Options, out.Note = a.SKU, max(a.Quantity, 1), options(a.Options), folded(a.Note)
	case reading.Change, reading.Remove:
		return line(a, before)
	case reading.Choose:
		return chosen(a, before)
	case reading.ShowProduct:
		out.SKU = a.SKU
	case reading.Search:
		out.Query = folded(a.Query)
	case reading.Browse:
		out.Category = a.Category
	case reading.ApplyCode:
		out.Code = folded(a.Code)
	case reading.OrderStatus, reading.CancelOrder, reading.Reorder, reading.ReturnOrder, reading.ReportProblem:
		out.Order = folded(a.Order)
	case reading.SetAddress:
		out.Text = folded(a.Text)
	case reading.SetDelivery:
		out.Method = a.Method
	case reading.SetLanguage:
		out.Language = folded(a.Language)
	case reading.Ask:
		out.Question, out.About = a.Question, a.About
	case reading.Privacy:
		out.About = a.About
	case reading.Rate:
		out.Score = a.Score
	}
	return out
}

// line writes a change of quantity as what is added or taken away.
func line(a reading.Action, before reading.State) reading.Action {
	out := reading.Action{Kind: a.Kind, Line: a.Line, Quantity: a.Quantity, Options: options(a.Options), Note: folded(a.Note)}
	at := slices.IndexFunc(before.Cart, func(l reading.CartLine) bool { return l.Line == a.Line })
	if at < 0 {
		return out
	}
	l := before.Cart[at]
	only := len(a.Options) == 0 && a.Note == ""
	switch {
	case a.Kind == reading.Remove && a.Quantity >= l.Quantity:
		out.Quantity = 0
	case a.Kind == reading.Change && only && a.Quantity > l.Quantity:
		return reading.Action{Kind: reading.Add, SKU: l.SKU, Quantity: a.Quantity - l.Quantity, Options: options(l.Options)}
	case a.Kind == reading.Change && only && a.Quantity > 0 && a.Quantity < l.Quantity:
		out.Kind, out.Quantity = reading.Remove, l.Quantity-a.Quantity
	case a.Kind == reading.Change && a.Quantity == l.Quantity:
		out.Quantity = 0
	}
	return out
}

// chosen writes the choice of a product that was shown as what it puts into the cart.
func chosen(a reading.Action, before reading.State) reading.Action {
	sku := a.SKU
	if a.Number > 0 && a.Number <= len(before.Shown) {
		sku = before.Shown[a.Number-1]
	}
	if before.Asked == reading.AskedOption || sku == "" {
		return reading.Action{Kind: reading.Choose, Number: a.Number, Options: options(a.Options), Quantity: a.Quantity, SKU: a.SKU}
	}
	return reading.Action{Kind: reading.Add, SKU: sku, Quantity: max(a.Quantity, 1), Options: options(a.Options), Note: folded(a.Note)}
}

func options(list []reading.Option) []reading.Option {
	var out []reading.Option
	for _, o := range list {
		if o.Count == 1 {
			o.Count = 0
		}
		out = append(out, o)
	}
	slices.SortFunc(out, func(a, b reading.Option) int {
		return cmp.Or(cmp.Compare(a.Group, b.Group), cmp.Compare(a.Choice, b.Choice), cmp.Compare(a.Amount, b.Amount), cmp.Compare(a.Count, b.Count))
	})
	return out
}

// folded makes words equal that differ in case, spaces and the marks around them only.
func folded(s string) string {
	return strings.Trim(strings.Join(strings.Fields(strings.ToLower(s)), " "), ".,;:!?")
}

// joined puts what is added twice into one.
func joined(list []reading.Action) []reading.Action {
	var out []reading.Action
	for _, a := range list {
		at := slices.IndexFunc(out, func(o reading.Action) bool {
			return a.Kind == reading.Add && o.Kind == reading.Add && o.SKU == a.SKU && o.Note == a.Note && slices.Equal(o.Options, a.Options)
		})
		if at < 0 {
			out = append(out, a)
			continue
		}
		out[at].Quantity += a.Quantity
	}
	return out
}

// emptied writes the removal of every line as what it is.
func emptied(list []reading.Action, before reading.State) []reading.Action {
	gone := map[string]bool{}
	for _, a := range list {
		if a.Kind == reading.Remove && a.Quantity == 0 {
			gone[a.Line] = true
		}
	}
	lines := map[string]bool{}
	for _, l := range before.Cart {
		lines[l.Line] = true
	}
	if len(lines) == 0 || !maps.Equal(gone, lines) {
		return list
	}
	kept := slices.DeleteFunc(slices.Clone(list), func(a reading.Action) bool { return a.Kind == reading.Remove && a.Quantity == 0 })
	return slices.Insert(kept, 0, reading.Action{Kind: reading.ClearCart})
}

// Moment is what a later reading must know of the time before the answer.
type Moment struct {
	State  reading.State `json:"state"`
	Locale string        `json:"locale"`
}

// Write gives the moment as it is kept, and Then reads it; one that cannot be read is one at which nothing was asked.
func (m Moment) Write() []byte {
	raw, err := json.Marshal(m)
	if err != nil { // it holds nothing that cannot be written
		return []byte("{}")
	}
	return raw
}

// Then reads what Write gave.
func Then(raw []byte) (m Moment) {
	if json.Unmarshal(raw, &m) != nil {
		return Moment{}
	}
	return m
}

// Deeds writes actions as they are kept and shown.
func Deeds(list []reading.Action) []lessons.TrialDeed {
	out := make([]lessons.TrialDeed, 0, len(list))
	for _, a := range list {
		if raw, err := json.Marshal(a); err == nil { // it holds nothing that cannot be written
			out = append(out, lessons.TrialDeed{Kind: a.Kind, Deed: string(raw)})
		}
	}
	return out
}

// Actions reads what Deeds wrote.
func Actions(list []lessons.TrialDeed) []reading.Action {
	out := make([]reading.Action, 0, len(list))
	for _, d := range list {
		var a reading.Action
		if json.Unmarshal([]byte(d.Deed), &a) == nil {
			out = append(out, a)
		}
	}
	return out
}
