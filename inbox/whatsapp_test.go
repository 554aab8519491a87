package inbox_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"sotto.chat/channels"
	"sotto.chat/channels/standin"
	"sotto.chat/inbox"
	"sotto.chat/internal/database"
	"sotto.chat/internal/testkit"
)

// overWhatsApp runs f in a shop whose WhatsApp is the stand-in.
func overWhatsApp(t *testing.T, answer func(*shop, context.Context, inbox.Spoke) error, f func(*shop, *standin.Server)) {
	cr := credentials()
	w := standin.New(standin.Config{AccessToken: cr["access_token"], AppSecret: cr["app_secret"], PhoneNumberID: cr["phone_number_id"], Log: testkit.Log(t)})
	api := httptest.NewServer(w.Handler())
	t.Cleanup(api.Close)
	both(t, api.URL, answer, func(s *shop) {
		hook := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
			raw, err := io.ReadAll(r.Body)
			if err == nil {
				err = s.channels.Receive(r.Context(), s.channel.ID, raw, r.Header)
			}
			if err != nil {
				t.Log("webhook:", err)
				rw.WriteHeader(http.StatusInternalServerError)
			}
		}))
		defer hook.Close()
		w.SetWebhook(hook.URL)
		s.work()
		f(s, w)
	})
}

// person is a customer with a number of their own, so that the two engines' runs do not meet in the stand-in.
func person(t *testing.T) standin.Customer {
	return standin.Customer{Phone: fmt.Sprintf("1555%07d", time.Now().UnixNano()%1e7), Name: "Ana"}
}

func (s *shop) only() inbox.Conversation {
	s.t.Helper()
	list, _, err := s.inbox.List(s.t.Context(), s.merchant, "", 10)
	s.ok(err)
	if len(list) != 1 {
		s.t.Fatalf("%d conversations", len(list))
	}
	return list[0]
}

func texts(sent []standin.Sent) []string {
	var list []string
	for _, m := range sent {
		var b struct {
			Text struct{ Body string }
		}
		_ = json.Unmarshal(m.Body, &b)
		list = append(list, b.Text.Body)
	}
	return list
}

func (s *shop) fates(c inbox.Conversation) map[string]channels.Fate {
	s.t.Helper()
	var ids []string
	for _, m := range s.messages(c.ID) {
		if m.Sender != inbox.Customer {
			ids = append(ids, m.ID)
		}
	}
	fates, err := s.channels.Fates(s.t.Context(), s.merchant, ids)
	s.ok(err)
	return fates
}

func TestABurstOverWhatsAppIsAnsweredOnceEachInOrder(t *testing.T) {
	overWhatsApp(t, echo, func(s *shop, w *standin.Server) {
		ana := person(t)
		var want []string
		for k := range 6 {
			_, err := w.Text(t.Context(), ana, fmt.Sprint(k))
			s.ok(err)
			want = append(want, fmt.Sprint("echo ", k))
		}
		testkit.Eventually(t, "six answers", func() bool { return len(w.Sent(ana.Phone)) >= len(want) })
		if got := texts(w.Sent(ana.Phone)); strings.Join(got, ",") != strings.Join(want, ",") {
			t.Errorf("%q", got)
		}
		c := s.only()
		testkit.Eventually(t, "all are delivered", func() bool {
			for _, f := range s.fates(c) {
				if f.Status != "delivered" {
					return false
				}
			}
			return true
		})
		testkit.Eventually(t, "the customer sees that it was read", func() bool { return len(w.Reads()) > 0 })
		who, details, err := s.people.Get(t.Context(), s.merchant, c.CustomerID)
		s.ok(err)
		if details.Name != "Ana" || who.ID == "" {
			t.Errorf("%+v", details)
		}
		s.sound()
	})
}

func TestAPersonWithoutANumberIsAnswered(t *testing.T) {
	overWhatsApp(t, echo, func(s *shop, w *standin.Server) {
		hidden := standin.Customer{UserID: "US." + strings.TrimPrefix(person(t).Phone, "1"), Name: "@ana"}
		_, err := w.Text(t.Context(), hidden, "hello")
		s.ok(err)
		testkit.Eventually(t, "an answer", func() bool { return len(w.Sent(hidden.UserID)) == 1 })
		both := standin.Customer{UserID: hidden.UserID, Phone: person(t).Phone}
		_, err = w.Text(t.Context(), both, "my number")
		s.ok(err)
		testkit.Eventually(t, "an answer to the number", func() bool { return len(w.Sent(both.Phone)) == 1 })
		c := s.only()
		s.ok(s.db.InTx(t.Context(), func(tx database.Tx) error {
			ids, err := s.people.Identities(tx, s.merchant, c.CustomerID)
			if err == nil && len(ids) != 2 {
				t.Errorf("%v", ids)
			}
			return err
		}))
		s.sound()
	})
}

