package console

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/alexedwards/scs/v2"
	"github.com/gin-gonic/gin"

	"sotto.chat/internal/fault"
	"sotto.chat/merchants"
	"sotto.chat/web/door"
)

// What a session holds: who logged in, by ids, and which talks were opened when. Never the key's text.
const (
	inMerchant = "merchant"
	inKey      = "key"
	inOpened   = "opened:" // + a conversation's id
)

func queryEscape(s string) string { return url.QueryEscape(s) }

// open loads the session; write and redirect store it.
func (h *console) open(c *gin.Context) {
	ctx, err := h.load(c.Request)
	if err != nil {
		door.Write(c.Writer, c.Request, door.Of(h.Log, err))
		c.Abort()
		return
	}
	c.Request = c.Request.WithContext(ctx)
}

func (h *console) load(r *http.Request) (context.Context, error) {
	token := ""
	if cookie, err := r.Cookie(h.sessions.Cookie.Name); err == nil {
		token = cookie.Value
	}
	return h.sessions.Load(r.Context(), token)
}

// keep stores the session and gives the browser its cookie. Nobody who is not logged in gets a session.
func (h *console) keep(c *gin.Context) error {
	ctx := c.Request.Context()
	if ctx.Err() != nil {
		return ctx.Err()
	}
	switch {
	case h.sessions.Status(ctx) == scs.Destroyed:
		h.sessions.WriteSessionCookie(ctx, c.Writer, "", time.Time{})
	case h.sessions.Status(ctx) == scs.Modified && h.sessions.GetString(ctx, inKey) != "":
		token, expiry, err := h.sessions.Commit(ctx)
		if err != nil {
			return err
		}
		h.sessions.WriteSessionCookie(ctx, c.Writer, token, expiry)
	}
	return nil
}

// actor is who is logged in. The key is looked up each time: when it is revoked the session is worth nothing.
func (h *console) actor(ctx context.Context) (merchants.Actor, bool) {
	merchant, key := h.sessions.GetString(ctx, inMerchant), h.sessions.GetString(ctx, inKey)
	if merchant == "" || key == "" {
		return merchants.Actor{}, false
	}
	keys, err := h.Merchants.Keys(ctx, merchant)
	if err != nil {
		return merchants.Actor{}, false
	}
	for _, k := range keys {
		if k.ID != key || k.RevokedAt != nil || (k.ExpiresAt != nil && !h.DB.Now().Before(*k.ExpiresAt)) {
			continue
		}
		a := merchants.Actor{MerchantID: merchant, KeyID: k.ID, Name: k.Name, Role: k.Role}
		if k.StaffID != nil {
			a.StaffID = *k.StaffID
		}
		return a, true
	}
	return merchants.Actor{}, false
}

func (h *console) loginPage(c *gin.Context) {
	h.write(c, http.StatusOK, "login", view{Title: "Log in", Next: ownPath(c.Query("next"))})
}

// login opens a session for whoever has a key, under a new token.
func (h *console) login(c *gin.Context) {
	next := ownPath(c.PostForm("next"))
	if after, ok := h.logins.Allow(c.ClientIP()); !ok {
		door.TooMany(c.Writer, c.Request, after)
		return
	}
	ctx := c.Request.Context()
	a, err := h.Merchants.Authenticate(ctx, strings.TrimSpace(c.PostForm("api_key")))
	if f, known := fault.Of(err); known {
		h.write(c, http.StatusUnauthorized, "login", view{Title: "Log in", Next: next, Sentence: "This key opens nothing here. " + loginHint(f)})
		return
	}
	if err == nil {
		err = h.sessions.RenewToken(ctx)
	}
	if err != nil {
		h.fail(c, err)
		return
	}
	h.sessions.Put(ctx, inMerchant, a.MerchantID)
	h.sessions.Put(ctx, inKey, a.KeyID)
	h.redirect(c, next)
}

func loginHint(f *fault.Fault) string {
	if errors.Is(f, merchants.ErrKeyExpired) {
		return "It has expired: ask for a new one."
	}
	return "Check that it is whole: it begins with sk_ and has 67 characters."
}

func (h *console) logout(c *gin.Context) {
	if err := h.sessions.Destroy(c.Request.Context()); err != nil {
		h.fail(c, err)
		return
	}
	h.redirect(c, "/console/login")
}

// ownPath keeps the way back after the login inside the console.
func ownPath(next string) string {
	u, err := url.Parse(next)
	if err != nil || u.Scheme != "" || u.Host != "" || !strings.HasPrefix(u.Path, "/console/") || strings.Contains(next, `\`) || u.Path == "/console/login" {
		return "/console/orders"
	}
	return u.RequestURI()
}
