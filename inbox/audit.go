package inbox

import (
	"context"
	"fmt"

	"sotto.chat/channels"
)

// auditPage bounds what the audit holds at once.
const auditPage = 1000

// Audit tells where numbers, deliveries and events do not agree; nothing is the good answer. It reads so that a
// working shop beside it makes no false alarm: what is promised in a transaction is looked for after what promised it.
func (i *Inbox) Audit(ctx context.Context, merchant string) ([]string, error) {
	gaps, err := seqGaps(i.db.Read(ctx), merchant)
	if err != nil {
		return nil, err
	}
	var found []string
	for _, g := range gaps {
		found = append(found, fmt.Sprintf("conversation %s: %d messages, highest number %d, last number %d", g.ID, g.Messages, g.Highest, g.LastSeq))
	}
	for _, f := range []func(context.Context, string) ([]string, error){i.undelivered, i.untaken} {
		list, err := f(ctx, merchant)
		if err != nil {
			return nil, err
		}
		found = append(found, list...)
	}
	return found, nil
}

// undelivered finds messages of the bot or the staff on a platform which nobody promised to deliver.
func (i *Inbox) undelivered(ctx context.Context, merchant string) (found []string, err error) {
	for after := ""; ; {
		ids, err := sentMessages(i.db.Read(ctx), merchant, channels.Web, after, auditPage)
		if err != nil || len(ids) == 0 {
			return found, err
		}
		fates, err := i.channels.Fates(ctx, merchant, ids)
		if err != nil {
			return nil, err
		}
		for _, id := range ids {
			if _, ok := fates[id]; !ok {
				found = append(found, "message "+id+" has no delivery")
			}
		}
		after = ids[len(ids)-1]
	}
}

// untaken finds events that were handled and became no message.
func (i *Inbox) untaken(ctx context.Context, merchant string) (found []string, err error) {
	for after := ""; ; {
		ids, err := i.channels.HandledMessages(ctx, merchant, after, auditPage)
		if err != nil || len(ids) == 0 {
			return found, err
		}
		have, err := eventsTaken(i.db.Read(ctx), merchant, ids)
		if err != nil {
			return nil, err
		}
		for _, id := range ids {
			if !have[id] {
				found = append(found, "event "+id+" was handled and became no message")
			}
		}
		after = ids[len(ids)-1]
	}
}
