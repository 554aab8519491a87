// Package events tells merchants' own programs what happened: a list to ask, and signed calls (Standard Webhooks).
package events

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"sotto.chat/internal/database"
	"sotto.chat/internal/fault"
	"sotto.chat/internal/id"
	"sotto.chat/internal/jobs"
	"sotto.chat/orders"
	"sotto.chat/privacy"
)

// What can be wrong with an endpoint.
var (
	ErrURL        = fault.New(fault.Invalid, "webhook_url_invalid", "The address must be https:// with a host, 2,000 characters at most.")
	ErrNoEndpoint = fault.New(fault.NotFound, "webhook_endpoint_not_found", "There is no such webhook endpoint.")
	ErrTooMany    = fault.New(fault.Conflict, "too_many_webhook_endpoints", "A shop has at most 20 webhook endpoints; remove one first.")
	ErrKinds      = fault.New(fault.Invalid, "webhook_kinds_invalid", "A kind of event that does not exist.")
)

// ErrCursor refuses a cursor that the list of events has not given: to begin again silently would tell a program everything twice.
var ErrCursor = fault.New(fault.Invalid, "bad_cursor", "The cursor is not one that a list has given.").At("after", "give the next of the page before as it is")

const maxEndpoints = 20

// Kinds are the events that can be asked for.
var Kinds = []string{"order.awaiting_payment", "order.paid", "order.fulfilled", "order.completed", "order.cancelled", "order.expired", "order.updated"}

// Event is something that happened to a subject, by ids; read the subject for the rest.
type Event struct {
	MerchantID, ID, Kind, Subject string
	At                            time.Time
}

// TableName names the table.
func (Event) TableName() string { return "merchant_events" }

// Endpoint is a merchant's own address to be called. Empty kinds mean all.
type Endpoint struct {
	MerchantID, ID, URL string
	Secret              []byte   // sealed
	Kinds               []string `gorm:"serializer:json"`
	CreatedAt           time.Time
	DisabledAt          *time.Time
}

// TableName names the table.
func (Endpoint) TableName() string { return "webhook_endpoints" }

// call is the promise to call one endpoint about one event.
type call struct {
	Merchant string `json:"merchant"`
	Event    string `json:"event"`
	Endpoint string `json:"endpoint"`
}

// NewsKind names the promise.
func (call) NewsKind() string { return "events.call" }

// Teller writes events down and calls endpoints.
type Teller struct {
	db     *database.DB
	keys   *privacy.Keys
	desk   *jobs.Desk
	client *http.Client
	log    *slog.Logger
	// local lets endpoints be plain http on the loopback address, for the demo and for tests.
	local bool
}

// New listens for news. client must refuse addresses that are not public, unless local.
func New(db *database.DB, keys *privacy.Keys, desk *jobs.Desk, client *http.Client, local bool, log *slog.Logger) *Teller {
	t := &Teller{db: db, keys: keys, desk: desk, client: client, local: local, log: log}
	jobs.On(desk, "events.order", t.order)
	jobs.On(desk, "events.call", t.call)
	return t
}

// order writes down that an order moved; the fact's id makes it once.
func (t *Teller) order(ctx context.Context, n orders.Changed) error {
	kind := "order.updated"
	if n.From != n.To {
		kind = "order." + string(n.To)
	}
	return t.db.InTx(ctx, func(tx database.Tx) error {
		e := Event{MerchantID: n.Merchant, ID: eventID(n), Kind: kind, Subject: n.Order, At: tx.Now}
		fresh, err := insertEvent(tx, e)
		if err != nil || !fresh {
			return err
		}
		endpoints, err := active(tx.DB(), n.Merchant)
		if err != nil {
			return err
		}
		for _, p := range endpoints {
			if len(p.Kinds) > 0 && !slices.Contains(p.Kinds, kind) {
				continue
			}
			// By the job alone: a customer who waits for the bot does not wait for a merchant's slow endpoint too.
			if err := t.desk.Announce(tx, call{n.Merchant, e.ID, p.ID}, jobs.At(tx.Now)); err != nil {
				return err
			}
		}
		return nil
	})
}

// envelope is the body of a call: ids alone, so that nothing private travels.
type envelope struct {
	ID        string    `json:"id"`
	Type      string    `json:"type"`
	Timestamp time.Time `json:"timestamp"`
	Data      struct {
		ID string `json:"id"`
	} `json:"data"`
}

