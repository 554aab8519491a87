package tills

import (
	"context"
	"errors"
	"slices"

	"sotto.chat/channels"
	"sotto.chat/channels/whatsapp"
	"sotto.chat/customers"
	"sotto.chat/internal/database"
	"sotto.chat/orders"
	"sotto.chat/payments"
)

// orderTold is where an offer in WhatsApp keeps what was last said there of its order; empty until it was asked for.
const orderTold = "order_status"

// Where an offer in WhatsApp keeps the line of a boleto, and the reference of the last request where that is not its own: Meta
// takes each reference once.
const (
	boletoOf  = "boleto"
	askedAs   = "reference"
	askedMost = 9 // requests about one offer
)

// waStatuses are WhatsApp's words for where an order stands.
var waStatuses = map[orders.Status]string{orders.AwaitingPayment: "pending", orders.Paid: "processing", orders.Completed: "completed",
	orders.Cancelled: "canceled", orders.Expired: "canceled"}

func waStatus(status orders.Status, method orders.Method) string {
	if status != orders.Fulfilled {
		return waStatuses[status]
	}
	if method == orders.MethodDelivery {
		return "shipped"
	}
	return waStatuses[orders.Paid] // it waits at the counter
}

// payInWhatsApp asks once for each offer: a second bubble with the same reference would be refused, and the first is still there.
func (d *Desk) payInWhatsApp(tx database.Tx, ch channels.Channel, ord orders.Order, pay payments.Payment) (*channels.PayRequest, error) {
	if !d.whatsapp.PaysIn(ch.Settings, pay.Currency) {
		return nil, nil
	}
	to, local, err := d.payer(tx, ch, ord)
	if err != nil || !local {
		return nil, err
	}
	ask := func(o payments.Offer) *channels.PayRequest {
		r := d.request(ord, pay, o)
		if o.Data[askedAs] != "" {
			r.Reference = o.Data[askedAs]
		}
		r.Data, _ = whatsapp.BoletoLine(o.Data[boletoOf])
		if r.To = to; len(r.Items) == 0 { // a part of the order
			r.Items = []channels.PayItem{{SKU: ord.Number, Name: ord.Number, Quantity: 1, Unit: r.Total, Total: r.Total}}
		}
		return r
	}
	draft := payments.Offer{Reference: "draft", Method: payments.MethodWhatsApp, Amount: pay.Money(), Language: pay.Language, ExpiresAt: pay.ExpiresAt}
	if old, err := d.Payments.Offers(tx, ch.MerchantID, pay.ID, payments.MethodWhatsApp); err != nil {
		return nil, err
	} else if len(old) > 0 {
		draft.Data = old[0].Data
	}
	if !d.whatsapp.Asks(ch.Settings, *ask(draft)) {
		return nil, nil
	}
	o, err := d.Payments.Offer(tx, ch.MerchantID, pay.ID, payments.MethodWhatsApp, ch.ID)
	if err != nil || o.Data[orderTold] != "" {
		return nil, err
	}
	return ask(o), d.told(tx, o, waStatus(ord.Status, ord.Method))
}

func (d *Desk) told(tx database.Tx, o payments.Offer, status string) error {
	if o.Data == nil {
		o.Data = map[string]string{}
	}
	o.Data[orderTold] = status
	return d.Payments.NoteOffer(tx, o)
}

// payer tells whether the customer may pay inside WhatsApp, which is for people of the shop's own country, and where the goods go.
func (d *Desk) payer(tx database.Tx, ch channels.Channel, ord orders.Order) (*channels.PayAddress, bool, error) {
	if ord.CustomerID == "" {
		return nil, false, nil
	}
	names, err := d.Customers.Identities(tx, ord.MerchantID, ord.CustomerID)
	if err != nil || !slices.ContainsFunc(names, func(n customers.Identity) bool {
		return d.whatsapp.Local(ch.Settings, channels.Party{Kind: n.Kind, Value: n.Value})
	}) {
		return nil, false, err
	}
	if ord.Method != orders.MethodDelivery {
		return nil, true, nil
	}
	to, err := d.Orders.FindDelivery(tx, ord)
	if err != nil || to.Address == nil {
		return nil, true, err
	}
	a := to.Address
	return &channels.PayAddress{Name: to.Contact.Name, Line1: a.Line1, Line2: a.Line2, City: a.City, Region: a.Region, PostalCode: a.PostalCode,
		Country: a.Country}, true, nil
}

// Tell says in the chat how an order goes on that was asked for there; nil where the platform need not know or would refuse to hear.
func (d *Desk) Tell(tx database.Tx, merchant, channel, platform string, ord orders.Order, n orders.Changed) (*channels.PayRequest, error) {
	switch {
	case platform != d.whatsapp.Name():
		return nil, nil
	case n.From == n.To && n.Reason == orders.ReasonTransfer: // perhaps by a boleto
		return d.Ask(tx, merchant, channel, platform, ord)
	case n.From == n.To:
		return nil, nil
	}
	ch, err := d.Channels.Find(tx, merchant, channel)
	if err != nil || ch.DisabledAt != nil {
		return nil, err
	}
	o, ok, err := d.askedInWhatsApp(tx, ch, ord)
	if err != nil || !ok {
		return nil, err
	}
	if o.Data[askedAs] != "" {
		o.Reference = o.Data[askedAs]
	}
	r := channels.PayRequest{Reference: o.Reference, Method: o.Method, Currency: o.Amount.Currency, Was: o.Data[orderTold], Status: waStatus(n.To, ord.Method)}
	if r.Paid = slices.ContainsFunc(ord.Payments, func(p payments.Payment) bool { return p.PaidAmount > 0 }); r.Paid {
		r.PaidAt = tx.Now
	}
	if !d.whatsapp.Tells(ch.Settings, r) {
		return nil, nil
	}
	return &r, d.told(tx, o, r.Status)
}

