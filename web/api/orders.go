package api

import (
	"context"
	"errors"
	"net/http"
	"time"

	"sotto.chat/customers"
	"sotto.chat/internal/database"
	"sotto.chat/internal/jobs"
	"sotto.chat/internal/money"
	"sotto.chat/merchants"
	"sotto.chat/orders"
	"sotto.chat/payments"
	"sotto.chat/privacy/cards"
)

// OrderLine is what was bought, under its name and price of then.
type OrderLine struct {
	ID        string         `json:"id"`
	SKU       string         `json:"sku"`
	Name      string         `json:"name"`
	Quantity  int64          `json:"quantity"`
	Returned  int64          `json:"returned"`
	Options   []PricedOption `json:"options"`
	Note      string         `json:"note,omitempty"`
	UnitPrice money.Money    `json:"unit_price"`
	Total     money.Money    `json:"total"`
}

// OrderEvent is one step of an order's life.
type OrderEvent struct {
	From   string    `json:"from"`
	To     string    `json:"to"`
	Reason string    `json:"reason,omitempty"`
	Remark string    `json:"remark,omitempty" doc:"What staff wrote about it; with the single order, and until the customer is erased."`
	Actor  string    `json:"actor,omitempty"`
	At     time.Time `json:"at"`
}

// OrderDelivery is how the goods reach the customer; empty after an erasure.
type OrderDelivery struct {
	Method  string    `json:"method,omitempty"`
	Address *Address  `json:"address,omitempty"`
	Contact ContactIn `json:"contact"`
}

// Order is a deal.
type Order struct {
	ID           string        `json:"id"`
	Number       string        `json:"number"`
	Status       string        `json:"status" enum:"awaiting_payment,paid,fulfilled,completed,cancelled,expired"`
	Currency     string        `json:"currency"`
	Lines        []OrderLine   `json:"lines"`
	Subtotal     money.Money   `json:"subtotal"`
	Tax          money.Money   `json:"tax"`
	TaxInclusive bool          `json:"tax_inclusive"`
	Shipping     money.Money   `json:"shipping"`
	Discount     money.Money   `json:"discount"`
	Total        money.Money   `json:"total"`
	Customer     string        `json:"customer"`
	Conversation *string       `json:"conversation" nullable:"true"`
	Delivery     OrderDelivery `json:"delivery"`
	Payments     []Payment     `json:"payments"`
	PayURL       *string       `json:"pay_url" nullable:"true"`
	ExpiresAt    *time.Time    `json:"expires_at" nullable:"true"`
	CreatedAt    time.Time     `json:"created_at"`
	Events       []OrderEvent  `json:"events,omitempty"`
	Version      int64         `json:"version"`
}

