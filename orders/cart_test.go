package orders_test

import (
	"errors"
	"strings"
	"testing"

	"sotto.chat/catalog"
	"sotto.chat/customers"
	"sotto.chat/internal/database"
	"sotto.chat/internal/fault"
	"sotto.chat/internal/id"
	"sotto.chat/internal/testkit"
	"sotto.chat/orders"
)

// pizza has a size that must be chosen and toppings that may be.
func (w *world) pizza() catalog.Product {
	return w.create(catalog.NewProduct{SKU: "pizza", Name: "Pizza", Price: 900, Currency: "EUR", Groups: []catalog.NewGroup{
		{Code: "size", Name: "Size", Min: 1, Max: ptr(int64(1)), Choices: []catalog.NewChoice{{Code: "s", Name: "Small"}, {Code: "l", Name: "Large", Price: 300}}},
		{Code: "top", Name: "Toppings", Choices: []catalog.NewChoice{{Code: "olive", Name: "Olives", Price: 100}, {Code: "ham", Name: "Ham", Price: 150}}},
	}})
}

func opt(group, choice string) catalog.Option { return catalog.Option{Group: group, Choice: choice} }

func TestLinesOfACart(t *testing.T) {
	testkit.Both(t, func(t *testing.T, db *database.DB, clock *testkit.Clock) {
		w := newWorld(t, db, clock)
		w.sell("tea", 450, -1)
		w.pizza()
		c := w.cart(w.customer(), want{"tea", 1})
		large := []catalog.Option{opt("size", "l"), opt("top", "ham"), opt("top", "olive")}
		mixed := []catalog.Option{opt("top", "olive"), opt("size", "l"), opt("top", "ham")}
		var first, same, noted, twin orders.CartLine
		w.tx(func(tx database.Tx) (err error) {
			add := func(in orders.LineInput) (l orders.CartLine) {
				if err == nil {
					l, err = w.orders.AddLine(tx, w.m.ID, c.ID, in)
				}
				return l
			}
			first = add(orders.LineInput{SKU: "pizza", Quantity: 1, Options: large})
			same = add(orders.LineInput{SKU: "pizza", Quantity: 2, Options: mixed})
			noted = add(orders.LineInput{SKU: "pizza", Quantity: 1, Options: large, Note: "no cutting"})
			twin = add(orders.LineInput{SKU: "pizza", Quantity: 1, Options: []catalog.Option{opt("size", "s")}})
			return err
		})
		if same.ID != first.ID || same.Quantity != 3 || noted.ID == first.ID ||
			first.Position != same.Position || first.Position >= noted.Position || noted.Position >= twin.Position {
			t.Fatalf("%+v %+v %+v", same, noted, twin)
		}
		q := w.quote(c.ID)
		if len(q.Lines) != 4 || q.Lines[1].Unit != 1450 || q.Lines[1].Total != 4350 || q.Total != 450+4350+1450+900 || !q.Lines[2].Note {
			t.Fatalf("%+v", q)
		}
		w.tx(func(tx database.Tx) error { // the small one becomes what the large one is: one line of both
			l, err := w.orders.ChangeLine(tx, w.m.ID, c.ID, twin.ID, orders.LineInput{Quantity: 2, Options: mixed})
			if l.Quantity != 5 {
				t.Errorf("%+v", l)
			}
			return err
		})
		w.tx(func(tx database.Tx) error { return w.orders.SetQuantity(tx, w.m.ID, c.ID, noted.ID, 4) })
		w.tx(func(tx database.Tx) error { return w.orders.RemoveLine(tx, w.m.ID, c.ID, q.Lines[0].ID) })
		if after := w.quote(c.ID); len(after.Lines) != 2 || after.Total != 9*1450 || after.Hash == q.Hash || after.Version <= q.Version {
			t.Fatalf("%+v", after)
		}
		w.tx(func(tx database.Tx) error { // what is not said stays
			l, err := w.orders.ChangeLine(tx, w.m.ID, c.ID, noted.ID, orders.LineInput{Quantity: 5})
			if l.Quantity != 5 || len(l.Options) != 3 || len(l.Note) == 0 {
				t.Errorf("%+v", l)
			}
			return err
		})
		note, err := w.orders.CartNoteOf(t.Context(), mustCart(w, c.ID), mustCart(w, c.ID).Lines[0])
		if err != nil || note != "no cutting" {
			t.Fatal(note, err)
		}
		w.fails(orders.ErrNoLine, func(tx database.Tx) error { return w.orders.RemoveLine(tx, w.m.ID, c.ID, twin.ID+"0") })
		w.tx(func(tx database.Tx) error { return w.orders.Clear(tx, w.m.ID, c.ID) })
		if q := w.quote(c.ID); len(q.Lines) != 0 || q.Total != 0 {
			t.Fatalf("%+v", q)
		}
	})
}

