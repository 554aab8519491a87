package evidence_test

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"sotto.chat/payments/evidence"
)

func TestEvidence(t *testing.T) {
	at := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	f := evidence.Facts{Shop: "Café Quiet", Order: "A-7", Lines: []string{"2 × Cup (CUP): 18.00 EUR"}, Total: "18.00 EUR", PlacedAt: at, Hash: "abc123", Message: "msg_1",
		Said: []evidence.Said{{At: at.Add(-time.Minute), Who: "shop", ID: "msg_0", Text: "Shall I order?"}, {At: at, Who: "customer", ID: "msg_1", Text: "yes"}},
		Paid: "18.00 EUR", PaidAt: at.Add(time.Minute), PageFrom: "https://shop.example/pay", Method: "delivery", City: "Wien", FulfilledAt: at.Add(24 * time.Hour), Refunds: []string{"3.00 EUR on 2026-03-02"}}
	p := evidence.Of(f)
	for field, words := range map[string][]string{p.ProductDescription: {"Café Quiet", "A-7", "2 × Cup", "18.00 EUR"}, p.AccessActivityLog: {"said yes", "msg_1", "payment of 18.00 EUR came", "goods went out"},
		p.UncategorizedText: {"abc123", "Shall I order?", "yes", "12:00:00"}, p.RefundPolicyDisclosure: {"https://shop.example/pay", "3.00 EUR"}, p.ShippingAddress: {"Wien"},
		p.ShippingDate: {"2026-03-02"}, p.ServiceDate: {"2026-03-02"}} {
		for _, w := range words {
			if !strings.Contains(field, w) {
				t.Errorf("%q is not in %q", w, field)
			}
		}
	}
	if !reflect.DeepEqual(p, evidence.Of(f)) {
		t.Error("the same facts give other words")
	}
	f.Method = "pickup"
	if p := evidence.Of(f); p.ShippingAddress != "" || p.ShippingDate != "" {
		t.Error(p)
	}
	f.More = strings.Repeat("é", 30_000)
	if n := len([]rune(evidence.Of(f).UncategorizedText)); n != 20_000 {
		t.Error(n)
	}
	if p := evidence.Of(evidence.Facts{}); p.ServiceDate != "" || p.AccessActivityLog != "" {
		t.Error(p)
	}
}
