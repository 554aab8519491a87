// Package channels translates between the platforms and the shop: it keeps what came in until it is handled, and
// delivers what goes out within each platform's windows, rates and errors.
//
// A webhook is verified over its raw bytes, written down once and answered; everything else is promised work.
// People are named by keyed hashes in columns; their own ids, words and numbers stand sealed.
package channels

import (
	"context"
	"log/slog"
	"maps"
	"slices"
	"time"

	"sotto.chat/internal/database"
	"sotto.chat/internal/fault"
	"sotto.chat/internal/id"
	"sotto.chat/internal/jobs"
	"sotto.chat/internal/money"
	"sotto.chat/merchants"
	"sotto.chat/privacy"
)

// Web is the platform of the shop's own chat page: nothing is sent there, pages read the conversation.
const Web = "web"

// MaxBody is the largest webhook body, Meta's own limit.
const MaxBody = 3 << 20

// Failures of this room.
var (
	ErrUnknown       = fault.New(fault.NotFound, "unknown_channel", "There is no such channel.")
	ErrPlatform      = fault.New(fault.Invalid, "unknown_platform", "This platform is not known. Use one that the documentation lists.")
	ErrCredentials   = fault.New(fault.Invalid, "bad_credentials", "Some credentials are missing or not known to this platform.")
	ErrSignature     = fault.New(fault.Unauthorized, "bad_signature", "The signature does not fit the body.")
	ErrChallenge     = fault.New(fault.Forbidden, "bad_verify_token", "The verify token is wrong.")
	ErrTooLarge      = fault.New(fault.TooLarge, "body_too_large", "The body is larger than 3 MB.")
	ErrUnsure        = fault.New(fault.Unavailable, "cannot_tell", "Nobody could tell in time whether this can be paid. Nothing was taken; try again.")
	ErrStale         = fault.New(fault.Stale, "channel_changed", "Somebody else changed the channel. Read it again.")
	ErrAccountInUse  = fault.New(fault.Conflict, "account_in_use", "Another channel of this shop uses this account already.")
	ErrNoFile        = fault.New(fault.NotFound, "no_file", "This file cannot be had: it is gone, too large, or the platform gives none out.")
	ErrWebIsForEvery = fault.New(fault.Invalid, "web_channel_exists", "The web chat needs no channel of its own: every shop has one.")
)

// Channel is a merchant's presence on a platform. Settings are its credentials that are no secrets.
type Channel struct {
	MerchantID string
	ID         string
	Platform   string
	Name       string
	ExternalID string
	Settings   map[string]string `gorm:"serializer:json"`
	// Problem is what keeps the channel from sending, in words for the merchant; empty when all is well.
	Problem    string
	CreatedAt  time.Time
	DisabledAt *time.Time
	Version    int64
}

// Channels receives and delivers.
type Channels struct {
	db        *database.DB
	register  *merchants.Register
	keys      *privacy.Keys
	desk      *jobs.Desk
	log       *slog.Logger
	platforms map[string]Platform
	known     *known
	pace      *pacer
	committer *committer
	money     func(database.Tx, string, string, string, MoneyWord, time.Time) error
	ready     func(context.Context, string, money.Money) error
	hookURL   func(Channel) string
}

// Config is what the wiring decides.
type Config struct {
	Log *slog.Logger
	// Money hears what a platform says of money, once for each telling, inside the transaction that keeps it. An error refuses the
	// webhook, so that the platform tells it again.
	Money func(tx database.Tx, merchant, channel, platform string, w MoneyWord, at time.Time) error
	// Ready tells whether the request with this reference may be paid now with this sum; nil is yes. It is asked while a customer
	// waits with the finger on the button, so it reads and asks nobody.
	Ready func(ctx context.Context, reference string, amount money.Money) error
	// HookURL is where a channel's webhooks come to, for platforms that must be told.
	HookURL func(Channel) string
}

