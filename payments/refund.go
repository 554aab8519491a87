package payments

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"sotto.chat/internal/database"
	"sotto.chat/internal/fault"
	"sotto.chat/internal/id"
	"sotto.chat/internal/jobs"
	"sotto.chat/internal/money"
	"sotto.chat/privacy"
)

// What can be wrong with a refund.
var (
	ErrNoMoney        = fault.New(fault.Conflict, "nothing_to_refund", "There is no money in this payment that could go back.")
	ErrRefundTooMuch  = fault.New(fault.Conflict, "refund_too_large", "More than what is left of the payment cannot go back.")
	ErrRefundCurrency = fault.New(fault.Invalid, "refund_currency", "A refund goes back in the currency in which the money came.")
	ErrRefundKey      = fault.New(fault.Conflict, "idempotency_key_reused", "This idempotency key was used for another refund.")
	ErrRefundRefused  = fault.New(fault.Conflict, "refund_refused", "The payment provider refused the refund.")
)

// refundNet is when the job looks whether a refund was made; the call itself follows the commit at once.
const refundNet = 15 * time.Second

// refundTries covers a lost answer, a failure kept under the key, and the key after it.
const refundTries = 4

// Refund sends money back: amount, or all that is left when it is nil. The same idempotency key (if any) gives the same refund.
// A refund that comes back pending was promised: the provider did not answer, or takes its time, and a job or an event ends it.
func (p *Payments) Refund(ctx context.Context, merchant, paymentID string, amount *money.Money, reason, idempotencyKey string) (Refund, error) {
	row, err := p.promiseRefund(ctx, merchant, paymentID, amount, reason, idempotencyKey)
	if err != nil {
		return row, err
	}
	if row, err = p.EndRefund(ctx, merchant, row); err != nil {
		return row, err
	}
	row.Reason, err = p.reasonOf(ctx, row)
	return row, err
}

// EndRefund makes a promised refund at once, as far as the provider lets.
func (p *Payments) EndRefund(ctx context.Context, merchant string, row Refund) (Refund, error) {
	if row.Status != RefundPending || row.ExternalID != "" {
		return row, nil
	}
	made, err := p.makeRefund(ctx, merchant, row.ID)
	if _, known := fault.Of(err); err != nil && !known {
		p.cfg.Log.WarnContext(ctx, "a refund is not confirmed yet; the job goes on", "refund", row.ID, "error", err)
		return row, nil
	}
	return made, err
}

// promiseRefund writes the refund down in a transaction of its own.
func (p *Payments) promiseRefund(ctx context.Context, merchant, paymentID string, amount *money.Money, reason, key string) (row Refund, err error) {
	err = p.db.InTx(ctx, func(tx database.Tx) error {
		row, err = p.PromiseRefund(tx, merchant, paymentID, amount, reason, key)
		return err
	})
	return row, err
}

// PromiseRefund writes the refund down, so that what is left shrinks before anybody is asked for money. A job makes it, and EndRefund sooner.
func (p *Payments) PromiseRefund(tx database.Tx, merchant, paymentID string, amount *money.Money, reason, key string) (row Refund, err error) {
	pay, err := lockPayment(tx, merchant, paymentID)
	if err != nil {
		return row, err
	}
	if key != "" {
		old, known, err := readRefundByKey(tx.DB(), merchant, paymentID, key)
		if err != nil {
			return row, err
		}
		if known {
			if amount != nil && (amount.Amount != old.Amount || amount.Currency != old.Currency) {
				return old, ErrRefundKey
			}
			return old, nil
		}
	}
	want, err := refundable(tx, pay, amount)
	if err != nil {
		return row, err
	}
	row = Refund{MerchantID: merchant, ID: id.New("ref"), PaymentID: paymentID, Amount: want.Amount, Currency: want.Currency,
		Status: RefundPending, Reason: reason, IdempotencyKey: key, Attempt: 1, CreatedAt: tx.Now, UpdatedAt: tx.Now}
	if row.Words, err = p.seal(tx, merchant, pay.CustomerID, refundWords(row.ID), reason); err != nil {
		return row, err
	}
	if err := insertRefund(tx, &row); err != nil {
		return row, err
	}
	if err := p.book(tx, merchant, paymentID, "refund_promised"); err != nil {
		return row, err
	}
	return row, p.desk.Announce(tx, RefundPromised{merchant, row.ID}, jobs.At(tx.Now.Add(refundNet)))
}

