package bot

import (
	"errors"
	"strings"
	"time"

	"sotto.chat/bot/reading"
	"sotto.chat/bot/words"
	"sotto.chat/catalog"
	"sotto.chat/inbox"
	"sotto.chat/internal/database"
	"sotto.chat/internal/money"
	"sotto.chat/orders"
)

// recentOrders is how far back the bot looks when a customer speaks of an order.
const recentOrders = 20

// actor is how the history names the bot, which acts for the customer.
const actor = "customer"

// place turns a yes into an order, if it is a yes to exactly this cart at exactly these prices, and in time.
func (t *talk) place() error {
	q, err := t.quote()
	if err != nil {
		return err
	}
	said := t.mem.Quote
	switch {
	case said == nil:
		return t.advance()
	case said.stale(t.tx.Now):
		t.out.say("quote_old", nil)
		return t.advance()
	case said.Hash != q.Hash:
		t.out.say("quote_changed", nil)
		return t.advance()
	}
	contact, err := t.contact()
	if err != nil {
		return err
	}
	ord, err := t.b.orders.Place(t.tx, t.c.MerchantID, orders.Placing{CartID: t.cart.ID, Hash: said.Hash, Contact: contact,
		Actor: actor, Language: t.voice().Language()})
	if err != nil {
		return t.notPlaced(err)
	}
	way := t.mem.By
	t.mem.Buying, t.mem.Notes, t.mem.By = false, nil, ""
	t.mem.ask(reading.AskedNothing)
	t.waiting, t.answered = orders.Order{}, true
	if by, err := t.orderedBy(ord, way); err != nil || by {
		return err
	}
	if err := t.ordered(ord, "ordered"); err != nil {
		return err
	}
	return t.load()
}

func (t *talk) contact() (orders.Contact, error) {
	_, d, err := t.b.people.Find(t.tx, t.c.MerchantID, t.c.CustomerID)
	return orders.Contact{Name: d.Name, Phone: d.Phone, Email: d.Email}, err
}

// notPlaced goes back to the cart, which is kept, with the reason.
func (t *talk) notPlaced(err error) error {
	switch {
	case errors.Is(err, orders.ErrCartChanged):
		t.out.say("quote_changed", nil)
		return t.advance()
	case errors.Is(err, catalog.ErrOutOfStock), errors.Is(err, catalog.ErrUnavailable), errors.Is(err, catalog.ErrChooseOptions),
		errors.Is(err, orders.ErrNoAddress):
		t.mem.Quote = nil
		return t.advance() // finds the line that is short, and says so
	}
	return err
}

// ordered says that an order waits for its money, with the link and until when all is held.
func (t *talk) ordered(ord orders.Order, key string) error {
	t.sayOrder(ord, key)
	return t.payHere(ord)
}

func (t *talk) sayOrder(ord orders.Order, key string) {
	total := money.Of(ord.Total, ord.Currency)
	t.out.facts.Text(ord.Number)
	t.out.facts.Amount(total)
	t.out.say(key, words.Facts{"number": ord.Number, "total": total})
}

// payHere gives the links of an order, and until when all is held.
func (t *talk) payHere(ord orders.Order) error {
	if t.b.orders.PayURL(ord) == "" {
		return nil
	}
	t.out.payLinks(t.b.orders.PayLinks(ord))
	t.sayHeld(ord)
	if err := t.offerWays(ord); err != nil {
		return err
	}
	return t.askMoney(ord)
}

func (t *talk) sayHeld(ord orders.Order) {
	if ord.ExpiresAt != nil {
		key, n := lasting(ord.ExpiresAt.Sub(t.tx.Now))
		t.out.facts.Count(n)
		t.out.say(key, words.Facts{"n": n})
	}
}

// askMoney puts the request beside the link that was said.
func (t *talk) askMoney(ord orders.Order) (err error) {
	if t.b.till.Ask != nil {
		t.out.content.Pay, err = t.b.till.Ask(t.tx, t.c.MerchantID, t.c.ChannelID, t.c.Platform, ord)
	}
	return err
}

// lasting words a time that is left: whole days or hours from two on, else minutes.
func lasting(left time.Duration) (string, int64) {
	if left >= 48*time.Hour {
		return "held_days", int64(left / (24 * time.Hour))
	}
	if left >= 2*time.Hour {
		return "held_hours", int64(left / time.Hour)
	}
	return "held_minutes", max(int64((left+30*time.Second)/time.Minute), 1)
}

// pay gives the link again, or goes towards it.
func (t *talk) pay() error {
	if t.touched || t.waiting.ID == "" {
		if len(t.cart.Lines) > 0 {
			t.mem.Buying = true
			return nil
		}
		last, ok, err := t.order("")
		if err != nil {
			return err
		}
		if !ok || last.Status != orders.AwaitingPayment {
			return t.aboutOrder(reading.Action{Kind: reading.OrderStatus})
		}
		t.answered = true
		return t.owing(last, true)
	}
	t.answered = true
	return t.owing(t.waiting, true)
}

// aboutOrder speaks of an order of this conversation: the one that the customer names, or the last one.
func (t *talk) aboutOrder(a reading.Action) error {
	ord, ok, err := t.order(a.Order)
	if err != nil {
		return err
	}
	if !ok {
		key := "no_orders"
		if a.Order != "" {
			key = "order_unknown"
		}
		t.out.say(key, nil)
		t.out.offer("button_human", tapHuman)
		return nil
	}
	t.out.facts.Text(ord.Number)
	number := words.Facts{"number": ord.Number}
	switch a.Kind {
	case reading.CancelOrder:
		return t.askCancel(ord)
	case reading.Reorder:
		return t.reorder(ord.ID)
	case reading.ReturnOrder:
		t.out.say("return_person", number)
		return t.handOff("person_comes")
	case reading.ReportProblem:
		t.out.say("problem_person", number)
		return t.handOff("person_comes")
	}
	return t.status(ord)
}

