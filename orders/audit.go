package orders

import (
	"context"
	"fmt"
)

// Audit compares orders with their lines, their money, their goods, their history and their carts, and gives a
// sentence for each place where they disagree. Each comparison is one statement, so it sees one moment of the shop and
// is right beside a working one.
func (o *Orders) Audit(ctx context.Context, merchant string) ([]string, error) {
	q := o.db.Read(ctx)
	var out []string
	for _, check := range []func(query, string) ([]string, error){auditSums, auditMoney, auditHolds, auditRest} {
		found, err := check(q, merchant)
		if err != nil {
			return nil, fmt.Errorf("audit the orders: %w", err)
		}
		out = append(out, found...)
	}
	return out, nil
}

// moneyCount is what the payments of one order amount to, counted by where they stand.
type moneyCount struct {
	ID                                 string
	Status                             Status
	Total                              int64
	Live, Good, Review, Back, Accepted int64
}

// problem says what is wrong between an order's status and its payments, "" when nothing is.
func (m moneyCount) problem() string {
	switch m.Status {
	case AwaitingPayment:
		switch {
		case m.Good > 0:
			return "waits for money that has come"
		case m.Live == 0 && m.Review == 0:
			return "waits for money, but no payment is expected"
		case m.Live > 1:
			return fmt.Sprintf("expects %d payments at once", m.Live)
		}
	case Paid, Fulfilled, Completed:
		switch {
		case m.Total > 0 && m.Good+m.Review+m.Back == 0:
			return "counts as paid, but no payment brought the money"
		case m.Good > 1:
			return fmt.Sprintf("was paid %d times, and nobody is asked to look", m.Good)
		case m.Live > 0:
			return "is paid, but another payment is expected"
		}
	case Cancelled, Expired:
		switch {
		case m.Live > 0:
			return "is over, but a payment is still expected"
		case m.Good > m.Accepted:
			return "is over, but its money is neither refunded nor before a person"
		}
	}
	return ""
}
