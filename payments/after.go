package payments

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"slices"
	"strings"

	"sotto.chat/internal/database"
	"sotto.chat/internal/fault"
	"sotto.chat/internal/id"
	"sotto.chat/internal/money"
	"sotto.chat/payments/accounts"
	"sotto.chat/payments/evidence"
)

// after brings refunds and disputes of a counted coin up to date, whoever made them, and the payment's status with them.
func (s *settlement) after(coin receipt) error {
	trouble, err := mergeRefunds(s.tx, s.pay, coin, s.r.Refunds)
	if err != nil {
		return err
	}
	odd, err := level(s.tx, s.pay, coin, s.r.Back)
	if err != nil {
		return err
	}
	if trouble == "" {
		trouble = odd
	}
	contested, err := mergeDisputes(s.tx, s.pay, s.r.Disputes)
	if err != nil {
		return err
	}
	s.changed = s.changed || len(s.r.Refunds)+len(s.r.Disputes) > 0 || s.r.Back != nil
	return weigh(s.tx, &s.pay, coin, trouble, contested)
}

// mergeRefunds stores the provider's refunds by their ids. One that we asked for and whose answer was lost is known by the id that
// we wrote on it. It gives the reason why a person must look, if there is one now: a refund failed, or more went back than came, or
// in another currency.
func mergeRefunds(tx database.Tx, pay Payment, coin receipt, list []remoteRefund) (trouble string, err error) {
	if len(list) == 0 {
		return "", nil
	}
	rows, err := readRefunds(tx.DB(), pay.MerchantID, pay.ID)
	if err != nil {
		return "", err
	}
	for _, r := range failedFirst(list) {
		row := matching(rows, r)
		if row == nil {
			fresh, odd := atProvider(tx, pay, coin, rows, r)
			switch {
			case odd != "":
				trouble = odd
			case fresh.Status == RefundFailed: // whether anybody heard of it before it failed must not matter
				trouble = ReasonRefundFailed
			}
			if fresh.Amount < 1 {
				continue
			}
			if err := insertRefund(tx, &fresh); err != nil {
				return trouble, err
			}
			rows = append(rows, fresh)
			continue
		}
		if row.ExternalID != "" && refundRank(r.Status) <= refundRank(row.Status) {
			if err := regain(tx, coin, rows, row, r); err != nil {
				return trouble, err
			}
			continue
		}
		if r.Status == RefundFailed && row.Status != RefundFailed {
			trouble = ReasonRefundFailed
		}
		row.Status, row.ExternalID = r.Status, r.ID
		if err := saveRefund(tx, row); err != nil {
			return trouble, err
		}
	}
	return trouble, nil
}

// atProvider is the row of a refund that was made at the provider's side. More than came cannot go back of it.
func atProvider(tx database.Tx, pay Payment, coin receipt, rows []Refund, r remoteRefund) (fresh Refund, odd string) {
	fresh = Refund{MerchantID: pay.MerchantID, ID: id.New("ref"), PaymentID: pay.ID, Amount: r.Amount.Amount, Currency: r.Amount.Currency,
		Status: r.Status, Cause: CauseAtProvider, ExternalID: r.ID, Attempt: 1, CreatedAt: r.Created, UpdatedAt: tx.Now}
	if r.Amount.Currency != coin.Currency {
		return fresh, ReasonWrongCurrency
	}
	if room := roomFor(coin, rows); r.Status != RefundFailed && fresh.Amount > room {
		fresh.Amount, odd = room, ReasonWrongAmount
	}
	return fresh, odd
}

// roomFor is what of a coin has not gone back by refunds that the provider told of by name.
func roomFor(coin receipt, rows []Refund) int64 {
	room := coin.Amount
	for _, old := range rows {
		if _, made := filling(old); !made && old.ExternalID != "" && old.Status != RefundFailed && old.Currency == coin.Currency {
			room -= old.Amount
		}
	}
	return room
}