// call tells one endpoint about one event; a failure is retried by the queue.
func (t *Teller) call(ctx context.Context, n call) error {
	e, p, err := load(t.db.Read(ctx), n)
	if database.NotFound(err) || (err == nil && p.DisabledAt != nil) {
		return nil
	}
	if err != nil {
		return err
	}
	secret, err := t.keys.OpenNow(ctx, n.Merchant, privacy.MerchantSubject(), secretLabel(p.ID), p.Secret)
	if err != nil {
		return err
	}
	body := envelope{ID: e.ID, Type: e.Kind, Timestamp: e.At.UTC()}
	body.Data.ID = e.Subject
	raw, err := json.Marshal(body)
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, p.URL, bytes.NewReader(raw))
	if err != nil {
		return fmt.Errorf("%w: the endpoint's address cannot be called", jobs.ErrNever)
	}
	if err := sign(req, string(secret), e.ID, t.db.Now(), raw); err != nil {
		return err
	}
	res, err := t.client.Do(req)
	if err != nil {
		return fmt.Errorf("the endpoint %s did not answer", p.ID) // the library's error would print the address
	}
	defer func() { _ = res.Body.Close() }()
	_, _ = io.Copy(io.Discard, io.LimitReader(res.Body, 64<<10)) // read to the end so that the connection is kept
	if res.StatusCode >= 300 {
		return fmt.Errorf("the endpoint %s answered %d", p.ID, res.StatusCode)
	}
	return nil
}

func sign(req *http.Request, secret, eventID string, at time.Time, raw []byte) error {
	w, err := standardwebhooks.NewWebhook(secret)
	if err != nil {
		return err
	}
	signature, err := w.Sign(eventID, at, raw)
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Webhook-Id", eventID)
	req.Header.Set("Webhook-Timestamp", fmt.Sprint(at.Unix()))
	req.Header.Set("Webhook-Signature", signature)
	return nil
}

func secretLabel(endpoint string) string { return "webhook_endpoints.secret:" + endpoint }

// Add makes an endpoint and gives its signing secret, once.
func (t *Teller) Add(ctx context.Context, merchant, address string, kinds []string) (Endpoint, string, error) {
	if !t.fit(address) {
		return Endpoint{}, "", ErrURL
	}
	for i, k := range kinds {
		if !slices.Contains(Kinds, k) {
			return Endpoint{}, "", ErrKinds.At(fmt.Sprintf("kinds[%d]", i), "no such kind")
		}
	}
	var b [24]byte
	_, _ = rand.Read(b[:]) // crypto/rand never fails
	secret := "whsec_" + base64.StdEncoding.EncodeToString(b[:])
	p := Endpoint{MerchantID: merchant, ID: id.New("whe"), URL: address, Kinds: append([]string{}, kinds...)} // never null
	err := t.db.InTx(ctx, func(tx database.Tx) (err error) {
		p.CreatedAt = tx.Now
		if p.Secret, err = t.keys.Seal(tx, merchant, privacy.MerchantSubject(), secretLabel(p.ID), []byte(secret)); err != nil {
			return err
		}
		return insertEndpoint(tx, p)
	})
	return p, secret, err
}

func (t *Teller) fit(address string) bool {
	u, err := url.Parse(address)
	if err != nil || len(address) > 2000 || u.Host == "" || u.User != nil {
		return false
	}
	return u.Scheme == "https" || (t.local && u.Scheme == "http")
}

// Endpoints lists a shop's endpoints.
func (t *Teller) Endpoints(ctx context.Context, merchant string) ([]Endpoint, error) {
	return active(t.db.Read(ctx), merchant)
}

// Remove ends the calls to an endpoint.
func (t *Teller) Remove(ctx context.Context, merchant, endpoint string) error {
	return t.db.InTx(ctx, func(tx database.Tx) error { return disable(tx, merchant, endpoint) })
}

// List gives events, the oldest first, after a cursor, which is the id of an event of this merchant.
func (t *Teller) List(ctx context.Context, merchant, after string, limit int) ([]Event, error) {
	return listEvents(t.db.Read(ctx), merchant, after, limit)
}
