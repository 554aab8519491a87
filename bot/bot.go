// Package bot answers customers: a message becomes a reading, the reading acts, and what became of it becomes words.
//
// An understander only proposes. Prices, totals, stock and orders come from the rooms below, inside the transaction that
// answers, and every number in an answer is checked against them before it leaves.
package bot

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"time"

	"sotto.chat/bot/reading"
	"sotto.chat/bot/shadow"
	"sotto.chat/bot/words"
	"sotto.chat/catalog"
	"sotto.chat/customers"
	"sotto.chat/inbox"
	"sotto.chat/internal/database"
	"sotto.chat/internal/jobs"
	"sotto.chat/lessons"
	"sotto.chat/orders"
)

// Shop is what the bot must know of a merchant.
type Shop struct {
	Name, Currency   string
	Country          string // shapes how amounts are written
	Language         string
	Formal           bool
	Pickup, Delivery bool
	Model            bool // messages may go to a language model
	Wording          bool // the model may word what needs no figures
	Shadow           bool // what may go to the model is read by both, and where they differ is kept
}

// Bot is the clerk who answers.
type Bot struct {
	db       *database.DB
	inbox    *inbox.Inbox
	orders   *orders.Orders
	catalog  *catalog.Catalog
	people   *customers.People
	shop     func(ctx context.Context, merchant string) (Shop, error)
	embedded Understander
	model    Understander // nil without one
	words    *words.Book
	goods    *shelfCache
	till     Till
	senses   Senses
	lessons  *lessons.Lessons // nil where nobody keeps what was not understood
	seconds  chan struct{}    // bounds the second readings of this process
	log      *slog.Logger
}

// Till lets a platform's own payments stand beside the pay link. The wiring gives it; without one the link stands alone.
type Till struct {
	// Ask makes the request to pay an order in its chat; nil where the link alone leads to the money.
	Ask func(tx database.Tx, merchant, channel, platform string, ord orders.Order) (*inbox.PayRequest, error)
	// Tell says how an order goes on that was asked for in its chat; nil where the platform need not know.
	Tell func(tx database.Tx, merchant, channel, platform string, ord orders.Order, news orders.Changed) (*inbox.PayRequest, error)
}

// New makes the bot and has it listen for what customers say and for what becomes of their orders. model may be nil.
func New(db *database.DB, box *inbox.Inbox, ord *orders.Orders, cat *catalog.Catalog, people *customers.People, desk *jobs.Desk,
	shop func(ctx context.Context, merchant string) (Shop, error), embedded, model Understander, log *slog.Logger) (*Bot, error) {
	book, err := words.Open()
	if err != nil {
		return nil, err
	}
	b := &Bot{db: db, inbox: box, orders: ord, catalog: cat, people: people, shop: shop, embedded: embedded, model: model,
		words: book, goods: newShelfCache(cat, log), log: log, seconds: make(chan struct{}, secondsAtOnce)}
	jobs.On(desk, "bot.turn", func(ctx context.Context, n inbox.Spoke) error { return b.Turn(ctx, n.Merchant, n.Conversation) })
	jobs.On(desk, "bot.notify", b.Notify)
	jobs.On(desk, "bot.card", b.WarnOfCard)
	jobs.On(desk, "bot.second", b.ReadAgain)
	return b, nil
}

// Use gives the bot a till, before the desk opens.
func (b *Bot) Use(t Till) { b.till = t }

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

// Learn has the bot note what it could not read, before the desk opens.
func (b *Bot) Learn(l *lessons.Lessons) { b.lessons = l }

// Goods gives a merchant's catalog as the bot reads by it.
func (b *Bot) Goods(ctx context.Context, merchant string) (*Goods, error) {
	return b.goods.get(ctx, merchant)
}

func (b *Bot) voice(shop Shop, languages ...string) words.Voice {
	return b.words.Voice(shop.Country, shop.Formal, append(languages, shop.Language)...)
}

func (b *Bot) languageNames() []string {
	var names []string
	for _, code := range b.words.Languages() {
		names = append(names, b.words.Name(code))
	}
	return names
}

// readings are what a model made of messages, by message id; nil where it was asked and gave nothing.
type readings = map[string]*reading.Reading

// ErrNoAction says that an understander read a message and found nothing in it to be done.
var ErrNoAction = errors.New("bot: the understander found nothing to be done")

// Understander makes a reading of a message. There are two: Embedded, and llm.Reader.
type Understander interface {
	Read(ctx context.Context, q Question) (reading.Reading, error)
}

