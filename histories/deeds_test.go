package histories_test

import (
	"context"
	"fmt"
	"net/url"
	"strings"
	"time"

	"sotto.chat/internal/database"
	"sotto.chat/internal/money"
	"sotto.chat/orders"
	"sotto.chat/payments"
	"sotto.chat/payments/sandbox"
)

// take takes one step.
func (p *play) take(s step) {
	switch s.Do {
	case "order":
		p.order(s)
	case "edit":
		p.edit(s)
	case "change":
		p.change(s)
	case "click":
		p.click(s)
	case "pay", "decline", "slowly", "arrive", "fail", "alter", "copy":
		p.paying(s)
	case "give back", "bounce", "dispute", "decide":
		p.afterwards(s)
	case "cancel", "fulfil", "complete", "return", "refund", "accept":
		p.shopping(s)
	case "offer":
		p.offer(s)
	case "pay there", "slowly there", "fail there", "give back there":
		p.paysThere(s)
	case "split", "receive", "by transfer", "confirm", "ask rest", "difference":
		p.remedy(s)
	case "wait":
		p.advance(time.Duration(5+s.A%36) * time.Minute)
		p.say("some time passes")
		if s.B%2 == 0 {
			p.run("sweep", 20, p.sweep)
		}
	case "long wait":
		p.advance(31 * time.Minute)
		p.say("half an hour passes")
		p.run("sweep", 0, p.sweep)
	case "storm": // nothing is heard for a while
		p.storm = 2 + s.A%3
	case "hear", "work":
		p.drift(80)
	case "look":
		p.run("poll", 20, p.pay.Poll)
		if s.A%2 == 0 {
			p.run("recover", 20, p.pay.Recover)
		}
	default:
		panic("nobody knows how to " + s.Do)
	}
}

// order puts one to three pieces into a cart and says yes to all that is in it.
func (p *play) order(s step) {
	owner := s.A % len(p.owners)
	var cart orders.Cart
	if p.asks(fmt.Sprintf("customer %d wants %d more", owner, 1+s.B%3), func(ctx context.Context) error {
		return p.inTx(ctx, func(tx database.Tx) (err error) {
			if cart, err = p.orders.OpenCart(tx, p.merchant, p.owners[owner], ""); err != nil {
				return err
			}
			_, err = p.orders.AddLine(tx, p.merchant, cart.ID, orders.LineInput{SKU: p.goods.SKU, Quantity: int64(1 + s.B%3)})
			return err
		})
	}) != nil {
		return
	}
	q, err := p.orders.QuoteNow(p.t.Context(), p.merchant, cart.ID)
	p.must(err)
	for range 1 + s.A%7/6 { // some say yes twice
		var ord orders.Order
		if p.asks(fmt.Sprintf("customer %d says yes to %d", owner, q.Total), func(ctx context.Context) (err error) {
			ord, err = p.orders.PlaceNow(ctx, p.merchant, orders.Placing{CartID: cart.ID, Hash: q.Hash, Actor: "customer"})
			return err
		}) == nil {
			p.know(ord)
		}
	}
}

func (p *play) know(ord orders.Order) {
	for _, d := range p.deals {
		if d.id == ord.ID {
			return
		}
	}
	var n int64
	for _, l := range ord.Lines {
		n += l.Quantity
	}
	p.deals = append(p.deals, &deal{id: ord.ID, cart: ord.CartID, total: ord.Total, quantity: n, most: n, changed: map[string]bool{}})
	p.say("order %d is %s", len(p.deals), ord.ID)
}

func (p *play) edit(s step) {
	owner := s.A % len(p.owners)
	_ = p.asks(fmt.Sprintf("customer %d changes the cart", owner), func(ctx context.Context) error {
		return p.inTx(ctx, func(tx database.Tx) error {
			c, ok, err := p.orders.CartOf(tx, p.merchant, p.owners[owner].ConversationID)
			if err != nil || !ok {
				return err
			}
			if s.B%2 == 0 {
				return p.orders.Clear(tx, p.merchant, c.ID)
			}
			_, err = p.orders.AddLine(tx, p.merchant, c.ID, orders.LineInput{SKU: p.goods.SKU, Quantity: 1})
			return err
		})
	})
}

// deal chooses a deal, the latest most often.
func (p *play) deal(s step) (*deal, int) {
	if len(p.deals) == 0 {
		return nil, 0
	}
	n := len(p.deals) - 1
	if s.A%3 == 0 {
		n = s.A / 3 % len(p.deals)
	}
	return p.deals[n], n + 1
}

