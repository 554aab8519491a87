package telegram

import (
	"encoding/json"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"

	"sotto.chat/channels"
	"sotto.chat/internal/testkit"
)

type specField struct {
	Name     string   `json:"name"`
	Types    []string `json:"types"`
	Required bool     `json:"required"`
}

type specThing struct {
	Fields   []specField `json:"fields"`
	Subtypes []string    `json:"subtypes"`
}

type spec struct {
	Methods map[string]specThing `json:"methods"`
	Types   map[string]specThing `json:"types"`
}

// botAPI is Telegram's own description of its methods.
func botAPI(t *testing.T) spec {
	t.Helper()
	raw, err := os.ReadFile(testkit.Shared(t, "fixtures", "telegram", "spec-PaulSonOfLars", "api.json"))
	if err != nil {
		t.Fatal(err)
	}
	var s spec
	if err := json.Unmarshal(raw, &s); err != nil || len(s.Methods) < 100 {
		t.Fatalf("%d methods, %v", len(s.Methods), err)
	}
	return s
}

// holds tells what a body has that the description does not know, or lacks that it demands.
func (s spec) holds(t *testing.T, at string, thing specThing, body map[string]any) {
	t.Helper()
	known := map[string]specField{}
	for _, f := range thing.Fields {
		known[f.Name] = f
		if _, there := body[f.Name]; f.Required && !there {
			t.Errorf("%s lacks %s", at, f.Name)
		}
	}
	for name, v := range body {
		f, ok := known[name]
		if !ok {
			t.Errorf("%s has %s, which Telegram does not know", at, name)
			continue
		}
		if !slices.ContainsFunc(f.Types, func(kind string) bool { return s.fits(t, at+"."+name, kind, v) }) {
			t.Errorf("%s.%s is %T, Telegram wants %v", at, name, v, f.Types)
		}
	}
}

func (s spec) fits(t *testing.T, at, kind string, v any) bool {
	t.Helper()
	if of, list := strings.CutPrefix(kind, "Array of "); list {
		items, ok := v.([]any)
		return ok && !slices.ContainsFunc(items, func(i any) bool { return !s.fits(t, at, of, i) })
	}
	switch kind {
	case "Integer":
		n, ok := v.(json.Number)
		return ok && !strings.ContainsAny(n.String(), ".eE")
	case "String", "InputFile":
		_, ok := v.(string)
		return ok
	case "Boolean":
		_, ok := v.(bool)
		return ok
	}
	body, ok := v.(map[string]any)
	if ok && len(s.Types[kind].Fields) > 0 && kindFits(kind, body) {
		s.holds(t, at, s.Types[kind], body)
		return true
	}
	return false
}

// kindFits chooses among the kinds of keyboard, of which only one is ours.
func kindFits(kind string, body map[string]any) bool {
	_, inline := body["inline_keyboard"]
	return !inline || kind == "InlineKeyboardMarkup"
}

func wire(t *testing.T, v any) map[string]any {
	t.Helper()
	raw, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	d := json.NewDecoder(strings.NewReader(string(raw)))
	d.UseNumber()
	var body map[string]any
	if err := d.Decode(&body); err != nil {
		t.Fatal(err)
	}
	return body
}

func TestRequestsAreThoseOfTelegramsSpecification(t *testing.T) {
	s := botAPI(t)
	full := channels.Content{Text: "x", Buttons: []channels.Button{{Label: "A", Tap: "a"}, {Label: "B", Tap: "b"}}, Links: []channels.Link{{Label: "Pay", URL: "https://shop.example"}}}
	r := request()
	flexible, xtr := r, r
	flexible.AskAddress = true
	xtr.Currency = Stars
	for method, bodies := range map[string][]any{
		"sendMessage":            {sendMessage{ChatID: 1, Text: "x", Preview: &linkPreview{true}, Markup: rows(full)}, sendMessage{ChatID: 1, Text: "x"}},
		"sendPhoto":              {sendPhoto{ChatID: 1, Photo: "https://shop.example/p.jpg", Caption: "x", Markup: rows(full)}, sendPhoto{ChatID: 1, Photo: "x"}},
		"sendInvoice":            {invoice(1, "token", r), invoice(1, "token", flexible), invoice(1, "token", xtr), invoice(1, "", channels.PayRequest{Reference: "R", Currency: "EUR", Total: 1})},
		"sendChatAction":         {sendChatAction{1, "typing"}},
		"getFile":                {getFile{"f"}},
		"setWebhook":             {setWebhook{URL: "https://shop.example", SecretToken: "s", Updates: []string{"message"}, Connections: 40}},
		"refundStarPayment":      {refundStarPayment{1, "c"}},
		"getStarTransactions":    {getStarTransactions{0, 100}},
		"answerPreCheckoutQuery": {answerPreCheckout{ID: "1", OK: true}, answerPreCheckout{ID: "1", Error: "no"}},
		"answerShippingQuery":    {answerShipping{ID: "1", OK: true, Options: []shippingOption{{"a", "b", []price{{"c", 1}}}}}, answerShipping{ID: "1", Error: "no"}},
		"answerCallbackQuery":    {answerCallback{ID: "1"}},
	} {
		for _, b := range bodies {
			body := wire(t, b)
			delete(body, "method") // stands beside the fields of an answer in a webhook's response
			s.holds(t, method, s.Methods[method], body)
		}
	}
}

// What is read of updates has the names that the specification gives it.
func TestUpdatesAreReadByTelegramsNames(t *testing.T) {
	s := botAPI(t)
	for name, v := range map[string]any{"Update": update{}, "User": user{}, "Chat": chat{}, "CallbackQuery": callback{}, "Message": message{}, "SuccessfulPayment": payment{},
		"PreCheckoutQuery": preCheckout{}, "ShippingQuery": shippingQuery{}, "TransactionPartnerUser": partner{}} {
		for f := range reflect.TypeOf(v).Fields() {
			tag := f.Tag.Get("json")
			if !slices.ContainsFunc(s.Types[name].Fields, func(k specField) bool { return k.Name == tag }) {
				t.Errorf("%s has no %s", name, tag)
			}
		}
	}
	known := s.Types["Message"].Fields
	for _, kind := range unread {
		if kind != "live_photo" && !slices.ContainsFunc(known, func(k specField) bool { return k.Name == kind }) {
			t.Errorf("no message has a %s", kind)
		}
	}
}

func request() channels.PayRequest {
	return channels.PayRequest{Reference: strings.Repeat("R", 32), Title: "5TWFKFQV", Language: "en", Currency: "EUR", Subtotal: 1000, Tax: 50, Shipping: 350,
		Discount: 100, Total: 1300, Items: []channels.PayItem{{SKU: "A", Name: "Cup", Quantity: 2, Unit: 400, Total: 800}, {SKU: "B", Name: "Tea", Quantity: 1, Unit: 200, Total: 200}}}
}
