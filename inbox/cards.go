package inbox

import (
	"encoding/json"
	"time"

	"sotto.chat/internal/database"
	"sotto.chat/privacy"
	"sotto.chat/privacy/cards"
)

const (
	// burst is how long the parts of a card's number may be apart, and its code and date from it.
	burst = 5 * time.Minute
	// burstMost is the most parts that are looked at: as many as a number can have.
	burstMost = 19
)

// CardTyped is the news that a customer typed a card's number while a person answers: the warning is said all the same.
type CardTyped struct {
	Merchant     string `json:"merchant"`
	Conversation string `json:"conversation"`
	Message      string `json:"message"`
}

// NewsKind names the news.
func (CardTyped) NewsKind() string { return "inbox.card_typed" }

// hideParts masks a card's number whose parts come in several messages, in those that are stored too, and the code or the date that
// follows a number in a message of its own. What is within one message was masked before it came here.
func (i *Inbox) hideParts(tx database.Tx, c *Conversation, box privacy.Box, m *Message) error {
	if m.Card || m.Tap != "" || !cards.Piece(m.Content.Text) || c.LastSeq == 0 {
		return nil
	}
	rows, err := saidSince(tx, c.MerchantID, c.ID, tx.Now.Add(-burst), burstMost)
	if err != nil || len(rows) == 0 {
		return err
	}
	earlier, err := openAll(box, rows)
	if err != nil {
		return err
	}
	texts := make([]string, 0, len(earlier)+1)
	for _, e := range earlier {
		if e.Card {
			if text, found := cards.Follow(m.Content.Text); found {
				m.Content.Text, m.Card = text, true
			}
		}
		texts = append(texts, e.Content.Text)
	}
	if m.Card {
		return nil
	}
	hidden, found := cards.Burst(append(texts, m.Content.Text))
	for k, e := range earlier {
		if !found[k] {
			continue
		}
		e.Content.Text, e.Card = hidden[k], true
		sealed, err := seal(box, e)
		if err == nil {
			err = setBody(tx, c.MerchantID, c.ID, e.ID, sealed)
		}
		if err != nil {
			return err
		}
	}
	if last := len(hidden) - 1; found[last] {
		m.Content.Text, m.Card = hidden[last], true
	}
	return nil
}

// seal gives a message's body as it is kept.
func seal(box privacy.Box, m Message) ([]byte, error) {
	plain, err := json.Marshal(body{m.Content, m.Order, m.Tap, m.Product, m.Unsupported, m.Form, m.Card, m.Sensed})
	if err != nil {
		return nil, err
	}
	return box.Seal(bodyLabel(m.ID), plain)
}
