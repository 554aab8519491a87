package sandbox

import (
	"crypto/subtle"
	"fmt"
	"net/http"
	"slices"
	"strings"
)

// Key is an API key that the sandbox accepts.
type Key struct {
	Text string
	// Account is whose money it moves; empty is the account without a name, whose keys may also name another by the header Stripe-Account.
	Account string
	// Permissions restrict it, as "checkout_session_write" or "event_read"; to write is to read too. None: everything.
	Permissions []string
}

// SetKeys replaces the keys that are accepted beside Config.SecretKey, as rolling a key at Stripe's dashboard does.
func (s *Sandbox) SetKeys(keys ...Key) {
	s.mu.Lock()
	s.keys = append([]Key(nil), keys...)
	s.mu.Unlock()
}

// authorize accepts test keys as bearer or as the user of basic auth, and tells whose account the request is about.
func (s *Sandbox) authorize(r *http.Request) (account string, err error) {
	text, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	if !ok {
		text, _, ok = r.BasicAuth()
	}
	deny := func(message string) error {
		return &apiError{Status: http.StatusUnauthorized, Type: "invalid_request_error", Message: message}
	}
	if !ok || text == "" {
		return "", deny("You did not provide an API key. You need to provide your API key in the Authorization header, using Bearer auth.")
	}
	if strings.Contains(text, "_live_") {
		return "", deny("This is a sandbox: never send a live key to it.")
	}
	key, known := s.key(text)
	if !known {
		return "", deny("Invalid API Key provided: ****" + text[max(0, len(text)-4):])
	}
	account = key.Account
	if on := r.Header.Get("Stripe-Account"); on != "" && on != account {
		if account != "" || !strings.HasPrefix(on, "acct_") {
			return "", forbidden("account_invalid", fmt.Sprintf("The provided key does not have access to account '%s' (or that account does not exist).", on))
		}
		account = on
	}
	return account, key.may(r)
}

func forbidden(code, message string) error {
	return &apiError{Status: http.StatusForbidden, Type: "invalid_request_error", Code: code, Message: message}
}

// key finds a key by its text.
func (s *Sandbox) key(text string) (Key, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	same := func(k Key) bool { return subtle.ConstantTimeCompare([]byte(k.Text), []byte(text)) == 1 }
	if i := slices.IndexFunc(s.keys, same); i >= 0 {
		return s.keys[i], true
	}
	if s.cfg.SecretKey != "" {
		return Key{Text: text}, same(Key{Text: s.cfg.SecretKey})
	}
	return Key{Text: text}, strings.HasPrefix(text, "sk_test_") || strings.HasPrefix(text, "rk_test_")
}

// resources are the first part of each permission's name, by the path below /v1.
var resources = map[string]string{"checkout": "checkout_session", "payment_intents": "payment_intent", "charges": "charge", "refunds": "charge",
	"disputes": "dispute", "events": "event", "balance_transactions": "balance", "balance": "balance", "payouts": "payout", "customers": "customer"}

// may tells whether a restricted key may do what is asked for.
func (k Key) may(r *http.Request) error {
	place, _, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/v1/"), "/")
	resource := resources[place]
	if len(k.Permissions) == 0 || resource == "" || slices.Contains(k.Permissions, resource+"_write") {
		return nil
	}
	need := resource + "_write"
	if r.Method == http.MethodGet {
		if need = resource + "_read"; slices.Contains(k.Permissions, need) {
			return nil
		}
	}
	return forbidden("more_permissions_required", fmt.Sprintf("The provided key 'rk_test_****%s' does not have the required permissions for this endpoint on account "+
		"'acct_sandbox'. Having the 'rak_%s' permission would allow this request to continue.", k.Text[max(0, len(k.Text)-4):], need))
}
