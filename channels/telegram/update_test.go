package telegram

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"sotto.chat/channels"
	"sotto.chat/internal/money"
	"sotto.chat/internal/testkit"
)

func parse(t testing.TB, raw string) channels.Incoming {
	t.Helper()
	list := New("", nil).Parse([]byte(raw))
	if len(list) != 1 {
		t.Fatalf("%d events from %s", len(list), raw)
	}
	return list[0]
}

func read(t *testing.T, parts ...string) string {
	t.Helper()
	raw, err := os.ReadFile(testkit.Shared(t, append([]string{"fixtures", "telegram"}, parts...)...))
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

// What each of the recorded updates means to a shop.
func TestRecordedUpdatesMeanWhatTheySay(t *testing.T) {
	messages := map[string]string{"text": "aaaaaaaaaa", "message": "", "command": "", "command_message": "", "command_with_parameters": "", "not_command": "",
		"entities": "", "message_forward_origin": "", "message_different_topic": "", "message_different_topic_reply": "", "message_general_topic": "",
		"message_general_topic_reply": "", "message_topic": "", "callback_query": "tap:thedata", "callback_query_without_message": "tap:thedata",
		"callback_query_inaccessible_message": "tap:", "callback_query_complex": "tap:", "food": "", "venue": "McDonald's, ", "photo": "asdas", "command_tag_valid": "", "command_tag_wrong": "",
		"successful_payment": "money:paid", "refunded_payment": "money:returned"}
	for _, kind := range []string{"sticker", "audio", "animation", "document", "location", "contact", "dice", "game", "story", "checklist",
		"message_poll", "video", "voice", "video_note", "web_app_data", "giveaway"} {
		messages[kind] = "unread:"
	}
	dir := testkit.Shared(t, "fixtures", "telegram", "nutgram", "Updates")
	files, err := filepath.Glob(filepath.Join(dir, "*.json"))
	if err != nil || len(files) < 100 {
		t.Fatalf("%d updates, %v", len(files), err)
	}
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".json")
		raw, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var u struct {
			Message *struct {
				Chat struct {
					Type string `json:"type"`
				} `json:"chat"`
			} `json:"message"`
		}
		in := parse(t, string(raw))
		got := told(in)
		private := json.Unmarshal(raw, &u) == nil && (u.Message == nil || u.Message.Chat.Type == "private")
		want, known := messages[name]
		switch {
		case !known && got != "other":
			t.Errorf("%s: %s, and nobody is to act upon it", name, got)
		case known && private && !strings.HasPrefix(got, want):
			t.Errorf("%s: %s, want %s", name, got, want)
		case known && private && got == "other":
			t.Errorf("%s: nobody would answer", name)
		}
		if got != "other" && (len(in.Parties) != 1 || in.Parties[0].Kind != "telegram" || in.Parties[0].Value == "") {
			t.Errorf("%s: said by %+v", name, in.Parties)
		}
		if again := parse(t, string(raw)); again.DedupKey != in.DedupKey || in.DedupKey == "" {
			t.Errorf("%s: known as %q and as %q", name, in.DedupKey, again.DedupKey)
		}
	}
}

// told puts an event in one word.
func told(in channels.Incoming) string {
	switch {
	case in.Kind == channels.KindOther:
		return "other"
	case in.Kind == channels.KindMoney:
		return "money:" + in.Money.Status
	case in.Tap != "":
		return "tap:" + in.Tap
	case in.Unsupported != "":
		return "unread:" + in.Unsupported
	}
	return in.Text
}

func TestMoneyIsReadAsItWasSaid(t *testing.T) {
	paid := parse(t, read(t, "nutgram", "Updates", "successful_payment.json"))
	want := channels.MoneyWord{ID: "paid:thepaymentid", Reference: "thedata", Status: channels.MoneyPaid, Coin: "thepaymentid", Provider: "theproviderid",
		Amount: money.Of(100, "USD")}
	if *paid.Money != want || paid.Parties[0].Value != "456" {
		t.Errorf("paid: %+v by %+v", *paid.Money, paid.Parties)
	}
	back := parse(t, read(t, "nutgram", "Updates", "refunded_payment.json"))
	want.ID, want.Status, want.Provider = "returned:thepaymentid", channels.MoneyReturned, "theproviderid"
	if *back.Money != want || back.DedupKey == paid.DedupKey {
		t.Errorf("returned: %+v", *back.Money)
	}
	in := parse(t, `{"update_id":1,"message":{"message_id":5,"from":{"id":9007199254740993,"first_name":"A"},"chat":{"id":-100,"type":"group"},"date":1,
		"successful_payment":{"currency":"EUR","total_amount":9007199254740993,"invoice_payload":"REF.350","telegram_payment_charge_id":"c","provider_payment_charge_id":"p"}}}`)
	if in.Kind != channels.KindMoney || in.Money.Reference != "REF" || in.Money.Amount.Amount != 9007199254740993 || in.Parties[0].Value != "9007199254740993" {
		t.Errorf("money in a group, with large numbers: %+v %+v", in.Money, in.Parties)
	}
}

