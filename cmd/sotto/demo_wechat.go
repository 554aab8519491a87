package main

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"net/http"

	"sotto.chat/channels"
	follower "sotto.chat/channels/wechat/standin"
	"sotto.chat/internal/database"
	"sotto.chat/payments/wechatpay"
	tenpay "sotto.chat/payments/wechatpay/standin"
)

// demoWeChat is what the demo must know again of its Official Account and its merchant number.
type demoWeChat struct {
	Port        int    `json:"port"`
	ChannelID   string `json:"channel_id"`
	VerifyToken string `json:"verify_token"`
	AppID       string `json:"app_id"`
	AppSecret   string `json:"app_secret"`
	AESKey      string `json:"encoding_aes_key"`
	MchID       string `json:"mchid"`
	Serial      string `json:"serial"`
	APIv3Key    string `json:"apiv3_key"`
	PublicKeyID string `json:"public_key_id"`
	Key         string `json:"key"` // signs for both sides
}

func newDemoWeChat() demoWeChat {
	raw := []byte(randomText(16))
	return demoWeChat{AppID: "wx" + randomText(8), AppSecret: randomText(16), AESKey: base64.StdEncoding.EncodeToString(raw)[:43], MchID: "1900000001",
		Serial: "5157F09EFDC096DE15EBE81A47057A7232F1B8E1", APIv3Key: randomText(16), PublicKeyID: "PUB_KEY_ID_0114232134912410000000000000"}
}

// wechatStandIn is both sides of WeChat at one address.
type wechatStandIn struct {
	account *follower.Server
	till    *tenpay.Server
}

func openWeChat(m *demoWeChat) (wechatStandIn, error) {
	cfg := tenpay.Config{MchID: m.MchID, AppID: m.AppID, AppSecret: m.AppSecret, Serial: m.Serial, APIv3Key: m.APIv3Key, PublicKeyID: m.PublicKeyID}
	if m.Key == "" {
		fresh, err := rsa.GenerateKey(rand.Reader, 2048)
		if err != nil {
			return wechatStandIn{}, err
		}
		der, err := x509.MarshalPKCS8PrivateKey(fresh)
		if err != nil {
			return wechatStandIn{}, err
		}
		m.Key = string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
	}
	key, err := readRSA(m.Key)
	if err != nil {
		return wechatStandIn{}, err
	}
	cfg.Key, cfg.Merchant = key, key // the shop knows WeChat's side by the same key, at the first start as at any other
	till, err := tenpay.New(cfg)
	if err != nil {
		return wechatStandIn{}, err
	}
	return wechatStandIn{follower.New(follower.Config{AppID: m.AppID, AppSecret: m.AppSecret, AESKey: m.AESKey}), till}, nil
}

func readRSA(text string) (*rsa.PrivateKey, error) {
	block, _ := pem.Decode([]byte(text))
	if block == nil {
		return nil, errors.New("demo.json holds no key for WeChat; remove the file and the demo makes new ones")
	}
	key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, err
	}
	own, ok := key.(*rsa.PrivateKey)
	if !ok {
		return nil, errors.New("demo.json holds another kind of key for WeChat; remove the file and the demo makes new ones")
	}
	return own, nil
}

func (w wechatStandIn) handler() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/cgi-bin/", w.account.Handler())
	mux.Handle("/talk", w.account.Handler())
	mux.Handle("/", w.till.Handler())
	return mux
}

// seedWeChat connects the Official Account and WeChat Pay, or gives the channel of last time the secrets of this one. Where other
// stand-ins are named, what they know must be set through the API.
func seedWeChat(ctx context.Context, h *house, merchant string, m *demoWeChat) (demoChannel, error) {
	credentials := channels.Credentials{"app_id": m.AppID, "app_secret": m.AppSecret, "encoding_aes_key": m.AESKey}
	list, err := h.Channels.List(ctx, merchant)
	if err != nil {
		return demoChannel{}, err
	}
	var ch channels.Channel
	for _, old := range list {
		if old.ID == m.ChannelID && old.DisabledAt == nil {
			ch = old
		}
	}
	if m.Key != "" {
		public, err := publicPEM(m.Key)
		if err != nil {
			return demoChannel{}, err
		}
		c := wechatpay.Credentials{MchID: m.MchID, AppID: m.AppID, AppSecret: m.AppSecret, Serial: m.Serial, PrivateKey: m.Key, APIv3Key: m.APIv3Key,
			PlatformKeys: []wechatpay.PlatformKey{{ID: m.PublicKeyID, PEM: public}}}
		if err := h.DB.InTx(ctx, func(tx database.Tx) error { return wechatpay.Set(tx, h.Merchants, merchant, c) }); err != nil {
			return demoChannel{}, err
		}
	}
	if ch.ID == "" {
		err = h.DB.InTx(ctx, func(tx database.Tx) (err error) {
			ch, m.VerifyToken, err = h.Channels.Create(tx, merchant, channels.NewChannel{Platform: "wechat", Name: "WeChat", Credentials: credentials})
			return err
		})
		m.ChannelID = ch.ID
	}
	return demoChannel{ID: ch.ID, WebhookURL: h.hookURL(ch), VerifyToken: m.VerifyToken, AppID: m.AppID, AESKey: m.AESKey}, err
}

func publicPEM(text string) (string, error) {
	key, err := readRSA(text)
	if err != nil {
		return "", err
	}
	der, err := x509.MarshalPKIXPublicKey(&key.PublicKey)
	return string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})), err
}
