package inbox_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"sotto.chat/channels"
	"sotto.chat/channels/whatsapp"
	"sotto.chat/customers"
	"sotto.chat/inbox"
	"sotto.chat/internal/database"
	"sotto.chat/internal/jobs"
	"sotto.chat/internal/live"
	"sotto.chat/internal/outbound"
	"sotto.chat/internal/testkit"
	"sotto.chat/merchants"
	"sotto.chat/privacy"
)

// shop is a merchant with everything that the inbox stands on.
type shop struct {
	t        *testing.T
	db       *database.DB
	clock    *testkit.Clock
	keys     *privacy.Keys
	people   *customers.People
	channels *channels.Channels
	inbox    *inbox.Inbox
	desk     *jobs.Desk
	hub      *live.Hub
	merchant string
	channel  channels.Channel
	token    string

	mu    sync.Mutex
	spoke []inbox.Spoke
	cards []inbox.CardTyped
}

const secret = "the app secret of these tests"

func credentials() channels.Credentials {
	return channels.Credentials{"app_secret": secret, "access_token": "token", "phone_number_id": "106540352242922", "waba_id": "102290129340398"}
}

// both runs f in a fresh shop on each engine; whatsappURL is where WhatsApp's API is, answer what the bot does.
func both(t *testing.T, whatsappURL string, answer func(*shop, context.Context, inbox.Spoke) error, f func(*shop)) {
	testkit.Both(t, func(t *testing.T, db *database.DB, clock *testkit.Clock) {
		s := &shop{t: t, db: db, clock: clock}
		keys, err := privacy.New(db, make([]byte, privacy.MasterLength))
		s.ok(err)
		s.keys = keys
		register := merchants.New(db, keys)
		s.people = customers.New(db, keys)
		s.desk = jobs.New(db, testkit.Log(t))
		s.hub = live.New(db, testkit.Log(t))
		wa := whatsapp.New(whatsappURL, outbound.New(outbound.Config{Timeout: 20 * time.Second}))
		s.channels = channels.New(db, register, keys, s.desk, map[string]channels.Platform{"whatsapp": wa}, channels.Config{Log: testkit.Log(t)})
		s.inbox = inbox.New(db, s.channels, s.people, register, keys, s.desk, s.hub)
		jobs.On(s.desk, "test.bot", func(ctx context.Context, n inbox.Spoke) error {
			s.mu.Lock()
			s.spoke = append(s.spoke, n)
			s.mu.Unlock()
			if answer == nil {
				return nil
			}
			return answer(s, ctx, n)
		})
		jobs.On(s.desk, "test.card", func(_ context.Context, n inbox.CardTyped) error {
			s.mu.Lock()
			s.cards = append(s.cards, n)
			s.mu.Unlock()
			return nil
		})
		s.ok(s.desk.Open(t.Context()))
		m, _, err := register.Create(t.Context(), merchants.NewMerchant{Name: "Test shop", Currency: "USD", Country: "US", Language: "en"})
		s.ok(err)
		s.merchant = m.ID
		s.ok(db.InTx(t.Context(), func(tx database.Tx) (err error) {
			s.channel, s.token, err = s.channels.Create(tx, m.ID, channels.NewChannel{Platform: "whatsapp", Name: "WhatsApp", Credentials: credentials()})
			return err
		}))
		f(s)
	})
}

func (s *shop) ok(err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
}

// work starts the workers until the test ends.
func (s *shop) work() {
	s.ok(s.desk.Start(s.t.Context()))
	s.t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
		defer cancel()
		if err := s.desk.Stop(ctx); err != nil {
			s.t.Error(err)
		}
	})
}

func (s *shop) heard() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.spoke)
}

// echo is a bot that answers each message with its text.
func echo(s *shop, ctx context.Context, n inbox.Spoke) error {
	return s.db.InTx(ctx, func(tx database.Tx) error {
		c, err := s.inbox.Lock(tx, n.Merchant, n.Conversation)
		if err != nil {
			return err
		}
		list, err := s.inbox.Unanswered(tx, n.Merchant, n.Conversation)
		if err != nil || len(list) == 0 {
			return err
		}
		for _, m := range list {
			if _, err := s.inbox.Say(tx, &c, inbox.Bot, "", channels.Content{Text: "echo " + m.Content.Text}); err != nil {
				return err
			}
		}
		return s.inbox.Answered(tx, n.Merchant, n.Conversation, list[len(list)-1].Seq)
	})
}

func (s *shop) messages(conversation string) []inbox.Message {
	s.t.Helper()
	list, err := s.inbox.Messages(s.t.Context(), s.merchant, conversation, "", 200)
	s.ok(err)
	return list
}

func (s *shop) texts(conversation string) []string {
	s.t.Helper()
	var list []string
	for _, m := range s.messages(conversation) {
		list = append(list, m.Sender+": "+m.Content.Text)
	}
	return list
}

// sound fails the test when the audits find anything.
func (s *shop) sound() {
	s.t.Helper()
	a, err := s.inbox.Audit(s.t.Context(), s.merchant)
	s.ok(err)
	b, err := s.channels.Audit(s.t.Context(), s.merchant)
	s.ok(err)
	if len(a)+len(b) > 0 {
		s.t.Errorf("the audit found %v %v", a, b)
	}
}
