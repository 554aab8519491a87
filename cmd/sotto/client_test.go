package main

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"sotto.chat/web/talk"
)

// calling is a client that never follows redirects, so that each step of a payment is seen.
func calling() *http.Client {
	return &http.Client{Timeout: 30 * time.Second, Transport: &http.Transport{MaxIdleConnsPerHost: 64},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}

// answer is what came back from any door.
type answer struct {
	status int
	header http.Header
	body   []byte
}

// read decodes the body.
func (a answer) read(t testing.TB, into any) {
	t.Helper()
	if err := json.Unmarshal(a.body, into); err != nil {
		t.Fatalf("%v: status %d, body %.600s", err, a.status, a.body)
	}
}

// problem gives the code of a refusal, or nothing.
func (a answer) problem() string {
	var p struct {
		Code string `json:"code"`
	}
	if !strings.HasPrefix(a.header.Get("Content-Type"), "application/problem+json") || json.Unmarshal(a.body, &p) != nil {
		return ""
	}
	return p.Code
}

// send makes one call. body may be nil, bytes to send as they are, or anything else as JSON.
func send(c *http.Client, method, url string, body any, header map[string]string) (answer, error) {
	var in io.Reader
	switch b := body.(type) {
	case nil:
	case []byte:
		in = bytes.NewReader(b)
	default:
		raw, err := json.Marshal(b)
		if err != nil {
			return answer{}, err
		}
		in = bytes.NewReader(raw)
	}
	req, err := http.NewRequest(method, url, in)
	if err != nil {
		return answer{}, err
	}
	if in != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	for k, v := range header {
		req.Header.Set(k, v)
	}
	res, err := c.Do(req)
	if err != nil {
		return answer{}, err
	}
	defer func() { _ = res.Body.Close() }()
	raw, err := io.ReadAll(res.Body)
	return answer{res.StatusCode, res.Header, raw}, err
}

// shop is somebody's view of a running shop: the admin REST with a key, and the chat.
type shop struct {
	base, merchant, key string
	client              *http.Client
}

// ask calls the admin REST and does not mind how it ends.
func (s shop) ask(t testing.TB, method, path string, body any, header ...string) answer {
	t.Helper()
	h := map[string]string{"Authorization": "Bearer " + s.key}
	for i := 0; i+1 < len(header); i += 2 {
		h[header[i]] = header[i+1]
	}
	for {
		a, err := send(s.client, method, s.base+path, body, h)
		if err != nil {
			t.Fatal(err)
		}
		if a.status != http.StatusTooManyRequests {
			return a
		}
		<-time.After(time.Second) // long checks read more than a key may; the shop asks them to come again
	}
}

// do calls the admin REST, demands success and reads the answer.
func (s shop) do(t testing.TB, method, path string, body, into any, header ...string) {
	t.Helper()
	a := s.ask(t, method, path, body, header...)
	if a.status/100 != 2 {
		t.Fatalf("%s %s: %d %s", method, path, a.status, a.body)
	}
	if into != nil {
		a.read(t, into)
	}
}

// cash is money as the contract writes it.
type cash struct {
	Amount   int64  `json:"amount"`
	Currency string `json:"currency"`
}

// bought is an order as far as the tests look at it.
type bought struct {
	ID           string  `json:"id"`
	Number       string  `json:"number"`
	Status       string  `json:"status"`
	Total        cash    `json:"total"`
	Conversation *string `json:"conversation"`
	PayURL       *string `json:"pay_url"`
	Customer     string  `json:"customer"`
	Payments     []struct {
		ID     string `json:"id"`
		Status string `json:"status"`
		Amount cash   `json:"amount"`
	} `json:"payments"`
	Lines []struct {
		SKU      string `json:"sku"`
		Quantity int64  `json:"quantity"`
	} `json:"lines"`
}

// every reads all pages of a list.
func every[T any](t testing.TB, s shop, path string) []T {
	t.Helper()
	var all []T
	mark := "?"
	if strings.Contains(path, "?") {
		mark = "&"
	}
	for after := ""; ; {
		var page struct {
			Data []T     `json:"data"`
			Next *string `json:"next"`
		}
		s.do(t, http.MethodGet, path+mark+"limit=100&after="+after, nil, &page)
		all = append(all, page.Data...)
		if page.Next == nil {
			return all
		}
		after = *page.Next
	}
}

// visitor is one customer in the web chat.
type visitor struct {
	shop     shop
	language string
	token    string
}

func (s shop) visitor(language string) *visitor { return &visitor{shop: s, language: language} }

func (v *visitor) header() map[string]string {
	h := map[string]string{"Accept-Language": cmp.Or(v.language, "en")}
	if v.token != "" {
		h["Authorization"] = "Bearer " + v.token
	}
	return h
}

func (v *visitor) url() string { return v.shop.base + "/chat/" + v.shop.merchant + "/messages" }

// post sends words, or a tap after "tap:", and remembers who we are. An Idempotency-Key makes a repetition safe.
func (v *visitor) post(text, key string) (message string, err error) {
	body := map[string]string{"text": text}
	if tap, ok := strings.CutPrefix(text, "tap:"); ok {
		body = map[string]string{"tap": tap}
	}
	h := v.header()
	if key != "" {
		h["Idempotency-Key"] = key
	}
	a, err := send(v.shop.client, http.MethodPost, v.url(), body, h)
	if err != nil {
		return "", err
	}
	var said struct {
		Message talk.Message `json:"message"`
		Visitor string       `json:"visitor"`
	}
	if a.status != http.StatusOK {
		return "", fmt.Errorf("the chat answered %d %s", a.status, a.body)
	}
	if err := json.Unmarshal(a.body, &said); err != nil {
		return "", err
	}
	v.token = said.Visitor
	return said.Message.ID, nil
}

// talk reads the talk after a message, or from its start.
func (v *visitor) talk(after string) ([]talk.Message, error) {
	url := v.url()
	if after != "" {
		url += "?after=" + after
	}
	a, err := send(v.shop.client, http.MethodGet, url, nil, v.header())
	if err != nil {
		return nil, err
	}
	if a.status != http.StatusOK {
		return nil, fmt.Errorf("the chat answered %d %s", a.status, a.body)
	}
	var page struct {
		Data []talk.Message `json:"data"`
	}
	return page.Data, json.Unmarshal(a.body, &page)
}

// says sends a message and gives what the bot answers to it.
func (v *visitor) says(t testing.TB, text string) talk.Message {
	t.Helper()
	id, err := v.post(text, "")
	if err != nil {
		t.Fatal(err)
	}
	var said talk.Message
	waits(t, "an answer to "+text, func() bool {
		list, err := v.talk(id)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range list {
			if m.From == "bot" {
				said = m
				return true
			}
		}
		return false
	})
	return said
}

// hears waits until the bot has said some words and gives that message.
func (v *visitor) hears(t testing.TB, words string) talk.Message {
	t.Helper()
	var found talk.Message
	waits(t, "the bot says "+words, func() bool {
		list := v.bot(t, words)
		if len(list) > 0 {
			found = list[0]
		}
		return len(list) > 0
	})
	return found
}

// bot gives all messages of the bot that hold some words.
func (v *visitor) bot(t testing.TB, words string) (found []talk.Message) {
	t.Helper()
	list, err := v.talk("")
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range list {
		if m.From == "bot" && strings.Contains(m.Text, words) {
			found = append(found, m)
		}
	}
	return found
}

// pace is how often the tests look again: a look is a call to a busy server.
const pace = 60 * time.Millisecond

// waits looks at a fact at a gentle pace until it is so. Unlike testkit.Eventually it spares the server that it asks.
func waits(t testing.TB, what string, ok func() bool) {
	t.Helper()
	if !waited(90*time.Second, ok) {
		t.Fatalf("waited in vain: %s", what)
	}
}

func waited(most time.Duration, ok func() bool) bool {
	look, end := time.NewTicker(pace), time.After(most)
	defer look.Stop()
	for !ok() {
		select {
		case <-look.C:
		case <-end:
			return false
		}
	}
	return true
}
