package bot

import (
	"slices"

	"sotto.chat/bot/reading"
	"sotto.chat/bot/shelf"
	"sotto.chat/bot/words"
	"sotto.chat/catalog"
	"sotto.chat/inbox"
	"sotto.chat/internal/money"
	"sotto.chat/lessons"
)

// How much is shown at once. Ten is what every platform carries.
const (
	maxCards  = 8
	maxShelf  = 8
	fewGoods  = 8
	maxChoose = 10
	maxNear   = 3
)

// look shows goods.
func (t *talk) look(a reading.Action) error {
	switch a.Kind {
	case reading.Search:
		return t.search(a.Query)
	case reading.Browse:
		return t.browse(a.Category, a.Number)
	case reading.ShowProduct:
		return t.product(a.SKU)
	}
	return t.choose(a)
}

func (t *talk) search(query string) error {
	skus := t.goods.Search(query, maxCards)
	if len(skus) == 0 {
		t.out.say("not_found", nil)
		t.menuButtons()
		return nil
	}
	t.out.say("found", nil)
	t.out.offer("button_menu", tapMenu)
	return t.cards(skus)
}

// browse shows a shelf, or the shelves, or a small shop whole.
func (t *talk) browse(category string, from int) error {
	c, ok := t.goods.Category(category)
	switch {
	case category != "" && ok:
		t.out.facts.Text(c.Name)
		t.out.say("shelf", words.Facts{"category": c.Name})
		return t.page(t.goods.OnShelf(category), from, tapTo(tapCategory, shelf.Ref(category)))
	case category != "":
		return t.search(category)
	case len(t.goods.File.Products) <= fewGoods || len(t.goods.Stocked()) == 0:
		t.out.say("whole_shop", nil)
		return t.page(t.goods.All(), from, tapMenu)
	}
	t.out.say("shelves", nil)
	shelves := t.goods.Stocked()
	from = min(from, len(shelves))
	for _, id := range shelves[from:min(from+maxShelf, len(shelves))] {
		c, _ := t.goods.Category(id)
		t.out.facts.Text(c.Name)
		t.out.button(c.Name, tapTo(tapCategory, shelf.Ref(id)))
	}
	if from+maxShelf < len(shelves) {
		t.out.offer("button_more", tapTo(tapMenu, t.voice().Write(from+maxShelf)))
	}
	return nil
}

// page shows some of a list, and a way to the rest.
func (t *talk) page(skus []string, from int, tap string) error {
	if from >= len(skus) {
		from = 0
	}
	to := min(from+maxCards, len(skus))
	if to < len(skus) {
		t.out.offer("button_more", tapTo(tap, t.voice().Write(to)))
	}
	if len(t.cart.Lines) > 0 {
		t.out.offer("button_cart", tapCart)
	}
	return t.cards(skus[from:to])
}

// product shows one product with what there is to know.
func (t *talk) product(sku string) error {
	p, ok := t.goods.Product(sku)
	if !ok {
		t.out.say("product_unknown", nil)
		t.menuButtons()
		return nil
	}
	if gone, err := t.gone(p.SKU); err != nil {
		return err
	} else if gone {
		t.out.say("sold_out", words.Facts{"product": t.name(p.SKU)})
		return t.alternatives(p.SKU)
	}
	t.out.facts.Text(p.Name, p.Description)
	t.out.put(p.Name)
	if p.Description != "" {
		t.out.put(p.Description)
	}
	for _, g := range p.Options {
		if names := t.choiceNames(&g); len(names) > 0 {
			t.out.facts.Text(g.Name)
			t.out.say("has_options", words.Facts{"group": g.Name, "choices": t.voice().List(names)})
		}
	}
	if err := t.cards([]string{p.SKU}); err != nil {
		return err
	}
	t.out.offer("button_menu", tapMenu)
	return nil
}

// gone tells whether a product cannot be had at the moment.
func (t *talk) gone(sku string) (bool, error) {
	found, err := t.b.catalog.FindSKUs(t.tx, t.c.MerchantID, []string{sku})
	if err != nil {
		return false, err
	}
	p, ok := found[sku]
	return !ok || out(p), nil
}

// out tells whether nothing of a product is left, or it is not sold now.
func out(p catalog.Product) bool {
	free := p.Stock()
	return !p.Available || free != nil && *free <= 0
}

func (t *talk) choiceNames(g *catalog.FileGroup) []string {
	var names []string
	for _, c := range g.Choices[:min(len(g.Choices), 2*maxChoose)] {
		t.out.facts.Text(c.Name)
		names = append(names, c.Name)
	}
	return names
}

// cards shows products with their price and stock of this moment, read in one query.
func (t *talk) cards(skus []string) error {
	if len(skus) == 0 {
		return nil
	}
	found, err := t.b.catalog.FindSKUs(t.tx, t.c.MerchantID, skus)
	if err != nil {
		return err
	}
	t.mem.Shown, t.shown = nil, true
	for _, sku := range skus {
		p, ok := found[sku]
		if !ok || !p.Available {
			continue
		}
		card := t.cardOf(p, sku)
		t.out.card(card)
		t.mem.Shown = append(t.mem.Shown, sku)
		if card.Tap != "" && len(skus) <= 3 {
			t.out.button(t.out.word("button_add", words.Facts{"product": p.Name}), card.Tap)
		}
	}
	return nil
}

