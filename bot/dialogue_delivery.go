package bot

import (
	"strings"

	"sotto.chat/bot/reading"
	"sotto.chat/bot/words"
	"sotto.chat/customers"
	"sotto.chat/internal/fault"
	"sotto.chat/orders"
)

// The bounds of an address, in characters.
const (
	minAddress = 5
	maxAddress = 500
)

// settleMethod sees to how and where the goods go, asks for the address where it lacks, and changes the quote by it. Where the
// customer has not said how, pickup is meant: it costs nothing and needs no words; the quote says so and offers delivery.
func (t *talk) settleMethod(q *orders.Quote) (asked bool, err error) {
	method := q.Method
	if method == "" || !t.offers(method) {
		switch {
		case t.shop.Pickup:
			method = orders.MethodPickup
		case t.shop.Delivery:
			method = orders.MethodDelivery
		default:
			return false, nil
		}
	}
	d := orders.Delivery{Method: method}
	if method == orders.MethodDelivery {
		_, details, err := t.b.people.Find(t.tx, t.c.MerchantID, t.c.CustomerID)
		if err != nil {
			return false, err
		}
		if d.Address = details.Address; d.Address == nil {
			t.mem.ask(reading.AskedAddress)
			t.askAddress()
			return true, nil
		}
	}
	if err := t.b.orders.SetDelivery(t.tx, t.c.MerchantID, t.cart.ID, d); err != nil {
		return false, err
	}
	t.priced = nil
	*q, err = t.quote()
	return false, err
}

func (t *talk) offers(m orders.Method) bool {
	switch m {
	case orders.MethodDelivery:
		return t.shop.Delivery
	case orders.MethodPickup, orders.MethodEatIn:
		return t.shop.Pickup
	}
	return false
}

func (t *talk) askAddress() {
	t.out.only()
	t.out.say("ask_address", nil)
	if t.shop.Pickup {
		t.out.offer("button_pickup", tapTo(tapWay, reading.Pickup))
	}
}

func (t *talk) setMethod(method string) error {
	m := orders.Method(method)
	if !t.offers(m) {
		t.out.say("method_not_offered", nil)
		return nil
	}
	if err := t.openCart(); err != nil {
		return err
	}
	if t.mem.Asked == reading.AskedAddress {
		t.mem.ask(reading.AskedNothing)
	}
	if err := t.b.orders.SetDelivery(t.tx, t.c.MerchantID, t.cart.ID, orders.Delivery{Method: m}); err != nil {
		return err
	}
	t.out.say("method_"+method, nil)
	if m == orders.MethodDelivery {
		_, details, err := t.b.people.Find(t.tx, t.c.MerchantID, t.c.CustomerID)
		if err != nil {
			return err
		}
		t.whither = details.Address == nil
	}
	return t.rewayed()
}

// rewayed notes that the way to the customer is another one, which may change the total.
func (t *talk) rewayed() error {
	t.mem.Quote, t.touched = nil, true
	if err := t.load(); err != nil {
		return err
	}
	if t.show = len(t.cart.Lines) > 0; !t.show {
		t.out.say("ready", nil)
	}
	return nil
}

// setAddress keeps where to deliver to: with the customer, for the next time, and in the cart; sealed in both.
func (t *talk) setAddress(text string) error {
	text = strings.TrimSpace(text)
	if n := len([]rune(text)); n < minAddress || n > maxAddress {
		t.mem.ask(reading.AskedAddress)
		t.out.say("address_unclear", nil)
		return nil
	}
	if !t.shop.Delivery {
		t.out.say("method_not_offered", nil)
		return nil
	}
	c, details, err := t.b.people.Find(t.tx, t.c.MerchantID, t.c.CustomerID)
	if err != nil {
		return err
	}
	details.Address = &customers.Address{Text: text}
	if _, err := t.b.people.Update(t.tx, t.c.MerchantID, c.ID, details, c.Version); err != nil {
		if f, ok := fault.Of(err); ok && f.Is(customers.ErrInvalid) {
			t.out.say("address_unclear", nil)
			return nil
		}
		return err
	}
	if err := t.openCart(); err != nil {
		return err
	}
	d := orders.Delivery{Method: orders.MethodDelivery, Address: details.Address}
	if err := t.b.orders.SetDelivery(t.tx, t.c.MerchantID, t.cart.ID, d); err != nil {
		return err
	}
	if t.mem.Asked == reading.AskedAddress {
		t.mem.ask(reading.AskedNothing)
	}
	t.out.say("address_kept", nil)
	return t.rewayed()
}

func (t *talk) openCart() error {
	if t.hasCart {
		return nil
	}
	cart, err := t.b.orders.OpenCart(t.tx, t.c.MerchantID, orders.Owner{CustomerID: t.c.CustomerID, ConversationID: t.c.ID}, "")
	t.cart, t.hasCart = cart, err == nil
	return err
}

// destination says where the goods go.
func (t *talk) destination(q orders.Quote) error {
	switch q.Method {
	case orders.MethodPickup, orders.MethodEatIn:
		t.out.say("to_pickup", nil)
		if t.shop.Delivery {
			t.out.offer("button_delivery", tapTo(tapWay, reading.Delivery))
		}
	case orders.MethodDelivery:
		_, details, err := t.b.people.Find(t.tx, t.c.MerchantID, t.c.CustomerID)
		if err != nil || details.Address == nil {
			return err
		}
		address := addressText(*details.Address)
		t.out.facts.Text(address)
		t.out.say("to_address", words.Facts{"address": address})
		t.out.offer("button_address", tapAddress)
	}
	return nil
}

func addressText(a customers.Address) string {
	if a.Text != "" {
		return a.Text
	}
	var parts []string
	for _, p := range []string{a.Line1, a.Line2, strings.TrimSpace(a.PostalCode + " " + a.City), a.Region, a.Country} {
		if p != "" {
			parts = append(parts, p)
		}
	}
	return strings.Join(parts, ", ")
}
