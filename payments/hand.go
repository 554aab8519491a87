package payments

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"strings"
	"time"

	"sotto.chat/internal/database"
	"sotto.chat/internal/fault"
	"sotto.chat/internal/id"
	"sotto.chat/internal/money"
	"sotto.chat/payments/byhand"
)

// Reasons of payments that people bring and staff register.
const (
	ReasonOnDelivery = "on_delivery"   // pending: cash is handed over with the goods
	ReasonTransfer   = "bank_transfer" // pending: the customer was told the bank's details and a reference
)

// cashFor is how long goods wait to be brought out, at most.
const cashFor = 30 * 24 * time.Hour

// What can be wrong with paying by hand.
var (
	ErrMethodOff  = fault.New(fault.Conflict, "payment_method_off", "This shop does not offer this way of paying; PUT /v1/payments/methods turns it on.")
	ErrReceived   = fault.New(fault.Conflict, "received_otherwise", "Another sum was registered under this reference; use another reference.")
	ErrAlready    = fault.New(fault.Conflict, "received_already", "This sum was registered here already; give a reference (a receipt number) if this is other money.")
	ErrRefundSum  = fault.New(fault.Invalid, "refund_invalid", "A refund is at least one minor unit.")
	ErrNoRefund   = fault.New(fault.NotFound, "refund_not_found", "There is no such refund.")
	ErrNotByHand  = fault.New(fault.Conflict, "refund_not_by_hand", "Only a refund that staff make by hand, and that is still open, is confirmed by hand.")
	ErrReceivable = fault.New(fault.Invalid, "receive_invalid", "Money that staff receive is cash or a bank transfer of at least one minor unit.")
)

// byHand tells whether money of this method goes from hand to hand, or from bank to bank, with nobody to ask.
func byHand(method string) bool { return method == MethodCash || method == MethodBank }

// handMark begins the name of a refund that staff make.
const handMark = "hand-"

// ByStaff is the answer of a provider that cannot send this money back itself: staff do it where the money came in, and confirm it.
func (r RefundOrder) ByStaff() RefundWord {
	return RefundWord{ID: handMark + r.ID, Status: RefundPending}
}

// ByStaff tells whether staff make the refund themselves.
func (r Refund) ByStaff() bool { return strings.HasPrefix(r.ExternalID, handMark) }

// PromisedCash tells whether the payment is expected in cash when the goods are handed over.
func (p Payment) PromisedCash() bool { return p.Status == Pending && p.Reason == ReasonOnDelivery }

// Terms gives which ways of paying by hand the merchant offers.
func (p *Payments) Terms(ctx context.Context, merchant string) (byhand.Terms, error) {
	return byhand.Get(ctx, p.db, merchant)
}

// FindTerms is Terms inside a transaction.
func (p *Payments) FindTerms(tx database.Tx, merchant string) (byhand.Terms, error) {
	return byhand.Find(tx, merchant)
}

// SetTerms changes them.
func (p *Payments) SetTerms(tx database.Tx, merchant string, t byhand.Terms) error {
	return byhand.Set(tx, merchant, t)
}

// ByHand has a payment wait for cash or for a bank transfer. Its link stays good: who changes his mind may still pay there.
func (p *Payments) ByHand(tx database.Tx, merchant, paymentID, method string) (Payment, Offer, error) {
	terms, err := byhand.Find(tx, merchant)
	if err != nil {
		return Payment{}, Offer{}, err
	}
	wait, reason := cashFor, ReasonOnDelivery
	if method == MethodBank {
		wait, reason = terms.Wait(), ReasonTransfer
	}
	if method == MethodCash && !terms.Cash || method == MethodBank && !terms.Bank || !byHand(method) {
		return Payment{}, Offer{}, ErrMethodOff
	}
	pay, err := lockPayment(tx, merchant, paymentID)
	if err != nil {
		return pay, Offer{}, err
	}
	if err := dead(pay, !pay.ExpiresAt.After(tx.Now)); err != nil {
		return pay, Offer{}, err
	}
	o, err := p.offer(tx, pay, method, "")
	if err != nil || pay.Reason == reason {
		return pay, o, err
	}
	if err := pay.move(Pending, reason); err != nil {
		return pay, o, err
	}
	if end := tx.Now.Add(wait); pay.ExpiresAt.Before(end) {
		pay.ExpiresAt = end
	}
	o.ExpiresAt = pay.ExpiresAt
	return pay, o, savePayment(tx, &pay)
}

// ReferenceOf is what a bank transfer for the payment must name; empty where nobody chose that way.
func (p *Payments) ReferenceOf(ctx context.Context, pay Payment) (string, error) {
	list, err := readAttempts(p.db.Read(ctx), pay.MerchantID, pay.ID)
	a, ok := lastBy(list, MethodBank)
	if err != nil || !ok || !p.bound(a, pay) {
		return "", err
	}
	return a.ExternalID, nil
}

