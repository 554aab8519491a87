package chat_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"sotto.chat/internal/database"
	"sotto.chat/internal/testkit"
	"sotto.chat/web/chat"
)

// listen reads events until enough came, and gives them as "event id" lines.
func (c *client) listen(query string, enough func([]string) bool, header ...string) []string {
	c.t.Helper()
	ctx, cancel := context.WithTimeout(c.t.Context(), 30*time.Second)
	defer cancel()
	req, _ := http.NewRequestWithContext(ctx, "GET", c.shop.URL+c.path("/stream"+query), nil)
	req.Header.Set("Authorization", "Bearer "+c.token)
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		c.t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.Header.Get("Content-Type") != "text/event-stream" || resp.Header.Get("X-Accel-Buffering") != "no" {
		c.t.Errorf("the stream's header: %v", resp.Header)
	}
	var got []string
	var buf bytes.Buffer
	chunk := make([]byte, 4096)
	for !enough(got) {
		n, err := resp.Body.Read(chunk)
		if err != nil {
			c.t.Fatalf("the stream ended: %v after %q", err, got)
		}
		buf.Write(chunk[:n])
		for {
			head, rest, ok := strings.Cut(buf.String(), "\n\n")
			if !ok {
				break
			}
			buf.Reset()
			buf.WriteString(rest)
			if _, data, ok := strings.Cut(head, "event: message\ndata: "); ok {
				var m chat.Message
				if err := json.Unmarshal([]byte(data), &m); err != nil {
					c.t.Fatal(err)
				}
				got = append(got, fmt.Sprintf("%s: %s", m.From, m.Text))
			} else if strings.Contains(head, "event: ") {
				got = append(got, head)
			}
		}
	}
	return got
}

func TestStream(t *testing.T) {
	testkit.Both(t, func(t *testing.T, db *database.DB, clock *testkit.Clock) {
		c := open(t, db, clock, chat.Limits{})
		first := c.say("hello")
		got := c.listen("", func(l []string) bool { return len(l) >= 2 })
		if strings.Join(got, "|") != "customer: hello|bot: You said: hello" {
			t.Errorf("from the start: %q", got)
		}
		got = c.listen("", func(l []string) bool { return len(l) >= 1 }, "Last-Event-ID", first.Message.ID)
		if got[0] != "bot: You said: hello" {
			t.Errorf("after Last-Event-ID: %q", got)
		}
		last := c.ask("GET", c.path("/messages"), "").Data[1].ID
		go func() {
			req, _ := http.NewRequestWithContext(t.Context(), "POST", c.shop.URL+c.path("/messages"), strings.NewReader(`{"text":"live"}`))
			req.Header.Set("Authorization", "Bearer "+c.token)
			if resp, err := http.DefaultClient.Do(req); err == nil {
				_ = resp.Body.Close()
			}
		}()
		got = c.listen("?after="+last, func(l []string) bool { return strings.Contains(strings.Join(l, "|"), "bot: You said: live") })
		if got[0] != "customer: live" {
			t.Errorf("live: %q", got)
		}
		got = c.listen("?after=msg_unknown", func(l []string) bool { return len(l) >= 2 })
		if !strings.HasPrefix(got[0], "event: reset") {
			t.Errorf("after a forgotten message: %q", got)
		}
	})
}

// TestStreamOutlivesTimeouts: the server's limits for whole requests and answers must not cut a stream.
func TestStreamOutlivesTimeouts(t *testing.T) {
	db := testkit.Open(t, testkit.URL(t, database.SQLite), &testkit.Clock{})
	c := open(t, db, &testkit.Clock{}, chat.Limits{})
	server := httptest.NewUnstartedServer(c.shop.Router)
	server.Config.ReadTimeout, server.Config.WriteTimeout = 500*time.Millisecond, 500*time.Millisecond
	server.Start()
	t.Cleanup(server.Close)
	c.say("hello")
	home := c.shop.URL
	c.shop.URL = server.URL
	go func() {
		start := time.Now()
		testkit.Eventually(t, "the limits to pass", func() bool { return time.Since(start) > 1500*time.Millisecond })
		req, _ := http.NewRequestWithContext(t.Context(), "POST", home+c.path("/messages"), strings.NewReader(`{"text":"later"}`))
		req.Header.Set("Authorization", "Bearer "+c.token)
		if resp, err := http.DefaultClient.Do(req); err == nil {
			_ = resp.Body.Close()
		}
	}()
	got := c.listen("", func(l []string) bool { return strings.Contains(strings.Join(l, "|"), "You said: later") })
	if len(got) < 4 {
		t.Errorf("heard %q", got)
	}
}
