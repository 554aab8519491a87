// Package console is the staff's pages: orders, money and conversations, read-only, live, and made for the keyboard.
package console

import (
	"context"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/alexedwards/scs/v2"
	"github.com/gin-gonic/gin"

	"sotto.chat/catalog"
	"sotto.chat/customers"
	"sotto.chat/inbox"
	"sotto.chat/internal/database"
	"sotto.chat/internal/live"
	"sotto.chat/lessons"
	"sotto.chat/merchants"
	"sotto.chat/orders"
	"sotto.chat/payments"
	"sotto.chat/rehearsals"
	"sotto.chat/web/assets"
	"sotto.chat/web/door"
)

// Deps is what the console shows.
type Deps struct {
	DB        *database.DB
	Inbox     *inbox.Inbox
	Orders    *orders.Orders
	Customers *customers.People
	Merchants *merchants.Register
	// Payments makes the report of money; without it that page is not there.
	Payments *payments.Payments
	Hub      *live.Hub
	// Rehearsals are the nightly plays of written conversations; without them that page is not there.
	Rehearsals *rehearsals.Rehearsals
	// Lessons are what the bot could not read; Catalog is for saying what it meant. Without them that page is not there.
	Lessons *lessons.Lessons
	Catalog *catalog.Catalog
	// Try reads a message that staff typed; without it that page is not there.
	Try       func(ctx context.Context, merchant, text, locale, asked string) (lessons.Trial, error)
	PublicURL string
	Log       *slog.Logger
}

// How long somebody stays logged in.
const (
	idleLimit  = 4 * time.Hour
	wholeLimit = 24 * time.Hour
)

type console struct {
	Deps
	sessions *scs.SessionManager
	store    store
	csrf     *http.CrossOriginProtection
	logins   *door.Limiter
}

// Mount adds the pages below /console.
func Mount(r gin.IRouter, d Deps) {
	if d.Log == nil {
		d.Log = slog.New(slog.DiscardHandler)
	}
	h := &console{Deps: d, store: store{d.DB}, csrf: http.NewCrossOriginProtection(), logins: door.NewLimiter(0.2, 10)}
	h.sessions = scs.New()
	h.sessions.Store, h.sessions.Lifetime, h.sessions.IdleTimeout = h.store, wholeLimit, idleLimit
	h.sessions.Cookie = scs.SessionCookie{Name: "sotto_console", Path: "/console", HttpOnly: true, SameSite: http.SameSiteLaxMode,
		Secure: strings.HasPrefix(d.PublicURL, "https:"), Persist: true}
	flood := door.Limited(door.NewLimiter(100, 400), func(c *gin.Context) string { return c.ClientIP() })
	g := r.Group("/console", flood, door.Capped(16<<10))
	g.GET("/stream", h.stream) // before the session: what it loads must not be written back when the stream ends
	g.Use(h.open, h.ownSite)
	g.GET("/login", h.loginPage)
	g.POST("/login", h.login)
	g.POST("/logout", h.logout)
	in := g.Group("", h.staffOnly)
	in.GET("", func(c *gin.Context) { h.redirect(c, "/console/orders") })
	in.GET("/orders", h.may(merchants.OrdersRead), h.orders)
	in.GET("/orders/:id", h.may(merchants.OrdersRead), h.order)
	in.GET("/money", h.may(merchants.MoneyRead), h.money)
	in.GET("/try", h.may(merchants.CatalogRead), h.tryPage)
	in.POST("/try", h.may(merchants.CatalogRead), h.try)
	h.lessonsPages(in)
	h.disagreementPages(in)
	h.questionPages(in)
	h.rehearsalPages(in)
	in.GET("/conversations", h.may(merchants.TalkRead), h.conversations)
	in.GET("/conversations/:id", h.may(merchants.TalkRead), h.conversation)
}

// ownSite refuses what another site makes a browser send.
func (h *console) ownSite(c *gin.Context) {
	if h.csrf.Check(c.Request) != nil {
		h.stop(c, http.StatusForbidden, "This was sent by another site. Nothing was changed.")
	}
}

// staffOnly lets only those pass who are logged in with a key that is still good.
func (h *console) staffOnly(c *gin.Context) {
	actor, ok := h.actor(c.Request.Context())
	if !ok {
		to := "/console/login"
		if c.Request.URL.Path != "/console" {
			to += "?next=" + queryEscape(c.Request.URL.RequestURI())
		}
		h.redirect(c, to)
		c.Abort()
		return
	}
	c.Request = c.Request.WithContext(door.WithActor(c.Request.Context(), actor))
}

func (h *console) may(right merchants.Right) gin.HandlerFunc {
	return func(c *gin.Context) {
		if !door.Actor(c.Request.Context()).May(right) {
			h.stop(c, http.StatusForbidden, "Your key's role does not show this. Ask the shop's owner for another key.")
		}
	}
}

// shop is the merchant whose staff looks.
func (h *console) shop(c *gin.Context) (merchants.Merchant, bool) {
	m, err := h.Merchants.Get(c.Request.Context(), door.Actor(c.Request.Context()).MerchantID)
	if err != nil {
		h.fail(c, err)
	}
	return m, err == nil
}

// fail shows what went wrong.
func (h *console) fail(c *gin.Context, err error) {
	p := door.Of(h.Log, err)
	h.stop(c, p.Status, p.Detail)
}

// stop ends the request with one sentence.
func (h *console) stop(c *gin.Context, status int, sentence string) {
	h.write(c, status, "stop", view{Title: http.StatusText(status), Sentence: sentence})
	c.Abort()
}

// write sends a page, after the session is stored: a cookie must come before the body.
func (h *console) write(c *gin.Context, status int, name string, v view) {
	v.Page, v.Actor = name, door.Actor(c.Request.Context())
	body, err := v.render()
	if err == nil {
		err = h.keep(c)
	}
	if err != nil {
		door.Write(c.Writer, c.Request, door.Of(h.Log, err))
		return
	}
	assets.Secure(c.Writer.Header(), assets.Policy{Pictures: true})
	c.Header("X-Robots-Tag", "noindex")
	c.Data(status, "text/html; charset=utf-8", body)
}

func (h *console) redirect(c *gin.Context, to string) {
	if err := h.keep(c); err != nil {
		h.fail(c, err)
		return
	}
	c.Header("Cache-Control", "no-store")
	c.Redirect(http.StatusSeeOther, to)
}