// TransferFor gives what a bank transfer for the payment needs: the reference to write and the shop's details. Both are empty where nobody
// chose that way.
func (p *Payments) TransferFor(tx database.Tx, pay Payment) (reference, details string, err error) {
	list, err := readAttempts(tx.DB(), pay.MerchantID, pay.ID)
	a, ok := lastBy(list, MethodBank)
	if err != nil || !ok || !p.bound(a, pay) {
		return "", "", err
	}
	terms, err := byhand.Find(tx, pay.MerchantID)
	return a.ExternalID, terms.BankDetails, err
}

// GivenBack is what went back of a payment's money in all, in the currency in which it came.
type GivenBack struct {
	Sum    money.Money
	Method string // the way by which it came, and went back
}

// GivenBack gives what went back of a payment.
func (p *Payments) GivenBack(tx database.Tx, merchant, paymentID string) (out GivenBack, err error) {
	coin, ok, err := readReceiptOf(tx.DB(), merchant, paymentID)
	if err != nil || !ok {
		return out, err
	}
	refunds, err := readRefunds(tx.DB(), merchant, paymentID)
	out = GivenBack{money.Of(0, coin.Currency), coin.Method}
	for _, r := range refunds {
		if r.Status == RefundSucceeded && r.Currency == coin.Currency {
			out.Sum.Amount += r.Amount
		}
	}
	return out, err
}

// ByReference finds the payment that a bank transfer names, as people write it.
func (p *Payments) ByReference(ctx context.Context, merchant, reference string) (Payment, bool, error) {
	// As in an order's number, O is zero and I and L are one.
	reference = strings.NewReplacer(" ", "", "-", "", "O", "0", "I", "1", "L", "1").Replace(strings.ToUpper(reference))
	a, pay, err := p.byReference(ctx, reference)
	if errors.Is(err, ErrUnknownLink) {
		return Payment{}, false, nil
	}
	return pay, err == nil && a.MerchantID == merchant, err
}

// Received is money that staff hold in their hands or see on the account.
type Received struct {
	Method string
	Amount money.Money
	// Reference tells this money from other money of the same order: the bank's own id, a receipt's number. The same method and
	// reference are the same money, at whichever payment of the order; without one, the same sum is refused the second time: nobody could tell whether it is other money.
	Reference string
}

// Receive registers such money. It goes the way of every word, so it may be too little, too much, too late or a second time.
func (p *Payments) Receive(ctx context.Context, merchant, paymentID string, r Received) error {
	return p.db.InTx(ctx, func(tx database.Tx) error { return p.ReceiveIn(tx, merchant, paymentID, r) })
}

// ReceiveIn registers it inside a transaction.
func (p *Payments) ReceiveIn(tx database.Tx, merchant, paymentID string, r Received) error {
	_, err := p.TakeIn(tx, merchant, paymentID, r)
	return err
}

// TakeIn is ReceiveIn for who applies the money at once: nobody outside need be asked about it. The fact is about nothing where the money was
// registered before.
func (p *Payments) TakeIn(tx database.Tx, merchant, paymentID string, r Received) (Fact, error) {
	switch {
	case !byHand(r.Method) || r.Amount.Amount < 1 || !money.Known(r.Amount.Currency):
		return Fact{}, ErrReceivable
	case r.Amount.Amount > largestSum:
		most := money.Of(largestSum, r.Amount.Currency)
		return Fact{}, ErrReceivable.Say("Money that staff receive is at most %s %s (%d minor units).", most.Decimal(), most.Currency, int64(largestSum))
	}
	pay, siblings, err := p.lockWhole(tx, merchant, paymentID)
	if err != nil {
		return Fact{}, err
	}
	_, known, err := p.RegisteredAmong(tx, siblings, pay, r)
	switch {
	case err != nil:
		return Fact{}, err
	case known && r.Reference == "":
		return Fact{}, ErrAlready.Say("%s %s was registered here already; give a reference (a receipt number) if this is other money.", r.Amount.Decimal(), r.Amount.Currency)
	case known:
		return Fact{}, nil
	}
	list, err := readAttempts(tx.DB(), merchant, paymentID)
	if err != nil {
		return Fact{}, err
	}
	a, ok := lastBy(list, r.Method)
	if !ok || !p.bound(a, pay) {
		if a, err = p.handed(tx, pay, list, r.Method); err != nil {
			return Fact{}, err
		}
	}
	coin := r.coin(paymentID)
	w := Word{ID: coin, Method: r.Method, Reference: a.ExternalID, Kind: WordPaid, Coin: coin, Amount: r.Amount, At: tx.Now}
	return Fact{Merchant: merchant, Payment: paymentID, Order: pay.OrderID, source: merchant, event: w.event(), kind: w.Kind, told: w.facts(), method: w.Method,
		word: &w, remote: w.remote(a)}, p.Hear(tx, merchant, w)
}

