// Package histories plays random histories of orders and money against a model of what must become of them.
package histories_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"sotto.chat/internal/database"
)

// How many histories are played where nobody says otherwise.
const (
	onSQLite   = 10_000
	onPostgres = 1_000
	batch      = 250 // histories of one merchant, and of one audit
)

// usualBase is the seed of the first history: every run plays the same ones, so that a red test tells of a changed product. Others are
// played with SOTTO_HISTORY_BASE, of which any number will do.
const usualBase = 20270101

// weathers is how often each list of steps is played: its end must not depend on the weather.
const weathers = 2

// number reads a setting of the environment.
func number(t *testing.T, name string, usual uint64) (n uint64, set bool) {
	text := os.Getenv(name)
	if text == "" {
		return usual, false
	}
	n, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		t.Fatalf("%s is %q and must be a number", name, text)
	}
	return n, true
}

func TestWhateverHappensToMoneyEndsAsTheBankHasIt(t *testing.T) {
	if testing.Short() {
		t.Skip("thousands of histories take a while")
	}
	for _, e := range []struct {
		engine string
		usual  uint64
	}{{database.SQLite, onSQLite}, {database.Postgres, onPostgres}} {
		t.Run(e.engine, func(t *testing.T) {
			one, again := number(t, "SOTTO_HISTORY_SEED", 0)
			if again {
				w := open(t, e.engine)
				w.newMerchant()
				if bad := w.history(one); bad != "" {
					t.Error(bad)
				}
				for _, f := range w.audit() {
					t.Error(f)
				}
				return
			}
			count, _ := number(t, "SOTTO_HISTORIES", e.usual)
			many(t, e.engine, int(count))
		})
	}
}

// onceWrong are seeds of histories that ended wrongly before the product was mended.
var onceWrong = []uint64{1795383540483708084, 20261278, 3004201, 50650, 20271010}

func TestHistoriesThatOnceEndedWrongly(t *testing.T) {
	for _, engine := range []string{database.SQLite, database.Postgres} {
		t.Run(engine, func(t *testing.T) {
			w := open(t, engine)
			w.newMerchant()
			for _, seed := range onceWrong {
				if bad := w.history(seed); bad != "" {
					t.Errorf("SOTTO_HISTORY_SEED=%d\n%s", seed, bad)
				}
			}
			for _, f := range w.audit() {
				t.Error(f)
			}
		})
	}
}

// many plays count histories, on as many databases as there are processors.
func many(t *testing.T, engine string, count int) {
	start := time.Now()
	base, _ := number(t, "SOTTO_HISTORY_BASE", usualBase)
	var next, played, failed atomic.Int64
	var all sync.WaitGroup
	var worlds []*world
	for range runtime.GOMAXPROCS(0) {
		w := open(t, engine)
		worlds = append(worlds, w)
		all.Go(func() {
			for failed.Load() < 3 {
				first := int(next.Add(batch)) - batch
				if first*weathers >= count {
					return
				}
				w.newMerchant()
				owner := map[string]uint64{}
				for i := range min(batch, (count-first*weathers+weathers-1)/weathers) {
					if late(t, engine) {
						break
					}
					seed := base + uint64(first+i)
					if bad := w.history(seed); bad != "" {
						failed.Add(1)
						t.Errorf("SOTTO_HISTORY_SEED=%d\n%s", seed, bad)
					}
					for _, id := range w.mine {
						owner[id] = seed
					}
					played.Add(weathers)
				}
				for _, f := range w.audit() {
					failed.Add(1)
					t.Errorf("SOTTO_HISTORY_SEED=%d\n%s", blame(owner, f), f)
				}
			}
		})
	}
	all.Wait()
	if late(t, engine) && os.Getenv("CI") != "" {
		t.Errorf("time was up after %d histories of %d", played.Load(), count)
	}
	reasons := map[string]int{}
	for _, w := range worlds {
		for r, n := range w.reasons {
			reasons[r] += n
		}
	}
	t.Logf("%d histories in %s; what happened to their orders: %v", played.Load(), time.Since(start).Round(time.Millisecond), reasons)
}

// late tells that the test's time is nearly up. What is left of it goes to the other engine, and to the end of what has begun.
func late(t *testing.T, engine string) bool {
	keep := time.Minute
	if engine == database.SQLite {
		keep = 3 * time.Minute
	}
	end, ok := t.Deadline()
	return ok && time.Until(end) < keep
}

// blame finds the history that an audit's finding is about.
func blame(owner map[string]uint64, finding string) uint64 {
	for id, seed := range owner {
		if strings.Contains(finding, id) {
			return seed
		}
	}
	return 0
}

// history plays the history of a seed in several weathers, and says what is wrong with it: the shortest history that is wrong too.
func (w *world) history(seed uint64) (bad string) {
	steps := draw(rand.New(rand.NewPCG(seed, 0)))
	w.mine = w.mine[:0]
	if bad = w.playAll(steps, seed); bad == "" {
		return ""
	}
	for cut := true; cut; {
		cut = false
		for i := range steps {
			fewer := slices.Delete(slices.Clone(steps), i, i+1)
			if b := w.playAll(fewer, seed); b != "" {
				steps, bad, cut = fewer, b, true
				break
			}
		}
	}
	return fmt.Sprintf("the shortest history that is wrong:\n%s%s", written(steps), bad)
}

// alike compares two ends of a deal, unless the model leaves either of them open.
func alike(a, b string) bool {
	return a == b || strings.HasPrefix(a, "either") || strings.HasPrefix(b, "either")
}

// playAll plays the same steps in several weathers and compares their ends.
func (w *world) playAll(steps []step, seed uint64) (bad string) {
	var acts, ends []string
	var story []string
	for weather := range weathers {
		p := w.begin(rand.New(rand.NewPCG(seed, uint64(weather+1))), 3+int64(seed%3))
		for _, s := range steps {
			p.take(s)
			p.drift(p.post)
		}
		p.end()
		end := p.judge()
		p.leave()
		for _, d := range p.deals {
			w.mine = append(w.mine, d.id)
			for _, pay := range p.payments(d) {
				w.mine = append(w.mine, pay.ID)
			}
		}
		if len(p.wrong) > 0 {
			return strings.Join(p.wrong, "\n") + "\n" + strings.Join(p.story, "\n") + "\n" + p.annals()
		}
		if weather > 0 && slices.Equal(acts, p.acts) && !slices.EqualFunc(ends, end, alike) {
			return fmt.Sprintf("the same history ended in two ways:\n%q\n%q\n%s\n--- and ---\n%s", ends, end, strings.Join(story, "\n"), strings.Join(p.story, "\n"))
		}
		acts, ends, story = p.acts, end, p.story
	}
	return ""
}
