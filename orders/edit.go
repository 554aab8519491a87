package orders

import (
	"slices"
	"strconv"
	"time"

	"sotto.chat/catalog"
	"sotto.chat/internal/database"
	"sotto.chat/internal/fault"
	"sotto.chat/internal/id"
	"sotto.chat/internal/jobs"
	"sotto.chat/payments"
)

// Faults of changing an order.
var (
	ErrEdit      = fault.New(fault.Conflict, "order_not_editable", "Only an order that waits for all of its money can be changed; cancel, refund or take back what is beyond that.")
	ErrEditLine  = fault.New(fault.Invalid, "order_line_unknown", "The order has no such line; name a line of it, or a sku.")
	ErrEditEmpty = fault.New(fault.Invalid, "order_empty", "An order without anything to pay for is none: cancel it.")
	ErrStale     = fault.New(fault.Stale, "order_changed", "The order has changed since it was read; read it again.")
)

// EditLine is one line of an order as it shall be: a line that it has, by its id, with its options and its note; or a new one.
type EditLine struct {
	LineID string
	LineInput
}

// Edit says what becomes of an order. No lines leaves them as they are; what is empty of the delivery stays. A version that is not 0 must
// be the order's own.
type Edit struct {
	Lines    []EditLine
	Delivery Delivery
	Version  int64
	Deed
}

// Edit changes an order that waits for its money, of which none is here or on its way. It is priced anew from the catalog and held anew; its
// links die, and another payment asks for the new sum, in the way that was chosen before. Money that comes by an old link all the same is
// put before a person.
func (o *Orders) Edit(tx database.Tx, merchant, order string, e Edit) (Order, error) {
	ord, list, err := o.editable(tx, merchant, order, e)
	if err != nil {
		return Order{}, err
	}
	d, err := o.FindDelivery(tx, ord)
	if err != nil {
		return Order{}, err
	}
	d = e.Delivery.over(d)
	if err := d.check(); err != nil {
		return Order{}, err
	}
	if err := d.complete(); err != nil {
		return Order{}, err
	}
	if err := o.pay.Kill(tx, merchant, order, ReasonEdited); err != nil {
		return Order{}, err
	}
	if err := o.cat.Release(tx, merchant, order); err != nil {
		return Order{}, err
	}
	if err := o.reprice(tx, &ord, e.Lines, d); err != nil {
		return Order{}, err
	}
	if err := rewriteOrder(tx, &ord); err != nil {
		return Order{}, err
	}
	if err := closeCart(tx, merchant, ord.CartID); err != nil { // what is in it is not what was ordered any more
		return Order{}, err
	}
	h := happening{reason: ReasonEdited, remark: e.Remark, actor: e.Actor, fact: ReasonEdited + ":" + ord.ID + ":" + strconv.FormatInt(ord.Version, 10)}
	if err := o.stay(tx, &ord, h); err != nil {
		return Order{}, err
	}
	if err := o.askAnew(tx, &ord, list, e.Actor); err != nil {
		return Order{}, err
	}
	if err := o.cat.Hold(tx, merchant, ord.ID, pieces(ord.Lines), *ord.ExpiresAt); err != nil {
		return Order{}, err
	}
	return o.Find(tx, merchant, order)
}

// editable locks an order with its lines, and refuses one that cannot be changed.
func (o *Orders) editable(tx database.Tx, merchant, order string, e Edit) (Order, []payments.Payment, error) {
	ord, err := lockDeal(tx, merchant, order)
	if err != nil {
		return ord, nil, err
	}
	if e.Version != 0 && e.Version != ord.Version {
		return ord, nil, ErrStale
	}
	if ord.Status != AwaitingPayment || ord.ExpiresAt == nil {
		return ord, nil, ErrEdit.Say("The order is %s; only one that waits for its money can be changed. Cancel, refund or take back what is beyond that.", ord.Status)
	}
	if err := o.notOnItsWay(tx, ord); err != nil {
		return ord, nil, err
	}
	list, err := o.pay.OfOrder(tx, merchant, order)
	if err != nil {
		return ord, nil, err
	}
	if slices.ContainsFunc(list, func(p payments.Payment) bool {
		return p.Status == payments.Authorized || p.PaidAmount > p.RefundedAmount || p.Status == payments.NeedsReview
	}) {
		return ord, nil, ErrEdit.Say("Money of this order is here or held already; refund it or cancel the order instead.")
	}
	ord.Lines, err = orderLines(tx.DB(), merchant, []string{order})
	return ord, list, err
}

