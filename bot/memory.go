package bot

import (
	"encoding/json"
	"time"

	"sotto.chat/bot/reading"
	"sotto.chat/catalog"
	"sotto.chat/inbox"
)

// The questions of the dialogue that an understander has no word for.
const (
	askedCancel = "cancel"
	askedMeant  = "meant"
)

// yesLasts is how long a yes to a quote is good.
const yesLasts = 15 * time.Minute

// memory is what the bot remembers of a conversation between turns. It is kept sealed with the conversation's key.
type memory struct {
	// Met says that the customer was told whom they speak with.
	Met bool `json:"met,omitempty"`
	// Language is the one that the customer chose or was heard to speak.
	Language string   `json:"language,omitempty"`
	Pinned   bool     `json:"pinned,omitempty"` // chosen, so that no word of another language changes it
	Shown    []string `json:"shown,omitempty"`
	Asked    string   `json:"asked,omitempty"`
	// Line and Group are what an option is asked for.
	Line  string `json:"line,omitempty"`
	Group string `json:"group,omitempty"`
	From  int    `json:"from,omitempty"` // the first of the choices that were offered
	Wish  *wish  `json:"wish,omitempty"` // waits for the choice of a product or a variant
	Order string `json:"order,omitempty"`
	// Meant is what an unclear message may have meant.
	Meant []meant `json:"meant,omitempty"`
	// Quote is what the customer was shown and asked a yes for.
	Quote *quoted `json:"quote,omitempty"`
	// Buying says that the customer wants to order and only answers questions until then.
	Buying bool `json:"buying,omitempty"`
	// By is the way to pay that the customer chose for the order to come.
	By string `json:"by,omitempty"`
	// Notes are the lines' notes, since a changed line must be given its note again.
	Notes map[string]string `json:"notes,omitempty"`
	// Told is the order of whose end this conversation has just been told.
	Told    string         `json:"told,omitempty"`
	Misread int            `json:"misread,omitempty"`
	Last    *inbox.Content `json:"last,omitempty"`
	// Cart is the cart as it was after the last answer, for reading outside a transaction.
	Cart []reading.CartLine `json:"cart,omitempty"`
}

type wish struct {
	Quantity int              `json:"quantity"`
	Options  []reading.Option `json:"options,omitempty"`
	Note     string           `json:"note,omitempty"`
	Said     string           `json:"said,omitempty"` // the words for which nothing was called so, and that were asked about
}

// meant is one reading of an unclear message, as it was worded and what would be done.
type meant struct {
	Label string           `json:"label"`
	Deeds []reading.Action `json:"deeds"`
}

type quoted struct {
	Hash string    `json:"hash"`
	At   time.Time `json:"at"`
}

func readMemory(plain []byte) *memory {
	m := &memory{}
	if len(plain) == 0 || json.Unmarshal(plain, m) != nil {
		return &memory{} // an unreadable memory is a conversation begun anew, never a stuck one
	}
	return m
}

func (m *memory) write() ([]byte, error) { return json.Marshal(m) }

// ask notes the open question; nothing else is open then.
func (m *memory) ask(what string) {
	m.Asked, m.Line, m.Group, m.Order, m.From = what, "", "", "", 0
	if what != reading.AskedProduct {
		m.Wish = nil
	}
	if what != reading.AskedConfirm {
		m.Quote = nil
	}
	if what != askedMeant {
		m.Meant = nil
	}
}

// state is the memory in an understander's terms.
func (m *memory) state(cart []reading.CartLine) reading.State {
	asked := m.Asked
	switch asked {
	case "":
		asked = reading.AskedNothing
	case askedCancel:
		asked = reading.AskedConfirm
	case askedMeant:
		return reading.State{Cart: cart, Asked: reading.AskedProduct} // "the second": one of what was offered
	}
	return reading.State{Cart: cart, Asked: asked, Shown: m.Shown}
}

func toCatalog(options []reading.Option) []catalog.Option {
	out := make([]catalog.Option, 0, len(options))
	for _, o := range options {
		out = append(out, catalog.Option{Group: o.Group, Choice: o.Choice, Amount: o.Amount, Count: int64(o.Count)})
	}
	return out
}

func fromCatalog(options []catalog.Option) []reading.Option {
	out := make([]reading.Option, 0, len(options))
	for _, o := range options {
		out = append(out, reading.Option{Group: o.Group, Choice: o.Choice, Amount: o.Amount, Count: int(o.Count)})
	}
	return out
}
