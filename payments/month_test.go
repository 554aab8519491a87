package payments_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"sotto.chat/internal/database"
	"sotto.chat/internal/testkit"
	"sotto.chat/payments"
	"sotto.chat/payments/ledger"
	"sotto.chat/payments/reconcile"
)

// month is a month of a shop's trade as the shop has it written down, and as its provider lists it.
type month struct {
	*shop
	r     *rand.Rand
	from  time.Time
	lines []reconcile.Line
	// sold are the lines of payments that nothing else happened to; faults take them, each once.
	sold  []int
	n     int
	wants []string
	// todo waits for one transaction: a month has thousands of changes.
	todo []func(database.Tx) error
	pays map[string]string // by coin
}

const monthProvider = "whatsapp"

func (m *month) id(prefix string) string {
	m.n++
	return fmt.Sprintf("%s_%06d", prefix, m.n)
}

func (m *month) exec(sql string, values ...any) {
	m.todo = append(m.todo, func(tx database.Tx) error { return tx.DB().Exec(sql, append([]any{m.merchant}, values...)...).Error })
}

func (m *month) book(pay string) {
	m.todo = append(m.todo, func(tx database.Tx) error { return payments.Book(m.Payments, tx, m.merchant, pay, "test") })
}

func (m *month) flush() {
	m.in(func(tx database.Tx) error {
		for _, do := range m.todo {
			if err := do(tx); err != nil {
				return err
			}
		}
		return nil
	})
}

// trade makes what happens on a day: payments in two currencies, some of which go back in part or are disputed, and a payout each week.
func (m *month) trade(day int) {
	for range 4 + m.r.IntN(6) {
		at := m.from.AddDate(0, 0, day).Add(time.Duration(m.r.IntN(86400)) * time.Second)
		pay, coin := fmt.Sprintf("pay_%032d", m.n), m.id("coin")
		m.pays[coin] = pay
		currency := []string{"BRL", "INR"}[m.r.IntN(2)]
		amount := int64(500 + m.r.IntN(20000))
		fee := amount*29/1000 + 30
		m.exec(`insert into payments (merchant_id, id, order_id, status, amount, currency, paid_amount, expires_at, created_at, updated_at)
			values (?, ?, ?, 'paid', ?, ?, ?, ?, ?, ?)`, pay, "ord_"+coin, amount, currency, amount, at, at, at)
		m.exec("insert into receipts (merchant_id, external_id, payment_id, account, amount, currency, at, method) values (?, ?, ?, 'waba', ?, ?, ?, ?)",
			coin, pay, amount, currency, at, monthProvider)
		line := reconcile.Line{ID: "p:" + coin, Kind: reconcile.Payment, Account: "waba", Coin: coin, Amount: amount, Fee: fee, Net: amount - fee, Currency: currency,
			At: at.Add(time.Duration(m.r.IntN(540)) * time.Second)}
		m.lines = append(m.lines, line)
		switch x := m.r.IntN(10); {
		case x < 2:
			m.refund(pay, line, amount/int64(2+m.r.IntN(3)), x == 0)
		case x == 2:
			m.dispute(pay, line)
		default:
			m.sold = append(m.sold, len(m.lines)-1)
		}
		m.book(pay)
	}
}

