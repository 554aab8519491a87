package database_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"sotto.chat/internal/database"
	"sotto.chat/internal/testkit"
)

const notes = "create table notes (id text primary key, n bigint not null check (n >= 0), at timestamp)"

func put(id string, n int64) database.Ask {
	return database.Ask{SQL: "insert into notes (id, n) values (?, ?)", Args: []any{id, n}}
}

func sum(into *int64, ids ...string) database.Ask {
	return database.Ask{SQL: "select n from notes where id in ? and n < ? order by id", Args: []any{ids, int64(1000)}, Row: func(scan func(...any) error) error {
		var n int64
		err := scan(&n)
		*into += n
		return err
	}}
}

func open(t *testing.T, db *database.DB) {
	t.Helper()
	if _, err := db.SQL.ExecContext(t.Context(), notes); err != nil {
		t.Fatal(err)
	}
}

func kept(t *testing.T, db *database.DB) (n int) {
	t.Helper()
	if err := db.SQL.QueryRowContext(t.Context(), "select count(*) from notes").Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

func TestWhatGoesTogetherSeesWhatWentBefore(t *testing.T) {
	testkit.Both(t, func(t *testing.T, db *database.DB, _ *testkit.Clock) {
		open(t, db)
		var both, late int64
		err := db.InTx(t.Context(), func(tx database.Tx) error {
			if err := tx.Together(put("a", 1), put("b", 20), sum(&both, "a", "b", "c")); err != nil {
				return err
			}
			return tx.Together(put("c", 300), put("d", 2000), sum(&late, "c", "d"))
		})
		if err != nil || both != 21 || late != 300 || kept(t, db) != 4 {
			t.Fatal(err, both, late, kept(t, db))
		}
	})
}

func TestOneFailureUndoesWhatWentTogether(t *testing.T) {
	testkit.Both(t, func(t *testing.T, db *database.DB, _ *testkit.Clock) {
		open(t, db)
		refused := errors.New("refused")
		for name, c := range map[string]struct {
			f    func(database.Tx) error
			want func(error) bool
		}{
			"a row twice": {func(tx database.Tx) error { return tx.Together(put("a", 1), put("a", 2), put("b", 1)) }, database.Duplicate},
			"a statement that none is": {func(tx database.Tx) error {
				return tx.Together(put("a", 1), database.Ask{SQL: "insert into nowhere values (?)", Args: []any{"a"}})
			}, func(err error) bool { return err != nil && !database.Duplicate(err) }},
			"a row that cannot be read": {func(tx database.Tx) error {
				return tx.Together(put("a", 1), database.Ask{SQL: "select id from notes", Row: func(func(...any) error) error { return refused }}, put("b", 1))
			}, func(err error) bool { return errors.Is(err, refused) }},
			"the caller":               {func(tx database.Tx) error { return errors.Join(tx.Together(put("a", 1)), refused) }, func(err error) bool { return errors.Is(err, refused) }},
			"before anything was said": {func(database.Tx) error { return refused }, func(err error) bool { return errors.Is(err, refused) }},
		} {
			if err := db.InTx(t.Context(), c.f); !c.want(err) {
				t.Errorf("%s: %v", name, err)
			}
			if n := kept(t, db); n != 0 {
				t.Errorf("%s left %d rows", name, n)
			}
		}
		if err := db.InTx(t.Context(), func(tx database.Tx) error { return tx.Together(put("a", 1)) }); err != nil || kept(t, db) != 1 {
			t.Error("the connections are no longer good", err)
		}
	})
}

func TestATryThatFailsLeavesTheRest(t *testing.T) {
	testkit.Both(t, func(t *testing.T, db *database.DB, _ *testkit.Clock) {
		open(t, db)
		err := db.InTx(t.Context(), func(tx database.Tx) error {
			first := tx.Try(func(tx database.Tx) error { return tx.Together(put("a", 1), put("b", 1)) })
			twice := tx.Try(func(tx database.Tx) error { return tx.Together(put("c", 1), put("a", 1)) })
			negative := tx.Try(func(tx database.Tx) error { return tx.DB().Exec("insert into notes (id, n) values ('d', -1)").Error })
			silent := tx.Try(func(database.Tx) error { return errors.New("nothing was said") })
			inner := tx.Try(func(tx database.Tx) error {
				return tx.Try(func(tx database.Tx) error { return tx.DB().Exec("insert into notes (id, n) values ('e', 1)").Error })
			})
			if first != nil || !database.Duplicate(twice) || negative == nil || silent == nil || inner != nil {
				t.Errorf("first %v, twice %v, negative %v, silent %v, inner %v", first, twice, negative, silent, inner)
			}
			return tx.Together(put("f", 1))
		})
		if err != nil || kept(t, db) != 4 {
			t.Fatal(err, kept(t, db))
		}
	})
}

func TestWhoGoesAwayLeavesNothing(t *testing.T) {
	testkit.Both(t, func(t *testing.T, db *database.DB, _ *testkit.Clock) {
		open(t, db)
		for range 30 { // more than there are connections
			ctx, gone := context.WithCancel(t.Context())
			err := db.InTx(ctx, func(tx database.Tx) error {
				if err := tx.Together(put("a", 1)); err != nil {
					return err
				}
				gone()
				return tx.Together(put("b", 1))
			})
			if err == nil || kept(t, db) != 0 {
				t.Fatal(err, kept(t, db))
			}
		}
		err := db.InTx(t.Context(), func(tx database.Tx) error { return tx.Together(put("a", 1)) })
		if err != nil || kept(t, db) != 1 {
			t.Fatal(err, kept(t, db))
		}
	})
}

// A transaction's beginning and its savepoints travel with what comes next.
func TestRoundTripsToPostgres(t *testing.T) {
	db := testkit.Open(t, testkit.URL(t, database.Postgres), &testkit.Clock{})
	open(t, db)
	at := time.Now().UTC().Truncate(time.Microsecond)
	id := 0
	next := func() string { id++; return string(rune('a' + id)) }
	for name, c := range map[string]struct {
		trips int64
		f     func(database.Tx) error
	}{
		"nothing": {0, func(database.Tx) error { return nil }},
		"three together, in a savepoint": {2, func(tx database.Tx) error {
			return tx.Try(func(tx database.Tx) error {
				return tx.Together(put(next(), 1), put(next(), 1), database.Ask{SQL: "update notes set at = ?", Args: []any{at}})
			})
		}},
		"written later": {1, func(tx database.Tx) error { return errors.Join(note(tx, next(), 1), note(tx, next(), 1)) }},
		"written later, then asked": {2, func(tx database.Tx) error {
			var n int64
			return errors.Join(note(tx, next(), 1), note(tx, next(), 1), tx.Together(sum(&n, "a")))
		}},
		"one after the other": {4, func(tx database.Tx) error {
			return errors.Join(tx.DB().Exec("insert into notes (id, n) values (?, 1)", next()).Error, tx.DB().Exec("delete from notes").Error)
		}},
	} {
		ctx, trips := database.Counted(t.Context())
		if err := db.InTx(ctx, c.f); err != nil {
			t.Fatal(name, err)
		}
		if trips.Made() != c.trips {
			t.Errorf("%s: %d round trips, want %d", name, trips.Made(), c.trips)
		}
	}
}