func orNull(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

// showOrder shows what stands open in the rows; address and notes come with the single order, see order.
func (a *api) showOrder(o orders.Order) Order {
	m := func(n int64) money.Money { return money.Of(n, o.Currency) }
	out := Order{ID: o.ID, Number: o.Number, Status: string(o.Status), Currency: o.Currency, Lines: []OrderLine{}, Subtotal: m(o.Subtotal),
		Tax: m(o.Tax), TaxInclusive: o.TaxInclusive, Shipping: m(o.Shipping), Discount: m(o.Discount), Total: m(o.Total), Customer: o.CustomerID,
		Conversation: orNull(o.ConversationID), Delivery: OrderDelivery{Method: string(o.Method)}, Payments: []Payment{},
		PayURL: orNull(a.Orders.PayURL(o)), ExpiresAt: o.ExpiresAt, CreatedAt: o.CreatedAt, Version: o.Version}
	for _, l := range o.Lines {
		out.Lines = append(out.Lines, OrderLine{ID: l.ID, SKU: l.SKU, Name: l.Name, Quantity: l.Quantity, Returned: l.Returned,
			Options: showOptions(l.Options, o.Currency), UnitPrice: m(l.UnitPrice), Total: m(l.Total)})
	}
	for _, p := range o.Payments {
		shown := showPayment(p)
		if out.PayURL != nil && (p.Status == payments.Pending || p.Status == payments.Failed) {
			shown.URL = orNull(a.Payments.PayURL(p))
		}
		out.Payments = append(out.Payments, shown)
	}
	for _, e := range o.Events {
		out.Events = append(out.Events, OrderEvent{From: string(e.FromStatus), To: string(e.ToStatus), Reason: e.Reason, Actor: e.Actor, At: e.At})
	}
	return out
}

// order reads one order with the address and the notes, which are sealed.
func (a *api) order(ctx context.Context, merchant, id string) (Order, error) {
	o, err := a.Orders.Get(ctx, merchant, id)
	if err != nil {
		return Order{}, err
	}
	return a.opened(ctx, o)
}

// opened shows an order with what is sealed in it.
func (a *api) opened(ctx context.Context, o orders.Order) (out Order, err error) {
	out = a.showOrder(o)
	for i, e := range o.Events {
		if out.Events[i].Remark, err = a.Orders.RemarkOf(ctx, o, e); err != nil {
			return Order{}, err
		}
	}
	d, err := a.Orders.DeliveryOf(ctx, o)
	if errors.Is(err, customers.ErrForgotten) {
		return out, nil // the deal stays, without what was sealed in it
	}
	if err != nil {
		return Order{}, err
	}
	out.Delivery.Contact = ContactIn(d.Contact)
	if ad := d.Address; ad != nil {
		out.Delivery.Address = &Address{Text: ad.Text, Line1: ad.Line1, Line2: ad.Line2, City: ad.City, Region: ad.Region, PostalCode: ad.PostalCode, Country: ad.Country}
	}
	for i, l := range o.Lines {
		if out.Lines[i].Note, err = a.Orders.NoteOf(ctx, o, l); err != nil && !errors.Is(err, customers.ErrForgotten) {
			return Order{}, err
		}
	}
	return out, nil
}

type orderQuery struct {
	Page
	Status       string `query:"status" enum:"awaiting_payment,paid,fulfilled,completed,cancelled,expired,"`
	Customer     string `query:"customer" maxLength:"80"`
	Conversation string `query:"conversation" maxLength:"80"`
}

type reasonIn struct {
	ByID
	Body *Reason
}

// masked takes the numbers of payment cards out of what staff write: they are kept nowhere.
func masked(text string) string {
	text, _ = cards.Mask(text)
	return text
}

// Reason is why, in a person's own words; the body may be left out.
type Reason struct {
	Reason string `json:"reason,omitempty" maxLength:"200"`
}

// RefundIn says how much goes back: without an amount all that is left. The body may be left out.
type RefundIn struct {
	Amount *money.Money `json:"amount,omitempty"`
	Reason string       `json:"reason,omitempty" maxLength:"200"`
}

// FulfilIn says how much of held money is taken. The body may be left out.
type FulfilIn struct {
	Amount *money.Money `json:"amount,omitempty" doc:"Of money that is only held: what is taken for goods that go out in part; the rest is let go. Without it all of it."`
}

// OrderLineIn is a line as it shall be: one that the order has, by its id, or a new one by its sku.
type OrderLineIn struct {
	ID       string   `json:"id,omitempty" maxLength:"80"`
	SKU      string   `json:"sku,omitempty" maxLength:"200"`
	Quantity int64    `json:"quantity" minimum:"1" maximum:"999"`
	Options  []Option `json:"options,omitempty" maxItems:"50"`
	Note     string   `json:"note,omitempty" maxLength:"2000"`
}

// OrderPatch is what becomes of an order that nobody has paid yet. Lines are all that it shall have; without them they stay.
type OrderPatch struct {
	Lines    []OrderLineIn `json:"lines,omitempty" maxItems:"100"`
	Delivery *DeliveryIn   `json:"delivery,omitempty"`
	Customer *ContactIn    `json:"customer,omitempty"`
	Reason   string        `json:"reason,omitempty" maxLength:"200"`
}

func (p OrderPatch) edit(who merchants.Actor) orders.Edit {
	e := orders.Edit{Deed: orders.Deed{Actor: who.KeyID, Remark: masked(p.Reason)}}
	for _, l := range p.Lines {
		e.Lines = append(e.Lines, orders.EditLine{LineID: l.ID, LineInput: orders.LineInput{SKU: l.SKU, Quantity: l.Quantity, Options: wanted(l.Options), Note: masked(l.Note)}})
	}
	if d := p.Delivery; d != nil {
		e.Delivery.Method = orders.Method(d.Method)
		if d.Address != nil {
			to := customers.Address(d.Address.Address)
			e.Delivery.Address = &to
		}
	}
	if c := p.Customer; c != nil {
		e.Delivery.Contact = orders.Contact{Name: masked(c.Name), Phone: c.Phone, Email: c.Email}
	}
	return e
}

func (a *api) orders() {
	add(a, op{method: http.MethodPatch, path: "/v1/orders/{id}", right: merchants.OrdersWrite, tag: "Deals",
		summary: "Change an order that nobody has paid yet: it is priced and held anew, its links die, and the customer hears of the new sum"},
		func(ctx context.Context, who merchants.Actor, in *struct {
			ByID
			IfMatch string `header:"If-Match"`
			Body    OrderPatch
		}) (*Tagged[Order], error) {
			v, err := version(in.IfMatch)
			if err != nil {
				return nil, err
			}
			e := in.Body.edit(who)
			e.Version = v
			out, err := a.moved(jobs.Eager(ctx), who, in.ID, func(tx database.Tx) (orders.Order, error) {
				return a.Orders.Edit(tx, who.MerchantID, in.ID, e)
			})
			if err != nil {
				return nil, err
			}
			return &Tagged[Order]{etag(out.Body.Version), out.Body}, nil
		})
	add(a, op{method: http.MethodGet, path: "/v1/orders", right: merchants.OrdersRead, tag: "Deals", summary: "List orders, the latest first"},
		func(ctx context.Context, who merchants.Actor, in *orderQuery) (*Answer[List[Order]], error) {
			if err := in.past("ord"); err != nil {
				return nil, err
			}
			rows, err := a.Orders.List(ctx, who.MerchantID, orders.Filter{Status: orders.Status(in.Status), CustomerID: in.Customer,
				ConversationID: in.Conversation, After: in.After, Limit: in.Limit})
			return list(rows, nextOf(rows, in.Limit, func(o orders.Order) string { return o.ID }), a.showOrder), err
		})
	add(a, op{method: http.MethodGet, path: "/v1/orders/{id}", right: merchants.OrdersRead, tag: "Deals", summary: "Read an order"},
		func(ctx context.Context, who merchants.Actor, in *ByID) (*Tagged[Order], error) {
			o, err := a.order(ctx, who.MerchantID, in.ID)
			return &Tagged[Order]{etag(o.Version), o}, err
		})
	add(a, op{method: http.MethodPost, path: "/v1/orders/{id}/cancel", right: merchants.OrdersWrite, tag: "Deals", summary: "Cancel an order; its pay link dies, its goods are free. Money that came waits for a refund"},
		func(ctx context.Context, who merchants.Actor, in *reasonIn) (*Answer[Order], error) {
			return a.moved(ctx, who, in.ID, func(tx database.Tx) (orders.Order, error) {
				return a.Orders.Cancel(tx, who.MerchantID, in.ID, orders.Deed{Actor: who.KeyID, Remark: masked(given(in.Body).Reason)})
			})
		})
	add(a, op{method: http.MethodPost, path: "/v1/orders/{id}/fulfil", right: merchants.OrdersWrite, tag: "Deals", summary: "The goods are handed over or on their way; money that is held is taken"},
		func(ctx context.Context, who merchants.Actor, in *struct {
			ByID
			Body *FulfilIn
		}) (*Answer[Order], error) {
			return a.moved(jobs.Eager(ctx), who, in.ID, func(tx database.Tx) (orders.Order, error) {
				return a.Orders.Fulfil(tx, who.MerchantID, in.ID, orders.Deed{Actor: who.KeyID, Take: given(in.Body).Amount})
			})
		})
	add(a, op{method: http.MethodPost, path: "/v1/orders/{id}/refund", right: merchants.MoneyWrite, tag: "Money", summary: "Give money back: an amount, or all that is left", repeatable: true},
		func(ctx context.Context, who merchants.Actor, in *struct {
			ByID
			Key  string `header:"Idempotency-Key" maxLength:"255"`
			Body *RefundIn
		}) (*Answer[Order], error) {
			asked := given(in.Body)
			r := orders.Refunding{Amount: asked.Amount, Reason: masked(asked.Reason), IdempotencyKey: in.Key}
			if _, err := a.Orders.RefundOrder(ctx, who.MerchantID, in.ID, r); err != nil {
				return nil, err
			}
			o, err := a.order(ctx, who.MerchantID, in.ID)
			return &Answer[Order]{o}, err
		})
	a.returns()
}

func (a *api) moved(ctx context.Context, who merchants.Actor, id string, do func(database.Tx) (orders.Order, error)) (*Answer[Order], error) {
	err := a.DB.InTx(ctx, func(tx database.Tx) error {
		_, err := do(tx)
		return err
	})
	if err != nil {
		return nil, err
	}
	o, err := a.order(ctx, who.MerchantID, id)
	return &Answer[Order]{o}, err
}

// Payment is what is owed or came in for an order.
type Payment struct {
	ID        string      `json:"id"`
	OrderID   string      `json:"order_id"`
	URL       *string     `json:"url,omitempty" doc:"Its own pay link, while it is waited for; with an order."`
	Status    string      `json:"status" enum:"pending,authorized,paid,partially_refunded,refunded,failed,cancelled,needs_review"`
	Reason    string      `json:"reason"`
	Amount    money.Money `json:"amount"`
	Paid      money.Money `json:"paid"`
	Refunded  money.Money `json:"refunded"`
	ExpiresAt time.Time   `json:"expires_at"`
	CreatedAt time.Time   `json:"created_at"`
	UpdatedAt time.Time   `json:"updated_at"`
}

func showPayment(p payments.Payment) Payment {
	m := func(n int64) money.Money { return money.Of(n, p.Currency) }
	return Payment{ID: p.ID, OrderID: p.OrderID, Status: string(p.Status), Reason: p.Reason, Amount: m(p.Amount), Paid: m(p.PaidAmount),
		Refunded: m(p.RefundedAmount), ExpiresAt: p.ExpiresAt, CreatedAt: p.CreatedAt, UpdatedAt: p.UpdatedAt}
}
