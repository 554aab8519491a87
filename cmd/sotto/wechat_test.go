package main

import (
	"bytes"
	"encoding/json"
	"html"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	follower "sotto.chat/channels/wechat/standin"
	"sotto.chat/internal/database"
	tenpay "sotto.chat/payments/wechatpay/standin"
	"sotto.chat/web/talk"
)

// How browsers call themselves.
const (
	insideWeChat = "Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 Mobile Safari/537.36 MicroMessenger/8.0.50"
	onAPhone     = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 Mobile/15E148 Safari/604.1"
	onADesk      = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/130 Safari/537.36"
)

// wechatShop is a shop with an Official Account and a merchant number at the stand-ins.
type wechatShop struct {
	*served
	oa   *follower.Server
	till *tenpay.Server
}

func startWeChatShop(t *testing.T, engine string) wechatShop {
	t.Helper()
	const app, secret, key = "wx00000000000system", "secret-of-the-account", "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"
	w := wechatShop{oa: follower.New(follower.Config{AppID: app, AppSecret: secret, AESKey: key})}
	var err error
	if w.till, err = tenpay.New(tenpay.Config{MchID: "1900000001", AppID: app, AppSecret: secret}); err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.Handle("/cgi-bin/", w.oa.Handler())
	mux.Handle("/", w.till.Handler())
	world := httptest.NewServer(mux)
	t.Cleanup(world.Close)
	w.served = startServe(t, engine, "SOTTO_WECHAT_API_URL="+world.URL, "SOTTO_WECHATPAY_API_URL="+world.URL)
	var made struct{ Merchant, APIKey string }
	out := must(t, w.env, "", "merchant", "create", "--name", "Far Things", "--currency", "CNY", "--country", "CN", "--json")
	if err := json.Unmarshal([]byte(strings.ReplaceAll(out, "api_key", "apikey")), &made); err != nil {
		t.Fatal(err)
	}
	w.merchant, w.key = made.Merchant, made.APIKey
	raw, err := os.ReadFile("testdata/goods.json")
	if err != nil {
		t.Fatal(err)
	}
	goods := filepath.Join(t.TempDir(), "goods.json")
	if err := os.WriteFile(goods, bytes.ReplaceAll(raw, []byte("USD"), []byte("CNY")), 0o600); err != nil {
		t.Fatal(err)
	}
	must(t, w.env, "", "import", "--merchant", w.merchant, goods)

	account := map[string]any{"mchid": w.till.MchID, "appid": app, "app_secret": secret, "serial": w.till.Serial, "private_key": w.till.MerchantPEM(),
		"apiv3_key": w.till.APIv3Key, "platform_keys": []any{map[string]string{"id": w.till.PublicKeyID, "pem": w.till.PublicKeyPEM()}}}
	var settings struct{ WeChatPay bool }
	w.do(t, http.MethodPatch, "/v1/settings", map[string]any{"wechatpay": account}, &settings)
	a := w.ask(t, http.MethodGet, "/v1/settings", nil)
	if !settings.WeChatPay || bytes.Contains(a.body, []byte("PRIVATE KEY")) || bytes.Contains(a.body, []byte(w.till.APIv3Key)) {
		t.Errorf("the settings say %s", a.body)
	}
	account["apiv3_key"] = strings.Repeat("x", 31)
	account["private_key"] = "none"
	if a := w.ask(t, http.MethodPatch, "/v1/settings", map[string]any{"wechatpay": account}); a.status != http.StatusUnprocessableEntity {
		t.Errorf("bad credentials: %d %s", a.status, a.body)
	}

	var channel struct {
		WebhookURL  string `json:"webhook_url"`
		VerifyToken string `json:"verify_token"`
	}
	w.do(t, http.MethodPost, "/v1/channels", map[string]any{"platform": "wechat", "name": "WeChat", "credentials": map[string]string{"app_id": app,
		"app_secret": secret, "encoding_aes_key": key}}, &channel)
	w.oa.SetWebhook(channel.WebhookURL, channel.VerifyToken)
	if got, err := w.oa.Check(t.Context()); err != nil || got == "" {
		t.Fatalf("WeChat's check of the address: %q %v", got, err)
	}
	return w
}

