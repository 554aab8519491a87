package orders

import (
	"context"
	"encoding/base32"
	"time"

	"sotto.chat/catalog"
	"sotto.chat/internal/database"
	"sotto.chat/internal/id"
	"sotto.chat/internal/jobs"
	"sotto.chat/internal/money"
	"sotto.chat/payments"
)

// Placing is an explicit yes: to this cart, under this hash. A delivery and a contact that are given stand before
// those that the cart keeps.
type Placing struct {
	CartID   string
	Hash     string
	Delivery Delivery
	Contact  Contact
	Actor    string // who said yes, for the history: "customer", "bot", a staff or key id
	Language string // of the pay page
	PayBy    string // payments.MethodCash or MethodBank; empty: by the pay link
}

// placeAttempts bounds how often a number that is taken is drawn anew; the chance of one clash is a
// millionth with a million orders.
const placeAttempts = 3

// Place turns the cart into an order, or leaves no trace. It prices anew and takes the yes only for the
// same hash. A second yes to the same cart gives the same order.
//
// A delivery given here that is not the cart's may change the shipping. Its caller has chosen it together with the
// hash, so the hash of the cart as it was quoted is good as well; the pay page shows the new total.
func (o *Orders) Place(tx database.Tx, merchant string, p Placing) (ord Order, err error) {
	for range placeAttempts {
		err = tx.Try(func(tx database.Tx) error {
			ord, err = o.place(tx, merchant, p)
			return err
		})
		if !database.Duplicate(err) {
			break
		}
	}
	return ord, err
}

// PlaceNow is Place in a transaction of its own, which saves the savepoint.
func (o *Orders) PlaceNow(ctx context.Context, merchant string, p Placing) (ord Order, err error) {
	for range placeAttempts {
		err = o.db.InTx(ctx, func(tx database.Tx) error {
			ord, err = o.place(tx, merchant, p)
			return err
		})
		if !database.Duplicate(err) {
			break
		}
	}
	return ord, err
}

// place does the work and may leave half of it behind when it fails: its callers undo. The goods are held last,
// so that the rows of hot goods stay locked for the shortest time.
func (o *Orders) place(tx database.Tx, merchant string, p Placing) (Order, error) {
	if err := p.Delivery.check(); err != nil {
		return Order{}, err
	}
	v, err := o.orderCart(tx, merchant, p.CartID)
	if err != nil {
		return Order{}, err
	}
	if v.cart.ID == "" {
		c, err := lockCart(tx, merchant, p.CartID)
		if err != nil {
			return Order{}, err
		}
		if c.Status != CartOpen {
			return o.again(tx, c, p)
		}
		if v, err = o.orderCart(tx, merchant, p.CartID); err != nil { // it has opened while the lock was waited for
			return Order{}, err
		}
	}
	v.cart.Status = CartOpen // as it was quoted: no order of it holds anything yet
	q, d, err := o.agreed(tx, v, p)
	if err != nil {
		return Order{}, err
	}
	ord, err := o.write(tx, v.cart, q, d, v.terms, p.Actor)
	if err != nil {
		return Order{}, err
	}
	if ord.Status == AwaitingPayment {
		pay, err := o.pay.Expect(tx, merchant, expected(ord, p.Language))
		if err != nil {
			return Order{}, err
		}
		ord.Payments = []payments.Payment{pay}
		if p.PayBy != "" {
			if _, err := o.payBy(tx, &ord, pay.ID, p.PayBy, p.Actor); err != nil {
				return Order{}, err
			}
			if ord.Payments[0], err = o.pay.Find(tx, merchant, pay.ID); err != nil {
				return Order{}, err
			}
		}
	}
	return ord, o.hold(tx, &ord)
}

// orderCart takes an open cart for an order and sees what it is made of; without a cart where it is not open.
func (o *Orders) orderCart(tx database.Tx, merchant, cart string) (*view, error) {
	v := o.view(merchant, cart)
	return v, v.read(tx, ordering(tx, merchant, cart, &v.cart))
}

// again answers a yes to a cart that is not open.
func (o *Orders) again(tx database.Tx, c Cart, p Placing) (Order, error) {
	if c.Status != CartOrdered {
		return Order{}, ErrCartOrdered
	}
	ord, err := awaitingOfCart(tx, c.MerchantID, c.ID)
	if err != nil {
		return Order{}, err
	}
	if ord.Hash != p.Hash {
		return Order{}, ErrCartChanged
	}
	return o.Find(tx, c.MerchantID, ord.ID)
}

// agreed prices the cart anew and refuses whatever the customer has not said yes to or nobody can sell.
func (o *Orders) agreed(tx database.Tx, v *view, p Placing) (Quote, Delivery, error) {
	fail := func(err error) (Quote, Delivery, error) { return Quote{}, Delivery{}, err }
	if len(v.cart.Lines) == 0 {
		return fail(ErrCartEmpty)
	}
	priced, err := v.priced(tx)
	if err != nil {
		return fail(err)
	}
	kept, err := o.cartDelivery(tx, v.cart)
	if err != nil {
		return fail(err)
	}
	d := p.Delivery
	if p.Contact != (Contact{}) {
		d.Contact = p.Contact
	}
	d = d.over(kept)
	q, err := quote(v.cart, priced, nil, v.terms, kept.Method)
	if err != nil {
		return fail(err)
	}
	said := q.Hash == p.Hash
	if d.Method != kept.Method {
		if q, err = q.sum(v.terms, d.Method); err != nil {
			return fail(err)
		}
		said = said || q.Hash == p.Hash
	}
	if !said {
		return fail(ErrCartChanged)
	}
	for _, problem := range q.Problems {
		return fail(problem)
	}
	return q, d, d.complete()
}

