// Package api is the admin REST under /v1: for merchants' scripts, for staff, for a headless shop.
package api

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"reflect"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humagin"
	"github.com/gin-gonic/gin"

	"sotto.chat/catalog"
	"sotto.chat/channels"
	"sotto.chat/customers"
	"sotto.chat/inbox"
	"sotto.chat/internal/database"
	"sotto.chat/internal/fault"
	"sotto.chat/internal/id"
	"sotto.chat/lessons"
	"sotto.chat/merchants"
	"sotto.chat/orders"
	"sotto.chat/payments"
	"sotto.chat/privacy"
	"sotto.chat/rehearsals"
	"sotto.chat/web/door"
	"sotto.chat/web/events"
)

// Rooms is what the doors lead to.
type Rooms struct {
	DB        *database.DB
	Log       *slog.Logger
	PublicURL string
	Version   string

	Keys      *privacy.Keys
	Merchants *merchants.Register
	Customers *customers.People
	Catalog   *catalog.Catalog
	Channels  *channels.Channels
	Payments  *payments.Payments
	Orders    *orders.Orders
	Inbox     *inbox.Inbox
	Events    *events.Teller

	// Lessons are what the bot could not read, and what it may be taught.
	Lessons *lessons.Lessons
	// Rehearsals are the nightly plays of written conversations.
	Rehearsals *rehearsals.Rehearsals
	// Try reads a message that staff typed, and tells how; nil where nothing reads.
	Try func(ctx context.Context, merchant, text, locale, asked string) (lessons.Trial, error)
	// Boleto sends the line of a boleto into a payment's chat; nil where nothing can.
	Boleto func(ctx context.Context, merchant, payment, line, actor string) error
}

// api holds the rooms and the description that grows with each route.
type api struct {
	Rooms
	huma huma.API
}

// Mount adds every route under /v1 to g, which is guarded by door.Keyed, and returns the API's description.
func Mount(r *gin.Engine, guards []gin.HandlerFunc, rooms Rooms) *huma.OpenAPI {
	huma.NewError = door.FromHuma
	huma.DefaultArrayNullable = false
	cfg := huma.DefaultConfig("Sotto", rooms.Version)
	cfg.Info.Description = "A shop that lives in a chat. Amounts are whole minor units with their currency; times are RFC 3339 in UTC; " +
		"lists give `data` and `next`, a cursor for `after`. A POST with an `Idempotency-Key` may be repeated safely."
	cfg.DocsPath, cfg.OpenAPIPath, cfg.SchemasPath = "", "", ""
	cfg.CreateHooks = nil
	asText := huma.Format{Marshal: huma.DefaultJSONFormat.Marshal, Unmarshal: door.Unmarshal}
	cfg.Formats = map[string]huma.Format{"application/json": asText, "json": asText}
	cfg.Servers = []*huma.Server{{URL: rooms.PublicURL}}
	cfg.Components.SecuritySchemes = map[string]*huma.SecurityScheme{"key": {Type: "http", Scheme: "bearer", Description: "An API key: sk_…"}}
	cfg.Security = []map[string][]string{{"key": {}}}
	cfg.Transformers = []huma.Transformer{func(ctx huma.Context, _ string, v any) (any, error) {
		if p, ok := v.(*door.Problem); ok {
			p.RequestID = door.RequestID(ctx.Context())
			if p.Status == http.StatusTooManyRequests {
				ctx.SetHeader("Retry-After", "1")
			}
		}
		return v, nil
	}}
	a := &api{Rooms: rooms, huma: humagin.NewWithGroup(r, r.Group("", guards...), cfg)}
	a.products()
	a.categories()
	a.files()
	a.carts()
	a.orders()
	a.payments()
	a.reconciliation()
	a.customers()
	a.conversations()
	a.questions()
	a.lessons()
	a.rehearsals()
	a.channels()
	a.shop()
	a.events()
	return a.huma.OpenAPI()
}

// op is one operation: where it is, what it needs, what it is called.
type op struct {
	method, path string
	right        merchants.Right
	tag, summary string
	status       int
	maxBody      int64
	answers      map[string]*huma.Response // where the answer is not the plain JSON of its type
	repeatable   bool                      // one act however often it is done: after a crash a repetition of its Idempotency-Key does it again
}

