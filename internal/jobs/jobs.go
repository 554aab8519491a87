// Package jobs keeps promises: work that is written down in the transaction that makes it necessary, and done after.
//
// A room announces news inside its transaction; every listener gets a job of its own, retried on
// its own. News hold ids and never words: job rows are readable by operators.
package jobs

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"sotto.chat/internal/database"
)

// News is something that happened, named by ids. Its kind is stable: jobs outlive a release.
type News interface{ NewsKind() string }

// ErrLater asks for another try after Delay without counting as a failure.
type ErrLater struct{ Delay time.Duration }

func (e ErrLater) Error() string { return "later" }

// ErrNever ends a job for good: trying again cannot help. It is logged as an error.
var ErrNever = errors.New("never retried")

type listener struct {
	name string
	news string
	work func(context.Context, json.RawMessage) error
}

type periodic struct {
	name  string
	every time.Duration
	work  func(context.Context) error
}

// Desk knows the listeners and holds the queue. Make it, let rooms listen, then Open it.
type Desk struct {
	db        *database.DB
	log       *slog.Logger
	listeners map[string]listener // by name
	byNews    map[string][]string // news kind → listener names, in order of registration
	periodic  []periodic
	queue     queue
	worker    string
	observe   func(listener string, took time.Duration, err error)
}

// New makes a desk without listeners.
func New(db *database.DB, log *slog.Logger) *Desk {
	return &Desk{db: db, log: log, listeners: map[string]listener{}, byNews: map[string][]string{},
		observe: func(string, time.Duration, error) {}}
}

// Observe has f called after every piece of work, for metrics.
func (d *Desk) Observe(f func(listener string, took time.Duration, err error)) { d.observe = f }

// On has f called for every N that is announced. name is stable and unique: "orders.settle".
// f must be safe to run twice and at the same time as itself.
func On[N News](d *Desk, name string, f func(context.Context, N) error) {
	var zero N
	if _, taken := d.listeners[name]; taken {
		panic("jobs: two listeners are named " + name)
	}
	kind := zero.NewsKind()
	d.listeners[name] = listener{name: name, news: kind, work: func(ctx context.Context, raw json.RawMessage) error {
		var n N
		if err := json.Unmarshal(raw, &n); err != nil {
			return fmt.Errorf("%w: news %s cannot be read: %w", ErrNever, kind, err)
		}
		return f(ctx, n)
	}}
	d.byNews[kind] = append(d.byNews[kind], name)
}

// Every has f called about every interval by one of the replicas. f must be safe to run twice.
func (d *Desk) Every(name string, interval time.Duration, f func(context.Context) error) {
	d.periodic = append(d.periodic, periodic{name, interval, f})
}

// Option shapes one announcement.
type Option func(*how)

type how struct {
	at    time.Time
	aside bool
	once  bool
}

// At has the work start not before t.
func At(t time.Time) Option { return func(h *how) { h.at = t } }

// Aside leaves the work to the queue, also where somebody waits for the answer: it is nothing to them.
func Aside() Option { return func(h *how) { h.aside = true } }

// Once promises nothing where the same work for the same news waits or is in hand already, also where what it is about has changed since it
// began: it is for who asks again later. Work that has ended is promised anew.
func Once() Option { return func(h *how) { h.once = true } }

// eagerNet is when the safety net of an eager announcement goes to work.
const eagerNet = 3 * time.Second

type eagerKey struct{}

// Eager marks a context whose announcements are also worked on at once, in this process, right after
// the commit; for doors where somebody waits for the answer. The job stays as the safety net.
func Eager(ctx context.Context) context.Context { return context.WithValue(ctx, eagerKey{}, true) }

func eager(ctx context.Context) bool { v, _ := ctx.Value(eagerKey{}).(bool); return v }

// Announce writes one job for each listener of n into the transaction.
func (d *Desk) Announce(tx database.Tx, n News, opts ...Option) error {
	return d.AnnounceAll(tx, []News{n}, opts...)
}

