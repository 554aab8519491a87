package sandbox_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stripe/stripe-go/v76"

	"sotto.chat/payments/sandbox"
)

func TestFaultsOfAnswers(t *testing.T) {
	for _, c := range []struct {
		name   string
		faults sandbox.Faults
		first  int  // the first attempt's status; 0 when no answer comes
		second int  // the second's, under the same key
		made   bool // whether the first attempt did the work
	}{
		{"fair weather", sandbox.Faults{}, 200, 200, true},
		{"fails, and is forgotten", sandbox.Faults{Fail: 1}, 500, 200, false},
		{"fails, and the key remembers", sandbox.Faults{FailSaved: 1}, 500, 500, false},
		{"too many requests", sandbox.Faults{Fail: 1, FailStatus: 429}, 429, 200, false},
		{"the answer is lost", sandbox.Faults{Lose: 1}, 0, 200, true},
		{"slow", sandbox.Faults{LatencyMS: 20}, 200, 200, true},
		{"elsewhere", sandbox.Faults{Fail: -1, API: "POST /v1/refunds"}, 200, 200, true},
		{"always", sandbox.Faults{Fail: -1, API: "/v1/checkout"}, 500, 500, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			sh := open(t, newReceiver(t), nil)
			sh.SetFaults(c.faults)
			attempt := func() (string, int) {
				p := params(700, "eur")
				p.SetIdempotencyKey("order:1:session")
				sess, err := sh.api.CheckoutSessions.New(p)
				var refusal *stripe.Error
				switch {
				case err == nil:
					return sess.ID, http.StatusOK
				case errors.As(err, &refusal):
					return "", refusal.HTTPStatusCode
				default:
					return "", 0
				}
			}
			sessions := func() (n int) {
				before := sh.Faults()
				sh.SetFaults(sandbox.Faults{})
				for list := sh.api.CheckoutSessions.List(&stripe.CheckoutSessionListParams{}); list.Next(); {
					n++
				}
				sh.SetFaults(before)
				return n
			}
			began := time.Now()
			if _, got := attempt(); got != c.first {
				t.Errorf("first attempt: %d, want %d", got, c.first)
			}
			if took := time.Since(began); took < time.Duration(c.faults.LatencyMS)*time.Millisecond {
				t.Errorf("answered after %v", took)
			}
			if made := sessions() == 1; made != c.made {
				t.Errorf("the first attempt made a session: %v", made)
			}
			if _, got := attempt(); got != c.second {
				t.Errorf("second attempt: %d, want %d", got, c.second)
			}
			if n := sessions(); (c.second == 200) != (n == 1) {
				t.Errorf("%d sessions in the end", n)
			}
		})
	}
}

func TestFaultsOfWebhooks(t *testing.T) {
	const done = "checkout.session.completed"
	for _, c := range []struct {
		name   string
		faults sandbox.Faults
		want   int // deliveries of checkout.session.completed after Drain
		owed   int // and still to come
	}{
		{"fair weather", sandbox.Faults{}, 1, 0},
		{"dropped", sandbox.Faults{Drop: -1}, 0, 0},
		{"dropped once, another type", sandbox.Faults{Drop: 1, Events: []string{"charge.succeeded"}}, 1, 0},
		{"duplicated", sandbox.Faults{Duplicate: -1}, 2, 0},
		{"shuffled", sandbox.Faults{Shuffle: -1}, 1, 0},
		{"late", sandbox.Faults{Late: 1, Events: []string{done}}, 0, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			sh := open(t, newReceiver(t), nil)
			sess := sh.session(700)
			sh.SetFaults(c.faults)
			if err := sh.Approve(sess.ID); err != nil {
				t.Fatal(err)
			}
			sh.drain()
			if got := sh.hooks.count(done); got != c.want {
				t.Errorf("%d deliveries: %s", got, sh.hooks.types())
			}
			if owed := sh.Undelivered(); len(owed) != c.owed {
				t.Errorf("owed: %+v", owed)
			}
			if list := sh.api.Events.List(&stripe.EventListParams{Type: stripe.String(done)}); !list.Next() {
				t.Error("the event is not listed")
			}
			if c.owed == 0 {
				return
			}
			sh.Flush()
			sh.drain()
			if got := sh.hooks.count(done); got != 1 {
				t.Errorf("%d deliveries after the flush", got)
			}
		})
	}
}

