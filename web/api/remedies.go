package api

import (
	"context"
	"net/http"

	"sotto.chat/internal/database"
	"sotto.chat/internal/jobs"
	"sotto.chat/internal/money"
	"sotto.chat/merchants"
	"sotto.chat/orders"
	"sotto.chat/payments"
	"sotto.chat/payments/byhand"
)

// Remedy is one thing that a person can do about a payment now: send the body to the path.
type Remedy struct {
	Code   string     `json:"code" enum:"accept,refund,refund_difference,ask_rest,receive,capture,confirm_refund,refund_unsent"`
	Label  string     `json:"label"`
	Method string     `json:"method" enum:"POST"`
	Path   string     `json:"path"`
	Body   RemedyBody `json:"body"`
}

// RemedyBody is what the remedy's path takes.
type RemedyBody struct {
	Amount *money.Money `json:"amount,omitempty"`
	Method string       `json:"method,omitempty"`
	Made   *bool        `json:"made,omitempty"`
}

func showRemedy(payment string, r orders.Remedy) Remedy {
	out := Remedy{Code: r.Code, Method: http.MethodPost, Path: "/v1/payments/" + payment + "/" + r.Code}
	sum := r.Amount.Decimal() + " " + r.Amount.Currency
	yes, no := true, false
	switch r.Code {
	case orders.RemedyAccept:
		out.Label = "Take " + sum + " as good"
	case orders.RemedyRefund:
		out.Label, out.Body.Amount = "Give back "+sum, &r.Amount
	case orders.RemedyDifference:
		out.Label = "Take it as good and give back the " + sum + " too much"
	case orders.RemedyAskRest:
		out.Label = "Ask for the missing " + sum
	case orders.RemedyReceive:
		out.Label, out.Body = "The "+sum+" is here", RemedyBody{Amount: &r.Amount, Method: r.Method}
	case orders.RemedyCapture:
		out.Label, out.Body.Amount = "Take the held "+sum, &r.Amount
	case orders.RemedyConfirm:
		out.Label, out.Path, out.Body.Made = "The "+sum+" was sent back", "/v1/refunds/"+r.Refund+"/confirm", &yes
	case orders.RemedyUnsent:
		out.Label, out.Path, out.Body.Made = "The "+sum+" could not be sent back", "/v1/refunds/"+r.Refund+"/confirm", &no
	}
	return out
}

// ReceiveIn is money that staff hold in their hands or see on the account.
type ReceiveIn struct {
	Amount    money.Money `json:"amount"`
	Method    string      `json:"method" enum:"cash,bank"`
	Reference string      `json:"reference,omitempty" maxLength:"200" doc:"The bank's own id of it, or a receipt's number: the same reference is the same money, at whichever payment of the order."`
}

// BoletoIn is a voucher of the merchant's bank.
type BoletoIn struct {
	Line string `json:"line" pattern:"^[0-9]{47,48}$" doc:"The digits that the customer's bank asks for."`
}

// PayMethods are the ways of paying by hand that the shop offers.
type PayMethods struct {
	Cash        bool   `json:"cash" doc:"Cash when the goods are handed over."`
	Bank        bool   `json:"bank" doc:"A bank transfer that names a reference."`
	BankDetails string `json:"bank_details" maxLength:"1000" doc:"What customers need for a transfer; shown to them as it stands."`
	BankDays    int64  `json:"bank_days" minimum:"1" maximum:"60" doc:"How long goods wait for a transfer."`
}

// WayIn chooses cash at the door or a bank transfer.
type WayIn struct {
	Method string `json:"method" enum:"cash,bank"`
}

// WayOut is what the customer must know of it.
type WayOut struct {
	Payment     Payment `json:"payment"`
	Reference   string  `json:"reference,omitempty" doc:"What a bank transfer must name."`
	BankDetails string  `json:"bank_details,omitempty"`
}

// SplitIn says in which parts the order is paid.
type SplitIn struct {
	Parts []money.Money `json:"parts" minItems:"1" maxItems:"20"`
}

