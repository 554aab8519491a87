// Package telegram speaks Telegram's Bot API: private chats with a bot, and payments inside them.
//
// There is no signature over a body: a secret that Telegram repeats in a header proves who calls. The bot's token stands in every
// address that is called, so no address may reach a log.
package telegram

import (
	"crypto/subtle"
	"net/http"
	"net/url"
	"strings"
	"time"

	"sotto.chat/channels"
	"sotto.chat/internal/outbound"
)

// DefaultURL is Telegram's own address.
const DefaultURL = "https://api.telegram.org"

// secretHeader is where Telegram repeats the secret.
const secretHeader = "X-Telegram-Bot-Api-Secret-Token" //nolint:gosec // the name of a header, no secret

// Names of the credentials. The secret token is the channel's verify token where none is given.
const (
	botToken      = "bot_token"
	secretToken   = "secret_token"
	verifyToken   = "verify_token"
	providerToken = "provider_token"
	// What a shop sells in Telegram Stars, and for how many: see Till.
	stars    = "stars"
	starRate = "stars_per_hundred"
	digital  = "digital_attribute"
)

// Platform is Telegram behind the room's interface.
type Platform struct {
	base   string
	client *outbound.Client
	files  *outbound.Client
}

var (
	_ channels.Platform   = (*Platform)(nil)
	_ channels.Asking     = (*Platform)(nil)
	_ channels.Connecting = (*Platform)(nil)
	_ channels.Fetching   = (*Platform)(nil)
)

// New makes the platform; base is Telegram's address or a stand-in's.
func New(base string, client *outbound.Client) *Platform {
	if base == "" {
		base = DefaultURL
	}
	base = strings.TrimRight(base, "/")
	return &Platform{base: base, client: client, files: outbound.Files(base, channels.MaxFile)}
}

// Name is the platform's name.
func (p *Platform) Name() string { return "telegram" }

// Wants lists the credentials. With a provider token, which BotFather gives, goods are paid in the chat. With stars "true" digital goods
// are paid in Telegram Stars, at the merchant's own rate.
func (p *Platform) Wants() []channels.Want {
	return []channels.Want{
		{Name: botToken, Needed: true, Secret: true, Check: only(tokenSigns+":", 100)}, {Name: secretToken, Secret: true, Check: only(tokenSigns, 256)},
		{Name: providerToken, Secret: true}, {Name: stars}, {Name: starRate, Check: rate}, {Name: digital},
	}
}

const tokenSigns = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-"

// only refuses values with other signs: a token stands in the addresses that are called.
func only(signs string, most int) func(string, map[string]string) string {
	return func(v string, _ map[string]string) string {
		if strings.Trim(v, signs) != "" || len(v) > most {
			return "is no token of Telegram's"
		}
		return ""
	}
}

// rate wants a price where goods are sold for Stars: it is never guessed.
func rate(v string, all map[string]string) string {
	if _, ok := StarPrice(map[string]string{stars: "true", starRate: v}, 100); !ok && (v != "" || Yes(all[stars])) {
		return "must say how many Stars stand for 100 minor units, a whole number such as 60"
	}
	return ""
}

// Account is nothing: a bot's updates do not name it, the address that they come to does.
func (p *Platform) Account(map[string]string) string { return "" }

// Window is none: whoever wrote to a bot may be answered until they block it.
func (p *Platform) Window() time.Duration { return 0 }

// Pace keeps Telegram's rates: some 30 a second for a bot, one a second to a person with short bursts.
func (p *Platform) Pace() channels.Pace {
	return channels.Pace{PerSecond: 30, PairEvery: time.Second, PairBurst: 6}
}

// Challenge refuses: Telegram asks nothing of a webhook's address.
func (p *Platform) Challenge(channels.Credentials, url.Values) (string, bool) { return "", false }

// Verify compares the secret, in a time that tells nothing, with each that is good now.
func (p *Platform) Verify(c channels.Credentials, _ []byte, h http.Header) bool {
	given := []byte(h.Get(secretHeader))
	good := false
	for _, secret := range secrets(c) {
		good = subtle.ConstantTimeCompare(given, []byte(secret)) == 1 || good
	}
	return good
}

func secrets(c channels.Credentials) []string {
	if list := c.Secrets(secretToken); len(list) > 0 {
		return list
	}
	return c.Secrets(verifyToken)
}