func TestWordsAreReadAsTheyWereTyped(t *testing.T) {
	const head = `{"update_id":7,"message":{"message_id":5,"from":{"id":42,"first_name":"Ana","last_name":"Ruiz","language_code":"es"},"chat":{"id":42,"type":"private"},"date":1700000000,`
	for raw, want := range map[string]string{
		`"text":"two colas"}}`:                                           "two colas",
		`"text":"/start from_a_link"}}`:                                  "/start",
		`"text":"/paysupport@TheShopBot"}}`:                              "/paysupport",
		`"text":"/find@TheShopBot red  cups"}}`:                          "/find red  cups",
		`"caption":"like this one","photo":[{"file_id":"f"}]}}`:          "like this one",
		`"venue":{"title":"Office","address":"Mayor 1"},"location":{}}}`: "Office, Mayor 1",
		`"voice":{"file_id":"f"}}}`:                                      "unread:voice",
		`"pinned_message":{"message_id":1}}}`:                            "other",
		`"new_chat_title":"x"}}`:                                         "other",
	} {
		in := parse(t, head+raw)
		if got := told(in); got != want {
			t.Errorf("%s: %s, want %s", raw, got, want)
		}
		if want != "other" && (in.Name != "Ana Ruiz" || in.Language != "es" || in.ExternalID != "42" || in.At.Unix() != 1700000000) {
			t.Errorf("%s: %+v", raw, in)
		}
	}
	for _, raw := range []string{`{"update_id":7,"message":{"message_id":5,"from":{"id":42},"chat":{"id":-1,"type":"group"},"text":"hello all"}}`, `{"update_id":7}`, `[]`, `"x"`, ``,
		`{"update_id":7,"callback_query":{"id":"","from":{"id":1},"data":"x"}}`, `{"update_id":7,"edited_message":{"message_id":5,"from":{"id":42},"chat":{"id":42,"type":"private"},"text":"x"}}`} {
		if got := told(parse(t, raw)); got != "other" {
			t.Errorf("%s: %s", raw, got)
		}
	}
	a, b := parse(t, head+`"text":"x"}}`), parse(t, strings.Replace(head, `"message_id":5`, `"message_id":6`, 1)+`"text":"x"}}`)
	if a.DedupKey == b.DedupKey {
		t.Error("numbers of updates that began anew make two messages one")
	}
}

func TestQuestionsAreAnsweredInTelegramsWords(t *testing.T) {
	ask := func(raw string, err error) string {
		q, ok := New("", nil).Ask([]byte(raw))
		if !ok {
			t.Fatalf("no question: %s", raw)
		}
		return string(q.Answer(err))
	}
	for _, fixture := range [][]string{{"nutgram", "Updates", "pre_checkout_query.json"}, {"luzrain", "data", "events", "preCheckoutQuery.json"}} {
		raw := read(t, fixture...)
		q, ok := New("", nil).Ask([]byte(raw))
		if !ok || q.Keep || q.Reference == "" || q.Amount.Amount < 100 {
			t.Fatalf("%v: %+v", fixture, q)
		}
		if got := ask(raw, nil); !strings.HasPrefix(got, `{"method":"answerPreCheckoutQuery","pre_checkout_query_id":"`) || !strings.HasSuffix(got, `"ok":true}`) {
			t.Errorf("yes: %s", got)
		}
		for _, err := range []error{channels.ErrUnsure, channels.ErrUnknown} {
			if got := ask(raw, err); !strings.Contains(got, `"ok":false,"error_message":"`) {
				t.Errorf("no: %s", got)
			}
		}
	}
	for _, fixture := range [][]string{{"nutgram", "Updates", "shipping_query.json"}, {"luzrain", "data", "events", "shippingQuery.json"}} {
		if got := ask(read(t, fixture...), nil); !strings.Contains(got, `"ok":true,"shipping_options":[{"id":"standard","title":"Delivery","prices":[{"label":"Delivery","amount":0}]}]`) {
			t.Errorf("delivery: %s", got)
		}
		if got := ask(read(t, fixture...), channels.ErrUnknown); strings.Contains(got, "shipping_options") || !strings.Contains(got, `"ok":false`) {
			t.Errorf("no delivery: %s", got)
		}
	}
	priced := ask(`{"update_id":1,"shipping_query":{"id":"1","from":{"id":1,"language_code":"es-MX"},"invoice_payload":"REF.350"}}`, nil)
	if !strings.Contains(priced, `{"label":"Envío","amount":350}`) {
		t.Errorf("what delivery costs: %s", priced)
	}
	q, ok := New("", nil).Ask([]byte(read(t, "nutgram", "Updates", "callback_query.json")))
	if !ok || !q.Keep || string(q.Answer(nil)) != `{"method":"answerCallbackQuery","callback_query_id":"666728699048485871"}` {
		t.Errorf("a pressed button: %+v", q)
	}
	if _, ok := New("", nil).Ask([]byte(`{"update_id":1,"message":{"text":"pre_checkout_query"}}`)); ok {
		t.Error("words are no question")
	}
}

