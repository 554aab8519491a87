package channels

import (
	"sotto.chat/internal/database"
	"sotto.chat/internal/id"
)

// ranks order the states: a delivery only ever climbs. Failed stands beside sent: it is final only when nothing above
// was seen, because platforms tell these things out of order.
var ranks = map[string]int64{StateSent: 1, StateFailed: 1, "delivered": 2, "read": 3, "played": 4}

// status moves a delivery by what the platform told. It finds the delivery by its own id, which the platform echoes,
// because a status may come before the answer to the send. What it cannot place is kept and ignored.
func (c *Channels) status(tx database.Tx, merchant, channel string, s StatusUpdate) error {
	rank, ok := ranks[s.Status]
	if !ok {
		return nil
	}
	external := ""
	if s.ExternalID != "" {
		external = c.externalHash(merchant, s.ExternalID)
	}
	own := s.Opaque
	if id.Check("dlv", own) != nil {
		own = ""
	}
	if own == "" && external == "" {
		return nil
	}
	if s.Problem != "" {
		if err := setProblem(tx, merchant, channel, s.Problem); err != nil {
			return err
		}
	}
	// a failure counts also after sent, which is of its rank
	below := rank
	if s.Status == StateFailed {
		below = rank + 1
	}
	m := move{s.Status, rank, below, s.ErrorCode}
	if own != "" {
		parties, err := settle(tx, merchant, channel, own, external, m)
		if err != nil {
			return err
		}
		if len(parties) > 0 {
			return c.desk.Announce(tx, Send{merchant, channel, parties[0]})
		}
	}
	return moveDelivery(tx, merchant, channel, own, external, m)
}

func (c *Channels) externalHash(merchant, external string) string {
	return c.keys.Blind(merchant, "external", external)
}
