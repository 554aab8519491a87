package orders_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"sotto.chat/catalog"
	"sotto.chat/internal/database"
	"sotto.chat/internal/fault"
	"sotto.chat/internal/jobs"
	"sotto.chat/internal/testkit"
	"sotto.chat/orders"
	"sotto.chat/payments"
	"sotto.chat/payments/sandbox"
)

// life is a shop with two customers, to whom anything may happen in any order.
type life struct {
	*world
	r        *rapid.T
	goods    []catalog.Product
	owners   []orders.Owner
	sessions []string
	offers   []payments.Offer
}

const pieces = 6

// fine lets faults pass: a refusal is an answer. Anything else is a bug.
func (l *life) fine(err error) {
	if _, ok := fault.Of(err); err != nil && !ok {
		l.r.Fatalf("%v", err)
	}
}

func (l *life) do(f func(database.Tx) error) { l.fine(l.try(f)) }

func (l *life) cartOf() (id string) {
	owner := rapid.SampledFrom(l.owners).Draw(l.r, "owner")
	l.do(func(tx database.Tx) error {
		c, err := l.orders.OpenCart(tx, l.m.ID, owner, "")
		id = c.ID
		return err
	})
	return id
}

func (l *life) anyOrder() (orders.Order, bool) {
	list, err := l.orders.List(l.t.Context(), l.m.ID, orders.Filter{})
	l.must(err)
	if len(list) == 0 {
		return orders.Order{}, false
	}
	return list[rapid.IntRange(0, len(list)-1).Draw(l.r, "order")], true
}

// tries does something to any order.
func (l *life) tries(f func(ord orders.Order)) {
	if ord, ok := l.anyOrder(); ok {
		f(ord)
	}
}

// buy says yes to whatever is in the cart, and clicks the link.
func (l *life) buy(cart string) {
	q, err := l.orders.QuoteNow(l.t.Context(), l.m.ID, cart)
	l.fine(err)
	ord, err := l.orders.PlaceNow(l.t.Context(), l.m.ID, orders.Placing{CartID: cart, Hash: q.Hash})
	l.fine(err)
	if err == nil {
		l.click(ord)
	}
}

func (l *life) click(ord orders.Order) {
	link := l.orders.PayURL(ord)
	if link == "" {
		return
	}
	url, err := l.pay.Checkout(l.t.Context(), link[strings.LastIndex(link, "/")+1:])
	l.fine(err)
	if _, rest, ok := strings.Cut(url, "/cs_"); ok {
		l.sessions = append(l.sessions, "cs_"+rest)
	}
}

// settled waits until the sandbox has told all that happened.
func (l *life) settled() {
	testkit.Eventually(l.t, "the webhooks are in", func() bool { return len(l.bank.Undelivered()) == 0 })
}

