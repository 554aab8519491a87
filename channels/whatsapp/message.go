package whatsapp

import (
	"encoding/json"
	"strings"

	"sotto.chat/channels"
)

type message struct {
	From             loose  `json:"from"`
	FromUserID       loose  `json:"from_user_id"`
	FromParentUserID loose  `json:"from_parent_user_id"`
	ID               string `json:"id"`
	Timestamp        loose  `json:"timestamp"`
	Type             string `json:"type"`
	GroupID          loose  `json:"group_id"`
	Context          *struct {
		ID              string `json:"id"`
		ReferredProduct *struct {
			SKU string `json:"product_retailer_id"`
		} `json:"referred_product"`
	} `json:"context"`
	Text struct {
		Body string `json:"body"`
	} `json:"text"`
	Image       *media          `json:"image"`
	Video       *media          `json:"video"`
	Document    *media          `json:"document"`
	Audio       *media          `json:"audio"`
	Voice       *media          `json:"voice"`
	Sticker     *media          `json:"sticker"`
	Location    json.RawMessage `json:"location"`
	Interactive json.RawMessage `json:"interactive"`
	Button      struct {
		Payload string `json:"payload"`
		Text    string `json:"text"`
	} `json:"button"`
	Order       json.RawMessage `json:"order"`
	System      json.RawMessage `json:"system"`
	Unsupported struct {
		Type string `json:"type"`
	} `json:"unsupported"`
}

type media struct {
	ID       loose  `json:"id"`
	MimeType string `json:"mime_type"`
	Caption  string `json:"caption"`
	Filename string `json:"filename"`
}

// parseMessage reads one message. alone says that the body holds no other, so that its only contact is the sender.
func parseMessage(raw json.RawMessage, contacts []contact, alone bool) channels.Incoming {
	var m message
	if json.Unmarshal(raw, &m) != nil || m.ID == "" {
		return other(raw, "message")
	}
	in := channels.Incoming{Kind: channels.KindMessage, DedupKey: "msg:" + m.ID, ExternalID: m.ID, At: m.Timestamp.time()}
	c := sender(m, contacts, alone)
	in.Parties = parties(first(m.From, c.WaID), first(m.FromUserID, c.UserID), first(m.FromParentUserID, c.ParentUserID))
	in.Name = clip(c.Profile.Name, 200)
	if m.Context != nil {
		in.ReplyTo = m.Context.ID
		if m.Context.ReferredProduct != nil {
			in.Product = m.Context.ReferredProduct.SKU
		}
	}
	fill(&in, m)
	if len(in.Parties) == 0 || m.GroupID != "" { // nobody to answer, or a group, where the shop does not speak
		in.Kind = channels.KindOther
	}
	in.Text = clip(in.Text, maxText)
	return in
}

func first(a, b loose) loose {
	if a != "" {
		return a
	}
	return b
}

// sender finds the contact that a message is from. Meta does not promise that the two lists go side by side.
func sender(m message, contacts []contact, alone bool) contact {
	for _, c := range contacts {
		if (c.WaID != "" && c.WaID == m.From) || (c.UserID != "" && (c.UserID == m.FromUserID || c.UserID == m.From)) {
			return c
		}
	}
	if alone && len(contacts) == 1 && m.From == "" && m.FromUserID == "" {
		return contacts[0]
	}
	return contact{}
}

// fill reads what the type says. A type that is new gets an answer too: that it cannot be read.
func fill(in *channels.Incoming, m message) {
	switch m.Type {
	case "text":
		in.Text = m.Text.Body
	case "image", "video", "document", "audio", "voice", "sticker":
		fillMedia(in, m)
	case "location":
		fillLocation(in, m.Location)
	case "interactive":
		fillInteractive(in, m.Interactive)
	case "button":
		in.Tap, in.Text = m.Button.Payload, m.Button.Text
	case "order":
		fillOrder(in, m.Order)
	case "system":
		fillSystem(in, m)
	case "unsupported":
		in.Unsupported = "unsupported"
		if m.Unsupported.Type != "" {
			in.Unsupported = clip(m.Unsupported.Type, 60)
		}
	case "reaction", "edit", "revoke", "request_welcome":
		in.Kind = channels.KindOther
	default:
		in.Unsupported = "unknown"
		if m.Type != "" {
			in.Unsupported = clip(m.Type, 60)
		}
	}
	if in.Kind == channels.KindMessage && in.Text == "" && in.Tap == "" && len(in.Order) == 0 && in.Unsupported == "" {
		in.Unsupported = "empty"
	}
}

