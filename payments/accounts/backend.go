package accounts

import (
	"bytes"
	"errors"
	"net/http"
	"regexp"
	"slices"
	"strings"

	"github.com/stripe/stripe-go/v76"
	"github.com/stripe/stripe-go/v76/form"
	"github.com/stripe/stripe-go/v76/webhook"
)

// Backend lets a call bring several keys, as Account has them, and a connected account with each.
type Backend struct{ stripe.Backend }

// Open makes the way to Stripe's API, or to a stand-in at url.
func Open(url string, client *http.Client) Backend {
	cfg := &stripe.BackendConfig{
		HTTPClient: client, MaxNetworkRetries: stripe.Int64(2), EnableTelemetry: stripe.Bool(false),
		// The library would log what Stripe answers; we log what we mean to.
		LeveledLogger: &stripe.LeveledLogger{Level: stripe.LevelNull},
	}
	if url != "" {
		cfg.URL = stripe.String(strings.TrimRight(url, "/"))
	}
	return Backend{stripe.GetBackendWithConfig(stripe.APIBackend, cfg)}
}

// Signed tells whether a webhook bears the signature of one of the secrets, over its raw bytes. Its age is for the caller.
func Signed(raw []byte, header string, secrets []string) bool {
	return slices.ContainsFunc(secrets, func(secret string) bool {
		return secret != "" && webhook.ValidatePayloadIgnoringTolerance(raw, header, secret) == nil
	})
}

// passes tells whether the next key may be let in where this one was not, or may know what this one does not. Nothing was done then.
func passes(err error) bool {
	var e *stripe.Error
	return errors.As(err, &e) && slices.Contains([]int{http.StatusUnauthorized, http.StatusForbidden, http.StatusNotFound}, e.HTTPStatusCode)
}

// each tries the keys one after another. If none is let in, the first answer stands.
func each(keys string, params *stripe.Params, call func(key string) error) error {
	var first error
	for i, key := range strings.Fields(keys) {
		key, account, connected := strings.Cut(key, "@")
		if params != nil {
			params.StripeAccount = nil
			if connected {
				params.SetStripeAccount(account)
			}
		}
		err := call(key)
		if i == 0 {
			first = err
		}
		if err == nil || !passes(err) {
			return err
		}
	}
	return first
}

// Call makes a request.
func (b Backend) Call(method, path, keys string, params stripe.ParamsContainer, v stripe.LastResponseSetter) error {
	var head *stripe.Params
	if params != nil {
		head = params.GetParams()
	}
	return each(keys, head, func(key string) error { return b.Backend.Call(method, path, key, params, v) })
}

// CallRaw makes a request whose parameters are in a form already, as those of lists are.
func (b Backend) CallRaw(method, path, keys string, body *form.Values, params *stripe.Params, v stripe.LastResponseSetter) error {
	if params == nil {
		params = &stripe.Params{}
	}
	return each(keys, params, func(key string) error { return b.Backend.CallRaw(method, path, key, body, params, v) })
}

// CallStreaming makes a request whose answer is read as it comes; nothing here does.
func (b Backend) CallStreaming(method, path, keys string, params stripe.ParamsContainer, v stripe.StreamingLastResponseSetter) error {
	return b.Backend.CallStreaming(method, path, first(keys), params, v)
}

// CallMultipart sends a file; nothing here does.
func (b Backend) CallMultipart(method, path, keys, boundary string, body *bytes.Buffer, params *stripe.Params, v stripe.LastResponseSetter) error {
	return b.Backend.CallMultipart(method, path, first(keys), boundary, body, params, v)
}

func first(keys string) string {
	key, _, _ := strings.Cut(keys, " ")
	key, _, _ = strings.Cut(key, "@")
	return key
}

var permission = regexp.MustCompile(`rak_[a-z_]{3,60}`)

// Missing reads which permission a refused request would need, out of Stripe's own words; "some" where they do not say.
func Missing(e *stripe.Error) string {
	if e.HTTPStatusCode != http.StatusForbidden {
		return ""
	}
	if name := permission.FindString(e.Msg); name != "" {
		return name
	}
	return "some"
}
