package wechatpay

import (
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"sotto.chat/internal/money"
	"sotto.chat/internal/testkit"
	"sotto.chat/payments/reconcile"
	"sotto.chat/payments/wechatpay/standin"
)

func an(number string, clock *testkit.Clock) Order {
	return Order{Number: number, Description: "茶, 绿, " + strings.Repeat("茶", 60), Amount: money.Of(1250, "CNY"), ExpiresAt: clock.Now().Add(time.Hour), NotifyURL: "https://shop.example/hook"}
}

func TestBridgeIsSignedForTheBrowser(t *testing.T) {
	srv, c := server(t)
	b, err := opened(t, c).Bridge("wx1", time.Unix(1700000000, 0))
	if err != nil || b.Package != "prepay_id=wx1" || b.SignType != "RSA" || b.TimeStamp != "1700000000" {
		t.Fatalf("%+v %v", b, err)
	}
	sig, err := base64.StdEncoding.DecodeString(b.PaySign)
	sum := sha256.Sum256([]byte(srv.AppID + "\n1700000000\n" + b.NonceStr + "\nprepay_id=wx1\n"))
	if err != nil || rsa.VerifyPKCS1v15(&srv.Merchant.PublicKey, crypto.SHA256, sum[:], sig) != nil {
		t.Error("the signature does not fit")
	}
}

func TestAnswersWithoutWeChatsSignatureAreNotBelieved(t *testing.T) {
	clock := &testkit.Clock{}
	srv, c := serverAt(t, clock)
	acct, api := opened(t, c), apiOf(t, srv)
	for name, f := range map[string]standin.Fault{"unsigned": {Unsigned: true}, "forged": {Forged: true}, "lost": {Lost: true}} {
		srv.Break(f)
		if _, err := api.Native(t.Context(), acct, an("number-"+name, clock)); !errors.Is(err, ErrUpstream) {
			t.Errorf("%s: %v", name, err)
		}
		if _, err := api.Native(t.Context(), acct, an("number-"+name, clock)); err != nil {
			t.Errorf("%s, once more: %v", name, err)
		}
	}
	srv.Break(standin.Fault{Status: 403, Code: "NOT_ENOUGH", Unsigned: true})
	_, err := api.Native(t.Context(), acct, an("number", clock))
	var no *Refusal
	if !errors.As(err, &no) || no.Signed || no.Final() {
		t.Errorf("an unsigned refusal is final: %v", err)
	}
	srv.Break(standin.Fault{Status: 403, Code: "NO_AUTH"})
	if _, err = api.Native(t.Context(), acct, an("number", clock)); !errors.As(err, &no) || !no.Final() {
		t.Errorf("a signed refusal is not final: %v", err)
	}
	for _, status := range []int{429, 500, 503} {
		srv.Break(standin.Fault{Status: status, Code: "SYSTEM_ERROR"})
		if _, err = api.Native(t.Context(), acct, an("number", clock)); !errors.As(err, &no) || no.Final() {
			t.Errorf("%d is final: %v", status, err)
		}
	}
}

func TestOrdersLive(t *testing.T) {
	clock := &testkit.Clock{}
	srv, c := serverAt(t, clock)
	acct, api, ctx := opened(t, c), apiOf(t, srv), t.Context()
	o := an("number-1", clock)
	first, err := api.Native(ctx, acct, o)
	again, err2 := api.Native(ctx, acct, o)
	if err != nil || err2 != nil || first != again {
		t.Fatal("the same order again is another", first, again, err, err2)
	}
	if _, err := api.H5(ctx, acct, o, "127.0.0.1", "Wap"); !Taken(err) {
		t.Error("another way under the same number:", err)
	}
	if got, err := api.ByNumber(ctx, acct, "number-1"); err != nil || got.TradeState != StateNotPaid {
		t.Error(got, err)
	}
	if err := errors.Join(api.Close(ctx, acct, "number-1"), api.Close(ctx, acct, "number-1"), api.Close(ctx, acct, "number-0")); err != nil {
		t.Error("closing", err)
	}
	if err := srv.PayQuietly(first); err == nil {
		t.Error("a closed order can be paid")
	}
	code, err := api.Native(ctx, acct, an("number-2", clock))
	if err != nil {
		t.Fatal(err)
	}
	if err := srv.PayQuietly(code); err != nil {
		t.Fatal(err)
	}
	if err := api.Close(ctx, acct, "number-2"); !AlreadyPaid(err) {
		t.Error("a paid order closes:", err)
	}
	paid, err := api.ByNumber(ctx, acct, "number-2")
	if err != nil || paid.TradeState != StateSuccess || paid.TransactionID == "" || paid.Money() != money.Of(1250, "CNY") {
		t.Error(paid, err)
	}
	if _, err := api.Native(ctx, acct, Order{Number: "number-3", Amount: money.Of(1, "EUR")}); err == nil {
		t.Error("an order in euros")
	}
}

