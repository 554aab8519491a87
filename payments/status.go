package payments

import (
	"slices"

	"sotto.chat/internal/fault"
)

// Status is where a payment stands.
type Status string

// The statuses.
const (
	Pending           Status = "pending"
	Authorized        Status = "authorized"
	Paid              Status = "paid"
	PartiallyRefunded Status = "partially_refunded"
	Refunded          Status = "refunded"
	Failed            Status = "failed"
	Cancelled         Status = "cancelled"
	NeedsReview       Status = "needs_review"
)

// Reasons that this room gives.
const (
	ReasonProcessing    = "processing"     // pending: a slow method is on its way
	ReasonDeclined      = "declined"       // failed: the slow method did not bring the money; a new link is possible
	ReasonLate          = "late"           // paid: the money came after the end
	ReasonDouble        = "double"         // needs_review: the order was paid already
	ReasonWrongAmount   = "wrong_amount"   // needs_review
	ReasonWrongCurrency = "wrong_currency" // needs_review
	ReasonWrongMode     = "wrong_mode"     // needs_review: pretended money where real money is wanted, or the reverse
	ReasonDisputed      = "disputed"       // needs_review: the customer's bank takes the money back
	ReasonDisputeLost   = "dispute_lost"   // needs_review: it did
	ReasonRefundFailed  = "refund_failed"  // needs_review: the money of a refund came back to the shop
	ReasonNothingDue    = "nothing_due"    // paid: the sum was zero
	ReasonAccepted      = "accepted"       // paid: a person looked and took the money as good
	ReasonPart          = "part"           // paid: less came than was asked; a person took it as a part, another payment asks for the rest
	ReasonPartly        = "partly_paid"    // needs_review: the order ended with a part of its money in
)

// moves is every move that a payment may make. Money that came is never refused, so cancelled and failed lead back.
var moves = map[Status][]Status{
	Pending:           {Authorized, Paid, PartiallyRefunded, Refunded, Failed, Cancelled, NeedsReview},
	Authorized:        {Paid, PartiallyRefunded, Refunded, Failed, Cancelled, NeedsReview},
	Paid:              {PartiallyRefunded, Refunded, NeedsReview},
	PartiallyRefunded: {Paid, Refunded, NeedsReview},
	Refunded:          {Paid, PartiallyRefunded, NeedsReview},
	Failed:            {Pending, Authorized, Paid, PartiallyRefunded, Refunded, Cancelled, NeedsReview},
	Cancelled:         {Paid, PartiallyRefunded, Refunded, NeedsReview},
	NeedsReview:       {Paid, PartiallyRefunded, Refunded},
}

// May tells whether a payment may go from s to the other status.
func (s Status) May(to Status) bool { return slices.Contains(moves[s], to) }

// Known tells whether s is a status.
func (s Status) Known() bool { _, ok := moves[s]; return ok }

// ErrMove refuses a move that the table does not have.
var ErrMove = fault.New(fault.Conflict, "payment_state", "The payment's state does not allow this.")

// move changes the status, or refuses.
func (p *Payment) move(to Status, reason string) error {
	if p.Status != to && !p.Status.May(to) {
		return ErrMove.Say("A payment that is %s cannot become %s.", p.Status, to)
	}
	p.Status, p.Reason = to, reason
	return nil
}

// settled gives the status that the amounts alone ask for, once money has come.
func (p *Payment) settled() Status {
	switch {
	case p.RefundedAmount == 0:
		return Paid
	case p.RefundedAmount < p.PaidAmount:
		return PartiallyRefunded
	}
	return Refunded
}
