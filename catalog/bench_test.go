package catalog_test

import (
	"testing"

	"sotto.chat/catalog"
	"sotto.chat/internal/database"
	"sotto.chat/internal/id"
	"sotto.chat/internal/testkit"
)

// BenchmarkHold is the part of an order that everybody waits for: the same two skus, held by many at once.
func BenchmarkHold(b *testing.B) {
	for _, engine := range []string{database.SQLite, database.Postgres} {
		b.Run(engine, func(b *testing.B) {
			r := open(b, testkit.Open(b, testkit.URL(b, engine), &testkit.Clock{}))
			lines := []catalog.HoldLine{{VariantID: r.single("A", ptr[int64](catalog.MaxOnHand)).ID, Quantity: 1},
				{VariantID: r.single("B", ptr[int64](catalog.MaxOnHand)).ID, Quantity: 1}}
			b.ResetTimer()
			b.SetParallelism(8)
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					if err := r.hold(id.New("ord"), lines...); err != nil {
						b.Error(err)
					}
				}
			})
		})
	}
}
