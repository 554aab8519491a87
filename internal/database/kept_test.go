package database_test

import (
	"database/sql"
	"fmt"
	"sync"
	"testing"

	"sotto.chat/internal/database"
	"sotto.chat/internal/testkit"
)

// The same words may be asked again while their first answer is still being read.
func TestAStatementIsUsedWhileItIsInUse(t *testing.T) {
	testkit.Both(t, func(t *testing.T, db *database.DB, _ *testkit.Clock) {
		open(t, db)
		err := db.InTx(t.Context(), func(tx database.Tx) error {
			return tx.Together(put("a", 1), put("b", 2), put("c", 3))
		})
		if err != nil {
			t.Fatal(err)
		}
		if db.Engine == database.Postgres {
			return // one connection answers one question at a time there
		}
		conn, err := db.SQL.Conn(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = conn.Close() }()
		const above = "select id from notes where n > ? order by n"
		var said string
		read := func(from int64, each func(id string)) {
			rows, err := conn.QueryContext(t.Context(), above, from)
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = rows.Close() }()
			for rows.Next() {
				var id string
				if err := rows.Scan(&id); err != nil {
					t.Fatal(err)
				}
				each(id)
			}
		}
		for range 3 {
			read(0, func(id string) {
				said += id + "("
				read(1, func(inner string) { said += inner })
				said += ")"
			})
		}
		if said != "a(bc)b(bc)c(bc)a(bc)b(bc)c(bc)a(bc)b(bc)c(bc)" {
			t.Error(said)
		}
	})
}

// What a statement was read for may change its shape between two uses, and one that failed may succeed.
func TestAStatementOutlivesAChangeOfItsTableAndAFailure(t *testing.T) {
	testkit.Both(t, func(t *testing.T, db *database.DB, _ *testkit.Clock) {
		open(t, db)
		mark := func(i int) string {
			if db.Engine == database.Postgres {
				return fmt.Sprintf("$%d", i)
			}
			return "?"
		}
		insert := "insert into notes (id, n) values (" + mark(1) + ", " + mark(2) + ")"
		for i, want := range []bool{true, false, true} {
			id := []string{"a", "a", "b"}[i]
			if _, err := db.SQL.ExecContext(t.Context(), insert, id, 7); (err == nil) != want {
				t.Fatal(i, err)
			}
		}
		all := "select * from notes where n >= " + mark(1) + " order by id /* every column */"
		if db.Engine == database.Postgres {
			all = "select * from (select id, n from notes) notes where n >= " + mark(1) // there a changed shape is an error to its asker
		}
		columns := func() int {
			rows, err := db.SQL.QueryContext(t.Context(), all, 0)
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = rows.Close() }()
			names, err := rows.Columns()
			for rows.Next() {
				values := make([]any, len(names))
				for i := range values {
					values[i] = new(sql.RawBytes)
				}
				if err := rows.Scan(values...); err != nil {
					t.Fatal(err)
				}
			}
			if err != nil || rows.Err() != nil {
				t.Fatal(err, rows.Err())
			}
			return len(names)
		}
		before := columns()
		if _, err := db.SQL.ExecContext(t.Context(), "alter table notes add column colour text"); err != nil {
			t.Fatal(err)
		}
		if after := columns(); db.Engine == database.SQLite && after != before+1 {
			t.Errorf("%d columns, then %d", before, after)
		}
	})
}

// More statements than a connection keeps, by many at once: each gets its own answer.
func TestManyStatementsByMany(t *testing.T) {
	testkit.Both(t, func(t *testing.T, db *database.DB, _ *testkit.Clock) {
		open(t, db)
		if err := db.InTx(t.Context(), func(tx database.Tx) error { return tx.Together(put("a", 1), put("b", 20)) }); err != nil {
			t.Fatal(err)
		}
		var all sync.WaitGroup
		for range 4 {
			all.Go(func() {
				for round := range 2 {
					for i := range 250 {
						var n int64
						err := db.Together(t.Context(), database.Ask{SQL: fmt.Sprintf("select n + %d from notes where id = ?", i), Args: []any{"b"},
							Row: func(scan func(...any) error) error { return scan(&n) }})
						if err != nil || n != int64(20+i) {
							t.Errorf("round %d, statement %d: %d %v", round, i, n, err)
							return
						}
					}
				}
			})
		}
		all.Wait()
	})
}
