// Package standin is an Official Account of WeChat for tests and the demo: it takes what the shop sends, and says what a follower says.
//
// It is written from WeChat's documentation and shares no code with the shop.
package standin

import (
	"bytes"
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"crypto/sha1" //nolint:gosec // WeChat signs so
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"sort"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Config is the one account that the stand-in knows.
type Config struct {
	AppID, AppSecret string
	// Token signs calls of the shop; AESKey seals them where it is there.
	Token, AESKey string
	Now           func() time.Time
}

// Sent is one message that the shop sent, as it came.
type Sent struct {
	To, Kind string
	Body     map[string]any
	Raw      []byte
}

// Server is the stand-in.
type Server struct {
	cfg    Config
	client *http.Client

	mu      sync.Mutex
	webhook string
	tokens  map[string]bool
	fetched int
	sent    []Sent
	refuse  []int
	lines   []shown
	next    int64
	files   map[string][]byte
}

// New makes a stand-in; SetWebhook tells it where the shop listens.
func New(cfg Config) *Server {
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	return &Server{cfg: cfg, client: &http.Client{Timeout: 5 * time.Second}, tokens: map[string]bool{},
		files: map[string][]byte{}}
}

// SetWebhook says where the shop listens, and with which token it knows us.
func (s *Server) SetWebhook(address, token string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.webhook, s.cfg.Token = address, token
}

// Refuse answers the next sends with these error codes.
func (s *Server) Refuse(codes ...int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.refuse = append(s.refuse, codes...)
}

// Forget makes every access token bad, as when somebody asks for a new one.
func (s *Server) Forget() {
	s.mu.Lock()
	defer s.mu.Unlock()
	clear(s.tokens)
}

// Sent lists what was sent, oldest first.
func (s *Server) Sent() []Sent {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]Sent(nil), s.sent...)
}

// Fetched tells how often a token was asked for.
func (s *Server) Fetched() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.fetched
}

// Handler is the API.
func (s *Server) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /cgi-bin/stable_token", s.token)
	mux.HandleFunc("POST /cgi-bin/message/custom/send", s.send)
	mux.HandleFunc("GET /cgi-bin/media/get", s.file)
	s.pages(mux)
	return mux
}

// File keeps a file as one that somebody has sent, under the id that the message names.
func (s *Server) File(id string, body []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.files[id] = body
}

func (s *Server) file(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	s.mu.Lock()
	defer s.mu.Unlock()
	body, ok := s.files[q.Get("media_id")]
	switch {
	case !s.tokens[q.Get("access_token")]:
		answer(w, refusal(40001, "invalid credential"))
	case !ok:
		answer(w, refusal(40007, "invalid media_id"))
	default:
		_, _ = w.Write(body) // who asked may have left
	}
}

func answer(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json; encoding=utf-8")
	_ = json.NewEncoder(w).Encode(v) // who asked may have left
}

func refusal(code int, says string) map[string]any {
	return map[string]any{"errcode": code, "errmsg": says}
}

func (s *Server) token(w http.ResponseWriter, r *http.Request) {
	var q struct {
		Grant  string `json:"grant_type"`
		AppID  string `json:"appid"`
		Secret string `json:"secret"`
	}
	err := json.NewDecoder(io.LimitReader(r.Body, 1<<16)).Decode(&q)
	switch {
	case err != nil || q.Grant != "client_credential":
		answer(w, refusal(40002, "invalid grant_type"))
	case q.AppID != s.cfg.AppID:
		answer(w, refusal(40013, "invalid appid"))
	case q.Secret != s.cfg.AppSecret:
		answer(w, refusal(40125, "invalid appsecret"))
	default:
		s.mu.Lock()
		s.fetched++
		value := ""
		for value = range s.tokens {
		}
		if value == "" {
			value = hexText(32)
			s.tokens[value] = true
		}
		s.mu.Unlock()
		answer(w, map[string]any{"access_token": value, "expires_in": 7200})
	}
}

