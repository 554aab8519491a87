package api_test

import (
	"fmt"
	"net/http"
	"testing"

	"sotto.chat/internal/database"
	"sotto.chat/internal/testkit"
	"sotto.chat/web/api"
)

// byHand is a shop that takes cash and transfers.
type byHand struct{ caller }

func takesByHand(t *testing.T, db *database.DB, clock *testkit.Clock) byHand {
	c := byHand{open(t, db, clock)}
	c.Sell("TEA", "Tea", 700)
	c.is(200, http.MethodPut, "/v1/payments/methods", `{"cash":true,"bank":true,"bank_details":"IBAN DE00","bank_days":3}`, nil)
	return c
}

// buys places an order of 14.00 EUR, to be paid in cash or by bank.
func (c byHand) buys(by string) (order, payment string) {
	c.T.Helper()
	var cart api.Cart
	var out api.CheckoutOut
	c.is(201, http.MethodPost, "/v1/carts", `{}`, &cart)
	c.is(201, http.MethodPost, "/v1/carts/"+cart.ID+"/lines", `{"sku":"TEA","quantity":2}`, &cart)
	c.is(201, http.MethodPost, "/v1/carts/"+cart.ID+"/checkout", fmt.Sprintf(`{"hash":%q,"delivery":{"method":"pickup"},"pay_by":%q}`, cart.Hash, by), &out)
	return out.Order.ID, out.Order.Payments[0].ID
}

func sum(amount int64, currency, method, reference string) string {
	return fmt.Sprintf(`{"amount":{"amount":%d,"currency":%q},"method":%q,"reference":%q}`, amount, currency, method, reference)
}

// receives registers money and gives the payment that has it.
func (c byHand) receives(payment string, amount int64, currency, reference string) (p api.PaymentWithRefunds) {
	c.T.Helper()
	c.is(200, http.MethodPost, "/v1/payments/"+payment+"/receive", sum(amount, currency, "cash", reference), &p)
	return p
}

// Several sums that staff register at one payment are its parts, up to what was asked for.
func TestPartsByHand(t *testing.T) {
	testkit.Both(t, func(t *testing.T, db *database.DB, clock *testkit.Clock) {
		c := takesByHand(t, db, clock)
		for _, parts := range [][]int64{{700, 700}, {500, 500, 400}, {1, 1399}} {
			ord, pay := c.buys("cash")
			for i, n := range parts {
				for range 2 { // the same slip twice is one
					p := c.receives(pay, n, "EUR", fmt.Sprint("h", i))
					if len(p.Receipts) != 1 || p.Receipts[0].Amount.Amount != n || p.Reason == "double" || i > 0 && p.ID == pay {
						t.Fatalf("%v, part %d: %+v", parts, i, p)
					}
				}
			}
			if got := c.order(ord, "paid"); len(got.Payments) != len(parts) {
				t.Errorf("%+v", got.Payments)
			}
			c.sound()
		}
		ord, pay := c.buys("bank")
		c.receives(pay, 700, "EUR", "")
		c.refused(409, "received_already", "/v1/payments/"+pay+"/receive", sum(700, "EUR", "cash", ""), "7.00 EUR", "reference")
		c.refused(409, "received_otherwise", "/v1/payments/"+c.receives(pay, 300, "EUR", "h").ID+"/receive", sum(301, "EUR", "cash", "h"), "another reference")
		if p := c.receives(pay, 401, "EUR", "more"); p.Reason != "wrong_amount" && p.Reason != "double" {
			t.Errorf("%+v", p)
		}
		c.order(ord, "awaiting_payment")
		c.sound()
	})
}

// Money of another currency goes back, a part stays: whoever accepts the part has the rest asked for.
func TestNobodyForgetsTheRest(t *testing.T) {
	testkit.Both(t, func(t *testing.T, db *database.DB, clock *testkit.Clock) {
		c := takesByHand(t, db, clock)
		for _, acceptLast := range []bool{true, false} {
			ord, pay := c.buys("cash")
			c.receives(pay, 1400, "USD", "")
			part := c.receives(pay, 600, "EUR", "").ID
			first, last := c.payment(pay, "needs_review", "refund"), c.payment(part, "needs_review", "accept", "refund")
			if acceptLast {
				c.take(first, "refund")
				c.take(last, "accept")
			} else {
				c.take(last, "accept")
				c.take(first, "refund")
				c.take(c.payment(part, "paid", "ask_rest"), "ask_rest")
			}
			c.payment(part, "paid")
			got := c.order(ord, "awaiting_payment").Payments
			rest := got[len(got)-1]
			if rest.Amount.Amount != 800 || rest.URL == nil {
				t.Fatalf("%+v", got)
			}
			c.receives(rest.ID, 800, "EUR", "")
			c.order(ord, "paid")
			c.sound()
		}
	})
}

// A transfer back that could not be made is offered once more, of just its sum.
func TestTheRefundThatFailedIsOfferedAgain(t *testing.T) {
	testkit.Both(t, func(t *testing.T, db *database.DB, clock *testkit.Clock) {
		c := takesByHand(t, db, clock)
		_, pay := c.buys("bank")
		c.is(200, http.MethodPost, "/v1/payments/"+pay+"/receive", sum(1400, "EUR", "bank", "E1"), nil)
		for _, none := range []string{"0", "-1"} {
			c.refused(422, "refund_invalid", "/v1/payments/"+pay+"/refund", `{"amount":{"amount":`+none+`,"currency":"EUR"}}`)
		}
		c.is(200, http.MethodPost, "/v1/payments/"+pay+"/refund", `{"amount":{"amount":300,"currency":"EUR"}}`, nil)
		c.take(c.payment(pay, "paid", "confirm_refund", "refund_unsent"), "refund_unsent")
		p := c.payment(pay, "needs_review", "refund", "accept")
		if n := p.Remedies[0].Body.Amount; n == nil || n.Amount != 300 {
			t.Fatalf("%+v", p.Remedies)
		}
		c.take(p, "refund")
		for _, r := range c.payment(pay, "needs_review", "refund", "accept", "confirm_refund", "refund_unsent").Remedies {
			if r.Code == "confirm_refund" {
				c.is(200, r.Method, r.Path, `{"made":true}`, nil)
			}
		}
		c.sound()
	})
}

// What is refused says what to do.
func TestRefusalsOfMoneyByHandSayWhatToDo(t *testing.T) {
	testkit.Both(t, func(t *testing.T, db *database.DB, clock *testkit.Clock) {
		c := takesByHand(t, db, clock)
		ord, pay := c.buys("cash")
		c.refused(422, "parts_invalid", "/v1/orders/"+ord+"/split", `{"parts":[{"amount":1400,"currency":"EUR"}]}`, "two parts")
		c.refused(422, "receive_invalid", "/v1/payments/"+pay+"/receive", sum(1e18, "EUR", "cash", ""), "at most 10000000000000.00 EUR")
		c.is(200, http.MethodPut, "/v1/payments/methods", `{"cash":false,"bank":false,"bank_details":"","bank_days":3}`, nil)
		c.refused(409, "payment_method_off", "/v1/payments/"+pay+"/method", `{"method":"bank"}`, "PUT /v1/payments/methods")
	})
}
