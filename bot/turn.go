package bot

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"slices"
	"strings"

	"sotto.chat/bot/reading"
	"sotto.chat/bot/shadow"
	"sotto.chat/bot/shelf"
	"sotto.chat/customers"
	"sotto.chat/inbox"
	"sotto.chat/internal/database"
	"sotto.chat/internal/jobs"
	"sotto.chat/lessons"
	"sotto.chat/orders"
	"sotto.chat/privacy/cards"
)

const (
	// maxAsked bounds what one turn may ask a model.
	maxAsked = 3
	// maxStarts is how often a turn begins anew because the customer wrote on meanwhile.
	maxStarts = 3
	// maxListens is how often a turn begins anew because another voice note came while one was heard.
	maxListens = 12
)

// errMoved begins a turn anew: what was read outside the transaction is not what is there now.
var (
	errMoved   = errors.New("bot: the conversation has moved on")
	errUnheard = errors.New("bot: there is more to hear or to see")
)

// Turn answers everything that is unanswered in a conversation with one message, or does nothing where nothing is.
//
// Voice notes are heard and photos looked at outside the transaction; what was made of them is kept at once, so that it is paid for once.
// A model is asked outside the transaction, too, with the state as it was seen then. Everything else is one transaction
// under the conversation's lock: the embedded reading, which needs the state between one message and the next, the
// acts, the answer, the memory, and the mark that it is answered. So a turn cut anywhere, run twice or run at the same
// time as itself gives exactly one answer.
func (b *Bot) Turn(ctx context.Context, merchant, conversation string) error {
	for start, listens := 1, 1; ; start++ {
		err := b.turn(ctx, merchant, conversation, start < maxStarts)
		if errors.Is(err, errUnheard) && listens < maxListens {
			start, listens = start-1, listens+1
			continue
		}
		if errors.Is(err, errMoved) || errors.Is(err, errUnheard) {
			continue
		}
		if err == nil || ctx.Err() != nil || errors.As(err, new(jobs.ErrLater)) {
			return err
		}
		if errors.Is(err, customers.ErrForgotten) {
			return nil // nobody is there any more
		}
		return b.apologize(ctx, merchant, conversation, err)
	}
}

func (b *Bot) turn(ctx context.Context, merchant, conversation string, again bool) (err error) {
	defer func() {
		if r := recover(); r != nil { // what a panic says may quote the customer
			err = fmt.Errorf("panic of %T in a turn at %s", r, debug.Stack())
		}
	}()
	c, messages, plain, err := b.inbox.Peek(ctx, merchant, conversation)
	if err != nil || len(messages) == 0 {
		return err
	}
	shop, err := b.shop(ctx, merchant)
	if err != nil {
		return err
	}
	goods, err := b.goods.Get(ctx, merchant)
	if err != nil {
		return err
	}
	mem := readMemory(plain)
	dealt, err := b.sense(ctx, c, messages, mem, shop, goods)
	if err != nil {
		return err
	}
	if len(dealt) > 0 {
		if c, messages, plain, err = b.inbox.Peek(ctx, merchant, conversation); err != nil || len(messages) == 0 {
			return err
		}
		mem = readMemory(plain)
	}
	models := b.askModel(ctx, c, messages, mem, shop, goods)
	last := messages[len(messages)-1].Seq
	return b.db.InTx(ctx, func(tx database.Tx) error {
		c, err := b.inbox.Lock(tx, merchant, conversation)
		if err != nil {
			return err
		}
		open, err := b.inbox.Unanswered(tx, merchant, conversation)
		if err != nil || len(open) == 0 {
			return err
		}
		if heardOf(models) && again && (open[len(open)-1].Seq != last || open[0].Seq != messages[0].Seq) {
			return errMoved
		}
		if again && slices.ContainsFunc(open, func(m inbox.Message) bool { _, ok := b.wants(m, shop); return ok && !dealt[m.ID] }) {
			return errUnheard
		}
		return b.answer(tx, &c, open, shop, goods, models)
	})
}

