package rehearsals_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"sotto.chat/internal/database"
	"sotto.chat/internal/jobs"
	"sotto.chat/internal/testkit"
	"sotto.chat/privacy"
	"sotto.chat/rehearsals"
)

// shops gives the keys of two merchants.
func shops(t *testing.T, db *database.DB) *privacy.Keys {
	t.Helper()
	keys, err := privacy.New(db, bytes.Repeat([]byte{7}, privacy.MasterLength))
	if err != nil {
		t.Fatal(err)
	}
	for _, merchant := range []string{"mer_a", "mer_b"} {
		if err := db.InTx(t.Context(), func(tx database.Tx) error { return keys.Create(tx, merchant, privacy.MerchantSubject()) }); err != nil {
			t.Fatal(err)
		}
	}
	return keys
}

// stored is what the two tables hold, as text.
func stored(t *testing.T, db *database.DB) string {
	t.Helper()
	var out strings.Builder
	for _, table := range []string{"rehearsal_scripts", "rehearsals"} {
		var rows []map[string]any
		if err := db.Read(t.Context()).Raw("select * from " + table).Scan(&rows).Error; err != nil {
			t.Fatal(err)
		}
		for _, r := range rows {
			for name, v := range r {
				if raw, ok := v.([]byte); ok {
					v = string(raw)
				}
				fmt.Fprintf(&out, "%s=%v\n", name, v)
			}
		}
	}
	return out.String()
}

// What a merchant writes and what was said in a rehearsal is sealed; what an earlier version kept in clear is read as before,
// and sealed at the next start.
func TestRehearsalsAreSealed(t *testing.T) {
	testkit.Both(t, func(t *testing.T, db *database.DB, clock *testkit.Clock) {
		must := func(err error) {
			t.Helper()
			if err != nil {
				t.Fatal(err)
			}
		}
		desk, keys := jobs.New(db, testkit.Log(t)), shops(t, db)
		room := rehearsals.New(db, keys, desk, testkit.Log(t), rehearsals.Stage{
			Check:     func(string, string) error { return nil },
			Merchants: func(context.Context, time.Time) ([]string, error) { return []string{"mer_a", "mer_b"}, nil },
			Play: func(_ context.Context, _ string, own []rehearsals.Script) (out []rehearsals.Outcome, _ int64, _ error) {
				for _, o := range own {
					out = append(out, rehearsals.Outcome{Name: o.Name, Outcome: rehearsals.Failed, Step: o.Body, Talk: "customer: " + o.Body})
				}
				return out, 1, nil
			},
		})
		must(db.InTx(t.Context(), func(tx database.Tx) error {
			for _, old := range []string{
				`insert into rehearsal_scripts (merchant_id, id, name, body, created_at, updated_at) values ('mer_a', 'scr_old', 'old', 'oldowl88', ?, ?)`,
				`insert into rehearsals (merchant_id, id, catalog, passed, failed, left_out, outcomes, started_at, ended_at) values ('mer_a', 'reh_old', 1, 0, 1, 0, '[{"name":"old","outcome":"failed","talk":"oldowl88"}]', ?, ?)`,
			} {
				if err := tx.DB().Exec(old, tx.Now, tx.Now).Error; err != nil {
					return err
				}
			}
			_, err := room.Put(tx, "mer_a", "mine", "newnightjar99")
			return err
		}))
		clock.Advance(time.Minute)
		_, err := room.Rehearse(t.Context(), "mer_a")
		must(err)
		shown := func() string {
			list, err := room.Scripts(t.Context(), "mer_a")
			must(err)
			runs, _, err := room.Runs(t.Context(), "mer_a", "", 10)
			must(err)
			return fmt.Sprint(list[0].Name, list[0].Body, list[1].Name, list[1].Body, runs[0].Outcomes, runs[1].Outcomes)
		}
		before := shown()
		if strings.Count(before, "newnightjar99") != 3 || strings.Count(before, "oldowl88") != 4 {
			t.Fatal(before)
		}
		if found := stored(t, db); strings.Contains(found, "newnightjar99") || !strings.Contains(found, "oldowl88") {
			t.Fatal(found)
		}
		for range 2 {
			must(room.Seal(t.Context()))
			if found := stored(t, db); strings.Contains(found, "oldowl88") || !strings.Contains(found, "scr_old") {
				t.Error(found)
			}
			if after := shown(); after != before {
				t.Errorf("%s, and it was %s", after, before)
			}
		}
		must(db.InTx(t.Context(), func(tx database.Tx) error { return keys.Destroy(tx, "mer_a", privacy.MerchantSubject()) }))
		clock.Advance(time.Minute)
		if list, err := room.Scripts(t.Context(), "mer_a"); !errors.Is(err, privacy.ErrForgotten) {
			t.Error("readable without the key", list, err)
		}
	})
}

