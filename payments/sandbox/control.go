package sandbox

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
)

// act finds a session and changes it. It fails with a sentence when there is no such session or its state does not allow the act.
func (s *Sandbox) act(id, verb string, allowed func(c *change, sess *session) bool, fn func(c *change, sess *session)) error {
	return s.do(func(c *change) error {
		sess := c.session(id)
		if sess == nil {
			return noSuch("checkout.session", id)
		}
		if !allowed(c, sess) {
			return refused("", "", fmt.Sprintf("sandbox: cannot %s session %s: it is %s and %s", verb, id, sess.Status, sess.PaymentStatus))
		}
		fn(c, sess)
		return nil
	})
}

func isOpen(_ *change, sess *session) bool { return sess.Status == "open" }

// Approve pays an open session, as the page's button does.
func (s *Sandbox) Approve(id string) error {
	return s.act(id, "approve", isOpen, func(c *change, sess *session) { c.approve(sess, false) })
}

// Decline makes an attempt to pay fail with a decline code (docs.stripe.com/declines/codes; empty: generic_decline). The session stays open.
func (s *Sandbox) Decline(id, code string) error {
	return s.act(id, "decline", isOpen, func(c *change, sess *session) { c.decline(sess, code) })
}

// Delay completes an open session with a method that pays later; Settle ends it.
func (s *Sandbox) Delay(id string) error { return s.DelayBy(id, "customer_balance") }

// DelayBy is Delay with one of Stripe's methods, as sepa_debit, boleto or pix.
func (s *Sandbox) DelayBy(id, method string) error {
	return s.act(id, "delay", isOpen, func(c *change, sess *session) { c.delay(sess, method) })
}

// Settle lets a delayed payment arrive, or fail.
func (s *Sandbox) Settle(id string, arrived bool) error {
	return s.act(id, "settle", func(c *change, sess *session) bool { return c.waiting(sess) },
		func(c *change, sess *session) { c.settle(sess, arrived) })
}

// Expire ends an open session before its time.
func (s *Sandbox) Expire(id string) error {
	return s.act(id, "expire", isOpen, func(c *change, sess *session) { c.expire(sess) })
}

// taken finds the charge that a session took, with something left on it.
func (c *change) taken(sess *session) *charge {
	if sess.Intent == "" {
		return nil
	}
	ch := c.charge(c.intent(sess.Intent).Charge)
	if ch == nil || ch.Status != "succeeded" || ch.Disputed || ch.Captured == ch.Refunded {
		return nil
	}
	return ch
}

func hasTaken(c *change, sess *session) bool { return c.taken(sess) != nil }

// Refund gives money back as somebody at Stripe's dashboard would, behind the shop's back; amount 0 means all that is left.
// It returns the refund's id.
func (s *Sandbox) Refund(id string, amount int64) (refund string, err error) {
	err = s.act(id, "refund", func(c *change, sess *session) bool {
		ch := c.taken(sess)
		return ch != nil && amount >= 0 && amount <= ch.Captured-ch.Refunded
	}, func(c *change, sess *session) {
		ch := c.taken(sess)
		if amount == 0 {
			amount = ch.Captured - ch.Refunded
		}
		refund = c.giveBack(ch, amount, "", nil).ID
	})
	return refund, err
}

// FailRefund makes a refund that had succeeded fail after all.
func (s *Sandbox) FailRefund(id string) error {
	return s.do(func(c *change) error {
		re := c.refund(id)
		if re == nil {
			return noSuch("refund", id)
		}
		if re.Status != "succeeded" {
			return refused("", "", "sandbox: refund "+id+" is "+re.Status)
		}
		c.bounceRefund(re)
		return nil
	})
}

// Dispute charges back what is left of a paid session, for a reason of Stripe's (empty: fraudulent), and returns the dispute's id.
func (s *Sandbox) Dispute(id, reason string) (dispute string, err error) {
	err = s.act(id, "dispute", hasTaken, func(c *change, sess *session) { dispute = c.contest(c.taken(sess), reason).ID })
	return dispute, err
}

// DecideDispute closes an open dispute, won or lost by the shop.
func (s *Sandbox) DecideDispute(id string, won bool) error {
	return s.do(func(c *change) error {
		dp := c.dispute(id)
		if dp == nil {
			return noSuch("dispute", id)
		}
		if dp.Status != "needs_response" && dp.Status != "under_review" {
			return refused("", "", "sandbox: dispute "+id+" is "+dp.Status)
		}
		c.decide(dp, won)
		return nil
	})
}

