package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"

	"sotto.chat/internal/database"
)

// What a script may rely on when it repeats a call: one effect, the first answer again, and no other call under the key.
func TestARepeatedCallHasOneEffect(t *testing.T) {
	t.Parallel()
	engines(t, func(t *testing.T, engine string) {
		s := startServe(t, engine)
		first := s.ask(t, http.MethodPost, "/v1/carts", map[string]any{}, "Idempotency-Key", "cart-1")
		second := s.ask(t, http.MethodPost, "/v1/carts", map[string]any{}, "Idempotency-Key", "cart-1")
		if first.status != http.StatusCreated || second.status != first.status || string(second.body) != string(first.body) {
			t.Errorf("the second answer %d %s is not the first %d %s", second.status, second.body, first.status, first.body)
		}
		if other := s.ask(t, http.MethodPost, "/v1/carts", map[string]string{"currency": "USD"}, "Idempotency-Key", "cart-1"); other.problem() != "idempotency_key_reused" {
			t.Errorf("another body under the same key: %d %s", other.status, other.body)
		}
		refused := s.ask(t, http.MethodPost, "/v1/carts", map[string]string{"currency": "EUR"}, "Idempotency-Key", "cart-2")
		again := s.ask(t, http.MethodPost, "/v1/carts", map[string]string{"currency": "EUR"}, "Idempotency-Key", "cart-2")
		if refused.problem() != "currency_not_sold" || again.problem() != refused.problem() {
			t.Errorf("a refusal is not the same again: %s, %s", refused.body, again.body)
		}
		_, stranger := s.newMerchant(t, "Next Door")
		other := shop{base: s.base, key: stranger, client: s.client}
		if a := other.ask(t, http.MethodPost, "/v1/carts", map[string]any{}, "Idempotency-Key", "cart-1"); a.status != http.StatusCreated || string(a.body) == string(first.body) {
			t.Errorf("another shop's key of the same name: %d %s", a.status, a.body)
		}
		s.thirtyAtOnce(t, first)
		if n := len(every[bought](t, s.shop, "/v1/orders")); n != 1 {
			t.Errorf("thirty calls at once made %d orders", n)
		}
		if n := len(every[struct{ ID string }](t, s.shop, "/v1/carts")); n != 1 {
			t.Errorf("there are %d carts, one was opened", n)
		}
	})
}

// thirtyAtOnce checks one cart out thirty times at once under one key.
func (s *served) thirtyAtOnce(t *testing.T, made answer) {
	var cart struct {
		ID, Hash string
		Lines    []struct {
			ID       string
			Quantity int64
		}
	}
	made.read(t, &cart)
	s.do(t, http.MethodPost, "/v1/carts/"+cart.ID+"/lines", map[string]any{"sku": "VASE"}, &cart)
	s.do(t, http.MethodPost, "/v1/carts/"+cart.ID+"/lines", map[string]any{"sku": "TEA"}, &cart)
	s.do(t, http.MethodDelete, "/v1/carts/"+cart.ID+"/lines/"+cart.Lines[1].ID, nil, &cart)
	s.do(t, http.MethodPatch, "/v1/carts/"+cart.ID+"/lines/"+cart.Lines[0].ID, map[string]any{"quantity": 2}, &cart)
	if len(cart.Lines) != 1 || cart.Lines[0].Quantity != 2 {
		t.Errorf("after an edit the cart is %+v", cart)
	}
	var all sync.WaitGroup
	var mu sync.Mutex
	bodies := map[string]int{}
	for range 30 {
		all.Go(func() {
			a := s.ask(t, http.MethodPost, "/v1/carts/"+cart.ID+"/checkout", map[string]string{"hash": cart.Hash}, "Idempotency-Key", "checkout-1")
			mu.Lock()
			defer mu.Unlock()
			switch {
			case a.status == http.StatusCreated:
				bodies[string(a.body)]++
			case a.problem() != "idempotency_in_flight":
				t.Errorf("one of thirty hears %d %s", a.status, a.body)
			}
		})
	}
	all.Wait()
	if len(bodies) != 1 {
		t.Errorf("%d different answers: %v", len(bodies), bodies)
	}
	a := s.ask(t, http.MethodPost, "/v1/carts/"+cart.ID+"/checkout", map[string]string{"hash": cart.Hash}, "Idempotency-Key", "checkout-1")
	if bodies[string(a.body)] == 0 {
		t.Errorf("afterwards the answer is another: %s", a.body)
	}
}

