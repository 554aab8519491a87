package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"sotto.chat/internal/id"
)

// errInFlight is what a repetition hears while the first call may still be at work.
var errInFlight = errors.New("the first call is in flight")

// purchase is one customer's way from a wish to a payment, which goes on where it was interrupted.
type purchase struct {
	name    string
	visitor *visitor // nil for a headless shop
	// keyed sends each message with an Idempotency-Key, so that it is there once however often it was sent. Without one a
	// message that was sent again may stand there twice, and the talk may go astray.
	keyed  bool
	key    string
	step   int
	sent   string // the message of this step, once the server has taken it
	again  bool   // something was sent more than once without a key
	astray bool

	link    string
	session string
	paid    bool
	trouble error
}

func newPurchase(c *crash, name string, keyed bool) *purchase {
	return &purchase{name: name, visitor: c.visitor("en"), keyed: keyed, key: id.New("key")}
}

// script is what a customer says until the bot gives a link.
var script = []string{"two green teas please", "tap:checkout", "yes"}

// until tries f at a gentle pace until it succeeds. A server that is away is no failure; what it refuses is.
func (p *purchase) until(patience time.Duration, f func() error) bool {
	return waited(patience, func() bool {
		p.trouble = f()
		return p.trouble == nil || errors.Is(p.trouble, errDead)
	}) && p.trouble == nil
}

// advance goes on to the end, or gives up when one step takes longer than patience.
func (p *purchase) advance(c *crash, patience time.Duration) bool {
	for p.step < len(script) {
		if p.sent == "" && !p.until(patience, func() error { return p.say() }) {
			return false
		}
		if !p.until(patience, p.hear) {
			return false
		}
		p.sent = ""
		p.step++
	}
	if p.link == "" {
		p.astray = p.again
		p.trouble = errors.New("there is no pay link in the talk")
		return false
	}
	if p.pay(c, patience) {
		return true
	}
	p.astray = p.again && errors.Is(p.trouble, errDead) // said twice, the cart was another one
	return false
}

func (p *purchase) say() (err error) {
	key := ""
	if p.keyed {
		key = fmt.Sprintf("%s-%d", p.key, p.step)
	}
	if p.sent, err = p.visitor.post(script[p.step], key); err != nil {
		p.again = !p.keyed
	}
	return err
}

var errSilence = errors.New("the bot has not answered yet")

// hear looks for the answer to what was said, and for a link in the whole talk.
func (p *purchase) hear() error {
	list, err := p.visitor.talk("")
	if err != nil {
		return err
	}
	said, answered := false, false
	for _, m := range list {
		said = said || m.ID == p.sent
		if m.From != "bot" {
			continue
		}
		answered = answered || said
		for _, l := range m.Links {
			p.link = l.URL
		}
	}
	if !answered {
		return errSilence
	}
	if p.link != "" {
		p.step = len(script) - 1
	}
	return nil
}

// pay follows the link and approves.
func (p *purchase) pay(c *crash, patience time.Duration) bool {
	hosted := ""
	if !p.until(patience, func() (err error) { hosted, err = checkout(c.client, p.link); return err }) {
		return false
	}
	p.session, p.trouble = press(c.client, hosted, "approve")
	p.paid = p.trouble == nil
	return p.paid
}

// byREST is a headless shop. Where nobody can know what became of a call it gives up, as its customer has not paid yet.
func (p *purchase) byREST(t *testing.T, c *crash) bool {
	p.visitor = nil
	var cart struct {
		ID, Hash string
		PayURL   string `json:"pay_url"`
	}
	for n, call := range []func() (path string, body any){
		func() (string, any) { return "/v1/carts", map[string]any{} },
		func() (string, any) {
			return "/v1/carts/" + cart.ID + "/lines", map[string]any{"sku": "CAKE", "quantity": 2}
		},
		func() (string, any) {
			return "/v1/carts/" + cart.ID + "/checkout", map[string]any{"hash": cart.Hash, "delivery": map[string]string{"method": "pickup"}}
		},
	} {
		path, body := call()
		var a answer
		header := map[string]string{"Authorization": "Bearer " + c.key, "Idempotency-Key": fmt.Sprintf("%s-%d", p.key, n)}
		if !p.until(30*time.Second, func() (err error) {
			a, err = send(c.client, http.MethodPost, c.base+path, body, header)
			if err == nil && a.problem() == "idempotency_in_flight" { // the first try may have died with the server
				err = errInFlight
			}
			return err
		}) {
			t.Errorf("%s: %v", p.name, p.trouble)
			return false
		}
		if err := json.Unmarshal(a.body, &cart); err != nil || a.status/100 != 2 {
			t.Errorf("%s: %s answered %d %s", p.name, path[:strings.LastIndex(path, "/")], a.status, a.body)
			return false
		}
	}
	p.link = cart.PayURL
	if !p.pay(c, 30*time.Second) {
		t.Errorf("%s: a fresh link cannot be paid: %v", p.name, p.trouble)
	}
	return p.paid
}
