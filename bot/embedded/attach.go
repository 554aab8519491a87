package embedded

import (
	"math"
	"slices"

	"sotto.chat/bot/reading"
)

// item is one product of an order with what was said about it: mentions from..to, the product's own at head. A head of
// -1 is an item whose product goes without saying ("one with oat milk").
type item struct {
	from, to int
	head     int
	product  int32
	score    float64
	next     float64 // the score of the next best head
}

// place is an item by the tokens that it holds.
type place struct {
	from, to, head int
	product        int32
}

func (o *orderText) place(it *item) place {
	p := place{o.mentions[it.from].seg.from, o.mentions[it.to-1].seg.to, -1, it.product}
	if it.head >= 0 {
		p.head = o.mentions[it.head].seg.from
	}
	return p
}

// barred tells whether an item is one of those that shall not be read.
func (o *orderText) barred(it item) bool {
	return len(o.bar) > 0 && slices.Contains(o.bar, o.place(&it))
}

// Scores of the attachment. They weigh readings against each other and mean nothing beyond that.
const (
	scoreHead       = 1.0
	scoreNoHead     = -2.2
	scoreElided     = -0.4
	scoreNotOffered = -4.0
	scoreTwice      = -3.0 // two choices of a group that takes one
	scoreAgain      = -1.5 // the same choice twice
	scoreSizeFirst  = 0.4  // a single choice stands in front of its product more often than behind it
	scoreNotHead    = -0.3 // a word that names a product is taken as a choice
	scoreNegated    = -1.5
	scoreServed     = -0.8 // what a thing comes with is a choice of it where it can be
	scoreSome       = -2.0
	never           = -1e9
)

// maxItem is how many names one item may hold.
const maxItem = 24

// attach cuts the mentions into items, so that the scores of the items add up to the most. The second value is by how much
// the next best way stays behind.
func (o *orderText) attach() ([]item, float64) {
	o.countOut()
	n := len(o.mentions)
	scores := make([]float64, 2*n+2)
	best, second := scores[:n+1], scores[n+1:]
	last := make([]item, n+1)
	second[0] = never
	for end := 1; end <= n; end++ {
		best[end], second[end] = math.Inf(-1), math.Inf(-1)
		for from := max(0, end-maxItem); from < end; from++ {
			it := o.bestItem(from, end)
			total, next := best[from]+it.score, max(best[from]+it.next, second[from]+it.score)
			if total > best[end] {
				best[end], last[end], next = total, it, max(next, best[end])
			} else {
				next = max(next, total)
			}
			second[end] = max(second[end], next)
		}
	}
	var items []item
	for end := n; end > 0; end = last[end].from {
		items = append(items, last[end])
	}
	for i, j := 0, len(items)-1; i < j; i, j = i+1, j-1 {
		items[i], items[j] = items[j], items[i]
	}
	return items, best[n] - second[n]
}

// bestItem finds the best head for mentions from..to, or none.
func (o *orderText) bestItem(from, to int) item {
	best := item{from: from, to: to, head: -1, product: -1, score: never, next: never}
	offer := func(s float64, h int, p int32) {
		switch {
		case o.barred(item{from: from, to: to, head: h, product: p}):
		case s > best.score:
			best.score, best.head, best.product, best.next = s, h, p, best.score
		case s > best.next:
			best.next = s
		}
	}
	for h := from; h < to; h++ {
		if !o.mentions[h].head {
			continue
		}
		for _, p := range o.candidates(h) {
			offer(o.score(from, to, h, p), h, p)
		}
	}
	offer(o.scoreHeadless(from, to), -1, -1)
	return best
}

// candidates are the products that a mention may name; of very many the first ones, since nothing tells them apart.
func (o *orderText) candidates(h int) []int32 {
	ps := o.l.phrases[o.mentions[h].seg.phrase].products
	return ps[:min(len(ps), 6)]
}

// score weighs mentions from..to as one item with its head at h.
func (o *orderText) score(from, to, h int, p int32) float64 {
	score := scoreHead
	if from > 0 {
		score += o.gaps[from].opens()
	}
	if o.gaps[h].without {
		score += scoreNegated
	}
	if h > 0 && o.mentions[h].choice && o.gaps[h+1].amount != "" {
		score -= 2 // "chai doodh kam" is a tea
	}
	if o.mentions[h].choice && (o.gaps[h].number > 0 || o.gaps[h].article || o.gaps[h].want) {
		score += 0.5
	}
	if o.mentions[h].choice && from == h && h > 0 && o.gaps[h].with && o.gaps[h].number == 0 {
		score += scoreServed // "with milk"
		if o.gaps[h].article {
			score += scoreSome // "with some milk" opens no item either
		}
		if o.gaps[h].of {
			score-- // nor does "avec du lait"
		}
	}
	if g := &o.gaps[from+1]; from > 0 && from < h && o.gaps[from].number > 0 && o.l.phrases[o.mentions[from].seg.phrase].counted && (g.and || g.comma || g.article || g.number > 0) {
		score -= 2.5 // "a tea and one sugar and a large coffee": the number counts the sugar
	}
	var groups [8]int32
	var choices [16][2]int32
	used, chosen := groups[:0], choices[:0]
	for x := from; x < to; x++ {
		if x == h {
			continue
		}
		s, g, choice := o.scoreChoice(x, h, p)
		score += s
		if g >= 0 {
			if o.gaps[x].words == 0 && !o.gaps[x].extra && !o.gaps[x].light && slices.Contains(chosen, [2]int32{g, choice}) {
				score += scoreAgain
			}
			chosen = append(chosen, [2]int32{g, choice})
		}
		if g >= 0 && o.l.groups[g].single {
			for _, other := range used {
				if other == g {
					score += scoreTwice
				}
			}
			used = append(used, g)
		}
	}
	return score
}

