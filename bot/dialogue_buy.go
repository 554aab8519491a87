package bot

import (
	"errors"
	"slices"
	"strings"
	"time"

	"sotto.chat/bot/reading"
	"sotto.chat/bot/shelf"
	"sotto.chat/bot/words"
	"sotto.chat/catalog"
	"sotto.chat/internal/money"
	"sotto.chat/orders"
)

// confirm is the customer's yes in words; it means the question that is open, and nothing where none is.
func (t *talk) confirm() error {
	switch t.mem.Asked {
	case reading.AskedConfirm:
		if t.yes = !t.spoken; t.spoken {
			t.mem.Buying = true
			t.out.say("heard_yes", nil)
		}
	case askedCancel:
		if t.spoken {
			return t.askCancelAgain()
		}
		return t.void(t.mem.Order)
	case reading.AskedAddress, reading.AskedOption:
		// the question is simply asked again
	case reading.AskedProduct:
		t.misread = true
	case askedMeant:
		if len(t.mem.Meant) == 1 {
			return t.meantIt(0)
		}
		t.misread = true
	default:
		if t.waiting.ID != "" {
			return t.pay() // said twice: the order stands, and its link is what is wanted
		}
		t.out.say("ready", nil)
	}
	return nil
}

// askCancelAgain asks a second time for a yes that was only heard.
func (t *talk) askCancelAgain() error {
	ord, ok, err := t.order(t.mem.Order)
	if err != nil || !ok {
		return err
	}
	t.out.say("heard_yes", nil)
	t.out.facts.Text(ord.Number)
	return t.askCancel(ord)
}

// yesTo is the yes of a button: it names the quote that it was made for.
func (t *talk) yesTo(hash string) error {
	if t.mem.Quote == nil || len(hash) < hashInTap || !strings.HasPrefix(t.mem.Quote.Hash, hash) {
		if t.waiting.ID != "" && len(hash) >= hashInTap && strings.HasPrefix(t.waiting.Hash, hash) {
			return t.pay() // pressed twice
		}
		t.mem.Buying = true
		t.out.say("quote_old", nil)
		return nil
	}
	t.yes = true
	return nil
}

func (t *talk) deny() {
	t.yes = false
	switch t.mem.Asked {
	case reading.AskedConfirm:
		t.out.say("not_ordered", nil)
	case askedCancel:
		t.out.say("not_cancelled", nil)
	case askedMeant:
		t.out.say("ready", nil)
	default:
		t.out.say("fine", nil)
	}
	t.mem.ask(reading.AskedNothing)
	t.mem.Buying = false
	t.out.offer("button_menu", tapMenu)
	if len(t.cart.Lines) > 0 {
		t.out.offer("button_edit", tapEdit)
		t.out.offer("button_checkout", tapCheckout)
	}
}

// advance takes one more step towards the order: each asks one question, the last one asks for the yes.
func (t *talk) advance() error {
	if t.waiting.ID != "" && !t.touched {
		t.mem.Buying = false
		return t.pay()
	}
	if len(t.cart.Lines) == 0 {
		t.mem.Buying = false
		t.out.say("cart_empty", nil)
		t.menuButtons()
		return nil
	}
	q, err := t.quote()
	if err != nil {
		return err
	}
	if t.askMissing(q) {
		return nil
	}
	if sound, err := t.sound(q); err != nil || !sound {
		return err
	}
	if asked, err := t.settleMethod(&q); err != nil || asked {
		return err
	}
	return t.askYes(q)
}

// askMissing asks for the first option that must be chosen.
func (t *talk) askMissing(q orders.Quote) bool {
	for _, l := range q.Lines {
		if len(l.Missing) == 0 || l.Problem != nil && !errors.Is(l.Problem, catalog.ErrChooseOptions) {
			continue
		}
		g := l.Missing[0]
		t.mem.ask(reading.AskedOption)
		t.mem.Line, t.mem.Group = l.ID, g.Code
		t.out.only()
		t.out.facts.Text(g.Name, l.Name)
		t.out.say("choose_option", words.Facts{"group": g.Name, "product": l.Name})
		t.choiceButtons(g, q.Currency)
		return true
	}
	return false
}

// choiceButtons offers the choices of a group, as many as every platform carries, and a way to the rest.
func (t *talk) choiceButtons(g catalog.Group, currency string) {
	choices := slices.DeleteFunc(slices.Clone(g.Choices), func(c catalog.Choice) bool { return !c.Available })
	from, more := 0, len(choices) > maxChoose
	if more {
		from = t.choicesFrom % len(choices)
		t.mem.From, choices = from, choices[from:]
	}
	for i, c := range choices {
		if more && i == maxChoose-1 {
			break
		}
		label := c.Name
		t.out.facts.Text(c.Name)
		if c.Price > 0 {
			extra := money.Of(c.Price, currency)
			t.out.facts.Amount(extra)
			label = t.out.word("choice_price", words.Facts{"choice": c.Name, "price": extra})
		}
		t.out.button(label, tapTo(tapOption, shelf.Ref(g.Code), shelf.Ref(c.Code)))
	}
	if more {
		t.out.offer("button_more", tapTo(tapChoices, t.voice().Write(from+min(maxChoose-1, len(choices)))))
	}
}

