package sandbox

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
)

// apiError is a refusal in Stripe's form (docs.stripe.com/api/errors).
type apiError struct {
	Status      int    `json:"-"`
	Type        string `json:"type"`
	Code        string `json:"code,omitempty"`
	DeclineCode string `json:"decline_code,omitempty"`
	Param       string `json:"param,omitempty"`
	Message     string `json:"message"`
	DocURL      string `json:"doc_url,omitempty"`
	// begun: the request was well formed, so its idempotency key keeps this answer.
	begun bool
}

func (e *apiError) Error() string { return e.Message }

func badRequest(code, param, message string) *apiError {
	return &apiError{Status: http.StatusBadRequest, Type: "invalid_request_error", Code: code, Param: param, Message: message}
}

// refused is a well-formed request that the state of things does not allow.
func refused(code, param, message string) *apiError {
	e := badRequest(code, param, message)
	e.begun = true
	return e
}

func noSuch(what, id string) *apiError {
	e := badRequest("resource_missing", what, fmt.Sprintf("No such %s: '%s'", what, id))
	e.Status = http.StatusNotFound
	return e
}

// call is one API request at work.
type call struct {
	*change
	r    *http.Request
	form form
}

// handler answers a call with an object in Stripe's shape, or an *apiError.
type handler func(c *call) (map[string]any, error)

// Handler serves Stripe's API under /v1, the hosted pages under /c/pay and the controls under /_control.
// Requests that a browser sends from another site's page are refused, except for reading.
func (s *Sandbox) Handler() http.Handler {
	mux := http.NewServeMux()
	s.apiRoutes(mux)
	s.pageRoutes(mux)
	s.controlRoutes(mux)
	return http.NewCrossOriginProtection().Handler(mux)
}

func (s *Sandbox) apiRoutes(mux *http.ServeMux) {
	for route, h := range map[string]handler{
		"POST /v1/checkout/sessions":                createSession,
		"GET /v1/checkout/sessions":                 listSessions,
		"GET /v1/checkout/sessions/{id}":            getSession,
		"GET /v1/checkout/sessions/{id}/line_items": listLines,
		"POST /v1/checkout/sessions/{id}/expire":    expireSession,
		"GET /v1/payment_intents":                   listIntents,
		"GET /v1/payment_intents/{id}":              getIntent,
		"POST /v1/payment_intents/{id}/cancel":      cancelIntent,
		"POST /v1/payment_intents/{id}/capture":     captureIntent,
		"GET /v1/charges":                           listCharges,
		"GET /v1/charges/{id}":                      getCharge,
		"POST /v1/refunds":                          createRefund,
		"GET /v1/refunds":                           listRefunds,
		"GET /v1/refunds/{id}":                      getRefund,
		"GET /v1/disputes":                          listDisputes,
		"GET /v1/disputes/{id}":                     getDispute,
		"POST /v1/disputes/{id}":                    contestDispute,
		"POST /v1/disputes/{id}/close":              closeDispute,
		"GET /v1/balance_transactions":              listTxns,
		"GET /v1/balance_transactions/{id}":         getTxn,
		"GET /v1/customers/{id}":                    getCustomer,
		"DELETE /v1/customers/{id}":                 deleteCustomer,
		"GET /v1/payouts":                           listPayouts,
		"GET /v1/payouts/{id}":                      getPayout,
		"GET /v1/events":                            listEvents,
		"GET /v1/events/{id}":                       getEvent,
		"GET /v1/account":                           getAccount,
		"GET /v1/balance":                           getBalance,
	} {
		mux.HandleFunc(route, func(w http.ResponseWriter, r *http.Request) { s.serve(w, r, h) })
	}
	mux.HandleFunc("/v1/", func(w http.ResponseWriter, r *http.Request) {
		s.serve(w, r, func(c *call) (map[string]any, error) {
			e := badRequest("", "", fmt.Sprintf("Unrecognized request URL (%s: %s). If you are trying to list objects, remove the trailing slash. "+
				"The sandbox knows only what a shop needs.", r.Method, r.URL.Path))
			e.Status = http.StatusNotFound
			return nil, e
		})
	})
}

