package api_test

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"sotto.chat/internal/database"
	"sotto.chat/internal/testkit"
)

// Adding to a cart asks Postgres for the key, for the change with the cart, the terms and the prices after it, and for the commit. Who needs
// one more round trip has a reason, and says it here.
//
// A checkout by a guest makes a key for the guest (three), writes all that an order is made of at once, promises what is to be done and tells the
// workers of it, and holds the goods.
func TestRoundTripsOfBuying(t *testing.T) {
	clock := &testkit.Clock{}
	c := open(t, testkit.Open(t, testkit.URL(t, database.Postgres), clock), clock)
	c.Sell("tea", "Tea", 450)
	var cart struct{ ID, Hash string }
	c.is(http.StatusCreated, http.MethodPost, "/v1/carts", "{}", &cart)
	post := func(most int64, path, body, want string) {
		t.Helper()
		ctx, trips := database.Counted(context.WithoutCancel(t.Context()))
		req := httptest.NewRequestWithContext(ctx, http.MethodPost, "/v1/carts/"+cart.ID+path, strings.NewReader(body))
		req.Header.Set("Authorization", "Bearer "+c.APIKey)
		req.Header.Set("Content-Type", "application/json")
		answer := httptest.NewRecorder()
		c.Router.ServeHTTP(answer, req)
		if answer.Code != http.StatusCreated || !strings.Contains(answer.Body.String(), want) {
			t.Fatalf("%d %s", answer.Code, answer.Body)
		}
		if trips.Made() > most || trips.Made() == 0 {
			t.Errorf("%s: %d round trips to Postgres, at most %d are wanted", path, trips.Made(), most)
		}
		c.Must(json.Unmarshal(answer.Body.Bytes(), &cart))
	}
	post(3, "/lines", `{"sku":"tea","quantity":1}`, `"amount":450`)
	post(3, "/lines", `{"sku":"tea","quantity":1}`, `"amount":900`)
	post(10, "/checkout", `{"hash":"`+cart.Hash+`"}`, `"status":"awaiting_payment"`)
}
