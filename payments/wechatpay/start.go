package wechatpay

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"

	"sotto.chat/internal/database"
	"sotto.chat/internal/outbound"
	"sotto.chat/payments"
)

// Scene is where a customer looks at the pay page.
type Scene string

// The scenes, each with its way to pay.
const (
	InWeChat  Scene = "wechat"  // JSAPI: the money is asked for in place
	OnPhone   Scene = "phone"   // H5: a page opens WeChat
	OnDesktop Scene = "desktop" // Native: a QR code for the phone
)

// SceneOf reads a browser's name; it decides about comfort alone.
func SceneOf(agent string) Scene {
	switch {
	case strings.Contains(agent, "MicroMessenger"):
		return InWeChat
	case strings.Contains(agent, "Mobile"), strings.Contains(agent, "Android"), strings.Contains(agent, "iPhone"):
		return OnPhone
	}
	return OnDesktop
}

// device is the kind of phone, as H5 orders name it.
func device(agent string) string {
	switch {
	case strings.Contains(agent, "iPhone"), strings.Contains(agent, "iPad"):
		return "iOS"
	case strings.Contains(agent, "Android"):
		return "Android"
	}
	return "Wap"
}

// Ask is what is known of the customer who wants to pay.
type Ask struct {
	Agent, IP string
	// OpenID names the person inside WeChat, for JSAPI.
	OpenID string
}

// Start is how it goes on: one of Bridge, Page and Code is there.
type Start struct {
	Offer  payments.Offer
	Bridge *Bridge
	Page   string // to send the phone's browser to
	Code   string // for a QR code
}

// Takes tells whether a payment can be paid by WeChat: the merchant has an account, and it is about CNY.
func (p *Pay) Takes(ctx context.Context, pay payments.Payment) bool {
	if p == nil || pay.Currency != Currency {
		return false
	}
	ok, err := p.register.Credential(ctx, pay.MerchantID, Kind, &Credentials{})
	return err == nil && ok
}

// AppID is the app in whose name a merchant's money is asked for; openids are names within one app.
func (p *Pay) AppID(ctx context.Context, merchant string) (string, error) {
	acct, err := p.account(ctx, merchant)
	if err != nil {
		return "", err
	}
	return acct.AppID, nil
}

// Authorize is where a customer inside WeChat is sent to be named to us, silently; empty where the merchant's app secret is not known.
func (p *Pay) Authorize(ctx context.Context, merchant, back string) (string, error) {
	acct, err := p.account(ctx, merchant)
	if err != nil || acct.AppSecret == "" {
		return "", err
	}
	q := url.Values{"appid": {acct.AppID}, "redirect_uri": {back}, "response_type": {"code"}, "scope": {"snsapi_base"}, "state": {"pay"}}
	return p.api.authorize + "/connect/oauth2/authorize?" + q.Encode() + "#wechat_redirect", nil
}

// OpenID trades the code with which the customer came back for the name under which WeChat knows them.
func (p *Pay) OpenID(ctx context.Context, merchant, code string) (string, error) {
	acct, err := p.account(ctx, merchant)
	if err != nil {
		return "", err
	}
	return p.api.openID(ctx, acct, code)
}

func (a *API) openID(ctx context.Context, acct *Account, code string) (string, error) {
	if code == "" || len(code) > 512 {
		return "", ErrUpstream.Because(errors.New("no code"))
	}
	q := url.Values{"appid": {acct.AppID}, "secret": {acct.AppSecret}, "code": {code}, "grant_type": {"authorization_code"}}
	resp, err := a.client.Do(ctx, outbound.Request{Method: http.MethodGet, URL: a.oa + "/sns/oauth2/access_token?" + q.Encode()})
	if err != nil {
		return "", ErrUpstream.Because(err)
	}
	return readOpenID(resp.Body)
}

func readOpenID(raw []byte) (string, error) {
	var answer struct {
		OpenID string      `json:"openid"`
		Code   json.Number `json:"errcode"`
	}
	if json.Unmarshal(raw, &answer) != nil || answer.OpenID == "" || len(answer.OpenID) > 128 {
		return "", ErrUpstream.Because(errors.New("WeChat does not name the customer: " + clip(answer.Code.String(), 16)))
	}
	return answer.OpenID, nil
}

// What an offer keeps. The person is kept as a hash, to know whether the same comes again.
const (
	keptTrade  = "trade"
	keptPerson = "person"
	keptAnswer = "answer"
	keptAt     = "at"
)

