package bot

import (
	"slices"
	"strings"
	"unicode/utf8"

	"sotto.chat/bot/reading"
	"sotto.chat/bot/words"
	"sotto.chat/inbox"
	"sotto.chat/internal/database"
	"sotto.chat/internal/money"
	"sotto.chat/orders"
)

// moneyIn tells whether money of an order is with the shop already, as good or before a person.
func moneyIn(ord orders.Order) bool { return ord.Arrived().Amount > 0 || ord.InReview() }

// status says how an order stands, and where its money is.
func (t *talk) status(ord orders.Order) error {
	total := money.Of(ord.Total, ord.Currency)
	t.out.facts.Text(ord.Number)
	t.out.facts.Amount(total)
	f := words.Facts{"number": ord.Number, "total": total}
	here := ord.Arrived()
	switch ord.Status {
	case orders.AwaitingPayment:
		return t.owing(ord, false)
	case orders.Cancelled:
		t.out.say("status_cancelled", f)
		t.out.moneyHere(ord)
	case orders.Expired:
		if here.Amount > 0 {
			t.out.facts.Amount(here)
			f["amount"] = here
			t.out.say("expired_partly", f)
			return nil
		}
		t.out.say("status_expired", f)
	default:
		t.out.say("status_"+string(ord.Status), f)
		if ord.InReview() {
			t.out.say("needs_review", f)
		}
		return nil
	}
	switch {
	case here.Amount > 0:
	case ord.InReview():
		t.out.say("needs_review", f)
	default:
		t.out.offer("button_again", tapTo(tapAgain, ord.ID))
	}
	return nil
}

// owing says what is still to be paid of an order that waits for its money, and how. While a person looks at money of it, or money is on
// its way, nobody is asked to pay. Who has chosen a way without a link gets the link only where it is asked for.
func (t *talk) owing(ord orders.Order, link bool) error {
	t.out.facts.Text(ord.Number)
	f := words.Facts{"number": ord.Number}
	if ord.InReview() {
		t.out.say("needs_review", f)
		return nil
	}
	here, rest := ord.Arrived(), ord.Open()
	part := here.Amount > 0 && rest.Amount > 0
	if part {
		t.out.facts.Amount(here, rest)
		f["amount"], f["rest"] = here, rest
		t.out.say("paid_in_part", f)
	}
	if ord.OnItsWay() {
		t.out.say("payment_processing", f)
		return nil
	}
	byHand, err := t.byHand(ord)
	switch {
	case err != nil || byHand && !link:
		return err
	case byHand || part:
		return t.payHere(ord)
	}
	return t.ordered(ord, "pay_again")
}

// waysToPay says how the shop can be paid, and gives the link of an order that waits for its money.
func (t *talk) waysToPay() error {
	t.out.say("ways_link", nil)
	cash, bank, err := t.sayWays()
	if err != nil || t.touched {
		return err
	}
	last, waits, err := t.owed()
	if err != nil {
		return err
	}
	if waits {
		t.answered = true
		return t.owing(last, true)
	}
	if len(t.cart.Lines) > 0 {
		t.wayButtons(cash, bank, "")
	}
	return nil
}

// sayWays tells once what the shop takes beside the link.
func (t *talk) sayWays() (cash, bank bool, err error) {
	if cash, bank, err = t.b.orders.ByHand(t.tx, t.c.MerchantID); err != nil || t.ways {
		return cash, bank, err
	}
	t.ways = true
	say := t.out.say
	if len(t.out.blocks) > 0 && len(t.out.content.Links) == 0 {
		say = t.out.add
	}
	if cash {
		say("ways_cash", nil)
		say = t.out.add
	}
	if bank {
		say("ways_bank", nil)
	}
	return cash, bank, nil
}

// offerWays lets an order that waits for one payment be paid otherwise than it is now.
func (t *talk) offerWays(ord orders.Order) error {
	p, ok := ord.AskedOnce()
	if !ok {
		return nil
	}
	now := ""
	if p.PromisedCash() {
		now = orders.ByCash
	} else if _, transfer := ord.ByTransfer(); transfer {
		now = orders.ByBank
	}
	if now != "" {
		cash, bank, err := t.b.orders.ByHand(t.tx, t.c.MerchantID)
		t.wayButtons(cash, bank, now)
		return err
	}
	cash, bank, err := t.sayWays()
	t.wayButtons(cash, bank, now)
	return err
}

