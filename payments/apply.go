package payments

import (
	"errors"

	"sotto.chat/internal/database"
	"sotto.chat/internal/id"
	"sotto.chat/internal/money"
	"sotto.chat/privacy"
)

// Apply moves the payment that a fact is about, once per event and once per coin: whoever comes second with either finds it done.
// Facts may be applied in any order, also old ones after new: nothing that came later is undone.
func (p *Payments) Apply(tx database.Tx, f Fact) (Move, error) {
	if f.known || f.event == "" {
		return Move{}, nil
	}
	ev, ok, err := readEvent(locked(tx.DB()), f.source, f.event)
	if err != nil || !ok || ev.HandledAt != nil {
		return Move{}, err
	}
	if f.outcome != "" {
		return Move{}, p.leave(tx, f)
	}
	s := settlement{Payments: p, tx: tx, f: f, r: f.remote}
	outcome, err := s.settle()
	if err != nil {
		return Move{}, err
	}
	if s.again {
		return s.move, p.desk.Announce(tx, EventArrived{f.source, f.event})
	}
	return s.move, markEvent(tx, f.source, f.event, outcome)
}

// leave notes an event that nothing can be made of, unless its money was counted in the meantime.
func (p *Payments) leave(tx database.Tx, f Fact) error {
	intent := f.told.intent(f.kind)
	if f.remote.Payment != "" || intent == "" || subject(f.kind) == aSession {
		return markEvent(tx, f.source, f.event, f.outcome)
	}
	if err := p.lockIntent(tx, f.source, intent); err != nil {
		return err
	}
	_, counted, err := readCoinOf(tx.DB(), f.source, f.account, intent)
	if err != nil {
		return err
	}
	if counted {
		return p.desk.Announce(tx, EventArrived{f.source, f.event})
	}
	return markEvent(tx, f.source, f.event, f.outcome)
}

// settlement is one Apply at work.
type settlement struct {
	*Payments
	tx   database.Tx
	f    Fact
	r    remote
	pay  Payment // whose state is settled: the one named by the session, or the double's own
	was  Payment // as it stood before
	move Move
	// again asks for the event once more: the provider's own coin is counted first, then the one that only the event knows.
	again bool
	// at is the attempt that the fact is about.
	at attempt
	// changed tells that the books move although the payment's row stays.
	changed bool
}

func (s *settlement) settle() (outcome string, err error) {
	if s.pay, err = lockPayment(s.tx, s.f.Merchant, s.f.Payment); err != nil {
		if errors.Is(err, ErrUnknownPay) {
			return s.strange("unknown_payment")
		}
		return "", err
	}
	a, ok, err := s.attempt()
	if err != nil {
		return "", err
	}
	if !ok {
		return s.strange("unknown_session")
	}
	s.at = a
	coin, counted, err := s.weighWords(a)
	if err != nil {
		return "", err
	}
	advanced, err := s.advance(a)
	if err != nil {
		return "", err
	}
	if counted && coin.PaymentID != s.pay.ID {
		if s.pay, err = lockPayment(s.tx, s.f.Merchant, coin.PaymentID); err != nil {
			return "", err
		}
	}
	s.was = s.pay
	more := false // the order hears that the money came with this move, and of what became of it with the next
	switch {
	case s.r.paid() && !counted:
		if coin, err = s.take(); err == nil {
			err = s.keepCustomer()
		}
		more = s.move.Paid && len(s.r.Disputes) > 0 || s.move.Double && (len(s.r.Disputes)+len(s.r.Refunds) > 0 || s.r.Back != nil)
		s.again = s.again || more
	case s.r.paid():
		err = s.correct(&coin)
	case advanced == sessionProcessing, s.r.IntentStatus == intentHeld && s.r.state() == sessionProcessing:
		err = s.wait()
	case advanced == sessionFailed:
		err = s.fail()
	}
	if err == nil && coin.ExternalID != "" && !more {
		err = s.after(coin)
	}
	if err != nil {
		return "", err
	}
	return s.finish(coin)
}

