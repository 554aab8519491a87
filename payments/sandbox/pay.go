package sandbox

import (
	"fmt"
	"time"
)

// ensureIntent stages the session's payment intent, which Stripe makes at the first attempt to pay, not with the session.
func (c *change) ensureIntent(sess *session) *intent {
	if sess.Intent != "" {
		return c.editIntent(sess.Intent)
	}
	in := &intent{ID: newID("pi_3", 23), Created: c.unix(), Session: sess.ID, Amount: sess.Amount, Currency: sess.Currency,
		Status: "requires_payment_method", Capture: sess.Capture, Customer: sess.Customer, Description: sess.Description,
		ReceiptEmail: sess.ReceiptEmail, Metadata: sess.IntentMetadata, Methods: sess.Methods, Livemode: sess.Livemode}
	sess.Intent = in.ID
	c.rec.Intents = append(c.rec.Intents, in)
	c.emit("payment_intent.created", sess.ID, c.renderIntent(in))
	return in
}

// charged stages a new charge for the intent.
func (c *change) charged(in *intent, method, status string) *charge {
	in.Method, in.MethodType, in.Error = newID("pm_1", 23), method, nil
	ch := &charge{ID: newID("ch_3", 23), Created: c.unix(), Intent: in.ID, Amount: in.Amount, Currency: in.Currency, Status: status}
	in.Charge = ch.ID
	c.rec.Charges = append(c.rec.Charges, ch)
	return ch
}

// fee is what the sandbox keeps: 2.9 % rounded half up, and 30 minor units, so that reconciliation meets fees.
func fee(amount int64) int64 { return (amount*29+500)/1000 + 30 }

// holdLife is how long a bank holds money that nobody takes.
const holdLife = 7 * 24 * time.Hour

// settled gives a sum of a charge in the currency of the shop's balance: a customer may have paid in another.
func (c *change) settled(ch *charge, amount int64) (int64, string) {
	sess := c.session(c.intent(ch.Intent).Session)
	if sess.SourceCurrency == "" {
		return amount, ch.Currency
	}
	return amount * sess.SourceAmount / sess.Amount, sess.SourceCurrency
}

// letGo ends a hold, or an intent that was never paid.
func (c *change) letGo(in *intent, reason string) {
	held := in.Status == "requires_capture"
	in.Status, in.CanceledAt, in.CancelReason = "canceled", c.unix(), reason
	if sess := c.editSession(in.Session); sess != nil {
		sess.HoldUntil = 0
	}
	if ch := c.editCharge(in.Charge); held && ch != nil {
		ch.Released = true
		c.emit("charge.refunded", in.Session, c.renderCharge(ch))
	}
	c.emit("payment_intent.canceled", in.Session, c.renderIntent(in))
}

// take books the money of a charge and tells the intent.
func (c *change) take(in *intent, ch *charge, amount int64) {
	ch.Captured, ch.Status = amount, "succeeded"
	booked, currency := c.settled(ch, amount)
	ch.Txn = c.book("charge", ch.ID, booked, fee(booked), currency)
	in.Received, in.Status = amount, "succeeded"
}

// approve pays an open session with a card. With manual capture the money is held, not taken.
func (c *change) approve(sess *session, secure bool) *session {
	sess = c.editSession(sess.ID)
	in := c.ensureIntent(sess)
	ch := c.charged(in, "card", "succeeded")
	ch.Secure = secure
	sess.Status = "complete"
	c.keepCard(sess, in)
	if in.Capture == "manual" {
		in.Status, sess.HoldUntil = "requires_capture", c.now.Add(holdLife).Unix()
		c.emit("charge.succeeded", sess.ID, c.renderCharge(ch))
		c.emit("payment_intent.amount_capturable_updated", sess.ID, c.renderIntent(in))
	} else {
		c.take(in, ch, in.Amount)
		sess.PaymentStatus = "paid"
		c.emit("charge.succeeded", sess.ID, c.renderCharge(ch))
		c.emit("payment_intent.succeeded", sess.ID, c.renderIntent(in))
	}
	c.emit("checkout.session.completed", sess.ID, c.renderSession(sess))
	return sess
}

