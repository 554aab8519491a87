package pay

import (
	"html/template"
	"net/http"

	"github.com/gin-gonic/gin"

	"sotto.chat/payments"
)

// way is one way of paying: a button and what it means.
type way struct {
	Method      string
	Label, Hint string
}

// told is what a customer must know who pays outside of any page of a provider.
type told struct {
	Method    string
	Title     string
	Steps     string
	Account   string // the bank's details, as the shop wrote them
	Reference string
	Code      template.URL // what the code for WeChat says
	Square    square       // the same as a QR code
	Bridge    string       // what WeChat's own browser asks for the money with, as JSON
	NotMe     bool         // whoever looks may be another person than the bridge was made for
}

// ways lists how an open payment can be paid; the way that was chosen already is not offered again.
func (p *pay) ways(c *gin.Context, v *view, page payments.Page) {
	add := func(method, label string) {
		v.Ways = append(v.Ways, way{method, v.say(label), v.say("hint_" + method)})
	}
	add(payments.MethodStripe, "pay")
	if p.WeChat.Takes(c.Request.Context(), page.Payment) {
		add(payments.MethodWeChat, "pay_wechat")
	}
	if p.ByHand == nil {
		return
	}
	switch page.Payment.Reason {
	case payments.ReasonTransfer:
		v.tell(payments.MethodBank)
		v.Told.Account, v.Told.Reference = page.ByHand.BankDetails, page.Reference
	case payments.ReasonOnDelivery:
		v.tell(payments.MethodCash)
	}
	if page.ByHand.Bank && page.Payment.Reason != payments.ReasonTransfer {
		add(payments.MethodBank, "pay_bank")
	}
	if page.ByHand.Cash && page.Payment.Reason != payments.ReasonOnDelivery {
		add(payments.MethodCash, "pay_cash")
	}
}

// remember notes a customer's wish to be known at the next order: it takes the box that they ticked themselves.
func (p *pay) remember(c *gin.Context) error {
	if p.Consent == nil || c.PostForm("keep") != "yes" {
		return nil
	}
	ctx := c.Request.Context()
	merchant, customer, err := p.Payments.Remember(ctx, c.Param("token"))
	if err != nil || customer == "" {
		return err
	}
	return p.Consent(ctx, merchant, customer, true)
}

// forget takes it back.
func (p *pay) forget(c *gin.Context) {
	page, err := p.Payments.ByToken(c.Request.Context(), c.Param("token"))
	if err == nil && p.Consent != nil && page.Payment.CustomerID != "" {
		err = p.Consent(c.Request.Context(), page.Payment.MerchantID, page.Payment.CustomerID, false)
	}
	if err != nil {
		p.fail(c, page, err)
		return
	}
	c.Redirect(http.StatusSeeOther, p.path(c))
}

func (v *view) tell(method string) {
	v.Told = &told{Method: method, Title: v.say("told_" + method), Steps: v.say("steps_" + method)}
	if method == payments.MethodBank {
		v.Told.Steps = v.join(v.Told.Steps, v.talk("bank_news"), v.say("bank_late"))
	}
}

// byHand has the payment wait for cash or a transfer, and shows what to do.
func (p *pay) byHand(c *gin.Context, method string) {
	page, err := p.Payments.ByToken(c.Request.Context(), c.Param("token"))
	if err == nil && p.ByHand == nil {
		err = payments.ErrMethodOff
	}
	if err == nil {
		err = p.ByHand(c.Request.Context(), page.Payment.MerchantID, page.Payment.ID, method)
	}
	if err != nil {
		p.failNow(c, err)
		return
	}
	p.leave(c, p.path(c))
}
