package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"sotto.chat/channels"
	"sotto.chat/internal/database"
	"sotto.chat/merchants"
)

type merchantCmd struct {
	Create merchantCreate `cmd:"" help:"Open a merchant and its first key."`
}

type merchantCreate struct {
	Name     string `required:"" help:"The shop's name."`
	Currency string `default:"USD" help:"ISO 4217."`
	Country  string `default:"US" help:"ISO 3166-1, two letters."`
	Language string `default:"en" help:"The shop's language."`
	JSON     bool   `name:"json" help:"Print one line of JSON."`
}

// Run opens the merchant and prints its key, this once.
func (c merchantCreate) Run(ctx context.Context, s *settings) error {
	return withHouse(ctx, s, func(h *house) error {
		m, key, err := h.Merchants.Create(ctx, merchants.NewMerchant{Name: c.Name, Currency: strings.ToUpper(c.Currency), Country: strings.ToUpper(c.Country), Language: c.Language,
			Settings: merchants.Settings{Pickup: true, Delivery: true, EUNotice: true}})
		if err != nil {
			return err
		}
		if c.JSON {
			return json.NewEncoder(os.Stdout).Encode(map[string]string{"merchant": m.ID, "api_key": key})
		}
		fmt.Printf("Merchant %s\nKey      %s   (shown this once)\nChat     %s/chat/%s\n", m.ID, key, h.PublicURL, m.ID)
		return nil
	})
}

type keyCmd struct {
	Create keyCreate `cmd:"" help:"Make an API key."`
}

type keyCreate struct {
	Merchant string        `required:"" help:"The merchant's id."`
	Name     string        `required:"" help:"What the key is for."`
	Role     string        `enum:"owner,manager,agent,read_only" default:"owner" help:"What it may do."`
	Expires  time.Duration `help:"How long it lives, e.g. 720h; for ever by default."`
	JSON     bool          `name:"json" help:"Print one line of JSON."`
}

// Run makes the key and prints it, this once.
func (c keyCreate) Run(ctx context.Context, s *settings) error {
	return withHouse(ctx, s, func(h *house) error {
		var k merchants.Key
		var secret string
		err := h.DB.InTx(ctx, func(tx database.Tx) (err error) {
			if _, err = h.Merchants.Find(tx, c.Merchant); err != nil {
				return err
			}
			var end *time.Time
			if c.Expires > 0 {
				t := tx.Now.Add(c.Expires)
				end = &t
			}
			k, secret, err = h.Merchants.NewKey(tx, c.Merchant, c.Name, merchants.Role(c.Role), end)
			return err
		})
		if err != nil {
			return err
		}
		if c.JSON {
			return json.NewEncoder(os.Stdout).Encode(map[string]string{"id": k.ID, "api_key": secret})
		}
		fmt.Printf("Key %s   (shown this once)\n", secret)
		return nil
	})
}

type channelCmd struct {
	Create channelCreate `cmd:"" help:"Connect a platform. Credentials are read from a file or from stdin, so that no shell keeps them."`
}

type channelCreate struct {
	Merchant    string `required:"" help:"The merchant's id."`
	Platform    string `required:"" help:"whatsapp"`
	Name        string `help:"A name for staff."`
	Credentials string `default:"-" help:"A JSON file with the credentials, - for stdin." type:"existingfile"`
	JSON        bool   `name:"json" help:"Print one line of JSON."`
}

// Run connects the platform and prints what to type in there.
func (c channelCreate) Run(ctx context.Context, s *settings) error {
	in := os.Stdin
	if c.Credentials != "-" {
		f, err := os.Open(c.Credentials)
		if err != nil {
			return err
		}
		defer func() { _ = f.Close() }()
		in = f
	}
	var given map[string]string
	if err := json.NewDecoder(in).Decode(&given); err != nil {
		return errors.New("the credentials must be one JSON object of texts, e.g. {\"app_secret\": \"…\"}")
	}
	return withHouse(ctx, s, func(h *house) error {
		var ch channels.Channel
		var token string
		err := h.DB.InTx(ctx, func(tx database.Tx) (err error) {
			ch, token, err = h.Channels.Create(tx, c.Merchant, channels.NewChannel{Platform: c.Platform, Name: c.Name, Credentials: given})
			return err
		})
		if err != nil {
			return err
		}
		hook := h.PublicURL + "/hooks/" + ch.Platform + "/" + ch.ID
		if c.JSON {
			return json.NewEncoder(os.Stdout).Encode(map[string]string{"id": ch.ID, "webhook_url": hook, "verify_token": token})
		}
		fmt.Printf("Channel      %s\nWebhook URL  %s\nVerify token %s   (shown this once)\n", ch.ID, hook, token)
		return nil
	})
}
