package payments

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/stripe/stripe-go/v76"
	"github.com/stripe/stripe-go/v76/charge"
	"github.com/stripe/stripe-go/v76/checkout/session"
	"github.com/stripe/stripe-go/v76/dispute"
	events "github.com/stripe/stripe-go/v76/event"
	"github.com/stripe/stripe-go/v76/paymentintent"
	"github.com/stripe/stripe-go/v76/refund"

	"sotto.chat/internal/money"
	"sotto.chat/payments/accounts"
)

// tolerance is how far the time of a webhook's signature may be from ours, in either direction; the library looks back only.
const tolerance = 300 * time.Second

// stripeAPI is the one place that speaks to Stripe. It holds no key: each call brings those of its account.
type stripeAPI struct{ backend stripe.Backend }

func newStripe(url string, client *http.Client) *stripeAPI {
	return &stripeAPI{backend: accounts.Open(url, inOneForm(client))}
}

// stripeRefusal is an answer of Stripe's other than success. It keeps no text of theirs: that may quote what was sent.
type stripeRefusal struct {
	Status   int
	Code     string
	Param    string
	Request  string
	Replayed bool
	// Permission is what the key lacks, if that is the reason.
	Permission string
}

func (e *stripeRefusal) Error() string {
	return fmt.Sprintf("stripe answered %d (code %q, param %q, request %s)", e.Status, e.Code, e.Param, e.Request)
}

// final tells whether the request was understood and refused, so that the same request can never succeed.
func (e *stripeRefusal) final() bool {
	return e.Status >= 400 && e.Status < 500 && !slices.Contains([]int{401, 403, 408, 409, 425, 429}, e.Status) ||
		e.Status >= 500 && e.Replayed
}

func told(err error) error {
	var e *stripe.Error
	if !errors.As(err, &e) {
		return wordless(err)
	}
	code := string(e.Code)
	if code == "" {
		code = string(e.Type)
	}
	out := &stripeRefusal{Status: e.HTTPStatusCode, Code: code, Param: e.Param, Request: e.RequestID, Permission: accounts.Missing(e)}
	if e.LastResponse != nil {
		out.Replayed = e.LastResponse.Header.Get("Idempotent-Replayed") == "true"
	}
	return out
}

// refusal finds Stripe's answer in an error; nil when there was none (the network, a time limit).
func refusal(err error) *stripeRefusal {
	var e *stripeRefusal
	errors.As(err, &e)
	return e
}

// gone tells whether the provider says that there is no such object. An address that it does not serve says nothing of objects.
func gone(err error) bool {
	e := refusal(err)
	return e != nil && e.Status == http.StatusNotFound && e.Code == "resource_missing"
}

// untold tells whether the provider will not say, however often it is asked.
func (e *stripeRefusal) untold() bool {
	return e.Status == http.StatusNotImplemented || e.Status >= 400 && e.Status < 500 && !slices.Contains([]int{408, 409, 425, 429}, e.Status)
}

// upstream is what people are told of a failed call: a key that is refused or may not do it can be mended by the shop alone.
func upstream(err error) error {
	switch e := refusal(err); {
	case e == nil:
	case e.Status == http.StatusUnauthorized:
		return ErrKey.Because(err)
	case e.Permission != "":
		return ErrPermission.Because(err).At("permission", e.Permission)
	}
	return ErrUpstream.Because(err)
}

// TryStripe finds out what a key may do, outside of any shop; url is as in Config.
func TryStripe(ctx context.Context, url string, acct accounts.Account) (accounts.Verdict, error) {
	return newStripe(url, &http.Client{Timeout: 10 * time.Second}).try(ctx, acct)
}

func (s *stripeAPI) try(ctx context.Context, acct account) (accounts.Verdict, error) {
	v, err := accounts.Try(ctx, s.backend, acct)
	if err != nil {
		err = upstream(told(err))
	}
	return v, err
}

// live tells what kind of money a key moves.
func live(key string) bool { return accounts.Live(key) }

// sessionRequest is all that a session is made of. It is built from stored values alone: the idempotency key stands for this very body.
type sessionRequest struct {
	Merchant, Payment string
	Attempt           int64
	Order, Language   string
	Amount            money.Money
	Items             []Item
	ReturnURL         string
	ExpiresAt         time.Time
	Manual            bool // the money is only held
	Keep              bool // the provider is to know the customer at the next order, and calls one whom it knows Customer
	Customer          string
}