// heard gives what the shop sent to a follower with these words in it.
func (w wechatShop) heard(who, words string) (list []string) {
	for _, s := range w.oa.Sent() {
		if s.To == who && strings.Contains(string(s.Raw), words) {
			list = append(list, string(s.Raw))
		}
	}
	return list
}

var payLinkText = regexp.MustCompile(`http://127\.0\.0\.1:\d+/pay/[0-9A-Za-z_-]+`)

// orders goes from a wish to the order and its pay link.
func (w wechatShop) orders(t *testing.T, who string) (string, bought) {
	t.Helper()
	for _, step := range [][2]string{{"a vase", "Added"}, {"checkout", "Shall I place"}, {"yes", "/pay/"}} {
		n := len(w.heard(who, step[1]))
		if _, err := w.oa.Say(t.Context(), who, "text", map[string]string{"Content": step[0]}); err != nil {
			t.Fatal(err)
		}
		waits(t, "the bot answers "+step[0], func() bool { return len(w.heard(who, step[1])) > n })
	}
	said := w.heard(who, "/pay/")
	link := payLinkText.FindString(said[len(said)-1])
	return link, w.orderOf(t, link)
}

// browse makes a call as a browser does, and gives the page and where it leads.
func (w wechatShop) browse(t *testing.T, method, address, agent string) (answer, string) {
	t.Helper()
	var form []byte
	header := map[string]string{"User-Agent": agent, "Accept-Language": "en"}
	if method == http.MethodPost {
		form, header["Content-Type"] = []byte("way=wechat"), "application/x-www-form-urlencoded"
	}
	a, err := send(w.client, method, address, form, header)
	if err != nil {
		t.Fatal(err)
	}
	return a, a.header.Get("Location")
}

var (
	bridgeText = regexp.MustCompile(`data-bridge="([^"]+)"`)
	codeText   = regexp.MustCompile(`href="(weixin://wxpay/[^"]+)"`)
)

func (w wechatShop) stateOf(t *testing.T, kind string) (states []string) {
	t.Helper()
	for _, o := range w.till.Orders() {
		if o.Kind == kind {
			states = append(states, o.State)
		}
	}
	return states
}

func TestACustomerPaysInWeChat(t *testing.T) {
	t.Parallel()
	engines(t, func(t *testing.T, engine string) {
		w := startWeChatShop(t, engine)
		w.paysInPlace(t)
		w.paysByOtherDevices(t)
		w.cancels(t)
		if out, _, _ := run(t, w.env, "", "doctor"); !strings.Contains(out, "WeChat Pay of far-things") || strings.Contains(out, "WeChat refuses") {
			t.Errorf("the doctor says %s", out)
		}
		audit(t, w.env)
	})
}

// paysInPlace is the whole way inside WeChat: the talk, the page that asks who is there, the bridge, the notification, the refund.
func (w wechatShop) paysInPlace(t *testing.T) {
	link, o := w.orders(t, "oAna")
	a, _ := w.browse(t, http.MethodGet, link, insideWeChat)
	if !strings.Contains(string(a.body), "WeChat Pay") || len(w.till.Orders()) != 0 {
		t.Fatalf("the page does not offer WeChat Pay, or looking at it began something: %s", a.body)
	}
	if strings.Contains(string(a.body), "/chat/") {
		t.Error("who ordered in WeChat is led to another chat")
	}
	a, _ = w.browse(t, http.MethodPost, link, insideWeChat) // who ordered in this account is known to it
	known := bridgeText.FindSubmatch(a.body)
	if known == nil || !strings.Contains(string(a.body), "/wechat?ask=1") {
		t.Fatalf("the customer of the chat is not asked for the money in place: %d %s", a.status, a.body)
	}
	if err := w.till.Signs(html.UnescapeString(string(known[1]))); err != nil {
		t.Error(err)
	}
	_, authorize := w.browse(t, http.MethodGet, link+"/wechat?ask=1", insideWeChat)
	_, back := w.browse(t, http.MethodGet, authorize, insideWeChat)
	if !strings.HasPrefix(back, link+"/wechat?") {
		t.Fatalf("WeChat leads back to %q, by %q", back, authorize)
	}
	a, _ = w.browse(t, http.MethodGet, back, insideWeChat)
	m := bridgeText.FindSubmatch(a.body)
	if m == nil {
		t.Fatalf("no bridge on the page: %d %s", a.status, a.body)
	}
	var bridge struct{ Package, PaySign, AppID string }
	if err := json.Unmarshal([]byte(html.UnescapeString(string(m[1]))), &bridge); err != nil || bridge.PaySign == "" {
		t.Fatal(err, bridge)
	}
	if _, again := w.browse(t, http.MethodGet, back, insideWeChat); !strings.HasSuffix(link, again) {
		t.Errorf("a code that was used leads to %q", again)
	}
	if _, none := w.browse(t, http.MethodGet, link+"/wechat?code=guessed", insideWeChat); !strings.HasSuffix(link, none) {
		t.Errorf("a guessed code leads to %q", none)
	}
	if err := w.till.Pay(strings.TrimPrefix(bridge.Package, "prepay_id=")); err != nil {
		t.Fatal(err)
	}
	o = w.settles(t, o.ID, "paid")
	waits(t, "the bot says paid", func() bool { return len(w.heard("oAna", "is paid")) == 1 })
	w.liesAndEchoes(t, o)

	var made struct{ ID string }
	w.do(t, http.MethodPost, "/v1/orders/"+o.ID+"/refund", map[string]any{"amount": cash{100, "CNY"}, "reason": "scratched"}, &made)
	waits(t, "the refund is asked for", func() bool { return len(w.till.Refunds()) == 1 })
	if s := w.order(t, o.ID).Payments[0].Status; s != "paid" {
		t.Errorf("money that is not back yet counts as back: %s", s)
	}
	if err := w.till.Finish(w.till.Refunds()[0], "SUCCESS"); err != nil {
		t.Fatal(err)
	}
	waits(t, "the refund is known", func() bool { return w.order(t, o.ID).Payments[0].Status == "partially_refunded" })
}

