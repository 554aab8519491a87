package orders

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"hash"
	"slices"

	"sotto.chat/catalog"
	"sotto.chat/internal/database"
	"sotto.chat/internal/fault"
	"sotto.chat/internal/money"
)

// Faults of a quote. What the catalog says about a line comes with the catalog's own fault.
var (
	ErrCartChanged = fault.New(fault.Conflict, "cart_changed", "The cart or its prices have changed since; look at the new total and say yes again.")
	ErrCartEmpty   = fault.New(fault.Invalid, "cart_empty", "There is nothing in the cart.")
)

// Quote is a cart with its prices of this moment. Hash stands for all that the customer says yes to; Place takes
// no other.
type Quote struct {
	CartID, CustomerID, ConversationID string
	Currency                           string
	Status                             CartStatus
	Version                            int64
	Method                             Method
	Lines                              []QuoteLine
	Totals
	Hash string
	// Problems are those of the lines, each with its place; an order cannot be placed before they are gone.
	Problems []*fault.Fault
}

// QuoteLine is a line with its price. Unit includes the options. Problem says why it cannot be sold as it is.
type QuoteLine struct {
	ID, SKU, Name        string
	ProductID, VariantID string
	Quantity             int64
	Options              []catalog.PricedOption
	Note                 bool
	Unit, Total          int64
	// Stock is what could be sold of the variant now, nil = not counted.
	Stock   *int64
	Missing []catalog.Group
	Problem *fault.Fault

	chosen []catalog.Option
	note   []byte
}

// Quote prices a cart from the database.
func (o *Orders) Quote(tx database.Tx, merchant, cart string) (Quote, error) {
	v := o.view(merchant, cart)
	err := v.read(tx, cartAsk(merchant, cart, &v.cart))
	if v.cart.ID == "" && err == nil {
		err = ErrNoCart
	}
	if err != nil {
		return Quote{}, err
	}
	return o.quoteOf(tx, v)
}

// QuoteNow is Quote in a transaction of its own.
func (o *Orders) QuoteNow(ctx context.Context, merchant, cart string) (q Quote, err error) {
	err = o.db.InTx(ctx, func(tx database.Tx) error {
		q, err = o.Quote(tx, merchant, cart)
		return err
	})
	return q, err
}

// view is what a quote is made of. All of it is asked for at once, beside whatever is done to the cart before.
type view struct {
	cart  Cart
	terms Terms
	goods *catalog.Pricing
	asks  []database.Ask
}

func (o *Orders) view(merchant, cart string) *view {
	v := &view{goods: catalog.NewListed(merchant, skusAsk(merchant, cart))}
	v.asks = []database.Ask{linesAsk(merchant, cart, &v.cart.Lines), v.goods.Ask(), o.terms(merchant, &v.terms)}
	return v
}

// read does the first asks, of which one gives the cart's own row, and looks at the cart as they leave it.
func (v *view) read(tx database.Tx, first ...database.Ask) error {
	if err := tx.Together(append(first, v.asks...)...); err != nil {
		return err
	}
	if v.cart.ID != "" && v.terms.Currency == "" {
		return errNoTerms
	}
	return nil
}

// priced gives what each line of the cart costs, in their order.
func (v *view) priced(tx database.Tx) ([]catalog.Priced, error) {
	v.goods.Wish(wishesOf(v.cart.Lines))
	return v.goods.Answer(tx)
}

// pricedLine gives what one line of the cart costs.
func (v *view) pricedLine(tx database.Tx, line string) (catalog.Priced, error) {
	list, err := v.priced(tx)
	if err != nil {
		return catalog.Priced{}, err
	}
	at := slices.IndexFunc(v.cart.Lines, func(l CartLine) bool { return l.ID == line })
	if at < 0 {
		return catalog.Priced{}, ErrNoLine
	}
	return list[at], nil
}

// quoteOf makes the quote of what was read.
func (o *Orders) quoteOf(tx database.Tx, v *view) (Quote, error) {
	priced, err := v.priced(tx)
	if err != nil {
		return Quote{}, err
	}
	d, err := o.cartDelivery(tx, v.cart)
	if err != nil {
		return Quote{}, err
	}
	own, err := ownHold(tx, v.cart)
	if err != nil {
		return Quote{}, err
	}
	return quote(v.cart, priced, own, v.terms, d.Method)
}

func wishesOf(lines []CartLine) []catalog.Wish {
	wishes := make([]catalog.Wish, len(lines))
	for i, l := range lines {
		wishes[i] = catalog.Wish{SKU: l.SKU, Quantity: l.Quantity, Options: l.Options}
	}
	return wishes
}