func (a *api) remedies() {
	add(a, op{method: http.MethodPost, path: "/v1/payments/{id}/refund", right: merchants.MoneyWrite, tag: "Money", summary: "Give money of one payment back: an amount, or all that is left"},
		func(ctx context.Context, who merchants.Actor, in *struct {
			ByID
			Key  string `header:"Idempotency-Key" maxLength:"255"`
			Body *RefundIn
		}) (*Answer[PaymentWithRefunds], error) {
			asked := given(in.Body)
			if _, err := a.Payments.Refund(jobs.Eager(ctx), who.MerchantID, in.ID, asked.Amount, masked(asked.Reason), in.Key); err != nil {
				return nil, err
			}
			return a.payment(ctx, who.MerchantID, in.ID)
		})
	add(a, op{method: http.MethodPost, path: "/v1/payments/{id}/refund_difference", right: merchants.MoneyWrite, tag: "Money", summary: "Take too much as good, and give back what is too much"},
		func(ctx context.Context, who merchants.Actor, in *reasonIn) (*Answer[PaymentWithRefunds], error) {
			if _, err := a.Orders.RefundDifference(ctx, who.MerchantID, in.ID, masked(given(in.Body).Reason)); err != nil {
				return nil, err
			}
			return a.payment(ctx, who.MerchantID, in.ID)
		})
	add(a, op{method: http.MethodPost, path: "/v1/payments/{id}/ask_rest", right: merchants.MoneyWrite, tag: "Money", summary: "Take too little as a part, and ask for the rest by another payment"},
		func(ctx context.Context, who merchants.Actor, in *reasonIn) (*Answer[PaymentWithRefunds], error) {
			err := a.DB.InTx(ctx, func(tx database.Tx) error {
				return a.Orders.AskRest(tx, who.MerchantID, in.ID, orders.Deed{Actor: who.KeyID, Remark: masked(given(in.Body).Reason)})
			})
			if err != nil {
				return nil, err
			}
			return a.payment(ctx, who.MerchantID, in.ID)
		})
	add(a, op{method: http.MethodPost, path: "/v1/payments/{id}/capture", right: merchants.MoneyWrite, tag: "Money", summary: "Take held money: an amount, or all of it; the rest is let go", repeatable: true},
		func(ctx context.Context, who merchants.Actor, in *struct {
			ByID
			Body *FulfilIn
		}) (*Answer[PaymentWithRefunds], error) {
			err := a.DB.InTx(jobs.Eager(ctx), func(tx database.Tx) error {
				_, err := a.Payments.PromiseCapture(tx, who.MerchantID, in.ID, given(in.Body).Amount)
				return err
			})
			if err != nil {
				return nil, err
			}
			return a.payment(ctx, who.MerchantID, in.ID)
		})
	add(a, op{method: http.MethodPost, path: "/v1/orders/{id}/split", right: merchants.MoneyWrite, tag: "Deals", summary: "Have an order paid in parts, each by a link of its own"},
		func(ctx context.Context, who merchants.Actor, in *struct {
			ByID
			Body SplitIn
		}) (*Answer[Order], error) {
			return a.moved(ctx, who, in.ID, func(tx database.Tx) (orders.Order, error) {
				return a.Orders.Split(tx, who.MerchantID, in.ID, in.Body.Parts, orders.Deed{Actor: who.KeyID})
			})
		})
	a.byHand()
}