// attempt reads the attempt that the fact is about. What is known as money alone has none, and its receipt answers for it.
func (s *settlement) attempt() (a attempt, ok bool, err error) {
	a, ok, err = readAttempt(s.tx.DB(), s.f.Merchant, s.f.Payment, s.r.Attempt)
	if err != nil || ok || s.r.Attempt != 0 {
		return a, ok && a.Account == s.f.account && a.Method == s.f.method, err
	}
	coin, ok, err := readReceipt(s.tx.DB(), s.f.Merchant, s.f.told.intent(s.f.kind))
	return attempt{}, ok && coin.Account == s.f.account && coin.Method == s.f.method, err
}

// weighWords settles what is to be believed, between the provider's API, the signed event and our own rows, and gives the coin that it
// is about, if that was counted before.
func (s *settlement) weighWords(a attempt) (coin receipt, counted bool, err error) {
	if s.f.word != nil {
		return s.counted(a)
	}
	if s.r.Session == "" {
		s.r = a.remote(s.f)
	}
	if s.f.speaksOfAnother(s.r) {
		if coin, counted, err = s.counted(a); err != nil {
			return coin, counted, err
		}
		if s.again = s.r.paid() && !counted; s.again {
			return coin, counted, nil
		}
		s.r = s.r.alone(s.f.told.intent(s.f.kind))
	}
	s.r = s.r.heed(s.f.kind, s.f.told)
	return s.counted(a)
}

// counted finds the coin's receipt. What was counted under its session, before anybody told of its intent, is the same coin.
func (s *settlement) counted(a attempt) (coin receipt, ok bool, err error) {
	coin, ok, err = readReceipt(s.tx.DB(), s.f.Merchant, s.r.coin())
	if err != nil || ok || s.r.Intent == "" || a.IntentID != "" && a.IntentID != s.r.Intent {
		return coin, ok, err
	}
	return readReceipt(s.tx.DB(), s.f.Merchant, s.r.Session)
}

// strange ends a fact that fits nothing of ours although our marks are on it: the operator is told when there is money in it.
func (s *settlement) strange(outcome string) (string, error) {
	if s.r.paid() || s.f.told.pays(s.f.kind) {
		s.cfg.Log.ErrorContext(s.tx.Context(), "money came for what is not known here", "outcome", outcome, "merchant", s.f.Merchant, "session", s.r.Session)
	}
	return outcome, nil
}

// advance brings the attempt's row forward and gives its new state, or "" when that was known.
func (s *settlement) advance(a attempt) (sessionState, error) {
	if a.Attempt == 0 || a.ExternalID != "" && a.ExternalID != s.r.Session {
		return "", nil // a session that somebody copied ours into; its money counts all the same
	}
	if a.remember(s.r) {
		if err := saveOfferData(s.tx, a.MerchantID, a.PaymentID, a.Attempt, a.Data); err != nil {
			return "", err
		}
	}
	now := s.r.state()
	if now.rank() <= a.Status.rank() && !(now == sessionPaid && a.Status != sessionPaid) {
		if a.IntentID == "" && s.r.Intent != "" {
			a.IntentID = s.r.Intent
			return "", saveAttempt(s.tx, &a)
		}
		return "", nil
	}
	a.Status, a.ExternalID, a.IntentID, a.URL, a.LookAt = now, s.r.Session, s.r.Intent, s.r.URL, nil
	if now.rank() < sessionPaid.rank() {
		look := nextLook(s.tx.Now, a)
		a.LookAt = &look
	}
	return now, saveAttempt(s.tx, &a)
}

