package payments

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"

	"sotto.chat/internal/database"
	"sotto.chat/internal/fault"
	"sotto.chat/internal/money"
	"sotto.chat/payments/accounts"
	"sotto.chat/payments/reconcile"
)

// How Stripe's statements are read.
const (
	statementsEvery   = 6 * time.Hour
	statementsOverlap = 10 * time.Minute
	statementsFirst   = 35 * 24 * time.Hour // how far back the first reading goes
)

// ReadStatements takes Stripe's statements up to now, of every account that is used here.
func (p *Payments) ReadStatements(ctx context.Context) error {
	all, err := p.register.All(ctx)
	if err != nil {
		return err
	}
	var guests []string
	for _, m := range all {
		all, err := p.ownAll(ctx, m.ID)
		if err != nil {
			return err
		}
		if len(all) == 0 {
			guests = append(guests, m.ID)
		}
		for _, acct := range all {
			p.readStatements(ctx, acct, []string{m.ID})
		}
	}
	if acct, err := p.platform(); err == nil && len(guests) > 0 {
		p.readStatements(ctx, acct, guests)
	}
	return ctx.Err()
}

// ReadStatement takes Stripe's statement of the account that a merchant's money goes to, up to now.
func (p *Payments) ReadStatement(ctx context.Context, merchant string) error {
	acct, err := p.account(ctx, merchant)
	if err != nil {
		return err
	}
	if acct.Name != "" {
		return p.takeBalance(ctx, acct, []string{merchant})
	}
	guests, err := p.guests(ctx)
	if err != nil {
		return err
	}
	return p.takeBalance(ctx, acct, guests)
}

// guests are the merchants whose money goes to the platform's account.
func (p *Payments) guests(ctx context.Context) (out []string, err error) {
	all, err := p.register.All(ctx)
	if err != nil {
		return nil, err
	}
	for _, m := range all {
		_, ok, err := p.own(ctx, m.ID)
		if err != nil {
			return nil, err
		}
		if !ok {
			out = append(out, m.ID)
		}
	}
	return out, nil
}

// readStatements leaves a failure of one account to the next beat: its cursor stays.
func (p *Payments) readStatements(ctx context.Context, acct account, merchants []string) {
	if err := p.takeBalance(ctx, acct, merchants); err != nil {
		p.cfg.Log.WarnContext(ctx, "the provider's statement could not be read", "account", acct.Name, "error", err)
	}
}

// takeBalance reads what an account has listed since it was read last, and gives each merchant their lines. In an account of one merchant
// alone all lines are theirs; in one of several, those that bear a merchant's mark or are about money that is counted here.
func (p *Payments) takeBalance(ctx context.Context, acct account, merchants []string) error {
	holder := ""
	if acct.Name != "" {
		holder = merchants[0]
	}
	cursor := "balance:" + acct.Name
	from, ok, err := p.readCursor(ctx, holder, cursor)
	if err != nil {
		return err
	}
	to := p.db.Now().Truncate(time.Second)
	if !ok {
		from = to.Add(-statementsFirst)
	}
	from = from.Add(-statementsOverlap)
	lines, err := accounts.Balance(ctx, p.stripe.backend, acct.Key, from, to.Add(time.Second))
	if err != nil {
		return upstream(told(err))
	}
	theirs := map[string][]reconcile.Line{}
	for _, l := range lines {
		owner, err := p.ownerOf(ctx, acct, merchants, l)
		if err != nil {
			return err
		}
		theirs[owner] = append(theirs[owner], l.Line)
	}
	for _, m := range merchants {
		if _, err := p.statements.Take(ctx, m, reconcile.Statement{Provider: MethodStripe, Account: acct.Name, From: from, To: to, Lines: theirs[m]}); err != nil {
			return err
		}
	}
	return p.db.InTx(ctx, func(tx database.Tx) error { return putCursor(tx, holder, cursor, to) })
}

// ownerOf tells whose a line of a statement is; nobody's in an account of several whose mark is not on it.
func (p *Payments) ownerOf(ctx context.Context, acct account, merchants []string, l accounts.Line) (string, error) {
	if len(merchants) == 1 {
		return merchants[0], nil
	}
	if strings.HasPrefix(l.Merchant, "mer_") || l.Coin == "" {
		return l.Merchant, nil
	}
	coin, _, err := readCoinOf(p.db.Read(ctx), "", acct.Name, l.Coin)
	return coin.MerchantID, err
}

// What an attempt at Stripe keeps of itself.
const (
	dataCapture = "capture" // "manual": the money is held, and taken later
	dataTake    = "take"    // how much of it is to be taken, once somebody said so
	dataTry     = "try"     // part of the key under which it is taken
	dataKeep    = "keep"    // the customer agreed to be known at the next order
	dataShown   = "shown"   // what the customer paid, where that is another currency than we asked in: the provider's units, and the currency
)

