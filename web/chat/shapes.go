package chat

import (
	"context"

	"sotto.chat/inbox"
	"sotto.chat/web/talk"
)

// Message is a message as the visitor sees it: with the tap that the visitor sent, and staff by name.
type Message struct {
	talk.Message
	Tap string `json:"tap,omitempty"`
	// Forgotten says that only the fact of a message is left.
	Forgotten bool `json:"forgotten,omitempty"`
}

// shape writes one message; author is the name of the person of the staff who wrote it.
func shape(m inbox.Message, author string) Message {
	out := Message{Message: talk.Show(m), Tap: m.Tap, Forgotten: m.Forgotten}
	out.Author, out.At = author, m.At.UTC()
	return out
}

// shapes writes messages with the names of the staff among their authors, never with their ids.
func (h *chat) shapes(ctx context.Context, merchant string, list []inbox.Message) ([]Message, error) {
	out := make([]Message, len(list))
	var names map[string]string
	for i, m := range list {
		if m.Sender == inbox.Staff && names == nil {
			staff, err := h.Merchants.Staff(ctx, merchant)
			if err != nil {
				return nil, err
			}
			names = map[string]string{}
			for _, s := range staff {
				names[s.ID] = s.Name
			}
		}
		out[i] = shape(m, names[m.Author])
	}
	return out, nil
}