// serve takes a request through key, faults, parameters and idempotency to its handler.
func (s *Sandbox) serve(w http.ResponseWriter, r *http.Request, h handler) {
	request := newID("req_", 14)
	w.Header().Set("Request-Id", request)
	w.Header().Set("Stripe-Version", APIVersion)
	account, err := s.authorize(r)
	if err != nil {
		writeError(w, err)
		return
	}
	key := r.Header.Get("Idempotency-Key")
	if r.Method != http.MethodPost {
		key = ""
	}
	f, err := readForm(w, r)
	if err != nil {
		writeError(w, err)
		return
	}
	if len(key) > 255 {
		writeError(w, badRequest("", "", "Idempotency keys can have up to 255 characters."))
		return
	}
	if key != "" {
		w.Header().Set("Idempotency-Key", key)
		if !s.claim(key) {
			e := badRequest("idempotency_key_in_use", "", "There is currently another in-progress request using this Idempotent Key: "+key+
				". Try again when it has finished.")
			e.Status = http.StatusConflict
			writeError(w, e)
			return
		}
		defer s.release(key)
	}
	fate := s.strike(r)
	if !fate.wait(r) {
		return
	}
	if fate.status != 0 && !fate.saved {
		writeError(w, troubled(fate.status))
		return
	}
	if fate.saved {
		h = func(*call) (map[string]any, error) { e := troubled(fate.status); e.begun = true; return nil, e }
	}
	out, err := s.execute(r, request, key, account, f, h)
	if err != nil {
		s.cfg.Log.Error("sandbox: request failed", "path", r.URL.Path, "error", err)
		writeError(w, troubled(http.StatusInternalServerError))
		return
	}
	if fate.lose {
		panic(http.ErrAbortHandler) // net/http's own way to cut the connection: the work is done, the answer lost
	}
	if out.replayed {
		w.Header().Set("Idempotent-Replayed", "true")
		w.Header().Set("Original-Request", out.request)
	}
	writeJSON(w, out.status, out.body)
}

type outcome struct {
	status   int
	body     []byte
	replayed bool
	request  string
}

// execute runs h and keeps its answer under the idempotency key, in one change.
func (s *Sandbox) execute(r *http.Request, request, key, account string, f form, h handler) (outcome, error) {
	var out outcome
	base := s.base()
	err := s.do(func(c *change) error {
		c.request, c.idemKey, c.account = request, key, &account
		asked := f.print(r.Method, r.URL.Path)
		if old := s.state.answers.byID[key]; key != "" && old != nil && c.now.Sub(time.Unix(old.Created, 0)) < answerLife {
			if old.Print != asked {
				out.status, out.body = errorBody(&apiError{Status: http.StatusBadRequest, Type: "idempotency_error",
					Message: "Keys for idempotent requests can only be used with the same parameters they were first used with. " +
						"Try using a key other than '" + key + "' if you meant to execute a different request."})
				return errNothing
			}
			// The sandbox may have moved to another port since: an address from then would lead nowhere.
			body := strings.ReplaceAll(string(old.Body), old.Base+"/c/pay/", base+"/c/pay/")
			out = outcome{status: old.Status, body: []byte(body), replayed: true, request: old.Request}
			return errNothing
		}
		object, err := h(&call{change: c, r: r, form: f})
		keep := true
		if err != nil {
			var refusal *apiError
			if !errors.As(err, &refusal) {
				return err
			}
			c.reset()
			out.status, out.body = errorBody(refusal)
			keep = refusal.begun
		} else {
			out.status, out.body = http.StatusOK, encode(object)
		}
		if key != "" && keep {
			c.rec.Answers = append(c.rec.Answers, &answer{Key: key, Print: asked, Created: c.unix(), Status: out.status,
				Request: request, Base: base, Body: out.body})
		}
		return nil
	})
	return out, err
}

func (s *Sandbox) claim(key string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.inFlight[key] {
		return false
	}
	s.inFlight[key] = true
	return true
}

func (s *Sandbox) release(key string) {
	s.mu.Lock()
	delete(s.inFlight, key)
	s.mu.Unlock()
}

func readForm(w http.ResponseWriter, r *http.Request) (form, error) {
	if r.Method == http.MethodGet {
		return parseForm(r.URL.RawQuery)
	}
	raw, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil {
		e := badRequest("", "", "The request's body could not be read, or is larger than 1 MB.")
		e.Status = http.StatusRequestEntityTooLarge
		return nil, e
	}
	return parseForm(string(raw))
}

func troubled(status int) *apiError {
	e := &apiError{Status: status, Type: "api_error", Message: "An error occurred with our connection to the sandbox's pretended banks."}
	if status == http.StatusTooManyRequests {
		e.Type, e.Code, e.Message = "invalid_request_error", "rate_limit", "Too many requests hit the API too quickly."
	}
	return e
}

func encode(v any) []byte {
	raw, err := json.Marshal(v)
	if err != nil {
		panic("sandbox: a rendered object is always JSON: " + err.Error())
	}
	return raw
}

func errorBody(e *apiError) (int, []byte) {
	if e.Code != "" {
		e.DocURL = "https://stripe.com/docs/error-codes/" + strings.ReplaceAll(e.Code, "_", "-")
	}
	return e.Status, encode(map[string]any{"error": e})
}

func writeError(w http.ResponseWriter, err error) {
	var e *apiError
	if !errors.As(err, &e) {
		e = troubled(http.StatusInternalServerError)
	}
	status, body := errorBody(e)
	writeJSON(w, status, body)
}

func writeJSON(w http.ResponseWriter, status int, body []byte) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-cache, no-store")
	w.WriteHeader(status)
	_, _ = w.Write(body) // the caller may have gone; nothing can be done about it
}