// How long answers of WeChat are good, with a margin: then the order is closed and another made.
var goodFor = map[string]time.Duration{TradeH5: 4 * time.Minute, TradeJSAPI: 110 * time.Minute, TradeNative: 110 * time.Minute}

// renewals bounds how often one click replaces an order.
const renewals = 3

// Start gives the way to pay that fits the customer. WeChat knows an order by its number for good: where another way, or another
// person, had the number, that order is closed first and a new one made, so that never two can be paid.
func (p *Pay) Start(ctx context.Context, pay payments.Payment, ask Ask) (Start, error) {
	acct, err := p.account(ctx, pay.MerchantID)
	if err != nil {
		return Start{}, err
	}
	trade := TradeNative
	switch SceneOf(ask.Agent) {
	case InWeChat:
		if ask.OpenID != "" {
			trade = TradeJSAPI
		}
	case OnPhone:
		trade = TradeH5
	}
	var last error
	for range renewals {
		o, err := p.offer(ctx, pay, acct)
		if err != nil {
			return Start{}, err
		}
		answer, err := p.prepare(ctx, acct, o, trade, ask)
		if err == nil {
			return p.started(acct, o, trade, answer)
		}
		if !errors.Is(err, errOther) && !Taken(err) && !AlreadyPaid(err) {
			return Start{}, ErrUpstream.Because(err)
		}
		last = err
		if err := p.payments.Withdraw(ctx, o); err != nil {
			return Start{}, err
		}
	}
	return Start{}, ErrUpstream.Because(last)
}

func (p *Pay) offer(ctx context.Context, pay payments.Payment, acct *Account) (o payments.Offer, err error) {
	err = p.db.InTx(ctx, func(tx database.Tx) error {
		o, err = p.payments.Offer(tx, pay.MerchantID, pay.ID, payments.MethodWeChat, acct.MchID)
		return err
	})
	return o, err
}

// errOther says that the offer stands for another way, another person, or what is no longer good.
var errOther = errors.New("the order is another's")

// prepare gives WeChat's answer for the order, the kept one where it fits.
func (p *Pay) prepare(ctx context.Context, acct *Account, o payments.Offer, trade string, ask Ask) (string, error) {
	who := person(o, ask.OpenID)
	if kept := o.Data[keptTrade]; kept != "" {
		at, err := time.Parse(time.RFC3339, o.Data[keptAt])
		if err != nil || kept != trade || o.Data[keptPerson] != who || p.db.Now().Sub(at) > goodFor[trade] {
			return "", errOther
		}
		return o.Data[keptAnswer], nil
	}
	order := Order{Number: o.Reference, Description: described(o), Amount: o.Amount, ExpiresAt: o.ExpiresAt, NotifyURL: p.notifyURL(o.Merchant)}
	var answer string
	var err error
	switch trade {
	case TradeJSAPI:
		answer, err = p.api.JSAPI(ctx, acct, order, ask.OpenID)
	case TradeH5:
		answer, err = p.api.H5(ctx, acct, order, ask.IP, device(ask.Agent))
	default:
		answer, err = p.api.Native(ctx, acct, order)
	}
	if err != nil {
		return "", err
	}
	o.Data = map[string]string{keptTrade: trade, keptPerson: who, keptAnswer: answer, keptAt: p.db.Now().Format(time.RFC3339)}
	return answer, p.payments.KeepOffer(ctx, o)
}

func (p *Pay) started(acct *Account, o payments.Offer, trade, answer string) (Start, error) {
	s := Start{Offer: o}
	switch trade {
	case TradeJSAPI:
		b, err := acct.Bridge(answer, p.db.Now())
		s.Bridge = &b
		return s, err
	case TradeH5:
		s.Page = answer
	default:
		s.Code = answer
	}
	return s, nil
}

// Code gives again what the QR code of an offer says; empty where it has none. It asks nobody and changes nothing.
func (p *Pay) Code(o payments.Offer) string {
	if o.Method == payments.MethodWeChat && o.Data[keptTrade] == TradeNative {
		return o.Data[keptAnswer]
	}
	return ""
}

func person(o payments.Offer, openid string) string {
	if openid == "" {
		return ""
	}
	sum := sha256.Sum256([]byte(o.Reference + "|" + openid))
	return hex.EncodeToString(sum[:16])
}

// described names what is bought: the first thing, and how many others.
func described(o payments.Offer) string {
	if len(o.Items) == 0 {
		return o.Order
	}
	s := clip(o.Items[0].Name, 100)
	if len(o.Items) > 1 {
		s += " …"
	}
	return s
}
