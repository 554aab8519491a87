package bench

import (
	"os"
	"testing"
	"time"

	"sotto.chat/internal/database"
	"sotto.chat/internal/testkit"
)

// settled is how long a server that has started is left alone before its memory is read.
const settled = 3 * time.Second

// process is goal 7: the size of the binary, how long it takes to its first good answer, and the memory that it holds
// when nobody comes. The databases are migrated and hold a shop.
func process(b *testing.B, l *lab) {
	exe := l.shipped(b)
	info, err := os.Stat(exe)
	must(b, err)
	_, url := l.postgres(b).fresh(b)
	for _, on := range []struct{ engine, url string }{{"Postgres", url}, {"SQLite", testkit.URL(b, database.SQLite)}} {
		newWorld(b, on.url)
		var ready, idle []float64
		for round := range rounds() {
			c := l.product(b, on.url)
			ready = append(ready, c.ready.Seconds())
			if round == rounds()-1 {
				pause(settled)
				if mb := c.resident(); mb > 0 {
					idle = append(idle, mb)
				}
			}
			c.stop()
		}
		l.add(row{goal: "7", what: "cold start, " + on.engine, unit: "s", product: ready, atMost: true, want: 0.6, stretch: 0.2})
		if len(idle) > 0 {
			l.add(row{goal: "7", what: "idle memory, " + on.engine, unit: "MB", product: idle, atMost: true, want: 60, stretch: 40})
		}
		say("  %s  %s starts in %s s", b.Name(), on.engine, spread(ready))
	}
	l.add(row{goal: "7", what: "stripped binary", unit: "MB", product: []float64{float64(info.Size()) / 1e6}, atMost: true, want: 60})
}
