package main

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"encoding/hex"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"sotto.chat/internal/database"
)

// canaries are words and numbers that exist nowhere else. They are said to the shop and must stand nowhere but under a seal.
var canaries = map[string]string{
	"what a visitor says":       "Zwitschermann77",
	"a name at the checkout":    "Canara Finchley",
	"a phone at the checkout":   "34911555777",
	"an address":                "17 Finchwick Lane",
	"an e-mail address":         "canara.f@wrensworth.example",
	"a note on a line":          "notewren55",
	"a name that staff wrote":   "Patricio Canarios",
	"a phone that staff wrote":  "34922444888",
	"what staff say":            "Staffstarling44",
	"why staff cancel":          "cancelcrake71",
	"why staff give back":       "refundrook63",
	"a name in WhatsApp":        "Whispero Canarro",
	"a number in WhatsApp":      "34600987654",
	"what is said in WhatsApp":  "Twitterbird88",
	"an address in the chat":    "Amselgasse 99",
	"a rehearsal's words":       "rehearsalrobin21",
	"a query in a path":         "queryquail66",
	"a body that is refused":    "refusedraven22",
	"an unknown field's value":  "fieldfinch33",
	"a made-up visitor's token": "tokentern11tokentern11",
}

// A canary stands nowhere: not in the database, the log, the metrics or the traces, on neither engine, in no usual form.
func TestCanariesStandNowhere(t *testing.T) {
	t.Parallel()
	engines(t, func(t *testing.T, engine string) {
		traces := collect(t)
		demo := startDemoOn(t, engine, "SOTTO_LOG_LEVEL=debug", "OTEL_EXPORTER_OTLP_ENDPOINT="+traces.url)
		s := demo.shop()
		order := releaseCanaries(t, demo, s)
		metrics, err := send(s.client, http.MethodGet, s.base+"/metrics", nil, nil)
		if err != nil {
			t.Fatal(err)
		}
		places := map[string]string{"the metrics": string(metrics.body)}
		for name, content := range databaseOf(t, demo) {
			places[name+" of the working shop"] = content
		}
		if err := demo.process.stop(t); err != nil {
			t.Errorf("the demo ended badly: %v", err)
		}
		for name, content := range databaseOf(t, demo) {
			places[name] = content
		}
		rest, _ := io.ReadAll(demo.process.lines) // whatever else it printed
		places["the output"], places["the log"], places["the traces"] = string(rest), demo.process.log.String(), traces.String()

		// That the search can find things: what has a right to stand there is found by it.
		stored := ""
		for name, content := range places {
			if strings.HasPrefix(name, "the database") {
				stored += content
			}
		}
		for what, found := range map[string]bool{
			"the product in the database": strings.Contains(stored, "CROISSANT"), "the order in the database": strings.Contains(stored, order),
			"promises in the database": strings.Contains(stored, "bot.turn"), "requests in the log": strings.Contains(places["the log"], "/v1/orders/:id") || strings.Contains(places["the log"], "/chat/:merchant/messages"),
			"requests in the traces":  strings.Contains(places["the traces"], "/chat/:merchant/messages"),
			"requests in the metrics": strings.Contains(places["the metrics"], "/chat/:merchant/messages"),
		} {
			if !found {
				t.Errorf("the search does not find %s: it proves nothing", what)
			}
		}
		for place, content := range places {
			content = strings.ToLower(content)
			for what, canary := range canaries {
				for form, text := range disguises(canary) {
					if strings.Contains(content, strings.ToLower(text)) {
						t.Errorf("%s (%s) stands %s in %s", what, canary, form, place)
					}
				}
			}
		}
	})
}

// disguises gives the usual forms of a text. Base64 looks different at each of three offsets; the outer characters
// depend on what stands beside and are left off.
func disguises(text string) map[string]string {
	forms := map[string]string{"as it is": text, "in hex": hex.EncodeToString([]byte(text)), "in a query": url.QueryEscape(text), "in a path": url.PathEscape(text)}
	for i, name := range []string{"in base64", "in base64, moved by one", "in base64, moved by two"} {
		coded := base64.RawStdEncoding.EncodeToString(append(bytes.Repeat([]byte("x"), i), text...))
		start := []int{0, 2, 3}[i]
		forms[name] = coded[start : len(coded)-2]
		forms[name+", for addresses"] = strings.NewReplacer("+", "-", "/", "_").Replace(coded[start : len(coded)-2])
	}
	return forms
}

