package catalog

import (
	"fmt"
	"slices"
	"strings"

	"sotto.chat/internal/fault"
)

// The limits of the options of one wish; with MaxPrice they keep the price of a piece within 64 bits.
const (
	maxOptions = 200
	maxCount   = 99
)

// chosen is what the options of a wish come to. price is for one piece, on top of the product's.
type chosen struct {
	options []PricedOption
	price   int64
	missing []Group
	problem *fault.Fault // the first one
}

func (c *chosen) fail(f *fault.Fault) {
	if c.problem == nil {
		c.problem = f
	}
}

// picks is what was picked of one group: how many of each choice, and which were left out.
type picks struct {
	count map[string]int64 // by the choice's id
	out   map[string]bool
}

// choose checks options against the groups of a product.
func choose(groups []Group, options []Option) chosen {
	var c chosen
	if len(options) > maxOptions {
		c.fail(ErrTooManyOptions.Say("A line has at most %d options.", maxOptions))
		return c
	}
	picked := make(map[string]*picks, len(groups))
	for _, g := range groups {
		picked[g.ID] = &picks{map[string]int64{}, map[string]bool{}}
	}
	for i, o := range options {
		where := fmt.Sprintf("options[%d]", i)
		g := find(groups, o.Group, Group.called)
		if g == nil {
			c.fail(ErrUnknownOption.At(where+".group", "the product has no such option group"))
			continue
		}
		h := find(g.Choices, o.Choice, Choice.called)
		if h == nil {
			c.fail(ErrUnknownOption.Say("There is no such choice of %s.", g.Name).At(where+".choice", "the option group has no such choice"))
			continue
		}
		c.pick(where, *g, *h, o, picked[g.ID])
	}
	for _, g := range groups {
		c.settle(g, *picked[g.ID])
	}
	return c
}

// pick takes one option in.
func (c *chosen) pick(where string, g Group, h Choice, o Option, p *picks) {
	o.Group, o.Choice = g.Code, h.Code
	if o.Count == 0 {
		o.Count = 1
	}
	twice := p.count[h.ID] > 0 || p.out[h.ID]
	switch {
	case o.Count < 1 || o.Count > maxCount:
		c.fail(ErrOption.At(where+".count", fmt.Sprintf("must be 1 to %d", maxCount)))
	case o.Amount != "" && o.Amount != Extra && o.Amount != Light && o.Amount != None:
		c.fail(ErrOption.At(where+".amount", "must be extra, light or none"))
	case o.Amount != "" && !g.Amounts && !(o.Amount == None && h.Preset):
		c.fail(ErrOption.Say("%s cannot be had extra, light or left out.", h.Name).At(where+".amount", "the option group has no amounts"))
	case twice:
		c.fail(ErrOption.Say("%s is named twice.", h.Name).At(where+".choice", "is named twice; give a count"))
	case !h.Available && o.Amount != None:
		c.fail(ErrUnavailable.Say("%s is not to be had at the moment.", h.Name).At(where+".choice", "is not available"))
	}
	if o.Amount == None {
		p.out[h.ID] = true
		o.Count = 1
	} else {
		p.count[h.ID] += max(o.Count, 0)
	}
	price := priceOfChoice(h, o)
	c.price += price
	if o.Count == 1 {
		o.Count = 0 // one is the usual, and has one form
	}
	c.options = append(c.options, PricedOption{Option: o, GroupName: g.Name, ChoiceName: h.Name, Price: price})
}

// priceOfChoice: the first portion of a preset is in the product's price, unless it is asked for as extra.
func priceOfChoice(h Choice, o Option) int64 {
	n := min(max(o.Count, 0), maxCount)
	switch {
	case o.Amount == None:
		return 0
	case h.Preset && o.Amount != Extra:
		return h.Price * max(n-1, 0)
	}
	return h.Price * n
}

// settle counts the group against its limits. Presets that nobody named come with the product; where only
// one choice is allowed, a named one takes the preset's place.
func (c *chosen) settle(g Group, p picks) {
	var named, presets int64
	for _, n := range p.count {
		named += n
	}
	for _, h := range g.Choices {
		if h.Preset && h.Available && p.count[h.ID] == 0 && !p.out[h.ID] {
			presets++
		}
	}
	if g.Max != nil && *g.Max == 1 && named > 0 {
		presets = 0
	}
	if g.Max != nil && named > 0 && named+presets > *g.Max {
		c.fail(ErrTooManyOptions.Say("%s: at most %d.", g.Name, *g.Max).At("options", "at most "+fmt.Sprint(*g.Max)+" of "+g.Code))
	}
	if named+presets < g.Min {
		c.missing = append(c.missing, g)
	}
}

// find gives what goes by this text: by id or code, else by name in any case where that is one thing only.
func find[T any](list []T, text string, called func(T, string) (exactly, loosely bool)) *T {
	if text == "" {
		return nil
	}
	hits, at := 0, 0
	for i, t := range list {
		exactly, loosely := called(t, text)
		if exactly {
			return &list[i]
		}
		if loosely {
			hits++
			at = i
		}
	}
	if hits != 1 {
		return nil
	}
	return &list[at]
}

func (g Group) called(s string) (bool, bool) {
	return g.ID == s || g.Code == s, strings.EqualFold(g.Code, s) || strings.EqualFold(g.Name, s)
}

func (h Choice) called(s string) (bool, bool) {
	names := append([]string{h.Code, h.Name}, h.Synonyms...)
	return h.ID == s || h.Code == s, slices.ContainsFunc(names, func(n string) bool { return strings.EqualFold(n, s) })
}
