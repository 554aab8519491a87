package payments

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
	"testing"

	"sotto.chat/internal/database"
	"sotto.chat/internal/id"
	"sotto.chat/internal/money"
	"sotto.chat/internal/testkit"
)

// canary stands in every place where a person's words, name, address or card could be.
const canary = "Canary 4242 Lane"

// object is an event's object full of canaries around the facts.
func object(t testing.TB, facts map[string]any) []byte {
	person := map[string]any{"name": canary, "email": "canary@example.com", "phone": "+1 555 CANARY", "address": map[string]any{"line1": canary, "city": canary}}
	o := map[string]any{"customer_details": person, "customer_email": "canary@example.com", "billing_details": person, "shipping": person, "shipping_details": person,
		"receipt_email": "canary@example.com", "description": canary, "statement_descriptor": canary, "custom_fields": []any{canary}, "customer": "cus_CANARY",
		"payment_method_details": map[string]any{"card": map[string]any{"last4": "CANARY", "fingerprint": "CANARY"}}, "payment_method": "pm_CANARY",
		"last_payment_error": map[string]any{"message": canary}, "evidence": person, "failure_message": canary, "url": "https://example.com/CANARY",
		"client_secret": "CANARY", "receipt_url": "https://example.com/CANARY", "latest_charge": map[string]any{"billing_details": person},
		"metadata": map[string]any{"note": canary, "merchant": canary, "payment": "pay_CANARY", "attempt": canary, "refund": canary}, "client_reference_id": canary}
	for k, v := range facts {
		o[k] = v
	}
	raw, err := json.Marshal(o)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// Nothing of a person is kept of an event, neither from the places where it belongs nor from the places of facts.
func TestNothingPersonalIsKept(t *testing.T) {
	wrong := map[string]any{}
	for _, name := range []string{"id", "status", "payment_status", "reason", "currency", "amount", "amount_total", "amount_received", "amount_captured", "amount_refunded",
		"refunded", "disputed", "charge", "created", "currency_conversion"} {
		wrong[name] = canary
	}
	wrong["payment_intent"] = map[string]any{"id": "pi_1", "receipt_email": "canary@example.com", "description": canary}
	wrong["currency_conversion"] = map[string]any{"source_currency": canary, "fx_rate": canary}
	right := map[string]any{"id": "cs_test_1", "status": "complete", "payment_status": "paid", "amount_total": 1250, "amount": 1250, "amount_captured": 1250,
		"amount_received": 1250, "amount_refunded": 250, "refunded": false, "disputed": true, "currency": "usd", "payment_intent": "pi_1", "charge": map[string]any{"id": "ch_1"},
		"reason": "fraudulent", "created": 1700000000}
	seen := regexp.MustCompile(`(?i)canary|4242|example`)
	kinds := append([]string{"customer.created", "charge.succeeded"}, handledKinds...)
	testkit.Both(t, func(t *testing.T, db *database.DB, _ *testkit.Clock) {
		n := 0
		for _, kind := range kinds {
			for _, facts := range []map[string]any{wrong, right} {
				n++
				e, err := readEnvelope(fmt.Appendf(nil, `{"id":"evt_%d","type":%q,"data":{"object":%s}}`, n, kind, object(t, facts)))
				if err != nil && facts["id"] != canary {
					t.Fatal(kind, err)
				}
				if err := db.InTx(t.Context(), func(tx database.Tx) error {
					_, err := insertEvent(tx, &event{ID: fmt.Sprint(n), Kind: kind, IntentID: e.Facts.intent(kind), Facts: e.Facts, ReceivedAt: tx.Now})
					return err
				}); err != nil {
					t.Fatal(err)
				}
			}
		}
		var rows []map[string]any
		if err := db.Read(t.Context()).Raw("select * from payment_events").Scan(&rows).Error; err != nil || len(rows) != n {
			t.Fatal(len(rows), err)
		}
		for _, row := range rows {
			delete(row, "received_at") // our own clock, whose digits may be any
			if text := fmt.Sprint(row); seen.MatchString(text) {
				t.Errorf("kept: %s", text)
			}
		}
		last, ok, err := readEvent(db.Read(t.Context()), "", fmt.Sprint(n))
		if err != nil || !ok || last.Facts.ID != "cs_test_1" || last.Facts.Charge != "ch_1" || *last.Facts.Amount != 1250 || last.Facts.Reason != "fraudulent" {
			t.Errorf("%+v %v", last, err)
		}
	})
}

func TestFacts(t *testing.T) {
	mer, pay, ord := id.New("mer"), id.New("pay"), id.New("ord")
	ours := fmt.Sprintf(`"metadata":{"merchant":%q,"payment":%q,"attempt":"3","order":%q},"client_reference_id":%q`, mer, pay, ord, ord)
	eur, usd := money.Of(700, "EUR"), money.Of(800, "USD")
	for name, c := range map[string]struct {
		kind, object string
		pays         bool
		want         money.Money
		exact        bool
	}{
		"paid":                  {"checkout.session.completed", `{"amount_total":700,"currency":"eur","payment_status":"paid"}`, true, eur, true},
		"free":                  {"checkout.session.completed", `{"amount_total":0,"currency":"eur","payment_status":"no_payment_required"}`, true, money.Of(0, "EUR"), true},
		"not yet":               {"checkout.session.completed", `{"amount_total":700,"currency":"eur","payment_status":"unpaid"}`, false, eur, true},
		"arrived":               {"checkout.session.async_payment_succeeded", `{"amount_total":700,"currency":"eur"}`, true, eur, true},
		"expired":               {"checkout.session.expired", `{"amount_total":700,"currency":"eur","payment_status":"paid"}`, false, eur, true},
		"converted":             {"checkout.session.completed", `{"amount_total":800,"currency":"usd","payment_status":"paid","currency_conversion":{"source_currency":"eur","amount_total":700}}`, true, eur, true},
		"converted, the intent": {"payment_intent.succeeded", `{"id":"pi_1","amount_received":800,"currency":"usd"}`, true, eur, true},
		"another sum":           {"payment_intent.succeeded", `{"id":"pi_1","amount_received":801,"currency":"usd"}`, true, money.Of(801, "USD"), true},
		"two digits too many":   {"payment_intent.succeeded", `{"id":"pi_1","amount_received":701,"currency":"isk"}`, true, money.Of(0, "ISK"), false},
		"no sum":                {"payment_intent.succeeded", `{"id":"pi_1","currency":"usd"}`, true, money.Of(0, "USD"), false},
		"a negative sum":        {"payment_intent.succeeded", `{"id":"pi_1","amount_received":-5,"currency":"usd"}`, true, money.Of(0, "USD"), false},
		"an enormous sum":       {"payment_intent.succeeded", `{"id":"pi_1","amount_received":9000000000000000000,"currency":"usd"}`, true, money.Of(0, "USD"), false},
		"a charge":              {"charge.refunded", `{"id":"ch_1","payment_intent":"pi_1","amount":900,"amount_captured":700,"currency":"eur"}`, true, eur, true},
		"never captured":        {"charge.refunded", `{"id":"ch_1","payment_intent":"pi_1","amount":900,"amount_captured":0,"currency":"eur"}`, false, money.Of(0, "EUR"), true},
		"a refund":              {"refund.created", `{"id":"re_1","payment_intent":"pi_1","amount":900,"currency":"eur"}`, false, money.Of(0, "EUR"), false},
	} {
		f := readFacts(c.kind, []byte(strings.TrimSuffix(c.object, "}")+","+ours+"}"))
		got, exact := f.money(c.kind, eur, usd)
		if f.pays(c.kind) != c.pays || name != "a refund" && (got != c.want || exact != c.exact) || f.Merchant != mer || f.Payment != pay || f.Attempt != 3 {
			t.Errorf("%s: %v %v %v, %+v", name, f.pays(c.kind), got, exact, f)
		}
	}
}

// What an event says is heeded where it is further on than the API, and never takes back what the API knows.
func TestHeed(t *testing.T) {
	for _, c := range []struct {
		now  remote
		kind string
		want sessionState
	}{
		{remote{Status: "open"}, "checkout.session.expired", sessionExpired},
		{remote{Status: "open"}, "checkout.session.completed", sessionProcessing},
		{remote{Status: "open"}, "checkout.session.async_payment_failed", sessionFailed},
		{remote{Status: "open"}, "checkout.session.async_payment_succeeded", sessionPaid},
		{remote{Status: "open"}, "payment_intent.processing", sessionOpen},
		{remote{Status: "open"}, "payment_intent.canceled", sessionOpen},
		{remote{Status: "complete"}, "checkout.session.expired", sessionProcessing},
		{remote{Status: "complete"}, "checkout.session.async_payment_failed", sessionFailed},
		{remote{Status: "complete", IntentStatus: "requires_payment_method"}, "checkout.session.completed", sessionFailed},
		{remote{Status: "expired"}, "checkout.session.completed", sessionExpired},
		{remote{Status: "expired"}, "payment_intent.succeeded", sessionPaid},
		{remote{Status: "complete", PaymentStatus: "paid"}, "checkout.session.expired", sessionPaid},
		{remote{Status: "complete", PaymentStatus: "paid"}, "checkout.session.async_payment_failed", sessionPaid},
	} {
		if got := c.now.heed(c.kind, facts{}).state(); got != c.want {
			t.Errorf("%+v and %s: %s, want %s", c.now, c.kind, got, c.want)
		}
	}
}

// A customer who paid in another currency gets back in that; we count the same part of what we asked for.
func TestWhatGoesBackOfAConvertedSum(t *testing.T) {
	r := remote{Status: "complete", PaymentStatus: "paid", Asked: money.Of(700, "EUR"), Received: money.Of(700, "EUR"), Shown: money.Of(800, "USD"),
		Refunds: []remoteRefund{{ID: "re_1", Amount: money.Of(400, "USD")}}}
	got := r.heed("charge.refunded", readFacts("charge.refunded", []byte(`{"id":"ch_1","payment_intent":"pi_1","amount_captured":800,"amount_refunded":800,"currency":"usd"}`)))
	if got.Refunds[0].Amount != money.Of(350, "EUR") || got.Back.Sum != money.Of(700, "EUR") || r.Refunds[0].Amount != money.Of(400, "USD") {
		t.Errorf("%+v %+v", got.Refunds, got.Back)
	}
	got = r.heed("refund.created", readFacts("refund.created", []byte(`{"id":"re_2","payment_intent":"pi_1","amount":200,"currency":"mxn"}`)))
	if len(got.Refunds) != 2 || got.Refunds[1].Amount != money.Of(200, "MXN") {
		t.Errorf("%+v", got.Refunds)
	}
}

// FuzzFacts: whatever is signed, what is kept of it are ids, states and sums.
func FuzzFacts(f *testing.F) {
	form := regexp.MustCompile(`^[A-Za-z0-9_]*$`)
	for _, kind := range handledKinds {
		f.Add(kind, object(f, map[string]any{"id": "x_1", "amount": 5, "currency": "eur", "payment_intent": "pi_1"}))
	}
	f.Add("charge.refunded", []byte(`{"amount":1e3,"amount_refunded":"5","currency":7,"payment_intent":{"id":{}},"metadata":[]}`))
	f.Fuzz(func(t *testing.T, kind string, raw []byte) {
		got := readFacts(kind, raw)
		for _, s := range []string{got.ID, got.Status, got.PaymentStatus, got.Reason, got.Currency, got.Intent, got.Charge, got.Order, got.Merchant, got.Payment, got.Refund} {
			if !form.MatchString(s) || len(s) > 255 {
				t.Fatalf("kept %q", s)
			}
		}
		r := remote{Status: "open"}.heed(kind, got)
		if r.Received.Amount < 0 || r.Received.Amount > largestSum {
			t.Fatal(r.Received)
		}
	})
}
