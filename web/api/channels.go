package api

import (
	"context"
	"net/http"
	"time"

	"sotto.chat/channels"
	"sotto.chat/internal/database"
	"sotto.chat/merchants"
)

// Channel is the shop's presence on a platform.
type Channel struct {
	ID         string            `json:"id"`
	Platform   string            `json:"platform"`
	Name       string            `json:"name"`
	Account    string            `json:"account" doc:"The platform's own id of it."`
	Settings   map[string]string `json:"settings" doc:"The credentials that are no secrets."`
	WebhookURL string            `json:"webhook_url"`
	Problem    string            `json:"problem" doc:"What keeps it from sending; empty when all is well."`
	Enabled    bool              `json:"enabled"`
	CreatedAt  time.Time         `json:"created_at"`
	Version    int64             `json:"version"`
}

// ChannelMade is a fresh channel with what the platform asks for.
type ChannelMade struct {
	Channel
	VerifyToken string `json:"verify_token" doc:"Type it in at the platform. Shown this once."`
}

// ChannelNew connects a platform.
type ChannelNew struct {
	Platform    string            `json:"platform" minLength:"1" maxLength:"40"`
	Name        string            `json:"name,omitempty" maxLength:"200"`
	Credentials map[string]string `json:"credentials" doc:"Sealed; never given back. WhatsApp: app_secret, access_token, phone_number_id, waba_id. Telegram: bot_token; provider_token to be paid in the chat; stars and stars_per_hundred for digital goods. WeChat: app_id, app_secret; encoding_aes_key to take sealed messages alone."`
}

// ChannelPatch is what is to change; what is absent stays.
type ChannelPatch struct {
	Name        string            `json:"name,omitempty" maxLength:"200"`
	Credentials map[string]string `json:"credentials,omitempty"`
	Enabled     *bool             `json:"enabled,omitempty"`
}

func (a *api) showChannel(c channels.Channel) Channel {
	out := Channel{ID: c.ID, Platform: c.Platform, Name: c.Name, Account: c.ExternalID, Settings: c.Settings, Problem: c.Problem,
		Enabled: c.DisabledAt == nil, CreatedAt: c.CreatedAt, Version: c.Version}
	if out.Settings == nil {
		out.Settings = map[string]string{}
	}
	if c.Platform != channels.Web {
		out.WebhookURL = a.PublicURL + "/hooks/" + c.Platform + "/" + c.ID
	}
	return out
}

func (a *api) channels() {
	add(a, op{method: http.MethodGet, path: "/v1/channels", right: merchants.SettingsRead, tag: "Shop", summary: "List channels"},
		func(ctx context.Context, who merchants.Actor, _ *struct{}) (*Answer[List[Channel]], error) {
			rows, err := a.Channels.List(ctx, who.MerchantID)
			return list(rows, "", a.showChannel), err
		})
	add(a, op{method: http.MethodPost, path: "/v1/channels", right: merchants.SettingsWrite, tag: "Shop", summary: "Connect a platform", status: 201},
		func(ctx context.Context, who merchants.Actor, in *struct{ Body ChannelNew }) (*Answer[ChannelMade], error) {
			var out ChannelMade
			err := a.DB.InTx(ctx, func(tx database.Tx) error {
				c, token, err := a.Channels.Create(tx, who.MerchantID, channels.NewChannel{Platform: in.Body.Platform, Name: in.Body.Name, Credentials: in.Body.Credentials})
				out = ChannelMade{a.showChannel(c), token}
				return err
			})
			return &Answer[ChannelMade]{out}, err
		})
	add(a, op{method: http.MethodGet, path: "/v1/channels/{id}", right: merchants.SettingsRead, tag: "Shop", summary: "Read a channel"},
		func(ctx context.Context, who merchants.Actor, in *ByID) (*Tagged[Channel], error) {
			c, err := a.Channels.Get(ctx, who.MerchantID, in.ID)
			return &Tagged[Channel]{etag(c.Version), a.showChannel(c)}, err
		})
	add(a, op{method: http.MethodPatch, path: "/v1/channels/{id}", right: merchants.SettingsWrite, tag: "Shop", summary: "Change a channel"},
		func(ctx context.Context, who merchants.Actor, in *struct {
			ByID
			IfMatch string `header:"If-Match"`
			Body    ChannelPatch
		}) (*Tagged[Channel], error) {
			v, err := version(in.IfMatch)
			if err != nil {
				return nil, err
			}
			c, err := a.Channels.Update(ctx, who.MerchantID, in.ID, channels.Change{Name: in.Body.Name, Credentials: in.Body.Credentials, Enabled: in.Body.Enabled, Version: v})
			return &Tagged[Channel]{etag(c.Version), a.showChannel(c)}, err
		})
}
