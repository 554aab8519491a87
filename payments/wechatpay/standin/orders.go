package standin

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"time"
)

// order is one that was placed.
type order struct {
	number, kind, openid, description, notify string
	body                                      []byte // as it came: the same again is the same order
	total                                     int64
	prepay, transaction, state                string
	expires, paid                             time.Time
	back                                      int64
}

// Order is how an order stands, for tests and the demo's page.
type Order struct {
	Number, Kind, OpenID, Description, State, TransactionID string
	Total                                                   int64
}

type orderBody struct {
	AppID       string `json:"appid"`
	MchID       string `json:"mchid"`
	Description string `json:"description"`
	OutTradeNo  string `json:"out_trade_no"`
	TimeExpire  string `json:"time_expire"`
	NotifyURL   string `json:"notify_url"`
	Amount      struct {
		Total    int64  `json:"total"`
		Currency string `json:"currency"`
	} `json:"amount"`
	Payer struct {
		OpenID string `json:"openid"`
	} `json:"payer"`
	SceneInfo struct {
		IP string `json:"payer_client_ip"`
		H5 struct {
			Type string `json:"type"`
		} `json:"h5_info"`
	} `json:"scene_info"`
}

var numberForm = regexp.MustCompile(`^[0-9A-Za-z_\-*]{6,32}$`)

func param(says string) error { return problem{http.StatusBadRequest, "PARAM_ERROR", says} }

