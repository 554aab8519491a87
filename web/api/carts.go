package api

import (
	"context"
	"encoding/json"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"sotto.chat/catalog"
	"sotto.chat/customers"
	"sotto.chat/internal/database"
	"sotto.chat/internal/fault"
	"sotto.chat/internal/money"
	"sotto.chat/merchants"
	"sotto.chat/orders"
	"sotto.chat/web/door"
)

// Option is a choice that was made for a line.
type Option struct {
	Group  string `json:"group" maxLength:"200"`
	Choice string `json:"choice" maxLength:"200"`
	Amount string `json:"amount,omitempty" enum:"extra,light,none" doc:"Absent for the usual amount."`
	Count  int64  `json:"count,omitempty" minimum:"1" maximum:"99"`
}

// PricedOption is a choice with its name and what it adds to one piece.
type PricedOption struct {
	Option
	Name  string      `json:"name"`
	Price money.Money `json:"price"`
}

// CartLine is one line with the prices of this moment.
type CartLine struct {
	ID        string         `json:"id"`
	SKU       string         `json:"sku"`
	Name      string         `json:"name"`
	Quantity  int64          `json:"quantity"`
	Options   []PricedOption `json:"options"`
	UnitPrice money.Money    `json:"unit_price"`
	Total     money.Money    `json:"total"`
	Problem   *LineProblem   `json:"problem,omitempty" doc:"Why it cannot be ordered as it is."`
}

// LineProblem is what keeps a line from being ordered.
type LineProblem struct {
	Code   string `json:"code"`
	Detail string `json:"detail"`
}

// Cart is a cart with the prices of this moment; its hash is what a checkout agrees to.
type Cart struct {
	ID           string      `json:"id"`
	Status       string      `json:"status" enum:"open,ordered,closed" doc:"Ordered: its order awaits payment, and a change opens it again. Closed: for good."`
	Customer     string      `json:"customer,omitempty"`
	Conversation string      `json:"conversation,omitempty"`
	Currency     string      `json:"currency"`
	Lines        []CartLine  `json:"lines"`
	Delivery     string      `json:"delivery_method,omitempty"`
	Subtotal     money.Money `json:"subtotal"`
	Tax          money.Money `json:"tax"`
	TaxInclusive bool        `json:"tax_inclusive"`
	Shipping     money.Money `json:"shipping"`
	Discount     money.Money `json:"discount"`
	Total        money.Money `json:"total"`
	Hash         string      `json:"hash"`
}

func showCart(q orders.Quote) Cart {
	m := func(n int64) money.Money { return money.Of(n, q.Currency) }
	out := Cart{ID: q.CartID, Status: string(q.Status), Customer: q.CustomerID, Conversation: q.ConversationID, Currency: q.Currency,
		Lines: []CartLine{}, Delivery: string(q.Method), Subtotal: m(q.Subtotal), Tax: m(q.Tax), TaxInclusive: q.TaxInclusive,
		Shipping: m(q.Shipping), Discount: m(q.Discount), Total: m(q.Total), Hash: q.Hash}
	for _, l := range q.Lines {
		line := CartLine{ID: l.ID, SKU: l.SKU, Name: l.Name, Quantity: l.Quantity, Options: showOptions(l.Options, q.Currency), UnitPrice: m(l.Unit), Total: m(l.Total)}
		if l.Problem != nil {
			line.Problem = &LineProblem{l.Problem.Code, l.Problem.Detail}
		}
		out.Lines = append(out.Lines, line)
	}
	return out
}

func showOptions(in []catalog.PricedOption, currency string) []PricedOption {
	out := []PricedOption{}
	for _, o := range in {
		out = append(out, PricedOption{Option: Option(o.Option), Name: o.ChoiceName, Price: money.Of(o.Price, currency)})
	}
	return out
}

func wanted(in []Option) []catalog.Option {
	out := make([]catalog.Option, len(in))
	for i, o := range in {
		out[i] = catalog.Option(o)
	}
	return out
}

// CartNew says whose cart it is; the body may be left out.
type CartNew struct {
	Customer string `json:"customer,omitempty" maxLength:"80"`
	Currency string `json:"currency,omitempty" minLength:"3" maxLength:"3"`
}

// LineNew is a line to add.
type LineNew struct {
	SKU      string   `json:"sku" minLength:"1" maxLength:"200"`
	Quantity int64    `json:"quantity,omitempty" minimum:"1" maximum:"999" default:"1"`
	Options  []Option `json:"options,omitempty" maxItems:"50"`
	Note     string   `json:"note,omitempty" maxLength:"500"`
}

// LinePatch is what is to change of a line; what is absent stays.
type LinePatch struct {
	Quantity *int64    `json:"quantity,omitempty" minimum:"1" maximum:"999"`
	Options  *[]Option `json:"options,omitempty" maxItems:"50"`
	Note     *string   `json:"note,omitempty" maxLength:"500"`
}

// LineOf names a line of a cart. It is exported because the API library leaves embedded fields of other types out.
type LineOf struct {
	ID   string `path:"id" maxLength:"80"`
	Line string `path:"line" maxLength:"80"`
}

