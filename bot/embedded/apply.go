package embedded

import (
	"slices"

	"sotto.chat/bot/reading"
	"sotto.chat/catalog/search"
)

// manner is how an order is meant: as something new, or as a correction of what is there.
type manner struct {
	corrects bool // "no", "actually", "make it", "change": what is in the cart changes
	removes  bool
	changes  bool
	instead  bool
	inPlace  bool // "two instead of one"
}

// order reads neighbouring clauses that ask for goods.
func (r *reader) order(clauses []clause) {
	segs := make([]segment, 0, len(r.segs))
	for i := range clauses {
		segs = append(segs, clauses[i].segs...)
	}
	m := r.manner(clauses)
	o := newOrderText(r, segs)
	items, ahead := o.attach()
	r.attached(o, items, ahead)
	built := r.leading(o, divide(o.apart(o.build(items)), r.lex, o))
	if r.swap(o, built) || r.turnInto(o, built) {
		return
	}
	if len(items) > 0 && r.onlyRefuses(built) {
		r.put(reading.Action{Kind: reading.Deny})
		return
	}
	first := len(r.out)
	for i := range built {
		r.apply(o, &built[i], m, first)
	}
	if thing := o.unknownThing(len(o.mentions)); thing != "" {
		r.put(reading.Action{Kind: reading.Search, Query: thing})
	}
}

// turnInto reads "change it to two coffees" and "make that a coffee": another product takes the place of the last line.
func (r *reader) turnInto(o *orderText, built []ordered) bool {
	line := r.meantLine(0)
	if line == nil || len(r.out) > 0 && r.acts() || len(built) != 1 || !o.gaps[0].turn || built[0].product < 0 {
		return false
	}
	it := &built[0]
	if same := r.lineOf(it.product); same == line || same != nil && (it.quantity > 0 || len(it.options) > 0) {
		return false // that line changes
	}
	if it.lead.another || it.lead.unfit || it.lead.without {
		return false
	}
	fresh := o.add(it)
	if it.quantity == 0 {
		fresh.Quantity = max(line.Quantity, 1)
	}
	r.out = append(r.out, reading.Action{Kind: reading.Remove, Line: line.Line}, fresh)
	return true
}

// onlyRefuses tells whether goods are named only to say that they are not wanted, and are not in the cart either.
func (r *reader) onlyRefuses(built []ordered) bool {
	for i := range built {
		if it := &built[i]; it.product < 0 || !it.negated || r.lineOf(it.product) != nil {
			return false
		}
	}
	return true
}

// manner looks at the small words of the clauses for signs of a correction.
func (r *reader) manner(clauses []clause) manner {
	var m manner
	for i := range clauses {
		c := clauses[i].concepts
		m.removes = m.removes || c.has(cRemove)
		m.changes = m.changes || c.hasAny(cChange, cMake)
		m.instead = m.instead || c.has(cInstead)
		m.inPlace = m.inPlace || c.has(cInsteadOf)
	}
	opens := 0
	for opens+1 < len(r.segs) && r.segs[opens].has(cOpener) {
		opens++ // "oh, no"
	}
	m.corrects = m.changes || m.instead || m.inPlace || r.segs[opens].has(cNo) && r.state.Asked == reading.AskedConfirm
	return m
}

// apply turns one ordered item into an action, with the cart and the items before it in mind.
func (r *reader) apply(o *orderText, it *ordered, m manner, first int) {
	if it.doubt {
		r.doubt += 0.2
	}
	if it.fuzzy {
		r.doubt += 0.05
	}
	if it.part {
		r.doubt += 0.1
	}
	if o.unfit(it) {
		r.doubt += 0.3
		r.leave(o, it)
		return
	}
	switch {
	case it.product >= 0 && (it.negated || it.lead.remove && !it.lead.want || it.lead.instead || o.takenOff(it)):
		r.removeProduct(o, it)
	case it.product >= 0:
		r.addOrChange(o, it, m, first)
	case first < len(r.out) && (!it.elided(o) && !it.lead.another || it.lead.without && it.lead.number == 0):
		r.enrich(o, it)
	default:
		r.applyHeadless(o, it, m)
	}
}

// takenOff tells whether the words behind an item take the whole of it out, and not only its last choice.
func (o *orderText) takenOff(it *ordered) bool {
	g := &o.gaps[it.to]
	if it.to == len(o.mentions) && !it.lead.want && !it.lead.another && slices.ContainsFunc(o.segs[g.lo:g.hi], takesOut) {
		return true
	}
	return g.off && (g.amount == "" || it.to-1 == it.head)
}

// takesOut recognises a phrase that means nothing but to take something out: "can go", "no longer wanted".
func takesOut(s segment) bool {
	return s.to-s.from > 1 && s.hasAny(cRemove, cNevermind) && !s.hasAny(cWithout, cChange, cMake, cNumber)
}

// unfit tells whether an item was asked for in an amount that it is not sold in.
func (o *orderText) unfit(it *ordered) bool {
	if it.lead.unfit || it.head > it.from && o.gaps[it.head].unfit {
		return true
	}
	after := &o.gaps[it.to]
	return after.unfit && after.and && after.words == 0 && it.to == len(o.mentions) && o.segs[after.hi-1].has(cFraction)
}

