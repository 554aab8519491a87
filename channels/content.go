package channels

import (
	"encoding/json"
	"time"

	"sotto.chat/internal/money"
)

// Content is one message in words that no platform owns; each platform renders it within its own limits.
type Content struct {
	// Title heads lists and product lists where a platform wants a heading.
	Title string `json:"title,omitempty"`
	Text  string `json:"text,omitempty"`
	// Buttons are answers to choose from: shown as buttons or as a list, whatever the platform has.
	Buttons []Button `json:"buttons,omitempty"`
	// Choose labels what opens a list of buttons, e.g. "Choose".
	Choose   string  `json:"choose,omitempty"`
	Links    []Link  `json:"links,omitempty"`
	Products []Card  `json:"products,omitempty"`
	Media    []Media `json:"media,omitempty"`
	// Pay asks for money inside the chat, on platforms that can; on others the links beside it lead to the pay page.
	Pay *PayRequest `json:"pay,omitempty"`
	// Note is for the merchant's staff alone; it is kept with the message and leaves the house on no channel.
	Note string `json:"note,omitempty"`
}

// PayRequest asks for money inside the chat, or, with a Status, tells how the order that was paid there goes on. Amounts are in
// minor units of Currency and sum up: Total is Subtotal + Tax + Shipping − Discount.
type PayRequest struct {
	// Reference is our name of this request at the platform; its words about money come back with it.
	Reference string `json:"reference"`
	// Method is how the money comes there: "stars" for digital goods, else the provider that the channel's settings name.
	Method string `json:"method,omitempty"`
	// Title names the order for people, Language is theirs; platforms put their own words around.
	Title    string    `json:"title,omitempty"`
	Language string    `json:"language,omitempty"`
	Currency string    `json:"currency"`
	Items    []PayItem `json:"items,omitempty"`
	Subtotal int64     `json:"subtotal"`
	Tax      int64     `json:"tax"`
	Shipping int64     `json:"shipping"`
	Discount int64     `json:"discount"`
	Total    int64     `json:"total"`
	// AskAddress has the platform ask where to deliver to, before the customer pays.
	AskAddress bool `json:"ask_address,omitempty"`
	// URL is the pay link, for platforms whose request leads to one.
	URL       string    `json:"url,omitempty"`
	ExpiresAt time.Time `json:"expires_at,omitzero"`
	// Status is empty for a request, else pending, processing, shipped, completed or canceled; Paid tells that the money has come,
	// Was what was told last, for platforms that refuse some moves.
	Status string `json:"status,omitempty"`
	Was    string `json:"was,omitempty"`
	Paid   bool   `json:"paid,omitempty"`
	// PaidAt is when it came.
	PaidAt time.Time `json:"paid_at,omitzero"`
	// To is where the goods go, for platforms that must know of physical ones.
	To *PayAddress `json:"to,omitempty"`
	// Data is what only one method needs, by its own names.
	Data map[string]string `json:"data,omitempty"`
}

// PayAddress is where what is paid for goes.
type PayAddress struct {
	Name       string `json:"name"`
	Line1      string `json:"line1"`
	Line2      string `json:"line2,omitempty"`
	City       string `json:"city"`
	Region     string `json:"region"`
	PostalCode string `json:"postal_code"`
	Country    string `json:"country"`
}

// PayItem is one line of what is paid. Total is Quantity × Unit.
type PayItem struct {
	SKU      string `json:"sku"`
	Name     string `json:"name"`
	Quantity int64  `json:"quantity"`
	Unit     int64  `json:"unit"`
	Total    int64  `json:"total"`
	// List is what a piece costs otherwise, where Unit is a lower price; 0 where there is no other.
	List int64 `json:"list,omitempty"`
}

// Button is one answer; Tap comes back when it is chosen.
type Button struct {
	Label  string `json:"label"`
	Tap    string `json:"tap"`
	Detail string `json:"detail,omitempty"`
}

// Link leads out of the chat.
type Link struct {
	Label string `json:"label"`
	URL   string `json:"url"`
}

// Card shows one product. Price is for people; Tap comes back when the card is chosen.
type Card struct {
	SKU      string      `json:"sku"`
	Name     string      `json:"name"`
	Price    string      `json:"price"`
	Money    money.Money `json:"money"`
	ImageURL string      `json:"image,omitempty"`
	Tap      string      `json:"tap,omitempty"`
}

