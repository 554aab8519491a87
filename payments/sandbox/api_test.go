package sandbox_test

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stripe/stripe-go/v76"

	"sotto.chat/payments/sandbox"
)

// raw sends a request as it stands, without stripe-go.
func (sh *shop) raw(method, path, key, idem string, form url.Values) (int, map[string]any, http.Header) {
	sh.t.Helper()
	req, err := http.NewRequest(method, sh.server.URL+path, strings.NewReader(form.Encode()))
	if err != nil {
		sh.t.Fatal(err)
	}
	if key != "" {
		req.Header.Set("Authorization", "Bearer "+key)
	}
	if idem != "" {
		req.Header.Set("Idempotency-Key", idem)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		sh.t.Fatal(err)
	}
	defer res.Body.Close()
	body, _ := io.ReadAll(res.Body)
	var out map[string]any
	if err := json.Unmarshal(body, &out); err != nil {
		sh.t.Fatalf("%s %s: %v: %s", method, path, err, body)
	}
	return res.StatusCode, out, res.Header
}

func fair() url.Values {
	return url.Values{
		"mode": {"payment"}, "success_url": {"https://shop.example/done"}, "line_items[0][quantity]": {"2"},
		"line_items[0][price_data][currency]": {"EUR"}, "line_items[0][price_data][unit_amount]": {"350"},
		"line_items[0][price_data][product_data][name]": {"Flat white"},
	}
}

func TestSessionParametersAreChecked(t *testing.T) {
	sh := open(t, newReceiver(t), func(c *sandbox.Config) { c.Strict = true })
	now := time.Now()
	at := func(d time.Duration) string { return jsonNumber(now.Add(d).Unix()) }
	for _, c := range []struct {
		name, param, value string // an empty value takes the parameter away
		code, blamed       string
	}{
		{"unknown", "adaptive_pricing[enabled]", "true", "parameter_unknown", "adaptive_pricing[enabled]"},
		{"unknown below a list", "line_items[0][price_data][product_data][colour]", "red", "parameter_unknown", "line_items[0][price_data][product_data][colour]"},
		{"no mode", "mode", "", "parameter_missing", "mode"},
		{"other mode", "mode", "subscription", "", "mode"},
		{"no success_url", "success_url", "", "parameter_missing", "success_url"},
		{"relative success_url", "success_url", "/done", "url_invalid", "success_url"},
		{"script as cancel_url", "cancel_url", "javascript:alert(1)", "url_invalid", "cancel_url"},
		{"expires too soon", "expires_at", at(29 * time.Minute), "", "expires_at"},
		{"expires too late", "expires_at", at(25 * time.Hour), "", "expires_at"},
		{"expires at noon", "expires_at", "noon", "parameter_invalid_integer", "expires_at"},
		{"no name", "line_items[0][price_data][product_data][name]", "", "parameter_missing", "line_items[0][price_data][product_data][name]"},
		{"no quantity", "line_items[0][quantity]", "0", "parameter_invalid_integer", "line_items[0][quantity]"},
		{"negative price", "line_items[0][price_data][unit_amount]", "-1", "parameter_invalid_integer", "line_items[0][price_data][unit_amount]"},
		{"decimal price", "line_items[0][price_data][unit_amount]", "3.50", "parameter_invalid_integer", "line_items[0][price_data][unit_amount]"},
		{"unknown currency", "line_items[0][price_data][currency]", "xxx", "", "line_items[0][price_data][currency]"},
		{"too small", "line_items[0][price_data][unit_amount]", "20", "amount_too_small", "line_items"},
		{"too large", "line_items[0][quantity]", "999999", "amount_too_large", "line_items"},
		{"bad e-mail", "customer_email", "nobody", "email_invalid", "customer_email"},
		{"long metadata", "metadata[note]", strings.Repeat("x", 501), "", "metadata[note]"},
		{"long metadata key", "metadata[" + strings.Repeat("k", 41) + "]", "x", "", "metadata[" + strings.Repeat("k", 41) + "]"},
		{"long reference", "client_reference_id", strings.Repeat("x", 201), "", "client_reference_id"},
		{"capture", "payment_intent_data[capture_method]", "never", "", "payment_intent_data[capture_method]"},
		{"broken name", "line_items[0", "x", "parameter_unknown", "line_items[0"},
	} {
		t.Run(c.name, func(t *testing.T) {
			form := fair()
			form.Set(c.param, c.value)
			if c.value == "" {
				form.Del(c.param)
			}
			status, body, _ := sh.raw("POST", "/v1/checkout/sessions", secretKey, "", form)
			refusal, _ := body["error"].(map[string]any)
			code, _ := refusal["code"].(string)
			if status != http.StatusBadRequest || refusal["type"] != "invalid_request_error" || code != c.code || refusal["param"] != c.blamed {
				t.Errorf("%d %v", status, body)
			}
		})
	}
	if list := sh.api.CheckoutSessions.List(&stripe.CheckoutSessionListParams{}); list.Next() {
		t.Error("a refused session was made all the same")
	}
	if status, body, _ := sh.raw("POST", "/v1/checkout/sessions", secretKey, "", fair()); status != http.StatusOK || body["amount_total"] != 700.0 {
		t.Errorf("the fair form: %d %v", status, body)
	}
}

