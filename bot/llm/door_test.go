package llm_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"sotto.chat/bot/llm"
	"sotto.chat/bot/words"
	"sotto.chat/channels"
	"sotto.chat/customers"
	"sotto.chat/internal/database"
	"sotto.chat/internal/testkit"
	"sotto.chat/merchants"
)

// riddle is what the embedded understander cannot read.
func (s *shop) riddle() {
	s.t.Helper()
	s.says(channels.Incoming{Text: "zibble wobblefrotz"})
}

// talkAs is another visitor, whom the bot has told whom they speak with.
func (s *shop) talkAs(visitor string) {
	s.t.Helper()
	s.Visitor = visitor
	s.says(channels.Incoming{Text: "a cola"})
}

func wideLimits(l llm.Limits) llm.Limits {
	if l.MessageTokens == 0 {
		l.MessageTokens = 1 << 20
	}
	return l
}

// Each budget ends the asking at the door, the talk goes on without, and a new day gives it anew.
func TestBudgetsAtTheDoor(t *testing.T) {
	testkit.Both(t, func(t *testing.T, db *database.DB, clock *testkit.Clock) {
		for name, c := range map[string]struct {
			limits llm.Limits
			calls  int // in two conversations of four riddles each
			anew   bool
		}{
			"a message's tokens":       {llm.Limits{MessageTokens: 10}, 0, false},
			"a conversation's calls":   {wideLimits(llm.Limits{ConversationCalls: 2}), 4, true},
			"a conversation's tokens":  {wideLimits(llm.Limits{ConversationTokens: 1}), 0, false},
			"a merchant's day, calls":  {wideLimits(llm.Limits{MerchantCalls: 3}), 3, true},
			"a merchant's day, tokens": {wideLimits(llm.Limits{MerchantTokens: 1}), 0, false},
		} {
			t.Run(name, func(t *testing.T) {
				model := serve(t, says(openAI("tool_calls", call{"simple", `{"kind":"help"}`})))
				s := open(t, db, clock, model.URL, fileOf(t), merchants.Settings{Pickup: true, LLM: true}, c.limits)
				for _, visitor := range []string{"one", "two"} {
					s.talkAs(name + visitor)
					for range 4 {
						s.says(channels.Incoming{Text: "a cola"}) // what is understood between keeps the talk from a person
						s.riddle()
					}
				}
				if model.calls() != c.calls {
					t.Errorf("the model was asked %d times, want %d", model.calls(), c.calls)
				}
				clock.Advance(25 * time.Hour)
				s.talkAs(name + "two")
				s.riddle()
				if c.anew != (model.calls() == c.calls+1) {
					t.Errorf("a new day: asked %d times, before %d", model.calls(), c.calls)
				}
			})
		}
	})
}

// A server that fails is left in peace after five failures, and every message is answered all the same.
func TestTheBreakerAtTheDoor(t *testing.T) {
	testkit.Both(t, func(t *testing.T, db *database.DB, clock *testkit.Clock) {
		model := serve(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusUnauthorized) })
		s := stage(t, db, clock, model.URL, false)
		s.talkAs("one")
		for range 9 {
			s.says(channels.Incoming{Text: "a cola"})
			s.riddle()
		}
		if model.calls() != 5 || !strings.Contains(s.last().Text, "did not understand") {
			t.Fatal(model.calls(), s.last().Text)
		}
	})
}

// The merchant's switch and the customer's own word keep every message in the house.
func TestNobodyIsAskedAgainstTheirWill(t *testing.T) {
	testkit.Both(t, func(t *testing.T, db *database.DB, clock *testkit.Clock) {
		model := serve(t, says(openAI("tool_calls", call{"simple", `{"kind":"help"}`})))
		off := open(t, db, clock, model.URL, fileOf(t), merchants.Settings{Pickup: true}, llm.Limits{})
		off.talkAs("one")
		off.riddle()
		if model.calls() != 0 {
			t.Error("asked although the merchant has it switched off")
		}
		s := stage(t, db, clock, model.URL, false)
		s.talkAs("two")
		s.riddle()
		if model.calls() != 1 {
			t.Error("not asked although all allow it", model.calls())
		}
		c, err := s.Inbox.Get(t.Context(), s.Merchant.ID, s.Conversation)
		s.must(err)
		s.must(db.InTx(t.Context(), func(tx database.Tx) error {
			_, err := s.People.RecordConsent(tx, s.Merchant.ID, customers.Consent{CustomerID: c.CustomerID, Purpose: "llm", Source: "chat"})
			return err
		}))
		s.riddle()
		if model.calls() != 1 {
			t.Error("asked although the customer forbade it")
		}
		s.talkAs("three")
		s.riddle()
		if model.calls() != 2 {
			t.Error("one customer's word counts for another")
		}
	})
}

// The first answer says that a machine speaks, in the customer's language and once; whoever sends what cannot be read is
// told so and offered the menu.
func TestTheNoticeAndWhatCannotBeRead(t *testing.T) {
	b, err := words.Open()
	if err != nil {
		t.Fatal(err)
	}
	testkit.Both(t, func(t *testing.T, db *database.DB, clock *testkit.Clock) {
		model := serve(t, says("{}"))
		s := stage(t, db, clock, model.URL, false)
		for _, language := range b.Languages() {
			v := b.Voice("US", false, language)
			notice, unread := v.Say("introduction", words.Facts{"shop": "Tiny Shop"}), v.Say("cannot_read", nil)
			s.Visitor = "speaks-" + language
			s.says(channels.Incoming{Tap: "lang:" + language})
			if !strings.HasPrefix(s.last().Text, notice) {
				t.Errorf("%s: the first answer is %q", language, s.last().Text)
			}
			for _, kind := range []string{"audio", "image"} {
				s.says(channels.Incoming{Media: []channels.Media{{Kind: kind, ExternalID: "x"}}})
				answer := s.last()
				if answer.Text != unread || len(answer.Buttons) == 0 || answer.Buttons[0].Tap != "menu" {
					t.Errorf("%s: %s is answered with %q and %v", language, kind, answer.Text, answer.Buttons)
				}
			}
		}
		if model.calls() != 0 {
			t.Error("the model was asked about what is not text")
		}
	})
}
