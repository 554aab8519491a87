package bot

import (
	"reflect"
	"slices"
	"strings"

	"sotto.chat/bot/embedded"
	"sotto.chat/bot/reading"
	"sotto.chat/bot/shelf"
	"sotto.chat/bot/words"
	"sotto.chat/catalog"
	"sotto.chat/lessons"
)

// What a reading must be to act on words alone.
const (
	// sureToOrder is what a yes to an order needs.
	sureToOrder = 0.8
	// nearly is the share of the winner's weight from which another reading that does something else is too near to pass over.
	nearly = 0.25
	// maxMeanings is how many readings are offered at most.
	maxMeanings = 3
	// maxStrange is how many words of a yes to an order may stay without a meaning: beyond it, the yes may be another word's.
	maxStrange = 1
)

// Asks tells whether the bot asks what was meant before it does what a reading says: where the reading is not likely enough
// for what it would do, or one that does something else is nearly as likely. The others are what else the message could mean.
func Asks(r reading.Reading, others []embedded.Other) bool {
	deeds := deedsOf(r)
	if len(deeds) == 0 {
		return false
	}
	for _, a := range deeds {
		if r.Confidence < needs(a.Kind) || a.Kind == reading.Confirm && len(r.Unread) > maxStrange {
			return true
		}
	}
	return slices.ContainsFunc(others, func(o embedded.Other) bool {
		return o.Weight >= nearly*r.Confidence && !reflect.DeepEqual(deedsOf(o.Reading), deeds)
	})
}

// needs is the confidence that a kind of action needs to be done on words alone; 0 for what changes nothing. What cancels an
// order and what pays for one is asked about in any case, however sure it is.
func needs(kind string) float64 {
	switch kind {
	case reading.Add, reading.Choose, reading.Change, reading.Reorder, reading.Remove, reading.ClearCart:
		return sureEnough
	case reading.Confirm:
		return sureToOrder
	}
	return 0
}

// deedsOf are the actions of a reading that change something.
func deedsOf(r reading.Reading) []reading.Action {
	var out []reading.Action
	for _, a := range r.Actions {
		if needs(a.Kind) > 0 {
			out = append(out, a)
		}
	}
	return out
}

// doubts asks what a message means where the bot may not act on its reading. What the customer picks then is no guess.
func (t *talk) doubts(r reading.Reading, q Question) bool {
	if !slices.ContainsFunc(deedsOf(r), func(a reading.Action) bool { return !t.asksWhich(a) }) {
		return false
	}
	others := t.goods.Lexicon.Others(q.Text, q.State, q.Locale)
	if !Asks(r, others) {
		return false
	}
	if slices.ContainsFunc(r.Actions, func(a reading.Action) bool { return a.Kind == reading.Confirm }) {
		t.mem.Buying = t.mem.Asked == reading.AskedConfirm // the question is asked again, and needs a plain yes
		return true
	}
	t.askMeant(append([]embedded.Other{{Reading: r}}, others...))
	return true
}

// asksWhich tells whether adding a product asks by itself which of several is meant.
func (t *talk) asksWhich(a reading.Action) bool {
	p, ok := t.goods.Product(a.SKU)
	return a.Kind == reading.Add && ok && (len(t.goods.Namesakes(a.SKU, t.text)) > 1 || len(p.Variants) > 0 && p.SKU == a.SKU)
}

// askMeant offers what a message may mean, one button each. Where nothing of it can be worded, it was not understood.
func (t *talk) askMeant(list []embedded.Other) {
	var offered []meant
	for _, o := range list {
		m := meant{Deeds: deedsOf(o.Reading)}
		m.Label = t.meaning(m.Deeds)
		if m.Label != "" && len(offered) < maxMeanings && !slices.ContainsFunc(offered, func(other meant) bool { return other.Label == m.Label }) {
			offered = append(offered, m)
		}
	}
	if len(offered) == 0 {
		t.misread = true
		return
	}
	t.mem.ask(askedMeant)
	t.mem.Meant = offered
	t.offerMeant()
	t.answered = true
	t.miss(lessons.Asked)
}

// meaning words what would be done; empty where it cannot be done at all.
func (t *talk) meaning(deeds []reading.Action) string {
	var list []string
	for _, a := range deeds {
		words := t.deed(a)
		if words == "" {
			return ""
		}
		list = append(list, words)
	}
	return strings.Join(list, ", ")
}

func (t *talk) deed(a reading.Action) string {
	thing := func(sku string, n int64, options []reading.Option) string {
		t.out.facts.Count(n)
		return t.out.word("thing", words.Facts{"count": n, "what": t.what(t.goods.Name(sku), sku, worded(t.goods, sku, options))})
	}
	switch a.Kind {
	case reading.Confirm:
		return "" // a yes is never offered: it is said
	case reading.Add, reading.Choose:
		if _, ok := t.goods.Product(a.SKU); !ok {
			return ""
		}
		return thing(a.SKU, int64(max(a.Quantity, 1)), a.Options)
	}
	if key, ok := map[string]string{reading.ClearCart: "button_clear", reading.Reorder: "button_again"}[a.Kind]; ok {
		return t.out.word(key, nil)
	}
	l, ok := t.line(a.Line)
	if !ok {
		return ""
	}
	if a.Kind == reading.Remove && a.Quantity > 0 && int64(a.Quantity) < l.Quantity {
		return t.out.word("button_remove", words.Facts{"product": thing(l.SKU, int64(a.Quantity), nil)})
	}
	if a.Kind == reading.Remove {
		return t.out.word("button_remove", words.Facts{"product": t.name(l.SKU)})
	}
	n := l.Quantity
	if a.Quantity > 0 {
		n = int64(a.Quantity)
	}
	return t.out.word("button_change", words.Facts{"what": thing(l.SKU, n, t.merge(l.SKU, fromCatalog(l.Options), a.Options))})
}

// meantIt does what the customer picked of what a message may have meant.
func (t *talk) meantIt(which int) error {
	if t.mem.Asked != askedMeant || which < 0 || which >= len(t.mem.Meant) {
		t.out.say("old_button", nil)
		t.show = true
		return nil
	}
	deeds := t.mem.Meant[which].Deeds
	t.mem.ask(reading.AskedNothing)
	for _, a := range deeds {
		if err := t.try(a); err != nil {
			return err
		}
	}
	return nil
}

// meantTap finds what a button stands for.
func (t *talk) meantTap(about string) error {
	return t.meantIt(slices.IndexFunc(t.mem.Meant, func(m meant) bool { return shelf.Ref(m.Label) == about }))
}

// worded gives options with the names that the merchant gave them.
func worded(g *shelf.Goods, sku string, options []reading.Option) []catalog.PricedOption {
	var out []catalog.PricedOption
	for _, o := range options {
		group, ok := g.Group(sku, o.Group)
		if !ok {
			continue
		}
		for _, c := range group.Choices {
			if c.ID == o.Choice {
				out = append(out, catalog.PricedOption{Option: toCatalog([]reading.Option{o})[0], ChoiceName: c.Name})
			}
		}
	}
	return out
}
