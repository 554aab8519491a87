package main

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"sotto.chat/internal/testkit"
	"sotto.chat/web/talk"
)

// rest is how long the promises of a server that was killed may take to be kept.
const rest = 100 * time.Second

// check waits until the shop has come to rest and compares what customers did with what the shop knows.
func (c *crash) check(t *testing.T) {
	paid := map[string]*purchase{} // by link
	sessions := map[string]bool{}
	for _, p := range c.done {
		if !p.paid || paid[p.link] != nil || sessions[p.session] {
			t.Errorf("%s: link %s or session %s was paid twice", p.name, p.link, p.session)
		}
		paid[p.link], sessions[p.session] = p, true
	}
	began := time.Now()
	c.comesToRest(t)
	calm := time.Since(began)
	c.ordersFit(t, paid)
	messages := c.everyWordHasItsAnswer(t)
	audit(t, c.env)
	t.Logf("%d paid purchases, %d finished late, %d given up, %d messages of customers; at rest after %s",
		len(paid), len(c.parked), c.dropped, messages, calm.Round(time.Second))
	if len(paid) < crashCustomers {
		t.Errorf("only %d purchases: that is no test", len(paid))
	}
}

// appointment is how far away a promise for later is at least: those to expire an order and to close its session.
const appointment = 10 * time.Minute

// comesToRest demands that every promise is kept: none waits but appointments, none was given up.
func (c *crash) comesToRest(t *testing.T) {
	db := testkit.Open(t, c.databaseURL, &testkit.Clock{})
	look := time.NewTicker(time.Second)
	defer look.Stop()
	for end := time.Now().Add(rest); ; <-look.C {
		var rows []struct {
			State, Args string
			ScheduledAt time.Time
		}
		if err := db.Read(t.Context()).Raw(`select cast(state as text) as state, cast(args as text) as args, scheduled_at from river_job
			where kind = 'promise' and state <> 'completed'`).Scan(&rows).Error; err != nil {
			t.Fatal(err)
		}
		late, waiting := time.Now().After(end), 0
		for _, r := range rows {
			if r.State == "scheduled" && time.Until(r.ScheduledAt) > appointment {
				continue
			}
			waiting++
			if late {
				t.Errorf("a promise that is not kept: %s %s", r.State, r.Args)
			}
		}
		if waiting == 0 || late {
			return
		}
	}
}

// ordersFit demands one paid order for everybody who paid, one message that says so, and no other money.
func (c *crash) ordersFit(t *testing.T, paid map[string]*purchase) {
	byID := map[string]bought{}
	n := 0
	for _, o := range every[bought](t, c.shop, "/v1/orders") {
		byID[o.ID] = o
		if o.Status == "paid" {
			n++
		}
	}
	if n != len(paid) {
		t.Errorf("%d orders are paid, %d customers have paid", n, len(paid))
	}
	for _, p := range paid {
		o := byID[c.orderOfSession(t, p.session)]
		if o.Status != "paid" || len(o.Payments) != 1 || o.Payments[0].Status != "paid" || o.Payments[0].Amount != o.Total {
			t.Errorf("%s paid session %s, and its order is %+v", p.name, p.session, o)
			continue
		}
		if p.visitor == nil {
			continue
		}
		if p.keyed {
			c.saidOnce(t, p)
		}
		said := p.visitor.bot(t, "is paid")
		if len(said) != 1 || !strings.Contains(said[0].Text, o.Number) {
			t.Errorf("%s was told %d times that order %s is paid", p.name, len(said), o.Number)
		}
	}
	for _, status := range []string{"needs_review", "failed", "authorized", "refunded"} {
		if list := every[struct{ ID, Reason string }](t, c.shop, "/v1/payments?status="+status); len(list) > 0 {
			t.Errorf("%d payments are %s: %+v", len(list), status, list[0])
		}
	}
}

// saidOnce demands that messages that were sent with a key stand there once, however often they were sent.
func (c *crash) saidOnce(t *testing.T, p *purchase) {
	list, err := p.visitor.talk("")
	if err != nil {
		t.Fatal(err)
	}
	var said []string
	for _, m := range list {
		if m.From == "customer" {
			said = append(said, m.Text)
		}
	}
	if len(said) > len(script) || len(said) > 1 && said[0] == said[1] {
		t.Errorf("%s said each thing once, and %q stands there", p.name, said)
	}
}

// orderOfSession asks the provider, not the shop, which order a session was for.
func (c *crash) orderOfSession(t *testing.T, session string) string {
	a, err := send(c.client, http.MethodGet, c.bankURL+"/v1/checkout/sessions/"+session, nil, map[string]string{"Authorization": "Bearer " + testStripeKey})
	if err != nil {
		t.Fatal(err)
	}
	var is struct {
		Order string `json:"client_reference_id"`
	}
	a.read(t, &is)
	return is.Order
}

// everyWordHasItsAnswer reads all talks as staff do: each message of a customer is followed by an answer, and no answer
// comes twice. What the bot tells of a payment answers nothing.
func (c *crash) everyWordHasItsAnswer(t *testing.T) (messages int) {
	for _, conv := range every[struct{ ID string }](t, c.shop, "/v1/conversations") {
		open, n := 0, 0
		var page struct{ Data []talk.Message }
		c.do(t, http.MethodGet, "/v1/conversations/"+conv.ID+"/messages?limit=200", nil, &page)
		for _, m := range page.Data {
			switch {
			case m.From == "customer":
				open++
				n++
			case strings.Contains(m.Text, "is paid"):
			case open == 0:
				t.Errorf("conversation %s has an answer to nothing: %s", conv.ID, m.Text)
			case strings.Contains(m.Text, "went wrong"):
				t.Errorf("conversation %s has an apology: %s", conv.ID, m.Text)
			default:
				open = 0
			}
		}
		if open > 0 {
			t.Errorf("conversation %s has %d messages without an answer", conv.ID, open)
		}
		if len(page.Data) == 200 {
			t.Errorf("conversation %s is too long for this look", conv.ID)
		}
		messages += n
	}
	return messages
}
