package wechat

import (
	"encoding/base64"
	"encoding/json"
	"encoding/xml"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"sotto.chat/channels"
	"sotto.chat/channels/wechat/standin"
	"sotto.chat/internal/outbound"
	"sotto.chat/internal/testkit"
)

type vector struct {
	Name, Token, Timestamp, Nonce, Encrypt string
	Key                                    string `json:"encoding_aes_key"`
	App                                    string `json:"app_id"`
	Signature                              string `json:"msg_signature"`
	Envelope                               string `json:"envelope_xml"`
	Expected                               string `json:"expected_xml"`
	Plain                                  string `json:"plaintext_xml"`
	Expect                                 map[string]string
}

func vectors(t *testing.T) []vector {
	t.Helper()
	raw, err := os.ReadFile(testkit.Shared(t, "fixtures", "wechat", "vectors", "safe_mode_crypto.json"))
	var all struct{ Cases []vector }
	if err == nil {
		err = json.Unmarshal(raw, &all)
	}
	if err != nil || len(all.Cases) < 4 {
		t.Fatal(all, err)
	}
	return all.Cases
}

func TestSafeModeVectors(t *testing.T) {
	for _, v := range vectors(t) {
		t.Run(v.Name, func(t *testing.T) {
			sealed, want := v.Encrypt, v.Signature
			for _, text := range []string{v.Envelope, v.Expected} {
				if e, ok := envelopeOf([]byte(text)); ok {
					sealed = e.Encrypt
				}
			}
			if v.Expected != "" {
				var e struct {
					Signature string `xml:"MsgSignature"`
				}
				if err := xml.Unmarshal([]byte(v.Expected), &e); err != nil {
					t.Fatal(err)
				}
				want = e.Signature
			}
			if got := signature(v.Token, v.Timestamp, v.Nonce, sealed); got != want {
				t.Errorf("signature %s, want %s", got, want)
			}
			plain, ok := open(v.Key, v.App, sealed)
			if !ok {
				t.Fatal("cannot be opened")
			}
			if v.Plain != "" && string(plain) != v.Plain {
				t.Errorf("opens to %s", plain)
			}
			for element, text := range v.Expect {
				if !strings.Contains(string(plain), "<"+element+"><![CDATA["+text+"]]>") && !strings.Contains(string(plain), "<"+element+">"+text+"<") {
					t.Errorf("%s is not %q in %s", element, text, plain)
				}
			}
			if _, ok := open(v.Key, "wx-another", sealed); ok {
				t.Error("another account's message opens")
			}
			raw, err := base64.StdEncoding.DecodeString(sealed)
			if err != nil {
				t.Fatal(err)
			}
			raw[len(raw)-1] ^= 1
			if _, ok := open(v.Key, v.App, base64.StdEncoding.EncodeToString(raw)); ok {
				t.Error("a spoilt message opens")
			}
		})
	}
}

