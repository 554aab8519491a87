package database

import (
	"context"
	"sync/atomic"

	"github.com/jackc/pgx/v5"
)

// trips counts how often something was sent to Postgres and its answer waited for: that, and not the work of a statement, is what
// most of a small transaction's time goes to.
type trips struct{ made atomic.Int64 }

// Trips tells how many round trips to Postgres this process has made; none are made to SQLite.
func (d *DB) Trips() int64 {
	if d.trips == nil {
		return 0
	}
	return d.trips.made.Load()
}

// TraceQueryStart counts a statement that travels alone.
func (t *trips) TraceQueryStart(ctx context.Context, _ *pgx.Conn, _ pgx.TraceQueryStartData) context.Context {
	t.made.Add(1)
	return ctx
}

// TraceQueryEnd is nothing to count.
func (t *trips) TraceQueryEnd(context.Context, *pgx.Conn, pgx.TraceQueryEndData) {}

// TraceBatchStart counts statements that travel together.
func (t *trips) TraceBatchStart(ctx context.Context, _ *pgx.Conn, _ pgx.TraceBatchStartData) context.Context {
	t.made.Add(1)
	return ctx
}

// TraceBatchQuery is counted with its batch.
func (t *trips) TraceBatchQuery(context.Context, *pgx.Conn, pgx.TraceBatchQueryData) {}

// TraceBatchEnd is nothing to count.
func (t *trips) TraceBatchEnd(context.Context, *pgx.Conn, pgx.TraceBatchEndData) {}
