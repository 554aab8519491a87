package payments_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"sotto.chat/internal/database"
	"sotto.chat/internal/fault"
	"sotto.chat/internal/jobs"
	"sotto.chat/internal/money"
	"sotto.chat/internal/testkit"
	"sotto.chat/payments"
	"sotto.chat/payments/sandbox"
)

// till is a way of paying with a memory: what was paid by an offer, what was closed, and what was sent back under which id.
type till struct {
	mu     sync.Mutex
	paid   map[string]payments.Word
	closed []string
	back   map[string]payments.RefundWord
	calls  int
	lose   int    // so many answers to refunds are lost after the act
	refuse error  // answers the closing of offers
	state  string // of refunds; empty: succeeded
}

func (d *till) Look(_ context.Context, o payments.Offer) (*payments.Word, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if w, ok := d.paid[o.Reference]; ok {
		return &w, nil
	}
	return nil, nil
}

func (d *till) Close(_ context.Context, o payments.Offer) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.refuse == nil {
		d.closed = append(d.closed, o.Reference)
	}
	return d.refuse
}

func (d *till) Refund(_ context.Context, r payments.RefundOrder) (payments.RefundWord, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.calls++
	w, known := d.back[r.ID]
	if !known {
		w = payments.RefundWord{ID: "back" + r.ID[4:], Status: payments.RefundSucceeded}
		if d.state != "" {
			w.Status = d.state
		}
		d.back[r.ID] = w
	}
	if d.lose > 0 {
		d.lose--
		return payments.RefundWord{}, errors.New("the answer is lost")
	}
	return w, nil
}

func (d *till) shut() []string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.Clone(d.closed)
}

func (d *till) acts() (acts, calls int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return len(d.back), d.calls
}

const account = "cha_till"

// tilled connects a till for WeChat Pay.
func tilled(s *shop) *till {
	d := &till{paid: map[string]payments.Word{}, back: map[string]payments.RefundWord{}}
	s.Use(payments.MethodWeChat, d)
	return d
}

func (s *shop) offer(pay payments.Payment) (o payments.Offer) {
	s.t.Helper()
	s.in(func(tx database.Tx) (err error) {
		o, err = s.Offer(tx, s.merchant, pay.ID, payments.MethodWeChat, account)
		return err
	})
	return o
}

// word is the provider's word about an offer; change makes another one of it.
func word(o payments.Offer, kind, coin string, change ...func(*payments.Word)) payments.Word {
	w := payments.Word{ID: kind + coin, Method: o.Method, Account: o.Account, Reference: o.Reference, Kind: kind, Coin: coin, Amount: o.Amount}
	for _, f := range change {
		f(&w)
	}
	return w
}

func sum(n int64, currency string) func(*payments.Word) {
	return func(w *payments.Word) { w.Amount = money.Of(n, currency) }
}

// hear is eager: the word is settled before it returns.
func (s *shop) hear(words ...payments.Word) {
	s.t.Helper()
	for _, w := range words {
		s.must(s.HearNow(jobs.Eager(s.t.Context()), s.merchant, w))
	}
}

// noted is what was noted of a word.
func (s *shop) noted(w payments.Word) (out string) {
	s.t.Helper()
	s.must(s.db.Read(s.t.Context()).Raw("select outcome from payment_events where merchant_id = ? and id = ?", s.merchant,
		w.Method+":"+w.Account+":"+w.ID).Scan(&out).Error)
	return out
}

