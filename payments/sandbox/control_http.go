package sandbox

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
)

// order is the body of a control request; each act reads what it needs.
type order struct {
	Lie
	Code    string `json:"code"`    // decline
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
		"sessions/{id}/delay":   func(id string, o order) (string, error) { return id, s.Delay(id) },
		"sessions/{id}/settle":  func(id string, o order) (string, error) { return id, s.Settle(id, o.Arrived == nil || *o.Arrived) },
		"sessions/{id}/expire":  func(id string, o order) (string, error) { return id, s.Expire(id) },
		"sessions/{id}/refund":  func(id string, o order) (string, error) { return s.Refund(id, o.Amount) },
		"sessions/{id}/dispute": func(id string, o order) (string, error) { return s.Dispute(id, o.Reason) },
		"sessions/{id}/alter":   func(id string, o order) (string, error) { return id, s.Alter(id, o.Lie) },
		"sessions/{id}/send":    func(id string, o order) (string, error) { return s.Send(id, o.Type, o.Lie) },
		"refunds/{id}/fail":     func(id string, o order) (string, error) { return id, s.FailRefund(id) },
		"disputes/{id}/decide":  func(id string, o order) (string, error) { return id, s.DecideDispute(id, o.Won) },
		"payouts/{id}/make":     func(id string, _ order) (string, error) { return s.Payout(id) }, // the id is the currency
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
