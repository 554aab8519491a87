package inbox_test

import (
	"context"
	"strings"
	"testing"

	"sotto.chat/channels"
	"sotto.chat/channels/standin"
	"sotto.chat/inbox"
	"sotto.chat/internal/database"
	"sotto.chat/internal/testkit"
)

// What a message says to the staff stays in the house.
func TestANoteForStaffIsNotDelivered(t *testing.T) {
	const note = "still open: which size?"
	answer := func(s *shop, ctx context.Context, n inbox.Spoke) error {
		return s.db.InTx(ctx, func(tx database.Tx) error {
			c, err := s.inbox.Lock(tx, n.Merchant, n.Conversation)
			if err != nil {
				return err
			}
			open, err := s.inbox.Unanswered(tx, c.MerchantID, c.ID)
			if err != nil || len(open) == 0 {
				return err
			}
			if _, err := s.inbox.Say(tx, &c, inbox.Bot, "", channels.Content{Text: "A person answers you.", Note: note}); err != nil {
				return err
			}
			return s.inbox.Answered(tx, c.MerchantID, c.ID, open[len(open)-1].Seq)
		})
	}
	overWhatsApp(t, answer, func(s *shop, w *standin.Server) {
		ana := person(t)
		_, err := w.Text(t.Context(), ana, "help")
		s.ok(err)
		testkit.Eventually(t, "an answer", func() bool { return len(w.Sent(ana.Phone)) > 0 })
		for _, m := range w.Sent(ana.Phone) {
			if strings.Contains(string(m.Body), note) {
				t.Errorf("the customer reads: %s", m.Body)
			}
		}
		list := s.messages(s.only().ID)
		if got := list[len(list)-1].Content.Note; got != note {
			t.Errorf("the staff read %q", got)
		}
	})
}
