package channels_test

import (
	"fmt"
	"sync/atomic"
	"testing"

	"sotto.chat/internal/database"
	"sotto.chat/internal/testkit"
)

// BenchmarkReceive stands beside the bare insert that no webhook can do without; compare the two in one run.
func BenchmarkReceive(b *testing.B) {
	for _, engine := range []string{database.SQLite, database.Postgres} {
		h := open(b, testkit.Open(b, testkit.URL(b, engine), &testkit.Clock{}), "1")
		var n atomic.Int64
		b.Run(engine+"/limit", func(b *testing.B) {
			q := "insert into notices (merchant_id, fact, message_id, at) values (?, ?, ?, ?) on conflict do nothing"
			if engine == database.Postgres {
				q = "insert into notices (merchant_id, fact, message_id, at) values ($1, $2, $3, $4) on conflict do nothing"
			}
			b.SetParallelism(32)
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					id := fmt.Sprint("wamid.limit", n.Add(1))
					if _, err := h.db.SQL.ExecContext(b.Context(), q, h.merchant, id, text("1", id, "15550001", "hello"), h.db.Now()); err != nil {
						b.Error(err)
					}
				}
			})
		})
		b.Run(engine+"/receive", func(b *testing.B) {
			b.SetParallelism(32)
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					if err := h.post([]byte(text("1", fmt.Sprint("wamid.", n.Add(1)), "15550001", "hello"))); err != nil {
						b.Error(err)
					}
				}
			})
		})
	}
}
