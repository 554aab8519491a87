package whatsapp

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
	"sotto.chat/channels/standin"
	"sotto.chat/internal/money"
	"sotto.chat/internal/outbound"
	"sotto.chat/internal/testkit"
)

// atStandin gives a platform that speaks with the stand-in, and credentials with the settings of India.
func atStandin(t *testing.T, more ...string) (*standin.Server, *Platform, channels.Credentials) {
	t.Helper()
	s := standin.New(standin.Config{AccessToken: "EAA", AppSecret: "secret", PhoneNumberID: "7", Silent: true, Log: testkit.Log(t)})
	api := httptest.NewServer(s.Handler())
	t.Cleanup(api.Close)
	hook := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	t.Cleanup(hook.Close)
	s.SetWebhook(hook.URL)
	c := channels.Credentials(withSettings(india, more...))
	c[accessToken], c[phoneID] = "EAA", "7"
	return s, New(api.URL, outbound.New(outbound.Config{})), c
}

// send sends content piece by piece, and gives the first failure.
func send(t *testing.T, p *Platform, c channels.Credentials, to []channels.Party, content channels.Content) error {
	t.Helper()
	for _, piece := range p.Split(c, content) {
		if _, err := p.Send(t.Context(), c, to, piece, "dlv_1"); err != nil {
			return err
		}
	}
	return nil
}

// What this package writes, the stand-in takes, which is written from Meta's documentation alone.
func TestTheStandInTakesEveryRequestForMoney(t *testing.T) {
	for name, methods := range map[string][]string{brazil: {byPix, byLink, "pix,payment_link"}, india: {"razorpay", "payu", "billdesk", "zaakpay", byUPI, byUPILink, byLink}} {
		for _, m := range methods {
			for _, catalog := range []string{"", "77"} {
				s, p, _ := atStandin(t)
				c := channels.Credentials(withSettings(name, payMethods, m, catalogID, catalog))
				c[accessToken], c[phoneID] = "EAA", "7"
				reg, _ := regionOf(name)
				to := []channels.Party{{Kind: "phone", Value: reg.prefix + "1987654321"}}
				if err := send(t, p, c, to, asking(request(reg.currency))); err != nil || len(s.Bills("")) != 1 {
					t.Errorf("%s by %s: %v, %+v", name, m, err, s.Bills(""))
				}
				paid := &channels.PayRequest{Reference: request("").Reference, Status: "partially_shipped", Was: "pending", Paid: true, PaidAt: time.Now()}
				if err := send(t, p, c, to, channels.Content{Text: "A part is on its way.", Pay: paid}); err != nil {
					t.Errorf("%s by %s: %v", name, m, err)
				}
				if b := s.Bills(""); b[0].Order != "partially_shipped" || b[0].Captured != (name == brazil) {
					t.Errorf("%s by %s: %+v", name, m, b)
				}
			}
		}
	}
}

