package wechatpay

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"sotto.chat/internal/money"
)

// Order is what WeChat is asked to take.
type Order struct {
	Number      string // out_trade_no: 6 to 32 of [0-9A-Za-z_-*], payable once
	Description string
	Amount      money.Money
	ExpiresAt   time.Time
	NotifyURL   string // https, without a query
}

// The ways to an order, as trade_type has them.
const (
	TradeJSAPI  = "JSAPI"
	TradeH5     = "MWEB"
	TradeNative = "NATIVE"
)

type orderBody struct {
	AppID       string      `json:"appid"`
	MchID       string      `json:"mchid"`
	Description string      `json:"description"`
	OutTradeNo  string      `json:"out_trade_no"`
	TimeExpire  string      `json:"time_expire"`
	NotifyURL   string      `json:"notify_url"`
	Amount      orderAmount `json:"amount"`
	Payer       *payer      `json:"payer,omitempty"`
	SceneInfo   *scene      `json:"scene_info,omitempty"`
}

type orderAmount struct {
	Total    int64  `json:"total"`
	Currency string `json:"currency"`
}

type payer struct {
	OpenID string `json:"openid"`
}

type scene struct {
	PayerClientIP string  `json:"payer_client_ip"`
	H5Info        *h5Info `json:"h5_info,omitempty"`
}

type h5Info struct {
	Type string `json:"type"`
}

// longestDescription is WeChat's limit, taken in bytes to be safe.
const longestDescription = 127

func body(acct *Account, o Order) (orderBody, error) {
	if o.Amount.Currency != Currency || o.Amount.Amount < 1 {
		return orderBody{}, ErrUpstream.Say("WeChat Pay takes CNY alone, from one fen.")
	}
	return orderBody{AppID: acct.AppID, MchID: acct.MchID, Description: clip(o.Description, longestDescription), OutTradeNo: o.Number,
		TimeExpire: o.ExpiresAt.In(beijing).Format(time.RFC3339), NotifyURL: o.NotifyURL, Amount: orderAmount{o.Amount.Amount, Currency}}, nil
}

// JSAPI prepares an order for a person inside WeChat. The same order asked again gives the same answer; another under the same number is refused.
func (a *API) JSAPI(ctx context.Context, acct *Account, o Order, openid string) (prepayID string, err error) {
	b, err := body(acct, o)
	if err != nil {
		return "", err
	}
	b.Payer = &payer{openid}
	var answer struct {
		PrepayID string `json:"prepay_id"`
	}
	err = a.call(ctx, acct, http.MethodPost, "/v3/pay/transactions/jsapi", b, &answer)
	return answer.PrepayID, given(err, answer.PrepayID)
}

// H5 prepares an order for a phone's browser and gives the page that opens WeChat; it is good for five minutes.
func (a *API) H5(ctx context.Context, acct *Account, o Order, ip, device string) (page string, err error) {
	b, err := body(acct, o)
	if err != nil {
		return "", err
	}
	b.SceneInfo = &scene{ip, &h5Info{device}}
	var answer struct {
		URL string `json:"h5_url"`
	}
	err = a.call(ctx, acct, http.MethodPost, "/v3/pay/transactions/h5", b, &answer)
	return answer.URL, given(err, answer.URL)
}

// Native prepares an order and gives what its QR code says; it is good for two hours.
func (a *API) Native(ctx context.Context, acct *Account, o Order) (code string, err error) {
	b, err := body(acct, o)
	if err != nil {
		return "", err
	}
	var answer struct {
		URL string `json:"code_url"`
	}
	err = a.call(ctx, acct, http.MethodPost, "/v3/pay/transactions/native", b, &answer)
	return answer.URL, given(err, answer.URL)
}

func given(err error, what string) error {
	if err == nil && what == "" {
		return ErrUpstream.Because(fmt.Errorf("an answer without what was asked for"))
	}
	return err
}

// The states of a transaction.
const (
	StateSuccess    = "SUCCESS"
	StateRefund     = "REFUND" // paid, and some or all of it went back since
	StateNotPaid    = "NOTPAY"
	StateClosed     = "CLOSED"
	StateRevoked    = "REVOKED"
	StateUserPaying = "USERPAYING"
	StatePayError   = "PAYERROR"
)

// Transaction is what WeChat says of an order.
type Transaction struct {
	AppID         string    `json:"appid"`
	MchID         string    `json:"mchid"`
	OutTradeNo    string    `json:"out_trade_no"`
	TransactionID string    `json:"transaction_id"`
	TradeType     string    `json:"trade_type"`
	TradeState    string    `json:"trade_state"`
	SuccessTime   time.Time `json:"success_time"`
	Amount        struct {
		Total    int64  `json:"total"`
		Currency string `json:"currency"`
	} `json:"amount"`
}

// Money is what the order was for; of an older answer without a currency it is CNY.
func (t Transaction) Money() money.Money {
	if t.Amount.Currency == "" {
		t.Amount.Currency = Currency
	}
	return money.Of(t.Amount.Total, t.Amount.Currency)
}

// ByNumber asks how an order stands.
func (a *API) ByNumber(ctx context.Context, acct *Account, number string) (t Transaction, err error) {
	return t, a.call(ctx, acct, http.MethodGet, "/v3/pay/transactions/out-trade-no/"+url.PathEscape(number)+"?mchid="+url.QueryEscape(acct.MchID), nil, &t)
}

// ByTransaction asks the same by WeChat's own id.
func (a *API) ByTransaction(ctx context.Context, acct *Account, id string) (t Transaction, err error) {
	return t, a.call(ctx, acct, http.MethodGet, "/v3/pay/transactions/id/"+url.PathEscape(id)+"?mchid="+url.QueryEscape(acct.MchID), nil, &t)
}

// Close ends an order that was not paid; one that WeChat does not know, or has ended already, is closed too.
func (a *API) Close(ctx context.Context, acct *Account, number string) error {
	err := a.call(ctx, acct, http.MethodPost, "/v3/pay/transactions/out-trade-no/"+url.PathEscape(number)+"/close", map[string]string{"mchid": acct.MchID}, nil)
	if is(err, "ORDER_CLOSED", "ORDERCLOSED", "ORDER_NOT_EXIST", "ORDERNOTEXIST", "RESOURCE_NOT_EXISTS") {
		return nil
	}
	return err
}

// AlreadyPaid tells whether a refusal means that the money has come.
func AlreadyPaid(err error) bool { return is(err, "ORDER_PAID", "ORDERPAID") }

// Taken tells whether a refusal means that the number stands for another order already.
func Taken(err error) bool {
	return is(err, "OUT_TRADE_NO_USED", "INVALID_REQUEST", "ORDER_CLOSED", "ORDERCLOSED")
}

// beijing is WeChat's clock.
var beijing = time.FixedZone("CST", 8*3600)

// Try tells whether WeChat Pay and a merchant's credentials fit each other: it asks for an order that there is not.
func (a *API) Try(ctx context.Context, acct *Account) error {
	_, err := a.ByNumber(ctx, acct, "sotto-doctor")
	if is(err, "ORDER_NOT_EXIST", "ORDERNOTEXIST", "RESOURCE_NOT_EXISTS") {
		return nil
	}
	return err
}
