package payments_test

import (
	"fmt"
	"strings"
	"time"

	"sotto.chat/payments/reconcile"
)

// faults puts faults into the month, each of which is to be found with its cause. Whatever a provider pays out includes its own faults.
func (m *month) faults() {
	for range 2 {
		m.strangePayment()
		m.lostLine()
		m.doubleLine()
		m.strangeRefund()
		m.lostRefund()
	}
	for _, fault := range []func(l *reconcile.Line){m.otherAmount, m.otherCurrency, m.otherRefund, m.failedRefund, m.strangeDispute, m.lostDispute, m.otherDispute,
		m.otherFee, m.otherDay, m.otherAccount, m.retold} {
		fault(m.take())
	}
	at := m.from.AddDate(0, 0, 5).Add(12 * time.Hour)
	for _, l := range []reconcile.Line{
		{Kind: reconcile.Fee, Word: reconcile.NetMismatch, Amount: -500, Net: -490},
		{Kind: reconcile.Unknown, Word: reconcile.UnknownKind, Amount: -300, Net: -300},
		{Kind: reconcile.Adjustment, Word: reconcile.Adjusted, Amount: 77, Net: 77},
	} {
		l.ID, l.Account, l.Currency, l.At = m.id("line"), "waba", "INR", at
		m.lines = append(m.lines, l)
		m.want(l.Word, l.ID)
	}
	m.lines = append(m.lines, reconcile.Line{ID: m.id("line"), Kind: reconcile.Fee, Account: "waba", Amount: -900, Net: -900, Currency: "BRL", At: at}) // no fault: the month's rent
}

func (m *month) booked(coin string) { m.book(m.pays[coin]) }

func (m *month) strangePayment() {
	l := *m.take()
	l.Coin = m.id("strange")
	l.ID = "p:" + l.Coin
	m.lines = append(m.lines, l)
	m.want(reconcile.MissingHere, l.Coin)
}

func (m *month) lostLine() {
	l := m.take()
	m.want(reconcile.MissingThere, l.Coin)
	l.At = m.from.AddDate(1, 0, 0) // never uploaded
	l.Payout = "never"
}

func (m *month) doubleLine() {
	l := *m.take()
	l.ID, l.At = l.ID+"#2", l.At.Add(time.Hour)
	m.lines = append(m.lines, l)
	m.want(reconcile.DoubleThere, l.ID)
}

func (m *month) refundLine(l reconcile.Line, amount int64) (string, reconcile.Line) {
	name := m.id("re")
	return name, reconcile.Line{ID: name, Kind: reconcile.RefundLine, Account: l.Account, Coin: l.Coin, Refund: name, Amount: -amount, Net: -amount, Currency: l.Currency,
		At: l.At.Add(time.Hour)}
}

