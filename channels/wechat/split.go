package wechat

import (
	"net/url"
	"strings"

	"sotto.chat/channels"
	"sotto.chat/channels/fit"
)

// Limits of messages. WeChat allows 2048 bytes of text: 600 characters of three bytes, and a link.
const (
	maxUnits  = 600
	maxBytes  = 2048
	maxNews   = 120 // of a card's words that a phone shows
	maxTitle  = 60
	maxChoice = 20
	maxTap    = 128
)

// filler stands where WeChat demands a text and there is none, in any language.
const filler = "…"

// Split cuts content into as few pieces as it can, for a person may get only five before they write again. A piece with a title is a
// card that leads to its one link; with buttons, a menu; else a text with links in it.
func (p *Platform) Split(_ map[string]string, c channels.Content) []channels.Content {
	text, buttons := strings.TrimSpace(c.Text), c.Buttons
	var cards []channels.Button
	for _, card := range c.Products {
		label := strings.Trim(card.Name+" – "+card.Price, " –")
		if tappable(card.Tap) {
			cards = append(cards, channels.Button{Label: label, Tap: card.Tap})
			continue
		}
		text += "\n" + label
	}
	var menu []channels.Button
	for _, b := range append(cards, buttons...) {
		if b.Detail != "" {
			b.Label += " – " + b.Detail
		}
		switch b.Label = fit.Shorten(b.Label, maxTitle); {
		case b.Label == "":
		case !tappable(b.Tap) || len(menu) == maxChoice:
			text += "\n• " + b.Label
		default:
			menu = append(menu, channels.Button{Label: b.Label, Tap: b.Tap})
		}
	}
	var links []channels.Link
	for _, l := range c.Links {
		if reachable(l.URL) {
			links = append(links, l)
		}
	}
	text = strings.TrimSpace(text)
	if len(links) == 1 && len(menu) == 0 && fit.Units(text) <= maxNews {
		piece := channels.Content{Title: first(fit.Shorten(first(c.Title, links[0].Label), maxTitle), filler), Text: text, Links: links}
		if len(c.Products) == 1 {
			piece.Products = []channels.Card{{ImageURL: c.Products[0].ImageURL}}
		}
		return []channels.Content{piece}
	}
	return pieces(text, first(c.Choose, c.Title), links, menu)
}

// pieces lays out texts, then the links at the end of the last, then the menu below it.
func pieces(text, heading string, links []channels.Link, menu []channels.Button) []channels.Content {
	var out []channels.Content
	for _, t := range fit.Chop(text, maxUnits) {
		out = append(out, channels.Content{Text: t})
	}
	for _, l := range links {
		last := len(out) - 1
		if last < 0 || len(written(out[last]))+len(anchor(l))+1 > maxBytes {
			out, last = append(out, channels.Content{}), last+1
		}
		out[last].Links = append(out[last].Links, l)
	}
	if len(menu) == 0 {
		if len(out) == 0 {
			out = []channels.Content{{Text: first(heading, filler)}}
		}
		return out
	}
	if n := len(out) - 1; n >= 0 && len(out[n].Links) == 0 {
		out[n].Buttons = menu
		return out
	}
	return append(out, channels.Content{Text: first(heading, filler), Buttons: menu})
}

// written is a text piece as it goes out.
func written(c channels.Content) string {
	s := c.Text
	for _, l := range c.Links {
		if s != "" {
			s += "\n"
		}
		s += anchor(l)
	}
	return s
}

var angles = strings.NewReplacer("<", "‹", ">", "›")

func anchor(l channels.Link) string {
	return `<a href="` + strings.ReplaceAll(l.URL, `"`, "%22") + `">` + angles.Replace(first(l.Label, l.URL)) + `</a>`
}

func tappable(tap string) bool { return tap != "" && len(tap) <= maxTap }

func reachable(address string) bool {
	u, err := url.Parse(address)
	return err == nil && u.Host != "" && len(address) <= maxBytes/2 && (u.Scheme == "http" || u.Scheme == "https")
}

func first(a, b string) string {
	if strings.TrimSpace(a) != "" {
		return a
	}
	return b
}
