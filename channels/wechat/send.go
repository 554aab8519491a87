package wechat

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"sotto.chat/channels"
	"sotto.chat/internal/outbound"
)

type object = map[string]any

// Send sends one piece by the customer service interface. WeChat gives no id of it; the delivery's own stands for that.
func (p *Platform) Send(ctx context.Context, c channels.Credentials, to []channels.Party, piece channels.Content, opaque string) (string, error) {
	openid := ""
	for _, party := range to {
		if party.Kind == "openid" {
			openid = party.Value
			break
		}
	}
	if openid == "" {
		return "", &channels.SendError{Code: "no_address"}
	}
	b := body(openid, piece)
	token, err := p.token(ctx, c)
	if err != nil {
		return "", err
	}
	err = p.post(ctx, token, b)
	var e *channels.SendError
	if errors.As(err, &e) && e.Code == codeToken {
		p.tokens.drop(c[appID], token) // another process, or a person, has asked for a new one
		if token, err = p.token(ctx, c); err == nil {
			err = p.post(ctx, token, b)
		}
	}
	if err != nil {
		return "", err
	}
	return "wechat:" + opaque, nil
}

// Seen does nothing: WeChat shows a person no such sign for a message, only for all of an account.
func (p *Platform) Seen(context.Context, channels.Credentials, string) error { return nil }

// body words one piece for WeChat.
func body(openid string, c channels.Content) object {
	b := object{"touser": openid}
	switch {
	case c.Title != "" && len(c.Links) == 1:
		article := object{"title": c.Title, "description": c.Text, "url": c.Links[0].URL}
		if len(c.Products) == 1 && reachable(c.Products[0].ImageURL) {
			article["picurl"] = c.Products[0].ImageURL
		}
		b["msgtype"], b["news"] = "news", object{"articles": []object{article}}
	case len(c.Buttons) > 0:
		list := make([]object, 0, len(c.Buttons))
		for _, x := range c.Buttons {
			list = append(list, object{"id": x.Tap, "content": x.Label})
		}
		b["msgtype"], b["msgmenu"] = "msgmenu", object{"head_content": c.Text, "list": list, "tail_content": ""}
	default:
		b["msgtype"], b["text"] = "text", object{"content": written(c)}
	}
	return b
}

// encode writes JSON as WeChat shows it: escaped characters would reach the person as they are.
func encode(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	err := e.Encode(v)
	return bytes.TrimSpace(b.Bytes()), err
}

func (p *Platform) post(ctx context.Context, token string, what object) error {
	raw, err := encode(what)
	if err != nil {
		return err
	}
	resp, err := p.client.Do(ctx, outbound.Request{Method: http.MethodPost, URL: p.base + "/cgi-bin/message/custom/send?access_token=" + url.QueryEscape(token),
		Header: http.Header{"Content-Type": {"application/json"}}, Body: raw})
	if err != nil {
		return unanswered(err)
	}
	return refused(resp, true)
}

// unanswered tells what follows when no answer came.
func unanswered(err error) *channels.SendError {
	var e *outbound.Error
	if errors.As(err, &e) && !e.Sent {
		after := time.Second
		if errors.Is(err, outbound.ErrOpen) {
			after = 5 * time.Second
		}
		return &channels.SendError{Code: "unreachable", Retry: true, After: after, Err: err}
	}
	return &channels.SendError{Code: "no_answer", Unsure: true, Err: err}
}

// codeToken says that the access token is not good any more; another may be.
const codeToken = "access_token"

// What a merchant reads when the whole channel is affected.
const (
	problemSecret  = "WeChat refuses the app id or the app secret. Set them again." //nolint:gosec // words
	problemAddress = "WeChat refuses this server's address: put it on the IP whitelist of the Official Account."
	problemRight   = "The Official Account may not send customer service messages: it must be verified."
	problemQuota   = "WeChat's limit of calls for this account is reached; messages wait."
)

// refused reads WeChat's answer, whose status is 200 for refusals too: nil when the message was taken. An answer that cannot be read
// leaves it open whether a message went out.
func refused(r outbound.Response, message bool) error {
	var answer struct {
		Code *int `json:"errcode"`
	}
	if r.Status != http.StatusOK || json.Unmarshal(r.Body, &answer) != nil {
		e := &channels.SendError{Code: "http_" + strconv.Itoa(r.Status), Err: fmt.Errorf("status %d", r.Status)}
		switch {
		case r.Status == http.StatusTooManyRequests || r.Status == http.StatusServiceUnavailable || r.Status == http.StatusInternalServerError:
			e.Retry, e.After = true, max(time.Second, r.RetryAfter(time.Now()))
		case r.Status == http.StatusOK || r.Status >= 500:
			e.Unsure = message
			e.Retry, e.After = !message, time.Second
		}
		return e
	}
	if answer.Code == nil || *answer.Code == 0 {
		return nil
	}
	return consequence(*answer.Code)
}

// consequence is what follows from one of WeChat's error codes.
func consequence(code int) *channels.SendError {
	e := &channels.SendError{Code: strconv.Itoa(code)}
	switch code {
	case -1, 65400: // busy
		e.Retry, e.After = true, time.Second
	case 40001, 40014, 42001, 41001:
		e.Code, e.Retry, e.After = codeToken, true, 10*time.Second
	case 45015:
		e.Code = channels.CodeWindowClosed
	case 40013, 40125, 40164, 48001, 50002:
		e.Problem = map[int]string{40013: problemSecret, 40125: problemSecret, 40164: problemAddress, 48001: problemRight, 50002: problemRight}[code]
	case 45009:
		e.Retry, e.After, e.Problem = true, time.Hour, problemQuota
	case 45011:
		e.Retry, e.After = true, time.Minute
	}
	// Of all others (45047: too many before the person writes again; 40003, 43004: nobody there or no follower) another try changes nothing.
	return e
}
