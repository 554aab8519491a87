package sandbox

import (
	"fmt"
	"strings"
)

// payout is money on its way to the shop's bank.
type payout struct {
	ID       string `json:"id"`
	Created  int64  `json:"created"`
	Amount   int64  `json:"amount"`
	Currency string `json:"currency"`
	Txn      string `json:"txn"`
	Failed   bool   `json:"failed,omitempty"`
	FailTxn  string `json:"fail_txn,omitempty"`
}

func (v *payout) key() string { return v.ID }

func (c *change) payout(id string) *payout { return look(&c.s.state.payouts, c.rec.Payouts, id) }
func (c *change) editTxn(id string) *txn   { return edit(&c.s.state.txns, &c.rec.Txns, id) }

// category is the word by which Stripe's reports group a transaction (docs.stripe.com/reports/reporting-categories).
func (v *txn) category() string {
	switch {
	case v.Type == "adjustment" && strings.HasPrefix(v.Source, "dp_") && v.Amount > 0:
		return "dispute_reversal"
	case v.Type == "adjustment" && strings.HasPrefix(v.Source, "dp_"):
		return "dispute"
	case v.Type == "adjustment":
		return "other_adjustment"
	case v.Type == "stripe_fee":
		return "fee"
	}
	return v.Type
}

func renderTxn(v *txn) object {
	fees := []any{}
	if v.Fee != 0 {
		fees = append(fees, object{"amount": v.Fee, "application": nil, "currency": v.Currency, "description": "Stripe processing fees", "type": "stripe_fee"})
	}
	return object{
		"id": v.ID, "object": "balance_transaction", "created": v.Created, "available_on": v.Created, "amount": v.Amount, "fee": v.Fee,
		"fee_details": fees, "net": v.Amount - v.Fee, "currency": v.Currency, "type": v.Type, "reporting_category": v.category(), "source": orNull(v.Source),
		"status": "available", "description": nil, "exchange_rate": nil,
	}
}

func renderPayout(v *payout) object {
	status, failure, words := "paid", any(nil), any(nil)
	if v.Failed {
		status, failure, words = "failed", "account_closed", "The bank account has been closed"
	}
	return object{
		"id": v.ID, "object": "payout", "created": v.Created, "arrival_date": v.Created, "amount": v.Amount, "currency": v.Currency, "status": status,
		"automatic": true, "balance_transaction": v.Txn, "destination": nil, "description": "STRIPE PAYOUT", "failure_balance_transaction": orNull(v.FailTxn),
		"failure_code": failure, "failure_message": words, "livemode": false, "metadata": object{}, "method": "standard", "original_payout": nil,
		"reconciliation_status": "completed", "reversed_by": nil, "source_type": "card", "statement_descriptor": nil, "type": "bank_account",
	}
}

func getTxn(c *call) (map[string]any, error) {
	if err := c.form.allow(); err != nil {
		return nil, err
	}
	id := c.r.PathValue("id")
	t := c.txn(id)
	if t == nil {
		return nil, noSuch("balance_transaction", id)
	}
	return c.expanded(renderTxn(t))
}

func listTxns(c *call) (map[string]any, error) {
	if err := c.form.allow(listParams("source", "type", "currency", "payout")...); err != nil {
		return nil, err
	}
	f := c.form
	return listOf(c, "/v1/balance_transactions", c.s.state.txns.all(), func(v *txn) int64 { return v.Created }, func(v *txn) bool {
		return match(f["source"], v.Source) && match(f["type"], v.Type) && match(f["currency"], v.Currency) && match(f["payout"], v.Payout)
	}, renderTxn)
}

func getBalance(c *call) (map[string]any, error) {
	sums := map[string]int64{}
	for _, t := range c.s.state.txns.byID { // a payout is one of them, with a minus
		sums[t.Currency] += t.Amount - t.Fee
	}
	available := []any{}
	for currency, sum := range sums {
		available = append(available, object{"amount": sum, "currency": currency, "source_types": object{"card": sum}})
	}
	return object{"object": "balance", "livemode": false, "available": available, "pending": []any{}}, nil
}

func getPayout(c *call) (map[string]any, error) {
	if err := c.form.allow(); err != nil {
		return nil, err
	}
	id := c.r.PathValue("id")
	v := c.payout(id)
	if v == nil {
		return nil, noSuch("payout", id)
	}
	return c.expanded(renderPayout(v))
}

func listPayouts(c *call) (map[string]any, error) {
	if err := c.form.allow(listParams("status", "destination")...); err != nil {
		return nil, err
	}
	return listOf(c, "/v1/payouts", c.s.state.payouts.all(), func(v *payout) int64 { return v.Created },
		func(*payout) bool { return match(c.form["status"], "paid") }, renderPayout)
}

// Payout sends all that stands in the balance in one currency to the shop's bank, and returns the payout's id.
func (s *Sandbox) Payout(currency string) (id string, err error) {
	currency = strings.ToLower(currency)
	err = s.do(func(c *change) error {
		var sum int64
		var part []string
		for _, t := range s.state.txns.all() {
			if t.Payout == "" && t.Currency == currency && t.Account == "" {
				sum, part = sum+t.Amount-t.Fee, append(part, t.ID)
			}
		}
		if sum <= 0 {
			return refused("balance_insufficient", "amount", fmt.Sprintf("sandbox: there is nothing to pay out in %s", currency))
		}
		po := &payout{ID: newID("po_1", 23), Created: c.unix(), Amount: sum, Currency: currency}
		for _, t := range part {
			c.editTxn(t).Payout = po.ID
		}
		po.Txn = c.book("payout", po.ID, -sum, 0, currency)
		c.editTxn(po.Txn).Payout = po.ID
		c.rec.Payouts = append(c.rec.Payouts, po)
		c.emit("payout.created", po.ID, renderPayout(po))
		c.emit("payout.paid", po.ID, renderPayout(po))
		id = po.ID
		return nil
	})
	return id, err
}

// FailPayout has the shop's bank send a payout back: its money stands in the balance again.
func (s *Sandbox) FailPayout(id string) error {
	return s.do(func(c *change) error {
		po := edit(&c.s.state.payouts, &c.rec.Payouts, id)
		if po == nil || po.Failed {
			return noSuch("payout", id)
		}
		po.Failed, po.FailTxn = true, c.book("payout_failure", po.ID, po.Amount, 0, po.Currency)
		c.emit("payout.failed", po.ID, renderPayout(po))
		return nil
	})
}

// Book moves the balance for a reason that no payment has, such as a stripe_fee or an adjustment, and returns the transaction's id.
// An amount with a minus is taken from the shop.
func (s *Sandbox) Book(kind string, amount, fee int64, currency string) (id string, err error) {
	err = s.do(func(c *change) error {
		id = c.book(kind, "", amount, fee, strings.ToLower(currency))
		return nil
	})
	return id, err
}
