package database

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"
	"gorm.io/driver/postgres"
	"gorm.io/gorm"
)

const begin, commit, rollback = "begin", "commit", "rollback"

// pgPool makes every GORM transaction run on one connection that the job queue's inserts can join.
type pgPool struct{ *sql.DB }

func (p pgPool) GetDBConn() (*sql.DB, error) { return p.DB, nil }

func (p pgPool) BeginTx(ctx context.Context, opt *sql.TxOptions) (gorm.ConnPool, error) {
	c, err := p.DB.Conn(ctx)
	if err != nil {
		return nil, err
	}
	how := begin
	if opt != nil {
		switch opt.Isolation {
		case sql.LevelSerializable:
			how += " isolation level serializable"
		case sql.LevelRepeatableRead:
			how += " isolation level repeatable read"
		}
		if opt.ReadOnly {
			how += " read only"
		}
	}
	return &PgTx{Conn: c, ctx: ctx, unsent: []held{{sql: how}}}, nil
}

// PgTx is the connection of a GORM transaction on Postgres; the job queue joins through With.
type PgTx struct {
	*sql.Conn
	ctx context.Context
	// unsent is what begins the transaction and its savepoints, and writes whose answer nobody needs, in their order: it travels with the
	// statement that comes next, not alone.
	unsent []held
	// later holds back every write that comes.
	later bool
}

// held is a statement that has not been sent yet.
type held struct {
	sql   string
	args  []any
	write bool
}

const savepoint = "SAVEPOINT "

// raw runs f with pgx's connection while database/sql holds it: after a cancelled statement database/sql gives the connection
// away, and a bare one would race with that.
func (t *PgTx) raw(f func(*pgx.Conn) error) error {
	return t.Conn.Raw(func(dc any) error { return f(dc.(*stdlib.Conn).Conn()) })
}

// send sends what was held back, for a statement that cannot take it along.
func (t *PgTx) send(ctx context.Context) error {
	switch len(t.unsent) {
	case 0:
		return nil
	case 1:
		err := t.raw(func(c *pgx.Conn) error { _, err := c.Exec(ctx, t.unsent[0].sql, t.unsent[0].args...); return err })
		if err == nil {
			t.unsent = nil
		}
		return translated(err)
	}
	return translated(t.together(ctx, nil))
}

// translated gives an error of Postgres as GORM names it.
func translated(err error) error {
	if err == nil {
		return nil
	}
	return postgres.Dialector{}.Translate(err)
}

// writes tells whether a write waits to be sent.
func (t *PgTx) writes() bool {
	return slices.ContainsFunc(t.unsent, func(h held) bool { return h.write })
}

// undo takes back to a savepoint what was not sent; false where the savepoint itself was sent, so that it must be asked to go back.
func (t *PgTx) undo(name string) bool {
	at := slices.IndexFunc(t.unsent, func(h held) bool { return h.sql == savepoint+name })
	t.unsent = t.unsent[:at+1]
	return at >= 0
}

// With runs f with the transaction as pgx knows it.
func (t *PgTx) With(f func(pgx.Tx) error) error {
	if err := t.send(t.ctx); err != nil {
		return err
	}
	return t.raw(func(c *pgx.Conn) error { return f(joined{c}) })
}

// ExecContext runs a statement. A savepoint waits for the next one, and so does what is written while later is set.
func (t *PgTx) ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error) {
	if len(args) == 0 && strings.HasPrefix(query, savepoint) {
		t.unsent = append(t.unsent, held{sql: query})
		return driver.RowsAffected(0), nil
	}
	if name, back := strings.CutPrefix(query, "ROLLBACK TO "+savepoint); back && len(args) == 0 && t.undo(name) {
		return driver.RowsAffected(0), nil
	}
	if t.later {
		t.unsent = append(t.unsent, held{query, args, true})
		return driver.RowsAffected(1), nil
	}
	if err := t.send(ctx); err != nil {
		return nil, err
	}
	return t.Conn.ExecContext(ctx, query, args...)
}

