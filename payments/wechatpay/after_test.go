package wechatpay_test

import (
	"errors"
	"net/http"
	"testing"
	"time"

	"sotto.chat/internal/database"
	"sotto.chat/internal/money"
	"sotto.chat/internal/testkit"
	"sotto.chat/orders"
	"sotto.chat/payments"
	"sotto.chat/payments/reconcile"
	"sotto.chat/payments/wechatpay"
	"sotto.chat/payments/wechatpay/standin"
)

func TestRefunds(t *testing.T) {
	testkit.Both(t, func(t *testing.T, db *database.DB, clock *testkit.Clock) {
		w := open(t, db, clock)
		o, p := w.buys()
		w.Must(w.till.Pay(w.starts(p, desk).Code))
		w.becomes(o.ID, orders.Paid)
		give := func(amount int64, key string) (payments.Refund, error) {
			m := money.Of(amount, "CNY")
			return w.Payments.Refund(t.Context(), w.Merchant.ID, p.ID, &m, "scratched", key)
		}
		w.till.Break(standin.Fault{Lost: true}) // the work is done, the answer is not heard
		first, err := give(250, "one")
		if err == nil {
			t.Error("the answer was heard", first)
		}
		if first, err = give(250, "one"); err != nil || first.Status != payments.RefundPending || len(w.till.Refunds()) != 1 {
			t.Fatalf("%+v %v, at WeChat %v", first, err, w.till.Refunds())
		}
		w.Must(w.till.Finish(first.ID, "SUCCESS"))
		back := func(want int64, status payments.Status) {
			t.Helper()
			testkit.Eventually(t, "the refund is known", func() bool {
				got, _ := w.order(o.ID).Payment()
				return got.RefundedAmount == want && got.Status == status
			})
		}
		back(250, payments.PartiallyRefunded)
		if _, err := give(9999, "two"); err == nil {
			t.Error("more goes back than came")
		}
		w.till.Break(standin.Fault{Status: 403, Code: "NOT_ENOUGH"})
		if got, err := give(1000, "three"); !errors.Is(err, payments.ErrRefundRefused) || got.Status != payments.RefundFailed {
			t.Errorf("a refused refund: %+v %v", got, err)
		}
		last, err := give(1000, "four")
		w.Must(err)
		w.Must(w.till.Finish(last.ID, "ABNORMAL")) // the customer's bank takes it not: a person must look
		testkit.Eventually(t, "somebody must look", func() bool {
			got, _ := w.order(o.ID).Payment()
			return got.Status == payments.NeedsReview && got.Reason == payments.ReasonRefundFailed
		})
	})
}

func TestCertificatesAreFetchedBeforeTheySign(t *testing.T) {
	testkit.Both(t, func(t *testing.T, db *database.DB, clock *testkit.Clock) {
		w := open(t, db, clock)
		_, text, err := w.till.Rotate()
		w.Must(err)
		c := w.credentials()
		c.PlatformKeys = []wechatpay.PlatformKey{{PEM: text}}
		w.set(c)
		o, p := w.buys()
		s := w.starts(p, desk)
		if _, _, err := w.till.Rotate(); err != nil {
			t.Fatal(err)
		}
		w.Must(w.till.Pay(s.Code)) // signed by what the shop does not know yet: not taken
		if w.till.Again() != 1 {
			t.Error("a notification by an unknown certificate is believed")
		}
		w.Must(w.pay.Refresh(t.Context()))
		if left := w.till.Again(); left != 0 {
			t.Errorf("%d notifications are still not taken", left)
		}
		w.becomes(o.ID, orders.Paid)
	})
}

func TestWhoTakesWeChatPay(t *testing.T) {
	testkit.Both(t, func(t *testing.T, db *database.DB, clock *testkit.Clock) {
		w := open(t, db, clock)
		_, p := w.buys()
		var none *wechatpay.Pay
		euro, stranger := p, p
		euro.Currency, stranger.MerchantID = "EUR", "mer_00000000000070008000000000000000"
		if none.Takes(t.Context(), p) || w.pay.Takes(t.Context(), euro) || w.pay.Takes(t.Context(), stranger) {
			t.Error("WeChat Pay is offered where it cannot be")
		}
		if err := w.pay.Receive(t.Context(), stranger.MerchantID, []byte("{}"), http.Header{}); !errors.Is(err, wechatpay.ErrNoAccount) {
			t.Errorf("a stranger's notification: %v", err)
		}
	})
}

func TestBillsAreReadAndCompared(t *testing.T) {
	testkit.Both(t, func(t *testing.T, db *database.DB, clock *testkit.Clock) {
		w := open(t, db, clock)
		o, p := w.buys()
		w.Must(w.till.Pay(w.starts(p, desk).Code))
		w.becomes(o.ID, orders.Paid)
		w.till.Elsewhere("another-till-1", 990)
		clock.Advance(48 * time.Hour)
		w.Must(w.pay.ReadBills(t.Context()))
		told, err := w.Payments.ToldUntil(t.Context(), w.Merchant.ID, payments.MethodWeChat, w.till.MchID)
		w.Must(err)
		if d := clock.Now().Sub(told); d < 0 || d > 48*time.Hour {
			t.Errorf("bills are read until %s", told)
		}
		list, err := w.Payments.Statements().Compare(t.Context(), w.Merchant.ID, payments.MethodWeChat, clock.Now().Add(-72*time.Hour), told)
		w.Must(err)
		if len(list) != 1 || list[0].Cause != reconcile.MissingHere {
			t.Errorf("the comparison finds %+v", list)
		}
		calls := len(w.till.Calls())
		w.Must(w.pay.ReadBills(t.Context()))
		if n := len(w.till.Calls()); n != calls {
			t.Error("bills are read again")
		}
	})
}