// refundable gives the amount that may go back; the caller holds the payment's lock.
func refundable(tx database.Tx, pay Payment, amount *money.Money) (money.Money, error) {
	coin, ok, err := readReceiptOf(tx.DB(), pay.MerchantID, pay.ID)
	if err != nil {
		return money.Money{}, err
	}
	if !ok {
		return money.Money{}, ErrNoMoney
	}
	refunds, err := readRefunds(tx.DB(), pay.MerchantID, pay.ID)
	if err != nil {
		return money.Money{}, err
	}
	rest := left(coin, refunds)
	switch {
	case rest.Amount <= 0:
		return rest, ErrNoMoney
	case amount == nil:
		return rest, nil
	case amount.Currency != rest.Currency:
		return rest, ErrRefundCurrency
	case amount.Amount < 1:
		return rest, ErrRefundSum
	case amount.Amount > rest.Amount:
		return rest, ErrRefundTooMuch.Say("At most %s %s can go back.", rest.Decimal(), rest.Currency)
	}
	if _, err := money.StripeUnit(*amount); err != nil {
		return rest, ErrUnpayable
	}
	return *amount, nil
}

// finishRefund is the job behind a refund: it ends what a crash or a silent provider left.
func (p *Payments) finishRefund(ctx context.Context, n RefundPromised) error {
	row, err := p.makeRefund(ctx, n.Merchant, n.Refund)
	if errors.Is(err, ErrRefundRefused) {
		return nil // written down as failed; trying again cannot help
	}
	if err != nil || row.Status != RefundPending {
		return err
	}
	coin, ok, err := readReceiptOf(p.db.Read(ctx), n.Merchant, row.PaymentID)
	if err == nil && ok && coin.Method != MethodStripe && !byHand(coin.Method) && !row.ByStaff() {
		err = jobs.ErrLater{Delay: refundAgain} // asking for the same refund again tells how it stands
	}
	return err
}

// makeRefund asks the provider until it knows what became of a promised refund. Same row and attempt, same key: one act.
func (p *Payments) makeRefund(ctx context.Context, merchant, refundID string) (Refund, error) {
	var last error
	for range refundTries {
		row, ok, err := readRefundRow(p.db.Read(ctx), merchant, refundID)
		if err != nil {
			return row, err
		}
		if !ok {
			return row, fmt.Errorf("%w: no refund %s", jobs.ErrNever, refundID)
		}
		if row.Status != RefundPending {
			return row, nil
		}
		coin, ok, err := readReceiptOf(p.db.Read(ctx), merchant, row.PaymentID)
		if err != nil || !ok {
			return row, errors.Join(err, fmt.Errorf("refund %s has no receipt", refundID))
		}
		if coin.Method != MethodStripe {
			return p.refundBy(ctx, row, coin)
		}
		if row.ExternalID != "" {
			return row, nil
		}
		acct, err := p.accountNamed(ctx, merchant, coin.Account)
		if errors.Is(err, ErrOldAccount) {
			failed, bad := p.ended(ctx, coin, remoteRefund{Ours: row.ID, Status: RefundFailed})
			return failed, errors.Join(bad, ErrRefundRefused.Because(err).At("code", ErrOldAccount.Code))
		}
		if err != nil {
			return row, err
		}
		got, err := p.askRefund(ctx, acct.Key, row, coin)
		if err == nil {
			return p.ended(ctx, coin, got)
		}
		answer := refusal(err)
		switch {
		case answer == nil:
			return row, err
		case answer.Status >= 500 && answer.Replayed, answer.Code == "idempotency_error": // or its sum in another currency is another now
			if err := p.nextTry(ctx, row); err != nil {
				return row, err
			}
		case answer.final():
			failed, err := p.ended(ctx, coin, remoteRefund{Ours: row.ID, Status: RefundFailed})
			return failed, errors.Join(err, ErrRefundRefused.Because(answer).At("code", answer.Code))
		case answer.Status != http.StatusInternalServerError:
			return row, stuck(answer) // the library has tried again already
		}
		last = answer
	}
	return Refund{}, last
}

