package practice_test

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"sotto.chat/catalog"
	"sotto.chat/cmd/sotto/practice"
	"sotto.chat/lessons"
	"sotto.chat/merchants"
)

// live is a shop whose goods are a file of ours.
func live(t *testing.T) *practice.Live {
	return &practice.Live{Shop: func(context.Context, string) (merchants.Merchant, catalog.File, error) {
		in, err := os.Open("../../../bot/testdata/shop-en.json")
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = in.Close() }()
		f, _, err := catalog.DecodeFile(in)
		return merchants.Merchant{Name: "Live", Currency: "USD", Country: "US", Language: "en", HoldMinutes: 30, Settings: merchants.Settings{Pickup: true}}, f, err
	}}
}

// printed gives what f writes to stdout.
func printed(t *testing.T, f func() error) (string, error) {
	t.Helper()
	file, err := os.Create(filepath.Join(t.TempDir(), "out"))
	if err != nil {
		t.Fatal(err)
	}
	old := os.Stdout
	os.Stdout = file
	failed := f()
	os.Stdout = old
	raw, err := os.ReadFile(file.Name())
	if err != nil {
		t.Fatal(err)
	}
	return string(raw), failed
}

func write(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestTheTestCommand(t *testing.T) {
	good := write(t, "good.chat", "customer: two colas\ncart: 2 COLA = $5.00\n")
	out, err := printed(t, func() error {
		return (&practice.TestCmd{Files: []string{filepath.Dir(good)}}).Run(t.Context(), live(t))
	})
	if err != nil || !strings.Contains(out, "passed") {
		t.Errorf("%v\n%s", err, out)
	}
	bad := write(t, "bad.chat", "# wrong\ncustomer: two colas\ncart: 3 COLA\n")
	out, err = printed(t, func() error { return (&practice.TestCmd{Files: []string{good, bad}}).Run(t.Context(), live(t)) })
	if err == nil || err.Error() != "1 of 2 conversations are not as written" || !strings.Contains(out, "bad.chat:3: it is: 2 COLA") || !strings.Contains(out, "customer: two colas") {
		t.Errorf("%v\n%s", err, out)
	}
	out, err = printed(t, func() error { return (&practice.TestCmd{Files: []string{bad}, JSON: true}).Run(t.Context(), live(t)) })
	var l struct {
		Outcome, Step string
		Line          int
	}
	if e := json.Unmarshal([]byte(out), &l); e != nil || err == nil || l.Outcome != "failed" || l.Line != 3 || l.Step != "cart: 3 COLA" {
		t.Errorf("%v %v\n%s", e, err, out)
	}
	typo := write(t, "typo.chat", "custmer: hi\n")
	if _, err = printed(t, func() error { return (&practice.TestCmd{Files: []string{typo}}).Run(t.Context(), live(t)) }); err == nil || !strings.Contains(err.Error(), "typo.chat:1: nobody knows what") {
		t.Error(err)
	}
	if _, err = printed(t, func() error { return (&practice.TestCmd{}).Run(t.Context(), live(t)) }); err == nil || !strings.Contains(err.Error(), "nothing to play") {
		t.Error(err)
	}
}

func TestTheStarterSetIsACommand(t *testing.T) {
	out, err := printed(t, func() error { return (&practice.TestCmd{Starter: true}).Run(t.Context(), live(t)) })
	if err != nil || strings.Count(out, "passed") < 8 {
		t.Errorf("%v\n%s", err, out)
	}
	dir := t.TempDir()
	if out, err = printed(t, func() error { return (&practice.TestCmd{Copy: dir}).Run(t.Context(), live(t)) }); err != nil || strings.Count(out, "written") < 8 {
		t.Errorf("%v\n%s", err, out)
	}
	if out, err = printed(t, func() error { return (&practice.TestCmd{Files: []string{dir}}).Run(t.Context(), live(t)) }); err != nil || strings.Count(out, "passed") < 8 {
		t.Errorf("%v\n%s", err, out)
	}
	if out, err = printed(t, func() error { return (&practice.TestCmd{Words: true}).Run(t.Context(), live(t)) }); err != nil || !strings.Contains(out, "customer: two colas please") {
		t.Errorf("%v\n%s", err, out)
	}
}

func TestTheTryCommand(t *testing.T) {
	out, err := printed(t, func() error {
		return (&practice.TryCmd{Message: []string{"two", "colas", "flurble"}, Asked: "none"}).Run(t.Context(), live(t))
	})
	for _, want := range []string{"product COLA", "number 2", `"sku":"COLA","quantity":2`, "flurble", "language", "confidence"} {
		if err != nil || !strings.Contains(out, want) {
			t.Errorf("no %q: %v\n%s", want, err, out)
		}
	}
	out, err = printed(t, func() error {
		return (&practice.TryCmd{Message: []string{"a", "cola", "or", "a", "water"}, Asked: "none"}).Run(t.Context(), live(t))
	})
	for _, want := range []string{"it could also mean", `[{"kind":"add","sku":"WATER","quantity":1}] (0.`, "It won because", "The bot asks what is meant"} {
		if err != nil || !strings.Contains(out, want) {
			t.Errorf("no %q: %v\n%s", want, err, out)
		}
	}
	out, err = printed(t, func() error {
		return (&practice.TryCmd{Message: []string{"when are you open"}, Asked: "none", JSON: true}).Run(t.Context(), live(t))
	})
	var got lessons.Trial
	if e := json.Unmarshal([]byte(out), &got); e != nil || err != nil || got.Language != "en" || got.Question == nil || got.Question.Name != "HOURS" || len(got.Actions) != 1 || len(got.Why) < 2 {
		t.Errorf("%v %v\n%s", e, err, out)
	}
}
