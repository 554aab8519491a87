package catalog_test

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"pgregory.net/rapid"

	"sotto.chat/catalog"
	"sotto.chat/internal/database"
	"sotto.chat/internal/fault"
	"sotto.chat/internal/id"
	"sotto.chat/internal/testkit"
)

func (r *room) hold(order string, lines ...catalog.HoldLine) error {
	r.t.Helper()
	return r.tx(func(tx database.Tx) error { return r.Hold(tx, shop, order, lines, tx.Now.Add(time.Hour)) })
}

func (r *room) release(order string) error {
	return r.tx(func(tx database.Tx) error { return r.Release(tx, shop, order) })
}

func (r *room) consume(order string) error {
	return r.tx(func(tx database.Tx) error { return r.Consume(tx, shop, order) })
}

// wantStock compares a count; -1 on hand means not counted.
func (r *room) wantStock(variant string, onHand, held int64) {
	r.t.Helper()
	s, err := r.Stock(r.t.Context(), shop, variant)
	got := int64(-1)
	if err == nil && s.OnHand != nil {
		got = *s.OnHand
	}
	if err != nil || got != onHand || s.Held != held {
		r.t.Fatalf("stock %d, held %d, %v; want %d, %d", got, s.Held, err, onHand, held)
	}
}

func (r *room) sound() {
	r.t.Helper()
	if list, err := r.Audit(r.t.Context(), shop); err != nil || len(list) > 0 {
		r.t.Fatalf("the audit says %v, %v", list, err)
	}
}

func (r *room) single(sku string, stock *int64) catalog.Variant {
	r.t.Helper()
	return r.create(catalog.NewProduct{SKU: sku, Name: sku, Price: 100, Currency: "USD", Stock: stock}).Variants[0]
}

func TestAHoldEndsOnce(t *testing.T) {
	both(t, func(t *testing.T, r *room) {
		a, b, free := r.single("A", ptr[int64](5)), r.single("B", ptr[int64](1)), r.single("FREE", nil)
		lines := []catalog.HoldLine{{VariantID: b.ID, Quantity: 1}, {VariantID: a.ID, Quantity: 1}, {VariantID: free.ID, Quantity: 40}, {VariantID: a.ID, Quantity: 2}}
		for range 2 { // holding twice is holding once
			if err := r.hold("ord_1", lines...); err != nil {
				t.Fatal(err)
			}
			r.wantStock(a.ID, 5, 3)
			r.wantStock(free.ID, -1, 40)
		}
		err := r.hold("ord_2", catalog.HoldLine{VariantID: a.ID, Quantity: 2}, catalog.HoldLine{VariantID: b.ID, Quantity: 1})
		is(t, err, catalog.ErrOutOfStock)
		if f, _ := fault.Of(err); len(f.Fields) != 1 || f.Fields[0].Message != "B" {
			t.Fatalf("the fault names %v", f.Fields)
		}
		r.wantStock(a.ID, 5, 3)
		for range 2 {
			if err := r.consume("ord_1"); err != nil {
				t.Fatal(err)
			}
			r.wantStock(a.ID, 2, 0)
			r.wantStock(b.ID, 0, 0)
			r.wantStock(free.ID, -1, 0)
		}
		if err := errors.Join(r.release("ord_1"), r.hold("ord_1", lines...)); err != nil {
			t.Fatal(err)
		}
		r.wantStock(a.ID, 2, 0) // goods that have left are neither freed nor held again
		r.must(func(tx database.Tx) error { return r.Restock(tx, shop, lines) })
		r.wantStock(a.ID, 5, 0)
		r.wantStock(free.ID, -1, 0)
		r.sound()
	})
}

