package channels

import (
	"context"
	"fmt"
)

// Audit tells what does not agree in this room; nothing is the good answer.
func (c *Channels) Audit(ctx context.Context, merchant string) ([]string, error) {
	list, err := strangeDeliveries(c.db.Read(ctx), merchant)
	if err != nil {
		return nil, err
	}
	var found []string
	for _, d := range list {
		switch {
		case d.MessageID == "":
			found = append(found, "delivery "+d.ID+" belongs to no message")
		default:
			found = append(found, fmt.Sprintf("delivery %s is %s without the platform's id", d.ID, d.Status))
		}
	}
	return found, nil
}

// HandledMessages lists the events of people's messages that were handled, after one of them; for the audit.
func (c *Channels) HandledMessages(ctx context.Context, merchant, after string, limit int) ([]string, error) {
	return handledMessages(c.db.Read(ctx), merchant, after, limit)
}
