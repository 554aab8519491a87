package channels_test

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"sotto.chat/channels"
	"sotto.chat/internal/database"
	"sotto.chat/internal/jobs"
	"sotto.chat/internal/money"
	"sotto.chat/internal/testkit"
	"sotto.chat/merchants"
	"sotto.chat/privacy"
)

// till is a platform that says of money what a body's lines say, and asks what begins with a question mark.
type till struct{}

func (till) Name() string                                              { return "till" }
func (till) Wants() []channels.Want                                    { return nil }
func (till) Account(map[string]string) string                          { return "" }
func (till) Challenge(channels.Credentials, url.Values) (string, bool) { return "", false }
func (till) Verify(channels.Credentials, []byte, http.Header) bool     { return true }
func (till) Split(map[string]string, channels.Content) []channels.Content {
	return nil
}
func (till) Send(context.Context, channels.Credentials, []channels.Party, channels.Content, string) (string, error) {
	return "", nil
}
func (till) Seen(context.Context, channels.Credentials, string) error { return nil }
func (till) Window() time.Duration                                    { return 0 }
func (till) Pace() channels.Pace                                      { return channels.Pace{} }

func (till) Parse(raw []byte) []channels.Incoming {
	var list []channels.Incoming
	for line := range strings.Lines(string(raw)) {
		line = strings.TrimSpace(line)
		list = append(list, channels.Incoming{Kind: channels.KindMoney, DedupKey: line,
			Money: &channels.MoneyWord{Reference: line, Status: channels.MoneyPaid, Coin: "coin-" + line, Amount: money.Of(100, "EUR")}})
	}
	return list
}

func (till) Ask(raw []byte) (channels.Question, bool) {
	ref, ok := strings.CutPrefix(string(raw), "?")
	return channels.Question{Reference: ref, Amount: money.Of(100, "EUR"), Answer: func(err error) []byte {
		switch {
		case err == nil:
			return []byte("yes")
		case errors.Is(err, channels.ErrUnsure):
			return []byte("later")
		}
		return []byte("no")
	}}, ok
}

func withTill(t *testing.T, cfg channels.Config, f func(c *channels.Channels, db *database.DB, channel string)) {
	testkit.Both(t, func(t *testing.T, db *database.DB, _ *testkit.Clock) {
		keys, err := privacy.New(db, make([]byte, privacy.MasterLength))
		ok(t, err)
		register, desk := merchants.New(db, keys), jobs.New(db, testkit.Log(t))
		c := channels.New(db, register, keys, desk, map[string]channels.Platform{"till": till{}}, cfg)
		ok(t, desk.Open(t.Context()))
		m, _, err := register.Create(t.Context(), merchants.NewMerchant{Name: "Test shop", Currency: "EUR", Country: "ES", Language: "es"})
		ok(t, err)
		var ch channels.Channel
		ok(t, db.InTx(t.Context(), func(tx database.Tx) (err error) {
			ch, _, err = c.Create(tx, m.ID, channels.NewChannel{Platform: "till"})
			return err
		}))
		f(c, db, ch.ID)
	})
}

func TestMoneyIsHeardOnceAndInsideTheTransaction(t *testing.T) {
	var heard []string
	ids := map[string]bool{}
	refuse := true
	cfg := channels.Config{Log: testkit.Log(t), Money: func(_ database.Tx, merchant, channel, platform string, w channels.MoneyWord, at time.Time) error {
		if w.Reference == "b" && refuse {
			return errors.New("the house is not ready")
		}
		if platform != "till" || merchant == "" || channel == "" || at.IsZero() || w.ID == "" {
			t.Errorf("heard %s of %s on %s at %v as %q", w.Reference, merchant, platform, at, w.ID)
		}
		heard, ids[w.ID] = append(heard, w.Reference), true
		return nil
	}}
	withTill(t, cfg, func(c *channels.Channels, db *database.DB, channel string) {
		heard, refuse = nil, true
		clear(ids)
		ok(t, c.Receive(t.Context(), channel, []byte("a\na"), nil))
		ok(t, c.Receive(t.Context(), channel, []byte("a"), nil))
		if len(heard) != 1 || heard[0] != "a" {
			t.Fatalf("heard %v, want a once", heard)
		}
		if err := c.Receive(t.Context(), channel, []byte("b"), nil); err == nil {
			t.Fatal("the webhook was taken though nobody heard the money")
		}
		refuse = false
		ok(t, c.Receive(t.Context(), channel, []byte("b"), nil)) // told again, since it was refused
		if len(heard) != 2 || len(ids) != 2 {
			t.Fatalf("heard %v by %d ids, want a and b", heard, len(ids))
		}
		var open int
		ok(t, db.Read(t.Context()).Raw("select count(*) from inbound_events where handled_at is null").Scan(&open).Error)
		if open != 0 {
			t.Errorf("%d events wait for a party that there is not", open)
		}
	})
}

func TestQuestionsAreAnsweredInTheResponse(t *testing.T) {
	cfg := channels.Config{Log: testkit.Log(t), Ready: func(ctx context.Context, reference string, amount money.Money) error {
		switch {
		case amount != money.Of(100, "EUR"):
			return errors.New("another sum")
		case reference == "slow":
			<-ctx.Done()
			<-time.After(time.Second) // it does not even listen
			return nil
		case reference == "dead":
			return errors.New("dead")
		}
		return nil
	}}
	withTill(t, cfg, func(c *channels.Channels, db *database.DB, channel string) {
		for ref, want := range map[string]string{"good": "yes", "dead": "no", "slow": "later"} {
			got, err := c.Respond(t.Context(), channel, []byte("?"+ref), nil)
			if err != nil || string(got) != want {
				t.Errorf("%s: answered %q, %v, want %q", ref, got, err, want)
			}
		}
		var kept int
		ok(t, db.Read(t.Context()).Raw("select count(*) from inbound_events").Scan(&kept).Error)
		if kept != 0 {
			t.Errorf("%d questions were kept", kept)
		}
	})
}
