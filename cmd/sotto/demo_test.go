package main

import (
	"encoding/json"
	"path/filepath"
	"testing"
	"time"

	"sotto.chat/internal/database"
	"sotto.chat/internal/testkit"
)

// demoInfo is a running demo, as its line of JSON tells about it.
type demoInfo struct {
	BaseURL, ChatURL, ConsoleURL   string
	Merchant, APIKey               string
	StripeWebhookURL, StripeSecret string
	// WhatsApp has id, webhook_url, app_secret, verify_token, phone_number_id and waba_id.
	WhatsApp map[string]string
	// WeChat has id, webhook_url, verify_token, app_id and encoding_aes_key.
	WeChat map[string]string

	// Dir is its data folder, DatabaseURL its database.
	Dir, DatabaseURL string
	process          *process
	listen           string
	env              []string
}

// startDemo starts sotto demo on fresh data on the loopback address and ends it with the test.
func startDemo(t testing.TB) demoInfo {
	t.Helper()
	return startDemoOn(t, database.SQLite)
}

// startDemoOn starts a demo on a fresh database of an engine. More settings may be given.
func startDemoOn(t testing.TB, engine string, more ...string) demoInfo {
	t.Helper()
	dir := t.TempDir()
	d := demoInfo{Dir: dir, DatabaseURL: "sqlite:" + filepath.Join(dir, "sotto.db"), listen: freePort(t), env: more}
	if engine == database.Postgres {
		d.DatabaseURL = testkit.URL(t, engine)
		d.env = append(d.env, "SOTTO_DATABASE_URL="+d.DatabaseURL)
	}
	return openDemo(t, d)
}

// again starts the demo anew on its data, after it was killed or has ended.
func (d demoInfo) again(t testing.TB) demoInfo {
	t.Helper()
	return openDemo(t, d)
}

func openDemo(t testing.TB, d demoInfo) demoInfo {
	t.Helper()
	d.process = start(t, append([]string{"SOTTO_DATA=" + d.Dir}, d.env...), "demo", "--data", d.Dir, "--listen", d.listen, "--json")
	type read struct {
		text string
		err  error
	}
	line := make(chan read, 1)
	go func() {
		text, err := d.process.lines.ReadString('\n')
		line <- read{text, err}
	}()
	var r read
	select {
	case r = <-line:
	case <-time.After(90 * time.Second):
		t.Fatal("the demo printed no line")
	}
	var out struct {
		BaseURL    string `json:"base_url"`
		Merchant   string `json:"merchant"`
		APIKey     string `json:"api_key"`
		ChatURL    string `json:"chat_url"`
		ConsoleURL string `json:"console_url"`
		Stripe     struct {
			URL    string `json:"webhook_url"`
			Secret string `json:"webhook_secret"`
		} `json:"stripe"`
		Channels map[string]map[string]string `json:"channels"`
	}
	if err := json.Unmarshal([]byte(r.text), &out); err != nil || r.err != nil {
		t.Fatalf("the demo's line %q: %v %v\n%s", r.text, err, r.err, d.process.log.String())
	}
	d.BaseURL, d.ChatURL, d.ConsoleURL, d.Merchant, d.APIKey = out.BaseURL, out.ChatURL, out.ConsoleURL, out.Merchant, out.APIKey
	d.StripeWebhookURL, d.StripeSecret, d.WhatsApp = out.Stripe.URL, out.Stripe.Secret, out.Channels["whatsapp"]
	d.WeChat = out.Channels["wechat"]
	return d
}

func (d demoInfo) shop() shop {
	return shop{base: d.BaseURL, merchant: d.Merchant, key: d.APIKey, client: calling()}
}

// settings are what a command beside the demo needs to reach the same data.
func (d demoInfo) settings() []string {
	return append([]string{"SOTTO_DATA=" + d.Dir, "SOTTO_DATABASE_URL=" + d.DatabaseURL}, d.env...)
}

// engines runs a test on both engines at once.
func engines(t *testing.T, f func(t *testing.T, engine string)) {
	t.Helper()
	for _, engine := range []string{database.SQLite, database.Postgres} {
		t.Run(engine, func(t *testing.T) {
			t.Parallel()
			f(t, engine)
		})
	}
}

// audit demands that the books of a shop agree, asked beside the working shop.
func audit(t testing.TB, settings []string) {
	t.Helper()
	out, problems, code := run(t, settings, "", "audit")
	if code != 0 {
		t.Errorf("sotto audit ended with %d:\n%s%s", code, out, problems)
	}
}