// answer acts on all open messages and says one thing.
func (b *Bot) answer(tx database.Tx, c *inbox.Conversation, open []inbox.Message, shop Shop, goods *shelf.Goods, models readings) error {
	plain, err := b.inbox.Memory(tx, c)
	if err != nil {
		return err
	}
	mem := readMemory(plain)
	t := &talk{b: b, tx: tx, c: c, shop: shop, goods: goods, mem: mem, out: &draft{voice: b.voice(shop, mem.Language, c.Language)}}
	if err := t.load(); err != nil {
		return err
	}
	if err := t.loadWaiting(); err != nil {
		return err
	}
	for _, m := range open {
		if err := t.hear(m, models); err != nil {
			return err
		}
		if t.handoff {
			break // a person reads the rest
		}
	}
	if err := t.close(); err != nil {
		return err
	}
	if err := t.remember(); err != nil {
		return err
	}
	if err := t.learn(); err != nil {
		return err
	}
	t.keepTwice()
	if err := t.giveOver(); err != nil {
		return err
	}
	content := t.out.finish()
	if err := t.out.facts.Check(content, t.voice()); err != nil {
		return err
	}
	mem.Last = &content
	if plain, err = mem.write(); err != nil {
		return err
	}
	if err := b.inbox.SetMemory(tx, c, plain); err != nil {
		return err
	}
	said, err := b.inbox.Say(tx, c, inbox.Bot, "", content)
	if err != nil {
		return err
	}
	for _, fact := range t.told {
		if err := b.inbox.Noted(tx, c, fact, said); err != nil {
			return err
		}
	}
	return b.inbox.Answered(tx, c.MerchantID, c.ID, open[len(open)-1].Seq)
}

// askModel gets a second reading of what the embedded one is unsure of, where merchant and customer allow it.
func (b *Bot) askModel(ctx context.Context, c inbox.Conversation, messages []inbox.Message, mem *memory, shop Shop, goods *shelf.Goods) readings {
	if b.model == nil || !shop.Model {
		return nil
	}
	var known []Known
	asked, out := 0, readings{}
	for _, m := range messages {
		text := strings.TrimSpace(m.Content.Text)
		if !mayGo(m, text, mem.Asked) || asked >= maxAsked {
			continue
		}
		q := Question{Merchant: c.MerchantID, Conversation: c.ID, Text: text, State: mem.state(mem.Cart), Goods: goods,
			Locale: b.voice(shop, mem.Language, c.Language).Language()}
		if r, err := b.embedded.Read(ctx, q); err != nil || !unsure(r) {
			continue
		}
		if asked == 0 {
			var allowed bool
			if known, allowed = b.known(ctx, c); !allowed {
				return nil
			}
		}
		asked++
		out[m.ID] = nil
		q.Known = known
		if shop.Wording {
			q.Texts = wordable(b.voice(shop, mem.Language, c.Language))
		}
		if r, err := b.model.Read(ctx, q); err == nil || errors.Is(err, ErrNoAction) {
			out[m.ID] = &r
		}
	}
	return out
}

// heardOf tells whether a model gave any reading that can be followed.
func heardOf(models readings) bool {
	for _, r := range models {
		if r != nil && len(r.Actions) > 0 {
			return true
		}
	}
	return false
}

// mayGo tells whether a message may go to a model at all. An answer to the question for the address is an address: it goes nowhere.
func mayGo(m inbox.Message, text, asked string) bool {
	return text != "" && m.Tap == "" && !m.Card && !m.Forgotten && !cards.Has(text) && asked != reading.AskedAddress
}

// known gives what must be hidden from a model, or false where the customer forbade asking one.
func (b *Bot) known(ctx context.Context, c inbox.Conversation) ([]Known, bool) {
	ledger, err := b.people.Consents(ctx, c.MerchantID, c.CustomerID)
	if err != nil {
		return nil, false
	}
	for _, entry := range ledger {
		if entry.Purpose == "llm" {
			if !entry.Given {
				return nil, false
			}
			break
		}
	}
	_, d, err := b.people.Get(ctx, c.MerchantID, c.CustomerID)
	if err != nil {
		return nil, false
	}
	known := []Known{{"name", d.Name}, {"phone", d.Phone}, {"email", d.Email}}
	if d.Address != nil {
		a := *d.Address
		for _, part := range []string{a.Text, a.Line1, a.Line2, a.City, a.PostalCode} {
			known = append(known, Known{"address", part})
		}
	}
	list, err := b.orders.List(ctx, c.MerchantID, orders.Filter{CustomerID: c.CustomerID, Limit: recentOrders})
	if err != nil {
		return nil, false
	}
	for _, o := range list {
		known = append(known, Known{"order", o.Number})
	}
	return known, true
}

