package bench

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strconv"
	"sync/atomic"
	"testing"
)

// buyers is how many go through the whole journey at once.
const buyers = 4

// overHTTP is goal 6: the list, the cart and the journey through the admin REST of the shipped binary, beside the floor.
func overHTTP(b *testing.B, l *lab) {
	s := l.postgres(b)
	_, url := s.fresh(b)
	w := newWorld(b, url)
	model := w.carts(b, 1, samePair)[0].id
	w.copyCarts(b, model, firstUse, someCarts)
	shop, bare := l.product(b, url), role(b, roleFloor, url)
	var calls, carts atomic.Int64
	// by gives the key and the address of the next call; a key may do a hundred a second.
	by := func() []string {
		i := int(calls.Add(1)) % offices
		return []string{"Authorization: Bearer " + w.keys[i], office(i)}
	}
	line := func() []byte { return fmt.Appendf(nil, `{"sku":%q,"quantity":1}`, sku(rand.IntN(someGoods))) }
	cart := func() string { return model[:len(model)-digits] + strconv.Itoa(firstUse+rand.IntN(someCarts)) }

	compare := func(what string, n int, product, floor func(*caller) error) {
		load := func(c *child, f func(*caller) error) func(float64) figures {
			return func(seconds float64) figures {
				return hammer(b, c, n, seconds, func(_ int, to *caller) error { return f(to) })
			}
		}
		got := duel(b, what, side{"product", load(shop, product)}, side{"floor", load(bare, floor)})
		l.add(row{goal: "6", what: what, unit: "/s", product: of(got[0], "rate"), limit: of(got[1], "rate"), want: 0.25, stretch: 0.5})
	}
	compare("HTTP: list 20 products, 16 clients", clients, func(c *caller) error {
		_, err := c.do(http.StatusOK, http.MethodGet, "/v1/products?limit=20", nil, by()...)
		return err
	}, func(c *caller) error {
		_, err := c.do(http.StatusOK, http.MethodGet, "/products", nil)
		return err
	})
	compare("HTTP: add to a cart, 16 clients", clients, func(c *caller) error {
		_, err := c.do(http.StatusCreated, http.MethodPost, "/v1/carts/"+cart()+"/lines", line(), by()...)
		return err
	}, func(c *caller) error {
		_, err := c.do(http.StatusCreated, http.MethodPost, "/carts/floor"+cart()+"/lines", line())
		return err
	})
	compare("HTTP: 2 adds and the checkout, 4 clients", buyers, func(c *caller) error { return journey(c, by) }, func(c *caller) error {
		path := fmt.Sprintf("/carts/own%d", carts.Add(1))
		one, two := anyPair()
		for _, i := range []int{one, two} {
			if _, err := c.do(http.StatusCreated, http.MethodPost, path+"/lines", fmt.Appendf(nil, `{"sku":%q,"quantity":1}`, sku(i))); err != nil {
				return err
			}
		}
		_, err := c.do(http.StatusCreated, http.MethodPost, path+"/checkout", nil)
		return err
	})
	if mb := shop.resident(); mb > 0 {
		l.add(row{goal: "7", what: "memory after that load", unit: "MB", product: []float64{mb}, atMost: true, want: 100})
	}
}

// journey opens a cart, puts two goods into it and says yes to the total.
func journey(c *caller, by func() []string) error {
	var cart struct{ ID, Hash string }
	raw, err := c.do(http.StatusCreated, http.MethodPost, "/v1/carts", []byte("{}"), by()...)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(raw, &cart); err != nil {
		return err
	}
	one, two := anyPair()
	for _, i := range []int{one, two} {
		if raw, err = c.do(http.StatusCreated, http.MethodPost, "/v1/carts/"+cart.ID+"/lines", fmt.Appendf(nil, `{"sku":%q,"quantity":1}`, sku(i)), by()...); err != nil {
			return err
		}
	}
	if err := json.Unmarshal(raw, &cart); err != nil {
		return err
	}
	_, err = c.do(http.StatusCreated, http.MethodPost, "/v1/carts/"+cart.ID+"/checkout", fmt.Appendf(nil, `{"hash":%q}`, cart.Hash), by()...)
	return err
}
