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
	reference, details, err := b.orders.Transfer(ctx, ord)
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
		d := &draft{voice: b.voice(shop, mem.Language, c.Language), reference: reference, details: details}
		if !b.tell(d, n, ord, mem) {
			return nil
		}
		content := d.finish()
		if err := guard(content, &d.facts, d.voice); err != nil {
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
	d.facts.text(ord.Number)
	d.facts.amount(total)
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
			d.facts.amount(here)
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
		d.offer("button_checkout", tapCheckout)
	case orders.ReasonRefunded:
		d.say("cancelled_refunded", f)
		b.refunded(d, ord)
	default:
		d.say("cancelled_by_shop", f)
	}
	return true
}

// tellMoney words what happened to the money of an order that stands.
func (b *Bot) tellMoney(d *draft, n orders.Changed, ord orders.Order, f words.Facts) bool {
	switch n.Reason {
	case orders.ReasonRefunded:
		d.say("refunded", f)
		b.refunded(d, ord)
	case orders.ReasonProcessing:
		d.say("payment_processing", f)
		d.say("slow_rule", f)
	case orders.ReasonFailed:
		links := b.orders.PayLinks(ord)
		if len(links) == 0 {
			return false
		}
		d.say("payment_failed", f)
		d.payLinks(links)
	case orders.ReasonReturned:
		d.say("returned", f)
	case orders.ReasonPaid: // in cash, when the goods were handed over
		d.say("paid", f)
	case orders.ReasonPlaced, orders.ReasonFree:
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
		d.facts.amount(here, rest)
		f["amount"], f["rest"] = here, rest
		d.say("paid_in_part", f)
		d.payLinks(b.orders.PayLinks(ord))
	case orders.ReasonSplit:
		d.say("split", f)
		d.payLinks(b.orders.PayLinks(ord))
	case orders.ReasonOnDelivery:
		d.say("on_delivery", f)
	case orders.ReasonTransfer:
		if d.reference == "" {
			return false
		}
		d.facts.text(d.reference, d.details)
		f["reference"], f["details"] = d.reference, d.details
		d.say("bank_transfer", f)
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
		d.facts.amount(came, p.Money())
		f["amount"], f["asked"] = came, p.Money()
		d.say("review_sum", f)
		return
	case orders.ReasonDouble:
		d.say("review_double", f)
		return
	case orders.ReasonPartly:
		here := ord.Arrived()
		d.facts.amount(here)
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
func (b *Bot) refunded(d *draft, ord orders.Order) {
	var sum int64
	for _, p := range ord.Payments {
		sum += p.RefundedAmount
	}
	if sum == 0 {
		return
	}
	amount := money.Of(sum, ord.Currency)
	d.facts.amount(amount)
	d.say("refunded_amount", words.Facts{"amount": amount})
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
	t.out.put(t.voice().CardWarning(t.mem.Language, t.c.Language))
	if t.touched || t.waiting.ID == "" {
		if t.hasCart && len(t.cart.Lines) > 0 {
			t.out.offer("button_checkout", tapCheckout)
		}
		return
	}
	t.b.offerPayment(t.out, t.waiting)
}

// offerPayment puts the pay link of an order into an answer.
func (b *Bot) offerPayment(d *draft, ord orders.Order) {
	url := b.orders.PayURL(ord)
	if url == "" {
		return
	}
	total := money.Of(ord.Total, ord.Currency)
	d.facts.amount(total)
	d.link(d.voice.Say("pay_link", words.Facts{"total": total}), url)
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
		d.put(d.voice.CardWarning(mem.Language, c.Language))
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
		if err := guard(content, &d.facts, d.voice); err != nil {
			return err
		}
		_, err = b.inbox.SayOnce(tx, &c, "bot:card:"+n.Message, content)
		return err
	})
}