// Question is one message with everything that its meaning may depend on.
type Question struct {
	Merchant     string
	Conversation string
	Text         string
	Locale       string // the language to assume where the message does not tell
	State        reading.State
	Goods        *Goods
	// Known are pieces of personal data that the session knows; they must not reach a model as they are.
	Known []Known
	// Texts are the bot's own words that may be worded otherwise, by name; none where the merchant does not want it.
	Texts map[string]string
}

// Known is a piece of personal data: Kind is name, phone, email, address or order.
type Known struct{ Kind, Value string }

// Embedded reads with the merchant's lexicon: in microseconds, without cost, and without data leaving the house.
type Embedded struct{}

// Read never fails.
func (Embedded) Read(_ context.Context, q Question) (reading.Reading, error) {
	return q.Goods.Lexicon.Read(q.Text, q.State, q.Locale), nil
}

// sureEnough is the confidence from which the embedded reading needs no second opinion, and may change a cart. Confidence is the
// likelihood that all of a reading is right, so at this edge two of five are wrong, and below it more; of all public messages whose reading
// acts, and passes, about one in fourteen is judged wrong, noisy labels among them (bin/reliability). What such a mistake costs is small:
// what went into the cart is shown at once, and nothing is ordered without a yes to the sum.
const sureEnough = 0.6

// Sure tells whether a reading needs no second opinion.
func Sure(r reading.Reading) bool { return !unsure(r) }

// unsure tells whether a second reading is worth asking for.
func unsure(r reading.Reading) bool {
	return len(r.Actions) == 0 || r.Confidence < sureEnough || len(r.Unread) > 0
}

const (
	// secondsAtOnce bounds how many second readings one process makes at a time: those whose customers wait come first.
	secondsAtOnce = 2
	// secondPause is how long one waits for its turn.
	secondPause = 2 * time.Second
)

// ReadAgain has the model read a message that was answered by the embedded understander alone, and compares the two. Whatever
// forbids asking a model by now forbids it here, and it is asked once, also where this is done again.
func (b *Bot) ReadAgain(ctx context.Context, n lessons.SecondDue) error {
	if b.model == nil || b.lessons == nil {
		return nil
	}
	select {
	case b.seconds <- struct{}{}:
		defer func() { <-b.seconds }()
	default:
		return jobs.ErrLater{Delay: secondPause}
	}
	c, ok, err := b.lessons.Awaiting(ctx, n)
	if err != nil || !ok {
		return err
	}
	q, ok, err := b.askedAgain(ctx, c)
	if err != nil {
		return err
	}
	if !ok {
		return b.lessons.Leave(ctx, n)
	}
	if mine, err := b.lessons.Claim(ctx, n); err != nil || !mine {
		return err
	}
	r, err := b.model.Read(ctx, q)
	if c.Silent = err != nil && !errors.Is(err, ErrNoAction); !c.Silent {
		c.Kind, c.Same = shadow.Same(shadow.Actions(c.Twice.Embedded), r.Actions, q.State)
		c.Twice.Model = shadow.Deeds(r.Actions)
	}
	err = b.db.InTx(ctx, func(tx database.Tx) error { return b.lessons.Answered(tx, c) })
	if errors.Is(err, customers.ErrForgotten) {
		return nil
	}
	return err
}

// askedAgain gives what the model is asked after the answer; false where it may not be asked.
func (b *Bot) askedAgain(ctx context.Context, c lessons.Comparison) (q Question, ok bool, err error) {
	shop, err := b.shop(ctx, c.Merchant)
	if err != nil || !shop.Model || !shop.Shadow {
		return q, false, err
	}
	talk, err := b.inbox.Get(ctx, c.Merchant, c.Conversation)
	if err != nil {
		return q, false, err
	}
	m, err := b.inbox.Message(ctx, c.Merchant, c.Conversation, c.Message)
	if err != nil {
		return q, false, err
	}
	was, text := shadow.Then(c.Twice.Before), strings.TrimSpace(m.Content.Text)
	if !mayGo(m, text, was.State.Asked) {
		return q, false, nil
	}
	known, allowed := b.known(ctx, talk)
	if !allowed {
		return q, false, nil
	}
	goods, err := b.goods.get(ctx, c.Merchant)
	return Question{Merchant: c.Merchant, Conversation: c.Conversation, Text: text, Locale: was.Locale, State: was.State, Goods: goods, Known: known}, err == nil, err
}

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
func (b *Bot) sense(ctx context.Context, c inbox.Conversation, messages []inbox.Message, mem *memory, shop Shop, goods *Goods) (map[string]bool, error) {
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
