package chat

import (
	"context"
	"time"

	"sotto.chat/channels"
	"sotto.chat/inbox"
	"sotto.chat/internal/money"
)

// Message is how a message looks outside.
type Message struct {
	ID       string    `json:"id"`
	From     string    `json:"from"`             // customer, bot or staff
	Author   string    `json:"author,omitempty"` // the name of the person who wrote, for staff
	Title    string    `json:"title,omitempty"`
	Text     string    `json:"text"`
	Tap      string    `json:"tap,omitempty"`
	Buttons  []Button  `json:"buttons"`
	Links    []Link    `json:"links"`
	Products []Product `json:"products"`
	At       time.Time `json:"at"`
	// Forgotten says that only the fact of a message is left.
	Forgotten bool `json:"forgotten,omitempty"`
}

// Button is an answer to choose from; send its tap back.
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

// Product is a card.
type Product struct {
	SKU       string      `json:"sku"`
	Name      string      `json:"name"`
	Price     money.Money `json:"price"`
	PriceText string      `json:"price_text"`
	Image     string      `json:"image,omitempty"`
	Tap       string      `json:"tap,omitempty"`
}

// Shape writes a message for the outside.
func Shape(m inbox.Message) Message {
	out := Message{ID: m.ID, From: string(m.Sender), Title: m.Content.Title, Text: m.Content.Text, Tap: m.Tap, At: m.At.UTC(), Forgotten: m.Forgotten,
		Buttons: make([]Button, len(m.Content.Buttons)), Links: make([]Link, len(m.Content.Links)), Products: make([]Product, len(m.Content.Products))}
	for i, b := range m.Content.Buttons {
		out.Buttons[i] = Button{Label: b.Label, Tap: b.Tap, Detail: b.Detail}
	}
	for i, l := range m.Content.Links {
		out.Links[i] = Link{Label: l.Label, URL: l.URL}
	}
	for i, p := range m.Content.Products {
		out.Products[i] = product(p)
	}
	return out
}

func product(p channels.Card) Product {
	return Product{SKU: p.SKU, Name: p.Name, Price: p.Money, PriceText: p.Price, Image: p.ImageURL, Tap: p.Tap}
}

// shapes writes messages with the names of the staff among their authors.
func (h *chat) shapes(ctx context.Context, merchant string, list []inbox.Message) ([]Message, error) {
	out := make([]Message, len(list))
	var names map[string]string
	for i, m := range list {
		out[i] = Shape(m)
		if m.Sender != inbox.Staff {
			continue
		}
		if names == nil {
			staff, err := h.Merchants.Staff(ctx, merchant)
			if err != nil {
				return nil, err
			}
			names = map[string]string{}
			for _, s := range staff {
				names[s.ID] = s.Name
			}
		}
		out[i].Author = names[m.Author]
	}
	return out, nil
}
