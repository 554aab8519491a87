package lessons

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"sotto.chat/internal/database"
	"sotto.chat/internal/fault"
	"sotto.chat/internal/id"
	"sotto.chat/internal/jobs"
	"sotto.chat/privacy"
)

// The two understanders, and the verdict that neither was right.
const (
	ByEmbedded = "embedded"
	ByModel    = "model"
	ByNeither  = "neither"
)

// Disagreed is why a message stands in the list of which staff said that the bot followed the wrong reading.
const Disagreed = "disagreed"

// What becomes of a message that is read twice.
const (
	waits   = "waiting" // for the second reading
	asked   = "asked"   // by one of the replicas, once
	differs = "differs"
)

// The failures of disagreements.
var (
	ErrNoDisagreement = fault.New(fault.NotFound, "unknown_disagreement", "There is no such disagreement.")
	ErrVerdict        = fault.New(fault.Invalid, "unknown_verdict", "Right was embedded, model or neither.")
)

const (
	// keepWaiting is how long a message waits for its second reading.
	keepWaiting = 24 * time.Hour
	// MostDays is how far back counts go.
	MostDays = int(keepEntries / (24 * time.Hour))
)

// Twice is one message in two readings, as they are kept: sealed, for a reading can quote a customer.
type Twice struct {
	Embedded, Model []TrialDeed
	// Before is the moment before the answer, as the second reading must know it. It goes when that is made.
	Before json.RawMessage `json:",omitempty"`
}

// SecondDue is announced for a message that was answered and that the model is to read too.
type SecondDue struct{ Merchant, Conversation, Message string }

// NewsKind names this news in the job queue.
func (SecondDue) NewsKind() string { return "lessons.second_due" }

// Disagreement is one message that the two understanders would have answered by different deeds.
type Disagreement struct {
	MerchantID     string
	ID             string
	ConversationID string
	MessageID      string
	State          string
	Acted          string // whose reading the bot followed
	Kind           string // of the first deed in which they differ
	Language       string
	Sealed         []byte
	Verdict        string // which one staff say was right
	SettledBy      string
	SettledAt      *time.Time
	CreatedAt      time.Time
}

// Comparison is what two readings of one message come to.
type Comparison struct {
	SecondDue
	Acted, Kind, Language string
	Same                  bool
	Silent                bool // the second understander was asked, and gave no reading
	Twice                 Twice
}

// Count is how often the two agreed, differed, or the second had no answer, for one kind of deed.
type Count struct {
	Kind                         string
	Agreed, Differed, Unanswered int64
}

// Await keeps what one understander made of a message, and promises that the other reads it after the answer. Nobody waits
// for that, also where somebody waits for the answer.
func (l *Lessons) Await(tx database.Tx, c Comparison) error {
	d, err := l.sealed(tx, c)
	if err != nil {
		return err
	}
	d.State = waits
	fresh, err := insertSecond(tx, d)
	if err != nil || !fresh {
		return err
	}
	return l.desk.Announce(tx, c.SecondDue, jobs.Aside())
}

// Awaiting gives what is kept of a message that still waits for its second reading.
func (l *Lessons) Awaiting(ctx context.Context, n SecondDue) (c Comparison, ok bool, err error) {
	d, err := findSecond(l.db.Read(ctx), n.Merchant, n.Message)
	if database.NotFound(err) || err == nil && d.State != waits {
		return c, false, nil
	}
	if err != nil {
		return c, false, err
	}
	box, err := l.keys.BoxNow(ctx, n.Merchant, privacy.ConversationSubject(d.ConversationID))
	if errors.Is(err, privacy.ErrForgotten) {
		return c, false, nil
	}
	if err != nil {
		return c, false, err
	}
	c = Comparison{SecondDue: n, Acted: d.Acted, Kind: d.Kind, Language: d.Language}
	c.Twice, err = d.open(box)
	return c, err == nil, err
}

// Claim tells whether the caller is the one who asks for the second reading; there is one, however many try, and however often.
func (l *Lessons) Claim(ctx context.Context, n SecondDue) (mine bool, err error) {
	err = l.db.InTx(ctx, func(tx database.Tx) error {
		mine, err = moveSecond(tx, n.Merchant, n.Message, waits, asked)
		return err
	})
	return mine, err
}

// Leave gives up on a second reading that may not be made any more.
func (l *Lessons) Leave(ctx context.Context, n SecondDue) error {
	return l.db.InTx(ctx, func(tx database.Tx) error {
		_, err := dropSecond(tx, n.Merchant, n.Message, waits)
		return err
	})
}

// Answered is Compared for a message that waited and was claimed, once.
func (l *Lessons) Answered(tx database.Tx, c Comparison) error {
	mine, err := dropSecond(tx, c.Merchant, c.Message, asked)
	if err != nil || !mine {
		return err
	}
	return l.Compared(tx, c)
}

