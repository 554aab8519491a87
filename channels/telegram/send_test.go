package telegram_test

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"sotto.chat/channels"
	"sotto.chat/channels/telegram"
	"sotto.chat/channels/telegram/standin"
	"sotto.chat/internal/outbound"
	"sotto.chat/internal/testkit"
)

var (
	credentials = channels.Credentials{"bot_token": "1:secret-token", "provider_token": "provider", "verify_token": "made"}
	ana         = []channels.Party{{Kind: "telegram", Value: "9007199254740993"}}
)

func open(t *testing.T) (*telegram.Platform, *standin.Server) {
	t.Helper()
	s := standin.New(standin.Config{BotToken: "1:secret-token", ProviderToken: "provider", Log: testkit.Log(t)})
	api := httptest.NewServer(s.Handler())
	t.Cleanup(api.Close)
	return telegram.New(api.URL+"/", outbound.New(outbound.Config{Timeout: 5 * time.Second})), s
}

func TestMessagesArriveWhole(t *testing.T) {
	p, s := open(t)
	for _, piece := range []channels.Content{
		{Text: "hello", Buttons: []channels.Button{{Label: "Yes", Tap: "yes:1"}}, Links: []channels.Link{{Label: "Pay", URL: "https://shop.example/pay/x"}}},
		{Text: "a cup", Media: []channels.Media{{Kind: "image", URL: "https://shop.example/cup.jpg"}}},
		{Pay: &channels.PayRequest{Reference: "REF", Title: "N1", Currency: "EUR", Total: 500}},
	} {
		id, err := p.Send(t.Context(), credentials, ana, piece, "dlv_1")
		if err != nil || id == "" {
			t.Fatalf("%+v: %q, %v", piece, id, err)
		}
	}
	sent := s.Sent(9007199254740993)
	if len(sent) != 3 || sent[0].Method != "sendMessage" || sent[1].Method != "sendPhoto" || sent[2].Method != "sendInvoice" {
		t.Fatalf("sent %+v", sent)
	}
	if err := p.Connect(t.Context(), credentials, "https://shop.example/hooks/telegram/chn_1"); err != nil {
		t.Fatal(err)
	}
	if url, secret := s.Webhook(); url != "https://shop.example/hooks/telegram/chn_1" || secret != "made" {
		t.Errorf("the webhook is %q with %q", url, secret)
	}
	if err := p.Seen(t.Context(), credentials, "42"); err != nil {
		t.Error(err)
	}
}

func TestAPictureThatCannotBeFetchedLeavesItsWords(t *testing.T) {
	p, s := open(t)
	s.Break(standin.Fault{Status: 400, Description: "Bad Request: failed to get HTTP URL content"})
	if _, err := p.Send(t.Context(), credentials, ana, channels.Content{Text: "a cup", Media: []channels.Media{{Kind: "image", URL: "https://shop.example/cup.jpg"}}}, ""); err != nil {
		t.Fatal(err)
	}
	if sent := s.Sent(0); len(sent) != 1 || sent[0].Method != "sendMessage" || !strings.Contains(string(sent[0].Body), "a cup") {
		t.Errorf("sent %+v", sent)
	}
}

func TestRefusalsHaveTheirConsequences(t *testing.T) {
	p, s := open(t)
	for _, c := range []struct {
		fault         standin.Fault
		code          string
		retry, unsure bool
		after         time.Duration
		problem       bool
	}{
		{fault: standin.Fault{Status: 429, Description: "Too Many Requests: retry after 14", RetryAfter: 14}, code: "429", retry: true, after: 14 * time.Second},
		{fault: standin.Fault{Status: 403, Description: "Forbidden: bot was blocked by the user"}, code: "403_blocked"},
		{fault: standin.Fault{Status: 403, Description: "Forbidden: user is deactivated"}, code: "403_gone"},
		{fault: standin.Fault{Status: 400, Description: "Bad Request: chat not found"}, code: "400_gone"},
		{fault: standin.Fault{Status: 400, Description: "Bad Request: PAYMENT_PROVIDER_INVALID"}, code: "400_provider", problem: true},
		{fault: standin.Fault{Status: 401, Description: "Unauthorized"}, code: "401", problem: true},
		{fault: standin.Fault{Status: 404, Description: "Not Found"}, code: "404", problem: true},
		{fault: standin.Fault{Status: 500, Description: "Internal Server Error"}, code: "500", retry: true, after: time.Second},
		{fault: standin.Fault{Status: 502, Description: "Bad Gateway"}, code: "502", unsure: true},
		{fault: standin.Fault{Lost: true}, code: "no_answer", unsure: true},
	} {
		s.Break(c.fault)
		_, err := p.Send(t.Context(), credentials, ana, channels.Content{Text: "words of a customer"}, "")
		var e *channels.SendError
		if !errors.As(err, &e) {
			t.Fatalf("%+v: %v", c.fault, err)
		}
		if e.Code != c.code || e.Retry != c.retry || e.Unsure != c.unsure || e.After < c.after || (e.Problem != "") != c.problem {
			t.Errorf("%+v: %+v", c.fault, e)
		}
		if s := e.Error() + e.Problem; strings.Contains(s, "secret-token") || strings.Contains(s, "words of a customer") {
			t.Errorf("an error tells secrets: %s", s)
		}
	}
	_, err := telegram.New("http://127.0.0.1:1", outbound.New(outbound.Config{})).Send(t.Context(), credentials, ana, channels.Content{Text: "x"}, "")
	var e *channels.SendError
	if !errors.As(err, &e) || !e.Retry || e.Unsure || strings.Contains(err.Error(), "secret-token") {
		t.Errorf("nobody listens: %v", err)
	}
	if _, err := p.Send(t.Context(), credentials, []channels.Party{{Kind: "phone", Value: "1"}}, channels.Content{Text: "x"}, ""); err == nil {
		t.Error("somebody without an id was written to")
	}
}