// intentHeld is a payment intent whose money is held.
const intentHeld = "requires_capture"

// Banks hold money for seven days. On the sixth a person hears that it must be taken or is lost.
const holdWarned = 6 * 24 * time.Hour

// What can be wrong with held money.
var (
	ErrNotHeld     = fault.New(fault.Conflict, "no_held_money", "No money is held for this payment.")
	ErrTakeTooMuch = fault.New(fault.Invalid, "capture_too_large", "More than what is held cannot be taken, nor in another currency.")
	ErrTakeOther   = fault.New(fault.Conflict, "captured_otherwise", "Another sum of the held money is being taken already.")
)

// HeldMoney is news: money that a bank holds for the shop is to be taken or let go.
type HeldMoney struct {
	Merchant string `json:"merchant"`
	Payment  string `json:"payment"`
}

// NewsKind names the news.
func (HeldMoney) NewsKind() string { return "payments.held_money" }

func (a attempt) manual() bool { return a.Data[dataCapture] == "manual" }

// remember keeps what the customer was shown, where that is another currency than we asked in: what goes back goes in that one.
func (a *attempt) remember(r remote) bool {
	if r.Asked.Currency == "" || r.Shown.Currency == "" || r.Shown.Currency == r.Asked.Currency || a.Data[dataShown] != "" {
		return false
	}
	if a.Data == nil {
		a.Data = map[string]string{}
	}
	a.Data[dataShown] = strconv.FormatInt(r.Shown.Amount, 10) + " " + r.Shown.Currency
	return true
}

// unitOf gives a part of what was asked for in the provider's units, in the currency in which the customer paid.
func (a attempt) unitOf(part, whole money.Money) (int64, error) {
	n, currency, ok := strings.Cut(a.Data[dataShown], " ")
	unit, err := strconv.ParseInt(n, 10, 64)
	if !ok || err != nil || whole.Amount < 1 {
		return money.StripeUnit(part)
	}
	if part.Amount >= whole.Amount {
		return unit, nil
	}
	shown, err := money.FromStripe(unit, currency)
	if err != nil {
		return 0, err
	}
	minor := money.MulDiv(shown.Amount, part.Amount, whole.Amount)
	for step := int64(1); step <= 100; step *= 10 { // some currencies only take round sums
		if unit, err = money.StripeUnit(money.Of(minor-minor%step, currency)); err == nil && unit > 0 {
			return unit, nil
		}
	}
	return 0, ErrUnpayable
}

// holds tells whether money is held by the attempt, as far as is known here.
func (a attempt) holds() bool {
	return a.Method == MethodStripe && a.manual() && a.Status == sessionProcessing && a.IntentID != ""
}

// expected is the sum with which the attempt's money is right: of held money as much as was to be taken.
func (a attempt) expected(pay Payment) int64 {
	if n, err := strconv.ParseInt(a.Data[dataTake], 10, 64); err == nil {
		return n
	}
	return pay.Amount
}

// PromiseCapture writes down that held money is taken: amount, or all of it when that is nil; the rest is let go. A job takes it. The same
// asked for twice is one.
func (p *Payments) PromiseCapture(tx database.Tx, merchant, paymentID string, amount *money.Money) (Payment, error) {
	pay, err := lockPayment(tx, merchant, paymentID)
	if err != nil {
		return pay, err
	}
	list, err := readAttempts(tx.DB(), merchant, paymentID)
	if err != nil {
		return pay, err
	}
	a, ok := kept(list)
	if pay.Status != Authorized || !ok {
		for _, a := range list {
			if a.Status == sessionPaid && a.Data[dataTake] != "" && (amount == nil || *amount == money.Of(a.expected(pay), pay.Currency)) {
				return pay, nil // done already
			}
		}
		return pay, ErrNotHeld
	}
	take := pay.Money()
	if amount != nil {
		take = *amount
	}
	if take.Currency != pay.Currency || take.Amount < 1 || take.Amount > pay.Amount {
		return pay, ErrTakeTooMuch
	}
	if a.Data[dataTake] != "" {
		if amount != nil && a.expected(pay) != take.Amount {
			return pay, ErrTakeOther
		}
		return pay, nil
	}
	a.Data[dataTake] = strconv.FormatInt(take.Amount, 10)
	if err := saveOfferData(tx, merchant, paymentID, a.Attempt, a.Data); err != nil {
		return pay, err
	}
	if err := pay.move(Authorized, ReasonCapturing); err != nil {
		return pay, err
	}
	if err := savePayment(tx, &pay); err != nil {
		return pay, err
	}
	return pay, p.desk.Announce(tx, HeldMoney{merchant, paymentID})
}