// A night plays once for each shop, tells what has changed since the night before, and forgets after its time.
func TestTheNight(t *testing.T) {
	testkit.Both(t, func(t *testing.T, db *database.DB, clock *testkit.Clock) {
		must := func(err error) {
			t.Helper()
			if err != nil {
				t.Fatal(err)
			}
		}
		var played atomic.Int64
		var broken atomic.Bool
		desk, keys := jobs.New(db, testkit.Log(t)), shops(t, db)
		room := rehearsals.New(db, keys, desk, testkit.Log(t), rehearsals.Stage{
			Merchants: func(context.Context, time.Time) ([]string, error) { return []string{"mer_a", "mer_b"}, nil },
			Check: func(_, body string) error {
				if body == "bad" {
					return errors.New("bad.chat:1: no")
				}
				return nil
			},
			Play: func(_ context.Context, merchant string, own []rehearsals.Script) ([]rehearsals.Outcome, int64, error) {
				played.Add(1)
				out := []rehearsals.Outcome{{Name: "buy", Outcome: rehearsals.Passed}, {Name: "late", Outcome: rehearsals.LeftOut}}
				if merchant == "mer_a" && broken.Load() {
					out[0] = rehearsals.Outcome{Name: "buy", Outcome: rehearsals.Failed, Line: 3, Step: "cart: 2 A", Message: "it is: empty", Talk: "x"}
				}
				for _, s := range own {
					out = append(out, rehearsals.Outcome{Name: s.Name, Outcome: rehearsals.Passed})
				}
				return out, 7, nil
			},
		})
		must(desk.Open(t.Context()))
		must(desk.Start(t.Context()))
		t.Cleanup(func() { _ = desk.Stop(context.Background()) })
		runs := func(merchant string) []rehearsals.Run {
			list, _, err := room.Runs(t.Context(), merchant, "", 50)
			must(err)
			return list
		}
		night := func(want int) {
			t.Helper()
			testkit.Eventually(t, "both shops have rehearsed", func() bool {
				must(room.Night(t.Context())) // as it is asked every hour: nothing is promised while a run of the shop is in hand
				return len(runs("mer_a")) == want && len(runs("mer_b")) == want
			})
		}
		night(1)
		before := played.Load()
		must(room.Night(t.Context()))
		broken.Store(true)
		must(db.InTx(t.Context(), func(tx database.Tx) error { _, err := room.Put(tx, "mer_a", "mine", "customer: hi"); return err }))
		clock.Advance(24 * time.Hour)
		night(2)
		if played.Load() != before+2 {
			t.Error("a shop rehearsed twice in one night")
		}
		run, changes, err := room.Changes(t.Context(), "mer_a", runs("mer_a")[0].ID)
		must(err)
		if run.Passed != 1 || run.Failed != 1 || run.LeftOut != 1 || run.Catalog != 7 {
			t.Error(run)
		}
		want := "[{buy passed failed it is: empty} {mine  passed }]"
		if got := fmt.Sprint(changes); got != want {
			t.Errorf("%s, want %s", got, want)
		}
		if _, changes, err := room.Changes(t.Context(), "mer_b", runs("mer_b")[0].ID); err != nil || len(changes) != 0 {
			t.Error(changes, err)
		}
		if _, _, err := room.Changes(t.Context(), "mer_b", run.ID); !errors.Is(err, rehearsals.ErrUnknown) {
			t.Error("another shop's rehearsal is shown", err)
		}
		clock.Advance(91 * 24 * time.Hour)
		night(1)
	})
}

func TestTheMerchantsOwn(t *testing.T) {
	testkit.Both(t, func(t *testing.T, db *database.DB, _ *testkit.Clock) {
		desk, keys := jobs.New(db, testkit.Log(t)), shops(t, db)
		room := rehearsals.New(db, keys, desk, testkit.Log(t), rehearsals.Stage{Check: func(_, body string) error {
			if body == "bad" {
				return errors.New("mine:1: no")
			}
			return nil
		}})
		put := func(name, body string) (s rehearsals.Script, err error) {
			err = db.InTx(t.Context(), func(tx database.Tx) error { s, err = room.Put(tx, "mer_a", name, body); return err })
			return s, err
		}
		first, err := put(" mine ", "one")
		if err != nil || first.Name != "mine" {
			t.Fatal(first, err)
		}
		second, err := put("mine", "two")
		if err != nil || second.ID != first.ID {
			t.Error(second, err)
		}
		if list, err := room.Scripts(t.Context(), "mer_a"); err != nil || len(list) != 1 || list[0].Body != "two" {
			t.Error(list, err)
		}
		if _, err := put("bad", "bad"); !errors.Is(err, rehearsals.ErrWritten) {
			t.Error(err)
		}
		if _, err := put("a/b", "x"); !errors.Is(err, rehearsals.ErrName) {
			t.Error(err)
		}
		for i := range rehearsals.MaxScripts - 1 {
			if _, err := put(fmt.Sprint("n", i), "x"); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := put("one more", "x"); !errors.Is(err, rehearsals.ErrMany) {
			t.Error(err)
		}
		remove := func(merchant, id string) error {
			return db.InTx(t.Context(), func(tx database.Tx) error { return room.Remove(tx, merchant, id) })
		}
		if err := remove("mer_b", first.ID); !errors.Is(err, rehearsals.ErrScript) {
			t.Error("another shop's conversation is removed", err)
		}
		if err := remove("mer_a", first.ID); err != nil {
			t.Error(err)
		}
		if list, err := room.Scripts(t.Context(), "mer_a"); err != nil || len(list) != rehearsals.MaxScripts-1 {
			t.Error(len(list), err)
		}
	})
}
