package payments

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"time"

	"sotto.chat/internal/id"
	"sotto.chat/internal/money"
)

// facts is what is kept of a signed event's object: ids, states and sums. The signature makes them the provider's own word. Names,
// addresses, cards and free text are not among them, and what has not the form of an id, a state or a sum is left out.
type facts struct {
	ID            string      `json:"id,omitempty"`
	Status        string      `json:"status,omitempty"`
	PaymentStatus string      `json:"payment_status,omitempty"`
	Reason        string      `json:"reason,omitempty"` // of a dispute; why a payout failed
	Currency      string      `json:"currency,omitempty"`
	Total         *int64      `json:"amount_total,omitempty"`
	Amount        *int64      `json:"amount,omitempty"`
	Received      *int64      `json:"amount_received,omitempty"`
	Captured      *int64      `json:"amount_captured,omitempty"`
	Returned      *int64      `json:"amount_refunded,omitempty"` // of a charge: all that ever went back, by this moment
	AllReturned   bool        `json:"refunded,omitempty"`
	Disputed      bool        `json:"disputed,omitempty"`
	Conversion    *conversion `json:"currency_conversion,omitempty"`
	Intent        string      `json:"payment_intent,omitempty"`
	Charge        string      `json:"charge,omitempty"`
	Created       int64       `json:"created,omitempty"`
	Arrives       int64       `json:"arrival_date,omitempty"` // of a payout
	// Order, Merchant, Payment, Attempt and Refund are what we wrote on it.
	Order    string `json:"client_reference_id,omitempty"`
	Merchant string `json:"our_merchant,omitempty"`
	Payment  string `json:"our_payment,omitempty"`
	Attempt  int64  `json:"our_attempt,omitempty"`
	Refund   string `json:"our_refund,omitempty"`
	// Account is the Stripe account by whose secret the event was signed, or the connected one that it names.
	Account string `json:"our_account,omitempty"`
	// Word is what another provider than Stripe said.
	Word *Word `json:"word,omitempty"`
}

// conversion is what was asked for, where the customer was shown another currency.
type conversion struct {
	Currency string `json:"source_currency,omitempty"`
	Total    *int64 `json:"amount_total,omitempty"`
}

// What an event can be about.
const (
	aSession = "session"
	anIntent = "intent"
	aCharge  = "charge"
	aRefund  = "refund"
	aDispute = "dispute"
	aPayout  = "payout"
	aWord    = "word"
)

func subject(kind string) string {
	if aWordOf(kind) {
		if kind == WordReturned {
			return aRefund
		}
		return aWord
	}
	for prefix, what := range map[string]string{"checkout.session.": aSession, "payment_intent.": anIntent, "charge.dispute.": aDispute,
		"charge.refund.": aRefund, "refund.": aRefund, "payout.": aPayout} {
		if strings.HasPrefix(kind, prefix) {
			return what
		}
	}
	return aCharge
}

// readEnvelope reads the body of a webhook whose signature was verified.
func readEnvelope(raw []byte) (signedEvent, error) {
	var e struct {
		ID, Type, Account string
		Livemode          bool
		Created           int64
		Data              struct{ Object json.RawMessage }
	}
	var object struct{ ID string }
	err := json.Unmarshal(raw, &e)
	if err == nil && len(e.Data.Object) > 0 {
		err = json.Unmarshal(e.Data.Object, &object)
	}
	if err != nil || e.ID == "" || e.Type == "" || len(e.ID) > 255 || len(e.Type) > 255 || len(object.ID) > 255 {
		return signedEvent{}, ErrBadEvent
	}
	return signedEvent{ID: e.ID, Kind: e.Type, Account: e.Account, Object: object.ID, Live: e.Livemode,
		Created: time.Unix(e.Created, 0).UTC(), Facts: readFacts(e.Type, e.Data.Object)}, nil
}

// readFacts takes the facts out of an event's object; none for events that lead to nothing.
func readFacts(kind string, raw []byte) facts {
	in := fieldsOf(raw)
	if !handled(kind) || in == nil {
		return facts{}
	}
	ours := fieldsOf(in["metadata"])
	f := facts{ID: in.id("id"), Status: in.word("status"), Currency: in.currency("currency"),
		Merchant: ours.own("mer", "merchant"), Payment: ours.own("pay", "payment"), Refund: ours.own("ref", "refund")}
	f.Attempt, _ = strconv.ParseInt(ours.text("attempt"), 10, 32)
	f.Created, f.Arrives = orNone(in.sum("created")), orNone(in.sum("arrival_date"))
	if what := subject(kind); what != anIntent {
		f.Intent = in.id("payment_intent")
	}
	switch subject(kind) {
	case aSession:
		f.PaymentStatus, f.Total, f.Order = in.word("payment_status"), in.sum("amount_total"), in.own("ord", "client_reference_id")
		if c := fieldsOf(in["currency_conversion"]); c.currency("source_currency") != "" {
			f.Conversion = &conversion{c.currency("source_currency"), c.sum("amount_total")}
		}
	case anIntent:
		f.Received, f.Amount = in.sum("amount_received"), in.sum("amount")
	case aCharge:
		f.Amount, f.Captured, f.Returned = in.sum("amount"), in.sum("amount_captured"), in.sum("amount_refunded")
		f.AllReturned, f.Disputed = in.yes("refunded"), in.yes("disputed")
	case aRefund:
		f.Amount, f.Charge = in.sum("amount"), in.id("charge")
	case aPayout:
		f.Amount, f.Reason = in.sum("amount"), in.word("failure_code")
	case aDispute:
		f.Amount, f.Charge, f.Reason = in.sum("amount"), in.id("charge"), in.word("reason")
	}
	return f
}

