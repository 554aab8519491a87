package payments

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"sotto.chat/internal/database"
	"sotto.chat/internal/fault"
	"sotto.chat/internal/id"
	"sotto.chat/internal/jobs"
	"sotto.chat/payments/accounts"
)

// ErrLinkDead says that a link leads to no payment any more; its field "state" says why: paid, processing, expired, cancelled …
var ErrLinkDead = fault.New(fault.Conflict, "pay_link_dead", "This pay link is no longer good.")

// Stripe wants expires_at 30 minutes to 24 hours after a session's making. A click late in the hold thus needs a session that
// outlives the link: it gets the shortest life that Stripe takes, and is expired by us when the link's time is over
// (SessionsToClose, promised with the session for that moment; Kill promises it sooner). What is paid in between comes in as money
// like any other: on time when the order still stands, else late.
const (
	sessionShortest = 30 * time.Minute
	sessionLongest  = 24 * time.Hour
	// sessionSlack is the time that a request may take from claim to Stripe; later, a second try gets a new attempt.
	sessionSlack = time.Minute
)

// freshFor is how long an open session is believed to be open without asking.
const freshFor = 3 * time.Second

// checkoutTries covers a resumed attempt, its saved failure, and the attempt after it.
const checkoutTries = 4

func dead(pay Payment, over bool) error {
	if s := pay.state(over); s != "open" {
		return ErrLinkDead.At("state", s)
	}
	return nil
}

// Checkout gives the address of the payment's one live session, made or refreshed now. However many click at once, in however
// many processes, there is one session: the attempt is claimed under the payment's lock and its number is in the idempotency key.
func (p *Payments) Checkout(ctx context.Context, token string) (string, error) {
	pay, err := p.byToken(ctx, token)
	if err != nil {
		return "", err
	}
	if err := dead(pay, !pay.ExpiresAt.After(p.db.Now())); err != nil {
		return "", err
	}
	return p.flights.Do(ctx, pay.ID, func(ctx context.Context) (string, error) { return p.checkout(ctx, pay.MerchantID, pay.ID) })
}

func (p *Payments) checkout(ctx context.Context, merchant, payment string) (string, error) {
	acct, err := p.account(ctx, merchant)
	if err != nil {
		return "", err
	}
	for range checkoutTries {
		pay, a, err := p.claim(ctx, merchant, payment, acct.Name)
		if err != nil {
			return "", err
		}
		next := p.create
		if a.Status == sessionOpen {
			next = p.refresh
		}
		if url, err := next(ctx, pay, a); err != nil || url != "" {
			return url, err
		}
	}
	return "", ErrUpstream
}

// claim finds the live attempt, or writes down a new one with all that its request will say.
func (p *Payments) claim(ctx context.Context, merchant, payment, account string) (pay Payment, a attempt, err error) {
	err = p.db.InTx(ctx, func(tx database.Tx) (err error) {
		if pay, err = lockPayment(tx, merchant, payment); err != nil {
			return err
		}
		if err := dead(pay, !pay.ExpiresAt.After(tx.Now)); err != nil {
			return err
		}
		list, err := readAttempts(tx.DB(), merchant, payment)
		if err != nil {
			return err
		}
		var ok bool
		if a, ok = lastBy(list, MethodStripe); ok && a.Status.live() {
			if a.ExpiresAt.After(tx.Now) {
				return nil
			}
			if err := endAttempt(tx, &a, sessionExpired); err != nil {
				return err
			}
		}
		if err := p.revive(tx, &pay); err != nil {
			return err
		}
		m, err := p.register.Find(tx, merchant)
		if err != nil {
			return err
		}
		data := map[string]string{}
		if m.Settings.ManualCapture {
			data[dataCapture] = "manual"
		}
		if known, err := p.mayKnow(tx, pay, account); err != nil {
			return err
		} else if known {
			data[dataKeep] = "yes"
		}
		look := tx.Now.Add(lookSoonest)
		a = attempt{MerchantID: merchant, PaymentID: payment, Attempt: next(list), Status: sessionClaimed, Method: MethodStripe, Data: data, Account: account,
			ReturnURL: p.PayURL(pay), ExpiresAt: sessionEnd(tx.Now, pay.ExpiresAt), LookAt: &look, CreatedAt: tx.Now, UpdatedAt: tx.Now}
		return insertAttempt(tx, &a)
	})
	return pay, a, err
}

// lastBy gives the last attempt by a method out of all, which are sorted from the last to the first.
func lastBy(list []attempt, method string) (attempt, bool) {
	for _, a := range list {
		if a.Method == method {
			return a, true
		}
	}
	return attempt{}, false
}

// sessionEnd is the link's end where Stripe allows it, else the nearest that it allows; whole seconds, as Stripe counts.
func sessionEnd(now, link time.Time) time.Time {
	first, last := now.Add(sessionShortest+sessionSlack), now.Add(sessionLongest-sessionSlack)
	end := link.Add(time.Second - 1).Truncate(time.Second)
	if end.Before(first) {
		end = first
	}
	if end.After(last) {
		end = last
	}
	return end.Truncate(time.Second)
}

