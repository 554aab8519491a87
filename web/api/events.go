package api

import (
	"context"
	"net/http"
	"time"

	"sotto.chat/merchants"
	"sotto.chat/web/events"
)

// Event is something that happened; read its subject for the rest.
type Event struct {
	ID      string    `json:"id"`
	Type    string    `json:"type"`
	Subject string    `json:"subject"`
	At      time.Time `json:"at"`
}

// Endpoint is an address of the merchant's that is called.
type Endpoint struct {
	ID        string    `json:"id"`
	URL       string    `json:"url"`
	Types     []string  `json:"types" doc:"Empty means all."`
	CreatedAt time.Time `json:"created_at"`
}

// EndpointMade is a fresh endpoint with its signing secret.
type EndpointMade struct {
	Endpoint
	Secret string `json:"secret" doc:"Signs each call by Standard Webhooks. Shown this once."`
}

// EndpointNew asks for calls.
type EndpointNew struct {
	URL   string   `json:"url" maxLength:"2000"`
	Types []string `json:"types,omitempty" maxItems:"20"`
}

func showEndpoint(p events.Endpoint) Endpoint {
	return Endpoint{p.ID, p.URL, orEmpty(p.Kinds), p.CreatedAt}
}

func (a *api) events() {
	add(a, op{method: http.MethodGet, path: "/v1/events", right: merchants.OrdersRead, tag: "Shop", summary: "What happened, the oldest first"},
		func(ctx context.Context, who merchants.Actor, in *Page) (*Answer[List[Event]], error) {
			rows, err := a.Events.List(ctx, who.MerchantID, in.After, in.Limit)
			return list(rows, nextOf(rows, in.Limit, func(e events.Event) string { return e.ID }),
				func(e events.Event) Event { return Event{e.ID, e.Kind, e.Subject, e.At} }), err
		})
	add(a, op{method: http.MethodGet, path: "/v1/webhook_endpoints", right: merchants.SettingsRead, tag: "Shop", summary: "List webhook endpoints"},
		func(ctx context.Context, who merchants.Actor, _ *struct{}) (*Answer[List[Endpoint]], error) {
			rows, err := a.Events.Endpoints(ctx, who.MerchantID)
			return list(rows, "", showEndpoint), err
		})
	add(a, op{method: http.MethodPost, path: "/v1/webhook_endpoints", right: merchants.SettingsWrite, tag: "Shop", summary: "Have an address called", status: 201},
		func(ctx context.Context, who merchants.Actor, in *struct{ Body EndpointNew }) (*Answer[EndpointMade], error) {
			p, secret, err := a.Events.Add(ctx, who.MerchantID, in.Body.URL, in.Body.Types)
			return &Answer[EndpointMade]{EndpointMade{showEndpoint(p), secret}}, err
		})
	add(a, op{method: http.MethodDelete, path: "/v1/webhook_endpoints/{id}", right: merchants.SettingsWrite, tag: "Shop", summary: "End the calls to an address", status: 204},
		func(ctx context.Context, who merchants.Actor, in *ByID) (*Nothing, error) {
			return &Nothing{}, a.Events.Remove(ctx, who.MerchantID, in.ID)
		})
}
