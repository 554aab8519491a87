package embedded

import (
	"slices"
	"strings"
	"unicode"

	"sotto.chat/bot/reading"
	"sotto.chat/catalog/search"
)

// say reads a clause that orders nothing.
func (r *reader) say(c *clause) {
	if r.asking(reading.AskedAddress) && r.address(c) {
		return
	}
	if c.fewer > 0 && c.line != nil {
		r.removeLine(c.line, c.fewer)
		return
	}
	if r.takesTopic(c) || r.anaphora(c) {
		return
	}
	for i := range rules {
		u := &rules[i]
		if u.fits(c) && r.speak(u, c) {
			return
		}
	}
	if c.frame >= 0 && c.segs[c.frame].has(cMake) && r.remark(c) {
		return // "make it extra hot"
	}
	if r.addressBehind(c) || r.priceOfIt(c) || r.removePart(c) || r.look(c) || r.remark(c) {
		return
	}
	if c.concepts.has(cNevermind) && c.words <= 2 && c.named == 0 {
		r.put(reading.Action{Kind: reading.Deny})
		return
	}
	if c.question && (!c.concepts.hasAny(cGreet, cThanks) || c.words > 0 || c.concepts.hasAny(cQuestion, cKnow)) {
		r.open = true
		r.wonders = c.concepts.has(cQuestion) && c.to-c.from > 2 && !c.concepts.hasAny(cIt, cRight, cYes, cWeakYes, cWant, cMake, cChange, cWithout)
	}
}

// takesTopic reads "do you have mugs? if so, add two": what was just talked about is what is wanted.
func (r *reader) takesTopic(c *clause) bool {
	if p, ok := r.product(c); ok && c.named == 1 {
		r.topic = p
	}
	if r.topic < 0 || !c.concepts.has(cTake) || !c.concepts.has(cIt) || c.stranded || c.concepts.hasAny(cWithout, cNo, cInfo, cKnow) {
		return false
	}
	r.put(reading.Action{Kind: reading.Add, SKU: r.lex.products[r.topic].sku, Quantity: max(r.number(c), 1)})
	r.doubt += 0.1
	return true
}

// speak words a rule's action; false where something that it needs was not said.
func (r *reader) speak(u *rule, c *clause) bool {
	a := reading.Action{Kind: u.kind, About: u.about}
	switch u.kind {
	case reading.SetAddress:
		if text := r.after(c, cMyAddress); strings.Contains(text, " ") || counted(text) {
			a.Text = text
			if c.concepts.has(cDeliverTo) && counted(text) {
				r.put(reading.Action{Kind: reading.SetDelivery, Method: reading.Delivery})
			}
		}
	case reading.ApplyCode:
		if a.Code = r.code(c); a.Code == "" {
			return false
		}
	case reading.Browse:
		a.Category = r.category(c)
	case reading.SetLanguage:
		a.Language = r.languageName(c)
	case reading.OrderStatus, reading.CancelOrder, reading.ReturnOrder, reading.ReportProblem:
		a.Order = r.orderNumber(c)
		if u.kind == reading.CancelOrder && a.Order == "" && r.strangeObject(c, cCancel) {
			return false
		}
	case reading.Rate:
		a.Score = r.number(c)
	case reading.Checkout, reading.ClearCart:
		if c.named > 0 || r.strangeObject(c, cCheckout) || !c.concepts.has(cCart) && r.strangeObject(c, cStartOver) {
			return false
		}
	case reading.Pay, reading.Ask:
		if r.strangeObject(c, cPay, cPayLink, cPayWays) {
			return false
		}
	case reading.Privacy:
		if u.about == reading.Erase && r.strangeObject(c, cDelete, cCancel) {
			return false
		}
	}
	r.put(a)
	return true
}

// put adds an action, once.
func (r *reader) put(a reading.Action) {
	for i := range r.out {
		if r.out[i].Kind == a.Kind && r.out[i].About == a.About && a.Kind != reading.Add && a.Kind != reading.Change && a.Kind != reading.Remove {
			return
		}
	}
	r.out = append(r.out, a)
}

// counted tells whether a text has a digit, of any script.
func counted(text string) bool { return strings.ContainsFunc(text, unicode.IsDigit) }

func (r *reader) asking(what string) bool { return r.state.Asked == what }

