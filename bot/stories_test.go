package bot_test

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"sotto.chat/bot/transcript"
	"sotto.chat/internal/database"
	"sotto.chat/internal/testkit"
)

// The stories in testdata/*.chat are transcripts that a shopkeeper can read; package transcript says how they are written.
//
// A story is a merchant of its own. Those in which no time passes and nobody works behind the bot share one database on each
// engine, at the same time; the others have one each, since a clock and the jobs of a database are one for all.
func TestStories(t *testing.T) {
	files, err := filepath.Glob("testdata/*.chat")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	for _, engine := range []string{database.SQLite, database.Postgres} {
		t.Run(engine, func(t *testing.T) {
			clock := &testkit.Clock{}
			shared := testkit.Open(t, testkit.URL(t, engine), clock)
			for _, file := range files {
				script := read(t, file)
				t.Run(strings.TrimSuffix(filepath.Base(file), ".chat"), func(t *testing.T) {
					t.Parallel()
					if !slices.ContainsFunc(script.Steps, works) {
						play(t, shared, clock, script)
						return
					}
					own := &testkit.Clock{}
					play(t, testkit.Open(t, testkit.URL(t, engine), own), own, script)
				})
			}
		})
	}
}

// works tells whether a step needs the clock or the workers of a database.
func works(s transcript.Step) bool {
	return slices.Contains([]string{"pays", "arrives", "later", "hears"}, s.What)
}

func read(t *testing.T, file string) transcript.Script {
	t.Helper()
	raw, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = raw.Close() }()
	script, err := transcript.Parse(file, raw)
	if err != nil {
		t.Fatal(err)
	}
	if script.Shop == nil {
		t.Fatalf("%s:1: a story names its shop", file)
	}
	return script
}

func play(t *testing.T, db *database.DB, clock *testkit.Clock, script transcript.Script) {
	t.Helper()
	w := newWorld(t, db, clock, setting{NewMerchant: script.Shop.NewMerchant, file: script.Shop.File, cash: script.Shop.Cash, transfer: script.Shop.Transfer})
	if r := w.Play(t.Context(), script); r.Problem != nil {
		t.Fatalf("%s\n%s\nthe talk:\n%s", r.Problem, r.Step, r.Talk)
	}
	w.audit(t)
	w.botSaid() // holds the buttons to what platforms carry
}

// audit has every room check its books: what the story did to money, stock, holds, orders and messages must agree.
func (w *world) audit(t *testing.T) {
	t.Helper()
	for name, check := range map[string]func(context.Context, string) ([]string, error){"stock": w.Catalog.Audit, "payments": w.Payments.Audit,
		"orders": w.Orders.Audit, "inbox": w.Inbox.Audit, "channels": w.Channels.Audit} {
		problems, err := check(t.Context(), w.Merchant.ID)
		w.must(err)
		for _, p := range problems {
			t.Errorf("%s: %s", name, p)
		}
	}
}
