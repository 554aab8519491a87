package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"

	"sotto.chat/catalog"
	"sotto.chat/channels"
	"sotto.chat/cmd/sotto/demo_assets"
	"sotto.chat/internal/database"
	"sotto.chat/merchants"
)

const demoSlug = "demo"

func randomText(bytes int) string {
	b := make([]byte, bytes)
	_, _ = rand.Read(b) // crypto/rand never fails
	return hex.EncodeToString(b)
}

// seed opens the demo's merchant, its goods and channels, or finds those of last time.
func (c demoCmd) seed(ctx context.Context, h *house, m *demoMemory) (demoLine, error) {
	file, err := c.goods()
	if err != nil {
		return demoLine{}, err
	}
	merchant, err := c.seedMerchant(ctx, h, m, or(file.Currency, "EUR"))
	if err != nil {
		return demoLine{}, err
	}
	if err := c.seedGoods(ctx, h, merchant, file); err != nil {
		return demoLine{}, err
	}
	whatsapp, err := seedWhatsApp(ctx, h, merchant, m)
	if err != nil {
		return demoLine{}, err
	}
	telegram, err := seedTelegram(ctx, h, merchant, m)
	if err != nil {
		return demoLine{}, err
	}
	wechat, err := seedWeChat(ctx, h, merchant, &m.WeChat)
	if err != nil {
		return demoLine{}, err
	}
	return demoLine{BaseURL: h.PublicURL, Merchant: merchant, APIKey: m.APIKey, ChatURL: h.PublicURL + "/chat/" + merchant, ConsoleURL: h.PublicURL + "/console",
		Stripe:   demoStripe{WebhookURL: h.PublicURL + "/hooks/stripe", WebhookSecret: h.stripeSecret()},
		Channels: map[string]demoChannel{"whatsapp": whatsapp, "telegram": telegram, "wechat": wechat}}, nil
}

// seedMerchant gives the merchant's id and sees to a key that works.
func (c demoCmd) seedMerchant(ctx context.Context, h *house, m *demoMemory, currency string) (string, error) {
	old, err := h.Merchants.BySlug(ctx, demoSlug)
	if errors.Is(err, merchants.ErrNoMerchant) {
		made, key, err := h.Merchants.Create(ctx, merchants.NewMerchant{Name: "Café Sotto", Slug: demoSlug, Currency: currency, Country: "ES", Language: "en",
			TaxPPM: 100_000, TaxInclusive: true, ShippingAmount: 350, HoldMinutes: 30, Settings: merchants.Settings{Pickup: true, Delivery: true, EUNotice: true}})
		m.APIKey = key
		return made.ID, err
	}
	if err != nil {
		return "", err
	}
	if actor, err := h.Merchants.Authenticate(ctx, m.APIKey); err == nil && actor.MerchantID == old.ID {
		return old.ID, nil
	}
	err = h.DB.InTx(ctx, func(tx database.Tx) (err error) {
		_, m.APIKey, err = h.Merchants.NewKey(tx, old.ID, "demo", merchants.Owner, nil)
		return err
	})
	return old.ID, err
}

// goods reads the catalog file that was named, or the demo's own.
func (c demoCmd) goods() (catalog.File, error) {
	var in io.Reader = bytes.NewReader(demo_assets.Catalog)
	if c.Catalog != "" {
		f, err := os.Open(c.Catalog)
		if err != nil {
			return catalog.File{}, err
		}
		defer func() { _ = f.Close() }()
		in = f
	}
	file, problems, err := catalog.DecodeFile(in)
	complain(problems)
	return file, err
}

// seedGoods brings in the demo's own goods once, or the file that was named, each time.
func (c demoCmd) seedGoods(ctx context.Context, h *house, merchant string, file catalog.File) error {
	version, err := h.Catalog.Version(ctx, merchant)
	if err != nil || (version > 0 && c.Catalog == "") {
		return err
	}
	if c.Catalog == "" {
		if err := hangPictures(ctx, h, merchant, &file); err != nil {
			return err
		}
	}
	if err := h.fitCurrency(ctx, merchant, file.Currency); err != nil {
		return err
	}
	report, err := h.Catalog.Import(ctx, merchant, file, false, func(int, int) {})
	complain(report.Problems)
	return err
}

func complain(problems []catalog.Problem) {
	for _, p := range problems {
		_, _ = fmt.Fprintln(os.Stderr, p)
	}
}