// address takes an answer to "where shall we send it?" as it stands, unless it is plainly something else.
func (r *reader) address(c *clause) bool {
	if c.words == 0 || c.question || c.concepts.hasAny(cNevermind, cHelp, cHumanNow) || r.addressed {
		return r.addressed
	}
	if c.concepts.hasAny(cPickup, cEatIn) && !counted(r.text) {
		return false // "I'll pick it up myself" is no place
	}
	r.addressed = true
	from := r.tokens[c.from].start
	if rest := r.after(c, cMyAddress); rest != "" {
		r.put(reading.Action{Kind: reading.SetAddress, Text: rest})
		return true
	}
	r.put(reading.Action{Kind: reading.SetAddress, Text: strings.TrimSpace(r.text[from:])})
	return true
}

// addressBehind reads "for delivery: 7 Harbour Lane": behind the way the goods take stands the place.
func (r *reader) addressBehind(c *clause) bool {
	text := r.after(c, cDeliveryWay)
	if c.question || c.named > 0 || c.words == 0 || r.addressed || !counted(text) || !strings.Contains(text, " ") {
		return false
	}
	r.put(reading.Action{Kind: reading.SetDelivery, Method: reading.Delivery})
	r.put(reading.Action{Kind: reading.SetAddress, Text: text})
	return true
}

// after gives the text behind the first phrase with a concept, to the end of the message.
func (r *reader) after(c *clause, want concept) string {
	for i := range r.hits {
		h := &r.hits[i]
		if h.from < c.from || h.to >= len(r.tokens) || r.covered(i) {
			continue
		}
		if h.hasAny(want) {
			return strings.TrimSpace(r.text[r.tokens[h.to].start:])
		}
	}
	return ""
}

// behind gives the text behind the first phrase with a concept, to the end of the clause.
func (r *reader) behind(c *clause, want concept) string {
	for i := range r.hits {
		if h := &r.hits[i]; h.from >= c.from && h.to < c.to && h.hasAny(want) && !r.covered(i) {
			return r.text[r.tokens[h.to].start:r.tokens[c.to-1].end]
		}
	}
	return ""
}

// code finds a discount code: a word with digits or all in capitals behind the word for code, or before it.
func (r *reader) code(c *clause) string {
	for i := c.from; i < c.to; i++ {
		t := r.tokens[i]
		raw := r.text[t.start:t.end]
		for j := i + 1; j < c.to && r.tokens[j].start == r.tokens[j-1].end; j++ {
			raw = r.text[t.start:r.tokens[j].end]
		}
		letters, digits := 0, 0
		for _, x := range raw {
			if unicode.IsUpper(x) {
				letters++
			} else if unicode.IsDigit(x) {
				digits++
			} else if unicode.IsLower(x) {
				letters = -99
			}
		}
		if letters >= 3 || letters > 0 && digits > 0 || letters < 0 && digits > 0 && len(raw) >= 4 {
			return raw
		}
	}
	return ""
}

// orderNumber finds the number that a customer gives for an order.
func (r *reader) orderNumber(c *clause) string {
	for i := c.from; i < c.to; i++ {
		if w := r.tokens[i].word; len(w) >= 3 && strings.Trim(w, "0123456789") == "" {
			return w
		}
	}
	return ""
}

func (r *reader) languageName(c *clause) string {
	name := ""
	for i := range r.hits {
		if h := &r.hits[i]; h.from >= c.from && h.to <= c.to {
			for _, s := range h.senses {
				if s.concept == cLanguageName {
					name = s.text // the last one: "from French to English"
				}
			}
		}
	}
	return name
}

// number gives the first number of a clause, 0 if there is none.
func (r *reader) number(c *clause) int { return r.value(c, cNumber) }

func (r *reader) value(c *clause, want concept) int {
	for i := range c.segs {
		for _, s := range c.segs[i].senses {
			if s.concept == want {
				return s.value
			}
		}
	}
	return 0
}

// look reads questions and searches about the goods.
func (r *reader) look(c *clause) bool {
	if p, ok := r.product(c); ok && (c.question || c.concepts.hasAny(cSearch, cPrice, cSee)) && c.words <= 4 {
		r.put(reading.Action{Kind: reading.ShowProduct, SKU: r.lex.products[p].sku})
		return true
	}
	if category := r.category(c); category != "" && c.words <= 2 {
		r.put(reading.Action{Kind: reading.Browse, Category: category})
		return true
	}
	if !c.concepts.hasAny(cSearch, cAnythingWith) && !r.hints(c) || c.concepts.hasAny(cKnow) || len(r.lex.products) == 0 {
		return false
	}
	query := r.content(c)
	if behind := r.behind(c, cAnythingWith); behind != "" {
		query = behind // "anything with chocolate"
	}
	if query == "" || len(query) > 80 {
		return false
	}
	r.put(reading.Action{Kind: reading.Search, Query: query})
	r.hinted = r.hints(c) || c.concepts.has(cAnythingWith)
	return true
}

