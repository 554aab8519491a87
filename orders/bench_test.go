package orders_test

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"

	"sotto.chat/internal/database"
	"sotto.chat/internal/testkit"
	"sotto.chat/orders"
)

// clients is how many buy at once.
const clients = 16

func perEngine(b *testing.B, f func(b *testing.B, w *world)) {
	for _, engine := range []string{database.SQLite, database.Postgres} {
		b.Run(engine, func(b *testing.B) {
			clock := &testkit.Clock{}
			f(b, newWorld(b, testkit.Open(b, testkit.URL(b, engine), clock), clock))
		})
	}
}

// run does f b.N times by so many clients and reports the rate.
func run(b *testing.B, f func(i int) error) {
	b.Helper()
	var next atomic.Int64
	b.SetParallelism(clients / 2)
	b.ResetTimer()
	b.RunParallel(func(p *testing.PB) {
		for p.Next() {
			if err := f(int(next.Add(1) - 1)); err != nil {
				b.Error(err)
			}
		}
	})
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "/s")
}

// settleStatistics does what the server does by itself after a minute: without it the planner guesses.
func (w *world) settleStatistics() {
	w.t.Helper()
	w.must(w.db.Read(context.Background()).Exec("analyze").Error)
}

// BenchmarkPlace places orders of two lines: of two among a thousand goods, then of the same two for everybody.
func BenchmarkPlace(b *testing.B) {
	for _, goods := range []int{1000, 2} {
		b.Run(fmt.Sprintf("goods=%d", goods), func(b *testing.B) {
			perEngine(b, func(b *testing.B, w *world) {
				for i := range goods {
					w.sell(fmt.Sprintf("g%d", i), 450, 1_000_000)
				}
				yes := make([]orders.Placing, b.N)
				for i := range yes {
					c := w.cart(w.customer(), want{fmt.Sprintf("g%d", 2*i%goods), 1}, want{fmt.Sprintf("g%d", (2*i+1)%goods), 2})
					yes[i] = orders.Placing{CartID: c.ID, Hash: w.quote(c.ID).Hash}
				}
				w.settleStatistics()
				run(b, func(i int) error {
					_, err := w.orders.PlaceNow(context.Background(), w.m.ID, yes[i])
					return err
				})
			})
		})
	}
}

// BenchmarkAddLine adds lines to a cart of each client's own.
func BenchmarkAddLine(b *testing.B) {
	perEngine(b, func(b *testing.B, w *world) {
		for i := range orders.MaxLines {
			w.sell(fmt.Sprintf("g%d", i), 450, -1)
		}
		carts := make([]string, b.N/orders.MaxLines+1)
		for i := range carts {
			carts[i] = w.cart(w.customer()).ID
		}
		w.settleStatistics()
		run(b, func(i int) error {
			return w.db.InTx(context.Background(), func(tx database.Tx) error {
				_, err := w.orders.AddLine(tx, w.m.ID, carts[i%len(carts)], orders.LineInput{SKU: fmt.Sprintf("g%d", i/len(carts)), Quantity: 1})
				return err
			})
		})
	})
}
