package pay

import (
	"slices"
	"strings"

	"github.com/gin-gonic/gin"

	"sotto.chat/internal/fault"
	"sotto.chat/internal/money"
	"sotto.chat/orders"
	"sotto.chat/payments"
	"sotto.chat/web/assets"
)

// about is what the page knows beside the payment: of its order, and of the money that came.
type about struct {
	number           string
	alone            bool   // the order was made in no conversation: nothing is said about a chat
	came, back, rest string // what came by this payment, what of it went back, what of the order is still open; "" for nothing
	some             bool   // money came for the order
	here             string // what of it is still with the shop; "" for nothing, or where a bank has to say
	cash             bool   // this payment's money was cash
	gone             bool   // all of it went back
	done             bool   // the order is paid
	looked           bool   // a person looks at money for another part of the order
}

// share is the link of a part.
type share struct{ URL, Label string }

// tell reads what there is to know about the order of a payment. A page without it still says what the payment is.
func (p *pay) tell(c *gin.Context, v *view, tag string, pay payments.Payment) {
	show := func(n int64) string { return assets.Money(tag, money.Of(n, pay.Currency)) }
	v.order.came = show(pay.Amount)
	if pay.PaidAmount > 0 {
		v.order.came = show(pay.PaidAmount)
	}
	if pay.RefundedAmount > 0 {
		v.order.back = show(pay.RefundedAmount)
	}
	if pay.Status == payments.Refunded {
		receipts, err := p.Payments.Receipts(c.Request.Context(), pay.MerchantID, pay.ID)
		p.missed(c, pay, err)
		v.order.cash = len(receipts) > 0 && receipts[0].Method == payments.MethodCash
	}
	var ord orders.Order
	if p.Orders != nil {
		var err error
		if ord, err = p.Orders.Get(c.Request.Context(), pay.MerchantID, pay.OrderID); err != nil {
			p.missed(c, pay, err)
			ord = orders.Order{}
		}
	}
	if ord.ID != "" {
		v.order.number, v.order.alone = ord.Number, ord.ConversationID == ""
		v.order.done = !slices.Contains([]orders.Status{orders.AwaitingPayment, orders.Cancelled, orders.Expired}, ord.Status)
		open := ord.Open()
		open.Amount -= v.order.unsettled(ord, pay.ID)
		if open.Amount > 0 && (ord.Status == orders.AwaitingPayment || slices.ContainsFunc(ord.Payments, expected)) {
			v.order.rest = assets.Money(tag, open)
		}
		v.order.arrived(tag, ord)
		if v.order.alone || p.elsewhere(c, ord) {
			v.Chat = ""
		}
	}
	if v.State != "cancelled" {
		return
	}
	switch {
	case pay.Reason == orders.ReasonCartChanged:
		v.State = "changed"
	case pay.Reason == orders.ReasonPaid && v.order.done: // other money paid the order, and nobody needs this link any more
		v.State = "settled"
	case pay.Reason == orders.ReasonSplit && ord.Status == orders.Expired:
		v.State = "expired"
	case pay.Reason == orders.ReasonSplit && ord.Status != orders.Cancelled:
		v.State = "split"
		for _, l := range p.links(ord) {
			v.Shares = append(v.Shares, share{l.URL, strings.ReplaceAll(v.Words["split_link"], "{sum}", assets.Money(tag, l.Amount))})
		}
	}
}

func (p *pay) links(ord orders.Order) []orders.PayLink {
	if ord.ID == "" {
		return nil
	}
	return p.Orders.PayLinks(ord)
}

func (p *pay) missed(c *gin.Context, pay payments.Payment, err error) {
	if f, known := fault.Of(err); err != nil && (!known || f.Kind != fault.NotFound) {
		p.Log.WarnContext(c.Request.Context(), "the pay page says less than it could", "error", err, "payment", pay.ID)
	}
}

func expected(p payments.Payment) bool {
	return p.Status == payments.Pending || p.Status == payments.Failed || p.Status == payments.Authorized
}

// arrived sums what came for the order and has not gone back.
func (a *about) arrived(tag string, ord orders.Order) {
	var here int64
	unsure := false
	for _, p := range ord.Payments {
		moved := p.Status == payments.NeedsReview || p.Status == payments.Authorized || p.Processing()
		a.some = a.some || p.PaidAmount > 0 || moved
		here += p.PaidAmount - p.RefundedAmount
		unsure = unsure || moved && p.PaidAmount == 0 || p.Reason == payments.ReasonDisputed || p.Reason == payments.ReasonDisputeLost
	}
	a.gone = a.some && here <= 0 && !unsure
	if here > 0 && !unsure {
		a.here = assets.Money(tag, money.Of(here, ord.Currency))
	}
}

