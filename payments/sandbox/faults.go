package sandbox

import (
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"time"
)

// Faults is trouble on demand. Counts say how many times from now: 0 never, -1 until told otherwise. The zero value is fair weather.
type Faults struct {
	// API restricts the faults of answers to requests of this form, as "POST /v1/refunds" or "/v1/checkout"; a prefix is enough.
	API string `json:"api,omitempty"`
	// LatencyMS makes every answer wait.
	LatencyMS int `json:"latency_ms,omitempty"`
	// Fail answers with FailStatus (500 when zero) and does nothing.
	Fail       int `json:"fail,omitempty"`
	FailStatus int `json:"fail_status,omitempty"`
	// FailSaved is a Fail that the idempotency key remembers, as Stripe does with a 500 met halfway: the same key never succeeds.
	FailSaved int `json:"fail_saved,omitempty"`
	// Lose does the work, then cuts the connection instead of answering.
	Lose int `json:"lose,omitempty"`

	// Events restricts the faults of webhooks to these types. Empty: all.
	Events []string `json:"events,omitempty"`
	// Drop never sends the webhook; the event stays listed under /v1/events.
	Drop int `json:"drop,omitempty"`
	// Duplicate sends it twice.
	Duplicate int `json:"duplicate,omitempty"`
	// Late holds it back for LateMS (a minute when zero), or until Flush.
	Late   int `json:"late,omitempty"`
	LateMS int `json:"late_ms,omitempty"`
	// Shuffle sends it a little later, at random, so that events of one payment overtake each other.
	Shuffle int `json:"shuffle,omitempty"`
}

// SetFaults replaces the faults in force.
func (s *Sandbox) SetFaults(f Faults) {
	s.mu.Lock()
	s.faults = f
	s.mu.Unlock()
}

// Faults tells those in force, with what is left of their counts.
func (s *Sandbox) Faults() Faults {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.faults
}

// use takes one off a count and tells whether there was one.
func use(count *int) bool {
	if *count > 0 {
		*count--
		return true
	}
	return *count < 0
}

// fate is what happens to one API request.
type fate struct {
	latency time.Duration
	status  int // 0: it succeeds
	saved   bool
	lose    bool
}

func (s *Sandbox) strike(r *http.Request) fate {
	s.mu.Lock()
	defer s.mu.Unlock()
	f := &s.faults
	if line := r.Method + " " + r.URL.Path; !strings.HasPrefix(line, f.API) && !strings.HasPrefix(r.URL.Path, f.API) {
		return fate{}
	}
	out := fate{latency: time.Duration(f.LatencyMS) * time.Millisecond}
	switch {
	case use(&f.Fail):
		out.status = f.FailStatus
		if out.status < 400 || out.status > 599 {
			out.status = http.StatusInternalServerError
		}
	case use(&f.FailSaved):
		out.status, out.saved = http.StatusInternalServerError, true
	case use(&f.Lose):
		out.lose = true
	}
	return out
}

// wait lets the latency pass; it is false when the caller left meanwhile.
func (f fate) wait(r *http.Request) bool {
	if f.latency <= 0 {
		return true
	}
	timer := time.NewTimer(f.latency)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-r.Context().Done():
		return false
	}
}

// sending is one webhook of an event: after how long, and whether a fault holds it back on purpose.
type sending struct {
	delay time.Duration
	late  bool
}

// bend gives the webhooks that go out for an event to one receiver.
func (f *Faults) bend(kind string) []sending {
	if len(f.Events) > 0 && !slices.Contains(f.Events, kind) {
		return []sending{{}}
	}
	if use(&f.Drop) {
		return nil
	}
	var out sending
	if use(&f.Late) {
		out = sending{delay: time.Duration(f.LateMS) * time.Millisecond, late: true}
		if out.delay <= 0 {
			out.delay = time.Minute
		}
	}
	if use(&f.Shuffle) {
		out.delay += time.Millisecond + rand.N(300*time.Millisecond)
	}
	if use(&f.Duplicate) {
		return []sending{out, out}
	}
	return []sending{out}
}
