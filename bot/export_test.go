package bot

import (
	"sotto.chat/bot/reading"
	"sotto.chat/bot/shelf"
	"sotto.chat/bot/words"
	"sotto.chat/channels"
	"sotto.chat/orders"
)

// Untap reads a tap.
func Untap(g *shelf.Goods, tap string) (reading.Action, string, bool) {
	a, own, _, ok := untap(g, tap)
	return a, own, ok
}

// Vouched gives what a notice that the guard refuses is replaced by.
func (b *Bot) Vouched(v words.Voice, text string, ord orders.Order) (channels.Content, error) {
	return b.vouched(&draft{voice: v, blocks: []string{text}}, ord)
}
