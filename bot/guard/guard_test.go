package guard_test

import (
	"testing"

	"sotto.chat/bot/guard"
	"sotto.chat/bot/words"
	"sotto.chat/channels"
	"sotto.chat/internal/money"
)

// backed tells whether the guard lets a message through with these facts, put together with these templates.
func backed(c channels.Content, v words.Voice, amounts []money.Money, counts []int64, texts []string, templates ...string) bool {
	var f guard.Facts
	f.Amount(amounts...)
	f.Count(counts...)
	f.Text(texts...)
	for _, bare := range templates {
		f.Template(v, bare)
	}
	return f.Check(c, v) == nil
}

func voice(t testing.TB, language string) words.Voice {
	t.Helper()
	b, err := words.Open()
	if err != nil {
		t.Fatal(err)
	}
	return b.Voice("US", false, language)
}

// No number that nothing stands behind leaves the bot.
func TestTheGuard(t *testing.T) {
	amounts := []money.Money{money.Of(250, "USD"), money.Of(1250, "USD"), money.Of(-300, "USD")}
	counts, texts := []int64{2, 30}, []string{"7up", "Order 7K3M9QXA", "We are open from 11:00 to 23:00."}
	v := voice(t, "en")
	said := []string{"held for {n} minutes", "Discount: {amount}"}
	for text, fine := range map[string]bool{
		"Total: $12.50":                    true,
		"2 × 7up: $2.50":                   true,
		"Pay $12.50.":                      true,
		"Order 7K3M9QXA waits":             true,
		"We are open from 11:00 to 23:00.": true,
		"held for 30 minutes":              true,
		"Discount: -$3.00":                 true,
		"$2.50, $12.50 and 2":              true,
		"no numbers at all":                true,
		"order 7K3M9QXA $12.50 has come":   false, // the order is known as a whole text, not by its number alone
		"Order 7K3M9QXA $12.50 has come":   true,
		"Order 7K3M9QXA $ 12.50":           false,
		"30 $12.50":                        true,
		"30 $":                             false,
		"30 $13.50":                        false,
		"Total: $1.00":                     false,
		"Total: $112.50":                   false,
		"Total: $12.500":                   false,
		"Total: 12.50":                     false,
		"Total: $12.50.10":                 false,
		"Total: €12.50":                    false,
		"Total: 2 €":                       false,
		"Total: $2":                        false,
		"20% off":                          false,
		"2% off":                           false,
		"-$2.50":                           false,
		"only 3 left":                      false,
		"held for 300 minutes":             false,
		"held for 230 minutes":             false,
		"at 11:00":                         false,
		"free: $":                          false,
		"Total: $12.50 instead of $15.00":  false,
		"Rabatt ٣":                         false,
		"７":                                false,
		"$12.50$2.50":                      false,
		"2.30":                             false,
		"2:30":                             false,
		"2/30":                             false,
		"30 hours":                         false,
		"held for 2k minutes":              false,
		"Total: $12.50 USD":                false,
		"USD 2":                            false,
		"2 usd":                            false,
		"2 dollars":                        false,
		"30 250":                           false,
		"2 %":                              false,
		"½":                                false,
		"Total: −$12.50":                   false,
		"it is sold out":                   false,
		"it is FREE":                       false,
		"ｆｒｅｅ":                             false,
		"half price":                       false,
		"on Monday":                        false,
		"only a few left":                  false,
		"ten dollars":                      false,
		"heute kostenlos":                  false,
	} {
		if backed(channels.Content{Text: text}, v, amounts, counts, texts, said...) != fine {
			t.Errorf("%q: want %t", text, fine)
		}
		in := []channels.Content{{Buttons: []channels.Button{{Label: text}}}, {Links: []channels.Link{{Label: text, URL: "http://x/99"}}},
			{Title: text}, {Choose: text}, {Buttons: []channels.Button{{Detail: text}}}}
		for i, c := range in {
			if backed(c, v, amounts, counts, texts, said...) != fine {
				t.Errorf("%q at place %d: want %t", text, i, fine)
			}
		}
	}
}

func TestTheGuardLooksAtCards(t *testing.T) {
	price := money.Of(250, "USD")
	for name, c := range map[string]struct {
		card   channels.Card
		backed bool
	}{
		"as it is":         {channels.Card{SKU: "A", Name: "tea", Price: "$2.50", Money: price}, true},
		"another price":    {channels.Card{SKU: "A", Name: "tea", Price: "$1.00", Money: price}, false},
		"both wrong":       {channels.Card{SKU: "A", Name: "tea", Price: "$1.00", Money: money.Of(100, "USD")}, false},
		"a price as name":  {channels.Card{SKU: "A", Name: "tea now $1", Price: "$2.50", Money: price}, false},
		"another currency": {channels.Card{SKU: "A", Name: "tea", Price: "€2.50", Money: money.Of(250, "EUR")}, false},
	} {
		if backed(channels.Content{Products: []channels.Card{c.card}}, voice(t, "en"), []money.Money{price}, nil, nil) != c.backed {
			t.Errorf("%s: want %t", name, c.backed)
		}
	}
}

func TestTheGuardInSpanish(t *testing.T) {
	b, err := words.Open()
	if err != nil {
		t.Fatal(err)
	}
	v := b.Voice("ES", false, "es")
	for text, fine := range map[string]bool{"Total: 2,50 €": true, "2,50 € 2,50 €": true, "2,50 € 3,50 €": false, "Total: 12,50 €": false, "Total: 2,50 US$": false, "2,50": false} {
		if backed(channels.Content{Text: text}, v, []money.Money{money.Of(250, "EUR")}, nil, nil) != fine {
			t.Errorf("%q: want %t", text, fine)
		}
	}
}
