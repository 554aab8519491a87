package bot

import (
	"errors"
	"slices"
	"strings"

	"sotto.chat/bot/reading"
	"sotto.chat/bot/shelf"
	"sotto.chat/bot/words"
	"sotto.chat/inbox"
	"sotto.chat/internal/database"
	"sotto.chat/internal/fault"
	"sotto.chat/lessons"
	"sotto.chat/orders"
)

// talk is one turn at work, inside its transaction: what was understood becomes acts, what became of them becomes one
// answer.
type talk struct {
	b     *Bot
	tx    database.Tx
	c     *inbox.Conversation
	shop  Shop
	goods *shelf.Goods
	mem   *memory
	out   *draft

	cart    orders.Cart
	hasCart bool
	priced  *orders.Quote // of the cart as it is; nil where it must be priced anew
	// twice is what both understanders read, or what the second is to read after the answer.
	twice []lessons.Comparison
	// waiting is the number of the order that waited for its money when the turn began.
	waiting  orders.Order
	text     string // the message at hand, in capitals
	message  string // its id, where it is words that somebody may learn from
	missed   map[string]string
	chosen   []chosen
	words    bool // it is being read as words: what a button says is never in doubt
	added    []added
	touched  bool     // the cart is not what it was
	show     bool     // the cart shall be shown
	yes      bool     // an explicit yes to the quote that stood before this turn
	answered bool     // something was said that closes the turn, no question follows
	spoken   bool     // the message at hand was spoken: it may have been misheard
	seen     []string // the goods that photos of this turn may show
	misread  bool
	handoff  bool
	why      string // the summary for staff begins with it
	said     string // the last words of the customer
	ways     bool   // the ways to pay were said
	shown    bool   // goods were shown, which a choice is made from now
	parting  bool   // the customer takes his leave: nothing is asked again
	// unfound are the words of a message that could be something to buy.
	unfound string
	// whither says that delivery was chosen and nobody knows where to.
	whither bool
	// wanted are the skus of what the message at hand adds.
	wanted []string
	// choicesFrom is where the choices of an option begin that are offered next.
	choicesFrom int
	told        []string // facts of which the answer tells
}

type added struct {
	quantity int
	line     string
}

func (t *talk) voice() words.Voice { return t.out.voice }

// load reads the conversation's cart.
func (t *talk) load() error {
	cart, ok, err := t.b.orders.CartOf(t.tx, t.c.MerchantID, t.c.ID)
	t.cart, t.hasCart, t.priced = cart, ok, nil
	return err
}

// quote prices the cart, once for each state of it.
func (t *talk) quote() (orders.Quote, error) {
	if t.priced != nil {
		return *t.priced, nil
	}
	q, err := t.b.orders.Quote(t.tx, t.c.MerchantID, t.cart.ID)
	if err == nil {
		t.priced = &q
	}
	return q, err
}

// loadWaiting reads the order that waits for its money, if there is one.
func (t *talk) loadWaiting() error {
	if !t.hasCart || t.cart.Status != orders.CartOrdered {
		return nil
	}
	list, err := t.b.orders.OfConversation(t.tx, t.c.MerchantID, t.c.ID, recentOrders)
	if err != nil {
		return err
	}
	for _, o := range list {
		if o.CartID == t.cart.ID && o.Status == orders.AwaitingPayment {
			t.waiting = o
		}
	}
	return nil
}

// cartLines gives the cart in an understander's terms.
func (t *talk) cartLines() []reading.CartLine {
	out := make([]reading.CartLine, 0, len(t.cart.Lines))
	for _, l := range t.cart.Lines {
		out = append(out, reading.CartLine{Line: l.ID, SKU: l.SKU, Quantity: int(l.Quantity), Options: fromCatalog(l.Options)})
	}
	return out
}

