package wechat

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"net/url"

	"sotto.chat/channels"
	"sotto.chat/internal/outbound"
)

// Fetch downloads a file, which WeChat keeps for three days.
func (p *Platform) Fetch(ctx context.Context, c channels.Credentials, m channels.Media, most int64) ([]byte, error) {
	token, err := p.token(ctx, c)
	if err != nil {
		return nil, err
	}
	raw, err := p.file(ctx, token, m.ExternalID)
	var e *channels.SendError
	if errors.As(err, &e) && e.Code == codeToken {
		p.tokens.drop(c[appID], token)
		if token, err = p.token(ctx, c); err == nil {
			raw, err = p.file(ctx, token, m.ExternalID)
		}
	}
	if err == nil && int64(len(raw)) > most {
		return nil, channels.ErrNoFile
	}
	return raw, err
}

// file gives the bytes; a refusal comes as JSON with the same status.
func (p *Platform) file(ctx context.Context, token, id string) ([]byte, error) {
	resp, err := p.files.Do(ctx, outbound.Request{Method: http.MethodGet,
		URL: p.base + "/cgi-bin/media/get?access_token=" + url.QueryEscape(token) + "&media_id=" + url.QueryEscape(id)})
	if err != nil {
		return nil, unanswered(err)
	}
	if resp.Status != http.StatusOK || bytes.HasPrefix(bytes.TrimSpace(resp.Body), []byte("{")) {
		if err := refused(resp, false); err != nil {
			return nil, err
		}
		return nil, channels.ErrNoFile
	}
	return resp.Body, nil
}