// regain gives a refund its whole sum, of which there was no room while another was believed that had failed.
func regain(tx database.Tx, coin receipt, rows []Refund, row *Refund, told remoteRefund) error {
	more := min(told.Amount.Amount-row.Amount, roomFor(coin, rows))
	if row.ID == told.Ours || row.Status == RefundFailed || row.Currency != told.Amount.Currency || more <= 0 {
		return nil
	}
	row.Amount += more
	return resizeRefund(tx, row, row.Amount)
}

// failedFirst makes room for the refunds that stand.
func failedFirst(list []remoteRefund) []remoteRefund {
	return slices.SortedStableFunc(slices.Values(list), func(a, b remoteRefund) int { return cmp.Compare(refundRank(b.Status), refundRank(a.Status)) })
}

func matching(rows []Refund, r remoteRefund) *Refund {
	for i := range rows {
		if rows[i].ExternalID == r.ID || rows[i].ExternalID == "" && rows[i].ID == r.Ours {
			return &rows[i]
		}
	}
	for i := range rows {
		// We asked for it and have no answer yet; the provider that tells of just this sum means ours.
		if r.nameless && rows[i].ExternalID == "" && rows[i].Status == RefundPending && money.Of(rows[i].Amount, rows[i].Currency) == r.Amount {
			return &rows[i]
		}
	}
	return nil
}

// refundRank orders a refund's states: what failed after success does not succeed again.
func refundRank(status string) int {
	switch status {
	case RefundPending:
		return 0
	case RefundSucceeded:
		return 1
	}
	return 2
}

// mergeDisputes stores the provider's disputes and tells whether one is new or moved.
func mergeDisputes(tx database.Tx, pay Payment, list []remoteDispute) (moved bool, err error) {
	if len(list) == 0 {
		return false, nil
	}
	rows, err := readDisputes(tx.DB(), pay.MerchantID, pay.ID)
	if err != nil {
		return false, err
	}
	before := map[string]string{}
	for _, d := range rows {
		before[d.ID] = d.Status
	}
	for _, d := range list {
		old, known := before[d.ID]
		if known && disputeRank(d.Status) <= disputeRank(old) {
			continue // nothing new, or an old reading
		}
		row := Dispute{MerchantID: pay.MerchantID, ID: d.ID, PaymentID: pay.ID, Amount: d.Amount.Amount, Currency: d.Amount.Currency,
			Status: d.Status, Reason: d.Reason, CreatedAt: d.Created, UpdatedAt: tx.Now}
		if err := putDispute(tx, &row); err != nil {
			return moved, err
		}
		moved = true
	}
	return moved, nil
}

// What can be wrong with evidence.
var (
	ErrNoDispute = fault.New(fault.Conflict, "no_open_dispute", "There is no open dispute about this payment to which evidence could be handed in.")
	ErrHandedIn  = fault.New(fault.Conflict, "evidence_refused", "Stripe does not take evidence for this dispute any more.")
)

// Contested gives the dispute of a payment that waits for evidence.
func (p *Payments) Contested(ctx context.Context, merchant, paymentID string) (Dispute, error) {
	list, err := p.Disputes(ctx, merchant, paymentID)
	if err != nil {
		return Dispute{}, err
	}
	for _, d := range list {
		if d.Status == "needs_response" || d.Status == "warning_needs_response" {
			return d, nil
		}
	}
	return Dispute{}, ErrNoDispute
}

