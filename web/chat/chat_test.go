package chat_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"sotto.chat/channels"
	"sotto.chat/internal/database"
	"sotto.chat/internal/testkit"
	"sotto.chat/orders"
	"sotto.chat/web/chat"
	"sotto.chat/web/webtest"
)

type client struct {
	t     *testing.T
	shop  *webtest.Shop
	token string
}

func open(t *testing.T, db *database.DB, clock *testkit.Clock, l chat.Limits) *client {
	s := webtest.Open(t, db, clock)
	chat.Mount(s.Router, chat.Deps{DB: db, Keys: s.Keys, Merchants: s.Merchants, Channels: s.Channels, Inbox: s.Inbox, Orders: s.Orders,
		Hub: s.Hub, PublicURL: s.URL, Log: testkit.Log(t), Limits: l})
	return &client{t: t, shop: s}
}

type answer struct {
	status  int
	header  http.Header
	Message chat.Message   `json:"message"`
	Visitor string         `json:"visitor"`
	Data    []chat.Message `json:"data"`
	Code    string         `json:"code"`
}

func (c *client) ask(method, path, body string, header ...string) answer {
	c.t.Helper()
	req, err := http.NewRequestWithContext(c.t.Context(), method, c.shop.URL+path, strings.NewReader(body))
	if err != nil {
		c.t.Fatal(err)
	}
	if c.token != "" {
		req.Header.Set("Authorization", "Bearer "+c.token)
	}
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		c.t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		c.t.Fatal(err)
	}
	a := answer{status: resp.StatusCode, header: resp.Header}
	if err := json.Unmarshal(raw, &a); err != nil && len(raw) > 0 {
		c.t.Fatalf("%s %s: %v in %s", method, path, err, raw)
	}
	return a
}

func (c *client) path(rest string) string { return "/chat/" + c.shop.Merchant.Slug + rest }

func (c *client) say(text string, header ...string) answer {
	c.t.Helper()
	raw, _ := json.Marshal(map[string]string{"text": text})
	a := c.ask("POST", c.path("/messages"), string(raw), header...)
	if a.status == 200 {
		c.token = a.Visitor
	}
	return a
}

func texts(list []chat.Message) string {
	var out []string
	for _, m := range list {
		out = append(out, m.From+": "+m.Text+m.Tap)
	}
	return strings.Join(out, " | ")
}

func TestTalk(t *testing.T) {
	testkit.Both(t, func(t *testing.T, db *database.DB, clock *testkit.Clock) {
		c := open(t, db, clock, chat.Limits{})
		first := c.say("two croissants")
		if first.status != 200 || first.Message.From != "customer" || first.Message.Text != "two croissants" || first.Visitor == "" {
			t.Fatalf("the first message: %+v", first)
		}
		all := c.ask("GET", c.path("/messages"), "")
		if got := texts(all.Data); got != "customer: two croissants | bot: You said: two croissants" {
			t.Fatalf("the talk right after the POST: %s", got)
		}
		if b := all.Data[1].Buttons; len(b) != 1 || b[0].Tap != "yes:1" || all.Data[1].Links == nil || all.Data[1].Products == nil {
			t.Errorf("the bot's message: %+v", all.Data[1])
		}
		tap := c.ask("POST", "/chat/"+c.shop.Merchant.ID+"/messages", `{"tap":"yes:1"}`)
		if tap.Visitor != c.token || tap.Message.Tap != "yes:1" {
			t.Errorf("a tap of the same visitor, by the merchant's id: %+v", tap)
		}
		if got := texts(c.ask("GET", c.path("/messages?after="+tap.Message.ID), "").Data); got != "bot: You said: yes:1" {
			t.Errorf("after the tap: %s", got)
		}
		if got := c.ask("GET", c.path("/messages?limit=1"), "").Data; len(got) != 1 || got[0].ID != first.Message.ID {
			t.Errorf("limit=1: %+v", got)
		}
		if a := c.ask("GET", c.path("/messages?after=msg_0"), ""); a.status != 422 || a.Code != "unknown_message" {
			t.Errorf("an unknown message as after: %d %s", a.status, a.Code)
		}
	})
}

