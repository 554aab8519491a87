package payments

import (
	"context"
	"errors"
	"net/http"
	"time"

	"sotto.chat/internal/database"
	"sotto.chat/internal/money"
)

var errSoon = errors.New("not built")

type stripeAPI struct{}
type flights struct{}

func newStripe(string, *http.Client) *stripeAPI { return nil }

type Fact struct{ Merchant string }
type Filter struct {
	Status  Status
	OrderID string
	After   string
	Limit   int
}
type Difference struct{ Payment, Session, Problem string }

func (p *Payments) closeSessions(context.Context, SessionsToClose) error { return errSoon }
func (p *Payments) finishRefund(context.Context, RefundPromised) error   { return errSoon }
func (p *Payments) Poll(context.Context) error                           { return errSoon }
func (p *Payments) Expect(tx database.Tx, merchant string, e Expected) (Payment, error) {
	return Payment{}, errSoon
}
func (p *Payments) PayURL(pay Payment) string                                   { return "" }
func (p *Payments) Kill(tx database.Tx, merchant, orderID, reason string) error { return errSoon }
func (p *Payments) Review(tx database.Tx, merchant, paymentID, reason string) error {
	return errSoon
}
func (p *Payments) Accept(tx database.Tx, merchant, paymentID string) (Move, error) {
	return Move{}, errSoon
}
func (p *Payments) ByToken(ctx context.Context, token string) (Page, error)    { return Page{}, errSoon }
func (p *Payments) Checkout(ctx context.Context, token string) (string, error) { return "", errSoon }
func (p *Payments) ReceiveStripe(ctx context.Context, merchant string, raw []byte, signature string) error {
	return errSoon
}
func (p *Payments) Resolve(ctx context.Context, merchant, event string) (Fact, error) {
	return Fact{}, errSoon
}
func (p *Payments) Apply(tx database.Tx, f Fact) (Move, error) { return Move{}, errSoon }
func (p *Payments) Refund(ctx context.Context, merchant, paymentID string, amount *money.Money, reason, idempotencyKey string) (Refund, error) {
	return Refund{}, errSoon
}
func (p *Payments) Refunds(ctx context.Context, merchant, paymentID string) ([]Refund, error) {
	return nil, errSoon
}
func (p *Payments) OfOrder(tx database.Tx, merchant, orderID string) ([]Payment, error) {
	return nil, errSoon
}
func (p *Payments) OfOrders(ctx context.Context, merchant string, orderIDs []string) ([]Payment, error) {
	return nil, errSoon
}
func (p *Payments) Get(ctx context.Context, merchant, id string) (Payment, error) {
	return Payment{}, errSoon
}
func (p *Payments) Find(tx database.Tx, merchant, id string) (Payment, error) {
	return Payment{}, errSoon
}
func (p *Payments) List(ctx context.Context, merchant string, f Filter) ([]Payment, string, error) {
	return nil, "", errSoon
}
func (p *Payments) Reconciliation(ctx context.Context, merchant string, day time.Time) ([]Difference, error) {
	return nil, errSoon
}
func (p *Payments) Audit(ctx context.Context, merchant string) ([]string, error) { return nil, errSoon }
