package channels_test

import (
	"fmt"
	"testing"

	"sotto.chat/channels/standin"
	"sotto.chat/internal/database"
	"sotto.chat/internal/testkit"
)

// A platform waits for its answer: what it tells is safe after three round trips, however many speak in it. Who needs one more has a
// reason, and says it here.
func TestRoundTripsOfAWebhook(t *testing.T) {
	const most = 3
	h := open(t, testkit.Open(t, testkit.URL(t, database.Postgres), &testkit.Clock{}), "1")
	for what, bodies := range map[string]func(i int) string{
		"one message": func(i int) string { return text("1", fmt.Sprint("one-", i), "15550000001", "two coffees") },
		"many messages": func(i int) string {
			all := ""
			for k := range 20 {
				if k > 0 {
					all += ","
				}
				all += fmt.Sprintf(`{"from":"1555000%04d","id":"many-%d-%d","timestamp":"1700000000","type":"text","text":{"body":"two coffees"}}`, k, i, k)
			}
			return `{"object":"whatsapp_business_account","entry":[{"id":"1","changes":[{"field":"messages","value":{"messaging_product":"whatsapp",` +
				`"metadata":{"phone_number_id":"1"},"messages":[` + all + `]}}]}]}`
		},
	} {
		before, jobs := h.events(), h.count("select count(*) from river_job")
		least := int64(1000)
		for i := 0; i < 6 || i < 60 && least > most; i++ { // one of them finds the channel and the key known, and its connection at home
			ctx, trips := database.Counted(t.Context())
			raw := []byte(bodies(i))
			ok(t, h.channels.Receive(ctx, h.channel.ID, raw, map[string][]string{"X-Hub-Signature-256": {standin.Sign(secret, raw)}}))
			least = min(least, trips.Made())
		}
		if least > most || least == 0 {
			t.Errorf("%s: %d round trips to Postgres, at most %d are wanted", what, least, most)
		}
		if n := h.events() - before; n < 6 || h.count("select count(*) from river_job") == jobs {
			t.Errorf("%s: %d events kept, %d promises before", what, n, jobs)
		}
	}
}