func TestShuffledEventsOvertakeEachOther(t *testing.T) {
	sh := open(t, newReceiver(t), nil)
	sh.SetFaults(sandbox.Faults{Shuffle: -1})
	straight := 0
	const tries = 12
	var ids []string
	for range tries {
		ids = append(ids, sh.paid(700).ID)
	}
	sh.drain()
	for _, id := range ids {
		var kinds []string
		for _, e := range sh.hooks.all() {
			if strings.Contains(string(e.Data.Raw), id) || sh.get(id).PaymentIntent.ID == e.Data.Object["payment_intent"] || sh.get(id).PaymentIntent.ID == e.Data.Object["id"] {
				kinds = append(kinds, string(e.Type))
			}
		}
		if len(kinds) != 4 {
			t.Errorf("events %v", kinds)
		}
		if strings.Join(kinds, " ") == "payment_intent.created charge.succeeded payment_intent.succeeded checkout.session.completed" {
			straight++
		}
	}
	if straight == tries { // 24 orders of four events: by chance, once in 24 to the twelfth
		t.Error("every payment's events came in order")
	}
}

func TestRefusedWebhooksComeAgain(t *testing.T) {
	hooks := newReceiver(t)
	sh := open(t, hooks, nil)
	hooks.setRefuse(7)
	sess := sh.paid(700)
	sh.drain()
	if hooks.count("checkout.session.completed") != 1 || len(hooks.all()) != 4 || len(hooks.bad) > 0 {
		t.Errorf("session %s, events %s, bad %v", sess.ID, hooks.types(), hooks.bad)
	}
}

func TestEndpointsChooseTheirEvents(t *testing.T) {
	all, few := newReceiver(t), newReceiver(t)
	sh := open(t, all, func(c *sandbox.Config) {
		c.Webhooks = append(c.Webhooks, sandbox.Endpoint{URL: few.URL, Secret: hookKey, Events: []string{"checkout.session.completed"}})
	})
	sh.paid(700)
	sh.drain()
	if len(all.all()) != 4 || few.types() != "checkout.session.completed" {
		t.Errorf("all: %s; few: %s", all.types(), few.types())
	}
}

func TestControlsOverHTTP(t *testing.T) {
	sh := open(t, newReceiver(t), nil)
	sess := sh.session(1000)
	call := func(method, path, body string, want int) map[string]any {
		t.Helper()
		req, _ := http.NewRequest(method, sh.server.URL+"/_control/"+path, strings.NewReader(body))
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		var out map[string]any
		if err := json.NewDecoder(res.Body).Decode(&out); err != nil || res.StatusCode != want {
			t.Fatalf("%s %s: %d %v %v", method, path, res.StatusCode, out, err)
		}
		return out
	}
	call("POST", "faults", `{"duplicate":-1,"events":["charge.refunded"]}`, 200)
	call("POST", "faults", `{"explode":1}`, 400)
	if got := call("GET", "faults", "", 200); got["duplicate"] != -1.0 {
		t.Errorf("faults %v", got)
	}
	at := "sessions/" + sess.ID + "/"
	call("POST", at+"decline", `{"code":"insufficient_funds"}`, 200)
	call("POST", at+"delay", "", 200)
	call("POST", at+"approve", "", 400)
	call("POST", at+"settle", `{"arrived":true}`, 200)
	refund := call("POST", at+"refund", `{"amount":400}`, 200)["id"].(string)
	call("POST", at+"refund", `{"amount":601}`, 400)
	call("POST", "refunds/"+refund+"/fail", "", 200)
	dispute := call("POST", at+"dispute", `{"reason":"duplicate"}`, 200)["id"].(string)
	call("POST", "disputes/"+dispute+"/decide", `{"won":false}`, 200)
	event := call("POST", at+"send", `{"type":"payment_intent.succeeded","livemode":true}`, 200)["id"].(string)
	call("POST", "events/"+event+"/resend", "", 200)
	call("POST", "sessions/cs_test_none/approve", "", 404)
	call("POST", "webhooks/flush", "", 200)
	call("DELETE", "faults", "", 200)
	sh.drain()
	if got := call("GET", "webhooks", "", 200)["data"].([]any); len(got) != 0 {
		t.Errorf("owed %v", got)
	}
	if sh.hooks.count("charge.refunded") != 2 || sh.hooks.count("checkout.session.async_payment_succeeded") != 1 {
		t.Errorf("events %s", sh.hooks.types())
	}
}

func TestDrainEndsWithItsContext(t *testing.T) {
	hooks := newReceiver(t)
	hooks.setRefuse(-1)
	sh := open(t, hooks, nil)
	sh.paid(700)
	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	if err := sh.Drain(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("drained: %v", err)
	}
	if owed := sh.Undelivered(); len(owed) != 4 || owed[0].Type != "payment_intent.created" {
		t.Errorf("owed %+v", owed)
	}
}
