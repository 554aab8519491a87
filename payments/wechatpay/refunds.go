package wechatpay

import (
	"context"
	"net/http"
	"net/url"
	"time"
)

// The states of a refund.
const (
	RefundSuccess    = "SUCCESS"
	RefundClosed     = "CLOSED"
	RefundProcessing = "PROCESSING"
	RefundAbnormal   = "ABNORMAL" // the customer's bank took it not; a person must find another way
)

// Refund is money to go back. The same Number asked again is the same act.
type Refund struct {
	Number        string // out_refund_no: up to 64 of [0-9A-Za-z_-|*@]
	TransactionID string
	OutTradeNo    string
	Reason        string
	NotifyURL     string
	Amount, Total int64 // fen
}

// RefundState is what WeChat says of a refund. A notification has its state under another name.
type RefundState struct {
	MchID         string    `json:"mchid"`
	RefundID      string    `json:"refund_id"`
	OutRefundNo   string    `json:"out_refund_no"`
	TransactionID string    `json:"transaction_id"`
	OutTradeNo    string    `json:"out_trade_no"`
	Status        string    `json:"status"`
	RefundStatus  string    `json:"refund_status"`
	SuccessTime   time.Time `json:"success_time"`
	Amount        struct {
		Total  int64 `json:"total"`
		Refund int64 `json:"refund"`
	} `json:"amount"`
}

func (r RefundState) state() string {
	if r.RefundStatus != "" {
		return r.RefundStatus
	}
	return r.Status
}

type refundBody struct {
	TransactionID string       `json:"transaction_id,omitempty"`
	OutTradeNo    string       `json:"out_trade_no,omitempty"`
	OutRefundNo   string       `json:"out_refund_no"`
	Reason        string       `json:"reason,omitempty"`
	NotifyURL     string       `json:"notify_url,omitempty"`
	Amount        refundAmount `json:"amount"`
}

type refundAmount struct {
	Refund   int64  `json:"refund"`
	Total    int64  `json:"total"`
	Currency string `json:"currency"`
}

// longestReason is WeChat's limit.
const longestReason = 80

// Refund sends money back.
func (a *API) Refund(ctx context.Context, acct *Account, r Refund) (s RefundState, err error) {
	b := refundBody{TransactionID: r.TransactionID, OutRefundNo: r.Number, Reason: clip(r.Reason, longestReason), NotifyURL: r.NotifyURL,
		Amount: refundAmount{r.Amount, r.Total, Currency}}
	if r.TransactionID == "" {
		b.OutTradeNo = r.OutTradeNo
	}
	return s, a.call(ctx, acct, http.MethodPost, "/v3/refund/domestic/refunds", b, &s)
}

// RefundByNumber asks how a refund stands.
func (a *API) RefundByNumber(ctx context.Context, acct *Account, number string) (s RefundState, err error) {
	return s, a.call(ctx, acct, http.MethodGet, "/v3/refund/domestic/refunds/"+url.PathEscape(number), nil, &s)
}