func (m *month) refundFact(l reconcile.Line, name, status string, amount int64) {
	m.exec(`insert into refunds (merchant_id, id, payment_id, amount, currency, status, external_id, created_at, updated_at) values (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		m.id("ref"), m.pays[l.Coin], amount, l.Currency, status, name, l.At.Add(time.Hour), l.At.Add(time.Hour))
	m.booked(l.Coin)
}

func (m *month) strangeRefund() {
	l := m.take()
	_, back := m.refundLine(*l, 100)
	m.lines = append(m.lines, back)
	m.want(reconcile.RefundMissingHere, back.Coin)
}

func (m *month) lostRefund() {
	l := m.take()
	m.refundFact(*l, m.id("re"), "succeeded", 100)
	m.want(reconcile.RefundMissingThere, l.Coin)
}

func (m *month) otherAmount(l *reconcile.Line) {
	l.Amount, l.Net = l.Amount+100, l.Net+100
	m.want(reconcile.Amount, l.Coin)
}

func (m *month) otherCurrency(l *reconcile.Line) {
	l.Currency = map[string]string{"BRL": "INR", "INR": "BRL"}[l.Currency]
	m.want(reconcile.Currency, l.Coin)
}

func (m *month) otherRefund(l *reconcile.Line) {
	name, back := m.refundLine(*l, 200)
	m.refundFact(*l, name, "succeeded", 199)
	m.lines = append(m.lines, back)
	m.want(reconcile.RefundAmount, back.Coin)
}

func (m *month) failedRefund(l *reconcile.Line) {
	name, back := m.refundLine(*l, 200)
	m.refundFact(*l, name, "failed", 200)
	m.lines = append(m.lines, back)
	m.want(reconcile.RefundMissingHere, back.Coin)
}

func (m *month) disputeLine(l reconcile.Line, amount int64) reconcile.Line {
	name := m.id("dp")
	return reconcile.Line{ID: name, Kind: reconcile.DisputeLine, Account: l.Account, Coin: l.Coin, Dispute: name, Amount: -amount, Fee: 1500, Net: -amount - 1500,
		Currency: l.Currency, At: l.At.Add(time.Hour)}
}

func (m *month) disputeFact(l reconcile.Line, name string, amount int64) {
	m.exec("insert into disputes (merchant_id, id, payment_id, amount, currency, status, created_at, updated_at) values (?, ?, ?, ?, ?, 'needs_response', ?, ?)",
		name, m.pays[l.Coin], amount, l.Currency, l.At.Add(time.Hour), l.At.Add(time.Hour))
	m.booked(l.Coin)
}

func (m *month) strangeDispute(l *reconcile.Line) {
	taken := m.disputeLine(*l, l.Amount)
	m.lines = append(m.lines, taken)
	m.want(reconcile.DisputeMissingHere, taken.Coin)
}

func (m *month) lostDispute(l *reconcile.Line) {
	m.disputeFact(*l, m.id("dp"), l.Amount)
	m.want(reconcile.DisputeMissing, l.Coin)
}

func (m *month) otherDispute(l *reconcile.Line) {
	taken := m.disputeLine(*l, l.Amount-1)
	m.disputeFact(*l, taken.Dispute, l.Amount)
	m.lines = append(m.lines, taken)
	m.want(reconcile.DisputeAmount, taken.Coin)
}

// otherFee had been told at once, with another sum than the statement has.
func (m *month) otherFee(l *reconcile.Line) {
	m.exec(fmt.Sprintf("update receipts set fee = %d, fee_currency = currency where merchant_id = ? and external_id = ?", l.Fee-1), l.Coin)
	m.booked(l.Coin)
	m.want(reconcile.FeeChanged, l.Coin)
}

func (m *month) otherDay(l *reconcile.Line) {
	l.At = l.At.Add(22 * time.Hour)
	m.want(reconcile.OtherDay, l.Coin)
}

func (m *month) otherAccount(l *reconcile.Line) {
	l.Account = "another"
	m.want(reconcile.WrongAccount, l.Coin)
}

// retold was told with another sum in an earlier statement.
func (m *month) retold(l *reconcile.Line) {
	before := *l
	before.Amount, before.Net = before.Amount-1, before.Net-1
	day := l.At.Truncate(24 * time.Hour)
	_, err := m.Statements().Take(m.t.Context(), m.merchant, reconcile.Statement{Provider: monthProvider, Account: "waba", From: day, To: day.Add(time.Minute),
		Lines: []reconcile.Line{before}})
	m.must(err)
	m.want(reconcile.Restated, l.Coin)
}

// payoutFault has a payout that is not what it pays out, a little less each way.
func (m *month) payoutFault() {
	for i, l := range m.lines {
		if l.Kind == reconcile.Payout && strings.HasSuffix(l.ID, "_2_INR") {
			m.lines[i].Amount, m.lines[i].Net = l.Amount+7, l.Net+7
			m.want(reconcile.PayoutMismatch, l.ID)
		}
	}
}
