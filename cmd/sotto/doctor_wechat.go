package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"sotto.chat/merchants"
	"sotto.chat/payments/wechatpay"
)

// tryWeChatPay tries a merchant's credentials at WeChat Pay; nothing to say where there are none.
func (s *settings) tryWeChatPay(ctx context.Context, register *merchants.Register, m merchants.Merchant) []finding {
	var c wechatpay.Credentials
	ok, err := register.Credential(ctx, m.ID, wechatpay.Kind, &c)
	if err != nil || !ok {
		return nil
	}
	what := "WeChat Pay of " + m.Slug
	if url := s.demoStandIn(c.MchID); url != "" {
		return []finding{{what, hint, "is the demo's stand-in, which WeChat does not know: to try it, run sotto demo, and this command with SOTTO_WECHAT_API_URL and " +
			"SOTTO_WECHATPAY_API_URL set to " + url}}
	}
	acct, err := c.Open()
	if err != nil {
		return []finding{{what, wrong, "the credentials cannot be used: set them again with PATCH /v1/settings"}}
	}
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	api := wechatpay.NewAPI(wechatpay.Addresses{Pay: s.WeChatPayURL, OA: s.WeChatURL}, time.Now)
	err = api.Try(ctx, acct)
	var no *wechatpay.Refusal
	switch {
	case err == nil:
		return []finding{{what, fine, ""}}
	case errors.As(err, &no) && no.Status == http.StatusUnauthorized:
		return []finding{{what, wrong, "WeChat refuses the signature: the serial must be that of the certificate of this private key, and the clock must be right"}}
	case errors.As(err, &no):
		return []finding{{what, wrong, "WeChat refuses: " + no.Code}}
	}
	return []finding{{what, hint, "no answer that can be believed: check the network, and that platform_keys has WeChat Pay's public key with its id"}}
}

// demoStandIn is where the demo's stand-in for WeChat listens, if this is the demo's data, the merchant number the demo's, and no address named.
func (s *settings) demoStandIn(mchID string) string {
	if s.WeChatPayURL != "" {
		return ""
	}
	text, err := os.ReadFile(filepath.Join(s.DataDir, "demo.json"))
	if err != nil {
		return "" // not the demo's data
	}
	var m demoMemory
	if err := json.Unmarshal(text, &m); err != nil || m.WeChat.MchID != mchID {
		return ""
	}
	return fmt.Sprintf("http://127.0.0.1:%d", m.WeChat.Port)
}