// order finds an order by its number, or the last one, among those of this conversation: nobody else's can be named.
func (t *talk) order(number string) (orders.Order, bool, error) {
	list, err := t.b.orders.OfConversation(t.tx, t.c.MerchantID, t.c.ID, recentOrders)
	if err != nil {
		return orders.Order{}, false, err
	}
	wanted := strings.ToUpper(strings.TrimLeft(strings.TrimSpace(number), "#"))
	for _, o := range list {
		// A number is letters and digits, which an understander may tear apart: the message itself is asked first.
		if strings.Contains(t.text, o.Number) {
			return o, true, nil
		}
	}
	for _, o := range list {
		if wanted == "" || o.Number == wanted || o.ID == number {
			return o, true, nil
		}
	}
	return orders.Order{}, false, nil
}

// askCancel asks first: a cancelled order is gone. One that has its money is for a person, who gives it back.
func (t *talk) askCancel(ord orders.Order) error {
	number := words.Facts{"number": ord.Number}
	switch {
	case ord.Status == orders.AwaitingPayment && !moneyIn(ord):
		t.mem.ask(askedCancel)
		t.mem.Order = ord.ID
		t.out.only()
		t.out.say("ask_cancel", number)
		t.out.offer("button_cancel", tapTo(tapVoid, ord.ID))
		t.out.offer("button_keep", tapNo)
		t.answered = true
	case ord.Status == orders.AwaitingPayment, ord.Status == orders.Paid, ord.Status == orders.Fulfilled:
		t.out.say("cancel_person", number)
		return t.handOff("person_comes")
	default:
		return t.status(ord)
	}
	return nil
}

// void cancels the order that the yes was asked for, and no other.
func (t *talk) void(order string) error {
	if t.mem.Asked != askedCancel || t.mem.Order != order {
		t.out.say("old_button", nil)
		return nil
	}
	t.mem.ask(reading.AskedNothing)
	ord, ok, err := t.order(order)
	if err != nil || !ok {
		return err
	}
	if ord.Status != orders.AwaitingPayment || moneyIn(ord) {
		t.out.facts.Text(ord.Number)
		return t.askCancel(ord)
	}
	err = t.tx.Try(func(tx database.Tx) (err error) {
		ord, err = t.b.orders.Cancel(tx, t.c.MerchantID, ord.ID, orders.Deed{Actor: actor})
		return err
	})
	if errors.Is(err, orders.ErrOnTheWay) {
		t.out.facts.Text(ord.Number)
		t.out.say("payment_on_its_way", words.Facts{"number": ord.Number})
		return nil
	}
	if err != nil {
		return err
	}
	t.mem.Told, t.mem.Buying, t.answered = ord.ID, false, true
	t.waiting = orders.Order{}
	t.out.facts.Text(ord.Number)
	t.out.say("cancelled", words.Facts{"number": ord.Number})
	t.out.moneyHere(ord)
	t.out.offer("button_again", tapTo(tapAgain, ord.ID))
	return t.load()
}

// reorder puts what an order had into the cart, at the prices of today.
func (t *talk) reorder(order string) error {
	ord, ok, err := t.order(order)
	if err != nil {
		return err
	}
	if !ok {
		t.out.say("order_unknown", nil)
		return nil
	}
	if ord.ID == t.waiting.ID && !t.touched {
		return t.pay()
	}
	begun := len(t.cart.Lines) > 0
	if begun && ord.CartID == t.cart.ID {
		t.mem.Buying = true // nobody paid in time: what it had is in the cart still
		return nil
	}
	for _, l := range ord.Lines {
		options := make([]catalog.Option, 0, len(l.Options))
		for _, o := range l.Options {
			options = append(options, o.Option)
		}
		a := reading.Action{Kind: reading.Add, SKU: l.SKU, Quantity: int(l.Quantity), Options: fromCatalog(options)}
		if err := t.try(a); err != nil {
			return err
		}
	}
	t.mem.Buying = t.mem.Buying || !begun && len(t.cart.Lines) > 0
	return nil
}

// privacy notes what the ledger of consents can hold, and leaves the rest to a person.
func (t *talk) privacy(about string) error {
	switch about {
	case reading.Stop:
		return t.consent("marketing", false, "marketing_stopped")
	case reading.Start:
		return t.consent("marketing", true, "marketing_started")
	case reading.Private:
		return t.consent("llm", false, "private_on")
	}
	return t.handOff("privacy_person")
}

func (t *talk) consent(purpose string, given bool, key string) error {
	_, err := t.b.people.RecordConsent(t.tx, t.c.MerchantID, consentOf(t.c.CustomerID, purpose, given))
	if err == nil {
		t.out.say(key, nil)
	}
	return err
}

// giveOver hands the conversation to a person, once the answer is said.
func (t *talk) giveOver() error {
	if !t.handoff {
		return nil
	}
	note, err := t.summary()
	if err != nil {
		return err
	}
	t.out.content.Note = note
	t.mem.Misread, t.mem.Buying = 0, false
	t.mem.ask(reading.AskedNothing)
	return t.b.inbox.Handoff(t.tx, t.c, inbox.ByPerson)
}
