package inbox_test

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"

	"sotto.chat/channels"
	"sotto.chat/inbox"
	"sotto.chat/internal/database"
	"sotto.chat/privacy"
)

func TestTheWebChatAnswersAtOnce(t *testing.T) {
	both(t, "", echo, func(s *shop) {
		empty, err := s.inbox.OpenWeb(t.Context(), s.merchant, "visitor")
		s.ok(err)
		c, m, err := s.inbox.HearWeb(t.Context(), s.merchant, "visitor", channels.Incoming{Text: "hello", DedupKey: "one"})
		s.ok(err)
		if c.ID != empty.ID || m.Content.Text != "hello" || m.Seq != 1 || m.Sender != inbox.Customer {
			t.Fatalf("%+v %+v", c, m)
		}
		after, err := s.inbox.Messages(t.Context(), s.merchant, c.ID, m.ID, 0)
		s.ok(err)
		if len(after) != 1 || after[0].Content.Text != "echo hello" || after[0].Seq != 2 {
			t.Fatalf("the answer is not there: %+v", after)
		}
		_, again, err := s.inbox.HearWeb(t.Context(), s.merchant, "visitor", channels.Incoming{Text: "hello", DedupKey: "one"})
		s.ok(err)
		if again.ID != m.ID || len(s.messages(c.ID)) != 2 {
			t.Error("the same message counted twice")
		}
		other, _, err := s.inbox.HearWeb(t.Context(), s.merchant, "somebody else", channels.Incoming{Text: "hello", DedupKey: "one"})
		s.ok(err)
		if other.ID == c.ID {
			t.Error("two visitors share a conversation")
		}
		if _, err := s.inbox.Messages(t.Context(), s.merchant, other.ID, m.ID, 0); !errors.Is(err, inbox.ErrCursor) {
			t.Error("a message of another conversation served as a cursor:", err)
		}
		s.sound()
	})
}

func TestManyAtOnceAreStoredOnceEachWithoutGaps(t *testing.T) {
	const visitors, each = 4, 8
	both(t, "", echo, func(s *shop) {
		var wg sync.WaitGroup
		for v := range visitors {
			for k := range each {
				wg.Go(func() {
					_, _, err := s.inbox.HearWeb(t.Context(), s.merchant, fmt.Sprint("visitor", v), channels.Incoming{Text: fmt.Sprint(k)})
					if err != nil {
						t.Error(err)
					}
				})
			}
		}
		wg.Wait()
		s.work() // what lost a race is worked on by its job
		for v := range visitors {
			c, err := s.inbox.OpenWeb(t.Context(), s.merchant, fmt.Sprint("visitor", v))
			s.ok(err)
			waitFor(s, c.ID, 2*each)
			said := map[string]int{}
			for i, m := range s.messages(c.ID) {
				if m.Seq != int64(i+1) {
					t.Errorf("number %d at place %d", m.Seq, i+1)
				}
				said[m.Content.Text]++
			}
			for k := range each {
				if said[fmt.Sprint(k)] != 1 || said[fmt.Sprint("echo ", k)] != 1 {
					t.Errorf("message %d: said %d times, answered %d times", k, said[fmt.Sprint(k)], said[fmt.Sprint("echo ", k)])
				}
			}
		}
		s.sound()
	})
}

func TestAPersonSilencesTheBot(t *testing.T) {
	both(t, "", echo, func(s *shop) {
		hear := func(text string) inbox.Conversation {
			c, _, err := s.inbox.HearWeb(t.Context(), s.merchant, "v", channels.Incoming{Text: text})
			s.ok(err)
			return c
		}
		c := hear("one")
		_, err := s.inbox.StaffSay(t.Context(), s.merchant, c.ID, "stf_1", "a person here")
		s.ok(err)
		hear("two")
		want := []string{"customer: one", "bot: echo one", "staff: a person here", "customer: two"}
		if got := s.texts(c.ID); !slices.Equal(got, want) {
			t.Fatalf("%q", got)
		}
		got, err := s.inbox.Get(t.Context(), s.merchant, c.ID)
		s.ok(err)
		if got.Answering != inbox.ByPerson || got.AssignedTo != "stf_1" {
			t.Errorf("%+v", got)
		}
		before := s.heard()
		s.ok(s.db.InTx(t.Context(), func(tx database.Tx) error {
			c, err := s.inbox.Lock(tx, s.merchant, c.ID)
			if err != nil {
				return err
			}
			return s.inbox.Handoff(tx, &c, inbox.ByBot)
		}))
		s.work()
		waitFor(s, c.ID, 5)
		if got := s.texts(c.ID); got[len(got)-1] != "bot: echo two" || s.heard() == before {
			t.Errorf("the bot did not take up what was unanswered: %q", got)
		}
		s.sound()
	})
}

func TestLooksAreWrittenDownAndForgettingEmpties(t *testing.T) {
	both(t, "", echo, func(s *shop) {
		c, _, err := s.inbox.HearWeb(t.Context(), s.merchant, "v", channels.Incoming{Text: "a secret"})
		s.ok(err)
		_, err = s.inbox.StaffMessages(t.Context(), s.merchant, c.ID, "stf_1", "", 0)
		s.ok(err)
		s.messages(c.ID) // the customer's own reading is nobody's business
		looks, err := s.keys.Looks(t.Context(), s.merchant, privacy.ConversationSubject(c.ID), 10)
		s.ok(err)
		if len(looks) != 1 || looks[0].Actor != "stf_1" {
			t.Errorf("%+v", looks)
		}
		s.ok(s.db.InTx(t.Context(), func(tx database.Tx) error { return s.inbox.Forget(tx, s.merchant, c.CustomerID) }))
		for _, m := range s.messages(c.ID) {
			if !m.Forgotten || m.Content.Text != "" {
				t.Errorf("still there: %+v", m)
			}
		}
		again, _, err := s.inbox.HearWeb(t.Context(), s.merchant, "v", channels.Incoming{Text: "hello again"})
		s.ok(err)
		if again.ID == c.ID {
			t.Error("a forgotten conversation went on")
		}
		s.sound()
	})
}

func TestAFactIsToldOnce(t *testing.T) {
	both(t, "", nil, func(s *shop) {
		c, _, err := s.inbox.HearWeb(t.Context(), s.merchant, "v", channels.Incoming{Text: "hi"})
		s.ok(err)
		var wg sync.WaitGroup
		for range 6 {
			wg.Go(func() {
				err := s.db.InTx(t.Context(), func(tx database.Tx) error {
					c, err := s.inbox.Lock(tx, s.merchant, c.ID)
					if err != nil {
						return err
					}
					_, err = s.inbox.SayOnce(tx, &c, "pay_1:paid", channels.Content{Text: "paid"})
					return err
				})
				if err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if got := s.texts(c.ID); len(got) != 2 {
			t.Errorf("%q", got)
		}
		s.sound()
	})
}
