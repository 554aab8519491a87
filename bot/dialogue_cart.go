package bot

import (
	"errors"
	"slices"
	"strings"

	"sotto.chat/bot/reading"
	"sotto.chat/bot/shelf"
	"sotto.chat/bot/words"
	"sotto.chat/catalog"
	"sotto.chat/internal/database"
	"sotto.chat/internal/money"
	"sotto.chat/orders"
)

// errShort undoes a line that the stock does not allow; free is what there is.
type errShort struct{ free int64 }

func (errShort) Error() string { return "bot: not enough of it" }

// add puts a product into the cart, or asks what is missing to know which.
func (t *talk) add(a reading.Action) error {
	p, ok := t.goods.Product(a.SKU)
	if !ok {
		t.out.say("product_unknown", nil)
		t.menuButtons()
		return nil
	}
	w := wish{Quantity: max(a.Quantity, 1), Options: a.Options, Note: a.Note}
	if same := t.goods.Namesakes(a.SKU, t.text); t.words && len(same) > 1 && !t.toldApart(same, a.SKU) {
		return t.askProduct("which_one", same, w)
	}
	if _, chosen := t.goods.Variant(a.SKU); len(p.Variants) > 0 && !chosen {
		return t.askVariant(p, w)
	}
	return t.putLine(a.SKU, w)
}

// toldApart tells whether the message wants another one of the same name, too: "two teas, one green and one black".
func (t *talk) toldApart(same []string, sku string) bool {
	return slices.ContainsFunc(t.wanted, func(other string) bool { return other != sku && slices.Contains(same, other) })
}

// putLine adds the line, or finds out that there is not enough and says what else there is.
func (t *talk) putLine(sku string, w wish) error {
	if !t.hasCart {
		cart, err := t.b.orders.OpenCart(t.tx, t.c.MerchantID, orders.Owner{CustomerID: t.c.CustomerID, ConversationID: t.c.ID}, "")
		if err != nil {
			return err
		}
		t.cart, t.hasCart = cart, true
	}
	var line orders.CartLine
	var q orders.Quote
	err := t.tx.Try(func(tx database.Tx) (err error) {
		in := orders.LineInput{SKU: sku, Quantity: int64(w.Quantity), Options: toCatalog(w.Options), Note: w.Note}
		if line, q, err = t.b.orders.AddAndQuote(tx, t.c.MerchantID, t.cart.ID, in); err != nil {
			return err
		}
		return enough(q, line.ID)
	})
	if err != nil {
		return t.cannot(sku, err)
	}
	if w.Note != "" {
		t.note(line.ID, w.Note)
	}
	t.added = append(t.added, added{w.Quantity, line.ID})
	return t.changed(q)
}

// enough compares a line of a quote with the stock, all lines of the same thing together.
func enough(q orders.Quote, line string) error {
	for _, l := range q.Lines {
		if l.ID != line || l.Problem == nil {
			continue
		}
		if errors.Is(l.Problem, catalog.ErrOutOfStock) && l.Stock != nil {
			return errShort{*l.Stock}
		}
		if !errors.Is(l.Problem, catalog.ErrChooseOptions) {
			return l.Problem
		}
	}
	return nil
}

// cannot says why a product cannot be had, and what comes nearest.
func (t *talk) cannot(sku string, err error) error {
	name, short := t.name(sku), errShort{}
	switch {
	case errors.As(err, &short) && short.free > 0:
		t.out.facts.Count(short.free)
		t.out.say("only_left", words.Facts{"n": short.free, "product": name})
		t.mem.Shown, t.shown = []string{sku}, true // "two, then" is two of it
		if t.inCart(sku) == 0 {
			t.out.button(t.out.word("button_add_n", words.Facts{"n": short.free, "product": name}),
				tapTo(tapAdd, shelf.Ref(sku), t.voice().Write(short.free)))
		}
		return nil
	case errors.As(err, &short), errors.Is(err, catalog.ErrOutOfStock), errors.Is(err, catalog.ErrUnavailable):
		t.out.say("sold_out", words.Facts{"product": name})
		return t.alternatives(sku)
	}
	return err
}

func (t *talk) inCart(sku string) int64 {
	var n int64
	for _, l := range t.cart.Lines {
		if l.SKU == sku {
			n += l.Quantity
		}
	}
	return n
}

// change makes a line hold something else. The options are those that change; the others stay.
func (t *talk) change(a reading.Action) error {
	l, ok := t.line(a.Line)
	if !ok {
		return orders.ErrNoLine
	}
	if a.Quantity == 0 && len(a.Options) == 0 && a.Note == "" { // "the second without milk": which of the pieces was not understood
		t.misread = true
		return nil
	}
	l, a.Options = t.asked(l, a)
	quantity, options := l.Quantity, fromCatalog(l.Options)
	if a.Quantity > 0 {
		quantity = int64(a.Quantity)
	}
	var q orders.Quote
	err := t.tx.Try(func(tx database.Tx) (err error) {
		if len(a.Options) == 0 && a.Note == "" {
			err = t.b.orders.SetQuantity(tx, t.c.MerchantID, t.cart.ID, l.ID, quantity)
		} else {
			note := a.Note
			if note == "" {
				note = t.mem.Notes[l.ID]
			}
			in := orders.LineInput{Quantity: quantity, Options: toCatalog(t.merge(l.SKU, options, a.Options)), Note: note}
			_, err = t.b.orders.ChangeLine(tx, t.c.MerchantID, t.cart.ID, l.ID, in)
		}
		if err == nil {
			q, err = t.b.orders.Quote(tx, t.c.MerchantID, t.cart.ID)
		}
		if err != nil {
			return err
		}
		return enough(q, l.ID)
	})
	if err != nil {
		return t.cannot(l.SKU, err)
	}
	if a.Note != "" {
		t.note(l.ID, a.Note)
	}
	t.out.say("changed", nil)
	return t.changed(q)
}

