package bot

import (
	"slices"

	"sotto.chat/bot/reading"
	"sotto.chat/bot/shelf"
	"sotto.chat/bot/words"
	"sotto.chat/customers"
	"sotto.chat/internal/database"
	"sotto.chat/internal/fault"
	"sotto.chat/lessons"
	"sotto.chat/orders"
)

// misreadsToPerson is how many messages in a row may go without being understood.
const misreadsToPerson = 2

// close brings the turn to one answer: what became of the cart, then the one question that is open.
func (t *talk) close() error {
	t.misunderstood()
	if t.handoff {
		t.introduce()
		return nil
	}
	t.linkDied()
	if err := t.sayAdded(); err != nil {
		return err
	}
	if t.yes && !t.touched {
		if err := t.excuse(t.place()); err != nil {
			return err
		}
	} else if err := t.question(); err != nil {
		return err
	}
	if t.out.silent() {
		t.out.say("ready", nil)
		t.menuButtons()
	}
	t.introduce()
	return nil
}

// misunderstood says so once, and brings a person the second time in a row.
func (t *talk) misunderstood() {
	understood := !t.out.silent() || t.touched || t.show || t.yes || t.mem.Buying && !t.misread
	switch {
	case t.misread && !understood:
		t.mem.Misread++
		if t.mem.Misread >= misreadsToPerson {
			t.out.say("misread_person", nil)
			t.handoff, t.answered, t.why = true, true, "summary_misread"
			for message := range t.missed {
				t.missed[message] = lessons.HandedOver
			}
			break
		}
		if t.unfound == "" {
			t.out.say("misread", nil)
		} else {
			t.out.facts.Text(t.unfound)
			t.out.say("unread", words.Facts{"words": t.unfound})
		}
		t.menuButtons()
	case !t.misread:
		t.mem.Misread = 0
	}
	t.c.Misread = int64(t.mem.Misread)
}

// linkDied says that the pay link that was sent before is no good any more, since the cart has changed.
func (t *talk) linkDied() {
	if t.waiting.ID == "" || !t.touched || t.cart.Status == orders.CartOrdered {
		return
	}
	t.out.facts.Text(t.waiting.Number)
	t.out.say("link_died", words.Facts{"number": t.waiting.Number})
	t.out.moneyHere(t.waiting)
	t.mem.Told = t.waiting.ID
	t.waiting = orders.Order{}
	t.mem.Buying = len(t.cart.Lines) > 0
}

// sayAdded confirms what went into the cart.
func (t *talk) sayAdded() error {
	if len(t.added) == 0 {
		return nil
	}
	q, err := t.quote()
	if err != nil {
		return err
	}
	var names []string
	for _, a := range t.added {
		for _, l := range q.Lines {
			if l.ID == a.line {
				t.out.facts.Count(int64(a.quantity))
				names = append(names, t.out.word("thing", words.Facts{"count": a.quantity, "what": t.what(l.Name, l.SKU, l.Options)}))
			}
		}
	}
	if len(names) > 0 {
		t.out.say("added", words.Facts{"things": t.voice().List(names)})
	}
	return nil
}

// question puts the one open question at the end of the answer.
func (t *talk) question() error {
	switch {
	case t.answered:
		return nil
	case t.mem.Buying || t.yes:
		return t.excuse(t.advance())
	case t.digressed():
		return t.excuse(t.askAgain())
	case len(t.cart.Lines) == 0:
		if t.show && t.out.silent() {
			t.out.say("cart_empty", nil)
			t.menuButtons()
		}
		return nil
	}
	q, err := t.quote()
	if err != nil {
		return err
	}
	if t.show {
		t.sayCart(q)
	}
	if (t.touched || t.mem.Asked == reading.AskedOption && !t.parting) && t.askMissing(q) {
		return nil
	}
	if t.mem.Asked == reading.AskedOption && !t.parting {
		t.mem.ask(reading.AskedNothing)
	}
	switch {
	case t.whither:
		t.mem.ask(reading.AskedAddress)
		t.askAddress()
	case t.show:
		t.cartButtons()
	}
	return nil
}

// digressed tells whether the customer spoke of something else while he was asked which product or what else he means, or whether
// to cancel.
func (t *talk) digressed() bool {
	switch {
	case t.touched || t.parting:
		return false
	case t.mem.Asked == reading.AskedProduct:
		return t.mem.Wish != nil && len(t.mem.Shown) > 0 && !t.shown
	}
	return t.mem.Asked == askedCancel || t.mem.Asked == askedMeant
}

// askAgain returns to the question that is still open.
func (t *talk) askAgain() error {
	switch {
	case t.show && len(t.cart.Lines) > 0:
		q, err := t.quote()
		if err != nil {
			return err
		}
		t.sayCart(q)
	case t.show && t.out.silent():
		t.out.say("cart_empty", nil)
	}
	switch t.mem.Asked {
	case reading.AskedProduct:
		return t.askProduct("which", t.mem.Shown, *t.mem.Wish)
	case askedMeant:
		t.offerMeant()
		return nil
	}
	ord, ok, err := t.order(t.mem.Order)
	if err != nil || !ok || ord.Status != orders.AwaitingPayment {
		return err
	}
	t.out.facts.Text(ord.Number)
	return t.askCancel(ord)
}

// offerMeant offers what an unclear message may have meant.
func (t *talk) offerMeant() {
	t.out.only()
	t.out.say("ask_meant", nil)
	for _, m := range t.mem.Meant {
		t.out.facts.Text(m.Label)
		t.out.button(m.Label, tapTo(tapMeant, shelf.Ref(m.Label)))
	}
	t.out.offer("button_else", tapNo)
}

