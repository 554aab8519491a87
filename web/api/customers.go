package api

import (
	"context"
	"errors"
	"net/http"
	"time"

	"sotto.chat/customers"
	"sotto.chat/internal/database"
	"sotto.chat/merchants"
	"sotto.chat/orders"
	"sotto.chat/privacy"
)

// Customer is a person who buys.
type Customer struct {
	ID        string     `json:"id"`
	Name      string     `json:"name"`
	Phone     string     `json:"phone"`
	Email     string     `json:"email"`
	Address   *Address   `json:"address,omitempty"`
	Language  string     `json:"language"`
	CreatedAt time.Time  `json:"created_at"`
	ErasedAt  *time.Time `json:"erased_at" nullable:"true"`
	Version   int64      `json:"version"`
}

// CustomerPatch is what is to change; what is absent stays.
type CustomerPatch struct {
	Name     *string    `json:"name,omitempty" maxLength:"200"`
	Phone    *string    `json:"phone,omitempty" maxLength:"40"`
	Email    *string    `json:"email,omitempty" maxLength:"254"`
	Address  *AddressIn `json:"address,omitempty"`
	Language *string    `json:"language,omitempty" maxLength:"20"`
}

func showCustomer(c customers.Customer, d customers.Details) Customer {
	out := Customer{ID: c.ID, Name: d.Name, Phone: d.Phone, Email: d.Email, Language: c.Language, CreatedAt: c.CreatedAt, ErasedAt: c.ErasedAt, Version: c.Version}
	if ad := d.Address; ad != nil {
		out.Address = &Address{Text: ad.Text, Line1: ad.Line1, Line2: ad.Line2, City: ad.City, Region: ad.Region, PostalCode: ad.PostalCode, Country: ad.Country}
	}
	return out
}

func (p CustomerPatch) over(d customers.Details) customers.Details {
	if p.Name != nil {
		d.Name = masked(*p.Name)
	}
	if p.Phone != nil {
		d.Phone = *p.Phone
	}
	if p.Email != nil {
		d.Email = *p.Email
	}
	if p.Address != nil {
		a := p.Address.Address
		d.Address = &customers.Address{Text: a.Text, Line1: a.Line1, Line2: a.Line2, City: a.City, Region: a.Region, PostalCode: a.PostalCode, Country: a.Country}
	}
	return d
}

// Export is all that the shop keeps about one customer.
type Export struct {
	Customer Customer  `json:"customer"`
	Orders   []Order   `json:"orders"`
	Consents []Consent `json:"consents"`
	Looks    []Look    `json:"looks" doc:"Who of the staff looked at this customer's data, and when."`
	At       time.Time `json:"at"`
}

// Consent is one entry of the consent ledger.
type Consent struct {
	Purpose string    `json:"purpose"`
	Given   bool      `json:"given"`
	Source  string    `json:"source"`
	At      time.Time `json:"at"`
}

// Look is one entry of the access log.
type Look struct {
	Actor  string    `json:"actor"`
	Action string    `json:"action"`
	At     time.Time `json:"at"`
}

// Erasure tells what was forgotten and what stayed, and why.
type Erasure struct {
	Forgotten []string `json:"forgotten"`
	Kept      []string `json:"kept"`
}