// quote adds the lines up, each at its price. own is what the cart's own order holds of each variant.
func quote(c Cart, priced []catalog.Priced, own map[string]int64, terms Terms, method Method) (Quote, error) {
	q := Quote{CartID: c.ID, CustomerID: c.CustomerID, ConversationID: c.ConversationID, Currency: c.Currency,
		Status: c.Status, Version: c.Version, Lines: []QuoteLine{}, Problems: []*fault.Fault{}}
	for i, l := range c.Lines {
		q.Lines = append(q.Lines, lineOf(l, priced[i], c.Currency))
	}
	markShortage(q.Lines, own)
	return q.sum(terms, method)
}

// sum adds the lines up under terms and method, and signs the result with its hash.
func (q Quote) sum(terms Terms, method Method) (Quote, error) {
	amounts := make([]amount, len(q.Lines))
	q.Problems = q.Problems[:0:0]
	for i, l := range q.Lines {
		amounts[i] = amount{l.Unit, l.Quantity}
		if l.Problem != nil {
			q.Problems = append(q.Problems, l.Problem.At(place(i), l.Problem.Detail))
		}
	}
	q.Method = method
	var err error
	if q.Totals, err = price(amounts, terms, method); err != nil {
		problem, ok := fault.Of(err)
		if !ok {
			return Quote{}, err
		}
		q.Problems = append(q.Problems, problem) // the cart can be shown and made smaller, not ordered
	}
	for i := range q.Lines {
		if q.Lines[i].Total, err = money.Mul(q.Lines[i].Unit, q.Lines[i].Quantity); err != nil {
			q.Lines[i].Total = 0
		}
	}
	q.Hash = q.digest()
	return q, nil
}

func place(i int) string { return fmt.Sprintf("lines[%d]", i) }

// lineOf puts a cart's line and the catalog's answer together.
func lineOf(l CartLine, p catalog.Priced, currency string) QuoteLine {
	ql := QuoteLine{ID: l.ID, SKU: l.SKU, Name: p.Name, ProductID: p.ProductID, VariantID: p.VariantID, Quantity: l.Quantity,
		Options: p.Options, Note: len(l.Note) > 0, Unit: p.Unit.Amount, Stock: p.Stock, Missing: p.MissingGroups,
		Problem: p.Problem, chosen: l.Options, note: l.Note}
	switch {
	case ql.Problem != nil:
	case p.Unit.Amount < 0 || p.Unit.Currency != currency:
		ql.Problem = ErrPrice
	case len(p.MissingGroups) > 0:
		ql.Problem = catalog.ErrChooseOptions.Say("Choose %s first.", p.MissingGroups[0].Name)
	case !p.Available:
		ql.Problem = catalog.ErrUnavailable
	}
	ql.Unit = max(ql.Unit, 0)
	return ql
}

// markShortage compares what all lines together want of a variant with what there is. own is what the cart's own
// order holds already.
func markShortage(lines []QuoteLine, own map[string]int64) {
	wanted := map[string]int64{}
	for _, l := range lines {
		wanted[l.VariantID] += l.Quantity
	}
	for i, l := range lines {
		if l.Stock == nil || l.VariantID == "" {
			continue
		}
		free := *l.Stock + own[l.VariantID]
		short := wanted[l.VariantID] > free
		switch said := l.Problem; {
		case short && said == nil:
			lines[i].Problem = catalog.ErrOutOfStock.Say("%s: %d wanted, %d in stock.", l.SKU, wanted[l.VariantID], free)
		case !short && said != nil && said.Is(catalog.ErrOutOfStock):
			lines[i].Problem = nil
		}
		lines[i].Stock = &free
	}
}

// digest is the hash of cart and total: everything that the customer's yes is about, each part with its length, so
// that no two carts read alike. Delivery counts through the shipping it costs.
func (q Quote) digest() string {
	h := sha256.New()
	write(h, "sotto.quote.1")
	write(h, q.CartID)
	write(h, q.Currency)
	number(h, int64(len(q.Lines)))
	for _, l := range q.Lines {
		write(h, l.SKU)
		number(h, l.Quantity)
		writeOptions(h, l.chosen)
		note := sha256.Sum256(l.note)
		h.Write(note[:])
		number(h, l.Unit)
	}
	for _, n := range []int64{q.Tax, q.Shipping, q.Discount, q.Total} {
		number(h, n)
	}
	return hex.EncodeToString(h.Sum(nil))
}

func write(h hash.Hash, s string) {
	number(h, int64(len(s)))
	h.Write([]byte(s))
}

func number(h hash.Hash, n int64) {
	var b [8]byte
	binary.BigEndian.PutUint64(b[:], uint64(n))
	h.Write(b[:])
}

func writeOptions(h hash.Hash, options []catalog.Option) {
	number(h, int64(len(options)))
	for _, o := range options {
		write(h, o.Group)
		write(h, o.Choice)
		write(h, o.Amount)
		number(h, o.Count)
	}
}