// send takes a message and holds it to WeChat's rules.
func (s *Server) send(w http.ResponseWriter, r *http.Request) {
	raw, err := io.ReadAll(io.LimitReader(r.Body, 1<<20))
	var body map[string]any
	if err != nil || json.Unmarshal(raw, &body) != nil {
		answer(w, refusal(47001, "data format error"))
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.tokens[r.URL.Query().Get("access_token")] {
		answer(w, refusal(40001, "invalid credential"))
		return
	}
	if len(s.refuse) > 0 {
		code := s.refuse[0]
		s.refuse = s.refuse[1:]
		answer(w, refusal(code, "as ordered"))
		return
	}
	to, _ := body["touser"].(string)
	kind, _ := body["msgtype"].(string)
	what, _ := body[kind].(map[string]any)
	if code, says := lawful(to, kind, what); code != 0 {
		answer(w, refusal(code, says))
		return
	}
	if bytes.Contains(raw, []byte(`\u`)) {
		answer(w, refusal(47001, "characters are escaped"))
		return
	}
	s.sent = append(s.sent, Sent{to, kind, body, raw})
	if to == follower {
		s.lines = append(s.lines, shownOf(kind, what))
	}
	answer(w, refusal(0, "ok"))
}

func lawful(to, kind string, what map[string]any) (int, string) {
	switch {
	case to == "":
		return 40003, "invalid openid"
	case what == nil:
		return 40008, "invalid message type"
	}
	switch kind {
	case "text":
		if text, _ := what["content"].(string); text == "" || len(text) > 2048 {
			return 45002, "content size out of limit"
		}
	case "news":
		list, _ := what["articles"].([]any)
		if len(list) != 1 {
			return 45008, "one article"
		}
	case "msgmenu":
		list, _ := what["list"].([]any)
		if len(list) == 0 {
			return 40008, "a menu without choices"
		}
	default:
		return 40008, "invalid message type"
	}
	return 0, ""
}

func hexText(n int) string {
	b := make([]byte, n)
	_, _ = rand.Read(b) // crypto/rand never fails
	return hex.EncodeToString(b)
}

func signature(parts ...string) string {
	sort.Strings(parts)
	sum := sha1.Sum([]byte(strings.Join(parts, ""))) //nolint:gosec // WeChat signs so
	return hex.EncodeToString(sum[:])
}

// query signs an address as WeChat does.
func (s *Server) query(sealed string) url.Values {
	at, once := strconv.FormatInt(s.cfg.Now().Unix(), 10), hexText(5)
	q := url.Values{"timestamp": {at}, "nonce": {once}, "signature": {signature(s.cfg.Token, at, once)}}
	if sealed != "" {
		q.Set("encrypt_type", "aes")
		q.Set("msg_signature", signature(s.cfg.Token, at, once, sealed))
	}
	return q
}

// Check asks the shop whether the address is its own, as WeChat does once.
func (s *Server) Check(ctx context.Context) (string, error) {
	q := s.query("")
	q.Set("echostr", "5837397520665436492")
	return s.ask(ctx, http.MethodGet, q, nil)
}

// Say has a follower say something; kind is text, event or another MsgType, more the other elements.
func (s *Server) Say(ctx context.Context, openid, kind string, more map[string]string) (body string, err error) {
	s.mu.Lock()
	s.next++
	number := 24000000000000000 + s.next
	s.mu.Unlock()
	var b strings.Builder
	_, _ = fmt.Fprintf(&b, "<xml><ToUserName><![CDATA[gh_standin]]></ToUserName><FromUserName><![CDATA[%s]]></FromUserName><CreateTime>%d</CreateTime><MsgType><![CDATA[%s]]></MsgType>",
		openid, s.cfg.Now().Unix(), kind) // a builder takes all
	for name, value := range more {
		_, _ = fmt.Fprintf(&b, "<%s><![CDATA[%s]]></%s>", name, value, name)
	}
	if kind != "event" {
		_, _ = fmt.Fprintf(&b, "<MsgId>%d</MsgId>", number)
	}
	b.WriteString("</xml>")
	return b.String(), s.Tell(ctx, b.String())
}

// Tell sends a message as it is, sealed where the account is in AES mode.
func (s *Server) Tell(ctx context.Context, message string) error {
	raw, q := []byte(message), s.query("")
	if s.cfg.AESKey != "" {
		sealed, err := s.seal(message)
		if err != nil {
			return err
		}
		raw, q = []byte("<xml><ToUserName><![CDATA[gh_standin]]></ToUserName><Encrypt><![CDATA["+sealed+"]]></Encrypt></xml>"), s.query(sealed)
	}
	got, err := s.ask(ctx, http.MethodPost, q, raw)
	if err == nil && got != "" && got != "success" {
		err = fmt.Errorf("the follower reads that the service is out of order: %q", got)
	}
	return err
}

func (s *Server) ask(ctx context.Context, method string, q url.Values, raw []byte) (string, error) {
	s.mu.Lock()
	address := s.webhook
	s.mu.Unlock()
	r, err := http.NewRequestWithContext(ctx, method, address+"?"+q.Encode(), bytes.NewReader(raw))
	if err != nil {
		return "", err
	}
	r.Header.Set("Content-Type", "text/xml")
	resp, err := s.client.Do(r)
	if err != nil {
		return "", err
	}
	defer func() { _ = resp.Body.Close() }()
	got, err := io.ReadAll(resp.Body)
	if err == nil && resp.StatusCode != http.StatusOK {
		err = fmt.Errorf("status %d", resp.StatusCode)
	}
	return string(got), err
}

// seal closes a message in AES mode.
func (s *Server) seal(message string) (string, error) {
	key, err := base64.StdEncoding.DecodeString(s.cfg.AESKey + "=")
	if err != nil {
		return "", err
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return "", err
	}
	text := []byte(hexText(8))
	text = binary.BigEndian.AppendUint32(text, uint32(len(message)))
	text = append(append(text, message...), s.cfg.AppID...)
	pad := 32 - len(text)%32
	text = append(text, bytes.Repeat([]byte{byte(pad)}, pad)...)
	cipher.NewCBCEncrypter(block, key[:16]).CryptBlocks(text, text)
	return base64.StdEncoding.EncodeToString(text), nil
}