// releaseCanaries says each of them to the door that it is for, and proves that who may see it does.
func releaseCanaries(t *testing.T, demo demoInfo, s shop) (orderID string) {
	v := s.visitor("en")
	v.says(t, "hi, call me "+canaries["what a visitor says"])
	v.says(t, "two croissants")
	v.says(t, "tap:checkout")
	v.says(t, "tap:way:delivery")
	v.says(t, canaries["an address in the chat"])
	m := v.says(t, "yes")
	conversation := ""
	for _, o := range every[bought](t, s, "/v1/orders") {
		conversation = *o.Conversation
	}
	if conversation == "" {
		t.Fatalf("the chat led to no order: %+v", m)
	}
	s.do(t, http.MethodPost, "/v1/conversations/"+conversation+"/messages", map[string]string{"text": canaries["what staff say"]}, nil)
	var talk struct {
		Data []struct{ Text string } `json:"data"`
	}
	s.do(t, http.MethodGet, "/v1/conversations/"+conversation+"/messages", nil, &talk)
	if !strings.Contains(talk.Data[0].Text, canaries["what a visitor says"]) {
		t.Error("staff do not see what the visitor said")
	}

	var cart struct{ ID, Hash string }
	s.do(t, http.MethodPost, "/v1/carts", map[string]any{}, &cart)
	s.do(t, http.MethodPost, "/v1/carts/"+cart.ID+"/lines", map[string]any{"sku": "CROISSANT", "quantity": 1, "note": canaries["a note on a line"]}, &cart)
	checkout := map[string]any{"hash": cart.Hash, "delivery": map[string]any{"method": "delivery", "address": canaries["an address"]},
		"customer": map[string]string{"name": canaries["a name at the checkout"], "phone": "+" + canaries["a phone at the checkout"], "email": canaries["an e-mail address"]}}
	a := s.ask(t, http.MethodPost, "/v1/carts/"+cart.ID+"/checkout", checkout, "Idempotency-Key", "canary-checkout")
	if a.problem() == "cart_changed" { // delivery is dearer than what the cart showed; it shows it now
		var now struct{ Hash string }
		s.do(t, http.MethodGet, "/v1/carts/"+cart.ID, nil, &now)
		checkout["hash"] = now.Hash
		a = s.ask(t, http.MethodPost, "/v1/carts/"+cart.ID+"/checkout", checkout, "Idempotency-Key", "canary-checkout-2")
	}
	var placed struct{ Order bought }
	a.read(t, &placed)
	shown := s.ask(t, http.MethodGet, "/v1/orders/"+placed.Order.ID, nil)
	for _, what := range []string{"a name at the checkout", "a phone at the checkout", "an address", "an e-mail address", "a note on a line"} {
		if !bytes.Contains(shown.body, []byte(canaries[what])) {
			t.Errorf("the order does not show its owner %s: %d %s", what, shown.status, shown.body)
		}
	}
	s.do(t, http.MethodPost, "/v1/orders/"+placed.Order.ID+"/cancel", map[string]string{"reason": canaries["why staff cancel"]}, nil)
	if a := s.ask(t, http.MethodGet, "/v1/orders/"+placed.Order.ID, nil); !bytes.Contains(a.body, []byte(canaries["why staff cancel"])) {
		t.Errorf("the order does not show why it was cancelled: %s", a.body)
	}
	giveBack(t, s, canaries["why staff give back"])
	s.do(t, http.MethodPost, "/v1/conversation_tests", map[string]string{"name": "mine", "text": "customer: " + canaries["a rehearsal's words"]}, nil)
	if a := s.ask(t, http.MethodGet, "/v1/conversation_tests", nil); !bytes.Contains(a.body, []byte(canaries["a rehearsal's words"])) {
		t.Errorf("the rehearsal is not shown: %s", a.body)
	}
	s.do(t, http.MethodPatch, "/v1/customers/"+placed.Order.Customer, map[string]string{"name": canaries["a name that staff wrote"],
		"phone": "+" + canaries["a phone that staff wrote"]}, nil)
	if a := s.ask(t, http.MethodGet, "/v1/customers/"+placed.Order.Customer, nil); !bytes.Contains(a.body, []byte(canaries["a name that staff wrote"])) {
		t.Errorf("the customer is not shown: %s", a.body)
	}

	w := &inWhatsApp{demo: demo, shop: s, api: demo.whatsAppAPI(t), phone: canaries["a number in WhatsApp"], name: canaries["a name in WhatsApp"]}
	w.says(t, map[string]string{"text": "hello, " + canaries["what is said in WhatsApp"]})
	w.hears(t, "Café Sotto")

	s.ask(t, http.MethodGet, "/v1/search?q="+canaries["a query in a path"], nil)
	s.ask(t, http.MethodPost, "/v1/carts", []byte(`{"customer": "`+canaries["a body that is refused"]+`"}`))
	s.ask(t, http.MethodPost, "/v1/carts", []byte(`{"nobody": "`+canaries["an unknown field's value"]+`"}`))
	v.token = canaries["a made-up visitor's token"]
	_, err := v.post("hello", "")
	if err != nil {
		t.Error(err)
	}
	return placed.Order.ID
}