func TestAChangedNumberKeepsTheTalk(t *testing.T) {
	overWhatsApp(t, echo, func(s *shop, w *standin.Server) {
		before := person(t)
		_, err := w.Text(t.Context(), before, "hello")
		s.ok(err)
		testkit.Eventually(t, "an answer", func() bool { return len(w.Sent(before.Phone)) == 1 })
		after := standin.Customer{Phone: "1666" + before.Phone[4:]}
		_, err = w.Message(t.Context(), before, map[string]any{"type": "system", "system": map[string]any{"type": "user_changed_number",
			"wa_id": after.Phone, "body": "changed"}}, "")
		s.ok(err)
		_, err = w.Text(t.Context(), after, "it is me")
		s.ok(err)
		testkit.Eventually(t, "an answer to the new number", func() bool { return len(w.Sent(after.Phone)) == 1 })
		c := s.only()
		s.ok(s.db.InTx(t.Context(), func(tx database.Tx) error {
			ids, err := s.people.Identities(tx, s.merchant, c.CustomerID)
			if err == nil && len(ids) != 2 {
				t.Errorf("%v", ids)
			}
			return err
		}))
		s.sound()
	})
}

func TestABasketHasNoPrices(t *testing.T) {
	overWhatsApp(t, nil, func(s *shop, w *standin.Server) {
		_, err := w.Order(t.Context(), person(t), []standin.Item{{SKU: "LAMP", Quantity: 2, Price: 0.01, Currency: "USD"}})
		s.ok(err)
		testkit.Eventually(t, "the basket", func() bool { return s.heard() == 1 })
		m := s.messages(s.only().ID)[0]
		if len(m.Order) != 1 || m.Order[0] != (channels.OrderItem{SKU: "LAMP", Quantity: 2}) {
			t.Errorf("%+v", m.Order)
		}
		plain, err := json.Marshal(m)
		s.ok(err)
		if strings.Contains(string(plain), "0.01") {
			t.Error("the customer's price was kept in the message")
		}
	})
}

// brokenOnce tells a customer something over a platform that fails first.
func brokenOnce(t *testing.T, f standin.Fault, check func(*shop, *standin.Server, standin.Customer, inbox.Conversation)) {
	overWhatsApp(t, nil, func(s *shop, w *standin.Server) {
		ana := person(t)
		_, err := w.Text(t.Context(), ana, "hello")
		s.ok(err)
		testkit.Eventually(t, "the message", func() bool { return s.heard() == 1 })
		c := s.only()
		w.Break(f)
		_, err = s.inbox.StaffSay(t.Context(), s.merchant, c.ID, "stf_1", "first")
		s.ok(err)
		_, err = s.inbox.StaffSay(t.Context(), s.merchant, c.ID, "stf_1", "second")
		s.ok(err)
		check(s, w, ana, c)
		s.sound()
	})
}

func TestAFailureThatPassesIsRetriedInOrder(t *testing.T) {
	for name, f := range map[string]standin.Fault{"500": {Status: 500, Code: 131000}, "429": {Status: 429, Code: 130429}, "503": {Status: 503}} {
		t.Run(name, func(t *testing.T) {
			brokenOnce(t, f, func(s *shop, w *standin.Server, ana standin.Customer, _ inbox.Conversation) {
				testkit.Eventually(s.t, "both messages", func() bool { return len(w.Sent(ana.Phone)) == 2 })
				if got := texts(w.Sent(ana.Phone)); got[0] != "first" || got[1] != "second" {
					s.t.Errorf("%q", got)
				}
			})
		})
	}
}

func TestAFailureForGoodStopsOneMessageAlone(t *testing.T) {
	brokenOnce(t, standin.Fault{Status: 400, Code: 131026}, func(s *shop, w *standin.Server, ana standin.Customer, c inbox.Conversation) {
		testkit.Eventually(s.t, "the second message", func() bool { return len(w.Sent(ana.Phone)) == 1 })
		m := s.messages(c.ID)
		if f := s.fates(c)[m[1].ID]; f.Status != channels.StateFailed || f.ErrorCode != "131026" {
			s.t.Errorf("%+v", f)
		}
	})
}

func TestAnExpiredTokenIsShownToTheMerchant(t *testing.T) {
	brokenOnce(t, standin.Fault{Status: 401, Code: 190, Times: 2}, func(s *shop, _ *standin.Server, _ standin.Customer, _ inbox.Conversation) {
		testkit.Eventually(s.t, "the problem", func() bool {
			ch, err := s.channels.Get(s.t.Context(), s.merchant, s.channel.ID)
			return err == nil && strings.Contains(ch.Problem, "token")
		})
	})
}