func mustCart(w *world, cart string) orders.Cart {
	w.t.Helper()
	c, err := w.orders.GetCart(w.t.Context(), w.m.ID, cart)
	w.must(err)
	return c
}

func TestWhatNoCartHolds(t *testing.T) {
	testkit.Both(t, func(t *testing.T, db *database.DB, clock *testkit.Clock) {
		w := newWorld(t, db, clock)
		w.sell("tea", 450, 5)
		w.pizza()
		w.create(catalog.NewProduct{SKU: "shirt", Name: "Shirt", Price: 100, Currency: "EUR",
			Variants: []catalog.NewVariant{{SKU: "shirt-s", Attributes: map[string]string{"size": "s"}}, {SKU: "shirt-m", Attributes: map[string]string{"size": "m"}}}})
		c := w.cart(w.customer(), want{"tea", 990})
		for _, x := range []struct {
			in   orders.LineInput
			want error
		}{
			{orders.LineInput{SKU: "tea", Quantity: 0}, orders.ErrQuantity},
			{orders.LineInput{SKU: "tea", Quantity: 1000}, orders.ErrQuantity},
			{orders.LineInput{SKU: "tea", Quantity: -1}, orders.ErrQuantity},
			{orders.LineInput{SKU: "tea", Quantity: 10}, orders.ErrQuantity}, // with the 990 that are there
			{orders.LineInput{SKU: "nothing", Quantity: 1}, catalog.ErrUnknownSKU},
			{orders.LineInput{SKU: "shirt", Quantity: 1}, catalog.ErrChooseVariant},
			{orders.LineInput{SKU: "pizza", Quantity: 1, Options: []catalog.Option{opt("size", "xxl")}}, catalog.ErrUnknownOption},
			{orders.LineInput{SKU: "tea", Quantity: 1, Note: strings.Repeat("x", 501)}, orders.ErrNote},
			{orders.LineInput{SKU: "tea", Quantity: 1, Options: make([]catalog.Option, 51)}, orders.ErrOptions},
		} {
			w.fails(x.want, func(tx database.Tx) error {
				_, err := w.orders.AddLine(tx, w.m.ID, c.ID, x.in)
				return err
			})
		}
		w.fails(orders.ErrNoCart, func(tx database.Tx) error {
			_, err := w.orders.AddLine(tx, w.m.ID, id.New("cart"), orders.LineInput{SKU: "tea", Quantity: 1})
			return err
		})
		w.fails(orders.ErrCurrency, func(tx database.Tx) error {
			_, err := w.orders.OpenCart(tx, w.m.ID, orders.Owner{}, "USD")
			return err
		})
		w.fails(orders.ErrTooManyLines, func(tx database.Tx) error {
			for i := range orders.MaxLines + 1 {
				in := orders.LineInput{SKU: "shirt-m", Quantity: 1, Note: strings.Repeat("n", i+1)}
				if _, err := w.orders.AddLine(tx, w.m.ID, c.ID, in); err != nil {
					return err
				}
			}
			return nil
		})
	})
}