// Lie is what an event or a session claims instead of the truth. Zero values leave the truth standing.
type Lie struct {
	Amount        int64  `json:"amount,omitempty"`
	Currency      string `json:"currency,omitempty"`
	Livemode      bool   `json:"livemode,omitempty"`
	PaymentStatus string `json:"payment_status,omitempty"`
}

func (l Lie) tell(o object) {
	if l.Amount != 0 {
		for _, name := range []string{"amount_total", "amount", "amount_received", "amount_captured"} {
			if _, stands := o[name]; stands {
				o[name] = l.Amount
			}
		}
	}
	if l.Currency != "" {
		o["currency"] = strings.ToLower(l.Currency)
	}
	if l.Livemode {
		o["livemode"] = true
	}
	if _, stands := o["payment_status"]; stands && l.PaymentStatus != "" {
		o["payment_status"] = l.PaymentStatus
	}
}

// Alter makes an open session itself ask for another amount or currency, or claim to be live, so that events and API agree on
// what the shop never asked for.
func (s *Sandbox) Alter(id string, lie Lie) error {
	return s.act(id, "alter", isOpen, func(c *change, sess *session) {
		sess = c.editSession(sess.ID)
		in := c.editIntent(sess.Intent)
		if lie.Amount != 0 {
			sess.Amount = lie.Amount
		}
		if lie.Currency != "" {
			sess.Currency = strings.ToLower(lie.Currency)
		}
		sess.Livemode = sess.Livemode || lie.Livemode
		if in != nil {
			in.Amount, in.Currency, in.Livemode = sess.Amount, sess.Currency, sess.Livemode
		}
	})
}

// Convert has the customer of an open session choose to pay in another currency, as adaptive pricing lets them: amount, in Stripe's units.
func (s *Sandbox) Convert(id string, amount int64, currency string) error {
	return s.act(id, "convert", func(_ *change, sess *session) bool {
		return sess.Status == "open" && sess.Intent == "" && sess.SourceCurrency == "" && amount > 0
	}, func(c *change, sess *session) {
		sess = c.editSession(sess.ID)
		sess.SourceAmount, sess.SourceCurrency = sess.Amount, sess.Currency
		sess.Amount, sess.Subtotal, sess.Currency = amount, amount, strings.ToLower(currency)
	})
}

// LetGo ends a hold as a bank does that waited for too long.
func (s *Sandbox) LetGo(id string) error {
	return s.act(id, "let go", func(_ *change, sess *session) bool { return sess.HoldUntil != 0 },
		func(c *change, sess *session) { c.letGo(c.editIntent(sess.Intent), "automatic") })
}

// Send makes an event of that kind about a session, its payment intent or its charge, with the lie in it, and returns the event's id.
// Nothing else changes: the API goes on telling the truth.
func (s *Sandbox) Send(id, kind string, lie Lie) (event string, err error) {
	err = s.do(func(c *change) error {
		sess := c.session(id)
		if sess == nil {
			return noSuch("checkout.session", id)
		}
		var about object
		in := c.intent(sess.Intent)
		switch {
		case strings.HasPrefix(kind, "checkout.session."):
			about = c.renderSession(sess)
		case strings.HasPrefix(kind, "payment_intent.") && in != nil:
			about = c.renderIntent(in)
		case strings.HasPrefix(kind, "charge.") && in != nil && in.Charge != "":
			about = c.renderCharge(c.charge(in.Charge))
		default:
			return refused("", "", fmt.Sprintf("sandbox: session %s has nothing that a %s could be about", id, kind))
		}
		lie.tell(about)
		event = c.emit(kind, sess.ID, about).ID
		return nil
	})
	return event, err
}

// Resend delivers an event once more to every endpoint, under its old id.
func (s *Sandbox) Resend(id string) error {
	return s.do(func(c *change) error {
		e := s.state.events.byID[id]
		if e == nil {
			return noSuch("event", id)
		}
		c.deliver(e)
		return nil
	})
}

