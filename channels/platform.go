package channels

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"time"
)

// Credentials are a channel's secrets and settings together, by name, e.g. "app_secret".
type Credentials map[string]string

// Want is one credential that a platform asks for. What is no secret is a setting: it stands beside the channel.
type Want struct {
	Name           string
	Needed, Secret bool
	// Check tells what is wrong with the value beside all the others, "" where nothing is; nil checks nothing.
	Check func(value string, all map[string]string) string
}

// Platform translates between one platform and the words of this package. It keeps no state of a channel.
type Platform interface {
	// Name is the platform's name in the database and in paths: "whatsapp".
	Name() string
	// Wants lists what a channel may be given.
	Wants() []Want
	// Account is the platform's own name for the merchant's account, by which events are routed.
	Account(settings map[string]string) string
	// Challenge answers the platform's check of the webhook address; false refuses it.
	Challenge(Credentials, url.Values) (string, bool)
	// Verify tells whether raw was signed by the platform.
	Verify(c Credentials, raw []byte, h http.Header) bool
	// Parse reads one webhook body. It takes any bytes: what it cannot read comes back as KindOther.
	Parse(raw []byte) []Incoming
	// Split cuts content into pieces that Send can each send as one message.
	Split(settings map[string]string, content Content) []Content
	// Send sends one piece and gives the platform's id of it. opaque comes back with the statuses.
	Send(ctx context.Context, c Credentials, to []Party, piece Content, opaque string) (externalID string, err error)
	// Seen shows the person that the message was read and that an answer is being written, where the platform can.
	Seen(ctx context.Context, c Credentials, externalID string) error
	// Window is how long after a person's last message a free answer may be sent; 0 is for ever.
	Window() time.Duration
	// Pace is how much may be sent.
	Pace() Pace
}

// MaxFile is the largest file that is fetched for anybody.
const MaxFile = 5 << 20

// Fetching is a platform that gives out the files that people sent to the shop.
type Fetching interface {
	// Fetch downloads one file of at most so many bytes, or gives ErrNoFile. What it is, its bytes must tell: nobody's word about them is
	// passed on.
	Fetch(ctx context.Context, c Credentials, m Media, most int64) ([]byte, error)
}

// Fetch downloads a file that came in on one of the merchant's channels. It is kept nowhere.
func (c *Channels) Fetch(ctx context.Context, merchant, channel string, m Media, most int64) ([]byte, error) {
	o, err := c.open(ctx, channel)
	if err != nil {
		return nil, err
	}
	p, ok := c.platforms[o.Platform].(Fetching)
	if !ok || o.MerchantID != merchant || o.DisabledAt != nil || m.ExternalID == "" {
		return nil, ErrNoFile
	}
	raw, err := p.Fetch(ctx, o.credentials, m, min(most, MaxFile))
	if err == nil && int64(len(raw)) > most {
		return nil, ErrNoFile
	}
	return raw, err
}

// Pace limits sending: PerSecond for the account, and one per PairEvery to one person with PairBurst at once.
type Pace struct {
	PerSecond int
	PairEvery time.Duration
	PairBurst int
}

// SendError is a failed send with its consequences, so that the sender obeys without knowing the platform.
type SendError struct {
	Code string
	// Retry says that another try may help, not before After.
	Retry bool
	After time.Duration
	// Grow multiplies After by itself with every attempt: After, After², …
	Grow bool
	// Unsure says that the platform may have taken the message: it is tried again only when no status comes.
	Unsure bool
	// Problem is for the merchant when the whole channel is affected, e.g. "access token expired".
	Problem string
	// Err is the cause, for the log. It must not hold what was sent.
	Err error
}

// Error gives the code and the cause.
func (e *SendError) Error() string {
	if e.Err != nil {
		return fmt.Sprintf("send: %s: %v", e.Code, e.Err)
	}
	return "send: " + e.Code
}

// Unwrap gives the cause.
func (e *SendError) Unwrap() error { return e.Err }
