// Package inbox keeps the talk: conversations and their messages, sealed with a key for each conversation, who is
// answering, and what is still unanswered.
//
// One conversation's events are taken in order under its row's lock, so that there are never two turns at once; its
// messages are numbered without gaps.
package inbox

import (
	"encoding/json"
	"time"

	"sotto.chat/channels"
	"sotto.chat/customers"
	"sotto.chat/internal/database"
	"sotto.chat/internal/fault"
	"sotto.chat/internal/jobs"
	"sotto.chat/internal/live"
	"sotto.chat/merchants"
	"sotto.chat/privacy"
)

// Who is answering a conversation.
const (
	ByBot    = "bot"
	ByPerson = "person"
)

// Who said a message.
const (
	Customer = "customer"
	Bot      = "bot"
	Staff    = "staff"
)

// Failures of this room.
var (
	ErrUnknown   = fault.New(fault.NotFound, "unknown_conversation", "There is no such conversation.")
	ErrCursor    = fault.New(fault.Invalid, "unknown_message", "There is no such message to go on after. Start without one.")
	ErrEmpty     = fault.New(fault.Invalid, "empty_message", "A message needs some content.")
	ErrLong      = fault.New(fault.Invalid, "message_too_long", "A message may have 20000 characters.")
	ErrAnswering = fault.New(fault.Invalid, "unknown_answering", "Hand a conversation to bot or person.")
)

// Conversation is the talk with one party on one channel. Party moves on when the platform names the person anew.
type Conversation struct {
	MerchantID     string
	ID             string
	ChannelID      string
	Platform       string
	Party          string
	CustomerID     string
	Answering      string
	AssignedTo     string
	Language       string
	Misread        int64
	LastSeq        int64
	LastCustomerAt *time.Time
	Address        []byte // sealed: how the platform names the person
	Memory         []byte // sealed: what the bot keeps between turns
	Version        int64
	ClosedAt       *time.Time
	CreatedAt      time.Time
	UpdatedAt      time.Time
}

// Message is one message. Content is opened; in the database it is sealed with the conversation's key.
type Message struct {
	ID             string
	ConversationID string
	Seq            int64
	Sender         string
	Author         string // which of the staff
	Content        channels.Content
	Order          []channels.OrderItem
	Tap            string
	Product        string // the sku that a message asks about
	Unsupported    string // what the customer sent and nobody can read here, e.g. "sticker"
	Form           json.RawMessage
	Sensed         *Sensed // what was made of a voice note or a photo; nil where nobody has begun
	Card           bool    // the number of a payment card stood in it, and was masked before it was stored
	Forgotten      bool    // the key was destroyed; only the fact of a message is left
	At             time.Time
}

// Spoke is the news that a customer said something and the bot is to answer.
type Spoke struct {
	Merchant     string `json:"merchant"`
	Conversation string `json:"conversation"`
}

// NewsKind names the news.
func (Spoke) NewsKind() string { return "inbox.spoke" }

// Forgotten is announced when a conversation's words were destroyed.
type Forgotten struct{ Merchant, Conversation string }

// NewsKind names this news in the job queue.
func (Forgotten) NewsKind() string { return "inbox.forgotten" }

// Inbox keeps the conversations.
type Inbox struct {
	db       *database.DB
	channels *channels.Channels
	people   *customers.People
	register *merchants.Register
	keys     *privacy.Keys
	desk     *jobs.Desk
	hub      *live.Hub
}

// New makes the room and has it listen for what arrives.
func New(db *database.DB, ch *channels.Channels, people *customers.People, register *merchants.Register, keys *privacy.Keys,
	desk *jobs.Desk, hub *live.Hub) *Inbox {
	i := &Inbox{db: db, channels: ch, people: people, register: register, keys: keys, desk: desk, hub: hub}
	jobs.On(desk, "inbox.drain", i.Drain)
	jobs.On(desk, "inbox.drain_many", i.drainMany)
	return i
}

// Topic is what the hub's subscribers of one conversation listen to.
func Topic(conversation string) string { return conversation }

// TopicOfAll is what the hub's subscribers of a merchant's whole inbox listen to.
func TopicOfAll(merchant string) string { return "inbox:" + merchant }
