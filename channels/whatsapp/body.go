package whatsapp

import (
	"strings"

	"sotto.chat/channels"
	"sotto.chat/channels/fit"
)

type object = map[string]any

// body makes the request of one piece, as Split gave it.
func (p *Platform) body(settings map[string]string, to []channels.Party, piece channels.Content, opaque string) object {
	b := object{"messaging_product": "whatsapp", "recipient_type": "individual", "biz_opaque_callback_data": opaque}
	for _, who := range to {
		switch who.Kind {
		case "phone": // without the plus Meta puts the shop's own country before it
			b["to"] = "+" + who.Value
		case "bsuid":
			b["recipient"] = who.Value
		}
	}
	catalog := settings[catalogID]
	if r := piece.Pay; r != nil && r.Status == "" && !alive(settings, to, r, p.now()) {
		piece = lapsed(piece)
	}
	switch {
	case piece.Pay != nil && piece.Pay.Status != "":
		b["type"], b["interactive"] = "interactive", progress(settings, piece)
	case piece.Pay != nil:
		b["type"], b["interactive"] = "interactive", details(settings, piece)
	case len(piece.Media) > 0 && piece.Media[0].Kind == "image":
		image := object{"link": piece.Media[0].URL}
		if piece.Text != "" {
			image["caption"] = piece.Text
		}
		b["type"], b["image"] = "image", image
	case len(piece.Products) > 0 && catalog != "":
		b["type"], b["interactive"] = "interactive", products(catalog, piece)
	case len(piece.Links) > 0:
		b["type"], b["interactive"] = "interactive", link(piece)
	case len(piece.Buttons) > maxButtons:
		b["type"], b["interactive"] = "interactive", list(piece)
	case len(piece.Buttons) > 0:
		b["type"], b["interactive"] = "interactive", buttons(piece)
	default:
		b["type"], b["text"] = "text", object{"body": orElse(piece.Text, filler)}
	}
	return b
}

// lapsed is what goes in place of a request that this person cannot be sent, or not any more: the way to the pay page.
func lapsed(piece channels.Content) channels.Content {
	c := channels.Content{Text: piece.Text}
	if fetchable(piece.Pay.URL) {
		c.Links = []channels.Link{{Label: piece.Text, URL: piece.Pay.URL}}
	}
	return c
}

func interactive(kind, text string, action object) object {
	return object{"type": kind, "body": object{"text": text}, "action": action}
}

func buttons(c channels.Content) object {
	taken := map[string]bool{}
	var rows []object
	for _, b := range c.Buttons {
		rows = append(rows, object{"type": "reply", "reply": object{"id": b.Tap, "title": distinct(b.Label, maxButton, taken)}})
	}
	return interactive("button", c.Text, object{"buttons": rows})
}

func list(c channels.Content) object {
	taken := map[string]bool{}
	var rows []object
	for _, b := range c.Buttons {
		title := distinct(b.Label, maxRow, taken)
		row := object{"id": b.Tap, "title": title}
		detail := b.Detail
		if fit.Units(b.Label) > maxRow { // the row's second line has room for the whole of it
			detail = strings.Trim(b.Label+" – "+b.Detail, " –")
			if fit.Units(detail) > maxDetail && b.Detail != "" {
				detail = fit.Shorten(b.Label, maxDetail-fit.Units(" – "+b.Detail)) + " – " + b.Detail
			}
		}
		if detail = fit.Shorten(detail, maxDetail); detail != "" {
			row["description"] = detail
		}
		rows = append(rows, row)
	}
	return interactive("list", c.Text, object{"button": fit.Shorten(orElse(c.Choose, orElse(c.Title, "☰")), maxButton),
		"sections": []object{{"title": fit.Shorten(orElse(c.Title, orElse(c.Choose, filler)), maxSection), "rows": rows}}})
}

func link(c channels.Content) object {
	l := c.Links[0]
	return interactive("cta_url", c.Text, object{"name": "cta_url",
		"parameters": object{"display_text": fit.Shorten(orElse(l.Label, "🔗"), maxButton), "url": l.URL}})
}

func products(catalog string, c channels.Content) object {
	if len(c.Products) == 1 {
		return interactive("product", c.Text, object{"catalog_id": catalog, "product_retailer_id": c.Products[0].SKU})
	}
	var items []object
	for _, p := range c.Products {
		items = append(items, object{"product_retailer_id": p.SKU})
	}
	title := orElse(c.Title, "🛍")
	o := interactive("product_list", c.Text, object{"catalog_id": catalog,
		"sections": []object{{"title": fit.Shorten(title, maxSection), "product_items": items}}})
	o["header"] = object{"type": "text", "text": fit.Shorten(title, maxHeader)}
	return o
}