// Contest hands evidence in to the customer's bank, through Stripe and for good. The same evidence twice is one act.
func (p *Payments) Contest(ctx context.Context, merchant, paymentID string, e evidence.Pack) error {
	d, err := p.Contested(ctx, merchant, paymentID)
	if err != nil {
		return err
	}
	coin, ok, err := readReceiptOf(p.db.Read(ctx), merchant, paymentID)
	if err != nil || !ok || coin.Method != MethodStripe {
		return orElse(err, ErrNoDispute)
	}
	acct, err := p.accountNamed(ctx, merchant, coin.Account)
	if err != nil {
		return err
	}
	h := sha256.Sum256([]byte(e.UncategorizedText))
	err = told(accounts.Contest(ctx, p.stripe.backend, acct.Key, d.ID, "evidence:"+d.ID+":"+hex.EncodeToString(h[:8]), e))
	if answer := refusal(err); answer != nil && answer.final() {
		return ErrHandedIn.Because(err)
	}
	if err != nil {
		return upstream(err)
	}
	return p.db.InTx(ctx, func(tx database.Tx) error {
		if _, err := lockPayment(tx, merchant, paymentID); err != nil {
			return err
		}
		list, err := readDisputes(tx.DB(), merchant, paymentID)
		for _, now := range list {
			under := strings.Replace(now.Status, "needs_response", "under_review", 1)
			if now.ID == d.ID && disputeRank(under) > disputeRank(now.Status) {
				now.Status, now.UpdatedAt = under, tx.Now
				err = errors.Join(err, putDispute(tx, &now))
			}
		}
		if err != nil {
			return err
		}
		return p.book(tx, merchant, paymentID, "evidence")
	})
}

// open tells whether a dispute is undecided.
func open(status string) bool {
	return status != "won" && status != "lost" && status != "warning_closed" && status != "charge_refunded"
}

// weigh gives a payment with a coin the status that refunds and disputes ask for. What waits for a person goes on waiting, unless all
// of it went back or the dispute about it was won. trouble is a reason why a person must look now, or empty. What a person accepted is not asked again until something moves.
func weigh(tx database.Tx, pay *Payment, coin receipt, trouble string, contested bool) error {
	refunds, err := readRefunds(tx.DB(), pay.MerchantID, pay.ID)
	if err != nil {
		return err
	}
	disputes, err := readDisputes(tx.DB(), pay.MerchantID, pay.ID)
	if err != nil {
		return err
	}
	var back int64
	for _, r := range refunds {
		if r.Status == RefundSucceeded && r.Currency == coin.Currency {
			back += r.Amount
		}
	}
	if coin.Currency == pay.Currency {
		pay.RefundedAmount = back
	}
	pending, lost := false, false
	for _, d := range disputes {
		pending, lost = pending || open(d.Status), lost || d.Status == "lost"
	}
	review := pay.Status == NeedsReview
	if pay.Reason == ReasonAccepted && !contested {
		pending, lost = false, false
	}
	switch {
	case pending:
		return pay.move(NeedsReview, ReasonDisputed)
	case lost:
		return pay.move(NeedsReview, ReasonDisputeLost)
	case trouble != "" && (trouble != ReasonRefundFailed || back < coin.Amount): // what failed, and went back in another way, asks nobody
		return pay.move(NeedsReview, trouble)
	case back > 0 && back >= coin.Amount:
		return pay.become(Refunded)
	case review && pay.Reason != ReasonDisputed:
		return nil
	case review && coin.Currency != pay.Currency:
		return pay.move(NeedsReview, ReasonWrongCurrency)
	case review && coin.Amount != pay.Amount: // it was before the dispute, which is won
		return pay.move(NeedsReview, ReasonWrongAmount)
	}
	return pay.become(pay.settled())
}

// become moves to a status that the amounts ask for. What the money once was (late, double, of a wrong amount) stays told.
func (p *Payment) become(to Status) error {
	switch {
	case p.Status == to:
		return nil
	case p.Reason == ReasonDisputed, p.Reason == ReasonDisputeLost, p.Reason == ReasonRefundFailed:
		return p.move(to, "")
	}
	return p.move(to, p.Reason)
}

// left is how much of a coin may still go back: what is on its way counts as gone.
func left(coin receipt, refunds []Refund) money.Money {
	rest := coin.Amount
	for _, r := range refunds {
		if r.Status != RefundFailed && r.Currency == coin.Currency {
			rest -= r.Amount
		}
	}
	return money.Of(rest, coin.Currency)
}