func TestLateMoneyCanHoldAgain(t *testing.T) {
	both(t, func(t *testing.T, r *room) {
		a := r.single("A", ptr[int64](2))
		line := catalog.HoldLine{VariantID: a.ID, Quantity: 2}
		is(t, r.consume("ord_1"), catalog.ErrNotHeld)
		if err := errors.Join(r.hold("ord_1", line), r.release("ord_1"), r.release("ord_1")); err != nil {
			t.Fatal(err)
		}
		r.wantStock(a.ID, 2, 0)
		is(t, r.consume("ord_1"), catalog.ErrNotHeld)
		if err := errors.Join(r.hold("ord_1", line), r.consume("ord_1")); err != nil {
			t.Fatal(err)
		}
		r.wantStock(a.ID, 0, 0)
		is(t, r.hold("ord_2", line), catalog.ErrOutOfStock)
		r.sound()
	})
}

func TestAFailedHoldLeavesNothingInItsTransaction(t *testing.T) {
	both(t, func(t *testing.T, r *room) {
		a, b := r.single("A", ptr[int64](5)), r.single("B", ptr[int64](0))
		r.must(func(tx database.Tx) error {
			err := r.Hold(tx, shop, "ord_1", []catalog.HoldLine{{VariantID: a.ID, Quantity: 1}, {VariantID: b.ID, Quantity: 1}}, tx.Now)
			if !errors.Is(err, catalog.ErrOutOfStock) {
				t.Errorf("got %v", err)
			}
			return nil
		})
		r.wantStock(a.ID, 5, 0)
		r.sound()
		is(t, r.hold("ord_1", catalog.HoldLine{VariantID: "var_none", Quantity: 1}), catalog.ErrOutOfStock)
		is(t, r.hold("ord_1", catalog.HoldLine{VariantID: a.ID}), catalog.ErrQuantity)
		err := r.tx(func(tx database.Tx) error {
			return r.Hold(tx, "mer_2", "ord_1", []catalog.HoldLine{{VariantID: a.ID, Quantity: 1}}, tx.Now)
		})
		is(t, err, catalog.ErrOutOfStock)
	})
}

func TestStockIsNeverSetBelowWhatIsHeld(t *testing.T) {
	both(t, func(t *testing.T, r *room) {
		p := r.create(catalog.NewProduct{SKU: "A", Name: "A", Currency: "USD", Stock: ptr[int64](5)})
		v := p.Variants[0]
		if err := r.hold("ord_1", catalog.HoldLine{VariantID: v.ID, Quantity: 3}); err != nil {
			t.Fatal(err)
		}
		set := func(merchant, id string, n *int64) (s catalog.Stock, err error) {
			err = r.tx(func(tx database.Tx) (err error) { s, err = r.SetStock(tx, merchant, id, n); return err })
			return s, err
		}
		_, err := set(shop, v.ID, ptr[int64](2))
		is(t, err, catalog.ErrBelowHeld)
		_, err = r.patch(p.ID, 0, catalog.Edit{Name: ptr("B"), Stock: &catalog.Count{OnHand: ptr[int64](2)}})
		is(t, err, catalog.ErrBelowHeld)
		if s, err := set(shop, p.ID, ptr[int64](3)); err != nil || *s.OnHand != 3 || *s.Available != 0 || s.Held != 3 {
			t.Fatalf("%+v %v", s, err)
		}
		if s, err := set(shop, v.ID, nil); err != nil || s.OnHand != nil || s.Available != nil || s.Held != 3 {
			t.Fatalf("%+v %v", s, err)
		}
		_, err = set(shop, v.ID, ptr[int64](-1))
		is(t, err, catalog.ErrOnHand)
		_, err = set("mer_2", v.ID, ptr[int64](9))
		is(t, err, catalog.ErrVariantNotFound)
		_, err = set("mer_2", p.ID, ptr[int64](9))
		is(t, err, catalog.ErrNotFound)
		_, err = set(shop, r.create(shirt()).ID, ptr[int64](9))
		is(t, err, catalog.ErrChooseVariant)
		if got, err := r.Get(t.Context(), shop, p.ID); err != nil || got.Name != "A" {
			t.Fatalf("a refused patch was kept: %+v %v", got, err)
		}
		r.sound()
	})
}

