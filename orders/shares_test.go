package orders_test

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"sotto.chat/internal/database"
	"sotto.chat/internal/jobs"
	"sotto.chat/internal/money"
	"sotto.chat/internal/testkit"
	"sotto.chat/orders"
	"sotto.chat/payments"
	"sotto.chat/payments/byhand"
)

var staffDeed = orders.Deed{Actor: "stf_1"}

// offersByHand has the shop take cash and transfers.
func (w *world) offersByHand() {
	w.t.Helper()
	w.tx(func(tx database.Tx) error {
		return w.pay.SetTerms(tx, w.m.ID, byhand.Terms{Cash: true, Bank: true, BankDetails: "IBAN DE00 0000", BankDays: 5})
	})
}

func (w *world) payBy(ord orders.Order, method string) (o payments.Offer) {
	w.t.Helper()
	w.tx(func(tx database.Tx) (err error) {
		o, err = w.orders.PayBy(tx, w.m.ID, ord.Payments[0].ID, method, staffDeed)
		return err
	})
	return o
}

// receive registers money that staff have in their hands.
func (w *world) receive(payment, method string, amount int64, reference string) {
	w.t.Helper()
	w.must(w.pay.Receive(jobs.Eager(w.t.Context()), w.m.ID, payment, payments.Received{Method: method, Amount: money.Of(amount, "EUR"), Reference: reference}))
}

func (w *world) split(ord orders.Order, parts ...int64) orders.Order {
	w.t.Helper()
	w.tx(func(tx database.Tx) error {
		return second(w.orders.Split(tx, w.m.ID, ord.ID, shares(parts...), staffDeed))
	})
	return w.get(ord.ID)
}

// shares are sums of which none is left out but zero.
func shares(parts ...int64) (out []money.Money) {
	for _, n := range parts {
		if n != 0 {
			out = append(out, money.Of(n, "EUR"))
		}
	}
	return out
}

// waiting gives the payments that are still expected.
func (w *world) waiting(order string) (out []payments.Payment) {
	for _, p := range w.get(order).Payments {
		if p.Status == payments.Pending {
			out = append(out, p)
		}
	}
	return out
}

// told is a word of a chat's payment about one payment, as its provider would give it.
func (w *world) told(payment, coin string, amount int64) {
	w.t.Helper()
	var o payments.Offer
	w.tx(func(tx database.Tx) (err error) {
		o, err = w.pay.Offer(tx, w.m.ID, payment, payments.MethodWeChat, "acc")
		return err
	})
	w.word(o, coin, amount)
}

func (w *world) word(o payments.Offer, coin string, amount int64) {
	w.t.Helper()
	w.must(w.pay.HearNow(jobs.Eager(w.t.Context()), w.m.ID, payments.Word{ID: coin, Method: o.Method, Account: o.Account, Reference: o.Reference,
		Kind: payments.WordPaid, Coin: coin, Amount: money.Of(amount, "EUR")}))
}

func (w *world) is(order string, status orders.Status) orders.Order {
	w.t.Helper()
	ord := w.get(order)
	if ord.Status != status {
		w.t.Errorf("the order is %s, want %s; %+v", ord.Status, status, ord.Payments)
	}
	return ord
}

func (w *world) money(payment string, status payments.Status, reason string) {
	w.t.Helper()
	p, err := w.pay.Get(w.t.Context(), w.m.ID, payment)
	w.must(err)
	if p.Status != status || p.Reason != reason {
		w.t.Errorf("the payment is %s %q, want %s %q", p.Status, p.Reason, status, reason)
	}
}

func (w *world) remedies(payment string, want ...string) {
	w.t.Helper()
	list, err := w.orders.Remedies(w.t.Context(), w.m.ID, payment)
	w.must(err)
	var got []string
	for _, r := range list {
		got = append(got, r.Code)
	}
	if len(got) != len(want) {
		w.t.Fatalf("remedies %v, want %v", got, want)
	}
	for i := range want {
		if got[i] != want[i] {
			w.t.Fatalf("remedies %v, want %v", got, want)
		}
	}
}