// Each story is what a provider may say of one offer over 12.50, in which order, and where it must end.
func TestWords(t *testing.T) {
	paid := func(o payments.Offer) payments.Word { return word(o, payments.WordPaid, "c1") }
	back := func(n int64) func(o payments.Offer) payments.Word {
		return func(o payments.Offer) payments.Word {
			return word(o, payments.WordReturned, "c1", func(w *payments.Word) { w.ID, w.Refund, w.Amount.Amount = fmt.Sprint("back", n), fmt.Sprint("r", n), n })
		}
	}
	type end struct {
		status         payments.Status
		reason         string
		paid, refunded int64
		rows           int
	}
	stories := map[string]struct {
		act func(s *shop, pay payments.Payment, o payments.Offer)
		end end
	}{
		"paid":       {func(s *shop, _ payments.Payment, o payments.Offer) { s.hear(paid(o)) }, end{payments.Paid, "", 1250, 0, 1}},
		"told twice": {func(s *shop, _ payments.Payment, o payments.Offer) { s.hear(paid(o), paid(o)) }, end{payments.Paid, "", 1250, 0, 1}},
		"told twice under two ids": {func(s *shop, _ payments.Payment, o payments.Offer) {
			w := paid(o)
			w.ID = "another telling"
			s.hear(paid(o), w)
		}, end{payments.Paid, "", 1250, 0, 1}},
		"the refund is told before the payment": {func(s *shop, _ payments.Payment, o payments.Offer) { s.hear(back(250)(o), paid(o)) },
			end{payments.PartiallyRefunded, "", 1250, 250, 1}},
		"refunds in parts, the last one first": {func(s *shop, _ payments.Payment, o payments.Offer) {
			s.hear(back(1000)(o), back(250)(o), paid(o), back(250)(o))
		}, end{payments.Refunded, "", 1250, 1250, 1}},
		"a refund told by the coin alone": {func(s *shop, _ payments.Payment, o payments.Offer) {
			w := back(250)(o)
			w.Reference = ""
			s.hear(w, paid(o))
		}, end{payments.PartiallyRefunded, "", 1250, 250, 1}},
		"a refund that fails afterwards": {func(s *shop, _ payments.Payment, o payments.Offer) {
			w := back(250)(o)
			w.ID, w.Status = "failed", payments.RefundFailed
			s.hear(paid(o), back(250)(o), w)
		}, end{payments.NeedsReview, payments.ReasonRefundFailed, 1250, 0, 1}},
		"pending, then paid": {func(s *shop, pay payments.Payment, o payments.Offer) {
			s.hear(word(o, payments.WordPending, ""))
			s.is(pay, payments.Pending, payments.ReasonProcessing, 0, 0)
			s.hear(paid(o))
		}, end{payments.Paid, "", 1250, 0, 1}},
		"paid, then an old word tells of waiting and failure": {func(s *shop, _ payments.Payment, o payments.Offer) {
			s.hear(paid(o), word(o, payments.WordPending, "c1"), word(o, payments.WordFailed, "c1"))
		}, end{payments.Paid, "", 1250, 0, 1}},
		"failed, then another offer": {func(s *shop, pay payments.Payment, o payments.Offer) {
			s.hear(word(o, payments.WordFailed, ""))
			s.is(pay, payments.Failed, payments.ReasonDeclined, 0, 0)
			again := s.offer(pay)
			if again.Reference == o.Reference {
				s.t.Error("the offer that failed was given again")
			}
			s.hear(word(again, payments.WordPaid, "c2"))
		}, end{payments.Paid, "", 1250, 0, 1}},
		"late": {func(s *shop, _ payments.Payment, o payments.Offer) {
			s.kill(payments.ReasonExpired)
			s.hear(paid(o))
		}, end{payments.Paid, payments.ReasonLate, 1250, 0, 1}},
		"less": {func(s *shop, _ payments.Payment, o payments.Offer) {
			s.hear(word(o, payments.WordPaid, "c1", sum(1249, "USD")))
		}, end{payments.NeedsReview, payments.ReasonWrongAmount, 1249, 0, 1}},
		"more": {func(s *shop, _ payments.Payment, o payments.Offer) {
			s.hear(word(o, payments.WordPaid, "c1", sum(1251, "USD")))
		}, end{payments.NeedsReview, payments.ReasonWrongAmount, 1251, 0, 1}},
		"another currency": {func(s *shop, _ payments.Payment, o payments.Offer) {
			s.hear(word(o, payments.WordPaid, "c1", sum(1250, "CNY")))
		}, end{payments.NeedsReview, payments.ReasonWrongCurrency, 0, 0, 1}},
		"two coins by one offer": {func(s *shop, _ payments.Payment, o payments.Offer) { s.hear(paid(o), word(o, payments.WordPaid, "c2")) },
			end{payments.Paid, "", 1250, 0, 2}},
		"the chat and Stripe": {func(s *shop, pay payments.Payment, o payments.Offer) {
			id := s.click(pay)
			s.stripe.SetFaults(sandbox.Faults{API: "POST /v1/checkout/sessions/" + id, Fail: -1})
			s.hear(paid(o))
			s.must(s.stripe.Approve(id))
			s.drain()
		}, end{payments.Paid, "", 1250, 0, 2}},
		"Stripe and the chat": {func(s *shop, pay payments.Payment, o payments.Offer) {
			s.must(s.stripe.Approve(s.click(pay)))
			s.drain()
			s.hear(paid(o))
		}, end{payments.Paid, "", 1250, 0, 2}},
		"an unknown reference": {func(s *shop, _ payments.Payment, o payments.Offer) {
			w := paid(o)
			w.Reference = strings.Repeat("Z", 32)
			s.hear(w)
			if got := s.noted(w); got != "unknown_object" {
				s.t.Error(got)
			}
		}, end{payments.Pending, "", 0, 0, 1}},
		"an offer carried to another sum": {func(s *shop, _ payments.Payment, o payments.Offer) {
			s.must(s.db.Read(s.t.Context()).Exec("update payments set amount = 1 where id = ?", o.Payment).Error)
			if _, _, err := s.OfferBy(s.t.Context(), o.Reference); !is(err, payments.ErrUnknownLink) {
				s.t.Error(err)
			}
			s.hear(paid(o))
			if got := s.noted(paid(o)); got != "forged_reference" {
				s.t.Error(got)
			}
			s.must(s.db.Read(s.t.Context()).Exec("update payments set amount = 1250 where id = ?", o.Payment).Error)
		}, end{payments.Pending, "", 0, 0, 1}},
		"another account's word": {func(s *shop, _ payments.Payment, o payments.Offer) {
			o.Account = "cha_other"
			s.hear(paid(o))
		}, end{payments.Pending, "", 0, 0, 1}},
		"no word comes; polled": {func(s *shop, pay payments.Payment, o payments.Offer) {
			d := tilled(s)
			o = s.renewed(pay, o)
			d.paid[o.Reference] = paid(o)
			s.clock.Advance(2 * time.Minute)
			s.must(s.Poll(s.t.Context()))
			testkit.Eventually(s.t, "the poll's finding is settled", func() bool { return s.get(pay).Status == payments.Paid })
		}, end{payments.Paid, "", 1250, 0, 1}},
		"killed, and closed at the provider": {func(s *shop, pay payments.Payment, o payments.Offer) {
			d := tilled(s)
			s.kill("cart_changed")
			s.must(payments.CloseSessions(s.Payments, s.t.Context(), payments.SessionsToClose{Merchant: s.merchant, Payment: pay.ID}))
			testkit.Eventually(s.t, "the offer is closed over there", func() bool { return slices.Contains(d.shut(), o.Reference) })
			s.attempts(pay, "expired")
		}, end{payments.Cancelled, "cart_changed", 0, 0, 1}},
		"killed, and paid in the last moment": {func(s *shop, pay payments.Payment, o payments.Offer) {
			d := tilled(s)
			d.refuse, d.paid[o.Reference] = errors.New("paid already"), paid(o)
			s.kill(payments.ReasonExpired)
			s.must(payments.CloseSessions(s.Payments, s.t.Context(), payments.SessionsToClose{Merchant: s.merchant, Payment: pay.ID}))
			testkit.Eventually(s.t, "the money is here", func() bool { return s.get(pay).Status == payments.Paid })
		}, end{payments.Paid, payments.ReasonLate, 1250, 0, 1}},
	}
	testkit.Both(t, func(t *testing.T, db *database.DB, clock *testkit.Clock) {
		for name, story := range stories {
			t.Run(name, func(t *testing.T) {
				s := open(t, db, clock)
				pay := s.expect()
				story.act(s, pay, s.offer(pay))
				e := story.end
				s.is(pay, e.status, e.reason, e.paid, e.refunded)
				if n := len(s.all()); n != e.rows {
					t.Errorf("%d payments of the order, want %d", n, e.rows)
				}
				s.sound()
			})
		}
	})
}