func (t *talk) cardOf(p catalog.Product, sku string) inbox.Card {
	price, free := p.Price, p.Stock()
	if v, ok := variantOf(p, sku); ok {
		price, free = p.PriceOf(v), v.Stock().Available
	} else {
		for i, v := range p.Variants { // the least that it can cost
			if c := p.PriceOf(v); i == 0 || c < price {
				price = c
			}
		}
	}
	name := p.Name
	if _, ok := t.goods.Product(sku); ok {
		name = t.goods.Name(sku)
	}
	t.out.facts.Text(name)
	cost := money.Of(price, p.Currency)
	t.out.facts.Amount(cost)
	card := inbox.Card{SKU: sku, Name: name, Price: t.voice().Money(cost), Money: cost, Tap: tapTo(tapAdd, shelf.Ref(sku))}
	if free != nil && *free <= 0 {
		card.Name, card.Tap = t.out.word("card_sold_out", words.Facts{"product": name}), ""
	}
	if len(p.Images) > 0 {
		card.ImageURL = p.Images[0].URL
	}
	return card
}

func variantOf(p catalog.Product, sku string) (catalog.Variant, bool) {
	i := slices.IndexFunc(p.Variants, func(v catalog.Variant) bool { return v.SKU == sku && !v.Main })
	if i < 0 {
		return catalog.Variant{}, false
	}
	return p.Variants[i], true
}

// alternatives shows what comes nearest to a product that cannot be had.
func (t *talk) alternatives(sku string) error {
	near := t.goods.Neighbours(sku, 2*maxNear)
	found, err := t.b.catalog.FindSKUs(t.tx, t.c.MerchantID, near)
	if err != nil {
		return err
	}
	near = slices.DeleteFunc(near, func(s string) bool {
		p, ok := found[s]
		return !ok || out(p)
	})
	if len(near) == 0 {
		t.menuButtons()
		return nil
	}
	t.out.say("alternatives", nil)
	return t.cards(near[:min(len(near), maxNear)])
}

// askProduct asks which of several products was meant.
func (t *talk) askProduct(key string, skus []string, w wish) error {
	if len(skus) > maxChoose {
		skus = skus[:maxChoose]
	}
	found, err := t.b.catalog.FindSKUs(t.tx, t.c.MerchantID, skus)
	if err != nil {
		return err
	}
	t.mem.ask(reading.AskedProduct)
	t.mem.Wish, t.mem.Shown = &w, nil
	t.miss(lessons.Asked)
	t.out.only()
	t.out.say(key, nil)
	for _, sku := range skus {
		p, ok := found[sku]
		if !ok {
			continue
		}
		card := t.cardOf(p, sku)
		t.mem.Shown = append(t.mem.Shown, sku)
		tap := tapTo(tapAdd, shelf.Ref(sku))
		if w.Quantity > 1 {
			t.out.facts.Count(int64(w.Quantity))
			tap = tapTo(tapAdd, shelf.Ref(sku), t.voice().Write(w.Quantity))
		}
		t.out.button(card.Name+" · "+card.Price, tap)
	}
	t.answered = true
	return nil
}

// finds gives the goods of the shop that a photo may show.
func (t *talk) finds(s inbox.Sensed) (skus []string) {
	for _, sku := range s.Products {
		if _, ok := t.goods.Product(sku); ok {
			skus = append(skus, sku)
		}
	}
	if len(skus) == 0 && s.Words != "" {
		skus = t.goods.Search(s.Words, maxNear)
	}
	return skus[:min(len(skus), maxNear)]
}

// see asks whether it is one of the goods that photos may show. Whatever stands in a photo, it orders nothing.
func (t *talk) see(s inbox.Sensed) error {
	for _, sku := range t.finds(s) {
		if !slices.Contains(t.seen, sku) {
			t.seen = append(t.seen, sku)
		}
	}
	if len(t.seen) == 0 {
		t.out.say("seen_nothing", nil)
		t.menuButtons()
		return nil
	}
	if err := t.askProduct("seen", t.seen, wish{Quantity: 1}); err != nil {
		return err
	}
	t.out.offer("button_menu", tapMenu)
	return nil
}

// askVariant asks for the variant of a product, one button each.
func (t *talk) askVariant(p *catalog.FileProduct, w wish) error {
	t.out.facts.Text(p.Name)
	t.out.say("which_variant", words.Facts{"product": p.Name})
	var skus []string
	for _, v := range p.Variants {
		skus = append(skus, v.SKU)
	}
	return t.askProduct("which", skus, w)
}

// choose takes one of what was shown, by sku or by number.
func (t *talk) choose(a reading.Action) error {
	switch t.mem.Asked {
	case reading.AskedOption:
		return t.chooseOption(a)
	case askedMeant:
		return t.meantIt(a.Number - 1)
	}
	sku := a.SKU
	if a.Number > 0 && a.Number <= len(t.mem.Shown) {
		sku = t.mem.Shown[a.Number-1]
	}
	if _, ok := t.goods.Product(sku); !ok {
		t.misread = true
		return nil
	}
	w := wish{Quantity: 1}
	if t.mem.Wish != nil {
		w = *t.mem.Wish
	}
	if a.Quantity > 0 {
		w.Quantity = a.Quantity
	}
	if p, _ := t.goods.Product(sku); len(p.Variants) > 0 && p.SKU == sku {
		return t.askVariant(p, w)
	}
	return t.putLine(sku, w)
}
