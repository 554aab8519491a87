package main

import (
	"net/http"
	"sync"
	"testing"

	"sotto.chat/web/talk"
)

// Fifty want the vase of which there are three: three get it, by REST and by chat alike, and the books agree.
func TestFiftyBuyersForThreePieces(t *testing.T) {
	t.Parallel()
	engines(t, func(t *testing.T, engine string) {
		s := startServe(t, engine)
		const buyers = 50
		won := make(chan string, buyers)
		var all sync.WaitGroup
		start := make(chan struct{})
		for i := range buyers {
			all.Go(func() {
				if i%2 == 0 {
					s.rushByREST(t, start, won)
				} else {
					s.rushByChat(t, start, won)
				}
			})
		}
		close(start)
		all.Wait()
		close(won)
		if len(won) != 3 {
			t.Errorf("%d of %d buyers got one of three vases", len(won), buyers)
		}
		orders := every[bought](t, s.shop, "/v1/orders")
		if len(orders) != 3 {
			t.Errorf("there are %d orders for three vases", len(orders))
		}
		s.stockIs(t, 3, 3, 0)
		audit(t, s.env)

		// Two of them pay, the third one's goods come back; then one more can be had, and no more.
		links := []string{}
		for link := range won {
			links = append(links, link)
		}
		for _, link := range links[:2] {
			o := s.orderOf(t, link) // a paid order has no link any more
			pays(t, s.client, link, "approve")
			s.settles(t, o.ID, "paid")
		}
		s.do(t, http.MethodPost, "/v1/orders/"+s.orderOf(t, links[2]).ID+"/cancel", map[string]string{}, nil)
		s.stockIs(t, 1, 0, 1)
		if v := s.visitor("en"); payLink(t, v.lastVase(t)) == "" {
			t.Error("the vase that came back cannot be had")
		}
		s.stockIs(t, 1, 1, 0)
		audit(t, s.env)
	})
}

// stockIs demands how many vases there are, how many are promised, and how many can be had.
func (s *served) stockIs(t testing.TB, onHand, held, available int64) {
	t.Helper()
	var products struct {
		Data []struct {
			ID  string `json:"id"`
			SKU string `json:"sku"`
		} `json:"data"`
	}
	s.do(t, http.MethodGet, "/v1/products", nil, &products)
	for _, p := range products.Data {
		if p.SKU != "VASE" {
			continue
		}
		var is struct {
			OnHand    int64 `json:"on_hand"`
			Held      int64 `json:"held"`
			Available int64 `json:"available"`
		}
		s.do(t, http.MethodGet, "/v1/variants/"+p.ID+"/stock", nil, &is)
		if is.OnHand != onHand || is.Held != held || is.Available != available {
			t.Errorf("stock is %+v, not %d on hand, %d held, %d available", is, onHand, held, available)
		}
		return
	}
	t.Error("there is no vase")
}

func (s *served) rushByREST(t testing.TB, start <-chan struct{}, won chan<- string) {
	var cart struct{ ID, Hash string }
	s.do(t, http.MethodPost, "/v1/carts", map[string]any{}, &cart)
	s.do(t, http.MethodPost, "/v1/carts/"+cart.ID+"/lines", map[string]any{"sku": "VASE", "quantity": 1}, &cart)
	<-start
	a := s.ask(t, http.MethodPost, "/v1/carts/"+cart.ID+"/checkout", map[string]any{"hash": cart.Hash, "delivery": map[string]string{"method": "pickup"}})
	switch {
	case a.status == http.StatusCreated:
		var out struct {
			PayURL string `json:"pay_url"`
		}
		a.read(t, &out)
		won <- out.PayURL
	case a.status != http.StatusConflict || a.problem() != "out_of_stock" && a.problem() != "cart_changed":
		t.Errorf("the one who comes too late hears %d %s", a.status, a.body)
	}
}

func (s *served) rushByChat(t testing.TB, start <-chan struct{}, won chan<- string) {
	v := s.visitor("en")
	<-start
	m := v.lastVase(t)
	for _, l := range m.Links {
		won <- l.URL
	}
}

// lastVase goes for a vase as far as the bot lets one go and gives the last answer.
func (v *visitor) lastVase(t testing.TB) (m talk.Message) {
	t.Helper()
	m = v.says(t, "one blue vase please")
	if !offers(m, "checkout") {
		return m
	}
	v.says(t, "tap:checkout")
	return v.says(t, "yes")
}
