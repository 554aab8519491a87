package api

import "sotto.chat/payments/wechatpay"

// WeChatPayIn is the shop's account at WeChat Pay; it is sealed and never comes back.
type WeChatPayIn struct {
	MchID        string         `json:"mchid" minLength:"1" maxLength:"32"`
	AppID        string         `json:"appid" minLength:"1" maxLength:"32" doc:"Of the Official Account that is tied to the merchant number."`
	AppSecret    string         `json:"app_secret,omitempty" maxLength:"128" doc:"Of the same Official Account. Without it customers inside WeChat pay by QR code."`
	Serial       string         `json:"serial" minLength:"1" maxLength:"80" doc:"The serial number of the merchant's certificate."`
	PrivateKey   string         `json:"private_key" minLength:"1" maxLength:"8192" doc:"apiclient_key.pem, as text."`
	APIv3Key     string         `json:"apiv3_key" minLength:"32" maxLength:"32"`
	PlatformKeys []WeChatPayKey `json:"platform_keys" minItems:"1" maxItems:"10" doc:"Keys of WeChat Pay's; while one follows another, both."`
}

// WeChatPayKey is one of WeChat Pay's keys.
type WeChatPayKey struct {
	ID  string `json:"id,omitempty" maxLength:"80" doc:"PUB_KEY_ID_… of a public key; a certificate tells its own."`
	PEM string `json:"pem" minLength:"1" maxLength:"8192"`
}

func (w WeChatPayIn) credentials() wechatpay.Credentials {
	c := wechatpay.Credentials{MchID: w.MchID, AppID: w.AppID, AppSecret: w.AppSecret, Serial: w.Serial, PrivateKey: w.PrivateKey, APIv3Key: w.APIv3Key}
	for _, k := range w.PlatformKeys {
		c.PlatformKeys = append(c.PlatformKeys, wechatpay.PlatformKey(k))
	}
	return c
}
