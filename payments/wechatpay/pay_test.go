package wechatpay_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"sotto.chat/internal/database"
	"sotto.chat/internal/jobs"
	"sotto.chat/internal/testkit"
	"sotto.chat/merchants"
	"sotto.chat/orders"
	"sotto.chat/payments"
	"sotto.chat/payments/wechatpay"
	"sotto.chat/payments/wechatpay/standin"
	"sotto.chat/web/webtest"
)

const (
	desk  = "Mozilla/5.0 (X11; Linux x86_64)"
	phone = "Mozilla/5.0 (iPhone) Mobile/15E148"
)

// world is a shop that takes WeChat Pay, and the other side.
type world struct {
	*webtest.Shop
	pay  *wechatpay.Pay
	till *standin.Server
}

func open(t *testing.T, db *database.DB, clock *testkit.Clock) world {
	t.Helper()
	w := world{}
	var err error
	w.till, err = standin.New(standin.Config{MchID: "1900000001", AppID: "wx0000000000000001", AppSecret: "secret", Now: clock.Now})
	if err != nil {
		t.Fatal(err)
	}
	api := httptest.NewServer(w.till.Handler())
	t.Cleanup(api.Close)
	var door *httptest.Server
	w.Shop = webtest.Open(t, db, clock, func(s *webtest.Shop) {
		door = httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
			raw := make([]byte, r.ContentLength)
			if _, err := r.Body.Read(raw); err != nil && len(raw) == 0 {
				http.Error(rw, "{}", http.StatusBadRequest)
				return
			}
			merchant := r.URL.Path[strings.LastIndexByte(r.URL.Path, '/')+1:]
			if err := w.pay.Receive(jobs.Eager(r.Context()), merchant, raw, r.Header); err != nil {
				http.Error(rw, `{"code":"FAIL"}`, http.StatusBadRequest)
			}
		}))
		w.pay = wechatpay.New(db, s.Merchants, s.Payments, s.Desk, wechatpay.Config{PublicURL: door.URL, Log: testkit.Log(t),
			Addresses: wechatpay.Addresses{Pay: api.URL, OA: api.URL}})
	})
	t.Cleanup(door.Close)
	w.Merchant, w.APIKey, err = w.Merchants.Create(t.Context(), merchants.NewMerchant{Name: "Far Things", Currency: "CNY", Country: "CN", Language: "en"})
	w.Must(err)
	w.set(w.credentials())
	w.Sell("TEA", "Tea", 1250)
	return w
}

func (w world) credentials() wechatpay.Credentials {
	return wechatpay.Credentials{MchID: w.till.MchID, AppID: w.till.AppID, AppSecret: w.till.AppSecret, Serial: w.till.Serial, PrivateKey: w.till.MerchantPEM(),
		APIv3Key: w.till.APIv3Key, PlatformKeys: []wechatpay.PlatformKey{{ID: w.till.PublicKeyID, PEM: w.till.PublicKeyPEM()}}}
}

func (w world) set(c wechatpay.Credentials) {
	w.T.Helper()
	w.Must(w.DB.InTx(w.T.Context(), func(tx database.Tx) error { return wechatpay.Set(tx, w.Merchants, w.Merchant.ID, c) }))
}

// buys places an order and gives it with its payment.
func (w world) buys() (orders.Order, payments.Payment) {
	w.T.Helper()
	o := w.Order("TEA", 1, orders.Owner{})
	p, ok := o.Payment()
	if !ok || !w.pay.Takes(w.T.Context(), p) {
		w.T.Fatal("the order cannot be paid by WeChat")
	}
	return o, p
}

func (w world) starts(p payments.Payment, agent string) wechatpay.Start {
	w.T.Helper()
	s, err := w.pay.Start(w.T.Context(), p, wechatpay.Ask{Agent: agent, IP: "127.0.0.1"})
	w.Must(err)
	return s
}

func (w world) order(id string) orders.Order {
	w.T.Helper()
	o, err := w.Orders.Get(w.T.Context(), w.Merchant.ID, id)
	w.Must(err)
	return o
}

func (w world) becomes(id string, status orders.Status) {
	w.T.Helper()
	testkit.Eventually(w.T, "the order is "+string(status), func() bool { return w.order(id).Status == status })
}

func (w world) state(number string) string {
	for _, o := range w.till.Orders() {
		if o.Number == number {
			return o.State
		}
	}
	return ""
}