func (a *api) customers() {
	add(a, op{method: http.MethodGet, path: "/v1/customers", right: merchants.CustomersRead, tag: "People", summary: "List customers"},
		func(ctx context.Context, who merchants.Actor, in *Page) (*Answer[List[Customer]], error) {
			if err := in.past("cus"); err != nil {
				return nil, err
			}
			rows, err := a.Customers.List(ctx, who.MerchantID, customers.Page{After: in.After, Limit: min(in.Limit, 100)})
			return list(rows, nextOf(rows, min(in.Limit, 100), func(p customers.Person) string { return p.ID }),
				func(p customers.Person) Customer { return showCustomer(p.Customer, p.Details) }), err
		})
	add(a, op{method: http.MethodGet, path: "/v1/customers/{id}", right: merchants.CustomersRead, tag: "People", summary: "Read a customer; the look is written to their access log"},
		func(ctx context.Context, who merchants.Actor, in *ByID) (*Tagged[Customer], error) {
			c, d, err := a.Customers.Get(ctx, who.MerchantID, in.ID)
			if err != nil {
				return nil, err
			}
			err = a.looked(ctx, who, in.ID, "read")
			return &Tagged[Customer]{etag(c.Version), showCustomer(c, d)}, err
		})
	add(a, op{method: http.MethodPatch, path: "/v1/customers/{id}", right: merchants.CustomersWrite, tag: "People", summary: "Change a customer's details"},
		func(ctx context.Context, who merchants.Actor, in *struct {
			ByID
			IfMatch string `header:"If-Match"`
			Body    CustomerPatch
		}) (*Tagged[Customer], error) {
			v, err := version(in.IfMatch)
			if err != nil {
				return nil, err
			}
			var c customers.Customer
			var d customers.Details
			err = a.DB.InTx(ctx, func(tx database.Tx) error {
				if c, d, err = a.Customers.Find(tx, who.MerchantID, in.ID); err != nil {
					return err
				}
				if v == 0 {
					v = c.Version
				}
				d = in.Body.over(d)
				if c, err = a.Customers.Update(tx, who.MerchantID, in.ID, d, v); err != nil || in.Body.Language == nil {
					return err
				}
				c.Language = *in.Body.Language
				return a.Customers.SetLanguage(tx, who.MerchantID, in.ID, c.Language)
			})
			return &Tagged[Customer]{etag(c.Version), showCustomer(c, d)}, err
		})
	a.rightsOfPeople()
}

func (a *api) looked(ctx context.Context, who merchants.Actor, customer, action string) error {
	return a.DB.InTx(ctx, func(tx database.Tx) error {
		return a.Keys.Looked(tx, who.MerchantID, privacy.CustomerSubject(customer), who.KeyID, action)
	})
}

func (a *api) rightsOfPeople() {
	add(a, op{method: http.MethodPost, path: "/v1/customers/{id}/export", right: merchants.CustomersRead, tag: "People", summary: "All that is kept about a customer"},
		func(ctx context.Context, who merchants.Actor, in *struct{ ByID }) (*Answer[Export], error) {
			c, d, err := a.Customers.Get(ctx, who.MerchantID, in.ID)
			if err != nil {
				return nil, err
			}
			out := Export{Customer: showCustomer(c, d), Orders: []Order{}, Consents: []Consent{}, Looks: []Look{}, At: a.DB.Now()}
			rows, err := a.Orders.List(ctx, who.MerchantID, orders.Filter{CustomerID: in.ID, Limit: 200})
			if err != nil {
				return nil, err
			}
			for _, o := range rows {
				shown, err := a.order(ctx, who.MerchantID, o.ID)
				if err != nil {
					return nil, err
				}
				out.Orders = append(out.Orders, shown)
			}
			consents, err := a.Customers.Consents(ctx, who.MerchantID, in.ID)
			if err != nil {
				return nil, err
			}
			for _, k := range consents {
				out.Consents = append(out.Consents, Consent{k.Purpose, k.Given, k.Source, k.At})
			}
			looks, err := a.Keys.Looks(ctx, who.MerchantID, privacy.CustomerSubject(in.ID), 1000)
			if err != nil {
				return nil, err
			}
			for _, l := range looks {
				out.Looks = append(out.Looks, Look{l.Actor, l.Action, l.At})
			}
			return &Answer[Export]{out}, a.looked(ctx, who, in.ID, "export")
		})
	add(a, op{method: http.MethodPost, path: "/v1/customers/{id}/erase", right: merchants.CustomersErase, tag: "People", summary: "Forget a customer: the key is destroyed"},
		func(ctx context.Context, who merchants.Actor, in *struct{ ByID }) (*Answer[Erasure], error) {
			err := a.DB.InTx(ctx, func(tx database.Tx) error {
				if err := a.Inbox.Forget(tx, who.MerchantID, in.ID); err != nil {
					return err
				}
				same, err := a.Customers.Same(tx, who.MerchantID, in.ID)
				for _, id := range same {
					err = errors.Join(err, a.Payments.Forget(tx, who.MerchantID, id))
				}
				if err != nil {
					return err
				}
				return a.Customers.Erase(tx, who.MerchantID, in.ID)
			})
			return &Answer[Erasure]{Erasure{
				Forgotten: []string{"name, phone, e-mail and address", "identities on every channel", "conversations", "notes and addresses on orders", "what staff wrote about orders and refunds", "what Stripe kept of them for the next order"},
				Kept:      []string{"orders, their lines and amounts: accounting law asks for them", "payments and refunds: the same", "the consent ledger: proof of what was agreed", "the access log: proof of who looked"},
			}}, err
		})
}