// Compared counts two readings that come to the same, and keeps two that do not. One who compares several in one transaction
// does so in the order of their kinds: the counts are everybody's.
func (l *Lessons) Compared(tx database.Tx, c Comparison) error {
	switch {
	case c.Silent:
		return addCount(tx, c.Merchant, day(tx.Now), Count{Kind: c.Kind, Unanswered: 1})
	case c.Same:
		return addCount(tx, c.Merchant, day(tx.Now), Count{Kind: c.Kind, Agreed: 1})
	}
	c.Twice.Before = nil
	d, err := l.sealed(tx, c)
	if err != nil {
		return err
	}
	d.State = differs
	fresh, err := insertSecond(tx, d)
	if err != nil || !fresh {
		return err
	}
	return addCount(tx, c.Merchant, day(tx.Now), Count{Kind: c.Kind, Differed: 1})
}

func day(at time.Time) string { return at.UTC().Format(time.DateOnly) }

func secondLabel(disagreement string) string { return "second_readings.sealed:" + disagreement }

func (l *Lessons) sealed(tx database.Tx, c Comparison) (Disagreement, error) {
	d := Disagreement{MerchantID: c.Merchant, ID: id.New("dis"), ConversationID: c.Conversation, MessageID: c.Message, Acted: c.Acted, Kind: c.Kind, Language: c.Language, CreatedAt: tx.Now}
	plain, err := json.Marshal(c.Twice)
	if err != nil {
		return d, errors.New("lessons: two readings cannot be written") // the library's words may quote them
	}
	d.Sealed, err = l.keys.Seal(tx, c.Merchant, privacy.ConversationSubject(c.Conversation), secondLabel(d.ID), plain)
	return d, err
}

func (d Disagreement) open(box privacy.Box) (t Twice, err error) {
	plain, err := box.Open(secondLabel(d.ID), d.Sealed)
	if err != nil {
		return t, err
	}
	if json.Unmarshal(plain, &t) != nil {
		return t, errors.New("lessons: two readings cannot be read")
	}
	return t, nil
}

// DisagreementFilter narrows the list; empty fields narrow nothing.
type DisagreementFilter struct {
	Acted, Kind string
	Open        bool // those of which nobody has said who was right
	After       string
	Limit       int
}

// Disagreements gives the messages that the two would have answered by different deeds, the newest first, without any
// words; next is the after of the next page, or empty.
func (l *Lessons) Disagreements(ctx context.Context, merchant string, f DisagreementFilter) (list []Disagreement, next string, err error) {
	limit := f.Limit
	f.Limit++
	list, err = listSeconds(l.db.Read(ctx), merchant, f)
	if len(list) > limit {
		list = list[:limit]
		next = list[limit-1].ID
	}
	return list, next, err
}

// Counts gives how often the two agreed in so many days up to today, by the kind of deed.
func (l *Lessons) Counts(ctx context.Context, merchant string, days int) ([]Count, error) {
	days = min(max(days, 1), MostDays)
	return sumCounts(l.db.Read(ctx), merchant, day(l.db.Now().AddDate(0, 0, 1-days)))
}

// OpenDisagreement gives one of the staff the words of a message and what each understander made of them. That they looked
// is written down first, for the customer to read.
func (l *Lessons) OpenDisagreement(ctx context.Context, merchant, disagreement, actor string) (Disagreement, string, Twice, error) {
	d, err := findDisagreement(l.db.Read(ctx), merchant, disagreement)
	if database.NotFound(err) {
		err = ErrNoDisagreement
	}
	if err != nil {
		return d, "", Twice{}, err
	}
	m, err := l.inbox.StaffMessage(ctx, merchant, d.ConversationID, d.MessageID, actor)
	if err == nil && m.Forgotten {
		err = ErrGone
	}
	if err != nil {
		return d, "", Twice{}, err
	}
	box, err := l.keys.BoxNow(ctx, merchant, privacy.ConversationSubject(d.ConversationID))
	if errors.Is(err, privacy.ErrForgotten) {
		err = ErrGone
	}
	if err != nil {
		return d, "", Twice{}, err
	}
	t, err := d.open(box)
	return d, m.Content.Text, t, err
}

// Judge keeps which of the two was right. Where the bot followed the wrong one, the message comes into the list of the
// misunderstood, for somebody to say there what it meant.
func (l *Lessons) Judge(tx database.Tx, merchant, disagreement, right, actor string) (d Disagreement, e Entry, err error) {
	d, err = findDisagreement(tx.DB(), merchant, disagreement)
	switch {
	case database.NotFound(err):
		return d, e, ErrNoDisagreement
	case err != nil:
		return d, e, err
	case d.SettledAt != nil:
		return d, e, ErrSettled
	case right != ByEmbedded && right != ByModel && right != ByNeither:
		return d, e, ErrVerdict
	}
	d.Verdict, d.SettledBy, d.SettledAt = right, actor, &tx.Now
	if mine, err := settleSecond(tx, d); err != nil || !mine {
		return d, e, orSettled(err)
	}
	if right == d.Acted {
		return d, e, nil
	}
	if err := l.Note(tx, merchant, d.ConversationID, d.MessageID, Disagreed, d.Language); err != nil {
		return d, e, err
	}
	e, err = entryOf(tx.DB(), merchant, d.MessageID)
	return d, e, err
}

func orSettled(err error) error {
	if err == nil {
		err = ErrSettled
	}
	return err
}
