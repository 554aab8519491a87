package api

import "sync"

// cache keeps a bounded number of values, each with the version it was made from.
type cache[T any] struct {
	*cacheState[T]
}

type cacheState[T any] struct {
	mu   sync.Mutex
	most int
	kept map[string]versioned[T]
}

type versioned[T any] struct {
	version int64
	value   T
}

func newCache[T any](most int) cache[T] {
	return cache[T]{&cacheState[T]{most: most, kept: map[string]versioned[T]{}}}
}

// get gives the value of key at this version or a newer one, made anew where it is older.
func (c cache[T]) get(key string, version int64, build func() (T, int64, error)) (T, error) {
	c.mu.Lock()
	v, ok := c.kept[key]
	c.mu.Unlock()
	if ok && v.version >= version {
		return v.value, nil
	}
	value, built, err := build()
	if err != nil {
		return value, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, ok := c.kept[key]; !ok && len(c.kept) >= c.most {
		for k := range c.kept { // any one: all can be made again
			delete(c.kept, k)
			break
		}
	}
	c.kept[key] = versioned[T]{built, value}
	return value, nil
}
