package bot

import (
	"context"

	"sotto.chat/bot/words"
	"sotto.chat/inbox"
	"sotto.chat/internal/database"
	"sotto.chat/internal/money"
	"sotto.chat/orders"
)

// Notify tells the customer what became of an order, in the conversation that it came from, once for each fact, also
// while a person is answering there.
func (b *Bot) Notify(ctx context.Context, n orders.Changed) error {
	ord, err := b.orders.Get(ctx, n.Merchant, n.Order)
	if err != nil || ord.ConversationID == "" {
		return err
	}
	shop, err := b.shop(ctx, n.Merchant)
	if err != nil {
		return err
	}
	return b.db.InTx(ctx, func(tx database.Tx) error {
		c, err := b.inbox.Lock(tx, n.Merchant, ord.ConversationID)
		if err != nil {
			return err
		}
		plain, err := b.inbox.Memory(tx, &c)
		if err != nil {
			return err
		}
		mem := readMemory(plain)
		d := &draft{voice: b.voice(shop, mem.Language, c.Language)}
		if d.reference, d.details, err = b.orders.Transfer(tx, ord); err != nil {
			return err
		}
		if d.back, err = b.orders.GivenBack(tx, ord, n); err != nil {
			return err
		}
		if !b.tell(d, n, ord, mem) {
			return nil
		}
		content, err := b.vouched(d, ord)
		if err != nil {
			return err
		}
		if content.Pay, err = b.tellTill(tx, c, ord, n); err != nil {
			return err
		}
		said, err := b.inbox.SayOnce(tx, &c, factOf(n), content)
		if err != nil || !said {
			return err
		}
		// Who cannot press the button writes what stands on it.
		mem.Last = &content
		if plain, err = mem.write(); err != nil {
			return err
		}
		return b.inbox.SetMemory(tx, &c, plain)
	})
}

// vouched gives the message. What the guard refuses would be refused each time: then the customer hears at least that a person looks at it.
func (b *Bot) vouched(d *draft, ord orders.Order) (inbox.Content, error) {
	content := d.finish()
	err := d.facts.Check(content, d.voice)
	if err == nil {
		return content, nil
	}
	b.log.Error("a notice about an order was not said as it was worded", "merchant", ord.MerchantID, "order", ord.ID, "error", err)
	plain := &draft{voice: d.voice}
	plain.facts.Text(ord.Number)
	plain.say("needs_review", words.Facts{"number": ord.Number})
	content = plain.finish()
	return content, plain.facts.Check(content, plain.voice)
}

// tellTill has the platform know what is said of an order.
func (b *Bot) tellTill(tx database.Tx, c inbox.Conversation, ord orders.Order, n orders.Changed) (*inbox.PayRequest, error) {
	if b.till.Tell == nil {
		return nil, nil
	}
	return b.till.Tell(tx, c.MerchantID, c.ChannelID, c.Platform, ord, n)
}

// factOf names what is said. That an order has its money is said once, however the money came.
func factOf(n orders.Changed) string {
	if n.To == orders.Paid && n.From != orders.Paid || n.From == n.To && n.Reason == orders.ReasonPaid {
		return "bot:paid:" + n.Order
	}
	return "bot:" + n.Fact
}

// tell words the news; false where there is nothing to say.
func (b *Bot) tell(d *draft, n orders.Changed, ord orders.Order, mem *memory) bool {
	total := money.Of(ord.Total, ord.Currency)
	d.facts.Text(ord.Number)
	d.facts.Amount(total)
	f := words.Facts{"number": ord.Number, "total": total}
	if n.From == n.To {
		return b.tellMoney(d, n, ord, f)
	}
	switch n.To {
	case orders.Paid:
		d.say("paid", f)
	case orders.Fulfilled:
		key := "fulfilled"
		if ord.Method == orders.MethodPickup || ord.Method == orders.MethodEatIn {
			key = "fulfilled_pickup"
		}
		d.say(key, f)
	case orders.Expired:
		if here := ord.Arrived(); here.Amount > 0 {
			d.facts.Amount(here)
			f["amount"] = here
			d.say("expired_partly", f)
			return true
		}
		d.say("expired", f)
		d.offer("button_again", tapCheckout)
		d.offer("button_cart", tapCart)
	case orders.Cancelled:
		if mem.Told == ord.ID {
			return false // the turn that cancelled it has said so
		}
		return b.tellCancelled(d, n, ord, f)
	default:
		return false
	}
	return true
}

func (b *Bot) tellCancelled(d *draft, n orders.Changed, ord orders.Order, f words.Facts) bool {
	switch n.Reason {
	case orders.ReasonCartChanged:
		d.say("link_died", f)
		d.moneyHere(ord)
		d.offer("button_checkout", tapCheckout)
	case orders.ReasonRefunded:
		d.say("cancelled_refunded", f)
		d.refunded()
	default:
		d.say("cancelled_by_shop", f)
		d.moneyHere(ord)
	}
	return true
}

// tellMoney words what happened to the money of an order that stands.
func (b *Bot) tellMoney(d *draft, n orders.Changed, ord orders.Order, f words.Facts) bool {
	switch n.Reason {
	case orders.ReasonRefunded:
		d.say("refunded", f)
		d.refunded()
	case orders.ReasonProcessing:
		if ord.Status != orders.AwaitingPayment {
			return false // it has come, or was called off, and that is said
		}
		d.say("payment_processing", f)
		d.say("slow_rule", f)
	case orders.ReasonFailed, orders.ReasonHoldEnded:
		links := b.orders.PayLinks(ord)
		if len(links) == 0 {
			return false
		}
		key := "payment_failed"
		if n.Reason == orders.ReasonHoldEnded {
			key = "hold_ended"
		}
		d.say(key, f)
		d.payLinks(links)
	case orders.ReasonReturned:
		d.say("returned", f)
	case orders.ReasonPaid: // in cash, when the goods were handed over
		d.say("paid", f)
	case orders.ReasonPlaced, orders.ReasonFree, orders.ReasonHoldEnds: // the last is for staff
		return false
	default:
		return b.tellShare(d, n, ord, f)
	}
	return true
}

