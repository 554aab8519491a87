package wechat

import (
	"errors"
	"net/http/httptest"
	"testing"

	"sotto.chat/channels"
	"sotto.chat/channels/wechat/standin"
	"sotto.chat/internal/outbound"
)

func TestAFileIsFetched(t *testing.T) {
	s := standin.New(standin.Config{AppID: "wx1", AppSecret: "sec"})
	srv := httptest.NewServer(s.Handler())
	t.Cleanup(srv.Close)
	p, c := New(srv.URL, outbound.New(outbound.Config{})), channels.Credentials{appID: "wx1", appSecret: "sec"}
	s.File("m1", []byte("a photo"))
	fetch := func(id string, most int64) (string, error) {
		raw, err := p.Fetch(t.Context(), c, channels.Media{Kind: "image", ExternalID: id}, most)
		return string(raw), err
	}
	if raw, err := fetch("m1", 100); err != nil || raw != "a photo" {
		t.Fatal(raw, err)
	}
	s.Forget() // somebody asked for a new token
	if raw, err := fetch("m1", 100); err != nil || raw != "a photo" {
		t.Fatal(raw, err)
	}
	if _, err := fetch("m1", 3); !errors.Is(err, channels.ErrNoFile) {
		t.Error("larger than allowed:", err)
	}
	var e *channels.SendError
	if _, err := fetch("m2", 100); !errors.As(err, &e) || e.Code != "40007" {
		t.Error("no such file:", err)
	}
}
