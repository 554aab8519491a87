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

// wechat leads on to WeChat: inside WeChat in place, by a page that opens it on a phone, by a code for the phone elsewhere. In place one
// must know who is there: the one who talks with the shop, else WeChat is asked.
func (p *pay) wechat(c *gin.Context) {
	page, err := p.wechatPayment(c)
	if err == nil && page.State == "open" && wechatpay.SceneOf(c.GetHeader("User-Agent")) == wechatpay.InWeChat {
		var to, who string
		if who, err = p.knownInWeChat(c, page); who != "" {
			p.toWeChat(c, page, wechatpay.Ask{OpenID: who}, true)
			return
		}
		if err == nil {
			to, err = p.authorize(c, page)
		}
		if to != "" {
			p.leave(c, to)
			return
		}
	}
	if err != nil {
		p.failNow(c, err)
		return
	}
	p.toWeChat(c, page, wechatpay.Ask{}, false)
}

// knownInWeChat is the name of the one who ordered in WeChat, under which the app that takes the money knows them too.
func (p *pay) knownInWeChat(c *gin.Context, page payments.Page) (string, error) {
	if p.OpenID == nil {
		return "", nil
	}
	app, err := p.WeChat.AppID(c.Request.Context(), page.Payment.MerchantID)
	if err != nil {
		return "", err
	}
	return p.OpenID(c.Request.Context(), page.Payment, app)
}

// authorize is where WeChat says who is there; empty where it cannot be asked.
func (p *pay) authorize(c *gin.Context, page payments.Page) (string, error) {
	return p.WeChat.Authorize(c.Request.Context(), page.Payment.MerchantID, strings.TrimRight(p.PublicURL, "/")+p.path(c)+"/wechat")
}

// named is where WeChat sends a customer back to, with a code that tells who it is. Nobody else has such a code: a robot that looks at
// this address begins nothing.
func (p *pay) named(c *gin.Context) {
	page, err := p.wechatPayment(c)
	if err != nil {
		p.failNow(c, err)
		return
	}
	if c.Query("ask") != "" && c.Query("code") == "" { // somebody else than the one who ordered
		if to, err := p.authorize(c, page); err == nil && to != "" {
			p.leave(c, to)
			return
		}
	}
	who, err := p.WeChat.OpenID(c.Request.Context(), page.Payment.MerchantID, c.Query("code"))
	if err != nil {
		p.Log.InfoContext(c.Request.Context(), "a customer came back from WeChat without a name", "payment", page.Payment.ID, "error", err)
		p.leave(c, p.path(c)) // a code is good once, and the page may have been loaded again
		return
	}
	p.toWeChat(c, page, wechatpay.Ask{OpenID: who}, false)
}

// toWeChat begins the payment. presumed tells that nobody has said who is there, so that the page offers to.
func (p *pay) toWeChat(c *gin.Context, page payments.Page, ask wechatpay.Ask, presumed bool) {
	ask.Agent, ask.IP = c.GetHeader("User-Agent"), c.ClientIP()
	start, err := p.WeChat.Start(c.Request.Context(), page.Payment, ask)
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
		if presumed {
			to, err := p.authorize(c, page)
			v.Told.NotMe = err == nil && to != ""
		}
	} else {
		v.Told.Code, v.Told.Square = wechatURL(start.Code), squareOf(start.Code)
	}
	v.Again = v.Path + "/done?look=0"
	p.write(c, http.StatusOK, v)
}
