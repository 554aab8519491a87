package database

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log"
	"log/slog"

	"github.com/pressly/goose/v3"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/riverdriver/riversqlite"
	"github.com/riverqueue/river/rivermigrate"
)

// migrationLock is the advisory lock that makes replicas migrate one after the other.
const migrationLock = 7263541

// Step is one step of the schema.
type Step struct {
	Version int64
	Name    string
	Applied bool
}

// Migrate brings the schema up to date: goose's steps from files (folders postgres and sqlite), then the
// job queue's own. Replicas that start together wait for each other on Postgres.
func (d *DB) Migrate(ctx context.Context, files fs.FS) error {
	unlock, err := d.lockMigrations(ctx)
	if err != nil {
		return err
	}
	defer unlock()
	p, err := d.goose(files)
	if err != nil {
		return err
	}
	if _, err := p.Up(ctx); err != nil {
		return fmt.Errorf("migrate: %w", err)
	}
	return d.migrateQueue(ctx)
}

// Steps lists the schema's steps and whether each was applied.
func (d *DB) Steps(ctx context.Context, files fs.FS) ([]Step, error) {
	p, err := d.goose(files)
	if err != nil {
		return nil, err
	}
	list, err := p.Status(ctx)
	if err != nil {
		return nil, fmt.Errorf("read the schema's state: %w", err)
	}
	var steps []Step
	for _, s := range list {
		steps = append(steps, Step{s.Source.Version, s.Source.Path, s.State == goose.StateApplied})
	}
	return steps, nil
}

func (d *DB) goose(files fs.FS) (*goose.Provider, error) {
	dialect := goose.DialectSQLite3
	if d.Engine == Postgres {
		dialect = goose.DialectPostgres
	}
	sub, err := fs.Sub(files, d.Engine)
	if err != nil {
		return nil, err
	}
	return goose.NewProvider(dialect, d.SQL, sub, goose.WithLogger(log.New(io.Discard, "", 0)))
}

func (d *DB) lockMigrations(ctx context.Context) (func(), error) {
	if d.Engine != Postgres {
		return func() {}, nil
	}
	c, err := d.Pool.Acquire(ctx)
	if err != nil {
		return nil, fmt.Errorf("reach the database: %w", err)
	}
	if _, err := c.Exec(ctx, "select pg_advisory_lock($1)", migrationLock); err != nil {
		c.Release()
		return nil, fmt.Errorf("wait for other replicas' migration: %w", err)
	}
	return func() {
		if _, err := c.Exec(context.WithoutCancel(ctx), "select pg_advisory_unlock($1)", migrationLock); err != nil {
			c.Conn().Close(context.WithoutCancel(ctx)) //nolint:errcheck // closing frees the lock, which is all that is wanted
		}
		c.Release()
	}, nil
}

func (d *DB) migrateQueue(ctx context.Context) error {
	quiet := &rivermigrate.Config{Logger: slog.New(slog.DiscardHandler)}
	var err error
	if d.Engine == Postgres {
		m, e := rivermigrate.New(riverpgxv5.New(d.Pool), quiet)
		if e == nil {
			_, e = m.Migrate(ctx, rivermigrate.DirectionUp, nil)
		}
		err = e
	} else {
		m, e := rivermigrate.New(riversqlite.New(d.SQL), quiet)
		if e == nil {
			_, e = m.Migrate(ctx, rivermigrate.DirectionUp, nil)
		}
		err = e
	}
	if err != nil {
		return errors.Join(errors.New("migrate the job queue"), err)
	}
	return nil
}
