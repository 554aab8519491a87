package standin

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Bill is a request for money that the shop sent, and what became of it.
type Bill struct {
	Reference     string   `json:"reference"`
	To            string   `json:"to"`
	Currency      string   `json:"currency"`
	Total         int64    `json:"total"`
	Configuration string   `json:"configuration"`
	Order         string   `json:"order"`   // the status that was told last
	Payment       string   `json:"payment"` // pending, captured, failed; empty while nobody has begun to pay
	Told          []string `json:"told"`    // every status that was told and taken
	// Captured is what the shop said of the money in Brazil, where Meta has no part in it.
	Captured bool    `json:"captured"`
	Refunds  []Given `json:"refunds"`
	at       time.Time
	tries    int
}

// Given is money that went back.
type Given struct {
	ID     string `json:"id"`
	Amount int64  `json:"amount"`
}

// Bills lists the requests for money that were sent to a number, or to all when it is empty.
func (s *Server) Bills(to string) []Bill {
	s.mu.Lock()
	defer s.mu.Unlock()
	var list []Bill
	for _, reference := range s.billed {
		if b := s.bills[reference]; to == "" || b.To == to {
			c := *b
			c.Told, c.Refunds = slices.Clone(b.Told), slices.Clone(b.Refunds)
			list = append(list, c)
		}
	}
	return list
}

// money takes order_details and order_status. refused is answered at once; later comes with the message's status, as Meta tells
// of moves that it does not allow.
func (s *Server) money(m outgoing, to string) (refused string, later int) {
	a := m.Interactive.Action.Parameters.asked
	s.mu.Lock()
	defer s.mu.Unlock()
	b := s.bills[a.Reference]
	if m.Interactive.Type == "order_details" {
		if b != nil {
			return "reference_id was used before", 0
		}
		if len(s.billed) >= keepAtMost {
			clear(s.bills)
			s.billed = nil
		}
		s.bills[a.Reference] = &Bill{Reference: a.Reference, To: to, Currency: a.Currency, Total: a.Total.Value, Configuration: a.configuration(),
			Order: "pending", at: time.Now()}
		s.billed = append(s.billed, a.Reference)
		return "", 0
	}
	if b == nil {
		return "no order has this reference_id", 0
	}
	status := strings.ReplaceAll(a.Order.Status, "-", "_")
	switch {
	case !slices.Contains(allowed[b.Order], status):
		return "", 2046
	case status == "canceled" && (b.Payment == "captured" || b.Captured):
		return "", 2047
	}
	b.Order, b.Told = status, append(b.Told, status)
	b.Captured = b.Captured || a.Payment != nil && a.Payment.Status == "captured"
	return "", 0
}

// allowed are the moves of an order.
var allowed = map[string][]string{
	"pending":           {"processing", "partially_shipped", "shipped", "completed", "canceled"},
	"processing":        {"partially_shipped", "shipped", "completed", "canceled"},
	"partially_shipped": {"processing", "shipped", "completed", "canceled"},
	"shipped":           {"processing", "partially_shipped", "completed", "canceled"},
}

func (m outgoing) aboutMoney() bool {
	return m.Type == "interactive" && (m.Interactive.Type == "order_details" || m.Interactive.Type == "order_status")
}

var (
	errNoBill = errors.New("no request for money has this reference")
	errNoPart = errors.New("WhatsApp has no part in this payment: it comes by Pix, by a link or by a boleto")
)

// Pay has a customer pay by a gateway, with the outcome captured, pending or failed. Lost keeps the webhook from coming.
func (s *Server) Pay(ctx context.Context, reference, outcome string, lost bool) error {
	s.mu.Lock()
	b := s.bills[reference]
	switch {
	case b == nil:
		s.mu.Unlock()
		return errNoBill
	case b.Configuration == "":
		s.mu.Unlock()
		return errNoPart
	}
	if b.Payment == "failed" {
		b.tries++
	}
	b.Payment, b.at = outcome, time.Now()
	told := b.webhook()
	s.mu.Unlock()
	if lost {
		return nil
	}
	return s.post(ctx, object{"statuses": []object{told}})
}

// transaction is one try at the gateway, the last one.
func (b *Bill) transaction() object {
	status := map[string]string{"captured": "success", "failed": "failed", "pending": "pending"}[b.Payment]
	n, at := strconv.Itoa(b.tries), b.at.Unix()
	return object{"id": "order_" + b.Reference + n, "pg_transaction_id": "pay_" + b.Reference + n, "type": "razorpay", "status": status,
		"created_timestamp": at, "updated_timestamp": at, "method": object{"type": "upi"}}
}

func (b *Bill) refunds() []object {
	list := []object{}
	for _, r := range b.Refunds {
		list = append(list, object{"id": r.ID, "amount": sum{r.Amount, 100}, "speed_processed": "normal", "status": "success",
			"created_timestamp": b.at.Unix(), "updated_timestamp": b.at.Unix()})
	}
	return list
}

