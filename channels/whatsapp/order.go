package whatsapp

import (
	"encoding/json"
	"maps"
	"slices"

	"sotto.chat/channels"
)

// maxItems bounds one basket; WhatsApp names no limit.
const maxItems = 200

// maxQuantity keeps a count within what a cart line can hold.
const maxQuantity = 999

func keysOf(m map[string]any) []string { return slices.Sorted(maps.Keys(m)) }

// fillOrder takes what is wanted and how many. The prices beside it are what the customer's phone showed: nobody here
// reads them.
func fillOrder(in *channels.Incoming, raw json.RawMessage) {
	var o struct {
		Text  string `json:"text"`
		Items []struct {
			SKU      loose       `json:"product_retailer_id"`
			Quantity json.Number `json:"quantity"`
		} `json:"product_items"`
	}
	if json.Unmarshal(raw, &o) != nil {
		in.Unsupported = "order"
		return
	}
	in.Text = o.Text
	for _, i := range o.Items {
		n, err := i.Quantity.Int64()
		if i.SKU == "" || len(i.SKU) > 200 || err != nil || n < 1 || len(in.Order) == maxItems {
			continue
		}
		in.Order = append(in.Order, channels.OrderItem{SKU: string(i.SKU), Quantity: min(n, maxQuantity)})
	}
	if len(in.Order) == 0 && in.Text == "" {
		in.Unsupported = "order"
	}
}

// fillSystem reads that somebody changed number or id; other notices are only kept.
func fillSystem(in *channels.Incoming, m message) {
	var s struct {
		Type         string `json:"type"`
		WaID         loose  `json:"wa_id"`
		NewWaID      loose  `json:"new_wa_id"`
		UserID       loose  `json:"user_id"`
		ParentUserID loose  `json:"parent_user_id"`
	}
	in.Kind = channels.KindOther
	if json.Unmarshal(m.System, &s) != nil {
		return
	}
	switch s.Type {
	case "user_changed_number", "user_changed_user_id":
		now := parties(first(s.WaID, s.NewWaID), s.UserID, s.ParentUserID)
		was := parties(m.From, m.FromUserID, m.FromParentUserID)
		if len(now) > 0 && len(was) > 0 {
			in.Kind, in.Parties, in.Formerly = channels.KindMoved, now, was
		}
	}
}