// A lost answer followed by a status means that the message went out: it is not sent again, and the next one need not wait.
func TestALostAnswerIsSettledByItsStatus(t *testing.T) {
	brokenOnce(t, standin.Fault{Lost: true}, func(s *shop, w *standin.Server, ana standin.Customer, c inbox.Conversation) {
		m := s.messages(c.ID)
		testkit.Eventually(s.t, "the statuses of both", func() bool {
			fates := s.fates(c)
			return fates[m[1].ID].Status == "delivered" && fates[m[2].ID].Status == "delivered"
		})
		if got := texts(w.Sent(ana.Phone)); strings.Join(got, ",") != "first,second" {
			s.t.Errorf("%q", got)
		}
	})
}

// Without a status nobody knows, and the message is sent again after a while.
func TestALostAnswerWithoutStatusIsSentAgain(t *testing.T) {
	brokenOnce(t, standin.Fault{Lost: true, Mute: true}, func(s *shop, w *standin.Server, ana standin.Customer, c inbox.Conversation) {
		testkit.Eventually(s.t, "the first try", func() bool { return len(w.Sent(ana.Phone)) == 1 })
		m := s.messages(c.ID)
		testkit.Eventually(s.t, "the try is written down as unknown", func() bool { return s.fates(c)[m[1].ID].ErrorCode != "" })
		n := channels.Send{Merchant: s.merchant, Channel: s.channel.ID, Party: c.Party}
		if err := s.channels.Work(s.t.Context(), n); err == nil || len(w.Sent(ana.Phone)) != 1 {
			s.t.Fatal("it was sent again at once", err)
		}
		s.clock.Advance(2 * time.Minute)
		testkit.Eventually(s.t, "both", func() bool {
			_ = s.channels.Work(s.t.Context(), n) // a worker may be at it meanwhile
			return len(w.Sent(ana.Phone)) == 3
		})
		if got := texts(w.Sent(ana.Phone)); strings.Join(got, ",") != "first,first,second" {
			s.t.Errorf("%q", got)
		}
	})
}

func TestNothingIsSentOutsideTheWindow(t *testing.T) {
	overWhatsApp(t, nil, func(s *shop, w *standin.Server) {
		ana := person(t)
		_, err := w.Text(t.Context(), ana, "hello")
		s.ok(err)
		testkit.Eventually(t, "the message", func() bool { return s.heard() == 1 })
		c := s.only()
		s.clock.Advance(24 * time.Hour)
		open, _, err := s.channels.Window(t.Context(), s.merchant, s.channel.ID, c.Party)
		s.ok(err)
		_, err = s.inbox.StaffSay(t.Context(), s.merchant, c.ID, "stf_1", "too late")
		s.ok(err)
		n := channels.Send{Merchant: s.merchant, Channel: s.channel.ID, Party: c.Party}
		testkit.Eventually(t, "the delivery's end", func() bool {
			s.ok(s.channels.Work(t.Context(), n))
			m := s.messages(c.ID)
			return s.fates(c)[m[1].ID] == channels.Fate{Status: channels.StateFailed, ErrorCode: channels.CodeWindowClosed}
		})
		if open || len(w.Sent(ana.Phone)) != 0 {
			t.Error("sent outside the window", open)
		}
		s.sound()
	})
}

func TestTwoWorkersSendOnce(t *testing.T) {
	overWhatsApp(t, nil, func(s *shop, w *standin.Server) {
		ana := person(t)
		_, err := w.Text(t.Context(), ana, "hello")
		s.ok(err)
		testkit.Eventually(t, "the message", func() bool { return s.heard() == 1 })
		c := s.only()
		var want []string
		for k := range 10 {
			_, err := s.inbox.StaffSay(t.Context(), s.merchant, c.ID, "stf_1", fmt.Sprint(k))
			s.ok(err)
			want = append(want, fmt.Sprint(k))
			go func() {
				_ = s.channels.Work(context.WithoutCancel(t.Context()), channels.Send{Merchant: s.merchant, Channel: s.channel.ID, Party: c.Party})
			}()
		}
		testkit.Eventually(t, "all messages", func() bool { return len(w.Sent(ana.Phone)) >= len(want) })
		testkit.Eventually(t, "nothing pending", func() bool { n, err := s.desk.Pending(t.Context()); return err == nil && n == 0 })
		if got := texts(w.Sent(ana.Phone)); strings.Join(got, ",") != strings.Join(want, ",") {
			t.Errorf("%q", got)
		}
		s.sound()
	})
}
