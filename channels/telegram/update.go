package telegram

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"sotto.chat/channels"
)

// maxText bounds what is kept of one text; Telegram itself allows 4096 characters.
const maxText = 10000

// update is one update as far as it is read; all else of it is kept and not acted upon.
type update struct {
	ID          int64           `json:"update_id"`
	Message     json.RawMessage `json:"message"`
	Callback    *callback       `json:"callback_query"`
	PreCheckout *preCheckout    `json:"pre_checkout_query"`
	Shipping    *shippingQuery  `json:"shipping_query"`
}

type user struct {
	ID        int64  `json:"id"`
	IsBot     bool   `json:"is_bot"`
	FirstName string `json:"first_name"`
	LastName  string `json:"last_name"`
	Language  string `json:"language_code"`
}

type chat struct {
	ID   int64  `json:"id"`
	Type string `json:"type"`
}

type callback struct {
	ID      string `json:"id"`
	From    user   `json:"from"`
	Data    string `json:"data"`
	Message *struct {
		ID   int64 `json:"message_id"`
		Chat chat  `json:"chat"`
		Date int64 `json:"date"`
	} `json:"message"`
}

type message struct {
	ID      int64  `json:"message_id"`
	From    *user  `json:"from"`
	Chat    chat   `json:"chat"`
	Date    int64  `json:"date"`
	Text    string `json:"text"`
	Caption string `json:"caption"`
	ReplyTo *struct {
		ID int64 `json:"message_id"`
	} `json:"reply_to_message"`
	Venue *struct {
		Title   string `json:"title"`
		Address string `json:"address"`
	} `json:"venue"`
	Photo []struct {
		FileID string `json:"file_id"`
	} `json:"photo"`
	Voice    *file    `json:"voice"`
	Audio    *file    `json:"audio"`
	Video    *file    `json:"video"`
	Document *file    `json:"document"`
	Paid     *payment `json:"successful_payment"`
	Refunded *payment `json:"refunded_payment"`
}

type file struct {
	FileID   string `json:"file_id"`
	MimeType string `json:"mime_type"`
	Name     string `json:"file_name"`
}

// unread are the kinds of message that want an answer and cannot be read. What is in neither list, e.g. that somebody changed a
// chat's picture, wants none.
var unread = []string{"sticker", "voice", "audio", "video", "video_note", "animation", "document", "photo", "live_photo", "location", "contact",
	"poll", "dice", "game", "story", "checklist", "paid_media", "rich_message", "web_app_data", "giveaway"}

// Parse reads one update.
func (p *Platform) Parse(raw []byte) []channels.Incoming {
	var u update
	if json.Unmarshal(raw, &u) != nil {
		return []channels.Incoming{other(raw)}
	}
	in, ok := channels.Incoming{}, false
	switch {
	case len(u.Message) > 0:
		in, ok = parseMessage(u.Message)
	case u.Callback != nil:
		in, ok = parseCallback(*u.Callback)
	}
	if !ok {
		return []channels.Incoming{other(raw)}
	}
	if in.Kind != channels.KindMoney { // what is said of money is known by the money
		// numbers of updates may begin anew after a silent week, so the message's own number stands beside
		in.DedupKey = "upd:" + strconv.FormatInt(u.ID, 10) + ":" + in.DedupKey
	}
	in.Raw, in.Text = raw, clip(in.Text, maxText)
	return []channels.Incoming{in}
}

// other keeps what is not acted upon; it is known again by its own bytes.
func other(raw []byte) channels.Incoming {
	sum := sha256.Sum256(raw)
	return channels.Incoming{Kind: channels.KindOther, DedupKey: "raw:" + hex.EncodeToString(sum[:]), Raw: raw}
}

func parseMessage(raw json.RawMessage) (channels.Incoming, bool) {
	var m message
	if json.Unmarshal(raw, &m) != nil || m.From == nil || m.From.ID <= 0 || m.ID == 0 {
		return channels.Incoming{}, false
	}
	in := from(*m.From, m.Date)
	in.DedupKey = "msg:" + strconv.FormatInt(m.ID, 10)
	switch {
	case m.Paid != nil:
		return in, m.Paid.fill(&in, channels.MoneyPaid)
	case m.Refunded != nil:
		return in, m.Refunded.fill(&in, channels.MoneyReturned)
	case m.Chat.Type != "private" || m.From.IsBot: // in groups the shop does not speak
		return in, false
	}
	in.ExternalID = strconv.FormatInt(m.Chat.ID, 10)
	if m.ReplyTo != nil {
		in.ReplyTo = strconv.FormatInt(m.ReplyTo.ID, 10)
	}
	in.Text = command(first(m.Text, m.Caption))
	if m.Venue != nil {
		in.Text = strings.Trim(m.Venue.Title+", "+m.Venue.Address, ", ")
	}
	fillMedia(&in, m)
	if in.Text == "" {
		in.Unsupported = kindOf(raw)
	}
	return in, in.Text != "" || in.Unsupported != ""
}

// from tells who speaks. In a private chat the person's id is the chat's.
func from(u user, date int64) channels.Incoming {
	in := channels.Incoming{Kind: channels.KindMessage, Language: clip(u.Language, 35), Name: clip(strings.TrimSpace(u.FirstName+" "+u.LastName), 200),
		Parties: []channels.Party{{Kind: "telegram", Value: strconv.FormatInt(u.ID, 10)}}}
	if date > 0 && date < 1<<40 {
		in.At = time.Unix(date, 0).UTC()
	}
	return in
}

// command takes away what Telegram adds to a command: "/start from_a_link" and "/help@TheBot".
func command(text string) string {
	if !strings.HasPrefix(text, "/") {
		return text
	}
	name, rest, _ := strings.Cut(text, " ")
	name, _, _ = strings.Cut(name, "@")
	if name == "/start" || rest == "" {
		return name
	}
	return name + " " + rest
}

func fillMedia(in *channels.Incoming, m message) {
	if n := len(m.Photo); n > 0 { // the last is the largest
		in.Media = append(in.Media, channels.Media{Kind: "image", ExternalID: m.Photo[n-1].FileID})
	}
	for _, f := range []struct {
		kind string
		file *file
	}{{"audio", m.Voice}, {"audio", m.Audio}, {"video", m.Video}, {"document", m.Document}} {
		if f.file != nil {
			in.Media = append(in.Media, channels.Media{Kind: f.kind, ExternalID: clip(f.file.FileID, 200), MediaType: clip(f.file.MimeType, 100),
				Name: clip(f.file.Name, 200)})
		}
	}
}

// kindOf names what a message holds that nobody can read here.
func kindOf(raw json.RawMessage) string {
	var keys map[string]json.RawMessage
	if json.Unmarshal(raw, &keys) != nil {
		return ""
	}
	for _, kind := range unread {
		if v := string(keys[kind]); v != "" && v != "null" {
			return kind
		}
	}
	return ""
}

// parseCallback reads the choice of a button. The message that it stood under may be gone. What the button says is the customer's to
// send: it counts like typed words.
func parseCallback(c callback) (channels.Incoming, bool) {
	in := from(c.From, 0)
	in.DedupKey, in.Tap = "cbq:"+c.ID, clip(c.Data, 64)
	if c.Message != nil && c.Message.Chat.Type != "" && c.Message.Chat.Type != "private" {
		return in, false
	}
	return in, c.ID != "" && c.From.ID > 0 && in.Tap != ""
}

func first(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

// clip bounds a text at a whole character.
func clip(s string, most int) string {
	if len(s) <= most {
		return s
	}
	for most > 0 && !utf8.RuneStart(s[most]) {
		most--
	}
	return s[:most]
}
