package database

import (
	"context"
	"sync/atomic"

	"github.com/jackc/pgx/v5"
)

// Trips counts how often something was sent to Postgres and its answer waited for: that, and not the work of a statement, is what
// most of a small transaction's time goes to. None are made to SQLite.
type Trips struct{ made atomic.Int64 }

// Made tells how many there were.
func (t *Trips) Made() int64 { return t.made.Load() }

type tripsKey struct{}

// Counted gives a context on whose behalf every round trip is counted.
func Counted(ctx context.Context) (context.Context, *Trips) {
	t := &Trips{}
	return context.WithValue(ctx, tripsKey{}, t), t
}

// tripTracer counts for the contexts that ask for it.
type tripTracer struct{}

func (tripTracer) count(ctx context.Context) context.Context {
	if t, ok := ctx.Value(tripsKey{}).(*Trips); ok {
		t.made.Add(1)
	}
	return ctx
}

// TraceQueryStart counts a statement that travels alone.
func (t tripTracer) TraceQueryStart(ctx context.Context, _ *pgx.Conn, _ pgx.TraceQueryStartData) context.Context {
	return t.count(ctx)
}

// TraceQueryEnd is nothing to count.
func (tripTracer) TraceQueryEnd(context.Context, *pgx.Conn, pgx.TraceQueryEndData) {}

// TraceBatchStart counts statements that travel together.
func (t tripTracer) TraceBatchStart(ctx context.Context, _ *pgx.Conn, _ pgx.TraceBatchStartData) context.Context {
	return t.count(ctx)
}

// TraceBatchQuery is counted with its batch.
func (tripTracer) TraceBatchQuery(context.Context, *pgx.Conn, pgx.TraceBatchQueryData) {}

// TraceBatchEnd is nothing to count.
func (tripTracer) TraceBatchEnd(context.Context, *pgx.Conn, pgx.TraceBatchEndData) {}
