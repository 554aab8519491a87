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
