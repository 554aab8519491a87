// Package live tells open pages that something changed: in this process at once, and in the other replicas through Postgres.
//
// A nudge carries a topic, which is an id and never words. It may be lost or come twice: whoever
// listens reads the database again, and looks now and then without a nudge.
package live

import (
	"context"
	"log/slog"
	"sync"

	"sotto.chat/internal/database"
	"sotto.chat/internal/id"
)

// outgoing bounds the nudges that wait for the wire; beyond it the other replicas miss some.
const outgoing = 4096

// Hub passes nudges from whoever publishes to whoever subscribed.
type Hub struct {
	db   *database.DB
	log  *slog.Logger
	self string // marks this process's own notifications, which come back to it

	mu     sync.Mutex
	topics map[string]map[chan struct{}]struct{}
	out    chan string
}

// New makes a hub. It works inside the process at once; Run joins it with the other replicas.
func New(db *database.DB, log *slog.Logger) *Hub {
	return &Hub{db: db, log: log, self: id.New("hub"), topics: map[string]map[chan struct{}]struct{}{}, out: make(chan string, outgoing)}
}

// Publish nudges the subscribers of topic here and in the other replicas. It never waits. Call it after the commit.
func (h *Hub) Publish(topic string) {
	h.local(topic)
	if h.db.Engine == database.Postgres {
		select {
		case h.out <- topic:
		default:
		}
	}
}

func (h *Hub) local(topic string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for c := range h.topics[topic] {
		select {
		case c <- struct{}{}:
		default: // a nudge waits there already
		}
	}
}

// Subscribe gives a channel that holds one nudge at most, until ctx ends. The channel is never closed.
func (h *Hub) Subscribe(ctx context.Context, topic string) <-chan struct{} {
	c := make(chan struct{}, 1)
	h.mu.Lock()
	if h.topics[topic] == nil {
		h.topics[topic] = map[chan struct{}]struct{}{}
	}
	h.topics[topic][c] = struct{}{}
	h.mu.Unlock()
	context.AfterFunc(ctx, func() {
		h.mu.Lock()
		defer h.mu.Unlock()
		delete(h.topics[topic], c)
		if len(h.topics[topic]) == 0 {
			delete(h.topics, topic)
		}
	})
	return c
}
