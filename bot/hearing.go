package bot

import (
	"context"
	"strings"
	"time"

	"sotto.chat/bot/reading"
	"sotto.chat/bot/shelf"
	"sotto.chat/inbox"
	"sotto.chat/internal/jobs"
)

// Senses hear voice notes and look at photos, outside of every transaction. One that is nil is not there, and the bot says so.
type Senses struct {
	// Hear gives the words of a voice note, none where nothing was said.
	Hear func(ctx context.Context, channel string, m inbox.Media, q Question) (text string, err error)
	// See gives what a photo may show.
	See func(ctx context.Context, channel string, m inbox.Media, q Question) (Sight, error)
}

// Sight is what a photo may show: goods of the shop by sku, the likeliest first, or words to look for.
type Sight struct {
	SKUs  []string
	Words string
}

// Sense gives the bot senses, before the desk opens.
func (b *Bot) Sense(s Senses) { b.senses = s }

const (
	// hearing is how long one turn may hear and look, all in all.
	hearing = 24 * time.Second
	// waitForOther is how long a turn waits for another one that is hearing the same.
	waitForOther = time.Second
)

// wants tells whether a message is a voice note or a photo that there is a sense for, and of which nothing was made yet. What was typed
// beside a voice note stands for it.
func (b *Bot) wants(m inbox.Message, shop Shop) (inbox.Media, bool) {
	if !shop.Model || m.Card || m.Forgotten || m.Tap != "" || m.Product != "" || len(m.Order) > 0 || len(m.Content.Media) != 1 || m.Sensed.Done() {
		return inbox.Media{}, false
	}
	media := m.Content.Media[0]
	switch media.Kind {
	case "audio":
		return media, b.senses.Hear != nil && strings.TrimSpace(m.Content.Text) == ""
	case "image":
		return media, b.senses.See != nil
	}
	return media, false
}

// sense hears and looks at what came in, where merchant and customer allow it, and keeps what was made of each message with it. It gives
// the messages that it has dealt with, whatever came of it.
func (b *Bot) sense(ctx context.Context, c inbox.Conversation, messages []inbox.Message, mem *memory, shop Shop, goods *shelf.Goods) (map[string]bool, error) {
	dealt, tried, forbidden := map[string]bool{}, 0, false
	short, cancel := context.WithTimeout(ctx, hearing)
	defer cancel()
	for _, m := range messages {
		media, ok := b.wants(m, shop)
		if !ok {
			continue
		}
		if tried >= maxAsked {
			break // the turn begins anew for what is left
		}
		dealt[m.ID] = true
		q := Question{Merchant: c.MerchantID, Conversation: c.ID, Text: m.Content.Text, Locale: mem.Language, State: mem.state(mem.Cart), Goods: goods}
		// An answer to the question for the address is an address: it goes nowhere. Neither does a photo whose caption says all.
		if mem.Asked == reading.AskedAddress || forbidden || b.sureOf(ctx, q) {
			continue
		}
		if tried == 0 {
			if _, allowed := b.known(ctx, c); !allowed {
				forbidden = true
				continue
			}
		}
		tried++
		mine, wait, err := b.inbox.Sensing(ctx, c.MerchantID, c.ID, m.ID)
		if err != nil {
			return nil, err
		}
		if wait > 0 {
			return nil, jobs.ErrLater{Delay: min(wait, waitForOther)}
		}
		if !mine {
			continue
		}
		made, text := b.perceive(short, c.ChannelID, media, q)
		if err := b.inbox.KeepSensed(ctx, c.MerchantID, c.ID, m.ID, made, text); err != nil {
			return nil, err
		}
	}
	return dealt, nil
}

// sureOf tells whether typed words need nothing beside them.
func (b *Bot) sureOf(ctx context.Context, q Question) bool {
	if strings.TrimSpace(q.Text) == "" {
		return false
	}
	r, err := b.embedded.Read(ctx, q)
	return err == nil && !unsure(r)
}

// perceive asks the sense that a file is for. What fails gives nothing: the bot says then that it cannot hear or see.
func (b *Bot) perceive(ctx context.Context, channel string, media inbox.Media, q Question) (made inbox.Sensed, text string) {
	var err error
	var sight Sight
	if media.Kind == "audio" {
		text, err = b.senses.Hear(ctx, channel, media, q)
		made.Heard = err == nil
	} else {
		sight, err = b.senses.See(ctx, channel, media, q)
		made = inbox.Sensed{Seen: err == nil, Products: sight.SKUs, Words: sight.Words}
	}
	if err != nil {
		b.log.InfoContext(ctx, "a file could not be heard or seen", "conversation", q.Conversation, "kind", media.Kind, "error", logged(err))
		return inbox.Sensed{}, ""
	}
	return made, text
}
