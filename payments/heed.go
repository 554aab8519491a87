package payments

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"sotto.chat/internal/database"
	"sotto.chat/internal/id"
	"sotto.chat/internal/money"
)

// remote is the attempt as we know it ourselves, for when the provider's API does not tell.
func (a attempt) remote(f Fact) remote {
	r := remote{Session: a.ExternalID, Status: "open", URL: a.URL, Live: f.live, Merchant: f.Merchant, Payment: f.Payment, Attempt: a.Attempt,
		Intent: a.IntentID, Told: true}
	if subject(f.kind) == aSession && f.told.ID != "" && f.told.ID != a.ExternalID {
		r.Session = f.told.ID
		if a.ExternalID != "" {
			r.URL, r.Intent = "", "" // a session that somebody copied ours into
			return r
		}
	}
	switch a.Status {
	case sessionPaid:
		r.Status, r.PaymentStatus = "complete", "paid"
	case sessionProcessing:
		r.Status, r.IntentStatus = "complete", "processing"
	case sessionFailed:
		r.Status, r.IntentStatus = "complete", "requires_payment_method"
	case sessionExpired, sessionDead:
		r.Status = "expired"
	}
	return r
}

// speaksOfAnother tells whether the event is about another coin than the one of the session.
func (f Fact) speaksOfAnother(r remote) bool {
	in := f.told.intent(f.kind)
	return in != "" && r.Intent != "" && in != r.Intent
}

// alone leaves of a session what an event about another coin needs.
func (r remote) alone(intent string) remote {
	return remote{Session: r.Session, Status: "open", Live: r.Live, Merchant: r.Merchant, Payment: r.Payment, Attempt: r.Attempt,
		Asked: r.Asked, Shown: r.Shown, Intent: intent, Told: true}
}

// heed adds what the signed event says to what the API says, whichever tells of more: money that came is not undone by an API that does
// not know of it yet, nor by an event that was made before. Of what both know, the API's figures stand.
func (r remote) heed(kind string, f facts) remote {
	if r.Intent == "" {
		r.Intent = f.intent(kind)
	}
	r.Refunds, r.Disputes = slices.Clone(r.Refunds), slices.Clone(r.Disputes)
	switch now := r.state(); {
	case now == sessionPaid:
	case f.pays(kind):
		m, exact := f.money(kind, r.Asked, r.Shown)
		r.Status, r.PaymentStatus, r.Told = "complete", "paid", true
		r.Asked, r.Received, r.Odd = m, m, !exact
	case kind == "payment_intent.amount_capturable_updated" && f.Status == intentHeld:
		r.Status, r.IntentStatus = "complete", intentHeld
	case kind == "payment_intent.canceled" && now == sessionProcessing:
		r.IntentStatus = "canceled"
	case kind == "checkout.session.completed" && now == sessionOpen:
		r.Status, r.IntentStatus = "complete", "processing"
	case kind == "checkout.session.async_payment_failed" && (now == sessionOpen || now == sessionProcessing):
		r.Status, r.IntentStatus = "complete", "requires_payment_method"
	case kind == "checkout.session.expired" && now == sessionOpen:
		r.Status = "expired"
	}
	if total, err := money.FromStripe(orNone(f.Total), f.Currency); f.Conversion != nil && err == nil && r.Shown == (money.Money{}) && r.Asked.Currency != f.Currency {
		r.Shown = money.Of(orNone(f.Total), total.Currency)
	}
	for i := range r.Refunds {
		r.Refunds[i].Amount = r.inOurs(r.Refunds[i].Amount)
	}
	switch subject(kind) {
	case aCharge:
		if m, err := money.FromStripe(f.returned(), f.Currency); err == nil && m.Amount > 0 && f.ID != "" {
			r.Back = &givenBack{Charge: f.ID, Sum: r.inOurs(m), Grain: r.grain(m)}
		}
	case aRefund:
		r.addRefund(kind, f)
	case aDispute:
		r.addDispute(f)
	}
	return r
}

