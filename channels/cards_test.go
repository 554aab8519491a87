package channels_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"sotto.chat/channels"
	"sotto.chat/channels/telegram"
	"sotto.chat/channels/wechat"
	"sotto.chat/internal/database"
	"sotto.chat/internal/outbound"
	"sotto.chat/privacy"
)

// aCard is a number that fits its check digit and that no bank has issued.
const aCard = "4929135724680131"

// Wherever a card's number comes in, it is kept nowhere, and what wants an answer is answered with the warning.
func TestCardNumbersInEveryPlaceOfAMessage(t *testing.T) {
	spaced := "4929 1357 2468 0131"
	meta := func(kind, inner string) string {
		return fmt.Sprintf(`{"object":"whatsapp_business_account","entry":[{"id":"1","changes":[{"field":"messages","value":{"metadata":{"phone_number_id":"1"},
			"contacts":[{"profile":{"name":"Ana"},"wa_id":"34600111222"}],"messages":[{"from":"34600111222","id":"wamid.%s","timestamp":"1750030073","type":%q,%s}]}}]}]}`,
			kind, kind, inner)
	}
	telegrams := func(inner string) string {
		return `{"update_id":7,"message":{"message_id":9,"from":{"id":5000000001,"is_bot":false,"first_name":"Ana"},"chat":{"id":5000000001,"type":"private"},"date":1750030073,` + inner + `}}`
	}
	wechats := func(inner string) string {
		return `<xml><ToUserName>gh_1</ToUserName><FromUserName>o1</FromUserName><CreateTime>1750030073</CreateTime><MsgId>12</MsgId>` + inner + `</xml>`
	}
	both(t, "1", func(h *house) {
		for name, c := range map[string]struct {
			platform, body string
			quiet          bool // nobody is answered there
		}{
			"a text":                    {"whatsapp", meta("text", `"text":{"body":"take `+spaced+`"}`), false},
			"a forwarded text":          {"whatsapp", meta("text", `"context":{"forwarded":true},"text":{"body":"`+aCard+`"}`), false},
			"a caption":                 {"whatsapp", meta("image", `"image":{"id":"1","mime_type":"image/png","sha256":"x","caption":"my card `+spaced+`"}`), false},
			"a file's name":             {"whatsapp", meta("document", `"document":{"id":"1","mime_type":"application/pdf","filename":"visa `+spaced+`.pdf"}`), false},
			"a contact's number":        {"whatsapp", meta("contacts", `"contacts":[{"name":{"formatted_name":"My card"},"phones":[{"phone":"`+spaced+`"}]}]`), false},
			"a contact's name":          {"whatsapp", meta("contacts", `"contacts":[{"name":{"formatted_name":"Visa `+aCard+`"}}]`), false},
			"a note beside a basket":    {"whatsapp", meta("order", `"order":{"catalog_id":"1","text":"card `+aCard+`","product_items":[{"product_retailer_id":"A","quantity":1,"item_price":1,"currency":"USD"}]}`), false},
			"a place's name":            {"whatsapp", meta("location", `"location":{"latitude":1,"longitude":2,"name":"`+spaced+`"}`), false},
			"a form":                    {"whatsapp", meta("interactive", `"interactive":{"type":"nfm_reply","nfm_reply":{"name":"flow","body":"Sent","response_json":"{\"note\":\"`+aCard+`\"}"}}`), false},
			"a button's words":          {"whatsapp", meta("button", `"button":{"payload":"`+aCard+`","text":"`+aCard+`"}`), false},
			"a group":                   {"whatsapp", meta("text", `"group_id":"g1","text":{"body":"`+aCard+`"}`), true},
			"an edit":                   {"whatsapp", meta("edit", `"edit":{"original_message_id":"wamid.x","message":{"type":"text","text":{"body":"`+aCard+`"}}}`), true},
			"a telegram caption":        {"telegram", telegrams(`"caption":"` + spaced + `","photo":[{"file_id":"f"}]`), false},
			"a telegram file's name":    {"telegram", telegrams(`"document":{"file_id":"f","file_name":"` + aCard + `.txt"}`), false},
			"a telegram forward":        {"telegram", telegrams(`"forward_origin":{"type":"hidden_user","sender_user_name":"Ben","date":1},"text":"` + spaced + `"`), false},
			"a telegram contact":        {"telegram", telegrams(`"contact":{"phone_number":"` + aCard + `","first_name":"Card"}`), false},
			"a telegram contact's card": {"telegram", telegrams(`"contact":{"phone_number":"1","first_name":"C","vcard":"BEGIN:VCARD\nNOTE:` + spaced + `\nEND:VCARD"}`), false},
			"a telegram poll":           {"telegram", telegrams(`"poll":{"id":"1","question":"` + spaced + `?","options":[]}`), false},
			"a telegram venue":          {"telegram", telegrams(`"venue":{"title":"` + spaced + `","address":"x","location":{"latitude":1,"longitude":2}}`), false},
			"a telegram group":          {"telegram", strings.Replace(telegrams(`"text":"`+spaced+`"`), `"private"`, `"group"`, 1), true},
			"a telegram edit":           {"telegram", strings.Replace(telegrams(`"text":"`+spaced+`"`), `"message":`, `"edited_message":`, 1), true},
			"a wechat text":             {"wechat", wechats(`<MsgType>text</MsgType><Content><![CDATA[卡号 ` + spaced + `]]></Content>`), false},
			"a wechat link":             {"wechat", wechats(`<MsgType>link</MsgType><Title>` + aCard + `</Title><Description>` + aCard + `</Description><Url>https://a.example</Url>`), false},
			"what wechat heard":         {"wechat", wechats(`<MsgType>voice</MsgType><MediaId>m</MediaId><Recognition>` + spaced + `</Recognition>`), false},
		} {
			client := outbound.New(outbound.Config{})
			switch c.platform {
			case "whatsapp":
				ok(h.t, h.post([]byte(c.body)))
			default:
				var p channels.Platform = telegram.New("http://127.0.0.1:1", client)
				if c.platform == "wechat" {
					p = wechat.New("http://127.0.0.1:1", client)
				}
				for _, in := range p.Parse([]byte(c.body)) {
					if c.quiet != (in.Kind != channels.KindMessage) {
						h.t.Errorf("%s: it is %s", name, in.Kind)
					}
					_, err := h.channels.ReceiveWeb(h.t.Context(), h.channel, "someone", in)
					ok(h.t, err)
				}
			}
			h.noCard(name, c.quiet)
		}
	})
}