// leave notes an item that is not acted on as unread, with the amount before it: "half a scone".
func (r *reader) leave(o *orderText, it *ordered) {
	l := left{from: o.mentions[it.from].seg.from, to: o.mentions[it.to-1].seg.to}
	if g := &o.gaps[it.from]; g.lo < g.hi && g.unfit {
		l.from = o.segs[g.hi-1].from
	}
	r.left = append(r.left, l)
}

// addOrChange adds a product, or changes its line where the customer corrects and the product is there already.
func (r *reader) addOrChange(o *orderText, it *ordered, m manner, first int) {
	line := r.lineOf(it.product)
	onto := it.head > it.from && o.gaps[it.head].onto
	if line != nil && it.lead.only && it.quantity == 0 && len(it.options) == 0 {
		return // "just the tea" keeps what is there
	}
	fewer := line != nil && it.lead.only && 0 < it.quantity && it.quantity < line.Quantity // "only one tea" of three
	if line != nil && (m.corrects || onto || fewer || it.lead.but && it.quantity > 0) && !it.lead.another && (len(it.options) > 0 || it.quantity > 0) {
		change := reading.Action{Kind: reading.Change, Line: line.Line, Options: it.options}
		if it.quantity > 0 && (len(it.options) == 0 || it.quantity > 1) {
			change.Quantity = it.quantity
		}
		r.out = append(r.out, change)
		return
	}
	if it.lead.make && !it.lead.want && first < len(r.out) && (r.alters(it, first) || r.replaces(o, it)) {
		return
	}
	r.out = append(r.out, o.add(it))
}

// alters changes what this message added before: "a tea and a coffee, and make the tea large".
func (r *reader) alters(it *ordered, first int) bool {
	for i := range r.out[first:] {
		a := &r.out[first+i]
		if p, ok := r.lex.skus[a.SKU]; ok && a.Kind == reading.Add && p == it.product && len(it.options) > 0 {
			a.Options = mergeOptions(r.lex, p, instead(a.Options, it.options), it.options)
			return true
		}
	}
	return false
}

// instead leaves out the one choice of a group that another choice of it takes the place of.
func instead(old, fresh []reading.Option) []reading.Option {
	out := slices.Clone(old)
	for _, f := range fresh {
		same := func(x reading.Option) bool { return x.Group == f.Group && x.Amount == "" && x.Choice != f.Choice }
		if i := slices.IndexFunc(out, same); i >= 0 && f.Amount == "" && !slices.ContainsFunc(out[i+1:], same) {
			out = slices.Delete(out, i, i+1)
		}
	}
	return out
}

// replaces corrects the item before: "the tea, no wait, make it a coffee".
func (r *reader) replaces(o *orderText, it *ordered) bool {
	last := &r.out[len(r.out)-1]
	if last.Kind != reading.Add {
		return false
	}
	fresh := o.add(it)
	kept := slices.DeleteFunc(slices.Clone(last.Options), func(x reading.Option) bool { return !r.lex.has(it.product, x) })
	fresh.Options = mergeOptions(r.lex, it.product, kept, fresh.Options)
	if it.quantity == 0 {
		fresh.Quantity = last.Quantity
	}
	*last = fresh
	return true
}

// removeProduct takes a product out of the cart; where it is not there, nothing is asked.
func (r *reader) removeProduct(o *orderText, it *ordered) {
	line := r.lineOf(it.product)
	if line == nil && it.head >= 0 && o.mentions[it.head].seg.to-o.mentions[it.head].seg.from == 1 {
		line = r.lineCalled(r.lex.id(search.Stem(r.tokens[o.mentions[it.head].seg.from].word)))
	}
	if line != nil {
		r.removeLine(line, it.quantity)
	}
}

// removeLine takes a line out of the cart, or n pieces of it.
func (r *reader) removeLine(line *reading.CartLine, n int) {
	a := reading.Action{Kind: reading.Remove, Line: line.Line}
	if n > 0 && n < line.Quantity {
		a.Quantity = n
	}
	r.out = append(r.out, a)
}

// enrich adds choices to the item read just before ("put lettuce on that").
func (r *reader) enrich(o *orderText, it *ordered) {
	last := &r.out[len(r.out)-1]
	if last.Kind != reading.Add && last.Kind != reading.Change {
		return
	}
	p, ok := r.lex.skus[last.SKU]
	if !ok {
		return
	}
	fresh, old := o.options(it.item, p), last.Options
	if it.lead.turn && !it.lead.with {
		old = instead(old, fresh) // "a chicken taco, no, make that beef"
	}
	last.Options = mergeOptions(r.lex, p, old, fresh)
}