// endAttempt writes a last state; nobody needs to look again.
func endAttempt(tx database.Tx, a *attempt, s sessionState) error {
	a.Status, a.LookAt, a.URL = s, nil, ""
	return saveAttempt(tx, a)
}

func (p *Payments) request(pay Payment, a attempt) sessionRequest {
	return sessionRequest{Merchant: a.MerchantID, Payment: a.PaymentID, Attempt: a.Attempt, Order: pay.OrderID, Language: pay.Language,
		Amount: pay.Money(), Items: pay.Description, ReturnURL: a.ReturnURL, ExpiresAt: a.ExpiresAt, Manual: a.manual(), Keep: a.Data[dataKeep] != ""}
}

// create has the provider make a claimed session. An empty address without an error asks for another try.
func (p *Payments) create(ctx context.Context, pay Payment, a attempt) (string, error) {
	acct, err := p.accountNamed(ctx, a.MerchantID, a.Account)
	if errors.Is(err, ErrOldAccount) {
		return "", p.end(ctx, a, sessionDead)
	}
	if err != nil {
		return "", err
	}
	req := p.request(pay, a)
	if req.Keep {
		if req.Customer, req.Keep, err = p.saved.Known(ctx, a.MerchantID, a.Account, pay.CustomerID); err != nil {
			return "", err
		}
	}
	r, err := p.stripe.createSession(ctx, acct.Key, req)
	if err == nil {
		return r.URL, p.opened(ctx, a, r)
	}
	answer := refusal(err)
	if answer == nil {
		return "", ErrUpstream.Because(err)
	}
	p.cfg.Log.WarnContext(ctx, "no session was made", "payment", a.PaymentID, "attempt", a.Attempt, "error", answer)
	if !answer.final() {
		if answer.Status == http.StatusInternalServerError {
			return "", nil // the same key again: done, or a failure kept under the key for good; the library tries the others again
		}
		return "", ErrUpstream.Because(err)
	}
	if err := p.end(ctx, a, sessionDead); err != nil {
		return "", err
	}
	if answer.Param == "customer" { // deleted there; the next session begins anew
		return "", p.db.InTx(ctx, func(tx database.Tx) error { return p.saved.Lost(tx, a.MerchantID, a.Account, pay.CustomerID) })
	}
	// A crash left the attempt too late to be made, or its failure is kept, or its request was built otherwise: a new attempt.
	if answer.Param == "expires_at" || answer.Replayed || answer.Code == "idempotency_error" {
		return "", nil
	}
	return "", ErrUpstream.Because(err)
}

// cut shortens to at most n runes.
func cut(s string, n int) string {
	if r := []rune(s); len(r) > n {
		return string(r[:n-1]) + "…"
	}
	return s
}

// locales are those of the hosted page.
const locales = " bg cs da de el en en-GB es es-419 et fi fil fr fr-CA hr hu id it ja ko lt lv ms mt nb nl pl pt pt-BR ro ru sk sl sv th tr vi zh zh-HK zh-TW "

func locale(language string) string {
	base, _, _ := strings.Cut(language, "-")
	for _, l := range []string{language, base} {
		if l != "" && strings.Contains(locales, " "+l+" ") {
			return l
		}
	}
	return "auto"
}

// opened stores what the provider made. When the payment ended meanwhile, the session is promised to be closed and not given away.
func (p *Payments) opened(ctx context.Context, a attempt, r remote) error {
	var gone error
	err := p.db.InTx(ctx, func(tx database.Tx) error {
		gone = nil
		pay, err := lockPayment(tx, a.MerchantID, a.PaymentID)
		if err != nil {
			return err
		}
		now, ok, err := readAttempt(tx.DB(), a.MerchantID, a.PaymentID, a.Attempt)
		if err != nil || !ok {
			return errors.Join(err, errLost(a))
		}
		if now.Status == sessionClaimed {
			look := nextLook(tx.Now, now)
			now.Status, now.ExternalID, now.IntentID, now.URL, now.LookAt = sessionOpen, r.Session, r.Intent, r.URL, &look
			if err := saveAttempt(tx, &now); err != nil {
				return err
			}
		}
		if gone = dead(pay, !pay.ExpiresAt.After(tx.Now)); gone != nil {
			return p.desk.Announce(tx, SessionsToClose{a.MerchantID, a.PaymentID})
		}
		if a.ExpiresAt.After(pay.ExpiresAt) {
			return p.desk.Announce(tx, SessionsToClose{a.MerchantID, a.PaymentID}, jobs.At(pay.ExpiresAt))
		}
		return nil
	})
	return errors.Join(err, gone)
}

func errLost(a attempt) error {
	return fmt.Errorf("attempt %d of payment %s is not in the database", a.Attempt, a.PaymentID)
}