// hangPictures stores the photos and names their addresses in the file. An address without a host is one of the shop's own.
func hangPictures(ctx context.Context, h *house, merchant string, file *catalog.File) error {
	return h.DB.InTx(ctx, func(tx database.Tx) error {
		for i := range file.Products {
			for k := range file.Products[i].Images {
				m := &file.Products[i].Images[k]
				body, err := demo_assets.Photos.ReadFile(m.URL)
				if err != nil {
					return err
				}
				pic, err := h.Catalog.PutPicture(tx, merchant, body)
				if err != nil {
					return err
				}
				m.URL = h.PublicURL + "/pictures/" + merchant + "/" + pic
			}
		}
		return nil
	})
}

// fitCurrency refuses a catalog file in another currency than the shop's.
func (h *house) fitCurrency(ctx context.Context, merchant, currency string) error {
	m, err := h.Merchants.Get(ctx, merchant)
	if err == nil && currency != "" && m.Currency != currency {
		return fmt.Errorf("the file is in %s, the shop sells in %s: mend the file, or open a merchant with that currency", currency, m.Currency)
	}
	return err
}

// seedWhatsApp connects the stand-in, or tells the channel of last time the secrets of this one.
func seedWhatsApp(ctx context.Context, h *house, merchant string, m *demoMemory) (demoChannel, error) {
	credentials := channels.Credentials{"app_secret": m.AppSecret, "access_token": m.AccessToken, "phone_number_id": m.PhoneNumberID, "waba_id": m.WabaID}
	list, err := h.Channels.List(ctx, merchant)
	if err != nil {
		return demoChannel{}, err
	}
	var ch channels.Channel
	for _, old := range list {
		if old.Platform == "whatsapp" && old.ExternalID == m.PhoneNumberID && old.DisabledAt == nil {
			ch = old
		}
	}
	if ch.ID == "" || m.VerifyToken == "" {
		if ch.ID != "" {
			if err := h.Channels.Disable(ctx, merchant, ch.ID); err != nil {
				return demoChannel{}, err
			}
		}
		err = h.DB.InTx(ctx, func(tx database.Tx) (err error) {
			ch, m.VerifyToken, err = h.Channels.Create(tx, merchant, channels.NewChannel{Platform: "whatsapp", Name: "WhatsApp", Credentials: credentials})
			return err
		})
		if err != nil {
			return demoChannel{}, err
		}
	}
	return demoChannel{ID: ch.ID, WebhookURL: h.PublicURL + "/hooks/whatsapp/" + ch.ID, AppSecret: m.AppSecret, VerifyToken: m.VerifyToken,
		PhoneNumberID: m.PhoneNumberID, WabaID: m.WabaID}, nil
}

// seedTelegram connects the stand-in, or gives the channel of last time the secrets of this one.
func seedTelegram(ctx context.Context, h *house, merchant string, m *demoMemory) (demoChannel, error) {
	list, err := h.Channels.List(ctx, merchant)
	if err != nil {
		return demoChannel{}, err
	}
	credentials := channels.Credentials{"bot_token": m.BotToken, "secret_token": m.BotSecret, "provider_token": m.BotProvider,
		"stars": "true", "stars_per_hundred": "60"}
	for _, old := range list {
		if old.ID == m.TelegramID && old.DisabledAt == nil {
			return shownTelegram(h, old, m), h.connectAgain(ctx, old, credentials)
		}
	}
	var ch channels.Channel
	err = h.DB.InTx(ctx, func(tx database.Tx) (err error) {
		ch, _, err = h.Channels.Create(tx, merchant, channels.NewChannel{Platform: "telegram", Name: "Telegram", Credentials: credentials})
		return err
	})
	m.TelegramID = ch.ID
	return shownTelegram(h, ch, m), err
}

// connectAgain has the shop, which may listen elsewhere now, tell the stand-in where.
func (h *house) connectAgain(ctx context.Context, ch channels.Channel, credentials channels.Credentials) error {
	_, err := h.Channels.Update(ctx, ch.MerchantID, ch.ID, channels.Change{Credentials: credentials})
	return err
}

func shownTelegram(h *house, ch channels.Channel, m *demoMemory) demoChannel {
	return demoChannel{ID: ch.ID, WebhookURL: h.hookURL(ch), SecretToken: m.BotSecret}
}