func (l *life) actions() map[string]func(*rapid.T) {
	on := func(f func(ord orders.Order)) func(*rapid.T) {
		return func(*rapid.T) {
			if ord, ok := l.anyOrder(); ok {
				f(ord)
			}
		}
	}
	step := func(do func(database.Tx, string, string, orders.Deed) (orders.Order, error)) func(*rapid.T) {
		return on(func(ord orders.Order) {
			l.do(func(tx database.Tx) error { return second(do(tx, l.m.ID, ord.ID, orders.Deed{Actor: "model"})) })
		})
	}
	money := func(act func(session string) error) func(*rapid.T) {
		return func(r *rapid.T) {
			if len(l.sessions) > 0 {
				_ = act(rapid.SampledFrom(l.sessions).Draw(r, "session")) // refused when it is over: so be it
				l.settled()
			}
		}
	}
	return map[string]func(*rapid.T){
		"add": func(r *rapid.T) {
			in := orders.LineInput{SKU: rapid.SampledFrom(l.goods).Draw(r, "goods").SKU, Quantity: rapid.Int64Range(1, 4).Draw(r, "quantity")}
			cart := l.cartOf()
			l.do(func(tx database.Tx) error { return second(l.orders.AddLine(tx, l.m.ID, cart, in)) })
		},
		"clear": func(*rapid.T) {
			cart := l.cartOf()
			l.do(func(tx database.Tx) error { return l.orders.Clear(tx, l.m.ID, cart) })
		},
		"place": func(*rapid.T) { l.buy(l.cartOf()) },
		"order": func(r *rapid.T) { // often enough for the rarer things to have something to happen to
			cart := l.cartOf()
			in := orders.LineInput{SKU: rapid.SampledFrom(l.goods).Draw(r, "goods").SKU, Quantity: rapid.Int64Range(1, 3).Draw(r, "quantity")}
			l.do(func(tx database.Tx) error { return second(l.orders.AddLine(tx, l.m.ID, cart, in)) })
			l.buy(cart)
		},
		"click":  on(l.click),
		"pay":    money(func(s string) error { return l.bank.Approve(s) }),
		"slowly": money(func(s string) error { return l.bank.Delay(s) }),
		"fail":   money(func(s string) error { return l.bank.Settle(s, false) }),
		"arrive": money(func(s string) error { return l.bank.Settle(s, true) }),
		"lie":    money(func(s string) error { return l.bank.Alter(s, sandbox.Lie{Amount: 7}) }),
		"wait": func(r *rapid.T) {
			l.clock.Advance(time.Duration(rapid.IntRange(1, 40).Draw(r, "minutes")) * time.Minute)
			_, err := l.orders.Sweep(l.t.Context())
			l.must(err)
		},
		"cancel":   step(l.orders.Cancel),
		"fulfil":   step(l.orders.Fulfil),
		"complete": step(l.orders.Complete),
		"return": on(func(ord orders.Order) {
			l.do(func(tx database.Tx) error {
				one := []orders.ReturnedLine{{LineID: ord.Lines[0].ID, Quantity: 1}}
				return second(l.orders.Return(tx, l.m.ID, ord.ID, orders.Returned{Lines: one, Restock: true}))
			})
		}),
		"refund": on(func(ord orders.Order) {
			_, err := l.orders.RefundOrder(l.t.Context(), l.m.ID, ord.ID, orders.Refunding{})
			l.fine(err)
			l.settled()
		}),
		"accept": on(func(ord orders.Order) {
			for _, p := range ord.Payments {
				l.do(func(tx database.Tx) error { return l.orders.AcceptPayment(tx, l.m.ID, p.ID) })
			}
		}),
		"split": func(r *rapid.T) {
			l.tries(func(ord orders.Order) {
				open := ord.Open().Amount
				one := rapid.Int64Range(1, max(open, 1)).Draw(r, "part")
				l.do(func(tx database.Tx) error {
					return second(l.orders.Split(tx, l.m.ID, ord.ID, shares(one, open-one), staffDeed))
				})
			})
		},
		"in a chat": func(r *rapid.T) { // offers are made, and paid at any time later, more or less exactly
			l.tries(func(ord orders.Order) {
				for _, p := range ord.Payments {
					l.do(func(tx database.Tx) error {
						o, err := l.pay.Offer(tx, l.m.ID, p.ID, payments.MethodWeChat, "acc")
						if err == nil {
							l.offers = append(l.offers, o)
						}
						return err
					})
				}
			})
			if len(l.offers) > 0 {
				o := rapid.SampledFrom(l.offers).Draw(r, "offer")
				coin := o.Reference + rapid.SampledFrom([]string{"", "", "", "b"}).Draw(r, "coin")
				l.word(o, coin, o.Amount.Amount+rapid.SampledFrom([]int64{0, 0, 0, 0, 5, -1}).Draw(r, "more"))
			}
		},
		"by hand": func(r *rapid.T) {
			l.tries(func(ord orders.Order) {
				method := rapid.SampledFrom([]string{payments.MethodCash, payments.MethodBank}).Draw(r, "method")
				for _, p := range ord.Payments {
					l.do(func(tx database.Tx) error { return second(l.orders.PayBy(tx, l.m.ID, p.ID, method, staffDeed)) })
					if rapid.Bool().Draw(r, "received") {
						got := payments.Received{Method: method, Amount: p.Money(), Reference: rapid.SampledFrom([]string{"", "a", "b", "c"}).Draw(r, "slip")}
						if rapid.Bool().Draw(r, "a part") {
							got.Amount.Amount = max(1, got.Amount.Amount/2)
						}
						l.fine(second(l.orders.Receive(jobs.Eager(l.t.Context()), l.m.ID, p.ID, got)))
					}
				}
			})
		},
		"rest": func(*rapid.T) {
			l.tries(func(ord orders.Order) {
				for _, p := range ord.Payments {
					l.do(func(tx database.Tx) error { return l.orders.AskRest(tx, l.m.ID, p.ID, staffDeed) })
					_, err := l.orders.RefundDifference(l.t.Context(), l.m.ID, p.ID, "")
					l.fine(err)
				}
			})
		},
		"": func(*rapid.T) { l.check() },
	}
}

// story tells how each order came to where it is, for whoever reads a failure.
func (l *life) story() string {
	list, err := l.orders.List(l.t.Context(), l.m.ID, orders.Filter{})
	l.must(err)
	var out strings.Builder
	for _, ord := range list {
		fmt.Fprintf(&out, "order %s %s %d\n", ord.ID, ord.Status, ord.Total)
		for _, e := range l.get(ord.ID).Events {
			fmt.Fprintf(&out, "  %s → %s: %s %s\n", e.FromStatus, e.ToStatus, e.Reason, e.Fact)
		}
		for _, p := range ord.Payments {
			fmt.Fprintf(&out, "  %s %s %q: %d of %d, %d back\n", p.ID, p.Status, p.Reason, p.PaidAmount, p.Amount, p.RefundedAmount)
		}
	}
	return out.String()
}

// check wants clean audits, and every piece either on hand or with a customer.
func (l *life) check() {
	if found := l.audit(); len(found) > 0 {
		l.r.Fatalf("%v\n%s", found, l.story())
	}
	list, err := l.orders.List(l.t.Context(), l.m.ID, orders.Filter{Limit: 200})
	l.must(err)
	out := map[string]int64{}
	for _, ord := range list {
		if s := ord.Status; s == orders.Paid || s == orders.Fulfilled || s == orders.Completed {
			for _, line := range ord.Lines {
				out[line.VariantID] += line.Quantity - line.Returned
			}
		}
	}
	for _, g := range l.goods {
		if onHand, held := l.stock(g); onHand+out[g.Variants[0].ID] != pieces || held > onHand {
			l.r.Fatalf("%s: %d on hand, %d held, %d with customers, of %d", g.SKU, onHand, held, out[g.Variants[0].ID], pieces)
		}
	}
}

func TestWhateverHappensTheBooksAgree(t *testing.T) {
	if testing.Short() {
		t.Skip("the model of an order's life takes a while")
	}
	testkit.FewerUnderRace(t, 15)
	testkit.Both(t, func(t *testing.T, db *database.DB, clock *testkit.Clock) {
		w := newWorld(t, db, clock)
		w.eager = true
		w.connect()
		rapid.Check(t, func(r *rapid.T) {
			w.newMerchant()
			w.offersByHand()
			l := &life{world: w, r: r, goods: []catalog.Product{w.sell("tea", 450, pieces), w.sell("cup", 1200, pieces)},
				owners: []orders.Owner{w.customer(), w.customer()}}
			r.Repeat(l.actions())
		})
	})
}