// Starting is news of which the work starts not before at, among others that are announced with it.
func Starting(n News, at time.Time) News { return starting{n, at} }

type starting struct {
	News
	at time.Time
}

// AnnounceAll is Announce for much news, written at once.
func (d *Desk) AnnounceAll(tx database.Tx, list []News, opts ...Option) error {
	if d.queue == nil {
		return errors.New("jobs: the desk is not open")
	}
	h := how{}
	for _, o := range opts {
		o(&h)
	}
	now := eager(tx.Context()) && h.at.IsZero() && !h.aside
	if now {
		h.at = tx.Now.Add(eagerNet)
	}
	var promises, soon []promise
	for _, n := range list {
		at, timed := h.at, false
		if s, ok := n.(starting); ok {
			n, at, timed = s.News, s.at, true
		}
		raw, err := json.Marshal(n)
		if err != nil {
			return fmt.Errorf("announce %s: %w", n.NewsKind(), err)
		}
		for _, name := range d.byNews[n.NewsKind()] {
			p := promise{Listener: name, News: raw, at: at}
			if promises = append(promises, p); now && !timed {
				soon = append(soon, p)
			}
		}
	}
	if len(promises) == 0 {
		return nil
	}
	if err := d.queue.insert(tx, promises, h); err != nil {
		return fmt.Errorf("promise %s: %w", promises[0].Listener, err)
	}
	if len(soon) > 0 {
		tx.AfterCommit(func(ctx context.Context) { d.nudge(ctx, soon) })
	}
	return nil
}

// nudge does the promised work at once. A failure is left to the job.
func (d *Desk) nudge(ctx context.Context, promises []promise) {
	for _, p := range promises {
		if err := d.run(ctx, p); err != nil && !errors.As(err, new(ErrLater)) {
			d.log.WarnContext(ctx, "work at once failed; the job will do it", "listener", p.Listener, "error", err)
		}
	}
}

// run does one promise, with a panic turned into an error.
func (d *Desk) run(ctx context.Context, p promise) (err error) {
	l, ok := d.listeners[p.Listener]
	if !ok {
		return fmt.Errorf("%w: nobody listens as %s", ErrNever, p.Listener)
	}
	start := time.Now()
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("panic in %s: %v", p.Listener, r)
		}
		d.observe(p.Listener, time.Since(start), err)
	}()
	return l.work(ctx, p.News)
}

// Named gives this process a name that it bears after a restart too, so that it takes its own work up again at once. No two
// that live at once may share it; without one, work in hand at a death waits until its time is over.
func (d *Desk) Named(worker string) { d.worker = worker }

// ByHand leaves what Every asks for to who calls it, before Open: for a test that decides itself what is done when.
func (d *Desk) ByHand() { d.periodic = nil }

// Open readies the queue; the tables must exist (see migrations). Work starts with Start.
func (d *Desk) Open(ctx context.Context) error {
	q, err := openQueue(d)
	d.queue = q
	return err
}

// Start begins to work on promises until Stop.
func (d *Desk) Start(ctx context.Context) error { return d.queue.start(ctx) }

// Stop lets work in hand finish until ctx ends, then cuts it; what was cut is done again later.
func (d *Desk) Stop(ctx context.Context) error { return d.queue.stop(ctx) }

// Pending counts the promises that are not done yet, those for later included.
func (d *Desk) Pending(ctx context.Context) (int, error) { return d.queue.pending(ctx) }

// Do works on one promise here and now, given as its row in the table holds it, and leaves the row alone. For who works a queue that
// was never started by hand: a test that decides itself what is done when, how often, and where it is cut off.
func (d *Desk) Do(ctx context.Context, args json.RawMessage) error {
	var p promise
	if err := json.Unmarshal(args, &p); err != nil {
		return fmt.Errorf("%w: a promise cannot be read: %w", ErrNever, err)
	}
	return d.run(ctx, p)
}