func TestVisitors(t *testing.T) {
	testkit.Both(t, func(t *testing.T, db *database.DB, clock *testkit.Clock) {
		c := open(t, db, clock, chat.Limits{})
		mine := c.say("hello").Visitor
		c.token = ""
		if a := c.ask("GET", c.path("/messages"), ""); a.status != 200 || a.Data == nil || len(a.Data) != 0 {
			t.Errorf("nobody's talk: %d %+v", a.status, a.Data)
		}
		other := c.say("hello")
		if other.Visitor == mine || other.Visitor == "" {
			t.Errorf("a second visitor got the token %q", other.Visitor)
		}
		c.token = "not-a-token"
		if a := c.ask("GET", c.path("/messages"), ""); a.status != 401 || a.Code != "visitor_invalid" {
			t.Errorf("a malformed bearer: %d %s", a.status, a.Code)
		}
		if a := c.say("again"); a.status != 200 || a.Visitor == "not-a-token" {
			t.Errorf("a POST with a malformed bearer begins anew, got %d", a.status)
		}
		c.token = mine
		if a := c.ask("GET", "/chat/nobody/messages", ""); a.status != 404 {
			t.Errorf("another merchant: %d", a.status)
		}
		c.token = ""
		first := c.ask("POST", c.path("/messages"), `{"text":"a cookie"}`, "Sec-Fetch-Site", "same-origin")
		cookie := first.header.Get("Set-Cookie")
		for _, want := range []string{"HttpOnly", "SameSite=Lax", "Path=/chat", "sotto_visitor_" + c.shop.Merchant.ID} {
			if !strings.Contains(cookie, want) {
				t.Errorf("the cookie %q lacks %s", cookie, want)
			}
		}
		pair, _, _ := strings.Cut(cookie, ";")
		if got := c.ask("GET", c.path("/messages"), "", "Cookie", pair, "Sec-Fetch-Site", "same-origin").Data; len(got) != 2 {
			t.Errorf("by cookie: %s", texts(got))
		}
		if got := c.ask("POST", c.path("/messages"), `{"text":"forged"}`, "Cookie", pair, "Sec-Fetch-Site", "same-site"); got.Visitor == first.Visitor || got.header.Get("Set-Cookie") != "" {
			t.Errorf("another site's page spoke as the visitor")
		}
	})
}

func TestRefusals(t *testing.T) {
	db := testkit.Open(t, testkit.URL(t, database.SQLite), &testkit.Clock{})
	c := open(t, db, &testkit.Clock{}, chat.Limits{})
	for name, tc := range map[string]struct {
		body   string
		status int
	}{
		"nothing":        {``, 422},
		"no object":      {`"hello"`, 422},
		"no fields":      {`{}`, 422},
		"unknown field":  {`{"text":"a","price":1}`, 422},
		"unknown text":   {`{"words":"a"}`, 422},
		"other case":     {`{"Text":"a"}`, 422},
		"both":           {`{"text":"a","tap":"b"}`, 422},
		"number":         {`{"text":1}`, 422},
		"null":           {`{"text":null}`, 422},
		"empty":          {`{"text":"  "}`, 422},
		"zero":           {`{"text":"a\u0000b"}`, 422},
		"invalid UTF-8":  {"{\"text\":\"\xff\"}", 422},
		"two objects":    {`{"text":"a"}{"text":"b"}`, 422},
		"long":           {`{"text":"` + strings.Repeat("é", 4097) + `"}`, 413},
		"long tap":       {`{"tap":"` + strings.Repeat("a", 1025) + `"}`, 413},
		"large body":     {`{"text":"` + strings.Repeat(" ", 70_000) + `"}`, 413},
		"just long":      {`{"text":"` + strings.Repeat("é", 4096) + `"}`, 200},
		"control letter": {`{"text":"a\u0007b"}`, 200},
	} {
		a := c.ask("POST", c.path("/messages"), tc.body)
		if a.status != tc.status || (tc.status != 200 && (a.Code == "" || !strings.HasPrefix(a.header.Get("Content-Type"), "application/problem+json"))) {
			t.Errorf("%s: %d %q, want %d", name, a.status, a.Code, tc.status)
		}
	}
	if a := c.ask("GET", c.path("/messages?limit=0"), ""); a.status != 422 {
		t.Errorf("limit=0: %d", a.status)
	}
	if a := c.ask("OPTIONS", c.path("/messages"), "", "Origin", "https://elsewhere.example"); a.status != 204 ||
		a.header.Get("Access-Control-Allow-Origin") != "*" || a.header.Get("Access-Control-Allow-Credentials") != "" {
		t.Errorf("preflight: %d %v", a.status, a.header)
	}
}

