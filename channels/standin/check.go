package standin

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// outgoing is a send request, as far as it is checked and shown.
type outgoing struct {
	Product   string `json:"messaging_product"`
	Recipient string `json:"recipient"`
	To        string `json:"to"`
	Type      string `json:"type"`
	Status    string `json:"status"`
	MessageID string `json:"message_id"`
	Opaque    string `json:"biz_opaque_callback_data"`
	Text      struct {
		Body string `json:"body"`
	} `json:"text"`
	Image struct {
		Link    string `json:"link"`
		ID      string `json:"id"`
		Caption string `json:"caption"`
	} `json:"image"`
	Interactive struct {
		Type   string `json:"type"`
		Header struct {
			Text  string `json:"text"`
			Image *struct {
				Link string `json:"link"`
			} `json:"image"`
		} `json:"header"`
		Body struct {
			Text string `json:"text"`
		} `json:"body"`
		Action struct {
			Buttons []struct {
				Reply struct {
					ID    string `json:"id"`
					Title string `json:"title"`
				} `json:"reply"`
			} `json:"buttons"`
			Button   string `json:"button"`
			Sections []struct {
				Title string `json:"title"`
				Rows  []struct {
					ID          string `json:"id"`
					Title       string `json:"title"`
					Description string `json:"description"`
				} `json:"rows"`
				Items []struct {
					SKU string `json:"product_retailer_id"`
				} `json:"product_items"`
			} `json:"sections"`
			Name       string `json:"name"`
			Parameters struct {
				Display string `json:"display_text"`
				URL     string `json:"url"`
				asked
			} `json:"parameters"`
			CatalogID string `json:"catalog_id"`
			SKU       string `json:"product_retailer_id"`
		} `json:"action"`
	} `json:"interactive"`
}

// wrong tells what Meta's documentation forbids in a message; empty is well.
func (m outgoing) wrong() string {
	switch {
	case m.Product != "whatsapp":
		return "messaging_product must be whatsapp"
	case m.To == "" && m.Recipient == "":
		return "to or recipient is needed"
	case m.To != "" && !strings.HasPrefix(m.To, "+"):
		return "to has no plus: a country code would be put before it"
	case m.Type == "text":
		return length("text.body", m.Text.Body, 1, 4096)
	case m.Type == "image":
		if m.Image.Link == "" && m.Image.ID == "" {
			return "an image needs a link or an id"
		}
		return length("image.caption", m.Image.Caption, 0, 1024)
	case m.Type == "interactive":
		return m.wrongInteractive()
	}
	return "the type " + m.Type + " is not known here"
}

func length(what, s string, least, most int) string {
	if n := utf8.RuneCountInString(s); n < least || n > most {
		return fmt.Sprintf("%s has %d characters, %d to %d are allowed", what, n, least, most)
	}
	return ""
}

func (m outgoing) wrongInteractive() string {
	i := m.Interactive
	if why := length("body", i.Body.Text, 1, 1024); why != "" {
		return why
	}
	switch i.Type {
	case "button":
		if n := len(i.Action.Buttons); n < 1 || n > 3 {
			return fmt.Sprintf("%d buttons", n)
		}
		var b choices
		for _, x := range i.Action.Buttons {
			b.add(x.Reply.ID, 256, x.Reply.Title, 20)
		}
		return b.why
	case "list":
		var b choices
		rows := 0
		for _, sec := range i.Action.Sections {
			rows += len(sec.Rows)
			b.note(length("section title", sec.Title, 0, 24))
			for _, r := range sec.Rows {
				b.add(r.ID, 200, r.Title, 24)
				b.note(length("row description", r.Description, 0, 72))
			}
		}
		if rows < 1 || rows > 10 {
			return fmt.Sprintf("%d rows", rows)
		}
		b.note(length("button", i.Action.Button, 1, 20))
		return b.why
	case "cta_url":
		if i.Action.Name != "cta_url" || i.Action.Parameters.URL == "" {
			return "cta_url needs its name and a url"
		}
		return length("display_text", i.Action.Parameters.Display, 1, 20)
	case "order_details":
		if i.Action.Name != "review_and_pay" {
			return "order_details needs the name review_and_pay"
		}
		return i.Action.Parameters.wrong(i.Header.Image != nil)
	case "order_status":
		if i.Action.Name != "review_order" || i.Action.Parameters.Reference == "" || i.Action.Parameters.Order.Status == "" {
			return "order_status needs the name review_order, its reference_id and a status"
		}
		return ""
	case "product", "product_list":
		if i.Action.CatalogID == "" {
			return "catalog_id is needed"
		}
		return ""
	}
	return "the interactive type " + i.Type + " is not known here"
}

// choices collects what is wrong with buttons or rows; the first finding stays.
type choices struct {
	ids, titles []string
	why         string
}

func (c *choices) note(why string) {
	if c.why == "" {
		c.why = why
	}
}

func (c *choices) add(id string, idMost int, title string, titleMost int) {
	c.note(length("id", id, 1, idMost))
	c.note(length("title", title, 1, titleMost))
	for k := range c.ids {
		if c.ids[k] == id || c.titles[k] == title {
			c.note("two choices are the same: " + title)
		}
	}
	c.ids, c.titles = append(c.ids, id), append(c.titles, title)
}