// refresh asks how an open session stands before it is given away again; when nobody answers it is taken to be open.
func (p *Payments) refresh(ctx context.Context, pay Payment, a attempt) (string, error) {
	if p.db.Now().Sub(a.UpdatedAt) < freshFor {
		return a.URL, nil
	}
	acct, err := p.accountNamed(ctx, a.MerchantID, a.Account)
	if errors.Is(err, ErrOldAccount) {
		return a.URL, nil
	}
	if err != nil {
		return "", err
	}
	r, err := p.stripe.session(ctx, acct.Key, a.ExternalID)
	if err != nil {
		p.cfg.Log.WarnContext(ctx, "a session could not be read", "payment", a.PaymentID, "error", err)
		return a.URL, nil
	}
	switch r.state() {
	case sessionOpen:
		return r.URL, nil
	case sessionExpired:
		return "", p.end(ctx, a, sessionExpired)
	}
	if err := p.tell(ctx, a); err != nil {
		return "", err
	}
	pay.Reason = ReasonProcessing
	if r.paid() {
		pay.Status = Paid
	}
	return "", dead(pay, false)
}

// end writes a last state in a transaction of its own.
func (p *Payments) end(ctx context.Context, a attempt, s sessionState) error {
	return p.db.InTx(ctx, func(tx database.Tx) error {
		if _, err := lockPayment(tx, a.MerchantID, a.PaymentID); err != nil {
			return err
		}
		now, ok, err := readAttempt(tx.DB(), a.MerchantID, a.PaymentID, a.Attempt)
		if err != nil || !ok || !now.Status.live() {
			return err
		}
		return endAttempt(tx, &now, s)
	})
}

// tell announces a session that we found changed, as if a webhook had come.
func (p *Payments) tell(ctx context.Context, a attempt) error {
	return p.db.InTx(ctx, func(tx database.Tx) error {
		merchant := a.MerchantID
		if a.Account == "" {
			merchant = ""
		}
		return p.arrived(tx, event{MerchantID: merchant, ID: id.New("evt"), Kind: pollKind, ObjectID: a.ExternalID, Facts: facts{Account: a.Account}, ReceivedAt: tx.Now})
	})
}

// CustomerDropped is news: what a provider calls a customer, and all that it keeps under that name, is to be deleted there.
type CustomerDropped struct {
	Merchant string `json:"merchant"`
	Row      string `json:"row"`
}

// NewsKind names the news.
func (CustomerDropped) NewsKind() string { return "payments.customer_dropped" }

// mayKnow tells whether the provider is to know the customer again: they agreed, and nobody else was sent a link for a part of the order.
func (p *Payments) mayKnow(tx database.Tx, pay Payment, account string) (bool, error) {
	if pay.CustomerID == "" {
		return false, nil
	}
	agreed, err := p.saved.Agreed(tx, pay.MerchantID, account, pay.CustomerID)
	if err != nil || !agreed {
		return false, err
	}
	list, err := readOfOrders(tx.DB(), pay.MerchantID, []string{pay.OrderID})
	return pay.ofWhole(list), err
}

// ofWhole tells whether a payment is for all of its order.
func (p Payment) ofWhole(list []Payment) bool {
	for _, one := range list {
		if one.ID != p.ID && one.Status != Cancelled && one.Reason != ReasonDouble {
			return false
		}
	}
	return true
}

// Remember notes that the customer of a link agrees to be known to the provider at the next order. It gives whose link it is.
func (p *Payments) Remember(ctx context.Context, token string) (merchant, customer string, err error) {
	pay, err := p.byToken(ctx, token)
	if err != nil || pay.CustomerID == "" {
		return "", "", err
	}
	acct, err := p.account(ctx, pay.MerchantID)
	if err != nil {
		return "", "", err
	}
	return pay.MerchantID, pay.CustomerID, p.db.InTx(ctx, func(tx database.Tx) error { return p.saved.Agree(tx, pay.MerchantID, acct.Name, pay.CustomerID) })
}

// Forget withdraws a customer's consent to be known to the provider, which is asked to delete all that it keeps of them.
func (p *Payments) Forget(tx database.Tx, merchant, customer string) error {
	dropped, err := p.saved.Forget(tx, merchant, customer)
	return errors.Join(err, p.announceDropped(tx, merchant, dropped))
}

func (p *Payments) announceDropped(tx database.Tx, merchant string, rows []string) (err error) {
	for _, row := range rows {
		err = errors.Join(err, p.desk.Announce(tx, CustomerDropped{merchant, row}))
	}
	return err
}

// deleteDropped is the job behind it.
func (p *Payments) deleteDropped(ctx context.Context, n CustomerDropped) error {
	name, id, ok, err := p.saved.Dropped(ctx, n.Merchant, n.Row)
	if err != nil || !ok {
		return err
	}
	acct, err := p.accountNamed(ctx, n.Merchant, name)
	if err == nil {
		if err = told(accounts.Forget(ctx, p.stripe.backend, acct.Key, id)); gone(err) {
			err = nil
		}
	}
	if err != nil && !errors.Is(err, ErrOldAccount) { // who took the key away can delete there alone
		return err
	}
	return p.db.InTx(ctx, func(tx database.Tx) error { return p.saved.Done(tx, n.Merchant, n.Row) })
}
