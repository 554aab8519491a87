// Package practice is the commands with which merchants try their bot: written conversations and single messages, over a catalog file or the live one.
package practice

import (
	"context"
	"errors"
	"fmt"
	"os"

	"sotto.chat/bot/transcript"
	"sotto.chat/catalog"
	"sotto.chat/merchants"
	"sotto.chat/rehearsals"
)

// Live opens the shop that the settings name, for a moment.
type Live struct {
	// Shop gives a merchant with the goods of now; an empty id means the only one there is.
	Shop func(ctx context.Context, merchant string) (merchants.Merchant, catalog.File, error)
	// Rehearsals calls f with the merchant that was named, or the only one, and with what keeps a conversation.
	Rehearsals func(ctx context.Context, merchant string, f func(merchant string, room *rehearsals.Rehearsals, put func(name, body string) error) error) error
}

// place is where a command looks for goods: in a file, else in the live catalog.
type place struct {
	Catalog  string `type:"existingfile" help:"A catalog file, instead of the live catalog."`
	Merchant string `help:"The merchant whose live catalog is read; not needed where there is only one."`
	Language string `default:"en" help:"With --catalog: the shop's language."`
	Country  string `default:"US" help:"With --catalog: the shop's country."`
}

// shop gives a shop to practise in, which is never the live one itself.
func (p place) shop(ctx context.Context, live *Live) (transcript.Shop, error) {
	if p.Catalog == "" {
		m, goods, err := live.Shop(ctx, p.Merchant)
		return transcript.ShopOf(m, goods), err
	}
	goods, err := openCatalog(p.Catalog)
	currency := goods.Currency
	if currency == "" {
		currency = "USD"
	}
	return transcript.Shop{Goods: goods, NewMerchant: merchants.NewMerchant{Name: "Practice shop", Currency: currency, Country: p.Country, Language: p.Language,
		Settings: merchants.Settings{Pickup: true, Delivery: true}}}, err
}

// openCatalog reads a catalog file and names its unsound rows on stderr; the sound ones are used.
func openCatalog(path string) (catalog.File, error) {
	file, err := os.Open(path)
	if err != nil {
		return catalog.File{}, err
	}
	f, problems, err := catalog.DecodeFile(file)
	for _, p := range problems {
		_, _ = fmt.Fprintf(os.Stderr, "%s: %s (left out)\n", path, p)
	}
	if err != nil {
		err = fmt.Errorf("%s: %w", path, err)
	}
	return f, errors.Join(err, file.Close())
}
