package main

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"path/filepath"
	"time"

	"sotto.chat/channels/standin"
	botapi "sotto.chat/channels/telegram/standin"
	"sotto.chat/payments/sandbox"
)

// around is what stands around the demo's shop instead of the world: Stripe's sandbox and stand-ins for the platforms. Where a
// setting names another address, that one is used and nothing is started.
type around struct {
	log      *slog.Logger
	sandbox  *sandbox.Sandbox
	whatsapp *standin.Server
	servers  []*http.Server
	pageURL  string

	telegramURL string
	wechat      wechatStandIn
	wechatURL   string
}

func openAround(ctx context.Context, s *settings, m *demoMemory, log *slog.Logger) (*around, error) {
	a := &around{log: log}
	if s.StripeURL == "" {
		l, err := samePort(&m.StripePort)
		if err != nil {
			return nil, err
		}
		url := loopback(l)
		a.sandbox, err = sandbox.New(sandbox.Config{Dir: filepath.Join(s.DataDir, "sandbox"), BaseURL: func() string { return url }, SecretKey: m.StripeKey,
			ShopName: "Café Sotto", Log: log, SettleAfter: 10 * time.Second})
		if err != nil {
			return nil, errors.Join(err, l.Close())
		}
		s.StripeURL, s.StripeKey, s.StripeSecrets = url, m.StripeKey, m.StripeSecret
		a.serve(l, a.sandbox.Handler())
	} else {
		// Another's stand-in for Stripe: it may know our key and our secret, or be told by the settings.
		s.StripeKey, s.StripeSecrets = or(s.StripeKey, m.StripeKey), or(s.StripeSecrets, m.StripeSecret)
	}
	if s.WhatsAppURL == "" {
		l, err := samePort(&m.WhatsAppPort)
		if err != nil {
			return nil, errors.Join(err, a.closeAll())
		}
		a.whatsapp = standin.New(standin.Config{AccessToken: m.AccessToken, AppSecret: m.AppSecret, PhoneNumberID: m.PhoneNumberID, Log: log})
		s.WhatsAppURL, a.pageURL = loopback(l), loopback(l)
		a.serve(l, a.whatsapp.Handler())
	}
	if s.TelegramURL == "" {
		l, err := samePort(&m.TelegramPort)
		if err != nil {
			return nil, errors.Join(err, a.closeAll())
		}
		bot := botapi.New(botapi.Config{BotToken: m.BotToken, ProviderToken: m.BotProvider, Log: log})
		s.TelegramURL, a.telegramURL = loopback(l), loopback(l)
		a.serve(l, bot.Handler())
	}
	if s.WeChatURL == "" || s.WeChatPayURL == "" {
		l, err := samePort(&m.WeChat.Port)
		if err == nil {
			a.wechat, err = openWeChat(&m.WeChat)
		}
		if err != nil {
			return nil, errors.Join(err, a.closeAll())
		}
		a.wechatURL = loopback(l)
		s.WeChatURL, s.WeChatPayURL = or(s.WeChatURL, a.wechatURL), or(s.WeChatPayURL, a.wechatURL)
		a.serve(l, a.wechat.handler())
	}
	return a, nil
}

func or(s, fallback string) string {
	if s != "" {
		return s
	}
	return fallback
}

func (a *around) serve(l net.Listener, h http.Handler) {
	srv := &http.Server{Handler: h, ReadHeaderTimeout: 10 * time.Second}
	a.servers = append(a.servers, srv)
	go func() {
		if err := srv.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			a.log.Error("a stand-in ended", "error", err)
		}
	}()
}

// know tells the stand-ins where the shop listens, and the line where they are.
func (a *around) know(line demoLine) {
	for name, page := range map[string]string{"whatsapp": a.pageURL, "telegram": a.telegramURL, "wechat": a.wechatTalk()} {
		if ch, ok := line.Channels[name]; ok && page != "" {
			ch.PageURL = page
			line.Channels[name] = ch
		}
	}
	if a.sandbox != nil {
		a.sandbox.SetWebhooks([]sandbox.Endpoint{{URL: line.Stripe.WebhookURL, Secret: line.Stripe.WebhookSecret}})
	}
	if a.whatsapp != nil {
		a.whatsapp.SetWebhook(line.Channels["whatsapp"].WebhookURL)
	}
	if a.wechat.account != nil {
		a.wechat.account.SetWebhook(line.Channels["wechat"].WebhookURL, line.Channels["wechat"].VerifyToken)
	}
}

// start lets the sandbox deliver webhooks, those of last time first.
func (a *around) start(ctx context.Context) {
	if a.sandbox != nil {
		go a.sandbox.Run(ctx)
	}
}

// wechatTalk is the page of a follower; empty where another stand-in is named.
func (a *around) wechatTalk() string {
	if a.wechatURL == "" {
		return ""
	}
	return a.wechatURL + "/talk"
}

func (a *around) wechatPage() string { return or(a.wechatTalk(), "another stand-in") }

func (a *around) whatsappPage() string { return or(a.pageURL, "another stand-in") }

func (a *around) closeAll() error {
	var err error
	for _, s := range a.servers {
		err = errors.Join(err, s.Close())
	}
	if a.sandbox != nil {
		err = errors.Join(err, a.sandbox.Close())
	}
	return err
}

func (a *around) close() {
	if err := a.closeAll(); err != nil {
		a.log.Warn("closing the stand-ins", "error", err)
	}
}
