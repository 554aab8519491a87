package main

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"sotto.chat/bot"
	"sotto.chat/bot/llm"
	"sotto.chat/bot/senses"
	"sotto.chat/cmd/sotto/practice"
	"sotto.chat/internal/database"
	"sotto.chat/internal/outbound"
	"sotto.chat/lessons"
	"sotto.chat/rehearsals"
)

// newBot gives the bot its two understanders; the second only where a model is configured.
func (h *house) newBot() (*bot.Bot, error) {
	model, err := h.settings.model(h)
	if err != nil {
		return nil, err
	}
	b, err := bot.New(h.DB, h.Inbox, h.Orders, h.Catalog, h.Customers, h.desk, h.shopOf, bot.Embedded{}, model, h.log)
	if err != nil {
		return nil, err
	}
	h.Lessons = lessons.New(h.DB, h.Keys, h.Catalog, h.Inbox, h.desk)
	h.Lessons.Reads(h.page)
	b.Learn(h.Lessons)
	h.Rehearsals = rehearsals.New(h.DB, h.Keys, h.desk, h.log, practice.Stage(practice.Rooms{Merchants: h.Merchants, Catalog: h.Catalog, Payments: h.Payments}))
	h.Try = func(ctx context.Context, merchant, text, locale, asked string) (lessons.Trial, error) {
		goods, err := b.Goods(ctx, merchant)
		if err != nil {
			return lessons.Trial{}, err
		}
		return practice.Try(goods.Lexicon, text, locale, asked), nil
	}
	b.Use(bot.Till{Ask: h.tills.Ask, Tell: h.tills.Tell})
	s, err := h.settings.senses(h)
	if err != nil {
		return nil, err
	}
	b.Sense(s)
	return b, nil
}

// senses opens those that a model is named for; none where none is. h may be nil, to try the settings.
func (s *settings) senses(h *house) (bot.Senses, error) {
	if s.VoiceModel == "" && s.PhotoModel == "" {
		return bot.Senses{}, nil
	}
	cfg := senses.Config{URL: s.SensesURL, Key: s.SensesKey, VoiceModel: s.VoiceModel, PhotoModel: s.PhotoModel}
	if cfg.URL == "" && cfg.Key == "" && s.LLMProvider == llm.OpenAI {
		cfg.URL, cfg.Key = s.LLMURL, s.LLMKey // both or none: a key goes nowhere that it was not given for
	}
	var db *database.DB
	if h != nil {
		cfg.Fetch, cfg.Log, db = h.Channels.Fetch, h.log, h.DB
	}
	made, err := senses.New(cfg, db)
	if err != nil {
		return bot.Senses{}, fmt.Errorf("SOTTO_LLM_SENSES_URL, SOTTO_LLM_SENSES_KEY: %w", err)
	}
	if h != nil && s.LLMProvider == "" {
		h.desk.Every("bot.budget", time.Hour, made.Sweep)
	}
	return made.Bot(), nil
}

// model opens the configured language model; nil, without an error, where none is. h may be nil: then there is no budget.
func (s *settings) model(h *house) (bot.Understander, error) {
	if s.LLMProvider == "" {
		return nil, nil
	}
	cfg := llm.Config{Provider: s.LLMProvider, URL: s.LLMURL, Model: s.LLMModel, Key: s.LLMKey}
	if h == nil {
		return reader(llm.New(cfg, nil))
	}
	cfg.Log = h.log
	r, err := llm.New(cfg, h.DB)
	if err == nil {
		h.desk.Every("bot.budget", time.Hour, r.Sweep)
	}
	return reader(r, err)
}

// reader keeps a failed model from becoming an interface that is not nil.
func reader(r *llm.Reader, err error) (bot.Understander, error) {
	if err != nil {
		return nil, fmt.Errorf("SOTTO_LLM_*: %w", err)
	}
	return r, nil
}

// shopOf is what the bot must know of a merchant.
func (h *house) shopOf(ctx context.Context, merchant string) (bot.Shop, error) {
	m, err := h.Merchants.Get(ctx, merchant)
	return bot.Shop{Name: m.Name, Currency: m.Currency, Country: m.Country, Language: m.Language, Formal: m.Settings.Formal,
		Pickup: m.Settings.Pickup, Delivery: m.Settings.Delivery, Model: m.Settings.LLM,
		Wording: m.Settings.LLMWording, Shadow: m.Settings.LLMShadow}, err
}

// page reads a page at an address that a merchant gave: on the public internet only, unless the shop is local itself.
func (h *house) page(ctx context.Context, address string) (text, kind string, err error) {
	r, err := outbound.New(outbound.Config{Timeout: 10 * time.Second, PublicOnly: !h.local()}).Do(ctx, outbound.Request{Method: http.MethodGet, URL: address,
		Header: http.Header{"Accept": {"text/html, text/markdown"}}})
	if err == nil && r.Status != http.StatusOK {
		err = fmt.Errorf("the page answers %d", r.Status)
	}
	return string(r.Body), r.Header.Get("Content-Type"), err
}
