package sandbox

import (
	"bytes"
	"embed"
	"errors"
	"html/template"
	"net/http"
	"net/url"
	"strings"
	"time"
)

//go:embed page.html page.css
var pageFiles embed.FS

func parsePage() (*template.Template, error) { return template.ParseFS(pageFiles, "page.html") }

// pageURL is where the customer pays for a session.
func (s *Sandbox) pageURL(id string) string { return s.base() + "/c/pay/" + id }

// pagePath is pageURL without scheme and host: links stay right whatever name the visitor came by.
func (s *Sandbox) pagePath(id string) string {
	base, err := url.Parse(s.base())
	if err != nil {
		return "/c/pay/" + id
	}
	return strings.TrimRight(base.Path, "/") + "/c/pay/" + id
}

type choice struct{ ID, Action, Label, Hint, Class string }

type pageLine struct{ Name, Detail, Unit, Total, Quantity string }

type pageView struct {
	Title, Shop, Style, Notice, Tone     string
	Session, Total, Shipping, Ask, Until string
	ShippingName, UntilISO               string
	Lines                                []pageLine
	Choices                              []choice
	Back, BackLabel                      string
}

func (s *Sandbox) pageRoutes(mux *http.ServeMux) {
	mux.HandleFunc("GET /c/pay/style.css", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Content-Type-Options", "nosniff")
		http.ServeFileFS(w, r, pageFiles, "page.css")
	})
	mux.HandleFunc("GET /c/pay/{session}", func(w http.ResponseWriter, r *http.Request) { s.show(w, r, http.StatusOK, false) })
	mux.HandleFunc("GET /c/pay/{session}/3ds", func(w http.ResponseWriter, r *http.Request) { s.show(w, r, http.StatusOK, true) })
	for _, act := range []string{"approve", "decline", "authenticate", "delay", "settle", "bounce", "3ds/approve", "3ds/fail"} {
		mux.HandleFunc("POST /c/pay/{session}/"+act, func(w http.ResponseWriter, r *http.Request) { s.submit(w, r, act) })
	}
}

// submit does what a form of the page asks for. Of many submissions at once, one finds the session open.
func (s *Sandbox) submit(w http.ResponseWriter, r *http.Request, act string) {
	r.Body = http.MaxBytesReader(w, r.Body, 1<<12)
	id := r.PathValue("session")
	var next string
	status := http.StatusConflict
	err := s.do(func(c *change) error {
		sess := c.session(id)
		if sess == nil {
			status = http.StatusNotFound
			return errNothing
		}
		next = s.pagePath(id)
		done := strings.ReplaceAll(sess.SuccessURL, sessionMark, id)
		if c.waiting(sess) && (act == "settle" || act == "bounce") {
			c.settle(sess, act == "settle")
			return nil
		}
		if sess.Status == "complete" && act != "settle" && act != "bounce" {
			next = done // a second click: the customer is where the first one led
			return errNothing
		}
		if sess.Status != "open" {
			next = ""
			return errNothing
		}
		switch act {
		case "approve", "3ds/approve":
			c.approve(sess, act == "3ds/approve")
			next = done
		case "decline":
			c.decline(sess, "")
		case "3ds/fail":
			c.decline(sess, "authentication_required")
		case "authenticate":
			c.challenge(sess)
			next += "/3ds"
		case "delay":
			c.delay(sess, "customer_balance")
			next = done
		default:
			next = ""
			return errNothing
		}
		return nil
	})
	switch {
	case err != nil:
		s.cfg.Log.Error("sandbox: payment page failed", "session", id, "error", err)
		http.Error(w, "The sandbox could not write this down. Nothing was paid; try again.", http.StatusInternalServerError)
	case next == "":
		s.show(w, r, status, false)
	default:
		w.Header().Set("Cache-Control", "no-store")
		w.Header().Set("Referrer-Policy", "no-referrer")
		w.Header().Set("Content-Security-Policy", "default-src 'none'")
		w.Header().Set("Location", next)
		w.WriteHeader(http.StatusSeeOther)
	}
}

// show writes the page as the session stands. Reading it changes nothing, save that the clock may have run out.
func (s *Sandbox) show(w http.ResponseWriter, r *http.Request, status int, secure bool) {
	id := r.PathValue("session")
	view := pageView{Title: "No such payment", Shop: s.cfg.ShopName, Style: s.pagePath("style.css"), Tone: "stop",
		Notice: "This link leads to no payment. Ask the shop for a new one."}
	var origins []string
	err := s.do(func(c *change) error {
		sess := c.session(id)
		if sess == nil {
			status = http.StatusNotFound
			return errNothing
		}
		origins = []string{origin(sess.SuccessURL), origin(sess.CancelURL)}
		c.view(&view, sess, secure)
		return errNothing
	})
	var page bytes.Buffer
	if err = errors.Join(err, s.page.ExecuteTemplate(&page, "page.html", view)); err != nil {
		s.cfg.Log.Error("sandbox: payment page failed", "session", id, "error", err)
		http.Error(w, "The sandbox could not show this payment.", http.StatusInternalServerError)
		return
	}
	h := w.Header()
	// Browsers hold form-action against the redirect that follows a form, so the shop's own pages must stand in it.
	h.Set("Content-Security-Policy", strings.TrimSpace("default-src 'none'; style-src 'self'; base-uri 'none'; frame-ancestors 'none'; form-action 'self' "+
		strings.Join(origins, " ")))
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "same-origin")
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write(page.Bytes()) // the visitor may have gone
}

