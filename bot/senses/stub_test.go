package senses_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"os"
	"sync"
	"testing"
	"time"

	"sotto.chat/bot/llm"
	"sotto.chat/bot/senses"
	"sotto.chat/bot/transcript"
	"sotto.chat/catalog"
	"sotto.chat/channels"
	"sotto.chat/customers"
	"sotto.chat/inbox"
	"sotto.chat/internal/database"
	"sotto.chat/internal/testkit"
	"sotto.chat/merchants"
	"sotto.chat/orders"
)

// endpoint is a server on the loopback that hears and sees what a test says, and keeps what it was sent.
type endpoint struct {
	*httptest.Server
	mu     sync.Mutex
	heard  []form
	looked [][]byte
	status int
	text   string // of the next transcripts
	answer string // of the next looks: the content of the message
	finish string
	before func() // runs while a voice note is heard
}

// form is what a transcription was asked with.
type form struct {
	fields        map[string]string
	name, kind    string
	file          []byte
	authorization string
}

func open(t *testing.T) *endpoint {
	t.Helper()
	e := &endpoint{status: http.StatusOK, finish: "stop"}
	m := http.NewServeMux()
	m.HandleFunc("POST /v1/audio/transcriptions", e.transcribe)
	m.HandleFunc("POST /v1/chat/completions", e.look)
	e.Server = httptest.NewServer(m)
	t.Cleanup(e.Close)
	return e
}

func (e *endpoint) transcribe(w http.ResponseWriter, r *http.Request) {
	f := form{fields: map[string]string{}, authorization: r.Header.Get("Authorization")}
	reader, err := r.MultipartReader()
	for err == nil {
		var part *multipart.Part
		if part, err = reader.NextPart(); err != nil {
			break
		}
		raw, _ := io.ReadAll(part)
		if part.FormName() == "file" {
			f.file, f.name, f.kind = raw, part.FileName(), part.Header.Get("Content-Type")
			continue
		}
		f.fields[part.FormName()] = string(raw)
	}
	if !errors.Is(err, io.EOF) { // a form without its end is none
		give(w, http.StatusTeapot, nil)
		return
	}
	e.mu.Lock()
	e.heard = append(e.heard, f)
	status, text, before := e.status, e.text, e.before
	e.mu.Unlock()
	if before != nil {
		before()
	}
	give(w, status, map[string]any{"text": text, "usage": map[string]any{"type": "tokens", "input_tokens": 14, "output_tokens": 45, "total_tokens": 59}})
}

func (e *endpoint) look(w http.ResponseWriter, r *http.Request) {
	raw, _ := io.ReadAll(r.Body)
	e.mu.Lock()
	e.looked = append(e.looked, raw)
	status, answer, finish := e.status, e.answer, e.finish
	e.mu.Unlock()
	give(w, status, map[string]any{"id": "c", "object": "chat.completion", "created": 1, "model": "eyes", "choices": []any{map[string]any{"index": 0, "logprobs": nil,
		"finish_reason": finish, "message": map[string]any{"role": "assistant", "content": answer, "refusal": nil}}},
		"usage": map[string]any{"prompt_tokens": 100, "completion_tokens": 10, "total_tokens": 110}})
}

func give(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v)
}

// says sets what is heard from now on.
func (e *endpoint) says(text string) { e.mu.Lock(); defer e.mu.Unlock(); e.text = text }

// shows sets what is seen from now on.
func (e *endpoint) shows(answer string) { e.mu.Lock(); defer e.mu.Unlock(); e.answer = answer }

func (e *endpoint) fails(status int) { e.mu.Lock(); defer e.mu.Unlock(); e.status = status }

// asked tells how often somebody had to be paid.
func (e *endpoint) asked() int { e.mu.Lock(); defer e.mu.Unlock(); return len(e.heard) + len(e.looked) }

// shop is a stage whose bot hears and sees, and whose customers' files a test keeps.
type shop struct {
	*transcript.Stage
	t     *testing.T
	clock *testkit.Clock
	end   *endpoint
	files map[string][]byte
}