// state is what Meta calls the payment: a failed try leaves it pending.
func (b *Bill) state() string {
	if b.Payment == "captured" {
		return "captured"
	}
	return "pending"
}

func (b *Bill) webhook() object {
	p := object{"reference_id": b.Reference, "amount": sum{b.Total, 100}, "currency": b.Currency, "transaction": b.transaction()}
	if len(b.Refunds) > 0 {
		p["refunds"] = b.refunds()
	}
	return object{"id": newID(), "recipient_id": b.To, "type": "payment", "status": b.state(), "payment": p,
		"timestamp": strconv.FormatInt(b.at.Unix(), 10)}
}

// look answers the payment look-up.
func (s *Server) look(w http.ResponseWriter, r *http.Request) {
	if !s.allowed(w, r) {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	b := s.bills[r.PathValue("reference")]
	if b == nil || b.Configuration == "" || b.Configuration != r.PathValue("configuration") {
		refuse(w, http.StatusNotFound, 100, "No payment has this reference_id")
		return
	}
	p := object{"reference_id": b.Reference, "status": b.state(), "currency": b.Currency, "total_amount": sum{b.Total, 100}, "transactions": []object{}}
	if b.Payment != "" {
		t := b.transaction()
		t["refunds"] = b.refunds()
		p["transactions"] = []object{t}
	}
	answer(w, http.StatusOK, object{"payments": []object{p}})
}

// giveBack takes a refund. Amounts are strings there and nowhere else.
func (s *Server) giveBack(w http.ResponseWriter, r *http.Request) {
	raw, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 1<<16))
	if err != nil || !s.allowed(w, r) {
		return
	}
	var in struct {
		Reference     string `json:"reference_id"`
		Speed         string `json:"speed"`
		Configuration string `json:"payment_config_id"`
		Amount        struct {
			Currency string `json:"currency"`
			Value    string `json:"value"`
			Offset   string `json:"offset"`
		} `json:"amount"`
	}
	if json.Unmarshal(raw, &in) != nil || in.Amount.Offset != "100" || in.Speed != "normal" && in.Speed != "instant" {
		refuse(w, http.StatusBadRequest, 100, "The body is not what was expected")
		return
	}
	f := s.fault()
	if f.hit(w, r) {
		return
	}
	n, err := strconv.ParseInt(in.Amount.Value, 10, 64)
	s.mu.Lock()
	b := s.bills[in.Reference]
	if err != nil || n < 1 || b == nil || b.Payment != "captured" || b.Configuration != in.Configuration || in.Amount.Currency != b.Currency || n > b.left() {
		s.mu.Unlock()
		refuse(w, http.StatusBadRequest, 100, "This cannot be refunded")
		return
	}
	g := Given{ID: "rfnd_" + in.Reference + strconv.Itoa(len(b.Refunds)), Amount: n}
	b.Refunds = append(b.Refunds, g)
	told := b.webhook()
	s.mu.Unlock()
	if f.Lost {
		panic(http.ErrAbortHandler) // the money goes back and nobody hears of it
	}
	if !s.cfg.Silent && !f.Mute {
		go func() {
			ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
			defer cancel()
			if err := s.post(ctx, object{"statuses": []object{told}}); err != nil {
				s.cfg.Log.Warn("the WhatsApp stand-in could not report a refund", "error", err)
			}
		}()
	}
	answer(w, http.StatusOK, map[string]string{"id": g.ID, "status": "pending", "speed_processed": in.Speed})
}

// left is what can still go back; the lock is held.
func (b *Bill) left() int64 {
	left := b.Total
	for _, r := range b.Refunds {
		left -= r.Amount
	}
	return left
}

func (s *Server) listBills(w http.ResponseWriter, r *http.Request) {
	list := s.Bills(r.URL.Query().Get("to"))
	if list == nil {
		list = []Bill{}
	}
	answer(w, http.StatusOK, map[string]any{"data": list})
}

// payControl takes {"reference","status","lost"}.
func (s *Server) payControl(w http.ResponseWriter, r *http.Request) {
	var in struct {
		Reference string `json:"reference"`
		Status    string `json:"status"`
		Lost      bool   `json:"lost"`
	}
	err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 1<<16)).Decode(&in)
	if err == nil && !slices.Contains([]string{"captured", "pending", "failed"}, in.Status) {
		err = errors.New("the status must be captured, pending or failed")
	}
	if err == nil {
		err = s.Pay(r.Context(), in.Reference, in.Status, in.Lost)
	}
	if err != nil {
		refuse(w, http.StatusBadRequest, 100, err.Error())
		return
	}
	answer(w, http.StatusOK, map[string]bool{"success": true})
}