// New makes the room and has it listen for its own promises.
func New(db *database.DB, register *merchants.Register, keys *privacy.Keys, desk *jobs.Desk, platforms map[string]Platform, cfg Config) *Channels {
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	c := &Channels{db: db, register: register, keys: keys, desk: desk, log: cfg.Log, platforms: platforms,
		known: newKnown(), pace: newPacer(), committer: newCommitter(db.Engine), money: cfg.Money, ready: cfg.Ready, hookURL: cfg.HookURL}
	jobs.On(desk, "channels.send", c.Work)
	jobs.On(desk, "channels.seen", c.showSeen)
	jobs.On(desk, "channels.connect", c.connect)
	desk.Every("channels.stale", 30*time.Second, c.Wake)
	desk.Every("channels.wipe", time.Hour, c.Wipe)
	return c
}

// NewChannel is what a merchant gives.
type NewChannel struct {
	Platform    string
	Name        string
	Credentials Credentials
}

func credentialKind(channel string) string { return "channel:" + channel }

// Create makes a channel and the token with which the platform proves that it asks for this webhook's address.
func (c *Channels) Create(tx database.Tx, merchant string, n NewChannel) (Channel, string, error) {
	if n.Platform == Web {
		return Channel{}, "", ErrWebIsForEvery
	}
	p, ok := c.platforms[n.Platform]
	if !ok {
		return Channel{}, "", ErrPlatform.At("platform", "must be one of "+c.names())
	}
	settings, secrets, err := sort(p, n.Credentials, nil, true)
	if err != nil {
		return Channel{}, "", err
	}
	if n.Name == "" {
		n.Name = n.Platform
	}
	ch := Channel{MerchantID: merchant, ID: id.New("chn"), Platform: n.Platform, Name: n.Name, ExternalID: p.Account(settings),
		Settings: settings, CreatedAt: tx.Now, Version: 1}
	if err := c.accountFree(tx, ch); err != nil {
		return Channel{}, "", err
	}
	token := newToken()
	secrets["verify_token"] = token
	if err := insertChannel(tx, ch); err != nil {
		return Channel{}, "", err
	}
	if err := c.register.SetCredential(tx, merchant, credentialKind(ch.ID), secrets); err != nil {
		return Channel{}, "", err
	}
	return ch, token, c.promiseConnect(tx, ch)
}

func (c *Channels) accountFree(tx database.Tx, ch Channel) error {
	if ch.ExternalID == "" {
		return nil
	}
	other, err := findByAccount(tx.DB(), ch.MerchantID, ch.Platform, ch.ExternalID)
	switch {
	case database.NotFound(err):
		return nil
	case err != nil:
		return err
	case other.ID != ch.ID:
		return ErrAccountInUse
	}
	return nil
}

// Has stands before the name of an optional secret among the settings of a channel that has it.
const Has = "has_"

// sort parts credentials into settings and secrets, and refuses what the platform does not know or finds wrong beside
// the settings that stand already.
func sort(p Platform, given Credentials, standing map[string]string, whole bool) (settings map[string]string, secrets Credentials, err error) {
	settings, secrets = map[string]string{}, Credentials{}
	rest := maps.Clone(given)
	bad := ErrCredentials
	all := maps.Clone(given)
	for name, v := range standing {
		if all[name] == "" {
			all[name] = v
		}
	}
	for _, w := range p.Wants() {
		v := given[w.Name]
		delete(rest, w.Name)
		if w.Check != nil {
			if why := w.Check(all[w.Name], all); why != "" {
				bad = bad.At("credentials."+w.Name, why)
				continue
			}
		}
		switch {
		case v == "" && w.Needed && whole:
			bad = bad.At("credentials."+w.Name, "is needed")
		case v == "":
		case len(v) > 4096:
			bad = bad.At("credentials."+w.Name, "is too long")
		case w.Secret:
			secrets[w.Name] = v
			if !w.Needed {
				settings[Has+w.Name] = "true"
			}
		default:
			settings[w.Name] = v
		}
	}
	for _, name := range slices.Sorted(maps.Keys(rest)) {
		bad = bad.At("credentials."+name, "is not known to this platform")
	}
	if len(bad.Fields) > 0 {
		return nil, nil, bad
	}
	return settings, secrets, nil
}

func (c *Channels) names() string {
	s := ""
	for _, n := range slices.Sorted(maps.Keys(c.platforms)) {
		if s != "" {
			s += ", "
		}
		s += n
	}
	return s
}