func TestACartThatCannotBeSoldIsNotPlaced(t *testing.T) {
	testkit.Both(t, func(t *testing.T, db *database.DB, clock *testkit.Clock) {
		w := newWorld(t, db, clock)
		tea := w.sell("tea", 450, 5)
		w.pizza()
		empty := w.cart(w.customer())
		w.refused(orders.ErrCartEmpty, empty.ID)
		many := w.cart(w.customer(), want{"tea", 6})
		w.refused(catalog.ErrOutOfStock, many.ID)
		half := w.cart(w.customer(), want{"pizza", 1})
		w.refused(catalog.ErrChooseOptions, half.ID)
		if q := w.quote(half.ID); len(q.Problems) != 1 || q.Problems[0].Fields[0].Location != "lines[0]" {
			t.Fatalf("%+v", q)
		}
		off := w.cart(w.customer(), want{"tea", 1})
		w.tx(func(tx database.Tx) error { return w.cat.Archive(tx, w.m.ID, tea.ID, tea.Version) })
		w.refused(catalog.ErrUnknownSKU, off.ID)
		w.sound()
	})
}

// refused quotes, says yes, and wants a no that leaves no trace.
func (w *world) refused(want error, cart string) {
	w.t.Helper()
	q := w.quote(cart)
	_, err := w.orders.PlaceNow(w.t.Context(), w.m.ID, orders.Placing{CartID: cart, Hash: q.Hash})
	if f, ok := fault.Of(err); !ok || !errors.Is(err, want) {
		w.t.Fatalf("%v %v, want %v", f, err, want)
	}
	if after := w.quote(cart); after.Hash != q.Hash || after.Status != orders.CartOpen {
		w.t.Fatalf("the refusal changed the cart: %+v", after)
	}
}

func TestAYesIsGoodForOneHashOnly(t *testing.T) {
	testkit.Both(t, func(t *testing.T, db *database.DB, clock *testkit.Clock) {
		w := newWorld(t, db, clock)
		tea := w.sell("tea", 450, 5)
		c := w.cart(w.customer(), want{"tea", 1})
		for name, change := range map[string]func(){
			"a line": func() {
				w.tx(func(tx database.Tx) error {
					_, err := w.orders.AddLine(tx, w.m.ID, c.ID, orders.LineInput{SKU: "tea", Quantity: 1})
					return err
				})
			},
			"a price": func() {
				w.tx(func(tx database.Tx) error {
					_, err := w.cat.Patch(tx, w.m.ID, tea.ID, tea.Version, catalog.Edit{Price: ptr(int64(460))})
					return err
				})
			},
			"the tax":      func() { w.terms.TaxPPM++; w.terms.TaxPPM *= 2 },
			"the delivery": func() { w.deliver(c.ID, orders.MethodDelivery) },
		} {
			old := w.quote(c.ID).Hash
			change()
			_, err := w.orders.PlaceNow(t.Context(), w.m.ID, orders.Placing{CartID: c.ID, Hash: old})
			if !errors.Is(err, orders.ErrCartChanged) {
				t.Errorf("after %s changed: %v", name, err)
			}
		}
		if ord := w.place(c.ID); ord.Shipping != 490 {
			t.Fatalf("%+v", ord)
		}
		w.sound()
	})
}

func (w *world) deliver(cart string, m orders.Method) {
	w.t.Helper()
	d := orders.Delivery{Method: m, Address: &customers.Address{Text: "1 Quiet Lane"}, Contact: orders.Contact{Name: "Ada", Phone: "+4930123456"}}
	w.tx(func(tx database.Tx) error { return w.orders.SetDelivery(tx, w.m.ID, cart, d) })
}

