package telegram_test

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"sotto.chat/channels"
	"sotto.chat/channels/telegram"
	"sotto.chat/internal/outbound"
)

func TestAFileIsFetched(t *testing.T) {
	p, s := open(t)
	c := channels.Credentials{"bot_token": "1:secret-token"}
	body := bytes.Repeat([]byte("voice"), 1000)
	m := channels.Media{Kind: "audio", ExternalID: s.File(body)}
	if raw, err := p.Fetch(t.Context(), c, m, 1<<20); err != nil || !bytes.Equal(raw, body) {
		t.Fatal(len(raw), err)
	}
	if _, err := p.Fetch(t.Context(), c, m, 4999); !errors.Is(err, channels.ErrNoFile) {
		t.Error("larger than allowed:", err)
	}
	if _, err := p.Fetch(t.Context(), c, channels.Media{ExternalID: "no"}, 1<<20); err == nil || strings.Contains(err.Error(), "secret-token") {
		t.Error("no such file:", err)
	}
}

// A path that leads elsewhere is not called: the bot's token stands before it.
func TestAPathThatIsNone(t *testing.T) {
	path, called := "", false
	api := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		called = called || !strings.HasSuffix(r.URL.Path, "/getFile")
		_, _ = io.WriteString(w, `{"ok":true,"result":{"file_id":"1","file_path":"`+path+`"}}`)
	}))
	t.Cleanup(api.Close)
	p := telegram.New(api.URL, outbound.New(outbound.Config{}))
	for _, path = range []string{"", "../getMe", "voice/../../x", "/etc/passwd", "http://evil.example/x", "a?b", "voice//x", "voice/"} {
		if _, err := p.Fetch(t.Context(), channels.Credentials{"bot_token": "1:s"}, channels.Media{ExternalID: "1"}, 100); !errors.Is(err, channels.ErrNoFile) {
			t.Errorf("%q: %v", path, err)
		}
	}
	if called {
		t.Error("another address was called")
	}
}