// sayCart shows what is in the cart and what it costs by now.
func (t *talk) sayCart(q orders.Quote) {
	t.out.say("cart", nil)
	t.quoteLines(q)
	t.sums(q)
}

func (t *talk) cartButtons() {
	t.out.offer("button_checkout", tapCheckout)
	t.out.offer("button_edit", tapEdit)
	t.out.offer("button_menu", tapMenu)
}

// edit shows a button to take out each line.
func (t *talk) edit() {
	t.mem.Buying = false
	t.mem.ask(reading.AskedNothing)
	if len(t.cart.Lines) == 0 {
		t.show = true
		return
	}
	t.out.say("edit", nil)
	for _, l := range t.cart.Lines[:min(len(t.cart.Lines), maxShelf)] {
		name := t.name(l.SKU)
		t.out.button(t.out.word("button_remove", words.Facts{"product": name}), tapTo(tapRemove, l.ID))
	}
	t.out.offer("button_menu", tapMenu)
	t.out.offer("button_checkout", tapCheckout)
	t.answered = true
}

// remember keeps what the next turn must know.
func (t *talk) remember() error {
	t.mem.Cart = t.cartLines()
	for line := range t.mem.Notes {
		if _, ok := t.line(line); !ok {
			delete(t.mem.Notes, line)
		}
	}
	if code, _ := t.b.words.Speaks(t.c.Language); code == t.voice().Language() {
		return nil
	}
	t.c.Language = t.voice().Language()
	return t.b.people.SetLanguage(t.tx, t.c.MerchantID, t.c.CustomerID, t.c.Language)
}

// summary tells staff where the talk stands that is theirs now: why, what is in the cart, what was asked and what became of the last
// order. It is in the shop's language, and the customer never sees it.
func (t *talk) summary() (string, error) {
	out := t.out
	defer func() { t.out = out }()
	t.out = &draft{voice: t.b.voice(t.shop)}
	t.out.say(t.why, nil)
	if t.said != "" {
		t.out.add("summary_words", words.Facts{"words": t.said})
	}
	ord, ordered, err := t.order("")
	if err != nil {
		return "", err
	}
	if question := t.openQuestion(ord); question != "" {
		t.out.add("summary_asked", words.Facts{"question": question})
	}
	if t.waiting.ID == "" && len(t.cart.Lines) > 0 && t.cart.Status == orders.CartOpen {
		q, err := t.quote()
		if err != nil {
			return "", err
		}
		t.out.say("summary_cart", nil)
		t.quoteLines(q)
		t.sums(q)
	}
	if ordered {
		key := "status_" + string(ord.Status)
		if ord.Status == orders.AwaitingPayment {
			key = "pay_again"
		}
		t.sayOrder(ord, key)
	}
	return t.out.finish().Text, nil
}

// openQuestion words what the customer was asked and has not answered.
func (t *talk) openQuestion(ord orders.Order) string {
	switch t.mem.Asked {
	case reading.AskedConfirm:
		return t.out.word("ask_yes", nil)
	case reading.AskedAddress:
		return t.out.word("ask_address", nil)
	case reading.AskedProduct:
		return t.out.word("which", nil)
	case askedCancel:
		return t.out.word("ask_cancel", words.Facts{"number": ord.Number})
	case reading.AskedOption:
		if l, ok := t.line(t.mem.Line); ok {
			if g, ok := t.goods.Group(l.SKU, t.mem.Group); ok {
				return t.out.word("choose_option", words.Facts{"group": g.Name, "product": t.goods.Name(l.SKU)})
			}
		}
	}
	return ""
}

func consentOf(customer, purpose string, given bool) customers.Consent {
	return customers.Consent{CustomerID: customer, Purpose: purpose, Given: given, Source: "chat"}
}

// chosen is a product that a customer chose when asked what some words meant.
type chosen struct{ words, sku string }

// miss notes that the message at hand was not read, asked about or handed over; the gravest counts.
func (t *talk) miss(why string) {
	if t.message == "" || t.missed[t.message] == lessons.HandedOver {
		return
	}
	if t.missed == nil {
		t.missed = map[string]string{}
	}
	t.missed[t.message] = why
}

// learnChoice notes what a customer takes of what was offered for words that nothing is called.
func (t *talk) learnChoice(a reading.Action) {
	if t.mem.Asked != reading.AskedProduct || t.mem.Wish == nil || t.mem.Wish.Said == "" {
		return
	}
	sku := a.SKU
	switch {
	case a.Kind == reading.Choose && a.Number > 0 && a.Number <= len(t.mem.Shown):
		sku = t.mem.Shown[a.Number-1]
	case a.Kind != reading.Choose && a.Kind != reading.Add:
		return
	}
	if slices.Contains(t.mem.Shown, sku) {
		t.chosen = append(t.chosen, chosen{t.mem.Wish.Said, sku})
	}
}

// learn keeps what was missed and chosen, for staff to teach from. That nothing can be learnt is nobody's failure.
func (t *talk) learn() error {
	l := t.b.lessons
	if l == nil {
		return nil
	}
	for message, why := range t.missed {
		if err := l.Note(t.tx, t.c.MerchantID, t.c.ID, message, why, t.voice().Language()); err != nil {
			return err
		}
	}
	for _, c := range t.chosen {
		err := t.tx.Try(func(tx database.Tx) error { return l.Chose(tx, t.c.MerchantID, c.words, c.sku, t.voice().Language()) })
		if _, known := fault.Of(err); err != nil && !known {
			return err
		}
	}
	return nil
}
