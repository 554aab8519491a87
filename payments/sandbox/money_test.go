package sandbox_test

import (
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/stripe/stripe-go/v76"

	"sotto.chat/payments/sandbox"
)

func (sh *shop) paid(amount int64) *stripe.CheckoutSession {
	sh.t.Helper()
	sess := sh.session(amount)
	if err := sh.Approve(sess.ID); err != nil {
		sh.t.Fatal(err)
	}
	return sh.get(sess.ID)
}

func TestDeclineLeavesTheSessionOpen(t *testing.T) {
	sh := open(t, newReceiver(t), nil)
	sess := sh.session(700)
	res, _ := sh.press(sess.ID, "decline")
	if res.StatusCode != http.StatusSeeOther || res.Header.Get("Location") != "/c/pay/"+sess.ID {
		t.Fatalf("decline led to %d %s", res.StatusCode, res.Header.Get("Location"))
	}
	if _, page, _ := sh.page("/c/pay/" + sess.ID); !strings.Contains(page, "Declined: Your card was declined.") || !strings.Contains(page, ">Approve<") {
		t.Error("the page does not say so, or offers no second attempt")
	}
	got := sh.get(sess.ID)
	if got.Status != "open" || got.PaymentIntent.Status != "requires_payment_method" || got.PaymentIntent.LastPaymentError.Code != "card_declined" {
		t.Errorf("session %+v", got)
	}
	sh.press(sess.ID, "approve")
	sh.drain()
	want := "payment_intent.created charge.failed payment_intent.payment_failed charge.succeeded payment_intent.succeeded checkout.session.completed"
	if got := sh.hooks.types(); got != want {
		t.Errorf("events %s", got)
	}
}

func TestSecureChallenge(t *testing.T) {
	sh := open(t, newReceiver(t), nil)
	sess := sh.session(700)
	res, _ := sh.press(sess.ID, "authenticate")
	at := res.Header.Get("Location")
	if res.StatusCode != http.StatusSeeOther || at != "/c/pay/"+sess.ID+"/3ds" {
		t.Fatalf("%d %s", res.StatusCode, at)
	}
	if _, page, _ := sh.page(at); !strings.Contains(page, "3-D Secure") || !strings.Contains(page, at+"/approve") {
		t.Error("no page for 3-D Secure")
	}
	if got := sh.get(sess.ID).PaymentIntent; got.Status != "requires_action" || got.NextAction == nil {
		t.Errorf("intent %+v", got)
	}
	sh.press(sess.ID, "3ds/fail")
	if got := sh.get(sess.ID); got.Status != "open" || got.PaymentIntent.LastPaymentError.Code != "payment_intent_authentication_failure" {
		t.Errorf("after failing: %+v", got.PaymentIntent)
	}
	sh.press(sess.ID, "3ds/approve")
	if got := sh.get(sess.ID); got.PaymentStatus != "paid" || got.PaymentIntent.LatestCharge.PaymentMethodDetails.Card.ThreeDSecure.Result != "authenticated" {
		t.Errorf("after passing: %+v", got.PaymentIntent)
	}
}

func TestDelayedPaymentArrivesOrFails(t *testing.T) {
	for _, c := range []struct{ act, event, status string }{
		{"settle", "checkout.session.async_payment_succeeded", "paid"},
		{"bounce", "checkout.session.async_payment_failed", "unpaid"},
	} {
		t.Run(c.act, func(t *testing.T) {
			sh := open(t, newReceiver(t), nil)
			sess := sh.session(700)
			sh.press(sess.ID, "delay")
			if got := sh.get(sess.ID); got.Status != "complete" || got.PaymentStatus != "unpaid" || got.PaymentIntent.Status != "processing" {
				t.Fatalf("session %+v", got)
			}
			if _, page, _ := sh.page("/c/pay/" + sess.ID); !strings.Contains(page, "Let the payment arrive") {
				t.Error("the page offers no end of the delay")
			}
			sh.press(sess.ID, c.act)
			sh.press(sess.ID, c.act)
			sh.drain()
			if got := sh.get(sess.ID); string(got.PaymentStatus) != c.status || got.Status != "complete" {
				t.Errorf("session %+v", got)
			}
			if sh.hooks.count(c.event) != 1 || sh.hooks.count("checkout.session.completed") != 1 {
				t.Errorf("events %s", sh.hooks.types())
			}
		})
	}
}

