package payments

import (
	"encoding/json"
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stripe/stripe-go/v76"
	"github.com/stripe/stripe-go/v76/webhook"

	"sotto.chat/internal/money"
	"sotto.chat/internal/testkit"
)

func TestSessionEnd(t *testing.T) {
	now := time.Date(2026, 3, 1, 12, 0, 0, 500, time.UTC)
	for _, c := range []struct{ link, want time.Duration }{
		{time.Minute, 31 * time.Minute}, {30 * time.Minute, 31 * time.Minute}, {2 * time.Hour, 2*time.Hour + time.Second},
		{24 * time.Hour, 24*time.Hour - time.Minute}, {48 * time.Hour, 24*time.Hour - time.Minute},
	} {
		got := sessionEnd(now, now.Add(c.link))
		if want := now.Add(c.want).Truncate(time.Second); !got.Equal(want) {
			t.Errorf("link of %s: %s, want %s", c.link, got, want)
		}
		if life := got.Sub(now); life < sessionShortest || life > sessionLongest {
			t.Errorf("link of %s: Stripe refuses a life of %s", c.link, life)
		}
	}
}

func TestLines(t *testing.T) {
	for name, c := range map[string]struct {
		amount money.Money
		items  []Item
		want   string
	}{
		"items":             {money.Of(700, "EUR"), []Item{{"A", 2, 300, 600}, {"B", 1, 100, 100}}, "A 2×300, B 1×100"},
		"a discount":        {money.Of(500, "EUR"), []Item{{"A", 2, 300, 600}, {"Discount", 1, -100, -100}}, "A, Discount 1×500"},
		"no sum":            {money.Of(500, "EUR"), []Item{{"A", 2, 300, 600}}, "A 1×500"},
		"nothing":           {money.Of(500, "EUR"), nil, "ord_1 1×500"},
		"no digits at all":  {money.Of(700, "JPY"), []Item{{"A", 1, 700, 700}}, "A 1×700"},
		"two at Stripe":     {money.Of(7, "ISK"), []Item{{"A", 1, 7, 7}}, "A 1×700"},
		"unit not sendable": {money.Of(1000, "KWD"), []Item{{"A", 8, 125, 1000}}, "A 1×1000"},
		"overflow":          {money.Of(5, "EUR"), []Item{{"A", 1 << 62, 1 << 62, 0}}, "A 1×5"},
	} {
		lines, err := sessionRequest{Order: "ord_1", Amount: c.amount, Items: c.items}.lines()
		if err != nil {
			t.Fatal(name, err)
		}
		var got []string
		for _, l := range lines {
			got = append(got, *l.PriceData.ProductData.Name+" "+json.Number(itoa(*l.Quantity)).String()+"×"+itoa(*l.PriceData.UnitAmount))
		}
		if s := strings.Join(got, ", "); s != c.want {
			t.Errorf("%s: %s, want %s", name, s, c.want)
		}
	}
	if s := cut(strings.Repeat("ü", 300), 250); len([]rune(s)) != 250 {
		t.Error(len([]rune(s)))
	}
	for language, want := range map[string]string{"pt-BR": "pt-BR", "de-AT": "de", "eo": "auto", "": "auto", "es-419": "es-419"} {
		if got := locale(language); got != want {
			t.Errorf("%q: %q", language, got)
		}
	}
}

func itoa(n int64) string { raw, _ := json.Marshal(n); return string(raw) }

