package wechat

import (
	"context"
	"encoding/json"
	"net/http"
	"sync"
	"time"

	"sotto.chat/channels"
	"sotto.chat/internal/outbound"
)

// tokens keeps each account's access token while it is good. WeChat gives every process the same one, so that none takes it from another.
type tokens struct {
	mu   sync.Mutex
	apps map[string]*appToken
}

type appToken struct {
	mu     sync.Mutex // held while a token is fetched, so that one fetch serves all who wait
	secret string
	value  string
	until  time.Time
}

// Limits of the cache.
const (
	mostApps    = 10000
	tokenMargin = 5 * time.Minute
)

func newTokens() *tokens { return &tokens{apps: map[string]*appToken{}} }

func (t *tokens) of(app string) *appToken {
	t.mu.Lock()
	defer t.mu.Unlock()
	a := t.apps[app]
	if a == nil {
		if len(t.apps) >= mostApps {
			clear(t.apps)
		}
		a = &appToken{}
		t.apps[app] = a
	}
	return a
}

// drop forgets a token that WeChat refused, unless another has taken its place.
func (t *tokens) drop(app, value string) {
	a := t.of(app)
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.value == value {
		a.value = ""
	}
}

// token gives an access token, the kept one while it is good.
func (p *Platform) token(ctx context.Context, c channels.Credentials) (string, error) {
	a := p.tokens.of(c[appID])
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.value != "" && a.secret == c[appSecret] && p.now().Before(a.until) {
		return a.value, nil
	}
	raw, err := encode(object{"grant_type": "client_credential", "appid": c[appID], "secret": c[appSecret], "force_refresh": false})
	if err != nil {
		return "", err
	}
	resp, err := p.client.Do(ctx, outbound.Request{Method: http.MethodPost, URL: p.base + "/cgi-bin/stable_token",
		Header: http.Header{"Content-Type": {"application/json"}}, Body: raw})
	if err != nil {
		return "", &channels.SendError{Code: "unreachable", Retry: true, After: time.Second, Err: err} // no message was on its way yet
	}
	value, life, err := readToken(resp)
	if err != nil {
		return "", err
	}
	a.secret, a.value, a.until = c[appSecret], value, p.now().Add(max(life-tokenMargin, life/2))
	return value, nil
}

func readToken(resp outbound.Response) (string, time.Duration, error) {
	if err := refused(resp, false); err != nil {
		return "", 0, err
	}
	var answer struct {
		Token   string `json:"access_token"`
		Expires int64  `json:"expires_in"`
	}
	if json.Unmarshal(resp.Body, &answer) != nil || answer.Token == "" || answer.Expires < 1 || answer.Expires > 1<<20 {
		return "", 0, &channels.SendError{Code: "strange_token", Retry: true, After: time.Minute}
	}
	return answer.Token, time.Duration(answer.Expires) * time.Second, nil
}
