// Package ledger keeps money by double entry: entries are only ever added, and each sums to zero in every currency.
package ledger

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"time"

	"sotto.chat/internal/database"
	"sotto.chat/internal/id"
)

// The accounts of a merchant. What is owned or spent has a plus, what is owed or earned a minus.
const (
	// Sales is what customers bought, and Refunds what of it was given back.
	Sales   = "sales"
	Refunds = "refunds"
	// Unsettled is money that nobody has taken as good yet: it waits for a person.
	Unsettled = "unsettled"
	// RefundsPending is promised to customers and not gone yet.
	RefundsPending = "refunds_pending"
	// Disputed is money that banks hold back until they have decided; DisputesLost is what they took.
	Disputed     = "disputed"
	DisputesLost = "disputes_lost"
	// Fees is what providers keep.
	Fees = "fees"
	// Bank is what providers paid out, and what customers transferred.
	Bank = "bank"
	// Cash is what lies in the till.
	Cash = "cash"
	// Differences is what a statement says and nothing here explains.
	Differences = "differences"
	// Exchange stands between the currency that customers paid and the one that a provider keeps.
	Exchange = "exchange"
)

// Provider is the account of the money that stands at a provider.
func Provider(method string) string { return "provider:" + method }

// Balance is what stands in an account, in one currency.
type Balance struct {
	Account  string
	Currency string
	Amount   int64
}

// entry is one movement: all of its lines, or none.
type entry struct {
	MerchantID string `gorm:"primaryKey"`
	ID         string `gorm:"primaryKey"`
	Subject    string
	Cause      string
	At         time.Time
}

// line is one account's part of an entry.
type line struct {
	MerchantID string `gorm:"primaryKey"`
	EntryID    string `gorm:"primaryKey"`
	Account    string `gorm:"primaryKey"`
	Currency   string `gorm:"primaryKey"`
	Amount     int64
	Subject    string
	At         time.Time
}

// Level posts one entry about a subject: the difference between what its balances ought to be and what stands there. Whatever came
// before, in whatever order, afterwards the balances are those that are wanted; wanting them twice posts nothing. The caller keeps others
// from levelling the same subject meanwhile.
func Level(tx database.Tx, merchant, subject, cause string, want []Balance) error {
	have, err := readOf(tx.DB(), merchant, subject)
	if err != nil {
		return err
	}
	return Post(tx, merchant, subject, cause, Missing(want, have))
}

// Missing gives what must be added to what stands to have what is wanted. Nothing is left of what agrees.
func Missing(want, have []Balance) []Balance {
	type place struct{ account, currency string }
	sums := map[place]int64{}
	for _, b := range want {
		sums[place{b.Account, b.Currency}] += b.Amount
	}
	for _, b := range have {
		sums[place{b.Account, b.Currency}] -= b.Amount
	}
	maps.DeleteFunc(sums, func(_ place, n int64) bool { return n == 0 })
	out := make([]Balance, 0, len(sums))
	for at, n := range sums {
		out = append(out, Balance{at.account, at.currency, n})
	}
	slices.SortFunc(out, func(a, b Balance) int {
		return cmp.Or(cmp.Compare(a.Currency, b.Currency), cmp.Compare(a.Account, b.Account))
	})
	return out
}

// Post adds one entry. It refuses lines that do not sum to zero in every currency; no lines are no entry.
func Post(tx database.Tx, merchant, subject, cause string, lines []Balance) error {
	if len(lines) == 0 {
		return nil
	}
	sums := map[string]int64{}
	e := entry{MerchantID: merchant, ID: id.New("ent"), Subject: subject, Cause: cause, At: tx.Now}
	rows := make([]line, 0, len(lines))
	for _, b := range lines {
		sums[b.Currency] += b.Amount
		rows = append(rows, line{merchant, e.ID, b.Account, b.Currency, b.Amount, subject, tx.Now})
	}
	for currency, sum := range sums {
		if sum != 0 {
			return fmt.Errorf("the entry about %s (%s) is off by %d %s", subject, cause, sum, currency)
		}
	}
	return insert(tx, e, rows)
}

// Turnover is what a span of time did to an account. Debit and Credit are what was added and what was taken, both without a sign.
type Turnover struct {
	Account                         string
	Currency                        string
	Opening, Debit, Credit, Closing int64
}

// Movement is one line of an account's statement, with the balance after it.
type Movement struct {
	EntryID, Subject, Cause string
	At                      time.Time
	Amount, Balance         int64
}
