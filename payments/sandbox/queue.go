package sandbox

import (
	"container/heap"
	"time"
)

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