func TestTryingCredentials(t *testing.T) {
	srv, c := server(t)
	api := apiOf(t, srv)
	if err := api.Try(t.Context(), opened(t, c)); err != nil {
		t.Error(err)
	}
	c.Serial = "ABCDEF"
	var no *Refusal
	if err := api.Try(t.Context(), opened(t, c)); !errors.As(err, &no) || no.Status != http.StatusUnauthorized {
		t.Error("another certificate:", err)
	}
}

func TestRefundIsOneAct(t *testing.T) {
	clock := &testkit.Clock{}
	srv, c := serverAt(t, clock)
	acct, api, ctx := opened(t, c), apiOf(t, srv), t.Context()
	if _, err := api.Native(ctx, acct, an("number-1", clock)); err != nil {
		t.Fatal(err)
	}
	if err := srv.PayQuietly("number-1"); err != nil {
		t.Fatal(err)
	}
	r := Refund{Number: "ref_1", OutTradeNo: "number-1", Reason: strings.Repeat("长", 50), Amount: 250, Total: 1250}
	srv.Break(standin.Fault{Lost: true})
	if _, err := api.Refund(ctx, acct, r); err == nil {
		t.Fatal("the answer was not lost")
	}
	one, err := api.Refund(ctx, acct, r)
	if err != nil || one.state() != RefundProcessing || len(srv.Refunds()) != 1 {
		t.Fatalf("%+v %v %v", one, err, srv.Refunds())
	}
	if err := srv.Finish("ref_1", "SUCCESS"); err != nil {
		t.Fatal(err)
	}
	done, err := api.RefundByNumber(ctx, acct, "ref_1")
	if err != nil || done.state() != RefundSuccess || done.RefundID != one.RefundID || done.Amount.Refund != 250 {
		t.Errorf("%+v %v", done, err)
	}
	r.Number, r.Amount = "ref_2", 1001
	var no *Refusal
	if _, err := api.Refund(ctx, acct, r); !errors.As(err, &no) || !no.Final() {
		t.Error("more than is left goes back:", err)
	}
}

