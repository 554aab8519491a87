package sandbox

import (
	"fmt"
	"maps"
)

func createRefund(c *call) (map[string]any, error) {
	f := c.form
	if err := f.allow("charge", "payment_intent", "amount", "reason", "metadata[*]", "currency", "instructions_email"); err != nil {
		return nil, err
	}
	if f["charge"] == "" && f["payment_intent"] == "" {
		return nil, badRequest("parameter_missing", "", "One of the following params should be provided for this request: payment_intent or charge.")
	}
	reason, err := f.among("reason", "", "duplicate", "fraudulent", "requested_by_customer")
	if err != nil {
		return nil, err
	}
	meta, err := f.metadata("metadata")
	if err != nil {
		return nil, err
	}
	amount, given, err := f.number("amount")
	if err != nil {
		return nil, err
	}
	if given && amount < 1 {
		return nil, badRequest("parameter_invalid_integer", "amount", "This value must be greater than or equal to 1.")
	}
	ch, err := c.refundable()
	if err != nil {
		return nil, err
	}
	left := ch.Captured - ch.Refunded
	switch {
	case left == 0:
		return nil, refused("charge_already_refunded", "", fmt.Sprintf("Charge %s has already been refunded.", ch.ID))
	case ch.Disputed:
		return nil, refused("charge_disputed", "", fmt.Sprintf("Charge %s has been charged back; cannot issue a refund.", ch.ID))
	case amount > left:
		return nil, refused("", "amount", fmt.Sprintf("Refund amount (%s) is greater than unrefunded amount on charge (%s)",
			c.s.cfg.Format(amount, ch.Currency), c.s.cfg.Format(left, ch.Currency)))
	case !given:
		amount = left
	}
	return c.expanded(c.renderRefund(c.giveBack(ch, amount, reason, meta)))
}

// refundable finds the charge that a refund request means.
func (c *call) refundable() (*charge, error) {
	id := c.form["charge"]
	if pi := c.form["payment_intent"]; pi != "" {
		in := c.intent(pi)
		if in == nil {
			return nil, noSuch("payment_intent", pi)
		}
		if id != "" && id != in.Charge {
			return nil, badRequest("", "charge", "The charge does not belong to the payment intent.")
		}
		if in.Status != "succeeded" {
			return nil, refused("", "", fmt.Sprintf("This PaymentIntent (%s) does not have a successful charge to refund.", pi))
		}
		id = in.Charge
	}
	ch := c.charge(id)
	if ch == nil {
		return nil, noSuch("charge", id)
	}
	if ch.Status != "succeeded" || ch.Captured == 0 {
		return nil, refused("", "charge", fmt.Sprintf("Charge %s cannot be refunded: it has taken no money.", id))
	}
	return ch, nil
}

// giveBack stages a refund of amount, which the caller knows to be left on the charge.
func (c *change) giveBack(ch *charge, amount int64, reason string, meta map[string]string) *refund {
	ch = c.editCharge(ch.ID)
	re := &refund{ID: newID("re_3", 23), Created: c.unix(), Charge: ch.ID, Intent: ch.Intent, Amount: amount, Currency: ch.Currency,
		Reason: reason, Status: "succeeded", Metadata: meta}
	c.rec.Refunds = append(c.rec.Refunds, re)
	booked, currency := c.settled(ch, amount)
	re.Txn = c.book("refund", re.ID, -booked, 0, currency)
	ch.Refunded += amount
	group := c.intent(ch.Intent).Session
	c.emit("charge.refunded", group, c.renderCharge(ch))
	c.emit("charge.refund.updated", group, c.renderRefund(re))
	return re
}

// bounceRefund makes a refund fail after the fact, as when the customer's account is closed: the money is the shop's again.
func (c *change) bounceRefund(re *refund) {
	re = c.editRefund(re.ID)
	ch := c.editCharge(re.Charge)
	re.Status, re.Failure = "failed", "expired_or_canceled_card"
	booked, currency := c.settled(ch, re.Amount)
	re.FailTxn = c.book("refund_failure", re.ID, booked, 0, currency)
	ch.Refunded -= re.Amount
	c.emit("charge.refund.updated", c.intent(re.Intent).Session, c.renderRefund(re))
}

func getRefund(c *call) (map[string]any, error) {
	if err := c.form.allow(); err != nil {
		return nil, err
	}
	id := c.r.PathValue("id")
	re := c.refund(id)
	if re == nil {
		return nil, noSuch("refund", id)
	}
	return c.expanded(c.renderRefund(re))
}

