package orders_test

import (
	"bytes"
	"errors"
	"testing"
	"time"

	"sotto.chat/internal/database"
	"sotto.chat/internal/testkit"
	"sotto.chat/orders"
	"sotto.chat/payments"
	"sotto.chat/payments/sandbox"
)

func (w *world) add(cart, sku string, n int64) {
	w.t.Helper()
	w.tx(func(tx database.Tx) error {
		_, err := w.orders.AddLine(tx, w.m.ID, cart, orders.LineInput{SKU: sku, Quantity: n})
		return err
	})
}

func (w *world) sweep(want int) {
	w.t.Helper()
	n, err := w.orders.Sweep(w.t.Context())
	w.must(err)
	if n != want {
		w.t.Fatalf("%d orders expired, want %d", n, want)
	}
}

// one places an order for so many teas.
func (w *world) one(n int64) (orders.Owner, orders.Order) {
	w.t.Helper()
	owner := w.customer()
	return owner, w.place(w.cart(owner, want{"tea", n}).ID)
}

func TestAChangedCartKillsTheLinkAndGoesOn(t *testing.T) {
	testkit.Both(t, func(t *testing.T, db *database.DB, clock *testkit.Clock) {
		w := newWorld(t, db, clock).work()
		tea := w.sell("tea", 450, 5)
		owner, ord := w.one(5)
		session := w.session(ord)
		if q := w.quote(ord.CartID); len(q.Problems) != 0 { // what the order holds is the cart's own
			t.Fatalf("%+v", q.Problems)
		}
		var line string
		w.tx(func(tx database.Tx) error {
			c, ok, err := w.orders.CartOf(tx, w.m.ID, owner.ConversationID)
			if err != nil || !ok || c.ID != ord.CartID {
				t.Errorf("%v %v %v", c, ok, err)
				return err
			}
			line = c.Lines[0].ID
			return w.orders.SetQuantity(tx, w.m.ID, c.ID, line, 2)
		})
		gone := w.get(ord.ID)
		if p, _ := gone.Payment(); gone.Status != orders.Cancelled || p.Status != payments.Cancelled || w.orders.PayURL(gone) != "" {
			t.Fatalf("%+v", gone)
		}
		if _, held := w.stock(tea); held != 0 {
			t.Fatal("held", held)
		}
		w.news(ord.ID, orders.Cancelled)
		w.sound()
		second := w.place(ord.CartID)
		if second.ID == ord.ID || second.Total != 900 {
			t.Fatalf("%+v", second)
		}
		testkit.Eventually(t, "the old session dies", func() bool { return w.bank.Approve(session) != nil })
		w.must(w.bank.Approve(w.session(second)))
		w.becomes(second.ID, orders.Paid)
		w.sound()
	})
}

func TestAnUnpaidOrderExpiresAndItsCartOpensAgain(t *testing.T) {
	testkit.Both(t, func(t *testing.T, db *database.DB, clock *testkit.Clock) {
		w := newWorld(t, db, clock).work()
		tea := w.sell("tea", 450, 5)
		_, ord := w.one(2)
		clock.Advance(29 * time.Minute)
		w.sweep(0)
		clock.Advance(time.Minute + time.Second)
		w.sweep(1)
		over := w.becomes(ord.ID, orders.Expired)
		if p, _ := over.Payment(); p.Status != payments.Cancelled || p.Reason != payments.ReasonExpired {
			t.Fatalf("%+v", p)
		}
		if _, held := w.stock(tea); held != 0 {
			t.Fatal("held", held)
		}
		w.news(ord.ID, orders.Expired)
		w.sound()
		again := w.place(ord.CartID) // the customer says yes once more
		if again.ID == ord.ID || again.Status != orders.AwaitingPayment {
			t.Fatalf("%+v", again)
		}
		w.sweep(0)
		w.sound()
	})
}

func TestTheAppointmentExpiresAnOrderByItself(t *testing.T) {
	testkit.Both(t, func(t *testing.T, db *database.DB, clock *testkit.Clock) {
		w := newWorld(t, db, clock)
		w.sell("tea", 450, 5)
		clock.Advance(-time.Hour) // the appointment lies in the past of the queue's own clock
		_, ord := w.one(1)
		clock.Advance(time.Hour)
		w.work()
		w.becomes(ord.ID, orders.Expired)
		w.sound()
	})
}

