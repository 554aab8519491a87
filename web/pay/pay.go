// Package pay is the pay page: it shows what is bought, from whom and for how much, and leads on to a way of paying.
package pay

import (
	"context"
	"embed"
	"errors"
	"log/slog"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"sotto.chat/internal/fault"
	"sotto.chat/orders"
	"sotto.chat/payments"
	"sotto.chat/payments/wechatpay"
	"sotto.chat/web/assets"
	"sotto.chat/web/door"
)

//go:embed page.html
var files embed.FS

// Deps is what the pay page leads to.
type Deps struct {
	Payments  *payments.Payments
	Orders    *orders.Orders // what the payments are for
	PublicURL string
	// CheckoutOrigins are where checkouts are hosted: browsers refuse to follow the button anywhere else.
	// Empty: Stripe's own.
	CheckoutOrigins []string
	// ByHand has a payment wait for cash or a bank transfer. Nil: these ways are not shown.
	ByHand func(ctx context.Context, merchant, payment, method string) error
	// Consent notes in the ledger of consents that a customer lets the provider know them again, or not any more. Nil: nobody is asked.
	Consent func(ctx context.Context, merchant, customer string, given bool) error
	// WeChat takes money by WeChat Pay; it may be nil.
	WeChat *wechatpay.Pay
	// OpenID gives the name under which an app of WeChat's knows who pays; empty where the shop was not told. It may be nil.
	OpenID func(ctx context.Context, pay payments.Payment, app string) (string, error)
	// WebChat tells whether a conversation is in the shop's own web chat, to which the page leads back. Nil: each is.
	WebChat func(ctx context.Context, merchant, conversation string) (bool, error)
	// Clicks bounds how often one link is asked for, Guesses how often one address asks for links that are none. Nil: a link is worth a
	// thousand clicks at once and twenty a second, a guess one a second.
	Clicks, Guesses *door.Limiter
	Now             func() time.Time
	Log             *slog.Logger
}

// stripeOrigin hosts Stripe's checkouts.
const stripeOrigin = "https://checkout.stripe.com"

// looks bounds how often the page after a payment asks again by itself.
const looks = 40

type pay struct{ Deps }

// Mount adds the pages below /pay/{token}. Only POST does anything: robots that preview links send GET and HEAD.
func Mount(r gin.IRouter, d Deps) {
	if d.Log == nil {
		d.Log = slog.New(slog.DiscardHandler)
	}
	if d.Now == nil {
		d.Now = time.Now
	}
	if len(d.CheckoutOrigins) == 0 {
		d.CheckoutOrigins = []string{stripeOrigin}
	}
	if d.WeChat != nil {
		d.CheckoutOrigins = append(slices.Clone(d.CheckoutOrigins), d.WeChat.Origins()...)
	}
	if d.Clicks == nil {
		d.Clicks = door.NewLimiter(20, 1500)
	}
	if d.Guesses == nil {
		d.Guesses = door.NewLimiter(1, 60)
	}
	p := &pay{d}
	g := r.Group("/pay", door.Limited(door.NewLimiter(100, 2000), func(c *gin.Context) string { return c.ClientIP() }), p.limited)
	g.GET("/:token", p.show)
	g.HEAD("/:token", p.show)
	g.POST("/:token", door.Capped(4<<10), p.act)
	g.GET("/:token/wechat", p.named)
	g.GET("/:token/done", p.done)
	g.HEAD("/:token/done", p.done)
}

// limited keeps one link from being asked for without end, from however many places.
func (p *pay) limited(c *gin.Context) {
	if after, ok := p.Clicks.Allow(c.Param("token")); !ok {
		p.slow(c, after)
		c.Abort()
		return
	}
	c.Next()
}

// slow asks people to wait, in words that they can read.
func (p *pay) slow(c *gin.Context, after int) {
	v := p.view(c, payments.Page{})
	v.State = "slow"
	c.Header("Retry-After", strconv.Itoa(max(after, 1)))
	p.write(c, http.StatusTooManyRequests, v)
}

// show is the page before the payment; with ?back=paid it is the one after it, where the checkout sends people.
func (p *pay) show(c *gin.Context) {
	if c.Query("back") == "paid" {
		p.done(c)
		return
	}
	page, err := p.Payments.ByToken(c.Request.Context(), c.Param("token"))
	if err != nil {
		p.fail(c, page, err)
		return
	}
	status := http.StatusOK
	if page.State == "expired" || page.State == "cancelled" {
		status = http.StatusGone
	}
	p.write(c, status, p.view(c, page))
}

