// Package talk is the JSON shape of a message, the same in the web chat and in the admin REST.
package talk

import (
	"time"

	"sotto.chat/inbox"
	"sotto.chat/internal/money"
)

// Message is one message of a conversation.
type Message struct {
	ID       string    `json:"id"`
	From     string    `json:"from" enum:"customer,bot,staff"`
	Author   string    `json:"author,omitempty" doc:"The name of the person who answered."`
	Text     string    `json:"text"`
	Heard    bool      `json:"heard,omitempty" doc:"The customer spoke it; a machine wrote it down and may have misheard."`
	Buttons  []Button  `json:"buttons"`
	Links    []Link    `json:"links"`
	Products []Card    `json:"products"`
	Note     string    `json:"note,omitempty" doc:"For staff alone: where the talk stood when the bot handed it over."`
	At       time.Time `json:"at"`
}

// Button is a short answer; send its tap back.
type Button struct {
	Label  string `json:"label"`
	Tap    string `json:"tap"`
	Detail string `json:"detail,omitempty"`
}

// Link leads out of the chat, for instance to the pay page.
type Link struct {
	Label string `json:"label"`
	URL   string `json:"url"`
}

// Card is a card of a product.
type Card struct {
	SKU   string      `json:"sku"`
	Name  string      `json:"name"`
	Price money.Money `json:"price"`
	Shown string      `json:"price_text,omitempty" doc:"The price in the customer's own form."`
	Image string      `json:"image"`
	Tap   string      `json:"tap,omitempty" doc:"Send it to choose this product."`
}

// Show gives a message its shape.
func Show(m inbox.Message) Message {
	out := Message{ID: m.ID, From: m.Sender, Author: m.Author, Text: m.Content.Text, Buttons: []Button{}, Links: []Link{}, Products: []Card{}, At: m.At,
		Heard: m.Sensed != nil && m.Sensed.Heard}
	if m.Content.Title != "" {
		out.Text = join(m.Content.Title, m.Content.Text)
	}
	for _, b := range m.Content.Buttons {
		out.Buttons = append(out.Buttons, Button(b))
	}
	for _, l := range m.Content.Links {
		out.Links = append(out.Links, Link(l))
	}
	for _, c := range m.Content.Products {
		out.Products = append(out.Products, Card{SKU: c.SKU, Name: c.Name, Price: c.Money, Shown: c.Price, Image: c.ImageURL, Tap: c.Tap})
	}
	return out
}

// ShowToStaff gives a message its shape, with what the customer does not see.
func ShowToStaff(m inbox.Message) Message {
	out := Show(m)
	out.Note = m.Content.Note
	return out
}

func join(title, text string) string {
	if text == "" {
		return title
	}
	return title + "\n" + text
}