func TestCashAtTheDoor(t *testing.T) {
	testkit.Both(t, func(t *testing.T, db *database.DB, clock *testkit.Clock) {
		w := newWorld(t, db, clock)
		tea := w.sell("tea", 450, 9)
		owner, ord := w.one(2)
		w.fails(payments.ErrMethodOff, func(tx database.Tx) error {
			return second(w.orders.PayBy(tx, w.m.ID, ord.Payments[0].ID, payments.MethodCash, staffDeed))
		})
		w.offersByHand()
		w.fails(orders.ErrMissing, func(tx database.Tx) error { return second(w.orders.Fulfil(tx, w.m.ID, ord.ID, staffDeed)) })
		pay := ord.Payments[0].ID
		w.payBy(ord, payments.MethodCash)
		w.payBy(ord, payments.MethodCash) // the same choice twice is one
		w.money(pay, payments.Pending, payments.ReasonOnDelivery)
		w.remedies(pay, orders.RemedyReceive)
		if w.cart(owner).ID == ord.CartID {
			t.Error("the cart is done with")
		}
		clock.Advance(24 * time.Hour)
		w.sweep(0)
		w.tx(func(tx database.Tx) error { return second(w.orders.Fulfil(tx, w.m.ID, ord.ID, staffDeed)) })
		if onHand, held := w.stock(tea); onHand != 7 || held != 0 {
			t.Error(onHand, held)
		}
		w.sound()
		w.fails(orders.ErrMissing, func(tx database.Tx) error { return second(w.orders.Complete(tx, w.m.ID, ord.ID, staffDeed)) })
		w.receive(pay, payments.MethodCash, 900, "")
		w.fails(payments.ErrAlready, func(tx database.Tx) error {
			return w.pay.ReceiveIn(tx, w.m.ID, pay, payments.Received{Method: payments.MethodCash, Amount: *eur(900)})
		})
		w.money(pay, payments.Paid, "")
		if n := count(w.is(ord.ID, orders.Fulfilled), orders.ReasonPaid); n != 1 {
			t.Errorf("told %d times that the cash is here", n)
		}
		w.tx(func(tx database.Tx) error { return second(w.orders.Complete(tx, w.m.ID, ord.ID, staffDeed)) })
		w.sound()
		if r, err := w.orders.RefundOrder(t.Context(), w.m.ID, ord.ID, orders.Refunding{Amount: eur(100)}); err != nil || r.Status != payments.RefundSucceeded {
			t.Error(r, err)
		}
		w.sound()

		_, refused := w.one(1) // at the door: nobody wants it
		w.payBy(refused, payments.MethodCash)
		w.tx(func(tx database.Tx) error { return second(w.orders.Fulfil(tx, w.m.ID, refused.ID, staffDeed)) })
		w.tx(func(tx database.Tx) error {
			return second(w.orders.Return(tx, w.m.ID, refused.ID, orders.Returned{Restock: true, Deed: staffDeed}))
		})
		w.is(refused.ID, orders.Cancelled)
		w.sound()
		w.receive(refused.Payments[0].ID, payments.MethodCash, 450, "")
		w.money(refused.Payments[0].ID, payments.NeedsReview, orders.ReasonLateCancelled)
		w.sound()
	})
}