func TestRepeatedSending(t *testing.T) {
	testkit.Both(t, func(t *testing.T, db *database.DB, clock *testkit.Clock) {
		c := open(t, db, clock, chat.Limits{})
		c.say("hello")
		var wg sync.WaitGroup
		ids := make([]string, 5)
		for i := range ids {
			wg.Go(func() {
				ids[i] = c.ask("POST", c.path("/messages"), `{"text":"once"}`, "Idempotency-Key", "sending-1").Message.ID
			})
		}
		wg.Wait()
		for _, id := range ids {
			if id == "" || id != ids[0] {
				t.Fatalf("one sending gave several messages: %q", ids)
			}
		}
		if got := texts(c.ask("GET", c.path("/messages"), "").Data); strings.Count(got, "customer: once") != 1 {
			t.Errorf("the talk: %s", got)
		}
	})
}

func TestFlood(t *testing.T) {
	db := testkit.Open(t, testkit.URL(t, database.SQLite), &testkit.Clock{})
	c := open(t, db, &testkit.Clock{}, chat.Limits{VisitorRate: 0.1, VisitorBurst: 2, AddressRate: 100, AddressBurst: 100})
	c.say("one")
	c.say("two")
	var last answer
	for range 2 {
		last = c.say("more")
	}
	if last.status != 429 || last.header.Get("Retry-After") == "" || last.Code != "rate_limited" {
		t.Errorf("a flood: %d, Retry-After %q", last.status, last.header.Get("Retry-After"))
	}
}

func TestSlowBot(t *testing.T) {
	testkit.Both(t, func(t *testing.T, db *database.DB, clock *testkit.Clock) {
		c := open(t, db, clock, chat.Limits{})
		c.say("hello")
		release := make(chan struct{})
		c.shop.SetBot(func(ctx context.Context, said string) channels.Content {
			select {
			case <-release:
			case <-ctx.Done():
			}
			return webtest.Echo(ctx, said)
		})
		start := time.Now()
		a := c.say("think")
		if took := time.Since(start); a.status != 200 || a.Message.Text != "think" || took > 10*time.Second {
			t.Errorf("with a slow bot: %d after %v", a.status, took)
		}
		close(release)
		testkit.Eventually(t, "the slow answer", func() bool {
			return strings.Contains(texts(c.ask("GET", c.path("/messages"), "").Data), "bot: You said: think")
		})
	})
}

func TestStaffIsNamed(t *testing.T) {
	testkit.Both(t, func(t *testing.T, db *database.DB, clock *testkit.Clock) {
		c := open(t, db, clock, chat.Limits{})
		c.say("hello")
		s := c.shop
		list, _, err := s.Inbox.List(t.Context(), s.Merchant.ID, "", 10)
		s.Must(err)
		var ana string
		s.Must(db.InTx(t.Context(), func(tx database.Tx) error {
			p, err := s.Merchants.AddStaff(tx, s.Merchant.ID, "Ana", "agent")
			ana = p.ID
			return err
		}))
		_, err = s.Inbox.StaffSay(t.Context(), s.Merchant.ID, list[0].ID, ana, "Here I am.")
		s.Must(err)
		got := c.ask("GET", c.path("/messages"), "").Data
		if m := got[len(got)-1]; m.From != "staff" || m.Author != "Ana" || m.Text != "Here I am." {
			t.Errorf("the staff's message: %+v", m)
		}
	})
}