// QueryContext asks for rows.
func (t *PgTx) QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	if err := t.send(ctx); err != nil {
		return nil, err
	}
	return t.Conn.QueryContext(ctx, query, args...)
}

// QueryRowContext asks for one row.
func (t *PgTx) QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row {
	if t.send(ctx) != nil {
		// nothing may run before the transaction has begun, and a Row can carry no error but one of its own
		ended, end := context.WithCancel(ctx)
		end()
		ctx = ended
	}
	return t.Conn.QueryRowContext(ctx, query, args...)
}

// PrepareContext prepares a statement.
func (t *PgTx) PrepareContext(ctx context.Context, query string) (*sql.Stmt, error) {
	if err := t.send(ctx); err != nil {
		return nil, err
	}
	return t.Conn.PrepareContext(ctx, query)
}

// Commit ends the transaction, also when the caller has gone meanwhile. One that never said anything has nothing to end.
func (t *PgTx) Commit() error {
	// a context that ends during COMMIT would report failure for what was committed
	const patience = 10 * time.Second
	if !t.writes() {
		return t.end(commit, patience)
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(t.ctx), patience)
	defer cancel()
	if err := t.together(ctx, []Ask{{SQL: commit}}); err != nil {
		return errors.Join(translated(err), t.Rollback())
	}
	_ = t.Close()
	return nil
}

// Rollback undoes the transaction. Where that fails the connection ends, and Postgres undoes it.
func (t *PgTx) Rollback() error {
	err := t.end(rollback, 5*time.Second)
	if errors.Is(err, driver.ErrBadConn) || errors.Is(err, sql.ErrConnDone) {
		return nil // the connection is gone, and the transaction with it
	}
	return err
}

func (t *PgTx) end(word string, patience time.Duration) error {
	defer func() { _ = t.Close() }()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(t.ctx), patience)
	defer cancel()
	return t.raw(func(c *pgx.Conn) error {
		const idle = 'I'
		if len(t.unsent) > 0 && strings.HasPrefix(t.unsent[0].sql, begin) && c.PgConn().TxStatus() == idle {
			return nil
		}
		tag, err := c.Exec(ctx, word)
		switch {
		case err != nil && c.PgConn().TxStatus() != idle:
			return errors.Join(err, c.Close(ctx))
		case err == nil && word == commit && tag.String() == "ROLLBACK":
			return pgx.ErrTxCommitRollback
		}
		return err
	})
}

var _ gorm.TxCommitter = (*PgTx)(nil)
var _ gorm.ConnPoolBeginner = pgPool{}

// errNotOurs refuses what only the transaction's own maker may do.
var errNotOurs = errors.New("database: who joins a transaction does not end it")

// joined is the transaction of a connection for those who speak pgx. It begins and ends nothing, and has no large objects.
type joined struct{ conn *pgx.Conn }

func (j joined) Begin(context.Context) (pgx.Tx, error) { return nil, errNotOurs }
func (j joined) Commit(context.Context) error          { return errNotOurs }
func (j joined) Rollback(context.Context) error        { return errNotOurs }
func (j joined) Conn() *pgx.Conn                       { return j.conn }
func (j joined) LargeObjects() pgx.LargeObjects        { return pgx.LargeObjects{} }

func (j joined) CopyFrom(ctx context.Context, table pgx.Identifier, columns []string, rows pgx.CopyFromSource) (int64, error) {
	return j.conn.CopyFrom(ctx, table, columns, rows)
}

func (j joined) SendBatch(ctx context.Context, b *pgx.Batch) pgx.BatchResults {
	return j.conn.SendBatch(ctx, b)
}

func (j joined) Prepare(ctx context.Context, name, sql string) (*pgconn.StatementDescription, error) {
	return j.conn.Prepare(ctx, name, sql)
}

func (j joined) Exec(ctx context.Context, sql string, args ...any) (pgconn.CommandTag, error) {
	return j.conn.Exec(ctx, sql, args...)
}

func (j joined) Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error) {
	return j.conn.Query(ctx, sql, args...)
}

func (j joined) QueryRow(ctx context.Context, sql string, args ...any) pgx.Row {
	return j.conn.QueryRow(ctx, sql, args...)
}
