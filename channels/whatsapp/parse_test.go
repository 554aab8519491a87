package whatsapp

import (
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"testing"

	"sotto.chat/channels"
	"sotto.chat/internal/testkit"
)

func parseOne(t *testing.T, message string) channels.Incoming {
	t.Helper()
	raw := fmt.Sprintf(`{"object":"whatsapp_business_account","entry":[{"id":"1","changes":[{"field":"messages","value":{"metadata":{"phone_number_id":"7"},
		"contacts":[{"profile":{"name":"Ana"},"wa_id":"15550001","user_id":"US.1349"}],"messages":[%s]}}]}]}`, message)
	list := New("", nil).Parse([]byte(raw))
	if len(list) != 1 || list[0].Account != "7" {
		t.Fatalf("%+v", list)
	}
	return list[0]
}

func TestMessagesByType(t *testing.T) {
	for _, c := range []struct {
		name, in string
		want     channels.Incoming
	}{
		{"text", `"type":"text","text":{"body":"hi"}`, channels.Incoming{Kind: "message", Text: "hi"}},
		{"a button", `"type":"interactive","interactive":{"type":"button_reply","button_reply":{"id":"t:1","title":"One"}}`,
			channels.Incoming{Kind: "message", Tap: "t:1", Text: "One"}},
		{"a row", `"type":"interactive","interactive":{"type":"list_reply","list_reply":{"id":"t:2","title":"Two"}}`,
			channels.Incoming{Kind: "message", Tap: "t:2", Text: "Two"}},
		{"a template's button", `"type":"button","button":{"payload":"t:3","text":"Three"}`, channels.Incoming{Kind: "message", Tap: "t:3", Text: "Three"}},
		{"a form", `"type":"interactive","interactive":{"type":"nfm_reply","nfm_reply":{"name":"flow","response_json":"{\"flow_token\":\"x\",\"b\":\"Main St\",\"a\":{\"n\":\"12\"}}"}}`,
			channels.Incoming{Kind: "message", Text: "12, Main St"}},
		{"a form that is none", `"type":"interactive","interactive":{"type":"nfm_reply","nfm_reply":{"response_json":"not json"}}`,
			channels.Incoming{Kind: "message", Text: "not json"}},
		{"interactive without itself", `"type":"interactive","errors":[{"code":131000}]`, channels.Incoming{Kind: "message", Unsupported: "interactive"}},
		{"a picture", `"type":"image","image":{"id":"9","mime_type":"image/jpeg"}`, channels.Incoming{Kind: "message", Unsupported: "image"}},
		{"a picture with words", `"type":"image","image":{"id":"9","caption":"this one"}`, channels.Incoming{Kind: "message", Text: "this one"}},
		{"a voice note", `"type":"audio","audio":{"id":"9","voice":true}`, channels.Incoming{Kind: "message", Unsupported: "audio"}},
		{"a place", `"type":"location","location":{"latitude":1,"longitude":2,"name":"Home","address":"1 Main St"}`, channels.Incoming{Kind: "message", Text: "Home, 1 Main St"}},
		{"a pin", `"type":"location","location":{"latitude":1,"longitude":2}`, channels.Incoming{Kind: "message", Unsupported: "location"}},
		{"a reaction", `"type":"reaction","reaction":{"message_id":"x","emoji":"👍"}`, channels.Incoming{Kind: "other"}},
		{"unsupported", `"type":"unsupported","errors":[{"code":131051}],"unsupported":{"type":"poll"}`, channels.Incoming{Kind: "message", Unsupported: "poll"}},
		{"something new", `"type":"hologram"`, channels.Incoming{Kind: "message", Unsupported: "hologram"}},
		{"a group", `"type":"text","text":{"body":"hi"},"group_id":"5"`, channels.Incoming{Kind: "other", Text: "hi"}},
		{"an identity change", `"type":"system","system":{"type":"customer_identity_changed"}`, channels.Incoming{Kind: "other"}},
	} {
		got := parseOne(t, `{"from":"15550001","id":"wamid.1","timestamp":"1700000000",`+c.in+`}`)
		if got.Kind != c.want.Kind || got.Text != c.want.Text || got.Tap != c.want.Tap || got.Unsupported != c.want.Unsupported {
			t.Errorf("%s: %+v", c.name, got)
		}
		if got.DedupKey != "msg:wamid.1" || got.Name != "Ana" || got.At.Unix() != 1700000000 ||
			!slices.Equal(got.Parties, []channels.Party{{Kind: "bsuid", Value: "US.1349"}, {Kind: "phone", Value: "15550001"}}) {
			t.Errorf("%s: %+v", c.name, got)
		}
	}
}

func TestAnOrderKeepsWhatAndHowManyOnly(t *testing.T) {
	got := parseOne(t, `{"from":"15550001","id":"w","type":"order","order":{"text":"please","product_items":[
		{"product_retailer_id":"A","quantity":2,"item_price":0.01,"currency":"USD"},{"product_retailer_id":"B","quantity":"3"},
		{"product_retailer_id":"C","quantity":0},{"product_retailer_id":"","quantity":1},{"product_retailer_id":"D","quantity":1.5},
		{"product_retailer_id":"E","quantity":100000}]}}`)
	want := []channels.OrderItem{{SKU: "A", Quantity: 2}, {SKU: "B", Quantity: 3}, {SKU: "E", Quantity: 999}}
	if !slices.Equal(got.Order, want) || got.Text != "please" {
		t.Errorf("%+v", got)
	}
}

