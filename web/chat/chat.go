// Package chat is the web chat: its REST, its stream of events, its page and the widget for merchants' own pages.
package chat

import (
	"html/template"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"sotto.chat/channels"
	"sotto.chat/inbox"
	"sotto.chat/internal/database"
	"sotto.chat/internal/live"
	"sotto.chat/merchants"
	"sotto.chat/orders"
	"sotto.chat/privacy"
	"sotto.chat/web/assets"
	"sotto.chat/web/door"
)

// Deps is what the chat leads to.
type Deps struct {
	DB        *database.DB
	Keys      *privacy.Keys
	Merchants *merchants.Register
	Channels  *channels.Channels
	Inbox     *inbox.Inbox
	Orders    *orders.Orders
	Hub       *live.Hub
	PublicURL string
	Log       *slog.Logger

	// Limits are against floods; the zero value means the usual ones.
	Limits Limits
}

// Limits says how many messages are taken: on average in a second, and at once.
type Limits struct {
	VisitorRate  float64
	VisitorBurst int
	AddressRate  float64
	AddressBurst int
}

func (l Limits) orUsual() Limits {
	if l == (Limits{}) {
		return Limits{VisitorRate: 5, VisitorBurst: 60, AddressRate: 200, AddressBurst: 1000}
	}
	return l
}

// Times that shape the stream and the answer to a message.
const (
	patience  = 2 * time.Second  // how long a POST waits for the bot's turn
	pollEvery = 2 * time.Second  // a stream looks by itself, for nudges may be lost
	pingEvery = 15 * time.Second // keeps proxies from cutting a quiet stream
	streamFor = 15 * time.Minute // then the page connects anew
)

type chat struct {
	Deps
	tokens    tokens
	csrf      *http.CrossOriginProtection
	visitors  *door.Limiter
	addresses *door.Limiter
	reads     *door.Limiter
	secure    bool
	template  *template.Template
	streams   chan struct{}
}

// Mount adds the routes below /chat/{merchant}, /widget.js, and the files that all pages share.
func Mount(r gin.IRouter, d Deps) {
	if d.Log == nil {
		d.Log = slog.New(slog.DiscardHandler)
	}
	l := d.Limits.orUsual()
	h := &chat{Deps: d, tokens: tokens{d.Keys.Derive("web chat visitors")}, csrf: http.NewCrossOriginProtection(),
		visitors: door.NewLimiter(l.VisitorRate, l.VisitorBurst), addresses: door.NewLimiter(l.AddressRate, l.AddressBurst),
		reads: door.NewLimiter(4*l.AddressRate, 4*l.AddressBurst), secure: strings.HasPrefix(d.PublicURL, "https:"),
		template: parse(), streams: make(chan struct{}, 10_000)}
	byAddress := func(c *gin.Context) string { return c.ClientIP() }
	g := r.Group("/chat/:merchant", anyOrigin)
	preflight := func(c *gin.Context) { c.Status(http.StatusNoContent) }
	for _, path := range []string{"/messages", "/stream", "/cart"} {
		g.OPTIONS(path, preflight)
	}
	g.POST("/messages", door.Limited(h.addresses, byAddress), door.Capped(64<<10), h.say)
	g.GET("/messages", door.Limited(h.reads, byAddress), h.read)
	g.GET("/stream", door.Limited(h.reads, byAddress), h.stream)
	g.GET("/cart", door.Limited(h.reads, byAddress), h.cart)
	assets.Mount(r)
	r.GET("/chat/:merchant", door.Limited(h.reads, byAddress), h.page)
	r.HEAD("/chat/:merchant", h.page)
	r.GET("/widget.js", func(c *gin.Context) { assets.Serve(c, "widget.js", "") })
}

// anyOrigin lets pages anywhere use the chat with a bearer. Cookies stay at home: no credentials are allowed.
func anyOrigin(c *gin.Context) {
	h := c.Writer.Header()
	h.Set("Access-Control-Allow-Origin", "*")
	h.Set("Access-Control-Allow-Methods", "GET, POST")
	h.Set("Access-Control-Allow-Headers", "Authorization, Content-Type, Idempotency-Key, Last-Event-ID")
	h.Set("Access-Control-Expose-Headers", "Retry-After, X-Request-Id")
	h.Set("Access-Control-Max-Age", "86400")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cache-Control", "no-store")
	c.Next()
}

func (h *chat) refuse(c *gin.Context, err error) {
	door.Write(c.Writer, c.Request, door.Of(h.Log, err))
	c.Abort()
}

// merchant finds the shop by the id or the short name in the address.
func (h *chat) merchant(c *gin.Context) (merchants.Merchant, bool) {
	m, err := h.Merchants.BySlug(c.Request.Context(), c.Param("merchant"))
	if err != nil {
		h.refuse(c, err)
	}
	return m, err == nil
}
