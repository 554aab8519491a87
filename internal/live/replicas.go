package live

import (
	"context"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"sotto.chat/internal/database"
)

// wire is the name of the Postgres notification; retry is the pause after a lost connection.
const (
	wire    = "sotto_live"
	retry   = time.Second
	batch   = 200
	sending = 5 * time.Second
)

// Run joins this hub with those of the other replicas until ctx ends. It takes one connection from the pool for
// listening, and finds a new one when that is lost. On SQLite there is one process, so it only waits.
func (h *Hub) Run(ctx context.Context) error {
	if h.db.Engine != database.Postgres {
		<-ctx.Done()
		return nil
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		h.send(ctx)
	}()
	for ctx.Err() == nil {
		if err := h.listen(ctx); err != nil && ctx.Err() == nil {
			h.log.WarnContext(ctx, "the connection for live updates was lost; trying again", "error", err)
			pause(ctx, retry)
		}
	}
	<-done
	return nil
}

func (h *Hub) listen(ctx context.Context) error {
	pooled, err := h.db.Pool.Acquire(ctx)
	if err != nil {
		return err
	}
	c := pooled.Hijack() // it listens for its whole life: never give it back to the pool
	defer func() {
		end, cancel := context.WithTimeout(context.WithoutCancel(ctx), sending)
		defer cancel()
		_ = c.Close(end)
	}()
	if _, err := c.Exec(ctx, "listen "+pgx.Identifier{wire}.Sanitize()); err != nil {
		return err
	}
	h.all() // what was missed while nobody listened
	for {
		n, err := c.WaitForNotification(ctx)
		if err != nil {
			return err
		}
		from, topics, _ := strings.Cut(n.Payload, " ")
		if from == h.self {
			continue
		}
		for topic := range strings.FieldsSeq(topics) {
			h.local(topic)
		}
	}
}

// all nudges every subscriber once.
func (h *Hub) all() {
	h.mu.Lock()
	topics := make([]string, 0, len(h.topics))
	for t := range h.topics {
		topics = append(topics, t)
	}
	h.mu.Unlock()
	for _, t := range topics {
		h.local(t)
	}
}

// send puts what was published on the wire, many topics in one notification: Postgres takes a lock for each.
func (h *Hub) send(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case first := <-h.out:
			payload, seen := h.self+" "+first, map[string]bool{first: true}
			// a payload must stay below 8000 bytes
			for len(seen) < batch && len(payload) < 7000 {
				select {
				case t := <-h.out:
					if !seen[t] {
						seen[t] = true
						payload += " " + t
					}
					continue
				default:
				}
				break
			}
			out, cancel := context.WithTimeout(ctx, sending)
			if _, err := h.db.Pool.Exec(out, "select pg_notify($1, $2)", wire, payload); err != nil && ctx.Err() == nil {
				h.log.WarnContext(ctx, "other replicas missed a live update", "error", err)
			}
			cancel()
		}
	}
}

func pause(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-t.C:
	}
}
