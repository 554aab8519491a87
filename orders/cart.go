package orders

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"time"

	"sotto.chat/catalog"
	"sotto.chat/internal/database"
	"sotto.chat/internal/fault"
	"sotto.chat/internal/id"
)

// Limits of a cart.
const (
	MaxLines    = 100
	MaxQuantity = 999
	maxOptions  = 50
	maxNote     = 500
)

// Faults of carts.
var (
	ErrNoCart       = fault.New(fault.NotFound, "cart_not_found", "There is no such cart.")
	ErrNoLine       = fault.New(fault.NotFound, "line_not_found", "The cart has no such line.")
	ErrCartOrdered  = fault.New(fault.Conflict, "cart_ordered", "This cart has become an order; begin a new one.")
	ErrTooManyLines = fault.New(fault.Invalid, "too_many_lines", "A cart holds at most 100 lines.")
	ErrQuantity     = fault.New(fault.Invalid, "quantity_out_of_range", "The quantity must be 1 to 999.")
	ErrOptions      = fault.New(fault.Invalid, "too_many_options", "A line holds at most 50 options.")
	ErrNote         = fault.New(fault.Invalid, "note_too_long", "A note holds at most 500 characters.")
	ErrCurrency     = fault.New(fault.Invalid, "currency_not_sold", "This merchant sells in another currency.")
)

// CartStatus is where a cart stands.
type CartStatus string

// A cart is open until it becomes an order. It opens again when that order expires or when the customer changes the
// cart; it closes for good when the money is there or on its way, or when the order is cancelled. A conversation has at
// most one cart that is not closed.
const (
	CartOpen    CartStatus = "open"
	CartOrdered CartStatus = "ordered"
	CartClosed  CartStatus = "closed"
)

// Cart is what somebody means to buy. It has no prices: those are read anew at every step.
// Version moves with every change of what is in it.
type Cart struct {
	MerchantID, ID             string
	CustomerID, ConversationID string
	Currency                   string
	Status                     CartStatus
	Delivery                   []byte // sealed with the customer's key
	Version                    int64
	CreatedAt, UpdatedAt       time.Time
	Lines                      []CartLine `gorm:"-"`
}

// CartLine is one line of a cart.
type CartLine struct {
	MerchantID, CartID, ID string
	SKU                    string `gorm:"column:sku"`
	Quantity               int64
	Options                []catalog.Option `gorm:"serializer:json"`
	Note                   []byte           // sealed with the customer's key
	Fingerprint            string           // equal for lines that are the same thing
	Position               int64
}

// Owner binds a cart: to a customer in a conversation, or, when empty, to the API's caller alone.
type Owner struct{ CustomerID, ConversationID string }

// LineInput says what a line shall hold.
type LineInput struct {
	SKU      string
	Quantity int64
	Options  []catalog.Option
	Note     string
}

// OpenCart gives the conversation's cart, or makes one. An empty currency is the merchant's own.
func (o *Orders) OpenCart(tx database.Tx, merchant string, owner Owner, currency string) (Cart, error) {
	if owner.ConversationID != "" {
		if c, ok, err := o.CartOf(tx, merchant, owner.ConversationID); err != nil || ok {
			return c, err
		}
	}
	terms, err := o.termsNow(tx, merchant)
	if err != nil {
		return Cart{}, err
	}
	if currency != "" && currency != terms.Currency {
		return Cart{}, ErrCurrency.Say("This merchant sells in %s.", terms.Currency)
	}
	c := Cart{MerchantID: merchant, ID: id.New("cart"), CustomerID: owner.CustomerID, ConversationID: owner.ConversationID,
		Currency: terms.Currency, Status: CartOpen, Version: 1, CreatedAt: tx.Now, UpdatedAt: tx.Now}
	return c, insertCart(tx, &c)
}

// CartOf gives the conversation's cart with its lines: the open one, or the one whose order still waits for its money.
func (o *Orders) CartOf(tx database.Tx, merchant, conversation string) (Cart, bool, error) {
	c, err := cartOfConversation(tx, merchant, conversation)
	if database.NotFound(err) {
		return Cart{}, false, nil
	}
	if err != nil {
		return Cart{}, false, err
	}
	c.Lines, err = cartLines(tx, merchant, c.ID)
	return c, err == nil, err
}

// FindCart gives a cart with its lines.
func (o *Orders) FindCart(tx database.Tx, merchant, cart string) (Cart, error) {
	return findCart(tx.Together, merchant, cart)
}

// GetCart is FindCart outside a transaction.
func (o *Orders) GetCart(ctx context.Context, merchant, cart string) (Cart, error) {
	return findCart(func(asks ...database.Ask) error { return o.db.Together(ctx, asks...) }, merchant, cart)
}

// Carts lists a merchant's carts without their lines, the newest first, those before the cursor after.
func (o *Orders) Carts(ctx context.Context, merchant, after string, limit int) ([]Cart, error) {
	return listCarts(o.db.Read(ctx), merchant, after, limit)
}