// hear acts on one message. models holds readings that were made outside the transaction.
func (t *talk) hear(m inbox.Message, models readings) error {
	text := strings.TrimSpace(m.Content.Text)
	t.text, t.said = strings.ToUpper(text), text
	t.spoken = m.Sensed != nil && m.Sensed.Heard
	switch {
	case m.Card:
		t.warn()
		return nil
	case len(m.Order) > 0:
		return t.basket(m.Order)
	case m.Tap != "":
		return t.tap(m.Tap)
	case text == "" && m.Product != "":
		return t.try(reading.Action{Kind: reading.ShowProduct, SKU: m.Product})
	case m.Sensed != nil && m.Sensed.Seen && (text == "" || len(t.finds(*m.Sensed)) > 0):
		return t.excuse(t.see(*m.Sensed))
	case text == "":
		t.out.say(map[bool]string{true: "heard_nothing", false: "cannot_read"}[t.spoken], nil)
		t.menuButtons()
		return nil
	}
	if t.spoken && t.message != m.ID {
		t.out.repeatHeard(text)
	}
	t.message = m.ID
	defer func() { t.message = "" }()
	if _, ok := t.goods.Product(m.Product); ok {
		t.mem.Shown = []string{m.Product}
	}
	if tap, ok := t.label(text); ok {
		if kind, _, _ := strings.Cut(tap, ":"); t.spoken && (kind == tapYes || kind == tapVoid) {
			return t.excuse(t.confirm()) // as if it had been said in other words
		}
		return t.tap(tap)
	}
	if tap, ok, err := t.command(text); err != nil || ok {
		return orElse(err, func() error { return t.tap(tap) })
	}
	if head, tap, ok, err := t.wayBehind(text); err != nil || ok {
		return orElse(err, func() error { return t.hearBoth(m, head, tap) })
	}
	q := Question{Merchant: t.c.MerchantID, Conversation: t.c.ID, Text: text, Locale: t.voice().Language(),
		State: t.mem.state(t.cartLines()), Goods: t.goods}
	r, err := t.b.embedded.Read(t.tx.Context(), q)
	if err != nil {
		return err
	}
	if len(r.Actions) == 0 && len(t.mem.Shown) == 1 && q.State.Asked == reading.AskedNothing {
		r, q.Text = t.ofShown(r, q)
	}
	if len(r.Actions) == 0 && q.State.Asked != reading.AskedConfirm {
		// A yes to no question is no riddle: it is read as one, and does nothing.
		q.State.Asked = reading.AskedConfirm
		if yes, err := t.b.embedded.Read(t.tx.Context(), q); err == nil && len(yes.Actions) == 1 && yes.Actions[0].Kind == reading.Confirm {
			r = yes
		}
	}
	if t.mem.Asked == reading.AskedProduct && picks(r) {
		if tap, ok := t.partOfLabel(text); ok {
			return t.tap(tap)
		}
	}
	model, own := false, r
	if other := models[m.ID]; other != nil && len(other.Actions) > 0 && unsure(r) {
		// What only the customer's own words can do stays with the embedded reading.
		r, model = *other, true
		t.out.wordings = other.Wordings
	}
	t.readTwice(m, q, own, models, model)
	t.language(r, model)
	t.words = true
	defer func() { t.words = false }()
	held := !model && t.doubts(r, q)
	return t.act(r, model, held)
}

func orElse(err error, next func() error) error {
	if err != nil {
		return err
	}
	return next()
}

// ofShown reads a bare number as that many of the one product that was spoken of last: "then two". Whatever else it could be stays unread.
func (t *talk) ofShown(r reading.Reading, q Question) (reading.Reading, string) {
	named := q
	named.Text += " " + t.goods.Name(t.mem.Shown[0])
	so, err := t.b.embedded.Read(t.tx.Context(), named)
	if err != nil || unsure(so) || len(so.Actions) != 1 {
		return r, q.Text
	}
	if a := so.Actions[0]; a.Kind != reading.Add || a.SKU != t.mem.Shown[0] || a.Quantity < 2 || a.Quantity > maxBare || len(a.Options) > 0 || a.Note != "" {
		return r, q.Text
	}
	return so, named.Text
}

// picks tells whether a reading does no more than take one thing, if anything: the words of a button say which.
func picks(r reading.Reading) bool {
	return len(r.Actions) == 0 || len(r.Actions) == 1 && (r.Actions[0].Kind == reading.Add || r.Actions[0].Kind == reading.Choose)
}

// label finds the button that a text repeats: not every platform sends taps.
func (t *talk) label(text string) (string, bool) {
	if t.mem.Last == nil {
		return "", false
	}
	for _, b := range t.mem.Last.Buttons {
		if strings.EqualFold(strings.TrimRight(text, ".! "), b.Label) {
			return b.Tap, true
		}
	}
	return "", false
}

// partOfLabel finds the one button whose label has all the words of a text: "green" for "Bag (green)".
func (t *talk) partOfLabel(text string) (tap string, found bool) {
	said := strings.Fields(shelf.PlainWords(text))
	if t.mem.Last == nil || len(said) == 0 {
		return "", false
	}
	for _, b := range t.mem.Last.Buttons {
		label := strings.Fields(shelf.PlainWords(b.Label))
		if slices.ContainsFunc(said, func(w string) bool { return !slices.Contains(label, w) }) {
			continue
		}
		if found {
			return "", false
		}
		tap, found = b.Tap, true
	}
	return tap, found
}

// language goes over to the language that the customer was heard to speak.
func (t *talk) language(r reading.Reading, model bool) {
	code, spoken := t.b.words.Speaks(r.Language)
	if model || t.mem.Pinned || !spoken || isAddress(r) || len(r.Actions) == 0 || r.Confidence < sureEnough || code == t.voice().Language() {
		return
	}
	t.speak(code)
}

