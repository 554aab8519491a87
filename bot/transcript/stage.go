package transcript

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"sync/atomic"
	"time"

	"sotto.chat/bot"
	"sotto.chat/bot/words"
	"sotto.chat/catalog"
	"sotto.chat/channels"
	"sotto.chat/customers"
	"sotto.chat/inbox"
	"sotto.chat/internal/database"
	"sotto.chat/internal/jobs"
	"sotto.chat/internal/live"
	"sotto.chat/lessons"
	"sotto.chat/merchants"
	"sotto.chat/orders"
	"sotto.chat/payments"
	"sotto.chat/payments/byhand"
	"sotto.chat/payments/sandbox"
	"sotto.chat/privacy"
)

// What the pretended bank goes by; it knows no other money.
const (
	bankKey    = "sk_test_stage"
	hookSecret = "whsec_stage"
)

// Props are what a stage is built with. The database must be empty of others' shops: a script moves its clock.
type Props struct {
	DB      *database.DB
	Advance func(time.Duration) // moves the clock of DB
	Log     *slog.Logger
	Master  []byte
	// Embedded and Model read messages; without them the embedded understander reads alone.
	Embedded, Model bot.Understander
}

// Stage is a shop with every room that an answer needs, real ones, and pretended money behind it.
type Stage struct {
	Props
	Desk     *jobs.Desk
	Catalog  *catalog.Catalog
	People   *customers.People
	Payments *payments.Payments
	Orders   *orders.Orders
	Channels *channels.Channels
	Inbox    *inbox.Inbox
	Bot      *bot.Bot
	Lessons  *lessons.Lessons
	Bank     *sandbox.Sandbox
	Merchant merchants.Merchant

	// Visitor is who talks; Conversation is where, once something was said.
	Visitor, Conversation string

	keys     *privacy.Keys
	register *merchants.Register
	voice    words.Voice
	sent     atomic.Int64
	started  bool
	bank     *bank
}

// Open builds a stage and opens the shop on it. Close it in the end.
func Open(ctx context.Context, p Props, shop Shop) (*Stage, error) {
	return build(ctx, p, func(s *Stage) error {
		m, _, err := s.register.Create(ctx, shop.NewMerchant)
		if err != nil {
			return err
		}
		s.Merchant = m
		report, err := s.Catalog.Import(ctx, m.ID, shop.Goods, false, nil)
		if err == nil && len(report.Problems) > 0 {
			err = fmt.Errorf("the catalog cannot be put on the stage: %s (and %d more)", report.Problems[0], len(report.Problems)-1)
		}
		if err != nil || !shop.Cash && !shop.Transfer {
			return err
		}
		return s.takeByHand(ctx, shop)
	})
}

// transferDays is how long a pretended bank transfer may take.
const transferDays = 4

// takeByHand has the shop be paid by hand, too.
func (s *Stage) takeByHand(ctx context.Context, shop Shop) error {
	terms := byhand.Terms{Cash: shop.Cash, Bank: shop.Transfer}
	if shop.Transfer {
		terms.BankDetails, terms.BankDays = "IBAN GB33 BUKB 2020 1555 5555 55", transferDays
	}
	return s.DB.InTx(ctx, func(tx database.Tx) error { return s.Payments.SetTerms(tx, s.Merchant.ID, terms) })
}

// enter builds a stage over a database that holds the shop already.
func enter(ctx context.Context, p Props, merchant string) (*Stage, error) {
	return build(ctx, p, func(s *Stage) (err error) {
		s.Merchant, err = s.register.Get(ctx, merchant)
		return err
	})
}

func build(ctx context.Context, p Props, furnish func(*Stage) error) (s *Stage, err error) {
	if p.Embedded == nil {
		p.Embedded = bot.Embedded{}
	}
	s = &Stage{Props: p, Visitor: "visitor-1"}
	defer func() {
		if err != nil {
			s.Close()
		}
	}()
	keys, err := privacy.New(p.DB, p.Master)
	if err != nil {
		return nil, err
	}
	if s.bank, err = openBank(p, s.hear); err != nil {
		return nil, err
	}
	s.Bank = s.bank.sandbox
	if err := s.wire(keys); err != nil {
		return nil, err
	}
	if err := s.Desk.Open(ctx); err != nil {
		return nil, err
	}
	if err := furnish(s); err != nil {
		return nil, err
	}
	book, err := words.Open()
	if err != nil {
		return nil, err
	}
	s.voice = book.Voice(s.Merchant.Country, false, s.Merchant.Language)
	return s, nil
}