// inOurs gives what went back in the currency that we asked for, where the customer paid in another: the same part of the whole.
func (r remote) inOurs(back money.Money) money.Money {
	shown, err := money.FromStripe(r.Shown.Amount, r.Shown.Currency)
	if err != nil || shown.Amount < 1 || r.Asked.Currency == "" || shown.Currency == r.Asked.Currency || back.Currency != shown.Currency || back.Amount > shown.Amount {
		return back
	}
	return money.Of(money.MulDiv(r.Asked.Amount, back.Amount, shown.Amount), r.Asked.Currency)
}

// grain is how much of ours one unit of the currency may be in which the customer paid: by so much a sum there and here may differ.
func (r remote) grain(back money.Money) int64 {
	if r.inOurs(back).Currency == back.Currency || r.Shown.Amount < 1 {
		return 0
	}
	return r.Asked.Amount/r.Shown.Amount + 1
}

func orNone(n *int64) int64 {
	if n == nil {
		return 0
	}
	return *n
}

// released is how much of a charge was held and never taken. The provider counts it as refunded from the moment of the capture on, although
// it never came; of a charge that took nothing, all of it.
func released(amount, captured *int64) int64 {
	if amount == nil || captured == nil {
		return 0
	}
	return max(0, *amount-*captured)
}

// returned is what went back of a charge, of what it took.
func (f facts) returned() int64 { return max(0, orNone(f.Returned)-released(f.Amount, f.Captured)) }

func (r *remote) addRefund(kind string, f facts) {
	if f.Refund == "" && r.Released > 0 && r.Released == orNone(f.Amount) && r.Returned == 0 {
		return // what was held and let go
	}
	m, err := money.FromStripe(orNone(f.Amount), f.Currency)
	if err != nil || m.Amount < 1 || f.ID == "" {
		return
	}
	status := refundStatus(f.Status)
	if kind == "refund.failed" {
		status = RefundFailed
	}
	for i, known := range r.Refunds {
		if known.ID == f.ID {
			if refundRank(status) > refundRank(known.Status) {
				r.Refunds[i].Status = status
			}
			return
		}
	}
	r.Refunds = append(r.Refunds, remoteRefund{ID: f.ID, Ours: f.Refund, Status: status, Amount: r.inOurs(m), Created: time.Unix(f.Created, 0).UTC()})
}

func (r *remote) addDispute(f facts) {
	m, _ := money.FromStripe(orNone(f.Amount), f.Currency) // a sum without an exact form is still a dispute
	if f.ID == "" || f.Status == "" {
		return
	}
	for i, known := range r.Disputes {
		if known.ID == f.ID {
			if disputeRank(f.Status) > disputeRank(known.Status) {
				r.Disputes[i].Status = f.Status
			}
			return
		}
	}
	r.Disputes = append(r.Disputes, remoteDispute{ID: f.ID, Status: f.Status, Reason: f.Reason, Amount: m, Created: time.Unix(f.Created, 0).UTC()})
}

// disputeRank orders a dispute's states; what is closed stays closed.
func disputeRank(status string) int {
	if i := slices.Index([]string{"", "warning_needs_response", "warning_under_review", "needs_response", "under_review"}, status); i >= 0 {
		return i
	}
	return 5
}

// level makes the refunds add up to what a charge says went back in all: what is missing was given back at the provider's side and
// stands as a refund of its own, until the provider tells of it by its name. The greatest sum ever told counts, so neither order nor
// repetition matters. trouble is set when the charge says more than what came, or another currency.
func level(tx database.Tx, pay Payment, coin receipt, back *givenBack) (trouble string, err error) {
	rows, err := readRefunds(tx.DB(), pay.MerchantID, pay.ID)
	if err != nil {
		return "", err
	}
	var most, named int64
	var filled []Refund
	parts := int64(1)
	for _, r := range rows {
		switch sum, ok := filling(r); {
		case ok:
			most, filled = max(most, sum), append(filled, r)
		case r.Currency == coin.Currency && (r.ExternalID != "" || r.Status == RefundPending):
			named, parts = named+r.Amount, parts+1
		}
	}
	switch {
	case back == nil:
	case back.Sum.Currency != coin.Currency:
		trouble = ReasonWrongCurrency
	default:
		most = max(most, min(back.Sum.Amount, coin.Amount))
		if back.Sum.Amount > coin.Amount {
			trouble = ReasonWrongAmount
		}
	}
	gap := max(0, most-named)
	if back != nil && gap <= back.Grain*parts {
		gap = 0 // no more than what was lost in exchange
	}
	for _, r := range filled {
		gap -= r.Amount
	}
	if gap > 0 && back != nil {
		return trouble, fill(tx, pay, coin, fmt.Sprintf("%s:%d", back.Charge, most), gap, filled)
	}
	for _, r := range slices.Backward(filled) {
		take := min(r.Amount, -gap)
		if take <= 0 {
			break
		}
		if err := resizeRefund(tx, &r, r.Amount-take); err != nil {
			return trouble, err
		}
		gap += take
	}
	return trouble, nil
}

