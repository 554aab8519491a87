// Package wechatpay takes money by WeChat Pay, API version 3: orders inside WeChat, on phones and by QR code; notifications, refunds and bills.
//
// Every answer and every notification is believed only with a signature by a key of WeChat's that the merchant gave or that came sealed
// with the merchant's own APIv3 key. Amounts are in fen; the currency is CNY alone.
package wechatpay

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"sotto.chat/internal/fault"
	"sotto.chat/internal/outbound"
)

// Where WeChat is.
const (
	DefaultURL  = "https://api.mch.weixin.qq.com"
	DefaultOA   = "https://api.weixin.qq.com"
	authorizeAt = "https://open.weixin.qq.com"
	// H5Origin hosts the page on which phones open WeChat to pay.
	H5Origin = "https://wx.tenpay.com"
)

// Currency is the only one that an order may have.
const Currency = "CNY"

// Failures of this package.
var (
	ErrCredentials = fault.New(fault.Invalid, "bad_wechatpay_credentials", "The WeChat Pay credentials cannot be used.")
	ErrSignature   = fault.New(fault.Unauthorized, "bad_signature", "The signature does not fit the body.")
	ErrNotReadable = fault.New(fault.Invalid, "unreadable_notification", "The notification cannot be read.")
	ErrNoAccount   = fault.New(fault.NotFound, "no_wechatpay", "This shop does not take WeChat Pay.")
	ErrUpstream    = fault.New(fault.Upstream, "wechatpay_failed", "WeChat Pay did not answer as it should. Try again in a moment.")
	ErrNotReady    = fault.New(fault.Unavailable, "bill_not_ready", "WeChat Pay has not made this bill yet: bills of a day are there from ten in the morning of the next, Beijing time.")
)

// Refusal is an answer of WeChat Pay other than success.
type Refusal struct {
	Status  int
	Code    string
	Message string
	// Signed tells that the refusal is WeChat's own word; another is a reason to try again and not to give up.
	Signed bool
}

// Error gives the code and WeChat's words, which name fields and rules and no person.
func (r *Refusal) Error() string {
	return fmt.Sprintf("wechatpay: status %d: %s: %s", r.Status, r.Code, clip(r.Message, 200))
}

// is tells whether err is a signed refusal with one of the codes.
func is(err error, codes ...string) bool {
	var r *Refusal
	if !errors.As(err, &r) || !r.Signed {
		return false
	}
	for _, c := range codes {
		if r.Code == c {
			return true
		}
	}
	return false
}

// Final tells whether asking again the same way cannot help.
func (r *Refusal) Final() bool {
	if !r.Signed {
		return false
	}
	switch r.Code {
	case "SYSTEM_ERROR", "FREQUENCY_LIMITED", "RATELIMIT_EXCEEDED", "BANK_ERROR", "BIZ_ERR_NEED_RETRY":
		return false
	}
	return r.Status >= 400 && r.Status < 500 && r.Status != http.StatusTooManyRequests && r.Status != http.StatusUnauthorized
}

// Addresses say where WeChat Pay's API and WeChat's own are; empty ones are the real ones.
type Addresses struct {
	Pay string
	OA  string
}

// API makes the calls. It keeps nothing of a merchant.
type API struct {
	base, oa, authorize string
	client, bills       *outbound.Client
	now                 func() time.Time
}

// NewAPI makes it.
func NewAPI(a Addresses, now func() time.Time) *API {
	api := &API{base: strings.TrimRight(a.Pay, "/"), oa: strings.TrimRight(a.OA, "/"), now: now,
		client: outbound.New(outbound.Config{Timeout: 10 * time.Second}),
		bills:  outbound.New(outbound.Config{Timeout: 2 * time.Minute, MaxBody: largestBill})}
	if api.base == "" {
		api.base = DefaultURL
	}
	if api.oa == "" {
		api.oa = DefaultOA
	}
	api.authorize = api.oa
	if api.oa == DefaultOA {
		api.authorize = authorizeAt
	}
	return api
}

// Origins are where a customer's browser is sent: to learn who asks, and to pay on a phone.
func (a *API) Origins() []string {
	if a.base != DefaultURL {
		return []string{origin(a.authorize), origin(a.base)}
	}
	return []string{origin(a.authorize), H5Origin}
}

func origin(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	return u.Scheme + "://" + u.Host
}

// call signs a request, sends it, and reads an answer whose signature is WeChat's.
func (a *API) call(ctx context.Context, acct *Account, method, path string, body, into any) error {
	var raw []byte
	if body != nil {
		var err error
		if raw, err = json.Marshal(body); err != nil {
			return err
		}
	}
	resp, err := a.send(ctx, a.client, acct, method, path, raw)
	if err != nil {
		return err
	}
	signed := acct.Verify(resp.Header, resp.Body, a.now()) == nil
	if resp.Status < 200 || resp.Status > 299 {
		return refusal(resp, signed)
	}
	if !signed {
		return ErrUpstream.Because(errors.New("an answer without WeChat's signature"))
	}
	if into == nil || resp.Status == http.StatusNoContent {
		return nil
	}
	if err := json.Unmarshal(resp.Body, into); err != nil {
		return ErrUpstream.Because(fmt.Errorf("a strange answer to %s %s", method, route(path)))
	}
	return nil
}

func (a *API) send(ctx context.Context, client *outbound.Client, acct *Account, method, path string, raw []byte) (outbound.Response, error) {
	auth, err := acct.authorization(method, path, raw, a.now(), nonce())
	if err != nil {
		return outbound.Response{}, err
	}
	h := http.Header{"Authorization": {auth}, "Accept": {"application/json"}, "User-Agent": {"sotto"}, "Wechatpay-Serial": {acct.preferred}}
	if raw != nil {
		h.Set("Content-Type", "application/json")
	}
	resp, err := client.Do(ctx, outbound.Request{Method: method, URL: a.base + path, Header: h, Body: raw})
	if err != nil {
		return resp, ErrUpstream.Because(err)
	}
	return resp, nil
}

func refusal(resp outbound.Response, signed bool) error {
	r := &Refusal{Status: resp.Status, Signed: signed}
	var answer struct {
		Code    string `json:"code"`
		Message string `json:"message"`
	}
	if json.Unmarshal(bytes.TrimSpace(resp.Body), &answer) == nil {
		r.Code, r.Message = answer.Code, answer.Message
	}
	return r
}

// route is a path without its query, for messages.
func route(path string) string {
	path, _, _ = strings.Cut(path, "?")
	return path
}

// clip bounds a text in bytes, at a whole character.
func clip(s string, most int) string {
	if len(s) <= most {
		return s
	}
	for most > 0 && s[most]&0xC0 == 0x80 {
		most--
	}
	return s[:most]
}
