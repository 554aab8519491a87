package bot_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"sotto.chat/bot"
	"sotto.chat/bot/reading"
	"sotto.chat/channels"
	"sotto.chat/customers"
	"sotto.chat/internal/database"
	"sotto.chat/internal/jobs"
	"sotto.chat/internal/testkit"
	"sotto.chat/lessons"
	"sotto.chat/privacy"
)

// second is a model whose readings a test writes, and that keeps what it was asked.
type second struct {
	mu    sync.Mutex
	texts []string
	last  bot.Question
	next  func() (reading.Reading, error)
	gate  chan struct{} // closed: it answers; nil: it answers at once
}

// Read keeps the text, waits at the gate, and says what the test has it say.
func (s *second) Read(ctx context.Context, q bot.Question) (reading.Reading, error) {
	s.mu.Lock()
	s.texts, s.last = append(s.texts, q.Text), q
	gate, next := s.gate, s.next
	s.mu.Unlock()
	if gate != nil {
		select {
		case <-gate:
		case <-ctx.Done():
			return reading.Reading{}, ctx.Err()
		}
	}
	return next()
}

func (s *second) says(actions ...reading.Action) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.next = func() (reading.Reading, error) { return sure(actions...) }
}

func (s *second) fails(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.next = func() (reading.Reading, error) { return reading.Reading{}, err }
}

func (s *second) asked() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]string(nil), s.texts...)
}

// twice is a world in which messages are read by two.
func twice(t *testing.T, db *database.DB, clock *testkit.Clock, m *second) *world {
	t.Helper()
	s := english()
	s.Settings.LLM, s.Settings.LLMShadow, s.Settings.Delivery = true, true, true
	s.model = m
	return newWorld(t, db, clock, s)
}

// counts gives what was counted, in words.
func (w *world) counts() string {
	w.t.Helper()
	list, err := w.Lessons.Counts(w.t.Context(), w.Merchant.ID, 60)
	w.must(err)
	var out []string
	for _, c := range list {
		out = append(out, fmt.Sprintf("%s %d %d %d", c.Kind, c.Agreed, c.Differed, c.Unanswered))
	}
	return strings.Join(out, ", ")
}

func (w *world) disagreements() []lessons.Disagreement {
	w.t.Helper()
	list, _, err := w.Lessons.Disagreements(w.t.Context(), w.Merchant.ID, lessons.DisagreementFilter{Limit: 50})
	w.must(err)
	return list
}

func (w *world) counted(want string) {
	w.t.Helper()
	testkit.Eventually(w.t, want, func() bool { return w.counts() == want })
}

// rows counts what is kept of messages that are read twice.
func (w *world) rows() (n int) {
	w.t.Helper()
	w.must(w.DB.SQL.QueryRow("select count(*) from second_readings").Scan(&n))
	return n
}

