package chat

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"sotto.chat/internal/fault"
	"sotto.chat/merchants"
	"sotto.chat/web/door"
)

// errVisitor refuses a bearer that this shop never gave; with POST such a visitor begins anew instead.
var errVisitor = fault.New(fault.Unauthorized, "visitor_invalid", "This visitor token is not one of this shop's. Send a message without a token to get one.")

const (
	randomBytes = 32
	macBytes    = 16
)

// tokens makes and checks visitors' tokens: 32 random bytes and a proof that they were made here for this merchant.
// Nothing is stored; the conversation knows a keyed hash alone.
type tokens struct{ key []byte }

func (t tokens) mac(merchant string, random []byte) []byte {
	m := hmac.New(sha256.New, t.key)
	m.Write([]byte(merchant))
	m.Write([]byte{0})
	m.Write(random)
	return m.Sum(nil)[:macBytes]
}

func (t tokens) fresh(merchant string) string {
	var b [randomBytes]byte
	_, _ = rand.Read(b[:]) // crypto/rand never fails
	return base64.RawURLEncoding.EncodeToString(append(b[:], t.mac(merchant, b[:])...))
}

func (t tokens) good(merchant, token string) bool {
	b, err := base64.RawURLEncoding.Strict().DecodeString(token)
	return err == nil && len(b) == randomBytes+macBytes && hmac.Equal(b[randomBytes:], t.mac(merchant, b[:randomBytes]))
}

// visitor is who asks, as far as the shop knows: by a bearer, else by the cookie of our own page.
type visitor struct {
	token  string // empty: nobody yet
	bearer bool
	wrong  bool // a bearer came that is none of ours
}

func cookieName(merchant string) string { return "sotto_visitor_" + merchant }

// visitor reads who asks. A cookie counts for requests of our own pages alone.
func (h *chat) visitor(c *gin.Context, merchant string) visitor {
	if c.GetHeader("Authorization") != "" {
		token := door.Bearer(c.Request)
		if h.tokens.good(merchant, token) {
			return visitor{token: token, bearer: true}
		}
		return visitor{bearer: true, wrong: true}
	}
	cookie, err := c.Request.Cookie(cookieName(merchant))
	if err != nil || !h.tokens.good(merchant, cookie.Value) || !h.ownPage(c.Request) {
		return visitor{}
	}
	return visitor{token: cookie.Value}
}

// ownPage tells requests of our own pages, and of no page at all, from those that another site caused.
func (h *chat) ownPage(r *http.Request) bool {
	site := r.Header.Get("Sec-Fetch-Site")
	return h.csrf.Check(r) == nil && (site == "" || site == "same-origin" || site == "none")
}

// remember gives the visitor's browser the cookie, or a longer one.
func (h *chat) remember(c *gin.Context, merchant string, v visitor) {
	if v.bearer || !h.ownPage(c.Request) {
		return
	}
	http.SetCookie(c.Writer, &http.Cookie{Name: cookieName(merchant), Value: v.token, Path: "/chat", HttpOnly: true,
		Secure: h.secure, SameSite: http.SameSiteLaxMode, MaxAge: int((365 * 24 * time.Hour).Seconds())})
}

// hash is the name under which the inbox knows the visitor.
func (h *chat) hash(merchant, token string) string {
	return h.Keys.Blind(merchant, "web visitor", token)
}

// known answers 401 for a bearer that is none of ours; ok tells whether to go on.
func (h *chat) known(c *gin.Context, m merchants.Merchant) (visitor, bool) {
	v := h.visitor(c, m.ID)
	if v.wrong {
		c.Header("WWW-Authenticate", "Bearer")
		h.refuse(c, errVisitor)
	}
	return v, !v.wrong
}