// stuck tells the shop at once what only the shop can mend; all else is for the job, which goes on.
func stuck(answer *stripeRefusal) error {
	if answer.Status == http.StatusUnauthorized || answer.Permission != "" {
		return upstream(answer)
	}
	return answer
}

// askRefund makes the refund; after a failure that the provider keeps under a key it first looks whether the money went all the same.
func (p *Payments) askRefund(ctx context.Context, key string, row Refund, coin receipt) (remoteRefund, error) {
	intent, err := p.intentOfCoin(ctx, key, coin)
	if err != nil {
		return remoteRefund{}, err
	}
	if row.Attempt > 1 {
		list, err := p.stripe.refundsOf(ctx, key, intent)
		if err != nil {
			return remoteRefund{}, err
		}
		for _, r := range list {
			if r.Ours == row.ID {
				return r, nil
			}
		}
	}
	unit, err := p.refundUnit(ctx, row, coin)
	if err != nil {
		return remoteRefund{}, err
	}
	meta := map[string]string{"refund": row.ID, "payment": row.PaymentID, "merchant": row.MerchantID}
	if row.Reason, err = p.reasonOf(ctx, row); err != nil {
		return remoteRefund{}, err
	}
	if row.Reason != "" {
		meta["reason"] = cut(row.Reason, 500)
	}
	return p.stripe.createRefund(ctx, key, intent, fmt.Sprintf("refund:%s:%d", row.ID, row.Attempt), unit, meta)
}

// refundUnit is what goes back in the provider's units. A customer who paid in another currency than we asked in gets the same part of what
// was paid back; all of it is all of it, whatever was lost by rounding on the way.
func (p *Payments) refundUnit(ctx context.Context, row Refund, coin receipt) (int64, error) {
	a, ok, err := readAttemptOfCoin(p.db.Read(ctx), coin)
	if err != nil || !ok || a.Data[dataShown] == "" {
		unit, bad := money.StripeUnit(money.Of(row.Amount, row.Currency))
		return unit, errors.Join(err, bad)
	}
	list, err := readRefunds(p.db.Read(ctx), row.MerchantID, row.PaymentID)
	if err != nil {
		return 0, err
	}
	whole, before := money.Of(coin.Amount, coin.Currency), int64(0)
	for _, r := range list {
		if r.ID < row.ID && r.Status != RefundFailed && r.Currency == coin.Currency {
			before += r.Amount
		}
	}
	if before+row.Amount >= coin.Amount && before > 0 {
		return 0, nil // the rest, which the provider knows
	}
	unit, err := a.unitOf(money.Of(before+row.Amount, coin.Currency), whole)
	if err != nil || before == 0 {
		return unit, err
	}
	gone, err := a.unitOf(money.Of(before, coin.Currency), whole)
	return max(1, unit-gone), err
}

// intentOfCoin is the payment intent that money goes back by. A coin that was told without one counts under its session.
func (p *Payments) intentOfCoin(ctx context.Context, key string, coin receipt) (string, error) {
	a, ok, err := readAttemptOf(p.db.Read(ctx), coin.MerchantID, coin.Account, coin.ExternalID, "")
	if err != nil || !ok {
		return coin.ExternalID, err
	}
	if a.IntentID != "" {
		return a.IntentID, nil
	}
	r, err := p.stripe.session(ctx, key, coin.ExternalID)
	if err == nil && r.Intent != "" {
		return r.Intent, nil
	}
	return coin.ExternalID, err
}

func refundWords(refund string) string { return "refunds.words:" + refund }

func owner(customer string) privacy.Subject {
	if customer == "" {
		return privacy.MerchantSubject()
	}
	return privacy.CustomerSubject(customer)
}

