// Package web is every route: admin REST, webhooks, web chat, pay page, console, documentation and the operator's doors.
package web

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"sotto.chat/channels"
	"sotto.chat/customers"
	"sotto.chat/internal/database"
	"sotto.chat/internal/live"
	"sotto.chat/internal/metrics"
	"sotto.chat/internal/trace"
	"sotto.chat/orders"
	"sotto.chat/payments"
	"sotto.chat/payments/wechatpay"
	"sotto.chat/web/api"
	"sotto.chat/web/chat"
	"sotto.chat/web/console"
	"sotto.chat/web/docs"
	"sotto.chat/web/door"
	"sotto.chat/web/pay"
)

// Config is what the doors need beside the rooms.
type Config struct {
	api.Rooms
	Hub     *live.Hub
	Metrics *metrics.Metrics
	Tracer  *trace.Tracer
	Repeats *door.Repeats
	// WeChat takes money by WeChat Pay; nil where nobody can.
	WeChat *wechatpay.Pay
	// PayOrigins are the origins that the pay page's form may lead to: Stripe's, or the sandbox's.
	PayOrigins []string
	// TrustedProxies are addresses whose X-Forwarded-For is believed.
	TrustedProxies []string
	// Ready tells what keeps this replica from serving, nil when nothing does.
	Ready func(context.Context) error
}

// largest is the largest body of any door.
const largest = 64 << 20

// slowest is how long any request may take to arrive; streams set their own deadlines.
const slowest = 30 * time.Second

// New builds the server's handler.
func New(cfg Config) (http.Handler, error) {
	gin.SetMode(gin.ReleaseMode)
	r := gin.New()
	r.HandleMethodNotAllowed = true
	r.ContextWithFallback = true
	if err := r.SetTrustedProxies(cfg.TrustedProxies); err != nil {
		return nil, err
	}
	r.Use(door.RequestIDs, door.Traced(cfg.Tracer), door.Logged(cfg.Log, cfg.Metrics.Request), door.Recovered(cfg.Log), hardened, door.Readable, door.Capped(largest))
	r.NoRoute(func(c *gin.Context) {
		door.Write(c.Writer, c.Request, door.Plain(http.StatusNotFound, "There is nothing at this address."))
	})
	r.NoMethod(func(c *gin.Context) {
		door.Write(c.Writer, c.Request, door.Plain(http.StatusMethodNotAllowed, "This address does not know that method."))
	})
	operator(r, cfg)
	hooks(r, cfg)

	guards := []gin.HandlerFunc{
		door.Limited(door.NewLimiter(200, 400), func(c *gin.Context) string { return c.ClientIP() }),
		door.Keyed(cfg.Log, cfg.Merchants),
		door.Limited(door.NewLimiter(100, 200), func(c *gin.Context) string { return door.Actor(c.Request.Context()).KeyID }),
		cfg.Repeats.Handle,
	}
	description := api.Mount(r, guards, cfg.Rooms)
	docs.Mount(r, description)
	pictures(r, cfg)
	chat.Mount(r, chat.Deps{DB: cfg.DB, Channels: cfg.Channels, Inbox: cfg.Inbox, Merchants: cfg.Merchants, Orders: cfg.Orders, Keys: cfg.Keys, Hub: cfg.Hub, PublicURL: cfg.PublicURL, Log: cfg.Log})
	pay.Mount(r, pay.Deps{Payments: cfg.Payments, Orders: cfg.Orders, PublicURL: cfg.PublicURL, CheckoutOrigins: cfg.PayOrigins, ByHand: byHand(cfg), Consent: consent(cfg), WeChat: cfg.WeChat, OpenID: openID(cfg), WebChat: webChat(cfg), Now: cfg.DB.Now, Log: cfg.Log})
	console.Mount(r, console.Deps{DB: cfg.DB, Inbox: cfg.Inbox, Orders: cfg.Orders, Payments: cfg.Payments, Customers: cfg.Customers, Merchants: cfg.Merchants, Hub: cfg.Hub, Try: cfg.Try, Lessons: cfg.Lessons, Rehearsals: cfg.Rehearsals, Catalog: cfg.Catalog, Log: cfg.Log, PublicURL: cfg.PublicURL})
	return r, nil
}

