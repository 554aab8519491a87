// Package reading holds what an understander makes of a customer's message: actions without prices, totals or customers.
package reading

// Reading is the meaning of one message. No Actions means that it was not understood.
type Reading struct {
	Language   string   `json:"language"`
	Confidence float64  `json:"confidence"`
	Actions    []Action `json:"actions"`
	Unread     []string `json:"unread"`
	// Wordings are other words for what the bot may come to say, by the name of its text, with the same placeholders.
	Wordings map[string]string `json:"-"`
}

// Action is one thing that a customer wants. Which fields count depends on Kind. It has no place for money or for a
// customer, so that no understander can be wrong about them.
type Action struct {
	Kind     string   `json:"kind"`
	SKU      string   `json:"sku,omitempty"`
	Quantity int      `json:"quantity,omitempty"`
	Options  []Option `json:"options,omitempty"`
	Note     string   `json:"note,omitempty"`
	Line     string   `json:"line,omitempty"`
	Query    string   `json:"query,omitempty"`
	Category string   `json:"category,omitempty"`
	Code     string   `json:"code,omitempty"`
	Order    string   `json:"order,omitempty"`
	About    string   `json:"about,omitempty"`
	Text     string   `json:"text,omitempty"`
	Method   string   `json:"method,omitempty"`
	Language string   `json:"language,omitempty"`
	Number   int      `json:"number,omitempty"`
	Question string   `json:"question,omitempty"`
	Score    int      `json:"score,omitempty"`
}

// Option is one choice of an option group. Amount is empty, extra, light or none; Count is empty for one.
type Option struct {
	Group  string `json:"group"`
	Choice string `json:"choice"`
	Amount string `json:"amount,omitempty"`
	Count  int    `json:"count,omitempty"`
}

// State is what the conversation remembers: the cart, the question that is open, the products last shown.
type State struct {
	Cart  []CartLine `json:"cart"`
	Asked string     `json:"asked"`
	Shown []string   `json:"shown"`
}

// CartLine is one line of the cart, as far as a message can mean it.
type CartLine struct {
	Line     string   `json:"line"`
	SKU      string   `json:"sku"`
	Quantity int      `json:"quantity"`
	Options  []Option `json:"options"`
}

// The kinds of action.
const (
	Add           = "add"
	Change        = "change"
	Remove        = "remove"
	ClearCart     = "clear_cart"
	ShowCart      = "show_cart"
	Checkout      = "checkout"
	Confirm       = "confirm"
	Deny          = "deny"
	Pay           = "pay"
	Greet         = "greet"
	Thanks        = "thanks"
	Bye           = "bye"
	Help          = "help"
	Human         = "human"
	Repeat        = "repeat"
	Search        = "search"
	Browse        = "browse"
	ShowProduct   = "show_product"
	ApplyCode     = "apply_code"
	OrderStatus   = "order_status"
	CancelOrder   = "cancel_order"
	Reorder       = "reorder"
	ReturnOrder   = "return_order"
	ReportProblem = "report_problem"
	SetAddress    = "set_address"
	SetDelivery   = "set_delivery"
	SetLanguage   = "set_language"
	Choose        = "choose"
	Ask           = "ask"
	Privacy       = "privacy"
	Rate          = "rate"
)

// The questions that can be open when a message comes.
const (
	AskedNothing  = "none"
	AskedConfirm  = "confirm_order"
	AskedProduct  = "choose_product"
	AskedOption   = "choose_option"
	AskedQuantity = "quantity"
	AskedAddress  = "address"
)

// The amounts of a choice.
const (
	Extra = "extra"
	Light = "light"
	None  = "none"
)

// The ways to get an order.
const (
	Delivery = "delivery"
	Pickup   = "pickup"
	EatIn    = "eat_in"
)

// What a privacy action is about.
const (
	Export  = "export"
	Erase   = "erase"
	Stop    = "stop"
	Start   = "start"
	Private = "private"
	WhoRead = "who_read"
)

// WaysToPay is what a question for the shop itself is about: how an order can be paid.
const (
	WaysToPay = "ways_to_pay"
)