// renewed ends an offer that was made before its provider was connected, and makes one that is looked at.
func (s *shop) renewed(pay payments.Payment, o payments.Offer) payments.Offer {
	s.t.Helper()
	s.must(s.db.Read(s.t.Context()).Exec("update payment_sessions set status = 'expired' where external_id = ?", o.Reference).Error)
	return s.offer(pay)
}

// An offer is one while it lives, whoever asks; what it says before the money is taken is true.
func TestOffers(t *testing.T) {
	testkit.Both(t, func(t *testing.T, db *database.DB, clock *testkit.Clock) {
		s := open(t, db, clock)
		pay := s.expect()
		o := s.offer(pay)
		if o.Reference != s.offer(pay).Reference || len(o.Reference) != 32 || strings.ContainsFunc(o.Reference, func(r rune) bool {
			return (r < '0' || r > '9') && (r < 'A' || r > 'Z')
		}) || o.Amount != money.Of(1250, "USD") || o.Order != "ord_1" {
			t.Errorf("%+v", o)
		}
		o.Data = map[string]string{"prepay_id": "wx1"}
		s.must(s.KeepOffer(t.Context(), o))
		got, of, err := s.OfferBy(t.Context(), o.Reference)
		if err != nil || of.ID != pay.ID || of.Amount != 1250 || got.Data["prepay_id"] != "wx1" || got.Merchant != s.merchant || !got.ExpiresAt.Equal(pay.ExpiresAt) {
			t.Errorf("%+v %+v %v", got, of, err)
		}
		for _, wrong := range []string{"", "x", o.Reference[1:], "0" + o.Reference[1:], strings.ToLower(o.Reference), o.Reference + "0"} {
			if _, _, err := s.OfferBy(t.Context(), wrong); wrong != o.Reference && !is(err, payments.ErrUnknownLink) {
				t.Errorf("%q: %v", wrong, err)
			}
		}
		ask := func(m money.Money, want *fault.Fault) {
			t.Helper()
			if err := s.Ready(t.Context(), o.Reference, m); want == nil && err != nil || want != nil && !is(err, want) {
				t.Error(err)
			}
		}
		ask(money.Of(1250, "USD"), nil)
		ask(money.Of(1251, "USD"), payments.ErrWrongSum)
		ask(money.Of(1250, "EUR"), payments.ErrWrongSum)
		clock.Advance(31 * time.Minute)
		ask(money.Of(1250, "USD"), payments.ErrLinkDead)
		err = db.InTx(t.Context(), func(tx database.Tx) error {
			_, err := s.Offer(tx, s.merchant, pay.ID, payments.MethodWeChat, account)
			return err
		})
		if !is(err, payments.ErrLinkDead) {
			t.Error(err)
		}
		for _, w := range []payments.Word{{}, word(o, "paid", "c"), word(o, payments.WordPaid, "c", sum(-1, "USD")), word(o, payments.WordPaid, "c", func(w *payments.Word) { w.Method = payments.MethodStripe })} {
			if err := s.HearNow(t.Context(), s.merchant, w); !is(err, payments.ErrBadWord) {
				t.Errorf("%+v: %v", w, err)
			}
		}
	})
}