// AddLine puts something into the cart. The same thing again raises the quantity of the line that is there.
// What the catalog does not know is refused; what is merely sold out or not fully chosen stays in the cart, and the
// quote says so.
func (o *Orders) AddLine(tx database.Tx, merchant, cart string, in LineInput) (CartLine, error) {
	if err := check(in); err != nil {
		return CartLine{}, err
	}
	if in.Note == "" {
		var c Cart
		p := catalog.NewSelling(merchant, wishOf(in))
		send := func(first ...database.Ask) error { return tx.Together(append(first, p.Ask())...) }
		l, done, err := addAtOnce(tx, newLine(merchant, cart, in), &c, send, func(CartLine) (catalog.Priced, error) {
			priced, err := p.Answer(tx)
			if err != nil {
				return catalog.Priced{}, err
			}
			return priced[0], nil
		})
		if done || err != nil {
			return l, err
		}
	}
	return o.addInSteps(tx, merchant, cart, in)
}

// AddAndQuote is AddLine and then Quote, in one round trip for what nearly always comes.
func (o *Orders) AddAndQuote(tx database.Tx, merchant, cart string, in LineInput) (CartLine, Quote, error) {
	if err := check(in); err != nil {
		return CartLine{}, Quote{}, err
	}
	if in.Note == "" {
		v, renamed := o.view(merchant, cart), false
		send := func(first ...database.Ask) error { return v.read(tx, first...) }
		l, done, err := addAtOnce(tx, newLine(merchant, cart, in), &v.cart, send, func(put CartLine) (catalog.Priced, error) {
			priced, err := v.pricedLine(tx, put.ID)
			renamed = priced.SKU != in.SKU
			return priced, err
		})
		if err != nil {
			return CartLine{}, Quote{}, err
		}
		if done && !renamed {
			q, err := o.quoteOf(tx, v)
			return l, q, err
		}
		if done {
			q, err := o.Quote(tx, merchant, cart)
			return l, q, err
		}
	}
	l, err := o.addInSteps(tx, merchant, cart, in)
	if err != nil {
		return CartLine{}, Quote{}, err
	}
	q, err := o.Quote(tx, merchant, cart)
	return l, q, err
}

// addAtOnce adds what nearly always comes: the sku of a variant, without a note, for an open cart, which is read into c. It puts the line in,
// in the round trip that send makes, before it knows whether sell sells it, and takes it out again where not. Where it is not done, nothing is.
func addAtOnce(tx database.Tx, l CartLine, c *Cart, send func(first ...database.Ask) error,
	sell func(put CartLine) (catalog.Priced, error)) (added CartLine, done bool, err error) {
	put := l
	ask, err := putting(&put)
	if err == nil {
		err = send(touching(tx, l.MerchantID, l.CartID, c), ask)
	}
	if err != nil || c.ID == "" {
		return CartLine{}, false, err
	}
	if put, err = fits(tx, *c, l.ID, put); errors.Is(err, ErrQuantity) || errors.Is(err, ErrTooManyLines) {
		return CartLine{}, false, nil
	}
	if err != nil {
		return CartLine{}, false, err
	}
	priced, err := sell(put)
	if err != nil {
		return CartLine{}, false, err
	}
	sku, problem := sold(priced)
	if problem == nil && sku == l.SKU {
		return put, true, nil
	}
	if err := takeOut(tx, put, l.Quantity); err != nil || problem != nil {
		return CartLine{}, true, cmp.Or(err, problem)
	}
	l.SKU = sku // the line was called by its product's
	l.Fingerprint = fingerprint(l)
	added, err = putLine(tx, *c, l)
	return added, true, err
}

// addInSteps is AddLine one step after the other, for whatever may come.
func (o *Orders) addInSteps(tx database.Tx, merchant, cart string, in LineInput) (CartLine, error) {
	c, err := o.touch(tx, merchant, cart)
	if err != nil {
		return CartLine{}, err
	}
	if in.SKU, err = o.sellable(tx, merchant, in); err != nil {
		return CartLine{}, err
	}
	l := newLine(merchant, cart, in)
	if l.Note, err = o.sealNote(tx, &c, l.ID, in.Note); err != nil {
		return CartLine{}, err
	}
	l.Fingerprint = fingerprint(l)
	return putLine(tx, c, l)
}

// newLine is a line without its note.
func newLine(merchant, cart string, in LineInput) CartLine {
	l := CartLine{MerchantID: merchant, CartID: cart, ID: id.New("line"), SKU: in.SKU, Quantity: in.Quantity, Options: sorted(in.Options)}
	l.Fingerprint = fingerprint(l)
	return l
}

