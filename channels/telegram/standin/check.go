package standin

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// outgoing is a call of the shop's, as far as it is checked and shown.
type outgoing struct {
	ChatID        int64   `json:"chat_id"`
	Text          string  `json:"text"`
	Photo         string  `json:"photo"`
	Caption       string  `json:"caption"`
	Title         string  `json:"title"`
	Description   string  `json:"description"`
	Payload       string  `json:"payload"`
	ProviderToken string  `json:"provider_token"`
	Currency      string  `json:"currency"`
	Prices        []price `json:"prices"`
	NeedAddress   bool    `json:"need_shipping_address"`
	Flexible      bool    `json:"is_flexible"`
	Markup        struct {
		Rows [][]struct {
			Text string `json:"text"`
			Data string `json:"callback_data"`
			URL  string `json:"url"`
		} `json:"inline_keyboard"`
	} `json:"reply_markup"`
	FileID   string `json:"file_id"`
	URL      string `json:"url"`
	Secret   string `json:"secret_token"`
	UserID   int64  `json:"user_id"`
	ChargeID string `json:"telegram_payment_charge_id"`
	Offset   int    `json:"offset"`
	Limit    int    `json:"limit"`
}

type price struct {
	Label  string `json:"label"`
	Amount int64  `json:"amount"`
}

func (m outgoing) total() (n int64) {
	for _, p := range m.Prices {
		n += p.Amount
	}
	return n
}

// wrong tells what Telegram's documentation forbids in a call; empty is well.
func (m outgoing) wrong(method, providerToken string) string {
	if m.ChatID <= 0 {
		return "chat_id is empty"
	}
	if why := m.wrongMarkup(); why != "" {
		return why
	}
	switch method {
	case "sendMessage":
		return length("text", m.Text, 1, 4096)
	case "sendPhoto":
		if m.Photo == "" {
			return "there is no photo in the request"
		}
		return length("caption", m.Caption, 0, 1024)
	case "sendInvoice":
		return m.wrongInvoice(providerToken)
	}
	return ""
}

func (m outgoing) wrongMarkup() string {
	for _, row := range m.Markup.Rows {
		for _, b := range row {
			if (b.Data == "") == (b.URL == "") {
				return "a button needs exactly one action"
			}
			if len(b.Data) > 64 {
				return "BUTTON_DATA_INVALID"
			}
			if b.URL != "" && !strings.HasPrefix(b.URL, "http") {
				return "BUTTON_URL_INVALID"
			}
			if b.Text == "" {
				return "a button needs a text"
			}
		}
	}
	return ""
}

func (m outgoing) wrongInvoice(providerToken string) string {
	for _, why := range []string{length("title", m.Title, 1, 32), length("description", m.Description, 1, 255)} {
		if why != "" {
			return why
		}
	}
	switch {
	case len(m.Payload) < 1 || len(m.Payload) > 128:
		return "INVOICE_PAYLOAD_INVALID"
	case len(m.Prices) == 0 || m.total() <= 0:
		return "CURRENCY_TOTAL_AMOUNT_INVALID"
	case m.Currency == "XTR" && (m.ProviderToken != "" || len(m.Prices) != 1):
		return "an invoice in Stars has one price and no provider"
	case m.Currency != "XTR" && m.ProviderToken != providerToken:
		return "PAYMENT_PROVIDER_INVALID"
	case len(m.Currency) != 3:
		return "CURRENCY_INVALID"
	}
	for _, p := range m.Prices {
		if p.Label == "" {
			return "a price needs a label"
		}
	}
	return ""
}

func length(what, s string, least, most int) string {
	if n := utf8.RuneCountInString(s); n < least || n > most {
		return fmt.Sprintf("%s is too long or too short: %d characters, %d to %d are allowed", what, n, least, most)
	}
	return ""
}
