package api_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"sotto.chat/internal/database"
	"sotto.chat/internal/testkit"
)

// Adding to a cart asks Postgres for the key, for the change with the cart, the terms and the prices after it, and for the commit. Who needs
// one more round trip has a reason, and says it here.
func TestRoundTripsOfAddingToACart(t *testing.T) {
	const most = 3
	clock := &testkit.Clock{}
	c := open(t, testkit.Open(t, testkit.URL(t, database.Postgres), clock), clock)
	c.Sell("tea", "Tea", 450)
	var cart struct{ ID string }
	c.is(http.StatusCreated, http.MethodPost, "/v1/carts", "{}", &cart)
	for _, total := range []string{`"amount":450`, `"amount":900`} {
		ctx, trips := database.Counted(context.WithoutCancel(t.Context()))
		req := httptest.NewRequestWithContext(ctx, http.MethodPost, "/v1/carts/"+cart.ID+"/lines", strings.NewReader(`{"sku":"tea","quantity":1}`))
		req.Header.Set("Authorization", "Bearer "+c.APIKey)
		req.Header.Set("Content-Type", "application/json")
		answer := httptest.NewRecorder()
		c.Router.ServeHTTP(answer, req)
		if answer.Code != http.StatusCreated || !strings.Contains(answer.Body.String(), total) {
			t.Fatalf("%d %s", answer.Code, answer.Body)
		}
		if trips.Made() > most || trips.Made() == 0 {
			t.Errorf("%d round trips to Postgres, at most %d are wanted", trips.Made(), most)
		}
	}
}
