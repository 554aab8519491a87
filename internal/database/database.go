// Package database opens the one database, on Postgres or SQLite, and hands out transactions as values.
package database

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"gorm.io/gorm"
	"gorm.io/gorm/logger"
)

// Engine names.
const (
	Postgres = "postgres"
	SQLite   = "sqlite"
)

// DB is the open database. Rooms reach it through InTx and Read only.
type DB struct {
	Engine string
	// Pool is set on Postgres only, SQL on both; both are for the plumbing (jobs, migrations), not for rooms.
	Pool *pgxpool.Pool
	SQL  *sql.DB
	URL  string

	gorm *gorm.DB
	now  func() time.Time
	// turn is held by the one that writes; nil on Postgres, where many do.
	turn chan struct{}
}

// Open connects to url: "sqlite:FILE" or "postgres://…". It does not migrate.
// now is the clock behind Tx.Now; nil means the wall clock.
func Open(ctx context.Context, url string, now func() time.Time) (*DB, error) {
	if now == nil {
		now = time.Now
	}
	switch {
	case strings.HasPrefix(url, "sqlite:"):
		path := strings.TrimPrefix(url, "sqlite:")
		if dir := filepath.Dir(path); dir != "." {
			if err := os.MkdirAll(dir, 0o700); err != nil {
				return nil, fmt.Errorf("make the folder of the database: %w", err)
			}
		}
		if err := ownOnly(path); err != nil {
			return nil, fmt.Errorf("make the file of the database: %w", err)
		}
		g, s, err := openSQLite(path)
		if err != nil {
			return nil, fmt.Errorf("open sqlite: %w", err)
		}
		return &DB{Engine: SQLite, SQL: s, URL: url, gorm: g, now: now, turn: make(chan struct{}, 1)}, nil
	case strings.HasPrefix(url, "postgres://"), strings.HasPrefix(url, "postgresql://"):
		g, s, pool, err := openPostgres(ctx, url)
		if err != nil {
			return nil, fmt.Errorf("open postgres: %w", err)
		}
		return &DB{Engine: Postgres, SQL: s, Pool: pool, URL: url, gorm: g, now: now}, nil
	}
	return nil, fmt.Errorf("SOTTO_DATABASE_URL: want sqlite:FILE or postgres://…, got neither")
}

// ownOnly makes the file, where there is none, for its owner alone; SQLite gives the files beside it the same rights.
// A file that is there is left alone: closing it here would drop the locks that this process may have on it.
func ownOnly(path string) error {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return nil
	}
	if err != nil {
		return err
	}
	return f.Close()
}

// Close ends all connections.
func (d *DB) Close() error {
	err := d.SQL.Close()
	if d.Pool != nil {
		d.Pool.Close()
	}
	return err
}

// Now is the clock of this database: UTC, whole microseconds, the same precision on both engines.
func (d *DB) Now() time.Time { return d.now().UTC().Truncate(time.Microsecond) }

// Read gives a handle for reads outside a transaction. Writes demand a Tx.
func (d *DB) Read(ctx context.Context) *gorm.DB { return d.gorm.WithContext(ctx) }

func config() *gorm.Config {
	return &gorm.Config{
		TranslateError: true, SkipDefaultTransaction: true,
		NowFunc: func() time.Time { return time.Now().UTC().Truncate(time.Microsecond) },
		// Values of a failed statement must never reach a log: rooms log what they mean to.
		Logger: logger.NewSlogLogger(slog.New(slog.DiscardHandler), logger.Config{
			LogLevel: logger.Silent, ParameterizedQueries: true, IgnoreRecordNotFoundError: true}),
	}
}