// byLink is the way that needs nothing chosen.
const byLink = "link"

func (t *talk) wayButtons(cash, bank bool, now string) {
	if now != "" && len(t.out.content.Links) == 0 {
		t.out.offer("button_link", tapTo(tapBy, byLink))
	}
	if cash && now != orders.ByCash {
		t.out.offer("button_cash", tapTo(tapBy, orders.ByCash))
	}
	if bank && now != orders.ByBank {
		t.out.offer("button_bank", tapTo(tapBy, orders.ByBank))
	}
}

// owed gives the order that waits for the customer's money, unless he has gone on to another cart.
func (t *talk) owed() (orders.Order, bool, error) {
	if t.waiting.ID != "" && !t.touched {
		return t.waiting, true, nil
	}
	if len(t.cart.Lines) > 0 {
		return orders.Order{}, false, nil
	}
	last, ok, err := t.order("")
	return last, ok && last.Status == orders.AwaitingPayment, err
}

// takes tells whether the shop is paid in this way.
func (t *talk) takes(way string) (bool, error) {
	cash, bank, err := t.b.orders.ByHand(t.tx, t.c.MerchantID)
	return way == byLink || way == orders.ByCash && cash || way == orders.ByBank && bank, err
}

// payBy has the customer pay in the way that he chose: the order that waits at once, a cart as soon as it is ordered.
func (t *talk) payBy(way string) error {
	takes, err := t.takes(way)
	if err != nil {
		return err
	}
	ord, waits, err := t.owed()
	switch {
	case err != nil:
		return err
	case takes && waits:
		t.answered = true
		return t.switchTo(ord, way)
	case takes && len(t.cart.Lines) > 0:
		if t.mem.Buying = true; way == byLink {
			way = ""
		}
		t.mem.By = way
		return nil
	}
	return t.waysToPay()
}

// switchTo has an order be paid in another way. Where that cannot be, it is said how it stands.
func (t *talk) switchTo(ord orders.Order, way string) error {
	if _, ok := ord.AskedOnce(); !ok {
		return t.owing(ord, true)
	}
	if way == byLink {
		return t.ordered(ord, "pay_again")
	}
	return t.goBy(ord, way)
}

// orderedBy says that an order is placed which is paid by hand; false where the link is the way.
func (t *talk) orderedBy(ord orders.Order, way string) (bool, error) {
	takes, err := t.takes(way)
	if _, ok := ord.AskedOnce(); err != nil || !ok || !takes || way == byLink {
		return false, err
	}
	t.sayOrder(ord, "ordered")
	return true, t.goBy(ord, way)
}

// goBy has an order wait for money by hand, and says what the customer has to do for it.
func (t *talk) goBy(ord orders.Order, way string) error {
	p, _ := ord.AskedOnce()
	err := t.tx.Try(func(tx database.Tx) (err error) {
		if _, err = t.b.orders.PayBy(tx, t.c.MerchantID, p.ID, way, orders.Deed{Actor: actor}); err == nil {
			ord, err = t.b.orders.Find(tx, t.c.MerchantID, ord.ID)
		}
		return err
	})
	if err != nil {
		return err
	}
	if len(ord.Events) > 0 {
		t.told = append(t.told, "bot:"+ord.Events[len(ord.Events)-1].Fact)
	}
	t.waiting = orders.Order{}
	t.out.facts.Text(ord.Number)
	if _, err := t.byHand(ord); err != nil {
		return err
	}
	if way == orders.ByBank {
		t.out.say("slow_rule", nil)
		t.sayHeld(ord)
		if err := t.askMoney(ord); err != nil { // perhaps by a voucher
			return err
		}
	}
	if err := t.offerWays(ord); err != nil {
		return err
	}
	return t.load()
}

