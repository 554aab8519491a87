package telegram

import (
	"encoding/json"
	"errors"
	"strconv"
	"strings"

	"sotto.chat/channels"
	"sotto.chat/internal/money"
)

// Stars is the currency of digital goods. It has no minor unit.
const Stars = "XTR"

// payment is Telegram's word that money came or went back. It is the only proof: what a customer forwards or claims is none.
type payment struct {
	Currency       string `json:"currency"`
	Total          int64  `json:"total_amount"`
	Payload        string `json:"invoice_payload"`
	ChargeID       string `json:"telegram_payment_charge_id"`
	ProviderCharge string `json:"provider_payment_charge_id"`
}

// fill makes it a word about money; false where it does not even name the money.
func (p *payment) fill(in *channels.Incoming, status string) bool {
	if p.ChargeID == "" {
		return false
	}
	reference, _ := unpack(p.Payload)
	in.Kind, in.DedupKey = channels.KindMoney, status+":"+p.ChargeID
	in.Money = &channels.MoneyWord{ID: in.DedupKey, Reference: reference, Status: status, Coin: p.ChargeID, Provider: p.ProviderCharge,
		Amount: money.Of(p.Total, p.Currency)}
	return true
}

// pack makes an invoice's payload: our reference, and what delivery costs where Telegram asks for the address. Telegram brings it back
// as it was; whoever pays never sees it.
func pack(reference string, shipping int64) string {
	if shipping == 0 {
		return reference
	}
	return reference + "." + strconv.FormatInt(shipping, 10)
}

func unpack(payload string) (reference string, shipping int64) {
	reference, tail, _ := strings.Cut(payload, ".")
	n, err := strconv.ParseInt(tail, 10, 64)
	if err != nil || n < 0 {
		return reference, 0
	}
	return reference, n
}

type preCheckout struct {
	ID       string `json:"id"`
	From     user   `json:"from"`
	Currency string `json:"currency"`
	Total    int64  `json:"total_amount"`
	Payload  string `json:"invoice_payload"`
}

type shippingQuery struct {
	ID      string `json:"id"`
	From    user   `json:"from"`
	Payload string `json:"invoice_payload"`
}

// Ask reads what wants its answer in the webhook's own response: the two questions before a payment, which Telegram gives ten seconds,
// and a pressed button, which shows that it is at work until it hears that it was heard.
func (p *Platform) Ask(raw []byte) (channels.Question, bool) {
	var u update
	if json.Unmarshal(raw, &u) != nil {
		return channels.Question{}, false
	}
	switch {
	case u.PreCheckout != nil && u.PreCheckout.ID != "":
		q := u.PreCheckout
		reference, _ := unpack(q.Payload)
		return channels.Question{Reference: reference, Amount: money.Of(q.Total, q.Currency), Answer: func(err error) []byte {
			return encode(answerPreCheckout{Method: "answerPreCheckoutQuery", ID: q.ID, OK: err == nil, Error: why(err, q.From.Language)})
		}}, true
	case u.Shipping != nil && u.Shipping.ID != "":
		q := u.Shipping
		reference, shipping := unpack(q.Payload)
		return channels.Question{Reference: reference, Answer: func(err error) []byte {
			a := answerShipping{Method: "answerShippingQuery", ID: q.ID, OK: err == nil, Error: why(err, q.From.Language)}
			if err == nil {
				label := wordsOf(q.From.Language).shipping
				a.Options = []shippingOption{{ID: "standard", Title: label, Prices: []price{{label, shipping}}}}
			}
			return encode(a)
		}}, true
	case u.Callback != nil && u.Callback.ID != "":
		id := u.Callback.ID
		return channels.Question{Keep: true, Answer: func(error) []byte {
			return encode(answerCallback{Method: "answerCallbackQuery", ID: id})
		}}, true
	}
	return channels.Question{}, false
}

func encode(v any) []byte {
	raw, _ := json.Marshal(v) // strings, numbers and booleans alone
	return raw
}

// why words a refusal for the one who wanted to pay.
func why(err error, language string) string {
	switch {
	case err == nil:
		return ""
	case errors.Is(err, channels.ErrUnsure):
		return wordsOf(language).later
	}
	return wordsOf(language).dead
}