// place takes an order.
func (s *Server) place(kind, host string, body []byte) (any, error) {
	var b orderBody
	d := json.NewDecoder(bytes.NewReader(body))
	d.DisallowUnknownFields()
	if err := d.Decode(&b); err != nil {
		return nil, param(err.Error())
	}
	expires, err := time.Parse(time.RFC3339, b.TimeExpire)
	switch notify, bad := url.Parse(b.NotifyURL); {
	case b.MchID != s.MchID:
		return nil, problem{http.StatusBadRequest, "MCH_NOT_EXISTS", "mchid"}
	case b.AppID != s.AppID:
		return nil, problem{http.StatusBadRequest, "APPID_MCHID_NOT_MATCH", "appid"}
	case b.Description == "" || len(b.Description) > 127:
		return nil, param("description")
	case !numberForm.MatchString(b.OutTradeNo):
		return nil, param("out_trade_no")
	case b.Amount.Total < 1 || b.Amount.Currency != "CNY":
		return nil, param("amount")
	case bad != nil || notify.Host == "" || notify.RawQuery != "":
		return nil, param("notify_url")
	case b.TimeExpire != "" && (err != nil || expires.Before(s.Now().Add(time.Minute))):
		return nil, param("time_expire")
	case kind == "jsapi" && b.Payer.OpenID == "":
		return nil, param("payer.openid")
	case kind == "h5" && (b.SceneInfo.IP == "" || b.SceneInfo.H5.Type == ""):
		return nil, param("scene_info")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	o := s.orders[b.OutTradeNo]
	switch {
	case o == nil:
		s.next++
		o = &order{number: b.OutTradeNo, kind: kind, openid: b.Payer.OpenID, description: b.Description, notify: b.NotifyURL, body: body, total: b.Amount.Total,
			prepay: fmt.Sprintf("wx%s%06d", hexText(10), s.next), state: "NOTPAY", expires: expires}
		s.orders[o.number] = o
	case o.paid != (time.Time{}):
		return nil, problem{http.StatusBadRequest, "ORDER_PAID", "the order is paid"}
	case o.state == "CLOSED":
		return nil, problem{http.StatusBadRequest, "ORDER_CLOSED", "the order is closed"}
	case o.kind != kind || !bytes.Equal(o.body, body):
		return nil, problem{http.StatusForbidden, "OUT_TRADE_NO_USED", "another order has this number"}
	}
	switch kind {
	case "h5":
		return object{"h5_url": "http://" + host + "/pay?prepay_id=" + o.prepay}, nil
	case "native":
		return object{"code_url": "weixin://wxpay/bizpayurl?pr=" + o.prepay[:12]}, nil
	}
	return object{"prepay_id": o.prepay}, nil
}

// lapse closes an order whose time is over; the lock is held.
func (s *Server) lapse(o *order) {
	if o.state == "NOTPAY" && !o.expires.IsZero() && s.Now().After(o.expires) {
		o.state = "CLOSED"
	}
}

func (s *Server) query(r *http.Request, is func(*order) bool) (any, error) {
	if r.URL.Query().Get("mchid") != s.MchID {
		return nil, param("mchid")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, o := range s.orders {
		if is(o) {
			s.lapse(o)
			return s.told(o), nil
		}
	}
	return nil, problem{http.StatusNotFound, "ORDER_NOT_EXIST", "there is no such order"}
}

// told is an order as queries and notifications have it; the lock is held.
func (s *Server) told(o *order) object {
	t := object{"appid": s.AppID, "mchid": s.MchID, "out_trade_no": o.number, "trade_state": o.state, "trade_state_desc": o.state,
		"attach": "", "amount": object{"total": o.total, "currency": "CNY"}}
	if o.paid.IsZero() {
		return t
	}
	t["transaction_id"], t["bank_type"] = o.transaction, "OTHERS"
	t["trade_type"] = map[string]string{"jsapi": "JSAPI", "h5": "MWEB", "native": "NATIVE"}[o.kind]
	t["success_time"] = o.paid.In(time.FixedZone("", 8*3600)).Format(time.RFC3339)
	openid := o.openid
	if openid == "" {
		openid = "oStandInPayer"
	}
	t["payer"] = object{"openid": openid}
	t["amount"] = object{"total": o.total, "payer_total": o.total, "currency": "CNY", "payer_currency": "CNY"}
	return t
}

func (s *Server) close(number string, body []byte) error {
	var b struct {
		MchID string `json:"mchid"`
	}
	if json.Unmarshal(body, &b) != nil || b.MchID != s.MchID {
		return param("mchid")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	o := s.orders[number]
	switch {
	case o == nil:
		return problem{http.StatusNotFound, "ORDER_NOT_EXIST", "there is no such order"}
	case !o.paid.IsZero():
		return problem{http.StatusBadRequest, "ORDER_PAID", "the order is paid"}
	}
	o.state = "CLOSED"
	return nil
}

// Orders lists how all orders stand.
func (s *Server) Orders() []Order {
	s.mu.Lock()
	defer s.mu.Unlock()
	var list []Order
	for _, o := range s.orders {
		s.lapse(o)
		list = append(list, Order{o.number, o.kind, o.openid, o.description, o.state, o.transaction, o.total})
	}
	return list
}

// Pay is what a person does: it pays an order and has the shop told, in its own time. The order's number comes by what was handed out:
// the number itself, a prepay_id, or the text of a QR code.
func (s *Server) Pay(by string) error {
	o, err := s.pay(by)
	if err != nil {
		return err
	}
	s.Tell(s.Notice("TRANSACTION.SUCCESS", "transaction", o), s.notifyOf(by))
	return nil
}

// PayQuietly pays, and the notification is lost.
func (s *Server) PayQuietly(by string) error {
	_, err := s.pay(by)
	return err
}

func (s *Server) pay(by string) (object, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	o := s.find(by)
	if o == nil {
		return nil, fmt.Errorf("no order %s", by)
	}
	s.lapse(o)
	if o.state != "NOTPAY" {
		return nil, fmt.Errorf("order %s is %s", o.number, o.state)
	}
	s.next++
	o.state, o.paid, o.transaction = "SUCCESS", s.Now().Truncate(time.Second), fmt.Sprintf("42000%020d%s", s.next, digitsOf(o.number))
	return s.told(o), nil
}

// Elsewhere is a payment that the merchant took by another till: no order of this shop's, yet in the same bill.
func (s *Server) Elsewhere(number string, total int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.next++
	s.orders[number] = &order{number: number, kind: "native", description: "elsewhere", total: total, prepay: "wx" + hexText(13), state: "SUCCESS",
		paid: s.Now().Truncate(time.Second), transaction: fmt.Sprintf("42000%020d%s", s.next, digitsOf(number))}
}

// digitsOf makes ids differ between stand-ins that count alike.
func digitsOf(number string) string {
	n := 0
	for _, c := range number {
		n = (n*31 + int(c)) % 1000
	}
	return fmt.Sprintf("%03d", n)
}

// find gives an order by its number, its prepay_id or its QR code; the lock is held.
func (s *Server) find(by string) *order {
	for _, o := range s.orders {
		if by == o.number || by == o.prepay || by == "weixin://wxpay/bizpayurl?pr="+o.prepay[:12] {
			return o
		}
	}
	return nil
}

func (s *Server) notifyOf(by string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if o := s.find(by); o != nil {
		return o.notify
	}
	return ""
}
