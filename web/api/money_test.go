package api_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"sotto.chat/internal/database"
	"sotto.chat/internal/testkit"
	"sotto.chat/orders"
	"sotto.chat/web/api"
)

// is sends a request and wants a status.
func (c caller) is(status int, method, path, body string, out any) {
	c.T.Helper()
	if got, raw := c.call(method, path, body, nil, "Content-Type", "application/json"); got != status {
		c.T.Fatalf("%s %s: %d, want %d: %s", method, path, got, status, raw)
	} else if out != nil {
		c.Must(json.Unmarshal([]byte(raw), out))
	}
}

// refused sends a request and wants to be refused by this code, with these words.
func (c caller) refused(status int, code, path, body string, words ...string) {
	c.T.Helper()
	got, raw := c.call(http.MethodPost, path, body, nil, "Content-Type", "application/json")
	for _, want := range append(words, `"`+code+`"`) {
		if got != status || !strings.Contains(raw, want) {
			c.T.Fatalf("POST %s: %d, want %d with %q: %s", path, got, status, want, raw)
		}
	}
}

// sound fails when the books of the shop do not agree.
func (c caller) sound() {
	c.T.Helper()
	for _, audit := range []func() ([]string, error){
		func() ([]string, error) { return c.Orders.Audit(c.T.Context(), c.Merchant.ID) },
		func() ([]string, error) { return c.Payments.Audit(c.T.Context(), c.Merchant.ID) },
	} {
		found, err := audit()
		c.Must(err)
		for _, f := range found {
			c.T.Error(f)
		}
	}
}

// payment reads a payment and wants just these remedies.
func (c caller) payment(id, status string, remedies ...string) (p api.PaymentWithRefunds) {
	c.T.Helper()
	c.is(200, http.MethodGet, "/v1/payments/"+id, "", &p)
	var got []string
	for _, r := range p.Remedies {
		got = append(got, r.Code)
	}
	if p.Status != status || fmt.Sprint(got) != fmt.Sprint(remedies) {
		c.T.Fatalf("payment %s %q with the remedies %v; want %s with %v", p.Status, p.Reason, got, status, remedies)
	}
	return p
}

// take does what a remedy says.
func (c caller) take(p api.PaymentWithRefunds, code string) {
	c.T.Helper()
	for _, r := range p.Remedies {
		if r.Code == code {
			body, err := json.Marshal(r.Body)
			c.Must(err)
			c.is(200, r.Method, r.Path, string(body), nil)
			return
		}
	}
	c.T.Fatalf("no remedy %s", code)
}

func (c caller) order(id, status string) (o api.Order) {
	c.T.Helper()
	if c.is(200, http.MethodGet, "/v1/orders/"+id, "", &o); o.Status != status {
		c.T.Fatalf("the order is %s, want %s", o.Status, status)
	}
	return o
}