// take counts a coin: for the payment, or for a row of its own when that has one already.
func (s *settlement) take() (receipt, error) {
	got := s.r.came()
	coin := receipt{MerchantID: s.f.Merchant, ExternalID: s.r.coin(), Account: s.f.account, Amount: got.Amount, Currency: got.Currency, At: s.tx.Now,
		Method: s.f.method}
	s.f.feeOf(&coin)
	first, second, err := readReceiptOf(s.tx.DB(), s.f.Merchant, s.pay.ID)
	if err != nil {
		return coin, err
	}
	if second && s.better(coin, first) {
		if err := s.giveWay(first); err != nil {
			return coin, err
		}
		second = false
	}
	if second {
		s.pay = Payment{MerchantID: s.f.Merchant, ID: id.New("pay"), OrderID: s.pay.OrderID, CustomerID: s.pay.CustomerID, Status: NeedsReview, Reason: ReasonDouble,
			Amount: got.Amount, Currency: got.Currency, PaidAmount: got.Amount, Description: s.pay.Description, Language: s.pay.Language,
			ExpiresAt: s.tx.Now, Version: 1, CreatedAt: s.tx.Now, UpdatedAt: s.tx.Now}
		s.was, s.move.Double = Payment{}, true
		if err := insertPayment(s.tx, &s.pay); err != nil {
			return coin, err
		}
	} else if err := s.credit(coin); err != nil {
		return coin, err
	}
	coin.PaymentID = s.pay.ID
	if err := s.lockIntent(s.tx, s.f.source, coin.ExternalID); err != nil {
		return coin, err
	}
	if err := insertReceipt(s.tx, &coin); err != nil {
		return coin, err
	}
	if err := s.reopen(coin); err != nil {
		return coin, err
	}
	return coin, s.closeOthers()
}

// keepCustomer stores what the provider calls a customer who agreed to that, or has it forget one who thought better of it.
func (s *settlement) keepCustomer() error {
	if s.r.Customer == "" || s.at.Data[dataKeep] == "" || s.pay.CustomerID == "" {
		return nil
	}
	dropped, err := s.saved.Keep(s.tx, s.f.Merchant, s.f.account, s.pay.CustomerID, s.r.Customer)
	if err != nil && !errors.Is(err, privacy.ErrForgotten) {
		return err
	}
	return s.announceDropped(s.tx, s.f.Merchant, dropped)
}

// better tells whether the coin is exactly what was asked for, while the one that came before was not and no person has decided about it:
// which of two coins pays must not hang on their order.
func (s *settlement) better(coin, first receipt) bool {
	odd := s.pay.Reason == ReasonWrongMode || money.Of(first.Amount, first.Currency) != s.pay.Money()
	return s.pay.Status == NeedsReview && odd && s.r.Live == s.f.live && !s.r.Odd && money.Of(coin.Amount, coin.Currency) == s.pay.Money()
}

// giveWay moves a coin, with what went back of it, to a payment of its own before a person.
func (s *settlement) giveWay(coin receipt) error {
	other := Payment{MerchantID: s.f.Merchant, ID: id.New("pay"), OrderID: s.pay.OrderID, CustomerID: s.pay.CustomerID, Status: NeedsReview, Reason: ReasonDouble,
		Amount: coin.Amount, Currency: coin.Currency, PaidAmount: coin.Amount, Description: s.pay.Description, Language: s.pay.Language,
		ExpiresAt: s.tx.Now, Version: 1, CreatedAt: s.tx.Now, UpdatedAt: s.tx.Now}
	if err := insertPayment(s.tx, &other); err != nil {
		return err
	}
	if err := moveCoin(s.tx, s.f.Merchant, coin.ExternalID, s.pay.ID, other.ID); err != nil {
		return err
	}
	coin.PaymentID = other.ID
	if err := weigh(s.tx, &other, coin, "", false); err != nil {
		return err
	}
	s.pay.PaidAmount, s.pay.RefundedAmount = 0, 0
	s.pay.Status, s.pay.Reason = Pending, "" // as if the other had never come
	if err := savePayment(s.tx, &other); err != nil {
		return err
	}
	return s.book(s.tx, other.MerchantID, other.ID, s.f.kind)
}

// reopen has those events looked at again that told of the coin's refunds and disputes before its money was known.
func (s *settlement) reopen(coin receipt) error {
	early, err := reopenEvents(s.tx, s.f.source, coin.ExternalID)
	for _, one := range early {
		err = errors.Join(err, s.desk.Announce(s.tx, EventArrived{s.f.source, one}))
	}
	return err
}

