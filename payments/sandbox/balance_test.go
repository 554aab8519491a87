package sandbox_test

import (
	"testing"

	"github.com/stripe/stripe-go/v76"
)

// A payout is the sum of what it takes out, and a second one takes out only what came since.
func TestPayoutsAreTheSumOfTheirTransactions(t *testing.T) {
	sh := open(t, newReceiver(t), nil)
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	first, second := sh.session(700), sh.session(900)
	must(sh.Approve(first.ID))
	_, err := sh.Refund(first.ID, 100)
	must(err)
	_, err = sh.Book("stripe_fee", -20, 0, "EUR")
	must(err)
	for _, want := range []int64{700 - 50 - 100 - 20, 900 - 56} {
		id, err := sh.Payout("eur")
		must(err)
		got, err := sh.api.Payouts.Get(id, nil)
		must(err)
		params := &stripe.BalanceTransactionListParams{Payout: &id}
		params.AddExpand("data.source")
		var sum, out int64
		for list := sh.api.BalanceTransactions.List(params); list.Next(); {
			if one := list.BalanceTransaction(); one.Type == stripe.BalanceTransactionTypePayout {
				out = one.Net
				if one.Source.Payout.ID != id {
					t.Error(one.Source)
				}
			} else {
				sum += one.Net
			}
		}
		if got.Amount != want || sum != want || out != -want {
			t.Errorf("paid out %d of %d, transaction %d; want %d", got.Amount, sum, out, want)
		}
		if second.ID != "" {
			must(sh.Approve(second.ID))
			second.ID = ""
		}
	}
	if _, err := sh.Payout("eur"); err == nil {
		t.Error("an empty balance was paid out")
	}
}