func TestLateMoneyIsHonouredWhileTheGoodsAreThere(t *testing.T) {
	testkit.Both(t, func(t *testing.T, db *database.DB, clock *testkit.Clock) {
		w := newWorld(t, db, clock)
		tea := w.sell("tea", 450, 5)
		w.sell("cup", 100, -1)
		owner, ord := w.one(2)
		session := w.session(ord)
		clock.Advance(30*time.Minute + time.Second)
		w.sweep(1)
		w.add(ord.CartID, "cup", 1) // the talk goes on in the same cart
		w.must(w.bank.Approve(session))
		w.work()
		paid := w.becomes(ord.ID, orders.Paid)
		if count(paid, orders.ReasonLate) != 1 || w.news(ord.ID, orders.Paid) != 1 {
			t.Fatalf("%+v", paid.Events)
		}
		if onHand, held := w.stock(tea); onHand != 3 || held != 0 {
			t.Fatal(onHand, held)
		}
		q := w.quote(w.cart(owner).ID)
		if q.CartID != ord.CartID || len(q.Lines) != 1 || q.Lines[0].SKU != "cup" {
			t.Fatalf("what was paid leaves the cart: %+v", q)
		}
		w.sound()
	})
}

func TestLateMoneyForGoodsThatAreGoneGoesBeforeAPerson(t *testing.T) {
	testkit.Both(t, func(t *testing.T, db *database.DB, clock *testkit.Clock) {
		w := newWorld(t, db, clock)
		tea := w.sell("tea", 450, 2)
		_, ord := w.one(2)
		session := w.session(ord)
		clock.Advance(30*time.Minute + time.Second)
		w.sweep(1)
		w.tx(func(tx database.Tx) error {
			_, err := w.cat.SetStock(tx, w.m.ID, tea.ID, ptr(int64(1)))
			return err
		})
		w.must(w.bank.Approve(session))
		w.work()
		over := w.has(ord.ID, orders.ReasonLateNoGoods)
		if p, _ := over.Payment(); over.Status != orders.Expired || p.Status != payments.NeedsReview || p.Reason != orders.ReasonLateNoGoods {
			t.Fatalf("%+v", over)
		}
		if onHand, held := w.stock(tea); onHand != 1 || held != 0 {
			t.Fatal(onHand, held)
		}
		w.sound()
		ref, err := w.orders.RefundOrder(t.Context(), w.m.ID, ord.ID, orders.Refunding{Reason: "no goods"})
		if err != nil || ref.Amount != 900 {
			t.Fatal(ref, err)
		}
		if p, _ := w.has(ord.ID, orders.ReasonRefunded).Payment(); p.Status != payments.Refunded {
			t.Fatalf("%+v", p)
		}
		w.sound()
	})
}

func TestMoneyForWhatWasCancelledGoesBeforeAPerson(t *testing.T) {
	testkit.Both(t, func(t *testing.T, db *database.DB, clock *testkit.Clock) {
		w := newWorld(t, db, clock)
		w.sell("tea", 450, 9)
		_, first := w.one(2)
		old := w.session(first)
		w.add(first.CartID, "tea", 1)
		second := w.place(first.CartID)
		w.must(w.bank.Approve(w.session(second)))
		w.must(w.bank.Approve(old))
		w.work()
		testkit.Eventually(t, "both are settled", func() bool {
			return w.get(second.ID).Status == orders.Paid && count(w.get(first.ID), orders.ReasonLateCancelled) == 1
		})
		lost := w.get(first.ID)
		if p, _ := lost.Payment(); lost.Status != orders.Cancelled || p.Status != payments.NeedsReview || p.Reason != orders.ReasonLateCancelled {
			t.Fatalf("%+v", lost)
		}
		w.sound()
	})
}