func TestSomebodyMoved(t *testing.T) {
	got := parseOne(t, `{"from":"15550001","id":"w","type":"system","system":{"type":"user_changed_number","wa_id":"15550002","user_id":"US.2"}}`)
	if got.Kind != channels.KindMoved || !slices.Equal(got.Parties, []channels.Party{{Kind: "bsuid", Value: "US.2"}, {Kind: "phone", Value: "15550002"}}) ||
		!slices.Equal(got.Formerly, []channels.Party{{Kind: "phone", Value: "15550001"}}) {
		t.Errorf("%+v", got)
	}
}

func TestSendersOfTheFixtures(t *testing.T) {
	for file, want := range map[string][]channels.Party{
		"hello_bsuid_in_from.json":   {{Kind: "bsuid", Value: "US.1234"}},
		"hello_invalid_user_id.json": nil, // a number of four digits is none
		"no_from.json":               nil,
		"invalid_from.json":          nil,
	} {
		raw, err := os.ReadFile(testkit.Shared(t, "fixtures", "whatsapp", "courier", file))
		if err != nil {
			t.Fatal(err)
		}
		list := New("", nil).Parse(raw)
		if len(list) != 1 || !slices.Equal(list[0].Parties, want) || (want == nil) != (list[0].Kind == channels.KindOther) {
			t.Errorf("%s: %+v", file, list)
		}
	}
}

func TestEveryErrorCodeHasAConsequence(t *testing.T) {
	for code, retry := range map[int]bool{131047: false, 131026: false, 130429: true, 131056: true, 131048: true, 131049: false, 131000: true,
		131016: true, 1: true, 2: true, 100: false, 190: false, 131042: false, 80007: true, 4: true, 131057: true, 132001: false} {
		if got := consequence(code); got.Retry != retry || got.Code != fmt.Sprint(code) || (got.Retry && got.After == 0) {
			t.Errorf("%d: %+v", code, got)
		}
	}
	for _, code := range []int{2040, 2046, 2047, 1026} { // what is wrong with one payment is no problem of the channel's
		if got := consequence(code); got.Retry || got.Problem != "" || got.Code != fmt.Sprint(code) {
			t.Errorf("%d: %+v", code, got)
		}
	}
	for _, code := range []int{0, 3, 10, 190, 200, 299, 368, 131031, 131042, 134011} {
		if consequence(code).Problem == "" {
			t.Errorf("%d does not alert the merchant", code)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(`{"object":"whatsapp_business_account","entry":[{"id":"1","changes":[{"field":"messages","value":{"metadata":{"phone_number_id":"7"},"contacts":[{"wa_id":"15550001"}],
		"messages":[{"from":"15550001","id":"w","timestamp":"1","type":"interactive","interactive":{"type":"nfm_reply","nfm_reply":{"response_json":"[[1]]"}}}],
		"statuses":[{"id":"w","status":"failed","errors":[{"code":1}]}]}}]}]}`))
	f.Add([]byte(`{"entry":[{"changes":[{"field":"messages","value":{"messages":[{"id":"w","type":"order","order":{"product_items":[{"product_retailer_id":1,"quantity":"x"}]}}]}}]}]}`))
	f.Add([]byte(`{"entry":[{"changes":[{"field":"messages","value":{"statuses":[{"id":"w","type":"payment","status":"captured","recipient_id":"919000090000",
		"payment":{"reference_id":"A1","amount":{"value":"210","offset":10},"currency":"INR","transaction":{"id":"o","status":"success"},
		"refunds":[{"id":"r","amount":{"value":1,"offset":1},"status":"success"}]}}]}}]}]}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		list := New("", nil).Parse(raw)
		if len(list) == 0 {
			t.Fatal("nothing was kept")
		}
		for _, in := range list {
			if in.DedupKey == "" || in.Kind == "" {
				t.Fatalf("%+v", in)
			}
			if (in.Kind == channels.KindMessage || in.Kind == channels.KindMoved) && len(in.Parties) == 0 {
				t.Fatalf("a message from nobody: %+v", in)
			}
			if _, err := json.Marshal(in); err != nil {
				t.Fatal(err)
			}
			if m := in.Money; (m != nil) != (in.Kind == channels.KindMoney) || m != nil && (m.Reference == "" || m.Status == "" || m.ID == "" || m.Amount.Amount < 0 ||
				m.Status == channels.MoneyPaid && (m.Coin == "" || m.Amount.Currency == "")) {
				t.Fatalf("%+v", in)
			}
			for _, o := range in.Order {
				if o.SKU == "" || o.Quantity < 1 || o.Quantity > maxQuantity {
					t.Fatalf("%+v", o)
				}
			}
		}
	})
}
