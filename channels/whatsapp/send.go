package whatsapp

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"sotto.chat/channels"
	"sotto.chat/internal/outbound"
)

// Send sends one piece. Meta takes no idempotency key, so it is tried once; whoever calls decides about another try.
func (p *Platform) Send(ctx context.Context, c channels.Credentials, to []channels.Party, piece channels.Content, opaque string) (string, error) {
	b := p.body(c, to, piece, opaque)
	if b["to"] == nil && b["recipient"] == nil {
		return "", &channels.SendError{Code: "no_address"}
	}
	resp, err := p.post(ctx, c, b)
	if err != nil {
		return "", err
	}
	var answer struct {
		Messages []struct {
			ID string `json:"id"`
		} `json:"messages"`
	}
	if json.Unmarshal(resp.Body, &answer) != nil || len(answer.Messages) == 0 || answer.Messages[0].ID == "" {
		return "", &channels.SendError{Code: "strange_answer", Unsure: true}
	}
	return answer.Messages[0].ID, nil
}

// Seen marks a message as read and shows that an answer is being written, for 25 seconds at most.
func (p *Platform) Seen(ctx context.Context, c channels.Credentials, externalID string) error {
	_, err := p.post(ctx, c, object{"messaging_product": "whatsapp", "status": "read", "message_id": externalID,
		"typing_indicator": object{"type": "text"}})
	return err
}

func (p *Platform) post(ctx context.Context, c channels.Credentials, b object) (outbound.Response, error) {
	raw, err := json.Marshal(b)
	if err != nil {
		return outbound.Response{}, err
	}
	return p.call(ctx, c, http.MethodPost, "/messages", raw)
}

// unanswered tells what follows when no answer came: whether the message went out is unknown, unless the request never
// left this house.
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

// refused reads Meta's error body: {"error":{"code":131047,…}}.
func refused(r outbound.Response) *channels.SendError {
	var answer struct {
		Error *struct {
			Code json.Number `json:"code"`
		} `json:"error"`
	}
	e := channels.SendError{Code: "http_" + strconv.Itoa(r.Status), Err: fmt.Errorf("status %d", r.Status)}
	known := json.Unmarshal(r.Body, &answer) == nil && answer.Error != nil && answer.Error.Code != ""
	if known && answer.Error.Code == "0" && r.Status != http.StatusUnauthorized {
		known = false // a code that says nothing
	}
	if known {
		if code, err := strconv.Atoi(answer.Error.Code.String()); err == nil {
			e = consequence(code)
			e.Err = fmt.Errorf("status %d", r.Status)
		}
	}
	switch {
	case e.Retry || e.Problem != "":
	case r.Status == http.StatusTooManyRequests:
		e.Retry, e.After = true, 2*time.Second
	case known:
	case r.Status == http.StatusBadGateway || r.Status == http.StatusGatewayTimeout:
		e.Unsure = true // somebody between answered: the message may be through
	case r.Status >= 500:
		e.Retry, e.After = true, time.Second
	case r.Status == http.StatusUnauthorized:
		e.Problem = problemToken
	}
	if e.Retry {
		e.After = max(e.After, r.RetryAfter(time.Now()))
	}
	return &e
}