// act sends the customer on along the way that the button names.
func (p *pay) act(c *gin.Context) {
	switch way := c.PostForm("way"); way {
	case payments.MethodCash, payments.MethodBank:
		p.byHand(c, way)
	case payments.MethodWeChat:
		p.wechat(c)
	case "forget":
		p.forget(c)
	default:
		p.checkout(c)
	}
}

// checkout sends the customer on to the one live session.
func (p *pay) checkout(c *gin.Context) {
	if err := p.remember(c); err != nil {
		p.failNow(c, err)
		return
	}
	url, err := p.Payments.Checkout(c.Request.Context(), c.Param("token"))
	if err != nil {
		p.failNow(c, err)
		return
	}
	p.leave(c, url)
}

func (p *pay) leave(c *gin.Context, url string) {
	c.Header("Cache-Control", "no-store")
	c.Header("Referrer-Policy", "no-referrer")
	c.Redirect(http.StatusSeeOther, url)
}

// done is where the checkout sends the customer back to. It says "paid" only when our own books say so, and looks
// again by itself until they do.
func (p *pay) done(c *gin.Context) {
	page, err := p.Payments.ByToken(c.Request.Context(), c.Param("token"))
	if err != nil {
		p.fail(c, page, err)
		return
	}
	v := p.view(c, page)
	v.Open, v.Told, v.Here = false, nil, v.Path+"/done"
	switch page.State {
	case "open", "processing":
		v.State = "confirming"
		if page.State == "processing" {
			v.State = "processing"
		}
		n, _ := strconv.Atoi(c.Query("look")) // anything else is the first look
		n = min(max(n, 0), looks)
		if v.Again = v.Path + "/done?look=" + strconv.Itoa(min(n+1, looks)); n < looks {
			c.Header("Refresh", "2; url="+v.Again)
		}
	case "paid":
		v.State = "thanks"
	}
	p.write(c, http.StatusOK, v)
}

// failNow is fail for a payment that is read again first: what it has become says why.
func (p *pay) failNow(c *gin.Context, err error) {
	page, readErr := p.Payments.ByToken(c.Request.Context(), c.Param("token"))
	if readErr != nil {
		err = readErr
	}
	p.fail(c, page, err)
}

// fail shows what went wrong, and what is safe.
func (p *pay) fail(c *gin.Context, page payments.Page, err error) {
	f, known := fault.Of(err)
	v := p.view(c, page)
	switch {
	case errors.Is(err, payments.ErrLinkDead):
		p.write(c, http.StatusConflict, v)
		return
	case known && f.Kind == fault.NotFound:
		if after, ok := p.Guesses.Allow(c.ClientIP()); !ok {
			p.slow(c, after)
			return
		}
		v.State = "unknown"
		p.write(c, http.StatusNotFound, v)
		return
	case known && page.Payment.ID != "":
		p.Log.WarnContext(c.Request.Context(), "no checkout", "error", err, "payment", page.Payment.ID)
		v.Trouble = true
		p.write(c, http.StatusBadGateway, v)
		return
	}
	p.Log.ErrorContext(c.Request.Context(), "the pay page failed", "error", err, "request_id", door.RequestID(c.Request.Context()))
	v.State = "trouble"
	p.write(c, http.StatusInternalServerError, v)
}

func (p *pay) write(c *gin.Context, status int, v view) {
	body, err := v.render()
	if err != nil {
		door.Write(c.Writer, c.Request, door.Of(p.Log, err))
		return
	}
	remember(c)
	h := c.Writer.Header()
	assets.Secure(h, assets.Policy{FormAction: p.CheckoutOrigins})
	h.Set("X-Robots-Tag", "noindex, nofollow, noarchive")
	h.Set("Content-Language", v.Language)
	h.Set("Vary", "Accept-Language, Cookie")
	c.Data(status, "text/html; charset=utf-8", body)
}

// host is where the customer's browser ought to be, for the words about genuineness.
func (p *pay) host() string {
	_, host, _ := strings.Cut(p.PublicURL, "://")
	return strings.TrimRight(host, "/")
}