// HoldEnds marks held money that must be taken within a day: whoever looks at what needs a person sees it.
func (p *Payments) HoldEnds(tx database.Tx, merchant, paymentID string) error {
	pay, err := lockPayment(tx, merchant, paymentID)
	if err != nil || pay.Status != Authorized || pay.Reason != "" {
		return err
	}
	if err := pay.move(Authorized, ReasonHoldEnds); err != nil {
		return err
	}
	return savePayment(tx, &pay)
}

// Takeable tells whether money is held that nobody has said to take yet.
func (p Payment) Takeable() bool { return p.Status == Authorized && p.Reason != ReasonCapturing }

// kept is the attempt whose held money counts: the first of them. list is sorted from the last to the first.
func kept(list []attempt) (attempt, bool) {
	for _, a := range slices.Backward(list) {
		if a.holds() {
			return a, true
		}
	}
	return attempt{}, false
}

// finishHeld is the job behind held money: it takes what was promised to be taken, and lets go what nobody waits for any more.
func (p *Payments) finishHeld(ctx context.Context, n HeldMoney) error {
	pay, err := p.Get(ctx, n.Merchant, n.Payment)
	if err != nil {
		return err
	}
	list, err := readAttempts(p.db.Read(ctx), n.Merchant, n.Payment)
	if err != nil {
		return err
	}
	first, _ := kept(list)
	var all error
	for _, a := range list {
		switch {
		case !a.holds():
		case pay.Status != Authorized || a.Attempt != first.Attempt:
			all = errors.Join(all, p.letGo(ctx, a))
		case a.Data[dataTake] != "":
			all = errors.Join(all, p.takeHeld(ctx, pay, a))
		}
	}
	return all
}

func (p *Payments) letGo(ctx context.Context, a attempt) error {
	acct, err := p.accountNamed(ctx, a.MerchantID, a.Account)
	if err != nil {
		return p.neverOf(ctx, a, err)
	}
	err = p.stripe.release(ctx, acct.Key, a.IntentID, "release:"+a.PaymentID+":"+strconv.FormatInt(a.Attempt, 10))
	if answer := refusal(err); err != nil && (answer == nil || !answer.final()) {
		return err
	}
	return p.tell(ctx, a) // what was refused is not held any more; the reading tells what became of it
}

// neverOf ends work on an account that is not connected any more.
func (p *Payments) neverOf(ctx context.Context, a attempt, err error) error {
	if errors.Is(err, ErrOldAccount) {
		p.cfg.Log.WarnContext(ctx, "money is held in an account that is no longer connected", "payment", a.PaymentID, "account", a.Account)
		return nil
	}
	return err
}

// takeHeld takes held money. Same sum and same try, same key: one act. What became of it comes the way of every event.
func (p *Payments) takeHeld(ctx context.Context, pay Payment, a attempt) error {
	acct, err := p.accountNamed(ctx, a.MerchantID, a.Account)
	if err != nil {
		return p.neverOf(ctx, a, err)
	}
	unit := int64(0)
	if take := a.expected(pay); take != pay.Amount {
		if unit, err = a.unitOf(money.Of(take, pay.Currency), pay.Money()); err != nil {
			return err
		}
	}
	key := "capture:" + a.PaymentID + ":" + strconv.FormatInt(a.Attempt, 10) + ":" + a.Data[dataTake] + ":" + a.Data[dataTry]
	err = p.stripe.capture(ctx, acct.Key, a.IntentID, key, unit)
	answer := refusal(err)
	switch {
	case err == nil:
		return p.tell(ctx, a)
	case answer == nil || !answer.final():
		return err
	case answer.Status >= 500: // kept under the key for good
		return errors.Join(p.tryAgain(ctx, a), err)
	}
	r, err := p.stripe.session(ctx, acct.Key, a.ExternalID)
	if err != nil {
		return err
	}
	if r.IntentStatus != intentHeld {
		return p.tell(ctx, a) // taken or let go by somebody else
	}
	return p.db.InTx(ctx, func(tx database.Tx) error {
		now, err := lockPayment(tx, pay.MerchantID, pay.ID)
		if err != nil || now.Status != Authorized {
			return err
		}
		if err := p.Review(tx, pay.MerchantID, pay.ID, ReasonCaptureFailed); err != nil {
			return err
		}
		return p.desk.Announce(tx, Moved{pay.MerchantID, pay.ID, pay.OrderID, Authorized, NeedsReview})
	})
}

func (p *Payments) tryAgain(ctx context.Context, a attempt) error {
	return p.db.InTx(ctx, func(tx database.Tx) error {
		if _, err := lockPayment(tx, a.MerchantID, a.PaymentID); err != nil {
			return err
		}
		a.Data[dataTry] += "i"
		return saveOfferData(tx, a.MerchantID, a.PaymentID, a.Attempt, a.Data)
	})
}
