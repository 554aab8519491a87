package database

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgconn/ctxwatch"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"
	"gorm.io/driver/postgres"
	"gorm.io/gorm"
)

// pgPool makes every GORM transaction run inside a pgx.Tx of the same connection,
// so that River's InsertTx(pgx.Tx) joins plain GORM transactions.
type pgPool struct{ *sql.DB }

func (p pgPool) GetDBConn() (*sql.DB, error) { return p.DB, nil }

func (p pgPool) BeginTx(ctx context.Context, opt *sql.TxOptions) (gorm.ConnPool, error) {
	c, err := p.DB.Conn(ctx)
	if err != nil {
		return nil, err
	}
	o := pgx.TxOptions{}
	if opt != nil {
		switch opt.Isolation {
		case sql.LevelSerializable:
			o.IsoLevel = pgx.Serializable
		case sql.LevelRepeatableRead:
			o.IsoLevel = pgx.RepeatableRead
		}
		if opt.ReadOnly {
			o.AccessMode = pgx.ReadOnly
		}
	}
	t := &PgTx{Conn: c, ctx: ctx}
	err = c.Raw(func(dc any) (e error) {
		t.Tx, e = dc.(*stdlib.Conn).Conn().BeginTx(ctx, o)
		return e
	})
	if err != nil {
		return nil, errors.Join(err, c.Close())
	}
	return t, nil
}

// PgTx is the connection of a GORM transaction on Postgres; the job queue joins through With.
type PgTx struct {
	*sql.Conn
	Tx  pgx.Tx
	ctx context.Context
}

// With runs f with the pgx.Tx while database/sql holds the connection: after a cancelled
// statement database/sql gives the connection away, and a bare pgx.Tx would race with that.
func (t *PgTx) With(f func(pgx.Tx) error) error {
	return t.Conn.Raw(func(any) error { return f(t.Tx) })
}

// Commit ends the transaction, also when the caller has gone meanwhile.
func (t *PgTx) Commit() error {
	defer func() { _ = t.Close() }()
	// a context that ends during COMMIT would report failure for what was committed
	ctx, cancel := context.WithTimeout(context.WithoutCancel(t.ctx), 10*time.Second)
	defer cancel()
	return t.With(func(tx pgx.Tx) error { return tx.Commit(ctx) })
}

// Rollback undoes the transaction.
func (t *PgTx) Rollback() error {
	defer func() { _ = t.Close() }()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(t.ctx), 5*time.Second)
	defer cancel()
	err := t.With(func(tx pgx.Tx) error { return tx.Rollback(ctx) })
	switch {
	case errors.Is(err, pgx.ErrTxClosed):
		return sql.ErrTxDone
	case errors.Is(err, driver.ErrBadConn), errors.Is(err, sql.ErrConnDone):
		return nil // the connection is gone, and the transaction with it
	}
	return err
}

var _ gorm.TxCommitter = (*PgTx)(nil)
var _ gorm.ConnPoolBeginner = pgPool{}

// openPostgres makes one pool that GORM and River share. PrepareStmt stays off: with the pgx driver it
// prepares every statement again in every transaction and halves the order rate.
func openPostgres(ctx context.Context, url string) (*gorm.DB, *sql.DB, *pgxpool.Pool, error) {
	cfg, err := pgxpool.ParseConfig(url)
	if err != nil {
		// The library's message may hold the password.
		return nil, nil, nil, errors.New("SOTTO_DATABASE_URL is not a valid Postgres address")
	}
	cfg.ConnConfig.RuntimeParams["timezone"] = "UTC"
	// A cancelled request should not cost its connection. The delays stay short: the queue's listener wakes by
	// cancelling its wait, and River 0.49 hangs at its end when that takes seconds.
	cfg.ConnConfig.BuildContextWatcherHandler = func(c *pgconn.PgConn) ctxwatch.Handler {
		return &pgconn.CancelRequestContextWatcherHandler{Conn: c, CancelRequestDelay: 20 * time.Millisecond, DeadlineDelay: 100 * time.Millisecond}
	}
	if cfg.MaxConns < 20 {
		cfg.MaxConns = 20
	}
	pool, err := pgxpool.NewWithConfig(ctx, cfg)
	if err != nil {
		return nil, nil, nil, err
	}
	sqlDB := stdlib.OpenDBFromPool(pool)
	sqlDB.SetMaxIdleConns(0) // idle connections belong to the pool
	g, err := gorm.Open(postgres.New(postgres.Config{Conn: pgPool{sqlDB}}), config())
	if err != nil {
		pool.Close()
		return nil, nil, nil, fmt.Errorf("gorm: %w", err)
	}
	return g, sqlDB, pool, nil
}
