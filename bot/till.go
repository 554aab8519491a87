package bot

import (
	"sotto.chat/inbox"
	"sotto.chat/internal/database"
	"sotto.chat/orders"
)

// Till lets a platform's own payments stand beside the pay link. The wiring gives it; without one the link stands alone.
type Till struct {
	// Ask makes the request to pay an order in its chat; nil where the link alone leads to the money.
	Ask func(tx database.Tx, merchant, channel, platform string, ord orders.Order) (*inbox.PayRequest, error)
	// Tell says how an order goes on that was asked for in its chat; nil where the platform need not know.
	Tell func(tx database.Tx, merchant, channel, platform string, ord orders.Order, news orders.Changed) (*inbox.PayRequest, error)
}

// Use gives the bot a till, before the desk opens.
func (b *Bot) Use(t Till) { b.till = t }

// askMoney puts the request beside the link that was said.
func (t *talk) askMoney(ord orders.Order) (err error) {
	if t.b.till.Ask != nil {
		t.out.content.Pay, err = t.b.till.Ask(t.tx, t.c.MerchantID, t.c.ChannelID, t.c.Platform, ord)
	}
	return err
}

// tellTill has the platform know what is said of an order.
func (b *Bot) tellTill(tx database.Tx, c inbox.Conversation, ord orders.Order, n orders.Changed) (*inbox.PayRequest, error) {
	if b.till.Tell == nil {
		return nil, nil
	}
	return b.till.Tell(tx, c.MerchantID, c.ChannelID, c.Platform, ord, n)
}