// byHand says what to do for money that comes by a bank transfer or in cash; false where neither was chosen.
func (t *talk) byHand(ord orders.Order) (bool, error) {
	for _, p := range ord.Payments {
		if p.PromisedCash() {
			t.out.facts.Amount(p.Money())
			t.out.say("on_delivery", words.Facts{"number": ord.Number, "total": p.Money()})
			return true, nil
		}
	}
	reference, details, err := t.b.orders.Transfer(t.tx, ord)
	if err != nil || reference == "" {
		return false, err
	}
	t.out.reference, t.out.details = reference, details
	t.out.transfer(ord)
	return true, nil
}

// transfer says where to transfer the money of an order, and under which reference.
func (d *draft) transfer(ord orders.Order) {
	sum := money.Of(ord.Total, ord.Currency)
	if p, ok := ord.ByTransfer(); ok {
		sum = p.Money()
	}
	d.facts.Amount(sum)
	d.facts.Text(ord.Number, d.reference, d.details)
	d.say("bank_transfer", words.Facts{"number": ord.Number, "total": sum, "reference": d.reference, "details": d.details})
}

// command gives the tap that a whole message stands for. What the shop sells is no command, and a way to pay is one only where it can
// be chosen.
func (t *talk) command(text string) (tap string, ok bool, err error) {
	if tap, ok = t.b.words.Command(text); !ok || t.goods.Called(text) {
		return "", false, nil
	}
	switch {
	case strings.HasPrefix(tap, tapBy+":"):
		ok, err = t.choosesWay()
	case strings.HasPrefix(tap, tapWay+":"):
		ok = !t.ownAnswer(text)
	}
	return tap, ok, err
}

// ownAnswer tells whether the merchant has an answer of his own to a message.
func (t *talk) ownAnswer(text string) bool {
	r, err := t.b.embedded.Read(t.tx.Context(), Question{Merchant: t.c.MerchantID, Conversation: t.c.ID, Text: text, Locale: t.voice().Language(),
		State: t.mem.state(t.cartLines()), Goods: t.goods})
	return err == nil && slices.ContainsFunc(r.Actions, func(a reading.Action) bool { return a.Kind == reading.Ask && a.Question != "" })
}

// choosesWay tells whether the shop takes more than the link, and there is something to pay.
func (t *talk) choosesWay() (bool, error) {
	cash, bank, err := t.b.orders.ByHand(t.tx, t.c.MerchantID)
	if err != nil || !cash && !bank {
		return false, err
	}
	_, waits, err := t.owed()
	return waits || len(t.cart.Lines) > 0, err
}

const (
	// wayBefore are the signs behind which a message may say how it will be paid.
	wayBefore = " ,.;!،。，！"
	// maxWay is how long such a message is at most.
	maxWay = 300
)

// wayBehind parts a message such as "that is all, I pay cash" into what is said first and the way to pay. Without a sign between them
// there must be a plain yes: "how can I pay cash" chooses nothing.
func (t *talk) wayBehind(text string) (head, tap string, ok bool, err error) {
	if len(text) > maxWay {
		return "", "", false, nil
	}
	for at, sign := range text {
		if !strings.ContainsRune(wayBefore, sign) {
			continue
		}
		tap, ok, err = t.command(text[at+utf8.RuneLen(sign):])
		if err != nil {
			return "", "", false, err
		}
		head = text[:at]
		if ok && strings.HasPrefix(tap, tapBy+":") && (sign != ' ' || t.reads(head, reading.Confirm)) {
			return head, tap, true, nil
		}
	}
	return "", "", false, nil
}

// reads tells whether words mean just one thing, or, where kind is empty, anything at all.
func (t *talk) reads(text, kind string) bool {
	state := t.mem.state(t.cartLines())
	state.Asked = reading.AskedConfirm
	r, err := t.b.embedded.Read(t.tx.Context(), Question{Merchant: t.c.MerchantID, Conversation: t.c.ID, Text: text, Locale: t.voice().Language(),
		State: state, Goods: t.goods})
	if kind == "" {
		return err == nil && len(r.Actions) > 0
	}
	return err == nil && len(r.Actions) == 1 && r.Actions[0].Kind == kind
}

// hearBoth acts on what was said before the way to pay, and on that.
func (t *talk) hearBoth(m inbox.Message, head, tap string) error {
	if m.Content.Text = head; t.reads(head, "") {
		if err := t.hear(m, nil); err != nil {
			return err
		}
	}
	return t.tap(tap)
}
