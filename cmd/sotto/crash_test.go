package main

import (
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"sync"
	"testing"
	"time"

	"sotto.chat/internal/database"
)

// The crash test kills the server at random moments while customers buy and pay. Settings of a longer or a repeated run:
//
//	SOTTO_KILLS=100         how often on Postgres; SQLite gets a fifth
//	SOTTO_CRASH_SEED=42     the seed that an earlier run printed
const (
	killsOnPostgres = 12
	killsOnSQLite   = 4
	crashCustomers  = 20
)

// crash is one run of it.
type crash struct {
	*served
	ended chan struct{} // closed after the last kill: begin nothing new

	mu      sync.Mutex
	parked  []*purchase // wait for the server to come to rest
	done    []*purchase
	dropped int // by REST: nobody knows whether the answer was lost before or after the deed
}

func TestKillTheServerAtAnyMoment(t *testing.T) {
	t.Parallel()
	engines(t, func(t *testing.T, engine string) {
		kills := killsOnPostgres
		if engine == database.SQLite {
			kills = killsOnSQLite
		}
		if n, err := strconv.Atoi(os.Getenv("SOTTO_KILLS")); err == nil {
			kills = n
			if engine == database.SQLite {
				kills = max(n/5, 1)
			}
		}
		seed := uint64(time.Now().UnixNano())
		if n, err := strconv.ParseUint(os.Getenv("SOTTO_CRASH_SEED"), 10, 64); err == nil {
			seed = n
		}
		t.Logf("SOTTO_CRASH_SEED=%d, %d kills", seed, kills)
		c := &crash{served: startServe(t, engine), ended: make(chan struct{})}
		var all sync.WaitGroup
		for i := range crashCustomers {
			all.Go(func() { c.customer(t, i) })
		}
		c.kills(t, rand.New(rand.NewPCG(seed, 1)), kills)
		close(c.ended)
		all.Wait()
		for _, p := range c.parked { // those whose answer did not come in time wait for it now
			if p.advance(c, 120*time.Second) {
				c.done = append(c.done, p)
			} else if p.keyed || !p.astray {
				t.Errorf("%s is stuck at step %d: %v", p.name, p.step, p.trouble)
			}
		}
		c.check(t)
	})
}

// kills lets the server work for a random while, kills it, starts it again and looks at the books.
func (c *crash) kills(t *testing.T, random *rand.Rand, n int) {
	for i := range n {
		// The moment of death is the one thing here that is decided by a clock.
		<-time.After(time.Duration(100+random.IntN(1400)) * time.Millisecond)
		c.process.kill()
		c.serve(t)
		audit(t, c.env)
		if t.Failed() {
			t.Fatalf("after kill %d", i+1)
		}
	}
}

// customer buys one thing after another.
func (c *crash) customer(t *testing.T, i int) {
	for n := 0; ; n++ {
		select {
		case <-c.ended:
			return
		default:
		}
		p := newPurchase(c, fmt.Sprintf("customer %d, purchase %d", i, n), i%2 == 0)
		var done bool
		if i%5 == 4 {
			done = p.byREST(t, c)
		} else {
			done = p.advance(c, 3*time.Second)
		}
		c.mu.Lock()
		switch {
		case done:
			c.done = append(c.done, p)
		case i%5 == 4:
			c.dropped++
		default:
			c.parked = append(c.parked, p)
		}
		c.mu.Unlock()
	}
}
