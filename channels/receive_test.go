package channels_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"sotto.chat/channels"
	"sotto.chat/channels/whatsapp"
	"sotto.chat/internal/database"
	"sotto.chat/internal/testkit"
)

func TestTheRecordedSignatureVerifies(t *testing.T) {
	raw, err := os.ReadFile(testkit.Shared(t, "fixtures", "whatsapp", "recorded_vectors_pywa.json"))
	ok(t, err)
	var v struct {
		Webhook struct {
			Secret    string `json:"app_secret"`
			Body      string `json:"raw_body"`
			Signature string `json:"x_hub_signature_256"`
		} `json:"webhook_hmac"`
	}
	ok(t, json.Unmarshal(raw, &v))
	both(t, "277321005464405", func(h *house) {
		_, err := h.channels.Update(t.Context(), h.merchant, h.channel.ID, channels.Change{Credentials: channels.Credentials{"app_secret": v.Webhook.Secret}})
		ok(t, err)
		receive := func(body, signature string) error {
			return h.channels.Receive(t.Context(), h.channel.ID, []byte(body), map[string][]string{"X-Hub-Signature-256": {signature}})
		}
		ok(t, receive(v.Webhook.Body, v.Webhook.Signature))
		for name, err := range map[string]error{
			"a changed byte":      receive(strings.Replace(v.Webhook.Body, "Hey", "Hez", 1), v.Webhook.Signature),
			"a changed signature": receive(v.Webhook.Body, v.Webhook.Signature[:len(v.Webhook.Signature)-1]+"0"),
			"no signature":        receive(v.Webhook.Body, ""),
			"another scheme":      receive(v.Webhook.Body, strings.Replace(v.Webhook.Signature, "sha256", "sha1", 1)),
		} {
			if !errors.Is(err, channels.ErrSignature) {
				t.Errorf("%s: %v", name, err)
			}
		}
		// the secret before the last change is good for a while
		ok(t, h.post([]byte(`{"object":"whatsapp_business_account","entry":[]}`)))
		if n := h.events(); n != 2 {
			t.Errorf("%d events", n)
		}
		if n := h.count("select count(*) from inbound_events where kind = 'message' and handled_at is null"); n != 1 {
			t.Errorf("%d messages wait", n)
		}
	})
}

func TestTheAddressIsChecked(t *testing.T) {
	both(t, "1", func(h *house) {
		q := func(token string) url.Values {
			return url.Values{"hub.mode": {"subscribe"}, "hub.challenge": {"1158201444"}, "hub.verify_token": {token}}
		}
		got, err := h.channels.Challenge(t.Context(), h.channel.ID, q(h.token))
		if err != nil || got != "1158201444" {
			t.Error(got, err)
		}
		if _, err := h.channels.Challenge(t.Context(), h.channel.ID, q("wrong")); !errors.Is(err, channels.ErrChallenge) {
			t.Error(err)
		}
		if _, err := h.channels.Challenge(t.Context(), h.channel.ID, q("")); !errors.Is(err, channels.ErrChallenge) {
			t.Error(err)
		}
		if _, err := h.channels.Challenge(t.Context(), "chn_nobody", q("")); !errors.Is(err, channels.ErrUnknown) {
			t.Error(err)
		}
	})
}

// payloads gathers all bodies of the outside collections: files, and the named examples inside files.
func payloads(t *testing.T) map[string][]byte {
	found := map[string][]byte{}
	root := testkit.Shared(t, "fixtures", "whatsapp")
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || filepath.Ext(path) != ".json" {
			return err
		}
		raw, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		name, _ := filepath.Rel(root, path)
		var named map[string]json.RawMessage
		if strings.HasPrefix(name, "pywa/updates") && json.Unmarshal(raw, &named) == nil {
			for k, v := range named {
				found[name+"#"+k] = v
			}
		} else if len(raw) <= channels.MaxBody {
			found[name] = raw
		}
		return nil
	})
	ok(t, err)
	if len(found) < 500 {
		t.Fatalf("only %d payloads", len(found))
	}
	return found
}