// Cash and transfers, too little and too much, twice, in parts: at the doors, each remedy as it is listed.
func TestMoneyByHandAndItsRemedies(t *testing.T) {
	testkit.Both(t, func(t *testing.T, db *database.DB, clock *testkit.Clock) {
		c := open(t, db, clock)
		c.Sell("TEA", "Tea", 1000)
		c.is(422, http.MethodPut, "/v1/payments/methods", `{"cash":true,"bank":true,"bank_details":"","bank_days":3}`, nil)
		buy := func(by string) (out api.CheckoutOut) {
			var cart api.Cart
			c.is(201, http.MethodPost, "/v1/carts", `{}`, &cart)
			c.is(201, http.MethodPost, "/v1/carts/"+cart.ID+"/lines", `{"sku":"TEA","quantity":2}`, &cart)
			status := 201
			if by == "refused" {
				by, status = "cash", 409
			}
			c.is(status, http.MethodPost, "/v1/carts/"+cart.ID+"/checkout", fmt.Sprintf(`{"hash":%q,"delivery":{"method":"pickup"},"pay_by":%q}`, cart.Hash, by), &out)
			return out
		}
		buy("refused")
		c.is(200, http.MethodPut, "/v1/payments/methods", `{"cash":true,"bank":true,"bank_details":"IBAN DE00","bank_days":3}`, nil)

		cash := buy("cash").Order
		c.is(200, http.MethodPost, "/v1/orders/"+cash.ID+"/fulfil", `{}`, nil)
		c.refused(409, "payment_outstanding", "/v1/orders/"+cash.ID+"/complete", `{}`, "POST /v1/payments/{id}/receive")
		c.take(c.payment(cash.Payments[0].ID, "pending", "receive"), "receive")
		c.refused(409, "received_already", "/v1/payments/"+cash.Payments[0].ID+"/receive", `{"amount":{"amount":2000,"currency":"EUR"},"method":"cash"}`)
		if p := c.payment(cash.Payments[0].ID, "paid"); len(p.Receipts) != 1 || p.Receipts[0].Method != "cash" || p.Receipts[0].Amount != p.Amount {
			t.Errorf("%+v", p)
		}
		c.is(200, http.MethodPost, "/v1/orders/"+cash.ID+"/complete", `{}`, nil)
		c.sound()

		bank := buy("link").Order
		pay := bank.Payments[0].ID
		var way api.WayOut
		c.is(200, http.MethodPost, "/v1/payments/"+pay+"/method", `{"method":"bank"}`, &way)
		if len(way.Reference) != 10 || way.BankDetails != "IBAN DE00" || way.Payment.Reason != "bank_transfer" {
			t.Errorf("%+v", way)
		}
		var list api.List[api.Payment]
		if c.is(200, http.MethodGet, "/v1/payments?reference="+way.Reference, "", &list); len(list.Data) != 1 || list.Data[0].ID != pay {
			t.Errorf("%+v", list)
		}
		short := `{"amount":{"amount":1500,"currency":"EUR"},"method":"bank","reference":"s1"}`
		c.is(200, http.MethodPost, "/v1/payments/"+pay+"/receive", short, nil)
		c.is(200, http.MethodPost, "/v1/payments/"+pay+"/receive", short, nil)
		c.is(409, http.MethodPost, "/v1/payments/"+pay+"/receive", `{"amount":{"amount":1,"currency":"EUR"},"method":"bank","reference":"s1"}`, nil)
		c.take(c.payment(pay, "needs_review", "ask_rest", "accept", "refund"), "ask_rest")
		rest := c.order(bank.ID, "awaiting_payment").Payments[1]
		if rest.Amount.Amount != 500 || rest.URL == nil {
			t.Errorf("%+v", rest)
		}
		c.is(200, http.MethodPost, "/v1/payments/"+rest.ID+"/receive", `{"amount":{"amount":500,"currency":"EUR"},"method":"cash"}`, nil)
		c.order(bank.ID, "paid")
		c.sound()

		over := buy("bank").Order
		pay = over.Payments[0].ID
		c.is(200, http.MethodPost, "/v1/payments/"+pay+"/receive", `{"amount":{"amount":2300,"currency":"EUR"},"method":"bank"}`, nil)
		c.take(c.payment(pay, "needs_review", "refund_difference", "accept", "refund"), "refund_difference")
		c.take(c.payment(pay, "paid", "confirm_refund", "refund_unsent"), "confirm_refund")
		if p := c.payment(pay, "partially_refunded"); p.Refunded.Amount != 300 {
			t.Errorf("%+v", p)
		}
		c.order(over.ID, "paid")
		c.sound()

		parts := c.Order("TEA", 2, orders.Owner{})
		var split api.Order
		c.is(422, http.MethodPost, "/v1/orders/"+parts.ID+"/split", `{"parts":[{"amount":1,"currency":"EUR"}]}`, nil)
		c.is(200, http.MethodPost, "/v1/orders/"+parts.ID+"/split", `{"parts":[{"amount":600,"currency":"EUR"},{"amount":1400,"currency":"EUR"}]}`, &split)
		if len(split.Payments) != 3 || split.Payments[1].URL == nil || split.Payments[2].URL == nil || *split.Payments[1].URL == *split.Payments[2].URL {
			t.Fatalf("%+v", split.Payments)
		}
		for i, n := range []int{600, 1400} {
			c.is(200, http.MethodPost, "/v1/payments/"+split.Payments[i+1].ID+"/receive", fmt.Sprintf(`{"amount":{"amount":%d,"currency":"EUR"},"method":"cash"}`, n), nil)
		}
		c.order(parts.ID, "paid")
		c.sound()

		off := buy("bank").Order
		c.is(200, http.MethodPost, "/v1/orders/"+off.ID+"/cancel", `{}`, nil)
		c.is(200, http.MethodPost, "/v1/payments/"+off.Payments[0].ID+"/receive", `{"amount":{"amount":2000,"currency":"EUR"},"method":"bank"}`, nil)
		c.take(c.payment(off.Payments[0].ID, "needs_review", "refund", "accept"), "accept")
		c.order(off.ID, "paid")
		c.sound()
	})
}

