package main

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"sotto.chat/channels/standin"
	"sotto.chat/payments/sandbox"
)

// doorCase is one call that a door refuses. testdata/doors.json has them all, so that a shopkeeper can read and add to them:
//
//	what     what is wrong with it
//	as       who calls: owner (unless said), reader, agent, stranger (another shop's owner), nobody, impostor, stranger's visitor
//	send     method and address; {cart}, {order} and the like stand for things that are there
//	body     JSON; or text, as often as times says; or hex
//	sign     stripe or whatsapp, and after a comma what is wrong with the signature: wrong, old, early
//	answer   the status; code, the stable code in the refusal
type doorCase struct {
	What, As, Send, Type, Text, Hex, Sign, Code string
	Times, Answer                               int
	Body                                        json.RawMessage
	Headers                                     map[string]string
}

// doors is a shop with one of each thing.
type doors struct {
	*served
	keys   map[string]string
	things map[string]string
	secret string // WhatsApp's
}

func openDoors(t *testing.T, engine string) *doors {
	d := &doors{served: startServe(t, engine), secret: "app-secret-of-whatsapp"}
	_, stranger := d.newMerchant(t, "Next Door")
	d.keys = map[string]string{"": d.key, "owner": d.key, "stranger": stranger, "impostor": "sk_" + strings.Repeat("0", 64), "nobody": ""}
	for _, role := range []string{"read_only", "agent"} {
		var made struct{ Key string }
		d.do(t, http.MethodPost, "/v1/keys", map[string]string{"name": role, "role": role}, &made)
		d.keys[role] = made.Key
	}
	d.keys["reader"] = d.keys["read_only"]
	next := shop{base: d.base, merchant: "next-door", key: stranger, client: d.client}
	guest := next.visitor("en")
	guest.says(t, "hello")
	d.keys["stranger's visitor"] = guest.token

	v := d.visitor("en")
	link := payLink(t, v.lastVase(t))
	o := d.orderOf(t, link)
	var cart struct{ ID, Hash string }
	d.do(t, http.MethodPost, "/v1/carts", map[string]any{}, &cart)
	d.do(t, http.MethodPost, "/v1/carts/"+cart.ID+"/lines", map[string]any{"sku": "TEA", "quantity": 2}, &cart)
	var ch struct{ ID string }
	d.do(t, http.MethodPost, "/v1/channels", map[string]any{"platform": "whatsapp", "name": "WhatsApp", "credentials": map[string]string{
		"app_secret": d.secret, "access_token": "token-of-whatsapp", "phone_number_id": "106540352242922", "waba_id": "102290129340398"}}, &ch)
	d.things = map[string]string{"{merchant}": d.merchant, "{cart}": cart.ID, "{hash}": cart.Hash, "{order}": o.ID, "{payment}": o.Payments[0].ID,
		"{customer}": o.Customer, "{conversation}": *o.Conversation, "{product}": every[struct{ ID string }](t, d.shop, "/v1/products")[0].ID, "{channel}": ch.ID}
	return d
}

func (d *doors) fill(text string) string {
	for name, id := range d.things {
		text = strings.ReplaceAll(text, name, id)
	}
	return text
}

// call makes the call of a case.
func (d *doors) call(t *testing.T, c doorCase) answer {
	t.Helper()
	method, path, _ := strings.Cut(c.Send, " ")
	var body []byte
	switch {
	case c.Hex != "":
		raw, err := hex.DecodeString(strings.ReplaceAll(c.Hex, " ", ""))
		if err != nil {
			t.Fatal(err)
		}
		body = raw
	case c.Body != nil:
		body = []byte(d.fill(string(c.Body)))
	default:
		body = bytes.Repeat([]byte(d.fill(c.Text)), max(c.Times, 1))
	}
	header := map[string]string{}
	for k, v := range c.Headers {
		header[k] = v
	}
	key, known := d.keys[c.As]
	if !known {
		t.Fatalf("nobody is called %q", c.As)
	}
	if key != "" {
		header["Authorization"] = "Bearer " + key
	}
	if c.Type != "" {
		header["Content-Type"] = c.Type
	}
	who, fault, _ := strings.Cut(c.Sign, ", ")
	secret, at := map[string]string{"stripe": testHookSecret, "whatsapp": d.secret}[who], time.Now()
	switch fault {
	case "wrong":
		secret = "whsec_another"
	case "old":
		at = at.Add(-time.Hour)
	case "early":
		at = at.Add(time.Hour)
	}
	switch who {
	case "stripe":
		header["Stripe-Signature"] = sandbox.Sign(body, secret, at)
	case "whatsapp":
		header["X-Hub-Signature-256"] = standin.Sign(secret, body)
	}
	var sent any
	if len(body) > 0 {
		sent = body
	}
	a, err := send(d.client, method, d.base+d.fill(path), sent, header)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// inventory is all that a shop has, as its owner sees it.
func (d *doors) inventory(t *testing.T) map[string]string {
	all := map[string]string{}
	for _, list := range []string{"products", "carts", "orders", "payments", "customers", "conversations", "channels", "keys", "settings"} {
		all[list] = string(d.ask(t, http.MethodGet, "/v1/"+list, nil).body)
	}
	return all
}

func TestDoorsRefuseBadInput(t *testing.T) {
	t.Parallel()
	raw, err := os.ReadFile("testdata/doors.json")
	if err != nil {
		t.Fatal(err)
	}
	var cases []doorCase
	strict := json.NewDecoder(bytes.NewReader(raw))
	strict.DisallowUnknownFields()
	if err := strict.Decode(&cases); err != nil {
		t.Fatal(err)
	}
	engines(t, func(t *testing.T, engine string) {
		d := openDoors(t, engine)
		before := d.inventory(t)
		for _, c := range cases {
			t.Run(c.What, func(t *testing.T) { d.refuses(t, c) })
		}
		for what, now := range d.inventory(t) {
			if now != before[what] {
				t.Errorf("refused calls changed the %s:\n%s\nwas\n%s", what, now, before[what])
			}
		}
		audit(t, d.env)
		if text := d.process.log.String(); strings.Contains(text, "panic") {
			t.Errorf("a handler panicked:\n%s", text)
		}
	})
}

func (d *doors) refuses(t *testing.T, c doorCase) {
	a := d.call(t, c)
	if a.status != c.Answer {
		t.Errorf("answered %d %.400s, not %d", a.status, a.body, c.Answer)
	}
	if a.status < 400 {
		return
	}
	var p struct {
		Type, Title, Code, Detail string
		Status                    int
		RequestID                 string `json:"request_id"`
	}
	a.read(t, &p)
	if a.problem() == "" || p.Type == "" || p.Title == "" || p.Detail == "" || p.Status != a.status || p.RequestID == "" || p.RequestID != a.header.Get("X-Request-Id") {
		t.Errorf("the refusal is no whole problem: %s %s", a.header.Get("Content-Type"), a.body)
	}
	if c.Code != "" && p.Code != c.Code {
		t.Errorf("the code is %q, not %q: %s", p.Code, c.Code, a.body)
	}
}
