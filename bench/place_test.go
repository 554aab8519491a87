package bench

import (
	"context"
	"fmt"
	"strconv"
	"testing"

	"sotto.chat/internal/database"
	"sotto.chat/orders"
)

// place is goal 1: orders of two goods among a thousand.
func place(b *testing.B, l *lab) {
	const what = "place an order, Postgres, 16 clients"
	w, got := duelOfPlacing(b, l, what, anyPair, fmt.Sprintf("\\set a random(%d, %d)\n\\set b random(:a + 1, %d)\n",
		firstNumber, firstNumber+products-2, firstNumber+products-1))
	l.add(row{goal: "1", what: what, unit: "/s", product: of(got[0], "rate"), limit: of(got[1], "rate"), want: 0.5, stretch: 1})
	w.agree(b)
}

// placeHot is goal 2: everybody buys the same two goods, and none is sold twice.
func placeHot(b *testing.B, l *lab) {
	const what = "everybody orders the same two goods"
	w, got := duelOfPlacing(b, l, what, samePair, fmt.Sprintf("\\set a %d\n\\set b %d\n", firstNumber, firstNumber+1))
	l.add(row{goal: "2", what: what, unit: "/s", product: of(got[0], "rate"), limit: of(got[1], "rate"), want: 0.8, stretch: 2})
	w.agree(b)
	w.sellOut(b)
}

// duelOfPlacing measures Place beside pgbench with the statements of one Place. Both order carts that are there before.
func duelOfPlacing(b *testing.B, l *lab, what string, pick pair, head string) (*world, [][]figures) {
	s := l.postgres(b)
	name, url := s.fresh(b)
	w := newWorld(b, url)
	text, model := placingScript(b, s, w, name, head)
	used, rate := 0, map[string]float64{"product": 300, "limit": 600}
	got := duel(b, what,
		side{"product", func(seconds float64) figures {
			list := w.carts(b, max(clients, int(rate["product"]*seconds)), pick)
			profiled(b.Name()[len("BenchmarkGoals/"):], func() { rate["product"] = w.placeAll(b, list) })
			return figures{"rate": rate["product"]}
		}},
		side{"limit", func(seconds float64) figures {
			each := max(1, int(rate["limit"]*seconds)/clients)
			w.copyCarts(b, model, firstUse+used, clients*each)
			rate["limit"] = s.pgbench(b, name, text, eachTimes(each),
				"base="+strconv.Itoa(firstUse+used), "each="+strconv.Itoa(each), "n=-1")
			used += clients * each
			return figures{"rate": rate["limit"]}
		}})
	return w, got
}

// placingScript captures one Place and varies what differs between two of them. model is a cart like the one that was
// ordered, still open, of which copies are made.
func placingScript(b *testing.B, s *server, w *world, name, head string) (text string, model string) {
	two := w.carts(b, 2, samePair)
	var ord orders.Order
	list := s.capture(b, name, w.url, func(r *rooms) {
		must(b, r.DB.InTx(context.Background(), func(tx database.Tx) (err error) {
			ord, err = r.Orders.Place(tx, w.merchant, orders.Placing{CartID: two[0].id, Hash: two[0].hash, Actor: "bench"})
			return err
		}))
	})
	// the copies of the model have its id, counted
	vary := []varying{{two[0].id, counted(two[1].id).sql}, {ord.Number, "'U' || lpad((:num)::text, 7, '0')"}}
	for i, v := range []string{":a", ":b"} {
		n := strconv.Itoa(firstNumber + i)
		vary = append(vary, varying{"SKU-" + n, "'SKU-' || " + v}, varying{"var_" + n, "'var_' || " + v})
	}
	vary = append(vary, ids(list, w.merchant, ord.CustomerID, two[0].id)...)
	say("  %s  replays %d statements", b.Name(), len(list))
	head += "\\set n :n + 1\n\\set u :base + :client_id * :each + :n\n\\set num (:u * 48271) % 10000000\n"
	return script(head, list, vary), two[1].id
}

// copyCarts makes n open carts out of a model, numbered from first.
func (w *world) copyCarts(b testing.TB, model string, first, n int) {
	b.Helper()
	prefix := model[:len(model)-digits]
	w.exec(b, `insert into carts select copy.* from carts c, generate_series($1::bigint, $2::bigint) u,
		jsonb_populate_record(c, jsonb_build_object('id', $3::text || u)) copy where c.merchant_id = $4 and c.id = $5`,
		first, first+n-1, prefix, w.merchant, model)
	w.exec(b, `insert into cart_lines select copy.* from cart_lines c, generate_series($1::bigint, $2::bigint) u,
		jsonb_populate_record(c, jsonb_build_object('cart_id', $3::text || u)) copy where c.merchant_id = $4 and c.cart_id = $5`,
		first, first+n-1, prefix, w.merchant, model)
}

// agree has the catalog compare stock with holds, those of pgbench too.
func (w *world) agree(b testing.TB) {
	b.Helper()
	problems, err := w.Catalog.Audit(context.Background(), w.merchant)
	must(b, err)
	for _, p := range problems {
		b.Error(p)
	}
}

// sellOut has more customers come than there are goods: each piece finds one, and no piece two.
func (w *world) sellOut(b *testing.B) {
	const pieces, wanting = 60, 150
	list := w.carts(b, wanting, samePair)
	w.exec(b, "update variants set on_hand = held + $1 where merchant_id = $2 and id = $3", pieces, w.merchant, fmt.Sprintf("var_%d", firstNumber))
	sold := make([]int, clients)
	crowd(b, clients, func(worker int) bool {
		for i := worker; i < len(list); i += clients {
			if w.placeOne(list[i]) == nil {
				sold[worker]++
			}
		}
		return false
	})
	sum := 0
	for _, n := range sold {
		sum += n
	}
	if sum != pieces {
		b.Errorf("%d orders took the last %d pieces", sum, pieces)
	}
	say("  %s  %d wanted the last %d pieces, %d got one", b.Name(), wanting, pieces, sum)
	w.agree(b)
}
