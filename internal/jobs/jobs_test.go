package jobs_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"sotto.chat/internal/database"
	"sotto.chat/internal/jobs"
	"sotto.chat/internal/testkit"
)

type rang struct {
	Bell string `json:"bell"`
}

func (rang) NewsKind() string { return "test.rang" }

func open(t *testing.T, db *database.DB, listen func(*jobs.Desk)) *jobs.Desk {
	t.Helper()
	d := jobs.New(db, testkit.Log(t))
	listen(d)
	if err := d.Open(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := d.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		if err := d.Stop(ctx); err != nil {
			t.Error(err)
		}
	})
	return d
}

func TestEveryListenerHearsOnceAndARollbackIsSilent(t *testing.T) {
	testkit.Both(t, func(t *testing.T, db *database.DB, _ *testkit.Clock) {
		var first, second atomic.Int64
		d := open(t, db, func(d *jobs.Desk) {
			jobs.On(d, "first", func(_ context.Context, n rang) error {
				if n.Bell != "door" {
					t.Errorf("bell %q", n.Bell)
				}
				first.Add(1)
				return nil
			})
			jobs.On(d, "second", func(context.Context, rang) error { second.Add(1); return nil })
		})
		undone := errors.New("undone")
		err := db.InTx(t.Context(), func(tx database.Tx) error {
			if err := d.Announce(tx, rang{"silent"}); err != nil {
				return err
			}
			return undone
		})
		if !errors.Is(err, undone) {
			t.Fatal(err)
		}
		if err := db.InTx(t.Context(), func(tx database.Tx) error { return d.Announce(tx, rang{"door"}) }); err != nil {
			t.Fatal(err)
		}
		testkit.Eventually(t, "both listeners heard", func() bool { return first.Load() == 1 && second.Load() == 1 })
		testkit.Eventually(t, "nothing is pending", func() bool { n, err := d.Pending(t.Context()); return err == nil && n == 0 })
	})
}

func TestEagerWorkIsDoneBeforeInTxReturns(t *testing.T) {
	testkit.Both(t, func(t *testing.T, db *database.DB, _ *testkit.Clock) {
		var n atomic.Int64
		d := open(t, db, func(d *jobs.Desk) {
			jobs.On(d, "at.once", func(context.Context, rang) error { n.Add(1); return nil })
		})
		err := db.InTx(jobs.Eager(t.Context()), func(tx database.Tx) error { return d.Announce(tx, rang{"door"}) })
		if err != nil || n.Load() != 1 {
			t.Fatal(err, n.Load())
		}
	})
}

// What nobody waits for is left to the queue, also where somebody waits for something else.
func TestWorkAsideIsLeftToTheQueue(t *testing.T) {
	testkit.Both(t, func(t *testing.T, db *database.DB, _ *testkit.Clock) {
		gate, done := make(chan struct{}), make(chan struct{})
		d := open(t, db, func(d *jobs.Desk) {
			jobs.On(d, "aside", func(ctx context.Context, _ rang) error {
				select {
				case <-gate:
					close(done)
				case <-ctx.Done():
				}
				return ctx.Err()
			})
		})
		err := db.InTx(jobs.Eager(t.Context()), func(tx database.Tx) error { return d.Announce(tx, rang{"door"}, jobs.Aside()) })
		if err != nil {
			t.Fatal(err)
		}
		close(gate) // were it done at once, nobody would come here
		<-done
	})
}

// What is promised once waits or is in hand once; when it has ended it may be promised anew.
func TestWorkIsPromisedOnce(t *testing.T) {
	testkit.Both(t, func(t *testing.T, db *database.DB, _ *testkit.Clock) {
		var begun, done atomic.Int64
		goOn := make(chan struct{})
		d := open(t, db, func(d *jobs.Desk) {
			jobs.On(d, "slow", func(context.Context, rang) error { begun.Add(1); <-goOn; done.Add(1); return nil })
		})
		promise := func(bell string, opts ...jobs.Option) {
			t.Helper()
			if err := db.InTx(t.Context(), func(tx database.Tx) error { return d.Announce(tx, rang{bell}, opts...) }); err != nil {
				t.Fatal(err)
			}
		}
		pending := func() int {
			n, err := d.Pending(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			return n
		}
		promise("later", jobs.Once(), jobs.At(time.Now().Add(time.Hour)))
		promise("later", jobs.Once(), jobs.At(time.Now().Add(time.Hour)))
		promise("door", jobs.Once())
		testkit.Eventually(t, "the work is in hand", func() bool { return begun.Load() == 1 })
		promise("door", jobs.Once())
		if n := pending(); n != 2 {
			t.Errorf("%d promises, not one that waits and one in hand", n)
		}
		close(goOn)
		testkit.Eventually(t, "the work has ended", func() bool { return pending() == 1 })
		promise("door", jobs.Once())
		testkit.Eventually(t, "the work is done anew", func() bool { return done.Load() == 2 && pending() == 1 })
	})
}

func TestAPanicIsTriedAgain(t *testing.T) {
	testkit.Both(t, func(t *testing.T, db *database.DB, _ *testkit.Clock) {
		var n atomic.Int64
		d := open(t, db, func(d *jobs.Desk) {
			jobs.On(d, "stumbles", func(context.Context, rang) error {
				if n.Add(1) == 1 {
					panic("first time")
				}
				return nil
			})
		})
		if err := db.InTx(t.Context(), func(tx database.Tx) error { return d.Announce(tx, rang{"door"}) }); err != nil {
			t.Fatal(err)
		}
		testkit.Eventually(t, "the second try", func() bool { return n.Load() == 2 })
	})
}

// A promise that was in hand when its process was killed looks like this in the table: running, in the worker's name.
func TestWorkInHandAtADeathIsTakenUpAtTheNextStart(t *testing.T) {
	testkit.Both(t, func(t *testing.T, db *database.DB, _ *testkit.Clock) {
		var n atomic.Int64
		d := jobs.New(db, testkit.Log(t))
		d.Named("counter-7")
		jobs.On(d, "dies", func(context.Context, rang) error { n.Add(1); return nil })
		if err := d.Open(t.Context()); err != nil {
			t.Fatal(err)
		}
		if err := db.InTx(t.Context(), func(tx database.Tx) error { return d.Announce(tx, rang{"door"}) }); err != nil {
			t.Fatal(err)
		}
		by := "array['elsewhere', 'counter-7']"
		if db.Engine == database.SQLite {
			by = "jsonb('[\"elsewhere\", \"counter-7\"]')"
		}
		if _, err := db.SQL.ExecContext(t.Context(), "update river_job set state = 'running', attempt = 1, attempted_at = current_timestamp, attempted_by = "+by); err != nil {
			t.Fatal(err)
		}
		if err := d.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
		testkit.Eventually(t, "the next process takes it up", func() bool { return n.Load() == 1 })
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		if err := d.Stop(ctx); err != nil {
			t.Error(err)
		}
	})
}