// add registers a handler behind the right of its operation. Failures become problems; a body's fault is never echoed.
func add[I, O any](a *api, o op, h func(ctx context.Context, who merchants.Actor, in *I) (*O, error)) {
	if o.maxBody == 0 {
		o.maxBody = 1 << 20
	}
	huma.Register(a.huma, huma.Operation{
		OperationID: operationID(o), Method: o.method, Path: o.path, Summary: o.summary, Tags: []string{o.tag},
		DefaultStatus: o.status, MaxBodyBytes: o.maxBody, Responses: o.answers, Errors: []int{401, 403, 404, 409, 412, 422, 429},
	}, func(ctx context.Context, in *I) (*O, error) {
		who := door.Actor(ctx)
		if !who.May(o.right) {
			return nil, door.Of(a.Log, door.ErrForbidden)
		}
		door.KeyOf(ctx).About(max(o.status, http.StatusOK), o.repeatable)
		out, err := h(ctx, who, in)
		if err != nil {
			return nil, door.Of(a.Log, err)
		}
		return out, nil
	})
}

func operationID(o op) string {
	clean := strings.NewReplacer("/v1/", "", "/", "-", "{", "", "}", "", "_", "-").Replace(o.path)
	return strings.ToLower(o.method) + "-" + clean
}

// Page is how every list is asked for.
type Page struct {
	Limit int    `query:"limit" minimum:"1" maximum:"200" default:"50" doc:"How many, 200 at most."`
	After string `query:"after" maxLength:"80" doc:"The next of the page before."`
}

// ErrCursor refuses a cursor that no list has given.
var ErrCursor = fault.New(fault.Invalid, "bad_cursor", "The cursor is not one that a list has given.")

// past checks that the page begins behind a row of this prefix, or at the beginning.
func (p Page) past(prefix string) error {
	if p.After == "" || id.Check(prefix, p.After) == nil {
		return nil
	}
	return ErrCursor.At("after", "give the next of the page before as it is")
}

// List is how every list answers.
type List[T any] struct {
	Data []T     `json:"data"`
	Next *string `json:"next" nullable:"true" doc:"Give it as after for the next page; null at the end."`
}

// Answer is a plain body.
type Answer[T any] struct{ Body T }

// Tagged is a body that two people may edit, with its version.
type Tagged[T any] struct {
	ETag string `header:"ETag"`
	Body T
}

// ByID is a request about one thing.
type ByID struct {
	ID string `path:"id" maxLength:"80"`
}

// Nothing is an empty answer, 204.
type Nothing struct{}

func etag(version int64) string { return fmt.Sprintf(`"%d"`, version) }

// ErrIfMatch refuses an If-Match that is not one of our ETags.
var ErrIfMatch = fault.New(fault.Invalid, "if_match_invalid", "If-Match must be the ETag of an earlier answer.")

// version reads If-Match; zero means that the caller does not care.
func version(ifMatch string) (int64, error) {
	if ifMatch == "" || ifMatch == "*" {
		return 0, nil
	}
	var v int64
	if _, err := fmt.Sscanf(strings.TrimPrefix(ifMatch, "W/"), `"%d"`, &v); err != nil || v < 1 {
		return 0, ErrIfMatch
	}
	return v, nil
}

// list answers with a page that a room gave.
func list[R, T any](rows []R, next string, show func(R) T) *Answer[List[T]] {
	out := List[T]{Data: make([]T, 0, len(rows))}
	for _, r := range rows {
		out.Data = append(out.Data, show(r))
	}
	if next != "" {
		out.Next = &next
	}
	return &Answer[List[T]]{out}
}

// nextOf is the cursor after a full page; an empty page may follow it.
func nextOf[R any](rows []R, limit int, id func(R) string) string {
	if len(rows) < limit || len(rows) == 0 {
		return ""
	}
	return id(rows[len(rows)-1])
}

// answered keeps the answer of a POST under its Idempotency-Key, in the transaction of the act.
func answered[T any](tx database.Tx, key door.Key, body T) error {
	var raw bytes.Buffer
	if err := huma.DefaultJSONFormat.Marshal(&raw, body); err != nil {
		return err
	}
	return key.Answer(tx, raw.Bytes())
}

func typeOf[T any]() reflect.Type { return reflect.TypeFor[T]() }

// given is a body that may be left out.
func given[T any](body *T) (v T) {
	if body != nil {
		v = *body
	}
	return v
}
