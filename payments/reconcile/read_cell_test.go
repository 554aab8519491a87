package reconcile_test

import (
	"strings"
	"testing"
	"time"

	"sotto.chat/internal/fault"
	"sotto.chat/payments/reconcile"
)

// TestRefusals: whoever brought a file is told the row, the column, what stands there and what must, and nothing that may be somebody's name or number.
func TestRefusals(t *testing.T) {
	const head = "id;kind;amount;fee;currency;at\n"
	now := time.Date(2026, 2, 1, 12, 0, 0, 0, time.UTC)
	for name, c := range map[string]struct{ raw, says, hides string }{
		"finer than a cent":      {head + "1;payment;5.005;;EUR;2026-01-31", `Row 2: the column "amount" has "5.005"; it must be a sum in the major unit`, ""},
		"a comma":                {head + "1;payment;5.00;;EUR;2026-01-31\n2;payment;5,00;;EUR;2026-01-31", `Row 3: the column "amount" has "5,00"`, ""},
		"a comma, not in quotes": {strings.ReplaceAll(head, ";", ",") + "1,payment,5,00,,EUR,2026-01-31", "must stand in quotes", ""},
		"no amount":              {head + "1;payment;;;EUR;2026-01-31", `the column "amount" is empty`, ""},
		"a row cut off":          {head + "1;payment;5.00", "Row 2 has 3 values and the head names 6 columns", ""},
		"another date":           {head + "1;payment;5.00;;EUR;22/11/2026", `the column "at" has "22/11/2026"; it must be a moment`, ""},
		"the future":             {head + "1;payment;5.00;;EUR;2026-11-22", "2026-11-22, which is in the future", ""},
		"no currency":            {head + "1;payment;5.00;;;2026-01-31", `the column "currency" is empty`, ""},
		"another currency":       {head + "1;payment;5.00;;XQQ;2026-01-31", `the column "currency" has "XQQ"`, ""},
		"shifted columns":        {head + "1;payment;Ana García;;EUR;2026-01-31", `the column "amount" cannot be read`, "Ana"},
		"a card's number":        {head + "1;payment;4242424242424242.1234;;EUR;2026-01-31", `the column "amount" cannot be read`, "4242"},
		"only a head":            {head, "has no lines", ""},
		"no lines":               {`{"lines":[]}`, "has no lines", ""},
		"another JSON":           {`{"rows":[]}`, "neither", ""},
		"JSON's currency":        {`{"lines":[{"id":"1","kind":"payment","amount":1,"currency":"Ana","at":"2026-01-31"}]}`, `Line 1: the column "currency"`, ""},
		"JSON's moment":          {`{"lines":[{"id":"1","kind":"payment","amount":1,"currency":"EUR","at":"31.1.2026"}]}`, `has "31.1.2026"`, ""},
	} {
		_, err := reconcile.Read(reconcile.File{Provider: "bank", Now: now, Raw: []byte(c.raw)})
		f, ok := fault.Of(err)
		if !ok || !strings.Contains(f.Detail, c.says) || c.hides != "" && strings.Contains(f.Detail, c.hides) {
			t.Errorf("%s: %v", name, err)
		}
	}
	// A span in which no money moved is a statement, if it is said which.
	day := now.Truncate(24 * time.Hour)
	for _, raw := range []string{head, `{"lines":[]}`, `{"ok":true,"result":{"transactions":[]}}`} {
		list, err := reconcile.Read(reconcile.File{Provider: "bank", From: day, To: day.AddDate(0, 0, 1), Now: now, Raw: []byte(raw)})
		if err != nil || len(list) != 1 || !list[0].From.Equal(day) {
			t.Error(raw, list, err)
		}
	}
}

// TestTwiceInOneFile: a line that has the id of an earlier one counts under a name of its own, and it is said.
func TestTwiceInOneFile(t *testing.T) {
	raw := "id,kind,amount,currency,at\nt9,payment,5,EUR,2026-01-31\nt9#2,payment,1,EUR,2026-01-31\nt9,payment,6,EUR,2026-01-31\nt9,payment,5,EUR,2026-01-31\n"
	list, err := reconcile.Read(reconcile.File{Provider: "bank", Account: "ours", Raw: []byte(raw)})
	if err != nil || len(list) != 1 || list[0].Account != "ours" || len(list[0].Warnings) != 2 {
		t.Fatalf("%+v %v", list, err)
	}
	var ids []string
	for _, l := range list[0].Lines {
		ids = append(ids, l.ID)
	}
	if got := strings.Join(ids, " "); got != "t9 t9#2 t9#3 t9#4" {
		t.Error(got)
	}
	if w := list[0].Warnings; !strings.Contains(w[0], "Line 3 below the head") || !strings.Contains(w[0], "another sum") || !strings.Contains(w[1], "the same sum") {
		t.Error(w)
	}
	again, err := reconcile.Read(reconcile.File{Provider: "bank", Account: "ours", Raw: []byte(raw + strings.Repeat("t9,payment,5,EUR,2026-01-31\n", 40))})
	if err != nil || len(again[0].Warnings) != 21 {
		t.Error(len(again[0].Warnings), err)
	}
}