func TestBankTransfer(t *testing.T) {
	testkit.Both(t, func(t *testing.T, db *database.DB, clock *testkit.Clock) {
		w := newWorld(t, db, clock)
		w.sell("tea", 450, 9)
		w.offersByHand()
		cart := w.cart(w.customer(), want{"tea", 2}).ID
		ord, err := w.orders.PlaceNow(t.Context(), w.m.ID, orders.Placing{CartID: cart, Hash: w.quote(cart).Hash, Actor: "customer", PayBy: payments.MethodBank})
		w.must(err)
		p := ord.Payments[0]
		if wait := ord.ExpiresAt.Sub(clock.Now()); p.Reason != payments.ReasonTransfer || wait < 119*time.Hour || !w.get(ord.ID).ExpiresAt.Equal(p.ExpiresAt) {
			t.Fatalf("%+v %s", p, wait)
		}
		ref, err := w.pay.ReferenceOf(t.Context(), p)
		if err != nil || len(ref) != 10 {
			t.Fatal(ref, err)
		}
		found, ok, err := w.pay.ByReference(t.Context(), w.m.ID, " "+ref[:5]+"-"+ref[5:])
		if err != nil || !ok || found.ID != p.ID {
			t.Fatal(found, ok, err)
		}
		if _, ok, err = w.pay.ByReference(t.Context(), "mer_other", ref); ok || err != nil {
			t.Fatal(ok, err)
		}
		w.receive(p.ID, payments.MethodBank, 900, "statement 7")
		w.receive(p.ID, payments.MethodBank, 900, "statement 7")
		if err := w.pay.Receive(t.Context(), w.m.ID, p.ID, payments.Received{Method: payments.MethodBank, Amount: *eur(901), Reference: "statement 7"}); !isFault(err, payments.ErrReceived) {
			t.Error(err)
		}
		w.is(ord.ID, orders.Paid)
		w.receive(p.ID, payments.MethodBank, 900, "statement 8") // somebody sent it twice
		twice := w.get(ord.ID).Payments
		if len(twice) != 2 || twice[1].Reason != payments.ReasonDouble {
			t.Fatalf("%+v", twice)
		}
		w.remedies(twice[1].ID, orders.RemedyRefund, orders.RemedyAccept)
		r, err := w.pay.Refund(jobs.Eager(t.Context()), w.m.ID, twice[1].ID, nil, "", "")
		if err != nil || r.Status != payments.RefundPending {
			t.Fatal(r, err)
		}
		w.remedies(twice[1].ID, orders.RemedyConfirm, orders.RemedyUnsent)
		_, err = w.pay.ConfirmRefund(jobs.Eager(t.Context()), w.m.ID, r.ID, true)
		w.must(err)
		w.money(twice[1].ID, payments.Refunded, payments.ReasonDouble)
		w.is(ord.ID, orders.Paid)
		w.sound()

		_, slow := w.one(1) // too late, and the goods are still there
		w.payBy(slow, payments.MethodBank)
		clock.Advance(5*24*time.Hour + time.Minute)
		w.sweep(1)
		w.is(slow.ID, orders.Expired)
		w.receive(slow.Payments[0].ID, payments.MethodBank, 450, "statement 9")
		w.is(slow.ID, orders.Paid)
		w.sound()
	})
}

// An order in parts is paid when the last part is, whichever comes first.
func TestSplit(t *testing.T) {
	testkit.Both(t, func(t *testing.T, db *database.DB, clock *testkit.Clock) {
		w := newWorld(t, db, clock)
		w.sell("tea", 450, 99)
		_, ord := w.one(2)
		old := w.session(ord)
		for _, parts := range [][]money.Money{nil, {*eur(900), *eur(1)}, {*eur(0), *eur(900)}, {money.Of(900, "USD")}, {*eur(-1), *eur(901)}} {
			w.fails(orders.ErrParts, func(tx database.Tx) error { return second(w.orders.Split(tx, w.m.ID, ord.ID, parts, staffDeed)) })
		}
		w.split(ord, 300, 600)
		parts := w.waiting(ord.ID)
		if len(parts) != 2 || w.pay.PayURL(parts[0]) == w.pay.PayURL(parts[1]) {
			t.Fatalf("%+v", parts)
		}
		w.sound()
		w.told(parts[1].ID, "c1", 600)
		if n := count(w.is(ord.ID, orders.AwaitingPayment), orders.ReasonPart); n != 1 {
			t.Errorf("told %d times of the part", n)
		}
		w.sound()
		w.split(ord, 100, 200) // what is left is shared by two
		rest := w.waiting(ord.ID)
		if len(rest) != 2 {
			t.Fatalf("%+v", rest)
		}
		w.told(rest[0].ID, "c2", 100)
		w.told(rest[1].ID, "c3", 200)
		w.is(ord.ID, orders.Paid)
		w.sound()
		w.must(w.bank.Approve(old)) // the link of before the split, in the last moment
		w.work()
		w.has(ord.ID, payments.ReasonDouble)
		w.money(ord.Payments[0].ID, payments.NeedsReview, payments.ReasonDouble)
		w.sound()
	})
}

