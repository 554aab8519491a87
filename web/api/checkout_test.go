package api_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"sotto.chat/internal/database"
	"sotto.chat/internal/testkit"
	"sotto.chat/web/api"
)

// What a checkout answers is the order as it reads from then on, however it is paid and wherever it goes.
func TestACheckoutAnswersWithTheOrderAsItStands(t *testing.T) {
	testkit.Both(t, func(t *testing.T, db *database.DB, clock *testkit.Clock) {
		c := takesByHand(t, db, clock)
		c.Sell("CUP", "Cup", 950)
		for name, with := range map[string]string{
			"with nothing else": ``,
			"fetched":           `,"delivery":{"method":"pickup"},"customer":{"name":"Ana Ruiz","phone":"+34600000001"}`,
			"sent":              `,"delivery":{"method":"delivery","address":{"line1":"Calle Luna 3","city":"Madrid","country":"ES"}},"customer":{"name":"Ana Ruiz"}`,
			"paid in cash":      `,"delivery":{"method":"pickup"},"pay_by":"cash"`,
			"paid by transfer":  `,"delivery":{"method":"pickup"},"pay_by":"bank"`,
		} {
			var cart api.Cart
			c.is(201, http.MethodPost, "/v1/carts", `{}`, &cart)
			c.is(201, http.MethodPost, "/v1/carts/"+cart.ID+"/lines", `{"sku":"TEA","quantity":2,"note":"very hot"}`, &cart)
			c.is(201, http.MethodPost, "/v1/carts/"+cart.ID+"/lines", `{"sku":"CUP","quantity":1}`, &cart)
			var placed, again api.CheckoutOut
			body := fmt.Sprintf(`{"hash":%q%s}`, cart.Hash, with)
			c.is(201, http.MethodPost, "/v1/carts/"+cart.ID+"/checkout", body, &placed)
			if again = placed; !strings.Contains(with, "pay_by") {
				c.is(201, http.MethodPost, "/v1/carts/"+cart.ID+"/checkout", body, &again)
			}
			var read api.Order
			c.is(200, http.MethodGet, "/v1/orders/"+placed.Order.ID, "", &read)
			if got, want := inWords(placed.Order), inWords(read); got != want {
				t.Errorf("%s: answered\n%s\nread\n%s", name, got, want)
			}
			if got, want := inWords(again.Order), inWords(read); got != want {
				t.Errorf("%s: answered the second time\n%s\nread\n%s", name, got, want)
			}
		}
	})
}

func inWords(v any) string {
	raw, err := json.MarshalIndent(v, "", " ")
	if err != nil {
		return err.Error()
	}
	return string(raw)
}