func TestSlowMoneyKeepsTheGoods(t *testing.T) {
	testkit.Both(t, func(t *testing.T, db *database.DB, clock *testkit.Clock) {
		w := newWorld(t, db, clock).work()
		tea := w.sell("tea", 450, 5)
		owner, ord := w.one(2)
		session := w.session(ord)
		w.must(w.bank.Delay(session))
		slow := w.has(ord.ID, orders.ReasonProcessing)
		if slow.Status != orders.AwaitingPayment || !slow.ExpiresAt.After(*ord.ExpiresAt) {
			t.Fatalf("%+v", slow)
		}
		if next := w.cart(owner); next.ID == ord.CartID {
			t.Fatal("the cart is done with while the money is on its way")
		}
		w.fails(orders.ErrCartOrdered, func(tx database.Tx) error { return w.orders.Clear(tx, w.m.ID, ord.CartID) })
		w.fails(orders.ErrOnTheWay, func(tx database.Tx) error { return second(w.orders.Cancel(tx, w.m.ID, ord.ID, orders.Deed{})) })
		clock.Advance(slow.ExpiresAt.Sub(clock.Now()) + time.Second)
		_, err := w.orders.Sweep(t.Context())
		w.must(err)
		if kept := w.get(ord.ID); kept.Status != orders.AwaitingPayment || !kept.ExpiresAt.After(clock.Now()) {
			t.Fatalf("money on its way must not expire: %+v", kept)
		}
		if _, held := w.stock(tea); held != 2 {
			t.Fatal("held", held)
		}
		w.sound()
		w.must(w.bank.Settle(session, true))
		w.becomes(ord.ID, orders.Paid)
		w.sound()
	})
}

func TestSlowMoneyThatFailsLeavesTimeForANewLink(t *testing.T) {
	testkit.Both(t, func(t *testing.T, db *database.DB, clock *testkit.Clock) {
		w := newWorld(t, db, clock).work()
		w.sell("tea", 450, 5)
		_, ord := w.one(2)
		session := w.session(ord)
		w.must(w.bank.Delay(session))
		w.has(ord.ID, orders.ReasonProcessing)
		w.must(w.bank.Settle(session, false))
		failed := w.has(ord.ID, orders.ReasonFailed)
		if failed.Status != orders.AwaitingPayment || failed.ExpiresAt.After(clock.Now().Add(time.Hour)) || w.orders.PayURL(failed) == "" {
			t.Fatalf("%+v", failed)
		}
		w.sound()
		w.must(w.bank.Approve(w.session(failed)))
		w.becomes(ord.ID, orders.Paid)
		w.sound()
	})
}

func TestAWrongAmountGoesBeforeAPersonWhoMayTakeIt(t *testing.T) {
	testkit.Both(t, func(t *testing.T, db *database.DB, clock *testkit.Clock) {
		w := newWorld(t, db, clock).work()
		tea := w.sell("tea", 450, 5)
		_, ord := w.one(2)
		session := w.session(ord)
		w.must(w.bank.Alter(session, sandbox.Lie{Amount: 700}))
		w.must(w.bank.Approve(session))
		odd := w.has(ord.ID, payments.ReasonWrongAmount)
		p, _ := odd.Payment()
		if odd.Status != orders.AwaitingPayment || p.Status != payments.NeedsReview {
			t.Fatalf("%+v", odd)
		}
		w.sound()
		w.tx(func(tx database.Tx) error { return w.orders.AcceptPayment(tx, w.m.ID, p.ID) })
		w.becomes(ord.ID, orders.Paid)
		if onHand, held := w.stock(tea); onHand != 3 || held != 0 {
			t.Fatal(onHand, held)
		}
		w.sound()
	})
}

func TestRefunds(t *testing.T) {
	testkit.Both(t, func(t *testing.T, db *database.DB, clock *testkit.Clock) {
		w := newWorld(t, db, clock).work()
		tea := w.sell("tea", 450, 5)
		_, ord := w.one(2)
		if _, err := w.orders.RefundOrder(t.Context(), w.m.ID, ord.ID, orders.Refunding{}); !errors.Is(err, orders.ErrNoMoney) {
			t.Fatal(err)
		}
		w.must(w.bank.Approve(w.session(ord)))
		w.becomes(ord.ID, orders.Paid)
		if _, err := w.orders.RefundOrder(t.Context(), w.m.ID, ord.ID, orders.Refunding{Amount: eur(400)}); err != nil {
			t.Fatal(err)
		}
		part := w.get(ord.ID)
		if p, _ := part.Payment(); part.Status != orders.Paid || p.Status != payments.PartiallyRefunded || count(part, orders.ReasonRefunded) != 1 {
			t.Fatalf("%+v", part)
		}
		w.sound()
		if _, err := w.orders.RefundOrder(t.Context(), w.m.ID, ord.ID, orders.Refunding{}); err != nil {
			t.Fatal(err)
		}
		all := w.get(ord.ID)
		if p, _ := all.Payment(); all.Status != orders.Cancelled || p.Status != payments.Refunded {
			t.Fatalf("%+v", all)
		}
		if onHand, held := w.stock(tea); onHand != 5 || held != 0 {
			t.Fatal(onHand, held)
		}
		testkit.Eventually(t, "all promises are kept", func() bool { n, err := w.desk.Pending(t.Context()); return err == nil && n <= 3 })
		if n := count(w.get(ord.ID), orders.ReasonRefunded); n != 2 || w.news(ord.ID, orders.Cancelled) != 1 {
			t.Fatal("refunds noted", n, "times")
		}
		w.sound()
	})
}

