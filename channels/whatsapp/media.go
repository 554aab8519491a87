package whatsapp

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"

	"sotto.chat/channels"
	"sotto.chat/internal/outbound"
)

// fetches is how often a file's address is asked for: one that has just ended gives 404.
const fetches = 2

// Fetch asks where a file is and downloads it from there, with the same token.
func (p *Platform) Fetch(ctx context.Context, c channels.Credentials, m channels.Media, most int64) ([]byte, error) {
	for range fetches {
		address, err := p.fileAddress(ctx, c, m.ExternalID, most)
		if err != nil {
			return nil, err
		}
		resp, err := p.files.Do(ctx, outbound.Request{Method: http.MethodGet, URL: address, Header: bearer(c)})
		switch {
		case err != nil:
			return nil, unanswered(err)
		case resp.Status == http.StatusOK:
			return resp.Body, nil
		case resp.Status != http.StatusNotFound:
			return nil, refused(resp)
		}
	}
	return nil, channels.ErrNoFile
}

// fileAddress is good for some minutes. The token goes there, so it must be as safe as the API's own address.
func (p *Platform) fileAddress(ctx context.Context, c channels.Credentials, id string, most int64) (string, error) {
	resp, err := p.client.Do(ctx, outbound.Request{Method: http.MethodGet, Header: bearer(c),
		URL: p.base + "/" + url.PathEscape(id) + "?phone_number_id=" + url.QueryEscape(c[phoneID])})
	if err != nil {
		return "", unanswered(err)
	}
	if resp.Status != http.StatusOK {
		return "", refused(resp)
	}
	var answer struct {
		URL  string      `json:"url"`
		Size json.Number `json:"file_size"`
	}
	if json.Unmarshal(resp.Body, &answer) != nil {
		return "", &channels.SendError{Code: "strange_answer"}
	}
	size, err := answer.Size.Int64()
	scheme, _, _ := strings.Cut(p.base, ":")
	if answer.Size != "" && (err != nil || size > most) || !strings.HasPrefix(answer.URL, scheme+"://") {
		return "", channels.ErrNoFile
	}
	return answer.URL, nil
}

func bearer(c channels.Credentials) http.Header {
	return http.Header{"Authorization": {"Bearer " + c[accessToken]}}
}
