// Package bot answers customers: a message becomes a reading, the reading acts, and what became of it becomes words.
//
// An understander only proposes. Prices, totals, stock and orders come from the rooms below, inside the transaction that
// answers, and every number in an answer is checked against them before it leaves.
package bot

import (
	"context"
	"errors"
	"log/slog"

	"sotto.chat/bot/reading"
	"sotto.chat/bot/shelf"
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
	goods    *shelf.Cache
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
		words: book, goods: shelf.NewCache(cat, log), log: log, seconds: make(chan struct{}, secondsAtOnce)}
	jobs.On(desk, "bot.turn", func(ctx context.Context, n inbox.Spoke) error { return b.Turn(ctx, n.Merchant, n.Conversation) })
	jobs.On(desk, "bot.notify", b.Notify)
	jobs.On(desk, "bot.card", b.WarnOfCard)
	jobs.On(desk, "bot.second", b.ReadAgain)
	return b, nil
}

// Use gives the bot a till, before the desk opens.
func (b *Bot) Use(t Till) { b.till = t }

// Learn has the bot note what it could not read, before the desk opens.
func (b *Bot) Learn(l *lessons.Lessons) { b.lessons = l }

// Goods gives a merchant's catalog as the bot reads by it.
func (b *Bot) Goods(ctx context.Context, merchant string) (*shelf.Goods, error) {
	return b.goods.Get(ctx, merchant)
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
	Goods        *shelf.Goods
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
