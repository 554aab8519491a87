package wechatpay

import (
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"sotto.chat/internal/testkit"
)

func readJSON(t *testing.T, into any, parts ...string) {
	t.Helper()
	raw, err := os.ReadFile(testkit.Shared(t, parts...))
	if err == nil {
		err = json.Unmarshal(raw, into)
	}
	if err != nil {
		t.Fatal(err)
	}
}

func TestTencentsVectorForTheSeal(t *testing.T) {
	var v struct {
		Key    string `json:"api_v3_key"`
		Sealed string `json:"ciphertext_b64"`
		Nonce  string `json:"nonce"`
		Data   string `json:"associated_data"`
		Plain  string `json:"plaintext"`
	}
	readJSON(t, &v, "fixtures", "wechat", "vectors", "wechatpay_v3_aes_gcm.json")
	got, err := Unseal(v.Key, Box{Algorithm: "AEAD_AES_256_GCM", Ciphertext: v.Sealed, Nonce: v.Nonce, AssociatedData: v.Data})
	if err != nil || string(got) != v.Plain {
		t.Errorf("%q %v, want %q", got, err, v.Plain)
	}
	for name, b := range map[string]Box{
		"another nonce":     {Algorithm: "AEAD_AES_256_GCM", Ciphertext: v.Sealed, Nonce: "aaaaaaaaaaaa", AssociatedData: v.Data},
		"a nonce too short": {Algorithm: "AEAD_AES_256_GCM", Ciphertext: v.Sealed, Nonce: "a", AssociatedData: v.Data},
		"other data":        {Algorithm: "AEAD_AES_256_GCM", Ciphertext: v.Sealed, Nonce: v.Nonce},
		"another algorithm": {Algorithm: "AES", Ciphertext: v.Sealed, Nonce: v.Nonce, AssociatedData: v.Data},
		"no base64":         {Algorithm: "AEAD_AES_256_GCM", Ciphertext: "§", Nonce: v.Nonce, AssociatedData: v.Data},
		"nothing":           {Algorithm: "AEAD_AES_256_GCM", Nonce: v.Nonce, AssociatedData: v.Data},
	} {
		if got, err := Unseal(v.Key, b); err == nil {
			t.Errorf("%s opens to %q", name, got)
		}
	}
}

func TestTencentsVectorForNotifications(t *testing.T) {
	var v struct {
		Key     string            `json:"api_v3_key"`
		Cert    string            `json:"platform_certificate_pem"`
		Headers map[string]string `json:"headers"`
		Body    string            `json:"body"`
		Plain   string            `json:"expected_plaintext"`
		Now     int64             `json:"frozen_now_unix"`
	}
	readJSON(t, &v, "fixtures", "wechat", "vectors", "wechatpay_v3_notify.json")
	a := &Account{Credentials: Credentials{APIv3Key: v.Key}, keys: map[string]platformKey{}}
	if err := a.Add(PlatformKey{PEM: v.Cert}); err != nil {
		t.Fatal(err)
	}
	now := time.Unix(v.Now, 0)
	header := func(change ...string) http.Header {
		h := http.Header{}
		for k, x := range v.Headers {
			h.Set(k, x)
		}
		for i := 0; i < len(change); i += 2 {
			h.Set(change[i], change[i+1])
		}
		return h
	}
	n, err := a.Heard(header(), []byte(v.Body), now)
	if err != nil || n.ID == "" || n.Kind != "PAYSCORE.USER_OPEN_SERVICE" || n.Transaction != nil {
		t.Fatalf("%+v %v", n, err)
	}
	var e struct{ Resource Box }
	if err := json.Unmarshal([]byte(v.Body), &e); err != nil {
		t.Fatal(err)
	}
	if plain, err := Unseal(v.Key, e.Resource); err != nil || string(plain) != v.Plain {
		t.Errorf("%s %v", plain, err)
	}
	for _, c := range []struct {
		name string
		h    http.Header
		body string
		now  time.Time
		ok   bool
	}{
		{"five minutes late", header(), v.Body, now.Add(5 * time.Minute), true},
		{"later", header(), v.Body, now.Add(5*time.Minute + time.Second), false},
		{"five minutes early", header(), v.Body, now.Add(-5 * time.Minute), true},
		{"earlier", header(), v.Body, now.Add(-5*time.Minute - time.Second), false},
		{"a serial with noughts before it", header("Wechatpay-Serial", "00d7ce59d1f522d701"), v.Body, now, true},
		{"another serial", header("Wechatpay-Serial", "D7CE59D1F522D702"), v.Body, now, false},
		{"a public key that is not known", header("Wechatpay-Serial", "PUB_KEY_ID_1"), v.Body, now, false},
		{"another body", header(), v.Body + " ", now, false},
		{"another nonce", header("Wechatpay-Nonce", "x"), v.Body, now, false},
		{"another time", header("Wechatpay-Timestamp", "1624523847"), v.Body, now, false},
		{"no time", header("Wechatpay-Timestamp", ""), v.Body, now, false},
		{"no signature", header("Wechatpay-Signature", ""), v.Body, now, false},
		{"no base64", header("Wechatpay-Signature", "§"), v.Body, now, false},
		{"a probe", header("Wechatpay-Signature", "WECHATPAY/SIGNTEST/"+v.Headers["Wechatpay-Signature"]), v.Body, now, false},
		{"another kind of signature", header("Wechatpay-Signature-Type", "WECHATPAY2-SM2-WITH-SM3"), v.Body, now, false},
		{"its kind of signature", header("Wechatpay-Signature-Type", "WECHATPAY2-SHA256-RSA2048"), v.Body, now, true},
	} {
		if err := a.Verify(c.h, []byte(c.body), c.now); (err == nil) != c.ok {
			t.Errorf("%s: %v", c.name, err)
		}
	}
	block, _ := pem.Decode([]byte(v.Cert))
	cert, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	old := &Account{keys: map[string]platformKey{serialOf(cert.SerialNumber): {cert.PublicKey.(*rsa.PublicKey), cert.NotBefore, now.Add(-time.Second)}}}
	if old.Verify(header(), []byte(v.Body), now) == nil {
		t.Error("a certificate is believed after its end")
	}
}

func TestCredentials(t *testing.T) {
	_, good := server(t)
	if _, err := good.Open(); err != nil {
		t.Fatal(err)
	}
	for field, spoil := range map[string]func(*Credentials){
		"mchid":            func(c *Credentials) { c.MchID = "12a" },
		"appid":            func(c *Credentials) { c.AppID = "" },
		"serial":           func(c *Credentials) { c.Serial = "xyz" },
		"apiv3_key":        func(c *Credentials) { c.APIv3Key = "short" },
		"private_key":      func(c *Credentials) { c.PrivateKey = "none" },
		"platform_keys":    func(c *Credentials) { c.PlatformKeys = nil },
		"platform_keys[0]": func(c *Credentials) { c.PlatformKeys = []PlatformKey{{ID: "123", PEM: good.PlatformKeys[0].PEM}} },
	} {
		c := good
		spoil(&c)
		_, err := c.Open()
		if err == nil || !strings.Contains(errFields(err), "wechatpay."+field+" ") {
			t.Errorf("%s: %v", field, errFields(err))
		}
		if strings.Contains(errFields(err), "PRIVATE KEY") {
			t.Error("the complaint holds a secret")
		}
	}
}
