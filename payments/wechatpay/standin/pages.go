package standin

import (
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"html/template"
	"net/http"
	"net/url"
	"strings"
)

var payPage = template.Must(template.New("pay").Parse(`<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>WeChat Pay stand-in</title><h1>WeChat Pay stand-in</h1><p>No real money.</p>
{{range .Orders}}<form method="post" action="/pay"><p>{{.Description}}: {{.Total}} fen, {{.State}}</p><input type="hidden" name="order" value="{{.Number}}">
<input type="hidden" name="back" value="{{$.Back}}">{{if eq .State "NOTPAY"}}<button>Pay</button>{{end}}</form>{{else}}<p>Nothing to pay.</p>{{end}}</html>`))

// pages are what a person sees: the list of what can be paid, and the silent question who they are.
func (s *Server) pages(mux *http.ServeMux) {
	mux.HandleFunc("GET /pay", func(w http.ResponseWriter, r *http.Request) {
		var list []Order
		for _, o := range s.Orders() {
			if by := r.URL.Query().Get("prepay_id"); by == "" || s.is(o.Number, by) {
				list = append(list, o)
			}
		}
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_ = payPage.Execute(w, struct {
			Orders []Order
			Back   string
		}{list, r.URL.Query().Get("redirect_url")}) // who asked may have left
	})
	mux.HandleFunc("POST /pay", func(w http.ResponseWriter, r *http.Request) {
		if err := s.Pay(r.FormValue("order")); err != nil {
			http.Error(w, err.Error(), http.StatusConflict)
			return
		}
		back := r.FormValue("back")
		if back == "" {
			back = "/pay"
		}
		http.Redirect(w, r, back, http.StatusSeeOther) //nolint:gosec // on the loopback address, as WeChat does
	})
	mux.HandleFunc("GET /connect/oauth2/authorize", func(w http.ResponseWriter, r *http.Request) {
		q := r.URL.Query()
		to, err := url.Parse(q.Get("redirect_uri"))
		if err != nil || q.Get("appid") != s.AppID || q.Get("response_type") != "code" || q.Get("scope") != "snsapi_base" {
			http.Error(w, "redirect_uri, appid, response_type or scope", http.StatusBadRequest)
			return
		}
		code := hexText(16)
		s.mu.Lock()
		s.codes[code] = "oStandInPayer"
		s.mu.Unlock()
		back := to.Query()
		back.Set("code", code)
		back.Set("state", q.Get("state"))
		to.RawQuery = back.Encode()
		http.Redirect(w, r, to.String(), http.StatusFound) //nolint:gosec // on the loopback address, as WeChat does
	})
	mux.HandleFunc("GET /sns/oauth2/access_token", func(w http.ResponseWriter, r *http.Request) {
		q := r.URL.Query()
		s.mu.Lock()
		openid := s.codes[q.Get("code")]
		delete(s.codes, q.Get("code"))
		s.mu.Unlock()
		w.Header().Set("Content-Type", "text/plain")
		if openid == "" || q.Get("appid") != s.AppID || q.Get("secret") != s.AppSecret || q.Get("grant_type") != "authorization_code" {
			_, _ = w.Write([]byte(`{"errcode":40029,"errmsg":"invalid code"}`)) // WeChat refuses with 200
			return
		}
		_, _ = w.Write([]byte(`{"access_token":"stand-in","expires_in":7200,"refresh_token":"stand-in","openid":"` + openid + `","scope":"snsapi_base"}`))
	})
}

func (s *Server) is(number, prepay string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	o := s.orders[number]
	return o != nil && o.prepay == prepay
}

// Signs checks what a page hands to the bridge of WeChat's browser, as WeChat does: all fields, the prepared order, and the merchant's signature.
func (s *Server) Signs(bridge string) error {
	var b struct{ AppID, TimeStamp, NonceStr, Package, SignType, PaySign string }
	if err := json.Unmarshal([]byte(bridge), &b); err != nil {
		return err
	}
	prepay, ok := strings.CutPrefix(b.Package, "prepay_id=")
	s.mu.Lock()
	o := s.find(prepay)
	s.mu.Unlock()
	if !ok || o == nil || b.AppID != s.AppID || b.TimeStamp == "" || b.NonceStr == "" || b.SignType != "RSA" {
		return errors.New("the request names no prepared order, or lacks a field")
	}
	sig, err := base64.StdEncoding.DecodeString(b.PaySign)
	sum := sha256.Sum256([]byte(strings.Join([]string{b.AppID, b.TimeStamp, b.NonceStr, b.Package, ""}, "\n")))
	if err != nil {
		return err
	}
	return rsa.VerifyPKCS1v15(&s.Merchant.PublicKey, crypto.SHA256, sum[:], sig)
}
