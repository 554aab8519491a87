package sandbox

import (
	"encoding/json"
	"slices"
	"time"
)

type lineItem struct {
	ID          string            `json:"id"`
	Price       string            `json:"price"`
	Product     string            `json:"product"`
	Name        string            `json:"name"`
	Description string            `json:"description,omitempty"`
	Images      []string          `json:"images,omitempty"`
	Metadata    map[string]string `json:"metadata,omitempty"`
	Unit        int64             `json:"unit"`
	Quantity    int64             `json:"quantity"`
}

type session struct {
	ID             string            `json:"id"`
	Created        int64             `json:"created"`
	ExpiresAt      int64             `json:"expires_at"`
	Status         string            `json:"status"`         // open, complete, expired
	PaymentStatus  string            `json:"payment_status"` // unpaid, paid
	Currency       string            `json:"currency"`
	Subtotal       int64             `json:"subtotal"`
	Shipping       int64             `json:"shipping,omitempty"`
	ShippingName   string            `json:"shipping_name,omitempty"`
	Amount         int64             `json:"amount"`
	Lines          []lineItem        `json:"lines"`
	SuccessURL     string            `json:"success_url"`
	CancelURL      string            `json:"cancel_url,omitempty"`
	Locale         string            `json:"locale,omitempty"`
	Email          string            `json:"email,omitempty"`
	Customer       string            `json:"customer,omitempty"`
	NewCustomer    bool              `json:"new_customer,omitempty"` // one is made when it is paid
	KeepsCard      bool              `json:"keeps_card,omitempty"`
	Reference      string            `json:"reference,omitempty"`
	SubmitType     string            `json:"submit_type,omitempty"`
	Phone          bool              `json:"phone,omitempty"`
	Methods        []string          `json:"methods"`
	Metadata       map[string]string `json:"metadata,omitempty"`
	IntentMetadata map[string]string `json:"intent_metadata,omitempty"`
	Capture        string            `json:"capture"`
	Description    string            `json:"description,omitempty"`
	ReceiptEmail   string            `json:"receipt_email,omitempty"`
	Intent         string            `json:"intent,omitempty"`
	SettleAt       int64             `json:"settle_at,omitempty"` // unix milliseconds; 0 = by hand
	Livemode       bool              `json:"livemode,omitempty"`  // a lie that Alter can tell
	Account        string            `json:"account,omitempty"`
	HoldUntil      int64             `json:"hold_until,omitempty"` // unix; when the bank lets held money go
	// SourceAmount and SourceCurrency are what the shop asked for, where the customer chose to pay in Currency (adaptive pricing).
	SourceAmount   int64  `json:"source_amount,omitempty"`
	SourceCurrency string `json:"source_currency,omitempty"`
}

type intent struct {
	ID           string            `json:"id"`
	Created      int64             `json:"created"`
	Session      string            `json:"session"`
	Amount       int64             `json:"amount"`
	Currency     string            `json:"currency"`
	Status       string            `json:"status"`
	Capture      string            `json:"capture"`
	Received     int64             `json:"received,omitempty"`
	Charge       string            `json:"charge,omitempty"`
	Method       string            `json:"method,omitempty"`
	MethodType   string            `json:"method_type,omitempty"`
	Customer     string            `json:"customer,omitempty"`
	Description  string            `json:"description,omitempty"`
	ReceiptEmail string            `json:"receipt_email,omitempty"`
	Metadata     map[string]string `json:"metadata,omitempty"`
	Methods      []string          `json:"methods"`
	Error        *declined         `json:"error,omitempty"`
	CanceledAt   int64             `json:"canceled_at,omitempty"`
	CancelReason string            `json:"cancel_reason,omitempty"`
	Livemode     bool              `json:"livemode,omitempty"`
}

// declined is why an attempt to pay failed, in Stripe's codes and in words for the page.
type declined struct {
	Code        string `json:"code"`
	DeclineCode string `json:"decline_code,omitempty"`
	Message     string `json:"message"`
}