// giveBack has an order paid by a bank transfer and its money go back, for a reason that the payment shows.
func giveBack(t *testing.T, s shop, reason string) {
	t.Helper()
	var cart struct{ ID, Hash string }
	s.do(t, http.MethodPost, "/v1/carts", map[string]any{}, &cart)
	s.do(t, http.MethodPost, "/v1/carts/"+cart.ID+"/lines", map[string]any{"sku": "CROISSANT", "quantity": 1}, &cart)
	var placed struct{ Order bought }
	s.do(t, http.MethodPost, "/v1/carts/"+cart.ID+"/checkout", map[string]any{"hash": cart.Hash, "delivery": map[string]any{"method": "pickup"}}, &placed)
	pay := "/v1/payments/" + placed.Order.Payments[0].ID
	s.do(t, http.MethodPost, pay+"/receive", map[string]any{"amount": placed.Order.Total, "method": "cash"}, nil)
	s.do(t, http.MethodPost, pay+"/refund", map[string]any{"reason": reason}, nil)
	if a := s.ask(t, http.MethodGet, pay, nil); !bytes.Contains(a.body, []byte(reason)) {
		t.Errorf("the payment does not show why money went back: %s", a.body)
	}
}

// databaseOf reads all that the database keeps: SQLite's files with the log of writes, or a dump of Postgres.
func databaseOf(t *testing.T, demo demoInfo) map[string]string {
	t.Helper()
	places := map[string]string{}
	if strings.HasPrefix(demo.DatabaseURL, database.SQLite) {
		files, err := filepath.Glob(strings.TrimPrefix(demo.DatabaseURL, "sqlite:") + "*")
		if err != nil || len(files) == 0 {
			t.Fatal("no database file", err)
		}
		for _, f := range files {
			raw, err := os.ReadFile(f)
			if err != nil {
				t.Fatal(err)
			}
			places["the database file "+filepath.Base(f)] = string(raw)
		}
		return places
	}
	dump, err := exec.LookPath("pg_dump")
	if err != nil {
		t.Skip("pg_dump is not installed: on Debian, apt-get install postgresql-client")
	}
	out, err := exec.Command(dump, "--dbname", demo.DatabaseURL).CombinedOutput()
	if err != nil {
		t.Fatalf("pg_dump: %v %s", err, out)
	}
	places["the database's dump"] = string(out)
	return places
}

// collector takes traces as an operator's collector does.
type collector struct {
	url string
	mu  sync.Mutex
	got bytes.Buffer
}

func collect(t *testing.T) *collector {
	c := &collector{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var body io.Reader = r.Body
		if r.Header.Get("Content-Encoding") == "gzip" {
			unzipped, err := gzip.NewReader(r.Body)
			if err != nil {
				w.WriteHeader(http.StatusBadRequest)
				return
			}
			body = unzipped
		}
		c.mu.Lock()
		defer c.mu.Unlock()
		if _, err := io.Copy(&c.got, body); err != nil {
			w.WriteHeader(http.StatusBadRequest)
		}
	}))
	t.Cleanup(server.Close)
	c.url = server.URL
	return c
}

func (c *collector) String() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.got.String()
}
