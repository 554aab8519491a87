package senses_test

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"sotto.chat/channels"
	"sotto.chat/internal/database"
	"sotto.chat/internal/jobs"
	"sotto.chat/internal/testkit"
)

// However many turns run at the same time, a voice note is paid for once and answered once; the same where a turn is cut anywhere.
func TestAVoiceNoteIsPaidForOnce(t *testing.T) {
	testkit.Both(t, func(t *testing.T, db *database.DB, clock *testkit.Clock) {
		s := stage(t, db, clock, nil)
		var all sync.WaitGroup
		var once sync.Once
		s.end.before = func() {
			once.Do(func() {
				for range 6 {
					all.Go(func() {
						if err := s.Turn(context.WithoutCancel(t.Context())); err != nil && !errors.As(err, new(jobs.ErrLater)) {
							t.Error(err)
						}
					})
				}
				all.Wait() // they have all seen that another one is at it
			})
		}
		before := s.answers()
		s.speaks("two colas")
		s.must(s.Turn(t.Context()))
		if s.end.asked() != 1 || s.answers() != before+1 || s.inCart("COLA") != 2 {
			t.Fatalf("asked %d times, answered %d times, %d in the cart", s.end.asked(), s.answers()-before, s.inCart("COLA"))
		}

		// The caller leaves right when the words come, and before them. Neither loses the note, and no note is begun with a third time.
		for round := range 3 {
			ctx, cancel := context.WithCancel(t.Context())
			s.end.before = cancel
			asked, before := s.end.asked(), s.answers()
			s.end.says("a water")
			s.files["f"] = voice()
			s.must(s.arrives(channels.Incoming{DedupKey: "cut" + strconv.Itoa(round), Media: []channels.Media{{Kind: "audio", ExternalID: "f"}}}))
			if err := s.Turn(ctx); err == nil {
				t.Fatal("the turn was not cut")
			}
			if _, open, _, err := s.Inbox.Peek(t.Context(), s.Merchant.ID, s.Conversation); err != nil || len(open) != 1 {
				t.Fatal(len(open), err)
			}
			s.end.before = nil
			if round == 2 {
				s.end.fails(http.StatusInternalServerError)
			}
			for wait := true; wait; {
				err := s.Turn(t.Context())
				if wait = errors.As(err, new(jobs.ErrLater)); wait {
					clock.Advance(time.Minute)
				} else if err != nil {
					t.Fatal(err)
				}
			}
			if n := s.end.asked() - asked; n > 2 || s.answers() != before+1 {
				t.Fatalf("asked %d times, answered %d times", n, s.answers()-before)
			}
		}
		if s.inCart("WATER") != 2 || !strings.HasPrefix(s.last().Text, unheard) {
			t.Fatal(s.inCart("WATER"), s.last().Text)
		}
	})
}

// A note with which every turn is cut is begun with twice; then the bot says that it cannot hear it.
func TestANoteThatIsAlwaysCut(t *testing.T) {
	testkit.Both(t, func(t *testing.T, db *database.DB, clock *testkit.Clock) {
		s := stage(t, db, clock, nil)
		s.end.says("a water")
		s.files["f"] = voice()
		s.must(s.arrives(channels.Incoming{DedupKey: "cut", Media: []channels.Media{{Kind: "audio", ExternalID: "f"}}}))
		before := s.answers()
		for range 5 {
			ctx, cancel := context.WithCancel(t.Context())
			s.end.before = cancel
			_ = s.Turn(ctx) // it is cut, or has given up hearing
			cancel()
			clock.Advance(time.Minute)
		}
		if s.end.asked() != 2 || s.answers() != before+1 || !strings.HasPrefix(s.last().Text, unheard) {
			t.Fatalf("asked %d times: %s", s.end.asked(), s.last().Text)
		}
	})
}

// A voice note that comes while another one is heard is heard, too: both are one turn.
func TestANoteThatComesWhileAnotherIsHeard(t *testing.T) {
	testkit.Both(t, func(t *testing.T, db *database.DB, clock *testkit.Clock) {
		s := stage(t, db, clock, nil)
		var once sync.Once
		s.end.before = func() {
			once.Do(func() {
				s.end.says("and a tiramisu")
				if err := s.arrives(channels.Incoming{DedupKey: "second", Media: []channels.Media{{Kind: "audio", ExternalID: "f"}}}); err != nil {
					t.Error(err)
				}
			})
		}
		before := s.answers()
		s.speaks("two colas")
		s.must(s.Turn(t.Context()))
		if s.end.asked() != 2 || s.answers() != before+1 || s.inCart("COLA") != 2 || s.inCart("TIRAMISU") != 1 {
			t.Fatalf("asked %d times, answered %d times: %s", s.end.asked(), s.answers()-before, s.last().Text)
		}
	})
}

// However many come at once, all are heard and answered together.
func TestManyNotesAtOnce(t *testing.T) {
	testkit.Both(t, func(t *testing.T, db *database.DB, clock *testkit.Clock) {
		s := stage(t, db, clock, nil)
		s.end.says("a cola")
		s.files["f"] = voice()
		for n := range 8 {
			s.must(s.arrives(channels.Incoming{DedupKey: "n" + strconv.Itoa(n), Media: []channels.Media{{Kind: "audio", ExternalID: "f"}}}))
		}
		before := s.answers()
		s.must(s.Turn(t.Context()))
		if s.end.asked() != 8 || s.answers() != before+1 || s.inCart("COLA") != 8 {
			t.Fatalf("asked %d times, answered %d times, %d in the cart", s.end.asked(), s.answers()-before, s.inCart("COLA"))
		}
	})
}

// arrives has something come in that no turn answers yet.
func (s *shop) arrives(in channels.Incoming) error {
	ctx := context.WithoutCancel(s.t.Context())
	ch, err := s.Channels.WebChannel(ctx, s.Merchant.ID)
	if err != nil {
		return err
	}
	in.Kind, in.Parties, in.At = channels.KindMessage, []channels.Party{{Kind: "web", Value: s.Visitor}}, s.DB.Now()
	party := s.Channels.PartyOf(s.Merchant.ID, in.Parties)
	if _, err := s.Channels.ReceiveWeb(ctx, ch, party, in); err != nil {
		return err
	}
	return s.Inbox.Drain(ctx, channels.Arrived{Merchant: s.Merchant.ID, Channel: ch.ID, Party: party})
}