// byHand has an order wait for cash or a bank transfer, as the customer chose on the pay page.
func byHand(cfg Config) func(ctx context.Context, merchant, payment, method string) error {
	return func(ctx context.Context, merchant, payment, method string) error {
		return cfg.DB.InTx(ctx, func(tx database.Tx) error {
			_, err := cfg.Orders.PayBy(tx, merchant, payment, method, orders.Deed{Actor: "customer"})
			return err
		})
	}
}

// webChat tells whether a conversation is in the shop's own chat.
func webChat(cfg Config) func(ctx context.Context, merchant, conversation string) (bool, error) {
	return func(ctx context.Context, merchant, conversation string) (bool, error) {
		c, err := cfg.Inbox.Get(ctx, merchant, conversation)
		return c.Platform == channels.Web, err
	}
}

// openID gives the name under which an app of WeChat's knows the customer of a payment: there is one where they order in that very app.
func openID(cfg Config) func(ctx context.Context, pay payments.Payment, app string) (string, error) {
	return func(ctx context.Context, pay payments.Payment, app string) (who string, err error) {
		ord, err := cfg.Orders.Get(ctx, pay.MerchantID, pay.OrderID)
		if err != nil || ord.ConversationID == "" || ord.CustomerID == "" {
			return "", err
		}
		talk, err := cfg.Inbox.Get(ctx, pay.MerchantID, ord.ConversationID)
		if err != nil {
			return "", err
		}
		ch, err := cfg.Channels.Get(ctx, pay.MerchantID, talk.ChannelID)
		if err != nil || ch.Platform != "wechat" || ch.Settings["app_id"] != app {
			return "", err
		}
		err = cfg.DB.InTx(ctx, func(tx database.Tx) error {
			names, err := cfg.Customers.Identities(tx, pay.MerchantID, ord.CustomerID)
			for _, n := range names {
				switch {
				case n.Kind != customers.OpenID:
				case who == "":
					who = n.Value
				default: // known in several apps: nobody can tell which name is this one's
					who = ""
					return err
				}
			}
			return err
		})
		return who, err
	}
}

// consent notes that a customer lets the payment provider know them again; whoever takes it back is forgotten there.
func consent(cfg Config) func(ctx context.Context, merchant, customer string, given bool) error {
	return func(ctx context.Context, merchant, customer string, given bool) error {
		return cfg.DB.InTx(ctx, func(tx database.Tx) error {
			if !given {
				if err := cfg.Payments.Forget(tx, merchant, customer); err != nil {
					return err
				}
			}
			_, err := cfg.Customers.RecordConsent(tx, merchant, customers.Consent{CustomerID: customer, Purpose: "saved_payment", Given: given, Source: "pay_page:v1"})
			return err
		})
	}
}

// hardened sets what every answer carries; pages set their own content policy.
func hardened(c *gin.Context) {
	h := c.Writer.Header()
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	if strings.HasPrefix(c.Request.URL.Path, "/v1/") {
		h.Set("Cache-Control", "no-store")
	}
	c.Next()
}

// Server is the listening server. It cuts requests that never finish.
type Server struct {
	*http.Server
	listener net.Listener
}

// NewServer readies the server on an open listener.
func NewServer(l net.Listener, h http.Handler, log *slog.Logger) *Server {
	return &Server{listener: l, Server: &http.Server{Handler: h, ReadHeaderTimeout: 10 * time.Second, ReadTimeout: slowest, WriteTimeout: 55 * time.Second,
		IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 32 << 10, ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelDebug)}}
}

// Run serves until ctx ends, then lets requests in hand finish for a while.
func (s *Server) Run(ctx context.Context, grace time.Duration) error {
	failed := make(chan error, 1)
	go func() { failed <- s.Serve(s.listener) }()
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
	}
	stop, cancel := context.WithTimeout(context.WithoutCancel(ctx), grace)
	defer cancel()
	if err := s.Shutdown(stop); err != nil {
		return s.Close() // streams stay open for ever; they reconnect elsewhere
	}
	if err := <-failed; !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}