func TestWholeCallsOfTheVectorsAreVerified(t *testing.T) {
	for _, v := range vectors(t) {
		if v.Envelope == "" {
			continue
		}
		at, err := strconv.ParseInt(v.Timestamp, 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		p := New("", nil)
		p.now = func() time.Time { return time.Unix(at, 0) }
		c := channels.Credentials{verifyToken: v.Token, aesKey: v.Key, appID: v.App}
		q := url.Values{"timestamp": {v.Timestamp}, "nonce": {v.Nonce}, "signature": {signature(v.Token, v.Timestamp, v.Nonce)},
			"encrypt_type": {"aes"}, "msg_signature": {v.Signature}}
		if !verified(p, c, v.Envelope, q) {
			t.Error(v.Name, "is refused")
		}
		raw, ok := p.Unseal(c, []byte(v.Envelope))
		if in := p.Parse(raw); !ok || len(in) != 1 || in[0].Text != v.Expect["Content"] || in[0].Parties[0].Value != v.Expect["FromUserName"] {
			t.Errorf("%s: %+v", v.Name, in)
		}
		q.Set("msg_signature", strings.Repeat("0", 40))
		if verified(p, c, v.Envelope, q) {
			t.Error(v.Name, "is taken with another signature")
		}
	}
}

func verified(p *Platform, c channels.Credentials, raw string, q url.Values) bool {
	return p.Verify(c, []byte(raw), http.Header{channels.QueryHeader: {q.Encode()}})
}

func TestWhoMayCall(t *testing.T) {
	now := time.Unix(1700000000, 0)
	p := New("", nil)
	p.now = func() time.Time { return now }
	c := channels.Credentials{verifyToken: "tok", "previous_verify_token": "old"}
	call := func(token string, at int64) url.Values {
		text := strconv.FormatInt(at, 10)
		return url.Values{"timestamp": {text}, "nonce": {"n"}, "signature": {signature(token, text, "n")}}
	}
	for _, x := range []struct {
		name string
		q    url.Values
		ok   bool
	}{
		{"WeChat", call("tok", now.Unix()), true},
		{"somebody else", call("tik", now.Unix()), false},
		{"a recording", call("tok", now.Unix()-301), false},
		{"from the future", call("tok", now.Unix()+301), false},
		{"nobody", url.Values{}, false},
	} {
		if got := verified(p, c, "<xml/>", x.q); got != x.ok {
			t.Errorf("%s: %v", x.name, got)
		}
	}
	q := call("tok", now.Unix())
	if _, ok := p.Challenge(c, q); ok {
		t.Error("a check without echostr is answered")
	}
	q.Set("echostr", "123")
	if got, ok := p.Challenge(c, q); !ok || got != "123" {
		t.Error("the check:", got, ok)
	}
	q.Set("encrypt_type", "aes")
	if verified(p, c, "<xml/>", q) {
		t.Error("a sealed message is taken without a key")
	}
	c[aesKey] = strings.Repeat("a", 43)
	if verified(p, c, "<xml><FromUserName>me</FromUserName></xml>", call("tok", now.Unix())) {
		t.Error("a plain message is taken where only sealed ones are")
	}
	if verified(p, channels.Credentials{}, "<xml/>", call("", now.Unix())) {
		t.Error("a channel without a token lets everybody in")
	}
}

func TestRecordedMessages(t *testing.T) {
	want := map[string]channels.Incoming{
		"wp_024_text.xml":                            {Kind: "message", Text: "this is a test"},
		"wp_025_image.xml":                           {Kind: "message", Unsupported: "image"},
		"wp_026_voice.xml":                           {Kind: "message", Unsupported: "audio"},
		"wp_027_video.xml":                           {Kind: "message", Unsupported: "video"},
		"wp_028_location.xml":                        {Kind: "message", Text: "位置信息"},
		"wp_029_link.xml":                            {Kind: "message", Text: "公众平台官网链接 url"},
		"wp_030_event_subscribe.xml":                 {Kind: "message", Text: "/start"},
		"wp_033_event_SCAN.xml":                      {Kind: "other"},
		"wp_034_event_LOCATION.xml":                  {Kind: "other"},
		"wp_035_event_CLICK.xml":                     {Kind: "message", Tap: "EVENTKEY"},
		"wp_036_event_VIEW.xml":                      {Kind: "other"},
		"wj_009_event_subscribe_msg_popup_event.xml": {Kind: "other"},
	}
	p, seen := New("", nil), 0
	for _, from := range []string{"wechatpy", "wxjava", "easywechat", "gopay"} {
		files, err := filepath.Glob(filepath.Join(testkit.Shared(t, "fixtures", "wechat", from, "xml"), "*.xml"))
		if err != nil || len(files) == 0 {
			t.Fatal(from, err)
		}
		for _, f := range files {
			raw, err := os.ReadFile(f)
			if err != nil {
				t.Fatal(err)
			}
			list := p.Parse(raw)
			if len(list) != 1 || list[0].DedupKey == "" {
				t.Fatalf("%s: %+v", f, list)
			}
			in := list[0]
			w, known := want[filepath.Base(f)]
			if !known {
				continue
			}
			seen++
			if in.Kind != w.Kind || in.Text != w.Text || in.Tap != w.Tap || in.Unsupported != w.Unsupported || in.Parties[0] != (channels.Party{Kind: "openid", Value: in.Parties[0].Value}) || in.At.IsZero() {
				t.Errorf("%s: %+v", f, in)
			}
		}
	}
	if seen != len(want) {
		t.Errorf("%d of %d were read", seen, len(want))
	}
}

func TestTheSameEventIsKnownAgain(t *testing.T) {
	p := New("", nil)
	event := func(created, key string) string {
		return p.Parse([]byte("<xml><FromUserName>o</FromUserName><CreateTime>" + created + "</CreateTime><MsgType>event</MsgType><Event>CLICK</Event><EventKey>" + key + "</EventKey></xml>"))[0].DedupKey
	}
	if first, again := event("1", "a"), event("1", "a"); first != again || event("1", "a") == event("1", "b") || event("1", "a") == event("2", "a") {
		t.Error("events are not known by what they are")
	}
}

func TestSplit(t *testing.T) {
	p := New("", nil)
	kinds := func(list []channels.Content) string {
		var s []string
		for _, c := range list {
			s = append(s, body("o", c)["msgtype"].(string))
		}
		return strings.Join(s, " ")
	}
	pay := channels.Link{Label: "Pay", URL: "https://shop.example/pay/x"}
	for _, c := range []struct {
		name string
		in   channels.Content
		want string
	}{
		{"words", channels.Content{Text: "hello"}, "text"},
		{"nothing", channels.Content{}, "text"},
		{"many words", channels.Content{Text: strings.Repeat("茶很好喝。", 200)}, "text text"},
		{"a link", channels.Content{Text: "12 CNY", Links: []channels.Link{pay}}, "news"},
		{"a link below many words", channels.Content{Text: strings.Repeat("茶", 300), Links: []channels.Link{pay}}, "text"},
		{"two links", channels.Content{Text: "x", Links: []channels.Link{pay, pay}}, "text"},
		{"buttons", channels.Content{Text: "Sure?", Buttons: []channels.Button{{Label: "Yes", Tap: "yes"}}}, "msgmenu"},
		{"buttons and a link", channels.Content{Text: "Sure?", Links: []channels.Link{pay}, Buttons: []channels.Button{{Label: "Yes", Tap: "yes"}}}, "text msgmenu"},
		{"a button that cannot be", channels.Content{Text: "Sure?", Buttons: []channels.Button{{Label: "Yes", Tap: strings.Repeat("y", 500)}}}, "text"},
		{"cards", channels.Content{Text: "Here", Products: []channels.Card{{Name: "Tea", Price: "¥9", Tap: "a:tea"}, {Name: "Cup", Price: "¥19"}}}, "msgmenu"},
		{"a script for a link", channels.Content{Text: "x", Links: []channels.Link{{Label: "x", URL: "javascript:x"}}}, "text"},
	} {
		pieces := p.Split(nil, c.in)
		if got := kinds(pieces); got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
		for _, piece := range pieces {
			if n := len(written(piece)); n > maxBytes {
				t.Errorf("%s: a piece of %d bytes", c.name, n)
			}
		}
	}
}

func TestSending(t *testing.T) {
	s := standin.New(standin.Config{AppID: "wx1", AppSecret: "sec"})
	srv := httptest.NewServer(s.Handler())
	defer srv.Close()
	p := New(srv.URL, outbound.New(outbound.Config{}))
	c := channels.Credentials{appID: "wx1", appSecret: "sec"}
	to := []channels.Party{{Kind: "phone", Value: "1"}, {Kind: "openid", Value: "oAna"}}
	send := func(content channels.Content) error {
		_, err := p.Send(t.Context(), c, to, content, "dlv_1")
		return err
	}
	for _, content := range []channels.Content{{Text: "茶 <b> & \"x\""}, {Title: "Pay", Text: "12", Links: []channels.Link{{Label: "Pay", URL: "https://shop.example/pay/1?a=b&c=d"}}},
		{Text: "Sure?", Buttons: []channels.Button{{Label: "Yes", Tap: "yes:1"}}}} {
		if err := send(content); err != nil {
			t.Error(err)
		}
	}
	if len(s.Sent()) != 3 || s.Fetched() != 1 || s.Sent()[0].To != "oAna" {
		t.Fatalf("%+v, %d tokens", s.Sent(), s.Fetched())
	}
	s.Forget()
	if err := send(channels.Content{Text: "again"}); err != nil || s.Fetched() != 2 {
		t.Error("a token that went bad is not replaced:", err, s.Fetched())
	}
	for code, check := range map[int]func(*channels.SendError) bool{
		-1:    func(e *channels.SendError) bool { return e.Retry },
		45015: func(e *channels.SendError) bool { return e.Code == channels.CodeWindowClosed && !e.Retry },
		45047: func(e *channels.SendError) bool { return !e.Retry && e.Problem == "" },
		40164: func(e *channels.SendError) bool { return e.Problem == problemAddress },
		48001: func(e *channels.SendError) bool { return e.Problem == problemRight },
		45009: func(e *channels.SendError) bool { return e.Retry && e.After == time.Hour },
	} {
		s.Refuse(code)
		e, ok := send(channels.Content{Text: "x"}).(*channels.SendError)
		if !ok || !check(e) {
			t.Errorf("%d: %+v", code, e)
		}
	}
	c[appSecret] = "wrong"
	if e, ok := send(channels.Content{Text: "x"}).(*channels.SendError); !ok || e.Problem != problemSecret {
		t.Errorf("a wrong secret: %+v", e)
	}
	if _, err := p.Send(t.Context(), c, to[:1], channels.Content{Text: "x"}, "dlv_2"); err == nil {
		t.Error("a message to nobody")
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte("<xml><FromUserName>o</FromUserName><CreateTime>1</CreateTime><MsgType>text</MsgType><Content>hi</Content><MsgId>1</MsgId></xml>"))
	f.Add([]byte("<!DOCTYPE x [<!ENTITY a 'b'>]><xml><MsgType>&a;</MsgType></xml>"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		for _, in := range New("", nil).Parse(raw) {
			if in.DedupKey == "" || in.Kind == "" || in.Kind == channels.KindMessage && len(in.Parties) == 0 {
				t.Errorf("%+v", in)
			}
		}
	})
}

func FuzzUnseal(f *testing.F) {
	key := strings.Repeat("a", 43)
	f.Add("<xml><Encrypt>" + base64.StdEncoding.EncodeToString(make([]byte, 64)) + "</Encrypt></xml>")
	f.Fuzz(func(_ *testing.T, raw string) {
		p := New("", nil)
		_, _ = p.Unseal(channels.Credentials{aesKey: key, appID: "wx"}, []byte(raw)) // must not panic
		_, _ = open(key, "", raw)
	})
}

func FuzzToken(f *testing.F) {
	f.Add([]byte(`{"access_token":"x","expires_in":7200}`), 200)
	f.Add([]byte(`{"errcode":40013}`), 200)
	f.Fuzz(func(t *testing.T, raw []byte, status int) {
		value, life, err := readToken(outbound.Response{Status: status, Body: raw})
		if err == nil && (value == "" || life <= 0) {
			t.Error(value, life)
		}
	})
}