// What staff write about money is read with the order and the payment, and gone with the customer; the money stays told.
func TestStaffsWordsAreForgottenWithTheCustomer(t *testing.T) {
	testkit.Both(t, func(t *testing.T, db *database.DB, clock *testkit.Clock) {
		c := takesByHand(t, db, clock)
		ord, pay := c.buys("cash")
		c.receives(pay, 1400, "EUR", "slip")
		c.is(200, http.MethodPost, "/v1/payments/"+pay+"/refund", `{"amount":{"amount":100,"currency":"EUR"},"reason":"her jug was cracked"}`, nil)
		c.is(200, http.MethodPost, "/v1/orders/"+ord+"/cancel", `{"reason":"she rang about her knee"}`, nil)
		before := c.order(ord, "cancelled")
		read := c.payment(pay, "needs_review", "refund", "accept")
		if last := before.Events[len(before.Events)-1]; last.Remark != "she rang about her knee" || read.Refunds[0].Reason != "her jug was cracked" {
			t.Fatalf("%+v %+v", last, read.Refunds)
		}
		c.is(200, http.MethodPost, "/v1/customers/"+before.Customer+"/erase", `{}`, nil)
		after := c.order(ord, "cancelled")
		read = c.payment(pay, "needs_review", "refund", "accept")
		if last := after.Events[len(after.Events)-1]; last.Remark != "" || read.Refunds[0].Reason != "" || len(after.Events) != len(before.Events) || read.Refunds[0].Amount.Amount != 100 {
			t.Fatalf("%+v %+v", last, read.Refunds)
		}
		c.is(200, http.MethodPost, "/v1/payments/"+pay+"/refund", `{"reason":"about nobody any more"}`, nil)
		if read = c.payment(pay, "refunded"); read.Refunds[1].Reason != "" {
			t.Errorf("%+v", read.Refunds)
		}
		c.sound()
	})
}

// An order that nobody has paid is changed by staff: another sum, another link. One with money in it is not.
func TestStaffChangeAnOrder(t *testing.T) {
	testkit.Both(t, func(t *testing.T, db *database.DB, clock *testkit.Clock) {
		c := takesByHand(t, db, clock)
		c.Sell("CAKE", "Cake", 450)
		ord, pay := c.buys("link")
		before := c.order(ord, "awaiting_payment")
		c.is(404, http.MethodPatch, "/v1/orders/"+ord, `{"lines":[{"sku":"GONE","quantity":1}]}`, nil)
		c.is(422, http.MethodPatch, "/v1/orders/"+ord, `{"lines":[{"id":"oli_none","quantity":1}]}`, nil)
		var after api.Order
		c.is(200, http.MethodPatch, "/v1/orders/"+ord, fmt.Sprintf(`{"lines":[{"id":%q,"quantity":1},{"sku":"CAKE","quantity":2,"note":"no nuts"}],"reason":"one tea is out"}`, before.Lines[0].ID), &after)
		if after.Total.Amount != 1600 || len(after.Lines) != 2 || after.Lines[0].ID != before.Lines[0].ID || after.Lines[1].Note != "no nuts" || after.PayURL == nil || *after.PayURL == *before.PayURL {
			t.Fatalf("%+v", after)
		}
		c.payment(pay, "cancelled")
		c.sound()
		next := after.Payments[len(after.Payments)-1]
		c.receives(next.ID, 1600, "EUR", "slip")
		c.order(ord, "paid")
		c.is(409, http.MethodPatch, "/v1/orders/"+ord, `{"delivery":{"method":"pickup"}}`, nil)
		c.sound()
	})
}
