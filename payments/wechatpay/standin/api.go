package standin

import (
	"bytes"
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"time"
)

type object = map[string]any

// problem is an answer other than success.
type problem struct {
	status int
	code   string
	says   string
}

// Error gives the code.
func (p problem) Error() string { return p.code + ": " + p.says }

// Handler is the API, and the page on which a person would pay.
func (s *Server) Handler() http.Handler {
	mux := http.NewServeMux()
	for _, kind := range []string{"jsapi", "h5", "native"} {
		mux.HandleFunc("POST /v3/pay/transactions/"+kind, s.api(func(r *http.Request, body []byte) (any, error) { return s.place(kind, r.Host, body) }))
	}
	mux.HandleFunc("GET /v3/pay/transactions/out-trade-no/{no}", s.api(func(r *http.Request, _ []byte) (any, error) {
		return s.query(r, func(o *order) bool { return o.number == r.PathValue("no") })
	}))
	mux.HandleFunc("GET /v3/pay/transactions/id/{id}", s.api(func(r *http.Request, _ []byte) (any, error) {
		return s.query(r, func(o *order) bool { return o.transaction == r.PathValue("id") })
	}))
	mux.HandleFunc("POST /v3/pay/transactions/out-trade-no/{no}/close", s.api(func(r *http.Request, body []byte) (any, error) { return nil, s.close(r.PathValue("no"), body) }))
	mux.HandleFunc("POST /v3/refund/domestic/refunds", s.api(func(_ *http.Request, body []byte) (any, error) { return s.refund(body) }))
	mux.HandleFunc("GET /v3/refund/domestic/refunds/{no}", s.api(func(r *http.Request, _ []byte) (any, error) { return s.queryRefund(r.PathValue("no")) }))
	mux.HandleFunc("GET /v3/certificates", s.api(func(*http.Request, []byte) (any, error) { return s.certificates() }))
	mux.HandleFunc("GET /v3/bill/tradebill", s.api(func(r *http.Request, _ []byte) (any, error) { return s.bill(r) }))
	mux.HandleFunc("GET /v3/billdownload/file", s.download)
	s.pages(mux)
	return mux
}

// api checks a request's signature, answers, and signs the answer.
func (s *Server) api(do func(*http.Request, []byte) (any, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(io.LimitReader(r.Body, 1<<20))
		if err != nil {
			return
		}
		s.mu.Lock()
		s.calls = append(s.calls, Call{r.Method, r.URL.RequestURI(), r.Header.Clone(), body})
		s.mu.Unlock()
		f := s.fault()
		if f.Status != 0 {
			s.answer(w, f, nil, problem{f.Status, f.Code, "as ordered"})
			return
		}
		if err := s.check(r, body); err != nil {
			s.answer(w, f, nil, err)
			return
		}
		got, err := do(r, body)
		s.answer(w, f, got, err)
	}
}

func (s *Server) answer(w http.ResponseWriter, f Fault, got any, err error) {
	status, body := http.StatusOK, []byte(nil)
	var p problem
	switch {
	case errors.As(err, &p):
		status = p.status
		body, _ = json.Marshal(object{"code": p.code, "message": p.says}) // texts always can
	case got == nil:
		status = http.StatusNoContent
	default:
		body, _ = json.Marshal(got) // made here of texts and numbers
	}
	if f.Lost {
		if h, ok := w.(http.Hijacker); ok {
			if c, _, err := h.Hijack(); err == nil {
				_ = c.Close() // that is the fault
				return
			}
		}
	}
	if !f.Unsigned {
		for k, v := range s.sign(body) {
			w.Header()[k] = v
		}
	}
	if f.Forged {
		body = bytes.Replace(body, []byte(`"`), []byte(` "`), 1)
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write(body) // who asked may have left
}

var authorization = regexp.MustCompile(`^WECHATPAY2-SHA256-RSA2048 mchid="(\d+)",nonce_str="([0-9A-Za-z]{1,32})",timestamp="(\d+)",serial_no="([0-9A-F]+)",signature="([^"]+)"$`)

// check holds a request to the rules for requests.
func (s *Server) check(r *http.Request, body []byte) error {
	bad := func(says string) error { return problem{http.StatusUnauthorized, "SIGN_ERROR", says} }
	m := authorization.FindStringSubmatch(r.Header.Get("Authorization"))
	if m == nil {
		return bad("the Authorization header has not its form")
	}
	if m[1] != s.MchID || m[4] != s.Serial {
		return bad("another merchant or certificate")
	}
	at, _ := strconv.ParseInt(m[3], 10, 64) // digits; nought is too old
	if d := s.Now().Sub(time.Unix(at, 0)); d > 5*time.Minute || d < -5*time.Minute {
		return bad("the timestamp is off")
	}
	s.mu.Lock()
	again := s.nonces[m[2]]
	s.nonces[m[2]] = true
	s.mu.Unlock()
	if again {
		return bad("the nonce was used before")
	}
	sig, err := base64.StdEncoding.DecodeString(m[5])
	sum := sha256.Sum256([]byte(strings.Join([]string{r.Method, r.URL.RequestURI(), m[3], m[2], string(body), ""}, "\n")))
	if err != nil || rsa.VerifyPKCS1v15(&s.Merchant.PublicKey, crypto.SHA256, sum[:], sig) != nil {
		return bad("the signature does not fit")
	}
	if r.Header.Get("Accept") != "application/json" || r.Header.Get("User-Agent") == "" {
		return problem{http.StatusBadRequest, "INVALID_REQUEST", "Accept and User-Agent are needed"}
	}
	if r.Method == http.MethodPost && r.Header.Get("Content-Type") != "application/json" {
		return problem{http.StatusUnsupportedMediaType, "INVALID_REQUEST", "Content-Type must be application/json"}
	}
	return nil
}