func (a *api) carts() {
	add(a, op{method: http.MethodGet, path: "/v1/carts", right: merchants.OrdersRead, tag: "Deals", summary: "List carts, the latest first"},
		func(ctx context.Context, who merchants.Actor, in *Page) (*Answer[List[Cart]], error) {
			if err := in.past("cart"); err != nil {
				return nil, err
			}
			rows, err := a.Orders.Carts(ctx, who.MerchantID, in.After, in.Limit)
			if err != nil {
				return nil, err
			}
			quotes := make([]orders.Quote, len(rows))
			for i, c := range rows {
				if quotes[i], err = a.Orders.QuoteNow(ctx, who.MerchantID, c.ID); err != nil {
					return nil, err
				}
			}
			return list(quotes, nextOf(rows, in.Limit, func(c orders.Cart) string { return c.ID }), showCart), nil
		})
	add(a, op{method: http.MethodPost, path: "/v1/carts", right: merchants.OrdersWrite, tag: "Deals", summary: "Open a cart", status: 201},
		func(ctx context.Context, who merchants.Actor, in *struct {
			Body *CartNew
		}) (*Answer[Cart], error) {
			asked := given(in.Body)
			return a.quoted(ctx, who, func(tx database.Tx) (string, error) {
				if asked.Customer != "" {
					if _, _, err := a.Customers.Find(tx, who.MerchantID, asked.Customer); err != nil {
						return "", err
					}
				}
				c, err := a.Orders.OpenCart(tx, who.MerchantID, orders.Owner{CustomerID: asked.Customer}, asked.Currency)
				return c.ID, err
			})
		})
	add(a, op{method: http.MethodGet, path: "/v1/carts/{id}", right: merchants.OrdersRead, tag: "Deals", summary: "Read a cart with the prices of this moment"},
		func(ctx context.Context, who merchants.Actor, in *ByID) (*Answer[Cart], error) {
			q, err := a.Orders.QuoteNow(ctx, who.MerchantID, in.ID)
			return &Answer[Cart]{showCart(q)}, err
		})
	a.lines()
	a.checkout()
}

// quoted does something to a cart and answers with what has become of it, in one transaction.
func (a *api) quoted(ctx context.Context, who merchants.Actor, do func(database.Tx) (cart string, err error)) (*Answer[Cart], error) {
	return a.answeredCart(ctx, func(tx database.Tx) (orders.Quote, error) {
		cart, err := do(tx)
		if err != nil {
			return orders.Quote{}, err
		}
		return a.Orders.Quote(tx, who.MerchantID, cart)
	})
}

// answeredCart is quoted for one who gives the quote too.
func (a *api) answeredCart(ctx context.Context, do func(database.Tx) (orders.Quote, error)) (*Answer[Cart], error) {
	var out Answer[Cart]
	key := door.KeyOf(ctx)
	err := a.DB.InTx(ctx, func(tx database.Tx) error {
		q, err := do(tx)
		if err != nil {
			return err
		}
		out.Body = showCart(q)
		return answered(tx, key, out.Body)
	})
	return &out, err
}

func (a *api) lines() {
	add(a, op{method: http.MethodPost, path: "/v1/carts/{id}/lines", right: merchants.OrdersWrite, tag: "Deals", summary: "Add a line", status: 201},
		func(ctx context.Context, who merchants.Actor, in *struct {
			ByID
			Body LineNew
		}) (*Answer[Cart], error) {
			line := orders.LineInput{SKU: in.Body.SKU, Quantity: in.Body.Quantity, Options: wanted(in.Body.Options), Note: masked(in.Body.Note)}
			return a.answeredCart(ctx, func(tx database.Tx) (orders.Quote, error) {
				_, q, err := a.Orders.AddAndQuote(tx, who.MerchantID, in.ID, line)
				return q, err
			})
		})
	add(a, op{method: http.MethodPatch, path: "/v1/carts/{id}/lines/{line}", right: merchants.OrdersWrite, tag: "Deals", summary: "Change a line"},
		func(ctx context.Context, who merchants.Actor, in *struct {
			LineOf
			Body LinePatch
		}) (*Answer[Cart], error) {
			change, err := a.lineChange(ctx, who.MerchantID, in.ID, in.Line, in.Body)
			if err != nil {
				return nil, err
			}
			return a.quoted(ctx, who, func(tx database.Tx) (string, error) {
				_, err := a.Orders.ChangeLine(tx, who.MerchantID, in.ID, in.Line, change)
				return in.ID, err
			})
		})
	add(a, op{method: http.MethodDelete, path: "/v1/carts/{id}/lines/{line}", right: merchants.OrdersWrite, tag: "Deals", summary: "Take a line out"},
		func(ctx context.Context, who merchants.Actor, in *LineOf) (*Answer[Cart], error) {
			return a.quoted(ctx, who, func(tx database.Tx) (string, error) {
				return in.ID, a.Orders.RemoveLine(tx, who.MerchantID, in.ID, in.Line)
			})
		})
}

