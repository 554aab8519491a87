package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

type demoCmd struct {
	Listen  string `default:"127.0.0.1:8080" help:"Address to serve on."`
	Data    string `type:"path" help:"Folder for its data; a folder demo under SOTTO_DATA by default. Started again there, it goes on."`
	Catalog string `type:"existingfile" help:"A catalog file of your own instead of the seeded one."`
	JSON    bool   `name:"json" help:"Print one line of JSON when ready."`
}

// demoLine is the line of --json; other people's scripts depend on it.
type demoLine struct {
	BaseURL    string                 `json:"base_url"`
	Merchant   string                 `json:"merchant"`
	APIKey     string                 `json:"api_key"`
	ChatURL    string                 `json:"chat_url"`
	ConsoleURL string                 `json:"console_url"`
	Stripe     demoStripe             `json:"stripe"`
	Channels   map[string]demoChannel `json:"channels"`
}

type demoStripe struct {
	WebhookURL    string `json:"webhook_url"`
	WebhookSecret string `json:"webhook_secret"`
}

type demoChannel struct {
	ID            string `json:"id"`
	WebhookURL    string `json:"webhook_url"`
	AppSecret     string `json:"app_secret,omitempty"`
	VerifyToken   string `json:"verify_token,omitempty"`
	PhoneNumberID string `json:"phone_number_id,omitempty"`
	WabaID        string `json:"waba_id,omitempty"`
	SecretToken   string `json:"secret_token,omitempty"`
	AppID         string `json:"app_id,omitempty"`
	AESKey        string `json:"encoding_aes_key,omitempty"`
	// PageURL is where a person writes as a customer, at the demo's own stand-in.
	PageURL string `json:"page_url,omitempty"`
}

// Run opens the shop and everything around it on the loopback address, until a signal.
func (c demoCmd) Run(ctx context.Context, s *settings) error {
	if c.Data == "" {
		c.Data = filepath.Join(s.DataDir, "demo")
	}
	if err := os.MkdirAll(c.Data, 0o700); err != nil {
		return err
	}
	l, err := net.Listen("tcp", c.Listen)
	if err != nil {
		return fmt.Errorf("--listen: %w", err)
	}
	s.DataDir, s.PublicURL, s.Listen, s.serving = c.Data, loopback(l), c.Listen, true
	memory, err := loadDemo(c.Data)
	if err != nil {
		return err
	}
	log := s.quietLogger()
	around, err := openAround(ctx, s, memory, log)
	if err != nil {
		return errors.Join(err, l.Close())
	}
	defer around.close()
	h, err := openHouse(ctx, s, log)
	if err != nil {
		return errors.Join(err, l.Close())
	}
	line, err := c.seed(ctx, h, memory)
	if err == nil {
		around.know(line)
		err = memory.save(c.Data)
	}
	server, serverErr := h.server(l)
	if err = errors.Join(err, serverErr); err != nil {
		return errors.Join(err, l.Close(), h.close())
	}
	go c.announce(ctx, line, around)
	return h.run(ctx, server)
}

// announce prints where everything is, once it answers.
func (c demoCmd) announce(ctx context.Context, line demoLine, around *around) {
	for ctx.Err() == nil {
		res, err := http.Get(line.BaseURL + "/readyz")
		if err == nil {
			_ = res.Body.Close()
			if res.StatusCode == http.StatusOK {
				break
			}
		}
		time.Sleep(20 * time.Millisecond)
	}
	around.start(ctx)
	if c.JSON {
		_ = json.NewEncoder(os.Stdout).Encode(line) // nobody reads if this fails
		return
	}
	fmt.Printf(`
  The shop is open.

  Chat      %s
  Console   %s
  API key   %s
  API docs  %s/docs
  WhatsApp  %s   (a stand-in: write as a customer)
  Telegram  %s   (a stand-in: write and pay as a customer)
  WeChat    %s   (a stand-in: write as a follower)
  Stripe    a sandbox: no real money

  Stop with Ctrl-C; started again, it goes on where it was.

`, line.ChatURL, line.ConsoleURL, line.APIKey, line.BaseURL, around.whatsappPage(), or(around.telegramURL, "another stand-in"), around.wechatPage())
}

// loopback is the address of a listener as a URL that works on this machine.
func loopback(l net.Listener) string {
	_, port, err := net.SplitHostPort(l.Addr().String())
	if err != nil {
		return "http://" + l.Addr().String()
	}
	return "http://127.0.0.1:" + port
}

// demoMemory is what the demo must know again when it is started on the same data. The secrets in it belong to the
// stand-ins alone.
type demoMemory struct {
	APIKey        string `json:"api_key"`
	StripeKey     string `json:"stripe_key"`
	StripeSecret  string `json:"stripe_secret"`
	AppSecret     string `json:"app_secret"`
	AccessToken   string `json:"access_token"`
	VerifyToken   string `json:"verify_token"`
	StripePort    int    `json:"stripe_port"`
	WhatsAppPort  int    `json:"whatsapp_port"`
	PhoneNumberID string `json:"phone_number_id"`
	WabaID        string `json:"waba_id"`
	TelegramPort  int    `json:"telegram_port"`
	TelegramID    string `json:"telegram_id"`
	BotToken      string `json:"bot_token"`
	BotSecret     string `json:"bot_secret"`
	BotProvider   string `json:"bot_provider"`

	WeChat demoWeChat `json:"wechat"`
}

func loadDemo(dir string) (*demoMemory, error) {
	m := &demoMemory{StripeKey: "sk_test_" + randomText(24), StripeSecret: "whsec_" + randomText(24), AppSecret: randomText(16), AccessToken: randomText(24),
		PhoneNumberID: "106540352242922", WabaID: "102290129340398",
		BotToken: "7000000001:" + randomText(16), BotSecret: randomText(24), BotProvider: "2051251535:TEST:" + randomText(8), WeChat: newDemoWeChat()}
	text, err := os.ReadFile(filepath.Join(dir, "demo.json"))
	if errors.Is(err, os.ErrNotExist) {
		return m, m.save(dir)
	}
	if err != nil {
		return nil, err
	}
	if err := json.Unmarshal(text, m); err != nil {
		return nil, fmt.Errorf("%s cannot be read; remove it and the demo makes new keys: %w", filepath.Join(dir, "demo.json"), err)
	}
	return m, nil
}

// save replaces the file as a whole, so that a crash leaves the old one or the new one.
func (m *demoMemory) save(dir string) error {
	text, err := json.MarshalIndent(m, "", "  ")
	if err != nil {
		return err
	}
	tmp := filepath.Join(dir, "demo.json.new")
	if err := os.WriteFile(tmp, text, 0o600); err != nil {
		return err
	}
	return os.Rename(tmp, filepath.Join(dir, "demo.json"))
}

// samePort listens on the port of last time, so that addresses that were handed out stay good; on another where it is taken.
func samePort(port *int) (net.Listener, error) {
	l, err := net.Listen("tcp", "127.0.0.1:"+strconv.Itoa(*port))
	if err != nil {
		if l, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
			return nil, err
		}
	}
	*port = l.Addr().(*net.TCPAddr).Port
	return l, nil
}

func splitList(s string) []string {
	var out []string
	for _, p := range strings.Split(s, ",") {
		if p = strings.TrimSpace(p); p != "" {
			out = append(out, p)
		}
	}
	return out
}
