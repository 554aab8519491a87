package bot

import (
	"errors"

	"sotto.chat/bot/reading"
	"sotto.chat/bot/words"
	"sotto.chat/catalog"
	"sotto.chat/inbox"
	"sotto.chat/internal/fault"
	"sotto.chat/lessons"
)

// do carries out one action, whoever proposed it.
func (t *talk) do(a reading.Action) error {
	t.learnChoice(a)
	switch a.Kind {
	case reading.Add:
		return t.add(a)
	case reading.Change:
		return t.change(a)
	case reading.Remove:
		return t.remove(a)
	case reading.ClearCart:
		return t.clear()
	case reading.ShowCart:
		t.show = true
	case reading.Checkout:
		t.mem.Buying = true
	case reading.Confirm:
		return t.confirm()
	case reading.Deny:
		t.deny()
	case reading.Pay:
		return t.pay()
	case reading.Search, reading.Browse, reading.ShowProduct, reading.Choose:
		return t.look(a)
	case reading.SetAddress:
		return t.setAddress(a.Text)
	case reading.SetDelivery:
		return t.setMethod(a.Method)
	case reading.OrderStatus, reading.CancelOrder, reading.Reorder, reading.ReturnOrder, reading.ReportProblem:
		return t.aboutOrder(a)
	default:
		return t.speakOf(a)
	}
	return nil
}

// speakOf carries out what needs no goods and no order.
func (t *talk) speakOf(a reading.Action) error {
	switch a.Kind {
	case reading.Greet:
		t.greet()
	case reading.Thanks, reading.Bye:
		t.out.say(a.Kind, words.Facts{"shop": t.shopName()})
		t.parting = a.Kind == reading.Bye && !t.mem.Buying
	case reading.Help:
		t.help()
	case reading.Human:
		return t.handOff("human")
	case reading.Repeat:
		return t.repeat()
	case reading.ApplyCode:
		t.out.say("no_codes", nil)
	case reading.SetLanguage:
		t.setLanguage(a.Language)
	case reading.Ask:
		if a.Question == "" && a.About == reading.WaysToPay {
			return t.waysToPay()
		}
		t.ask(a.Question)
	case reading.Privacy:
		return t.privacy(a.About)
	case reading.Rate:
		t.out.say("rated", nil)
	default:
		t.misread = true
		t.miss(lessons.Unread)
	}
	return nil
}

// tap carries out a button. It is checked as words are: a button of an old message finds its question closed.
func (t *talk) tap(tap string) error {
	a, own, about, ok := untap(t.goods, tap)
	if !ok {
		t.out.say("old_button", nil)
		t.show = true
		return nil
	}
	if own == "" {
		return t.try(a)
	}
	return t.excuse(t.ownTap(own, about))
}

func (t *talk) ownTap(kind, about string) error {
	switch kind {
	case tapYes:
		return t.yesTo(about)
	case tapOption:
		return t.optionTap(about)
	case tapChoices:
		t.choicesFrom = pageFrom(about) // the question is asked again from there on
		if t.mem.Asked != reading.AskedOption {
			t.out.say("old_button", nil)
			t.show = true
		}
	case tapVoid:
		return t.void(about)
	case tapMeant:
		return t.meantTap(about)
	case tapAgain:
		return t.reorder(about)
	case tapAddress:
		t.mem.ask(reading.AskedAddress)
		t.mem.Buying = true
		t.askAddress()
	case tapEdit:
		t.edit()
	case tapBy:
		return t.payBy(about)
	case tapStop: // a no to whatever is asked, and to offers
		if t.mem.Asked == reading.AskedConfirm || t.mem.Asked == askedCancel {
			t.deny()
		}
		return t.privacy(reading.Stop)
	}
	return nil
}

func (t *talk) shopName() string {
	t.out.facts.Text(t.shop.Name)
	return t.shop.Name
}

func (t *talk) greet() {
	t.out.say("greet", words.Facts{"shop": t.shopName()})
	t.menuButtons()
}

func (t *talk) help() {
	t.out.say("help", nil)
	t.menuButtons()
}

