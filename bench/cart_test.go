package bench

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strconv"
	"testing"
	"time"

	"sotto.chat/internal/database"
	"sotto.chat/orders"
)

const (
	someCarts = 2000
	someGoods = 50
)

// upsert is what adding to a cart cannot do without.
const upsert = `insert into cart_lines (merchant_id, cart_id, id, sku, quantity, fingerprint, position)
values ('%s', '%s' || :u, '%s' || :id, 'SKU-' || :a, 1, 'SKU-' || :a, :a)
on conflict (merchant_id, cart_id, fingerprint) do update set quantity = least(cart_lines.quantity + excluded.quantity, 999);
`

// addLine is goal 3: one of fifty goods into one of many carts, a line of its own or one piece more.
func addLine(b *testing.B, l *lab) {
	s := l.postgres(b)
	name, url := s.fresh(b)
	w := newWorld(b, url)
	model := w.carts(b, 1, samePair)[0].id
	w.copyCarts(b, model, firstUse, 2*someCarts)
	cart := func(i int) string { return model[:len(model)-digits] + strconv.Itoa(firstUse+i) }
	head := fmt.Sprintf("\\set u random(%d, %d)\n\\set id random(1, 1000000000000)\n\\set a random(%d, %d)\n",
		firstUse+someCarts, firstUse+2*someCarts-1, firstNumber, firstNumber+someGoods-1)
	text := head + fmt.Sprintf(upsert, w.merchant, model[:len(model)-digits], "line_0192f0c1a2b37c4d8e5")
	const what = "add a cart line, Postgres, 16 clients"
	got := duel(b, what,
		side{"product", func(seconds float64) (f figures) {
			profiled("3_add_line", func() {
				f = during(b, clients, seconds, func(int) error {
					return w.DB.InTx(context.Background(), func(tx database.Tx) error {
						_, err := w.Orders.AddLine(tx, w.merchant, cart(rand.IntN(someCarts)), orders.LineInput{SKU: sku(rand.IntN(someGoods)), Quantity: 1})
						return err
					})
				})
			})
			return f
		}},
		side{"limit", func(seconds float64) figures {
			return figures{"rate": s.pgbench(b, name, text, forSeconds(seconds))}
		}})
	l.add(row{goal: "3", what: what, unit: "/s", product: of(got[0], "rate"), limit: of(got[1], "rate"), want: 0.6, stretch: 0.9})
}

// during has n workers do f for so many seconds.
func during(b testing.TB, n int, seconds float64, f func(worker int) error) figures {
	b.Helper()
	took := make([][]time.Duration, n)
	start := time.Now()
	end := start.Add(time.Duration(seconds * float64(time.Second)))
	crowd(b, n, func(worker int) bool {
		began := time.Now()
		if began.After(end) {
			return false
		}
		if err := f(worker); err != nil {
			b.Error(err)
			return false
		}
		took[worker] = append(took[worker], time.Since(began))
		return true
	})
	return latencies(took, time.Since(start))
}
