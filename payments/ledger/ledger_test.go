package ledger_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"sotto.chat/internal/database"
	"sotto.chat/internal/testkit"
	"sotto.chat/payments/ledger"
)

const merchant = "mer_1"

func in(t testing.TB, db *database.DB, f func(database.Tx) error) {
	t.Helper()
	if err := db.InTx(t.Context(), f); err != nil {
		t.Fatal(err)
	}
}

func sound(t testing.TB, db *database.DB) {
	t.Helper()
	findings, err := ledger.Audit(t.Context(), db, merchant)
	if err != nil || len(findings) > 0 {
		t.Fatal(findings, err)
	}
}

// Whatever the order in which facts come, and however often, the balances are those of the last want, and no entry is off.
func TestLevel(t *testing.T) {
	testkit.Both(t, func(t *testing.T, db *database.DB, clock *testkit.Clock) {
		testkit.FewerUnderRace(t, 5)
		runs := 0
		rapid.Check(t, func(r *rapid.T) {
			if runs++; runs > 30 {
				return
			}
			subject := rapid.StringMatching(`pay_[a-z]{12}`).Draw(r, "subject")
			for range rapid.IntRange(1, 5).Draw(r, "steps") {
				var want []ledger.Balance
				for _, currency := range []string{"USD", "JPY"} {
					paid, back, fee := rapid.Int64Range(0, 1000).Draw(r, "paid"), rapid.Int64Range(0, 100).Draw(r, "back"), rapid.Int64Range(-3, 3).Draw(r, "fee")
					want = append(want, ledger.Balance{Account: ledger.Provider("stripe"), Currency: currency, Amount: paid - back - fee},
						ledger.Balance{Account: ledger.Sales, Currency: currency, Amount: -paid}, ledger.Balance{Account: ledger.Refunds, Currency: currency, Amount: back},
						ledger.Balance{Account: ledger.Fees, Currency: currency, Amount: fee})
				}
				for range 2 {
					in(t, db, func(tx database.Tx) error { return ledger.Level(tx, merchant, subject, "test", want) })
				}
				have, err := ledger.Of(t.Context(), db, merchant, subject)
				if err != nil || len(ledger.Missing(want, have)) > 0 {
					r.Fatal(have, want, err)
				}
			}
		})
		sound(t, db)
		all, err := ledger.Balances(t.Context(), db, merchant)
		if err != nil || len(all) == 0 {
			t.Fatal(all, err)
		}
		sums := map[string]int64{}
		for _, b := range all {
			sums[b.Currency] += b.Amount
		}
		if sums["USD"] != 0 || sums["JPY"] != 0 {
			t.Error("the books as a whole are off:", sums)
		}
	})
}

func TestOnlyAdded(t *testing.T) {
	testkit.Both(t, func(t *testing.T, db *database.DB, clock *testkit.Clock) {
		in(t, db, func(tx database.Tx) error {
			return ledger.Level(tx, merchant, "pay_1", "paid", []ledger.Balance{{"provider:cash", "EUR", 700}, {ledger.Sales, "EUR", -700}})
		})
		err := db.InTx(t.Context(), func(tx database.Tx) error {
			return ledger.Post(tx, merchant, "pay_1", "wrong", []ledger.Balance{{ledger.Bank, "EUR", 700}, {ledger.Sales, "USD", -700}})
		})
		if err == nil || !strings.Contains(err.Error(), "off by") {
			t.Error("an entry that mixes currencies was taken:", err)
		}
		for _, sql := range []string{"update ledger_lines set amount = 1", "delete from ledger_lines", "update ledger_entries set cause = ''", "delete from ledger_entries"} {
			err := db.InTx(t.Context(), func(tx database.Tx) error { return tx.DB().Exec(sql + " where merchant_id = 'mer_1'").Error })
			if err == nil || !strings.Contains(err.Error(), "only added to") {
				t.Errorf("%s: %v", sql, err)
			}
		}
		sound(t, db)
		// What a hand in the database could still do is found.
		in(t, db, func(tx database.Tx) error {
			return tx.DB().Exec(`insert into ledger_lines (merchant_id, entry_id, account, currency, amount, subject, at) values (?, 'ent_x', 'bank', 'EUR', 5, 'pay_1', ?)`, merchant, tx.Now).Error
		})
		findings, err := ledger.Audit(t.Context(), db, merchant)
		if err != nil || len(findings) != 2 || !strings.Contains(findings[0], "off by 5 EUR") || !strings.Contains(findings[1], "belong together") {
			t.Error(findings, err)
		}
		if other, err := ledger.Audit(t.Context(), db, "mer_2"); err != nil || len(other) > 0 {
			t.Error("another merchant's books:", other, err)
		}
	})
}

func TestStatementOfAnAccount(t *testing.T) {
	testkit.Both(t, func(t *testing.T, db *database.DB, clock *testkit.Clock) {
		post := func(subject string, n int64) {
			in(t, db, func(tx database.Tx) error {
				return ledger.Post(tx, merchant, subject, "paid", []ledger.Balance{{"provider:cash", "EUR", n}, {ledger.Sales, "EUR", -n}})
			})
		}
		post("pay_1", 700)
		clock.Advance(24 * time.Hour)
		from := clock.Now().Add(-time.Hour)
		post("pay_2", 300)
		post("pay_2", -100)
		to := clock.Now().Add(time.Hour)
		clock.Advance(24 * time.Hour)
		post("pay_3", 1)
		turned, err := ledger.Turnovers(t.Context(), db, merchant, from, to)
		want := []ledger.Turnover{{"provider:cash", "EUR", 700, 300, 100, 900}, {ledger.Sales, "EUR", -700, 100, 300, -900}}
		if err != nil || !slices.Equal(turned, want) {
			t.Error(turned, err)
		}
		days, err := ledger.Days(t.Context(), db, merchant, ledger.Sales, "EUR", from.AddDate(0, 0, -1), 3)
		if err != nil || !slices.Equal(days, []int64{-700, -200, -1}) {
			t.Error(days, err)
		}
		list, err := ledger.Statement(t.Context(), db, merchant, "provider:cash", "EUR", from, to, 10)
		if err != nil || len(list) != 2 || list[0].Balance != 1000 || list[1].Balance != 900 || list[1].Subject != "pay_2" || list[1].Cause != "paid" {
			t.Errorf("%+v %v", list, err)
		}
	})
}
