// Package orders makes the deal: carts and their prices, the order's life from the explicit yes to the goods in
// the customer's hands, and what becomes of the order when money comes, fails to come, or comes late.
package orders

import (
	"context"
	"errors"
	"time"

	"sotto.chat/catalog"
	"sotto.chat/customers"
	"sotto.chat/internal/database"
	"sotto.chat/internal/jobs"
	"sotto.chat/payments"
)

// sweepEvery is how often the safety net looks for orders that nobody expired.
const sweepEvery = 30 * time.Second

// Terms are the merchant's conditions that a price depends on. Amounts are in the minor unit of Currency.
type Terms struct {
	Currency     string
	TaxPPM       int64
	TaxInclusive bool
	Shipping     int64
	HoldMinutes  int64
}

// Orders is the room's desk.
type Orders struct {
	db    *database.DB
	cat   *catalog.Catalog
	cus   *customers.People
	pay   *payments.Payments
	desk  *jobs.Desk
	terms func(merchant string, into *Terms) database.Ask
}

// New makes the room and lets it listen for money. terms asks for a merchant's conditions in the round trip
// that reads the prices, so that both are of one moment.
func New(db *database.DB, cat *catalog.Catalog, people *customers.People, pay *payments.Payments, desk *jobs.Desk,
	terms func(merchant string, into *Terms) database.Ask) *Orders {
	o := &Orders{db: db, cat: cat, cus: people, pay: pay, desk: desk, terms: terms}
	jobs.On(desk, "orders.settle", o.settle)
	jobs.On(desk, "orders.refund", o.heardMove)
	jobs.On(desk, "orders.expire", o.expireDue)
	desk.Every("orders.sweep", sweepEvery, func(ctx context.Context) error {
		_, err := o.Sweep(ctx)
		return err
	})
	return o
}

// errNoTerms says that nobody knows a merchant's conditions.
var errNoTerms = errors.New("orders: the terms of the merchant are missing")

// termsNow asks for a merchant's conditions alone.
func (o *Orders) termsNow(tx database.Tx, merchant string) (t Terms, err error) {
	if err = tx.Together(o.terms(merchant, &t)); err == nil && t.Currency == "" {
		err = errNoTerms
	}
	return t, err
}

// Changed is the news that something happened to an order which its customer or its merchant should hear of.
// From and To are statuses; they are equal when the order stands but its money needs words (Reason says which).
// Fact names the happening for good: whoever speaks about it says it once per Fact.
type Changed struct {
	Merchant string `json:"merchant"`
	Order    string `json:"order"`
	From     Status `json:"from"`
	To       Status `json:"to"`
	Fact     string `json:"fact"`
	Reason   string `json:"reason,omitempty"`
}

// NewsKind names the news in the job table.
func (Changed) NewsKind() string { return "orders.changed" }

// due is the appointment at which an unpaid order expires.
type due struct {
	Merchant string `json:"merchant"`
	Order    string `json:"order"`
}

// NewsKind names the news in the job table.
func (due) NewsKind() string { return "orders.due" }
