package telegram

import (
	"net/url"
	"strings"

	"sotto.chat/channels"
	"sotto.chat/channels/fit"
)

// Limits of messages, in characters, and of buttons, in bytes of data.
const (
	maxMessage = 4096
	maxCaption = 1024
	maxData    = 64
	maxButton  = 64
	maxRows    = 40
	pictured   = 3  // cards that are shown with their pictures; more would flood the chat
	pairUnits  = 14 // two labels as short as this stand beside each other
)

// filler stands where Telegram demands a text and there is none, in any language.
const filler = "…"

// Split cuts content into pieces that each become one message: pictures of few products, the text in as many pieces as it needs with all
// buttons and links under the last, and at the end the invoice.
func (p *Platform) Split(_ map[string]string, c channels.Content) []channels.Content {
	var out []channels.Content
	text := strings.TrimSpace(c.Text)
	var taps, buttons []channels.Button
	for _, card := range c.Products {
		caption := strings.Trim(card.Name+" – "+card.Price, " –")
		switch {
		case len(c.Products) <= pictured && fetchable(card.ImageURL):
			out = append(out, channels.Content{Text: fit.Head(caption, maxCaption), Media: []channels.Media{{Kind: "image", URL: card.ImageURL}}})
		case !tappable(card.Tap):
			text += "\n" + caption
		}
		if tappable(card.Tap) {
			taps = append(taps, channels.Button{Label: caption, Tap: card.Tap})
		}
	}
	for _, b := range c.Buttons {
		switch {
		case strings.TrimSpace(b.Label) == "":
		case !tappable(b.Tap):
			text += "\n• " + strings.TrimSpace(b.Label)
		case b.Detail != "":
			buttons = append(buttons, channels.Button{Label: b.Label + " – " + b.Detail, Tap: b.Tap})
		default:
			buttons = append(buttons, b)
		}
	}
	buttons = unique(append(taps, buttons...))
	var links []channels.Link
	for _, l := range c.Links {
		if fetchable(l.URL) {
			links = append(links, l)
		}
	}
	texts := fit.Chop(text, maxMessage)
	if len(texts) == 0 && (len(buttons)+len(links) > 0 || len(out) == 0 && c.Pay == nil) {
		texts = []string{first(strings.TrimSpace(c.Title), first(strings.TrimSpace(c.Choose), filler))}
	}
	for i, t := range texts {
		piece := channels.Content{Text: t}
		if i == len(texts)-1 {
			piece.Buttons, piece.Links = buttons[:min(len(buttons), maxRows)], links[:min(len(links), maxRows)]
		}
		out = append(out, piece)
	}
	if c.Pay != nil && c.Pay.Status == "" && c.Pay.Total > 0 { // how an order goes on, the bot's words tell
		out = append(out, channels.Content{Pay: c.Pay})
	}
	return out
}

func tappable(tap string) bool { return tap != "" && len(tap) <= maxData }

func unique(list []channels.Button) []channels.Button {
	seen := map[string]bool{}
	var out []channels.Button
	for _, b := range list {
		if !seen[b.Tap] {
			seen[b.Tap] = true
			out = append(out, b)
		}
	}
	return out
}

// rows lays buttons out: short ones by two, each link on a row of its own.
func rows(c channels.Content) *keyboard {
	var k keyboard
	short := false
	for _, b := range c.Buttons {
		one := button{Text: first(fit.Shorten(b.Label, maxButton), filler), Data: b.Tap}
		fits := fit.Units(one.Text) <= pairUnits
		if last := len(k.Rows) - 1; fits && short && len(k.Rows[last]) == 1 {
			k.Rows[last] = append(k.Rows[last], one)
			continue
		}
		k.Rows, short = append(k.Rows, []button{one}), fits
	}
	for _, l := range c.Links {
		k.Rows = append(k.Rows, []button{{Text: first(fit.Shorten(l.Label, maxButton), "🔗"), URL: l.URL}})
	}
	if len(k.Rows) == 0 {
		return nil
	}
	return &k
}

func fetchable(address string) bool {
	u, err := url.Parse(address)
	return err == nil && u.Host != "" && (u.Scheme == "http" || u.Scheme == "https")
}
