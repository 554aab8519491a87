package customers_test

import (
	"bytes"
	"database/sql"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"sotto.chat/customers"
	"sotto.chat/internal/database"
	"sotto.chat/internal/testkit"
	"sotto.chat/merchants"
	"sotto.chat/privacy"
)

// canaries are values that must stand nowhere in the database as they are.
var canaries = []string{"Canaria Vogelsang", "4930777123456", "canaria@example.org", "17 Kanarienweg", "sk_live_canary", "DE.Canary1", "Stefan Canario"}

// TestNoPlaintextAnywhere fills every table of these rooms and reads every column of every table.
func TestNoPlaintextAnywhere(t *testing.T) {
	testkit.Both(t, func(t *testing.T, db *database.DB, _ *testkit.Clock) {
		keys, err := privacy.New(db, bytes.Repeat([]byte{7}, privacy.MasterLength))
		if err != nil {
			t.Fatal(err)
		}
		register, people := merchants.New(db, keys), customers.New(db, keys)
		m, apiKey, err := register.Create(t.Context(), merchants.NewMerchant{Name: "Shop", Currency: "EUR", Country: "DE"})
		if err != nil {
			t.Fatal(err)
		}
		err = db.InTx(t.Context(), func(tx database.Tx) error { return live(tx, m.ID, register, people, keys) })
		if err != nil {
			t.Fatal(err)
		}
		dump, rows := everything(t, db)
		if rows < 15 || !strings.Contains(dump, m.ID) {
			t.Fatalf("only %d rows were read: this test proves nothing", rows)
		}
		places := map[string]string{"the tables": dump}
		if db.Engine == database.SQLite {
			for _, f := range filesOf(t, db) {
				raw, err := os.ReadFile(f)
				if err != nil {
					t.Fatal(err)
				}
				places[filepath.Base(f)] = string(raw)
			}
		}
		for place, content := range places {
			for _, c := range append([]string{apiKey}, canaries...) {
				for form, text := range map[string]string{"as it is": c, "in hex": hex.EncodeToString([]byte(c))} {
					if strings.Contains(strings.ToLower(content), strings.ToLower(text)) {
						t.Errorf("%.6s… stands %s in %s", c, form, place)
					}
				}
			}
		}
	})
}

// live does once all that brings personal data and secrets into these rooms.
func live(tx database.Tx, merchant string, register *merchants.Register, people *customers.People, keys *privacy.Keys) error {
	if err := register.SetCredential(tx, merchant, "stripe", map[string]string{"secret_key": "sk_live_canary"}); err != nil {
		return err
	}
	staff, err := register.AddStaff(tx, merchant, "Stefan Canario", merchants.Agent)
	if err != nil {
		return err
	}
	if _, _, err := register.NewStaffKey(tx, merchant, staff.ID, nil); err != nil {
		return err
	}
	hint := customers.Hint{Name: "Canaria Vogelsang", Language: "de"}
	if _, err := people.Recognize(tx, merchant, []customers.Identity{{Kind: customers.Phone, Value: "+4930777123456"}}, hint); err != nil {
		return err
	}
	if _, err := people.Recognize(tx, merchant, []customers.Identity{{Kind: customers.BSUID, Value: "DE.Canary1"}}, hint); err != nil {
		return err
	}
	c, err := people.Recognize(tx, merchant, []customers.Identity{{Kind: customers.Email, Value: "canaria@example.org"},
		{Kind: customers.Phone, Value: "4930777123456"}, {Kind: customers.BSUID, Value: "DE.Canary1"}}, hint)
	if err != nil {
		return err
	}
	_, err = people.Update(tx, merchant, c.ID, customers.Details{Name: "Canaria Vogelsang", Phone: "+49 30 777 123456", Email: "canaria@example.org",
		Address: &customers.Address{Text: "17 Kanarienweg", Line1: "17 Kanarienweg", City: "Bonn"}}, c.Version)
	if err != nil {
		return err
	}
	if _, err := people.RecordConsent(tx, merchant, customers.Consent{CustomerID: c.ID, Purpose: "llm", Given: true, Source: "panel"}); err != nil {
		return err
	}
	return keys.Looked(tx, merchant, privacy.CustomerSubject(c.ID), staff.ID, "read")
}

// everything writes every column of every row of every table into one text.
func everything(t *testing.T, db *database.DB) (string, int) {
	t.Helper()
	tables := "select name from sqlite_master where type = 'table'"
	if db.Engine == database.Postgres {
		tables = "select table_name from information_schema.tables where table_schema = 'public'"
	}
	var names []string
	if err := db.Read(t.Context()).Raw(tables).Scan(&names).Error; err != nil || len(names) < 20 {
		t.Fatal(names, err)
	}
	var b strings.Builder
	rows := 0
	for _, name := range names {
		r, err := db.SQL.QueryContext(t.Context(), `select * from "`+name+`"`)
		if err != nil {
			t.Fatal(err)
		}
		rows += writeRows(t, &b, r)
	}
	return b.String(), rows
}

func writeRows(t *testing.T, b *strings.Builder, r *sql.Rows) int {
	t.Helper()
	defer func() { _ = r.Close() }()
	columns, err := r.Columns()
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for ; r.Next(); n++ {
		values := make([]any, len(columns))
		for i := range values {
			values[i] = new(any)
		}
		if err := r.Scan(values...); err != nil {
			t.Fatal(err)
		}
		for _, v := range values {
			switch v := (*v.(*any)).(type) {
			case []byte:
				b.Write(v)
			default:
				fmt.Fprint(b, v)
			}
			b.WriteByte('\n')
		}
	}
	if err := r.Err(); err != nil {
		t.Fatal(err)
	}
	return n
}

// filesOf gives the database file and its log, which holds what is not yet in the file.
func filesOf(t *testing.T, db *database.DB) []string {
	t.Helper()
	list, err := filepath.Glob(strings.TrimPrefix(db.URL, "sqlite:") + "*")
	if err != nil || len(list) < 2 {
		t.Fatal(list, err)
	}
	return list
}