func TestFiftyBuyersGetTenPieces(t *testing.T) {
	both(t, func(t *testing.T, r *room) {
		a, b := r.single("A", ptr[int64](10)), r.single("B", ptr[int64](1000))
		var sold, short atomic.Int64
		var all sync.WaitGroup
		for i := range 50 {
			all.Go(func() {
				lines := []catalog.HoldLine{{VariantID: a.ID, Quantity: 1}, {VariantID: b.ID, Quantity: 2}}
				if i%2 == 0 {
					slices.Reverse(lines) // whatever the order of a cart, nobody waits for each other in a ring
				}
				order := fmt.Sprintf("ord_%d", i)
				err := r.hold(order, lines...)
				switch {
				case err == nil:
					sold.Add(1)
					if i%3 == 0 {
						err = r.consume(order)
					}
				case errors.Is(err, catalog.ErrOutOfStock):
					short.Add(1)
					err = nil
				}
				if err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		if sold.Load() != 10 || short.Load() != 40 {
			t.Fatalf("%d sold, %d told that it is gone", sold.Load(), short.Load())
		}
		s, err := r.Stock(t.Context(), shop, a.ID)
		if err != nil || *s.Available != 0 {
			t.Fatalf("%+v %v", s, err)
		}
		if s, err = r.Stock(t.Context(), shop, b.ID); err != nil || *s.Available != 980 {
			t.Fatalf("%+v %v", s, err)
		}
		r.sound()
	})
}

func TestOneOrderHeldByManyAtOnceIsHeldOnce(t *testing.T) {
	both(t, func(t *testing.T, r *room) {
		a := r.single("A", ptr[int64](10))
		together := func(f func() error) {
			t.Helper()
			var all sync.WaitGroup
			for range 8 {
				all.Go(func() {
					if err := f(); err != nil {
						t.Error(err)
					}
				})
			}
			all.Wait()
		}
		together(func() error { return r.hold("ord_1", catalog.HoldLine{VariantID: a.ID, Quantity: 4}) })
		r.wantStock(a.ID, 10, 4)
		together(func() error { return r.consume("ord_1") })
		r.wantStock(a.ID, 6, 0)
		together(func() error { return r.release("ord_1") })
		r.wantStock(a.ID, 6, 0)
	})
}

func TestTheAuditFindsWhatDoesNotAgree(t *testing.T) {
	both(t, func(t *testing.T, r *room) {
		a := r.single("A", ptr[int64](10))
		if err := r.hold("ord_1", catalog.HoldLine{VariantID: a.ID, Quantity: 4}); err != nil {
			t.Fatal(err)
		}
		r.sound()
		harm := func(query string, args ...any) {
			t.Helper()
			if _, err := r.db.SQL.ExecContext(t.Context(), query, args...); err != nil {
				t.Fatal(err)
			}
		}
		harm(`update variants set held = 3`)
		harm(`insert into holds (merchant_id, order_id, variant_id, quantity, expires_at) values ('mer_1', 'ord_2', 'var_lost', 1, '2026-01-01 00:00:00+00:00')`)
		list, err := r.Audit(t.Context(), shop)
		want := []string{"variant " + a.ID + " (sku A) says 3 held, its holds sum to 4", "order ord_2 holds variant var_lost, which does not exist"}
		if err != nil || !slices.Equal(list, want) {
			t.Fatalf("%q %v", list, err)
		}
		if list, err := r.Audit(t.Context(), "mer_2"); err != nil || len(list) > 0 {
			t.Fatalf("another merchant sees %q %v", list, err)
		}
	})
}

// ledger is what the stock should be after any steps, kept in a few lines of plain Go.
type ledger struct {
	onHand   map[string]*int64
	held     map[string]int64
	open     map[string][]catalog.HoldLine
	consumed map[string]bool
}

func (l *ledger) hold(order string, lines []catalog.HoldLine) bool {
	if l.consumed[order] || l.open[order] != nil {
		return true
	}
	sum := map[string]int64{}
	for _, n := range lines {
		sum[n.VariantID] += n.Quantity
	}
	for v, q := range sum {
		if l.onHand[v] != nil && *l.onHand[v]-l.held[v] < q {
			return false
		}
	}
	l.open[order] = lines
	for v, q := range sum {
		l.held[v] += q
	}
	return true
}

func (l *ledger) end(order string, goodsLeave bool) bool {
	lines, ok := l.open[order]
	for _, n := range lines {
		l.held[n.VariantID] -= n.Quantity
		if on := l.onHand[n.VariantID]; goodsLeave && on != nil {
			l.onHand[n.VariantID] = ptr(*on - n.Quantity)
		}
	}
	delete(l.open, order)
	if ok && goodsLeave {
		l.consumed[order] = true
	}
	return ok || l.consumed[order]
}

func TestAnyStepsKeepTheStockSound(t *testing.T) {
	testkit.FewerUnderRace(t, 15)
	both(t, func(t *testing.T, r *room) {
		rapid.Check(t, func(rt *rapid.T) {
			var variants []string
			led := &ledger{map[string]*int64{}, map[string]int64{}, map[string][]catalog.HoldLine{}, map[string]bool{}}
			for range 3 {
				v := r.single(id.New("sku"), ptr[int64](5)).ID
				variants, led.onHand[v] = append(variants, v), ptr[int64](5)
			}
			variant := rapid.SampledFrom(variants)
			lines := map[string][]catalog.HoldLine{} // an order never changes what it is about
			for range 5 {
				o := id.New("ord")
				for range rapid.IntRange(1, 3).Draw(rt, "lines") {
					lines[o] = append(lines[o], catalog.HoldLine{VariantID: variant.Draw(rt, "variant"), Quantity: rapid.Int64Range(1, 4).Draw(rt, "quantity")})
				}
			}
			order := rapid.SampledFrom(slices.Sorted(maps.Keys(lines)))
			agree := func(what string, err error, want bool, refusal *fault.Fault) {
				if (err == nil) != want || (err != nil && !errors.Is(err, refusal)) {
					rt.Fatalf("%s: %v, want success %v", what, err, want)
				}
			}
			rt.Repeat(map[string]func(*rapid.T){
				"hold": func(rt *rapid.T) {
					o := order.Draw(rt, "order")
					agree("hold", r.hold(o, lines[o]...), led.hold(o, lines[o]), catalog.ErrOutOfStock)
				},
				"release": func(rt *rapid.T) {
					o := order.Draw(rt, "order")
					led.end(o, false)
					agree("release", r.release(o), true, nil)
				},
				"consume": func(rt *rapid.T) {
					o := order.Draw(rt, "order")
					agree("consume", r.consume(o), led.end(o, true), catalog.ErrNotHeld)
				},
				"set": func(rt *rapid.T) {
					v, n := variant.Draw(rt, "variant"), rapid.Ptr(rapid.Int64Range(0, 12), true).Draw(rt, "on hand")
					err := r.tx(func(tx database.Tx) error { _, err := r.SetStock(tx, shop, v, n); return err })
					ok := n == nil || *n >= led.held[v]
					if ok {
						led.onHand[v] = n
					}
					agree("set", err, ok, catalog.ErrBelowHeld)
				},
				"": func(rt *rapid.T) {
					for _, v := range variants {
						s, err := r.Stock(t.Context(), shop, v)
						if err != nil || s.Held != led.held[v] || (s.OnHand == nil) != (led.onHand[v] == nil) {
							rt.Fatalf("%+v %v, want %d held", s, err, led.held[v])
						}
						if s.OnHand != nil && (*s.OnHand != *led.onHand[v] || s.Held < 0 || *s.OnHand < s.Held) {
							rt.Fatalf("%d on hand, %d held, want %d", *s.OnHand, s.Held, *led.onHand[v])
						}
					}
				},
			})
			if list, err := r.Audit(t.Context(), shop); err != nil || len(list) > 0 {
				rt.Fatalf("the audit says %v, %v", list, err)
			}
		})
	})
}
