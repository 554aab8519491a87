package whatsapp

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"strconv"

	"sotto.chat/channels"
	"sotto.chat/internal/money"
	"sotto.chat/internal/outbound"
)

// Standing is what Meta answers when it is asked about a payment. It is the gateway's word passed on: Meta reconciles nothing.
type Standing struct {
	Word    channels.MoneyWord
	Refunds []Returned
}

// Returned is a refund as Meta tells it. Status is pending, completed or failed.
type Returned struct {
	ID     string
	Status string
	Amount money.Money
}

// States of a refund.
const (
	ReturnPending = "pending"
	ReturnDone    = "completed"
	ReturnFailed  = "failed"
)

// Look asks how the payment with our reference stands; nil where the channel's payments are none that Meta can be asked about, or
// where nobody has begun to pay.
func (p *Platform) Look(ctx context.Context, c channels.Credentials, reference string) (*Standing, error) {
	configuration, ok := configured(c)
	if !ok {
		return nil, nil
	}
	resp, err := p.call(ctx, c, http.MethodGet, "/payments/"+url.PathEscape(configuration)+"/"+url.PathEscape(reference), nil)
	if err != nil {
		if resp.Status == http.StatusNotFound {
			return nil, nil
		}
		return nil, err
	}
	var answer struct {
		Payments []payment `json:"payments"`
	}
	if json.Unmarshal(resp.Body, &answer) != nil {
		return nil, &channels.SendError{Code: "strange_answer", Unsure: true}
	}
	for _, m := range answer.Payments {
		if m.Reference == reference {
			return m.standing()
		}
	}
	return nil, nil
}

// standing reads the payment by the transaction that counts: the one that brought the money, of which there is one at most, else the last.
func (p payment) standing() (*Standing, error) {
	var t transaction
	for _, one := range p.Transactions {
		if t = one; one.Status == success {
			break
		}
	}
	w, ok := p.word(t, p.Total)
	if p.Status == pendingMoney && t.ID == "" {
		return nil, nil
	}
	if !ok {
		return nil, &channels.SendError{Code: "strange_answer", Unsure: true}
	}
	w.ID = wordID(w)
	s := &Standing{Word: w}
	for _, one := range p.Transactions {
		for _, r := range one.Refunds {
			if amount, ok := r.Amount.money(p.Currency); ok && r.ID != "" {
				s.Refunds = append(s.Refunds, Returned{r.ID, returnState(r.Status), amount})
			}
		}
	}
	return s, nil
}

func returnState(s string) string {
	switch s {
	case success, ReturnDone:
		return ReturnDone
	case ReturnFailed:
		return ReturnFailed
	}
	return ReturnPending
}

// Return has the gateway send money back, at its normal speed. Meta takes no idempotency key: who asks again looks first whether
// the refund is there.
func (p *Platform) Return(ctx context.Context, c channels.Credentials, reference string, amount money.Money) (Returned, error) {
	configuration, ok := configured(c)
	if !ok {
		return Returned{}, &channels.SendError{Code: "no_payment_configuration"}
	}
	raw, err := json.Marshal(object{"reference_id": reference, "speed": "normal", "payment_config_id": configuration,
		"amount": map[string]string{"currency": amount.Currency, "value": strconv.FormatInt(amount.Amount, 10), "offset": strconv.Itoa(offset)}})
	if err != nil {
		return Returned{}, err
	}
	resp, err := p.call(ctx, c, http.MethodPost, "/payments_refund", raw)
	if err != nil {
		return Returned{}, err
	}
	var answer struct {
		ID     string `json:"id"`
		Status string `json:"status"`
	}
	if json.Unmarshal(resp.Body, &answer) != nil || answer.ID == "" {
		return Returned{}, &channels.SendError{Code: "strange_answer", Unsure: true}
	}
	return Returned{answer.ID, returnState(answer.Status), amount}, nil
}

// call makes one call below the number; any error is a *channels.SendError.
func (p *Platform) call(ctx context.Context, c channels.Credentials, method, path string, raw []byte) (outbound.Response, error) {
	resp, err := p.client.Do(ctx, outbound.Request{Method: method, URL: p.base + "/" + url.PathEscape(c[phoneID]) + path,
		Header: http.Header{"Authorization": {"Bearer " + c[accessToken]}, "Content-Type": {"application/json"}}, Body: raw})
	if err != nil {
		return resp, unanswered(err)
	}
	if resp.Status >= 200 && resp.Status < 300 {
		return resp, nil
	}
	return resp, refused(resp)
}