// askedInWhatsApp finds the last offer of an order that was asked for in the channel's chat.
func (d *Desk) askedInWhatsApp(tx database.Tx, ch channels.Channel, ord orders.Order) (payments.Offer, bool, error) {
	for _, p := range slices.Backward(ord.Payments) {
		list, err := d.Payments.Offers(tx, ord.MerchantID, p.ID, payments.MethodWhatsApp)
		if err != nil {
			return payments.Offer{}, false, err
		}
		for _, o := range list {
			if o.Account == ch.ID && o.Data[orderTold] != "" {
				return o, true, nil
			}
		}
	}
	return payments.Offer{}, false, nil
}

// whatsappTill asks Meta about money. Meta reconciles nothing: what it answers is the word of the gateway behind. In Brazil there is
// nothing to ask, the shop itself says that the money came.
type whatsappTill struct{ desk *Desk }

// standing is what Meta knows of an offer; nil where it knows nothing.
func (t whatsappTill) standing(ctx context.Context, merchant, account, reference string) (s *whatsapp.Standing, err error) {
	err = t.desk.Channels.Lend(ctx, merchant, account, func(c channels.Credentials) (err error) {
		s, err = t.desk.whatsapp.Look(ctx, c, reference)
		return err
	})
	return s, gone(err)
}

// Look finds a payment whose webhook was lost.
func (t whatsappTill) Look(ctx context.Context, o payments.Offer) (*payments.Word, error) {
	s, err := t.standing(ctx, o.Merchant, o.Account, o.Reference)
	if err != nil || s == nil {
		return nil, err
	}
	w := s.Word
	return &payments.Word{ID: w.ID, Method: o.Method, Account: o.Account, Reference: o.Reference, Kind: wordKinds[w.Status], Coin: w.Coin, Amount: w.Amount,
		At: t.desk.DB.Now()}, nil
}

var errPaidInTheEnd = errors.New("the offer was paid in its last moment")

// Close refuses to end an offer that has been paid; the bubble ends by itself, at the time that it was given.
func (t whatsappTill) Close(ctx context.Context, o payments.Offer) error {
	s, err := t.standing(ctx, o.Merchant, o.Account, o.Reference)
	if err == nil && s != nil && s.Word.Status == channels.MoneyPaid {
		return errPaidInTheEnd
	}
	return err
}

// refundStates translate the states of a refund.
var refundStates = map[string]string{whatsapp.ReturnPending: payments.RefundPending, whatsapp.ReturnDone: payments.RefundSucceeded,
	whatsapp.ReturnFailed: payments.RefundFailed}

// Refund has the gateway send money back. Meta takes no idempotency key, so it is first asked what went back: a refund of this sum
// that is none of the others we know of is this one, whose answer was lost.
func (t whatsappTill) Refund(ctx context.Context, r payments.RefundOrder) (payments.RefundWord, error) {
	s, err := t.standing(ctx, r.Merchant, r.Account, r.Reference)
	if err != nil {
		return payments.RefundWord{}, refusedRefund(err)
	}
	if s == nil {
		return r.ByStaff(), nil // Meta has no part in this money: staff send it back where it came in
	}
	mine, others, err := t.refunds(ctx, r)
	if err != nil {
		return payments.RefundWord{}, err
	}
	for _, b := range s.Refunds {
		if mine != "" && b.ID == mine || mine == "" && b.Amount == r.Amount && b.Status != whatsapp.ReturnFailed && !slices.Contains(others, b.ID) {
			return payments.RefundWord{ID: b.ID, Status: refundStates[b.Status]}, nil
		}
	}
	if mine != "" { // made, and not listed yet
		return payments.RefundWord{ID: mine, Status: payments.RefundPending}, nil
	}
	var made whatsapp.Returned
	err = t.desk.Channels.Lend(ctx, r.Merchant, r.Account, func(c channels.Credentials) (err error) {
		made, err = t.desk.whatsapp.Return(ctx, c, r.Reference, r.Amount)
		return err
	})
	return payments.RefundWord{ID: made.ID, Status: refundStates[made.Status]}, refusedRefund(err)
}

// refunds gives Meta's name of this refund, once it has one, and the names of the payment's others.
func (t whatsappTill) refunds(ctx context.Context, r payments.RefundOrder) (mine string, others []string, err error) {
	_, pay, err := t.desk.Payments.OfferBy(ctx, r.Reference)
	if err != nil {
		return "", nil, err
	}
	list, err := t.desk.Payments.Refunds(ctx, r.Merchant, pay.ID)
	for _, row := range list {
		switch {
		case row.ID == r.ID:
			mine = row.ExternalID
		case row.ExternalID != "":
			others = append(others, row.ExternalID)
		}
	}
	return mine, others, err
}

// refusedRefund tells a refusal for good from what another try may mend.
func refusedRefund(err error) error {
	var e *channels.SendError
	if errors.As(err, &e) && !e.Retry && !e.Unsure && e.Problem == "" {
		return payments.ErrRefundRefused.Because(err)
	}
	return err
}
