package pay

import (
	"encoding/json"
	"html/template"
	"net/http"
	"strings"

	"github.com/gin-gonic/gin"

	"sotto.chat/payments"
	"sotto.chat/payments/wechatpay"
)

// wechatURL lets a link open WeChat, and nothing else.
func wechatURL(code string) template.URL {
	if !strings.HasPrefix(code, "weixin://wxpay/") {
		return ""
	}
	return template.URL(code) //nolint:gosec // the scheme was looked at
}

// wechatPayment reads the payment of the link where it can be paid by WeChat.
func (p *pay) wechatPayment(c *gin.Context) (payments.Page, error) {
	page, err := p.Payments.ByToken(c.Request.Context(), c.Param("token"))
	if err == nil && !p.WeChat.Takes(c.Request.Context(), page.Payment) {
		err = payments.ErrMethodOff
	}
	return page, err
}

// wechat leads on to WeChat: inside WeChat by asking who is there, by a page that opens it on a phone, by a code for the phone elsewhere.
func (p *pay) wechat(c *gin.Context) {
	page, err := p.wechatPayment(c)
	if err == nil && page.State == "open" && wechatpay.SceneOf(c.GetHeader("User-Agent")) == wechatpay.InWeChat {
		var to string
		if to, err = p.WeChat.Authorize(c.Request.Context(), page.Payment.MerchantID, strings.TrimRight(p.PublicURL, "/")+p.path(c)+"/wechat"); to != "" {
			p.leave(c, to)
			return
		}
	}
	if err != nil {
		p.failNow(c, err)
		return
	}
	p.toWeChat(c, page, "")
}

// named is where WeChat sends a customer back to, with a code that tells who it is. Nobody else has such a code: a robot that looks at
// this address begins nothing.
func (p *pay) named(c *gin.Context) {
	page, err := p.wechatPayment(c)
	if err != nil {
		p.failNow(c, err)
		return
	}
	who, err := p.WeChat.OpenID(c.Request.Context(), page.Payment.MerchantID, c.Query("code"))
	if err != nil {
		p.Log.InfoContext(c.Request.Context(), "a customer came back from WeChat without a name", "payment", page.Payment.ID, "error", err)
		p.leave(c, p.path(c)) // a code is good once, and the page may have been loaded again
		return
	}
	p.toWeChat(c, page, who)
}

func (p *pay) toWeChat(c *gin.Context, page payments.Page, who string) {
	start, err := p.WeChat.Start(c.Request.Context(), page.Payment, wechatpay.Ask{Agent: c.GetHeader("User-Agent"), IP: c.ClientIP(), OpenID: who})
	switch {
	case err != nil:
		p.failNow(c, err)
		return
	case start.Page != "":
		p.leave(c, start.Page)
		return
	}
	v := p.view(c, page)
	v.tell(payments.MethodWeChat)
	if start.Bridge != nil {
		raw, err := json.Marshal(start.Bridge)
		if err != nil {
			p.failNow(c, err)
			return
		}
		v.Told.Bridge, v.Told.Steps = string(raw), v.say("steps_bridge")
	} else {
		v.Told.Code, v.Told.Square = wechatURL(start.Code), squareOf(start.Code)
	}
	v.Again = v.Path + "/done?look=0"
	p.write(c, http.StatusOK, v)
}