func (r sessionRequest) key() string { return fmt.Sprintf("pay:%s:%d", r.Payment, r.Attempt) }

func (r sessionRequest) metadata() map[string]string {
	return map[string]string{"merchant": r.Merchant, "payment": r.Payment, "attempt": strconv.FormatInt(r.Attempt, 10), "order": r.Order}
}

// lines lists the items where they add up to the amount in a way that Stripe can show, else one line of the whole sum.
func (r sessionRequest) lines() ([]*stripe.CheckoutSessionLineItemParams, error) {
	whole, err := money.StripeUnit(r.Amount)
	if err != nil {
		return nil, err
	}
	items, sum, names := []Item(nil), int64(0), []string(nil)
	for _, it := range r.Items {
		unit, err := money.StripeUnit(money.Of(it.Unit, r.Amount.Currency))
		total, mul := money.Mul(unit, it.Quantity)
		if err != nil || mul != nil || unit < 0 || it.Quantity < 1 || it.Name == "" {
			sum = -1
			break
		}
		items = append(items, Item{Name: it.Name, Quantity: it.Quantity, Unit: unit})
		sum += total
	}
	for _, it := range r.Items {
		names = append(names, it.Name)
	}
	if sum != whole || len(items) == 0 || len(items) > 100 {
		name := strings.Join(names, ", ")
		if name == "" {
			name = r.Order
		}
		items = []Item{{Name: name, Quantity: 1, Unit: whole}}
	}
	var out []*stripe.CheckoutSessionLineItemParams
	for _, it := range items {
		out = append(out, &stripe.CheckoutSessionLineItemParams{Quantity: &it.Quantity,
			PriceData: &stripe.CheckoutSessionLineItemPriceDataParams{
				Currency: stripe.String(strings.ToLower(r.Amount.Currency)), UnitAmount: &it.Unit,
				ProductData: &stripe.CheckoutSessionLineItemPriceDataProductDataParams{Name: stripe.String(cut(it.Name, 250))}}})
	}
	return out, nil
}

func (s *stripeAPI) createSession(ctx context.Context, key string, r sessionRequest) (remote, error) {
	lines, err := r.lines()
	if err != nil {
		return remote{}, err
	}
	params := &stripe.CheckoutSessionParams{
		Params: stripe.Params{Context: ctx, IdempotencyKey: stripe.String(r.key())}, Metadata: r.metadata(),
		Mode: stripe.String("payment"), ClientReferenceID: stripe.String(r.Order), ExpiresAt: stripe.Int64(r.ExpiresAt.Unix()),
		SuccessURL: stripe.String(r.ReturnURL + "?back=paid"), CancelURL: stripe.String(r.ReturnURL), Locale: stripe.String(locale(r.Language)),
		LineItems: lines, SubmitType: stripe.String("pay"),
		// Stripe does not copy the session's metadata to what comes of it.
		PaymentIntentData: &stripe.CheckoutSessionPaymentIntentDataParams{Metadata: r.metadata()},
	}
	if r.Keep {
		accounts.Remember(params, r.Customer)
	}
	if r.Manual {
		params.PaymentIntentData.CaptureMethod = stripe.String("manual")
	}
	got, err := session.Client{B: s.backend, Key: key}.New(params)
	if err != nil {
		return remote{}, told(err)
	}
	return readSession(got), nil
}

// session reads a session with its payment intent and the charge of that. An answer about anything else is none.
func (s *stripeAPI) session(ctx context.Context, key, id string) (remote, error) {
	params := &stripe.CheckoutSessionParams{Params: stripe.Params{Context: ctx}}
	params.AddExpand("payment_intent.latest_charge")
	got, err := session.Client{B: s.backend, Key: key}.Get(id, params)
	if err == nil && got.ID != id {
		err = &stripe.Error{HTTPStatusCode: http.StatusNotImplemented, Code: "another_object"}
	}
	if err != nil {
		return remote{}, told(err)
	}
	return readSession(got), nil
}

// sessionOf finds the session of a payment intent; ok is false when there is none.
func (s *stripeAPI) sessionOf(ctx context.Context, key, intent string) (r remote, ok bool, err error) {
	params := &stripe.CheckoutSessionListParams{ListParams: page(ctx, 1), PaymentIntent: &intent}
	params.AddExpand("data.payment_intent.latest_charge")
	it := session.Client{B: s.backend, Key: key}.List(params)
	if it.Next() {
		return readSession(it.CheckoutSession()), true, nil
	}
	return remote{}, false, told(it.Err())
}