// isAddress tells whether a message is no more than where to deliver: streets are called what they are called in any language.
func isAddress(r reading.Reading) bool {
	return !slices.ContainsFunc(r.Actions, func(a reading.Action) bool { return a.Kind != reading.SetAddress })
}

func (t *talk) speak(code string) {
	t.mem.Language = code
	t.out.voice = t.b.words.Voice(t.shop.Country, t.shop.Formal, code)
}

// act carries out a reading, without what changes something where that is held back. A fault is for the customer's ears, any
// other error ends the turn.
func (t *talk) act(r reading.Reading, model, held bool) error {
	if len(r.Actions) == 0 {
		return t.guess(r)
	}
	t.wanted = nil
	for _, a := range r.Actions {
		if a.Kind == reading.Add {
			t.wanted = append(t.wanted, a.SKU)
		}
	}
	for _, a := range r.Actions {
		if model && (a.Kind == reading.Confirm || a.Kind == reading.Pay) || held && needs(a.Kind) > 0 {
			continue
		}
		if a.Kind == reading.Ask && len(r.Actions) > 1 && (a.Question == "" || slices.ContainsFunc(r.Actions, answers)) {
			continue
		}
		if err := t.try(a); err != nil {
			return err
		}
	}
	if !held {
		t.notFound(r)
	}
	return nil
}

// answers tells whether an action is an answer by itself: then the merchant's own answer beside it would say it twice, or
// say something else.
func answers(a reading.Action) bool {
	switch a.Kind {
	case reading.Browse, reading.Search, reading.ShowProduct, reading.OrderStatus, reading.Help, reading.Human, reading.ShowCart:
		return true
	}
	return false
}

// guess offers the goods that come nearest to words that nothing is called exactly.
func (t *talk) guess(r reading.Reading) error {
	near := t.goods.Search(strings.Join(r.Unread, " "), maxGuess)
	if len(r.Unread) == 0 || len(r.Unread) > maxUnread || len(near) == 0 {
		t.misread = true
		t.miss(lessons.Unread)
		if len(r.Unread) <= maxUnread && len(r.Unread) < len(strings.Fields(t.said)) {
			t.unfound = strings.Join(r.Unread, " ") // the rest was read: somebody wants what there is not
		}
		return nil
	}
	return t.askProduct("did_you_mean", near, wish{Quantity: 1, Said: strings.Join(r.Unread, " ")})
}

// notFound names the words of an order that nothing in the shop is called, rather than to pass over them.
func (t *talk) notFound(r reading.Reading) {
	ordering := slices.ContainsFunc(r.Actions, func(a reading.Action) bool { return a.Kind == reading.Add })
	if !ordering || len(r.Unread) == 0 || len(r.Unread) > maxUnread {
		return
	}
	t.miss(lessons.Unread)
	said := strings.Join(r.Unread, " ")
	t.out.facts.Text(said)
	t.out.say("unread", words.Facts{"words": said})
}

const (
	// maxUnread is how many words can be what somebody wants; more are small talk.
	maxUnread = 3
	maxGuess  = 3
	// maxBare is how many a bare number can mean; a greater one is a telephone's, or whatever.
	maxBare = 50
)

// try does one action under a savepoint, so that what it refuses leaves nothing behind.
func (t *talk) try(a reading.Action) error {
	err := t.tx.Try(func(tx database.Tx) error {
		outer := t.tx
		t.tx = tx
		defer func() { t.tx = outer }()
		return t.do(a)
	})
	return t.excuse(err)
}

// excuse words a fault. What no words fit is no fault of the customer's: the turn fails, is tried again, and ends in a
// plain apology.
func (t *talk) excuse(err error) error {
	f, ok := fault.Of(err)
	if err == nil || !ok {
		return err
	}
	if key, known := t.wordsFor(f); known {
		t.out.say(key, nil)
		return t.load()
	}
	return err
}

func (t *talk) wordsFor(f *fault.Fault) (string, bool) {
	for _, w := range []struct {
		fault error
		key   string
	}{
		{orders.ErrNoLine, "fault_line"}, {orders.ErrQuantity, "fault_quantity"}, {orders.ErrTooManyLines, "fault_lines"},
		{orders.ErrOptions, "fault_option"}, {orders.ErrNote, "fault_note"}, {orders.ErrTotal, "fault_total"},
		{orders.ErrNoOrder, "order_unknown"}, {orders.ErrMove, "fault_order_status"}, {orders.ErrTooLong, "address_unclear"},
		{orders.ErrCartEmpty, "cart_empty"},
	} {
		if errors.Is(f, w.fault) {
			return w.key, true
		}
	}
	return t.wordsForGoods(f)
}