// liesAndEchoes tells the shop again what it knows, and what is not true.
func (w wechatShop) liesAndEchoes(t *testing.T, o bought) {
	t.Helper()
	hook := w.base + "/hooks/wechatpay/" + w.merchant
	var paid tenpay.Order
	for _, x := range w.till.Orders() { // one for each time that the page was opened; one of them is paid
		if x.TransactionID != "" {
			paid = x
		}
	}
	word := map[string]any{"mchid": w.till.MchID, "appid": w.till.AppID, "out_trade_no": paid.Number, "transaction_id": paid.TransactionID, "trade_state": "SUCCESS",
		"success_time": "2026-06-08T10:34:56+08:00", "amount": map[string]any{"total": paid.Total, "currency": "CNY"}}
	body := w.till.Notice("TRANSACTION.SUCCESS", "transaction", word)
	for range 20 {
		if status, _, err := w.till.Post(body, hook, w.till.Signed(body)); err != nil || status != http.StatusNoContent {
			t.Fatal("an echo is refused:", status, err)
		}
	}
	change := func(h http.Header, name, value string) http.Header {
		h = h.Clone()
		h.Set(name, value)
		return h
	}
	signed := w.till.Signed(body)
	word["mchid"] = "1900000002"
	other := w.till.Notice("TRANSACTION.SUCCESS", "transaction", word)
	for name, c := range map[string]struct {
		body []byte
		h    http.Header
		to   string
	}{
		"another body":             {append([]byte(" "), body...), signed, hook},
		"a probe":                  {body, change(signed, "Wechatpay-Signature", "WECHATPAY/SIGNTEST/"+signed.Get("Wechatpay-Signature")), hook},
		"no signature":             {body, http.Header{}, hook},
		"another serial":           {body, change(signed, "Wechatpay-Serial", "PUB_KEY_ID_0000"), hook},
		"an old time":              {body, change(signed, "Wechatpay-Timestamp", "1600000000"), hook},
		"another merchant number":  {other, w.till.Signed(other), hook},
		"another shop":             {body, signed, w.base + "/hooks/wechatpay/mer_00000000000070008000000000000000"},
		"an address that is none":  {body, signed, w.base + "/hooks/wechatpay/x"},
		"far more than WeChat has": {bytes.Repeat([]byte("x"), 2<<20), signed, hook},
	} {
		status, answer, err := w.till.Post(c.body, c.to, c.h)
		if err != nil || status < 400 || answer["code"] != "FAIL" {
			t.Errorf("%s: %d %v %v", name, status, answer, err)
		}
	}
	if got := w.order(t, o.ID); len(got.Payments) != 1 || got.Payments[0].Status != "paid" || got.Status != "paid" {
		t.Errorf("after lies and echoes: %+v", got)
	}
	if n := len(w.heard("oAna", "is paid")); n != 1 {
		t.Errorf("the bot said %d times that it is paid", n)
	}
}

