package standin

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"time"
)

type refund struct {
	number, id, status, notify, reason string
	order                              *order
	amount                             int64
	made, done                         time.Time
}

var refundForm = regexp.MustCompile(`^[0-9A-Za-z_\-|*@]{1,64}$`)

// refund sends money back; the same number again is the same refund.
func (s *Server) refund(body []byte) (any, error) {
	var b struct {
		TransactionID string `json:"transaction_id"`
		OutTradeNo    string `json:"out_trade_no"`
		OutRefundNo   string `json:"out_refund_no"`
		Reason        string `json:"reason"`
		NotifyURL     string `json:"notify_url"`
		Amount        struct {
			Refund   int64  `json:"refund"`
			Total    int64  `json:"total"`
			Currency string `json:"currency"`
		} `json:"amount"`
	}
	d := json.NewDecoder(bytes.NewReader(body))
	d.DisallowUnknownFields()
	if err := d.Decode(&b); err != nil {
		return nil, param(err.Error())
	}
	if !refundForm.MatchString(b.OutRefundNo) || len(b.Reason) > 80 || (b.TransactionID == "") == (b.OutTradeNo == "") || b.Amount.Currency != "CNY" || b.Amount.Refund < 1 {
		return nil, param("out_refund_no, reason, transaction_id or amount")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if r := s.refunds[b.OutRefundNo]; r != nil {
		if r.amount != b.Amount.Refund {
			return nil, problem{http.StatusBadRequest, "INVALID_REQUEST", "the refund's number stands for another amount"}
		}
		return toldRefund(r), nil
	}
	var o *order
	for _, x := range s.orders {
		if x.transaction == b.TransactionID && b.TransactionID != "" || x.number == b.OutTradeNo {
			o = x
		}
	}
	switch {
	case o == nil || o.paid.IsZero():
		return nil, problem{http.StatusNotFound, "RESOURCE_NOT_EXISTS", "there is no such payment"}
	case b.Amount.Total != o.total:
		return nil, problem{http.StatusBadRequest, "INVALID_REQUEST", "total is not the order's"}
	case o.back+b.Amount.Refund > o.total:
		return nil, problem{http.StatusForbidden, "NOT_ENOUGH_AMOUNT", "more than is left"}
	}
	s.next++
	r := &refund{number: b.OutRefundNo, id: fmt.Sprintf("50000%018d%s", s.next, digitsOf(b.OutRefundNo)), status: "PROCESSING", notify: b.NotifyURL,
		reason: b.Reason, order: o, amount: b.Amount.Refund, made: s.Now().Truncate(time.Second)}
	s.refunds[r.number] = r
	o.back += r.amount
	o.state = "REFUND"
	return toldRefund(r), nil
}

func (s *Server) queryRefund(number string) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r := s.refunds[number]
	if r == nil {
		return nil, problem{http.StatusNotFound, "RESOURCE_NOT_EXISTS", "there is no such refund"}
	}
	return toldRefund(r), nil
}

func toldRefund(r *refund) object {
	zone := time.FixedZone("", 8*3600)
	t := object{"refund_id": r.id, "out_refund_no": r.number, "transaction_id": r.order.transaction, "out_trade_no": r.order.number, "channel": "ORIGINAL",
		"user_received_account": "支付用户零钱", "create_time": r.made.In(zone).Format(time.RFC3339), "status": r.status, "funds_account": "AVAILABLE",
		"amount": object{"total": r.order.total, "refund": r.amount, "payer_total": r.order.total, "payer_refund": r.amount, "settlement_refund": r.amount,
			"settlement_total": r.order.total, "discount_refund": 0, "currency": "CNY"}}
	if r.status == "SUCCESS" {
		t["success_time"] = r.done.In(zone).Format(time.RFC3339)
	}
	return t
}

// Finish ends a refund as SUCCESS, ABNORMAL or CLOSED and has the shop told.
func (s *Server) Finish(number, status string) error {
	s.mu.Lock()
	r := s.refunds[number]
	if r == nil {
		s.mu.Unlock()
		return fmt.Errorf("no refund %s", number)
	}
	r.status, r.done = status, s.Now().Truncate(time.Second)
	if status == "CLOSED" {
		r.order.back -= r.amount
	}
	t := object{"mchid": s.MchID, "out_trade_no": r.order.number, "transaction_id": r.order.transaction, "out_refund_no": r.number, "refund_id": r.id,
		"refund_status": status, "success_time": r.done.In(time.FixedZone("", 8*3600)).Format(time.RFC3339), "user_received_account": "支付用户零钱",
		"amount": object{"total": r.order.total, "refund": r.amount, "payer_total": r.order.total, "payer_refund": r.amount}}
	notify := r.notify
	s.mu.Unlock()
	if notify != "" {
		s.Tell(s.Notice("REFUND."+status, "refund", t), notify)
	}
	return nil
}

// Refunds lists the numbers of the refunds that were asked for.
func (s *Server) Refunds() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var list []string
	for n := range s.refunds {
		list = append(list, n)
	}
	return list
}