func (a *api) byHand() {
	add(a, op{method: http.MethodPost, path: "/v1/payments/{id}/receive", right: merchants.MoneyWrite, tag: "Money", summary: "Register cash or a bank transfer, and read the payment that it came to; the same reference twice is one", repeatable: true},
		func(ctx context.Context, who merchants.Actor, in *struct {
			ByID
			Body ReceiveIn
		}) (*Answer[PaymentWithRefunds], error) {
			r := payments.Received{Method: in.Body.Method, Amount: in.Body.Amount, Reference: in.Body.Reference}
			at, err := a.Orders.Receive(jobs.Eager(ctx), who.MerchantID, in.ID, r)
			if err != nil {
				return nil, err
			}
			return a.payment(ctx, who.MerchantID, at)
		})
	add(a, op{method: http.MethodPost, path: "/v1/payments/{id}/method", right: merchants.OrdersWrite, tag: "Money", summary: "Have a payment wait for cash at the door or for a bank transfer", repeatable: true},
		func(ctx context.Context, who merchants.Actor, in *struct {
			ByID
			Body WayIn
		}) (*Answer[WayOut], error) {
			var out WayOut
			err := a.DB.InTx(ctx, func(tx database.Tx) error {
				o, err := a.Orders.PayBy(tx, who.MerchantID, in.ID, in.Body.Method, orders.Deed{Actor: who.KeyID})
				if in.Body.Method == payments.MethodBank {
					out.Reference = o.Reference
				}
				return err
			})
			if err != nil {
				return nil, err
			}
			p, err := a.Payments.Get(ctx, who.MerchantID, in.ID)
			if err != nil {
				return nil, err
			}
			out.Payment = showPayment(p)
			if in.Body.Method == payments.MethodBank {
				t, err := a.Payments.Terms(ctx, who.MerchantID)
				if err != nil {
					return nil, err
				}
				out.BankDetails = t.BankDetails
			}
			return &Answer[WayOut]{out}, nil
		})
	add(a, op{method: http.MethodPost, path: "/v1/payments/{id}/boleto", right: merchants.MoneyWrite, tag: "Money", summary: "Send the boleto that the bank made for a payment into its WhatsApp chat", repeatable: true},
		func(ctx context.Context, who merchants.Actor, in *struct {
			ByID
			Body BoletoIn
		}) (*Answer[PaymentWithRefunds], error) {
			if a.Boleto == nil {
				return nil, payments.ErrNoProvider
			}
			if err := a.Boleto(ctx, who.MerchantID, in.ID, in.Body.Line, who.KeyID); err != nil {
				return nil, err
			}
			return a.payment(ctx, who.MerchantID, in.ID)
		})
	add(a, op{method: http.MethodPost, path: "/v1/refunds/{id}/confirm", right: merchants.MoneyWrite, tag: "Money", summary: "Say that a bank transfer back was made, or that it failed", repeatable: true},
		func(ctx context.Context, who merchants.Actor, in *struct {
			ByID
			Body struct {
				Made bool `json:"made"`
			}
		}) (*Answer[PaymentWithRefunds], error) {
			r, err := a.Payments.ConfirmRefund(jobs.Eager(ctx), who.MerchantID, in.ID, in.Body.Made)
			if err != nil {
				return nil, err
			}
			return a.payment(ctx, who.MerchantID, r.PaymentID)
		})
	add(a, op{method: http.MethodGet, path: "/v1/payments/methods", right: merchants.SettingsRead, tag: "Money", summary: "Read which ways of paying by hand the shop offers"},
		func(ctx context.Context, who merchants.Actor, _ *struct{}) (*Answer[PayMethods], error) {
			t, err := a.Payments.Terms(ctx, who.MerchantID)
			return &Answer[PayMethods]{PayMethods(t)}, err
		})
	add(a, op{method: http.MethodPut, path: "/v1/payments/methods", right: merchants.SettingsWrite, tag: "Money", summary: "Say which ways of paying by hand the shop offers"},
		func(ctx context.Context, who merchants.Actor, in *struct{ Body PayMethods }) (*Answer[PayMethods], error) {
			err := a.DB.InTx(ctx, func(tx database.Tx) error {
				return a.Payments.SetTerms(tx, who.MerchantID, byhand.Terms(in.Body))
			})
			if err != nil {
				return nil, err
			}
			t, err := a.Payments.Terms(ctx, who.MerchantID)
			return &Answer[PayMethods]{PayMethods(t)}, err
		})
}
