package practice_test

import (
	"bytes"
	"context"
	"encoding/json"
	"strings"
	"testing"

	"sotto.chat/catalog"
	"sotto.chat/cmd/sotto/practice"
	"sotto.chat/internal/database"
	"sotto.chat/internal/jobs"
	"sotto.chat/internal/testkit"
	"sotto.chat/merchants"
	"sotto.chat/payments"
	"sotto.chat/privacy"
	"sotto.chat/rehearsals"
)

// A rehearsal plays with the goods of now, touches no live row but its own report, and tells what a change of goods has broken.
func TestARehearsalOfTheLiveShop(t *testing.T) {
	testkit.Both(t, func(t *testing.T, db *database.DB, _ *testkit.Clock) {
		must := func(err error) {
			t.Helper()
			if err != nil {
				t.Fatal(err)
			}
		}
		keys, err := privacy.New(db, bytes.Repeat([]byte{7}, privacy.MasterLength))
		must(err)
		desk := jobs.New(db, testkit.Log(t))
		register, goods := merchants.New(db, keys), catalog.New(db, desk)
		money := payments.New(db, register, desk, payments.Config{StripeURL: "http://127.0.0.1:1", PublicURL: "http://127.0.0.1:1", LinkKey: keys.Derive("pay-links"), Log: testkit.Log(t)})
		room := rehearsals.New(db, keys, desk, testkit.Log(t), practice.Stage(practice.Rooms{Merchants: register, Catalog: goods, Payments: money}))
		must(desk.Open(t.Context()))
		m, _, err := register.Create(t.Context(), merchants.NewMerchant{Name: "Real", Currency: "USD", Country: "US", Language: "en", Settings: merchants.Settings{Pickup: true}})
		must(err)
		_, file, err := live(t).Shop(t.Context(), "")
		must(err)
		_, err = goods.Import(t.Context(), m.ID, file, false, nil)
		must(err)
		put := func(name, body string) error {
			return db.InTx(t.Context(), func(tx database.Tx) error { _, err := room.Put(tx, m.ID, name, body); return err })
		}
		if err := put("shop.chat", "shop: x.json, USD, US, en\ncustomer: hi"); err == nil {
			t.Error("a conversation with a shop of its own is kept")
		}
		if err := put("typo.chat", "custmer: hi"); err == nil || !strings.Contains(err.Error(), "typo.chat:1") {
			t.Error(err)
		}
		must(put("water.chat", "left: WATER 3\ncustomer: two water\ncustomer: checkout\ncustomer: yes\npays\npaid: $3.00\nleft: WATER 1"))
		cmd := &practice.RehearseCmd{}
		shop := &practice.Live{Rehearsals: func(_ context.Context, _ string, f func(string, *rehearsals.Rehearsals, func(string, string) error) error) error {
			return f(m.ID, room, put)
		}}
		out, err := printed(t, func() error { return cmd.Run(t.Context(), shop) })
		if err != nil || !strings.Contains(out, "water.chat") || !strings.Contains(out, "nothing has changed") {
			t.Fatalf("%v\n%s", err, out)
		}
		for _, table := range []string{"conversations", "orders", "carts", "messages", "customers", "payments"} {
			var n int
			if must(db.SQL.QueryRow("select count(*) from " + table).Scan(&n)); n != 0 {
				t.Errorf("%d rows of %s were touched", n, table)
			}
		}
		p, err := goods.BySKU(t.Context(), m.ID, "WATER")
		must(err)
		if p.Stock() == nil || *p.Stock() != 3 {
			t.Error("live stock has moved")
		}
		price := int64(200)
		must(db.InTx(t.Context(), func(tx database.Tx) error {
			_, err := goods.Patch(tx, m.ID, p.ID, 0, catalog.Edit{Price: &price})
			return err
		}))
		cmd.JSON = true
		out, err = printed(t, func() error { return cmd.Run(t.Context(), shop) })
		var got struct {
			Failed  int
			Changes []rehearsals.Change
		}
		if e := json.Unmarshal([]byte(out), &got); e != nil || err == nil || got.Failed != 1 || len(got.Changes) != 1 || got.Changes[0].Message != "it is: $4.00" || got.Changes[0].Before != "passed" {
			t.Errorf("%v %v %+v\n%s", e, err, got, out)
		}
	})
}
