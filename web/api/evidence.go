package api

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"sotto.chat/internal/jobs"
	"sotto.chat/internal/money"
	"sotto.chat/merchants"
	"sotto.chat/orders"
	"sotto.chat/payments"
	"sotto.chat/payments/evidence"
)

// Evidence is what goes to the customer's bank about a disputed payment.
type Evidence struct {
	Dispute Dispute       `json:"dispute"`
	Pack    evidence.Pack `json:"evidence"`
}

// Dispute is a customer's bank asking for money back.
type Dispute struct {
	ID        string      `json:"id"`
	Amount    money.Money `json:"amount"`
	Status    string      `json:"status"`
	Reason    string      `json:"reason"`
	CreatedAt time.Time   `json:"created_at"`
}

func showDispute(d payments.Dispute) Dispute {
	return Dispute{d.ID, money.Of(d.Amount, d.Currency), d.Status, d.Reason, d.CreatedAt}
}

// EvidenceIn is what a person adds in own words. The body may be left out.
type EvidenceIn struct {
	More string `json:"more,omitempty" maxLength:"5000"`
}

func (a *api) evidence() {
	add(a, op{method: http.MethodGet, path: "/v1/payments/{id}/evidence", right: merchants.MoneyWrite, tag: "Money", summary: "See the evidence for a disputed payment before it is handed in; that the chat was looked at is logged"},
		func(ctx context.Context, who merchants.Actor, in *ByID) (*Answer[Evidence], error) {
			out, err := a.evidenceOf(ctx, who, in.ID, "")
			return &Answer[Evidence]{out}, err
		})
	add(a, op{method: http.MethodPost, path: "/v1/payments/{id}/evidence", right: merchants.MoneyWrite, tag: "Money", summary: "Hand the evidence in to the customer's bank, through Stripe and for good", repeatable: true},
		func(ctx context.Context, who merchants.Actor, in *struct {
			ByID
			Body *EvidenceIn
		}) (*Answer[Evidence], error) {
			out, err := a.evidenceOf(ctx, who, in.ID, given(in.Body).More)
			if err != nil {
				return nil, err
			}
			if err := a.Payments.Contest(jobs.Eager(ctx), who.MerchantID, in.ID, out.Pack); err != nil {
				return nil, err
			}
			list, err := a.Payments.Disputes(ctx, who.MerchantID, in.ID)
			for _, d := range list {
				if d.ID == out.Dispute.ID {
					out.Dispute = showDispute(d)
				}
			}
			return &Answer[Evidence]{out}, err
		})
}

// evidenceOf gathers it: from the order, from the payment, and of the chat the confirming exchange alone, for those who may read chats.
func (a *api) evidenceOf(ctx context.Context, who merchants.Actor, id, more string) (out Evidence, err error) {
	d, err := a.Payments.Contested(ctx, who.MerchantID, id)
	if err != nil {
		return out, err
	}
	p, err := a.Payments.Get(ctx, who.MerchantID, id)
	if err != nil {
		return out, err
	}
	m, err := a.Merchants.Get(ctx, who.MerchantID)
	if err != nil {
		return out, err
	}
	ord, err := a.Orders.Get(ctx, who.MerchantID, p.OrderID)
	if err != nil {
		return out, err
	}
	f := evidence.Facts{Shop: m.Name, Payment: p.ID, PageFrom: a.PublicURL + "/pay", More: more}
	a.deal(&f, ord)
	if delivery, err := a.Orders.DeliveryOf(ctx, ord); err == nil && delivery.Address != nil { // of a forgotten customer there is none
		f.City = delivery.Address.City
	}
	receipts, err := a.Payments.Receipts(ctx, who.MerchantID, id)
	if err != nil {
		return out, err
	}
	for _, r := range receipts {
		f.Paid, f.PaidAt = said(r.Amount), r.At
	}
	refunds, err := a.Payments.Refunds(ctx, who.MerchantID, id)
	if err != nil {
		return out, err
	}
	for _, r := range refunds {
		if r.Status == payments.RefundSucceeded {
			f.Refunds = append(f.Refunds, said(money.Of(r.Amount, r.Currency))+" on "+r.CreatedAt.UTC().Format(time.DateOnly))
		}
	}
	if ord.ConversationID != "" && who.May(merchants.TalkRead) {
		if err := a.exchange(ctx, who, &f, ord); err != nil {
			return out, err
		}
	}
	return Evidence{Dispute: showDispute(d), Pack: evidence.Of(f)}, nil
}

func said(m money.Money) string { return m.Decimal() + " " + m.Currency }

// deal writes down what was agreed and what became of the goods.
func (a *api) deal(f *evidence.Facts, ord orders.Order) {
	f.Order, f.Total, f.PlacedAt, f.Hash, f.Method = ord.Number, said(money.Of(ord.Total, ord.Currency)), ord.CreatedAt, ord.Hash, string(ord.Method)
	for _, l := range ord.Lines {
		f.Lines = append(f.Lines, fmt.Sprintf("%d × %s (%s): %s", l.Quantity, l.Name, l.SKU, said(money.Of(l.Total, ord.Currency))))
	}
	for _, e := range ord.Events {
		switch {
		case e.FromStatus == e.ToStatus:
		case e.ToStatus == orders.Fulfilled:
			f.FulfilledAt = e.At
		case e.ToStatus == orders.Completed:
			f.CompletedAt = e.At
		}
	}
}

// exchange adds the words with which the customer said yes, the question before and the answer after.
func (a *api) exchange(ctx context.Context, who merchants.Actor, f *evidence.Facts, ord orders.Order) error {
	list, err := a.Inbox.Confirming(ctx, who.MerchantID, ord.ConversationID, who.KeyID, ord.CreatedAt)
	for _, m := range list {
		text := m.Content.Text
		switch {
		case m.Forgotten:
			text = "(erased at the customer's wish)"
		case text == "" && m.Tap != "":
			text = "(tapped the button to confirm)"
		}
		who := "shop"
		if m.Sender == "customer" {
			who, f.Message = "customer", m.ID
		}
		f.Said = append(f.Said, evidence.Said{At: m.At, Who: who, ID: m.ID, Text: text})
	}
	return err
}
