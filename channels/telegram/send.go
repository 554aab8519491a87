package telegram

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"sotto.chat/channels"
	"sotto.chat/internal/outbound"
)

// What a merchant reads when the whole channel is affected.
const (
	problemToken    = "Telegram refuses the bot token: it was revoked or is wrong. Set a new one from BotFather."
	problemProvider = "Telegram refuses the provider token: set the one that BotFather shows under Payments. Customers go on paying by the link."
	problemWebhook  = "Telegram does not take the webhook's address: it must be https on port 443, 80, 88 or 8443, reachable from the internet."
)

// Send sends one piece. Telegram takes no idempotency key, so it is tried once; whoever calls decides about another try.
func (p *Platform) Send(ctx context.Context, c channels.Credentials, to []channels.Party, piece channels.Content, _ string) (string, error) {
	var who chatID
	known := false
	for _, party := range to {
		if party.Kind == "telegram" {
			who, known = chatOf(party.Value)
		}
	}
	if !known {
		return "", &channels.SendError{Code: "no_address"}
	}
	switch {
	case piece.Pay != nil:
		return p.sent(ctx, c, "sendInvoice", invoice(who, c[providerToken], *piece.Pay))
	case len(piece.Media) > 0 && piece.Media[0].Kind == "image":
		id, err := p.sent(ctx, c, "sendPhoto", sendPhoto{ChatID: who, Photo: piece.Media[0].URL, Caption: piece.Text, Markup: rows(piece)})
		var e *channels.SendError
		if !errors.As(err, &e) || !strings.HasPrefix(e.Code, "400") || piece.Text == "" {
			return id, err
		}
		// Telegram could not fetch the picture: the words count
	}
	return p.sent(ctx, c, "sendMessage", sendMessage{ChatID: who, Text: first(piece.Text, filler), Preview: &linkPreview{true}, Markup: rows(piece)})
}

// Seen shows that an answer is being written, for five seconds at most.
func (p *Platform) Seen(ctx context.Context, c channels.Credentials, externalID string) error {
	who, ok := chatOf(externalID)
	if !ok {
		return nil
	}
	return p.call(ctx, c, "sendChatAction", sendChatAction{who, "typing"}, nil)
}

// Connect tells Telegram where updates go, and by which secret they prove themselves.
func (p *Platform) Connect(ctx context.Context, c channels.Credentials, webhook string) error {
	list := secrets(c)
	if len(list) == 0 {
		return &channels.SendError{Code: "no_secret"}
	}
	err := p.call(ctx, c, "setWebhook", setWebhook{URL: webhook, SecretToken: list[0], Connections: 40,
		Updates: []string{"message", "edited_message", "callback_query", "shipping_query", "pre_checkout_query", "my_chat_member"}}, nil)
	var e *channels.SendError
	if errors.As(err, &e) && e.Problem == "" && !e.Retry && !e.Unsure {
		e.Problem = problemWebhook
	}
	return err
}

func (p *Platform) sent(ctx context.Context, c channels.Credentials, method string, body any) (string, error) {
	var m struct {
		ID int64 `json:"message_id"`
	}
	if err := p.call(ctx, c, method, body, &m); err != nil {
		return "", err
	}
	if m.ID == 0 {
		return "", &channels.SendError{Code: "strange_answer", Unsure: true}
	}
	return strconv.FormatInt(m.ID, 10), nil
}

// call makes one call and reads its result. Its errors are SendErrors, and hold no address: the token stands in it.
func (p *Platform) call(ctx context.Context, c channels.Credentials, method string, body, result any) error {
	raw, err := json.Marshal(body)
	if err != nil {
		return err
	}
	resp, err := p.client.Do(ctx, outbound.Request{Method: http.MethodPost, URL: p.base + "/bot" + c[botToken] + "/" + method,
		Header: http.Header{"Content-Type": {"application/json"}}, Body: raw})
	if err != nil {
		return unanswered(err)
	}
	var a reply
	if json.Unmarshal(resp.Body, &a) != nil {
		a = reply{Strange: true}
	}
	if resp.Status != http.StatusOK || !a.OK {
		return refused(resp, a)
	}
	if result != nil && json.Unmarshal(a.Result, result) != nil {
		return &channels.SendError{Code: "strange_answer", Unsure: true}
	}
	return nil
}

type reply struct {
	OK          bool            `json:"ok"`
	Result      json.RawMessage `json:"result"`
	Description string          `json:"description"`
	Parameters  struct {
		RetryAfter int `json:"retry_after"`
	} `json:"parameters"`
	Strange bool `json:"-"` // the answer is none of Telegram's
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

// refused reads Telegram's error: {"ok":false,"error_code":429,"description":"…","parameters":{"retry_after":14}}.
func refused(r outbound.Response, a reply) *channels.SendError {
	e := &channels.SendError{Code: strconv.Itoa(r.Status) + reason(a.Description), Err: fmt.Errorf("status %d", r.Status)}
	switch {
	case r.Status == http.StatusTooManyRequests:
		e.Retry, e.After = true, max(time.Duration(min(a.Parameters.RetryAfter, 24*3600))*time.Second, r.RetryAfter(time.Now()), time.Second)
	case r.Status == http.StatusUnauthorized, r.Status == http.StatusNotFound && !a.Strange: // a wrong token is an unknown address
		e.Problem = problemToken
	case r.Status == http.StatusBadGateway, r.Status == http.StatusGatewayTimeout, r.Status == http.StatusOK:
		e.Unsure = true // somebody between answered: the message may be through
	case r.Status >= 500:
		e.Retry, e.After = true, time.Second
	case strings.HasSuffix(e.Code, "_provider"):
		e.Problem = problemProvider
	}
	return e // 403: the person has blocked the bot; 400: another try changes nothing
}

// reason is a word for the log out of Telegram's description, which may quote what was sent.
func reason(description string) string {
	d := strings.ToLower(description)
	for _, r := range []struct{ in, code string }{
		{"blocked by the user", "_blocked"}, {"user is deactivated", "_gone"}, {"chat not found", "_gone"}, {"payment_provider_invalid", "_provider"},
		{"currency", "_currency"}, {"too long", "_long"}, {"button", "_button"}, {"charge_already_refunded", "_refunded"}, {"charge_not_found", "_charge"},
	} {
		if strings.Contains(d, r.in) {
			return r.code
		}
	}
	return ""
}
