package main

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"sotto.chat/internal/database"
	"sotto.chat/privacy"
)

// seals are the sealed columns in which words of people stand: how to read the row's id, whose key it is, and the seal's label.
var seals = []struct{ query, subject, label string }{
	{"select merchant_id, id, conversation_id as owner, body as sealed from messages", "conversation", "messages.body:"},
	{"select merchant_id, id, id as owner, memory as sealed from conversations", "conversation", "conversations.memory:"},
	{"select merchant_id, id, id as owner, address as sealed from conversations", "conversation", "conversations.address:"},
	{"select merchant_id, id, '' as owner, sealed from inbound_events", "", "inbound_events.sealed:"},
	{"select merchant_id, id, '' as owner, sealed from deliveries", "", "deliveries.sealed:"},
	{"select merchant_id, id, id as owner, details as sealed from customers", "customer", "customers.details:"},
	{"select l.merchant_id, l.id, c.customer_id as owner, l.note as sealed from cart_lines l join carts c on c.merchant_id = l.merchant_id and c.id = l.cart_id", "customer", "cart_lines.note:"},
	{"select r.merchant_id, r.id, p.customer_id as owner, r.words as sealed from refunds r join payments p on p.merchant_id = r.merchant_id and p.id = r.payment_id", "customer", "refunds.words:"},
	{"select e.merchant_id, e.id, o.customer_id as owner, e.words as sealed from order_events e join orders o on o.merchant_id = e.merchant_id and o.id = e.order_id", "customer", "order_events.words:"},
	{"select merchant_id, id, '' as owner, sealed from rehearsal_scripts", "", "rehearsal_scripts.sealed:"},
	{"select merchant_id, id, conversation_id as owner, sealed from second_readings", "conversation", "second_readings.sealed:"},
	{"select merchant_id, key_id || ':' || key as id, '' as owner, sealed from idempotency_keys", "", "idempotency_keys.sealed:"},
}

// opened breaks every seal with the shop's own key: what is sealed is kept all the same.
func opened(t *testing.T, demo demoInfo) map[string]string {
	t.Helper()
	db, err := database.Open(t.Context(), demo.DatabaseURL, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	master, err := masterFile(filepath.Join(demo.Dir, "master.key"))
	if err != nil {
		t.Fatal(err)
	}
	keys, err := privacy.New(db, master)
	if err != nil {
		t.Fatal(err)
	}
	places, broken := map[string]string{}, 0
	for _, s := range seals {
		var rows []struct {
			MerchantID, ID, Owner string
			Sealed                []byte
		}
		if err := db.Read(t.Context()).Raw(s.query).Scan(&rows).Error; err != nil {
			t.Fatal(err)
		}
		var words strings.Builder
		for _, r := range rows {
			if len(r.Sealed) == 0 {
				continue
			}
			subject := privacy.MerchantSubject()
			switch s.subject {
			case "conversation":
				subject = privacy.ConversationSubject(r.Owner)
			case "customer":
				subject = privacy.CustomerSubject(r.Owner)
			}
			plain, err := keys.OpenNow(t.Context(), r.MerchantID, subject, s.label+r.ID, r.Sealed)
			if err != nil {
				t.Errorf("%s%s cannot be opened: %v", s.label, r.ID, err)
				continue
			}
			broken++
			fmt.Fprintf(&words, "%s\n", plain)
		}
		places["what is sealed as "+s.label] = words.String()
	}
	if broken < 20 || !strings.Contains(places["what is sealed as messages.body:"], "••••") {
		t.Errorf("only %d seals were broken: the search proves nothing", broken)
	}
	return places
}