// seal keeps a person's words with the key of the customer whom they are about. Nothing more is kept about one who was forgotten.
func (p *Payments) seal(tx database.Tx, merchant, customer, label, words string) ([]byte, error) {
	if words == "" {
		return nil, nil
	}
	sealed, err := p.cfg.Keys.Seal(tx, merchant, owner(customer), label, []byte(words))
	if errors.Is(err, privacy.ErrForgotten) {
		return nil, nil
	}
	return sealed, err
}

// reasonOf opens what was said about a refund; nothing is left of it once its customer was forgotten.
func (p *Payments) reasonOf(ctx context.Context, r Refund) (string, error) {
	if len(r.Words) == 0 {
		return r.Cause, nil
	}
	pay, err := p.Get(ctx, r.MerchantID, r.PaymentID)
	if err != nil {
		return "", err
	}
	words, err := p.cfg.Keys.OpenNow(ctx, r.MerchantID, owner(pay.CustomerID), refundWords(r.ID), r.Words)
	if errors.Is(err, privacy.ErrForgotten) {
		return r.Cause, nil
	}
	return string(words), err
}

func (p *Payments) nextTry(ctx context.Context, row Refund) error {
	return p.db.InTx(ctx, func(tx database.Tx) error {
		if _, err := lockPayment(tx, row.MerchantID, row.PaymentID); err != nil {
			return err
		}
		now, ok, err := readRefundRow(tx.DB(), row.MerchantID, row.ID)
		if err != nil || !ok || now.Attempt != row.Attempt || now.ExternalID != "" {
			return err
		}
		now.Attempt++
		return saveRefund(tx, &now)
	})
}

// ended writes down what became of a refund, and moves the payment with it.
func (p *Payments) ended(ctx context.Context, coin receipt, got remoteRefund) (row Refund, err error) {
	err = p.db.InTx(ctx, func(tx database.Tx) error {
		pay, err := lockPayment(tx, coin.MerchantID, coin.PaymentID)
		if err != nil {
			return err
		}
		var ok bool
		if row, ok, err = readRefundRow(tx.DB(), coin.MerchantID, got.Ours); err != nil || !ok {
			return errors.Join(err, fmt.Errorf("no refund %s", got.Ours))
		}
		if row.Status != RefundPending || row.ExternalID != "" && (coin.Method == MethodStripe || got.Status == RefundPending) {
			return nil // an event was faster
		}
		row.Status, row.ExternalID = got.Status, got.ID
		if err := saveRefund(tx, &row); err != nil {
			return err
		}
		was, trouble := pay, ""
		// A refund that never began leaves the money where it is: no need for a person, the caller is told.
		if got.Status == RefundFailed && got.ID != "" {
			trouble = ReasonRefundFailed
		}
		if err := weigh(tx, &pay, coin, trouble, false); err != nil {
			return err
		}
		if pay.Status == was.Status && pay.RefundedAmount == was.RefundedAmount {
			return p.book(tx, pay.MerchantID, pay.ID, "refund")
		}
		if err := savePayment(tx, &pay); err != nil {
			return err
		}
		if err := p.book(tx, pay.MerchantID, pay.ID, "refund"); err != nil {
			return err
		}
		return p.desk.Announce(tx, Moved{pay.MerchantID, pay.ID, pay.OrderID, was.Status, pay.Status})
	})
	return row, err
}

// Refunds lists a payment's refunds, oldest first.
func (p *Payments) Refunds(ctx context.Context, merchant, paymentID string) ([]Refund, error) {
	list, err := readRefunds(p.db.Read(ctx), merchant, paymentID)
	for i := range list {
		if err == nil {
			list[i].Reason, err = p.reasonOf(ctx, list[i])
		}
	}
	return list, err
}

// reasonCode is one of the three reasons that Stripe has; whatever else was said stands in the refund's metadata.
func reasonCode(reason string) string {
	if reason == "duplicate" || reason == "fraudulent" {
		return reason
	}
	return "requested_by_customer"
}