// fill writes the missing sum down under an id that every telling of the same sum has.
func fill(tx database.Tx, pay Payment, coin receipt, external string, sum int64, filled []Refund) error {
	for _, r := range filled {
		if r.ExternalID == external {
			return resizeRefund(tx, &r, r.Amount+sum)
		}
	}
	return insertRefund(tx, &Refund{MerchantID: pay.MerchantID, ID: id.New("ref"), PaymentID: pay.ID, Amount: sum, Currency: coin.Currency,
		Status: RefundSucceeded, Cause: CauseAtProvider, ExternalID: external, Attempt: 1, CreatedAt: tx.Now, UpdatedAt: tx.Now})
}

// filling reads the sum out of the outside id of a refund that level made.
func filling(r Refund) (sum int64, ok bool) {
	_, text, ok := strings.Cut(r.ExternalID, ":")
	sum, err := strconv.ParseInt(text, 10, 64)
	return sum, ok && err == nil
}

// wait keeps the goods for a slow method.
func (s *settlement) wait() error {
	if s.r.IntentStatus == intentHeld {
		return s.hold()
	}
	if s.pay.PromisedCash() {
		return nil // the goods go out anyhow, and cash is due until the money is here
	}
	if s.pay.Status != Pending && s.pay.Status != Failed {
		return nil // cancelled meanwhile: when the money comes it is late
	}
	if end := s.tx.Now.Add(processingFor); s.pay.ExpiresAt.Before(end) {
		s.pay.ExpiresAt = end
	}
	s.move.Processing = true
	return s.pay.move(Pending, ReasonProcessing)
}

// fail ends a slow method without money; a new link may be had for as long as a hold lasts.
func (s *settlement) fail() error {
	if s.pay.Status != Pending && s.pay.Status != Authorized || s.pay.PromisedCash() {
		return nil
	}
	hold := shortestHold
	m, err := s.register.Find(s.tx, s.f.Merchant)
	if err != nil {
		return err
	}
	hold = max(hold, time.Duration(m.HoldMinutes)*time.Minute)
	reason := ReasonDeclined
	switch {
	case s.pay.Reason == ReasonCapturing:
		return s.pay.move(NeedsReview, ReasonCaptureFailed)
	case s.pay.Status == Authorized:
		reason = ReasonHoldEnded
	}
	s.pay.ExpiresAt = s.tx.Now.Add(hold)
	return s.pay.move(Failed, reason)
}

// hold keeps the goods for money that is held. What is held for nothing any more, or a second time, is let go.
func (s *settlement) hold() error {
	switch s.pay.Status {
	case Pending, Failed:
		if end := s.tx.Now.Add(holdWarned); s.pay.ExpiresAt.Before(end) {
			s.pay.ExpiresAt = end
		}
		return s.pay.move(Authorized, "")
	case Authorized:
		list, err := readAttempts(s.tx.DB(), s.pay.MerchantID, s.pay.ID)
		if first, ok := kept(list); err != nil || !ok || first.Attempt == s.at.Attempt {
			return err
		}
	}
	return s.desk.Announce(s.tx, HeldMoney{s.pay.MerchantID, s.pay.ID})
}

// dropReleased leaves out of the refunds what was held and never taken, if the provider lists that as one.
func (r *remote) dropReleased() {
	i := slices.IndexFunc(r.Refunds, func(f remoteRefund) bool { return f.Ours == "" && f.Unit == r.Released })
	var sum int64
	for _, f := range r.Refunds {
		if f.Status != RefundFailed {
			sum += f.Unit
		}
	}
	if r.Released > 0 && i >= 0 && sum > r.Returned {
		r.Refunds = slices.Delete(r.Refunds, i, i+1)
	}
}
