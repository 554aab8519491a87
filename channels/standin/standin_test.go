package standin_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"sotto.chat/channels/standin"
)

type heard struct {
	signed bool
	body   string
}

func start(t *testing.T) (*standin.Server, string, chan heard) {
	t.Helper()
	got := make(chan heard, 10)
	shop := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		raw, _ := io.ReadAll(r.Body)
		got <- heard{r.Header.Get("X-Hub-Signature-256") == standin.Sign("s", raw), string(raw)}
	}))
	t.Cleanup(shop.Close)
	s := standin.New(standin.Config{AccessToken: "t", AppSecret: "s", PhoneNumberID: "7", Silent: true})
	s.SetWebhook(shop.URL)
	api := httptest.NewServer(s.Handler())
	t.Cleanup(api.Close)
	return s, api.URL, got
}

func send(t *testing.T, address, token, body string) (int, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, address, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+token)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(raw)
}

func TestItRefusesWhatMetaRefuses(t *testing.T) {
	s, base, _ := start(t)
	const head = `{"messaging_product":"whatsapp","recipient_type":"individual","to":"+15550001",`
	for name, c := range map[string]struct {
		token, number, body string
		want                int
	}{
		"a good text":      {"t", "7", head + `"type":"text","text":{"body":"hi"}}`, 200},
		"a wrong token":    {"x", "7", head + `"type":"text","text":{"body":"hi"}}`, 401},
		"a wrong number":   {"t", "8", head + `"type":"text","text":{"body":"hi"}}`, 400},
		"an empty text":    {"t", "7", head + `"type":"text","text":{"body":""}}`, 400},
		"no plus":          {"t", "7", strings.Replace(head, "+", "", 1) + `"type":"text","text":{"body":"hi"}}`, 400},
		"a long title":     {"t", "7", head + `"type":"interactive","interactive":{"type":"button","body":{"text":"x"},"action":{"buttons":[{"type":"reply","reply":{"id":"1","title":"one two three four five"}}]}}}`, 400},
		"two of the same":  {"t", "7", head + `"type":"interactive","interactive":{"type":"button","body":{"text":"x"},"action":{"buttons":[{"type":"reply","reply":{"id":"1","title":"a"}},{"type":"reply","reply":{"id":"2","title":"a"}}]}}}`, 400},
		"a link":           {"t", "7", head + `"type":"interactive","interactive":{"type":"cta_url","body":{"text":"x"},"action":{"name":"cta_url","parameters":{"display_text":"Pay","url":"https://x.example"}}}}`, 200},
		"something else":   {"t", "7", head + `"type":"pigeon"}`, 400},
		"no JSON":          {"t", "7", "{", 400},
		"an empty list":    {"t", "7", head + `"type":"interactive","interactive":{"type":"list","body":{"text":"x"},"action":{"button":"b","sections":[]}}}`, 400},
		"a read mark":      {"t", "7", `{"messaging_product":"whatsapp","status":"read","message_id":"wamid.1"}`, 200},
		"a catalog's card": {"t", "7", head + `"type":"interactive","interactive":{"type":"product","body":{"text":"x"},"action":{"product_retailer_id":"A"}}}`, 400},
	} {
		if got, body := send(t, base+"/v23.0/"+c.number+"/messages", c.token, c.body); got != c.want {
			t.Errorf("%s: %d %s", name, got, body)
		}
	}
	if len(s.Sent("15550001")) != 2 || len(s.Reads()) != 1 {
		t.Errorf("%+v", s.Sent(""))
	}
}

func TestThePageTalksAsACustomer(t *testing.T) {
	s, base, got := start(t)
	resp, err := http.PostForm(base+"/talk", url.Values{"from": {"15559998888"}, "text": {"hello <b>"}})
	if err != nil {
		t.Fatal(err)
	}
	page, _ := io.ReadAll(resp.Body)
	_ = resp.Body.Close()
	h := <-got
	if !h.signed || !strings.Contains(h.body, "15559998888") || !json.Valid([]byte(h.body)) {
		t.Errorf("%+v", h)
	}
	if !strings.Contains(string(page), "hello &lt;b&gt;") {
		t.Errorf("%s", page)
	}
	if code, body := send(t, base+"/v23.0/7/messages", "t", `{"messaging_product":"whatsapp","to":"+15559998888","type":"interactive",
		"interactive":{"type":"button","body":{"text":"which?"},"action":{"buttons":[{"type":"reply","reply":{"id":"tap:1","title":"This one"}}]}}}`); code != 200 {
		t.Fatal(body)
	}
	resp, err = http.Get(base + "/talk?from=15559998888")
	if err != nil {
		t.Fatal(err)
	}
	page, _ = io.ReadAll(resp.Body)
	_ = resp.Body.Close()
	if !strings.Contains(string(page), "This one") || !strings.Contains(string(page), "tap:1") {
		t.Errorf("%s", page)
	}
	if code, body := send(t, base+"/standin/say", "", `{"from":"15559998888","tap":"tap:1","text":"This one"}`); code != 200 {
		t.Fatal(body)
	}
	if h := <-got; !strings.Contains(h.body, "button_reply") || !h.signed {
		t.Errorf("%+v", h)
	}
	if s.Post(t.Context(), []byte("{}")) != nil || !(<-got).signed {
		t.Error("a raw body was not signed")
	}
}