// order is the body of a control request; each act reads what it needs.
type order struct {
	Lie
	Code    string `json:"code"`    // decline; of delay the method
	Arrived *bool  `json:"arrived"` // settle; true when absent
	Reason  string `json:"reason"`  // dispute
	Type    string `json:"type"`    // send
	Won     bool   `json:"won"`     // decide
}

// controlRoutes lets tests in other processes do what the methods of the same name do.
func (s *Sandbox) controlRoutes(mux *http.ServeMux) {
	for act, do := range map[string]func(id string, o order) (string, error){
		"sessions/{id}/approve": func(id string, o order) (string, error) { return id, s.Approve(id) },
		"sessions/{id}/decline": func(id string, o order) (string, error) { return id, s.Decline(id, o.Code) },
		"sessions/{id}/delay":   func(id string, o order) (string, error) { return id, s.DelayBy(id, cmp.Or(o.Code, "customer_balance")) },
		"sessions/{id}/settle":  func(id string, o order) (string, error) { return id, s.Settle(id, o.Arrived == nil || *o.Arrived) },
		"sessions/{id}/expire":  func(id string, o order) (string, error) { return id, s.Expire(id) },
		"sessions/{id}/refund":  func(id string, o order) (string, error) { return s.Refund(id, o.Amount) },
		"sessions/{id}/dispute": func(id string, o order) (string, error) { return s.Dispute(id, o.Reason) },
		"sessions/{id}/convert": func(id string, o order) (string, error) { return id, s.Convert(id, o.Amount, o.Currency) },
		"sessions/{id}/let_go":  func(id string, _ order) (string, error) { return id, s.LetGo(id) },
		"sessions/{id}/alter":   func(id string, o order) (string, error) { return id, s.Alter(id, o.Lie) },
		"sessions/{id}/send":    func(id string, o order) (string, error) { return s.Send(id, o.Type, o.Lie) },
		"refunds/{id}/fail":     func(id string, o order) (string, error) { return id, s.FailRefund(id) },
		"disputes/{id}/decide":  func(id string, o order) (string, error) { return id, s.DecideDispute(id, o.Won) },
		"payouts/{id}/make":     func(id string, _ order) (string, error) { return s.Payout(id) }, // the id is the currency
		"payouts/{id}/fail":     func(id string, _ order) (string, error) { return id, s.FailPayout(id) },
		"events/{id}/resend":    func(id string, o order) (string, error) { return id, s.Resend(id) },
	} {
		mux.HandleFunc("POST /_control/"+act, func(w http.ResponseWriter, r *http.Request) {
			var o order
			if !readJSON(w, r, &o) {
				return
			}
			id, err := do(r.PathValue("id"), o)
			if err != nil {
				writeError(w, err)
				return
			}
			writeJSON(w, http.StatusOK, encode(object{"id": id}))
		})
	}
	mux.HandleFunc("GET /_control/faults", func(w http.ResponseWriter, r *http.Request) {
		writeJSON(w, http.StatusOK, encode(s.Faults()))
	})
	mux.HandleFunc("POST /_control/faults", func(w http.ResponseWriter, r *http.Request) {
		var f Faults
		if !readJSON(w, r, &f) {
			return
		}
		s.SetFaults(f)
		writeJSON(w, http.StatusOK, encode(f))
	})
	mux.HandleFunc("DELETE /_control/faults", func(w http.ResponseWriter, r *http.Request) {
		s.SetFaults(Faults{})
		writeJSON(w, http.StatusOK, encode(Faults{}))
	})
	mux.HandleFunc("GET /_control/webhooks", func(w http.ResponseWriter, r *http.Request) {
		writeJSON(w, http.StatusOK, encode(object{"data": s.Undelivered()}))
	})
	mux.HandleFunc("POST /_control/webhooks/flush", func(w http.ResponseWriter, r *http.Request) {
		s.Flush()
		writeJSON(w, http.StatusOK, encode(object{"data": s.Undelivered()}))
	})
}

// readJSON reads a small body into v; an empty one leaves it as it is. It answers a bad one itself and is then false.
func readJSON(w http.ResponseWriter, r *http.Request, v any) bool {
	from := json.NewDecoder(http.MaxBytesReader(w, r.Body, 1<<16))
	from.DisallowUnknownFields()
	if err := from.Decode(v); err != nil && !errors.Is(err, io.EOF) {
		writeError(w, badRequest("", "", "The body is not the JSON that this control takes: "+err.Error()))
		return false
	}
	return true
}