// applyHeadless gives choices without a product their product: a line of the cart, or the only product that fits.
func (r *reader) applyHeadless(o *orderText, it *ordered, m manner) {
	fresh := it.lead.and && it.lead.article && o.gaps[it.to].one // "and a large one" is one more
	if !it.lead.another && !fresh && it.lead.number == 0 && r.addedWith(o, it) {
		r.enrich(o, it)
		return
	}
	if line := r.lineFor(o, it); line != nil && (m.corrects || !it.lead.another && !fresh && it.lead.number == 0) {
		p := r.lex.skus[line.SKU]
		options := o.options(it.item, p)
		if m.removes && !it.lead.without {
			for i := range options {
				options[i].Amount = reading.None
			}
		}
		r.out = append(r.out, reading.Action{Kind: reading.Change, Line: line.Line, Options: options})
		return
	}
	if line := r.lineFor(o, it); line != nil && it.lead.another {
		p := r.lex.skus[line.SKU]
		r.out = append(r.out, reading.Action{Kind: reading.Add, SKU: line.SKU, Quantity: max(it.quantity, 1),
			Options: mergeOptions(r.lex, p, line.Options, o.options(it.item, p))})
		return
	}
	p := o.implied(it.item)
	if p < 0 && r.lineFor(o, it) != nil {
		p = r.lex.skus[r.lineFor(o, it).SKU]
	}
	if p < 0 {
		p = o.inside(it.item)
	}
	if p < 0 || it.lead.without || m.removes {
		return
	}
	it.product = p
	it.options = o.options(it.item, p)
	r.doubt += 0.1
	r.out = append(r.out, o.add(it))
}

// lineFor finds the last line of the cart whose product offers all the choices.
func (r *reader) lineFor(o *orderText, it *ordered) *reading.CartLine {
	for i := len(r.state.Cart) - 1; i >= 0; i-- {
		line := &r.state.Cart[i]
		if p, ok := r.lex.skus[line.SKU]; ok && o.offersAll(it.item, p) {
			return line
		}
	}
	return nil
}

// lineOf finds the last line of the cart with a product.
func (r *reader) lineOf(p int32) *reading.CartLine {
	for i := len(r.state.Cart) - 1; i >= 0; i-- {
		if q, ok := r.lex.skus[r.state.Cart[i].SKU]; ok && q == p {
			return &r.state.Cart[i]
		}
	}
	return nil
}

// swap reads "change the tea to a coffee", "swap the ham for bacon" and "chai ki jagah bun": the first goes, the second comes.
func (r *reader) swap(o *orderText, built []ordered) bool {
	if len(r.state.Cart) == 0 || len(o.mentions) != 2 || (!o.gaps[0].change || !o.gaps[1].to && !o.gaps[1].with) && !o.gaps[1].turn {
		return false
	}
	if len(built) == 2 && built[0].product >= 0 && built[1].product >= 0 {
		line := r.lineOf(built[0].product)
		if line == nil {
			return false
		}
		fresh := o.add(&built[1])
		if built[1].quantity == 0 {
			fresh.Quantity = max(line.Quantity, 1)
		}
		r.out = append(r.out, reading.Action{Kind: reading.Remove, Line: line.Line}, fresh)
		return true
	}
	it := ordered{item: item{from: 0, to: 2, head: -1, product: -1}}
	line := r.lineFor(o, &it)
	if line == nil || len(built) > 0 && slices.ContainsFunc(built, func(b ordered) bool { return b.product >= 0 }) {
		return false
	}
	options := o.options(it.item, r.lex.skus[line.SKU])
	if len(options) == 2 && options[0].Group == options[1].Group {
		options[0].Amount = reading.None
		if r.lex.singleGroup(r.lex.skus[line.SKU], options[0].Group) {
			options = options[1:]
		}
	}
	r.out = append(r.out, reading.Action{Kind: reading.Change, Line: line.Line, Options: options})
	return true
}

// lessens finds "one mug less" and "one less": so many pieces of a line go.
func (r *reader) lessens(c *clause) {
	for i := range c.segs {
		if !c.segs[i].has(cFewer) {
			continue
		}
		n, p := c.counted(r, i)
		if n == 0 {
			continue
		}
		c.line = r.meantLine(0)
		if p >= 0 {
			c.line = r.lineOf(p)
		}
		c.fewer = n
		return
	}
}

// counted gives how many of what a word of lessening is about: the number right before it or behind, with the product
// beside it. The product is -1 where none is named.
func (c *clause) counted(r *reader, i int) (n int, product int32) {
	number := i - 1
	if product = r.cartProduct(c, number); product >= 0 {
		number--
	} else {
		product = r.cartProduct(c, i+1)
	}
	if number < 0 {
		number, product = i+1, r.cartProduct(c, i+2)
		if product < 0 && i+2 < len(c.segs) && c.segs[i+2].has(cOf) {
			product = r.cartProduct(c, i+3)
		}
	}
	if number >= len(c.segs) || product < 0 && c.named > 0 {
		return 0, -1
	}
	return r.number(&clause{segs: c.segs[number : number+1]}), product
}

// cartProduct gives the product of the cart that a segment of a clause names, -1 for none.
func (r *reader) cartProduct(c *clause, i int) int32 {
	if i < 0 || i >= len(c.segs) || c.segs[i].phrase < 0 {
		return -1
	}
	for _, p := range r.lex.phrases[c.segs[i].phrase].products {
		if r.lineOf(p) != nil {
			return p
		}
	}
	return -1
}