// change has staff change how much is ordered.
func (p *play) change(s step) {
	d, n := p.deal(s)
	if d == nil {
		return
	}
	before, err := p.orders.Get(p.t.Context(), p.merchant, d.id)
	p.must(err)
	lines := []orders.EditLine{{LineID: before.Lines[0].ID, LineInput: orders.LineInput{Quantity: int64(1 + s.B%4)}}}
	_ = p.asks(fmt.Sprintf("staff change order %d", n), func(ctx context.Context) error {
		return p.inTx(ctx, func(tx database.Tx) error {
			return second(p.orders.Edit(tx, p.merchant, d.id, orders.Edit{Lines: lines, Deed: orders.Deed{Actor: "staff"}}))
		})
	})
	ord, err := p.orders.Get(p.t.Context(), p.merchant, d.id)
	p.must(err)
	d.total, d.quantity = ord.Total, ord.Lines[0].Quantity
	d.most = max(d.most, d.quantity)
	for _, pay := range ord.Payments {
		if pay.Reason == orders.ReasonEdited {
			d.changed[pay.ID] = true
		}
	}
}

func (p *play) click(s step) {
	d, n := p.deal(s)
	if d == nil {
		return
	}
	list := p.payments(d)
	k := s.B % len(list)
	link := p.pay.PayURL(list[k])
	for range 1 + s.B%4/3 {
		err := p.door(fmt.Sprintf("link %d of order %d is clicked", k+1, n), func(ctx context.Context) error {
			_, err := p.pay.Checkout(ctx, link[strings.LastIndex(link, "/")+1:])
			return err
		})
		p.acts = append(p.acts, fmt.Sprintf("click %d: %s", k, outcome(err)))
	}
}

// session is a session at the bank.
type session struct {
	ID, Status    string
	PaymentStatus string `json:"payment_status"`
	Intent        string `json:"payment_intent"`
	Amount        int64  `json:"amount_total"`
	Currency      string
	Metadata      map[string]string
}

// paying is what a customer does at the bank's page. What the bank refuses has not happened.
func (p *play) paying(s step) {
	list := get[session](p.bank, "/v1/checkout/sessions")
	if len(list) == 0 {
		return
	}
	at := list[0]
	if s.A%3 == 0 {
		at = list[s.A/3%len(list)]
	}
	var err error
	switch s.Do {
	case "pay":
		err = p.bank.Approve(at.ID)
	case "decline":
		err = p.bank.Decline(at.ID, "insufficient_funds")
	case "slowly":
		err = p.bank.Delay(at.ID)
	case "arrive", "fail":
		err = p.bank.Settle(at.ID, s.Do == "arrive")
	case "alter":
		lie := []sandbox.Lie{{Amount: at.Amount - 7}, {Amount: at.Amount + 9}, {Currency: "USD"}}[s.B%3]
		err = p.bank.Alter(at.ID, lie)
	case "copy": // somebody makes a session of the same marks, and pays it
		form := url.Values{"mode": {"payment"}, "success_url": {"http://shop.test"}, "line_items[0][quantity]": {"1"},
			"line_items[0][price_data][currency]": {at.Currency}, "line_items[0][price_data][unit_amount]": {fmt.Sprint(at.Amount)},
			"line_items[0][price_data][product_data][name]": {"Tea"}, "metadata[copy]": {"yes"}, "payment_intent_data[metadata][copy]": {"yes"}}
		for k, v := range at.Metadata {
			form.Set("metadata["+k+"]", v)
			form.Set("payment_intent_data[metadata]["+k+"]", v)
		}
		p.copied = true
		err = p.bank.Approve(p.bank.post("/v1/checkout/sessions", form))
	}
	p.say("%s at the bank, session %s: %s", s.Do, at.ID[:16], done(err))
	p.acts = append(p.acts, s.Do+": "+done(err))
}

func done(err error) string {
	if err != nil {
		return "refused"
	}
	return "done"
}

// afterwards is what happens at the bank to money that came.
func (p *play) afterwards(s step) {
	var err error
	switch s.Do {
	case "give back", "dispute":
		var paid []session
		for _, at := range get[session](p.bank, "/v1/checkout/sessions") {
			if at.PaymentStatus == "paid" {
				paid = append(paid, at)
			}
		}
		if len(paid) == 0 {
			return
		}
		at := paid[s.A%len(paid)]
		var made string
		if s.Do == "dispute" {
			if made, err = p.bank.Dispute(at.ID, ""); err == nil {
				p.claims = append(p.claims, made)
			}
		} else if made, err = p.bank.Refund(at.ID, []int64{0, 0, 100, 250}[s.B%4]); err == nil {
			p.back = append(p.back, made)
		}
	case "bounce":
		if len(p.back) == 0 {
			return
		}
		err = p.bank.FailRefund(p.back[s.A%len(p.back)])
	case "decide":
		if len(p.claims) == 0 {
			return
		}
		err = p.bank.DecideDispute(p.claims[s.A%len(p.claims)], s.B%2 == 0)
	}
	p.say("%s at the bank: %s", s.Do, done(err))
	p.acts = append(p.acts, s.Do+": "+done(err))
}

