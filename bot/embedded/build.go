package embedded

import (
	"slices"

	"sotto.chat/bot/reading"
	"sotto.chat/catalog/search"
)

// ordered is an item put into the terms of the catalog.
type ordered struct {
	item
	quantity int // 0 where none is said
	options  []reading.Option
	negated  bool    // "no drinks": nothing of it
	lead     gap     // what stood before it
	fuzzy    bool    // a name in it was spelt differently
	part     bool    // a name was said only in part
	doubt    bool    // several products have its name
	shared   []int32 // attributes that were said of all items
}

// build turns attached items into orders.
func (o *orderText) build(items []item) []ordered {
	out := make([]ordered, len(items))
	trailing := o.numbersTrail(items)
	for i, it := range items {
		out[i] = ordered{item: it, lead: o.gaps[it.from]}
		r := &out[i]
		switch {
		case trailing:
			r.quantity = o.gaps[it.to].number
		case r.lead.number > 0:
			r.quantity = r.lead.number
		case it.head > it.from && o.gaps[it.head].number > 0:
			r.quantity = o.gaps[it.head].number
		case o.gaps[it.to].last && (it.to == len(o.mentions) || o.gaps[it.to].times):
			r.quantity = o.gaps[it.to].number
		}
		if r.lead.times && i > 0 && !trailing && r.lead.number > 0 && !r.lead.want && o.gaps[items[i-1].from].number == 0 {
			r.quantity = 0
		}
		for x := it.head + 1; x < it.to && it.head >= 0; x++ {
			if g := &o.gaps[x]; g.times && g.number > 0 {
				r.quantity = g.number // "cake x2 large"
			}
		}
		if it.to == len(o.mentions) && o.gaps[it.to].corrected > 0 {
			r.quantity = o.gaps[it.to].corrected
		}
		r.negated = it.head == it.from && r.lead.without
		r.doubt = it.head >= 0 && len(o.l.phrases[o.mentions[it.head].seg.phrase].products) > 1
		for x := it.from; x < it.to; x++ {
			r.fuzzy = r.fuzzy || o.mentions[x].seg.fuzzy
			r.part = r.part || o.mentions[x].seg.part
		}
		if it.product >= 0 {
			r.options = o.options(it, it.product)
		}
	}
	if g := &o.gaps[len(o.mentions)]; g.each && g.number > 0 {
		for i := range out {
			if o.gaps[out[i].from].number == 0 {
				out[i].quantity = g.number // "a tea and a coffee, two of each"
			}
		}
	}
	o.share(out)
	return o.refer(out)
}

// numbersTrail recognises the style of notes, "tea 2 cake 3", where each number follows its product.
func (o *orderText) numbersTrail(items []item) bool {
	if len(items) < 2 || o.gaps[0].number > 0 {
		return false
	}
	for _, it := range items {
		if g := &o.gaps[it.to]; g.number == 0 || it.head < 0 {
			return false
		}
	}
	return true
}

// options gives the choices of an item, with their amounts, for one product.
func (o *orderText) options(it item, p int32) []reading.Option {
	var out []reading.Option
	running := "" // the amount that a list goes on with: "without onions or garlic"
	for x := it.from; x < it.to; x++ {
		if x == it.head {
			running = ""
			continue
		}
		g := &o.gaps[x]
		if inList := x > it.from && x-1 != it.head; running != reading.None || !inList || !g.onlyComma() || !o.orAhead(x+1, it.to) {
			running = g.amountOf(running, inList)
		}
		if behind := o.gaps[x+1].amount; behind != "" {
			running = behind
		}
		grp, choice, ok := o.l.offers(p, o.mentions[x].seg.phrase)
		if !ok || running == reading.None && g.extra || o.kindOf(x) != nil {
			continue
		}
		opt, sound := o.l.groups[grp].option(choice, running)
		if !sound || running != "" && !o.l.groups[grp].amounts && o.mentions[x].seg.part {
			continue
		}
		if n := max(g.number, g.double); n > 1 && !g.times && (x > it.from || it.head < 0 && !g.listed || g.double > 0) && opt.Amount == "" && !o.l.groups[grp].single {
			opt.Count = n
		}
		if g.turn && !g.with {
			out = instead(out, []reading.Option{opt}) // "with ham, no, make that bacon"
		}
		out = addOption(out, opt)
	}
	return out
}