// write puts the order down: its row, its lines, the beginning of its history, and the news.
func (o *Orders) write(tx database.Tx, c Cart, q Quote, d Delivery, terms Terms, actor string) (Order, error) {
	if err := o.withCustomer(tx, &c, d.Contact); err != nil {
		return Order{}, err
	}
	ord := Order{MerchantID: c.MerchantID, ID: id.New("ord"), CartID: c.ID, CustomerID: c.CustomerID,
		ConversationID: c.ConversationID, Currency: c.Currency, Subtotal: q.Subtotal, Tax: q.Tax, TaxInclusive: q.TaxInclusive,
		Shipping: q.Shipping, Discount: q.Discount, Total: q.Total, Hash: q.Hash, Method: d.Method, Version: 1,
		CreatedAt: tx.Now, UpdatedAt: tx.Now}
	ord.Status = Paid
	h, end := happening{reason: ReasonFree, actor: actor}, []jobs.News(nil)
	if q.Total > 0 {
		expires := tx.Now.Add(time.Duration(terms.HoldMinutes) * time.Minute)
		ord.ExpiresAt = &expires
		ord.Status, h.reason = AwaitingPayment, ReasonPlaced
		end = append(end, jobs.Starting(due{Merchant: ord.MerchantID, Order: ord.ID}, expires))
	}
	var err error
	if ord.Number, err = number8(ord.ID); err != nil {
		return Order{}, err
	}
	if ord.Delivery, err = o.sealDelivery(tx, ord.MerchantID, ord.CustomerID, "orders.delivery:"+ord.ID, d); err != nil {
		return Order{}, err
	}
	if ord.Lines, err = o.linesOf(tx, &c, ord.ID, q.Lines); err != nil {
		return Order{}, err
	}
	if err := insertOrder(tx, &ord); err != nil {
		return Order{}, err
	}
	return ord, o.note(tx, &ord, None, h, end...)
}

func (o *Orders) linesOf(tx database.Tx, c *Cart, order string, lines []QuoteLine) ([]OrderLine, error) {
	out := make([]OrderLine, len(lines))
	for i, l := range lines {
		out[i] = OrderLine{MerchantID: c.MerchantID, OrderID: order, ID: id.New("oli"), SKU: l.SKU, VariantID: l.VariantID,
			Name: l.Name, Quantity: l.Quantity, Options: append([]catalog.PricedOption{}, l.Options...), UnitPrice: l.Unit, Total: l.Total, Kind: kind(l.SKU, l.chosen), Position: int64(i + 1)}
		var err error
		if out[i].Note, err = o.resealNote(tx, c, l.note, l.ID, out[i].ID); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// hold keeps the goods. An order that is paid already takes them at once, and its cart is done with.
func (o *Orders) hold(tx database.Tx, ord *Order) error {
	expires := tx.Now
	if ord.ExpiresAt != nil {
		expires = *ord.ExpiresAt
	}
	if err := o.cat.Hold(tx, ord.MerchantID, ord.ID, pieces(ord.Lines), expires); err != nil {
		return err
	}
	if ord.Status != Paid {
		return nil
	}
	if err := closeCart(tx, ord.MerchantID, ord.CartID); err != nil {
		return err
	}
	return o.cat.Consume(tx, ord.MerchantID, ord.ID)
}

// pieces is what an order takes of each variant.
func pieces(lines []OrderLine) []catalog.HoldLine {
	var out []catalog.HoldLine
	at := map[string]int{}
	for _, l := range lines {
		if i, ok := at[l.VariantID]; ok {
			out[i].Quantity += l.Quantity
			continue
		}
		at[l.VariantID] = len(out)
		out = append(out, catalog.HoldLine{VariantID: l.VariantID, Quantity: l.Quantity})
	}
	return out
}

// expected says what is to be paid and, for the pay page, what for: the lines, and what is added to them.
func expected(ord Order, language string) payments.Expected {
	items := make([]payments.Item, 0, len(ord.Lines)+2)
	for _, l := range ord.Lines {
		items = append(items, payments.Item{Name: l.Name, Quantity: l.Quantity, Unit: l.UnitPrice, Total: l.Total})
	}
	add := func(name string, n int64) {
		if n != 0 {
			items = append(items, payments.Item{Name: name, Quantity: 1, Unit: n, Total: n})
		}
	}
	add("Shipping", ord.Shipping)
	add("Discount", -ord.Discount)
	if !ord.TaxInclusive {
		add("Tax", ord.Tax)
	}
	return payments.Expected{OrderID: ord.ID, Customer: ord.CustomerID, Amount: money.Of(ord.Total, ord.Currency), Items: items,
		ExpiresAt: *ord.ExpiresAt, Language: language}
}

// crockford has no I, L, O and U: a number survives being read aloud.
var crockford = base32.NewEncoding("0123456789ABCDEFGHJKMNPQRSTVWXYZ").WithPadding(base32.NoPadding)

// number8 gives an order's number: eight signs from the last forty of the id's random bits. It is random and not
// counted, so that it tells nobody how many orders a merchant has; the database refuses the rare second one.
func number8(order string) (string, error) {
	b, err := id.Bytes("ord", order)
	if err != nil {
		return "", err
	}
	return crockford.EncodeToString(b[11:]), nil
}
