package bot

import (
	"sotto.chat/bot/reading"
	"sotto.chat/bot/words"
	"sotto.chat/channels"
	"sotto.chat/internal/money"
	"sotto.chat/orders"
)

// Backed tells whether the guard lets a message through with these facts, put together with these templates.
func Backed(c channels.Content, v words.Voice, amounts []money.Money, counts []int64, texts []string, templates ...string) bool {
	f := &facts{}
	f.amount(amounts...)
	f.count(counts...)
	f.text(texts...)
	for _, bare := range templates {
		f.template(v, bare)
	}
	return guard(c, f, v) == nil
}

// Untap reads a tap.
func (g *Goods) Untap(tap string) (reading.Action, string, bool) {
	a, own, _, ok := g.untap(tap)
	return a, own, ok
}

// Ref is the short name of an id.
func Ref(id string) string { return ref(id) }

// Vouched gives what a notice that the guard refuses is replaced by.
func (b *Bot) Vouched(v words.Voice, text string, ord orders.Order) (channels.Content, error) {
	return b.vouched(&draft{voice: v, blocks: []string{text}}, ord)
}
