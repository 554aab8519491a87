package whatsapp

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"

	"sotto.chat/channels"
	"sotto.chat/internal/outbound"
)

func TestAFileIsFetched(t *testing.T) {
	s, p, c := atStandin(t)
	body := bytes.Repeat([]byte("voice"), 1000)
	m := channels.Media{Kind: "audio", ExternalID: s.Media("audio/ogg", body)}
	if raw, err := p.Fetch(t.Context(), c, m, 1<<20); err != nil || !bytes.Equal(raw, body) {
		t.Fatal(len(raw), err)
	}
	if _, err := p.Fetch(t.Context(), c, m, 4999); !errors.Is(err, channels.ErrNoFile) {
		t.Error("larger than allowed:", err)
	}
	var e *channels.SendError
	if _, err := p.Fetch(t.Context(), c, channels.Media{ExternalID: "../7/messages"}, 1<<20); !errors.As(err, &e) {
		t.Error("no such file:", err)
	}
	c[accessToken] = "wrong"
	if _, err := p.Fetch(t.Context(), c, m, 1<<20); !errors.As(err, &e) || e.Problem == "" {
		t.Error("a wrong token:", err)
	}
}

// An address that has ended is asked for anew, once; one that is not as safe as the API's own is not called at all.
func TestAFilesAddress(t *testing.T) {
	var asked, called atomic.Int64
	address := ""
	api := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer EAA" {
			w.WriteHeader(http.StatusUnauthorized)
		}
		if r.URL.Path != "/file" {
			asked.Add(1)
			_, _ = io.WriteString(w, `{"url":"`+address+`","mime_type":"audio/ogg","file_size":"5"}`)
			return
		}
		if called.Add(1) == 1 {
			w.WriteHeader(http.StatusNotFound)
			return
		}
		_, _ = io.WriteString(w, "voice")
	}))
	t.Cleanup(api.Close)
	address = api.URL + "/file"
	p, c := New(api.URL, outbound.New(outbound.Config{})), channels.Credentials{accessToken: "EAA", phoneID: "7"}
	if raw, err := p.Fetch(t.Context(), c, channels.Media{ExternalID: "1"}, 100); err != nil || string(raw) != "voice" || asked.Load() != 2 {
		t.Fatal(string(raw), err, asked.Load())
	}
	for _, address = range []string{"file:///etc/passwd", "ftp://x/y", "//evil.example", ""} {
		if _, err := p.Fetch(t.Context(), c, channels.Media{ExternalID: "1"}, 100); !errors.Is(err, channels.ErrNoFile) {
			t.Errorf("%s: %v", address, err)
		}
	}
	if called.Load() != 2 {
		t.Error("another address was called")
	}
}