// intent is the payment intent that the object is or belongs to.
func (f facts) intent(kind string) string {
	if subject(kind) == anIntent {
		return f.ID
	}
	return f.Intent
}

// pays tells whether the event says that money came. A charge that gives back what it took did take it.
func (f facts) pays(kind string) bool {
	switch kind {
	case "checkout.session.completed":
		return f.PaymentStatus == "paid" || f.PaymentStatus == "no_payment_required"
	case "checkout.session.async_payment_succeeded", "payment_intent.succeeded":
		return true
	}
	captured := first(f.Captured, f.Amount)
	return subject(kind) == aCharge && f.Intent != "" && captured != nil && *captured > 0
}

// money is the sum that came, as the event says; ok is false when it says none that has an exact form here. asked and shown are what the
// provider's API tells of the session: a customer who was shown another currency paid exactly what was asked when he paid what was shown.
func (f facts) money(kind string, asked, shown money.Money) (m money.Money, ok bool) {
	n, currency := f.Total, f.Currency
	switch subject(kind) {
	case anIntent:
		n = first(f.Received, f.Amount)
	case aCharge:
		n = first(f.Captured, f.Amount)
	case aSession:
		if f.Conversion != nil {
			n, currency = f.Conversion.Total, f.Conversion.Currency
		}
	}
	if n == nil {
		return money.Money{Currency: currency}, false
	}
	if subject(kind) != aSession && shown != (money.Money{}) && shown == money.Of(*n, currency) {
		return asked, true
	}
	m, err := money.FromStripe(*n, currency)
	if err != nil {
		return money.Money{Currency: currency}, false
	}
	return m, true
}

func first(sums ...*int64) *int64 {
	for _, n := range sums {
		if n != nil {
			return n
		}
	}
	return nil
}

// refundStatus gives a refund's state in our words.
func refundStatus(theirs string) string {
	switch theirs {
	case "succeeded":
		return RefundSucceeded
	case "failed", "canceled":
		return RefundFailed
	}
	return RefundPending // pending, requires_action
}

// fields is an object of the provider's, taken apart without believing in any form.
type fields map[string]json.RawMessage

func fieldsOf(raw []byte) (f fields) {
	if json.Unmarshal(raw, &f) != nil {
		return nil
	}
	return f
}

func (f fields) text(name string) (s string) {
	if json.Unmarshal(f[name], &s) != nil {
		return ""
	}
	return s
}

// id reads an outside id, alone or of an object in its place.
func (f fields) id(name string) string {
	s := f.text(name)
	if s == "" {
		s = fieldsOf(f[name]).text("id")
	}
	if len(s) > 255 || strings.ContainsFunc(s, func(r rune) bool { return r != '_' && !alphanumeric(r) }) {
		return ""
	}
	return s
}

// own reads an id of ours.
func (f fields) own(prefix, name string) string {
	if s := f.text(name); id.Check(prefix, s) == nil {
		return s
	}
	return ""
}

// word reads a state or a reason: one of the provider's own words.
func (f fields) word(name string) string {
	s := f.text(name)
	if len(s) > 40 || strings.ContainsFunc(s, func(r rune) bool { return r != '_' && (r < 'a' || r > 'z') }) {
		return ""
	}
	return s
}

func (f fields) currency(name string) string {
	s := strings.ToUpper(f.text(name))
	if len(s) != 3 || strings.ContainsFunc(s, func(r rune) bool { return r < 'A' || r > 'Z' }) {
		return ""
	}
	return s
}

// largestSum is more than anybody pays, and small enough to be added up.
const largestSum = 1_000_000_000_000_000

func (f fields) sum(name string) *int64 {
	var n int64
	if raw := f[name]; len(raw) == 0 || string(raw) == "null" || json.Unmarshal(raw, &n) != nil || n < 0 || n > largestSum {
		return nil
	}
	return &n
}

func (f fields) yes(name string) bool { return string(f[name]) == "true" }

func alphanumeric(r rune) bool {
	return r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z'
}

// signedAt reads t= of a Stripe-Signature header. Two of them would let an old signature pass under a young date.
func signedAt(header string) (at time.Time, err error) {
	err = ErrBadSignature
	for part := range strings.SplitSeq(header, ",") {
		t, ok := strings.CutPrefix(part, "t=")
		if !ok {
			continue
		}
		if err == nil {
			return at, ErrBadSignature
		}
		n, bad := strconv.ParseInt(t, 10, 64)
		if bad != nil {
			return at, ErrBadSignature
		}
		at, err = time.Unix(n, 0), nil
	}
	return at, err
}

// handledKinds are the events that lead to a new reading. All others are noted and left.
// payment_intent.payment_failed is not among them: it is one attempt inside a session that stays open.
var handledKinds = []string{
	"checkout.session.completed", "checkout.session.async_payment_succeeded", "checkout.session.async_payment_failed", "checkout.session.expired",
	"payment_intent.succeeded", "payment_intent.processing", "payment_intent.canceled", "payment_intent.amount_capturable_updated",
	"charge.captured", "charge.refunded", "charge.refund.updated", "refund.created", "refund.updated", "refund.failed",
	"payout.created", "payout.updated", "payout.paid", "payout.failed", "payout.canceled",
	"charge.dispute.created", "charge.dispute.updated", "charge.dispute.funds_withdrawn", "charge.dispute.funds_reinstated", "charge.dispute.closed",
}

// pollKind is the kind of an event that we made ourselves after looking.
const pollKind = "checkout.session.looked_at"

func handled(kind string) bool { return kind == pollKind || slices.Contains(handledKinds, kind) }
