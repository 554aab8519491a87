package main

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
)

// disputed has the bank of whoever paid at this hosted page ask for the money back.
func disputed(t testing.TB, c *http.Client, hosted, session string) {
	t.Helper()
	u, err := url.Parse(hosted)
	if err != nil {
		t.Fatal(err)
	}
	a, err := send(c, http.MethodPost, u.Scheme+"://"+u.Host+"/_control/sessions/"+session+"/dispute", map[string]string{"reason": "fraudulent"}, nil)
	if err != nil || a.status != http.StatusOK {
		t.Fatal(err, a.status, string(a.body))
	}
}

// A shop that holds money first takes it with the goods; when the bank of a customer asks for it back, the customer's own yes answers.
func TestHeldMoneyAndEvidence(t *testing.T) {
	t.Parallel()
	engines(t, func(t *testing.T, engine string) {
		demo := startDemoOn(t, engine)
		s := demo.shop()
		var set struct {
			Capture string `json:"capture"`
		}
		if s.do(t, http.MethodPatch, "/v1/settings", map[string]string{"capture": "manual"}, &set); set.Capture != "manual" {
			t.Error(set)
		}
		v := s.visitor("en")
		link := v.buys(t, "two croissants please", "yes")
		o := s.orderOf(t, link)
		hosted, err := checkout(s.client, link)
		if err != nil {
			t.Fatal(err)
		}
		session, err := press(s.client, hosted, "approve")
		if err != nil {
			t.Fatal(err)
		}
		waits(t, "the money is held", func() bool { return s.order(t, o.ID).Payments[0].Status == "authorized" })
		if a := s.ask(t, http.MethodPost, "/v1/orders/"+o.ID+"/fulfil", map[string]any{"amount": cash{441, "EUR"}}); a.problem() != "capture_too_large" {
			t.Error(a.status, string(a.body))
		}
		s.do(t, http.MethodPost, "/v1/orders/"+o.ID+"/fulfil", map[string]any{"amount": cash{220, "EUR"}}, nil)
		waits(t, "the money is taken", func() bool { return s.order(t, o.ID).Payments[0].Status == "paid" })
		pay := "/v1/payments/" + s.order(t, o.ID).Payments[0].ID
		if a := s.ask(t, http.MethodGet, pay+"/evidence", nil); a.problem() != "no_open_dispute" {
			t.Error(a.status, string(a.body))
		}
		disputed(t, s.client, hosted, session)
		waits(t, "the dispute is known", func() bool { return s.order(t, o.ID).Payments[0].Status == "needs_review" })
		var got struct {
			Dispute struct {
				Status string `json:"status"`
			} `json:"dispute"`
			Evidence map[string]string `json:"evidence"`
		}
		s.do(t, http.MethodGet, pay+"/evidence", nil, &got)
		text := got.Evidence["uncategorized_text"]
		for _, w := range []string{"customer [msg_", "]: yes", "digest ", o.Number, "2.20 EUR"} {
			if !strings.Contains(text+got.Evidence["product_description"]+got.Evidence["access_activity_log"], w) {
				t.Errorf("%q is not in the evidence: %v", w, got.Evidence)
			}
		}
		if strings.Contains(text, "croissants please") {
			t.Error("more of the chat than the confirming exchange goes to the bank")
		}
		s.do(t, http.MethodPost, pay+"/evidence", map[string]string{"more": "Fetched at our counter."}, &got)
		if got.Dispute.Status != "under_review" || !strings.Contains(got.Evidence["uncategorized_text"], "Fetched at our counter.") {
			t.Error(got)
		}
		if a := s.ask(t, http.MethodPost, pay+"/evidence", nil); a.problem() != "no_open_dispute" {
			t.Error(a.status, string(a.body))
		}
		var check struct {
			OK bool `json:"ok"`
		}
		if s.do(t, http.MethodGet, "/v1/settings/stripe/check", nil, &check); !check.OK {
			t.Error(check)
		}
		audit(t, demo.settings())
	})
}
