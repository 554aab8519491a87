package database

import (
	"context"
	"database/sql/driver"
	"fmt"

	"modernc.org/sqlite"
)

// maxKept bounds the statements that one connection keeps; each takes some kilobytes.
const maxKept = 96

// keeping is SQLite's connector with connections that keep their statements ready. To read a statement anew for every use
// takes a third of a small transaction's time.
type keeping struct{ driver.Connector }

func newKeeping(dsn string) (driver.Connector, error) {
	c, err := sqlite.NewConnector(dsn)
	return keeping{c}, err
}

// Connect opens a connection.
func (k keeping) Connect(ctx context.Context) (driver.Conn, error) {
	c, err := k.Connector.Connect(ctx)
	if err != nil {
		return nil, err
	}
	able, ok := c.(sqliteConn)
	if !ok {
		return nil, fmt.Errorf("database: a connection of type %T cannot keep statements", c)
	}
	return &keptConn{sqliteConn: able, kept: map[string]*keptStmt{}}, nil
}

// sqliteConn is what database/sql uses of a connection.
type sqliteConn interface {
	driver.Conn
	driver.ConnBeginTx
	driver.ConnPrepareContext
	driver.ExecerContext
	driver.QueryerContext
	driver.Pinger
	driver.SessionResetter
	driver.Validator
}

type sqliteStmt interface {
	driver.Stmt
	driver.StmtExecContext
	driver.StmtQueryContext
}

// keptConn is a connection with the statements that nobody is using now. Only one goroutine uses a connection at a time.
type keptConn struct {
	sqliteConn
	kept map[string]*keptStmt
	uses int
}

type keptStmt struct {
	sqliteStmt
	text string
	used int
}

// take gives a statement to one user: the same text asked for meanwhile is another statement.
func (c *keptConn) take(ctx context.Context, text string) (*keptStmt, error) {
	if s, ok := c.kept[text]; ok {
		delete(c.kept, text)
		return s, nil
	}
	made, err := c.PrepareContext(ctx, text)
	if err != nil {
		return nil, err
	}
	able, ok := made.(sqliteStmt)
	if !ok {
		return nil, fmt.Errorf("database: a statement of type %T cannot be kept", made)
	}
	return &keptStmt{sqliteStmt: able, text: text}, nil
}

// give puts a statement back for the next user. One that failed is not trusted again.
func (c *keptConn) give(s *keptStmt, err error) {
	if _, there := c.kept[s.text]; there || err != nil || c.kept == nil {
		_ = s.Close()
		return
	}
	if len(c.kept) >= maxKept {
		var oldest *keptStmt
		for _, k := range c.kept {
			if oldest == nil || k.used < oldest.used {
				oldest = k
			}
		}
		delete(c.kept, oldest.text)
		_ = oldest.Close()
	}
	c.uses++
	s.used = c.uses
	c.kept[s.text] = s
}

// ExecContext runs a statement. Those without values (BEGIN, PRAGMA, scripts) are rare, or made by SQLite's own driver.
func (c *keptConn) ExecContext(ctx context.Context, text string, args []driver.NamedValue) (driver.Result, error) {
	if len(args) == 0 {
		return c.sqliteConn.ExecContext(ctx, text, args)
	}
	s, err := c.take(ctx, text)
	if err != nil {
		return nil, err
	}
	r, err := s.ExecContext(ctx, args)
	c.give(s, err)
	return r, err
}

// QueryContext asks for rows; the statement is free again when they are closed.
func (c *keptConn) QueryContext(ctx context.Context, text string, args []driver.NamedValue) (driver.Rows, error) {
	if len(args) == 0 {
		return c.sqliteConn.QueryContext(ctx, text, args)
	}
	s, err := c.take(ctx, text)
	if err != nil {
		return nil, err
	}
	rows, err := s.QueryContext(ctx, args)
	if err != nil {
		c.give(s, err)
		return nil, err
	}
	able, ok := rows.(sqliteRows)
	if !ok {
		_ = rows.Close()
		c.give(s, errStrangeRows)
		return nil, errStrangeRows
	}
	return &keptRows{sqliteRows: able, conn: c, stmt: s}, nil
}

var errStrangeRows = fmt.Errorf("database: SQLite's rows do not tell the types of their columns")

// Close ends the connection and its statements.
func (c *keptConn) Close() error {
	for _, s := range c.kept {
		_ = s.Close()
	}
	c.kept = nil
	return c.sqliteConn.Close()
}

// sqliteRows is what database/sql and GORM use of rows.
type sqliteRows interface {
	driver.Rows
	driver.RowsColumnTypeDatabaseTypeName
	driver.RowsColumnTypeLength
	driver.RowsColumnTypeNullable
	driver.RowsColumnTypePrecisionScale
	driver.RowsColumnTypeScanType
}

type keptRows struct {
	sqliteRows
	conn *keptConn
	stmt *keptStmt
}

// Close ends the reading, once.
func (r *keptRows) Close() error {
	if r.stmt == nil {
		return nil
	}
	err := r.sqliteRows.Close()
	r.conn.give(r.stmt, err)
	r.stmt = nil
	return err
}
