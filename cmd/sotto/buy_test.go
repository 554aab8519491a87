package main

import (
	"net/http"
	"strings"
	"testing"

	"sotto.chat/web/talk"
)

// language is how a customer says things, and what the shop says back, in one language.
type language struct {
	tag, wish, yes, paid, declined string
}

var languages = []language{
	{tag: "en", wish: "two croissants please", yes: "yes", paid: "is paid", declined: "did not go through"},
	{tag: "es", wish: "quiero dos croissants", yes: "sí", paid: "pagado", declined: "no"},
}

// buys goes from a wish to a pay link by the buttons that the bot offers.
func (v *visitor) buys(t testing.TB, wish, yes string) (link string) {
	t.Helper()
	v.says(t, wish)
	v.says(t, "tap:checkout")
	return payLink(t, v.says(t, yes))
}

func offers(m talk.Message, tap string) bool {
	for _, b := range m.Buttons {
		if b.Tap == tap {
			return true
		}
	}
	return false
}

// order gives the one order of the shop that has this pay link, and a failure where there are more.
func (s shop) orderOf(t testing.TB, link string) bought {
	t.Helper()
	var found []bought
	for _, o := range every[bought](t, s, "/v1/orders") {
		if o.PayURL != nil && *o.PayURL == link {
			found = append(found, o)
		}
	}
	if len(found) != 1 {
		t.Fatalf("%d orders have the link %s", len(found), link)
	}
	return found[0]
}

func (s shop) order(t testing.TB, id string) (o bought) {
	t.Helper()
	s.do(t, http.MethodGet, "/v1/orders/"+id, nil, &o)
	return o
}

// settles waits until an order has a status.
func (s shop) settles(t testing.TB, id, status string) bought {
	t.Helper()
	var o bought
	waits(t, "order "+id+" is "+status, func() bool { o = s.order(t, id); return o.Status == status })
	return o
}

func TestACustomerBuysInTheirLanguage(t *testing.T) {
	t.Parallel()
	engines(t, func(t *testing.T, engine string) {
		demo := startDemoOn(t, engine)
		s := demo.shop()
		for _, l := range languages {
			t.Run(l.tag, func(t *testing.T) {
				v := s.visitor(l.tag)
				link := v.buys(t, l.wish, l.yes)
				o := s.orderOf(t, link)
				if o.Status != "awaiting_payment" || o.Total != (cash{440, "EUR"}) || len(o.Lines) != 1 || o.Lines[0].SKU != "CROISSANT" || o.Lines[0].Quantity != 2 {
					t.Fatalf("the order is not two croissants: %+v", o)
				}
				pays(t, s.client, link, "decline", "approve")
				v.hears(t, l.paid)
				o = s.settles(t, o.ID, "paid")
				if len(o.Payments) != 1 || o.Payments[0].Status != "paid" || o.Payments[0].Amount != o.Total {
					t.Errorf("the payment: %+v", o.Payments)
				}
				dead(t, s.client, link)
				v.says(t, l.wish) // whatever comes late had time to come
				if n := len(v.bot(t, l.paid)); n != 1 {
					t.Errorf("the bot said %d times that the order is paid", n)
				}
			})
		}
		audit(t, demo.settings())
		if err := demo.process.stop(t); err != nil {
			t.Errorf("asked to end, the demo ended badly: %v", err)
		}
	})
}

func TestADeadPayLinkLeadsToNoSession(t *testing.T) {
	t.Parallel()
	engines(t, func(t *testing.T, engine string) {
		demo := startDemoOn(t, engine)
		s := demo.shop()

		v := s.visitor("en")
		link := v.buys(t, "two croissants", "yes")
		hosted, err := checkout(s.client, link)
		if err != nil {
			t.Fatal(err)
		}
		o := s.orderOf(t, link)
		s.do(t, http.MethodPost, "/v1/orders/"+o.ID+"/cancel", map[string]string{"reason": "closed today"}, nil)
		dead(t, s.client, link)
		waits(t, "the open session is closed at the provider too", func() bool {
			_, err := press(s.client, hosted, "decline")
			return err != nil
		})
		v.hears(t, "cancelled")

		// A cart that changes takes its link with it.
		v = s.visitor("en")
		link = v.buys(t, "two croissants", "yes")
		v.says(t, "add an espresso")
		dead(t, s.client, link)

		// A link that somebody made up, or whose end was changed, is none.
		for _, bad := range []string{s.base + "/pay/x", link[:len(link)-1] + "_", link + "A", s.base + "/pay/" + strings.Repeat("A", 3000)} {
			dead(t, s.client, bad)
		}
		audit(t, demo.settings())
	})
}