type charge struct {
	ID       string    `json:"id"`
	Created  int64     `json:"created"`
	Intent   string    `json:"intent"`
	Amount   int64     `json:"amount"`
	Captured int64     `json:"captured"`
	Refunded int64     `json:"refunded,omitempty"`
	Currency string    `json:"currency"`
	Status   string    `json:"status"` // succeeded, pending, failed
	Txn      string    `json:"txn,omitempty"`
	Disputed bool      `json:"disputed,omitempty"`
	Released bool      `json:"released,omitempty"` // authorised, then let go
	Secure   bool      `json:"secure,omitempty"`   // passed 3-D Secure
	Error    *declined `json:"error,omitempty"`
}

// customer is who lets cards be kept; Cards counts them.
type customer struct {
	ID      string `json:"id"`
	Created int64  `json:"created"`
	Email   string `json:"email,omitempty"`
	Cards   int    `json:"cards,omitempty"`
	Deleted bool   `json:"deleted,omitempty"`
}

type refund struct {
	ID       string            `json:"id"`
	Created  int64             `json:"created"`
	Charge   string            `json:"charge"`
	Intent   string            `json:"intent"`
	Amount   int64             `json:"amount"`
	Currency string            `json:"currency"`
	Reason   string            `json:"reason,omitempty"`
	Status   string            `json:"status"`
	Failure  string            `json:"failure,omitempty"`
	Txn      string            `json:"txn"`
	FailTxn  string            `json:"fail_txn,omitempty"`
	Metadata map[string]string `json:"metadata,omitempty"`
}

type dispute struct {
	ID       string            `json:"id"`
	Created  int64             `json:"created"`
	Charge   string            `json:"charge"`
	Intent   string            `json:"intent"`
	Amount   int64             `json:"amount"`
	Currency string            `json:"currency"`
	Reason   string            `json:"reason"`
	Status   string            `json:"status"` // needs_response, under_review, won, lost
	Txns     []string          `json:"txns"`
	Metadata map[string]string `json:"metadata,omitempty"`
	Evidence map[string]string `json:"evidence,omitempty"`
	Handed   int               `json:"handed,omitempty"` // how often evidence was handed in
}

type txn struct {
	ID       string `json:"id"`
	Created  int64  `json:"created"`
	Type     string `json:"type"`
	Source   string `json:"source"`
	Amount   int64  `json:"amount"`
	Fee      int64  `json:"fee"`
	Currency string `json:"currency"`
	Payout   string `json:"payout,omitempty"` // the payout that took it out
	Account  string `json:"account,omitempty"`
}

type event struct {
	ID       string          `json:"id"`
	Created  int64           `json:"created"`
	Type     string          `json:"type"`
	Object   json.RawMessage `json:"object"`
	Request  string          `json:"request,omitempty"`
	Key      string          `json:"key,omitempty"`
	Group    string          `json:"group"`
	Livemode bool            `json:"livemode,omitempty"`
	Account  string          `json:"account,omitempty"`
}

// delivery is one webhook that an endpoint has not yet taken. Deliveries of one group go one after another.
// How often it was tried is known to the process alone: after a restart it is due at once.
type delivery struct {
	ID       string    `json:"id"`
	Event    string    `json:"event"`
	Endpoint int       `json:"endpoint"`
	Group    string    `json:"group"`
	Due      time.Time `json:"due"`
	Late     bool      `json:"late,omitempty"` // held back by a fault
	seq      uint64
	attempts int
	last     string
}

// answer is what an idempotency key gave the first time.
type answer struct {
	Key     string          `json:"key"`
	Print   string          `json:"print"` // of method, path and parameters
	Created int64           `json:"created"`
	Status  int             `json:"status"`
	Request string          `json:"request"`
	Base    string          `json:"base"`
	Body    json.RawMessage `json:"body"`
}

func (v *session) key() string  { return v.ID }
func (v *intent) key() string   { return v.ID }
func (v *customer) key() string { return v.ID }
func (v *charge) key() string   { return v.ID }
func (v *refund) key() string   { return v.ID }
func (v *dispute) key() string  { return v.ID }
func (v *txn) key() string      { return v.ID }
func (v *event) key() string    { return v.ID }
func (v *delivery) key() string { return v.ID }
func (v *answer) key() string   { return v.Key }