// reprice gives the order its new lines, sums and delivery, at the catalog's prices of now.
func (o *Orders) reprice(tx database.Tx, ord *Order, wants []EditLine, d Delivery) error {
	c, err := ord.asCart(wants)
	if err != nil {
		return err
	}
	terms, err := o.termsNow(tx, ord.MerchantID)
	if err != nil {
		return err
	}
	priced, err := o.cat.Price(tx, c.MerchantID, wishesOf(c.Lines))
	if err != nil {
		return err
	}
	q, err := quote(c, priced, nil, terms, d.Method)
	if err != nil {
		return err
	}
	for _, problem := range q.Problems {
		return problem
	}
	if len(q.Lines) == 0 || q.Total < 1 {
		return ErrEditEmpty
	}
	notes := map[string]EditLine{}
	for i, w := range wants {
		notes[c.Lines[i].ID] = w
	}
	lines := make([]OrderLine, len(q.Lines))
	for i, l := range q.Lines {
		lines[i] = OrderLine{MerchantID: ord.MerchantID, OrderID: ord.ID, ID: l.ID, SKU: l.SKU, VariantID: l.VariantID, Name: l.Name, Quantity: l.Quantity,
			Options: append([]catalog.PricedOption{}, l.Options...), UnitPrice: l.Unit, Total: l.Total, Kind: kind(l.SKU, l.chosen), Position: int64(i + 1), Note: l.note}
		if note := notes[l.ID].Note; note != "" {
			if lines[i].Note, err = o.cus.Seal(tx, ord.MerchantID, ord.CustomerID, "order_lines.note:"+l.ID, []byte(note)); err != nil {
				return err
			}
		}
	}
	ord.Lines, ord.Subtotal, ord.Tax, ord.TaxInclusive, ord.Shipping, ord.Discount, ord.Total = lines, q.Subtotal, q.Tax, q.TaxInclusive, q.Shipping, q.Discount, q.Total
	ord.Hash, ord.Method = q.Hash, d.Method
	expires := tx.Now.Add(time.Duration(terms.HoldMinutes) * time.Minute)
	ord.ExpiresAt = &expires
	ord.Delivery, err = o.sealDelivery(tx, ord.MerchantID, ord.CustomerID, "orders.delivery:"+ord.ID, d)
	return err
}

// asCart gives the form in which an order can be priced. Lines keep their ids, so that what is sealed under them stays readable.
func (ord Order) asCart(wants []EditLine) (Cart, error) {
	if len(wants) > MaxLines {
		return Cart{}, ErrTooManyLines
	}
	had := map[string]CartLine{}
	c := Cart{MerchantID: ord.MerchantID, ID: ord.CartID, CustomerID: ord.CustomerID, ConversationID: ord.ConversationID, Currency: ord.Currency, Status: CartClosed}
	for _, l := range ord.Lines {
		one := CartLine{MerchantID: ord.MerchantID, ID: l.ID, SKU: l.SKU, Quantity: l.Quantity, Note: l.Note}
		for _, option := range l.Options {
			one.Options = append(one.Options, option.Option)
		}
		had[l.ID] = one
		if wants == nil {
			c.Lines = append(c.Lines, one)
		}
	}
	for _, w := range wants {
		one, known := had[w.LineID]
		switch {
		case w.Quantity < 1 || w.Quantity > MaxQuantity:
			return Cart{}, ErrQuantity
		case len(w.Options) > maxOptions:
			return Cart{}, ErrOptions
		case len([]rune(w.Note)) > maxNote:
			return Cart{}, ErrNote
		case w.LineID != "" && !known, w.LineID == "" && w.SKU == "":
			return Cart{}, ErrEditLine
		case w.LineID == "":
			one = CartLine{MerchantID: ord.MerchantID, ID: id.New("oli"), SKU: w.SKU, Options: w.Options}
		}
		one.Quantity = w.Quantity
		delete(had, w.LineID) // named twice, the second is unknown
		c.Lines = append(c.Lines, one)
	}
	return c, nil
}

// askAnew expects the order's new sum. Who had chosen cash or a transfer still pays that way.
func (o *Orders) askAnew(tx database.Tx, ord *Order, before []payments.Payment, actor string) error {
	pay, err := o.pay.Expect(tx, ord.MerchantID, expected(*ord, language(before)))
	if err != nil {
		return err
	}
	if err := o.desk.Announce(tx, due{Merchant: ord.MerchantID, Order: ord.ID}, jobs.At(*ord.ExpiresAt)); err != nil {
		return err
	}
	for _, p := range before {
		if p.Status != payments.Pending {
			continue
		}
		method := map[string]string{payments.ReasonOnDelivery: payments.MethodCash, payments.ReasonTransfer: payments.MethodBank}[p.Reason]
		if method != "" {
			_, err := o.payBy(tx, ord, pay.ID, method, actor)
			return err
		}
	}
	return nil
}
