package database_test

import (
	"errors"
	"testing"

	"gorm.io/gorm"

	"sotto.chat/internal/database"
	"sotto.chat/internal/testkit"
)

// note writes a row whose answer nobody needs.
func note(tx database.Tx, id string, n int64) error {
	return tx.Later(func(db *gorm.DB) error { return db.Exec("insert into notes (id, n) values (?, ?)", id, n).Error })
}

// What is written later is there for whatever is asked next, and with the commit.
func TestWhatIsWrittenLaterIsSeenNext(t *testing.T) {
	testkit.Both(t, func(t *testing.T, db *database.DB, _ *testkit.Clock) {
		open(t, db)
		for name, ask := range map[string]func(tx database.Tx, n *int64) error{
			"together": func(tx database.Tx, n *int64) error { return tx.Together(sum(n, "a", "b")) },
			"alone":    func(tx database.Tx, n *int64) error { return tx.DB().Raw("select sum(n) from notes").Scan(n).Error },
			"after a try": func(tx database.Tx, n *int64) error {
				return tx.Try(func(tx database.Tx) error { return tx.DB().Raw("select sum(n) from notes").Scan(n).Error })
			},
		} {
			var n int64
			undone := errors.New("undone")
			err := db.InTx(t.Context(), func(tx database.Tx) error {
				return errors.Join(note(tx, "a", 1), note(tx, "b", 20), ask(tx, &n), undone)
			})
			if !errors.Is(err, undone) || n != 21 || kept(t, db) != 0 {
				t.Error(name, err, n, kept(t, db))
			}
		}
		err := db.InTx(t.Context(), func(tx database.Tx) error { return errors.Join(note(tx, "a", 1), note(tx, "b", 2)) })
		if err != nil || kept(t, db) != 2 {
			t.Error("nothing was asked after it", err, kept(t, db))
		}
	})
}

// What fails that was written later fails with what comes next, under its own name, and leaves nothing; what is undone before it was sent was
// never there.
func TestWhatIsWrittenLaterFailsInTime(t *testing.T) {
	testkit.Both(t, func(t *testing.T, db *database.DB, _ *testkit.Clock) {
		open(t, db)
		twice := func(tx database.Tx) error { return errors.Join(note(tx, "a", 1), note(tx, "a", 2)) }
		for name, f := range map[string]func(tx database.Tx) error{
			"with the commit":         twice,
			"with what goes together": func(tx database.Tx) error { return errors.Join(twice(tx), tx.Together(put("b", 1))) },
			"with a statement":        func(tx database.Tx) error { return errors.Join(twice(tx), tx.DB().Exec("delete from notes").Error) },
			"with a question": func(tx database.Tx) error {
				var n int64
				return errors.Join(twice(tx), tx.DB().Raw("select count(*) from notes").Scan(&n).Error)
			},
		} {
			if err := db.InTx(t.Context(), f); !database.Duplicate(err) || kept(t, db) != 0 {
				t.Error(name, err, kept(t, db))
			}
		}
		no := errors.New("no")
		err := db.InTx(t.Context(), func(tx database.Tx) error {
			if err := tx.Try(func(tx database.Tx) error { return errors.Join(note(tx, "x", 1), no) }); !errors.Is(err, no) {
				t.Error("nothing was sent:", err)
			}
			if err := tx.Try(twice); !database.Duplicate(err) {
				t.Error("a try ends without its writes:", err)
			}
			if err := errors.Join(note(tx, "c", 3), tx.Try(func(tx database.Tx) error { return errors.Join(tx.Together(put("y", 1)), note(tx, "z", 1), no) })); !errors.Is(err, no) {
				t.Error("some was sent:", err)
			}
			return tx.Try(func(tx database.Tx) error { return note(tx, "d", 4) })
		})
		if err != nil || kept(t, db) != 2 {
			t.Error(err, kept(t, db))
		}
		for range 30 { // more than there are connections
			_ = db.InTx(t.Context(), twice)
		}
		if err := db.InTx(t.Context(), func(tx database.Tx) error { return note(tx, "e", 5) }); err != nil || kept(t, db) != 3 {
			t.Error("the connections are no longer good", err)
		}
	})
}
