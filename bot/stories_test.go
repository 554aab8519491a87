package bot_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"sotto.chat/bot/transcript"
	"sotto.chat/internal/database"
	"sotto.chat/internal/testkit"
)

// The stories in testdata/*.chat are transcripts that a shopkeeper can read; package transcript says how they are written.
func TestStories(t *testing.T) {
	files, err := filepath.Glob("testdata/*.chat")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".chat"), func(t *testing.T) {
			testkit.Both(t, func(t *testing.T, db *database.DB, clock *testkit.Clock) { play(t, db, clock, file) })
		})
	}
}

func play(t *testing.T, db *database.DB, clock *testkit.Clock, file string) {
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
	w := newWorld(t, db, clock, setting{NewMerchant: script.Shop.NewMerchant, file: script.Shop.File, cash: script.Shop.Cash, transfer: script.Shop.Transfer})
	if r := w.Play(t.Context(), script); r.Problem != nil {
		t.Fatalf("%s\n%s\nthe talk:\n%s", r.Problem, r.Step, r.Talk)
	}
	w.audit(t)
	for _, m := range w.botSaid() {
		for _, b := range m.Content.Buttons {
			if len(b.Tap) > 60 {
				t.Errorf("the tap of %q is longer than platforms carry: %q", b.Label, b.Tap)
			}
		}
	}
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
