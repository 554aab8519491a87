package wechat

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/xml"
	"strconv"
	"strings"
	"time"

	"sotto.chat/channels"
	"sotto.chat/channels/fit"
)

// message is one message or event, of whichever kind.
type message struct {
	XMLName  xml.Name `xml:"xml"`
	From     string   `xml:"FromUserName"`
	Created  string   `xml:"CreateTime"`
	Type     string   `xml:"MsgType"`
	ID       string   `xml:"MsgId"`
	Content  string   `xml:"Content"`
	MenuID   string   `xml:"bizmsgmenuid"` // the choice that a person tapped, by its id; Content is its label
	Heard    string   `xml:"Recognition"`
	Label    string   `xml:"Label"`
	Title    string   `xml:"Title"`
	URL      string   `xml:"Url"`
	MediaID  string   `xml:"MediaId"`
	Event    string   `xml:"Event"`
	EventKey string   `xml:"EventKey"`
}

// Limits of what is kept.
const (
	maxText = 10000
	maxName = 128
)

// Parse reads one body. What it cannot read, or has no meaning for the talk, is kept as other.
func (p *Platform) Parse(raw []byte) []channels.Incoming {
	var m message
	if xml.Unmarshal(raw, &m) != nil || m.From == "" || len(m.From) > maxName || m.Type == "" {
		sum := sha256.Sum256(raw)
		return []channels.Incoming{{Kind: channels.KindOther, DedupKey: "raw:" + hex.EncodeToString(sum[:]), Raw: raw}}
	}
	in := channels.Incoming{Kind: channels.KindMessage, DedupKey: "msg:" + m.ID, ExternalID: m.ID, Parties: []channels.Party{{Kind: "openid", Value: m.From}},
		At: m.at(), Raw: raw}
	if m.ID == "" { // events have none; these four name them for good
		sum := sha256.Sum256([]byte(strings.Join([]string{m.From, m.Created, m.Event, m.EventKey}, "\n")))
		in.DedupKey = "event:" + hex.EncodeToString(sum[:])
	}
	m.into(&in)
	return []channels.Incoming{in}
}

// into puts what the message says, by its kind.
func (m message) into(in *channels.Incoming) {
	unread := func(kind string) {
		in.Unsupported = kind
		if m.MediaID != "" {
			in.Media = []channels.Media{{Kind: kind, ExternalID: m.MediaID}}
		}
	}
	switch m.Type {
	case "text":
		in.Text, in.Tap = fit.Head(m.Content, maxText), fit.Head(m.MenuID, maxName)
	case "voice":
		if in.Text = fit.Head(m.Heard, maxText); in.Text == "" {
			unread("audio")
		}
	case "image":
		unread("image")
	case "video", "shortvideo":
		unread("video")
	case "location":
		if in.Text = fit.Head(m.Label, maxText); in.Text == "" {
			unread("location")
		}
	case "link":
		in.Text = fit.Head(strings.TrimSpace(m.Title+" "+m.URL), maxText)
	case "event":
		m.event(in)
	default:
		unread(fit.Head(m.Type, 40))
	}
}

// event reads what happened. WeChat writes the names in capitals and in small letters.
func (m message) event(in *channels.Incoming) {
	switch strings.ToLower(m.Event) {
	case "subscribe":
		in.Text = "/start" // as other platforms say that a talk begins
	case "click":
		in.Tap = fit.Head(m.EventKey, maxName)
		if in.Tap == "" {
			in.Kind = channels.KindOther
		}
	default:
		in.Kind = channels.KindOther
	}
}

func (m message) at() time.Time {
	n, err := strconv.ParseInt(strings.TrimSpace(m.Created), 10, 64)
	if err != nil || n <= 0 || n > 1<<40 {
		return time.Time{}
	}
	return time.Unix(n, 0).UTC()
}
