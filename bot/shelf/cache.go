package shelf

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"sotto.chat/catalog"
)

const (
	// maxShelves bounds how many merchants' goods are kept ready.
	maxShelves = 128
	// freshWait is how long a turn waits for a changed catalog before it talks about the old one.
	freshWait = 500 * time.Millisecond
)

var errBuild = errors.New("shelf: the catalog could not be compiled")

// Cache keeps compiled goods by merchant. One build of a merchant's goods runs at a time; while a new version is
// built, the old one serves.
type Cache struct {
	cat *catalog.Catalog
	log *slog.Logger

	mu      sync.Mutex
	entries map[string]*kept
}

type kept struct {
	goods *Goods
	used  time.Time
	build *building
}

// building is a build under way; done is closed at its end.
type building struct {
	done  chan struct{}
	goods *Goods
	err   error
}

// NewCache makes an empty one over a catalog.
func NewCache(cat *catalog.Catalog, log *slog.Logger) *Cache {
	return &Cache{cat: cat, log: log, entries: map[string]*kept{}}
}

// Get gives the goods of a merchant, of the version that is current or, for a moment, of the one before.
func (s *Cache) Get(ctx context.Context, merchant string) (*Goods, error) {
	version, err := s.cat.Version(ctx, merchant)
	if err != nil {
		return nil, err
	}
	old, b := s.entry(merchant, version)
	if b == nil {
		return old, nil
	}
	if old == nil {
		select {
		case <-b.done:
			return b.goods, b.err
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	timer := time.NewTimer(freshWait)
	defer timer.Stop()
	select {
	case <-b.done:
		if b.err == nil {
			return b.goods, nil
		}
	case <-timer.C:
	case <-ctx.Done():
	}
	return old, nil
}

// entry gives what is kept and, where that is not the version, the build that is under way.
func (s *Cache) entry(merchant string, version int64) (*Goods, *building) {
	s.mu.Lock()
	defer s.mu.Unlock()
	e := s.entries[merchant]
	if e == nil {
		s.makeRoom()
		e = &kept{}
		s.entries[merchant] = e
	}
	e.used = time.Now()
	if e.goods != nil && e.goods.Version >= version {
		return e.goods, nil
	}
	if e.build == nil {
		e.build = &building{done: make(chan struct{})}
		go s.run(merchant, e, e.build)
	}
	return e.goods, e.build
}

// run builds outside any request, so that one who gives up waiting costs the others nothing.
func (s *Cache) run(merchant string, e *kept, b *building) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	defer func() {
		if r := recover(); r != nil {
			s.log.Error("a catalog could not be compiled", "merchant", merchant, "panic", r)
			b.goods, b.err = nil, errBuild
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		if b.err == nil {
			e.goods = b.goods
		}
		e.build = nil
		close(b.done)
	}()
	f, version, err := s.cat.File(ctx, merchant)
	if err != nil {
		b.err = err
		return
	}
	b.goods = Compile(f, version)
}

// makeRoom drops what was used the longest ago. The lock is held.
func (s *Cache) makeRoom() {
	if len(s.entries) < maxShelves {
		return
	}
	oldest := ""
	for merchant, e := range s.entries {
		if e.build == nil && (oldest == "" || e.used.Before(s.entries[oldest].used)) {
			oldest = merchant
		}
	}
	delete(s.entries, oldest)
}