func TestCancelFulfilCompleteReturn(t *testing.T) {
	testkit.Both(t, func(t *testing.T, db *database.DB, clock *testkit.Clock) {
		w := newWorld(t, db, clock).work()
		tea := w.sell("tea", 450, 20)
		paid := func() orders.Order {
			_, ord := w.one(2)
			w.must(w.bank.Approve(w.session(ord)))
			return w.becomes(ord.ID, orders.Paid)
		}
		owner, waiting := w.one(1)
		staff := orders.Deed{Actor: "stf_1", Remark: "asked by phone"}
		w.tx(func(tx database.Tx) error { return second(w.orders.Cancel(tx, w.m.ID, waiting.ID, staff)) })
		if ord := w.get(waiting.ID); ord.Status != orders.Cancelled || w.remark(ord, 1) != staff.Remark || bytes.Contains(ord.Events[1].Words, []byte("phone")) || ord.Events[1].Actor != "stf_1" {
			t.Fatalf("%+v", ord)
		}
		if c := w.cart(owner); c.ID == waiting.CartID {
			t.Fatal("a cancelled order's cart is done with")
		}
		w.fails(orders.ErrMove, func(tx database.Tx) error { return second(w.orders.Cancel(tx, w.m.ID, waiting.ID, staff)) })
		off := paid()
		w.tx(func(tx database.Tx) error { return second(w.orders.Cancel(tx, w.m.ID, off.ID, staff)) })
		if ord := w.get(off.ID); ord.Status != orders.Cancelled || ord.Payments[0].Status != payments.NeedsReview {
			t.Fatalf("%+v", ord)
		}
		if onHand, held := w.stock(tea); onHand != 20 || held != 0 {
			t.Fatal(onHand, held)
		}
		w.sound()
		ord := paid()
		for _, step := range []struct {
			do func(database.Tx, string, string, orders.Deed) (orders.Order, error)
			to orders.Status
		}{{w.orders.Fulfil, orders.Fulfilled}, {w.orders.Complete, orders.Completed}} {
			w.tx(func(tx database.Tx) error { return second(step.do(tx, w.m.ID, ord.ID, staff)) })
			if got := w.get(ord.ID); got.Status != step.to {
				t.Fatalf("%+v", got)
			}
		}
		w.fails(orders.ErrMove, func(tx database.Tx) error { return second(w.orders.Cancel(tx, w.m.ID, ord.ID, staff)) })
		back := func(r orders.Returned) orders.Status {
			w.tx(func(tx database.Tx) error { return second(w.orders.Return(tx, w.m.ID, ord.ID, r)) })
			w.sound()
			return w.get(ord.ID).Status
		}
		line := ord.Lines[0].ID
		if s := back(orders.Returned{Lines: []orders.ReturnedLine{{LineID: line, Quantity: 1}}, Restock: true}); s != orders.Completed {
			t.Fatal(s)
		}
		if s := back(orders.Returned{}); s != orders.Cancelled {
			t.Fatal(s)
		}
		if onHand, _ := w.stock(tea); onHand != 19 {
			t.Fatal("one of two came back for sale", onHand)
		}
		if _, err := w.orders.RefundOrder(t.Context(), w.m.ID, ord.ID, orders.Refunding{IdempotencyKey: "k"}); err != nil {
			t.Fatal(err)
		}
		w.sound()
	})
}
