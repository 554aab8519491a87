package bot

import (
	"context"
	_ "embed"
	"encoding/json"
	"fmt"
	"strings"

	"sotto.chat/bot/words"
	"sotto.chat/inbox"
	"sotto.chat/internal/database"
	"sotto.chat/internal/money"
	"sotto.chat/orders"
)

// cardWarnings holds the warning about card numbers in languages that the bot does not speak otherwise: who is in danger is warned in
// the language that he reads.
//
//go:embed card_warnings.json
var cardWarnings []byte

func readWarnings() (map[string]string, error) {
	list := map[string]string{}
	if err := json.Unmarshal(cardWarnings, &list); err != nil {
		return nil, fmt.Errorf("read the warnings about card numbers: %w", err)
	}
	return list, nil
}

// cardWarning is the fixed answer to a card's number, in the first language of tags that is known for it.
func (b *Bot) cardWarning(v words.Voice, tags ...string) string {
	for _, tag := range tags {
		if _, spoken := b.words.Speaks(tag); spoken {
			break
		}
		code, _, _ := strings.Cut(strings.ToLower(strings.ReplaceAll(tag, "_", "-")), "-")
		if w, ok := b.warnings[code]; ok {
			return w
		}
	}
	return v.Say("card_warning", nil)
}

// warn answers a message that held a card's number, which nobody has kept, and offers the place where a card is safe. Nothing else of
// such a message is used.
func (t *talk) warn() {
	t.out.put(t.b.cardWarning(t.voice(), t.mem.Language, t.c.Language))
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
		d.put(b.cardWarning(d.voice, mem.Language, c.Language))
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
