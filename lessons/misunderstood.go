package lessons

import (
	"context"
	"time"

	"sotto.chat/catalog"
	"sotto.chat/inbox"
	"sotto.chat/internal/database"
	"sotto.chat/internal/fault"
	"sotto.chat/internal/id"
	"sotto.chat/internal/jobs"
	"sotto.chat/privacy"
)

// Why a message stands in the list.
const (
	Unread     = "unread"      // nothing, or not all of it, was understood
	Asked      = "asked"       // the bot asked what was meant
	HandedOver = "handed_over" // a person was called
)

// What staff say that a message meant.
const (
	MeantProduct  = "product"
	MeantQuestion = "question"
	MeantNothing  = "nothing"
)

// The failures of this room.
var (
	ErrUnknown = fault.New(fault.NotFound, "unknown_misunderstood", "There is no such message in the list.")
	ErrGone    = fault.New(fault.NotFound, "message_forgotten", "The words of this message were forgotten.")
	ErrMeant   = fault.New(fault.Invalid, "unknown_meaning", "A message can mean a product, one of your questions, or nothing.")
	ErrTarget  = fault.New(fault.Invalid, "unknown_target", "There is no such product or question.")
	ErrSettled = fault.New(fault.Conflict, "already_settled", "Somebody has said already what this meant.")
)

// How long things stay that nobody decides.
const (
	keepEntries     = 60 * 24 * time.Hour
	keepSuggestions = 180 * 24 * time.Hour
	sweepEvery      = time.Hour
)

// Entry is one message that the bot could not read, asked about or handed over. It has no words: those stay in the
// message, sealed, and go with it.
type Entry struct {
	MerchantID     string
	ID             string
	ConversationID string
	MessageID      string
	Why            string
	Language       string
	Meant          string
	Target         string
	SettledBy      string
	SettledAt      *time.Time
	CreatedAt      time.Time
}

// Lessons is the room's door. It is safe for concurrent use.
type Lessons struct {
	db      *database.DB
	keys    *privacy.Keys
	catalog *catalog.Catalog
	inbox   *inbox.Inbox
	desk    *jobs.Desk
	fetch   Fetch
}

// New makes the room, has it forget with the inbox, and has it sweep.
func New(db *database.DB, keys *privacy.Keys, cat *catalog.Catalog, box *inbox.Inbox, desk *jobs.Desk) *Lessons {
	l := &Lessons{db: db, keys: keys, catalog: cat, inbox: box, desk: desk}
	jobs.On(desk, "lessons.forget", l.forget)
	desk.Every("lessons.sweep", sweepEvery, l.Sweep)
	return l
}

// Note puts a message into the list, once.
func (l *Lessons) Note(tx database.Tx, merchant, conversation, message, why, language string) error {
	return insertEntry(tx, Entry{MerchantID: merchant, ID: id.New("mis"), ConversationID: conversation, MessageID: message, Why: why, Language: language, CreatedAt: tx.Now})
}

// List gives the messages, the newest first; next is the after of the next page, or empty.
func (l *Lessons) List(ctx context.Context, merchant, after string, open bool, limit int) (list []Entry, next string, err error) {
	list, err = listEntries(l.db.Read(ctx), merchant, after, open, limit+1)
	if len(list) > limit {
		list = list[:limit]
		next = list[limit-1].ID
	}
	return list, next, err
}

// Open gives one of the staff the words of a message. That they looked is written down first, for the customer to read.
func (l *Lessons) Open(ctx context.Context, merchant, entry, actor string) (Entry, string, error) {
	e, err := l.Get(ctx, merchant, entry)
	if err != nil {
		return e, "", err
	}
	m, err := l.inbox.StaffMessage(ctx, merchant, e.ConversationID, e.MessageID, actor)
	if err == nil && m.Forgotten {
		err = ErrGone
	}
	return e, m.Content.Text, err
}

// Get gives an entry.
func (l *Lessons) Get(ctx context.Context, merchant, entry string) (Entry, error) {
	e, err := findEntry(l.db.Read(ctx), merchant, entry)
	if database.NotFound(err) {
		err = ErrUnknown
	}
	return e, err
}

// Meaning is what one of the staff says that a message meant. Words are those that name the product, or that ask the
// question; without them nothing is suggested.
type Meaning struct{ As, Target, Words, Actor string }

// Settle keeps what a message meant, and makes a suggestion of it that the merchant may accept.
func (l *Lessons) Settle(tx database.Tx, merchant, entry string, m Meaning) (Entry, error) {
	e, err := findEntry(tx.DB(), merchant, entry)
	if database.NotFound(err) {
		return e, ErrUnknown
	}
	if err != nil {
		return e, err
	}
	if e.SettledAt != nil {
		return e, ErrSettled
	}
	switch m.As {
	case MeantNothing:
		m.Target = ""
	case MeantProduct, MeantQuestion:
		if err := l.suggest(tx, merchant, suggested{kind: m.As, target: m.Target, words: m.Words, language: e.Language, source: ByStaff}); err != nil {
			return e, err
		}
	default:
		return e, ErrMeant
	}
	e.Meant, e.Target, e.SettledBy, e.SettledAt = m.As, m.Target, m.Actor, &tx.Now
	return e, settleEntry(tx, e)
}

func (l *Lessons) forget(ctx context.Context, n inbox.Forgotten) error {
	return l.db.InTx(ctx, func(tx database.Tx) error { return dropConversation(tx, n.Merchant, n.Conversation) })
}

// Sweep forgets what has become too old.
func (l *Lessons) Sweep(ctx context.Context) error {
	return l.db.InTx(ctx, func(tx database.Tx) error {
		return wipe(tx, tx.Now.Add(-keepEntries), tx.Now.Add(-keepSuggestions), tx.Now.Add(-keepWaiting))
	})
}