func jsonNumber(n int64) string { raw, _ := json.Marshal(n); return string(raw) }

func TestKeysAndCaps(t *testing.T) {
	sh := open(t, newReceiver(t), nil)
	for _, c := range []struct {
		name, key string
		form      url.Values
		want      int
	}{
		{"no key", "", fair(), 401},
		{"another key", "sk_test_other", fair(), 401},
		{"a live key", "sk_live_precious", fair(), 401},
		{"a body too large", secretKey, url.Values{"metadata[x]": {strings.Repeat("x", 1<<20)}}, 413},
	} {
		if status, body, _ := sh.raw("POST", "/v1/checkout/sessions", c.key, "", c.form); status != c.want || body["error"] == nil {
			t.Errorf("%s: %d %v", c.name, status, body)
		}
	}
	if status, _, _ := sh.raw("GET", "/v1/subscriptions", secretKey, "", nil); status != 404 {
		t.Errorf("unknown path: %d", status)
	}
	if status, _, h := sh.raw("GET", "/v1/account", secretKey, "", nil); status != 200 || h.Get("Stripe-Version") != "2023-10-16" || h.Get("Request-Id") == "" {
		t.Errorf("account: %d %v", status, h)
	}
}

func TestIdempotencyKeyGivesTheFirstAnswer(t *testing.T) {
	sh := open(t, newReceiver(t), nil)
	_, first, _ := sh.raw("POST", "/v1/checkout/sessions", secretKey, "key-1", fair())
	status, again, h := sh.raw("POST", "/v1/checkout/sessions", secretKey, "key-1", fair())
	if status != 200 || again["id"] != first["id"] || h.Get("Idempotent-Replayed") != "true" {
		t.Errorf("replay: %d %v %v", status, again["id"], h)
	}
	other := fair()
	other.Set("line_items[0][quantity]", "3")
	status, body, _ := sh.raw("POST", "/v1/checkout/sessions", secretKey, "key-1", other)
	if refusal, _ := body["error"].(map[string]any); status != 400 || refusal["type"] != "idempotency_error" {
		t.Errorf("other parameters: %d %v", status, body)
	}
	// A malformed request is not remembered: the same key may be used once it is right.
	wrong := fair()
	wrong.Del("mode")
	if status, _, _ := sh.raw("POST", "/v1/checkout/sessions", secretKey, "key-2", wrong); status != 400 {
		t.Errorf("wrong: %d", status)
	}
	if status, _, _ := sh.raw("POST", "/v1/checkout/sessions", secretKey, "key-2", fair()); status != 200 {
		t.Errorf("right after wrong: %d", status)
	}
}

