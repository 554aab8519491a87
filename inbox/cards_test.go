package inbox_test

import (
	"strings"
	"testing"

	"sotto.chat/channels"
	"sotto.chat/inbox"
	"sotto.chat/internal/database"
	"sotto.chat/internal/testkit"
)

// madeCard gives a number that no bank has issued: the check digit fits.
func madeCard(first string) string {
	for d := '0'; d <= '9'; d++ {
		number, sum := first+string(d), 0
		for i := range number {
			n := int(number[len(number)-1-i] - '0')
			if i%2 == 1 {
				if n *= 2; n > 9 {
					n -= 9
				}
			}
			sum += n
		}
		if sum%10 == 0 {
			return number
		}
	}
	return ""
}

// What customers and staff type of a card is never in a message, be it at once, in pieces, or the code after the number.
func TestCardsAreNotKept(t *testing.T) {
	both(t, "http://127.0.0.1:1", nil, func(s *shop) {
		n := madeCard("453212345678901")
		say := func(visitor, text string) (inbox.Conversation, inbox.Message) {
			c, m, err := s.inbox.HearWeb(s.t.Context(), s.merchant, visitor, channels.Incoming{Text: text})
			s.ok(err)
			return c, m
		}
		c, m := say("ana", "take it from "+n+", 09/28, cvv 321")
		if !m.Card || m.Content.Text != "take it from •••• "+n[12:]+", •••, cvv •••" {
			s.t.Errorf("%v %q", m.Card, m.Content.Text)
		}
		if _, m = say("ana", "321"); !m.Card || m.Content.Text != "•••" {
			s.t.Errorf("%v %q", m.Card, m.Content.Text)
		}
		if _, m = say("ana", "and 2 croissants"); m.Card {
			s.t.Error("croissants are no card")
		}
		pieces, _ := say("ben", "hello")
		for i := 0; i < len(n); i += 4 {
			say("ben", n[i:i+4])
		}
		if got := strings.Join(s.texts(pieces.ID), " "); strings.Contains(got, n[:4]) || !strings.Contains(got, "•••• "+n[12:]) {
			s.t.Error(got)
		}
		if _, m = say("cleo", "7"); m.Card || m.Content.Text != "7" {
			s.t.Errorf("%q", m.Content.Text)
		}
		m, err := s.inbox.StaffSay(s.t.Context(), s.merchant, c.ID, "ana", "I took "+n)
		s.ok(err)
		if m.Content.Text != "I took •••• "+n[12:] {
			s.t.Errorf("%q", m.Content.Text)
		}
		s.work()
		_, m = say("ana", n) // a person answers now: the warning is promised on its own
		testkit.Eventually(s.t, "the news", func() bool {
			s.mu.Lock()
			defer s.mu.Unlock()
			return len(s.cards) == 1 && s.cards[0].Message == m.ID
		})
		var sealed int
		s.ok(s.db.InTx(s.t.Context(), func(tx database.Tx) error {
			return tx.DB().Raw("select count(*) from inbound_events where sealed is not null and kind = 'message'").Scan(&sealed).Error
		}))
		if sealed != 0 {
			s.t.Errorf("%d events still have their words", sealed)
		}
	})
}