// The recorded refusals are understood.
func TestRecordedRefusals(t *testing.T) {
	for name, want := range map[string]string{"too_many_requests": "429", "user_deactivated": "403_gone", "too_long": "400_long", "wrong_file_id": "400"} {
		raw, err := os.ReadFile(testkit.Shared(t, "fixtures", "telegram", "nutgram", "Responses", name+".json"))
		if err != nil {
			t.Fatal(err)
		}
		var a struct {
			Code int `json:"error_code"`
		}
		if err := json.Unmarshal(raw, &a); err != nil {
			t.Fatal(err)
		}
		api := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(a.Code); _, _ = w.Write(raw) }))
		_, err = telegram.New(api.URL, outbound.New(outbound.Config{})).Send(t.Context(), credentials, ana, channels.Content{Text: "x"}, "")
		var e *channels.SendError
		if !errors.As(err, &e) || e.Code != want || name == "too_many_requests" && e.After != 14*time.Second {
			t.Errorf("%s: %v", name, err)
		}
		api.Close()
	}
}

// Stars that came are found by our reference, go back once, and are listed as they moved.
func TestStarsAreFoundAndGoBackOnce(t *testing.T) {
	p, s := open(t)
	shop := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var u struct {
			Query *struct {
				ID string `json:"id"`
			} `json:"pre_checkout_query"`
		}
		if json.NewDecoder(r.Body).Decode(&u) == nil && u.Query != nil {
			_ = json.NewEncoder(w).Encode(map[string]any{"method": "answerPreCheckoutQuery", "pre_checkout_query_id": u.Query.ID, "ok": true})
		}
	}))
	t.Cleanup(shop.Close)
	s.SetWebhook(shop.URL, "made")
	charges := map[string]string{}
	for i := range 230 { // more than two pages
		reference := "REF" + string(rune('A'+i/26)) + string(rune('A'+i%26))
		id, err := p.Send(t.Context(), credentials, []channels.Party{{Kind: "telegram", Value: "42"}}, channels.Content{Pay: &channels.PayRequest{Reference: reference, Title: "N",
			Currency: telegram.Stars, Total: int64(i + 1)}}, "")
		if err != nil {
			t.Fatal(err)
		}
		var n int64
		if err := json.Unmarshal([]byte(id), &n); err != nil {
			t.Fatal(err)
		}
		got, err := s.Pay(t.Context(), standin.Customer{ID: 42}, n)
		if err != nil || !got.Paid {
			t.Fatalf("%+v, %v", got, err)
		}
		charges[reference] = got.Charge
	}
	book := telegram.NewStarBook(p)
	for reference, charge := range charges {
		paid, ok, err := book.Paid(t.Context(), credentials, "chn", reference)
		if err != nil || !ok || paid.Charge != charge {
			t.Fatalf("%s: %+v %v %v", reference, paid, ok, err)
		}
	}
	if _, ok, err := book.Paid(t.Context(), credentials, "chn", "NOBODY"); ok || err != nil {
		t.Errorf("what nobody paid is found: %v", err)
	}
	last := charges["REFIV"]
	for range 2 {
		if err := p.RefundStars(t.Context(), credentials, last); err != nil {
			t.Fatal(err)
		}
	}
	if err := p.RefundStars(t.Context(), credentials, "tch_nobody"); !errors.Is(err, telegram.ErrNoCharge) {
		t.Errorf("what nobody paid went back: %v", err)
	}
	all, err := p.AllTransactions(t.Context(), credentials, time.Now().Add(-time.Hour))
	if err != nil || len(all) != 231 || all[230].In || all[230].Charge != last || all[0].Stars != 1 || all[0].Reference() != "REFAA" || all[0].User != 42 {
		t.Errorf("%d movements, %v, the last %+v", len(all), err, all[len(all)-1])
	}
}
