package sandbox

import (
	"bytes"
	"container/heap"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"sync"
	"time"
)

const (
	senders = 16                     // webhooks on their way at one time
	glance  = 250 * time.Millisecond // the clock is read at least this often while something waits for it: it may not run with the machine's
)

// Sign makes the Stripe-Signature header of a webhook sent at that moment: HMAC-SHA256 over time, a dot and the raw body
// (docs.stripe.com/webhooks#verify-manually).
func Sign(body []byte, secret string, at time.Time) string {
	t := strconv.FormatInt(at.Unix(), 10)
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(t + "."))
	mac.Write(body)
	return "t=" + t + ",v1=" + hex.EncodeToString(mac.Sum(nil))
}

// deliver is the loop behind Run.
func (s *Sandbox) deliver(ctx context.Context) {
	var out sync.WaitGroup
	defer out.Wait()
	for {
		due, wait := s.takeDue()
		for _, d := range due {
			out.Go(func() { s.attempt(ctx, d) })
		}
		timer := time.NewTimer(wait)
		select {
		case <-ctx.Done():
			timer.Stop()
			return
		case <-s.kick:
		case <-timer.C:
		}
		timer.Stop()
	}
}

// takeDue lets the clock act, takes what may be sent now, and tells how long to wait for more.
func (s *Sandbox) takeDue() (due []*delivery, wait time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.sweep(); err != nil {
		s.cfg.Log.Error("sandbox: the journal cannot be written", "error", err)
	}
	now := s.cfg.Now()
	for len(s.queue.busy) < senders {
		d := s.queue.take(now)
		if d == nil {
			break
		}
		due = append(due, d)
	}
	wait = time.Hour
	if _, ticking := s.state.clock.next(); ticking {
		wait = glance
	}
	if len(s.queue.waiting) > 0 {
		wait = min(s.queue.waiting[0].at.Sub(now), glance)
		if wait <= 0 {
			wait = glance // due, but no sender is free: the first that is wakes the loop
		}
	}
	return due, wait
}

// attempt sends one webhook and notes how it went. Anything but a 2xx is tried again later.
func (s *Sandbox) attempt(ctx context.Context, d *delivery) {
	s.mu.Lock()
	e := s.state.events.byID[d.Event]
	var hook Endpoint
	known := d.Endpoint < len(s.hooks)
	if known {
		hook = s.hooks[d.Endpoint]
	}
	s.mu.Unlock()

	err := errNoEndpoint
	if e == nil {
		err = nil // forgotten after thirty days: there is nothing to send any more
	} else if known {
		err = s.post(ctx, hook, e)
	}

	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.cfg.Now()
	switch {
	case err == nil:
		s.finish(d)
	case !known:
		d.last = err.Error()
		s.queue.push(d, now.Add(glance))
	case ctx.Err() != nil:
		s.queue.push(d, now) // stopped, not failed
	case now.Sub(time.Unix(e.Created, 0)) > deliveryLife:
		s.cfg.Log.Warn("sandbox: webhook given up after three days", "event", e.ID, "type", e.Type, "error", err)
		s.finish(d)
	default:
		wait := s.cfg.Retry[min(d.attempts, len(s.cfg.Retry)-1)]
		d.attempts++
		d.last = err.Error()
		s.queue.push(d, now.Add(wait))
		s.cfg.Log.Debug("sandbox: webhook not taken", "event", e.ID, "type", e.Type, "error", err, "again_in", wait)
	}
	s.queue.release(d)
	close(s.turn)
	s.turn = make(chan struct{})
	s.wake()
}

var errNoEndpoint = errors.New("no webhook endpoint stands in this place")

// finish strikes the delivery off. No fsync: a crash of the machine sends it twice, which Stripe may do at any time.
func (s *Sandbox) finish(d *delivery) {
	c := s.newChange()
	c.rec.Delivered = []string{d.ID}
	if _, err := s.commit(c); err != nil {
		s.state.deliveries.drop(d.ID)
		s.cfg.Log.Error("sandbox: the journal cannot be written", "error", err)
	}
}