func TestLostNotificationsAreFound(t *testing.T) {
	testkit.Both(t, func(t *testing.T, db *database.DB, clock *testkit.Clock) {
		w := open(t, db, clock)
		o, p := w.buys()
		w.Must(w.till.PayQuietly(w.starts(p, desk).Code))
		testkit.Eventually(t, "somebody looks", func() bool {
			clock.Advance(time.Minute)
			w.Must(w.Payments.Poll(t.Context()))
			return w.order(o.ID).Status == orders.Paid
		})
		got, _ := w.order(o.ID).Payment()
		if got.PaidAmount != 1250 || got.Status != payments.Paid {
			t.Errorf("%+v", got)
		}
	})
}

func TestTheEndOfALinkClosesTheOrder(t *testing.T) {
	testkit.Both(t, func(t *testing.T, db *database.DB, clock *testkit.Clock) {
		w := open(t, db, clock)
		o, p := w.buys()
		s := w.starts(p, desk)
		w.Must(db.InTx(t.Context(), func(tx database.Tx) error {
			_, err := w.Orders.Cancel(tx, w.Merchant.ID, o.ID, orders.Deed{})
			return err
		}))
		testkit.Eventually(t, "the order is closed at WeChat", func() bool { return w.state(s.Offer.Reference) == "CLOSED" })
		if _, err := w.pay.Start(t.Context(), p, wechatpay.Ask{Agent: desk}); !errors.Is(err, payments.ErrLinkDead) {
			t.Errorf("a cancelled order starts again: %v", err)
		}
	})
}

// TestPaidWhileCancelled pays in the moment in which the shop cancels: the money ends before a person.
func TestPaidWhileCancelled(t *testing.T) {
	testkit.Both(t, func(t *testing.T, db *database.DB, clock *testkit.Clock) {
		w := open(t, db, clock)
		o, p := w.buys()
		w.Must(w.till.PayQuietly(w.starts(p, desk).Code))
		w.Must(db.InTx(t.Context(), func(tx database.Tx) error {
			_, err := w.Orders.Cancel(tx, w.Merchant.ID, o.ID, orders.Deed{})
			return err
		}))
		testkit.Eventually(t, "the money is known", func() bool {
			got, _ := w.order(o.ID).Payment()
			return got.Status == payments.NeedsReview && got.PaidAmount == 1250
		})
	})
}

func TestAnotherDeviceEndsTheFirst(t *testing.T) {
	testkit.Both(t, func(t *testing.T, db *database.DB, clock *testkit.Clock) {
		w := open(t, db, clock)
		o, p := w.buys()
		first := w.starts(p, desk)
		if again := w.starts(p, desk); again.Code != first.Code || again.Offer.Reference != first.Offer.Reference {
			t.Error("the same device begins anew")
		}
		second := w.starts(p, phone)
		if second.Page == "" || w.state(first.Offer.Reference) != "CLOSED" {
			t.Errorf("%+v, and the first is %s", second, w.state(first.Offer.Reference))
		}
		clock.Advance(5 * time.Minute) // the page on the phone is no longer good
		third := w.starts(p, phone)
		if third.Page == second.Page || w.state(second.Offer.Reference) != "CLOSED" {
			t.Error("an old page is given again")
		}
		ana, ben := w.named(p, "oAna"), w.named(p, "oBen")
		if ana.Offer.Reference == ben.Offer.Reference || w.state(ana.Offer.Reference) != "CLOSED" {
			t.Error("two people share an order")
		}
		w.Must(w.till.Pay(strings.TrimPrefix(ben.Bridge.Package, "prepay_id=")))
		w.becomes(o.ID, orders.Paid)
		if _, err := w.pay.Start(t.Context(), p, wechatpay.Ask{Agent: desk}); !errors.Is(err, payments.ErrLinkDead) {
			t.Errorf("a paid order starts again: %v", err)
		}
	})
}

func (w world) named(p payments.Payment, who string) wechatpay.Start {
	w.T.Helper()
	s, err := w.pay.Start(w.T.Context(), p, wechatpay.Ask{Agent: "MicroMessenger", OpenID: who})
	w.Must(err)
	if s.Bridge == nil {
		w.T.Fatal("no bridge")
	}
	return s
}

// TestAPaidOrderIsNotReplaced changes the device after the money went and before its notification came.
func TestAPaidOrderIsNotReplaced(t *testing.T) {
	testkit.Both(t, func(t *testing.T, db *database.DB, clock *testkit.Clock) {
		w := open(t, db, clock)
		o, p := w.buys()
		w.Must(w.till.PayQuietly(w.starts(p, desk).Code))
		if _, err := w.pay.Start(t.Context(), p, wechatpay.Ask{Agent: phone, IP: "127.0.0.1"}); !errors.Is(err, payments.ErrLinkDead) {
			t.Errorf("another order is made for what is paid: %v", err)
		}
		w.becomes(o.ID, orders.Paid)
		if n := len(w.till.Orders()); n != 1 {
			t.Errorf("%d orders at WeChat", n)
		}
	})
}

