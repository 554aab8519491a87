package main

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"strings"
	"time"

	"sotto.chat/bot"
	"sotto.chat/catalog"
	"sotto.chat/channels"
	"sotto.chat/cmd/sotto/tills"
	"sotto.chat/customers"
	"sotto.chat/inbox"
	"sotto.chat/internal/database"
	"sotto.chat/internal/jobs"
	"sotto.chat/internal/live"
	"sotto.chat/internal/metrics"
	"sotto.chat/internal/trace"
	"sotto.chat/merchants"
	"sotto.chat/migrations"
	"sotto.chat/orders"
	"sotto.chat/payments"
	"sotto.chat/payments/wechatpay"
	"sotto.chat/privacy"
	"sotto.chat/web/api"
	"sotto.chat/web/door"
	"sotto.chat/web/events"
)

// house is the wired program: every room, from the ground up.
type house struct {
	api.Rooms
	settings settings
	log      *slog.Logger
	desk     *jobs.Desk
	hub      *live.Hub
	metrics  *metrics.Metrics
	tracer   *trace.Tracer
	bot      *bot.Bot
	repeats  *door.Repeats
	tills    *tills.Desk
	wechat   *wechatpay.Pay
}

// openDatabase connects without migrating.
func openDatabase(ctx context.Context, s *settings) (*database.DB, error) {
	if err := s.check(); err != nil {
		return nil, err
	}
	return database.Open(ctx, s.databaseURL(), nil)
}

// openHouse connects, migrates and wires the rooms. Close it in the end.
func openHouse(ctx context.Context, s *settings, log *slog.Logger) (h *house, err error) {
	db, err := openDatabase(ctx, s)
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, db.Close())
		}
	}()
	if err := db.Migrate(ctx, migrations.Files); err != nil {
		return nil, err
	}
	master, err := s.master()
	if err != nil {
		return nil, err
	}
	h = &house{settings: *s, log: log, desk: jobs.New(db, log), hub: live.New(db, log)}
	if s.serving {
		h.desk.Named(workerName(s.Listen))
	}
	h.DB, h.Log, h.PublicURL, h.Version = db, log, s.publicURL(), version()
	if h.tracer, err = trace.Open(ctx, version()); err != nil {
		return nil, err
	}
	if err := h.wire(master); err != nil {
		return nil, err
	}
	if err := h.Keys.Fits(ctx); err != nil {
		return nil, err
	}
	return h, h.desk.Open(ctx)
}

// wire makes the rooms in the order of the picture in the README.
func (h *house) wire(master []byte) (err error) {
	if h.Keys, err = privacy.New(h.DB, master); err != nil {
		return err
	}
	h.metrics = metrics.New(h.Version, h.pending)
	h.desk.Observe(h.metrics.Work)
	h.Merchants = merchants.New(h.DB, h.Keys)
	h.Customers = customers.New(h.DB, h.Keys)
	h.Catalog = catalog.New(h.DB, h.desk)
	h.Payments = payments.New(h.DB, h.Merchants, h.desk, payments.Config{StripeURL: h.settings.StripeURL, PlatformKey: strings.Join(splitList(h.settings.StripeKey), " "),
		PlatformSecrets: splitList(h.settings.StripeSecrets), PublicURL: h.PublicURL, LinkKey: h.Keys.Derive("pay-links"), Keys: h.Keys, Log: h.log})
	platforms := h.platforms()
	h.Channels = channels.New(h.DB, h.Merchants, h.Keys, h.desk, platforms, channels.Config{Log: h.log, Money: h.tills.Hear, Ready: h.tills.MayPay,
		HookURL: h.hookURL})
	h.connectTills()
	h.Inbox = inbox.New(h.DB, h.Channels, h.Customers, h.Merchants, h.Keys, h.desk, h.hub)
	h.Orders = orders.New(h.DB, h.Catalog, h.Customers, h.Payments, h.desk, terms)
	h.repeats = &door.Repeats{DB: h.DB, Keys: h.Keys, Log: h.log}
	h.desk.Every("web.repeats", time.Hour, h.repeats.Sweep)
	h.Events = events.New(h.DB, h.Keys, h.desk, h.callOut(), h.local(), h.log)
	h.bot, err = h.newBot()
	return err
}

// workerName is the same after a restart and no other process's: only one can listen there.
func workerName(listen string) string {
	host, err := os.Hostname()
	if err != nil {
		host = "host"
	}
	return host + "_" + strings.NewReplacer(":", "_", ".", "_", "[", "", "]", "").Replace(listen)
}
