package reconcile

import (
	"time"

	"sotto.chat/internal/money"
)

// Why a statement and the books differ.
const (
	MissingHere        = "missing_here"         // money there that nothing here knows of
	MissingThere       = "missing_there"        // money here that the statement does not have
	Amount             = "amount"               // both know it, with different sums
	Currency           = "currency"             // both know it, in different currencies
	DoubleThere        = "double_there"         // the statement has it twice
	RefundMissingHere  = "refund_missing_here"  // money went back that nothing here knows of, or that failed here
	RefundMissingThere = "refund_missing_there" // it went back here, and there it did not, or came back
	RefundAmount       = "refund_amount"
	DisputeMissingHere = "dispute_missing_here"
	DisputeMissing     = "dispute_missing_there"
	DisputeAmount      = "dispute_amount"
	FeeChanged         = "fee_changed"     // the fee is not the one that was told before
	PayoutMismatch     = "payout_mismatch" // a payout is not the sum of what it pays out
	NetMismatch        = "net_mismatch"    // a line does not add up
	OtherDay           = "other_day"       // both know it, on different days
	UnknownKind        = "unknown_kind"    // a line of a kind that is not known here
	WrongAccount       = "wrong_account"   // the money is in another account than the one it was asked into
	Adjusted           = "adjustment"      // the provider corrected something by hand
	Restated           = "restated"        // the statement told the line differently before
)

// causes are all causes with a sentence for whoever keeps the books.
var causes = map[string]string{
	MissingHere:        "The provider has this payment and nothing here does: find its order, or send it back.",
	MissingThere:       "This payment is written down here and the statement of its day does not have it.",
	Amount:             "The provider has another sum than the receipt.",
	Currency:           "The provider has another currency than the receipt.",
	DoubleThere:        "The statement has this twice: the second line may be money that has to go back.",
	RefundMissingHere:  "Money went back at the provider that nothing here knows of, or that failed here.",
	RefundMissingThere: "This refund is done here, and at the provider the money has not gone.",
	RefundAmount:       "The provider sent back another sum than is written down.",
	DisputeMissingHere: "A bank took money back, or gave it, and nothing here knows of that dispute or of its end.",
	DisputeMissing:     "This dispute moved money by what is written down here, and the statement does not have that.",
	DisputeAmount:      "The bank took another sum than the dispute says.",
	FeeChanged:         "The provider kept another fee than it told before.",
	PayoutMismatch:     "The payout is not the sum of the lines that it pays out.",
	NetMismatch:        "The line's amount less its fee is not its net.",
	OtherDay:           "The provider counts this on another day than the books here.",
	UnknownKind:        "This is of a kind that is not known here; it stands in the account of differences.",
	WrongAccount:       "The money is in another account at the provider than the one where it was asked for.",
	Adjusted:           "The provider corrected its account by hand; it stands in the account of differences.",
	Restated:           "The provider told this line differently before; what was told last counts.",
}

// Explain gives the sentence of a cause.
func Explain(cause string) string { return causes[cause] }

// Difference is one thing that a statement and the books say differently. It belongs to the day of its line, or else of what is here.
type Difference struct {
	Cause                               string
	Provider, Account                   string
	Payment, Order, Coin                string
	Line, OurRefund, Refund, DisputedBy string
	Here, There                         money.Money
	At                                  time.Time
}

// aMoment is how far the clocks of the two sides may be apart without a word being lost about it.
const aMoment = time.Hour

// otherDay tells whether two moments are on different days and not merely on two sides of a midnight.
func otherDay(a, b time.Time) bool {
	return a.UTC().Format(time.DateOnly) != b.UTC().Format(time.DateOnly) && a.Sub(b).Abs() > aMoment
}