// wire makes the rooms, as the program does.
func (s *Stage) wire(keys *privacy.Keys) (err error) {
	s.keys, s.register = keys, merchants.New(s.DB, keys)
	s.Desk = jobs.New(s.DB, s.Log)
	s.Catalog, s.People = catalog.New(s.DB, s.Desk), customers.New(s.DB, keys)
	s.Payments = payments.New(s.DB, s.register, s.Desk, payments.Config{StripeURL: s.bank.url, PlatformKey: bankKey, PlatformSecrets: []string{hookSecret},
		PublicURL: "http://127.0.0.1:1", LinkKey: keys.Derive("pay-links"), Log: s.Log})
	s.Orders = orders.New(s.DB, s.Catalog, s.People, s.Payments, s.Desk, func(merchant string, into *orders.Terms) database.Ask {
		return merchants.Asking(merchant, func(c merchants.Conditions) { *into = orders.Terms(c) })
	})
	s.Channels = channels.New(s.DB, s.register, keys, s.Desk, nil, channels.Config{Log: s.Log})
	s.Inbox = inbox.New(s.DB, s.Channels, s.People, s.register, keys, s.Desk, live.New(s.DB, s.Log))
	s.Bot, err = bot.New(s.DB, s.Inbox, s.Orders, s.Catalog, s.People, s.Desk, func(ctx context.Context, merchant string) (bot.Shop, error) {
		m, err := s.register.Get(ctx, merchant)
		return bot.Shop{Name: m.Name, Currency: m.Currency, Country: m.Country, Language: m.Language, Formal: m.Settings.Formal,
			Pickup: m.Settings.Pickup, Delivery: m.Settings.Delivery, Model: m.Settings.LLM, Wording: m.Settings.LLMWording, Shadow: m.Settings.LLMShadow}, err
	}, s.Embedded, s.Model, s.Log)
	if err == nil {
		s.Lessons = lessons.New(s.DB, keys, s.Catalog, s.Inbox, s.Desk)
		s.Bot.Learn(s.Lessons)
	}
	return err
}

// Keys are what seals everything on the stage.
func (s *Stage) Keys() *privacy.Keys { return s.keys }

// Work starts the job queue, which money and time need.
func (s *Stage) Work(ctx context.Context) error {
	if s.started {
		return nil
	}
	s.started = true
	return s.Desk.Start(ctx)
}

// Close ends the work and the bank; the database stays.
func (s *Stage) Close() {
	if s.started {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		if err := s.Desk.Stop(ctx); err != nil {
			s.Log.Warn("the work on a stage did not end", "error", err)
		}
		s.started = false
	}
	if s.bank != nil {
		s.bank.close()
		s.bank = nil
	}
}

// hear is the door at which the bank's webhooks arrive.
func (s *Stage) hear(ctx context.Context, raw []byte, signature string) error {
	return s.Payments.ReceiveStripe(ctx, "", raw, signature)
}

// bank is the pretended bank behind a stage, reachable on the loopback address alone.
type bank struct {
	sandbox *sandbox.Sandbox
	url     string
	servers []*http.Server
	stop    context.CancelFunc
	done    chan struct{}
}

func openBank(p Props, hear func(ctx context.Context, raw []byte, signature string) error) (*bank, error) {
	b := &bank{done: make(chan struct{})}
	ctx, stop := context.WithCancel(context.Background())
	b.stop = stop
	door, err := b.serve(ctx, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		raw, err := io.ReadAll(io.LimitReader(r.Body, 1<<20))
		if err == nil {
			err = hear(r.Context(), raw, r.Header.Get("Stripe-Signature"))
		}
		if err != nil {
			w.WriteHeader(http.StatusBadRequest)
		}
	}))
	if err != nil {
		stop()
		return nil, err
	}
	b.sandbox, err = sandbox.New(sandbox.Config{SecretKey: bankKey, BaseURL: func() string { return b.url }, Now: p.DB.Now,
		Webhooks: []sandbox.Endpoint{{URL: door, Secret: hookSecret}}, Retry: []time.Duration{10 * time.Millisecond}})
	if err == nil {
		b.url, err = b.serve(ctx, b.sandbox.Handler())
	}
	if err != nil {
		close(b.done)
		b.close()
		return nil, err
	}
	go func() { b.sandbox.Run(ctx); close(b.done) }()
	return b, nil
}

// serve opens a door on the loopback address.
func (b *bank) serve(ctx context.Context, h http.Handler) (url string, err error) {
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	server := &http.Server{Handler: h, ReadHeaderTimeout: 10 * time.Second}
	b.servers = append(b.servers, server)
	go func() {
		if err := server.Serve(l); err != nil && !errors.Is(err, http.ErrServerClosed) {
			_ = l.Close() // whoever calls hears that nobody is there
		}
	}()
	return "http://" + l.Addr().String(), nil
}

func (b *bank) close() {
	b.stop()
	<-b.done
	for _, s := range b.servers {
		_ = s.Close() // pretended money is lost with the stage
	}
	if b.sandbox != nil {
		_ = b.sandbox.Close()
	}
}