// declineReason gives the words for a decline code (docs.stripe.com/declines/codes).
func declineReason(code string) *declined {
	switch code {
	case "insufficient_funds":
		return &declined{"card_declined", code, "Your card has insufficient funds."}
	case "expired_card":
		return &declined{"expired_card", code, "Your card has expired."}
	case "authentication_required":
		return &declined{"payment_intent_authentication_failure", code, "We are unable to authenticate your payment method."}
	case "":
		code = "generic_decline"
	}
	return &declined{"card_declined", code, "Your card was declined."}
}

// decline makes an attempt fail; the session stays open for another.
func (c *change) decline(sess *session, code string) *session {
	sess = c.editSession(sess.ID)
	in := c.ensureIntent(sess)
	ch := c.charged(in, "card", "failed")
	ch.Error = declineReason(code)
	in.Status, in.Error = "requires_payment_method", ch.Error
	c.emit("charge.failed", sess.ID, c.renderCharge(ch))
	c.emit("payment_intent.payment_failed", sess.ID, c.renderIntent(in))
	return sess
}

// challenge asks for 3-D Secure.
func (c *change) challenge(sess *session) *session {
	sess = c.editSession(sess.ID)
	in := c.ensureIntent(sess)
	in.Status, in.Error = "requires_action", nil
	c.emit("payment_intent.requires_action", sess.ID, c.renderIntent(in))
	return sess
}

// delay completes the session with a method that pays later (docs.stripe.com/payments/payment-methods, delayed notification).
func (c *change) delay(sess *session, method string) *session {
	sess = c.editSession(sess.ID)
	in := c.ensureIntent(sess)
	ch := c.charged(in, method, "pending")
	in.Status, sess.Status = "processing", "complete"
	if after := c.s.cfg.SettleAfter; after > 0 {
		sess.SettleAt = c.now.Add(after).UnixMilli()
	}
	c.emit("charge.pending", sess.ID, c.renderCharge(ch))
	c.emit("payment_intent.processing", sess.ID, c.renderIntent(in))
	c.emit("checkout.session.completed", sess.ID, c.renderSession(sess))
	return sess
}

// waiting is true for a session whose delayed payment has neither arrived nor failed.
func (c *change) waiting(sess *session) bool {
	return sess.Status == "complete" && sess.Intent != "" && c.intent(sess.Intent).Status == "processing"
}

// settle ends a delayed payment.
func (c *change) settle(sess *session, arrived bool) *session {
	sess = c.editSession(sess.ID)
	sess.SettleAt = 0
	in := c.editIntent(sess.Intent)
	if in == nil || in.Status != "processing" {
		return sess
	}
	ch := c.editCharge(in.Charge)
	if arrived {
		c.take(in, ch, in.Amount)
		sess.PaymentStatus = "paid"
		c.emit("charge.succeeded", sess.ID, c.renderCharge(ch))
		c.emit("payment_intent.succeeded", sess.ID, c.renderIntent(in))
		c.emit("checkout.session.async_payment_succeeded", sess.ID, c.renderSession(sess))
		return sess
	}
	ch.Status, ch.Error = "failed", &declined{Code: "payment_intent_payment_attempt_failed", Message: "The payment failed."}
	in.Status, in.Error = "requires_payment_method", ch.Error
	c.emit("charge.failed", sess.ID, c.renderCharge(ch))
	c.emit("payment_intent.payment_failed", sess.ID, c.renderIntent(in))
	c.emit("checkout.session.async_payment_failed", sess.ID, c.renderSession(sess))
	return sess
}

// expire ends an open session unpaid.
func (c *change) expire(sess *session) *session {
	sess = c.editSession(sess.ID)
	sess.Status = "expired"
	if in := c.editIntent(sess.Intent); in != nil {
		in.Status, in.CanceledAt, in.CancelReason = "canceled", c.unix(), "abandoned"
		c.emit("payment_intent.canceled", sess.ID, c.renderIntent(in))
	}
	c.emit("checkout.session.expired", sess.ID, c.renderSession(sess))
	return sess
}

