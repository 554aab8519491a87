package sandbox_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/stripe/stripe-go/v76"
)

func TestApproveTakesTheMoneyAndTells(t *testing.T) {
	sh := open(t, newReceiver(t), nil)
	sess := sh.session(700)
	if sess.Status != "open" || sess.PaymentStatus != "unpaid" || sess.AmountTotal != 700 || sess.Currency != "eur" || sess.Livemode ||
		sess.PaymentIntent != nil || !strings.HasPrefix(sess.ID, "cs_test_") || sess.URL != sh.server.URL+"/c/pay/"+sess.ID {
		t.Fatalf("new session: %+v", sess)
	}
	res, _ := sh.press(sess.ID, "approve")
	if want := "https://shop.example/done?s=" + sess.ID; res.StatusCode != http.StatusSeeOther || res.Header.Get("Location") != want {
		t.Fatalf("approve led to %d %q", res.StatusCode, res.Header.Get("Location"))
	}
	sh.drain()
	if got, want := sh.hooks.types(), "payment_intent.created charge.succeeded payment_intent.succeeded checkout.session.completed"; got != want {
		t.Errorf("events: %s\nwant:   %s", got, want)
	}
	for _, e := range sh.hooks.all() {
		if e.APIVersion != stripe.APIVersion || e.Livemode || !strings.HasPrefix(e.ID, "evt_") {
			t.Errorf("event %+v", e)
		}
	}
	last := sh.hooks.all()[3]
	var told stripe.CheckoutSession
	if err := json.Unmarshal(last.Data.Raw, &told); err != nil {
		t.Fatal(err)
	}
	if told.ID != sess.ID || told.PaymentStatus != "paid" || told.Status != "complete" || told.URL != "" || told.PaymentIntent == nil ||
		told.ClientReferenceID != "ord_1" || told.Metadata["order"] != "ord_1" || told.AmountTotal != 700 {
		t.Errorf("told %+v", told)
	}
	got := sh.get(sess.ID)
	if in := got.PaymentIntent; in.Status != "succeeded" || in.AmountReceived != 700 || in.Metadata["order"] != "ord_1" ||
		!in.LatestCharge.Paid || in.LatestCharge.Amount != 700 {
		t.Errorf("intent %+v", got.PaymentIntent)
	}
}

func TestManyApprovalsMakeOneCharge(t *testing.T) {
	sh := open(t, newReceiver(t), nil)
	sess := sh.session(700)
	var all sync.WaitGroup
	for range 50 {
		all.Go(func() {
			if res, _ := sh.press(sess.ID, "approve"); res.StatusCode != http.StatusSeeOther {
				t.Errorf("approve: %d", res.StatusCode)
			}
		})
	}
	all.Wait()
	sh.drain()
	charges := 0
	for list := sh.api.Charges.List(&stripe.ChargeListParams{}); list.Next(); {
		charges++
	}
	if charges != 1 || sh.hooks.count("checkout.session.completed") != 1 {
		t.Errorf("%d charges, events %s", charges, sh.hooks.types())
	}
}