func TestRefundsStopAtWhatIsLeft(t *testing.T) {
	sh := open(t, newReceiver(t), nil)
	sess := sh.paid(1000)
	refund := func(amount int64, key string) (*stripe.Refund, error) {
		p := &stripe.RefundParams{PaymentIntent: stripe.String(sess.PaymentIntent.ID), Amount: stripe.Int64(amount),
			Reason: stripe.String("requested_by_customer"), Metadata: map[string]string{"order": "ord_1"}}
		p.SetIdempotencyKey(key)
		return sh.api.Refunds.New(p)
	}
	first, err := refund(300, "r1")
	if err != nil || first.Status != "succeeded" || first.Amount != 300 || first.Metadata["order"] != "ord_1" {
		t.Fatalf("%+v %v", first, err)
	}
	if again, err := refund(300, "r1"); err != nil || again.ID != first.ID {
		t.Errorf("the same key made another refund: %+v %v", again, err)
	}
	if _, err := refund(701, "r2"); err == nil || err.(*stripe.Error).Param != "amount" {
		t.Errorf("more than is left: %v", err)
	}
	if _, err := refund(700, "r3"); err != nil {
		t.Error(err)
	}
	if _, err := refund(1, "r4"); err == nil || err.(*stripe.Error).Code != stripe.ErrorCodeChargeAlreadyRefunded {
		t.Errorf("nothing left: %v", err)
	}
	if _, err := refund(1, "r4"); err == nil || err.(*stripe.Error).Code != stripe.ErrorCodeChargeAlreadyRefunded {
		t.Errorf("a refusal is remembered as well: %v", err)
	}
	p := &stripe.ChargeParams{}
	p.AddExpand("refunds")
	ch, err := sh.api.Charges.Get(sess.PaymentIntent.LatestCharge.ID, p)
	if err != nil || !ch.Refunded || ch.AmountRefunded != 1000 || len(ch.Refunds.Data) != 2 {
		t.Errorf("charge %+v %v", ch, err)
	}
	sh.drain()
	var told stripe.Charge
	for _, e := range sh.hooks.all() {
		if e.Type == "charge.refunded" {
			if err := json.Unmarshal(e.Data.Raw, &told); err != nil {
				t.Fatal(err)
			}
		}
	}
	if told.AmountRefunded != 1000 || sh.hooks.count("charge.refunded") != 2 || sh.hooks.count("charge.refund.updated") != 2 {
		t.Errorf("told %d, events %s", told.AmountRefunded, sh.hooks.types())
	}
	var booked int64
	for list := sh.api.BalanceTransactions.List(&stripe.BalanceTransactionListParams{}); list.Next(); {
		booked += list.BalanceTransaction().Amount
	}
	if booked != 0 {
		t.Errorf("the books keep %d of a payment wholly given back", booked)
	}
	if err := sh.FailRefund(first.ID); err != nil {
		t.Fatal(err)
	}
	if re, err := sh.api.Refunds.Get(first.ID, nil); err != nil || re.Status != "failed" || re.FailureReason == "" {
		t.Errorf("failed refund %+v %v", re, err)
	}
}