// However many tell of one coin at once, it counts once.
func TestOneCoinOfManyWords(t *testing.T) {
	testkit.Both(t, func(t *testing.T, db *database.DB, clock *testkit.Clock) {
		s := open(t, db, clock)
		pay := s.expect()
		o := s.offer(pay)
		var all sync.WaitGroup
		for i := range 40 {
			all.Go(func() {
				w := word(o, payments.WordPaid, "c1", func(w *payments.Word) { w.ID = fmt.Sprint(i % 5) })
				if err := s.HearNow(jobs.Eager(context.Background()), s.merchant, w); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		testkit.Eventually(t, "it is paid", func() bool { return s.get(pay).Status == payments.Paid })
		s.is(pay, payments.Paid, "", 1250, 0)
		if n := len(s.all()); n != 1 {
			t.Error(n)
		}
		s.sound()
	})
}

// Money goes back by the method that it came by: one act, also when answers are lost, and the provider's own word about it is the same one.
func TestRefundsByProviders(t *testing.T) {
	testkit.Both(t, func(t *testing.T, db *database.DB, clock *testkit.Clock) {
		s := open(t, db, clock)
		d := tilled(s)
		pay := s.expect()
		o := s.offer(pay)
		fee := money.Of(30, "USD")
		s.hear(word(o, payments.WordPaid, "c1", func(w *payments.Word) { w.Fee = &fee }))
		d.lose = 1
		part := money.Of(250, "USD")
		r, err := s.Refund(t.Context(), s.merchant, pay.ID, &part, "cold", "k1")
		if err != nil || r.Status != payments.RefundPending {
			t.Fatal(r, err)
		}
		// The provider tells of it, without our id, before we ask again.
		s.hear(word(o, payments.WordReturned, "c1", func(w *payments.Word) { w.Refund, w.Amount = "back"+r.ID[4:], part }))
		s.must(payments.FinishRefund(s.Payments, t.Context(), payments.RefundPromised{Merchant: s.merchant, Refund: r.ID}))
		s.is(pay, payments.PartiallyRefunded, "", 1250, 250)
		d.mu.Lock()
		d.state = payments.RefundPending
		d.mu.Unlock()
		r, err = s.Refund(t.Context(), s.merchant, pay.ID, nil, "", "k2")
		if err != nil || r.Status != payments.RefundPending || r.Amount != 1000 {
			t.Fatal(r, err)
		}
		s.is(pay, payments.PartiallyRefunded, "", 1250, 250)
		d.mu.Lock()
		d.back[r.ID] = payments.RefundWord{ID: r.ExternalID, Status: payments.RefundSucceeded}
		d.mu.Unlock()
		s.must(payments.FinishRefund(s.Payments, t.Context(), payments.RefundPromised{Merchant: s.merchant, Refund: r.ID}))
		s.is(pay, payments.Refunded, "", 1250, 1250)
		if acts, _ := d.acts(); acts != 2 {
			t.Errorf("%d refunds", acts)
		}
		s.sound()
	})
}
