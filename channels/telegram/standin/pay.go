package standin

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"time"
)

// Outcome is how a try to pay ended. Took is how long the answer to the last question took.
type Outcome struct {
	Paid    bool
	Refused string // what the customer was told
	Charge  string
	Took    time.Duration
}

// Pay has a customer pay an invoice that the shop sent, to them or to somebody who forwarded it: the shop is asked first, and what it
// answers in its response counts.
func (s *Server) Pay(ctx context.Context, c Customer, message int64) (Outcome, error) {
	inv, err := s.invoice(message)
	if err != nil {
		return Outcome{}, err
	}
	total := inv.total()
	option := ""
	if inv.Flexible {
		extra, id, refused, err := s.askShipping(ctx, c, inv)
		if err != nil || refused != "" {
			return Outcome{Refused: refused}, err
		}
		total, option = total+extra, id
	}
	q := object{"id": strconv.FormatInt(s.number(), 10), "from": c.user(), "currency": inv.Currency, "total_amount": total, "invoice_payload": inv.Payload}
	start := time.Now()
	raw, err := s.Update(ctx, object{"pre_checkout_query": q})
	out := Outcome{Took: time.Since(start)}
	if err != nil {
		return out, err
	}
	var a struct {
		Method string `json:"method"`
		ID     string `json:"pre_checkout_query_id"`
		OK     bool   `json:"ok"`
		Error  string `json:"error_message"`
	}
	if json.Unmarshal(raw, &a) != nil || a.Method != "answerPreCheckoutQuery" || a.ID != q["id"] || !a.OK && a.Error == "" {
		return out, fmt.Errorf("the shop did not answer the question before the payment: %s", raw)
	}
	if !a.OK {
		out.Refused = a.Error
		return out, nil
	}
	out.Charge = "tch_" + strconv.FormatInt(s.number(), 10)
	return s.paid(ctx, c, inv, total, option, out)
}

func (s *Server) paid(ctx context.Context, c Customer, inv outgoing, total int64, option string, out Outcome) (Outcome, error) {
	p := object{"currency": inv.Currency, "total_amount": total, "invoice_payload": inv.Payload, "telegram_payment_charge_id": out.Charge,
		"provider_payment_charge_id": "pch_" + out.Charge}
	if option != "" {
		p["shipping_option_id"] = option
	}
	if inv.Currency == "XTR" {
		s.mu.Lock()
		s.stars = append(s.stars, object{"id": out.Charge, "amount": total, "date": time.Now().Unix(),
			"source": object{"type": "user", "transaction_type": "invoice_payment", "user": c.user(), "invoice_payload": inv.Payload}})
		s.mu.Unlock()
	}
	_, err := s.Message(ctx, c, object{"successful_payment": p})
	out.Paid = err == nil
	return out, err
}

func (s *Server) invoice(message int64) (outgoing, error) {
	for _, m := range s.Sent(0) {
		if m.Method == "sendInvoice" && m.ID == message {
			var inv outgoing
			return inv, json.Unmarshal(m.Body, &inv)
		}
	}
	return outgoing{}, errors.New("there is no such invoice")
}

func (s *Server) askShipping(ctx context.Context, c Customer, inv outgoing) (extra int64, option, refused string, err error) {
	raw, err := s.Update(ctx, object{"shipping_query": object{"id": strconv.FormatInt(s.number(), 10), "from": c.user(), "invoice_payload": inv.Payload,
		"shipping_address": object{"country_code": "ES", "state": "", "city": "Madrid", "street_line1": "Calle Mayor 1", "street_line2": "", "post_code": "28013"}}})
	if err != nil {
		return 0, "", "", err
	}
	var a struct {
		Method  string `json:"method"`
		OK      bool   `json:"ok"`
		Error   string `json:"error_message"`
		Options []struct {
			ID     string  `json:"id"`
			Title  string  `json:"title"`
			Prices []price `json:"prices"`
		} `json:"shipping_options"`
	}
	if json.Unmarshal(raw, &a) != nil || a.Method != "answerShippingQuery" || a.OK && len(a.Options) == 0 || !a.OK && a.Error == "" {
		return 0, "", "", fmt.Errorf("the shop did not answer the question about delivery: %s", raw)
	}
	if !a.OK {
		return 0, "", a.Error, nil
	}
	return outgoing{Prices: a.Options[0].Prices}.total(), a.Options[0].ID, "", nil
}

func (s *Server) starsFrom(offset, limit int) []object {
	s.mu.Lock()
	defer s.mu.Unlock()
	if limit < 1 || limit > 100 {
		limit = 100
	}
	offset = min(max(offset, 0), len(s.stars))
	return append([]object{}, s.stars[offset:min(offset+limit, len(s.stars))]...)
}

// refundStars gives a payment back once, and tells the chat, as Telegram does.
func (s *Server) refundStars(w http.ResponseWriter, m outgoing) {
	s.mu.Lock()
	var paid, back object
	for _, t := range s.stars {
		switch {
		case t["id"] != m.ChargeID:
		case t["source"] != nil:
			paid = t
		default:
			back = t
		}
	}
	if paid != nil && back == nil {
		s.stars = append(s.stars, object{"id": m.ChargeID, "amount": paid["amount"], "date": time.Now().Unix(), "receiver": paid["source"]})
	}
	s.mu.Unlock()
	switch {
	case paid == nil || paid["source"].(object)["user"].(object)["id"] != m.UserID:
		refuse(w, http.StatusBadRequest, "CHARGE_NOT_FOUND")
	case back != nil:
		refuse(w, http.StatusBadRequest, "CHARGE_ALREADY_REFUNDED")
	default:
		answer(w, http.StatusOK, object{"ok": true, "result": true})
	}
}

// Charges lists the payments in Stars that came, oldest first.
func (s *Server) Charges() (list []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, t := range s.stars {
		if id, ok := t["id"].(string); ok && t["source"] != nil {
			list = append(list, id)
		}
	}
	return list
}
