package main

import (
	"bytes"
	"encoding/json"
	"image"
	"image/jpeg"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"sotto.chat/channels/standin"
	botapi "sotto.chat/channels/telegram/standin"
	"sotto.chat/internal/testkit"
)

// sensesOf is an endpoint in OpenAI's format on the loopback: what a note says is what stands behind its first bytes.
func sensesOf(t *testing.T) *httptest.Server {
	t.Helper()
	answer := func(w http.ResponseWriter, v any) {
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(v)
	}
	m := http.NewServeMux()
	m.HandleFunc("POST /v1/audio/transcriptions", func(w http.ResponseWriter, r *http.Request) {
		f, _, err := r.FormFile("file")
		if err != nil || r.Header.Get("Authorization") != "Bearer test-api-key" || r.FormValue("model") != "ears" {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		raw, _ := io.ReadAll(f)
		answer(w, map[string]any{"text": string(bytes.TrimPrefix(raw, []byte("OggS")))})
	})
	m.HandleFunc("POST /v1/chat/completions", func(w http.ResponseWriter, r *http.Request) {
		answer(w, map[string]any{"choices": []any{map[string]any{"finish_reason": "stop", "message": map[string]any{"role": "assistant", "content": `{"skus":["VASE","TEA"],"words":""}`}}}})
	})
	s := httptest.NewServer(m)
	t.Cleanup(s.Close)
	return s
}

// A customer speaks an order in WhatsApp, and shows a photo in Telegram. The yes that was only heard orders nothing.
func TestVoiceNotesAndPhotos(t *testing.T) {
	t.Parallel()
	engines(t, func(t *testing.T, engine string) {
		wa := standin.New(standin.Config{AccessToken: "EAAsystem", AppSecret: "system", PhoneNumberID: "100200300", Log: testkit.Log(t)})
		tg := botapi.New(botapi.Config{BotToken: testBotToken, Log: testkit.Log(t)})
		atWA, atTG := httptest.NewServer(wa.Handler()), httptest.NewServer(tg.Handler())
		t.Cleanup(atWA.Close)
		t.Cleanup(atTG.Close)
		s := startServe(t, engine, "SOTTO_WHATSAPP_API_URL="+atWA.URL, "SOTTO_TELEGRAM_API_URL="+atTG.URL, "SOTTO_LLM_SENSES_URL="+sensesOf(t).URL+"/v1",
			"SOTTO_LLM_SENSES_KEY=test-api-key", "SOTTO_LLM_VOICE_MODEL=ears", "SOTTO_LLM_PHOTO_MODEL=eyes")
		s.do(t, http.MethodPatch, "/v1/settings", map[string]any{"llm": true, "pickup": true}, nil)
		var made struct {
			WebhookURL string `json:"webhook_url"`
		}
		s.do(t, http.MethodPost, "/v1/channels", map[string]any{"platform": "whatsapp", "name": "WhatsApp", "credentials": map[string]string{"app_secret": "system",
			"access_token": "EAAsystem", "phone_number_id": "100200300", "waba_id": "1"}}, &made)
		wa.SetWebhook(made.WebhookURL)
		s.do(t, http.MethodPost, "/v1/channels", map[string]any{"platform": "telegram", "name": "Bot", "credentials": map[string]string{"bot_token": testBotToken}}, &made)
		waits(t, "the bot is told where the shop is", func() bool { url, _ := tg.Webhook(); return url == made.WebhookURL })

		for model, want := range map[string]string{"ears": "wrong  SOTTO_LLM_SENSES_URL", "": "the bot says that it cannot hear"} { // no address, no key
			out, _, _ := run(t, append(s.env, "SOTTO_LLM_SENSES_URL=", "SOTTO_LLM_SENSES_KEY=", "SOTTO_LLM_VOICE_MODEL="+model, "SOTTO_LLM_PHOTO_MODEL="), "", "doctor")
			if !strings.Contains(out, want) {
				t.Errorf("%q: %s", model, out)
			}
		}
		t.Run("a spoken order", func(t *testing.T) { speaksAnOrder(t, s, wa) })
		t.Run("a photo", func(t *testing.T) { showsAPhoto(t, tg) })
	})
}

func speaksAnOrder(t *testing.T, s *served, wa *standin.Server) {
	ana := standin.Customer{Phone: "15551230000", Name: "Ana"}
	w := waShop{s, wa}
	speak := func(words, answer string) {
		t.Helper()
		n := len(w.heard(ana, answer))
		id := wa.Media("audio/ogg; codecs=opus", []byte("OggS"+words))
		if _, err := wa.Message(t.Context(), ana, map[string]any{"type": "audio", "audio": map[string]any{"id": id, "mime_type": "audio/ogg; codecs=opus", "voice": true}}, "a voice note"); err != nil {
			t.Fatal(err)
		}
		waits(t, "the bot answers what was said: "+words, func() bool { return len(w.heard(ana, answer)) > n })
	}
	speak("two green teas please", "I heard: “two green teas please”")
	if len(w.heard(ana, "Added")) != 1 {
		t.Fatal("nothing was added")
	}
	speak("checkout", "Shall I place")
	speak("yes", "I only heard your yes")
	if list := every[bought](t, s.shop, "/v1/orders"); len(list) != 0 {
		t.Fatalf("a heard yes placed %+v", list)
	}
	var asked struct {
		Interactive struct {
			Action struct {
				Buttons []struct {
					Reply struct {
						ID string `json:"id"`
					} `json:"reply"`
				} `json:"buttons"`
			} `json:"action"`
		} `json:"interactive"`
	}
	list := w.heard(ana, "I only heard your yes")
	if err := json.Unmarshal([]byte(list[len(list)-1]), &asked); err != nil || len(asked.Interactive.Action.Buttons) == 0 {
		t.Fatalf("the yes has no button: %v in %s", err, list[len(list)-1])
	}
	if _, err := wa.Tap(t.Context(), ana, asked.Interactive.Action.Buttons[0].Reply.ID, "Yes"); err != nil {
		t.Fatal(err)
	}
	waits(t, "the order", func() bool { return len(w.heard(ana, "is placed")) == 1 })
	if list := every[bought](t, s.shop, "/v1/orders"); len(list) != 1 || list[0].Total.Amount < 500 {
		t.Fatalf("%+v", list)
	}
	// what is no sound is not heard
	id := wa.Media("audio/ogg", []byte("MZ two vases"))
	if _, err := wa.Message(t.Context(), ana, map[string]any{"type": "audio", "audio": map[string]any{"id": id, "mime_type": "audio/ogg"}}, "a forgery"); err != nil {
		t.Fatal(err)
	}
	waits(t, "the honest answer", func() bool { return len(w.heard(ana, "I cannot hear voice notes")) == 1 })
}

func showsAPhoto(t *testing.T, tg *botapi.Server) {
	ben := botapi.Customer{ID: 77001, Name: "Ben"}
	var photo bytes.Buffer
	if err := jpeg.Encode(&photo, image.NewGray(image.Rect(0, 0, 90, 60)), nil); err != nil {
		t.Fatal(err)
	}
	if _, err := tg.Message(t.Context(), ben, map[string]any{"photo": []map[string]any{{"file_id": "small"}, {"file_id": tg.File(photo.Bytes())}}}); err != nil {
		t.Fatal(err)
	}
	var asked string
	waits(t, "the question", func() bool {
		for _, m := range tg.Sent(ben.ID) {
			if strings.Contains(string(m.Body), "Is it one of these?") {
				asked = string(m.Body)
			}
		}
		return asked != ""
	})
	if !strings.Contains(asked, "add:VASE") || !strings.Contains(asked, "add:TEA") || strings.Contains(asked, "add:CAKE") {
		t.Fatal(asked)
	}
	if err := tg.Tap(t.Context(), ben, "add:VASE"); err != nil {
		t.Fatal(err)
	}
	waits(t, "the vase is in the cart", func() bool {
		for _, m := range tg.Sent(ben.ID) {
			if strings.Contains(string(m.Body), "Added") && strings.Contains(string(m.Body), "vase") {
				return true
			}
		}
		return false
	})
}