func (s *stripeAPI) expireSession(ctx context.Context, key, id string) error {
	_, err := session.Client{B: s.backend, Key: key}.Expire(id, &stripe.CheckoutSessionExpireParams{Params: stripe.Params{Context: ctx}})
	return told(err)
}

// capture takes held money: unit, in the provider's units, or all of it when that is 0. The rest is let go.
func (s *stripeAPI) capture(ctx context.Context, key, intent, idempotency string, unit int64) error {
	params := &stripe.PaymentIntentCaptureParams{Params: stripe.Params{Context: ctx, IdempotencyKey: &idempotency}}
	if unit > 0 {
		params.AmountToCapture = &unit
	}
	_, err := paymentintent.Client{B: s.backend, Key: key}.Capture(intent, params)
	return told(err)
}

// release lets held money go.
func (s *stripeAPI) release(ctx context.Context, key, intent, idempotency string) error {
	_, err := paymentintent.Client{B: s.backend, Key: key}.Cancel(intent, &stripe.PaymentIntentCancelParams{
		Params: stripe.Params{Context: ctx, IdempotencyKey: &idempotency}, CancellationReason: stripe.String("requested_by_customer")})
	return told(err)
}

// sessionsBetween lists the sessions made in a span of time, with their intents.
func (s *stripeAPI) sessionsBetween(ctx context.Context, key string, from, to time.Time) ([]remote, error) {
	params := &stripe.CheckoutSessionListParams{ListParams: page(ctx, 100),
		CreatedRange: &stripe.RangeQueryParams{GreaterThanOrEqual: from.Unix(), LesserThan: to.Unix()}}
	params.AddExpand("data.payment_intent")
	var out []remote
	it := session.Client{B: s.backend, Key: key}.List(params)
	for it.Next() {
		out = append(out, readSession(it.CheckoutSession()))
	}
	return out, told(it.Err())
}

func page(ctx context.Context, limit int64) stripe.ListParams {
	return stripe.ListParams{Context: ctx, Limit: stripe.Int64(limit), Single: limit == 1}
}

// intentOf finds the payment intent that an object of an event belongs to; empty when it has none.
func (s *stripeAPI) intentOf(ctx context.Context, key, kind, object string) (string, error) {
	params := stripe.Params{Context: ctx}
	var in *stripe.PaymentIntent
	var err error
	switch subject(kind) {
	case anIntent:
		in, err = paymentintent.Client{B: s.backend, Key: key}.Get(object, &stripe.PaymentIntentParams{Params: params})
	case aDispute:
		var d *stripe.Dispute
		if d, err = (dispute.Client{B: s.backend, Key: key}).Get(object, &stripe.DisputeParams{Params: params}); err == nil {
			in = d.PaymentIntent
		}
	case aRefund:
		var r *stripe.Refund
		if r, err = (refund.Client{B: s.backend, Key: key}).Get(object, &stripe.RefundParams{Params: params}); err == nil {
			in = r.PaymentIntent
		}
	default:
		var c *stripe.Charge
		if c, err = (charge.Client{B: s.backend, Key: key}).Get(object, &stripe.ChargeParams{Params: params}); err == nil {
			in = c.PaymentIntent
		}
	}
	if err != nil || in == nil {
		return "", told(err)
	}
	return in.ID, nil
}

// createRefund gives back unit, in the provider's units, or all that is left when that is 0.
func (s *stripeAPI) createRefund(ctx context.Context, key, intent, idempotency string, unit int64, meta map[string]string) (remoteRefund, error) {
	params := &stripe.RefundParams{Params: stripe.Params{Context: ctx, IdempotencyKey: &idempotency}, Metadata: meta,
		PaymentIntent: &intent, Reason: stripe.String(reasonCode(meta["reason"]))}
	if unit > 0 {
		params.Amount = &unit
	}
	got, err := refund.Client{B: s.backend, Key: key}.New(params)
	if err != nil {
		return remoteRefund{}, told(err)
	}
	return readRefund(got)
}

func (s *stripeAPI) refundsOf(ctx context.Context, key, intent string) ([]remoteRefund, error) {
	var out []remoteRefund
	it := refund.Client{B: s.backend, Key: key}.List(&stripe.RefundListParams{ListParams: page(ctx, 100), PaymentIntent: &intent})
	for it.Next() {
		r, err := readRefund(it.Refund())
		if err != nil {
			return nil, err
		}
		out = append(out, r)
	}
	return out, told(it.Err())
}