// apologize answers what could not be answered, plainly, and lets a person look. It leaves the cause to the log.
func (b *Bot) apologize(ctx context.Context, merchant, conversation string, cause error) error {
	shop, err := b.shop(ctx, merchant)
	if err != nil {
		return cause
	}
	// Once more first: what failed may have been the moment.
	if err := b.turn(ctx, merchant, conversation, false); err == nil || ctx.Err() != nil || errors.As(err, new(jobs.ErrLater)) {
		return err
	}
	b.log.ErrorContext(ctx, "a turn failed; the customer gets an apology", "conversation", conversation, "error", logged(cause))
	return b.db.InTx(ctx, func(tx database.Tx) error {
		c, err := b.inbox.Lock(tx, merchant, conversation)
		if err != nil {
			return err
		}
		open, err := b.inbox.Unanswered(tx, merchant, conversation)
		if err != nil || len(open) == 0 {
			return err
		}
		v := b.voice(shop, c.Language)
		if err := b.inbox.Handoff(tx, &c, inbox.ByPerson); err != nil {
			return err
		}
		if _, err := b.inbox.Say(tx, &c, inbox.Bot, "", inbox.Content{Text: v.Say("apology", nil)}); err != nil {
			return err
		}
		return b.inbox.Answered(tx, merchant, conversation, open[len(open)-1].Seq)
	})
}

// maxLogged is enough for the stack of a panic.
const maxLogged = 3000

// logged keeps an error's text short; rooms below keep personal data out of it.
func logged(err error) string {
	s := fmt.Sprint(err)
	return s[:min(len(s), maxLogged)]
}

// readTwice notes what both understanders made of the message at hand, or that the model is to read it after the answer.
// models is nil where the model may not be asked, or where only a part of the message is read.
func (t *talk) readTwice(m inbox.Message, q Question, own reading.Reading, models readings, followed bool) {
	if !t.shop.Model || !t.shop.Shadow || t.b.lessons == nil || models == nil {
		return
	}
	c := lessons.Comparison{SecondDue: lessons.SecondDue{Merchant: q.Merchant, Conversation: q.Conversation, Message: m.ID}, Language: q.Locale,
		Acted: lessons.ByEmbedded, Twice: lessons.Twice{Embedded: shadow.Deeds(own.Actions)}}
	other, asked := models[m.ID]
	switch {
	case other != nil && followed:
		c.Acted, c.Twice.Model = lessons.ByModel, shadow.Deeds(other.Actions)
		c.Kind, c.Same = shadow.Same(other.Actions, own.Actions, q.State)
	case other != nil:
		c.Twice.Model = shadow.Deeds(other.Actions)
		c.Kind, c.Same = shadow.Same(own.Actions, other.Actions, q.State)
	case asked:
		c.Silent = true
		c.Kind, _ = shadow.Same(own.Actions, nil, q.State)
	default:
		if unsure(own) || !shadow.Worth(own.Actions) || !mayGo(m, q.Text, q.State.Asked) || tellsAddress(own) || len(models)+t.awaited() >= maxAsked {
			return
		}
		c.Kind, _ = shadow.Same(own.Actions, nil, q.State)
		c.Twice.Before = shadow.Moment{State: q.State, Locale: q.Locale}.Write()
	}
	t.twice = append(t.twice, c)
}

// tellsAddress tells whether a message was read as an address: what never had to leave the house does not leave it for a comparison.
func tellsAddress(r reading.Reading) bool {
	return slices.ContainsFunc(r.Actions, func(a reading.Action) bool { return a.Kind == reading.SetAddress })
}

// awaited counts the second readings that this turn has asked for.
func (t *talk) awaited() (n int) {
	for _, c := range t.twice {
		if c.Twice.Before != nil {
			n++
		}
	}
	return n
}

// keepTwice keeps and counts what was read twice, in the order that the counts are to be taken in. That it cannot be kept is
// nothing to the customer.
func (t *talk) keepTwice() {
	if len(t.twice) == 0 {
		return
	}
	slices.SortStableFunc(t.twice, func(a, b lessons.Comparison) int { return strings.Compare(a.Kind, b.Kind) })
	err := t.tx.Try(func(tx database.Tx) error {
		for _, c := range t.twice {
			keep := t.b.lessons.Compared
			if c.Twice.Before != nil {
				keep = t.b.lessons.Await
			}
			if err := keep(tx, c); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.b.log.Warn("what was read twice is not kept", "conversation", t.c.ID, "error", logged(err))
	}
}