// onlyComma tells whether a gap is a comma and nothing else.
func (g *gap) onlyComma() bool {
	return g.comma && !g.and && !g.or && !g.but && !g.with && !g.without && !g.extra && !g.light && !g.want && !g.sentence && !g.article && g.number == 0 && g.words == 0
}

// orAhead tells whether a list that goes on with commas ends with "or": "without capers, dill or onions".
func (o *orderText) orAhead(x, to int) bool {
	for ; x < to; x++ {
		if o.gaps[x].or {
			return true
		}
		if !o.gaps[x].onlyComma() {
			return false
		}
	}
	return false
}

// amountOf tells how much of the choice after this gap is wanted; a list may go on with what was said before it.
func (g *gap) amountOf(running string, inList bool) string {
	switch {
	case g.without:
		return reading.None
	case g.extra:
		return reading.Extra
	case g.light:
		return reading.Light
	case inList && running == reading.None && !g.with && !g.but && !g.want && !g.sentence && g.number == 0 && (g.or || g.and && !g.article):
		return running
	}
	return ""
}

// option words a choice; a group without amounts knows neither more nor less, and leaving out is silence.
func (g *group) option(choice int32, amount string) (reading.Option, bool) {
	o := reading.Option{Group: g.id, Choice: g.choices[choice], Amount: amount}
	if !g.amounts {
		if amount == reading.None {
			return o, false
		}
		o.Amount = ""
	}
	return o, true
}

// kindOf gives the word that nobody knows which makes another thing of a choice, nil for none: "lait d'avoine" is no milk.
func (o *orderText) kindOf(x int) *segment {
	m, g := &o.mentions[x], &o.gaps[x+1]
	if !m.choice || g.hi-g.lo < 2 || !o.segs[g.lo].has(cOf) || o.segs[g.lo].to-o.segs[g.lo].from > 1 || !o.segs[g.lo+1].unknown() {
		return nil
	}
	if o.tokens[o.segs[g.lo].from].brk != breakNone || o.tokens[o.segs[g.lo+1].from].brk != breakNone {
		return nil
	}
	return &o.segs[g.lo+1]
}

// addOption adds a choice; said again, the later word counts.
func addOption(list []reading.Option, opt reading.Option) []reading.Option {
	if i := slices.IndexFunc(list, func(x reading.Option) bool { return x.Group == opt.Group && x.Choice == opt.Choice }); i >= 0 {
		if opt.Amount != "" || opt.Count > 0 {
			list[i] = opt
		}
		return list
	}
	return append(list, opt)
}

// add words an ordered item as an action.
func (o *orderText) add(r *ordered) reading.Action {
	sku := o.l.products[r.product].sku
	if v := o.variantOf(r); v != "" {
		sku = v
	}
	return reading.Action{Kind: reading.Add, SKU: sku, Quantity: max(r.quantity, 1), Options: r.options, Note: o.notes(r.item)}
}

// variantOf finds the one variant that has all the attributes which were named; "" if none or several do.
func (o *orderText) variantOf(r *ordered) string {
	var named []int32
	for x := r.from; x < r.to; x++ {
		if ph := o.mentions[x].seg.phrase; x != r.head && o.l.describes(r.product, ph) {
			named = append(named, ph)
		}
	}
	for _, ph := range r.shared {
		if o.l.describes(r.product, ph) {
			named = append(named, ph)
		}
	}
	if len(named) == 0 {
		return ""
	}
	found := ""
	for _, v := range o.l.products[r.product].variants {
		if containsAll(v.phrases, named) {
			if found != "" {
				return ""
			}
			found = v.sku
		}
	}
	return found
}

func containsAll(list, wanted []int32) bool {
	for _, w := range wanted {
		if !slices.Contains(list, w) {
			return false
		}
	}
	return true
}

// apart leaves out what the items behind it tell apart: in "two teas, one green and one black" the teas are those two.
func (o *orderText) apart(items []ordered) []ordered {
	out := items[:0]
	for i := 0; i < len(items); i++ {
		it, sum := &items[i], 0
		for j := i + 1; it.doubt && j < len(items) && items[j].head >= 0 && slices.Contains(o.l.phrases[o.mentions[it.head].seg.phrase].products, items[j].product); j++ {
			sum += max(items[j].quantity, 1)
		}
		if it.quantity < 2 || sum != it.quantity || it.to-it.from > 1 {
			out = append(out, *it)
			continue
		}
		for j := i + 1; j < len(items); j++ {
			items[j].part, items[j].fuzzy = false, false
		}
	}
	return out
}