// Adaptive pricing: the customer pays in another currency, what we asked for stands beside.
func TestReadSession(t *testing.T) {
	for name, c := range map[string]struct {
		session  string
		asked    money.Money
		received money.Money
		state    sessionState
		odd      bool
	}{
		"paid":      {`"amount_total":700,"currency":"eur","payment_status":"paid","payment_intent":{"id":"pi","amount_received":700,"currency":"eur","status":"succeeded"}`, money.Of(700, "EUR"), money.Of(700, "EUR"), sessionPaid, false},
		"converted": {`"amount_total":800,"currency":"usd","payment_status":"paid","currency_conversion":{"amount_total":700,"source_currency":"eur","fx_rate":"1.14"},"payment_intent":{"id":"pi","amount_received":800,"currency":"usd","status":"succeeded"}`, money.Of(700, "EUR"), money.Of(700, "EUR"), sessionPaid, false},
		"less came": {`"amount_total":700,"currency":"eur","payment_status":"paid","payment_intent":{"id":"pi","amount_received":600,"currency":"eur","status":"succeeded"}`, money.Of(700, "EUR"), money.Of(600, "EUR"), sessionPaid, false},
		"odd":       {`"amount_total":701,"currency":"isk","payment_status":"paid","payment_intent":{"id":"pi","amount_received":701,"currency":"isk","status":"succeeded"}`, money.Money{}, money.Money{}, sessionPaid, true},
		"voucher":   {`"amount_total":700,"currency":"brl","status":"complete","payment_status":"unpaid","payment_intent":{"id":"pi","status":"requires_action"}`, money.Of(700, "BRL"), money.Money{}, sessionProcessing, false},
		"failed":    {`"amount_total":700,"currency":"eur","status":"complete","payment_status":"unpaid","payment_intent":{"id":"pi","status":"requires_payment_method"}`, money.Of(700, "EUR"), money.Money{}, sessionFailed, false},
		"open":      {`"amount_total":700,"currency":"eur","status":"open","payment_status":"unpaid"`, money.Of(700, "EUR"), money.Money{}, sessionOpen, false},
		"expired":   {`"amount_total":700,"currency":"eur","status":"expired","payment_status":"unpaid"`, money.Of(700, "EUR"), money.Money{}, sessionExpired, false},
		"free":      {`"amount_total":0,"currency":"eur","status":"complete","payment_status":"no_payment_required"`, money.Of(0, "EUR"), money.Money{}, sessionPaid, false},
	} {
		var v stripe.CheckoutSession
		if err := json.Unmarshal([]byte(`{"id":"cs_1",`+c.session+`}`), &v); err != nil {
			t.Fatal(name, err)
		}
		r := readSession(&v)
		if r.Asked != c.asked || c.received != (money.Money{}) && r.Received != c.received || r.state() != c.state || r.Odd != c.odd {
			t.Errorf("%s: %+v, %s", name, r, r.state())
		}
	}
}

// Money that came is never refused: every status that has none leads to paid, and every one with money to a person.
func TestMoves(t *testing.T) {
	for from, list := range moves {
		if from != Paid && !from.May(Paid) {
			t.Errorf("%s cannot become paid", from)
		}
		if from != NeedsReview && !from.May(NeedsReview) {
			t.Errorf("%s cannot come before a person", from)
		}
		for _, to := range list {
			if !to.Known() || to == from {
				t.Errorf("%s → %s", from, to)
			}
		}
	}
	p := Payment{Status: Refunded}
	if err := p.move(Pending, ""); !errors.Is(err, ErrMove) || p.Status != Refunded {
		t.Error(err, p.Status)
	}
}

// FuzzVerify: whatever comes in, unsigned is refused, and signed is an event or a refusal.
func FuzzVerify(f *testing.F) {
	now := time.Unix(1800000000, 0)
	f.Add([]byte(`{"id":"evt_1","type":"charge.refunded","livemode":false,"data":{"object":{"id":"ch_1"}}}`), "t=1800000000,v1=00")
	f.Add([]byte(`{"id":5,"type":[],"data":null}`), "t=1,t=2,v1=zz,v0=")
	if raw, err := os.ReadFile(testkit.ModuleRoot(f) + "/payments/stripe.go"); err == nil {
		f.Add(raw, ",,=,t=,v1")
	}
	f.Fuzz(func(t *testing.T, raw []byte, header string) {
		if _, err := verify(raw, header, []string{"whsec_a", "whsec_b"}, now); err == nil {
			t.Fatal("an unsigned webhook was believed")
		}
		signed := webhook.GenerateTestSignedPayload(&webhook.UnsignedPayload{Payload: raw, Secret: "whsec_b", Timestamp: now}).Header
		e, err := verify(raw, signed, []string{"whsec_a", "whsec_b"}, now)
		switch {
		case err == nil && (e.ID == "" || e.Kind == "" || len(e.ID) > 255 || len(e.Object) > 255):
			t.Fatalf("%+v", e)
		case err != nil && !errors.Is(err, ErrBadEvent):
			t.Fatal(err)
		}
	})
}

// FuzzToken: a link that we did not make names no payment.
func FuzzToken(f *testing.F) {
	p := &Payments{cfg: Config{LinkKey: []byte("k")}}
	pay := Payment{MerchantID: "mer_0192f0c1000070008000000000000001", ID: "pay_0192f0c1000070008000000000000002", Amount: 1, Currency: "EUR"}
	f.Add(p.token(pay))
	f.Add("")
	f.Fuzz(func(t *testing.T, token string) {
		merchant, payment, mac, ok := p.ids(token)
		if ok && p.token(Payment{MerchantID: merchant, ID: payment}) == "" {
			t.Fatal("ids that are none", merchant, payment)
		}
		if ok && len(mac) != idBytes {
			t.Fatal(len(mac))
		}
	})
}
