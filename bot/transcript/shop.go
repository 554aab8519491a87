package transcript

import (
	"fmt"
	"strconv"
	"strings"

	"sotto.chat/catalog"
	"sotto.chat/merchants"
)

// Shop is what a script's shop is like. File is the name of its catalog file as the script says it; Goods is the catalog.
type Shop struct {
	merchants.NewMerchant
	File           string
	Goods          catalog.File
	Cash, Transfer bool // it is paid by hand, too
}

// holdMinutes is how long a pretended pay link lives where nobody says otherwise.
const holdMinutes = 30

// ReadShop reads the line of a script that says what its shop is like.
func ReadShop(line string) (Shop, error) {
	words := strings.Split(line, ",")
	for i := range words {
		words[i] = strings.TrimSpace(words[i])
	}
	if len(words) < 4 {
		return Shop{}, fmt.Errorf("a shop needs a catalog file, a currency, a country and a language: shop: menu.json, USD, US, en, pickup")
	}
	s := Shop{File: words[0], NewMerchant: merchants.NewMerchant{Name: "Tiny Shop", Currency: words[1], Country: words[2], Language: words[3], HoldMinutes: holdMinutes}}
	for _, w := range words[4:] {
		if err := s.take(w); err != nil {
			return s, err
		}
	}
	return s, nil
}

// take reads one more thing that a shop can be.
func (s *Shop) take(word string) error {
	name, value, _ := strings.Cut(word, " ")
	switch name {
	case "pickup":
		s.Settings.Pickup = true
	case "delivery":
		s.Settings.Delivery = true
	case "formal":
		s.Settings.Formal = true
	case "cash":
		s.Cash = true
	case "transfer":
		s.Transfer = true
	case "shipping":
		n, err := strconv.ParseInt(value, 10, 64)
		if err != nil || n < 0 {
			return fmt.Errorf("shipping is a number in the minor unit, like: shipping 300")
		}
		s.ShippingAmount = n
	case "tax":
		percent, err := strconv.ParseInt(strings.TrimSuffix(value, "%"), 10, 64)
		if err != nil || percent < 0 || percent > 100 {
			return fmt.Errorf("tax is a whole percentage, like: tax 10%%")
		}
		s.TaxPPM = percent * 10_000
	default:
		return fmt.Errorf("a shop cannot be %q; it can be pickup, delivery, formal, shipping 300, tax 10%%, cash, transfer", word)
	}
	return nil
}

// ShopOf is the shop of a live merchant, for a stage of its own: what customers notice of it, and no secret.
func ShopOf(m merchants.Merchant, goods catalog.File) Shop {
	settings := merchants.Settings{Formal: m.Settings.Formal, Pickup: m.Settings.Pickup, Delivery: m.Settings.Delivery, EUNotice: m.Settings.EUNotice}
	return Shop{Goods: goods, NewMerchant: merchants.NewMerchant{Name: m.Name, Slug: "rehearsal", Currency: m.Currency, Country: m.Country, Language: m.Language, TaxPPM: m.TaxPPM,
		TaxInclusive: m.TaxInclusive, ShippingAmount: m.ShippingAmount, HoldMinutes: m.HoldMinutes, Settings: settings}}
}