// paysByOtherDevices begins at a desk and ends on a phone: the code at the desk is dead then.
func (w wechatShop) paysByOtherDevices(t *testing.T) {
	link, o := w.orders(t, "oBen")
	a, _ := w.browse(t, http.MethodPost, link, onADesk)
	first := codeText.FindSubmatch(a.body)
	if first == nil || !strings.Contains(string(a.body), "<svg") {
		t.Fatalf("no code on the page: %d %s", a.status, a.body)
	}
	a, _ = w.browse(t, http.MethodPost, link, onADesk)
	if again := codeText.FindSubmatch(a.body); again == nil || !bytes.Equal(first[1], again[1]) {
		t.Errorf("a second click gives another code: %s", again)
	}
	_, page := w.browse(t, http.MethodPost, link, onAPhone)
	if !strings.Contains(page, "/pay?prepay_id=") {
		t.Fatalf("the phone is sent to %q", page)
	}
	if err := w.till.Pay(html.UnescapeString(string(first[1]))); err == nil {
		t.Error("two codes can be paid")
	}
	_, prepay, _ := strings.Cut(page, "prepay_id=")
	if err := w.till.Pay(prepay); err != nil {
		t.Fatal(err)
	}
	w.settles(t, o.ID, "paid")
	a, _ = w.browse(t, http.MethodPost, link, onADesk)
	if a.status != http.StatusConflict || codeText.Match(a.body) {
		t.Errorf("a paid link gives a code: %d", a.status)
	}
}

// cancels ends an order whose code is on a screen.
func (w wechatShop) cancels(t *testing.T) {
	link, o := w.orders(t, "oCarl")
	a, _ := w.browse(t, http.MethodPost, link, onADesk)
	code := codeText.FindSubmatch(a.body)
	if code == nil {
		t.Fatalf("no code on the page: %d", a.status)
	}
	w.do(t, http.MethodPost, "/v1/orders/"+o.ID+"/cancel", map[string]string{"reason": "closed"}, nil)
	waits(t, "the order at WeChat is closed", func() bool {
		for _, s := range w.stateOf(t, "native") {
			if s == "NOTPAY" {
				return false
			}
		}
		return true
	})
	if err := w.till.Pay(html.UnescapeString(string(code[1]))); err == nil {
		t.Error("a cancelled order can be paid")
	}
}

func TestTheDemoHearsWeChat(t *testing.T) {
	t.Parallel()
	demo := startDemoOn(t, database.SQLite)
	say := func(d demoInfo, text string) {
		t.Helper()
		oa := follower.New(follower.Config{AppID: d.WeChat["app_id"], AESKey: d.WeChat["encoding_aes_key"]})
		oa.SetWebhook(d.WeChat["webhook_url"], d.WeChat["verify_token"])
		if got, err := oa.Check(t.Context()); err != nil || got == "" {
			t.Fatal("the check:", got, err)
		}
		if _, err := oa.Say(t.Context(), "oAna", "text", map[string]string{"Content": text}); err != nil {
			t.Fatal(err)
		}
	}
	say(demo, "two croissants please")
	s := demo.shop()
	answered := func(words string) bool {
		for _, c := range every[struct{ ID string }](t, s, "/v1/conversations") {
			for _, m := range every[talk.Message](t, s, "/v1/conversations/"+c.ID+"/messages") {
				if strings.Contains(m.Text, words) {
					return true
				}
			}
		}
		return false
	}
	waits(t, "the bot answers a follower", func() bool { return answered("Added") })
	var settings struct{ WeChatPay bool }
	s.do(t, http.MethodGet, "/v1/settings", nil, &settings)
	if !settings.WeChatPay {
		t.Error("the demo has no account at WeChat Pay")
	}
	demo.process.kill()
	again := demo.again(t)
	if again.WeChat["id"] != demo.WeChat["id"] || again.WeChat["verify_token"] != demo.WeChat["verify_token"] {
		t.Errorf("after a restart the channel is %v, it was %v", again.WeChat["id"], demo.WeChat["id"])
	}
	say(again, "hello")
}
