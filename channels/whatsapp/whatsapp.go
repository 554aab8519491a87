// Package whatsapp speaks Meta's WhatsApp Cloud API.
package whatsapp

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"net/http"
	"net/url"
	"strings"
	"time"

	"sotto.chat/channels"
	"sotto.chat/internal/outbound"
)

// Meta's address and the version of its API that this package was written against.
const (
	DefaultURL     = "https://graph.facebook.com"
	DefaultVersion = "v23.0"
)

// Names of the credentials.
const (
	appSecret   = "app_secret"
	accessToken = "access_token"
	verifyToken = "verify_token"
	phoneID     = "phone_number_id"
	accountID   = "waba_id"
	catalogID   = "catalog_id"
)

// Platform is WhatsApp behind the room's interface.
type Platform struct {
	base   string
	client *outbound.Client
	files  *outbound.Client
	now    func() time.Time
}

var (
	_ channels.Platform = (*Platform)(nil)
	_ channels.Fetching = (*Platform)(nil)
)

// New makes the platform; base is Meta's address or a stand-in's, with a version at its end or without.
func New(base string, client *outbound.Client) *Platform {
	if base == "" {
		base = DefaultURL
	}
	base = strings.TrimRight(base, "/")
	if last := base[strings.LastIndexByte(base, '/')+1:]; !versioned(last) {
		base += "/" + DefaultVersion
	}
	return &Platform{base: base, client: client, files: outbound.Files(base, channels.MaxFile), now: time.Now}
}

func versioned(s string) bool {
	return len(s) > 1 && s[0] == 'v' && strings.Trim(s[1:], "0123456789.") == ""
}

// Name is the platform's name.
func (p *Platform) Name() string { return "whatsapp" }

// Account is the phone number's id: display numbers come formatted in many ways.
func (p *Platform) Account(settings map[string]string) string { return settings[phoneID] }

// Window is the customer-service window: 24 hours from the person's last message.
func (p *Platform) Window() time.Duration { return 24 * time.Hour }

// Pace keeps Meta's throughput: 80 a second for a number; one in six seconds to a person, 45 at once.
func (p *Platform) Pace() channels.Pace {
	return channels.Pace{PerSecond: 80, PairEvery: 6 * time.Second, PairBurst: 45}
}

// Challenge answers Meta's check of the webhook's address.
func (p *Platform) Challenge(c channels.Credentials, q url.Values) (string, bool) {
	token := c[verifyToken]
	ok := q.Get("hub.mode") == "subscribe" && token != "" &&
		subtle.ConstantTimeCompare([]byte(q.Get("hub.verify_token")), []byte(token)) == 1
	return q.Get("hub.challenge"), ok
}

// Verify checks the signature over the bytes as they came, against each app secret that is good now.
func (p *Platform) Verify(c channels.Credentials, raw []byte, h http.Header) bool {
	text, ok := strings.CutPrefix(h.Get("X-Hub-Signature-256"), "sha256=")
	if !ok {
		return false
	}
	given, err := hex.DecodeString(text)
	if err != nil {
		return false
	}
	good := false
	for _, secret := range c.Secrets(appSecret) {
		mac := hmac.New(sha256.New, []byte(secret))
		mac.Write(raw)
		good = hmac.Equal(mac.Sum(nil), given) || good
	}
	return good
}