func listRefunds(c *call) (map[string]any, error) {
	if err := c.form.allow(listParams("charge", "payment_intent")...); err != nil {
		return nil, err
	}
	return listOf(c, "/v1/refunds", c.s.state.refunds.all(), func(v *refund) int64 { return v.Created }, func(v *refund) bool {
		return match(c.form["charge"], v.Charge) && match(c.form["payment_intent"], v.Intent)
	}, c.renderRefund)
}

// disputeFee is what a chargeback costs the shop on top, in minor units.
const disputeFee = 1500

// contest stages a chargeback of all that is left on the charge.
func (c *change) contest(ch *charge, reason string) *dispute {
	if reason == "" {
		reason = "fraudulent"
	}
	ch = c.editCharge(ch.ID)
	left := ch.Captured - ch.Refunded
	dp := &dispute{ID: newID("dp_1", 23), Created: c.unix(), Charge: ch.ID, Intent: ch.Intent, Amount: left, Currency: ch.Currency,
		Reason: reason, Status: "needs_response"}
	ch.Disputed = true
	c.rec.Disputes = append(c.rec.Disputes, dp)
	booked, currency := c.settled(ch, left)
	dp.Txns = []string{c.book("adjustment", dp.ID, -booked, disputeFee, currency)}
	group := c.intent(ch.Intent).Session
	c.emit("charge.dispute.created", group, c.renderDispute(dp))
	c.emit("charge.dispute.funds_withdrawn", group, c.renderDispute(dp))
	return dp
}

// decide closes a dispute.
func (c *change) decide(dp *dispute, won bool) *dispute {
	dp = c.editDispute(dp.ID)
	group := c.intent(dp.Intent).Session
	dp.Status = "lost"
	if won {
		dp.Status = "won"
		booked, currency := c.settled(c.charge(dp.Charge), dp.Amount)
		back := c.book("adjustment", dp.ID, booked, -disputeFee, currency)
		dp.Txns = append(append([]string(nil), dp.Txns...), back)
		c.editCharge(dp.Charge).Disputed = false
		c.emit("charge.dispute.funds_reinstated", group, c.renderDispute(dp))
	}
	c.emit("charge.dispute.closed", group, c.renderDispute(dp))
	return dp
}

// contestDispute takes evidence; with submit it goes to the bank, which then looks at it.
func contestDispute(c *call) (map[string]any, error) {
	dp, err := c.pathDispute("evidence[*]", "metadata[*]", "submit")
	if err != nil {
		return nil, err
	}
	submit, err := c.form.flag("submit")
	if err != nil {
		return nil, err
	}
	if dp.Status != "needs_response" {
		return nil, refused("", "", "This dispute is not open for evidence any more.")
	}
	dp = c.editDispute(dp.ID)
	given := maps.Clone(dp.Evidence)
	if given == nil {
		given = map[string]string{}
	}
	for name := range c.form {
		under, key, ok := cutLast(name)
		if !ok || under != "evidence" {
			continue
		}
		if given[key], err = c.form.short(name, 20_000); err != nil {
			return nil, err
		}
	}
	if dp.Evidence = given; submit {
		dp.Status, dp.Handed = "under_review", dp.Handed+1
	}
	c.emit("charge.dispute.updated", c.intent(dp.Intent).Session, c.renderDispute(dp))
	return c.expanded(c.renderDispute(dp))
}

// Evidence is what was handed in for a dispute.
func (s *Sandbox) Evidence(id string) map[string]string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if dp := s.state.disputes.byID[id]; dp != nil && dp.Handed > 0 {
		return maps.Clone(dp.Evidence)
	}
	return nil
}

func (c *call) pathDispute(known ...string) (*dispute, error) {
	if err := c.form.allow(known...); err != nil {
		return nil, err
	}
	id := c.r.PathValue("id")
	dp := c.dispute(id)
	if dp == nil {
		return nil, noSuch("dispute", id)
	}
	return dp, nil
}

func getDispute(c *call) (map[string]any, error) {
	dp, err := c.pathDispute()
	if err != nil {
		return nil, err
	}
	return c.expanded(c.renderDispute(dp))
}

// closeDispute gives in: the shop loses.
func closeDispute(c *call) (map[string]any, error) {
	dp, err := c.pathDispute()
	if err != nil {
		return nil, err
	}
	if dp.Status != "needs_response" {
		return nil, refused("", "", "This dispute is already closed.")
	}
	return c.expanded(c.renderDispute(c.decide(dp, false)))
}

func listDisputes(c *call) (map[string]any, error) {
	if err := c.form.allow(listParams("charge", "payment_intent")...); err != nil {
		return nil, err
	}
	return listOf(c, "/v1/disputes", c.s.state.disputes.all(), func(v *dispute) int64 { return v.Created }, func(v *dispute) bool {
		return match(c.form["charge"], v.Charge) && match(c.form["payment_intent"], v.Intent)
	}, c.renderDispute)
}