// origin is the scheme and host of a URL, in a form that cannot break out of a policy; "" when there is none.
func origin(raw string) string {
	u, err := url.Parse(strings.ReplaceAll(raw, sessionMark, "x"))
	if err != nil || u.Host == "" || strings.ContainsAny(u.Host, " ;,'\"") {
		return ""
	}
	return u.Scheme + "://" + u.Host
}

// view fills the page for a session.
func (c *change) view(v *pageView, sess *session, secure bool) {
	money := func(amount int64) string { return c.s.cfg.Format(amount, sess.Currency) }
	v.Session, v.Total, v.Notice, v.Tone = sess.ID, money(sess.Amount), "", ""
	for _, l := range sess.Lines {
		v.Lines = append(v.Lines, pageLine{Name: l.Name, Detail: l.Description, Unit: money(l.Unit), Total: money(l.Unit * l.Quantity),
			Quantity: formatCount(l.Quantity)})
	}
	if sess.ShippingName != "" {
		v.ShippingName, v.Shipping = sess.ShippingName, money(sess.Shipping)
	}
	path := c.s.pagePath(sess.ID)
	switch {
	case sess.Status == "expired":
		v.Title, v.Tone = "This payment has expired", "stop"
		v.Notice = "Nothing was paid. The shop's page says how it goes on."
		v.Back, v.BackLabel = sess.CancelURL, "Back to "+c.s.cfg.ShopName
	case c.waiting(sess):
		v.Title, v.Notice = "Payment on its way", "The order is placed; the money has not arrived yet."
		v.Ask = "Let the bank decide"
		v.Choices = []choice{
			{"h-settle", path + "/settle", "Let the payment arrive", "The transfer of " + v.Total + " reaches the shop.", "main"},
			{"h-bounce", path + "/bounce", "Let the payment fail", "The transfer never comes.", "stop"},
		}
	case sess.Status == "complete" && sess.PaymentStatus != "paid" && c.intent(sess.Intent).Status != "requires_capture":
		v.Title, v.Notice, v.Tone = "The payment failed", "The money did not arrive. The shop's page says how it goes on.", "stop"
		v.Back, v.BackLabel = sess.CancelURL, "Back to "+c.s.cfg.ShopName
	case sess.Status == "complete":
		v.Title, v.Notice, v.Tone = "Paid", "This payment of "+v.Total+" has been approved. You can close this page.", "good"
		v.Back, v.BackLabel = strings.ReplaceAll(sess.SuccessURL, sessionMark, sess.ID), "Back to "+c.s.cfg.ShopName
	case secure:
		v.Title, v.Ask = "Confirm with your bank", "Is it you?"
		v.Notice = "The sandbox's bank asks whether it is really you who pays " + v.Total + " (3-D Secure)."
		v.Choices = []choice{
			{"h-3ds-approve", path + "/3ds/approve", "Confirm", "You are recognised, and the payment goes through.", "main"},
			{"h-3ds-fail", path + "/3ds/fail", "Fail the check", "You are not recognised, and the payment is declined.", "stop"},
		}
		v.Back, v.BackLabel = path, "Choose another way to pay"
	default:
		c.viewOpen(v, sess, path)
	}
}

// viewOpen offers every way in which a payment can go.
func (c *change) viewOpen(v *pageView, sess *session, path string) {
	v.Title, v.Ask = "Pay "+v.Total, "How should this payment go?"
	if in := c.intent(sess.Intent); in != nil && in.Error != nil {
		v.Notice, v.Tone = "Declined: "+in.Error.Message+" Nothing was paid; you can try again.", "stop"
	}
	v.Choices = []choice{
		{"h-approve", path + "/approve", "Approve", "The card is accepted.", "main"},
		{"h-decline", path + "/decline", "Decline", "The card is refused; you can try again.", "stop"},
		{"h-3ds", path + "/authenticate", "Ask for 3-D Secure", "The bank first wants to know that it is you.", ""},
		{"h-delay", path + "/delay", "Pay later by bank transfer", "The order is placed now; the money comes, or fails to come, later.", ""},
	}
	if sess.CancelURL != "" {
		v.Back, v.BackLabel = sess.CancelURL, "Back to "+c.s.cfg.ShopName+" without paying"
	}
	until := time.Unix(sess.ExpiresAt, 0).UTC()
	v.Until, v.UntilISO = until.Format("2 January 2006, 15:04 UTC"), until.Format(time.RFC3339)
}
