package telegram

import "strconv"

// The requests, as Telegram's specification names their fields; a test holds them against it.

type chatID int64

type sendMessage struct {
	ChatID  chatID       `json:"chat_id"`
	Text    string       `json:"text"`
	Preview *linkPreview `json:"link_preview_options,omitempty"`
	Markup  *keyboard    `json:"reply_markup,omitempty"`
}

// linkPreview is always off: a preview would have Telegram fetch the pay link.
type linkPreview struct {
	Off bool `json:"is_disabled"`
}

type sendPhoto struct {
	ChatID  chatID    `json:"chat_id"`
	Photo   string    `json:"photo"`
	Caption string    `json:"caption,omitempty"`
	Markup  *keyboard `json:"reply_markup,omitempty"`
}

type keyboard struct {
	Rows [][]button `json:"inline_keyboard"`
}

// button has exactly one action.
type button struct {
	Text string `json:"text"`
	Data string `json:"callback_data,omitempty"`
	URL  string `json:"url,omitempty"`
}

type sendInvoice struct {
	ChatID         chatID  `json:"chat_id"`
	Title          string  `json:"title"`
	Description    string  `json:"description"`
	Payload        string  `json:"payload"`
	ProviderToken  string  `json:"provider_token"`
	Currency       string  `json:"currency"`
	Prices         []price `json:"prices"`
	StartParameter string  `json:"start_parameter"`
	NeedAddress    bool    `json:"need_shipping_address,omitempty"`
	Flexible       bool    `json:"is_flexible,omitempty"`
}

type price struct {
	Label  string `json:"label"`
	Amount int64  `json:"amount"`
}

type sendChatAction struct {
	ChatID chatID `json:"chat_id"`
	Action string `json:"action"`
}

type getFile struct {
	FileID string `json:"file_id"`
}

type setWebhook struct {
	URL         string   `json:"url"`
	SecretToken string   `json:"secret_token"`
	Updates     []string `json:"allowed_updates"`
	Connections int      `json:"max_connections"`
}

type refundStarPayment struct {
	UserID   int64  `json:"user_id"`
	ChargeID string `json:"telegram_payment_charge_id"`
}

type getStarTransactions struct {
	Offset int `json:"offset"`
	Limit  int `json:"limit"`
}

// The answers that stand in a webhook's own response name their method beside the fields.

type answerPreCheckout struct {
	Method string `json:"method"`
	ID     string `json:"pre_checkout_query_id"`
	OK     bool   `json:"ok"`
	Error  string `json:"error_message,omitempty"`
}

type answerShipping struct {
	Method  string           `json:"method"`
	ID      string           `json:"shipping_query_id"`
	OK      bool             `json:"ok"`
	Options []shippingOption `json:"shipping_options,omitempty"`
	Error   string           `json:"error_message,omitempty"`
}

type shippingOption struct {
	ID     string  `json:"id"`
	Title  string  `json:"title"`
	Prices []price `json:"prices"`
}

type answerCallback struct {
	Method string `json:"method"`
	ID     string `json:"callback_query_id"`
}

func chatOf(id string) (chatID, bool) {
	n, err := strconv.ParseInt(id, 10, 64)
	return chatID(n), err == nil && n > 0
}
