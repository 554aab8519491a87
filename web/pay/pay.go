// Package pay is the pay page: it shows what is bought, from whom and for how much, and sends the customer on to a live checkout.
package pay

import (
	"embed"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"sotto.chat/internal/fault"
	"sotto.chat/payments"
	"sotto.chat/web/assets"
	"sotto.chat/web/door"
)

//go:embed page.html en.json es.json
var files embed.FS

// Deps is what the pay page leads to.
type Deps struct {
	Payments  *payments.Payments
	PublicURL string
	// CheckoutOrigins are where checkouts are hosted: browsers refuse to follow the button anywhere else.
	// Empty: Stripe's own.
	CheckoutOrigins []string
	Now             func() time.Time
	Log             *slog.Logger
}

// stripeOrigin hosts Stripe's checkouts.
const stripeOrigin = "https://checkout.stripe.com"

// looks bounds how often the page after a payment asks again by itself.
const looks = 40

type pay struct {
	Deps
	limit *door.Limiter
}

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
	p := &pay{d, door.NewLimiter(100, 2000)}
	g := r.Group("/pay", door.Limited(p.limit, func(c *gin.Context) string { return c.ClientIP() }))
	g.GET("/:token", p.show)
	g.HEAD("/:token", p.show)
	g.POST("/:token", door.Capped(4<<10), p.checkout)
	g.GET("/:token/done", p.done)
	g.HEAD("/:token/done", p.done)
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

// checkout sends the customer on to the one live session.
func (p *pay) checkout(c *gin.Context) {
	token := c.Param("token")
	url, err := p.Payments.Checkout(c.Request.Context(), token)
	if err == nil {
		c.Header("Cache-Control", "no-store")
		c.Header("Referrer-Policy", "no-referrer")
		c.Redirect(http.StatusSeeOther, url)
		return
	}
	page, readErr := p.Payments.ByToken(c.Request.Context(), token)
	if readErr != nil {
		p.fail(c, page, readErr)
		return
	}
	p.fail(c, page, err)
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
	switch page.State {
	case "open", "processing":
		v.State = "confirming"
		if page.State == "processing" {
			v.State = "processing"
		}
		n, _ := strconv.Atoi(c.Query("look")) // anything else is the first look
		if n >= 0 && n < looks {
			c.Header("Refresh", "2; url="+v.Path+"/done?look="+strconv.Itoa(n+1))
		}
	case "paid":
		v.State = "thanks"
	}
	p.write(c, http.StatusOK, v)
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

func wordsOf(language string) (map[string]string, error) {
	raw, err := files.ReadFile(language + ".json")
	if err != nil {
		return nil, err
	}
	w := map[string]string{}
	return w, json.Unmarshal(raw, &w)
}

// language is the customer's own: the browser's, else the one the talk was in.
func language(c *gin.Context, payment string) string {
	return assets.Language(c.GetHeader("Accept-Language"), payment)
}

func (p *pay) write(c *gin.Context, status int, v view) {
	body, err := v.render()
	if err != nil {
		door.Write(c.Writer, c.Request, door.Of(p.Log, err))
		return
	}
	h := c.Writer.Header()
	assets.Secure(h, assets.Policy{FormAction: p.CheckoutOrigins})
	h.Set("X-Robots-Tag", "noindex, nofollow, noarchive")
	h.Set("Content-Language", v.Language)
	h.Set("Vary", "Accept-Language")
	c.Data(status, "text/html; charset=utf-8", body)
}

// host is where the customer's browser ought to be, for the words about genuineness.
func (p *pay) host() string {
	_, host, _ := strings.Cut(p.PublicURL, "://")
	return strings.TrimRight(host, "/")
}