func TestManualCapture(t *testing.T) {
	sh := open(t, newReceiver(t), nil)
	begin := func() *stripe.CheckoutSession {
		p := params(1000, "usd")
		p.PaymentIntentData.CaptureMethod = stripe.String("manual")
		sess, err := sh.api.CheckoutSessions.New(p)
		if err != nil {
			t.Fatal(err)
		}
		if err := sh.Approve(sess.ID); err != nil {
			t.Fatal(err)
		}
		return sh.get(sess.ID)
	}
	sess := begin()
	if sess.PaymentStatus != "unpaid" || sess.PaymentIntent.Status != "requires_capture" || sess.PaymentIntent.AmountCapturable != 1000 {
		t.Fatalf("held: %+v", sess.PaymentIntent)
	}
	in, err := sh.api.PaymentIntents.Capture(sess.PaymentIntent.ID, &stripe.PaymentIntentCaptureParams{AmountToCapture: stripe.Int64(800)})
	if err != nil || in.Status != "succeeded" || in.AmountReceived != 800 {
		t.Errorf("captured: %+v %v", in, err)
	}
	if _, err := sh.api.PaymentIntents.Cancel(in.ID, nil); err == nil || err.(*stripe.Error).Code != stripe.ErrorCodePaymentIntentUnexpectedState {
		t.Errorf("cancelled after capture: %v", err)
	}
	other := begin()
	in, err = sh.api.PaymentIntents.Cancel(other.PaymentIntent.ID, &stripe.PaymentIntentCancelParams{CancellationReason: stripe.String("abandoned")})
	if err != nil || in.Status != "canceled" || in.CanceledAt == 0 {
		t.Errorf("let go: %+v %v", in, err)
	}
}

func TestDispute(t *testing.T) {
	sh := open(t, newReceiver(t), nil)
	sess := sh.paid(1000)
	id, err := sh.Dispute(sess.ID, "product_not_received")
	if err != nil {
		t.Fatal(err)
	}
	dp, err := sh.api.Disputes.Get(id, nil)
	if err != nil || dp.Amount != 1000 || dp.Reason != "product_not_received" || dp.Status != "needs_response" || len(dp.BalanceTransactions) != 1 {
		t.Fatalf("%+v %v", dp, err)
	}
	_, err = sh.api.Refunds.New(&stripe.RefundParams{PaymentIntent: stripe.String(sess.PaymentIntent.ID)})
	var refusal *stripe.Error
	if !errors.As(err, &refusal) || refusal.Code != "charge_disputed" {
		t.Errorf("refund beside a chargeback: %v", err)
	}
	if err := sh.DecideDispute(id, true); err != nil {
		t.Fatal(err)
	}
	sh.drain()
	for _, kind := range []string{"created", "funds_withdrawn", "funds_reinstated", "closed"} {
		if sh.hooks.count("charge.dispute."+kind) != 1 {
			t.Errorf("no charge.dispute.%s in %s", kind, sh.hooks.types())
		}
	}
}

func TestLiesOfEventsAndSessions(t *testing.T) {
	sh := open(t, newReceiver(t), nil)
	sess := sh.paid(700)
	if _, err := sh.Send(sess.ID, "checkout.session.completed", sandbox.Lie{Amount: 1, Currency: "JPY", Livemode: true}); err != nil {
		t.Fatal(err)
	}
	sh.drain()
	all := sh.hooks.all()
	last := all[len(all)-1]
	var told stripe.CheckoutSession
	if err := json.Unmarshal(last.Data.Raw, &told); err != nil || !last.Livemode || told.AmountTotal != 1 || told.Currency != "jpy" {
		t.Errorf("told %+v %v", told, err)
	}
	if truth := sh.get(sess.ID); truth.AmountTotal != 700 || truth.Currency != "eur" || truth.Livemode {
		t.Errorf("the truth moved: %+v", truth)
	}
	if err := sh.Resend(last.ID); err != nil {
		t.Fatal(err)
	}
	sh.drain()
	if all = sh.hooks.all(); all[len(all)-1].ID != last.ID || all[len(all)-2].ID != last.ID {
		t.Error("the event did not come again under its id")
	}
	other := sh.session(700)
	if err := sh.Alter(other.ID, sandbox.Lie{Amount: 650, Currency: "usd"}); err != nil {
		t.Fatal(err)
	}
	if err := sh.Approve(other.ID); err != nil {
		t.Fatal(err)
	}
	if got := sh.get(other.ID); got.AmountTotal != 650 || got.Currency != "usd" || got.PaymentIntent.AmountReceived != 650 {
		t.Errorf("altered: %+v", got)
	}
	if err := sh.Approve(other.ID); err == nil {
		t.Error("approved twice")
	}
}
