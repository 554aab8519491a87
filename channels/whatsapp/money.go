package whatsapp

import (
	"encoding/json"
	"strconv"
	"strings"

	"sotto.chat/channels"
	"sotto.chat/internal/money"
)

// payment is what Meta tells of money, in webhooks and when it is asked; the two differ in some names.
type payment struct {
	Reference    string        `json:"reference_id"`
	Status       string        `json:"status"`
	Currency     string        `json:"currency"`
	Amount       sum           `json:"amount"`
	Total        sum           `json:"total_amount"`
	Transaction  transaction   `json:"transaction"`
	Transactions []transaction `json:"transactions"`
	Refunds      []refund      `json:"refunds"`
}

type transaction struct {
	ID       string   `json:"id"` // the gateway's order
	Provider string   `json:"pg_transaction_id"`
	Status   string   `json:"status"`
	Refunds  []refund `json:"refunds"`
}

type refund struct {
	ID     string `json:"id"`
	Amount sum    `json:"amount"`
	Status string `json:"status"`
}

// sum is an amount with its offset; Meta writes both as numbers, and as strings where refunds are asked for.
type sum struct {
	Value  loose `json:"value"`
	Offset loose `json:"offset"`
}

// money reads a sum in whole minor units; false where it is none.
func (s sum) money(currency string) (money.Money, bool) {
	value, err := strconv.ParseInt(string(s.Value), 10, 64)
	by, bad := strconv.ParseInt(string(s.Offset), 10, 64)
	if err != nil || bad != nil || value < 0 || value > maxSum*offset || (currency != "INR" && currency != "BRL") {
		return money.Money{}, false
	}
	switch by {
	case 1, 10, offset, 1000, 10000:
	default:
		return money.Money{}, false
	}
	if value*offset%by != 0 {
		return money.Money{}, false
	}
	return money.Of(value*offset/by, currency), true
}

// What Meta says of a payment and of a transaction.
const (
	captured     = "captured"
	pendingMoney = "pending"
	failed       = "failed"
	canceled     = "canceled"
	success      = "success"
)

// word reads what is said of money that comes. Money has come only where Meta names the transaction and the sum: the short form of
// its webhook has neither, and leaves the rest to the look-up. A transaction that failed leaves the payment pending at Meta,
// where the customer may try again; here it is a try that brought nothing.
func (p payment) word(t transaction, total sum) (channels.MoneyWord, bool) {
	w := channels.MoneyWord{Reference: p.Reference, Coin: t.ID, Provider: t.Provider}
	amount, known := total.money(p.Currency)
	w.Amount = amount
	switch p.Status {
	case captured:
		w.Status = channels.MoneyPaid
		if !known || t.ID == "" || t.Status != "" && t.Status != success {
			w.Status = channels.MoneyPending
		}
	case pendingMoney:
		w.Status = channels.MoneyPending
		if t.ID == "" { // nobody has begun to pay
			return w, false
		}
		if t.Status == failed {
			w.Status = channels.MoneyFailed
		}
	case failed, canceled, "cancelled":
		w.Status = channels.MoneyFailed
	default:
		return w, false
	}
	return w, p.Reference != ""
}

// returns reads the refunds that are through.
func (p payment) returns(t transaction) []channels.MoneyWord {
	var list []channels.MoneyWord
	for _, r := range append(append([]refund(nil), t.Refunds...), p.Refunds...) {
		amount, ok := r.Amount.money(p.Currency)
		if ok && r.ID != "" && (r.Status == success || r.Status == "completed") && amount.Amount > 0 {
			list = append(list, channels.MoneyWord{Reference: p.Reference, Coin: t.ID, Provider: t.Provider, Status: channels.MoneyReturned,
				Refund: r.ID, Amount: amount})
		}
	}
	return list
}

// parsePayment reads a payment's status: one telling for the money that comes and one for each refund, each known again by what it
// says, for Meta tells the same under new ids.
func parsePayment(raw json.RawMessage, s status) []channels.Incoming {
	if s.Payment == nil {
		return []channels.Incoming{other(raw, "payment")}
	}
	p := *s.Payment
	p.Status = s.Status
	w, ok := p.word(p.Transaction, p.Amount)
	if !ok || len(p.Reference) > 60 || !referenceForm.MatchString(p.Reference) {
		return []channels.Incoming{other(raw, "payment")}
	}
	person := first(s.RecipientID, s.From)
	var list []channels.Incoming
	for _, w := range append([]channels.MoneyWord{w}, p.returns(p.Transaction)...) {
		w.ID = wordID(w)
		list = append(list, channels.Incoming{Kind: channels.KindMoney, DedupKey: "money|" + w.ID, At: s.Timestamp.time(),
			Parties: parties(person, s.RecipientUserID, ""), Money: &w})
	}
	return list
}

// wordID names a telling by what it tells.
func wordID(w channels.MoneyWord) string {
	return strings.Join([]string{w.Reference, w.Status, clip(w.Coin, 200), clip(w.Refund, 200)}, "|")
}