// divide shares a quantity out over the items after it that leave the product unsaid: "two lattes, one with oat milk
// and one decaf" is one and one, not four. Where the numbers do not add up, the unsaid ones are further items.
func divide(items []ordered, l *Lexicon, o *orderText) []ordered {
	var out []ordered
	for i := 0; i < len(items); i++ {
		base := items[i]
		end, sum := i+1, 0
		for end < len(items) && items[end].elided(o) && base.product >= 0 {
			sum += max(items[end].quantity, 1)
			end++
		}
		if end == i+1 {
			out = append(out, base)
			continue
		}
		whole := base.quantity > 1 && sum <= base.quantity
		if !whole {
			out = append(out, base)
		} else if sum < base.quantity {
			rest := base
			rest.quantity -= sum
			if items[end-1].lead.other {
				items[end-1].quantity = max(items[end-1].quantity, 1) + rest.quantity
			} else {
				out = append(out, rest)
			}
		}
		for _, part := range items[i+1 : end] {
			part.product = base.product
			part.quantity = max(part.quantity, 1)
			own := o.options(part.item, base.product)
			part.options = own
			if whole {
				part.options = mergeOptions(l, base.product, base.options, own)
			}
			out = append(out, part)
		}
		i = end - 1
	}
	return out
}

// implied finds the product of an item that does not name it ("a large one with olives"): the only one that offers all
// that was said. It is -1 where none or several do.
func (o *orderText) implied(it item) int32 {
	owners := o.l.phrases[o.mentions[it.from].seg.phrase].owners
	for x := it.from; x < it.to; x++ {
		more := o.l.phrases[o.mentions[x].seg.phrase].owners
		if len(more) < len(owners) {
			owners = more
		}
	}
	found := int32(-1)
	for _, p := range owners {
		if !o.offersAll(it, p) {
			continue
		}
		if found >= 0 {
			return -1
		}
		found = p
	}
	return found
}

// inside finds a product in the words of a choice, where no other product is named: "a double shot of espresso".
func (o *orderText) inside(it item) int32 {
	for x := it.from; x < it.to; x++ {
		for from := o.mentions[x].seg.from + 1; from < o.mentions[x].seg.to; from++ {
			node := int32(0)
			for _, t := range o.tokens[from:o.mentions[x].seg.to] {
				next, ok := o.l.edges[edge(node, o.l.id(search.Stem(t.word)))]
				if !ok {
					node = 0
					break
				}
				node = next
			}
			if ph := o.l.nodes[node]; node > 0 && ph >= 0 && len(o.l.phrases[ph].products) == 1 {
				return o.l.phrases[ph].products[0]
			}
		}
	}
	return -1
}

func (o *orderText) offersAll(it item, p int32) bool {
	for x := it.from; x < it.to; x++ {
		if _, _, ok := o.l.offers(p, o.mentions[x].seg.phrase); !ok && x != it.head {
			return false
		}
	}
	return true
}

// elided tells whether an item stands for another piece of the product named before it.
func (r *ordered) elided(o *orderText) bool {
	return r.head < 0 && r.from > 0 && o.elides(r.from, r.to)
}

// share gives every item what was said of all of them: "a tea and a coffee, both large".
func (o *orderText) share(items []ordered) {
	for i := range items {
		for x := items[i].from; x < items[i].to; x++ {
			if !o.gaps[x].each || x <= items[i].head {
				continue
			}
			only := item{from: x, to: x + 1, head: -1}
			for k := range items[:i] {
				if p := items[k].product; p >= 0 {
					items[k].options = mergeOptions(o.l, p, items[k].options, o.options(only, p))
					items[k].shared = append(items[k].shared, o.mentions[x].seg.phrase)
				}
			}
		}
	}
}

// mergeOptions lays new choices over old ones: in a group that takes one, the new choice replaces the old.
func mergeOptions(l *Lexicon, p int32, old, fresh []reading.Option) []reading.Option {
	out := slices.Clone(old)
	for _, f := range fresh {
		if l.singleGroup(p, f.Group) && f.Amount != reading.None {
			out = slices.DeleteFunc(out, func(x reading.Option) bool { return x.Group == f.Group })
		}
		out = slices.DeleteFunc(out, func(x reading.Option) bool { return x.Group == f.Group && x.Choice == f.Choice })
		out = append(out, f)
	}
	return out
}

func (l *Lexicon) singleGroup(p int32, id string) bool {
	for _, g := range l.products[p].groups {
		if l.groups[g].id == id {
			return l.groups[g].single
		}
	}
	return false
}
