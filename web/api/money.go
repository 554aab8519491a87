package api

import (
	"context"
	"net/http"
	"time"

	"sotto.chat/internal/database"
	"sotto.chat/internal/fault"
	"sotto.chat/internal/money"
	"sotto.chat/merchants"
	"sotto.chat/orders"
	"sotto.chat/payments"
)

// Refund is money that went back.
type Refund struct {
	ID        string      `json:"id"`
	Amount    money.Money `json:"amount"`
	Status    string      `json:"status" enum:"pending,succeeded,failed"`
	Reason    string      `json:"reason"`
	CreatedAt time.Time   `json:"created_at"`
}

// PaymentWithRefunds is one payment, whole.
type PaymentWithRefunds struct {
	Payment
	PayURL   *string   `json:"pay_url" nullable:"true" doc:"Where it is paid; null where nothing is to be paid any more."`
	Receipts []Receipt `json:"receipts" doc:"The money that came."`
	Refunds  []Refund  `json:"refunds"`
	Remedies []Remedy  `json:"remedies" doc:"What a person can do about it now."`
	Disputes []Dispute `json:"disputes" doc:"Where the customer's bank asks for the money back."`
}

// Receipt is money that came.
type Receipt struct {
	ID     string       `json:"id" doc:"The provider's own id of it."`
	Method string       `json:"method"`
	Amount money.Money  `json:"amount"`
	Fee    *money.Money `json:"fee,omitempty" doc:"What the provider kept; absent until that is known."`
	At     time.Time    `json:"at"`
}

// errDay refuses a day that is none.
var errDay = fault.New(fault.Invalid, "day_invalid", "day must be a date like 2026-01-31.")

func (a *api) payments() {
	add(a, op{method: http.MethodGet, path: "/v1/payments", right: merchants.MoneyRead, tag: "Money", summary: "List payments, the latest first"},
		func(ctx context.Context, who merchants.Actor, in *struct {
			Page
			Status    string `query:"status" enum:"pending,authorized,paid,partially_refunded,refunded,failed,cancelled,needs_review,"`
			Order     string `query:"order" maxLength:"80"`
			Reference string `query:"reference" maxLength:"40" doc:"What a bank transfer names; spaces and case do not matter."`
		}) (*Answer[List[Payment]], error) {
			if err := in.past("pay"); err != nil {
				return nil, err
			}
			if in.Reference != "" {
				p, found, err := a.Payments.ByReference(ctx, who.MerchantID, in.Reference)
				if err != nil || !found {
					return list([]payments.Payment{}, "", showPayment), err
				}
				return list([]payments.Payment{p}, "", showPayment), nil
			}
			rows, next, err := a.Payments.List(ctx, who.MerchantID, payments.Filter{Status: payments.Status(in.Status), OrderID: in.Order, After: in.After, Limit: in.Limit})
			return list(rows, next, showPayment), err
		})
	add(a, op{method: http.MethodPost, path: "/v1/payments/{id}/accept", right: merchants.MoneyWrite, tag: "Money", summary: "Take money that waits for a decision as good; its order goes on"},
		func(ctx context.Context, who merchants.Actor, in *struct{ ByID }) (*Answer[Payment], error) {
			err := a.DB.InTx(ctx, func(tx database.Tx) error { return a.Orders.AcceptPayment(tx, who.MerchantID, in.ID) })
			if err != nil {
				return nil, err
			}
			p, err := a.Payments.Get(ctx, who.MerchantID, in.ID)
			return &Answer[Payment]{showPayment(p)}, err
		})
	add(a, op{method: http.MethodPost, path: "/v1/orders/{id}/complete", right: merchants.OrdersWrite, tag: "Deals", summary: "The customer has the goods"},
		func(ctx context.Context, who merchants.Actor, in *struct{ ByID }) (*Answer[Order], error) {
			return a.moved(ctx, who, in.ID, func(tx database.Tx) (orders.Order, error) {
				return a.Orders.Complete(tx, who.MerchantID, in.ID, orders.Deed{Actor: who.KeyID})
			})
		})
	add(a, op{method: http.MethodGet, path: "/v1/payments/{id}", right: merchants.MoneyRead, tag: "Money", summary: "Read a payment with its refunds"},
		func(ctx context.Context, who merchants.Actor, in *ByID) (*Answer[PaymentWithRefunds], error) {
			return a.payment(ctx, who.MerchantID, in.ID)
		})
	a.remedies()
	a.evidence()
}

// payment reads one payment, whole.
func (a *api) payment(ctx context.Context, merchant, id string) (*Answer[PaymentWithRefunds], error) {
	p, err := a.Payments.Get(ctx, merchant, id)
	if err != nil {
		return nil, err
	}
	out := PaymentWithRefunds{Payment: showPayment(p), Receipts: []Receipt{}, Refunds: []Refund{}, Remedies: []Remedy{}, Disputes: []Dispute{}}
	if p.Status == payments.Pending || p.Status == payments.Failed {
		out.PayURL = orNull(a.Payments.PayURL(p))
	}
	receipts, err := a.Payments.Receipts(ctx, merchant, id)
	if err != nil {
		return nil, err
	}
	for _, r := range receipts {
		out.Receipts = append(out.Receipts, Receipt(r))
	}
	refunds, err := a.Payments.Refunds(ctx, merchant, id)
	if err != nil {
		return nil, err
	}
	for _, r := range refunds {
		out.Refunds = append(out.Refunds, Refund{r.ID, money.Of(r.Amount, r.Currency), r.Status, r.Reason, r.CreatedAt})
	}
	disputes, err := a.Payments.Disputes(ctx, merchant, id)
	if err != nil {
		return nil, err
	}
	for _, d := range disputes {
		out.Disputes = append(out.Disputes, showDispute(d))
	}
	remedies, err := a.Orders.Remedies(ctx, merchant, id)
	for _, r := range remedies {
		out.Remedies = append(out.Remedies, showRemedy(id, r))
	}
	return &Answer[PaymentWithRefunds]{out}, err
}

// ReturnIn says which pieces came back; none named means all of them.
type ReturnIn struct {
	Reason string `json:"reason,omitempty" maxLength:"200"`
	Lines  []struct {
		ID       string `json:"id" maxLength:"80"`
		Quantity int64  `json:"quantity" minimum:"1" maximum:"999"`
	} `json:"lines,omitempty" maxItems:"100"`
	Restock bool `json:"restock,omitempty" doc:"The pieces can be sold again."`
}

func (a *api) returns() {
	add(a, op{method: http.MethodPost, path: "/v1/orders/{id}/return", right: merchants.OrdersWrite, tag: "Deals", summary: "Goods came back; the refund is an act of its own"},
		func(ctx context.Context, who merchants.Actor, in *struct {
			ByID
			Body *ReturnIn
		}) (*Answer[Order], error) {
			asked := given(in.Body)
			r := orders.Returned{Restock: asked.Restock, Deed: orders.Deed{Actor: who.KeyID, Remark: masked(asked.Reason)}}
			for _, l := range asked.Lines {
				r.Lines = append(r.Lines, orders.ReturnedLine{LineID: l.ID, Quantity: l.Quantity})
			}
			return a.moved(ctx, who, in.ID, func(tx database.Tx) (orders.Order, error) { return a.Orders.Return(tx, who.MerchantID, in.ID, r) })
		})
}