func TestManyClicksAreOneOrder(t *testing.T) {
	testkit.Both(t, func(t *testing.T, db *database.DB, clock *testkit.Clock) {
		w := open(t, db, clock)
		_, p := w.buys()
		codes := make([]string, 100)
		var all sync.WaitGroup
		for i := range codes {
			all.Go(func() {
				s, err := w.pay.Start(t.Context(), p, wechatpay.Ask{Agent: desk})
				if err != nil {
					t.Error(err)
				}
				codes[i] = s.Code
			})
		}
		all.Wait()
		slices.Sort(codes)
		if len(slices.Compact(codes)) != 1 || len(w.till.Orders()) != 1 {
			t.Errorf("%d orders", len(w.till.Orders()))
		}
	})
}

func TestAnAnswerThatWasLostIsGivenAgain(t *testing.T) {
	testkit.Both(t, func(t *testing.T, db *database.DB, clock *testkit.Clock) {
		w := open(t, db, clock)
		o, p := w.buys()
		w.till.Break(standin.Fault{Lost: true})
		if _, err := w.pay.Start(t.Context(), p, wechatpay.Ask{Agent: desk}); !errors.Is(err, wechatpay.ErrUpstream) {
			t.Fatal(err)
		}
		// another device now: WeChat knows an order under this number, of which we know nothing
		s := w.starts(p, phone)
		_, prepay, _ := strings.Cut(s.Page, "prepay_id=")
		w.Must(w.till.Pay(prepay))
		w.becomes(o.ID, orders.Paid)
		open := 0
		for _, x := range w.till.Orders() {
			if x.State == "NOTPAY" {
				open++
			}
		}
		if open != 0 {
			t.Errorf("%d orders can still be paid", open)
		}
	})
}

func TestTwoHundredEchoesAreOneEffect(t *testing.T) {
	testkit.Both(t, func(t *testing.T, db *database.DB, clock *testkit.Clock) {
		w := open(t, db, clock)
		o, p := w.buys()
		s := w.starts(p, desk)
		w.Must(w.till.PayQuietly(s.Code))
		paid := w.till.Orders()[0]
		body := w.till.Notice("TRANSACTION.SUCCESS", "transaction", map[string]any{"mchid": w.till.MchID, "appid": w.till.AppID, "out_trade_no": paid.Number,
			"transaction_id": paid.TransactionID, "trade_state": "SUCCESS", "success_time": clock.Now().Format(time.RFC3339), "amount": map[string]any{"total": paid.Total, "currency": "CNY"}})
		var all sync.WaitGroup
		for range 200 {
			all.Go(func() {
				if err := w.pay.Receive(context.WithoutCancel(t.Context()), w.Merchant.ID, body, w.till.Signed(body)); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		w.becomes(o.ID, orders.Paid)
		if got := w.order(o.ID); len(got.Payments) != 1 || got.Payments[0].PaidAmount != 1250 {
			t.Errorf("%+v", got.Payments)
		}
	})
}

func TestWrongSumsAndStrangersComeBeforeAPerson(t *testing.T) {
	testkit.Both(t, func(t *testing.T, db *database.DB, clock *testkit.Clock) {
		w := open(t, db, clock)
		o, p := w.buys()
		s := w.starts(p, desk)
		tell := func(number, coin string, total int64) {
			body := w.till.Notice("TRANSACTION.SUCCESS", "transaction", map[string]any{"mchid": w.till.MchID, "appid": w.till.AppID, "out_trade_no": number,
				"transaction_id": coin, "trade_state": "SUCCESS", "success_time": clock.Now().Format(time.RFC3339), "amount": map[string]any{"total": total, "currency": "CNY"}})
			w.Must(w.pay.Receive(t.Context(), w.Merchant.ID, body, w.till.Signed(body)))
		}
		tell("NUMBEROFNOBODY", "4200009", 1250)
		tell(s.Offer.Reference, "4200001", 1)
		testkit.Eventually(t, "somebody must look", func() bool {
			got, _ := w.order(o.ID).Payment()
			return got.Status == payments.NeedsReview
		})
		if got := w.order(o.ID); got.Status == orders.Paid {
			t.Error("one fen pays an order")
		}
	})
}