// noCard opens everything that was kept and looks for the number.
func (h *house) noCard(name string, quiet bool) {
	t := h.t
	t.Helper()
	keys, err := privacy.New(h.db, make([]byte, privacy.MasterLength))
	ok(t, err)
	var rows []struct {
		ID     string
		Sealed []byte
	}
	ok(t, h.db.Read(t.Context()).Raw("select id, sealed from inbound_events").Scan(&rows).Error)
	if len(rows) != 1 {
		t.Fatalf("%s: %d events", name, len(rows))
	}
	ok(t, h.db.InTx(t.Context(), func(tx database.Tx) error {
		box, err := keys.Box(tx, h.merchant, privacy.MerchantSubject())
		ok(t, err)
		plain, err := box.Open("inbound_events.sealed:"+rows[0].ID, rows[0].Sealed)
		ok(t, err)
		var in channels.Incoming
		ok(t, json.Unmarshal(plain, &in))
		if bare := strings.NewReplacer(" ", "", "\\n", "").Replace(string(plain) + string(in.Raw)); strings.Contains(bare, aCard) {
			t.Errorf("%s is kept: %s %s", name, plain, in.Raw)
		}
		if !quiet && !in.Card {
			t.Errorf("nobody will be warned of %s: %s", name, plain)
		}
		return tx.DB().Exec("delete from inbound_events").Error
	}))
}
