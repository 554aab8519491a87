// Package wechat speaks the Official Account API of WeChat: messages in and out, in plain or in AES mode.
//
// In plain mode nothing signs a body: the signature in the address proves only that WeChat called a moment ago. Merchants should choose
// the AES mode, which signs and seals it.
package wechat

import (
	"crypto/sha1" //nolint:gosec // WeChat signs so
	"crypto/subtle"
	"encoding/hex"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"sotto.chat/channels"
	"sotto.chat/internal/outbound"
)

// DefaultURL is WeChat's own address.
const DefaultURL = "https://api.weixin.qq.com"

// Names of the credentials. The server token is the channel's verify token where none is given.
const (
	appID       = "app_id"
	appSecret   = "app_secret"
	aesKey      = "encoding_aes_key"
	verifyToken = "verify_token"
)

// clockSkew is how far the time of a call may be from ours: WeChat gives up after some seconds, and what comes later was recorded.
const clockSkew = 5 * time.Minute

// Platform is WeChat behind the room's interface.
type Platform struct {
	base   string
	client *outbound.Client
	files  *outbound.Client
	tokens *tokens
	now    func() time.Time
}

var (
	_ channels.Platform = (*Platform)(nil)
	_ channels.Sealed   = (*Platform)(nil)
	_ channels.Fetching = (*Platform)(nil)
)

// New makes the platform; base is WeChat's address or a stand-in's.
func New(base string, client *outbound.Client) *Platform {
	if base == "" {
		base = DefaultURL
	}
	base = strings.TrimRight(base, "/")
	return &Platform{base: base, client: client, files: outbound.Files(base, channels.MaxFile), tokens: newTokens(), now: time.Now}
}

// Name is the platform's name.
func (p *Platform) Name() string { return "wechat" }

// Wants lists the credentials. With the EncodingAESKey only sealed messages are taken.
func (p *Platform) Wants() []channels.Want {
	return []channels.Want{{Name: appID, Needed: true}, {Name: appSecret, Needed: true, Secret: true}, {Name: aesKey, Secret: true}}
}

// Account is nothing: messages name the account in another way than its credentials do, and the address that they come to names it.
func (p *Platform) Account(map[string]string) string { return "" }

// Window is 48 hours from the person's last message; WeChat counts the messages in it too, and says so with an error.
func (p *Platform) Window() time.Duration { return 48 * time.Hour }

// Pace keeps well below WeChat's quota of half a million calls a day, and lets nobody be flooded.
func (p *Platform) Pace() channels.Pace {
	return channels.Pace{PerSecond: 40, PairEvery: 200 * time.Millisecond, PairBurst: 5}
}

// Challenge answers WeChat's check of the server's address.
func (p *Platform) Challenge(c channels.Credentials, q url.Values) (string, bool) {
	return q.Get("echostr"), q.Get("echostr") != "" && p.called(c, q)
}

// Verify checks the signature in the address, and in AES mode the one over the body.
func (p *Platform) Verify(c channels.Credentials, raw []byte, h http.Header) bool {
	q, err := url.ParseQuery(h.Get(channels.QueryHeader))
	if err != nil || !p.called(c, q) {
		return false
	}
	if c[aesKey] == "" {
		return q.Get("encrypt_type") != "aes"
	}
	e, ok := envelopeOf(raw)
	return ok && signed(c, q, "msg_signature", e.Encrypt)
}

// called tells whether the address was called by who knows the token, and not long ago.
func (p *Platform) called(c channels.Credentials, q url.Values) bool {
	at, err := strconv.ParseInt(q.Get("timestamp"), 10, 64)
	if d := p.now().Sub(time.Unix(at, 0)); err != nil || d > clockSkew || d < -clockSkew {
		return false
	}
	return signed(c, q, "signature")
}

// signed compares a signature with the one over the token, the time, the nonce and what is sealed, for each token that is good now.
func signed(c channels.Credentials, q url.Values, name string, more ...string) bool {
	good := false
	for _, token := range c.Secrets(verifyToken) {
		want := signature(append([]string{token, q.Get("timestamp"), q.Get("nonce")}, more...)...)
		good = subtle.ConstantTimeCompare([]byte(q.Get(name)), []byte(want)) == 1 || good
	}
	return good
}

func signature(parts ...string) string {
	slices.Sort(parts)
	sum := sha1.Sum([]byte(strings.Join(parts, ""))) //nolint:gosec // WeChat signs so
	return hex.EncodeToString(sum[:])
}
