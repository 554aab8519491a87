// Package flights lets many who ask for the same at the same moment share one piece of work.
package flights

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"
)

// Group lets clicks on one link in this process share one piece of work.
type Group struct {
	mu  sync.Mutex
	now map[string]*flight
}

type flight struct {
	done chan struct{}
	url  string
	err  error
}

// Do runs f once for all who ask under the key meanwhile. The work goes on when a caller leaves, for the others and because a
// claimed session should be made.
func (f *Group) Do(ctx context.Context, key string, work func(context.Context) (string, error)) (string, error) {
	f.mu.Lock()
	if f.now == nil {
		f.now = map[string]*flight{}
	}
	one, ok := f.now[key]
	if !ok {
		one = &flight{done: make(chan struct{}), err: errors.New("the work on a pay link ended in a panic")}
		f.now[key] = one
		go f.run(context.WithoutCancel(ctx), key, one, work)
	}
	f.mu.Unlock()
	select {
	case <-one.done:
		return one.url, one.err
	case <-ctx.Done():
		return "", ctx.Err()
	}
}

func (f *Group) run(ctx context.Context, key string, one *flight, work func(context.Context) (string, error)) {
	ctx, cancel := context.WithTimeout(ctx, 45*time.Second)
	defer cancel()
	defer func() {
		if r := recover(); r != nil {
			one.err = fmt.Errorf("panic on a pay link: %v", r)
		}
		f.mu.Lock()
		delete(f.now, key)
		f.mu.Unlock()
		close(one.done)
	}()
	one.url, one.err = work(ctx)
}
