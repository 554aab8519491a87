package whatsapp

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"sotto.chat/channels"
	"sotto.chat/internal/money"
	"sotto.chat/internal/testkit"
)

// told fills what Meta's example of a payment's webhook leaves open.
func told(t *testing.T, status, transaction, refund string) []channels.Incoming {
	t.Helper()
	raw, err := os.ReadFile(testkit.Shared(t, "fixtures", "whatsapp", "meta-docs-examples", "kapso-mirror-2025-12", "payments__payments-in__pg__07.json"))
	if err != nil {
		t.Fatal(err)
	}
	text := strings.NewReplacer("[TRANSACTION_STATUS]", status, `"success/failed"`, `"`+transaction+`"`, "[REFERENCE_ID]", "REF1", "[PG-ORDER-ID]", "order_1",
		"[PG-PAYMENT-ID]", "pay_1", "[REFUND-ID]", "rfnd_1", `"status": "success"`, `"status": "`+refund+`"`, `"status":"success"`, `"status":"`+refund+`"`,
		"notification_timestamp", "1722445231", `"messages": [`, `"m": [`, `"messages":[`, `"m":[`, "[PHONE_NUMBER]", "919000090000").Replace(string(raw))
	var list []channels.Incoming
	for _, in := range New("", nil).Parse([]byte(text)) {
		if in.Kind == channels.KindMoney {
			list = append(list, in)
		}
	}
	return list
}

func TestPaymentsOfMetasExample(t *testing.T) {
	for _, c := range []struct{ status, transaction, want string }{
		{"captured", "success", channels.MoneyPaid}, {"pending", "pending", channels.MoneyPending}, {"pending", "failed", channels.MoneyFailed},
		{"failed", "failed", channels.MoneyFailed}, {"canceled", "failed", channels.MoneyFailed},
		{"captured", "pending", channels.MoneyPending}, // two words that do not agree: the look-up will tell
	} {
		list := told(t, c.status, c.transaction, "pending")
		if len(list) != 1 {
			t.Errorf("%s: %+v", c.status, list)
			continue
		}
		w := list[0].Money
		if w.Status != c.want || w.Reference != "REF1" || w.Coin != "order_1" || w.Provider != "pay_1" || w.Amount != money.Of(21000, "INR") ||
			list[0].At.Unix() != 1722445231 || list[0].Parties[0].Value != "919000090000" {
			t.Errorf("%s: %+v", c.status, w)
		}
	}
	if list := told(t, "[unheard-of]", "success", "pending"); len(list) != 0 {
		t.Errorf("%+v", list)
	}
}

func TestARefundIsATellingOfItsOwn(t *testing.T) {
	list := told(t, "captured", "success", "success")
	if len(list) != 2 || list[0].Money.Status != channels.MoneyPaid {
		t.Fatalf("%+v", list)
	}
	if w := list[1].Money; w.Status != channels.MoneyReturned || w.Refund != "rfnd_1" || w.Amount != money.Of(100, "INR") || w.Coin != "order_1" {
		t.Errorf("%+v", w)
	}
	if list[0].DedupKey == list[1].DedupKey || list[0].DedupKey != told(t, "captured", "success", "pending")[0].DedupKey {
		t.Error("a telling is not known again")
	}
}

// The short form of the webhook names no sum: nothing counts as paid by it.
func TestTheShortFormLeavesTheSumToTheLookUp(t *testing.T) {
	for status, want := range map[string]string{"captured": channels.MoneyPending, "failed": channels.MoneyFailed, "pending": ""} {
		list := New("", nil).Parse([]byte(`{"object":"whatsapp_business_account","entry":[{"id":"1","changes":[{"field":"messages","value":{"metadata":{"phone_number_id":"7"},
			"statuses":[{"id":"wamid.1","from":"919000090000","type":"payment","status":"` + status + `","payment":{"reference_id":"REF1"},"timestamp":"1"}]}}]}]}`))
		if want == "" {
			if len(list) != 1 || list[0].Kind != channels.KindOther {
				t.Errorf("%s: %+v", status, list)
			}
			continue
		}
		if len(list) != 1 || list[0].Kind != channels.KindMoney || list[0].Money.Status != want || len(list[0].Parties) != 1 || list[0].Account != "7" {
			t.Errorf("%s: %+v", status, list)
		}
	}
}

func TestSums(t *testing.T) {
	for _, c := range []struct {
		value, offset, currency string
		want                    int64
		ok                      bool
	}{
		{"21000", "100", "INR", 21000, true}, {"210", "1", "INR", 21000, true}, {"2100", "10", "BRL", 21000, true}, {"210000", "1000", "INR", 21000, true},
		{"210001", "1000", "INR", 0, false}, {"1", "0", "INR", 0, false}, {"1", "7", "INR", 0, false}, {"-1", "100", "INR", 0, false},
		{"1", "100", "USD", 0, false}, {"", "100", "INR", 0, false}, {"1.5", "100", "INR", 0, false}, {"9223372036854775807", "1", "INR", 0, false},
	} {
		got, ok := sum{loose(c.value), loose(c.offset)}.money(c.currency)
		if ok != c.ok || got.Amount != c.want {
			t.Errorf("%s/%s %s: %v, %v", c.value, c.offset, c.currency, got, ok)
		}
	}
}

func TestNewsOfAPaymentConfigurationIsKept(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(testkit.Shared(t, "fixtures", "whatsapp", "meta-docs-examples"), "*", "*payment_configuration_update*.json"))
	if err != nil || len(files) == 0 {
		t.Fatal(err, files)
	}
	for _, f := range files {
		raw, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		for _, in := range New("", nil).Parse(raw) {
			if in.Kind != channels.KindOther || len(in.Raw) == 0 {
				t.Errorf("%s: %+v", f, in)
			}
		}
	}
}
