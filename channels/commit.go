package channels

import (
	"context"
	"slices"
	"sync"
	"time"

	"sotto.chat/internal/database"
	"sotto.chat/internal/jobs"
)

// Webhooks that come at the same moment are written in one transaction: a commit costs much more than a row. A webhook
// that comes alone is written alone, without waiting.
const (
	groupBatches  = 64
	groupRows     = 500
	commitTimeout = 20 * time.Second
	// arrivalsAtOnce bounds the parties of one promise, so that many workers share what came together.
	arrivalsAtOnce = 8
)

// committer gathers what waits to be written.
type committer struct {
	mu      sync.Mutex
	waiting []*pending
	running int
	writers int // transactions at once
}

type pending struct {
	batch batch
	done  chan error
}

func newCommitter(engine string) *committer {
	if engine == database.SQLite {
		return &committer{writers: 1}
	}
	return &committer{writers: 2}
}

// commit writes a batch, together with others that wait, and returns when it is safely written.
func (c *Channels) commit(ctx context.Context, b batch) error {
	if len(b.rows) == 0 {
		return nil
	}
	p := &pending{b, make(chan error, 1)}
	w := c.committer
	w.mu.Lock()
	w.waiting = append(w.waiting, p)
	if w.running < w.writers {
		w.running++
		go c.write(context.WithoutCancel(ctx))
	}
	w.mu.Unlock()
	select {
	case err := <-p.done:
		return err
	case <-ctx.Done():
		return ctx.Err() // it may be written all the same; the platform tells it again, and it is known then
	}
}

// write takes groups until none waits.
func (c *Channels) write(ctx context.Context) {
	for {
		group := c.committer.take()
		if len(group) == 0 {
			return
		}
		err := c.writeGroup(ctx, group)
		for _, p := range group {
			if err != nil && len(group) > 1 { // one bad batch must not refuse the others
				p.done <- c.writeGroup(ctx, []*pending{p})
			} else {
				p.done <- err
			}
		}
	}
}

func (w *committer) take() []*pending {
	w.mu.Lock()
	defer w.mu.Unlock()
	n, rows := 0, 0
	for n < len(w.waiting) && n < groupBatches && (n == 0 || rows+len(w.waiting[n].batch.rows) <= groupRows) {
		rows += len(w.waiting[n].batch.rows)
		n++
	}
	group := append([]*pending(nil), w.waiting[:n]...)
	w.waiting = append(w.waiting[:0], w.waiting[n:]...)
	if n == 0 {
		w.running--
	}
	return group
}

func (c *Channels) writeGroup(ctx context.Context, group []*pending) error {
	ctx, cancel := context.WithTimeout(ctx, commitTimeout)
	defer cancel()
	all := batch{}
	for _, p := range group {
		all.rows = append(all.rows, p.batch.rows...)
		all.incoming = append(all.incoming, p.batch.incoming...)
		all.platforms = append(all.platforms, p.batch.platforms...)
	}
	return c.db.InTx(ctx, func(tx database.Tx) error {
		_, err := c.keep(tx, all)
		return err
	})
}

// Arrivals is Arrived for several parties at once.
type Arrivals struct {
	List []Arrived `json:"list"`
}

// NewsKind names the news.
func (Arrivals) NewsKind() string { return "channels.arrivals" }

// announce promises work for those who said something: one promise for each, or for some together when they are many.
func (c *Channels) announce(tx database.Tx, list []Arrived) error {
	if len(list) == 1 {
		return c.desk.Announce(tx, list[0])
	}
	var news []jobs.News
	for part := range slices.Chunk(list, arrivalsAtOnce) {
		news = append(news, Arrivals{part})
	}
	return c.desk.AnnounceAll(tx, news)
}