func TestOnlyTheSecretOpensTheDoor(t *testing.T) {
	p := New("", nil)
	for _, c := range []struct {
		credentials channels.Credentials
		header      string
		want        bool
	}{
		{channels.Credentials{"verify_token": "made"}, "made", true},
		{channels.Credentials{"verify_token": "made"}, "", false},
		{channels.Credentials{"verify_token": "made"}, "mad", false},
		{channels.Credentials{"verify_token": "made", "secret_token": "own"}, "own", true},
		{channels.Credentials{"verify_token": "made", "secret_token": "own"}, "made", false},
		{channels.Credentials{"secret_token": "new", "previous_secret_token": "old"}, "old", true},
		{channels.Credentials{}, "", false},
	} {
		if got := p.Verify(c.credentials, nil, map[string][]string{secretHeader: {c.header}}); got != c.want {
			t.Errorf("%v opens %v: %v", c.header, c.credentials, got)
		}
	}
}

// Whatever bytes come, each body becomes one event that is known again, and no panic.
func FuzzParse(f *testing.F) {
	for _, s := range []string{`{}`, `{"update_id":1,"message":{"message_id":1,"from":{"id":1},"chat":{"id":1,"type":"private"},"text":"x"}}`,
		`{"update_id":1,"callback_query":{"id":"1","from":{"id":1},"data":"x"}}`, `{"update_id":1,"pre_checkout_query":{"id":"1","invoice_payload":"a.1"}}`,
		`{"update_id":1,"message":{"message_id":1,"from":{"id":1},"successful_payment":{"telegram_payment_charge_id":"c","invoice_payload":"a"}}}`} {
		f.Add([]byte(s))
	}
	p := New("", nil)
	f.Fuzz(func(t *testing.T, raw []byte) {
		a, b := p.Parse(raw), p.Parse(slices.Clone(raw))
		if len(a) != 1 || a[0].DedupKey == "" || a[0].DedupKey != b[0].DedupKey || (a[0].Kind == channels.KindMoney) != (a[0].Money != nil) || len(a[0].Text) > maxText {
			t.Fatalf("%+v", a)
		}
		if a[0].Kind == channels.KindMessage && (len(a[0].Parties) != 1 || a[0].Text == "" && a[0].Tap == "" && a[0].Unsupported == "") {
			t.Fatalf("a message of nobody's, or of nothing: %+v", a[0])
		}
		if q, ok := p.Ask(raw); ok && (!json.Valid(q.Answer(nil)) || !json.Valid(q.Answer(channels.ErrUnsure))) {
			t.Fatal("an answer that is no JSON")
		}
	})
}

func TestWhatAMerchantGivesIsLookedAt(t *testing.T) {
	for _, c := range []struct {
		given map[string]string
		bad   string
	}{
		{map[string]string{botToken: "123456:ABC-def_1"}, ""},
		{map[string]string{botToken: "123456:ABC/../botOther"}, botToken},
		{map[string]string{botToken: "1:a", secretToken: "with space"}, secretToken},
		{map[string]string{botToken: "1:a", secretToken: strings.Repeat("x", 257)}, secretToken},
		{map[string]string{botToken: "1:a", stars: "true"}, starRate},
		{map[string]string{botToken: "1:a", stars: "true", starRate: "1.5"}, starRate},
		{map[string]string{botToken: "1:a", stars: "true", starRate: "60"}, ""},
	} {
		bad := ""
		for _, w := range New("", nil).Wants() {
			if w.Check != nil && w.Check(c.given[w.Name], c.given) != "" {
				bad = w.Name
			}
		}
		if bad != c.bad {
			t.Errorf("%v: %q is wrong, want %q", c.given, bad, c.bad)
		}
	}
}