func TestDeliveryIsSealedAndGuestsBecomeCustomers(t *testing.T) {
	testkit.Both(t, func(t *testing.T, db *database.DB, clock *testkit.Clock) {
		w := newWorld(t, db, clock)
		w.sell("tea", 450, -1)
		c := w.cart(orders.Owner{}, want{"tea", 1})
		hash := w.quote(c.ID).Hash
		to := orders.Delivery{Method: orders.MethodDelivery}
		place := func(d orders.Delivery) (orders.Order, error) {
			return w.orders.PlaceNow(t.Context(), w.m.ID, orders.Placing{CartID: c.ID, Hash: hash, Delivery: d, Contact: orders.Contact{Name: "Bo", Email: "bo@example.org"}})
		}
		if _, err := place(to); !errors.Is(err, orders.ErrNoAddress) {
			t.Fatal(err)
		}
		if _, err := place(orders.Delivery{Method: "drone"}); !errors.Is(err, orders.ErrMethod) {
			t.Fatal(err)
		}
		to.Address = &customers.Address{Text: "1 Quiet Lane"}
		ord, err := place(to) // the method came with the yes: the hash of the cart as quoted is good
		w.must(err)
		if ord.CustomerID == "" || ord.Shipping != 490 || ord.Total != 940 || strings.Contains(string(ord.Delivery), "Quiet") {
			t.Fatalf("%+v", ord)
		}
		got, err := w.orders.DeliveryOf(t.Context(), w.get(ord.ID))
		if err != nil || got.Address.Text != "1 Quiet Lane" || got.Contact.Name != "Bo" {
			t.Fatal(got, err)
		}
		_, details, err := w.people.Get(t.Context(), w.m.ID, ord.CustomerID)
		if err != nil || details.Name != "Bo" {
			t.Fatal(details, err)
		}
		w.tx(func(tx database.Tx) error { return w.people.Erase(tx, w.m.ID, ord.CustomerID) })
		if _, err := w.orders.DeliveryOf(t.Context(), w.get(ord.ID)); !errors.Is(err, customers.ErrForgotten) {
			t.Fatal(err)
		}
		if w.get(ord.ID).Total != 940 {
			t.Fatal("the order stays")
		}
	})
}

func TestOneMerchantNeverReachesAnothers(t *testing.T) {
	testkit.Both(t, func(t *testing.T, db *database.DB, clock *testkit.Clock) {
		w := newWorld(t, db, clock)
		w.sell("tea", 450, -1)
		c := w.cart(w.customer(), want{"tea", 1})
		hash := w.quote(c.ID).Hash
		mine := w.m.ID
		w.m.ID = id.New("mer")
		_, err := w.orders.GetCart(t.Context(), w.m.ID, c.ID)
		if !errors.Is(err, orders.ErrNoCart) {
			t.Fatal(err)
		}
		_, err = w.orders.PlaceNow(t.Context(), w.m.ID, orders.Placing{CartID: c.ID, Hash: hash})
		if !errors.Is(err, orders.ErrNoCart) {
			t.Fatal(err)
		}
		w.fails(orders.ErrNoCart, func(tx database.Tx) error { return w.orders.Clear(tx, w.m.ID, c.ID) })
		w.m.ID = mine
		ord := w.place(c.ID)
		w.m.ID = id.New("mer")
		for _, err := range []error{
			second(w.orders.Get(t.Context(), w.m.ID, ord.ID)),
			second(w.orders.ByNumber(t.Context(), w.m.ID, ord.Number)),
			w.try(func(tx database.Tx) error { return second(w.orders.Cancel(tx, w.m.ID, ord.ID, orders.Deed{})) }),
			w.try(func(tx database.Tx) error { return second(w.orders.Fulfil(tx, w.m.ID, ord.ID, orders.Deed{})) }),
		} {
			if !errors.Is(err, orders.ErrNoOrder) {
				t.Error(err)
			}
		}
		if list, err := w.orders.List(t.Context(), w.m.ID, orders.Filter{}); err != nil || len(list) != 0 {
			t.Error(list, err)
		}
	})
}

func second[T any](_ T, err error) error { return err }