// ChangeLine makes a line hold something else; it keeps its place and its id. What in leaves empty stays: the sku,
// the quantity, the note, and nil options (an empty list takes them away). When it becomes the same thing as
// another line, the two become one.
func (o *Orders) ChangeLine(tx database.Tx, merchant, cart, line string, in LineInput) (CartLine, error) {
	c, err := o.touch(tx, merchant, cart)
	if err != nil {
		return CartLine{}, err
	}
	l, err := findLine(tx, merchant, cart, line)
	if err != nil {
		return CartLine{}, err
	}
	if in.Options == nil && (in.SKU == "" || in.SKU == l.SKU) {
		in.Options = l.Options
	}
	in.SKU, in.Quantity = cmp.Or(in.SKU, l.SKU), cmp.Or(in.Quantity, l.Quantity)
	if err := check(in); err != nil {
		return CartLine{}, err
	}
	if in.SKU, err = o.sellable(tx, merchant, in); err != nil {
		return CartLine{}, err
	}
	l.SKU, l.Quantity, l.Options = in.SKU, in.Quantity, sorted(in.Options)
	if in.Note != "" {
		if l.Note, err = o.sealNote(tx, &c, l.ID, in.Note); err != nil {
			return CartLine{}, err
		}
	}
	l.Fingerprint = fingerprint(l)
	return l, replaceLine(tx, &l)
}

// SetQuantity changes how many pieces a line holds and nothing else.
func (o *Orders) SetQuantity(tx database.Tx, merchant, cart, line string, quantity int64) error {
	if quantity < 1 || quantity > MaxQuantity {
		return ErrQuantity
	}
	if _, err := o.touch(tx, merchant, cart); err != nil {
		return err
	}
	return setQuantity(tx, merchant, cart, line, quantity)
}

// RemoveLine takes a line out of the cart.
func (o *Orders) RemoveLine(tx database.Tx, merchant, cart, line string) error {
	if _, err := o.touch(tx, merchant, cart); err != nil {
		return err
	}
	return removeLine(tx, merchant, cart, line)
}

// Clear empties the cart.
func (o *Orders) Clear(tx database.Tx, merchant, cart string) error {
	if _, err := o.touch(tx, merchant, cart); err != nil {
		return err
	}
	return clearLines(tx, merchant, cart)
}

// check refuses what no cart may hold, before the database is asked.
func check(in LineInput) error {
	switch {
	case in.Quantity < 1 || in.Quantity > MaxQuantity:
		return ErrQuantity.At("quantity", "must be 1 to 999")
	case len(in.Options) > maxOptions:
		return ErrOptions
	case len([]rune(in.Note)) > maxNote:
		return ErrNote
	}
	return nil
}

// sellable asks the catalog whether the wish names something that can be sold at all, and gives the sku that is.
func (o *Orders) sellable(tx database.Tx, merchant string, in LineInput) (string, error) {
	priced, err := o.cat.Price(tx, merchant, wishOf(in))
	if err != nil {
		return "", err
	}
	return sold(priced[0])
}

func wishOf(in LineInput) []catalog.Wish {
	return []catalog.Wish{{SKU: in.SKU, Quantity: in.Quantity, Options: in.Options}}
}

// sold gives the sku that the catalog sells, or why there is none. What is merely not there now, or not fully chosen, is sold.
func sold(p catalog.Priced) (string, error) {
	if p.Problem == nil || p.Problem.Kind == fault.Conflict || errors.Is(p.Problem, catalog.ErrChooseOptions) {
		return p.SKU, nil
	}
	return "", p.Problem
}

// touch locks the cart for a change of what is in it. When its order waits for money, that order is cancelled here,
// its link dies and its stock is free, in this transaction; the talk goes on in the same cart.
func (o *Orders) touch(tx database.Tx, merchant, cart string) (Cart, error) {
	c, err := touchOpen(tx, merchant, cart)
	if !database.NotFound(err) {
		return c, err
	}
	if c, err = lockCart(tx, merchant, cart); err != nil {
		return Cart{}, err
	}
	switch c.Status {
	case CartOpen: // it has opened while the lock was waited for
		return touchOpen(tx, merchant, cart)
	case CartClosed:
		return Cart{}, ErrCartOrdered
	}
	ord, err := awaitingOfCart(tx, merchant, cart)
	if err != nil {
		return Cart{}, err
	}
	if err := o.notOnItsWay(tx, ord); err != nil {
		return Cart{}, err
	}
	if err := o.giveUp(tx, &ord, actCancel, happening{reason: ReasonCartChanged}); err != nil {
		return Cart{}, err
	}
	c.Status, c.UpdatedAt = CartOpen, tx.Now
	c.Version++
	return c, saveCart(tx, &c)
}

// sorted puts options into one order, so that the same choice always has the same shape.
func sorted(options []catalog.Option) []catalog.Option {
	s := append([]catalog.Option{}, options...)
	slices.SortStableFunc(s, func(a, b catalog.Option) int {
		return cmp.Or(cmp.Compare(a.Group, b.Group), cmp.Compare(a.Choice, b.Choice), cmp.Compare(a.Amount, b.Amount))
	})
	return s
}
