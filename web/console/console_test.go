package console_test

import (
	"bufio"
	"context"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"testing"
	"time"

	"sotto.chat/channels"
	"sotto.chat/inbox"
	"sotto.chat/internal/database"
	"sotto.chat/internal/jobs"
	"sotto.chat/internal/testkit"
	"sotto.chat/merchants"
	"sotto.chat/orders"
	"sotto.chat/privacy"
	"sotto.chat/web/console"
	"sotto.chat/web/webtest"
)

type browser struct {
	*webtest.Shop
	http *http.Client
}

func open(t *testing.T, db *database.DB, clock *testkit.Clock) *browser {
	s := webtest.Open(t, db, clock)
	console.Mount(s.Router, console.Deps{DB: db, Inbox: s.Inbox, Orders: s.Orders, Payments: s.Payments, Customers: s.People, Merchants: s.Merchants, Hub: s.Hub, PublicURL: s.URL, Log: testkit.Log(t)})
	return &browser{s, newClient(s)}
}

func newClient(s *webtest.Shop) *http.Client {
	jar, err := cookiejar.New(nil)
	s.Must(err)
	return &http.Client{Jar: jar}
}

type page struct {
	status int
	path   string
	body   string
	header http.Header
}

func (b *browser) do(req *http.Request) page {
	b.T.Helper()
	resp, err := b.http.Do(req)
	b.Must(err)
	defer func() { _ = resp.Body.Close() }()
	raw, err := io.ReadAll(resp.Body)
	b.Must(err)
	return page{resp.StatusCode, resp.Request.URL.RequestURI(), string(raw), resp.Header}
}

func (b *browser) get(path string) page {
	b.T.Helper()
	req, err := http.NewRequestWithContext(b.T.Context(), "GET", b.URL+path, nil)
	b.Must(err)
	return b.do(req)
}

func (b *browser) post(path string, form url.Values, header ...string) page {
	b.T.Helper()
	req, err := http.NewRequestWithContext(b.T.Context(), "POST", b.URL+path, strings.NewReader(form.Encode()))
	b.Must(err)
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	return b.do(req)
}

func (b *browser) login(key string) page {
	b.T.Helper()
	return b.post("/console/login", url.Values{"api_key": {key}}, "Sec-Fetch-Site", "same-origin")
}

func (b *browser) key(role merchants.Role) (id, secret string) {
	b.T.Helper()
	b.Must(b.DB.InTx(b.T.Context(), func(tx database.Tx) error {
		k, s, err := b.Merchants.NewKey(tx, b.Merchant.ID, "staff", role, nil)
		id, secret = k.ID, s
		return err
	}))
	return id, secret
}

// talk has a customer say something and order; it gives the conversation.
func (b *browser) talk(text string) inbox.Conversation {
	b.T.Helper()
	c, _, err := b.Inbox.HearWeb(jobs.Eager(b.T.Context()), b.Merchant.ID, "visitor", channels.Incoming{Text: text})
	b.Must(err)
	return c
}

func TestLogin(t *testing.T) {
	testkit.Both(t, func(t *testing.T, db *database.DB, clock *testkit.Clock) {
		b := open(t, db, clock)
		if p := b.get("/console/conversations?answering=bot"); p.path != "/console/login?next=%2Fconsole%2Fconversations%3Fanswering%3Dbot" {
			t.Errorf("a stranger is led to %s", p.path)
		}
		if p := b.login("sk_wrong"); p.status != 401 || !strings.Contains(p.body, "opens nothing") {
			t.Errorf("a wrong key: %d", p.status)
		}
		if p := b.post("/console/login", url.Values{"api_key": {b.APIKey}}, "Sec-Fetch-Site", "cross-site"); p.status != 403 {
			t.Errorf("a login from another site: %d", p.status)
		}
		p := b.post("/console/login", url.Values{"api_key": {b.APIKey}, "next": {"https://elsewhere.example/console/"}})
		if p.status != 200 || p.path != "/console/orders" || !strings.Contains(p.body, "Café Quiet") {
			t.Fatalf("the login leads to %d %s", p.status, p.path)
		}
		if csp := p.header.Get("Content-Security-Policy"); !strings.Contains(csp, "default-src 'self'") || p.header.Get("Cache-Control") != "no-store" {
			t.Errorf("the headers: %v", p.header)
		}
		var tokens []string
		b.Must(db.Read(t.Context()).Raw("select token from sessions").Scan(&tokens).Error)
		home, _ := url.Parse(b.URL + "/console")
		cookie := b.http.Jar.Cookies(home)
		if len(tokens) != 1 || len(cookie) != 1 || tokens[0] == cookie[0].Value {
			t.Errorf("sessions %q, cookies %v: the token must not be stored", tokens, cookie)
		}
		if p := b.post("/console/logout", nil, "Sec-Fetch-Site", "cross-site"); p.status != 403 {
			t.Errorf("another site logs out: %d", p.status)
		}
		b.post("/console/logout", nil)
		if p := b.get("/console/orders"); !strings.HasPrefix(p.path, "/console/login") {
			t.Errorf("after the logout: %s", p.path)
		}
	})
}