// merge lays changed options over those of the line: in a group that takes one, the new choice replaces the old; none
// takes a choice away.
func (t *talk) merge(sku string, old, fresh []reading.Option) []reading.Option {
	out := slices.Clone(old)
	for _, f := range fresh {
		group, ok := t.goods.Group(sku, f.Group)
		single := ok && group.Max != nil && *group.Max == 1
		had := slices.ContainsFunc(out, func(o reading.Option) bool { return o.Group == f.Group && o.Choice == f.Choice })
		out = slices.DeleteFunc(out, func(o reading.Option) bool {
			return o.Group == f.Group && (o.Choice == f.Choice || single && f.Amount != reading.None)
		})
		if f.Amount != reading.None || !had {
			out = append(out, f)
		}
	}
	return out
}

func (t *talk) remove(a reading.Action) error {
	l, ok := t.line(a.Line)
	if !ok {
		return orders.ErrNoLine
	}
	name := t.name(l.SKU)
	if a.Quantity > 0 && int64(a.Quantity) < l.Quantity {
		if err := t.b.orders.SetQuantity(t.tx, t.c.MerchantID, t.cart.ID, l.ID, l.Quantity-int64(a.Quantity)); err != nil {
			return err
		}
		t.out.say("changed", nil)
	} else {
		if err := t.b.orders.RemoveLine(t.tx, t.c.MerchantID, t.cart.ID, l.ID); err != nil {
			return err
		}
		t.added = slices.DeleteFunc(t.added, func(x added) bool { return x.line == l.ID })
		t.out.say("removed", words.Facts{"product": name})
	}
	return t.changed(orders.Quote{})
}

func (t *talk) clear() error {
	if len(t.cart.Lines) == 0 {
		t.out.say("cart_empty", nil)
		t.menuButtons()
		return nil
	}
	if err := t.b.orders.Clear(t.tx, t.c.MerchantID, t.cart.ID); err != nil {
		return err
	}
	t.mem.Buying, t.mem.Notes, t.added = false, nil, nil
	t.mem.ask(reading.AskedNothing)
	t.out.say("cleared", nil)
	t.out.offer("button_menu", tapMenu)
	t.touched = true
	return t.load()
}

// changed notes that the cart is another one: no earlier yes can mean it. q is its price where it is known already.
func (t *talk) changed(q orders.Quote) error {
	t.touched, t.show = true, true
	t.mem.Quote = nil
	if t.mem.Asked == reading.AskedConfirm || t.mem.Asked == reading.AskedProduct || t.mem.Asked == askedMeant {
		t.mem.ask(reading.AskedNothing)
	}
	if err := t.load(); err != nil || q.CartID == "" {
		return err
	}
	t.priced = &q
	return nil
}

// line finds a line of the cart; no name means the last one.
func (t *talk) line(id string) (orders.CartLine, bool) {
	if id == "" && len(t.cart.Lines) > 0 {
		return t.cart.Lines[len(t.cart.Lines)-1], true
	}
	for _, l := range t.cart.Lines {
		if l.ID == id {
			return l, true
		}
	}
	return orders.CartLine{}, false
}

func (t *talk) note(line, text string) {
	if t.mem.Notes == nil {
		t.mem.Notes = map[string]string{}
	}
	t.mem.Notes[line] = text
}

// name is how a product is called, with its variant's attributes.
func (t *talk) name(sku string) string {
	name := t.goods.Name(sku)
	t.out.facts.Text(name)
	return name
}

// quoteLines writes the cart's lines with what each costs.
func (t *talk) quoteLines(q orders.Quote) {
	for _, l := range q.Lines {
		what := t.what(l.Name, l.SKU, l.Options)
		total := money.Of(l.Total, q.Currency)
		t.out.facts.Count(l.Quantity)
		t.out.facts.Amount(total)
		t.out.add("line", words.Facts{"count": l.Quantity, "what": what, "total": total})
	}
}

// what words a thing with its options: "pizza (large, extra ham, no onion)".
func (t *talk) what(name, sku string, options []catalog.PricedOption) string {
	if v, ok := t.goods.Variant(sku); ok && name == t.goods.Title(sku) {
		name = shelf.WithAttributes(name, v)
	}
	var list []string
	for _, o := range options {
		key := "option_" + o.Amount
		if o.Amount == "" {
			key = "option"
		}
		choice := o.ChoiceName
		if o.Count > 1 {
			t.out.facts.Count(o.Count)
			choice = t.out.word("option_count", words.Facts{"count": o.Count, "choice": choice})
		}
		list = append(list, t.out.word(key, words.Facts{"choice": choice}))
		t.out.facts.Text(o.ChoiceName)
	}
	t.out.facts.Text(name)
	if len(list) == 0 {
		return name
	}
	return t.out.word("with_options", words.Facts{"what": name, "options": strings.Join(list, ", ")})
}
