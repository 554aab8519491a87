package telegram

import (
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"

	"sotto.chat/channels"
	"sotto.chat/channels/fit"
)

func total(list []price) (n int64) {
	for _, p := range list {
		n += p.Amount
	}
	return n
}

func TestAnInvoiceIsTheOrdersOwnSum(t *testing.T) {
	r := request()
	inv := invoice(42, "provider", r)
	if total(inv.Prices) != r.Total || inv.ProviderToken != "provider" || inv.Payload != r.Reference || inv.StartParameter == "" || inv.Flexible || inv.NeedAddress {
		t.Errorf("by a provider: %+v", inv)
	}
	if want := []price{{"2 × Cup", 800}, {"Tea", 200}, {"Delivery", 350}, {"Tax", 50}, {"Discount", -100}}; !equal(inv.Prices, want) {
		t.Errorf("the lines: %+v", inv.Prices)
	}
	r.AskAddress = true
	inv = invoice(42, "provider", r)
	reference, shipping := unpack(inv.Payload)
	if !inv.NeedAddress || !inv.Flexible || total(inv.Prices)+shipping != r.Total || reference != r.Reference {
		t.Errorf("with the address to be told: %+v", inv)
	}
	r = request()
	r.Currency, r.Total, r.AskAddress = Stars, 700, true
	inv = invoice(42, "provider", r)
	if inv.ProviderToken != "" || len(inv.Prices) != 1 || inv.Prices[0].Amount != 700 || inv.Flexible || inv.NeedAddress {
		t.Errorf("in Stars: %+v", inv)
	}
}

func equal(a, b []price) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i] != b[i] {
			return false
		}
	}
	return true
}

// Whatever an order holds, its invoice is within Telegram's limits and its lines are the total.
func TestEveryInvoiceKeepsTheLimits(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := channels.PayRequest{Reference: strings.Repeat("R", 32), Title: rapid.String().Draw(t, "title"), Currency: rapid.SampledFrom([]string{"EUR", "JPY", Stars}).Draw(t, "currency"),
			Language: rapid.SampledFrom([]string{"", "es", "de-AT", "xx"}).Draw(t, "language"), Shipping: rapid.Int64Range(0, 500).Draw(t, "shipping"),
			AskAddress: rapid.Bool().Draw(t, "ask"), Discount: rapid.Int64Range(0, 5).Draw(t, "discount")}
		for range rapid.IntRange(0, 30).Draw(t, "lines") {
			i := channels.PayItem{Name: rapid.String().Draw(t, "name"), SKU: "S", Quantity: rapid.Int64Range(1, 9).Draw(t, "quantity"), Unit: rapid.Int64Range(1, 999).Draw(t, "unit")}
			i.Total = i.Quantity * i.Unit
			r.Items, r.Subtotal = append(r.Items, i), r.Subtotal+i.Total
		}
		r.Total = r.Subtotal + r.Shipping - r.Discount + rapid.Int64Range(0, 1).Draw(t, "odd")
		if r.Total <= r.Shipping {
			r.Total = r.Shipping + 1
		}
		inv := invoice(1, "p", r)
		_, shipping := unpack(inv.Payload)
		if total(inv.Prices)+shipping != r.Total {
			t.Fatalf("%+v is not %d", inv, r.Total)
		}
		for what, limits := range map[string]struct {
			s    string
			most int
		}{"title": {inv.Title, 32}, "description": {inv.Description, 255}} {
			if n := utf8.RuneCountInString(limits.s); n < 1 || n > limits.most {
				t.Fatalf("the %s has %d characters", what, n)
			}
		}
		if len(inv.Payload) < 1 || len(inv.Payload) > 128 || inv.StartParameter == "" {
			t.Fatalf("%+v", inv)
		}
		for _, p := range inv.Prices {
			if strings.TrimSpace(p.Label) == "" {
				t.Fatal("a line without a label")
			}
		}
	})
}

func TestStarsByTheMerchantsOwnRate(t *testing.T) {
	for _, c := range []struct {
		stars, rate string
		minor, want int64
		ok          bool
	}{
		{"true", "60", 1000, 600, true}, {"true", "60", 1, 1, true}, {"true", "60", 999, 600, true}, {"true", "1", 100, 1, true}, {"true", "77", 150, 116, true},
		{"", "60", 1000, 0, false}, {"true", "", 1000, 0, false}, {"true", "0", 1000, 0, false}, {"true", "-5", 1000, 0, false}, {"true", "1.5", 1000, 0, false},
		{"true", "9223372036854775807", 2, 0, false}, {"true", "60", 0, 0, false},
	} {
		n, ok := StarPrice(map[string]string{stars: c.stars, starRate: c.rate}, c.minor)
		if ok != c.ok || ok && n != c.want {
			t.Errorf("%d minor units at %s: %d, %v, want %d", c.minor, c.rate, n, ok, c.want)
		}
	}
}

// Whatever the bot says fits into Telegram's messages, and nothing of the words is lost.
func TestEveryMessageKeepsTheLimits(t *testing.T) {
	p := New("", nil)
	rapid.Check(t, func(t *rapid.T) {
		c := channels.Content{Text: rapid.StringN(0, 9000, -1).Draw(t, "text")}
		for range rapid.IntRange(0, 12).Draw(t, "buttons") {
			c.Buttons = append(c.Buttons, channels.Button{Label: rapid.String().Draw(t, "label"), Tap: rapid.StringN(0, 80, 90).Draw(t, "tap")})
		}
		for range rapid.IntRange(0, 5).Draw(t, "cards") {
			c.Products = append(c.Products, channels.Card{Name: rapid.StringN(1, 300, -1).Draw(t, "card"), Price: "€1", Tap: "show:x",
				ImageURL: rapid.SampledFrom([]string{"", "https://shop.example/p.jpg", "nonsense"}).Draw(t, "image")})
		}
		pieces := p.Split(nil, c)
		if len(pieces) == 0 {
			t.Fatal("nothing is said")
		}
		for _, piece := range pieces {
			text := first(piece.Text, filler)
			if n := fit.Units(text); n > maxMessage || len(piece.Media) > 0 && n > maxCaption {
				t.Fatalf("%d characters", n)
			}
			if k := rows(piece); k != nil {
				for _, row := range k.Rows {
					for _, b := range row {
						if len(b.Data) > maxData || b.Text == "" || (b.Data == "") == (b.URL == "") {
							t.Fatalf("%+v", b)
						}
					}
				}
			}
		}
	})
	pay := request()
	pieces := p.Split(nil, channels.Content{Text: "placed", Links: []channels.Link{{Label: "Pay", URL: "https://shop.example/pay/x"}}, Pay: &pay})
	if len(pieces) != 2 || len(pieces[0].Links) != 1 || pieces[0].Pay != nil || pieces[1].Pay == nil || pieces[1].Text != "" {
		t.Errorf("the invoice does not follow the link: %+v", pieces)
	}
	pay.Status = "completed"
	if n := len(p.Split(nil, channels.Content{Text: "on its way", Pay: &pay})); n != 1 {
		t.Errorf("news of an order became %d messages", n)
	}
}
