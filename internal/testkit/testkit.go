// Package testkit gives tests a fresh migrated database on each engine and a clock that they set.
package testkit

import (
	"context"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"testing"
	"time"

	"sotto.chat/internal/database"
	"sotto.chat/migrations"
)

// Clock is a time that moves only when a test says so, or follows the wall clock plus an offset.
type Clock struct {
	mu     sync.Mutex
	offset time.Duration
}

// Now is the wall clock plus what Advance added.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return time.Now().UTC().Add(c.offset)
}

// Advance moves the clock forward.
func (c *Clock) Advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.offset += d
}

// Log shows what the program logs only when the test fails.
func Log(t testing.TB) *slog.Logger {
	return slog.New(slog.NewTextHandler(testWriter{t}, &slog.HandlerOptions{Level: slog.LevelDebug}))
}

type testWriter struct{ t testing.TB }

// Write passes a line to the test's log, which drops lines that come after its end.
func (w testWriter) Write(b []byte) (int, error) {
	w.t.Helper()
	if w.t.Context().Err() == nil {
		w.t.Log(string(b))
	}
	return len(b), nil
}

// Both runs f once on SQLite and once on Postgres, each on a fresh migrated database.
func Both(t *testing.T, f func(t *testing.T, db *database.DB, clock *Clock)) {
	t.Helper()
	for _, engine := range []string{database.SQLite, database.Postgres} {
		t.Run(engine, func(t *testing.T) {
			clock := &Clock{}
			f(t, Open(t, URL(t, engine), clock), clock)
		})
	}
}

// Open opens a database and closes it at the end of the test.
func Open(t testing.TB, url string, clock *Clock) *database.DB {
	t.Helper()
	db, err := database.Open(context.Background(), url, clock.Now)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return db
}

// URL makes a fresh migrated database on the engine and gives its address.
func URL(t testing.TB, engine string) string {
	t.Helper()
	if engine == database.SQLite {
		return sqliteCopy(t)
	}
	return postgresCopy(t)
}

var sqliteTemplate = sync.OnceValues(func() ([]byte, error) {
	dir, err := os.MkdirTemp("", "sotto-template")
	if err != nil {
		return nil, err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	file := filepath.Join(dir, "t.db")
	if err := migrate("sqlite:" + file); err != nil {
		return nil, err
	}
	return os.ReadFile(file)
})

func sqliteCopy(t testing.TB) string {
	image, err := sqliteTemplate()
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "shop.db")
	if err := os.WriteFile(file, image, 0o600); err != nil {
		t.Fatal(err)
	}
	return "sqlite:" + file
}

func migrate(url string) error {
	ctx := context.Background()
	db, err := database.Open(ctx, url, nil)
	if err != nil {
		return err
	}
	if err := db.Migrate(ctx, migrations.Files); err != nil {
		return fmt.Errorf("migrate the template: %w", err)
	}
	return db.Close() // closing the last connection folds the WAL into the file
}

// Eventually waits until ok is true, or fails the test after a generous while.
func Eventually(t testing.TB, what string, ok func() bool) {
	t.Helper()
	deadline := time.Now().Add(60 * time.Second)
	for !ok() {
		if time.Now().After(deadline) {
			t.Fatalf("waited in vain: %s", what)
		}
		time.Sleep(10 * time.Millisecond)
	}
}

// FewerUnderRace has a property test try only so many histories while the race detector is on.
func FewerUnderRace(t testing.TB, checks int) {
	t.Helper()
	f := flag.Lookup("rapid.checks")
	if !Race || f == nil {
		return
	}
	usual := f.Value.String()
	if err := f.Value.Set(strconv.Itoa(checks)); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.Value.Set(usual) })
}

// Shared gives the path of the outside specifications and vectors below SOTTO_SHARED, or skips the test
// with a sentence when they are absent.
func Shared(t testing.TB, parts ...string) string {
	t.Helper()
	root := os.Getenv("SOTTO_SHARED")
	if root == "" {
		root = filepath.Join(ModuleRoot(t), "..", "shared")
	}
	path := filepath.Join(append([]string{root}, parts...)...)
	if _, err := os.Stat(path); err != nil {
		t.Skipf("the outside specifications are not here (set SOTTO_SHARED): %s", filepath.Join(parts...))
	}
	return path
}

// ModuleRoot gives the folder of go.mod.
func ModuleRoot(t testing.TB) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for ; dir != filepath.Dir(dir); dir = filepath.Dir(dir) {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir
		}
	}
	t.Fatal("no go.mod above the test")
	return ""
}