// scoreChoice weighs mention x as a choice of the product at h. The group is -1 where the product does not offer it.
func (o *orderText) scoreChoice(x, h int, p int32) (weight float64, group, choice int32) {
	m := &o.mentions[x]
	if !m.choice {
		return never, -1, 0
	}
	g, choice, offered := o.l.offers(p, m.seg.phrase)
	var score float64
	switch {
	case offered:
		score = 0.3
	case o.l.describes(p, m.seg.phrase):
		score, g = 0.3, -1
	default:
		return scoreNotOffered, -1, 0
	}
	if m.head {
		score += scoreNotHead
	}
	single := g >= 0 && o.l.groups[g].single
	if x < h {
		score += o.gaps[x+1].inFront()
		if single {
			score += scoreSizeFirst
		}
	} else {
		score += o.gaps[x].behind(single)
	}
	return score, g, choice
}

// describes tells whether a phrase is an attribute of one of the product's variants.
func (l *Lexicon) describes(p, ph int32) bool {
	for _, v := range l.products[p].variants {
		for _, x := range v.phrases {
			if x == ph {
				return true
			}
		}
	}
	return false
}

// elides tells whether mentions from..to may stand for another piece of the product before them: "one with lemon", "one
// large". "Two sugars" are no product but counted, and a word that nobody knows right behind is more likely the name of
// something that the shop has not got.
func (o *orderText) elides(from, to int) bool {
	g := &o.gaps[from]
	if o.gaps[to].words > 0 || g.counts {
		return false
	}
	if g.other || g.another {
		return true
	}
	counted := o.l.phrases[o.mentions[from].seg.phrase].counted
	return g.number > 0 && (g.listed || !counted || g.without || g.extra || g.light)
}

// scoreHeadless weighs mentions from..to as choices whose product is not named here.
func (o *orderText) scoreHeadless(from, to int) float64 {
	score := scoreNoHead
	g := &o.gaps[from]
	if from > 0 && o.elides(from, to) {
		score = scoreElided + g.opens()
	}
	for x := from; x < to; x++ {
		if !o.mentions[x].choice {
			return never
		}
		if o.mentions[x].head {
			score -= 1
		}
		if x > from {
			score += o.gaps[x].behind(false)
		}
	}
	return score
}

// addedWith tells whether what was added last in this message can be had with all the choices of an item.
func (r *reader) addedWith(o *orderText, it *ordered) bool {
	if len(r.out) == 0 || r.out[len(r.out)-1].Kind != reading.Add {
		return false
	}
	p, ok := r.lex.skus[r.out[len(r.out)-1].SKU]
	return ok && o.offersAll(it.item, p)
}

// leading gives choices that were said before everything to the product behind them, where nothing else can have them: "a
// decaf, a latte".
func (r *reader) leading(o *orderText, built []ordered) []ordered {
	for i := len(built) - 2; i >= 0; i-- {
		if it, next := &built[i], &built[i+1]; it.product < 0 && next.product >= 0 && o.contrasts(it, next) {
			it.product, it.options = next.product, o.options(it.item, next.product)
		}
	}
	if len(built) < 2 || built[0].product >= 0 || built[1].product < 0 || o.gaps[built[0].to].one {
		return built
	}
	it, next := &built[0], &built[1]
	if it.lead.remove || it.lead.change || r.lineFor(o, it) != nil || r.addedWith(o, it) || !o.offersAll(it.item, next.product) {
		return built
	}
	next.options = mergeOptions(r.lex, next.product, o.options(it.item, next.product), next.options)
	if next.quantity == 0 {
		next.quantity = it.quantity
	}
	return built[1:]
}

// contrasts tells whether an item that names no product is one more of what the next one names, with another choice of the
// same kind: "one large and one small coffee".
func (o *orderText) contrasts(it, next *ordered) bool {
	g := &o.gaps[it.from]
	if g.number == 0 && !g.article || g.remove || g.change || !o.gaps[it.to].and || !o.offersAll(it.item, next.product) {
		return false
	}
	for _, mine := range o.options(it.item, next.product) {
		for _, its := range next.options {
			if mine.Group == its.Group && mine.Choice != its.Choice && o.l.singleGroup(next.product, mine.Group) {
				return true
			}
		}
	}
	return false
}

// countOut finds numbers that share out the number of a product before them: "four tacos: two chicken, one steak, one
// tofu". Then each is an item, though the choices might be counted.
func (o *orderText) countOut() {
	for h := range o.mentions {
		n, sum := o.gaps[h].number, 0
		if !o.mentions[h].head || n < 2 {
			continue
		}
		end := h + 1
		for end < len(o.mentions) && !o.mentions[end].head && !o.gaps[end].want {
			sum += o.gaps[end].number
			end++
		}
		for x := h + 1; x < end && sum == n; x++ {
			o.gaps[x].listed = o.gaps[x].listed || o.gaps[x].number > 0 && o.gaps[x].number < n
		}
	}
}

// refer gives what was said of all of them to the items that were meant: "two teas … and on all of those teas I want milk".
func (o *orderText) refer(items []ordered) []ordered {
	out := items[:0]
	for i := range items {
		it, meant := &items[i], false
		for k := range out {
			if it.lead.each && it.quantity == 0 && it.head == it.from && it.product >= 0 && out[k].product == it.product {
				out[k].options, meant = mergeOptions(o.l, it.product, out[k].options, it.options), true
			}
		}
		if !meant {
			out = append(out, *it)
		}
	}
	return out
}