// distinct counts the different events in the payloads; what is for another number counts as other.
func distinct(all map[string][]byte, number string) int {
	keys := map[string]bool{}
	for _, raw := range all {
		for _, in := range whatsapp.New("", nil).Parse(raw) {
			if in.Account != "" && in.Account != number {
				in.Kind = channels.KindOther
			}
			keys[in.Kind+":"+in.DedupKey] = true
		}
	}
	return len(keys)
}

func TestEveryPayloadIsStoredOnceAndTwiceIsOneEffect(t *testing.T) {
	all := payloads(t)
	both(t, "106540352242922", func(h *house) {
		for name, raw := range all {
			if err := h.post(raw); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
		n, jobs := h.events(), h.count("select count(*) from river_job")
		if want := distinct(all, "106540352242922"); n != want {
			t.Errorf("%d events are kept, %d different ones were told", n, want)
		}
		for name, raw := range all {
			if err := h.post(raw); err != nil {
				t.Errorf("%s again: %v", name, err)
			}
		}
		if again := h.events(); again != n {
			t.Errorf("%d events became %d", n, again)
		}
		if again := h.count("select count(*) from river_job"); again != jobs {
			t.Errorf("%d promises became %d", jobs, again)
		}
		if m := h.count("select count(*) from inbound_events where kind = 'message'"); m == 0 {
			t.Error("no message was for this number")
		}
	})
}

func text(number, id, from, body string) string {
	return fmt.Sprintf(`{"object":"whatsapp_business_account","entry":[{"id":"1","changes":[{"field":"messages","value":{"messaging_product":"whatsapp",
		"metadata":{"phone_number_id":%q},"contacts":[{"profile":{"name":"A"},"wa_id":%q}],"messages":[{"from":%q,"id":%q,"timestamp":"%d","type":"text","text":{"body":%q}}]}}]}]}`,
		number, from, from, id, time.Now().Unix(), body)
}

func TestAnAccountsMessagesGoToItsOwnChannel(t *testing.T) {
	both(t, "1001", func(h *house) {
		second, _ := h.create("1002")
		ok(t, h.post([]byte(text("1001", "wamid.a", "15550001", "mine"))))
		ok(t, h.post([]byte(text("1002", "wamid.b", "15550001", "the other's"))))
		ok(t, h.post([]byte(text("1003", "wamid.c", "15550001", "nobody's"))))
		for _, c := range []struct {
			channel, kind string
			want          int
		}{{h.channel.ID, "message", 1}, {second.ID, "message", 1}, {h.channel.ID, "other", 1}} {
			if n := h.count("select count(*) from inbound_events where channel_id = ? and kind = ?", c.channel, c.kind); n != c.want {
				t.Errorf("%v: %d", c, n)
			}
		}
	})
}

func TestWhatCannotBeReadIsKeptOnce(t *testing.T) {
	both(t, "1", func(h *house) {
		for _, raw := range []string{"", "{", "[]", "null", "\xff\xfe", `{"entry":{}}`, `{"entry":[{"changes":[{"field":"messages","value":[]}]}]}`,
			`{"entry":[{"changes":[{"field":"messages","value":{"messages":[7,{"id":{}},null]}}]}]}`, strings.Repeat("[", 20000)} {
			before := h.events()
			ok(t, h.post([]byte(raw)))
			if h.events() == before {
				t.Errorf("%.40q was not kept", raw)
			}
			before = h.events()
			ok(t, h.post([]byte(raw)))
			if h.events() != before {
				t.Errorf("%.40q was kept twice", raw)
			}
		}
		if err := h.post(make([]byte, channels.MaxBody+1)); !errors.Is(err, channels.ErrTooLarge) {
			t.Error(err)
		}
	})
}

func TestColumnsNameNobody(t *testing.T) {
	both(t, "1", func(h *house) {
		ok(t, h.post([]byte(text("1", "wamid.HBgLMTU1NTAwMDc3Nzc", "15550007777", "my secret"))))
		var rows []map[string]any
		ok(t, h.db.Read(t.Context()).Raw("select * from inbound_events").Scan(&rows).Error)
		for _, r := range rows {
			for column, v := range r {
				s := fmt.Sprintf("%s", v)
				if strings.Contains(s, "15550007777") || strings.Contains(s, "HBgL") || strings.Contains(s, "secret") {
					t.Errorf("column %s tells: %s", column, s)
				}
			}
		}
	})
}

func TestAStatusNeverGoesBack(t *testing.T) {
	both(t, "1", func(h *house) {
		status := func(id, status string) {
			t.Helper()
			raw := fmt.Sprintf(`{"entry":[{"id":"1","changes":[{"field":"messages","value":{"metadata":{"phone_number_id":"1"},"statuses":[{"id":"wamid.%s","status":%q,"timestamp":"%d",
				"recipient_id":"15550001","biz_opaque_callback_data":%q,"errors":[{"code":131026}]}]}}]}]}`, id, status, time.Now().UnixNano(), id)
			ok(t, h.post([]byte(raw)))
		}
		for i, c := range []struct {
			told []string
			want string
		}{
			{[]string{"sent", "delivered", "read"}, "read"},
			{[]string{"read", "delivered", "sent"}, "read"},
			{[]string{"played", "read"}, "played"},
			{[]string{"sent", "failed"}, "failed"},
			{[]string{"failed", "sent"}, "failed"},
			{[]string{"failed", "delivered"}, "delivered"},
			{[]string{"delivered", "failed"}, "delivered"},
			{[]string{"deleted", "warning"}, "pending"},
		} {
			message := fmt.Sprintf("msg_%d", i)
			ok(t, h.db.InTx(t.Context(), func(tx database.Tx) error {
				return h.channels.Deliver(tx, h.merchant, h.channel.ID, "party", nil, message, channels.Content{Text: "x"})
			}))
			var id string
			ok(t, h.db.Read(t.Context()).Raw("select id from deliveries where message_id = ?", message).Scan(&id).Error)
			for _, s := range c.told {
				status(id, s)
			}
			fates, err := h.channels.Fates(t.Context(), h.merchant, []string{message})
			ok(t, err)
			if fates[message].Status != c.want {
				t.Errorf("%v gave %s", c.told, fates[message].Status)
			}
		}
		found, err := h.channels.Audit(t.Context(), h.merchant)
		if err != nil || len(found) > 0 {
			t.Error(found, err)
		}
	})
}

func TestAChannelIsCheckedWhenItIsMade(t *testing.T) {
	both(t, "1", func(h *house) {
		for name, n := range map[string]channels.NewChannel{
			"no credentials":     {Platform: "whatsapp"},
			"an unknown one":     {Platform: "whatsapp", Credentials: func() channels.Credentials { c := credentials("2"); c["x"] = "y"; return c }()},
			"an unknown name":    {Platform: "pigeon"},
			"the web":            {Platform: "web"},
			"an account in use":  {Platform: "whatsapp", Credentials: credentials("1")},
			"one that is hollow": {Platform: "whatsapp", Credentials: func() channels.Credentials { c := credentials("2"); c["app_secret"] = ""; return c }()},
		} {
			err := h.db.InTx(t.Context(), func(tx database.Tx) error {
				_, _, err := h.channels.Create(tx, h.merchant, n)
				return err
			})
			if err == nil {
				t.Errorf("%s was taken", name)
			}
		}
		ok(t, h.channels.Disable(t.Context(), h.merchant, h.channel.ID))
		if err := h.post([]byte("{}")); !errors.Is(err, channels.ErrUnknown) {
			t.Error("a disabled channel listens:", err)
		}
		web, err := h.channels.WebChannel(t.Context(), h.merchant)
		ok(t, err)
		again, err := h.channels.WebChannel(t.Context(), h.merchant)
		if err != nil || again.ID != web.ID {
			t.Error(again, err)
		}
	})
}