// optionTap is the answer to the open option question.
func (t *talk) optionTap(about string) error {
	group, choice, _ := strings.Cut(about, ":")
	l, ok := t.line(t.mem.Line)
	if t.mem.Asked != reading.AskedOption || !ok || t.mem.Line == "" {
		t.out.say("old_button", nil)
		t.show = true
		return nil
	}
	p, ok := t.goods.Product(l.SKU)
	if !ok {
		return catalog.ErrUnknownSKU
	}
	for _, g := range p.Options {
		for _, c := range g.Choices {
			if shelf.Ref(g.ID) == group && shelf.Ref(c.ID) == choice {
				return t.try(reading.Action{Kind: reading.Change, Line: l.ID, Options: []reading.Option{{Group: g.ID, Choice: c.ID}}})
			}
		}
	}
	return catalog.ErrUnknownOption
}

// chooseOption is the answer by number.
func (t *talk) chooseOption(a reading.Action) error {
	l, ok := t.line(t.mem.Line)
	g, known := t.goods.Group(l.SKU, t.mem.Group)
	at := t.mem.From + a.Number - 1
	if !ok || !known || a.Number < 1 || at >= len(g.Choices) {
		t.misread = true
		return nil
	}
	return t.change(reading.Action{Line: l.ID, Options: []reading.Option{{Group: g.ID, Choice: g.Choices[at].ID}}})
}

// asked gives the line that a choice is for: the one that was asked about, unless the customer names the other one.
func (t *talk) asked(l orders.CartLine, a reading.Action) (orders.CartLine, []reading.Option) {
	line, ok := t.line(t.mem.Line)
	if !ok || t.mem.Asked != reading.AskedOption || t.mem.Line == "" || l.ID == line.ID || a.Quantity > 0 || len(a.Options) != 1 || t.says(l.SKU) {
		return l, a.Options
	}
	given, ok := t.goods.Group(l.SKU, a.Options[0].Group)
	wanted, known := t.goods.Group(line.SKU, t.mem.Group)
	if !ok || !known {
		return l, a.Options
	}
	for _, c := range given.Choices {
		for _, w := range wanted.Choices {
			if c.ID == a.Options[0].Choice && shelf.PlainWords(c.Name) == shelf.PlainWords(w.Name) {
				return line, []reading.Option{{Group: wanted.ID, Choice: w.ID, Amount: a.Options[0].Amount}}
			}
		}
	}
	return l, a.Options
}

// says tells whether the message at hand names a product.
func (t *talk) says(sku string) bool {
	p, ok := t.goods.Product(sku)
	return ok && t.words && slices.ContainsFunc(shelf.NamesOf(p), func(name string) bool { return strings.Contains(shelf.PlainWords(t.text), shelf.PlainWords(name)) })
}

// sound tells whether every line can be sold now, and says which cannot.
func (t *talk) sound(q orders.Quote) (bool, error) {
	for _, l := range q.Lines {
		if l.Problem == nil {
			continue
		}
		t.mem.Buying = false
		t.mem.ask(reading.AskedNothing)
		t.out.facts.Text(l.Name)
		if errors.Is(l.Problem, catalog.ErrOutOfStock) && l.Stock != nil && *l.Stock > 0 {
			t.out.facts.Count(*l.Stock)
			t.out.say("only_left", words.Facts{"n": *l.Stock, "product": l.Name})
			t.out.button(t.out.word("button_only", words.Facts{"n": *l.Stock, "product": l.Name}),
				tapTo(tapSet, l.ID, t.voice().Write(*l.Stock)))
		} else {
			t.out.say("sold_out", words.Facts{"product": l.Name})
		}
		t.out.button(t.out.word("button_remove", words.Facts{"product": l.Name}), tapTo(tapRemove, l.ID))
		if err := t.alternatives(l.SKU); err != nil {
			return false, err
		}
	}
	return len(q.Problems) == 0, nil
}

// askYes shows everything that the yes is about, and asks for it.
func (t *talk) askYes(q orders.Quote) error {
	t.out.only()
	t.out.say("quote", nil)
	t.quoteLines(q)
	t.sums(q)
	if t.mem.By != "" {
		t.out.say(map[string]string{orders.ByCash: "by_cash", orders.ByBank: "by_bank"}[t.mem.By], nil)
	}
	t.out.offer("button_yes", tapTo(tapYes, q.Hash[:hashInTap]))
	t.out.offer("button_edit", tapEdit)
	if err := t.destination(q); err != nil {
		return err
	}
	t.mem.ask(reading.AskedConfirm)
	t.mem.Quote = &quoted{Hash: q.Hash, At: t.tx.Now}
	t.out.say("ask_yes", nil)
	t.show = false
	return nil
}

// sums writes what stands between the lines and the total, and the total.
func (t *talk) sums(q orders.Quote) {
	of := func(n int64) money.Money {
		m := money.Of(n, q.Currency)
		t.out.facts.Amount(m)
		return m
	}
	if q.Discount > 0 {
		t.out.facts.Amount(money.Of(-q.Discount, q.Currency)) // the text has the minus
		t.out.add("discount", words.Facts{"amount": money.Of(q.Discount, q.Currency)})
	}
	if q.Shipping > 0 {
		t.out.add("shipping", words.Facts{"amount": of(q.Shipping)})
	}
	if q.Tax > 0 {
		key := "tax"
		if q.TaxInclusive {
			key = "tax_inclusive"
		}
		t.out.add(key, words.Facts{"amount": of(q.Tax)})
	}
	t.out.add("total", words.Facts{"amount": of(q.Total)})
}

// stale tells whether a yes comes too late for its quote.
func (q *quoted) stale(now time.Time) bool { return now.Sub(q.At) > yesLasts }