func (s *Sandbox) post(ctx context.Context, hook Endpoint, e *event) error {
	body := encode(e.render(1))
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, hook.URL, bytes.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json; charset=utf-8")
	req.Header.Set("User-Agent", "Stripe/1.0 (+https://stripe.com/docs/webhooks) sotto-sandbox")
	req.Header.Set("Stripe-Signature", Sign(body, hook.Secret, s.cfg.Now()))
	res, err := s.cfg.Client.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = res.Body.Close() }()
	_, _ = io.Copy(io.Discard, io.LimitReader(res.Body, 1<<16)) // only so that the connection can be used again
	if res.StatusCode < 200 || res.StatusCode > 299 {
		return fmt.Errorf("the receiver answered %s", res.Status)
	}
	return nil
}

// Delivery is a webhook that its receiver has not yet taken.
type Delivery struct {
	Event     string    `json:"event"`
	Type      string    `json:"type"`
	URL       string    `json:"url"`
	Due       time.Time `json:"due"`
	Attempts  int       `json:"attempts"`
	LastError string    `json:"last_error,omitempty"`
}

// Undelivered lists the webhooks still owed, oldest first.
func (s *Sandbox) Undelivered() []Delivery {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := []Delivery{}
	for _, d := range s.state.deliveries.all() {
		one := Delivery{Event: d.Event, Due: d.Due, Attempts: d.attempts, LastError: d.last}
		if e := s.state.events.byID[d.Event]; e != nil {
			one.Type = e.Type
		}
		if d.Endpoint < len(s.hooks) {
			one.URL = s.hooks[d.Endpoint].URL
		}
		out = append(out, one)
	}
	return out
}

// Flush makes every webhook still owed due now, also those that a fault made late.
func (s *Sandbox) Flush() {
	s.mu.Lock()
	s.queue.hurry(s.cfg.Now())
	s.mu.Unlock()
	s.wake()
}

// Drain returns once every webhook has been taken, save those that a fault made late. Run must be at work.
// When ctx ends first it returns ctx's error, and Undelivered tells what is missing.
func (s *Sandbox) Drain(ctx context.Context) error {
	for {
		s.mu.Lock()
		now, owed := s.cfg.Now(), false
		for _, d := range s.state.deliveries.byID {
			owed = owed || !d.Late || !d.Due.After(now)
		}
		turn := s.turn
		s.mu.Unlock()
		if !owed {
			return nil
		}
		select {
		case <-turn:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// queue orders deliveries by when they are due, and sends one of a group at a time.
type queue struct {
	waiting waiting
	last    uint64                 // the sequence number given last: what is due at one moment goes in the order of its making
	busy    map[string]bool        // groups of which one is on its way
	parked  map[string][]*delivery // due, behind one that is on its way
}

type waiting []*waiter

type waiter struct {
	at time.Time
	d  *delivery
}

func newQueue() queue { return queue{busy: map[string]bool{}, parked: map[string][]*delivery{}} }

func (w waiting) Len() int { return len(w) }
func (w waiting) Less(i, j int) bool {
	if w[i].at.Equal(w[j].at) {
		return w[i].d.seq < w[j].d.seq
	}
	return w[i].at.Before(w[j].at)
}
func (w waiting) Swap(i, j int) { w[i], w[j] = w[j], w[i] }
func (w *waiting) Push(v any)   { *w = append(*w, v.(*waiter)) }
func (w *waiting) Pop() any {
	old := *w
	v := old[len(old)-1]
	*w = old[:len(old)-1]
	return v
}

func (q *queue) push(d *delivery, at time.Time) {
	if d.seq == 0 {
		q.last++
		d.seq = q.last
	}
	d.Due = at
	heap.Push(&q.waiting, &waiter{at, d})
}

// take gives a delivery that is due and whose group is free, and marks the group. Nil when there is none.
func (q *queue) take(now time.Time) *delivery {
	for len(q.waiting) > 0 && !q.waiting[0].at.After(now) {
		d := heap.Pop(&q.waiting).(*waiter).d
		if q.busy[d.Group] {
			q.parked[d.Group] = append(q.parked[d.Group], d)
			continue
		}
		q.busy[d.Group] = true
		return d
	}
	return nil
}

// release frees a delivery's group; those that waited behind it are due at once.
func (q *queue) release(d *delivery) {
	delete(q.busy, d.Group)
	for _, next := range q.parked[d.Group] {
		q.push(next, next.Due)
	}
	delete(q.parked, d.Group)
}

// hurry makes all that wait due at now, in their order.
func (q *queue) hurry(now time.Time) {
	held := q.waiting
	q.waiting = nil
	for held.Len() > 0 {
		q.push(heap.Pop(&held).(*waiter).d, now)
	}
}