func TestCertificatesFollowEachOther(t *testing.T) {
	clock := &testkit.Clock{}
	srv, c := serverAt(t, clock)
	api, ctx := apiOf(t, srv), t.Context()
	_, text, err := srv.Rotate()
	if err != nil {
		t.Fatal(err)
	}
	c.PlatformKeys = []PlatformKey{{PEM: text}}
	acct := opened(t, c)
	if !acct.byCertificate() {
		t.Error("a certificate is not known as one")
	}
	if _, err := api.Native(ctx, acct, an("number-1", clock)); err != nil {
		t.Fatal(err)
	}
	if _, _, err := srv.Rotate(); err != nil {
		t.Fatal(err)
	}
	if _, err := api.Native(ctx, acct, an("number-2", clock)); !errors.Is(err, ErrUpstream) {
		t.Error("an answer by an unknown certificate is believed:", err)
	}
	keys, err := api.Certificates(ctx, acct)
	if err != nil || len(keys) != 2 {
		t.Fatal(keys, err)
	}
	for _, k := range keys {
		if err := acct.Add(k); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := api.Native(ctx, acct, an("number-3", clock)); err != nil {
		t.Error("the new certificate is not believed:", err)
	}
	if err := acct.Add(PlatformKey{ID: srv.PublicKeyID, PEM: srv.PublicKeyPEM()}); err != nil || acct.preferred != srv.PublicKeyID || acct.byCertificate() {
		t.Error("the public key does not go first", err)
	}
	other := *acct
	other.APIv3Key = strings.Repeat("x", 32)
	if _, err := api.Certificates(ctx, &other); err == nil {
		t.Error("certificates sealed with another key are believed")
	}
}

func TestBill(t *testing.T) {
	clock := &testkit.Clock{}
	srv, c := serverAt(t, clock)
	acct, api, ctx := opened(t, c), apiOf(t, srv), t.Context()
	if _, err := api.Native(ctx, acct, an("number-1", clock)); err != nil {
		t.Fatal(err)
	}
	if err := srv.PayQuietly("number-1"); err != nil {
		t.Fatal(err)
	}
	if _, err := api.Refund(ctx, acct, Refund{Number: "ref_1", OutTradeNo: "number-1", Amount: 250, Total: 1250}); err != nil {
		t.Fatal(err)
	}
	day := clock.Now().In(beijing)
	if _, err := api.Bill(ctx, acct, day); !errors.Is(err, ErrNotReady) {
		t.Error("today's bill:", err)
	}
	clock.Advance(48 * time.Hour)
	list, err := api.Bill(ctx, acct, day)
	if err != nil {
		t.Fatal(err)
	}
	all, err := reconcile.Read(reconcile.File{Provider: "wechat", Raw: list})
	if err != nil || len(all) != 1 || len(all[0].Lines) != 2 || all[0].Account != srv.MchID {
		t.Fatalf("%+v %v", all, err)
	}
	for _, l := range all[0].Lines {
		switch {
		case l.Kind == reconcile.Payment && l.Amount == 1250 && l.Fee == 8 && l.Reference == "number-1" && l.Coin != "":
		case l.Kind == reconcile.RefundLine && l.Amount == -250 && l.OurRefund == "ref_1" && l.Fee == -2:
		default:
			t.Errorf("%+v", l)
		}
	}
	if list, err := api.Bill(ctx, acct, day.Add(-24*time.Hour)); err != nil || list != nil {
		t.Error("a day without trade:", list, err)
	}
	srv.Break(standin.Fault{})
	srv.Break(standin.Fault{Forged: true})
	if _, err := api.Bill(ctx, acct, day); !errors.Is(err, ErrUpstream) {
		t.Error("a bill that does not fit its digest is read:", err)
	}
	if _, err := api.download(ctx, acct, "http://127.0.0.1:1/v3/billdownload/file"); !errors.Is(err, ErrUpstream) {
		t.Error("a bill from a strange address:", err)
	}
}

func TestWhoAskedInsideWeChat(t *testing.T) {
	srv, c := server(t)
	acct, api := opened(t, c), apiOf(t, srv)
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	resp, err := client.Get(api.authorize + "/connect/oauth2/authorize?appid=" + srv.AppID + "&redirect_uri=http%3A%2F%2Fshop%2Fpay&response_type=code&scope=snsapi_base&state=pay")
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	to, err := resp.Location()
	if err != nil {
		t.Fatal(err)
	}
	code := to.Query().Get("code")
	if who, err := api.openID(t.Context(), acct, code); err != nil || who == "" {
		t.Error(who, err)
	}
	for _, used := range []string{code, "", strings.Repeat("x", 600)} {
		if who, err := api.openID(t.Context(), acct, used); !errors.Is(err, ErrUpstream) || who != "" {
			t.Error("a code that is no good names somebody:", who, err)
		}
	}
}

func FuzzNotification(f *testing.F) {
	srv, c := server(f)
	acct, err := c.Open()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(srv.Notice("TRANSACTION.SUCCESS", "transaction", map[string]any{"mchid": c.MchID, "appid": c.AppID, "trade_state": "SUCCESS", "out_trade_no": "n"}))
	f.Add(srv.Notice("REFUND.ABNORMAL", "refund", map[string]any{"mchid": c.MchID, "refund_status": "ABNORMAL"}))
	f.Add([]byte(`{"id":"1","event_type":"TRANSACTION.SUCCESS","resource":{"algorithm":"AEAD_AES_256_GCM","nonce":"aaaaaaaaaaaa","ciphertext":"AAAA"}}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		n, err := acct.read(raw)
		if err == nil && (n.ID == "" || n.Kind == "") {
			t.Errorf("%+v", n)
		}
		if err == nil {
			_, _ = acct.word(n) // must not panic
		}
	})
}

func FuzzBill(f *testing.F) {
	f.Add([]byte("\ufeff交易时间,商户号,微信订单号,商户订单号,交易状态,货币种类,商品名称,手续费,订单金额\r\n`2026-01-01 00:00:00,`1,`2,`3,`SUCCESS,`CNY,`tea, green,`0.01000,`1.00\r\n总交易单数\r\n`1\r\n"))
	f.Add([]byte("交易时间"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		list, err := reconcile.Read(reconcile.File{Provider: "wechat", Raw: raw})
		for _, s := range list {
			for _, l := range s.Lines {
				if err == nil && l.ID == "" {
					t.Errorf("%+v", l)
				}
			}
		}
	})
}

func FuzzOpenID(f *testing.F) {
	f.Add([]byte(`{"openid":"o","errcode":0}`))
	f.Add([]byte(`{"errcode":40029,"errmsg":"invalid code"}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		if who, err := readOpenID(raw); (who == "") != (err != nil) {
			t.Error(who, err)
		}
	})
}

func FuzzCertificates(f *testing.F) {
	f.Add([]byte(`{"data":[{"serial_no":"1","encrypt_certificate":{"algorithm":"AEAD_AES_256_GCM","nonce":"aaaaaaaaaaaa","ciphertext":"AAAA"}}]}`))
	f.Fuzz(func(_ *testing.T, raw []byte) {
		_, _ = readCertificates(strings.Repeat("k", 32), raw) // must not panic
		_, _, _ = readPlatformKey(PlatformKey{PEM: string(raw)})
	})
}