func (s *stripeAPI) disputesOf(ctx context.Context, key, intent string) ([]remoteDispute, error) {
	var out []remoteDispute
	it := dispute.Client{B: s.backend, Key: key}.List(&stripe.DisputeListParams{ListParams: page(ctx, 100), PaymentIntent: &intent})
	for it.Next() {
		d := it.Dispute()
		m, err := money.FromStripe(d.Amount, upper(d.Currency))
		if err != nil {
			return nil, err
		}
		out = append(out, remoteDispute{ID: d.ID, Amount: m, Status: string(d.Status), Reason: string(d.Reason), Created: time.Unix(d.Created, 0).UTC()})
	}
	return out, told(it.Err())
}

// eventsSince lists up to limit events of the kinds we handle, the newest first.
func (s *stripeAPI) eventsSince(ctx context.Context, key string, since time.Time, limit int) ([]signedEvent, error) {
	params := &stripe.EventListParams{ListParams: page(ctx, 100), CreatedRange: &stripe.RangeQueryParams{GreaterThanOrEqual: since.Unix()}}
	params.Types = stripe.StringSlice(handledKinds)
	var out []signedEvent
	it := events.Client{B: s.backend, Key: key}.List(params)
	for len(out) < limit && it.Next() {
		e := it.Event()
		one := signedEvent{ID: e.ID, Kind: string(e.Type), Account: e.Account, Live: e.Livemode, Created: time.Unix(e.Created, 0).UTC()}
		if e.Data != nil {
			one.Object, _ = e.Data.Object["id"].(string)
			one.Facts = readFacts(one.Kind, e.Data.Raw)
		}
		out = append(out, one)
	}
	return out, told(it.Err())
}

// verify checks the signature of a webhook over its raw bytes with each of the secrets, and its age in both directions.
func verify(raw []byte, header string, secrets []string, now time.Time) (signedEvent, error) {
	if !accounts.Signed(raw, header, secrets) {
		return signedEvent{}, ErrBadSignature
	}
	at, err := signedAt(header)
	if err != nil || now.Sub(at).Abs() > tolerance {
		return signedEvent{}, ErrBadSignature.Say("The webhook's signature is too old or from the future; compare the clocks.")
	}
	return readEnvelope(raw)
}

func upper(c stripe.Currency) string { return strings.ToUpper(string(c)) }

func readSession(v *stripe.CheckoutSession) remote {
	r := remote{Session: v.ID, Status: string(v.Status), PaymentStatus: string(v.PaymentStatus), URL: v.URL, Live: v.Livemode,
		Merchant: v.Metadata["merchant"], Payment: v.Metadata["payment"], Created: time.Unix(v.Created, 0).UTC()}
	r.Attempt, _ = strconv.ParseInt(v.Metadata["attempt"], 10, 64)
	asked, err := money.FromStripe(v.AmountTotal, upper(v.Currency))
	if c := v.CurrencyConversion; c != nil && c.SourceCurrency != "" {
		// Adaptive pricing: the customer paid in another currency; what we asked for stands beside.
		asked, err = money.FromStripe(c.AmountTotal, upper(c.SourceCurrency))
	}
	r.Asked, r.Shown, r.Odd = asked, money.Of(v.AmountTotal, upper(v.Currency)), err != nil
	if v.Customer != nil {
		r.Customer = v.Customer.ID
	}
	in := v.PaymentIntent
	if in == nil {
		return r
	}
	r.Intent, r.IntentStatus, r.Received = in.ID, string(in.Status), asked
	if in.AmountReceived != v.AmountTotal || in.Currency != "" && in.Currency != v.Currency {
		r.Received, err = money.FromStripe(in.AmountReceived, upper(in.Currency))
		r.Odd = r.Odd || err != nil
	}
	if c := in.LatestCharge; c != nil {
		r.Disputed, r.Released = c.Disputed, released(&c.Amount, &c.AmountCaptured)
		r.Returned = max(0, c.AmountRefunded-r.Released)
	}
	return r
}

func readRefund(v *stripe.Refund) (remoteRefund, error) {
	m, err := money.FromStripe(v.Amount, upper(v.Currency))
	return remoteRefund{ID: v.ID, Ours: v.Metadata["refund"], Amount: m, Unit: v.Amount, Status: refundStatus(string(v.Status)), Created: time.Unix(v.Created, 0).UTC()}, err
}