// The customer is answered while the model has not read yet; what agrees is only counted, and what differs is kept, sealed, and shown.
func TestTwoReadings(t *testing.T) {
	testkit.Both(t, func(t *testing.T, db *database.DB, clock *testkit.Clock) {
		m := &second{gate: make(chan struct{})}
		m.says(reading.Action{Kind: reading.Add, SKU: "COLA", Quantity: 2})
		w := twice(t, db, clock, m)
		w.work()
		w.says(channels.Incoming{Text: "two colas"})
		if q, _ := w.cart(); len(w.botSaid()) != 1 || len(q.Lines) != 1 {
			t.Fatal("the customer waits for the second reading")
		}
		testkit.Eventually(t, "the model is asked after the answer", func() bool { return len(m.asked()) == 1 })
		if w.counts() != "" {
			t.Error(w.counts())
		}
		close(m.gate)
		w.counted("add 1 0 0")
		if len(w.disagreements()) != 0 || w.rows() != 0 {
			t.Error("two that agree are kept", w.rows())
		}

		m.says(reading.Action{Kind: reading.Add, SKU: "TIRAMISU", Quantity: 1, Note: "canarycrest81"})
		w.says(channels.Incoming{Text: "one more cola please"})
		w.counted("add 1 1 0")
		list := w.disagreements()
		if len(list) != 1 || list[0].Acted != lessons.ByEmbedded || list[0].Kind != reading.Add || list[0].ConversationID != w.Conversation {
			t.Fatalf("%+v", list)
		}
		if q, _ := w.cart(); len(q.Lines) != 1 || q.Lines[0].SKU != "COLA" {
			t.Error("the second reading acted", q.Lines)
		}
		for _, table := range []string{"second_readings", "second_reading_counts", "river_job"} {
			if found := everything(t, db, table); strings.Contains(found, "canarycrest81") || found == "" {
				t.Errorf("%s tells what the customer said: %s", table, found)
			}
		}
		_, text, read, err := w.Lessons.OpenDisagreement(t.Context(), w.Merchant.ID, list[0].ID, "staff-1")
		if err != nil || text != "one more cola please" || len(read.Embedded) != 1 || len(read.Model) != 1 || !strings.Contains(read.Model[0].Deed, "canarycrest81") || read.Before != nil {
			t.Errorf("%q %+v %v", text, read, err)
		}
		looks, err := w.Keys().Looks(t.Context(), w.Merchant.ID, privacy.ConversationSubject(w.Conversation), 10)
		if err != nil || len(looks) != 1 || looks[0].Actor != "staff-1" {
			t.Error(looks, err)
		}

		c, err := w.Inbox.Get(t.Context(), w.Merchant.ID, w.Conversation)
		w.must(err)
		person, _, err := w.People.Get(t.Context(), w.Merchant.ID, c.CustomerID)
		w.must(err)
		w.tx(func(tx database.Tx) error {
			_, err := w.People.Update(tx, w.Merchant.ID, c.CustomerID, customers.Details{Name: "Canara Finchley"}, person.Version)
			return err
		})
		w.says(channels.Incoming{Text: "one more cola please"})
		w.counted("add 1 2 0")
		if q := m.last; len(q.Known) == 0 || q.Known[0].Value != "Canara Finchley" || q.Texts != nil || q.Merchant == "" || q.Conversation != w.Conversation || len(q.State.Cart) != 1 || q.State.Cart[0].Quantity != 3 {
			t.Errorf("what is to be hidden, or the moment before the answer, is not told: %+v %+v", q.Known, q.State)
		}

		// Where the model acts, its reading is the one that there is: it is not asked again.
		before := len(m.asked())
		m.says(reading.Action{Kind: reading.Add, SKU: "TIRAMISU", Quantity: 1})
		w.says(channels.Incoming{Text: "zibble wobblefrotz"})
		w.counted("add 1 3 0")
		if list = w.disagreements(); len(list) != 3 || list[0].Acted != lessons.ByModel || len(m.asked()) != before+1 {
			t.Fatalf("%+v asked %d times", list, len(m.asked())-before)
		}
		if q, _ := w.cart(); len(q.Lines) != 2 {
			t.Error("the model did not act", q.Lines)
		}
	})
}

// everything is a table as text.
func everything(t *testing.T, db *database.DB, table string) string {
	t.Helper()
	var rows []map[string]any
	if err := db.Read(t.Context()).Raw("select * from " + table).Scan(&rows).Error; err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	for _, r := range rows {
		for name, v := range r {
			if raw, ok := v.([]byte); ok {
				v = string(raw)
			}
			fmt.Fprintf(&out, "%s=%v\n", name, v)
		}
	}
	return out.String()
}

// However often the promise is worked on, and by however many at once, the model is asked once and there is one row.
func TestTheSecondReadingIsMadeOnce(t *testing.T) {
	testkit.Both(t, func(t *testing.T, db *database.DB, clock *testkit.Clock) {
		m := &second{}
		m.says(reading.Action{Kind: reading.ShowCart})
		w := twice(t, db, clock, m)
		w.burst("two colas")
		w.turn()
		list, err := w.Inbox.Messages(t.Context(), w.Merchant.ID, w.Conversation, "", 10)
		w.must(err)
		due := lessons.SecondDue{Merchant: w.Merchant.ID, Conversation: w.Conversation, Message: list[0].ID}
		var all sync.WaitGroup
		var done atomic.Int64
		for range 8 {
			all.Go(func() {
				for {
					err := w.Bot.ReadAgain(t.Context(), due)
					if errors.As(err, new(jobs.ErrLater)) {
						continue
					}
					if err != nil {
						t.Error(err)
					}
					done.Add(1)
					return
				}
			})
		}
		all.Wait()
		w.must(w.Bot.ReadAgain(t.Context(), due))
		if len(m.asked()) != 1 || w.rows() != 1 || w.counts() != "add 0 1 0" || done.Load() != 8 {
			t.Error(m.asked(), w.rows(), w.counts(), done.Load())
		}
	})
}

// A model that fails costs nothing but its reading: the answer is the same, nothing waits for ever, and it is not asked again.
func TestTheSecondReadingFails(t *testing.T) {
	testkit.Both(t, func(t *testing.T, db *database.DB, clock *testkit.Clock) {
		m := &second{}
		w := twice(t, db, clock, m)
		w.work()
		m.fails(errors.New("no answer"))
		w.says(channels.Incoming{Text: "two colas"})
		w.counted("add 0 0 1")
		if q, _ := w.cart(); len(q.Lines) != 1 || len(w.botSaid()) != 1 || w.rows() != 0 {
			t.Error(q.Lines, w.rows())
		}
		m.fails(fmt.Errorf("refused: %w", bot.ErrNoAction))
		w.says(channels.Incoming{Text: "two colas"})
		w.counted("add 0 1 1")
		m.fails(errors.New("no answer"))
		w.says(channels.Incoming{Text: "zibble wobblefrotz"})
		w.counted("add 0 1 1, none 0 0 1")
		if len(m.asked()) != 3 {
			t.Error(m.asked())
		}
	})
}