func (c *call) pathIntent(known ...string) (*intent, error) {
	if err := c.form.allow(known...); err != nil {
		return nil, err
	}
	id := c.r.PathValue("id")
	in := c.intent(id)
	if in == nil {
		return nil, noSuch("payment_intent", id)
	}
	return in, nil
}

func getIntent(c *call) (map[string]any, error) {
	in, err := c.pathIntent("client_secret")
	if err != nil {
		return nil, err
	}
	return c.expanded(c.renderIntent(in))
}

func listIntents(c *call) (map[string]any, error) {
	if err := c.form.allow(listParams("customer")...); err != nil {
		return nil, err
	}
	return listOf(c, "/v1/payment_intents", c.s.state.intents.all(), func(v *intent) int64 { return v.Created },
		func(v *intent) bool { return match(c.form["customer"], v.Customer) }, c.renderIntent)
}

func unexpected(in *intent, verb string) error {
	return refused("payment_intent_unexpected_state", "", fmt.Sprintf("You cannot %s this PaymentIntent because it has a status of %s.", verb, in.Status))
}

func cancelIntent(c *call) (map[string]any, error) {
	in, err := c.pathIntent("cancellation_reason")
	if err != nil {
		return nil, err
	}
	reason, err := c.form.among("cancellation_reason", "", "duplicate", "fraudulent", "requested_by_customer", "abandoned")
	if err != nil {
		return nil, err
	}
	if c.session(in.Session).Status == "open" {
		return nil, refused("payment_intent_unexpected_state", "", "You cannot cancel a PaymentIntent that was created by an open Checkout Session. "+
			"Expire the Checkout Session instead.")
	}
	if in.Status == "succeeded" || in.Status == "canceled" || in.Status == "processing" {
		return nil, unexpected(in, "cancel")
	}
	in = c.editIntent(in.ID)
	c.letGo(in, reason)
	return c.expanded(c.renderIntent(in))
}

func captureIntent(c *call) (map[string]any, error) {
	in, err := c.pathIntent("amount_to_capture", "metadata[*]", "statement_descriptor", "statement_descriptor_suffix")
	if err != nil {
		return nil, err
	}
	if in.Status != "requires_capture" {
		return nil, unexpected(in, "capture")
	}
	amount, given, err := c.form.number("amount_to_capture")
	if err != nil {
		return nil, err
	}
	if !given {
		amount = in.Amount
	}
	if amount < 1 || amount > in.Amount {
		return nil, refused("amount_too_large", "amount_to_capture", fmt.Sprintf("You can capture at most %s of this PaymentIntent.",
			c.s.cfg.Format(in.Amount, in.Currency)))
	}
	in, ch, sess := c.editIntent(in.ID), c.editCharge(in.Charge), c.editSession(in.Session)
	c.take(in, ch, amount)
	sess.PaymentStatus, sess.HoldUntil = "paid", 0
	c.emit("charge.captured", in.Session, c.renderCharge(ch))
	c.emit("payment_intent.succeeded", in.Session, c.renderIntent(in))
	return c.expanded(c.renderIntent(in))
}

func getCharge(c *call) (map[string]any, error) {
	if err := c.form.allow(); err != nil {
		return nil, err
	}
	id := c.r.PathValue("id")
	ch := c.charge(id)
	if ch == nil {
		return nil, noSuch("charge", id)
	}
	return c.expanded(c.renderCharge(ch))
}

func listCharges(c *call) (map[string]any, error) {
	if err := c.form.allow(listParams("payment_intent", "customer")...); err != nil {
		return nil, err
	}
	return listOf(c, "/v1/charges", c.s.state.charges.all(), func(v *charge) int64 { return v.Created }, func(v *charge) bool {
		return match(c.form["payment_intent"], v.Intent) && match(c.form["customer"], c.intent(v.Intent).Customer)
	}, c.renderCharge)
}
