package database

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgconn/ctxwatch"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"
	"gorm.io/driver/postgres"
	"gorm.io/gorm"
)

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
	cfg.ConnConfig.Tracer = tripTracer{}
	if cfg.MaxConns < 20 {
		cfg.MaxConns = 20
	}
	pool, err := pgxpool.NewWithConfig(ctx, cfg)
	if err != nil {
		return nil, nil, nil, err
	}
	sqlDB := stdlib.OpenDBFromPool(pool)
	sqlDB.SetMaxIdleConns(0) // idle connections belong to the pool
	g, err := gorm.Open(unexplained{postgres.New(postgres.Config{Conn: pgPool{sqlDB}}).(*postgres.Dialector)}, config())
	if err != nil {
		pool.Close()
		return nil, nil, nil, fmt.Errorf("gorm: %w", err)
	}
	return g, sqlDB, pool, nil
}

// unexplained writes no statement out with its values: nothing logs it, and GORM asks for it at every Scan.
type unexplained struct{ *postgres.Dialector }

// Explain gives the statement as it is.
func (unexplained) Explain(query string, _ ...any) string { return query }