func TestSessionEndsWithItsKey(t *testing.T) {
	testkit.Both(t, func(t *testing.T, db *database.DB, clock *testkit.Clock) {
		b := open(t, db, clock)
		id, secret := b.key(merchants.ReadOnly)
		b.login(secret)
		if p := b.get("/console/orders"); p.status != 200 || p.path != "/console/orders" {
			t.Fatalf("logged in: %d %s", p.status, p.path)
		}
		b.Must(db.InTx(t.Context(), func(tx database.Tx) error { return b.Merchants.RevokeKey(tx, b.Merchant.ID, id) }))
		if p := b.get("/console/orders"); !strings.HasPrefix(p.path, "/console/login") {
			t.Errorf("after the key was revoked: %s", p.path)
		}
		resp, err := b.http.Get(b.URL + "/console/stream")
		b.Must(err)
		_ = resp.Body.Close()
		if resp.StatusCode != 401 {
			t.Errorf("the stream after the key was revoked: %d", resp.StatusCode)
		}
	})
}

func TestOrders(t *testing.T) {
	testkit.Both(t, func(t *testing.T, db *database.DB, clock *testkit.Clock) {
		b := open(t, db, clock)
		b.login(b.APIKey)
		if p := b.get("/console/orders"); !strings.Contains(p.body, "No orders yet") {
			t.Error("an empty list says what to do")
		}
		b.Sell("CRO", "Croissant", 350)
		ord := b.Order("CRO", 2, orders.Owner{})
		p := b.get("/console/orders?status=awaiting_payment")
		for _, want := range []string{ord.Number, "Awaiting payment", "2 × Croissant", "€7.00"} {
			if !strings.Contains(p.body, want) {
				t.Errorf("the list lacks %q", want)
			}
		}
		if p := b.get("/console/orders?status=paid"); strings.Contains(p.body, ord.Number) || !strings.Contains(p.body, "No order is in this state") {
			t.Error("the filter shows an order of another state")
		}
		if p := b.get("/console/orders?q=" + strings.ToLower(ord.Number)); p.path != "/console/orders/"+ord.ID || !strings.Contains(p.body, "History") {
			t.Errorf("found by number: %s", p.path)
		}
		if p := b.get("/console/orders?q=%3Cb%3E"); strings.Contains(p.body, "<b>") || !strings.Contains(p.body, "No order has the number") {
			t.Error("a search for what is not there")
		}
		if p := b.get("/console/orders/ord_none"); p.status != 404 {
			t.Errorf("no such order: %d", p.status)
		}
		if p := b.get("/console/orders"); !strings.Contains(p.body, "<svg") || !strings.Contains(p.body, "As a table") {
			t.Error("the chart and its table")
		}
	})
}

func TestOpeningATalkIsWrittenDown(t *testing.T) {
	testkit.Both(t, func(t *testing.T, db *database.DB, clock *testkit.Clock) {
		b := open(t, db, clock)
		id, secret := b.key(merchants.Agent)
		b.login(secret)
		talk := b.talk("two croissants <i>please</i>")
		looks := func() []privacy.Look {
			l, err := b.Keys.Looks(t.Context(), b.Merchant.ID, privacy.ConversationSubject(talk.ID), 10)
			b.Must(err)
			return l
		}
		if p := b.get("/console/conversations"); !strings.Contains(p.body, talk.ID) || strings.Contains(p.body, "croissants") || len(looks()) != 0 {
			t.Error("the list shows words, or counts as a look")
		}
		p := b.get("/console/conversations/" + talk.ID)
		if p.status != 200 || !strings.Contains(p.body, "two croissants &lt;i&gt;please") || !strings.Contains(p.body, "You said:") {
			t.Errorf("the talk: %d", p.status)
		}
		b.get("/console/conversations/" + talk.ID)
		if l := looks(); len(l) != 1 || l[0].Actor != id {
			t.Errorf("two views within a moment are one look, by the key: %+v", l)
		}
		clock.Advance(11 * time.Minute)
		b.get("/console/conversations/" + talk.ID)
		if l := looks(); len(l) != 2 {
			t.Errorf("a view later is another look: %d", len(l))
		}
		if p := b.get("/console/conversations/con_none"); p.status != 404 {
			t.Errorf("no such talk: %d", p.status)
		}
	})
}

func TestAnotherMerchant(t *testing.T) {
	testkit.Both(t, func(t *testing.T, db *database.DB, clock *testkit.Clock) {
		b := open(t, db, clock)
		b.Sell("CRO", "Croissant", 350)
		ord, talk := b.Order("CRO", 2, orders.Owner{}), b.talk("secret words")
		_, key, err := b.Merchants.Create(t.Context(), merchants.NewMerchant{Name: "Other", Currency: "USD", Country: "US", Language: "en"})
		b.Must(err)
		b.login(key)
		for _, path := range []string{"/console/orders/" + ord.ID, "/console/conversations/" + talk.ID} {
			if p := b.get(path); p.status != 404 || strings.Contains(p.body, "secret words") {
				t.Errorf("%s shows another merchant's: %d", path, p.status)
			}
		}
		if p := b.get("/console/orders?q=" + ord.Number); strings.Contains(p.body, "Croissant") {
			t.Error("the search finds another merchant's order")
		}
	})
}

func TestStream(t *testing.T) {
	testkit.Both(t, func(t *testing.T, db *database.DB, clock *testkit.Clock) {
		b := open(t, db, clock)
		b.login(b.APIKey)
		ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
		defer cancel()
		req, err := http.NewRequestWithContext(ctx, "GET", b.URL+"/console/stream", nil)
		b.Must(err)
		resp, err := b.http.Do(req)
		b.Must(err)
		defer func() { _ = resp.Body.Close() }()
		lines := bufio.NewScanner(resp.Body)
		for lines.Scan() {
			switch lines.Text() {
			case "retry: 2000":
				b.talk("hello")
			case "event: changed":
				return
			}
		}
		t.Errorf("the stream ended: %v", lines.Err())
	})
}