func stage(t *testing.T, db *database.DB, clock *testkit.Clock, change func(*senses.Config, *merchants.Settings)) *shop {
	t.Helper()
	s := &shop{t: t, clock: clock, end: open(t), files: map[string][]byte{}}
	settings := merchants.Settings{Pickup: true, LLM: true}
	cfg := senses.Config{URL: s.end.URL + "/v1", Key: "test-api-key", VoiceModel: "ears", PhotoModel: "eyes", Fetch: s.fetch, Timeout: 5 * time.Second, Log: testkit.Log(t),
		Limits: llm.Limits{ConversationCalls: 1 << 20, ConversationTokens: 1 << 40, MerchantCalls: 1 << 30, MerchantTokens: 1 << 40}}
	if change != nil {
		change(&cfg, &settings)
	}
	made, err := senses.New(cfg, db)
	s.must(err)
	s.Stage, err = transcript.Open(t.Context(), transcript.Props{DB: db, Advance: clock.Advance, Log: testkit.Log(t), Master: []byte("0123456789abcdef0123456789abcdef")},
		transcript.Shop{NewMerchant: merchants.NewMerchant{Name: "Tiny Shop", Currency: "USD", Country: "US", Language: "en", Settings: settings}, Goods: goods(t)})
	s.must(err)
	t.Cleanup(s.Close)
	s.Bot.Sense(made.Bot())
	s.says("hello")
	return s
}

func goods(t *testing.T) catalog.File {
	t.Helper()
	f, err := os.Open("../testdata/shop-en.json")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	file, problems, err := catalog.DecodeFile(f)
	if err != nil || len(problems) > 0 {
		t.Fatal(err, problems)
	}
	return file
}

func (s *shop) fetch(_ context.Context, _, _ string, m inbox.Media, most int64) ([]byte, error) {
	raw, ok := s.files[m.ExternalID]
	if !ok || int64(len(raw)) > most {
		return nil, errors.New("there is no such file")
	}
	return raw, nil
}

func (s *shop) must(err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
}

func (s *shop) says(text string) {
	s.t.Helper()
	s.must(s.Says(s.t.Context(), channels.Incoming{Text: text}))
}

func (s *shop) taps(tap string) {
	s.t.Helper()
	s.must(s.Says(s.t.Context(), channels.Incoming{Tap: tap}))
}

// sends has the customer send a file.
func (s *shop) sends(kind, mediaType string, raw []byte) {
	s.t.Helper()
	s.files["f"] = raw
	s.must(s.Says(s.t.Context(), channels.Incoming{Unsupported: kind, Media: []channels.Media{{Kind: kind, ExternalID: "f", MediaType: mediaType}}}))
}

// speaks has the customer send a voice note in which this is heard.
func (s *shop) speaks(text string) {
	s.t.Helper()
	s.end.says(text)
	s.sends("audio", "audio/ogg; codecs=opus", voice())
}

func (s *shop) last() inbox.Content {
	s.t.Helper()
	list, err := s.BotSaid(s.t.Context())
	s.must(err)
	return list[len(list)-1].Content
}

func (s *shop) answers() int {
	s.t.Helper()
	list, err := s.BotSaid(s.t.Context())
	s.must(err)
	return len(list)
}

// inCart gives how many of a product are in the cart.
func (s *shop) inCart(sku string) (n int64) {
	s.t.Helper()
	q, _, err := s.Cart(s.t.Context())
	s.must(err)
	for _, l := range q.Lines {
		if l.SKU == sku {
			n += l.Quantity
		}
	}
	return n
}

func (s *shop) orders() []orders.Order {
	s.t.Helper()
	list, err := s.AllOrders(s.t.Context())
	s.must(err)
	return list
}

// forbids has the customer take back that a model may be asked.
func (s *shop) forbids() {
	s.t.Helper()
	c, err := s.Inbox.Get(s.t.Context(), s.Merchant.ID, s.Conversation)
	s.must(err)
	s.must(s.DB.InTx(s.t.Context(), func(tx database.Tx) error {
		_, err := s.People.RecordConsent(tx, s.Merchant.ID, customers.Consent{CustomerID: c.CustomerID, Purpose: "llm", Source: "chat"})
		return err
	}))
}

// voice is as much of a voice note as anybody looks at.
func voice() []byte { return append([]byte("OggS\x00\x02"), bytes.Repeat([]byte{7}, 500)...) }

// photo is a picture with what a phone writes beside it: where it was taken.
func photo(t *testing.T, w, h int) []byte {
	t.Helper()
	img := image.NewRGBA(image.Rect(0, 0, w, h))
	for i := range img.Pix {
		img.Pix[i] = byte(i)
	}
	img.Set(0, 0, color.White)
	var b bytes.Buffer
	if err := jpeg.Encode(&b, img, nil); err != nil {
		t.Fatal(err)
	}
	place := "Exif\x00\x00GPS 52.5200 N 13.4050 E"
	n := len(place) + 2
	return append(append([]byte{0xff, 0xd8, 0xff, 0xe1, byte(n >> 8), byte(n)}, place...), b.Bytes()[2:]...)
}

func pngOf(t *testing.T, w, h int) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, image.NewGray(image.Rect(0, 0, w, h))); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}