// lineChange fills a patch up with what stays as it is.
func (a *api) lineChange(ctx context.Context, merchant, cart, line string, p LinePatch) (orders.LineInput, error) {
	c, err := a.Orders.GetCart(ctx, merchant, cart)
	if err != nil {
		return orders.LineInput{}, err
	}
	for _, l := range c.Lines {
		if l.ID != line {
			continue
		}
		in := orders.LineInput{SKU: l.SKU, Quantity: l.Quantity, Options: l.Options}
		if in.Note, err = a.Orders.CartNoteOf(ctx, c, l); err != nil {
			return in, err
		}
		if p.Quantity != nil {
			in.Quantity = *p.Quantity
		}
		if p.Options != nil {
			in.Options = wanted(*p.Options)
		}
		if p.Note != nil {
			in.Note = masked(*p.Note)
		}
		return in, nil
	}
	return orders.LineInput{}, orders.ErrNoLine
}

// Address is one text, or its parts.
type Address struct {
	Text       string `json:"text,omitempty" maxLength:"1000"`
	Line1      string `json:"line1,omitempty" maxLength:"300"`
	Line2      string `json:"line2,omitempty" maxLength:"300"`
	City       string `json:"city,omitempty" maxLength:"200"`
	Region     string `json:"region,omitempty" maxLength:"200"`
	PostalCode string `json:"postal_code,omitempty" maxLength:"40"`
	Country    string `json:"country,omitempty" maxLength:"2"`
}

// AddressIn takes an address as an object or as one string.
type AddressIn struct{ Address }

// UnmarshalJSON takes both forms. A card's number in one is kept no more than anywhere.
func (a *AddressIn) UnmarshalJSON(b []byte) error {
	var in any = &a.Address
	if len(b) > 0 && b[0] == '"' {
		in = &a.Text
	}
	err := json.Unmarshal(b, in)
	for _, part := range []*string{&a.Text, &a.Line1, &a.Line2, &a.City, &a.Region} {
		*part = masked(*part)
	}
	return err
}

// Schema tells of both forms.
func (a AddressIn) Schema(r huma.Registry) *huma.Schema {
	most := 1000
	return &huma.Schema{OneOf: []*huma.Schema{{Type: huma.TypeString, MaxLength: &most}, huma.SchemaFromType(r, typeOf[Address]())}}
}

// DeliveryIn is how the goods reach the customer.
type DeliveryIn struct {
	Method  string     `json:"method" enum:"delivery,pickup,eat_in"`
	Address *AddressIn `json:"address,omitempty"`
}

// ContactIn is who receives them.
type ContactIn struct {
	Name  string `json:"name,omitempty" maxLength:"200"`
	Phone string `json:"phone,omitempty" maxLength:"40"`
	Email string `json:"email,omitempty" maxLength:"254"`
}

// CheckoutIn agrees to a cart: hash is the one that was shown.
type CheckoutIn struct {
	Hash     string      `json:"hash" minLength:"1" maxLength:"200"`
	Delivery *DeliveryIn `json:"delivery,omitempty"`
	Customer *ContactIn  `json:"customer,omitempty"`
	PayBy    string      `json:"pay_by,omitempty" enum:"link,cash,bank," doc:"cash: handed over with the goods; bank: a transfer that names a reference. By the pay link otherwise."`
}

// CheckoutOut is the order and where it is paid.
type CheckoutOut struct {
	Order  Order   `json:"order"`
	PayURL *string `json:"pay_url" nullable:"true" doc:"Null where nothing is to be paid."`
}

var errDelivery = fault.New(fault.Invalid, "delivery_invalid", "The delivery is not complete.")

func (a *api) checkout() {
	add(a, op{method: http.MethodPost, path: "/v1/carts/{id}/checkout", right: merchants.OrdersWrite, tag: "Deals", summary: "Turn a cart into an order", status: 201, repeatable: true},
		func(ctx context.Context, who merchants.Actor, in *struct {
			ByID
			Body CheckoutIn
		}) (*Answer[CheckoutOut], error) {
			p := orders.Placing{CartID: in.ID, Hash: in.Body.Hash, Actor: who.KeyID}
			if in.Body.PayBy != "link" {
				p.PayBy = in.Body.PayBy
			}
			if d := in.Body.Delivery; d != nil {
				p.Delivery.Method = orders.Method(d.Method)
				if d.Address != nil {
					p.Delivery.Address = &customers.Address{Text: d.Address.Text, Line1: d.Address.Line1, Line2: d.Address.Line2, City: d.Address.City,
						Region: d.Address.Region, PostalCode: d.Address.PostalCode, Country: d.Address.Country}
				} else if d.Method == "delivery" {
					return nil, errDelivery.At("delivery.address", "is needed for delivery")
				}
			}
			if c := in.Body.Customer; c != nil {
				p.Delivery.Contact = orders.Contact{Name: masked(c.Name), Phone: c.Phone, Email: c.Email}
			}
			placed, err := a.Orders.PlaceNow(ctx, who.MerchantID, p)
			if err != nil {
				return nil, err
			}
			shown, err := a.opened(ctx, placed)
			return &Answer[CheckoutOut]{CheckoutOut{shown, shown.PayURL}}, err
		})
}