// What may not go to a model before the answer does not go there after it.
func TestNobodyIsReadTwiceAgainstTheirWill(t *testing.T) {
	testkit.Both(t, func(t *testing.T, db *database.DB, clock *testkit.Clock) {
		m := &second{}
		m.says(reading.Action{Kind: reading.ShowCart})
		w := twice(t, db, clock, m)
		w.work()
		w.says(channels.Incoming{Text: "two colas"})
		w.counted("add 0 1 0")
		allowed := len(m.asked())
		w.says(channels.Incoming{Text: "checkout"})
		w.says(channels.Incoming{Tap: "way:delivery"})
		w.says(channels.Incoming{Text: "17 Finchwick Lane, Springfield"})
		w.says(channels.Incoming{Text: "two colas 4242 4242 4242 4242"})
		w.says(channels.Incoming{Tap: "menu"})
		testkit.Eventually(t, "nothing waits", func() bool { return w.rows() == 1+len(m.asked())-allowed })
		for _, text := range m.asked() {
			if strings.Contains(text, "Finchwick") || strings.Contains(text, "4242") {
				t.Errorf("the model was asked about %q", text)
			}
		}
		c, err := w.Inbox.Get(t.Context(), w.Merchant.ID, w.Conversation)
		w.must(err)
		w.tx(func(tx database.Tx) error {
			_, err := w.People.RecordConsent(tx, w.Merchant.ID, customers.Consent{CustomerID: c.CustomerID, Purpose: "llm", Source: "test"})
			return err
		})
		before, kept := len(m.asked()), w.rows()
		w.says(channels.Incoming{Text: "a water"})
		testkit.Eventually(t, "what may not be asked is left", func() bool { return w.rows() == kept && idle(t, db) })
		if len(m.asked()) != before {
			t.Error("asked although the customer forbade it", m.asked()[before:])
		}
	})
}

// idle tells whether no second reading is promised.
func idle(t *testing.T, db *database.DB) bool {
	t.Helper()
	var rows []struct {
		State string
		Args  []byte
	}
	if err := db.Read(t.Context()).Raw("select state, args from river_job where kind = 'promise'").Scan(&rows).Error; err != nil {
		t.Fatal(err)
	}
	for _, r := range rows {
		if r.State != "completed" && strings.Contains(string(r.Args), "bot.second") {
			return false
		}
	}
	return len(rows) > 0
}

// Without the switch nobody reads twice.
func TestTheSwitchOfTwoReadings(t *testing.T) {
	testkit.Both(t, func(t *testing.T, db *database.DB, clock *testkit.Clock) {
		m := &second{}
		m.says(reading.Action{Kind: reading.ShowCart})
		s := english()
		s.Settings.LLM, s.model = true, m
		w := newWorld(t, db, clock, s)
		w.says(channels.Incoming{Text: "two colas"})
		if w.rows() != 0 || len(m.asked()) != 0 {
			t.Error(w.rows(), m.asked())
		}
	})
}

// Both readings go with the conversation, at once, and after their time.
func TestTwoReadingsAreForgotten(t *testing.T) {
	testkit.Both(t, func(t *testing.T, db *database.DB, clock *testkit.Clock) {
		m := &second{}
		m.says(reading.Action{Kind: reading.ShowCart})
		w := twice(t, db, clock, m)
		w.work()
		w.says(channels.Incoming{Text: "two colas"})
		w.counted("add 0 1 0")
		id := w.disagreements()[0].ID
		w.tx(func(tx database.Tx) error {
			return w.Keys().Destroy(tx, w.Merchant.ID, privacy.ConversationSubject(w.Conversation))
		})
		if _, _, read, err := w.Lessons.OpenDisagreement(t.Context(), w.Merchant.ID, id, "staff-1"); !errors.Is(err, lessons.ErrGone) || read.Embedded != nil {
			t.Error("readable without the key", read, err)
		}
		w.tx(func(tx database.Tx) error { return w.Inbox.ForgetConversation(tx, w.Merchant.ID, w.Conversation) })
		testkit.Eventually(t, "the row goes with the conversation", func() bool { return w.rows() == 0 })

		w.Visitor = "visitor-2"
		w.says(channels.Incoming{Text: "two colas"})
		w.counted("add 0 2 0")
		clock.Advance(59 * 24 * time.Hour)
		w.must(w.Lessons.Sweep(t.Context()))
		if w.rows() != 1 {
			t.Error("forgotten too early")
		}
		clock.Advance(2 * 24 * time.Hour)
		w.must(w.Lessons.Sweep(t.Context()))
		if w.rows() != 0 || everything(t, db, "second_reading_counts") != "" {
			t.Error("kept too long", w.rows(), w.counts())
		}
	})
}
