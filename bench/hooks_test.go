package bench

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"sotto.chat/internal/logs"
	"sotto.chat/internal/metrics"
	"sotto.chat/internal/trace"
	"sotto.chat/web"
)

// connections is how many a platform keeps open.
const connections = 64

// serveHooks is the product's own server with all its doors and without its workers, until it is killed.
func serveHooks(l net.Listener, url string) error {
	ctx := context.Background()
	log := logs.New(os.Stderr, "info", true)
	r, err := openRooms(ctx, url, log)
	if err != nil {
		return err
	}
	tracer, err := trace.Open(ctx, r.Version)
	if err != nil {
		return err
	}
	handler, err := web.New(web.Config{Rooms: r.Rooms, Hub: r.hub, Metrics: metrics.New(r.Version, func() float64 { return 0 }), Tracer: tracer,
		TrustedProxies: []string{"127.0.0.1"}, Ready: func(context.Context) error { return nil }})
	if err != nil {
		return err
	}
	return web.NewServer(l, handler, log).Run(ctx, time.Second)
}

// webhook is goal 5: messages from WhatsApp until they are written down and answered with 200.
func webhook(b *testing.B, l *lab) {
	s := l.postgres(b)
	_, url := s.fresh(b)
	w := newWorld(b, url)
	hooks, bare := role(b, roleHooks, url), role(b, roleFloor, url)
	var sent, taken atomic.Int64
	load := func(c *child, path string, count *atomic.Int64) func(float64) figures {
		return func(seconds float64) figures {
			return hammer(b, c, connections, seconds, func(worker int, to *caller) error {
				raw := []byte(message(sent.Add(1)))
				_, err := to.do(http.StatusOK, http.MethodPost, path, raw, "X-Hub-Signature-256: "+signature(raw), office(worker))
				if err == nil {
					count.Add(1)
				}
				return err
			})
		}
	}
	const what = "webhook, 64 connections"
	got := duel(b, what, side{"product", load(hooks, "/hooks/whatsapp/"+w.channel, &taken)}, side{"floor", load(bare, "/hook", new(atomic.Int64))})
	l.add(row{goal: "5", what: what, unit: "/s", product: of(got[0], "rate"), limit: of(got[1], "rate"), want: 0.7, stretch: 0.9})
	l.add(row{goal: "5", what: "webhook, p99", unit: "ms", product: of(got[0], "p99"), limit: of(got[1], "p99"), atMost: true, want: 2})
	var kept, promised int64
	must(b, w.DB.SQL.QueryRow("select count(*) from inbound_events").Scan(&kept))
	must(b, w.DB.SQL.QueryRow("select count(*) from river_job").Scan(&promised))
	say("  %s  %d answered with 200, %d rows, %d promises; memory %.0f MB", b.Name(), taken.Load(), kept, promised, hooks.resident())
	if kept != taken.Load() || promised == 0 {
		b.Errorf("%d messages were answered with 200 and %d are in the database, with %d promises", taken.Load(), kept, promised)
	}
}

// office is the address that a client seems to come from: the doors limit the rate of each.
func office(i int) string { return fmt.Sprintf("X-Forwarded-For: 10.0.0.%d", i%offices+1) }

// message is one that nobody sent before, of some 1.5 KB, as WhatsApp's Cloud API sends it.
func message(n int64) string {
	from := fmt.Sprintf("1555%07d", rand.IntN(100_000))
	return fmt.Sprintf(`{"object":"whatsapp_business_account","entry":[{"id":"1","changes":[{"field":"messages","value":{"messaging_product":"whatsapp",`+
		`"metadata":{"display_phone_number":"15550000000","phone_number_id":"%s"},"contacts":[{"profile":{"name":"Somebody"},"wa_id":"%s"}],`+
		`"messages":[{"from":"%s","id":"wamid.HBgLMTU1NTAwMDAwMDAVAgASGBQzQUY%012d","timestamp":"%d","type":"text","text":{"body":"%s"}}]}}]}]}`,
		number1, from, from, n, time.Now().Unix(), words)
}

var words = strings.Repeat("two croissants and a coffee please, ", 29)

// hammer has so many connections do f for so many seconds.
func hammer(b testing.TB, c *child, n int, seconds float64, f func(worker int, to *caller) error) figures {
	b.Helper()
	callers := make([]*caller, n)
	for i := range callers {
		var err error
		callers[i], err = call(c.addr)
		must(b, err)
		defer func() { _ = callers[i].conn.Close() }()
	}
	return during(b, n, seconds, func(worker int) error { return f(worker, callers[worker]) })
}
