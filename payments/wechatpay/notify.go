package wechatpay

import (
	"encoding/json"
	"net/http"
	"time"
)

// LargestNotification is more than WeChat sends.
const LargestNotification = 1 << 20

// Notification is a verified and opened one. Of Transaction and Refund at most one is there; of kinds that are not about an order, none.
type Notification struct {
	ID          string
	Kind        string
	At          time.Time
	Transaction *Transaction
	Refund      *RefundState
}

// Heard verifies a notification over its raw bytes and opens it.
func (a *Account) Heard(h http.Header, raw []byte, now time.Time) (Notification, error) {
	if err := a.Verify(h, raw, now); err != nil {
		return Notification{}, err
	}
	return a.read(raw)
}

// read opens a notification that was verified.
func (a *Account) read(raw []byte) (Notification, error) {
	var e struct {
		ID           string    `json:"id"`
		CreateTime   time.Time `json:"create_time"`
		EventType    string    `json:"event_type"`
		ResourceType string    `json:"resource_type"`
		Resource     Box       `json:"resource"`
	}
	if json.Unmarshal(raw, &e) != nil || e.ID == "" || len(e.ID) > 128 || e.EventType == "" {
		return Notification{}, ErrNotReadable
	}
	n := Notification{ID: e.ID, Kind: e.EventType, At: e.CreateTime.UTC()}
	var into any
	switch e.EventType {
	case "TRANSACTION.SUCCESS":
		n.Transaction = &Transaction{}
		into = n.Transaction
	case "REFUND.SUCCESS", "REFUND.ABNORMAL", "REFUND.CLOSED":
		n.Refund = &RefundState{}
		into = n.Refund
	default:
		return n, nil
	}
	plain, err := Unseal(a.APIv3Key, e.Resource)
	if err != nil {
		return Notification{}, err
	}
	if json.Unmarshal(plain, into) != nil {
		return Notification{}, ErrNotReadable
	}
	return n, nil
}
