package main

import (
	"context"

	"sotto.chat/channels"
	"sotto.chat/internal/database"
)

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