// The time ends with a part of the money in: it waits for a person; when the other part comes all the same, the order goes on.
func TestAPartAtTheEnd(t *testing.T) {
	testkit.Both(t, func(t *testing.T, db *database.DB, clock *testkit.Clock) {
		w := newWorld(t, db, clock)
		w.sell("tea", 450, 99)
		for name, act := range map[string]struct {
			do     func(parts []payments.Payment, first, last payments.Offer)
			status orders.Status
			left   [2]string // the reasons of both parts
		}{
			"one part": {func(_ []payments.Payment, first, _ payments.Offer) {
				w.word(first, first.Reference, 300)
				clock.Advance(31 * time.Minute)
				w.sweep(1)
			}, orders.Expired, [2]string{payments.ReasonPartly, payments.ReasonExpired}},
			"one part, late": {func(_ []payments.Payment, first, _ payments.Offer) {
				clock.Advance(31 * time.Minute)
				w.sweep(1)
				w.word(first, first.Reference, 300)
			}, orders.Expired, [2]string{payments.ReasonPartly, payments.ReasonExpired}},
			"the other part is late": {func(_ []payments.Payment, first, last payments.Offer) {
				w.word(first, first.Reference, 300)
				clock.Advance(31 * time.Minute)
				w.sweep(1)
				w.word(last, last.Reference, 600)
			}, orders.Paid, [2]string{payments.ReasonLate, payments.ReasonLate}},
			"both are late": {func(_ []payments.Payment, first, last payments.Offer) {
				clock.Advance(31 * time.Minute)
				w.sweep(1)
				w.word(last, last.Reference, 600)
				w.word(first, first.Reference, 300)
			}, orders.Paid, [2]string{payments.ReasonLate, payments.ReasonLate}},
		} {
			_, ord := w.one(2)
			w.split(ord, 300, 600)
			parts := w.waiting(ord.ID)
			var offers []payments.Offer
			w.tx(func(tx database.Tx) error {
				for _, p := range parts {
					o, err := w.pay.Offer(tx, w.m.ID, p.ID, payments.MethodWeChat, "acc")
					if err != nil {
						return err
					}
					offers = append(offers, o)
				}
				return nil
			})
			act.do(parts, offers[0], offers[1])
			after := w.is(ord.ID, act.status)
			for i, p := range parts {
				now, err := w.pay.Get(t.Context(), w.m.ID, p.ID)
				w.must(err)
				if now.Reason != act.left[i] {
					t.Errorf("%s: part %d is %s %q; %+v", name, i, now.Status, now.Reason, after.Events)
				}
			}
			w.sound()
		}
	})
}

// Which of two coins pays does not hang on their order: the exact one does.
func TestTheExactCoinPays(t *testing.T) {
	testkit.Both(t, func(t *testing.T, db *database.DB, clock *testkit.Clock) {
		w := newWorld(t, db, clock)
		w.sell("tea", 450, 99)
		for _, first := range []int64{700, 900} {
			_, ord := w.one(2)
			var o payments.Offer
			w.tx(func(tx database.Tx) (err error) {
				o, err = w.pay.Offer(tx, w.m.ID, ord.Payments[0].ID, payments.MethodWeChat, "acc")
				return err
			})
			w.word(o, ord.ID+"a", first)
			w.word(o, ord.ID+"b", 1600-first)
			after := w.is(ord.ID, orders.Paid)
			if len(after.Payments) != 2 || after.Payments[0].PaidAmount != 900 || after.Payments[1].PaidAmount != 700 || after.Payments[1].Reason != payments.ReasonDouble {
				t.Errorf("%+v", after.Payments)
			}
			w.sound()
		}
	})
}

// However many register money at one order at the same moment, each slip counts once, at whichever payment it is handed in.
func TestStaffRegisterAtTheSameMoment(t *testing.T) {
	testkit.Both(t, func(t *testing.T, db *database.DB, clock *testkit.Clock) {
		w := newWorld(t, db, clock).work()
		w.offersByHand()
		w.sell("tea", 450, 20)
		_, parts := w.one(2)
		half := parts.Total / 2
		w.split(parts, half, parts.Total-half)
		_, whole := w.one(2)
		slips := func(ord orders.Order, sums ...int64) {
			t.Helper()
			pays := w.waiting(ord.ID)
			var all sync.WaitGroup
			for i := range 12 {
				slip := i % len(sums)
				got := payments.Received{Method: payments.MethodCash, Amount: money.Of(sums[slip], "EUR"), Reference: fmt.Sprint("slip ", slip)}
				all.Go(func() {
					if _, err := w.orders.Receive(jobs.Eager(t.Context()), w.m.ID, pays[(i/2)%len(pays)].ID, got); err != nil {
						t.Error(err)
					}
				})
			}
			all.Wait()
			paid := w.becomes(ord.ID, orders.Paid)
			if paid.Arrived().Amount != ord.Total || paid.InReview() {
				t.Errorf("%d of %d came: %+v", paid.Arrived().Amount, ord.Total, paid.Payments)
			}
		}
		slips(parts, half, parts.Total-half)
		slips(whole, whole.Total-200, 150, 50)
		w.sound()
	})
}