// Two people edit the same thing: the second hears that it has changed.
func TestAStaleEditIsRefused(t *testing.T) {
	t.Parallel()
	engines(t, func(t *testing.T, engine string) {
		d := openDoors(t, engine)
		for path, body := range map[string]map[string]any{"/v1/products/{product}": {"description": "New words."},
			"/v1/customers/{customer}": {"name": "Ana"}, "/v1/settings": {"name": "Quieter Things"}, "/v1/channels/{channel}": {"name": "Second line"}} {
			path = d.fill(path)
			seen := d.ask(t, http.MethodGet, path, nil).header.Get("ETag")
			if seen == "" {
				t.Errorf("%s has no ETag", path)
				continue
			}
			fresh := d.ask(t, http.MethodPatch, path, body, "If-Match", seen)
			if fresh.status != http.StatusOK || fresh.header.Get("ETag") == seen || fresh.header.Get("ETag") == "" {
				t.Errorf("%s: the first edit: %d %s, ETag %q after %q", path, fresh.status, fresh.body, fresh.header.Get("ETag"), seen)
			}
			if stale := d.ask(t, http.MethodPatch, path, body, "If-Match", seen); stale.status != http.StatusPreconditionFailed || stale.problem() == "" {
				t.Errorf("%s: the stale edit: %d %s", path, stale.status, stale.body)
			}
			if now := d.ask(t, http.MethodPatch, path, body, "If-Match", fresh.header.Get("ETag")); now.status != http.StatusOK {
				t.Errorf("%s: the edit after a look: %d %s", path, now.status, now.body)
			}
		}
	})
}

// A flood of one visitor is slowed down, and told for how long; everybody else goes on.
func TestAFloodIsToldWhenToComeAgain(t *testing.T) {
	t.Parallel()
	s := startServe(t, database.SQLite)
	v := s.visitor("en")
	v.says(t, "hello")
	var all sync.WaitGroup
	var mu sync.Mutex
	refused := 0
	for range 150 {
		all.Go(func() {
			a, err := send(s.client, http.MethodPost, v.url(), []byte("{}"), v.header())
			mu.Lock()
			defer mu.Unlock()
			switch {
			case err != nil:
				t.Error(err)
			case a.status == http.StatusTooManyRequests:
				refused++
				if a.problem() != "rate_limited" || a.header.Get("Retry-After") == "" || a.header.Get("Retry-After") == "0" {
					t.Errorf("429 with Retry-After %q: %s", a.header.Get("Retry-After"), a.body)
				}
			case a.problem() != "message_invalid":
				t.Errorf("%d %s", a.status, a.body)
			}
		})
	}
	all.Wait()
	if refused == 0 {
		t.Error("150 messages at once were all taken")
	}
	if m := s.visitor("en").says(t, "hello"); m.Text == "" {
		t.Error("somebody else gets no answer")
	}
}

// A body that ends too early is a mistake of the caller's, and nothing of it stays.
func TestABodyThatIsCutOffChangesNothing(t *testing.T) {
	t.Parallel()
	engines(t, func(t *testing.T, engine string) {
		d := openDoors(t, engine)
		before := d.inventory(t)
		for _, path := range []string{"/v1/carts/{cart}/lines", "/v1/carts/{cart}/checkout", "/chat/{merchant}/messages", "/hooks/stripe", "/hooks/whatsapp/{channel}"} {
			c, err := net.Dial("tcp", strings.TrimPrefix(d.base, "http://"))
			if err != nil {
				t.Fatal(err)
			}
			_, err = fmt.Fprintf(c, "POST %s HTTP/1.1\r\nHost: shop\r\nAuthorization: Bearer %s\r\nContent-Type: application/json\r\nContent-Length: 500\r\n\r\n{\"sku\": \"TEA\"}",
				d.fill(path), d.key)
			if err == nil {
				err = c.(*net.TCPConn).CloseWrite()
			}
			if err != nil {
				t.Fatal(err)
			}
			res, err := http.ReadResponse(bufio.NewReader(c), nil)
			if err == nil {
				body, _ := io.ReadAll(res.Body) // the connection may end with it
				if !strings.Contains(string(body), `"body_unreadable"`) && !strings.HasPrefix(path, "/chat/") || res.StatusCode < 400 || res.StatusCode >= 500 {
					t.Errorf("%s took half a body: %d %s", path, res.StatusCode, body)
				}
			}
			_ = c.Close()
		}
		for what, now := range d.inventory(t) {
			if now != before[what] {
				t.Errorf("half a body changed the %s", what)
			}
		}
	})
}

