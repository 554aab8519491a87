package database

import (
	"context"
	"database/sql"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"
	"gorm.io/gorm"
)

// Ask is one of several statements that go to the database together. Its SQL has ? for its values, and "in ?" for a list of texts.
type Ask struct {
	SQL  string
	Args []any
	// Row reads one row of the answer, and is called for each; nil where no rows are wanted.
	Row func(scan func(dest ...any) error) error
}

// Together sends statements in one round trip, with whatever of the transaction has not been sent yet. They run in their order, and
// each sees what those before it did. On SQLite, where nothing travels, they run one after the other.
func (t Tx) Together(asks ...Ask) error {
	var err error
	if p, ok := t.db.Statement.ConnPool.(*PgTx); ok {
		err = p.together(t.ctx, asks)
	} else {
		err = inTurn(t.ctx, t.db.Statement.ConnPool, asks)
	}
	if translator, ok := t.db.Dialector.(gorm.ErrorTranslator); ok && err != nil {
		return translator.Translate(err)
	}
	return err
}

// Together asks outside a transaction, for reads only.
func (d *DB) Together(ctx context.Context, asks ...Ask) error {
	if d.Pool == nil {
		return inTurn(ctx, d.SQL, asks)
	}
	results := d.Pool.SendBatch(ctx, batchOf(nil, asks))
	err := answers(results, asks)
	if closed := results.Close(); err == nil {
		err = closed
	}
	return err
}

func (t *PgTx) together(ctx context.Context, asks []Ask) error {
	b := batchOf(t.unsent, asks)
	return t.raw(func(c *pgx.Conn) error {
		results := c.SendBatch(ctx, b)
		err := t.sent(results)
		if err == nil {
			err = answers(results, asks)
		}
		if closed := results.Close(); err == nil {
			err = closed
		}
		return err
	})
}

// sent reads the answers to what was held back.
func (t *PgTx) sent(results pgx.BatchResults) error {
	for len(t.unsent) > 0 {
		if _, err := results.Exec(); err != nil {
			return err
		}
		t.unsent = t.unsent[1:]
	}
	return nil
}

func batchOf(first []held, asks []Ask) *pgx.Batch {
	b := &pgx.Batch{}
	for _, s := range first {
		b.Queue(s.sql, s.args...)
	}
	for _, a := range asks {
		text, args := a.written(func(n int) string { return "$" + strconv.Itoa(n) })
		b.Queue(text, args...)
	}
	return b
}

// answers reads what came back, in the order in which it was asked. The first failure has ended all that follow.
func answers(results pgx.BatchResults, asks []Ask) error {
	for _, a := range asks {
		if a.Row == nil {
			if _, err := results.Exec(); err != nil {
				return err
			}
			continue
		}
		rows, err := results.Query()
		if err != nil {
			return err
		}
		for rows.Next() && err == nil {
			err = a.Row(rows.Scan)
		}
		rows.Close()
		if err == nil {
			err = rows.Err()
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func inTurn(ctx context.Context, pool gorm.ConnPool, asks []Ask) error {
	for _, a := range asks {
		text, args := a.written(func(int) string { return "?" })
		if a.Row == nil {
			if _, err := pool.ExecContext(ctx, text, args...); err != nil {
				return err
			}
			continue
		}
		rows, err := pool.QueryContext(ctx, text, args...)
		if err != nil {
			return err
		}
		if err := readAll(rows, a.Row); err != nil {
			return err
		}
	}
	return nil
}

func readAll(rows *sql.Rows, row func(func(...any) error) error) error {
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		if err := row(rows.Scan); err != nil {
			return err
		}
	}
	return rows.Err()
}

// written is the statement with the engine's own marks for its values, lists taken apart.
func (a Ask) written(mark func(n int) string) (string, []any) {
	var text strings.Builder
	text.Grow(len(a.SQL) + 2*len(a.Args))
	args := make([]any, 0, len(a.Args))
	put := func(v any) {
		args = append(args, v)
		text.WriteString(mark(len(args)))
	}
	rest := a.SQL
	for _, v := range a.Args {
		before, after, _ := strings.Cut(rest, "?")
		text.WriteString(before)
		if list, ok := v.([]string); ok {
			text.WriteByte('(')
			for i, s := range list {
				if i > 0 {
					text.WriteByte(',')
				}
				put(s)
			}
			text.WriteByte(')')
		} else {
			put(v)
		}
		rest = after
	}
	text.WriteString(rest)
	return text.String(), args
}