func TestCart(t *testing.T) {
	testkit.Both(t, func(t *testing.T, db *database.DB, clock *testkit.Clock) {
		c := open(t, db, clock, chat.Limits{})
		read := func() (cart chat.Cart) {
			req, _ := http.NewRequestWithContext(t.Context(), "GET", c.shop.URL+c.path("/cart"), nil)
			if c.token != "" {
				req.Header.Set("Authorization", "Bearer "+c.token)
			}
			resp, err := http.DefaultClient.Do(req)
			c.shop.Must(err)
			defer func() { _ = resp.Body.Close() }()
			c.shop.Must(json.NewDecoder(resp.Body).Decode(&cart))
			return cart
		}
		if got := read(); got.Lines == nil || len(got.Lines) != 0 || got.Total.Currency != "EUR" {
			t.Errorf("nobody's cart: %+v", got)
		}
		c.say("hello")
		s := c.shop
		s.Sell("CRO", "Croissant", 250)
		list, _, err := s.Inbox.List(t.Context(), s.Merchant.ID, "", 10)
		s.Must(err)
		s.Must(db.InTx(t.Context(), func(tx database.Tx) error {
			cart, err := s.Orders.OpenCart(tx, s.Merchant.ID, orders.Owner{ConversationID: list[0].ID, CustomerID: list[0].CustomerID}, "")
			if err != nil {
				return err
			}
			_, err = s.Orders.AddLine(tx, s.Merchant.ID, cart.ID, orders.LineInput{SKU: "CRO", Quantity: 3})
			return err
		}))
		got := read()
		if len(got.Lines) != 1 || got.Lines[0].Name != "Croissant" || got.Total.Amount != 750 || got.Hash == "" {
			t.Errorf("the cart: %+v", got)
		}
	})
}

func TestPage(t *testing.T) {
	db := testkit.Open(t, testkit.URL(t, database.SQLite), &testkit.Clock{})
	c := open(t, db, &testkit.Clock{}, chat.Limits{})
	get := func(path, language string) (int, string, http.Header) {
		req, _ := http.NewRequestWithContext(t.Context(), "GET", c.shop.URL+path, nil)
		req.Header.Set("Accept-Language", language)
		resp, err := http.DefaultClient.Do(req)
		c.shop.Must(err)
		defer func() { _ = resp.Body.Close() }()
		raw, err := io.ReadAll(resp.Body)
		c.shop.Must(err)
		return resp.StatusCode, string(raw), resp.Header
	}
	status, page, h := get(c.path(""), "es-MX")
	if status != 200 || !strings.Contains(page, `<html lang="es">`) || !strings.Contains(page, "Café Quiet") || !strings.Contains(page, `role="log"`) {
		t.Errorf("the page: %d %s", status, page)
	}
	if _, arabic, _ := get(c.path(""), "ar-SA"); !strings.Contains(arabic, `<html lang="ar" dir="rtl">`) || !strings.Contains(arabic, "اكتب رسالة") {
		t.Error("Arabic is not written from right to left")
	}
	csp := h.Get("Content-Security-Policy")
	if !strings.Contains(csp, "default-src 'self'") || strings.Contains(csp, "unsafe") || !strings.Contains(csp, "frame-ancestors 'none'") {
		t.Errorf("the page's policy: %s", csp)
	}
	if strings.Contains(page, "style=") || strings.Contains(page, "onclick") || strings.Contains(page, "<script>") {
		t.Error("something is inline")
	}
	if _, _, h := get(c.path("?embed=1"), "en"); !strings.Contains(h.Get("Content-Security-Policy"), "frame-ancestors *") {
		t.Error("the widget's page cannot be framed")
	}
	if status, page, _ := get("/chat/nobody", "en"); status != 404 || !strings.Contains(page, "No such shop") {
		t.Errorf("no such shop: %d", status)
	}
	if status, js, h := get("/widget.js", "en"); status != 200 || !strings.HasPrefix(h.Get("Content-Type"), "text/javascript") || h.Get("Access-Control-Allow-Origin") != "*" || !strings.Contains(js, "sotto-chat") {
		t.Errorf("the widget: %d", status)
	}
}
