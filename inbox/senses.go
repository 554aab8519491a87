package inbox

import (
	"context"
	"strings"
	"time"

	"sotto.chat/internal/database"
	"sotto.chat/privacy"
	"sotto.chat/privacy/cards"
)

// Sensed is what was made of a voice note or a photo. It is kept with the message, so that nobody is asked about it twice.
type Sensed struct {
	// Heard says that the message's words were spoken: a machine wrote them down, perhaps wrongly.
	Heard bool `json:"heard,omitempty"`
	// Seen says that a photo was looked at. Products are the goods that it may show, by sku, the likeliest first; Words are what else to
	// look for.
	Seen     bool     `json:"seen,omitempty"`
	Products []string `json:"products,omitempty"`
	Words    string   `json:"words,omitempty"`
	// Tries counts those who began, Until is how long the last one has.
	Tries int       `json:"tries,omitempty"`
	Until time.Time `json:"until,omitzero"`
}

// Done tells whether there is something to go by.
func (s *Sensed) Done() bool { return s != nil && (s.Heard || s.Seen) }

const (
	// senseTries is how often somebody may begin with one message: each may have to be paid for.
	senseTries = 2
	// senseTime is how long one of them has before another may begin.
	senseTime = 35 * time.Second
)

// Sensing gives one caller the right to hear or see a message. A wait says that another one is at it; without both, it is done,
// was begun too often, or is nobody's any more.
func (i *Inbox) Sensing(ctx context.Context, merchant, conversation, message string) (mine bool, wait time.Duration, err error) {
	err = i.db.InTx(ctx, func(tx database.Tx) error {
		mine, wait = false, 0 // a transaction may be run twice
		return i.rewrite(tx, merchant, conversation, message, func(m *Message) bool {
			s := Sensed{}
			if m.Sensed != nil {
				s = *m.Sensed
			}
			if s.Done() {
				return false
			}
			if wait = s.Until.Sub(tx.Now); wait > 0 {
				return false
			}
			wait = 0
			if mine = s.Tries < senseTries; !mine {
				return false
			}
			m.Sensed = &Sensed{Tries: s.Tries + 1, Until: tx.Now.Add(senseTime)}
			return true
		})
	})
	return mine, wait, err
}

// KeepSensed seals what was made of a message with it; text is what was heard. A card's number in it is masked as in what is typed. Without
// anything made, nobody tries again.
func (i *Inbox) KeepSensed(ctx context.Context, merchant, conversation, message string, s Sensed, text string) error {
	return i.db.InTx(ctx, func(tx database.Tx) error {
		return i.rewrite(tx, merchant, conversation, message, func(m *Message) bool {
			if m.Sensed.Done() {
				return false
			}
			if s.Tries = 0; !s.Done() {
				s.Tries = senseTries
			}
			m.Sensed = &s
			if s.Heard {
				var card bool
				m.Content.Text, card = cards.Mask(text)
				m.Card = m.Card || card
				if strings.TrimSpace(m.Content.Text) != "" {
					m.Unsupported = ""
				}
			}
			return true
		})
	})
}

// rewrite changes a customer's message that nobody has answered, under the conversation's lock. What was forgotten stays so.
func (i *Inbox) rewrite(tx database.Tx, merchant, conversation, message string, change func(*Message) bool) error {
	if _, err := i.Lock(tx, merchant, conversation); err != nil {
		return err
	}
	row, err := messageByID(tx.DB(), merchant, conversation, message)
	if database.NotFound(err) {
		return ErrUnknown
	}
	if err != nil || row.Sender != Customer || row.AnsweredAt != nil || len(row.Body) == 0 {
		return err
	}
	box, err := i.keys.Box(tx, merchant, privacy.ConversationSubject(conversation))
	if err != nil {
		return err
	}
	list, err := openAll(box, []messageRow{row})
	if err != nil || !change(&list[0]) {
		return err
	}
	sealed, err := seal(box, list[0])
	if err != nil {
		return err
	}
	return setBody(tx, merchant, conversation, message, sealed)
}
