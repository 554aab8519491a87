package telegram

import (
	"context"
	"net/http"
	"path"
	"strings"

	"sotto.chat/channels"
	"sotto.chat/internal/outbound"
)

// pathSigns are what the path of a file is made of; anything else is no path of Telegram's.
const pathSigns = tokenSigns + "./"

// Fetch asks for a file's path, which is good for an hour, and downloads it.
func (p *Platform) Fetch(ctx context.Context, c channels.Credentials, m channels.Media, most int64) ([]byte, error) {
	var f struct {
		Path string `json:"file_path"`
		Size int64  `json:"file_size"`
	}
	if err := p.call(ctx, c, "getFile", getFile{m.ExternalID}, &f); err != nil {
		return nil, err
	}
	if f.Size > most || f.Path == "" || strings.Trim(f.Path, pathSigns) != "" || path.Clean("/"+f.Path) != "/"+f.Path {
		return nil, channels.ErrNoFile
	}
	resp, err := p.files.Do(ctx, outbound.Request{Method: http.MethodGet, URL: p.base + "/file/bot" + c[botToken] + "/" + f.Path})
	if err != nil {
		return nil, unanswered(err)
	}
	if resp.Status != http.StatusOK {
		return nil, channels.ErrNoFile
	}
	return resp.Body, nil
}