type row interface{ key() string }

// table keeps rows by id and in the order of their making. A row in it is never changed, only replaced.
type table[P row] struct {
	byID  map[string]P
	order []string
}

func newTable[P row]() table[P] { return table[P]{byID: map[string]P{}} }

func (t *table[P]) put(v P) {
	if _, known := t.byID[v.key()]; !known {
		t.order = append(t.order, v.key())
	}
	t.byID[v.key()] = v
}

func (t *table[P]) drop(id string) {
	delete(t.byID, id)
	if len(t.order) > 2*len(t.byID)+1_000 {
		t.tidy()
	}
}

// tidy forgets the ids of dropped rows.
func (t *table[P]) tidy() {
	t.order = slices.DeleteFunc(t.order, func(id string) bool { _, known := t.byID[id]; return !known })
}

// all lists the rows, oldest first.
func (t *table[P]) all() []P {
	t.tidy()
	rows := make([]P, len(t.order))
	for i, id := range t.order {
		rows[i] = t.byID[id]
	}
	return rows
}

// record is one state change: a line of the journal.
type record struct {
	Sessions   []*session  `json:"sessions,omitempty"`
	Intents    []*intent   `json:"intents,omitempty"`
	Charges    []*charge   `json:"charges,omitempty"`
	Refunds    []*refund   `json:"refunds,omitempty"`
	Disputes   []*dispute  `json:"disputes,omitempty"`
	Txns       []*txn      `json:"txns,omitempty"`
	Payouts    []*payout   `json:"payouts,omitempty"`
	Customers  []*customer `json:"customers,omitempty"`
	Events     []*event    `json:"events,omitempty"`
	Deliveries []*delivery `json:"deliveries,omitempty"`
	Answers    []*answer   `json:"answers,omitempty"`
	Delivered  []string    `json:"delivered,omitempty"`
}

func (r *record) empty() bool {
	return len(r.Sessions)+len(r.Intents)+len(r.Charges)+len(r.Refunds)+len(r.Disputes)+len(r.Txns)+len(r.Payouts)+len(r.Customers)+
		len(r.Events)+len(r.Deliveries)+len(r.Answers)+len(r.Delivered) == 0
}

type state struct {
	sessions   table[*session]
	intents    table[*intent]
	charges    table[*charge]
	refunds    table[*refund]
	disputes   table[*dispute]
	txns       table[*txn]
	payouts    table[*payout]
	customers  table[*customer]
	events     table[*event]
	deliveries table[*delivery]
	answers    table[*answer]
	clock      clock
}

func newState() state {
	return state{
		sessions: newTable[*session](), intents: newTable[*intent](), charges: newTable[*charge](), refunds: newTable[*refund](),
		disputes: newTable[*dispute](), txns: newTable[*txn](), payouts: newTable[*payout](), customers: newTable[*customer](), events: newTable[*event](), deliveries: newTable[*delivery](),
		answers: newTable[*answer](),
	}
}

func (s *state) apply(r *record) {
	for _, v := range r.Sessions {
		s.sessions.put(v)
		switch {
		case v.Status == "open":
			s.clock.push(v.ID, time.Unix(v.ExpiresAt, 0))
		case v.SettleAt != 0:
			s.clock.push(v.ID, time.UnixMilli(v.SettleAt))
		case v.HoldUntil != 0:
			s.clock.push(v.ID, time.Unix(v.HoldUntil, 0))
		}
	}
	putAll(&s.intents, r.Intents)
	putAll(&s.charges, r.Charges)
	putAll(&s.refunds, r.Refunds)
	putAll(&s.disputes, r.Disputes)
	putAll(&s.txns, r.Txns)
	putAll(&s.payouts, r.Payouts)
	putAll(&s.customers, r.Customers)
	putAll(&s.events, r.Events)
	putAll(&s.deliveries, r.Deliveries)
	putAll(&s.answers, r.Answers)
	for _, id := range r.Delivered {
		s.deliveries.drop(id)
	}
}

func putAll[P row](t *table[P], rows []P) {
	for _, v := range rows {
		t.put(v)
	}
}