// hints tells whether some word of a clause stands in the catalog, though it singles out nothing.
func (r *reader) hints(c *clause) bool {
	for i := range c.segs {
		if s := &c.segs[i]; s.unknown() && r.lex.inCatalog(r.tokens[s.from].word) {
			return true
		}
	}
	return false
}

// priceOfIt reads "how much is it?", where "it" goes without saying: what was shown, or what is in the cart.
func (r *reader) priceOfIt(c *clause) bool {
	if !c.concepts.has(cPrice) || c.named > 0 || c.words > 0 {
		return false
	}
	for i := range c.segs {
		if s := &c.segs[i]; s.phrase >= 0 || !s.hasAny(cPrice, cQuestion, cIt, cAux, cInfo, cOpener, cGreet, cYes, cThanks, cAnd, cBut) {
			return false
		}
	}
	switch shown := r.state.Shown; {
	case len(shown) == 1 && !r.asking(reading.AskedConfirm):
		r.put(reading.Action{Kind: reading.ShowProduct, SKU: shown[0]})
	case len(r.state.Cart) > 0:
		r.put(reading.Action{Kind: reading.ShowCart})
	default:
		return false
	}
	return true
}

// removePart reads "take the juice off" where the cart holds one thing that is called so in part, though the shop has
// several of them.
func (r *reader) removePart(c *clause) bool {
	if c.named > 0 || c.question || c.words > 2 || !c.concepts.hasAny(cTakeOff, cOff) || c.concepts.hasAny(cKnow, cOrder) {
		return false
	}
	var found *reading.CartLine
	takes := c.concepts.has(cOff) && !c.concepts.has(cWant)
	for i := range c.segs {
		s := &c.segs[i]
		takes = takes || s.has(cTakeOff)
		if !s.unknown() && s.phrase < 0 {
			continue
		}
		if !takes {
			return false // "juice to take out" takes nothing out
		}
		for t := s.from; t < s.to; t++ {
			line := r.lineCalled(r.lex.id(search.Stem(r.tokens[t].word)))
			if line == nil || found != nil && found != line {
				return false
			}
			found = line
		}
	}
	if found == nil {
		return false
	}
	r.removeLine(found, r.number(c))
	return true
}

// lineCalled finds the only line of the cart that has a word in its product's names.
func (r *reader) lineCalled(word int32) *reading.CartLine {
	var found *reading.CartLine
	for i := range r.state.Cart {
		line := &r.state.Cart[i]
		p, ok := r.lex.skus[line.SKU]
		if !ok || !slices.ContainsFunc(r.lex.byWord[word], func(ph int32) bool { return slices.Contains(r.lex.phrases[ph].products, p) }) {
			continue
		}
		if found != nil {
			return nil
		}
		found = line
	}
	return found
}

// product gives the only product that a clause names.
func (r *reader) product(c *clause) (int32, bool) {
	for i := range c.segs {
		if ph := c.segs[i].phrase; ph >= 0 && len(r.lex.phrases[ph].products) == 1 {
			return r.lex.phrases[ph].products[0], true
		}
	}
	return 0, false
}

// category gives the first category that a clause names, "" for none.
func (r *reader) category(c *clause) string {
	for i := range c.segs {
		if ph := c.segs[i].phrase; ph >= 0 && len(r.lex.phrases[ph].categories) > 0 {
			return r.lex.phrases[ph].categories[0]
		}
	}
	return ""
}

// content gives the words of a clause that are not mere grammar.
func (r *reader) content(c *clause) string {
	from, to := -1, -1
	for i := range c.segs {
		if s := &c.segs[i]; s.phrase >= 0 || s.unknown() {
			if from < 0 {
				from = r.tokens[s.from].start
			}
			to = r.tokens[s.to-1].end
		}
	}
	if from < 0 {
		return ""
	}
	return r.text[from:to]
}