func TestOneKeyAtWorkTwiceConflicts(t *testing.T) {
	sh := open(t, newReceiver(t), nil)
	sh.SetFaults(sandbox.Faults{LatencyMS: 300})
	var (
		mu   sync.Mutex
		seen = map[int]int{}
		all  sync.WaitGroup
	)
	for range 8 {
		all.Go(func() {
			status, _, _ := sh.raw("POST", "/v1/checkout/sessions", secretKey, "same", fair())
			mu.Lock()
			seen[status]++
			mu.Unlock()
		})
	}
	all.Wait()
	if seen[200] < 1 || seen[409] < 1 || seen[200]+seen[409] != 8 {
		t.Errorf("answers %v", seen)
	}
	n := 0
	for list := sh.api.CheckoutSessions.List(&stripe.CheckoutSessionListParams{}); list.Next(); {
		n++
	}
	if n != 1 {
		t.Errorf("%d sessions under one key", n)
	}
}

func TestOpenSessionExpiresOnce(t *testing.T) {
	sh := open(t, newReceiver(t), nil)
	sess := sh.session(700)
	gone, err := sh.api.CheckoutSessions.Expire(sess.ID, nil)
	if err != nil || gone.Status != "expired" || gone.URL != "" {
		t.Fatalf("%+v %v", gone, err)
	}
	_, err = sh.api.CheckoutSessions.Expire(sess.ID, nil)
	var refusal *stripe.Error
	if !errors.As(err, &refusal) || refusal.HTTPStatusCode != 400 || refusal.Type != stripe.ErrorTypeInvalidRequest {
		t.Errorf("expired twice: %v", err)
	}
	if res, body := sh.press(sess.ID, "approve"); res.StatusCode != http.StatusConflict || !strings.Contains(body, "expired") {
		t.Errorf("approve after expiry: %d", res.StatusCode)
	}
	sh.drain()
	if got := sh.hooks.types(); got != "checkout.session.expired" {
		t.Errorf("events %s", got)
	}
}

func TestListsPageAndExpand(t *testing.T) {
	sh := open(t, newReceiver(t), nil)
	var want []string
	for range 7 {
		want = append([]string{sh.session(700).ID}, want...)
	}
	p := &stripe.CheckoutSessionListParams{}
	p.Limit = stripe.Int64(3)
	var got []string
	for list := sh.api.CheckoutSessions.List(p); list.Next(); {
		got = append(got, list.CheckoutSession().ID)
	}
	if strings.Join(got, " ") != strings.Join(want, " ") {
		t.Errorf("got  %v\nwant %v", got, want)
	}
	e := &stripe.CheckoutSessionParams{}
	e.AddExpand("line_items")
	sess, err := sh.api.CheckoutSessions.Get(want[0], e)
	if err != nil || len(sess.LineItems.Data) != 1 || sess.LineItems.Data[0].Price.UnitAmount != 700 {
		t.Errorf("line items: %+v %v", sess, err)
	}
	e = &stripe.CheckoutSessionParams{}
	e.AddExpand("moon")
	if _, err := sh.api.CheckoutSessions.Get(want[0], e); err == nil {
		t.Error("the moon was expanded")
	}
	lines := sh.api.CheckoutSessions.ListLineItems(&stripe.CheckoutSessionListLineItemsParams{Session: stripe.String(want[0])})
	if !lines.Next() || lines.LineItem().Description != "Flat white" {
		t.Errorf("line items: %v", lines.Err())
	}
	if _, err := sh.api.CheckoutSessions.Get("cs_test_none", nil); err == nil || err.(*stripe.Error).Code != stripe.ErrorCodeResourceMissing {
		t.Errorf("missing session: %v", err)
	}
}