// correct puts right what an event alone had said of a coin, once the provider's API tells its sum.
func (s *settlement) correct(coin *receipt) error {
	if s.f.feeOf(coin) {
		if err := saveReceipt(s.tx, coin); err != nil {
			return err
		}
		s.changed = true
	}
	got := s.r.came()
	if s.r.Told || s.r.Odd || s.r.Live != s.f.live || got == money.Of(coin.Amount, coin.Currency) {
		return nil
	}
	coin.Amount, coin.Currency = got.Amount, got.Currency
	if err := saveReceipt(s.tx, coin); err != nil {
		return err
	}
	s.pay.PaidAmount = 0
	if coin.Currency == s.pay.Currency {
		s.pay.PaidAmount = coin.Amount
	}
	switch {
	case s.pay.Status != NeedsReview || s.pay.Reason != ReasonWrongAmount && s.pay.Reason != ReasonWrongCurrency:
	case coin.Currency != s.pay.Currency:
		s.pay.Reason = ReasonWrongCurrency
	case coin.Amount != s.pay.Amount:
		s.pay.Reason = ReasonWrongAmount
	default:
		s.move.Paid = true
		return s.pay.move(Paid, "")
	}
	return nil
}

// credit gives the coin to the payment. What is not exactly what was asked for goes before a person.
func (s *settlement) credit(coin receipt) error {
	s.move.Late = s.pay.Status == Cancelled
	if coin.Currency == s.pay.Currency {
		s.pay.PaidAmount = coin.Amount
	}
	switch {
	case s.r.Live != s.f.live:
		return s.pay.move(NeedsReview, ReasonWrongMode)
	case s.r.Odd:
		return s.pay.move(NeedsReview, ReasonWrongAmount)
	case coin.Currency != s.pay.Currency:
		return s.pay.move(NeedsReview, ReasonWrongCurrency)
	case coin.Amount != s.at.expected(s.pay):
		return s.pay.move(NeedsReview, ReasonWrongAmount)
	case s.pay.Status == NeedsReview:
		return nil // a person has it already
	case coin.Amount != s.pay.Amount:
		s.move.Paid = true
		return s.pay.move(Paid, ReasonCaptured)
	case s.move.Late:
		s.move.Paid = true
		return s.pay.move(Paid, ReasonLate)
	}
	s.move.Paid = true
	return s.pay.move(Paid, "")
}

// closeOthers promises the end of sessions with which the same could be paid again.
func (s *settlement) closeOthers() error {
	open, err := readLiveAttempts(s.tx.DB(), s.f.Merchant, s.r.Payment)
	if err != nil || len(open) == 0 {
		return err
	}
	return s.desk.Announce(s.tx, SessionsToClose{s.f.Merchant, s.r.Payment})
}

// finish stores what changed and tells it. A refund or a dispute of money that is not known waits for that.
func (s *settlement) finish(coin receipt) (string, error) {
	s.move.Payment, s.move.From, s.move.To, s.move.Was = s.pay, s.was.Status, s.pay.Status, s.was.Reason
	n, w := s.pay, s.was
	s.move.Changed = s.move.Double || n.Status != w.Status || n.Reason != w.Reason || n.PaidAmount != w.PaidAmount ||
		n.RefundedAmount != w.RefundedAmount || !n.ExpiresAt.Equal(w.ExpiresAt)
	switch about := subject(s.f.kind); {
	case s.move.Changed:
	case s.changed, coin.ExternalID != "" && (len(s.r.Refunds) > 0 || len(s.r.Disputes) > 0 || s.r.Back != nil):
		return "no_change", s.book(s.tx, s.pay.MerchantID, s.pay.ID, s.f.kind)
	case coin.ExternalID == "" && (about == aRefund || about == aDispute || s.r.Back != nil):
		s.cfg.Log.WarnContext(s.tx.Context(), "a refund or a dispute of money that is not known here", "payment", s.pay.ID, "event", s.f.event)
		return outcomeNoMoney, nil
	default:
		return "no_change", nil
	}
	if err := savePayment(s.tx, &s.pay); err != nil {
		return "", err
	}
	s.move.Payment = s.pay
	return string(s.pay.Status), s.book(s.tx, s.pay.MerchantID, s.pay.ID, s.f.kind)
}