// unsettled is the money of the order's other parts that is here, or held, and of which a person or the shop has not decided.
func (a *about) unsettled(ord orders.Order, but string) (sum int64) {
	for _, p := range ord.Payments {
		switch {
		case p.ID == but || p.Currency != ord.Currency:
		case p.Status == payments.Authorized:
			sum += p.Amount
		case p.Status == payments.NeedsReview && p.PaidAmount > p.RefundedAmount:
			a.looked, sum = true, sum+p.PaidAmount-p.RefundedAmount
		}
	}
	return sum
}

// share words a part of an order: it stands there under the order's number alone.
func (v *view) share(pay payments.Payment) {
	if v.order.number == "" || len(v.Lines) != 1 || pay.Description[0].Name != v.order.number {
		return
	}
	v.Lines[0].Name = v.say("share_of")
	if v.Part != "" {
		v.Lines[0].Name = v.say("part_of")
	}
}

// elsewhere tells whether the talk about an order is on a platform of its own, where no link of ours leads.
func (p *pay) elsewhere(c *gin.Context, ord orders.Order) bool {
	if p.WebChat == nil {
		return false
	}
	here, err := p.WebChat(c.Request.Context(), ord.MerchantID, ord.ConversationID)
	if err != nil {
		p.Log.ErrorContext(c.Request.Context(), "the pay page does not know where an order is talked about", "order", ord.ID, "error", err)
	}
	return !here
}

// talk fills a text that sends people to their chat, or its twin where there is none.
func (v *view) talk(key string) string {
	if v.order.alone {
		key += "_alone"
	}
	return v.say(key)
}

// join makes one text of sentences.
func (v *view) join(sentences ...string) string {
	return strings.Join(slices.DeleteFunc(sentences, func(s string) bool { return s == "" }), " ")
}

// chat is what is said only to who came from a chat.
func (v *view) chat(key string) string {
	if v.order.alone {
		return ""
	}
	return v.say(key)
}

// text is what a state means, and what there is to do.
func (v *view) text() string {
	first := v.say("text_" + v.State)
	switch v.State {
	case "processing":
		return v.join(first, v.talk("wait"))
	case "confirming":
		return v.join(first, v.chat("meanwhile"))
	case "paid":
		return v.join(first, v.wentBack(), v.still("all_paid"))
	case "thanks":
		return v.join(first, v.wentBack(), v.still(""), v.chat("details"))
	case "refunded":
		if v.order.cash {
			return v.join(v.say("text_refunded_cash"), v.talk("ask_cash"))
		}
		return v.join(first, v.say("bank_shows"), v.talk("ask_refund"))
	case "expired":
		return v.join(first, v.taken("ask_cart"))
	case "cancelled":
		return v.join(first, v.taken("start_again"))
	case "changed":
		return v.join(first, v.taken("ask_link"))
	case "split":
		switch {
		case v.order.done:
			return v.join(first, v.say("split_paid"))
		case len(v.Shares) == 0:
			return v.join(first, v.talk("find_parts"))
		}
	}
	return first
}

func (v *view) wentBack() string {
	if v.order.back == "" {
		return ""
	}
	return v.say("went_back")
}

// still says what of the order is open; else says that nothing is.
func (v *view) still(otherwise string) string {
	switch {
	case v.order.rest != "" && v.order.looked:
		return v.join(v.say("rest_open"), v.say("part_looked_at"))
	case v.order.rest != "":
		return v.say("rest_open")
	case v.order.looked:
		return v.say("part_looked_at")
	case otherwise != "":
		return v.say(otherwise)
	}
	return ""
}

// taken says what has become of the customer's money where a link has ended: "nothing was taken" only where nothing came for the order.
func (v *view) taken(next string) string {
	switch {
	case !v.order.some:
		return v.join(v.say("not_taken"), v.talk(next))
	case v.order.here != "":
		return v.talk("still_here")
	}
	return v.join(v.goneBack(), v.talk(next))
}

// goneBack is silent about money of which a bank or a person has not decided yet.
func (v *view) goneBack() string {
	if !v.order.gone {
		return ""
	}
	return v.say("gone_back")
}