// shopping is what people ask of an order.
func (p *play) shopping(s step) {
	d, n := p.deal(s)
	if d == nil {
		return
	}
	what := fmt.Sprintf("%s order %d", s.Do, n)
	step := func(do func(database.Tx, string, string, orders.Deed) (orders.Order, error)) error {
		return p.asks(what, func(ctx context.Context) error {
			return p.inTx(ctx, func(tx database.Tx) error { return second(do(tx, p.merchant, d.id, orders.Deed{Actor: "staff"})) })
		})
	}
	switch s.Do {
	case "cancel":
		_ = step(p.orders.Cancel)
	case "fulfil":
		d.sent = step(p.orders.Fulfil) == nil || p.cut || d.sent
	case "complete":
		d.sent = step(p.orders.Complete) == nil || p.cut || d.sent
	case "return":
		_ = p.asks(what, func(ctx context.Context) error {
			return p.inTx(ctx, func(tx database.Tx) error {
				return second(p.orders.Return(tx, p.merchant, d.id, orders.Returned{Restock: true, Deed: orders.Deed{Actor: "staff"}}))
			})
		})
	case "refund":
		p.refund(d, what, s)
	case "accept":
		p.accept(d, what)
	}
}

// refund asks for money back under one key, however often it takes.
func (p *play) refund(d *deal, what string, s step) {
	d.refunds++
	ask := orders.Refunding{IdempotencyKey: fmt.Sprintf("key-%d", d.refunds)}
	if s.B%3 > 0 {
		sum := money.Of(int64(1+s.B%300), "EUR")
		ask.Amount = &sum
	}
	for range 1 + s.B%5/4 {
		_ = p.asks(what, func(ctx context.Context) error { return second(p.orders.RefundOrder(ctx, p.merchant, d.id, ask)) })
	}
}

func (p *play) accept(d *deal, what string) {
	for _, pay := range p.payments(d) {
		if pay.Status == payments.NeedsReview && p.asks(what, func(ctx context.Context) error {
			return p.inTx(ctx, func(tx database.Tx) error { return p.orders.AcceptPayment(tx, p.merchant, pay.ID) })
		}) == nil || p.cut {
			d.accepted = true
		}
	}
}

// remedy is what people do where the money is not simply there.
func (p *play) remedy(s step) {
	d, n := p.deal(s)
	if d == nil {
		return
	}
	list := p.payments(d)
	pay := list[s.B%len(list)]
	what := fmt.Sprintf("%s order %d", s.Do, n)
	in := func(f func(tx database.Tx) error) error {
		return p.asks(what, func(ctx context.Context) error { return p.inTx(ctx, f) })
	}
	staff := orders.Deed{Actor: "staff"}
	switch s.Do {
	case "split":
		ord, err := p.orders.Get(p.t.Context(), p.merchant, d.id)
		p.must(err)
		open := ord.Open()
		one := max(1, open.Amount*int64(1+s.B%3)/4)
		parts := []money.Money{money.Of(one, "EUR"), money.Of(open.Amount-one, "EUR")}
		d.split = in(func(tx database.Tx) error { return second(p.orders.Split(tx, p.merchant, d.id, parts, staff)) }) == nil || p.cut || d.split
	case "receive":
		sum := pay.Amount
		if s.A%5 == 0 {
			sum += int64(s.A%2*14 - 7)
		}
		got := payments.Received{Method: []string{payments.MethodCash, payments.MethodBank}[s.A%2], Amount: money.Of(sum, "EUR"), Reference: fmt.Sprint("slip", len(d.till))}
		for twice := range 1 + s.A%4/3 {
			if p.asks(what, func(ctx context.Context) error { return p.pay.Receive(ctx, p.merchant, pay.ID, got) }) == nil && twice == 0 {
				d.till = append(d.till, sum)
			}
		}
	case "by transfer":
		_ = in(func(tx database.Tx) error {
			return second(p.orders.PayBy(tx, p.merchant, pay.ID, payments.MethodBank, staff))
		})
	case "confirm":
		refunds, err := p.pay.Refunds(p.t.Context(), p.merchant, pay.ID)
		p.must(err)
		for _, r := range refunds {
			_ = p.asks(what, func(ctx context.Context) error { return second(p.pay.ConfirmRefund(ctx, p.merchant, r.ID, s.A%3 > 0)) })
		}
	case "ask rest":
		d.accepted = in(func(tx database.Tx) error { return p.orders.AskRest(tx, p.merchant, pay.ID, staff) }) == nil || p.cut || d.accepted
	case "difference":
		d.refunds++
		d.accepted = p.asks(what, func(ctx context.Context) error {
			return second(p.orders.RefundDifference(ctx, p.merchant, pay.ID, "too much"))
		}) == nil || p.cut || d.accepted
	}
}

func second[T any](_ T, err error) error { return err }
