package channels_test

import (
	"context"
	"testing"

	"sotto.chat/channels"
	"sotto.chat/channels/standin"
	"sotto.chat/channels/whatsapp"
	"sotto.chat/internal/database"
	"sotto.chat/internal/jobs"
	"sotto.chat/internal/outbound"
	"sotto.chat/internal/testkit"
	"sotto.chat/merchants"
	"sotto.chat/privacy"
)

const secret = "the app secret of these tests"

type house struct {
	t        testing.TB
	db       *database.DB
	channels *channels.Channels
	merchant string
	channel  channels.Channel
	token    string
}

func credentials(number string) channels.Credentials {
	return channels.Credentials{"app_secret": secret, "access_token": "token", "phone_number_id": number, "waba_id": "1"}
}

// both runs f on each engine with one WhatsApp channel for the number; nothing works in the background.
func both(t *testing.T, number string, f func(*house)) {
	testkit.Both(t, func(t *testing.T, db *database.DB, _ *testkit.Clock) { f(open(t, db, number)) })
}

func open(t testing.TB, db *database.DB, number string) *house {
	keys, err := privacy.New(db, make([]byte, privacy.MasterLength))
	ok(t, err)
	register := merchants.New(db, keys)
	desk := jobs.New(db, testkit.Log(t))
	wa := whatsapp.New("http://127.0.0.1:1", outbound.New(outbound.Config{}))
	c := channels.New(db, register, keys, desk, map[string]channels.Platform{"whatsapp": wa}, channels.Config{Log: testkit.Log(t)})
	jobs.On(desk, "test.inbox", func(context.Context, channels.Arrived) error { return nil })
	jobs.On(desk, "test.inbox.many", func(context.Context, channels.Arrivals) error { return nil })
	ok(t, desk.Open(t.Context()))
	m, _, err := register.Create(t.Context(), merchants.NewMerchant{Name: "Test shop", Currency: "USD", Country: "US", Language: "en"})
	ok(t, err)
	h := &house{t: t, db: db, channels: c, merchant: m.ID}
	h.channel, h.token = h.create(number)
	return h
}

func (h *house) create(number string) (ch channels.Channel, token string) {
	h.t.Helper()
	ok(h.t, h.db.InTx(h.t.Context(), func(tx database.Tx) (err error) {
		ch, token, err = h.channels.Create(tx, h.merchant, channels.NewChannel{Platform: "whatsapp", Name: "n", Credentials: credentials(number)})
		return err
	}))
	return ch, token
}

func ok(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// post is Meta sending a body with a good signature.
func (h *house) post(raw []byte) error {
	return h.channels.Receive(h.t.Context(), h.channel.ID, raw, map[string][]string{"X-Hub-Signature-256": {standin.Sign(secret, raw)}})
}

// count asks the database how many rows there are.
func (h *house) count(query string, args ...any) int {
	h.t.Helper()
	var n int
	ok(h.t, h.db.Read(h.t.Context()).Raw(query, args...).Scan(&n).Error)
	return n
}

func (h *house) events() int { return h.count("select count(*) from inbound_events") }