func fillMedia(in *channels.Incoming, m message) {
	for _, f := range []*media{m.Image, m.Video, m.Document, m.Audio, m.Voice, m.Sticker} {
		if f == nil {
			continue
		}
		kind := m.Type
		if kind == "voice" {
			kind = "audio"
		}
		in.Media = append(in.Media, channels.Media{Kind: kind, ExternalID: string(f.ID), MediaType: clip(f.MimeType, 100), Name: clip(f.Filename, 200)})
		in.Text = f.Caption
	}
	if in.Text == "" {
		in.Unsupported = m.Type
	}
}

// fillLocation takes the words of a place; a bare pin has none.
func fillLocation(in *channels.Incoming, raw json.RawMessage) {
	var l struct {
		Name    string `json:"name"`
		Address string `json:"address"`
	}
	_ = json.Unmarshal(raw, &l) // a place that cannot be read is a bare pin
	in.Form = raw
	in.Text = strings.Trim(l.Name+", "+l.Address, ", ")
	if in.Text == "" {
		in.Unsupported = "location"
	}
}

func fillInteractive(in *channels.Incoming, raw json.RawMessage) {
	type choice struct {
		ID    string `json:"id"`
		Title string `json:"title"`
	}
	var i struct {
		Type        string  `json:"type"`
		ButtonReply *choice `json:"button_reply"`
		ListReply   *choice `json:"list_reply"`
		NFMReply    *struct {
			Response string `json:"response_json"`
		} `json:"nfm_reply"`
	}
	in.Unsupported = "interactive"
	if json.Unmarshal(raw, &i) != nil {
		return
	}
	switch {
	case i.ButtonReply != nil && i.ButtonReply.ID != "":
		in.Tap, in.Text, in.Unsupported = i.ButtonReply.ID, i.ButtonReply.Title, ""
	case i.ListReply != nil && i.ListReply.ID != "":
		in.Tap, in.Text, in.Unsupported = i.ListReply.ID, i.ListReply.Title, ""
	case i.NFMReply != nil:
		in.Text = formText(i.NFMReply.Response)
		in.Unsupported = ""
		if json.Valid([]byte(i.NFMReply.Response)) && len(i.NFMReply.Response) <= maxText {
			in.Form = json.RawMessage(i.NFMReply.Response)
		}
		if in.Text == "" {
			in.Unsupported = "form"
		}
	case i.Type == "call_permission_reply":
		in.Kind = channels.KindOther
	case i.Type != "":
		in.Unsupported = clip(i.Type, 60)
	}
}

// formText makes a form's answers one line of text. A customer typed them, and can send anything else in their place,
// so they count as words and as nothing more.
func formText(response string) string {
	var v any
	if json.Unmarshal([]byte(response), &v) != nil {
		return clip(response, maxText)
	}
	var words []string
	var walk func(any, int)
	walk = func(v any, depth int) {
		switch t := v.(type) {
		case string:
			if t != "" && len(words) < 50 {
				words = append(words, t)
			}
		case []any:
			for _, e := range t {
				if depth < 8 {
					walk(e, depth+1)
				}
			}
		case map[string]any:
			for _, k := range keysOf(t) {
				if depth < 8 && k != "flow_token" {
					walk(t[k], depth+1)
				}
			}
		}
	}
	walk(v, 0)
	return clip(strings.Join(words, ", "), maxText)
}