// lockWhole locks a payment with all others of its order: what staff register at any of them comes one after the other.
func (p *Payments) lockWhole(tx database.Tx, merchant, paymentID string) (pay Payment, all []Payment, err error) {
	if pay, err = readPayment(tx.DB(), merchant, paymentID); err != nil {
		return pay, nil, err
	}
	if pay.OrderID == "" {
		pay, err = lockPayment(tx, merchant, paymentID)
		return pay, []Payment{pay}, err
	}
	all, err = readOfOrders(locked(tx.DB()), merchant, []string{pay.OrderID})
	for _, one := range all {
		if one.ID == paymentID {
			pay = one
		}
	}
	return pay, all, err
}

// RegisteredAmong finds the payment of an order at which this money was registered before. A reference names one sum of the whole order: the same
// slip handed in at another of its payments is the same money. Without one it is known at its own payment alone.
func (p *Payments) RegisteredAmong(tx database.Tx, siblings []Payment, pay Payment, r Received) (at string, known bool, err error) {
	known, err = p.Registered(tx, pay, r)
	if err != nil || known || r.Reference == "" {
		return pay.ID, known, err
	}
	for _, one := range siblings {
		if known, err = p.Registered(tx, one, r); err != nil || known {
			return one.ID, known, err
		}
	}
	return pay.ID, false, nil
}

// Registered tells whether this money was registered at the payment before; ErrReceived where its reference stands for another sum.
func (p *Payments) Registered(tx database.Tx, pay Payment, r Received) (bool, error) {
	known, ok, err := readEvent(tx.DB(), pay.MerchantID, r.Method+"::"+r.coin(pay.ID))
	if err == nil && ok && (known.Facts.Word == nil || known.Facts.Word.Amount != r.Amount) {
		err = ErrReceived
	}
	return ok, err
}

// Holder gives the payment that has the money now which was registered at this one: what came a second time has one of its own.
func (p *Payments) Holder(ctx context.Context, merchant, paymentID string, r Received) (string, error) {
	coin, ok, err := readReceipt(p.db.Read(ctx), merchant, r.coin(paymentID))
	if err != nil || !ok {
		return paymentID, err
	}
	return coin.PaymentID, nil
}

// coin names the money: staff may use what reference they like, so it is put into a form of ours.
func (r Received) coin(payment string) string {
	name := r.Reference
	if name == "" {
		name = "sum:" + r.Amount.Decimal() + r.Amount.Currency
	} else {
		name = "ref:" + name
	}
	h := sha256.Sum256([]byte(name))
	return r.Method + "-" + payment + "-" + hex.EncodeToString(h[:8])
}

// handed writes down the attempt of money that nobody had offered to take this way.
func (p *Payments) handed(tx database.Tx, pay Payment, list []attempt, method string) (attempt, error) {
	a := attempt{MerchantID: pay.MerchantID, PaymentID: pay.ID, Attempt: next(list), Status: sessionOpen, Method: method,
		Data: map[string]string{}, ExpiresAt: pay.ExpiresAt, CreatedAt: tx.Now, UpdatedAt: tx.Now}
	a.ExternalID = p.reference(a, pay)
	return a, insertAttempt(tx, &a)
}

// refundByHand registers what staff give back themselves: cash is gone with the word, a transfer when somebody confirms it.
func (p *Payments) refundByHand(ctx context.Context, row Refund, coin receipt) (Refund, error) {
	if row.ExternalID != "" {
		return row, nil
	}
	status := RefundPending
	if coin.Method == MethodCash {
		status = RefundSucceeded
	}
	return p.ended(ctx, coin, remoteRefund{ID: handMark + row.ID, Ours: row.ID, Status: status})
}

// ConfirmRefund says that staff sent money back to the customer, by a bank transfer or at the provider where it came in, or that this failed.
func (p *Payments) ConfirmRefund(ctx context.Context, merchant, refundID string, made bool) (row Refund, err error) {
	err = p.db.InTx(ctx, func(tx database.Tx) error {
		if err := id.Check("ref", refundID); err != nil {
			return ErrNoRefund
		}
		var ok bool
		if row, ok, err = readRefundRow(tx.DB(), merchant, refundID); err != nil || !ok {
			return orElse(err, ErrNoRefund)
		}
		coin, ok, err := readReceiptOf(tx.DB(), merchant, row.PaymentID)
		if err != nil || !ok {
			return orElse(err, ErrNoRefund)
		}
		status := RefundFailed
		if made {
			status = RefundSucceeded
		}
		if coin.Method != MethodBank && !row.ByStaff() || coin.Method == MethodCash || row.Status != RefundPending && row.Status != status {
			return ErrNotByHand
		}
		return p.Hear(tx, merchant, Word{ID: row.ID + "-" + status, Method: coin.Method, Account: coin.Account, Kind: WordReturned, Coin: coin.ExternalID,
			Refund: handMark + row.ID, OurRefund: row.ID, Status: status, Amount: money.Of(row.Amount, row.Currency), At: tx.Now})
	})
	return row, err
}

func orElse(err error, none *fault.Fault) error {
	if err != nil {
		return err
	}
	return none
}