func TestAPaymentIsLookedUpAndSentBack(t *testing.T) {
	s, p, c := atStandin(t)
	r := request("INR")
	if err := send(t, p, c, indian_, asking(r)); err != nil {
		t.Fatal(err)
	}
	look := func() *Standing {
		t.Helper()
		st, err := p.Look(t.Context(), c, r.Reference)
		if err != nil {
			t.Fatal(err)
		}
		return st
	}
	if st := look(); st != nil {
		t.Fatalf("nobody has begun to pay: %+v", st)
	}
	for _, step := range []struct{ outcome, want string }{{"pending", channels.MoneyPending}, {"failed", channels.MoneyFailed}, {"captured", channels.MoneyPaid}} {
		if err := s.Pay(t.Context(), r.Reference, step.outcome, false); err != nil {
			t.Fatal(err)
		}
		if st := look(); st == nil || st.Word.Status != step.want || st.Word.Amount != money.Of(20800, "INR") || st.Word.Coin == "" || len(st.Refunds) != 0 {
			t.Fatalf("%s: %+v", step.outcome, st)
		}
	}
	back, err := p.Return(t.Context(), c, r.Reference, money.Of(800, "INR"))
	if err != nil || back.ID == "" || back.Status != ReturnPending {
		t.Fatalf("%+v, %v", back, err)
	}
	if st := look(); len(st.Refunds) != 1 || st.Refunds[0] != (Returned{back.ID, ReturnDone, money.Of(800, "INR")}) {
		t.Fatalf("%+v", st)
	}
	s.Break(standin.Fault{Lost: true})
	var e *channels.SendError
	if _, err := p.Return(t.Context(), c, r.Reference, money.Of(20000, "INR")); !errors.As(err, &e) || !e.Unsure {
		t.Fatalf("an answer that never came: %v", err)
	}
	if st := look(); len(st.Refunds) != 2 {
		t.Fatalf("%+v", st)
	}
	if _, err := p.Return(t.Context(), c, r.Reference, money.Of(1, "INR")); !errors.As(err, &e) || e.Unsure || e.Retry {
		t.Fatalf("more than there was: %v", err)
	}
	if st, err := p.Look(t.Context(), c, "UNHEARDOF0"); st != nil || err != nil {
		t.Errorf("%+v, %v", st, err)
	}
	c[payConfiguration] = ""
	if st, err := p.Look(t.Context(), c, r.Reference); st != nil || err != nil {
		t.Errorf("a payment that Meta has no part in: %+v, %v", st, err)
	}
}

// What Meta's documentation gives as an answer is read, with its placeholders filled.
func TestTheLookUpOfMetasExample(t *testing.T) {
	raw, err := os.ReadFile(testkit.Shared(t, "fixtures", "whatsapp", "meta-docs-examples", "kapso-mirror-2025-12", "payments__payments-in__pg__08.json"))
	if err != nil {
		t.Fatal(err)
	}
	text := strings.NewReplacer("reference-id-value", "REF1", "status-of-payment", "captured", "success/failed", "success", "[PG-ORDER-ID]", "order_1",
		"[REFUND-ID]", "rfnd_1").Replace(string(raw))
	api := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/v23.0/7/payments/prod/REF1" || r.Method != http.MethodGet || r.Header.Get("Authorization") != "Bearer EAA" {
			t.Errorf("%s %s", r.Method, r.URL)
		}
		_, _ = w.Write([]byte(text)) // who asked may have gone
	}))
	defer api.Close()
	c := channels.Credentials(withSettings(india))
	c[accessToken], c[phoneID] = "EAA", "7"
	st, err := New(api.URL, outbound.New(outbound.Config{})).Look(t.Context(), c, "REF1")
	if err != nil || st == nil || st.Word.Status != channels.MoneyPaid || st.Word.Coin != "order_1" || st.Word.Amount != money.Of(21000, "INR") ||
		len(st.Refunds) != 1 || st.Refunds[0] != (Returned{"rfnd_1", ReturnDone, money.Of(100, "INR")}) {
		t.Errorf("%+v, %v", st, err)
	}
}

func TestARefundHasTheShapeOfMetasExample(t *testing.T) {
	example := metaExample(t, "payments__payments-in__pg__11")
	api := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var got map[string]any
		if err := json.NewDecoder(r.Body).Decode(&got); err != nil || r.URL.Path != "/v23.0/7/payments_refund" {
			t.Errorf("%s: %v", r.URL, err)
		}
		same(t, "refund", example, got)
		_, _ = w.Write([]byte(`{"id":"refund-id","status":"pending","speed_processed":"normal"}`)) // who asked may have gone
	}))
	defer api.Close()
	c := channels.Credentials(withSettings(india))
	c[accessToken], c[phoneID] = "EAA", "7"
	back, err := New(api.URL, outbound.New(outbound.Config{})).Return(t.Context(), c, "REF1", money.Of(100, "INR"))
	if err != nil || back.ID != "refund-id" || back.Status != ReturnPending {
		t.Errorf("%+v, %v", back, err)
	}
}
