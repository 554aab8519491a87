package whatsapp

import (
	"net/url"
	"strings"

	"sotto.chat/channels"
	"sotto.chat/channels/fit"
)

// pictured is how many cards are shown with their pictures; more would flood the chat.
const pictured = 3

// filler stands where WhatsApp demands a text and there is none, in any language.
const filler = "…"

// Split cuts content into pieces that each become one message:
//   - products go as Meta's own cards where the channel has a catalog, else as pictures, choices or lines;
//   - choices go as up to three buttons, else as lists of ten;
//   - every link goes as a button that opens it;
//   - a request for money goes as Meta's own, last, where the settings and the sums allow it; the links beside it lead to the same.
//
// Text too long for what stands below it goes ahead.
func (p *Platform) Split(settings map[string]string, c channels.Content) []channels.Content {
	b := builder{text: strings.TrimSpace(c.Text), title: c.Title, choose: c.Choose}
	choices, lines := sound(c.Buttons)
	b.lines(lines)
	b.progress(settings, c.Pay)
	if settings[catalogID] != "" && len(c.Products) > 0 {
		b.native(c.Products, len(choices)+len(c.Links) > 0)
	} else {
		choices = append(b.cards(c.Products, choices), choices...)
	}
	links := web(c.Links)
	switch {
	case len(choices) > 0:
		b.choices(unique(choices))
	case len(links) > 0:
		b.link(b.text, links[0])
		links = links[1:]
	case b.text != "":
		b.plain(fit.Chop(b.text, maxBody))
	}
	for _, l := range links {
		b.link(l.Label, l)
	}
	b.request(settings, c)
	if len(b.out) == 0 {
		b.plain([]string{orElse(c.Title, filler)})
	}
	return b.out
}

type builder struct {
	text, title, choose string
	out                 []channels.Content
}

// orElse gives a, or b where a is blank.
func orElse(a, b string) string {
	if strings.TrimSpace(a) != "" {
		return a
	}
	return b
}

func (b *builder) plain(texts []string) {
	for _, t := range texts {
		b.out = append(b.out, channels.Content{Text: t})
	}
}

func (b *builder) lines(list []string) {
	if len(list) > 0 {
		b.text = strings.TrimSpace(b.text + "\n" + strings.Join(list, "\n"))
	}
}

// native shows products from Meta's catalog. The text goes with them unless something else follows that needs it.
func (b *builder) native(cards []channels.Card, more bool) {
	for start := 0; start < len(cards); start += maxProducts {
		part := cards[start:min(start+maxProducts, len(cards))]
		body := orElse(b.title, part[0].Name)
		if !more && start == 0 && b.text != "" {
			before, end := lead(b.text, maxInteractive)
			b.plain(before)
			body, b.text = end, ""
		}
		b.out = append(b.out, channels.Content{Title: b.title, Text: orElse(fit.Head(body, maxInteractive), filler), Products: part})
	}
}

// cards shows products without a catalog: few with their pictures, the others as lines; those that can be tapped
// become choices.
func (b *builder) cards(cards []channels.Card, buttons []channels.Button) []channels.Button {
	var taps []channels.Button
	var lines []string
	for _, c := range cards {
		if c.Tap != "" && len(c.Tap) <= maxRowID && strings.TrimSpace(c.Tap) == c.Tap {
			taps = append(taps, channels.Button{Label: c.Name, Tap: c.Tap, Detail: c.Price})
		}
	}
	listed := len(taps) == len(cards) && len(unique(append(taps, buttons...))) > maxButtons // the list has the prices
	for _, c := range cards {
		caption := strings.Trim(c.Name+" – "+c.Price, " –")
		switch {
		case len(cards) <= pictured && fetchable(c.ImageURL):
			b.out = append(b.out, channels.Content{Text: fit.Head(caption, maxCaption),
				Media: []channels.Media{{Kind: "image", URL: c.ImageURL}}})
		case !listed:
			lines = append(lines, caption)
		}
	}
	b.lines(lines)
	return taps
}

// progress tells how a paid order goes on, with the text that says so; where Meta would refuse that, the text goes as any.
func (b *builder) progress(settings map[string]string, r *channels.PayRequest) {
	if r == nil || r.Status == "" || !tells(settings, *r) {
		return
	}
	before, end := lead(b.text, maxInteractive)
	b.plain(before)
	b.out = append(b.out, channels.Content{Text: orElse(end, filler), Pay: r})
	b.text = ""
}

// request asks for money, under the words of the link that leads to the same.
func (b *builder) request(settings map[string]string, c channels.Content) {
	if c.Pay == nil || c.Pay.Status != "" || !asks(settings, *c.Pay) {
		return
	}
	words := orElse(c.Title, filler)
	for _, l := range c.Links {
		if l.URL == c.Pay.URL {
			words = orElse(l.Label, words)
		}
	}
	piece := channels.Content{Text: fit.Head(words, maxInteractive), Pay: c.Pay}
	for _, m := range c.Media {
		if m.Kind == "image" && fetchable(m.URL) && len(piece.Media) == 0 {
			piece.Media = []channels.Media{m}
		}
	}
	b.out = append(b.out, piece)
}

func (b *builder) choices(list []channels.Button) {
	before, end := lead(b.text, maxInteractive)
	b.plain(before)
	body := orElse(end, orElse(b.title, orElse(b.choose, filler)))
	if len(list) <= maxButtons {
		b.out = append(b.out, channels.Content{Text: body, Buttons: list})
		return
	}
	for start := 0; start < len(list); start += maxRows {
		b.out = append(b.out, channels.Content{Title: b.title, Choose: b.choose, Text: body, Buttons: list[start:min(start+maxRows, len(list))]})
		body = filler
	}
}

func (b *builder) link(text string, l channels.Link) {
	before, end := lead(text, maxInteractive)
	b.plain(before)
	b.out = append(b.out, channels.Content{Text: orElse(end, orElse(l.Label, filler)), Links: []channels.Link{l}})
}

// sound parts buttons that WhatsApp can carry from those that become lines of text.
func sound(buttons []channels.Button) (good []channels.Button, lines []string) {
	for _, b := range buttons {
		label := strings.TrimSpace(b.Label)
		switch {
		case label == "":
		case b.Tap == "" || len(b.Tap) > maxRowID || strings.TrimSpace(b.Tap) != b.Tap:
			lines = append(lines, "• "+label)
		default:
			good = append(good, b)
		}
	}
	return good, lines
}

// unique keeps the first of those with the same tap.
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

func web(links []channels.Link) []channels.Link {
	var out []channels.Link
	for _, l := range links {
		if fetchable(l.URL) {
			out = append(out, l)
		}
	}
	return out
}

func fetchable(address string) bool {
	u, err := url.Parse(address)
	return err == nil && u.Host != "" && (u.Scheme == "http" || u.Scheme == "https")
}