// contract names the paths that other people's scripts use.
var contract = []string{
	"GET /v1/products", "POST /v1/products", "GET /v1/products/{id}", "PATCH /v1/products/{id}", "GET /v1/variants/{id}/stock", "PUT /v1/variants/{id}/stock",
	"GET /v1/categories", "POST /v1/catalog/import", "GET /v1/catalog/export", "GET /v1/search",
	"GET /v1/carts", "POST /v1/carts", "GET /v1/carts/{id}", "POST /v1/carts/{id}/lines", "PATCH /v1/carts/{id}/lines/{line}", "DELETE /v1/carts/{id}/lines/{line}",
	"POST /v1/carts/{id}/checkout",
	"GET /v1/orders", "GET /v1/orders/{id}", "POST /v1/orders/{id}/cancel", "POST /v1/orders/{id}/fulfil", "POST /v1/orders/{id}/refund", "POST /v1/orders/{id}/return",
	"GET /v1/payments", "GET /v1/payments/{id}", "GET /v1/payments/reconciliation",
	"GET /v1/customers", "GET /v1/customers/{id}", "PATCH /v1/customers/{id}", "POST /v1/customers/{id}/export", "POST /v1/customers/{id}/erase",
	"GET /v1/conversations", "GET /v1/conversations/{id}/messages", "POST /v1/conversations/{id}/messages", "POST /v1/conversations/{id}/assign",
	"POST /v1/conversations/{id}/handoff", "POST /v1/conversations/{id}/close",
	"GET /v1/channels", "POST /v1/channels", "GET /v1/webhook_endpoints", "POST /v1/webhook_endpoints", "GET /v1/events", "GET /v1/keys", "POST /v1/keys",
	"GET /v1/staff", "GET /v1/settings", "PATCH /v1/settings",
}

// The description of the API is OpenAPI 3.1, names the whole contract, and is sound: every reference leads somewhere, every
// placeholder has its parameter, every operation has a name of its own.
func TestTheAPIDescribesItself(t *testing.T) {
	t.Parallel()
	s := startServe(t, database.SQLite)
	a := s.ask(t, http.MethodGet, "/openapi.json", nil)
	var doc struct {
		OpenAPI string                                `json:"openapi"`
		Info    struct{ Title, Version string }       `json:"info"`
		Paths   map[string]map[string]json.RawMessage `json:"paths"`
	}
	a.read(t, &doc)
	if !strings.HasPrefix(doc.OpenAPI, "3.1.") || doc.Info.Title == "" || doc.Info.Version == "" {
		t.Errorf("it is no OpenAPI 3.1: %q %+v", doc.OpenAPI, doc.Info)
	}
	have, names := map[string]bool{}, map[string]string{}
	for path, methods := range doc.Paths {
		for method, raw := range methods {
			where := strings.ToUpper(method) + " " + path
			have[where] = true
			checkOperation(t, where, path, raw, names)
		}
	}
	for _, want := range contract {
		if !have[want] {
			t.Errorf("the description lacks %s", want)
		}
	}
	var whole any
	a.read(t, &whole)
	follow(t, whole, whole)
	if page := s.ask(t, http.MethodGet, "/docs", nil); page.status != http.StatusOK || !strings.Contains(string(page.body), "/v1/carts") {
		t.Errorf("/docs answers %d", page.status)
	}
}

func checkOperation(t *testing.T, where, path string, raw json.RawMessage, names map[string]string) {
	t.Helper()
	var op struct {
		ID         string                     `json:"operationId"`
		Summary    string                     `json:"summary"`
		Responses  map[string]json.RawMessage `json:"responses"`
		Parameters []struct{ Name, In string }
	}
	if err := json.Unmarshal(raw, &op); err != nil {
		t.Fatalf("%s: %v", where, err)
	}
	if op.ID == "" || op.Summary == "" || names[op.ID] != "" {
		t.Errorf("%s is named %q, as %q is; its summary: %q", where, op.ID, names[op.ID], op.Summary)
	}
	names[op.ID] = where
	good := false
	for status := range op.Responses {
		good = good || strings.HasPrefix(status, "2")
	}
	if !good {
		t.Errorf("%s never succeeds, by its description", where)
	}
	for _, part := range strings.Split(path, "/") {
		if !strings.HasPrefix(part, "{") {
			continue
		}
		found := false
		for _, p := range op.Parameters {
			found = found || p.In == "path" && "{"+p.Name+"}" == part
		}
		if !found {
			t.Errorf("%s does not describe %s", where, part)
		}
	}
}

// follow demands that every reference in the document leads to something in it.
func follow(t *testing.T, whole, v any) {
	switch v := v.(type) {
	case []any:
		for _, e := range v {
			follow(t, whole, e)
		}
	case map[string]any:
		if ref, ok := v["$ref"].(string); ok {
			at := whole
			for _, step := range strings.Split(strings.TrimPrefix(ref, "#/"), "/") {
				m, _ := at.(map[string]any)
				at = m[step]
			}
			if at == nil {
				t.Errorf("the reference %s leads nowhere", ref)
			}
		}
		for _, e := range v {
			follow(t, whole, e)
		}
	}
}
