package database

import (
	"database/sql"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"gorm.io/gorm"
	"gorm.io/gorm/callbacks"
	"gorm.io/gorm/clause"
	"gorm.io/gorm/migrator"
	"gorm.io/gorm/schema"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// sqliteDialector is GORM over the modernc driver. Tables belong to goose, so it needs no migrator.
type sqliteDialector struct{ Conn gorm.ConnPool }

func (sqliteDialector) Name() string { return "sqlite" }

func (d sqliteDialector) Initialize(g *gorm.DB) error {
	g.ConnPool = d.Conn
	callbacks.RegisterDefaultCallbacks(g, &callbacks.Config{
		CreateClauses:        []string{"INSERT", "VALUES", "ON CONFLICT", "RETURNING"},
		UpdateClauses:        []string{"UPDATE", "SET", "FROM", "WHERE", "RETURNING"},
		DeleteClauses:        []string{"DELETE", "FROM", "WHERE", "RETURNING"},
		LastInsertIDReversed: true,
	})
	// FOR UPDATE / SKIP LOCKED mean nothing to SQLite: BEGIN IMMEDIATE has the lock already.
	g.ClauseBuilders["FOR"] = func(c clause.Clause, b clause.Builder) {
		if _, ok := c.Expression.(clause.Locking); ok {
			return
		}
		c.Build(b)
	}
	g.ClauseBuilders["LIMIT"] = func(c clause.Clause, b clause.Builder) {
		l, ok := c.Expression.(clause.Limit)
		if !ok {
			return
		}
		lim := -1
		if l.Limit != nil && *l.Limit >= 0 {
			lim = *l.Limit
		}
		if lim >= 0 || l.Offset > 0 {
			b.WriteString("LIMIT " + strconv.Itoa(lim))
		}
		if l.Offset > 0 {
			b.WriteString(" OFFSET " + strconv.Itoa(l.Offset))
		}
	}
	return nil
}

func (d sqliteDialector) Migrator(g *gorm.DB) gorm.Migrator {
	return migrator.Migrator{Config: migrator.Config{DB: g, Dialector: d}}
}
func (sqliteDialector) DataTypeOf(*schema.Field) string { return "" }
func (sqliteDialector) DefaultValueOf(f *schema.Field) clause.Expression {
	if f.AutoIncrement {
		return clause.Expr{SQL: "NULL"}
	}
	return clause.Expr{SQL: "DEFAULT"}
}
func (sqliteDialector) BindVarTo(w clause.Writer, _ *gorm.Statement, _ any) { w.WriteByte('?') }
func (sqliteDialector) QuoteTo(w clause.Writer, s string) {
	w.WriteByte('"')
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case '"':
			w.WriteString(`""`)
		case '.':
			w.WriteString(`"."`)
		default:
			w.WriteByte(s[i])
		}
	}
	w.WriteByte('"')
}

// Explain gives the statement as it is: nothing logs it, and GORM asks for it at every Scan.
func (sqliteDialector) Explain(q string, _ ...any) string { return q }
func (sqliteDialector) SavePoint(tx *gorm.DB, n string) error {
	return tx.Exec("SAVEPOINT " + n).Error
}
func (sqliteDialector) RollbackTo(tx *gorm.DB, n string) error {
	return tx.Exec("ROLLBACK TO SAVEPOINT " + n).Error
}
func (sqliteDialector) Translate(err error) error {
	var e *sqlite.Error
	if errors.As(err, &e) {
		switch e.Code() {
		case sqlite3.SQLITE_CONSTRAINT_UNIQUE, sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY:
			return gorm.ErrDuplicatedKey
		case sqlite3.SQLITE_CONSTRAINT_FOREIGNKEY:
			return gorm.ErrForeignKeyViolated
		case sqlite3.SQLITE_CONSTRAINT_CHECK:
			return gorm.ErrCheckConstraintViolated
		}
	}
	return err
}

// sqliteDSN: a destroyed key is overwritten (secure_delete); WAL with synchronous=FULL, so a commit that was answered survives a power cut; one writer
// at a time by BEGIN IMMEDIATE, the others wait up to ten seconds.
func sqliteDSN(path string) string {
	path = strings.NewReplacer("%", "%25", "?", "%3f", "#", "%23").Replace(path) // it is a URI
	return fmt.Sprintf("file:%s?_pragma=busy_timeout(10000)&_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)&_pragma=foreign_keys(1)&_pragma=temp_store(2)&_pragma=secure_delete(1)&_txlock=immediate&_time_format=sqlite&_timezone=UTC", path)
}

func openSQLite(path string) (*gorm.DB, *sql.DB, error) {
	c, err := newKeeping(sqliteDSN(path))
	if err != nil {
		return nil, nil, err
	}
	w := sql.OpenDB(c)
	w.SetMaxOpenConns(8)
	w.SetMaxIdleConns(8)
	g, err := gorm.Open(sqliteDialector{Conn: w}, config())
	return g, w, err
}

// busy tells that another process or the job queue held the database for longer than the patience above.
func busy(err error) bool {
	var e *sqlite.Error
	return errors.As(err, &e) && e.Code()&0xff == sqlite3.SQLITE_BUSY
}