func (t *talk) menuButtons() {
	t.out.offer("button_menu", tapMenu)
	if len(t.cart.Lines) > 0 {
		t.out.offer("button_cart", tapCart)
	}
	t.out.offer("button_human", tapHuman)
}

// introduce says plainly, once, that a machine answers and how to get a person.
func (t *talk) introduce() {
	if !t.mem.Met {
		t.out.first("introduction", words.Facts{"shop": t.shopName()})
		t.mem.Met = true
	}
}

// handOff leaves the conversation to a person, with the words for why.
func (t *talk) handOff(key string) error {
	t.out.say(key, nil)
	t.handoff, t.answered, t.why = true, true, "summary_order"
	switch key {
	case "human":
		t.why = "summary_human"
	case "privacy_person":
		t.why = "summary_privacy"
	}
	t.miss(lessons.HandedOver)
	return nil
}

// repeat says the last answer again, made anew where it was about a price.
func (t *talk) repeat() error {
	last := t.mem.Last
	switch {
	case t.mem.Quote != nil:
		t.mem.Buying = true
	case last == nil:
		t.help()
	case len(last.Links) > 0:
		return t.pay()
	default:
		t.out.put(last.Text)
		t.out.facts.Text(last.Text)
		for _, b := range last.Buttons {
			t.out.facts.Text(b.Label)
			t.out.button(b.Label, b.Tap)
		}
		return t.cards(skusOf(last.Products))
	}
	return nil
}

func (t *talk) setLanguage(tag string) {
	code, ok := t.b.words.Speaks(tag)
	if !ok {
		t.out.say("languages", words.Facts{"languages": t.voice().List(t.b.languageNames())})
		for _, code := range t.b.words.Languages() {
			t.out.button(t.b.words.Name(code), tapTo(tapLanguage, code))
		}
		return
	}
	t.mem.Pinned = true
	t.speak(code)
	t.out.say("language_set", words.Facts{"language": t.b.words.Name(code)})
}

// ask gives the merchant's own answer, word for word.
func (t *talk) ask(question string) {
	q, ok := t.goods.Question(question)
	if !ok || q.Answer == "" {
		t.out.say("no_answer", nil)
		t.out.offer("button_human", tapHuman)
		return
	}
	t.out.facts.Text(q.Answer)
	t.out.put(q.Answer)
}

// wordsForGoods words what the catalog refuses.
func (t *talk) wordsForGoods(f *fault.Fault) (string, bool) {
	for _, w := range []struct {
		fault error
		key   string
	}{
		{catalog.ErrUnknownSKU, "product_unknown"}, {catalog.ErrUnavailable, "fault_unavailable"}, {catalog.ErrQuantity, "fault_quantity"},
		{catalog.ErrUnknownOption, "fault_option"}, {catalog.ErrOption, "fault_option"}, {catalog.ErrTooManyOptions, "fault_many_options"},
		{catalog.ErrPriceTooLarge, "fault_total"}, {catalog.ErrOutOfStock, "fault_stock"}, {catalog.ErrChooseVariant, "fault_option"},
	} {
		if errors.Is(f, w.fault) {
			return w.key, true
		}
	}
	return "", false
}

// basket takes an order that was put together in the platform's own basket: the goods in it at our prices.
func (t *talk) basket(items []inbox.OrderItem) error {
	if len(t.cart.Lines) > 0 {
		if err := t.try(reading.Action{Kind: reading.ClearCart}); err != nil {
			return err
		}
	}
	for _, it := range items[:min(len(items), catalog.MaxLines)] {
		sku, ok := t.goods.SKU(it.SKU)
		if !ok || it.Quantity < 1 || it.Quantity > catalog.MaxQuantity {
			t.out.say("basket_item", nil)
			continue
		}
		if err := t.try(reading.Action{Kind: reading.Add, SKU: sku, Quantity: int(it.Quantity)}); err != nil {
			return err
		}
	}
	t.mem.Buying = len(t.cart.Lines) > 0
	return nil
}