// refund gives a part back; some come back after all.
func (m *month) refund(pay string, of reconcile.Line, amount int64, fails bool) {
	at, name, status := of.At.Add(time.Hour), m.id("re"), "succeeded"
	line := reconcile.Line{ID: name, Kind: reconcile.RefundLine, Account: of.Account, Coin: of.Coin, Refund: name, Amount: -amount, Net: -amount, Currency: of.Currency, At: at}
	m.lines = append(m.lines, line)
	if fails {
		status = "failed"
		back := line
		back.ID, back.Kind, back.Amount, back.Net, back.At = name+":back", reconcile.RefundReversal, amount, amount, at.Add(26*time.Hour)
		m.lines = append(m.lines, back)
	} else {
		m.exec(fmt.Sprintf("update payments set status = 'partially_refunded', refunded_amount = %d where merchant_id = ? and id = ?", amount), pay)
	}
	m.exec(`insert into refunds (merchant_id, id, payment_id, amount, currency, status, external_id, created_at, updated_at) values (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		m.id("ref"), pay, amount, of.Currency, status, name, at, at.Add(26*time.Hour))
}

// dispute has a bank take all of it; half of them are won.
func (m *month) dispute(pay string, of reconcile.Line) {
	at, name, status, won := of.At.Add(2*time.Hour), m.id("dp"), "lost", m.r.IntN(2) == 0
	line := reconcile.Line{ID: name, Kind: reconcile.DisputeLine, Account: of.Account, Coin: of.Coin, Dispute: name, Amount: -of.Amount, Fee: 1500, Net: -of.Amount - 1500,
		Currency: of.Currency, At: at}
	m.lines = append(m.lines, line)
	if won {
		status = "won"
		back := line
		back.ID, back.Kind, back.Amount, back.Fee, back.Net, back.At = name+":back", reconcile.DisputeReversal, of.Amount, -1500, of.Amount+1500, at.Add(50*time.Hour)
		m.lines = append(m.lines, back)
	}
	m.exec("insert into disputes (merchant_id, id, payment_id, amount, currency, status, created_at, updated_at) values (?, ?, ?, ?, ?, ?, ?, ?)",
		name, pay, of.Amount, of.Currency, status, at, at.Add(50*time.Hour))
}

// payOut adds a payout each week and currency, which takes out all that came before.
func (m *month) payOut() {
	for week := range 4 {
		at := m.from.AddDate(0, 0, 7*(week+1)).Add(-time.Minute)
		for _, currency := range []string{"BRL", "INR"} {
			name, sum := fmt.Sprintf("po_%s_%d_%s", m.from.Format("01"), week, currency), int64(0)
			for i, l := range m.lines {
				if l.Payout == "" && l.Account == "waba" && l.Currency == currency && l.At.Before(at) {
					m.lines[i].Payout, sum = name, sum+l.Net
				}
			}
			m.lines = append(m.lines, reconcile.Line{ID: name, Kind: reconcile.Payout, Account: "waba", Payout: name, Amount: -sum, Net: -sum, Currency: currency, At: at})
		}
	}
}

// take gives a line that no fault has touched yet, of a day that lies well inside the month.
func (m *month) take() *reconcile.Line {
	for {
		i := m.r.IntN(len(m.sold))
		l := &m.lines[m.sold[i]]
		m.sold = slices.Delete(m.sold, i, i+1)
		if at := l.At.Sub(m.from); at > 24*time.Hour && at < 27*24*time.Hour && l.At.Hour() > 2 && l.At.Hour() < 20 {
			return l
		}
	}
}

func (m *month) want(cause, about string) { m.wants = append(m.wants, cause+" "+about) }

// whatHappened names a difference by its cause and by what it is about.
func whatHappened(d reconcile.Difference) string {
	about := d.Coin
	if about == "" || d.Cause == reconcile.DoubleThere {
		about = d.Line
	}
	return d.Cause + " " + about
}

func TestAMonthWithTwentyFiveFaults(t *testing.T) {
	testkit.Both(t, func(t *testing.T, db *database.DB, clock *testkit.Clock) {
		s := open(t, db, clock)
		seeds := uint64(6)
		if testkit.Race || db.Engine == database.Postgres {
			seeds = 2
		}
		for seed := range seeds {
			m := &month{shop: s, pays: map[string]string{}, r: rand.New(rand.NewPCG(seed, 25)), n: int(seed) * 10000,
				from: time.Date(2030, time.Month(1+seed), 1, 0, 0, 0, 0, time.UTC)}
			for day := range 28 {
				m.trade(day)
			}
			m.faults()
			m.payOut()
			m.payoutFault()
			m.flush()
			m.upload(28)
			m.check(seed)
		}
		s.sound2(t)
	})
}

// sound2 holds the ledger alone to account: the payments of this test were not made by the room.
func (s *shop) sound2(t *testing.T) {
	t.Helper()
	for _, check := range []func() ([]string, error){
		func() ([]string, error) { return ledger.Audit(t.Context(), s.db, s.merchant) },
		func() ([]string, error) { return s.Statements().Audit(t.Context(), s.merchant) },
	} {
		if findings, err := check(); err != nil || len(findings) > 0 {
			t.Error(findings, err)
		}
	}
}

// upload takes the statement of each day, the days in any order.
func (m *month) upload(days int) {
	m.t.Helper()
	for _, day := range m.r.Perm(days) {
		from := m.from.AddDate(0, 0, day)
		st := reconcile.Statement{Provider: monthProvider, Account: "waba", From: from, To: from.AddDate(0, 0, 1)}
		for _, l := range m.lines {
			if !l.At.Before(st.From) && l.At.Before(st.To) {
				st.Lines = append(st.Lines, l)
			}
		}
		for account, some := range byAccount(st.Lines) {
			one := st
			one.Account, one.Lines = account, some
			for range 2 { // the same statement twice is one
				_, err := m.Statements().Take(m.t.Context(), m.merchant, one)
				m.must(err)
			}
		}
	}
}

func byAccount(lines []reconcile.Line) map[string][]reconcile.Line {
	by := map[string][]reconcile.Line{"waba": nil}
	for _, l := range lines {
		by[l.Account] = append(by[l.Account], l)
	}
	return by
}

func (m *month) check(seed uint64) {
	m.t.Helper()
	to := m.from.AddDate(0, 0, 28)
	list, err := m.Statements().Compare(m.t.Context(), m.merchant, monthProvider, m.from, to)
	m.must(err)
	var got, daily []string
	for _, d := range list {
		got = append(got, whatHappened(d))
		if reconcile.Explain(d.Cause) == "" {
			m.t.Errorf("%s has no words", d.Cause)
		}
	}
	for day := m.from; day.Before(to); day = day.AddDate(0, 0, 1) {
		some, err := m.Statements().Compare(m.t.Context(), m.merchant, monthProvider, day, day.AddDate(0, 0, 1))
		m.must(err)
		for _, d := range some {
			daily = append(daily, whatHappened(d))
		}
	}
	slices.Sort(got)
	slices.Sort(daily)
	slices.Sort(m.wants)
	if !slices.Equal(got, m.wants) {
		m.t.Errorf("seed %d, %d lines:\nmissed   %s\ninvented %s", seed, len(m.lines), strings.Join(without(m.wants, got), ", "), strings.Join(without(got, m.wants), ", "))
	}
	if !slices.Equal(daily, m.wants) {
		m.t.Errorf("seed %d, day by day:\nmissed   %s\ninvented %s", seed, strings.Join(without(m.wants, daily), ", "), strings.Join(without(daily, m.wants), ", "))
	}
}

func without(all, some []string) (out []string) {
	rest := slices.Clone(some)
	for _, s := range all {
		if i := slices.Index(rest, s); i >= 0 {
			rest = slices.Delete(rest, i, i+1)
		} else {
			out = append(out, s)
		}
	}
	return out
}