// Media is a picture, a voice note or a file that stays at the platform.
type Media struct {
	Kind       string `json:"kind"` // image, audio, video, document, sticker
	ExternalID string `json:"external_id,omitempty"`
	URL        string `json:"url,omitempty"`
	MediaType  string `json:"media_type,omitempty"`
	Name       string `json:"name,omitempty"`
}

// Party is one way in which a platform names the person it speaks with. Kinds: phone, bsuid, parent_bsuid, telegram,
// openid, psid, igsid, web.
type Party struct {
	Kind  string `json:"kind"`
	Value string `json:"value"`
}

// OrderItem is what a customer put into a platform's own basket. It has no price: prices come from the catalog alone.
type OrderItem struct {
	SKU      string `json:"sku"`
	Quantity int64  `json:"quantity"`
}

// Kinds of what comes in.
const (
	KindMessage = "message" // a person said something that wants an answer
	KindMoved   = "moved"   // a person goes by another name now: Parties are the new ones, Formerly the old
	KindStatus  = "status"  // how one of our messages fared
	KindMoney   = "money"   // the platform's word about a payment made inside the chat
	KindOther   = "other"   // kept, and not acted upon
)

// Incoming is one thing that a platform told us, in words that no platform owns.
type Incoming struct {
	// DedupKey is the platform's own id of this event; the same event told twice has the same key.
	DedupKey   string        `json:"dedup_key"`
	ExternalID string        `json:"external_id,omitempty"`
	Kind       string        `json:"kind"`
	Account    string        `json:"account,omitempty"` // which of the merchant's accounts heard it, e.g. phone_number_id
	Parties    []Party       `json:"parties,omitempty"` // the surest first
	Formerly   []Party       `json:"formerly,omitempty"`
	Name       string        `json:"name,omitempty"`
	Language   string        `json:"language,omitempty"`
	Text       string        `json:"text,omitempty"`
	Tap        string        `json:"tap,omitempty"`
	Order      []OrderItem   `json:"order,omitempty"`
	Product    string        `json:"product,omitempty"` // the sku that the message asks about
	Media      []Media       `json:"media,omitempty"`
	ReplyTo    string        `json:"reply_to,omitempty"`
	At         time.Time     `json:"at"`
	Status     *StatusUpdate `json:"status,omitempty"`
	// Card says that the number of a payment card stood here, and was masked before anything was kept.
	Card  bool       `json:"card,omitempty"`
	Money *MoneyWord `json:"money,omitempty"`
	// Unsupported names a kind of message that cannot be read, e.g. "sticker"; such a message still wants an answer.
	Unsupported string `json:"unsupported,omitempty"`
	// Form is what a person typed into a platform's form. It is input like any text: nothing in it is true.
	Form json.RawMessage `json:"form,omitempty"`
	// Raw is the event as it came.
	Raw []byte `json:"raw,omitempty"`
}

// StatusUpdate tells how one of our messages fared. Opaque is the delivery's own id, which the platform echoes.
type StatusUpdate struct {
	ExternalID string `json:"external_id"`
	Opaque     string `json:"opaque,omitempty"`
	Status     string `json:"status"` // sent, delivered, read, played, failed; others are kept and ignored
	ErrorCode  string `json:"error_code,omitempty"`
	Problem    string `json:"problem,omitempty"` // see SendError
}

// What a platform can say about money.
const (
	MoneyPaid     = "paid"
	MoneyPending  = "pending"
	MoneyFailed   = "failed"
	MoneyReturned = "returned"
)

// MoneyWord is what a platform says about a payment made inside the chat. It is verified with the webhook that brought it; what it
// means for the payment, the room of payments decides.
type MoneyWord struct {
	// ID is this telling's own name, the same whenever it is told again; Receive gives one where the platform's translator does not.
	ID        string `json:"id,omitempty"`
	Reference string `json:"reference"` // ours, as in PayRequest
	Status    string `json:"status"`
	// Coin is the platform's own id of the money, the proof that one coin counts once; Provider that of the provider behind it.
	Coin     string `json:"coin,omitempty"`
	Provider string `json:"provider,omitempty"`
	Method   string `json:"method,omitempty"`
	// Refund is the platform's id of money that went back.
	Refund string      `json:"refund,omitempty"`
	Amount money.Money `json:"amount,omitzero"`
}
