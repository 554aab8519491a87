package database

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"gorm.io/gorm"
)

// Tx is proof of an open transaction. Only InTx makes one. A function that takes a Tx joins its
// caller's transaction; a function that takes a context opens its own; none takes both.
type Tx struct {
	// Now is the moment at which the transaction began, UTC.
	Now time.Time

	db    *gorm.DB
	ctx   context.Context
	after *[]func(context.Context)
}

// DB is the handle for statements inside the transaction; for store.go files.
func (t Tx) DB() *gorm.DB { return t.db }

// Context carries the caller's deadline and its trace, for the plumbing.
func (t Tx) Context() context.Context { return t.ctx }

// AfterCommit keeps f for the moment after a successful commit. It is for speed only (a nudge, a
// cache): what must happen is promised with a job inside the transaction.
func (t Tx) AfterCommit(f func(context.Context)) { *t.after = append(*t.after, f) }

type witnessKey struct{}

// Witnessed gives a context whose transactions each call w before they commit: what w writes stands or falls with the act, and an
// error of w undoes the act.
func Witnessed(ctx context.Context, w func(Tx) error) context.Context {
	return context.WithValue(ctx, witnessKey{}, w)
}

// InTx runs f in one transaction and commits it when f returns nil. Serialization failures and
// deadlocks are tried again, so f may run more than once and must not act outside the database.
func (d *DB) InTx(ctx context.Context, f func(Tx) error) error {
	for attempt := 1; ; attempt++ {
		var after []func(context.Context)
		err := d.once(ctx, func(g *gorm.DB) error {
			tx := Tx{Now: d.Now(), db: g, ctx: ctx, after: &after}
			if err := f(tx); err != nil {
				return err
			}
			if w, ok := ctx.Value(witnessKey{}).(func(Tx) error); ok {
				return w(tx)
			}
			return nil
		})
		if err == nil {
			for _, call := range after {
				call(context.WithoutCancel(ctx))
			}
			return nil
		}
		if attempt >= 4 || !transient(err) || ctx.Err() != nil {
			if ctx.Err() != nil && !errors.Is(err, ctx.Err()) {
				return errors.Join(ctx.Err(), err)
			}
			return err
		}
	}
}

// once is one try. SQLite has one writer, and its own waiting is by polling, which starves some when many wait: here they
// queue up in the order in which they came.
func (d *DB) once(ctx context.Context, f func(*gorm.DB) error) error {
	if d.turn != nil {
		select {
		case d.turn <- struct{}{}:
			defer func() { <-d.turn }()
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return d.gorm.WithContext(ctx).Transaction(f)
}

// transient tells failures that leave nothing behind and pass when tried again: 40001 serialization_failure, 40P01
// deadlock_detected (PostgreSQL, appendix A), SQLITE_BUSY at the beginning of a transaction.
func transient(err error) bool {
	var pg *pgconn.PgError
	return busy(err) || errors.As(err, &pg) && (pg.Code == "40001" || pg.Code == "40P01")
}

// Later runs writes whose answer nobody needs. On Postgres they travel with the statement that comes next, at the latest with the commit or the
// end of a Try; what one of them fails with, that fails with. On SQLite, where nothing travels, they run at once.
func (t Tx) Later(f func(*gorm.DB) error) error {
	if p, ok := t.db.Statement.ConnPool.(*PgTx); ok {
		p.later = true
		defer func() { p.later = false }()
	}
	return f(t.db)
}

// NotFound tells whether a query found no row.
func NotFound(err error) bool { return errors.Is(err, gorm.ErrRecordNotFound) }

// Duplicate tells whether a unique rule refused a row. On Postgres the transaction is dead then:
// return the error, or do the insert inside Try.
func Duplicate(err error) bool { return errors.Is(err, gorm.ErrDuplicatedKey) }

// Try runs f under a savepoint: its failure undoes f alone and leaves the transaction usable.
func (t Tx) Try(f func(Tx) error) error {
	return t.db.Transaction(func(g *gorm.DB) error {
		inner := t
		inner.db = g
		if err := f(inner); err != nil {
			return err
		}
		if p, ok := g.Statement.ConnPool.(*PgTx); ok && p.writes() {
			return p.send(t.ctx)
		}
		return nil
	})
}