// tellShare words what is to be paid, and how, while a part of the money is here or comes by hand.
func (b *Bot) tellShare(d *draft, n orders.Changed, ord orders.Order, f words.Facts) bool {
	switch n.Reason {
	case orders.ReasonPart, orders.ReasonAskRest:
		here, rest := ord.Arrived(), ord.Open()
		if ord.Status != orders.AwaitingPayment || rest.Amount < 1 {
			return false // more has come since, and that is said
		}
		d.facts.Amount(here, rest)
		f["amount"], f["rest"] = here, rest
		d.say("paid_in_part", f)
		d.payLinks(b.orders.PayLinks(ord))
	case orders.ReasonEdited:
		if _, late := ord.About(n); late { // money for what it was before
			b.tellReview(d, n, ord, f)
			return true
		}
		if ord.Status != orders.AwaitingPayment {
			return false
		}
		d.say("order_edited", f)
		d.payLinks(b.orders.PayLinks(ord))
	case orders.ReasonSplit:
		if ord.Status != orders.AwaitingPayment {
			return false
		}
		d.say("split", f)
		d.payLinks(b.orders.PayLinks(ord))
	case orders.ReasonOnDelivery:
		d.say("on_delivery", f)
	case orders.ReasonTransfer:
		if d.reference == "" {
			return false
		}
		d.transfer(ord)
		d.say("slow_rule", f)
	default:
		b.tellReview(d, n, ord, f)
	}
	return true
}

// tellReview says that a person looks at money, and why.
func (b *Bot) tellReview(d *draft, n orders.Changed, ord orders.Order, f words.Facts) {
	p, known := ord.About(n)
	switch n.Reason {
	case orders.ReasonWrongAmount:
		if !known || p.PaidAmount == 0 {
			break
		}
		came := money.Of(p.PaidAmount, p.Currency)
		d.facts.Amount(came, p.Money())
		f["amount"], f["asked"] = came, p.Money()
		d.say("review_sum", f)
		return
	case orders.ReasonDouble:
		d.say("review_double", f)
		return
	case orders.ReasonPartly:
		here := ord.Arrived()
		d.facts.Amount(here)
		f["amount"] = here
		d.say("expired_partly", f)
		return
	case orders.ReasonLateNoGoods:
		d.say("review_no_goods", f)
		return
	case orders.ReasonLateCancelled, orders.ReasonSuperseded:
		d.say("review_after_end", f)
		return
	}
	d.say("needs_review", f)
}

// refunded says how much went back, as the payments know it.
func (d *draft) refunded() {
	if d.back.Amount.Amount == 0 {
		return
	}
	d.facts.Amount(d.back.Amount)
	key := "refunded_amount"
	if d.back.InAll {
		key = "refunded_in_all"
	}
	d.say(key, words.Facts{"amount": d.back.Amount})
	if !d.back.Cash {
		d.add("refund_in_days", nil)
	}
}

// moneyHere says that money of an order which is over is with the shop, and that a person sees to it.
func (d *draft) moneyHere(ord orders.Order) {
	here := ord.Arrived()
	if here.Amount < 1 {
		return
	}
	d.facts.Amount(here)
	d.say("money_here", words.Facts{"amount": here})
}

// skusOf lists the products of cards.
func skusOf(cards []inbox.Card) []string {
	var out []string
	for _, c := range cards {
		out = append(out, c.SKU)
	}
	return out
}

// warn answers a message that held a card's number, which nobody has kept, and offers the place where a card is safe. Nothing else of
// such a message is used.
func (t *talk) warn() {
	t.out.warn(t.mem.Language, t.c.Language)
	if t.touched || t.waiting.ID == "" {
		if t.hasCart && len(t.cart.Lines) > 0 {
			t.out.offer("button_checkout", tapCheckout)
		}
		return
	}
	t.b.offerPayment(t.out, t.waiting)
}

// offerPayment puts the pay links of an order into an answer, unless a person looks at money of it.
func (b *Bot) offerPayment(d *draft, ord orders.Order) {
	if !ord.InReview() {
		d.payLinks(b.orders.PayLinks(ord))
	}
}

// WarnOfCard says the warning in a conversation that a person answers, once for each message.
func (b *Bot) WarnOfCard(ctx context.Context, n inbox.CardTyped) error {
	shop, err := b.shop(ctx, n.Merchant)
	if err != nil {
		return err
	}
	return b.db.InTx(ctx, func(tx database.Tx) error {
		c, err := b.inbox.Lock(tx, n.Merchant, n.Conversation)
		if err != nil {
			return err
		}
		plain, err := b.inbox.Memory(tx, &c)
		if err != nil {
			return err
		}
		mem := readMemory(plain)
		d := &draft{voice: b.voice(shop, mem.Language, c.Language)}
		d.warn(mem.Language, c.Language)
		list, err := b.orders.OfConversation(tx, c.MerchantID, c.ID, recentOrders)
		if err != nil {
			return err
		}
		for _, o := range list {
			if o.Status == orders.AwaitingPayment {
				b.offerPayment(d, o)
				break
			}
		}
		content := d.finish()
		if err := d.facts.Check(content, d.voice); err != nil {
			return err
		}
		_, err = b.inbox.SayOnce(tx, &c, "bot:card:"+n.Message, content)
		return err
	})
}
